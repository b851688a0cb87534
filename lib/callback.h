/* SPDX-License-Identifier: MIT */
/* layer 3: callback · functions to run when a future ends */
#ifndef TL_CALLBACK_H
#define TL_CALLBACK_H

#include "future.h"

/* Of a node's word; above these the number of the process. */
enum { FREE = 0, LISTED = 1, AWAITED = 2, HOLDS = 4, AT_ONCE = 8, PROCESS = 16 };

/* Does such a node hang on this future, which can't end meanwhile? */
static bool callbacks_have(tl_future *future,
                           bool (*is_such)(const tl_callback *node, const void *by),
                           const void *by);

/* As tl_future_on_done, for a function of ours that calls none of a user's: while another
 * callback runs here it isn't put off. */
static int callback_at_once(tl_future *future, tl_callback *callback);

/* Inside its function: the node is not touched again. */
static inline void callback_give_back(const tl_callback *node)
{
	if (self.firing == node)
		self.firing = NULL;
}

/* Take all nodes off a future that is about to end, oldest first; none may come. */
static tl_callback *callbacks_detach(tl_future *future);

/* A callback may wait, and its thread run something else meanwhile, on top of it: what
 * that completes is not put off until this callback returns, for which it may wait. */
struct callbacks {
	tl_callback *firing, *put_off;
	bool fires;
};

static inline struct callbacks callbacks_aside(void)
{
	struct callbacks aside = { .fires = self.fires };
	if (UNLIKELY(aside.fires)) {
		aside.firing = self.firing;
		aside.put_off = self.put_off;
		self.firing = self.put_off = NULL;
		self.fires = false;
	}
	return aside;
}

static inline void callbacks_back(struct callbacks aside)
{
	if (UNLIKELY(aside.fires)) {
		self.firing = aside.firing;
		self.put_off = aside.put_off;
		self.fires = true;
	}
}

#endif
