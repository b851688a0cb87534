/* SPDX-License-Identifier: MIT */
/* layer 7: cancel · tl_future_cancel and tl_task_withdraw */
#ifndef TL_CANCEL_H
#define TL_CANCEL_H

#include "wait.h"

/* If its task is queued: as tl_future_cancel, true. What runs is left alone. */
static bool future_cancel_queued(tl_future *future);

#endif
