/* SPDX-License-Identifier: MIT */
/*
 * The static variables of model and library: the linker puts the .data and the .bss of
 * their object between those of statics_begin.c and statics_end.c, in the order of its
 * command line. All of that is put back for each run.
 */
#ifndef MODEL_STATICS_H
#define MODEL_STATICS_H

extern char data_begin[], data_end[], bss_begin[], bss_end[];

#endif
