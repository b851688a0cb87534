/* SPDX-License-Identifier: MIT */
/* layer 3: callback · functions to run when a future ends */
#ifndef TL_CALLBACK_H
#define TL_CALLBACK_H

#include "future.h"

/* Does such a node hang on this future, which can't end meanwhile? */
static bool callbacks_have(tl_future *future,
                           bool (*is_such)(const tl_callback *node, const void *by),
                           const void *by);

/* Inside its function: the node is not touched again. */
static inline void callback_give_back(const tl_callback *node)
{
	if (self.firing == node)
		self.firing = NULL;
}

/* Take all nodes off a future that is about to end, oldest first; none may come. */
static tl_callback *callbacks_detach(tl_future *future);

#endif
