/* SPDX-License-Identifier: MIT */
/*
 * A real memory cgroup for tests, where the machine lets this user make one.
 */
#ifndef SYS_MEMORY_CGROUP_FIXTURE_H
#define SYS_MEMORY_CGROUP_FIXTURE_H

#include <check.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char cgroup_directory[PATH_MAX];

/* Only into a file that is there already: what is no cgroup file system would make one. */
static bool cgroup_write(const char *file, size_t number)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof path, "%s/%s", cgroup_directory, file);
	FILE *stream = fopen(path, "r+e");
	if (stream == NULL)
		return false;
	fprintf(stream, "%zu", number);
	return fclose(stream) == 0;
}

static void cgroup_remove(void)
{
	ck_assert_int_eq(rmdir(cgroup_directory), 0);
}

static bool cgroup_create_below(const char *hierarchy, const char *limit_file, size_t limit)
{
	snprintf(cgroup_directory, sizeof cgroup_directory, "%s/mproc-test-%d", hierarchy, (int)getpid());
	if (mkdir(cgroup_directory, 0755) != 0)
		return false;
	if (cgroup_write(limit_file, limit))
		return true;
	cgroup_remove();
	return false;
}

/*
 * Make one whose processes may have @limit bytes, none of them in swap.  Returns false, and says so, where
 * that is not possible.
 */
static bool cgroup_create(size_t limit)
{
	if (cgroup_create_below("/sys/fs/cgroup", "memory.max", limit)) {
		cgroup_write("memory.swap.max", 0);
		return true;
	}
	if (cgroup_create_below("/sys/fs/cgroup/memory", "memory.limit_in_bytes", limit)) {
		cgroup_write("memory.swappiness", 0);
		return true;
	}
	puts("left out: this user may make no memory cgroup");
	return false;
}

/* Be in it from now on. */
static bool cgroup_enter(void)
{
	return cgroup_write("cgroup.procs", (size_t)getpid());
}

#endif
