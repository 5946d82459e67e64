/* SPDX-License-Identifier: MIT */
/*
 * sys/setup.h - what a new process changes about itself before it does its work.
 *
 * Each call that returns anything returns 0, or a negative errno with an error text that names the value.
 */
#ifndef SYS_SETUP_H
#define SYS_SETUP_H

#include "base/private.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	/* Instead of a descriptor: /dev/null; none, the stream is closed. */
	MPROCI_STREAM_NULL = -1,
	MPROCI_STREAM_CLOSED = -2,

	MPROCI_SETUP_DESCRIPTORS = 250,
};

/* Make @streams[i] descriptor i, for 0, 1 and 2.  What is its own i already stays. */
int mproci_setup_streams(const int streams[3]);

/*
 * Give @count descriptors at @sources the numbers at @numbers, open across exec; but not for 0, 1 and 2.
 * What has such a number and is the library's, or one of the 1 + 3 at @report and @streams (negative:
 * none), gets another.  The sources are closed.
 */
int mproci_setup_numbers(int *sources, const int *numbers, size_t count, int *report, int streams[3]);

/*
 * Close all descriptors but 0, 1, 2, the library's own (sys/kept.h, sys/lifeline.h) and @count at @keep,
 * at most MPROCI_SETUP_DESCRIPTORS; a negative one is none.
 */
MPROCI_PRIVATE void mproci_setup_descriptors(const int *keep, size_t count);

/*
 * Have the rights of that user and group and no others: unless it is that already, it also leaves all other
 * groups.
 */
int mproci_setup_user(uid_t user, gid_t group);

int mproci_setup_directory(const char *path);

/* The same, of the directory open at @descriptor. */
int mproci_setup_directory_at(int descriptor);

/* Add to the niceness. */
int mproci_setup_niceness(int added);

int mproci_setup_cpus(const unsigned *cpus, size_t count);

/* @soft and @hard as in struct rlimit. */
int mproci_setup_limit(int resource, uint64_t soft, uint64_t hard);

/* Lead a process group. */
int mproci_setup_group(void);

/* The environment becomes a copy of @variables, NULL after the last. */
int mproci_setup_environment(const char *const *variables);

#endif
