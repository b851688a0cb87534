/* SPDX-License-Identifier: MIT */
/* layer 1: tune · every tuned constant: value, unit, reason, benchmark */
#ifndef TL_TUNE_H
#define TL_TUNE_H

/* Slots of an inbox's first ring, as a power of two: a burst of some thousand tasks, in
 * 32 KiB that stay in the caches. make bench, rows submit and e2e. */
#define SHALLOW_BITS 12

/* Slots of its second ring: what a producer is ahead in a few turns of the scheduler;
 * 2 MiB, touched as far as it is used. Before it was there, with the list behind
 * 4,096 slots: submit[1] 116 ns (with it 47), e2e[2] 140 (70). make bench */
#define DEEP_BITS 18

/* ns: how long after its last look a worker that took fewer tasks than RANGE_FEW from the inbox,
 * and has run them already, looks there again; pauses between two looks at the clock. Without
 * it a worker that is as fast as its producer takes 10 at a time: submit[1] 31 ns (26 with it).
 * Tasks of a microsecond never wait for it. If it took LOOK_STREAM of them or more it looks for
 * one LOOK_SHARE-th of the time at most, as a look costs the producer what it costs the worker:
 * where the two CPUs are far apart (a line to and fro 700 ns) submit[1] takes 85 ns without
 * that, 58 with it, submit[2] 79 and 68. With RANGE_FEW at 32 they take 3 to 15 ns more; it has
 * a name of its own since models leave the holding off out. make bench */
#define LOOK_EVERY 1000
#define LOOK_MOST 4000
#define LOOK_SHARE 8
#define LOOK_STREAM 4
#define RANGE_FEW RANGE_MOST
#define HOLD_PAUSES 4

/* Slots of a worker's ring, one page: a full one is set aside as a whole, and a thief takes
 * it as a whole (shelf.h). So the lock and the looks that this costs are spread over so many
 * tasks, and a free ring's page can be given back. */
#define RING_SLOTS 512

/* Tasks that a thief takes at once from a ring that isn't set aside, half of them at most. One at
 * a time he is idle after each, and each submit wakes him: a task that computes some 120 ns
 * between two submits took 195 ns for each, beside one thief (now 120-170). */
#define STEAL_MOST 32

/* Tasks that are fetched before their turn when a worker takes the newest of its ring: what has
 * been submitted long ago has left the caches. make bench, row tree */
#define RING_AHEAD 8

/* Rings that are made at once: their heads and that of all share a page. */
#define ARENA_RINGS 63

/* Pages of free rings below which giving them back is not worth a wake-up. */
#define TRIM_RINGS 16

/* Tasks that a worker takes over from the inbox at once, and so many of these it fetches
 * ahead. Enough to spread the cost of the shared indexes, whose lines the producers need: with
 * 32 tasks, fetched at once, submit[1] took 35 ns (now 29), submit_task[1] 37 (32), tree[2] 44
 * (39); with 255 of them it was no faster. What a long task holds up others steal, or
 * relieve it of. */
#define RANGE_MOST 128
#define RANGE_AHEAD 16

/* Slots of a worker's deque of forks, one page with its head: what is forked deeper is
 * called at its join. */
#define FORKS_MOST 504

/* ns: how long a loop runs between two looks at whether others ask for a part of it: long
 * beside the clock's 20-50 ns and the look, short beside a wake-up. perf/bench_fork.c */
#define LOOP_CHUNK 10000

/* Tasks that it takes from the overflow list at once, with its lock held. */
#define OVERFLOW_MOST 32

/* A worker looks at outside work at least once in so many tasks (as Go). */
#define OUTSIDE_EVERY 61

/* After so many of these looks, some 1,000 tasks, it takes the oldest of its own first: newer
 * ones may come for ever. Seldom, since of a tree of tasks newest first keeps the fewest in
 * the queue: so it has at most one in 1,000 of them more. */
#define OLDEST_EVERY 16

/* Likewise, before it looks whether another worker has begun no task since the last time: a
 * look costs both of them a line, some 100 ns. */
#define RELIEVE_EVERY 16

/* Urgent tasks that a worker takes in a row before it looks at the others first. */
#define URGENT_MOST 16

/* ns: how often a busy worker in a pool with timers looks at the clock, about; and after
 * how many tasks at the latest. Reading it takes some 20 ns. */
#define CLOCK_EVERY 20000
#define CLOCK_TASKS 64

