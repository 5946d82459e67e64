/* SPDX-License-Identifier: MIT */
/*
 * A made-up /proc and /sys for tests, in a directory of its own: tree() is the root to hand to the code under test.
 */
#ifndef SYS_TREE_FIXTURE_H
#define SYS_TREE_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char tree_root[PATH_MAX];

static const char *tree(void)
{
	return tree_root;
}

static void tree_create(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(tree_root, sizeof tree_root, "%s/mproc-test-XXXXXX", parent == NULL ? "/tmp" : parent);
	ck_assert_ptr_nonnull(mkdtemp(tree_root));
}

static int tree_remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

static void tree_remove(void)
{
	ck_assert_int_eq(nftw(tree_root, tree_remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Write @text into the file @path of the tree, and make the folders on the way. */
static void tree_write(const char *path, const char *text)
{
	char full[2 * PATH_MAX];

	snprintf(full, sizeof full, "%s%s", tree_root, path);
	for (char *slash = strchr(full + strlen(tree_root) + 1, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(mkdir(full, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	FILE *file = fopen(full, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

#endif
