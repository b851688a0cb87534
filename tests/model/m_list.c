/* SPDX-License-Identifier: MIT */
#define MODEL_LIST
#include "m_hold.c"
