/* SPDX-License-Identifier: MIT */
/*
 * The size of the arena: each test begins without one.
 */
#include "arena/root.h"
#include "family/family.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

static const char VARIABLE[] = "MPROC_ARENA_SIZE";

static void forget_environment(void)
{
	unsetenv(VARIABLE);
}

static size_t reserved(void)
{
	mproc_arena_usage usage;

	ck_assert_int_eq(mproc_arena_stats(0, &usage), 0);
	return usage.reserved;
}

/* The tables take a little. */
static void check_size(size_t size)
{
	ck_assert_uint_le(reserved(), size);
	ck_assert_uint_ge(reserved(), size - size / 1024 - 4 * MIB);
	ck_assert_uint_eq(mproci_family_here->size, size);
}

static void use_arena(void)
{
	char *block = mproc_alloc(100000);

	ck_assert_ptr_nonnull(block);
	block[99999] = 1;
	ck_assert_int_eq(mproc_free(block), 0);
}

START_TEST(arena_is_as_large_as_was_asked_for)
{
	ck_assert_int_eq(mproc_arena_reserve(64 * MIB), 0);
	ck_assert_ptr_nonnull(mproci_arena_here);
	check_size(64 * MIB);
	use_arena();
}
END_TEST

START_TEST(size_is_rounded_to_whole_pages)
{
	ck_assert_int_eq(mproc_arena_reserve(16 * MIB + 1), 0);
	ck_assert_uint_eq(mproci_family_here->size, 16 * MIB + 4096);
	/* But it is what was asked for. */
	ck_assert_int_eq(mproc_arena_reserve(16 * MIB + 1), 0);
	use_arena();
}
END_TEST

START_TEST(least_arena_can_be_filled)
{
	size_t count = 0;

	ck_assert_int_eq(mproc_arena_reserve(16 * MIB), 0);
	while (mproc_alloc(100000) != NULL)
		++count;
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_uint_gt(count, 16 * MIB / 100000 / 2);
}
END_TEST

START_TEST(reserving_again_succeeds_with_the_same_size_only)
{
	ck_assert_int_eq(mproc_arena_reserve(64 * MIB), 0);
	ck_assert_int_eq(mproc_arena_reserve(64 * MIB), 0);
	ck_assert_int_eq(mproc_arena_reserve(65 * MIB), -EALREADY);
	ck_assert_str_eq(mproc_error_text(), "there is an arena of 67108864 bytes already: not of 68157440");
	ck_assert_int_eq(mproc_arena_reserve(0), -EALREADY);
	ck_assert_int_eq(mproc_arena_reserve(15 * MIB), -EINVAL);
	check_size(64 * MIB);
}
END_TEST

START_TEST(no_size_is_the_usual_one)
{
	ck_assert_int_eq(mproc_arena_reserve(0), 0);
	ck_assert_uint_eq(mproci_family_here->wished, 256 * GIB);
	ck_assert_int_eq(mproc_arena_reserve(256 * GIB), 0);
	use_arena();
}
END_TEST

START_TEST(first_use_reserves_the_usual_size)
{
	use_arena();
	ck_assert_int_eq(mproc_arena_reserve(0), 0);
	ck_assert_int_eq(mproc_arena_reserve(GIB), -EALREADY);
	ck_assert_str_eq(
		mproc_error_text(), "there is an arena of 274877906944 bytes already: not of 1073741824");
}
END_TEST

START_TEST(reserving_does_not_disturb_what_is_allocated)
{
	char *block;

	ck_assert_int_eq(mproc_arena_reserve(GIB), 0);
	block = mproc_alloc(100);
	ck_assert_int_eq(mproc_arena_reserve(GIB), 0);
	ck_assert_uint_ge(mproc_usable_size(block), 100);
	ck_assert_int_eq(mproc_free(block), 0);
	ck_assert_int_eq(mproc_free(block), -EALREADY);
}
END_TEST

static void check_refused(size_t size, const char *number)
{
	ck_assert_int_eq(mproc_arena_reserve(size), -EINVAL);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), number));
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "bytes: it has 16777216 to 274877906944"));
	ck_assert_ptr_null(mproci_family_here);
}

START_TEST(size_that_is_too_small_or_too_large_is_refused)
{
	check_refused(1, "an arena of 1 ");
	check_refused(16 * MIB - 1, "an arena of 16777215 ");
	check_refused(256 * GIB + 1, "an arena of 274877906945 ");
	check_refused((size_t)1 << 60, "an arena of 1152921504606846976 ");
	check_refused(SIZE_MAX, "an arena of 18446744073709551615 ");
	use_arena();
}
END_TEST

static void limit(int resource, rlim_t most)
{
	struct rlimit now;

	getrlimit(resource, &now);
	now.rlim_cur = most;
	ck_assert_int_eq(setrlimit(resource, &now), 0);
}

START_TEST(arena_is_smaller_where_a_limit_demands_it)
{
	limit(RLIMIT_FSIZE, 32 * MIB);
	ck_assert_int_eq(mproc_arena_reserve(GIB), 0);
	check_size(32 * MIB);
	/* It is still the one that was asked for. */
	ck_assert_int_eq(mproc_arena_reserve(GIB), 0);
	ck_assert_int_eq(mproc_arena_reserve(32 * MIB), -EALREADY);
}
END_TEST

START_TEST(reserving_fails_where_a_limit_leaves_too_little)
{
	limit(RLIMIT_FSIZE, 8 * MIB);
	ck_assert_int_eq(mproc_arena_reserve(GIB), -ENOMEM);
	ck_assert_str_eq(mproc_error_text(),
		"shared memory: RLIMIT_AS or RLIMIT_FSIZE allows 8 MiB, needed are 16 MiB");
	limit(RLIMIT_FSIZE, RLIM_INFINITY);
	ck_assert_int_eq(mproc_arena_reserve(GIB), 0);
}
END_TEST

