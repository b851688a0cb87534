/* SPDX-License-Identifier: MIT */
/* Callbacks that are removed: before, while they run, by themselves. */
#include "note.h"

Test(callback, removed_before_does_not_run)
{
	tl_future promise;
	struct note notes[5];
	/* any of the list: first, middle, last, all */
	for (int which = 0; which < 32; which++) {
		tl_future_init(&promise);
		for (int i = 0; i < 5; i++) {
			note_init(&notes[i]);
			tl_future_on_done(&promise, &notes[i].node);
		}
		for (int i = 0; i < 5; i++)
			if (which >> i & 1)
				cr_assert_eq(tl_future_remove(&promise, &notes[i].node),
				             0);
		tl_future_set(&promise, NULL);
		for (int i = 0; i < 5; i++)
			cr_assert_eq(atomic_load(&notes[i].calls), !(which >> i & 1));
	}
	END_CLEAN();
}

Test(callback, removed_node_can_be_registered_again)
{
	tl_future promise;
	struct note note;
	note_init(&note);
	tl_future_init(&promise);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(tl_future_on_done(&promise, &note.node), 0);
		cr_assert_eq(tl_future_remove(&promise, &note.node), 0);
	}
	cr_assert_eq(tl_future_on_done(&promise, &note.node), 0);
	tl_future_set(&promise, NULL);
	cr_assert_eq(atomic_load(&note.calls), 1);
	END_CLEAN();
}

struct slow {
	tl_callback node;
	struct gate gate;
	tl_future promise;
	atomic_int left, result;
	pid_t remover;
	atomic_int removing;
};

static void hang_at_the_gate(tl_future *future, void *context)
{
	struct slow *slow = context;
	(void)future;
	gate_pass(&slow->gate);
	atomic_store(&slow->left, 1);
}

static void *remove_slow(void *argument)
{
	struct slow *slow = argument;
	slow->remover = gettid();
	atomic_store(&slow->removing, 1);
	int result = tl_future_remove(&slow->promise, &slow->node);
	atomic_store(&slow->result, atomic_load(&slow->left) ? result : 1);
	return NULL;
}

Test(callback, remove_waits_for_a_running_callback)
{
	struct slow slow = { .gate = GATE };
	pthread_t setter, remover;
	slow.node = (tl_callback){ .function = hang_at_the_gate, .context = &slow };
	tl_future_init(&slow.promise);
	tl_future_on_done(&slow.promise, &slow.node);
	pthread_create(&setter, NULL, set_null, &slow.promise);
	assert_soon(atomic_load(&slow.gate.inside) == 1);
	pthread_create(&remover, NULL, remove_slow, &slow);
	assert_soon(atomic_load(&slow.removing));
	assert_soon(thread_state(slow.remover) == 'S');
	gate_open(&slow.gate);
	pthread_join(remover, NULL);
	pthread_join(setter, NULL);
	cr_assert_eq(atomic_load(&slow.result), -EALREADY);
	END_CLEAN();
}

static atomic_int self_removals;

static void free_own_node(tl_future *future, void *context)
{
	tl_callback *node = context;
	if (!tl_future_remove(future, node))
		atomic_fetch_add(&self_removals, 1);
	memset(node, 0xa5, sizeof *node);
	free(node);
}

Test(callback, may_free_its_own_node)
{
	tl_executor *pool = tl_fixed_pool_create(2, NULL);
	int rounds = (int)scaled(20000);
	for (int i = 0; i < rounds; i++) {
		tl_future *future = tl_submit(pool, identity, NULL);
		for (int k = 0; k < 2; k++) {
			tl_callback *node = malloc(sizeof *node);
			*node = (tl_callback){ .function = free_own_node,
				               .context = node };
			cr_assert_eq(tl_future_on_done(future, node), 0);
		}
		tl_future_release(future);
	}
	tl_executor_destroy(pool);
	cr_assert_eq(atomic_load(&self_removals), 2 * rounds);
	END_CLEAN();
}
