# SPDX-License-Identifier: MIT
#
# The gate: costs that are counted, not timed, against perf/gate.numbers. Included by
# the Makefile.

GATE_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,syscall malloc calloc realloc \
	aligned_alloc mmap munmap madvise pthread_create)

# Stripped: valgrind 3.19 gives up on what clang says for debuggers.
$(BUILD)/gate-paths: $(BUILD)/release/perf/gate_paths.o \
		$(BUILD)/release/perf/gate_outside.o $(BUILD)/libthreadlet.a
	$(call link,release,-s)
$(BUILD)/gate-counts: $(BUILD)/release/perf/gate_counts.o \
		$(BUILD)/release/perf/gate_wrap.o $(BUILD)/libthreadlet.a
	$(call link,release,$(GATE_WRAP))
$(BUILD)/gate-idle: $(BUILD)/release/perf/gate_idle.o $(BUILD)/libthreadlet.a
	$(call link,release)

# Instructions need valgrind. gate-update keeps what this build costs, to be committed;
# gate-check plants costs, which have to be noticed.
gate gate-update gate-check:
	@tools/if-installed valgrind -- $(MAKE) --no-print-directory $@-run
gate-run gate-update-run gate-check-run: gate-%: $(BUILD)/gate-paths $(BUILD)/gate-counts \
		$(BUILD)/gate-idle
	@CC='$(CC)' CFLAGS='$(CFLAGS)' CPPFLAGS='$(CPPFLAGS)' perf/gate $(BUILD) \
		$(patsubst %-run,%,$(filter-out run,$*))

# The same per task, counted by perf in the benches; CONTENDER=threadlet-adaptive, ...
perf-stat: $(BUILD)/perf/$(or $(CONTENDER),threadlet)
	@perf/stat-benches $(BUILD) $(CONTENDER)

.PHONY: gate gate-update gate-check gate-run gate-update-run gate-check-run \
	perf-stat
