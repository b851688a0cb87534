/* SPDX-License-Identifier: MIT */
/*
 * Fork and join at about the price of a call: for recursive work inside a task of a
 * pool. C11 and later, C++11 and later, gcc or clang.
 *
 *	TL_FORKABLE(long, fib, int, n)
 *	{
 *		if (n < 2)
 *			return n;
 *		TL_BRANCH(fib) one;
 *		TL_FORK(fib, &one, n - 1);
 *		long two = TL_CALL(fib, n - 2);
 *		return TL_JOIN(fib, &one) + two;
 *	}
 *	... TL_RUN(fib, 38) ...
 *
 * A fork only notes the call; another worker of the pool that is without work takes the
 * oldest ones, and what nobody has taken by the time of its join is called there. When its
 * branch runs elsewhere, a join runs other branches of the pool meanwhile, never
 * ordinary tasks; then it waits.
 *
 * Rules: each function joins what it has forked before it returns, the last one first.
 * A branch lies in the frame of who forks it (or anywhere), untouched until it is joined.
 * What runs between a fork and its join, and each branch, stays in the thread that it
 * began in. Don't hold a lock across a join: the branch that runs there may want it. Nor
 * let a branch wait for a task that was there before it: that may be further down on this
 * stack, in a join. Tasks that it has submitted itself are fine.
 *
 * - Forks work in tasks of pools, adaptive or not (an adaptive pool grows for them as for
 *   submits). In a worker (tl_worker_create), outside of tasks, or some 500 unjoined
 *   forks deep, a fork is a call at its join. So it is when memory is short.
 * - A fork is offered to others if one of them is without work at that time or at a later
 *   fork, and when its thread waits for a future. Before a read() or a long loop
 *   without forks, it may stay where it is.
 * - In a branch tl_cancel_requested() asks for the task in which TL_RUN was called. A
 *   tl_fail() there has no effect: give errors back as values.
 * - A child of fork(2) that joins a branch which another thread had taken ends there,
 *   with _exit(0); so does one that returns from a branch which its thread had taken.
 * - Don't call exit() in a branch: its task, in another thread, would wait for it.
 */
#ifndef THREADLET_FORK_H
#define THREADLET_FORK_H

#include <threadlet.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The place of the next fork in this thread's deque: handed down from call to call. */
typedef struct tl_forks tl_forks;
typedef struct tl_branch tl_branch;

/* ---- With any function -------------------------------------------------------- */

typedef void *tl_branch_function(tl_forks *at, void *argument);

/* Call function(at, argument), which may fork then. */
static inline void *tl_run(tl_branch_function *function, void *argument);

/* Fork function(*at, argument): it is run by the time that tl_join returns its result. */
static inline void tl_fork(tl_forks **at, tl_branch *branch, tl_branch_function *function,
                           void *argument);
static inline void *tl_join(tl_forks **at, tl_branch *branch);

/* ---- With a function's own types ----------------------------------------------- */

/*
 * TL_FORKABLE(type, name, type, parameter, ...) { body }   from one to six parameters
 * TL_FORKABLE_VOID(name, type, parameter, ...) { body }    the same without a result
 *
 * In the body of a forkable function, TL_BRANCH(name) is the type of a branch; TL_FORK,
 * TL_JOIN and TL_CALL fork, join and call; elsewhere TL_RUN calls. They are static.
 */
#define TL_BRANCH(name) struct name##_branch
#define TL_FORK(name, branch, ...) name##_fork_(&tl_at_, branch, __VA_ARGS__)
#define TL_JOIN(name, branch) name##_join_(&tl_at_, branch)
#define TL_CALL(name, ...) name(tl_at_, __VA_ARGS__)
#define TL_RUN(name, ...) name##_run_(__VA_ARGS__)

#define TL_FORKABLE(type, name, ...)                                                     \
	TL_FORKABLE_(VALUE, type, name, __VA_ARGS__)                                     \
	TL_HEAD_(type, name, __VA_ARGS__)
#define TL_FORKABLE_VOID(name, ...)                                                      \
	TL_FORKABLE_(VOID, void, name, __VA_ARGS__)                                      \
	TL_HEAD_(void, name, __VA_ARGS__)

/* ---- Private -------------------------------------------------------------------- */

#ifndef TL_FORK_LOAD_ /* the model checker has its own */
#define TL_FORK_LOAD_(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define TL_FORK_STORE_(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#endif

