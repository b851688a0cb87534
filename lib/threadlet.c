/* SPDX-License-Identifier: MIT */
/* layer 9: threadlet · the whole library as one object: nothing but tl_* is global */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "cell.c"
#include "cell_trim.c"
#include "cpus.c"
#include "rings.c"

#include "callback.c"
#include "doze.c"
#include "fire.c"
#include "future.c"
#include "task.c"

#include "own.c"
#include "queues.c"
#include "sleep.c"

#include "pending.c"

#include "blocking.c"
#include "evidence.c"
#include "find.c"
#include "forks.c"
#include "help.c"
#include "reserve.c"
#include "seek.c"
#include "seek_shelf.c"
#include "serial.c"
#include "serial_life.c"
#include "threads.c"
#include "timers.c"
#include "worker.c"
#include "worker_idle.c"

#include "chosen.c"
#include "circle.c"
#include "control.c"
#include "executor.c"
#include "join.c"
#include "meanwhile.c"
#include "shutdown.c"
#include "submit.c"
#include "wait.c"
#include "watch.c"

#include "cancel.c"
#include "completions.c"
#include "completions_take.c"
#include "group.c"
#include "loop.c"
#include "spawn.c"
#include "timed.c"
#include "wait_many.c"

#include "default.c"
