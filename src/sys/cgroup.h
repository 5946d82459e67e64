/* SPDX-License-Identifier: MIT */
/*
 * sys/cgroup.h - the cgroups that this process is in, and those around them.
 */
#ifndef SYS_CGROUP_H
#define SYS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* @directory: of a cgroup; @is_unified: it is one of version 2. */
typedef void mproci_cgroup_visitor(const char *directory, bool is_unified, void *argument);

/*
 * Call @visit for the cgroup of this process and for each around it, the innermost first; of version 2, and
 * of the hierarchy of version 1 that has @controller ("cpu", "memory").  Nothing is called where nothing
 * can be read.
 *
 * @root  stands before every path that is opened: "" for the machine, a made-up tree in a test.
 */
void mproci_cgroup_visit(
	const char *root, const char *controller, mproci_cgroup_visitor *visit, void *argument);

/* Read a file that holds one decimal number.  Returns false if it does not, or cannot be read. */
bool mproci_cgroup_number(const char *directory, const char *file, uint64_t *ret_number);

#endif
