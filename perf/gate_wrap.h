/* SPDX-License-Identifier: MIT */
/*
 * Counts what the library asks of libc and the kernel, in a program that is linked with
 * -Wl,--wrap for each of these functions (perf/gate.mk). Needs no privileges and no
 * tracer, and disturbs little: one addition for each call. What libc does by itself,
 * inside pthread_create or malloc, is not seen.
 */
#ifndef GATE_WRAP_H
#define GATE_WRAP_H

struct counts {
	long futex;       /* waits and wakes */
	long calls;       /* system calls, futex among them */
	long allocations; /* malloc and its kin, mmap */
	long threads;     /* started */
};

/* Since the program's start; exact when nobody is inside the library. */
struct counts counts_now(void);
struct counts counts_since(struct counts then);

#endif /* GATE_WRAP_H */
