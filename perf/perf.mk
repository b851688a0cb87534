# SPDX-License-Identifier: MIT
#
# What measures. Included by the Makefile. Each contender is a program of its own,
# $(BUILD)/perf/NAME: its file in perf/contenders, linked with the benches.
#
#   make bench           all benches beside the packaged peers: see perf/bench
#   make bench-growth    cost against tasks, workers, producers, depth of the queue
#   make bench-latency   latency under load that does not wait for us
#   make bench-timers    lateness of timers beside a timerfd's; what setting one costs
#   make bench-waiting   what waiting for many futures costs
#   make bench-uring     operations of a ring beside the system calls (needs liburing)
#   make bench-programs  the programs only, of those whose library is installed

PERF := $(BUILD)/perf
BENCH_OBJECTS := $(patsubst perf/%.c,$(PERF)/%.o,$(sort $(wildcard perf/bench_*.c \
	perf/measure*.c)) perf/main.c)

# One source, several programs.
OURS := threadlet threadlet-adaptive threadlet-spin threadlet-help
PAIRS := raw-futex raw-line
KIND_threadlet := fixed
KIND_threadlet-adaptive := adaptive
KIND_threadlet-spin := spinning
KIND_threadlet-help := helping
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
$(PERF)/contenders/libgomp.o $(PERF)/libgomp: private CC := gcc
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

# PEERS=all: the runtimes of other languages, all from packages.
PEERS_MORE := java go rayon
JAVAC ?= javac
GO ?= go
CARGO ?= cargo
CRATES ?= /usr/share/cargo/registry
$(PERF)/java: perf/contenders/java/run perf/contenders/java/Bench.java perf/contenders/java/Measure.java
	@mkdir -p $(@D)
	$(call say,JAVAC,$@)$(JAVAC) -d $(PERF)/classes $(filter %.java,$^)
	@cp $< $@
$(PERF)/go: $(wildcard perf/contenders/go/*.go)
	@mkdir -p $(@D)
	$(call say,GO,$@)GO111MODULE=off GOCACHE=$(abspath $(PERF))/go.cache \
		$(GO) build -o $@ $^
$(PERF)/rayon: perf/contenders/rayon/Cargo.toml $(wildcard perf/contenders/rayon/src/*.rs)
	@mkdir -p $(PERF)/rust
	@cp -r $(<D)/. $(PERF)/rust
	$(call say,CARGO,$@)cd $(PERF)/rust && CARGO_HOME=$(abspath $(PERF))/rust/home \
		$(CARGO) build -q --release --offline --target-dir target \
		--config 'source.crates-io.replace-with="packaged"' \
		--config 'source.packaged.directory="$(CRATES)"'
	@cp $(PERF)/rust/target/release/rayon $@

# A peer whose library isn't there is left out; the driver says so.
HEADER_glib := glib.h
HEADER_libuv := uv.h
HEADER_libgomp := omp.h
HEADER_tbb := oneapi/tbb/task_arena.h
HEADER_asio := boost/asio/thread_pool.hpp
present = $(if $(shell echo '#include <$(HEADER_$1)>' | \
	$(CXX) $(CPPFLAGS) $(FLAGS_$1) -E -x c++ - >/dev/null 2>&1 && echo yes),$1)
here_java = $(shell command -v $(JAVAC))
here_go = $(shell command -v $(GO))
here_rayon = $(and $(shell command -v $(CARGO)),$(wildcard $(CRATES)/rayon-[0-9]*))
PROGRAMS = $(OURS) mutex raw raw-futex raw-line raw-ring raw-thread raw-calls \
	$(foreach peer,$(PEERS_C) $(PEERS_CC),$(call present,$(peer))) \
	$(if $(filter all $(PEERS_MORE),$(PEERS)), \
	$(foreach peer,$(PEERS_MORE),$(if $(here_$(peer)),$(peer))))

# The list of peers takes a while to find: only who asks for it waits.
bench-programs:
	@$(MAKE) -s --no-print-directory $(patsubst %,$(PERF)/%,$(PROGRAMS))

export ROUNDS N PEERS BENCHES SEED CC
bench: bench-programs
	@CFLAGS='$(CFLAGS)' perf/bench benches $(BUILD)
bench-growth: bench-programs
	@CFLAGS='$(CFLAGS)' perf/bench growth $(BUILD)
bench-latency: bench-programs
	@CFLAGS='$(CFLAGS)' perf/bench latency $(BUILD)

$(PERF)/timer-lateness: $(PERF)/timer_lateness.o $(PERF)/measure.o $(BUILD)/libthreadlet.a
	$(call link,release)
bench-timers: $(PERF)/timer-lateness
	$< $(N)

$(PERF)/waiting: $(PERF)/waiting.o $(PERF)/measure.o $(BUILD)/libthreadlet.a
	$(call link,release)
bench-waiting: $(PERF)/waiting
	$< $(N)

$(PERF)/operations: $(PERF)/uring.o $(URING_ARCHIVE) $(BUILD)/libthreadlet.a
	$(call link,release,,$(URING_LIBS))
bench-uring: $(if $(URING),$(PERF)/operations)
	@$(if $(URING),$<,echo 'skipped: liburing is not installed')

.PHONY: bench-programs bench bench-growth bench-latency bench-timers bench-waiting \
	bench-uring
