/* SPDX-License-Identifier: MIT */
#include "sys/limits.h"

#include "people.h"
#include "support.h"
#include "sys/child.h"
#include "sys/file_fixture.h"

#include <errno.h>
#include <mproc/result.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MIB = 1024 * 1024
};

static bool can_map(size_t size, int kind)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	munmap(memory, size);
	return true;
}

static int reach_limit_of_data(void *unused)
{
	(void)unused;
	ck_assert_int_eq(mproci_limit_data(64 * MIB), 0);
	ck_assert(can_map(60 * MIB, MAP_PRIVATE));
	ck_assert(!can_map(68 * MIB, MAP_PRIVATE));
	ck_assert(can_map(68 * MIB, MAP_SHARED));
	return 0;
}

/* What it was forked with would not fit into the limit. */
START_TEST(data_is_limited_to_what_comes_later)
{
	void *memory = mmap(NULL, 256 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	ck_assert_int_eq(support_reap(support_fork(reach_limit_of_data, NULL)), 0);
	munmap(memory, 256 * MIB);
}
END_TEST

static int limit_twice(void *unused)
{
	struct rlimit first, limit;

	(void)unused;
	ck_assert_int_eq(mproci_limit_data(64 * MIB), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_DATA, &first), 0);
	ck_assert_int_eq(mproci_limit_data(UINT64_MAX), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_DATA, &limit), 0);
	ck_assert_uint_eq(limit.rlim_cur, first.rlim_cur);
	ck_assert_uint_eq(limit.rlim_max, first.rlim_max);
	return 0;
}

START_TEST(lower_limit_stays)
{
	ck_assert_int_eq(support_reap(support_fork(limit_twice, NULL)), 0);
}
END_TEST

/* Another user than root, one that has nothing else. */
static void become_another_user(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(setuid(1000000 + (uid_t)getpid()), 0);
}

/* Those that a program gets are not limited. */
static bool are_cores_files(void)
{
	FILE *pattern = fopen("/proc/sys/kernel/core_pattern", "re");
	int first = pattern == NULL ? '|' : fgetc(pattern);

	if (pattern != NULL)
		fclose(pattern);
	return first != '|';
}

static int dump(void *unused)
{
	(void)unused;
	ck_assert_int_eq(chdir(in_tree("/cores")), 0);
	signal(SIGABRT, SIG_DFL);
	abort();
}

static int be_without_core(void *unused)
{
	limit(RLIMIT_CORE, 0);
	return dump(unused);
}

static mproci_ending end_of(support_deed *deed)
{
	mproci_ending ending;
	pid_t pid = support_fork(deed, NULL);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	mproci_child_ending(pidfd, &ending);
	support_reap(pid);
	close(pidfd);
	ck_assert_int_eq(ending.signal, SIGABRT);
	return ending;
}

START_TEST(core_is_told_of_and_where_it_is_limited_to_nothing_there_is_none)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_CORE, &limit), 0);
	if (limit.rlim_max < MIB || !are_cores_files())
		return;
	tree_write("/cores/come_here", "");
	ck_assert(end_of(dump).has_core);
	ck_assert(!end_of(be_without_core).has_core);
}
END_TEST

static int be_refused(void *unused)
{
	(void)unused;
	become_another_user();
	refuse_call(SYS_prlimit64, EPERM);
	ck_assert_int_eq(mproci_limit_data(UINT64_MAX), -EPERM);
	support_check_text("bytes: Operation not permitted");
	return 0;
}

START_TEST(refusal_names_the_limit)
{
	ck_assert_int_eq(support_reap(support_fork(be_refused, NULL)), 0);
}
END_TEST

static int have_no_descriptor(void *unused)
{
	(void)unused;
	limit(RLIMIT_NOFILE, 0);
	ck_assert_int_eq(mproci_limit_data(7), -ENOENT);
	ck_assert_str_eq(mproc_error_text(), "a limit of 7 bytes more: /proc/self/statm cannot be read");
	return 0;
}

START_TEST(without_proc_data_is_not_limited)
{
	ck_assert_int_eq(support_reap(support_fork(have_no_descriptor, NULL)), 0);
}
END_TEST

static int raise_descriptors(void *unused)
{
	const struct rlimit now = {.rlim_cur = 10, .rlim_max = 20};

	(void)unused;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
	ck_assert_uint_eq(mproci_limit_raise_descriptors(15), 15);
	ck_assert_uint_eq(mproci_limit_raise_descriptors(5), 15);
	ck_assert_uint_eq(mproci_limit_raise_descriptors(100), 20);
	return 0;
}

START_TEST(descriptors_are_raised_as_far_as_may_be)
{
	ck_assert_int_eq(support_reap(support_fork(raise_descriptors, NULL)), 0);
}
END_TEST

int main(void)
{
	return support_run_suite(&(support_suite){
		.name = "limits",
		.setup = tree_create,
		.teardown = tree_remove,
		.tests = (const TTest *[]){NULL},
		.process_tests =
			(const TTest *[]){
				data_is_limited_to_what_comes_later,
				lower_limit_stays,
				core_is_told_of_and_where_it_is_limited_to_nothing_there_is_none,
				refusal_names_the_limit,
				without_proc_data_is_not_limited,
				descriptors_are_raised_as_far_as_may_be,
				NULL,
			},
	});
}
