# SPDX-License-Identifier: MIT
#
# What measures. Included by the Makefile. Each contender is a program of its own,
# $(BUILD)/perf/NAME: its file in perf/contenders, linked with the benches.
#
#   make bench           all benches beside the packaged peers
#   make bench-programs  the programs only, whose library is installed

PERF := $(BUILD)/perf
BENCH_OBJECTS := $(patsubst perf/%.c,$(PERF)/%.o,$(sort $(wildcard perf/bench_*.c \
	perf/measure*.c)) perf/main.c)

# One source, several programs.
OURS := threadlet threadlet-adaptive threadlet-spin
PAIRS := raw-futex raw-line
KIND_threadlet := fixed
KIND_threadlet-adaptive := adaptive
KIND_threadlet-spin := spinning
KIND_raw-futex := sleeping
KIND_raw-line := spinning

# Peers in C and C++, and what tells that their library is here.
PEERS_C := glib libuv libgomp
PEERS_CC := tbb asio
FLAGS_glib = $(shell $(PKG_CONFIG) --cflags glib-2.0)
LIBS_glib = $(shell $(PKG_CONFIG) --libs glib-2.0)
FLAGS_libuv = $(shell $(PKG_CONFIG) --cflags libuv)
LIBS_libuv = $(shell $(PKG_CONFIG) --libs libuv)
FLAGS_libgomp := -fopenmp
LIBS_libgomp := -fopenmp
FLAGS_tbb = $(shell $(PKG_CONFIG) --cflags tbb)
LIBS_tbb = $(shell $(PKG_CONFIG) --libs tbb)

perf_cc = $(CC) $(TL_CFLAGS) $(CPPFLAGS) $1 $(CFLAGS) -MMD -MP -c -o $@ $<

$(PERF)/%.o: perf/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(call perf_cc,$(FLAGS_$(*F)))
$(PERF)/%.o: perf/%.cc
	@mkdir -p $(@D)
	$(call say,CXX,$@)$(CXX) -std=c++20 -pthread -Wall -Wextra -Wshadow -Wconversion \
		-Wno-missing-field-initializers 		$(CPPFLAGS) $(FLAGS_$(*F)) $(CFLAGS) -MMD -MP -c -o $@ $<

named = $(call perf_cc,-DKIND=$(KIND_$*) '-DNAME="$*"')
$(OURS:%=$(PERF)/contenders/%.o): $(PERF)/contenders/%.o: perf/contenders/threadlet.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(named)
$(PAIRS:%=$(PERF)/contenders/%.o): $(PERF)/contenders/%.o: perf/contenders/pair.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(named)

$(OURS:%=$(PERF)/%): $(BUILD)/libthreadlet.a
$(PERF)/mutex: $(PERF)/mutex_pool.o
$(PERF)/raw: $(PERF)/contenders/raw.o $(PERF)/measure.o
	$(call link,release)
$(PERF)/raw-%: $(PERF)/contenders/raw-%.o $(BENCH_OBJECTS)
	$(call link,release,,-lm)
$(PEERS_CC:%=$(PERF)/%): $(PERF)/%: $(PERF)/contenders/%.o $(BENCH_OBJECTS)
	$(call say,LINK,$@)$(CXX) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_$*) -lm $(LDLIBS)
$(PERF)/%: $(PERF)/contenders/%.o $(BENCH_OBJECTS)
	$(call link,release,,$(LIBS_$*) -lm)

-include $(wildcard $(PERF)/*.d $(PERF)/*/*.d)

PROGRAMS := $(OURS) mutex raw raw-futex raw-line raw-ring raw-thread $(PEERS_C) $(PEERS_CC)
bench-programs: $(PROGRAMS:%=$(PERF)/%)

.PHONY: bench-programs
