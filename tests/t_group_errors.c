/* SPDX-License-Identifier: MIT */
/* What a group tells: the first error of its tasks, and what it refuses. */
#include "groups.h"

Test(group, first_error_is_kept_until_it_is_set_up_anew)
{
	tl_executor *worker = tl_worker_create(NULL);
	tl_group group;
	tl_group_init(&group, worker, NULL);
	submit_many(&group, 10, identity, NULL);
	submit_many(&group, 1, fail_as_told, VALUE(-EIO));
	submit_many(&group, 10, fail_as_told, VALUE(-ENOENT));
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -EIO);
	submit_many(&group, 10, identity, NULL);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -EIO);
	tl_group_init(&group, worker, NULL);
	submit_many(&group, 10, identity, NULL);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	tl_executor_destroy(worker);
	END_CLEAN();
}

Test(group, cancelled_task_hides_no_error)
{
	tl_executor *worker = tl_worker_create(NULL);
	struct gate gate = GATE;
	tl_group group;
	tl_group_init(&group, worker, NULL);
	hold(worker, &gate, 1);
	tl_future *cancelled = tl_group_submit(&group, identity, NULL);
	cr_assert_eq(tl_future_cancel(cancelled), 0);
	submit_many(&group, 1, fail_as_told, VALUE(-EIO));
	submit_many(&group, 1, fail_as_told, VALUE(-ECANCELED));
	gate_open(&gate);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -EIO);
	tl_future_release(cancelled);

	tl_group_init(&group, worker, NULL);
	submit_many(&group, 1, fail_as_told, VALUE(-ECANCELED));
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), -ECANCELED);
	tl_executor_destroy(worker);
	END_CLEAN();
}

Test(group, refused_task_leaves_it)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_group group;
	tl_task task;
	tl_group_init(&group, pool, NULL);
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_group_submit_task(&group, &task), 0);
	cr_assert_eq(tl_group_wait(&group, TL_FOREVER), 0);
	cr_assert_eq(tl_group_submit_task(&group, &task), -EBUSY);
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_task_init(&task, identity, NULL);
	cr_assert_eq(tl_future_cancel(&task.future), 0);
	cr_assert_eq(tl_group_submit_task(&group, &task), -ECANCELED);
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_task_init(&task, identity, NULL);
	fail_allocation_at(1);
	tl_future *future = tl_group_submit(&group, identity, NULL);
	fail_allocation_at(0);
	tl_future_wait(future, TL_FOREVER);
	cr_assert(tl_group_done(&group) || wait_until(tl_group_done(&group)));
	tl_future_release(future);
	tl_executor_destroy(pool);
	END_CLEAN();
}

Test(group, bad_arguments_are_refused)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	tl_group group, empty = { 0 };
	tl_task task, bad;
	tl_task_init(&task, identity, NULL);
	tl_task_init(&bad, NULL, NULL);
	cr_assert_eq(tl_group_init(NULL, pool, NULL), -EINVAL);
	cr_assert_eq(tl_group_init(&group, NULL, NULL), -EINVAL);
	cr_assert_eq(tl_group_init(&group, pool, &group), -EINVAL);
	cr_assert_eq(tl_group_init(&group, pool, NULL), 0);
	errno = 0;
	cr_assert_null(tl_group_submit(NULL, identity, NULL));
	cr_assert_eq(errno, EINVAL);
	errno = 0;
	cr_assert_null(tl_group_submit(&group, NULL, NULL));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(tl_group_submit(&empty, identity, NULL));
	cr_assert_eq(tl_group_submit_task(NULL, &task), -EINVAL);
	cr_assert_eq(tl_group_submit_task(&group, NULL), -EINVAL);
	cr_assert_eq(tl_group_submit_task(&group, &bad), -EINVAL);
	cr_assert_eq(tl_group_wait(NULL, 0), -EINVAL);
	cr_assert_eq(tl_group_wait(&empty, 0), -EINVAL);
	cr_assert_eq(tl_group_wait(&group, -1), -EINVAL);
	cr_assert_eq(tl_group_cancel(NULL), -EINVAL);
	cr_assert_eq(tl_group_cancel(&empty), -EINVAL);
	cr_assert_not(tl_group_done(NULL));
	cr_assert_eq(tl_group_wait(&group, 0), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}
