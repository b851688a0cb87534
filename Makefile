# SPDX-License-Identifier: MIT
#
#   make                 build/libthreadlet.a and build/libthreadlet.so
#                        and, where liburing is, build/libthreadlet-uring.a
#   make install         honours prefix, libdir, includedir, pkgconfigdir, DESTDIR
#   make check           all tests; asan, tsan, static-check, debug-check (with the
#                        checks for misuse): the same ones, built otherwise
#   make stress          random operations for SECONDS=n from SEED=n; also
#                        stress-asan and stress-tsan
#   make httpd-check     threadlet-httpd under real clients (where libmicrohttpd is)
#   make faults          the same, SECONDS in each of a dozen bad conditions
#   make soak            the same three builds for MINUTES=n
#   make fuzz            sequences of calls, chosen by libFuzzer, for SECONDS=n
#   make model           explore the protocols' interleavings: BOUND=n, MODEL=name
#   make weak            the same for weak memory, in small pieces: CLIENT=name
#   make cross           the tests on aarch64 and riscv64, emulated (qemu-user)
#   make musl            the tests, static, with the other libc
#   make hardened        the tests, and the shared library's segments and properties,
#                        built as distributions harden their packages
#   make gate            instructions, system calls and allocations per task against
#                        perf/gate.numbers; gate-update keeps new ones, gate-check
#                        shows that too much would be noticed
#   make perf-stat       what a task costs in each bench, as perf stat counts it
#   make lint            format, layering, exported symbols, the header alone
#   make analyze         gcc -fanalyzer, clang-tidy, cppcheck: no finding
#   make demo            what it does and how fast it is here
#   make bench           the library beside other runtimes: see perf/bench; also
#                        bench-growth, bench-latency, bench-timers, bench-waiting,
#                        bench-uring
#
# V=1 shows the commands. BUILD=dir builds elsewhere, as for CC=clang beside gcc.
# "sh tools/with-deps make TARGET" installs what TARGET needs first (Debian).

CFLAGS ?= -O2 -g
ARFLAGS = rcD
INSTALL ?= install
PKG_CONFIG ?= pkg-config
BUILD ?= build

PREFIX ?= /usr/local
prefix ?= $(PREFIX)
exec_prefix ?= $(prefix)
libdir ?= $(exec_prefix)/lib
includedir ?= $(prefix)/include
pkgconfigdir ?= $(libdir)/pkgconfig

# The header is where the version is written down. ABI counts on its own: it goes up
# when a program built against the last release would break.
VERSION := $(shell awk '/define TL_VERSION_/ { v = v s $$3; s = "." } END { print v }' \
	include/threadlet.h)
ABI := 0
SONAME := libthreadlet.so.$(ABI)
SHARED := libthreadlet.so.$(VERSION)

# What the code needs, whatever the user's CFLAGS are; those come last and win.
TL_CFLAGS = -std=gnu11 -pthread -fvisibility=hidden -ffile-prefix-map=$(CURDIR)=. \
	-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Iinclude

# Each variant keeps its objects in $(BUILD)/NAME, so that they never mix.
VARIANTS := release shared plain debug asan tsan aarch64 riscv64 musl hardened \
	hardened-shared
FLAGS_shared := -fPIC -fno-semantic-interposition
FLAGS_plain := -DTL_PLAIN
FLAGS_debug := -DTL_PLAIN -DTL_DEBUG
FLAGS_asan := -DTL_PLAIN -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
FLAGS_tsan := -DTL_PLAIN -fsanitize=thread -fno-omit-frame-pointer
FLAGS_aarch64 := -DTL_PLAIN
FLAGS_riscv64 := -DTL_PLAIN
CC_aarch64 := aarch64-linux-gnu-gcc
CC_riscv64 := riscv64-linux-gnu-gcc
# The kernel's headers are where the system's own libc has them.
FLAGS_musl = -DTL_PLAIN -idirafter /usr/include \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch)
CC_musl := musl-gcc
HARDEN := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -Werror \
	$(if $(filter x86_64,$(shell uname -m)),-fcf-protection)
HARDEN_LINK := -Wl,-z,relro,-z,now,-z,noexecstack
FLAGS_hardened := -DTL_PLAIN $(HARDEN) -fPIE
FLAGS_hardened-shared := $(HARDEN) $(FLAGS_shared)

# What needs liburing is built where that is: an archive beside the others, its tests.
URING := $(shell $(PKG_CONFIG) --exists liburing 2>/dev/null && echo yes)
URING_ARCHIVE := $(if $(URING),$(BUILD)/libthreadlet-uring.a)
URING_TESTS := $(sort $(wildcard tests/t_uring*.c))
ifdef URING
URING_LIBS := $(shell $(PKG_CONFIG) --libs liburing)
else
export LEFT_OUT := $(URING_TESTS)
endif
# $(call uring,VARIANT): the objects of that for the tests
uring = $(if $(URING),$(URING_TESTS:%.c=$(BUILD)/$1/%.o) $(BUILD)/$1/lib/uring.o)

