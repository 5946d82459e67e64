/* SPDX-License-Identifier: MIT */
/*
 * pool_helpers.h - what the tests of pools share: opening one, finding its processes, waiting for what has no event.
 */
#ifndef POOL_HELPERS_H
#define POOL_HELPERS_H

#include "support.h"

#include "arena/root.h"

#include <dirent.h>
#include <errno.h>
#include <mproc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

enum {
	MOST_PROCESSES = 256
};

/* The lifeline of this process and the family's memory stay: let them be there before descriptors are counted. */
UNUSED static void open_lasting_things(void)
{
	mproc_pool *pool;

	if (support_threads_only()) {
		ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
		return;
	}
	ck_assert_int_eq(
		mproc_pool_open(&(mproc_pool_options){.workers = 1, .start = MPROC_START_FORK}, &pool), 0);
	mproc_pool_close(pool);
}

#define assert_ok(call)                                                                                   \
	do {                                                                                              \
		int rc_of_call = (call);                                                                  \
		ck_assert_msg(rc_of_call == 0, #call " returned %d: %s", rc_of_call, mproc_error_text()); \
	} while (0)

UNUSED static int never_done(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	abort();
}

UNUSED static void never_combined(void *total, const void *part, const void *context)
{
	(void)total;
	(void)part;
	(void)context;
	abort();
}

/* A pool that has failed says so to whatever it is asked. */
UNUSED static void assert_has_failed(mproc_pool *pool, int code)
{
	mproc_future *future;
	mproc_stream *stream;
	double total = 0;

	ck_assert_int_eq(mproc_pool_map(pool, never_done, NULL, 0, 5, NULL, 0, NULL), code);
	ck_assert_int_eq(
		mproc_pool_reduce(pool, never_done, never_combined, NULL, 0, 5, &total, 8, NULL), code);
	ck_assert_int_eq(mproc_pool_apply(pool, never_done, NULL, 0, NULL, 0, NULL), code);
	ck_assert_int_eq(mproc_pool_submit(pool, never_done, NULL, 0, 0, NULL, &future), code);
	ck_assert_int_eq(
		mproc_pool_map_async(pool, never_done, NULL, 0, 5, NULL, 0, NULL, NULL, NULL, &future), code);
	ck_assert_int_eq(mproc_pool_imap(pool, never_done, NULL, 0, 5, 0, NULL, &stream), code);
	ck_assert_int_eq(mproc_pool_drain(pool, MPROC_FOREVER), code);
	ck_assert_int_eq(mproc_pool_resize(pool, 2), code);
	ck_assert_int_eq(mproc_pool_fd(pool), code);
}

UNUSED static mproc_pool *open_processes(unsigned workers)
{
	mproc_pool *pool = NULL;

	assert_ok(mproc_pool_open(&(mproc_pool_options){.workers = workers}, &pool));
	return pool;
}

/* Memory that all processes of a test share, also those that are no members of the family. */
UNUSED static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

UNUSED static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

UNUSED static void pause_shortly(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

/* Wait for what tells nobody that it has come true; the test's time-out ends it. */
#define wait_until(condition)            \
	do {                             \
		while (!(condition))     \
			pause_shortly(); \
	} while (0)

/* Returns whether @pid runs and is a child of @parent; its name in @ret_name. */
UNUSED static bool is_child(pid_t pid, pid_t parent, char ret_name[32])
{
	char path[64], state = 'X';
	int its_parent = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fscanf(file, "%*d (%31[^)]) %c %d", ret_name, &state, &its_parent) != 3)
		its_parent = 0;
	fclose(file);
	return its_parent == parent && state != 'Z' && state != 'X';
}

/* The running children of a process. */
UNUSED static int find_children(pid_t parent, pid_t ret_children[MOST_PROCESSES])
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	char name[32];
	int count = 0;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL && count < MOST_PROCESSES) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && is_child(pid, parent, name))
			ret_children[count++] = pid;
	}
	closedir(directory);
	return count;
}

UNUSED static int count_children(pid_t parent)
{
	pid_t children[MOST_PROCESSES];

	return find_children(parent, children);
}

/* The nursery of the only pool of process @parent; 0 when there is none. */
UNUSED static pid_t find_nursery_of(pid_t parent)
{
	pid_t children[MOST_PROCESSES];
	int count = find_children(parent, children);
	char name[32];

	for (int i = 0; i < count; ++i) {
		if (is_child(children[i], parent, name) && strstr(name, "nursery") != NULL)
			return children[i];
	}
	return 0;
}

UNUSED static pid_t find_nursery(void)
{
	pid_t nursery = find_nursery_of(getpid());

	ck_assert_int_gt(nursery, 0);
	return nursery;
}

/* Signal @pid if it is a child of @parent: a pid alone may mean another process by now. */
UNUSED static void signal_child(pid_t pid, pid_t parent, int number)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	char name[32];

	if (fd < 0)
		return;
	if (is_child(pid, parent, name))
		syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
	close(fd);
}

/* The kernel's letter for the state of a process; 'X' when there is none. */
UNUSED static char state_of(pid_t pid)
{
	char path[64], state = 'X';
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 'X';
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	fclose(file);
	return state;
}

UNUSED static bool is_stopped(pid_t pid)
{
	return state_of(pid) == 'T';
}

/* Whether a process has ended, reaped or not. */
UNUSED static bool has_ended(pid_t pid)
{
	char state = state_of(pid);

	return state == 'Z' || state == 'X';
}

/* Run @function in a plain child, which must end well, so that limits and credentials are its own. */
UNUSED static void in_child(void (*function)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		function();
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	while (waitpid(pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status %#x: %s",
		status, "its failure is told above");
}

UNUSED static mproci_arena_census take_census(void)
{
	mproci_arena_census census;

	ck_assert_msg(mproci_arena_check(&census) == 0, "%s", mproc_error_text());
	return census;
}

UNUSED static int count_blocks(void)
{
	mproci_arena_census census = take_census();

	return (int)(census.small_used + census.big_blocks);
}

UNUSED static int count_entries(const char *path)
{
	DIR *directory = opendir(path);
	int count = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory) != NULL)
		++count;
	closedir(directory);
	return count;
}

/* The descriptors of this process. */
UNUSED static int count_descriptors(void)
{
	return count_entries("/proc/self/fd");
}

#define assert_text_has(part)                                                                    \
	ck_assert_msg(strstr(mproc_error_text(), part) != NULL, "\"%s\" is not in \"%s\"", part, \
		mproc_error_text())

/* item: uint64_t, result: its square. */
UNUSED static int square(const void *item, void *result, mproc_task *task)
{
	uint64_t number = *(const uint64_t *)item;

	(void)task;
	*(uint64_t *)result = number * number;
	return 0;
}

/* See that a pool works. */
UNUSED static void assert_usable(mproc_pool *pool)
{
	uint64_t items[100], squares[100] = {0};

	for (uint64_t i = 0; i < 100; ++i)
		items[i] = i;
	assert_ok(mproc_pool_map(pool, square, items, sizeof *items, 100, squares, sizeof *squares, NULL));
	for (uint64_t i = 0; i < 100; ++i)
		ck_assert_uint_eq(squares[i], i * i);
}

#endif
