/* SPDX-License-Identifier: MIT */
/*
 * /proc/self/cgroup names the cgroups of this process, relative to the root of a hierarchy;
 * /proc/self/mountinfo tells where which part of which hierarchy is mounted.  The limit is the lowest
 * one found on the way from the cgroup up to each mount point.  A hierarchy mounted more than once
 * is read more than once: that costs little, and no choice between mounts can be wrong.
 *
 * Systems with both versions of cgroups exist; both are read, the lower limit counts.
 */
#include "sys/cpu_quota.h"

#include "sys/kernel_text.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The cgroups of this process; an empty path is none. */
struct membership {
	char unified[PATH_MAX];
	char cpu[PATH_MAX];
};

/* A line of mountinfo, in pieces. */
struct mount {
	const char *root;
	const char *point;
	const char *type;
	const char *options;
};

typedef unsigned level_reader(const char *directory);

static unsigned lower(unsigned a, unsigned b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static unsigned whole_cpus(uint64_t quota, uint64_t period)
{
	if (quota == 0 || period == 0)
		return 0;
	uint64_t cpus = (quota - 1) / period + 1;
	return cpus < UINT_MAX ? (unsigned)cpus : UINT_MAX;
}

static bool at_end(const char *text)
{
	return *text == '\0' || *text == '\n';
}

/* "150000 100000" or "max 100000": microseconds of CPU time in each period of so many microseconds. */
static unsigned read_unified_level(const char *directory)
{
	char buffer[64];
	const char *text = buffer;
	uint64_t quota;
	uint64_t period;

	if (mproci_kernel_text_read(buffer, sizeof buffer, "%s/cpu.max", directory) < 0)
		return 0;
	if (!mproci_kernel_text_number(&text, &quota) || *text++ != ' ')
		return 0;
	if (!mproci_kernel_text_number(&text, &period) || !at_end(text))
		return 0;
	return whole_cpus(quota, period);
}

static bool read_number(const char *directory, const char *file, uint64_t *ret_number)
{
	char buffer[64];
	const char *text = buffer;

	if (mproci_kernel_text_read(buffer, sizeof buffer, "%s/%s", directory, file) < 0)
		return false;
	return mproci_kernel_text_number(&text, ret_number) && at_end(text);
}

/* The quota is -1, no number to us, where there is no limit. */
static unsigned read_cpu_level(const char *directory)
{
	uint64_t quota;
	uint64_t period;

	if (!read_number(directory, "cpu.cfs_quota_us", &quota)
		|| !read_number(directory, "cpu.cfs_period_us", &period))
		return 0;
	return whole_cpus(quota, period);
}

static unsigned lowest_on_the_way_up(const char *top, const char *below, level_reader *read_level)
{
	char path[PATH_MAX];
	size_t top_length = strlen(top);
	int length = snprintf(path, sizeof path, "%s%s", top, below);
	unsigned limit = 0;

	if (length < 0 || (size_t)length >= sizeof path)
		return 0;
	for (;;) {
		limit = lower(limit, read_level(path));
		if (strlen(path) <= top_length)
			return limit;
		*strrchr(path, '/') = '\0';
	}
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (;;) {
		size_t item = strcspn(list, ",");
		if (item == length && strncmp(list, word, length) == 0)
			return true;
		if (list[item] == '\0')
			return false;
		list += item + 1;
	}
}

/* "/..", "/../..": what a cgroup namespace shows of a mount whose root is above its own. */
static bool only_climbs(const char *path)
{
	while (strncmp(path, "/..", 3) == 0)
		path += 3;
	return *path == '\0';
}

static bool climbs(const char *path)
{
	size_t length = strlen(path);

	return strstr(path, "/../") != NULL || (length >= 3 && strcmp(path + length - 3, "/..") == 0);
}

/*
 * The path of a cgroup below the point where @root of its hierarchy is mounted, NULL if that mount does
 * not show it.  Of a mount that begins above our namespace we cannot name our own cgroup, but its
 * top is one of our parents.
 */
static const char *path_below(const char *root, const char *cgroup)
{
	size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (cgroup[0] != '/')
		return NULL;
	if (strncmp(cgroup, root, length) != 0 || (cgroup[length] != '/' && cgroup[length] != '\0'))
		return only_climbs(root) ? "" : NULL;
	cgroup += length;
	if (climbs(cgroup))
		return NULL;
	return strcmp(cgroup, "/") == 0 ? "" : cgroup;
}

static unsigned read_hierarchy(
	const char *root, const struct mount *mount, const char *cgroup, level_reader *read_level)
{
	char top[PATH_MAX];
	const char *below = path_below(mount->root, cgroup);

	if (below == NULL)
		return 0;
	int length = snprintf(top, sizeof top, "%s%s", root, mount->point);
	if (length < 0 || (size_t)length >= sizeof top)
		return 0;
	return lowest_on_the_way_up(top, below, read_level);
}

static bool is_octal(const char *digits)
{
	for (int i = 0; i < 3; i++)
		if (digits[i] < '0' || digits[i] > '7')
			return false;
	return true;
}

/* mountinfo writes a space as \040; likewise tab, newline and backslash. */
static void unescape(char *text)
{
	char *out = text;

	while (*text != '\0') {
		if (*text == '\\' && is_octal(text + 1)) {
			*out++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

/* "36 35 98:0 ROOT POINT rw,noatime [optional fields] - TYPE source OPTIONS" */
static bool split_mount(char *line, struct mount *ret_mount)
{
	enum {
		ROOT = 3,
		POINT = 4
	};
	char *field[POINT + 1] = {0};
	char *state = NULL;

	line[strcspn(line, "\n")] = '\0';
	char *dash = strstr(line, " - ");
	char *options = strrchr(line, ' ');
	if (dash == NULL || options <= dash + 2)
		return false;
	*dash = '\0';
	for (int i = 0; i <= POINT; i++)
		field[i] = strtok_r(i == 0 ? line : NULL, " ", &state);
	if (field[POINT] == NULL)
		return false;
	char *type = dash + strlen(" - ");
	type[strcspn(type, " ")] = '\0';
	unescape(field[ROOT]);
	unescape(field[POINT]);
	*ret_mount = (struct mount){field[ROOT], field[POINT], type, options + 1};
	return true;
}

static unsigned read_mount(const char *root, char *line, const struct membership *membership)
{
	struct mount mount;

	if (!split_mount(line, &mount))
		return 0;
	if (strcmp(mount.type, "cgroup2") == 0)
		return read_hierarchy(root, &mount, membership->unified, read_unified_level);
	if (strcmp(mount.type, "cgroup") == 0 && has_word(mount.options, "cpu"))
		return read_hierarchy(root, &mount, membership->cpu, read_cpu_level);
	return 0;
}

/* "0::/path" is the cgroup of version 2, "4:cpu,cpuacct:/path" one of version 1. */
static void read_cgroup(char *line, struct membership *membership)
{
	char *controllers = strchr(line, ':');
	char *path = controllers == NULL ? NULL : strchr(++controllers, ':');

	if (path == NULL)
		return;
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	size_t size = strlen(path) + 1;
	if (size > PATH_MAX)
		return;
	if (strcmp(line, "0:") == 0)
		memcpy(membership->unified, path, size);
	else if (has_word(controllers, "cpu"))
		memcpy(membership->cpu, path, size);
}

static FILE *open_below(const char *root, const char *file)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof path, "%s%s", root, file);

	if (length < 0 || (size_t)length >= sizeof path)
		return NULL;
	return fopen(path, "re");
}

unsigned mproci_cpu_quota(const char *root)
{
	struct membership membership = {0};
	unsigned limit = 0;
	char *line = NULL;
	size_t size = 0;

	FILE *cgroups = open_below(root, "/proc/self/cgroup");
	while (cgroups != NULL && getline(&line, &size, cgroups) >= 0)
		read_cgroup(line, &membership);
	if (cgroups != NULL)
		fclose(cgroups);

	FILE *mounts = open_below(root, "/proc/self/mountinfo");
	while (mounts != NULL && getline(&line, &size, mounts) >= 0)
		limit = lower(limit, read_mount(root, line, &membership));
	if (mounts != NULL)
		fclose(mounts);

	free(line);
	return limit;
}
