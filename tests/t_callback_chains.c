/* SPDX-License-Identifier: MIT */
/* Callbacks that end futures which have callbacks: no recursion, and an end. */
#include "note.h"

struct link {
	tl_future promise;
	tl_callback node;
};

static void set_next(tl_future *future, void *context)
{
	struct link *next = context;
	(void)future;
	tl_future_set(&next->promise, NULL);
}

Test(callback, long_chain_does_not_recurse)
{
	long n = scaled(1000000);
	struct link *links = calloc((size_t)n + 1, sizeof *links);
	cr_assert_not_null(links);
	for (long i = 0; i <= n; i++)
		tl_future_init(&links[i].promise);
	for (long i = 0; i < n; i++) {
		links[i].node =
			(tl_callback){ .function = set_next, .context = &links[i + 1] };
		tl_future_on_done(&links[i].promise, &links[i].node);
	}
	tl_future_set(&links[0].promise, NULL);
	cr_assert(tl_future_done(&links[n].promise));
	free(links);
	END_CLEAN();
}

Test(callback, circle_of_callbacks_comes_to_an_end)
{
	tl_executor *pool = tl_fixed_pool_create(1, NULL);
	struct link chain[3];
	for (int i = 0; i < 3; i++) {
		tl_future_init(&chain[i].promise);
		chain[i].node = (tl_callback){ .function = set_next,
			                       .context = &chain[(i + 1) % 3] };
		tl_future_on_done(&chain[i].promise, &chain[i].node);
	}
	tl_await(tl_submit(pool, set_null, &chain[1].promise));
	for (int i = 0; i < 3; i++)
		cr_assert_eq(tl_future_wait(&chain[i].promise, TL_FOREVER), 0);
	tl_executor_destroy(pool);
	END_CLEAN();
}
