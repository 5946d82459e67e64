/* SPDX-License-Identifier: MIT */
/*
 * sys/terminal.h - what a descriptor shows to a person.
 */
#ifndef SYS_TERMINAL_H
#define SYS_TERMINAL_H

#include <stdbool.h>

bool mproci_is_terminal(int descriptor);

/* The columns of a terminal, which change with its window; 80 when it does not say. */
unsigned mproci_terminal_width(int descriptor);

#endif
