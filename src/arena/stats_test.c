/* SPDX-License-Identifier: MIT */
#include "arena/fixture.h"
#include "family/member.h"
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	COUNT = 3000,
	SMALL = 100,
	/* What a block of that size can hold. */
	SMALL_USABLE = 112,
	BIG = 100000,
	BIG_USABLE = 25 * MPROCI_PAGE,
};

static mproc_arena_usage usage_of(pid_t pid)
{
	mproc_arena_usage usage;
	int rc = mproc_arena_stats(pid, &usage);

	ck_assert_msg(rc == 0, "%d, %s", rc, mproc_error_text());
	ck_assert_uint_le(usage.used, usage.committed);
	ck_assert_uint_eq(
		usage.reserved, pid == 0 ? (size_t)mproci_arena_here->unit_limit * MPROCI_UNIT_SIZE : 0);
	return usage;
}

static void setup(void)
{
	fixture_census_at_rest();
}

START_TEST(empty_arena_has_nothing_in_use)
{
	mproc_arena_usage usage = usage_of(0);

	ck_assert_uint_eq(usage.used, 0);
	ck_assert_uint_eq(usage.blocks, 0);
	ck_assert_uint_eq(usage.committed, 0);
}
END_TEST

START_TEST(blocks_count_with_what_they_can_hold)
{
	void *small = mproc_alloc(SMALL), *big = mproc_alloc(BIG);
	mproc_arena_usage usage = usage_of(0);

	ck_assert_uint_eq(usage.blocks, 2);
	ck_assert_uint_eq(usage.used, SMALL_USABLE + BIG_USABLE);
	ck_assert_uint_eq(usage.committed, MPROCI_UNIT_SIZE + BIG_USABLE);
	ck_assert_int_eq(mproc_free(small), 0);
	ck_assert_int_eq(mproc_free(big), 0);
	usage = usage_of(0);
	ck_assert_uint_eq(usage.blocks, 0);
	ck_assert_uint_eq(usage.used, 0);
}
END_TEST

START_TEST(every_class_counts_its_own_size)
{
	static void *blocks[MPROCI_SIZE_CLASSES];
	size_t expected = 0;

	for (int i = 0; i < MPROCI_SIZE_CLASSES; ++i) {
		ck_assert_ptr_nonnull(blocks[i] = mproc_alloc(mproci_size_classes[i].size));
		expected += mproci_size_classes[i].size;
		ck_assert_uint_eq(usage_of(0).used, expected);
		ck_assert_uint_eq(usage_of(0).blocks, (size_t)i + 1);
	}
	ck_assert_uint_eq(usage_of(0).committed, (size_t)MPROCI_SIZE_CLASSES * MPROCI_UNIT_SIZE);
	for (int i = 0; i < MPROCI_SIZE_CLASSES; ++i)
		ck_assert_int_eq(mproc_free(blocks[i]), 0);
}
END_TEST

static void *free_it(void *block)
{
	ck_assert_int_eq(mproc_free(block), 0);
	return NULL;
}

START_TEST(what_another_thread_freed_is_free)
{
	void *block = mproc_alloc(SMALL);
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, free_it, block), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(usage_of(0).blocks, 0);
}
END_TEST

START_TEST(what_all_threads_of_a_process_have_is_the_process_s)
{
	void *blocks[2] = {mproc_alloc(SMALL), mproc_alloc(BIG)};
	mproc_arena_usage all = usage_of(0), own = usage_of(getpid());

	ck_assert_uint_eq(own.blocks, 2);
	ck_assert_uint_eq(own.used, all.used);
	ck_assert_uint_eq(own.committed, all.committed);
	ck_assert_int_eq(mproc_free(blocks[0]), 0);
	ck_assert_int_eq(mproc_free(blocks[1]), 0);
}
END_TEST

/* Others allocate and free all the time: whatever is counted is no more than there can be. */
static _Atomic bool is_over;
enum {
	MOST = 4
};

static void *work(void *unused)
{
	static const size_t sizes[] = {16, 5000, 300, 70000, 800, 8192};

	for (unsigned round = 0; !atomic_load(&is_over); ++round) {
		void *blocks[MOST];

		/* Spans are given back, or become spans of another class. */
		for (unsigned i = 0; i < MOST; ++i)
			blocks[i] = mproc_alloc(sizes[(round + i) % 6]);
		for (unsigned i = 0; i < MOST; ++i)
			mproc_free(blocks[i]);
		if (round % 4 == 0)
			mproci_heap_trim(mproci_heap_here());
	}
	return unused;
}

