/* SPDX-License-Identifier: MIT */
/* layer 5: blocking · a worker that blocks inside a task leaves its place to a spare */
/*
 * Who waits inside a task (wait.c), or has said that it will block (tl_blocking_begin),
 * is counted in pool->blocked, and up to spare_workers of those raise the limit of the
 * pool's threads by one each.
 *
 *   B1 blocked + 1
 *   B2 ask for forks (forks.h), and look at the queues: if there is a task, S2 and S3 (sleep.h): an idle worker is
 *      woken, or a thread started
 *
 * B1 and `may the pool grow` in S2 are sequentially consistent: a submit that doesn't find
 * the limit raised came before B1, so B2 finds its task. With nothing queued a section
 * costs B1 and the look, and the place stays free for whatever is submitted meanwhile. What
 * the blocked worker has in its own ring and range is stolen as from any other.
 *
 * At the end blocked - 1, and nothing else: if that leaves one thread too many, the first
 * that is done with its task finds out, and steps aside (worker.c, reserve.h). Of a fixed pool
 * its own workers stay (worker_may_go): there it is the first that stood in.
 */
#ifndef TL_BLOCKING_H
#define TL_BLOCKING_H

#include "pool.h"

/* True if it counts; then the end of it is owed. Not within a section. */
static bool worker_blocks(struct worker *worker);
static void worker_unblocks(struct worker *worker);

/* The same for any thread: its worker, if that counts, else NULL. */
static struct worker *thread_blocks(void);
static void thread_unblocks(struct worker *blocked);

/* The task that began a section has returned without ending it. */
static void worker_leaves_section(struct worker *worker);

#endif
