/* SPDX-License-Identifier: MIT */
#include "sys/tree.h"

#include "sys/kernel_text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct process {
	pid_t pid, parent;
} process;

typedef struct census {
	process *all;
	size_t count, room;
} census;

/* "PID (NAME) STATE PARENT ...", and the name may hold anything.  0: it has gone. */
static pid_t read_parent(pid_t pid)
{
	char text[128];
	const char *state;

	if (mproci_kernel_text_read(text, sizeof text, "/proc/%d/stat", (int)pid) < 0)
		return 0;
	state = strrchr(text, ')');
	return state == NULL || strlen(state) < 4 ? 0 : (pid_t)strtol(state + 4, NULL, 10);
}

static int add(census *to, pid_t pid)
{
	if (to->count == to->room) {
		size_t room = to->room * 2 + 256;
		process *more = realloc(to->all, room * sizeof *more);

		if (more == NULL)
			return -ENOMEM;
		to->all = more;
		to->room = room;
	}
	to->all[to->count++] = (process){.pid = pid, .parent = read_parent(pid)};
	return 0;
}

static int compare(const void *left, const void *right)
{
	const process *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

static int take(census *to)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	if (proc == NULL)
		return -errno;
	while (rc == 0 && (entry = readdir(proc)) != NULL) {
		/* Names that are no number give 0, which is nobody's pid. */
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			rc = add(to, pid);
	}
	closedir(proc);
	if (rc == 0 && to->count != 0)
		qsort(to->all, to->count, sizeof *to->all, compare);
	return rc;
}

static pid_t parent_of(const census *all, pid_t pid)
{
	const process key = {.pid = pid};
	const process *found = bsearch(&key, all->all, all->count, sizeof key, compare);

	return found == NULL ? 0 : found->parent;
}

/* The root above @pid, or @count.  A pid that was given anew while we read could close a circle: so no more steps than there are processes. */
static size_t root_of(const census *all, pid_t pid, const pid_t *roots, size_t count)
{
	for (size_t step = 0; pid > 0 && step <= all->count; ++step) {
		for (size_t i = 0; i < count; ++i) {
			if (roots[i] == pid)
				return i;
		}
		pid = parent_of(all, pid);
	}
	return count;
}

int mproci_tree_sizes(const pid_t *roots, size_t count, unsigned *ret_sizes)
{
	census all = {0};
	int rc;

	rc = take(&all);
	if (rc == 0)
		memset(ret_sizes, 0, count * sizeof *ret_sizes);
	for (size_t i = 0; i < all.count && rc == 0; ++i) {
		size_t root = root_of(&all, all.all[i].pid, roots, count);

		if (root < count)
			++ret_sizes[root];
	}
	free(all.all);
	return rc;
}