/* Timers that are fired at once before the worker goes on with its task. */
#define TIMERS_MOST 64

/* Tasks of a serial queue that one turn runs before its runner goes to the end of the
 * pool's queue. As Go's time slice in spirit: enough to spread the cost of the hand-over,
 * some 100 ns; few enough that 100,000 queues share two workers. */
#define SERIAL_TURN 32

/* ns: how long an idle worker looks for work before it parks, by default. A wake
 * costs the submitter 14 us across two virtual CPUs. make bench, row submit. */
#define SPIN_DEFAULT 10000

/* Pauses between two looks of an idle worker, some 0.7 us: each look takes the line
 * of the index from a busy producer. make bench, row submit. */
#define SPIN_PAUSES 64

/* The same when the user has asked for spinning, so for latency. */
#define HOT_PAUSES 2

/* ns: a look with its pauses takes at least this long; so spinning ends also when the
 * clock doesn't move (a suspended machine, an emulator). */
#define LOOK_LEAST 100

/* ns: how long a waiter watches a task that runs before it parks; looks, likewise. */
#define WAIT_SPIN 2000

/* ns: first nap of a worker that waits for a task which another thread holds in
 * its hands between two of its instructions (wait.c); doubled up to the second. */
#define NAP_FIRST 20000
#define NAP_MOST 1000000

/* ns: how often a pool that grows on evidence looks at who sleeps, while tasks are queued;
 * two looks for a step. tests/t_evidence.c */
#define EVIDENCE_TICK 1000000

/* ns: the ancestor's time after which an idle worker ends. */
#define IDLE_TIMEOUT_DEFAULT 1000000000

/* The ancestor's default of max_workers: min(64, 2 x CPUs). */
#define DEFAULT_WORKERS_MOST 64

/* Pauses, some 2 us: how long a lock is watched before its holder is waited for asleep.
 * The longest hold moves OVERFLOW_MOST tasks. make bench, row e2e. */
#define LOCK_PAUSES 200

/* Entries for which a completion queue has room at first; doubled when needed. */
#define COMPLETIONS_FIRST 64

/* ns: how long a thread looks at a completion queue before it sleeps; pauses between two
 * looks, some 2.8 us. Futures that another thread completed while they were taken: 61-130 ns
 * each without it, 142-153 with 64 pauses, 61-72 so. */
#define TAKE_SPIN 5000
#define TAKE_PAUSES 256

/* ns: the longest nap of a worker that waits for a completion queue: whether one of its
 * tasks is between two queues it can't know, so it looks again now and then. */
#define LOOK_AGAIN_MOST 100000000

/* Bytes of a stack, or a quarter of it if that is less, that a wait leaves to the task it
 * would run there, and to signal handlers: else -EAGAIN. */
#define STACK_RESERVE ((size_t)65536)

/* Futures that tl_wait handles without an allocation. */
#define WAIT_ON_STACK 64

/* Cells that are traded between threads at once: with them a magazine has 18 lines. Each trade
 * waits for some lines of another CPU, one after the other: where those are far apart submit[1]
 * takes 80 ns with 62 of them, 58 with 142, 48 with 246. make bench */
#define MAGAZINE_CELLS 142

/* Cells that are fetched before their turn: they lie in the cache of who has freed them. With 8
 * of them submit[1] takes 33 ns (26 with 40); where the two CPUs are far apart 119 (81; both
 * with 62 cells to a magazine). make bench */
#define CELLS_AHEAD 40

/* Tasks of the caller's, likewise, when he submits them at equal distances in memory:
 * submit_task[1] 94 -> 61 ns, [2] 94 -> 65 (2 tasks ahead: no gain). */
#define TASKS_AHEAD 8

/* Memory for cells: pages to a chunk, the first ones for its magazines: 7 of them, which
 * hold all the cells of the others. Where the system's pages have 64 KiB nothing of that is
 * ever given back: they hold the magazines, too. */
#define PAGE ((size_t)4096)
#define CHUNK_PAGES 16
#define FIRST_CELL_PAGE 2

/* Chunks for which address space is had at once, as soon as there are as many: three system
 * calls and a mapping of the process (of which it may have 65,530) for 4 MiB. */
#define CHUNKS_MOST ((size_t)64)

/* Free cells in the depot below which giving memory back is not worth the walk. */
#define TRIM_CELLS 4096

/* Magazines that others go on with while the cells of the rest are looked at. */
#define TRIM_KEPT 7

#endif
