/* SPDX-License-Identifier: MIT */
/*
 * /proc/self/cgroup names the cgroups of this process, relative to the root of a hierarchy;
 * /proc/self/mountinfo tells where which part of which hierarchy is mounted.  A hierarchy mounted more than
 * once is visited more than once: that costs little, and no choice between mounts can be wrong.
 *
 * Systems with both versions of cgroups exist; both are visited.
 */
#include "sys/cgroup.h"

#include "sys/kernel_text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who asks, for what, and the cgroups of this process; an empty path is none. */
struct visit {
	const char *root;
	const char *controller;
	mproci_cgroup_visitor *visit;
	void *argument;
	char unified[PATH_MAX];
	char own[PATH_MAX];
};

/* A line of mountinfo, in pieces. */
struct mount {
	const char *root;
	const char *point;
	const char *type;
	const char *options;
};

static bool at_end(const char *text)
{
	return *text == '\0' || *text == '\n';
}

bool mproci_cgroup_number(const char *directory, const char *file, uint64_t *ret_number)
{
	char buffer[64];
	const char *text = buffer;
	uint64_t number;

	if (mproci_kernel_text_read(buffer, sizeof buffer, "%s/%s", directory, file) < 0)
		return false;
	if (!mproci_kernel_text_number(&text, &number) || !at_end(text))
		return false;
	*ret_number = number;
	return true;
}

static void visit_the_way_up(const struct visit *visit, const char *top, const char *below, bool is_unified)
{
	char path[PATH_MAX];
	size_t top_length = strlen(top);
	int length = snprintf(path, sizeof path, "%s%s", top, below);

	if (length < 0 || (size_t)length >= sizeof path)
		return;
	for (;;) {
		visit->visit(path, is_unified, visit->argument);
		if (strlen(path) <= top_length)
			return;
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

static void visit_hierarchy(
	const struct visit *visit, const struct mount *mount, const char *cgroup, bool is_unified)
{
	char top[PATH_MAX];
	const char *below = path_below(mount->root, cgroup);

	if (below == NULL)
		return;
	int length = snprintf(top, sizeof top, "%s%s", visit->root, mount->point);
	if (length < 0 || (size_t)length >= sizeof top)
		return;
	visit_the_way_up(visit, top, below, is_unified);
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

static void visit_mount(const struct visit *visit, char *line)
{
	struct mount mount;

	if (!split_mount(line, &mount))
		return;
	if (strcmp(mount.type, "cgroup2") == 0)
		visit_hierarchy(visit, &mount, visit->unified, true);
	if (strcmp(mount.type, "cgroup") == 0 && has_word(mount.options, visit->controller))
		visit_hierarchy(visit, &mount, visit->own, false);
}

/* "0::/path" is the cgroup of version 2, "4:cpu,cpuacct:/path" one of version 1. */
static void read_cgroup(struct visit *visit, char *line)
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
		memcpy(visit->unified, path, size);
	else if (has_word(controllers, visit->controller))
		memcpy(visit->own, path, size);
}

static FILE *open_below(const char *root, const char *file)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof path, "%s%s", root, file);

	if (length < 0 || (size_t)length >= sizeof path)
		return NULL;
	return fopen(path, "re");
}

void mproci_cgroup_visit(
	const char *root, const char *controller, mproci_cgroup_visitor *visitor, void *argument)
{
	struct visit visit = {.root = root, .controller = controller, .visit = visitor, .argument = argument};
	char *line = NULL;
	size_t size = 0;

	FILE *cgroups = open_below(root, "/proc/self/cgroup");
	while (cgroups != NULL && getline(&line, &size, cgroups) >= 0)
		read_cgroup(&visit, line);
	if (cgroups != NULL)
		fclose(cgroups);

	FILE *mounts = open_below(root, "/proc/self/mountinfo");
	while (mounts != NULL && getline(&line, &size, mounts) >= 0)
		visit_mount(&visit, line);
	if (mounts != NULL)
		fclose(mounts);

	free(line);
}
