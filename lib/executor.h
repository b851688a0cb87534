/* SPDX-License-Identifier: MIT */
/* layer 6: executor · making, feeding, stopping and freeing a pool */
#ifndef TL_EXECUTOR_H
#define TL_EXECUTOR_H

#include "worker.h"

enum kind { WORKER, FIXED, ADAPTIVE };

/* A pool of this kind with its first threads running, or NULL with errno. */
static tl_executor *executor_new(enum kind kind, unsigned min, unsigned max,
                                 const tl_options *options);

/* -EINVAL if these options can't be. */
static int options_check(const tl_options *options);

/* Refuse submits from now on; with TL_CANCEL, end what is pending. */
static void executor_close(tl_executor *pool, enum tl_shutdown_mode how);

/* Wait until no more than `most` of its threads live. */
static int executor_wait_live(tl_executor *pool, uint32_t most, int64_t deadline);

/* After a completed shutdown: as new, with its first threads running. */
static int executor_reopen(tl_executor *pool);

#endif
