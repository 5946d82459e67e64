/* SPDX-License-Identifier: MIT */
/*
 * process/options.h - what the options of a process ask for.
 */
#ifndef PROCESS_OPTIONS_H
#define PROCESS_OPTIONS_H

#include <mproc/process.h>
#include <stdbool.h>

/* Returns 0; -EINVAL or -EBADF with an error text that names the value, and what would be possible. */
int mproci_options_check(const mproc_process_options *options);

/* Whether there is anything that a forked child must change about itself. */
bool mproci_options_change_something(const mproc_process_options *options);

/* Which of this process's descriptors become the child's 0, 1 and 2, as in sys/setup.h. */
void mproci_options_streams(const mproc_process_options *options, int ret_streams[3]);

#endif