START_TEST(environment_says_how_large_the_arena_is)
{
	setenv(VARIABLE, "48M", 1);
	use_arena();
	check_size(48 * MIB);
	ck_assert_int_eq(mproc_arena_reserve(48 * MIB), 0);
	ck_assert_int_eq(mproc_arena_reserve(64 * MIB), -EALREADY);
}
END_TEST

START_TEST(environment_of_0_is_the_usual_size)
{
	setenv(VARIABLE, "0", 1);
	use_arena();
	ck_assert_uint_eq(mproci_family_here->wished, 256 * GIB);
}
END_TEST

START_TEST(call_overrides_the_environment)
{
	setenv(VARIABLE, "abc", 1);
	ck_assert_int_eq(mproc_arena_reserve(64 * MIB), 0);
	check_size(64 * MIB);
}
END_TEST

static void check_environment(const char *value, const char *text)
{
	mproc_arena_usage usage;

	setenv(VARIABLE, value, 1);
	errno = 0;
	ck_assert_ptr_null(mproc_alloc(1));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(mproc_error_text(), text);
	ck_assert_int_eq(mproc_free(&usage), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), text);
	ck_assert_int_eq(mproc_arena_stats(0, &usage), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), text);
}

START_TEST(first_call_fails_when_the_environment_has_no_size)
{
	check_environment(
		"abc", "MPROC_ARENA_SIZE is \"abc\": not a number of bytes, such as 67108864, 64M or 2G");
	check_environment("", "MPROC_ARENA_SIZE is \"\": not a number of bytes, such as 67108864, 64M or 2G");
	check_environment(
		"-64M", "MPROC_ARENA_SIZE is \"-64M\": not a number of bytes, such as 67108864, 64M or 2G");
	check_environment("1M", "MPROC_ARENA_SIZE is \"1M\": an arena has 16M to 256G");
	check_environment("257G", "MPROC_ARENA_SIZE is \"257G\": an arena has 16M to 256G");
	check_environment("99999999999T", "MPROC_ARENA_SIZE is \"99999999999T\": an arena has 16M to 256G");
	ck_assert_ptr_null(mproci_family_here);
	unsetenv(VARIABLE);
	use_arena();
}
END_TEST

enum {
	THREADS = 8
};

static pthread_barrier_t together;

static void *reserve_in_thread(void *size)
{
	int rc;

	pthread_barrier_wait(&together);
	rc = mproc_arena_reserve(*(size_t *)size);
	ck_assert(rc == 0 || rc == -EALREADY);
	return rc == 0 ? size : NULL;
}

START_TEST(of_threads_that_reserve_at_once_those_with_one_size_succeed)
{
	size_t sizes[2] = {32 * MIB, 64 * MIB};
	pthread_t threads[THREADS];
	int successes[2] = {0};

	pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < THREADS; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, reserve_in_thread, &sizes[i % 2]), 0);
	for (int i = 0; i < THREADS; ++i) {
		void *size;

		pthread_join(threads[i], &size);
		successes[i % 2] += size != NULL;
	}
	pthread_barrier_destroy(&together);
	ck_assert_int_eq(successes[0] + successes[1], THREADS / 2);
	ck_assert(successes[0] == 0 || successes[1] == 0);
	check_size(sizes[successes[0] == 0]);
}
END_TEST

/* Memory that is locked from now on is not the arena's.  Sanitizers make nothing of it. */
START_TEST(arena_is_not_filled_where_whatever_is_mapped_is_locked)
{
	struct rusage used;

	if (mlockall(MCL_FUTURE) != 0)
		return;
	ck_assert_int_eq(mproc_arena_reserve(512 * MIB), 0);
	use_arena();
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &used), 0);
	ck_assert_int_lt(used.ru_maxrss, 400 * 1024);
	munlockall();
}
END_TEST

static int reserve_in_child(size_t size)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(-mproc_arena_reserve(size));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

START_TEST(child_has_the_arena_of_its_parent)
{
	ck_assert_int_eq(mproc_arena_reserve(64 * MIB), 0);
	ck_assert_int_eq(reserve_in_child(64 * MIB), 0);
	ck_assert_int_eq(reserve_in_child(32 * MIB), -EALREADY);
}
END_TEST

START_TEST(child_forked_before_there_is_an_arena_reserves_its_own)
{
	ck_assert_int_eq(reserve_in_child(64 * MIB), 0);
	ck_assert_int_eq(mproc_arena_reserve(32 * MIB), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		arena_is_as_large_as_was_asked_for,
		size_is_rounded_to_whole_pages,
		least_arena_can_be_filled,
		reserving_again_succeeds_with_the_same_size_only,
		no_size_is_the_usual_one,
		first_use_reserves_the_usual_size,
		reserving_does_not_disturb_what_is_allocated,
		size_that_is_too_small_or_too_large_is_refused,
		arena_is_smaller_where_a_limit_demands_it,
		reserving_fails_where_a_limit_leaves_too_little,
		environment_says_how_large_the_arena_is,
		environment_of_0_is_the_usual_size,
		call_overrides_the_environment,
		first_call_fails_when_the_environment_has_no_size,
		of_threads_that_reserve_at_once_those_with_one_size_succeed,
		arena_is_not_filled_where_whatever_is_mapped_is_locked,
		NULL,
	};
	const TTest *process_tests[] = {
		child_has_the_arena_of_its_parent,
		child_forked_before_there_is_an_arena_reserves_its_own,
		NULL,
	};
	const support_suite suite = {
		.name = "arena, size",
		.tests = tests,
		.process_tests = process_tests,
		.setup = forget_environment,
	};

	return support_run_suite(&suite);
}