#ifdef __cplusplus
#define TL_CAST_(type, pointer) static_cast<type>(pointer)
#else
#define TL_CAST_(type, pointer) ((type)(pointer))
#endif

/* A slot of a deque: a branch or NULL; its lowest bits belong to lib/split.h. */
struct tl_forks {
	uintptr_t word_;
};

/* A deque begins at a multiple of this, with the limit below which a fork needs nobody:
 * the deque's end, or 0 when others ask for work. */
#define TL_DEQUE_SIZE_ 4096

struct tl_deque_ {
	uintptr_t limit_;
};

/* What any branch begins with. The last two are set when others get to see it. */
struct tl_branch_ {
	void (*call_)(tl_forks *at, void *branch);
	tl_task *task_;
	uint32_t state_;
};

/* The fork that is more than a store: when others ask for work, when the deque is full
 * or there is none. Returns where the next one goes. */
TL_API tl_forks *tl_fork_slow_(tl_forks *at, struct tl_branch_ *branch);

/* The join of a branch that others have seen, or that is in no deque. Afterwards its
 * state is 0 if it is the caller's to call; else it has been called. */
TL_API tl_forks *tl_join_slow_(tl_forks *at, struct tl_branch_ *branch);

TL_API tl_forks *tl_run_begin_(void);
TL_API void tl_run_end_(tl_forks *at);

static inline void tl_fork_(tl_forks **at, struct tl_branch_ *branch,
                            void (*call)(tl_forks *, void *))
{
	tl_forks *here = *at;
	uintptr_t address = (uintptr_t)here;
	uintptr_t base = address & ~(uintptr_t)(TL_DEQUE_SIZE_ - 1);
	branch->call_ = call;
	if (__builtin_expect(address < TL_FORK_LOAD_((uintptr_t *)base), 1)) {
		TL_FORK_STORE_(&here->word_, (uintptr_t)branch);
		*at = here + 1;
	} else {
		*at = tl_fork_slow_(here, branch);
	}
}

/* True: call it. Whoever offers the branch to others changes the slot. */
static inline bool tl_join_(tl_forks **at, struct tl_branch_ *branch)
{
	tl_forks *here = *at - 1;
	if (__builtin_expect(TL_FORK_LOAD_(&here->word_) == (uintptr_t)branch, 1)) {
		TL_FORK_STORE_(&here->word_, (uintptr_t)0);
		*at = here;
		return true;
	}
	*at = tl_join_slow_(*at, branch);
	return !branch->state_;
}

struct tl_branch {
	struct tl_branch_ base_;
	tl_branch_function *function_;
	void *value_; /* the argument, then the result */
};

static inline void tl_branch_call_(tl_forks *at, void *base)
{
	tl_branch *branch = TL_CAST_(tl_branch *, base);
	branch->value_ = branch->function_(at, branch->value_);
}

static inline void tl_fork(tl_forks **at, tl_branch *branch, tl_branch_function *function,
                           void *argument)
{
	branch->function_ = function;
	branch->value_ = argument;
	tl_fork_(at, &branch->base_, tl_branch_call_);
}

static inline void *tl_join(tl_forks **at, tl_branch *branch)
{
	if (tl_join_(at, &branch->base_))
		return branch->function_(*at, branch->value_);
	return branch->value_;
}

static inline void *tl_run(tl_branch_function *function, void *argument)
{
	tl_forks *at = tl_run_begin_();
	void *value = function(at, argument);
	tl_run_end_(at);
	return value;
}

/* TL_EACH_(do, between, type, name, type, name, ...) */
#define TL_PICK_(a, b, c, d, e, f, g, h, i, j, k, l, name, ...) name
#define TL_EACH_(put, between, ...)                                                      \
	TL_PICK_(__VA_ARGS__, TL_EACH_6_, 0, TL_EACH_5_, 0, TL_EACH_4_, 0, TL_EACH_3_,   \
	         0, TL_EACH_2_, 0, TL_EACH_1_, 0, 0)                                     \
	(put, between, __VA_ARGS__)
#define TL_EACH_1_(put, between, t, n) put(t, n)
#define TL_EACH_2_(put, between, t, n, ...)                                              \
	put(t, n) between() TL_EACH_1_(put, between, __VA_ARGS__)
