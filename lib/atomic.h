/* SPDX-License-Identifier: MIT */
/* layer 1: atomic · every atomic access of the library, its order in its name */
/*
 * The only file that uses the compiler's atomics, so that a model checker can put
 * its own in place. Plain words, never _Atomic types: the same words stand in the
 * public header, which C++ reads. There are no stand-alone fences: where a store
 * must come before a later load of another word (the edge of the sleep protocol),
 * both sides use sequentially consistent accesses, the first one a read-modify-
 * write: the same instructions on x86, exact on ARM and RISC-V, and clear to the
 * thread sanitizer.
 */
#ifndef TL_ATOMIC_H
#define TL_ATOMIC_H

#define load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define load_seq_cst(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

#define exchange_acq_rel(p, v) __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
#define exchange_seq_cst(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)

/* Strong; on failure *expected holds what is there. */
#define cas_acq_rel(p, expected, v)                                                      \
	__atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQ_REL,       \
	                            __ATOMIC_ACQUIRE)
#define cas_seq_cst(p, expected, v)                                                      \
	__atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_SEQ_CST,       \
	                            __ATOMIC_SEQ_CST)

#define fetch_add_relaxed(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define fetch_sub_relaxed(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_RELAXED)
#define fetch_add_acq_rel(p, v) __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define fetch_sub_acq_rel(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_ACQ_REL)
#define fetch_and_acq_rel(p, v) __atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL)
#define fetch_or_acq_rel(p, v) __atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL)
#define fetch_add_seq_cst(p, v) __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define fetch_sub_seq_cst(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define fetch_or_seq_cst(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define fetch_and_seq_cst(p, v) __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)

/* A statistic that one thread writes and any thread may read. */
#define count_up(p, n) store_relaxed((p), load_relaxed(p) + (n))

/* Tell the CPU that this is a spin loop. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
