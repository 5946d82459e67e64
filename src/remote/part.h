/* SPDX-License-Identifier: MIT */
/*
 * remote/part.h - the names of what belongs to one remote object, and the numbers of its options.
 */
#ifndef REMOTE_PART_H
#define REMOTE_PART_H

#include <stdint.h>

/* The name "{NAME}:PART", which a cluster keeps where it keeps NAME.  To be freed; NULL when there is no memory. */
char *mproci_part_name(const char *name, const char *part);

/*
 * Convert an option that is a time, 0.001 to 31536000 seconds (a year), or 0 for @otherwise.  Returns 0, and the milliseconds; -EINVAL
 * with an error text.
 */
int mproci_part_milliseconds(
	const char *option, double seconds, int64_t otherwise, int64_t *ret_milliseconds);

#endif
