/* SPDX-License-Identifier: MIT */
/* layer 7: completions · a queue that futures come to when they end */
#ifndef TL_COMPLETIONS_H
#define TL_COMPLETIONS_H

#include "arrivals.h"
#include "lock.h"

struct tl_completions {
	ON_OWN_LINE uint32_t left; /* not under the lock */
	ON_OWN_LINE uint32_t process;
	uint32_t room; /* the ring's: looked at without the lock */
	int event;     /* -1: none */
	int64_t spin;  /* ns that who takes looks before it sleeps */
	ON_OWN_LINE struct lock lock;
	struct arrivals arrivals;
	uint32_t filled; /* is anything ready? For those without the lock */
	uint32_t signal; /* a futex */
	uint32_t sleepers;
	bool destroyed;
};

struct node {
	tl_callback callback;
	tl_completions *queue;
	void *tag;
};

/* The function of the nodes; its context is the node. */
static void node_comes(tl_future *future, void *context);

/* With the lock held: one sleeper is to be woken, if there is any, after the unlock. */
static bool queue_signals(tl_completions *queue);

#endif
