/* SPDX-License-Identifier: MIT */
#include "sys/oom.h"

#include "sys/cgroup.h"
#include "sys/keyed_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	PREFERENCE = 500,
	MOST_PREFERENCE = 1000
};

/* What the innermost cgroup that counts has counted. */
struct count {
	bool is_found;
	uint64_t kills;
};

static void count_level(const char *directory, bool is_unified, void *argument)
{
	struct count *count = argument;
	const char *file = is_unified ? "memory.events" : "memory.oom_control";

	if (!count->is_found)
		count->is_found =
			mproci_keyed_text_read("oom_kill", &count->kills, "%s/%s", directory, file) == 0;
}

int mproci_oom_kills(const char *root, uint64_t *ret_count)
{
	struct count count = {0};

	mproci_cgroup_visit(root, "memory", count_level, &count);
	if (count.is_found) {
		*ret_count = count.kills;
		return MPROCI_OOM_CGROUP;
	}
	if (mproci_keyed_text_read("oom_kill", ret_count, "%s/proc/vmstat", root) == 0)
		return MPROCI_OOM_MACHINE;
	return -ENOENT;
}

static int read_preference(int file)
{
	char text[16] = "";

	return pread(file, text, sizeof text - 1, 0) > 0 ? (int)strtol(text, NULL, 10) : 0;
}

int mproci_oom_prefer_me(void)
{
	char text[16];
	int rc = -ENOENT;

	int file = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	if (file < 0)
		return rc;
	/* In addition: a worker of a worker comes before that one. */
	int preference = read_preference(file) + PREFERENCE;
	if (preference > MOST_PREFERENCE)
		preference = MOST_PREFERENCE;
	int length = snprintf(text, sizeof text, "%d", preference);
	if (pwrite(file, text, (size_t)length, 0) == length)
		rc = 0;
	close(file);
	return rc;
}
