/* SPDX-License-Identifier: MIT */
/*
 * scratch.h - a folder in which programs make their files, and must leave none.
 */
#ifndef EXAMPLES_SCRATCH_H
#define EXAMPLES_SCRATCH_H

#include "program.h"

static char scratch[] = "/tmp/mproc-examples-XXXXXX";

static inline void make_scratch(void)
{
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	ck_assert_int_eq(setenv("TMPDIR", scratch, 1), 0);
}

static inline void remove_scratch(void)
{
	ck_assert_msg(rmdir(scratch) == 0, "%s: %s", scratch, strerror(errno));
	strcpy(scratch + strlen(scratch) - 6, "XXXXXX");
	unsetenv("TMPDIR");
}

#endif
