# SPDX-License-Identifier: MIT
#
# What measures. Included by the Makefile. Each contender is a program of its own,
# $(BUILD)/perf/NAME: its file in perf/contenders, linked with the benches.

PERF := $(BUILD)/perf
BENCHES_C := $(patsubst perf/%.c,%,$(wildcard perf/bench_*.c perf/measure*.c) perf/main.c)
BENCH_OBJECTS := $(BENCHES_C:%=$(PERF)/%.o)

OURS := threadlet threadlet-adaptive threadlet-spin
KIND_threadlet := fixed
KIND_threadlet-adaptive := adaptive
KIND_threadlet-spin := spinning

$(PERF)/%.o: perf/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(TL_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(OURS:%=$(PERF)/contenders/%.o): $(PERF)/contenders/%.o: perf/contenders/threadlet.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(TL_CFLAGS) $(CPPFLAGS) $(CFLAGS) -DKIND=$(KIND_$*) \
		'-DNAME="$*"' -MMD -MP -c -o $@ $<
$(OURS:%=$(PERF)/%): $(PERF)/%: $(PERF)/contenders/%.o $(BENCH_OBJECTS) \
		$(BUILD)/libthreadlet.a
	$(call link,release)
$(PERF)/mutex: $(PERF)/contenders/mutex.o $(PERF)/mutex_pool.o $(BENCH_OBJECTS)
	$(call link,release)

-include $(wildcard $(PERF)/*.d $(PERF)/*/*.d)

bench-programs: $(OURS:%=$(PERF)/%) $(PERF)/mutex

.PHONY: bench-programs
