/* SPDX-License-Identifier: MIT */
/* Following who knows of what; nothing, in a program that isn't instrumented. */
#ifndef MODEL_RACE_H
#define MODEL_RACE_H

#include "explore.h"

bool races_followed(void);
void race_thread(unsigned child);
void race_join(unsigned other);
void race_atomic(const void *address, bool reads, bool writes, enum model_order order);

/* memory.c: one of something for each word of the model's memory. */
bool word_index(const void *address, size_t *index);
void *trails_new(size_t size);

#endif
