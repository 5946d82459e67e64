/* SPDX-License-Identifier: MIT */
/*
 * support.c - runs tests, and sees that each of them leaves nothing behind.
 *
 * The footprint of the test's process is taken before and after each test.  Threads and descendants get a
 * moment to vanish, because what was joined or killed lingers in /proc; everything else must be gone at once.
 */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	default_timeout_seconds = 60,
	grace_milliseconds = 1000,
	most_descriptors = 4096,
	most_shm_entries = 256,
};

struct footprint {
	bool open[most_descriptors];
	int threads;
	int shm_count;
	char shm[most_shm_entries][NAME_MAX + 1];
};

static const support_suite *running;
static struct footprint before;

static DIR *open_directory(const char *path)
{
	DIR *directory = opendir(path);

	if (!directory)
		ck_abort_msg("cannot read %s: %s", path, strerror(errno));
	return directory;
}

/* The next entry that is not "." or ".." or hidden; NULL after the last one. */
static const char *next_entry(DIR *directory)
{
	const struct dirent *entry;

	do {
		entry = readdir(directory);
	} while (entry && entry->d_name[0] == '.');
	return entry ? entry->d_name : NULL;
}

static int count_threads(void)
{
	DIR *directory = open_directory("/proc/self/task");
	int count = 0;

	while (next_entry(directory))
		count++;
	closedir(directory);
	return count;
}

static void list_descriptors(bool open[most_descriptors])
{
	DIR *directory = open_directory("/proc/self/fd");
	const char *name;

	while ((name = next_entry(directory))) {
		int fd = atoi(name);

		if (fd != dirfd(directory) && fd < most_descriptors)
			open[fd] = true;
	}
	closedir(directory);
}

static void list_shm(struct footprint *footprint)
{
	DIR *directory = opendir("/dev/shm");
	const char *name;

	if (!directory)
		return;
	while (footprint->shm_count < most_shm_entries && (name = next_entry(directory)))
		snprintf(footprint->shm[footprint->shm_count++], sizeof footprint->shm[0], "%s", name);
	closedir(directory);
}

static bool had_shm(const char *name)
{
	for (int i = 0; i < before.shm_count; i++) {
		if (strcmp(before.shm[i], name) == 0)
			return true;
	}
	return false;
}

/* What the first call that needs a family opens for good. */
static bool is_of_family(const char *target)
{
	return strncmp(target, "/memfd:mproc", strlen("/memfd:mproc")) == 0;
}

static void check_descriptors(void)
{
	bool open[most_descriptors] = {false};

	list_descriptors(open);
	for (int fd = 0; fd < most_descriptors; fd++) {
		char link[64], target[256] = "";

		if (open[fd] == before.open[fd])
			continue;
		ck_assert_msg(open[fd], "the test closed descriptor %d, which it had not opened", fd);
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		if (readlink(link, target, sizeof target - 1) < 0)
			snprintf(target, sizeof target, "?");
		if (is_of_family(target))
			continue;
		ck_abort_msg("the test left descriptor %d open: %s", fd, target);
	}
}

/* Another test, at the same time: all put the number of their process into the names they make. */
static bool is_of_another_test(const char *name)
{
	int pid;

	return sscanf(name, "mproc-test-%d", &pid) == 1 && pid != (int)getpid();
}

static void check_shm(void)
{
	static struct footprint after;

	memset(&after, 0, sizeof after);
	list_shm(&after);
	for (int i = 0; i < after.shm_count; i++)
		ck_assert_msg(had_shm(after.shm[i]) || is_of_another_test(after.shm[i]),
			"the test left /dev/shm/%s", after.shm[i]);
}

/* Process @pid belongs to group @group and is alive; its name, as ps shows it, goes to @name. */
static bool lives_in_group(const char *pid, pid_t group, char name[32])
{
	char path[NAME_MAX + 16], state;
	int pgrp;
	FILE *file;
	bool lives = false;

	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%31[^)]) %c %*d %d", name, &state, &pgrp) == 3)
		lives = pgrp == group && state != 'Z' && state != 'X';
	fclose(file);
	return lives;
}

