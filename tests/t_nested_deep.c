/* SPDX-License-Identifier: MIT */
/* Waits inside tasks inside waits: deep, many, and as trees. */
#include "support.h"

#define BIG_STACK ((size_t)64 << 20)

struct level {
	tl_executor *pool;
	long left;
};

static void *nest(void *argument)
{
	struct level *level = argument;
	if (!level->left)
		return VALUE(0);
	struct level next = { level->pool, level->left - 1 };
	return VALUE((intptr_t)tl_await(tl_submit(level->pool, nest, &next)) + 1);
}

static void *nest_own(void *argument)
{
	struct level *level = argument;
	void *value = NULL;
	if (!level->left)
		return VALUE(0);
	struct level next = { level->pool, level->left - 1 };
	tl_task task;
	tl_task_init(&task, nest_own, &next);
	if (tl_submit_task(level->pool, &task))
		return tl_fail(-EIO);
	int error = tl_future_result(&task.future, &value, TL_FOREVER);
	return error ? tl_fail(error) : VALUE((intptr_t)value + 1);
}

Test(nested, thousand_deep)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++)
		for (unsigned workers = 1; workers <= 2; workers++) {
			tl_options options = { .stack_size = BIG_STACK };
			tl_executor *pool = executor_of(kind, workers, &options);
			struct level top = { pool, 1000 };
			cr_assert_not_null(pool);
			for (int i = 0; i < 20; i++) {
				cr_assert_eq(tl_await(tl_submit(pool, nest, &top)),
				             VALUE(1000));
				cr_assert_eq(tl_await(tl_submit(pool, nest_own, &top)),
				             VALUE(1000));
			}
			cr_assert_leq(thread_count(), 1 + (int)workers);
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

struct family {
	tl_executor *pool;
	int children;
	bool own;
	long sum;
};

/* More children than a ring takes, waited for from the last to the first. */
static void *raise_children(void *argument)
{
	struct family *family = argument;
	size_t n = (size_t)family->children;
	tl_task *tasks = calloc(n, sizeof *tasks);
	tl_future **futures = calloc(n, sizeof *futures);
	for (size_t i = 0; i < n; i++)
		if (family->own) {
			tl_task_init(&tasks[i], identity, VALUE(i));
			tl_submit_task(family->pool, &tasks[i]);
		} else {
			futures[i] = tl_submit(family->pool, identity, VALUE(i));
		}
	for (size_t i = n; i--;) {
		void *value = NULL;
		if (!family->own)
			value = tl_await(futures[i]);
		else if (tl_future_result(&tasks[i].future, &value, TL_FOREVER))
			value = VALUE(-1000000);
		family->sum += (intptr_t)value;
	}
	free(tasks);
	free(futures);
	return NULL;
}

Test(nested, five_thousand_children_in_reverse)
{
	for (unsigned workers = 1; workers <= 2; workers++)
		for (int own = 0; own < 2; own++) {
			tl_executor *pool = tl_fixed_pool_create(workers, NULL);
			struct family families[2];
			tl_future *futures[2];
			for (int i = 0; i < 2; i++) {
				families[i] = (struct family){ pool, 5000, own, 0 };
				futures[i] =
					tl_submit(pool, raise_children, &families[i]);
			}
			for (int i = 0; i < 2; i++) {
				tl_await(futures[i]);
				cr_assert_eq(families[i].sum, 5000 * 4999 / 2);
			}
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

struct tree {
	tl_executor *pool;
	int depth;
};

static void *grow(void *argument)
{
	struct tree *tree = argument;
	if (!tree->depth)
		return VALUE(1);
	struct tree below = { tree->pool, tree->depth - 1 };
	tl_future *futures[3];
	intptr_t leaves = 0;
	for (int i = 0; i < 3; i++)
		futures[i] = tl_submit(tree->pool, grow, &below);
	if (tree->depth % 2)
		tl_wait(futures, 3, TL_ALL, TL_FOREVER);
	for (int i = 0; i < 3; i++)
		leaves += (intptr_t)tl_await(futures[i]);
	return VALUE(leaves);
}

Test(nested, tree_of_waits_on_any_number_of_workers)
{
	for (int kind = FIXED; kind <= ADAPTIVE; kind++)
		for (unsigned workers = 1; workers <= 4; workers++) {
			tl_executor *pool = executor_of(kind, workers, NULL);
			struct tree tree = { pool, 8 };
			for (long i = scaled(5) + 1; i--;)
				cr_assert_eq(tl_await(tl_submit(pool, grow, &tree)),
				             VALUE(6561));
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}
