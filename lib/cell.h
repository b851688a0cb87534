/* SPDX-License-Identifier: MIT */
/* layer 2: cell · memory for the tasks behind tl_go, tl_spawn, tl_submit */
#ifndef TL_CELL_H
#define TL_CELL_H

#include "local.h"

#define CELL_GONE UINT32_C(0x87) /* the word of a free cell in a debug build */

static tl_task *cell_new(void); /* NULL when out of memory; contents undefined */
static void cell_free(tl_task *cell);
/* Give back what is free, if it is much, until *interrupt isn't 0 (or NULL) or others have run
 * out of cells: false. */
static bool cell_trim(const uint32_t *interrupt);
static bool cell_trim_may_come(void);

#endif
