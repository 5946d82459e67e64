/* SPDX-License-Identifier: MIT */
#ifndef BIG_ARGUMENT_MEMORY_H
#define BIG_ARGUMENT_MEMORY_H

#include <stddef.h>
#include <sys/types.h>

/*
 * The memory of a process in bytes, where a page that several have counts in parts: the figures of all of them
 * add up to what they use together.  0: the system does not tell.
 */
size_t memory_of(pid_t pid);

#endif
