/* SPDX-License-Identifier: MIT */
#include "sys/setup.h"

#include "base/error.h"
#include "sys/descriptor.h"
#include "sys/kept.h"
#include "sys/lifeline.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	STREAMS = 3
};

static int fail_stream(int stream, int source)
{
	int rc = -errno;

	return mproci_fail(
		rc, "descriptor %d cannot become descriptor %d: %s", source, stream, strerror(-rc));
}

/*
 * Out of the way of what is put in their places: a source above 2 for each stream that is to change, -1
 * for the others.
 */
static int lift_sources(const int streams[STREAMS], int sources[STREAMS])
{
	for (int i = 0; i < STREAMS; ++i) {
		if (streams[i] == i || streams[i] == MPROCI_STREAM_CLOSED)
			continue;
		if (streams[i] == MPROCI_STREAM_NULL)
			sources[i] = mproci_descriptor_lift(open("/dev/null", O_RDWR | O_CLOEXEC));
		else if (streams[i] >= STREAMS)
			sources[i] = streams[i];
		else
			sources[i] = fcntl(streams[i], F_DUPFD_CLOEXEC, STREAMS);
		if (sources[i] < 0)
			return fail_stream(i, streams[i]);
	}
	return 0;
}

int mproci_setup_streams(const int streams[STREAMS])
{
	int sources[STREAMS] = {-1, -1, -1};
	int rc;

	rc = lift_sources(streams, sources);
	for (int i = 0; i < STREAMS; ++i) {
		if (rc == 0 && sources[i] >= 0 && dup2(sources[i], i) < 0)
			rc = fail_stream(i, streams[i]);
		if (sources[i] != streams[i])
			mproci_close(sources[i]);
		if (rc == 0 && streams[i] == MPROCI_STREAM_CLOSED)
			close(i);
	}
	return rc;
}

/* So that nothing that is moved out of the way moves there. */
static int occupy(const int *numbers, size_t count, int with)
{
	for (size_t i = 0; i < count; ++i) {
		if (numbers[i] >= STREAMS && !mproci_descriptor_is_open(numbers[i])
			&& dup3(with, numbers[i], O_CLOEXEC) < 0)
			return -errno;
	}
	return 0;
}

static int move_one(int *descriptor, int from)
{
	if (*descriptor != from)
		return 0;
	*descriptor = fcntl(from, F_DUPFD_CLOEXEC, STREAMS);
	return *descriptor < 0 ? -errno : 0;
}

static int move_own(int from)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < MPROCI_KEPT_COUNT; ++i) {
		if (mproci_kept(i) == from)
			rc = mproci_kept_move(i);
	}
	return rc == 0 && mproci_lifeline_armed() == from ? mproci_lifeline_move() : rc;
}

/* Whatever is at @from is copied elsewhere; @from stays open. */
static int clear(int from, int *sources, size_t count, int *report, int streams[STREAMS])
{
	int rc;

	rc = move_own(from);
	if (rc == 0)
		rc = move_one(report, from);
	for (int i = 0; rc == 0 && i < STREAMS; ++i)
		rc = move_one(&streams[i], from);
	for (size_t i = 0; rc == 0 && i < count; ++i)
		rc = move_one(&sources[i], from);
	return rc;
}

static int place(int *sources, const int *numbers, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count; ++i) {
		if (rc == 0 && numbers[i] >= STREAMS && dup2(sources[i], numbers[i]) < 0)
			rc = -errno;
		mproci_close(sources[i]);
	}
	return rc;
}

int mproci_setup_numbers(int *sources, const int *numbers, size_t count, int *report, int streams[STREAMS])
{
	int rc;

	rc = occupy(numbers, count, *report);
	for (size_t i = 0; rc == 0 && i < count; ++i) {
		if (numbers[i] >= STREAMS)
			rc = clear(numbers[i], sources, count, report, streams);
	}
	if (rc == 0)
		rc = place(sources, numbers, count);
	return rc < 0 ? mproci_fail_descriptor(rc, "the descriptors cannot have their numbers") : 0;
}

/* Before Linux 5.9, and where a tool does not know it. */
static void close_one_by_one(unsigned first, unsigned last)
{
	long limit = sysconf(_SC_OPEN_MAX);

	for (unsigned fd = first; fd <= last && (limit < 0 || fd < (unsigned long)limit); ++fd)
		close((int)fd);
}

static void close_between(int kept, int next)
{
	if (next <= kept + 1)
		return;
	if (syscall(SYS_close_range, kept + 1, next - 1, 0) != 0)
		close_one_by_one((unsigned)kept + 1, (unsigned)next - 1);
}

