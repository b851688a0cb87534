/* SPDX-License-Identifier: MIT */
/* layer 9: threadlet · the whole library as one object: nothing but tl_* is global */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "cell.c"
#include "cpus.c"

#include "callback.c"
#include "future.c"
#include "task.c"

#include "circle.c"
#include "queues.c"
#include "sleep.c"

#include "pending.c"

#include "forks.c"
#include "help.c"
#include "seek.c"
#include "serial.c"
#include "threads.c"
#include "worker.c"

#include "control.c"
#include "executor.c"
#include "join.c"
#include "submit.c"
#include "wait.c"
#include "watch.c"

#include "cancel.c"
#include "completions.c"
#include "group.c"
#include "loop.c"
#include "spawn.c"
#include "wait_many.c"

#include "default.c"