START_TEST(counting_and_allocating_go_on_at_the_same_time)
{
	enum {
		WORKERS = 3
	};
	pthread_t threads[WORKERS];

	atomic_store(&is_over, false);
	for (int i = 0; i < WORKERS; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, NULL), 0);
	for (int i = 0; i < 2000; ++i)
		ck_assert_uint_le(usage_of(0).blocks, WORKERS * MOST);
	atomic_store(&is_over, true);
	for (int i = 0; i < WORKERS; ++i)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(usage_of(0).blocks, 0);
}
END_TEST

START_TEST(stats_refuse_no_place_for_the_result)
{
	ck_assert_int_eq(mproc_arena_stats(0, NULL), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), "ret_usage is NULL");
}
END_TEST

START_TEST(stats_of_a_stranger_fail)
{
	mproc_arena_usage usage = {.blocks = 77};

	ck_assert_int_eq(mproc_arena_stats(-5, &usage), -ESRCH);
	ck_assert_str_eq(mproc_error_text(), "no process -5 in the family");
	ck_assert_int_eq(mproc_arena_stats(getppid(), &usage), -ESRCH);
	ck_assert_uint_eq(usage.blocks, 77);
}
END_TEST

/* Written by children, too. */
static struct {
	void *blocks[COUNT];
	mproci_id member;
} * shared;

static int told[2];

/* Fork plainly; the child allocates, tells, and waits to be killed. */
static pid_t start_allocator(void)
{
	pid_t pid;
	char byte = 0;

	ck_assert_int_eq(pipe(told), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (int i = 0; i < COUNT - 1; ++i)
			shared->blocks[i] = mproc_alloc(SMALL);
		shared->blocks[COUNT - 1] = mproc_alloc(BIG);
		shared->member = mproci_member_self();
		if (write(told[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(told[1]);
	ck_assert_int_eq(read(told[0], &byte, 1), 1);
	close(told[0]);
	return pid;
}

static void check_allocator(pid_t pid)
{
	mproc_arena_usage usage = usage_of(pid);
	size_t spans = (COUNT - 1 + 578) / 579;

	ck_assert_uint_eq(mproci_size_classes[mproci_size_class_of(SMALL)].count, 579);
	ck_assert_uint_eq(usage.blocks, COUNT);
	ck_assert_uint_eq(usage.used, (COUNT - 1) * SMALL_USABLE + BIG_USABLE);
	ck_assert_uint_eq(usage.committed, spans * MPROCI_UNIT_SIZE + BIG_USABLE);
}

START_TEST(stats_of_a_member_that_is_killed)
{
	mproc_arena_usage all;
	siginfo_t ending;
	pid_t pid;

	shared = mproc_calloc(1, sizeof *shared);
	pid = start_allocator();
	check_allocator(pid);
	ck_assert_uint_eq(usage_of(getpid()).blocks, 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &ending, WEXITED | WNOWAIT), 0);
	/* Dead, and not buried. */
	check_allocator(pid);
	all = usage_of(0);
	mproci_member_bury(shared->member);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(mproc_arena_stats(pid, &all), -ESRCH);
	/* Buried: its blocks are the family's, until somebody takes over its spans. */
	ck_assert_uint_eq(usage_of(0).blocks, all.blocks);
	ck_assert_uint_eq(usage_of(0).committed, all.committed);
	mproci_heap_sweep(mproci_heap_here(), true);
	ck_assert_uint_eq(usage_of(getpid()).blocks, COUNT);
	for (int i = 0; i < COUNT; ++i)
		ck_assert_int_eq(mproc_free(shared->blocks[i]), 0);
	ck_assert_int_eq(mproc_free(shared), 0);
	ck_assert_uint_eq(usage_of(0).blocks, 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		empty_arena_has_nothing_in_use,
		blocks_count_with_what_they_can_hold,
		every_class_counts_its_own_size,
		what_another_thread_freed_is_free,
		what_all_threads_of_a_process_have_is_the_process_s,
		counting_and_allocating_go_on_at_the_same_time,
		stats_refuse_no_place_for_the_result,
		stats_of_a_stranger_fail,
		NULL,
	};
	const TTest *process_tests[] = {
		stats_of_a_member_that_is_killed,
		NULL,
	};
	const support_suite suite = {
		.name = "arena, statistics",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = fixture_warm_up,
		.setup = setup,
	};

	return support_run_suite(&suite);
}