/* A list in ascending order. */
typedef struct sorted {
	int descriptors[MPROCI_SETUP_DESCRIPTORS + MPROCI_KEPT_COUNT + 1];
	size_t count;
} sorted;

/* Not with qsort: to run it for the first time would cost a new process more than all the rest. */
static void add(sorted *list, int descriptor)
{
	size_t i = list->count++;

	for (; i > 0 && list->descriptors[i - 1] > descriptor; --i)
		list->descriptors[i] = list->descriptors[i - 1];
	list->descriptors[i] = descriptor;
}

void mproci_setup_descriptors(const int *keep, size_t count)
{
	int last = STDERR_FILENO;
	sorted list;

	list.count = 0;
	assert(count <= MPROCI_SETUP_DESCRIPTORS);
	for (size_t i = 0; i < count; ++i)
		add(&list, keep[i]);
	for (int i = 0; i < MPROCI_KEPT_COUNT; ++i)
		add(&list, mproci_kept(i));
	add(&list, mproci_lifeline_armed());
	for (size_t i = 0; i < list.count; ++i) {
		if (list.descriptors[i] <= last)
			continue;
		close_between(last, list.descriptors[i]);
		last = list.descriptors[i];
	}
	close_between(last, INT_MAX);
}

int mproci_setup_user(uid_t user, gid_t group)
{
	int rc;

	if (geteuid() == user && getegid() == group)
		return 0;
	if (setgroups(0, NULL) == 0 && setresgid(group, group, group) == 0
		&& setresuid(user, user, user) == 0)
		return 0;
	rc = -errno;
	return mproci_fail(rc, "the server cannot become user %u, group %u: %s", (unsigned)user,
		(unsigned)group, strerror(-rc));
}

int mproci_setup_directory(const char *path)
{
	int rc;

	if (chdir(path) == 0)
		return 0;
	rc = -errno;
	return mproci_fail(rc, "directory \"%s\": %s", path, strerror(-rc));
}

int mproci_setup_directory_at(int descriptor)
{
	int rc;

	if (fchdir(descriptor) == 0)
		return 0;
	rc = -errno;
	return mproci_fail(rc, "the working directory cannot be taken over: %s", strerror(-rc));
}

int mproci_setup_niceness(int added)
{
	int rc;

	errno = 0;
	if (nice(added) != -1 || errno == 0)
		return 0;
	rc = -errno;
	return mproci_fail(rc, "niceness %+d: %s", added, strerror(-rc));
}

/* The kernel leaves out what is not there, or not for this process. */
static int check_cpus(const unsigned *cpus, size_t count)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) != 0)
		CPU_ZERO(&set);
	for (size_t i = 0; i < count; ++i) {
		if (!CPU_ISSET(cpus[i], &set))
			return mproci_fail(-EINVAL, "CPU %u: not there, or not for this process", cpus[i]);
	}
	return 0;
}

int mproci_setup_cpus(const unsigned *cpus, size_t count)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (size_t i = 0; i < count; ++i)
		CPU_SET(cpus[i], &set);
	/* It fails when none is left. */
	if (sched_setaffinity(0, sizeof set, &set) != 0 && errno != EINVAL) {
		int rc = -errno;

		return mproci_fail(rc, "%zu CPUs from CPU %u: %s", count, cpus[0], strerror(-rc));
	}
	return check_cpus(cpus, count);
}

int mproci_setup_limit(int resource, uint64_t soft, uint64_t hard)
{
	const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
	int rc;

	if (setrlimit(resource, &limit) == 0)
		return 0;
	rc = -errno;
	return mproci_fail(rc, "limit of resource %d: soft %llu, hard %llu: %s", resource,
		(unsigned long long)soft, (unsigned long long)hard, strerror(-rc));
}

int mproci_setup_group(void)
{
	int rc;

	if (setpgid(0, 0) == 0)
		return 0;
	rc = -errno;
	return mproci_fail(rc, "a process group of its own: %s", strerror(-rc));
}

/* @variable is "NAME=value". */
static int set_variable(const char *variable)
{
	char *name = strdup(variable);
	char *sign = name == NULL ? NULL : strchr(name, '=');
	int rc = -ENOMEM;

	if (sign != NULL) {
		*sign = '\0';
		rc = setenv(name, sign + 1, 1) == 0 ? 0 : -errno;
	}
	free(name);
	return rc;
}

int mproci_setup_environment(const char *const *variables)
{
	int rc = clearenv() == 0 ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && variables[i] != NULL; ++i) {
		rc = set_variable(variables[i]);
	}
	return rc < 0 ? mproci_fail(rc, "no memory for the environment") : 0;
}
