/* SPDX-License-Identifier: MIT */
/* layer 3: callback · functions to run when a future ends */
#ifndef TL_CALLBACK_H
#define TL_CALLBACK_H

#include "future.h"

/* Take all nodes off a future that is about to end, oldest first; none may come. */
static tl_callback *callbacks_detach(tl_future *future);

#endif