#define TL_EACH_3_(put, between, t, n, ...)                                              \
	put(t, n) between() TL_EACH_2_(put, between, __VA_ARGS__)
#define TL_EACH_4_(put, between, t, n, ...)                                              \
	put(t, n) between() TL_EACH_3_(put, between, __VA_ARGS__)
#define TL_EACH_5_(put, between, t, n, ...)                                              \
	put(t, n) between() TL_EACH_4_(put, between, __VA_ARGS__)
#define TL_EACH_6_(put, between, t, n, ...)                                              \
	put(t, n) between() TL_EACH_5_(put, between, __VA_ARGS__)
#define TL_COMMA_() ,
#define TL_SEMICOLON_() ;
#define TL_PARAMETER_(t, n) t n
#define TL_NAME_(t, n) n
#define TL_FIELD_(t, n) tl_branch_->n
#define TL_STORE_(t, n) tl_branch_->n = n

/* What differs when there is no result. */
#define TL_RESULT_VALUE_(type) type result_
#define TL_RESULT_VOID_(type) char result_
#define TL_KEEP_VALUE_ tl_branch_->result_ =
#define TL_KEEP_VOID_
#define TL_GIVE_VALUE_(call) return call
#define TL_GIVE_VOID_(call) call
#define TL_FETCH_VALUE_ return tl_branch_->result_
#define TL_FETCH_VOID_ (void)0
#define TL_SAVE_VALUE_(type) type tl_result_ =
#define TL_SAVE_VOID_(type)
#define TL_RETURN_VALUE_ return tl_result_
#define TL_RETURN_VOID_ (void)0

#define TL_INLINE_ __attribute__((unused)) static inline

#define TL_HEAD_(type, name, ...)                                                        \
	TL_INLINE_ type name(__attribute__((unused)) tl_forks *tl_at_,                   \
	                     TL_EACH_(TL_PARAMETER_, TL_COMMA_, __VA_ARGS__))

#define TL_FORKABLE_(kind, type, name, ...)                                              \
	TL_HEAD_(type, name, __VA_ARGS__);                                               \
	struct name##_branch {                                                           \
		struct tl_branch_ base_;                                                 \
		TL_EACH_(TL_PARAMETER_, TL_SEMICOLON_, __VA_ARGS__);                     \
		TL_RESULT_##kind##_(type);                                               \
	};                                                                               \
	TL_INLINE_ void name##_call_(tl_forks *tl_at_, void *tl_base_)                   \
	{                                                                                \
		struct name##_branch *tl_branch_ =                                       \
			TL_CAST_(struct name##_branch *, tl_base_);                      \
		TL_KEEP_##kind##_ name(tl_at_,                                           \
		                       TL_EACH_(TL_FIELD_, TL_COMMA_, __VA_ARGS__));     \
	}                                                                                \
	TL_INLINE_ void name##_fork_(tl_forks **tl_at_,                                  \
	                             struct name##_branch *tl_branch_,                   \
	                             TL_EACH_(TL_PARAMETER_, TL_COMMA_, __VA_ARGS__))    \
	{                                                                                \
		TL_EACH_(TL_STORE_, TL_SEMICOLON_, __VA_ARGS__);                         \
		tl_fork_(tl_at_, &tl_branch_->base_, name##_call_);                      \
	}                                                                                \
	TL_INLINE_ type name##_join_(tl_forks **tl_at_,                                  \
	                             struct name##_branch *tl_branch_)                   \
	{                                                                                \
		if (tl_join_(tl_at_, &tl_branch_->base_))                                \
			TL_GIVE_##kind##_(name(                                          \
				*tl_at_, TL_EACH_(TL_FIELD_, TL_COMMA_, __VA_ARGS__)));  \
		else                                                                     \
			TL_FETCH_##kind##_;                                              \
	}                                                                                \
	TL_INLINE_ type name##_run_(TL_EACH_(TL_PARAMETER_, TL_COMMA_, __VA_ARGS__))     \
	{                                                                                \
		tl_forks *tl_at_ = tl_run_begin_();                                      \
		TL_SAVE_##kind##_(type)                                                  \
			name(tl_at_, TL_EACH_(TL_NAME_, TL_COMMA_, __VA_ARGS__));        \
		tl_run_end_(tl_at_);                                                     \
		TL_RETURN_##kind##_;                                                     \
	}

#ifdef __cplusplus
}
#endif

#endif /* THREADLET_FORK_H */