/* Describe one process of the test's group that is still alive, or return false.  */
static bool find_stray_process(char *description, size_t size)
{
	DIR *directory;
	const char *pid;
	char name[32];
	bool found = false;

	if (getpgrp() != getpid()) /* CK_FORK=no: the group may hold others */
		return false;
	directory = open_directory("/proc");
	while (!found && (pid = next_entry(directory))) {
		if (atoi(pid) <= 0 || atoi(pid) == getpid() || !lives_in_group(pid, getpgrp(), name))
			continue;
		snprintf(description, size, "process %.16s (%s), a descendant, running", pid, name);
		found = true;
	}
	closedir(directory);
	return found;
}

static bool find_child(char *description, size_t size)
{
	siginfo_t info = {0};

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		return false;
	if (info.si_pid)
		snprintf(description, size, "its child %d, which has ended, not waited for", info.si_pid);
	else
		snprintf(description, size, "a child running");
	return true;
}

static bool find_thread(char *description, size_t size)
{
	int threads = count_threads();

	if (threads <= before.threads)
		return false;
	snprintf(description, size, "%d thread(s) running", threads - before.threads);
	return true;
}

static void check_tasks(void)
{
	const struct timespec moment = {.tv_nsec = 1000 * 1000};
	char left[128];

	if (find_child(left, sizeof left))
		ck_abort_msg("the test left %s", left);
	for (int i = 0; i < grace_milliseconds; i++) {
		if (!find_thread(left, sizeof left) && !find_stray_process(left, sizeof left))
			return;
		nanosleep(&moment, NULL);
	}
	ck_abort_msg("the test left %s", left);
}

static void *do_nothing(void *unused)
{
	return unused;
}

/* ThreadSanitizer starts a thread of its own, for good, with the first thread of a process. */
static void start_sanitizer_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, do_nothing, NULL) == 0)
		pthread_join(thread, NULL);
}

static void take_footprint(void)
{
	if (support_threads_only())
		start_sanitizer_thread();
	if (running->warm_up)
		running->warm_up();
	memset(&before, 0, sizeof before);
	list_descriptors(before.open);
	list_shm(&before);
	before.threads = count_threads();
}

static void check_footprint(void)
{
	check_tasks();
	check_descriptors();
	check_shm();
}

/* Each test is a case of its own, so that CK_RUN_CASE can name it. */
static void add_tests(Suite *suite, const TTest *const *tests)
{
	for (; tests && *tests; tests++) {
		TCase *tc = tcase_create((*tests)->name);

		tcase_set_timeout(tc, running->timeout > 0 ? running->timeout : default_timeout_seconds);
		tcase_add_checked_fixture(tc, take_footprint, check_footprint);
		tcase_add_checked_fixture(tc, running->setup, running->teardown);
		tcase_add_test(tc, *tests);
		suite_add_tcase(suite, tc);
	}
}

int support_run_suite(const support_suite *suite)
{
	Suite *tests = suite_create(suite->name);
	SRunner *runner = srunner_create(tests);
	int failed;

	running = suite;
	add_tests(tests, suite->tests);
	if (!support_threads_only())
		add_tests(tests, suite->process_tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int support_run(const char *name, const TTest *const *tests)
{
	return support_run_suite(&(support_suite){.name = name, .tests = tests});
}

bool support_threads_only(void)
{
	return SUPPORT_THREADS_ONLY; /* from CMakeLists.txt */
}

/* Test programs lie in build/<preset>/tests/. */
const char *support_program(const char *path_in_build)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

	ck_assert_msg(length > 0, "cannot read /proc/self/exe: %s", strerror(errno));
	path[length] = '\0';
	for (int levels = 0; levels < 2; levels++)
		*strrchr(path, '/') = '\0';
	length = (ssize_t)strlen(path);
	snprintf(path + length, sizeof path - (size_t)length, "/%s", path_in_build);
	ck_assert_msg(access(path, X_OK) == 0, "%s is not there: was it built?", path);
	return path;
}