TESTS := $(filter-out $(URING_TESTS),$(sort $(wildcard tests/t_*.c))) \
	$(sort $(wildcard tests/support*.c))
STRESS := $(filter-out $(if $(URING),,tests/stress_uring%),$(sort $(wildcard tests/stress*.c)))
SUM := $(sort $(wildcard tools/sum*.c))
HTTPD := $(sort $(wildcard tools/httpd*.c))
HTTPD_LIBS := $(shell $(PKG_CONFIG) --libs libmicrohttpd 2>/dev/null)
comma := ,
# tests/support_faults.c stands in for these, to count them and to make them fail.
WRAP := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc aligned_alloc \
	posix_memalign mmap madvise sysconf pthread_create clock_gettime)

SECONDS ?= 10
MINUTES ?= 30

ifneq ($(V),1)
say = @printf '  %-7s %s\n' $1 $2;
endif
# $(call link,VARIANT,options,libraries)
link = $(call say,LINK,$@)$(or $(CC_$1),$(CC)) -pthread $(FLAGS_$1) $(CFLAGS) $2 $(LDFLAGS) -o $@ \
	$(filter %.o %.a,$^) $3 $(LDLIBS)

put = $(call say,INSTALL,$(DESTDIR)$3/$(notdir $2))$(INSTALL) -m $1 $2 $(DESTDIR)$3

# The paths in it follow the installer's choice, made only now.
define put_pc
	@sed -e 's|@prefix@|$(prefix)|' \
		-e 's|@exec_prefix@|$(exec_prefix:$(prefix)%=$${prefix}%)|' \
		-e 's|@libdir@|$(libdir:$(exec_prefix)/%=$${exec_prefix}/%)|' \
		-e 's|@includedir@|$(includedir:$(prefix)/%=$${prefix}/%)|' \
		-e 's|@version@|$(VERSION)|' lib/$1.pc.in >$(BUILD)/$1.pc
	$(call put,644,$(BUILD)/$1.pc,$(pkgconfigdir))
endef

all: $(BUILD)/libthreadlet.a $(BUILD)/libthreadlet.so $(URING_ARCHIVE)

