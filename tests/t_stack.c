/* SPDX-License-Identifier: MIT */
/* Waits for which no stack is left are told so. */
#include "support.h"

struct level {
	tl_executor *pool;
	atomic_long *deepest, *refused;
	long depth;
};

static void *deeper(void *argument)
{
	struct level *level = argument;
	struct level next = *level;
	next.depth++;
	if (next.depth > atomic_load(level->deepest))
		atomic_store(level->deepest, next.depth);
	if (atomic_load(level->refused))
		return NULL;
	tl_task child;
	tl_task_init(&child, deeper, &next);
	if (tl_submit_task(level->pool, &child))
		abort();
	int error = tl_future_wait(&child.future, TL_FOREVER);
	if (!error)
		return NULL;
	/* No stack is left to run it on: it is ours to take back, or to leave alone. */
	if (error != -EAGAIN || tl_future_cancel(&child.future) ||
	    atomic_fetch_add(level->refused, 1))
		abort();
	return NULL;
}

Test(stack, no_wait_overflows_the_stack)
{
	size_t sizes[] = { 128 << 10, 1 << 20, 8 << 20 };
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		tl_options options = { .stack_size = sizes[i] };
		tl_executor *pool = tl_fixed_pool_create(1, &options);
		atomic_long deepest = 0, refused = 0;
		struct level top = { pool, &deepest, &refused, 0 };
		tl_await(tl_submit(pool, deeper, &top));
		cr_assert_eq(atomic_load(&refused), 1);
		/* Some 500 bytes to a level, with this task's own. */
		cr_assert_gt(atomic_load(&deepest),
		             instrumented() ? 20 : (long)(sizes[i] / 839));
		tl_executor_destroy(pool);
	}
	END_CLEAN();
}
