/* SPDX-License-Identifier: MIT */
/*
 * sys/file_fixture.h - files for tests, in the directory of sys/tree_fixture.h.
 */
#ifndef SYS_FILE_FIXTURE_H
#define SYS_FILE_FIXTURE_H

#include "sys/kernel_fixture.h"
#include "sys/tree_fixture.h"

/* The whole path of /name in the tree; valid until the next call of this thread. */
static inline const char *in_tree(const char *name)
{
	static _Thread_local char path[PATH_MAX + NAME_MAX];

	snprintf(path, sizeof path, "%s%s", tree(), name);
	return path;
}

/* mount_alone for an empty directory /small in the tree. */
static inline bool mount_in_tree(const char *kind, const char *options)
{
	ck_assert_int_eq(mkdir(in_tree("/small"), 0700), 0);
	return mount_alone(kind, in_tree("/small"), options);
}

#endif
