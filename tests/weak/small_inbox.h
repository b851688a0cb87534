/* SPDX-License-Identifier: MIT */
/* An inbox of the smallest size, without a mapping for its second ring. */
#ifndef WEAK_SMALL_INBOX_H
#define WEAK_SMALL_INBOX_H

#include "inbox.h"

static inline void small_inbox(struct inbox *inbox)
{
	static uint64_t deep[1 << DEEP_BITS];
	inbox->level[0].slots = inbox->slots;
	inbox->level[1].slots = deep;
	inbox->level[0].bits = SHALLOW_BITS;
	inbox->level[1].bits = DEEP_BITS;
	inbox->level[1].level = 1;
}

#endif
