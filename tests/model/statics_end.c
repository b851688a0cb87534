/* SPDX-License-Identifier: MIT */
#include "statics.h"

char data_end[64] __attribute__((aligned(64))) = { 1 };
char bss_end[64] __attribute__((aligned(64)));