# The internals have tests of their own; nothing else outside lib may see them.
define variant
$(BUILD)/$1/%.o: %.c
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$$(or $$(CC_$1),$$(CC)) $$(TL_CFLAGS) \
		$$(if $$(filter tests/%,$$<),-Ilib) $$(FLAGS_$1) $$(CPPFLAGS) $$(CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(foreach v,$(VARIANTS),$(eval $(call variant,$v)))
.SECONDARY:
-include $(wildcard $(BUILD)/*/*/*.d)

# One object: what is static in the library stays out of a static program's way.
$(BUILD)/libthreadlet.a: $(BUILD)/release/lib/threadlet.o
	@rm -f $@
	$(call say,AR,$@)$(AR) $(ARFLAGS) $@ $^

$(BUILD)/libthreadlet-uring.a: $(BUILD)/release/lib/uring.o
	@rm -f $@
	$(call say,AR,$@)$(AR) $(ARFLAGS) $@ $^

SHARED_LINK := -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/threadlet.map \
	-Wl,-z,defs -Wl,-z,now
$(BUILD)/$(SHARED): $(BUILD)/shared/lib/threadlet.o lib/threadlet.map
	$(call link,shared,$(SHARED_LINK))
$(BUILD)/hardened.so: $(BUILD)/hardened-shared/lib/threadlet.o lib/threadlet.map
	$(call link,hardened-shared,$(SHARED_LINK) $(HARDEN_LINK))

$(BUILD)/libthreadlet.so: $(BUILD)/$(SHARED)
	@ln -sf $(SHARED) $(BUILD)/$(SONAME)
	@ln -sf $(SONAME) $@

$(BUILD)/tests: $(TESTS:%.c=$(BUILD)/release/%.o) $(call uring,release) $(BUILD)/libthreadlet.a
	$(call link,release,$(WRAP),$(URING_LIBS) -lcriterion)
$(BUILD)/tests-static: $(TESTS:%.c=$(BUILD)/plain/%.o) $(call uring,plain) \
		$(BUILD)/libthreadlet.a
	$(call link,plain,-static $(WRAP),$(URING_LIBS))
$(BUILD)/tests-debug: $(TESTS:%.c=$(BUILD)/debug/%.o) $(call uring,debug) \
		$(BUILD)/debug/lib/threadlet.o
	$(call link,debug,$(WRAP),$(URING_LIBS))
$(BUILD)/tests-asan: $(TESTS:%.c=$(BUILD)/asan/%.o) $(call uring,asan) \
		$(BUILD)/asan/lib/threadlet.o
	$(call link,asan,$(WRAP),$(URING_LIBS))
$(BUILD)/tests-tsan: $(TESTS:%.c=$(BUILD)/tsan/%.o) $(call uring,tsan) \
		$(BUILD)/tsan/lib/threadlet.o
	$(call link,tsan,$(WRAP),$(URING_LIBS))
$(BUILD)/tests-hardened: $(TESTS:%.c=$(BUILD)/hardened/%.o) $(call uring,hardened) \
		$(BUILD)/hardened/lib/threadlet.o
	$(call link,hardened,-pie $(HARDEN_LINK) $(WRAP),$(URING_LIBS))
FOREIGN := aarch64 riscv64 musl
define foreign
$(BUILD)/tests-$1: $(TESTS:%.c=$(BUILD)/$1/%.o) $(BUILD)/$1/lib/threadlet.o
	$$(call link,$1,-static $$(WRAP))
endef
$(foreach v,$(FOREIGN),$(eval $(call foreign,$v)))

# $(call stress,VARIANT): its objects, which use rings where liburing is
stress = $(STRESS:%.c=$(BUILD)/$1/%.o) $(if $(URING),$(BUILD)/$1/lib/uring.o)
$(BUILD)/stress: $(call stress,release) $(BUILD)/libthreadlet.a
	$(call link,release,,$(URING_LIBS))
$(BUILD)/stress-static: $(call stress,release) $(BUILD)/libthreadlet.a
	$(call link,release,-static,$(URING_LIBS))
$(BUILD)/stress-asan: $(call stress,asan) $(BUILD)/asan/lib/threadlet.o
	$(call link,asan,,$(URING_LIBS))
$(BUILD)/stress-tsan: $(call stress,tsan) $(BUILD)/tsan/lib/threadlet.o
	$(call link,tsan,,$(URING_LIBS))

$(BUILD)/threadlet-sum: $(SUM:%.c=$(BUILD)/release/%.o) $(BUILD)/libthreadlet.a
	$(call link,release,,-lcrypto)
$(BUILD)/threadlet-httpd: $(HTTPD:%.c=$(BUILD)/release/%.o) $(BUILD)/libthreadlet.a
	$(call link,release,,$(HTTPD_LIBS) -lcrypto)
$(BUILD)/threadlet-httpd-asan: $(HTTPD:%.c=$(BUILD)/asan/%.o) $(BUILD)/asan/lib/threadlet.o
	$(call link,asan,,$(HTTPD_LIBS) -lcrypto)
$(BUILD)/threadlet-bench: $(BUILD)/release/tools/bench.o $(BUILD)/libthreadlet.a
	$(call link,release)

# The tests go last: their closing line is the last one of "make check".
check: $(BUILD)/tests install-check
	@tools/run-tests $(BUILD)/tests -j1
static-check: $(BUILD)/tests-static
	@tools/run-tests $<
debug-check: $(BUILD)/tests-debug
	@tools/run-tests $<

export ASAN_OPTIONS := detect_leaks=1:abort_on_error=0:$(ASAN_OPTIONS)
export UBSAN_OPTIONS := print_stacktrace=1:$(UBSAN_OPTIONS)
export TSAN_OPTIONS := halt_on_error=1:die_after_fork=0:$(TSAN_OPTIONS)
# TSan of gcc 12 can't live with the address randomisation of newer kernels.
steady = $(if $(filter %-tsan,$<),$(shell setarch -R true 2>/dev/null && echo setarch -R))
asan: $(BUILD)/tests-asan
	@tools/run-tests $<
tsan: $(BUILD)/tests-tsan
	@$(steady) tools/run-tests $<

# Who lacks a tool is told so, and goes on; with CI set that is a failure.
cross: cross-aarch64 cross-riscv64
cross-%:
	@tools/if-installed $(CC_$*) qemu-$*-static -- \
		$(MAKE) --no-print-directory emulated-$*
emulated-%: $(BUILD)/tests-%
	@LEFT_OUT='$(URING_TESTS)' EMULATOR=qemu-$*-static tools/run-tests $<
musl:
	@tools/if-installed $(CC_musl) -- $(MAKE) --no-print-directory musl-check
musl-check: $(BUILD)/tests-musl
	@LEFT_OUT='$(URING_TESTS)' tools/run-tests $<
hardened: $(BUILD)/tests-hardened $(BUILD)/hardened.so
	@tools/hardened $(BUILD)/hardened-shared/lib/threadlet.o $(BUILD)/hardened.so $<
	@tools/run-tests $<

stress stress-asan stress-tsan: %: $(BUILD)/%
	SECONDS=$(SECONDS) timeout -k 5 $$(($(SECONDS) + 120)) $(steady) $<

# Needs clang and its runtime. What it finds is left in $(BUILD)/fuzz, and replayed by
# "build/fuzz/calls FILE".
$(BUILD)/fuzz/calls: tests/fuzz/calls.c $(wildcard lib/*.[ch]) include/threadlet.h include/threadlet/fork.h
	@mkdir -p $(@D)/corpus
	$(call say,LINK,$@)clang $(TL_CFLAGS) -g -O1 -fsanitize=fuzzer,address,undefined \
		-o $@ $< lib/threadlet.c
fuzz: $(BUILD)/fuzz/calls
	$< -max_total_time=$(SECONDS) -max_len=256 -artifact_prefix=$(BUILD)/fuzz/ \
		-print_final_stats=1 $(BUILD)/fuzz/corpus tests/fuzz/corpus 2>&1 | \
		tee $(BUILD)/fuzz/log | grep -E '^(stat::|Done|SUMMARY|==)' ; \
		grep -q '^Done' $(BUILD)/fuzz/log

# Each of the three for MINUTES, at the same time, from seeds of their own.
soak: $(BUILD)/stress $(BUILD)/stress-asan $(BUILD)/stress-tsan
	@tests/soak $(BUILD) $(MINUTES)

# Conditions that services meet, SECONDS each.
faults: $(BUILD)/stress-static
	@tests/faults/run $< $(SECONDS)

# Where libmicrohttpd is: threadlet-httpd, with real clients.
httpd-check:
ifeq ($(HTTPD_LIBS),)
	@echo 'skipped: libmicrohttpd is not installed'; [ -z "$${CI:-}" ]
else
	@tools/if-installed ab curl -- $(MAKE) --no-print-directory httpd-driven
endif
httpd-driven: $(BUILD)/threadlet-httpd $(BUILD)/threadlet-httpd-asan $(BUILD)/threadlet-sum
	@tests/httpd/run $(BUILD)/threadlet-httpd $(BUILD)/threadlet-sum
	@tests/httpd/run $(BUILD)/threadlet-httpd-asan $(BUILD)/threadlet-sum 1000

install-check: all
	@MAKE='$(MAKE_COMMAND)' CC='$(CC)' CXX='$(CXX)' PKG_CONFIG='$(PKG_CONFIG)' \
		tests/install/run $(BUILD)

lint: all
	@tools/lint $(BUILD)
analyze:
	@tools/analyze $(BUILD)

demo: $(BUILD)/threadlet-sum $(BUILD)/threadlet-bench
	@tools/demo

install: all
	@$(INSTALL) -d $(DESTDIR)$(includedir)/threadlet $(DESTDIR)$(libdir) $(DESTDIR)$(pkgconfigdir)
	$(call put,644,include/threadlet.h,$(includedir))
	$(call put,644,include/threadlet/fork.h,$(includedir)/threadlet)
	$(call put,644,$(BUILD)/libthreadlet.a,$(libdir))
	$(call put,755,$(BUILD)/$(SHARED),$(libdir))
	@ln -sf $(SHARED) $(DESTDIR)$(libdir)/$(SONAME)
	@ln -sf $(SONAME) $(DESTDIR)$(libdir)/libthreadlet.so
	$(call put_pc,threadlet)
ifdef URING
	$(call put,644,include/threadlet/uring.h,$(includedir)/threadlet)
	$(call put,644,$(URING_ARCHIVE),$(libdir))
	$(call put_pc,threadlet-uring)
endif

include tests/model/model.mk
include perf/perf.mk
include perf/gate.mk

# GenMC is in no distribution that we know of, so being without it is no failure anywhere.
genmc := @CI= tools/if-installed genmc --
weak:
	$(genmc) tests/weak/run '$(CLIENT)'
weak-mutants:
	$(genmc) tests/weak/run-mutants $(BUILD) '$(MUTANT)'

uninstall:
	rm -f $(DESTDIR)$(includedir)/threadlet.h
	rm -f $(addprefix $(DESTDIR)$(includedir)/threadlet/,fork.h uring.h)
	rm -f $(addprefix $(DESTDIR)$(pkgconfigdir)/,threadlet.pc threadlet-uring.pc)
	rm -f $(DESTDIR)$(libdir)/libthreadlet-uring.a
	rm -f $(addprefix $(DESTDIR)$(libdir)/,libthreadlet.a libthreadlet.so $(SONAME) $(SHARED))

clean:
	rm -rf $(BUILD)

.PHONY: all check static-check debug-check asan tsan stress stress-asan stress-tsan \
	faults fuzz soak weak weak-mutants install-check httpd-check httpd-driven cross musl \
	musl-check hardened lint analyze demo install uninstall clean
