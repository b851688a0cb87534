/* SPDX-License-Identifier: MIT */
#include "statics.h"

char data_begin[64] __attribute__((aligned(64))) = { 1 };
char bss_begin[64] __attribute__((aligned(64)));
