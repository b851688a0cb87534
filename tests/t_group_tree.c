/* SPDX-License-Identifier: MIT */
/* Groups within groups, and tasks that submit into their own. */
#include "groups.h"

struct branch {
	tl_executor *pool;
	tl_group *parent;
	int depth;
	atomic_long *leaves;
};

static void *grow(void *argument)
{
	struct branch *branch = argument;
	if (!branch->depth)
		return add_one(branch->leaves);
	tl_group group;
	struct branch below = { branch->pool, &group, branch->depth - 1, branch->leaves };
	tl_task own;
	tl_group_init(&group, branch->pool, branch->parent);
	tl_task_init(&own, grow, &below);
	submit_many(&group, 2, grow, &below);
	int error = tl_group_submit_task(&group, &own);
	if (!error)
		error = tl_group_wait(&group, TL_FOREVER);
	memset(&group, 0x5a, sizeof group); /* nothing of ours may touch it */
	memset(&own, 0x5a, sizeof own);
	return error ? tl_fail(error) : NULL;
}

Test(group, tree_of_groups_on_any_number_of_workers)
{
	for (int kind = FIXED; kind < KINDS; kind++)
		for (unsigned workers = 1; workers <= 4; workers++) {
			tl_executor *pool = executor_of(kind, workers, NULL);
			for (long i = scaled(5) + 1; i--;) {
				atomic_long leaves = 0;
				struct branch top = { pool, NULL, 8, &leaves };
				tl_group group;
				tl_group_init(&group, pool, NULL);
				submit_many(&group, 1, grow, &top);
				cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
				cr_assert_eq(atomic_load(&leaves), 6561);
			}
			tl_executor_destroy(pool);
		}
	END_CLEAN();
}

struct spread {
	tl_group *group;
	atomic_long *count;
	int left;
};

/* A task of the group submits the next ones into it. */
static void *spread(void *argument)
{
	struct spread *spread_ = argument;
	add_one(spread_->count);
	for (int i = 0; i < 2 && spread_->left; i++) {
		struct spread *next = malloc(sizeof *next);
		*next = (struct spread){ spread_->group, spread_->count,
			                 spread_->left - 1 };
		tl_future_release(tl_group_submit(next->group, spread, next));
	}
	free(spread_);
	return NULL;
}

Test(group, tasks_may_submit_into_their_own_group)
{
	for (int kind = 0; kind < KINDS; kind++) {
		tl_executor *executor = executor_of(kind, 2, NULL);
		atomic_long count = 0;
		tl_group group;
		struct spread *first = malloc(sizeof *first);
		tl_group_init(&group, executor, NULL);
		*first = (struct spread){ &group, &count, 12 };
		submit_many(&group, 1, spread, first);
		cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
		cr_assert_eq(atomic_load(&count), (1 << 13) - 1);
		tl_executor_destroy(executor);
	}
	END_CLEAN();
}
