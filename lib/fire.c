/* SPDX-License-Identifier: MIT */
/* layer 3: fire · running the callbacks of a future that has ended */
/*
 * A callback that removes its own node clears self.firing, and the node isn't touched
 * again. A callback may complete a future that has callbacks, and so on a million
 * times: those are put off until the outermost one has returned. But not those AT_ONCE,
 * which are ours and call nobody's function: somebody waits for what they tell, and that may
 * be this very thread, within that callback, or one that it waits for.
 */
#include "callback.h"

#include "futex.h"

static void node_fire(tl_callback *node)
{
	tl_future *future = node->future_;
	bool holds = load_relaxed(&node->state_) & HOLDS;
	self.firing = node;
	node->function(future, node->context);
	if (self.firing == node) {
		uint32_t *state = &node->state_;
		if (exchange_acq_rel(state, (uint32_t)FREE) & AWAITED)
			futex_wake(state, INT_MAX);
	}
	self.firing = NULL;
	if (holds)
		tl_future_release(future);
}

/* In a callback: what is not to be put off. Returns the others. */
static COLD tl_callback *fire_at_once(tl_callback *list)
{
	tl_callback *others = NULL, **end = &others, *next, *firing = self.firing;
	for (; list; list = next) {
		next = list->next_;
		if (load_relaxed(&list->state_) & AT_ONCE) {
			node_fire(list);
		} else {
			store_relaxed(end, list);
			end = &list->next_;
		}
	}
	store_relaxed(end, (tl_callback *)NULL);
	self.firing = firing;
	return others;
}

static void future_fire(tl_callback *list)
{
	if (UNLIKELY(self.fires))
		list = fire_at_once(list);
	tl_callback *last = self.put_off;
	while (last && last->next_)
		last = last->next_;
	if (last)
		store_relaxed(&last->next_, list);
	else
		self.put_off = list;
	if (self.fires)
		return;
	self.fires = true;
	while ((list = self.put_off)) {
		self.put_off = list->next_;
		node_fire(list);
	}
	self.fires = false;
}
