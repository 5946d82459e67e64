/* SPDX-License-Identifier: MIT */
/*
 * What becomes of memory when whoever allocated it ends, in every way and at chosen points.  Every other point is
 * the kill harness's.
 */
#include "arena/block.h"
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
	COUNT = 5000
};

/*
 * Fork plainly, have the child become a member and call @work, and kill it then.  Returns the child's pid, which is
 * a zombie, not buried; its id in @ret_id.
 */
static pid_t kill_after(void (*work)(void *argument), void *argument, mproci_id *ret_id)
{
	int ends[2];
	siginfo_t ending;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		mproci_id id;

		if (mproci_family_join() < 0)
			_exit(1);
		id = mproci_member_self();
		work(argument);
		if (write(ends[1], &id, sizeof id) != sizeof id)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], ret_id, sizeof *ret_id), sizeof *ret_id);
	close(ends[0]);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &ending, WEXITED | WNOWAIT), 0);
	return pid;
}

/* What the library does when it learns of a death. */
static void bury(pid_t pid, mproci_id id)
{
	mproci_member_bury(id);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void run_to_death(void (*work)(void *argument), void *argument)
{
	mproci_id id;
	pid_t pid = kill_after(work, argument, &id);

	bury(pid, id);
}

/* Written by children, too. */
static struct {
	void *blocks[COUNT];
	_Atomic uint32_t unit;
} * shared;

static void setup(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
}

static void teardown(void)
{
	ck_assert_int_eq(mproc_free(shared), 0);
	ck_assert_uint_eq(fixture_census_at_rest().free_runs, 1);
}

static void alloc_all(void *size)
{
	for (int i = 0; i < COUNT; ++i) {
		shared->blocks[i] = mproc_alloc(*(size_t *)size);
		memset(shared->blocks[i], i, *(size_t *)size);
	}
}

static void free_all(void *unused)
{
	(void)unused;
	for (int i = 0; i < COUNT; ++i)
		ck_assert_int_eq(mproc_free(shared->blocks[i]), 0);
}

static void check_all(size_t size)
{
	for (int i = 0; i < COUNT; ++i) {
		unsigned char *block = shared->blocks[i];

		if (block[0] != i % 256 || block[size - 1] != i % 256)
			ck_abort_msg("block %d was overwritten", i);
	}
}

START_TEST(a_forked_child_frees_blocks_of_its_parent)
{
	size_t size = 100;

	alloc_all(&size);
	run_to_death(free_all, NULL);
	ck_assert_int_eq(mproc_free(shared->blocks[0]), -EALREADY);
	ck_assert_uint_eq(fixture_census().small_freed, COUNT);
	ck_assert_uint_eq(fixture_census_at_rest().small_freed, 0);
}
END_TEST

START_TEST(blocks_of_a_killed_child_stay_valid_and_can_be_freed)
{
	size_t size = 200;

	run_to_death(alloc_all, &size);
	check_all(size);
	ck_assert_uint_eq(fixture_census().small_used, COUNT);
	free_all(NULL);
}
END_TEST

START_TEST(big_blocks_of_a_killed_child_stay_valid_and_can_be_freed)
{
	size_t size = 9000;

	run_to_death(alloc_all, &size);
	check_all(size);
	free_all(NULL);
}
END_TEST

static void alloc_and_free_half(void *size)
{
	alloc_all(size);
	for (int i = 0; i < COUNT; i += 2)
		mproc_free(shared->blocks[i]);
}

START_TEST(spans_of_a_killed_child_are_used_by_others)
{
	size_t size = 100;
	uint32_t spans;

	run_to_death(alloc_and_free_half, &size);
	spans = fixture_census().spans;
	ck_assert_uint_gt(fixture_census().orphans, 0);
	for (int i = 0; i < COUNT; i += 2)
		ck_assert_ptr_nonnull(shared->blocks[i] = mproc_alloc(size));
	ck_assert_uint_eq(fixture_census().orphans, 0);
	ck_assert_uint_le(fixture_census().spans, spans + 1);
	free_all(NULL);
}
END_TEST

static void *alloc_in_thread(void *size)
{
	alloc_and_free_half(size);
	return NULL;
}

START_TEST(spans_of_an_ended_thread_are_used_by_others)
{
	size_t size = 100;
	pthread_t thread;
	uint32_t spans;

	ck_assert_int_eq(pthread_create(&thread, NULL, alloc_in_thread, &size), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	spans = fixture_census().spans;
	for (int i = 0; i < COUNT; i += 2)
		ck_assert_ptr_nonnull(shared->blocks[i] = mproc_alloc(size));
	ck_assert_uint_eq(fixture_census().orphans, 0);
	ck_assert_uint_le(fixture_census().spans, spans + 1);
	free_all(NULL);
}
END_TEST

static void hold_run(void *unused)
{
	uint32_t unit;
	bool is_dirty;

	(void)unused;
	mproc_free(mproc_alloc(1));
	mproci_run_lock();
	mproci_run_take(10, mproci_heap_here()->owner, &unit, &is_dirty);
	mproci_run_unlock();
}

START_TEST(a_run_held_by_a_killed_child_is_free_after_the_next_allocation)
{
	run_to_death(hold_run, NULL);
	ck_assert_uint_eq(fixture_census().held_units, 10);
	ck_assert_int_eq(mproc_free(mproc_alloc(10000)), 0);
	ck_assert_uint_eq(fixture_census().held_units, 0);
}
END_TEST

/* The state of things after a kill between publishing a journal and carrying it out: 3 of 5 units are being taken. */
static void die_before_the_stores(void *owner)
{
	mproci_journal *journal = &mproci_arena_here->journal;
	uint32_t unit = shared->unit;

	mproci_run_lock();
	journal->unit_count = mproci_arena_here->unit_count;
	journal->stores[0].unit = unit;
	journal->stores[0].word = mproci_unit_held(3, *(uint64_t *)owner);
	journal->stores[1].unit = unit + 3;
	journal->stores[1].word = mproci_unit_free(2, false);
	journal->stores[2].unit = unit + 4;
	journal->stores[2].word = mproci_unit_tail(2);
	atomic_store(&journal->count, 3);
}

START_TEST(the_journal_of_a_killed_child_is_carried_out)
{
	uint64_t nobody = 0;
	char *first = mproc_alloc(5 * MPROCI_UNIT_SIZE), *second = mproc_alloc(MPROCI_UNIT_SIZE);

	shared->unit = (uint32_t)((first - mproci_run_memory(0)) / MPROCI_UNIT_SIZE);
	ck_assert_int_eq(mproc_free(first), 0);
	run_to_death(die_before_the_stores, &nobody);
	ck_assert_uint_eq(fixture_census().held_units, 3);
	ck_assert_int_eq(mproc_free(mproc_alloc(10000)), 0);
	ck_assert_uint_eq(fixture_census().held_units, 0);
	ck_assert_int_eq(mproc_free(second), 0);
}
END_TEST

static void mark_freed(void *unused)
{
	(void)unused;
	for (int i = 0; i < COUNT; ++i) {
		mproci_block block;

		if (mproci_block_find(shared->blocks[i], &block) && block.unit == shared->unit)
			atomic_store(&mproci_span_at(block.unit)->states[block.index], MPROCI_BLOCK_FREED);
	}
	/* So that it has a thread that can be noticed to have ended. */
	mproci_thread_self();
}

START_TEST(what_a_child_freed_without_raising_the_flag_is_found)
{
	size_t size = 100;
	uint32_t spans, freed;

	alloc_all(&size);
	shared->unit = (uint32_t)(((char *)shared->blocks[0] - mproci_run_memory(0)) / MPROCI_UNIT_SIZE);
	run_to_death(mark_freed, NULL);
	spans = fixture_census().spans;
	freed = fixture_census().small_freed;
	ck_assert_uint_gt(freed, 0);
	/* The current span is used up on the way. */
	for (int i = 0; i < COUNT && fixture_census().small_freed > 0; ++i) {
		mproci_block block;

		if (mproci_block_find(shared->blocks[i], &block) && block.unit == shared->unit)
			shared->blocks[i] = mproc_alloc(size);
	}
	ck_assert_uint_eq(fixture_census().small_freed, 0);
	ck_assert_uint_eq(fixture_census().spans, spans);
	/* Those that were not allocated again are free already. */
	for (int i = 0; i < COUNT; ++i)
		mproc_free(shared->blocks[i]);
	ck_assert_uint_eq(fixture_census().small_used, 0);
}
END_TEST

static void *alloc_without_id(void *unused)
{
	char *block;

	(void)unused;
	ck_assert_uint_eq(mproci_thread_self(), 0);
	block = mproc_alloc(100);
	ck_assert_ptr_nonnull(block);
	ck_assert_uint_eq((uintptr_t)block % MPROCI_UNIT_SIZE, 0);
	memset(block, 1, 100);
	ck_assert_ptr_null(mproc_alloc((size_t)mproci_arena_here->unit_limit * MPROCI_UNIT_SIZE));
	block = mproc_realloc(block, 3 * MPROCI_UNIT_SIZE);
	ck_assert_ptr_nonnull(block);
	ck_assert_int_eq(block[99], 1);
	ck_assert_ptr_eq(mproc_realloc(block, MPROCI_UNIT_SIZE), block);
	ck_assert_ptr_eq(mproc_realloc(block, 100), block);
	ck_assert_uint_eq(mproc_usable_size(block), MPROCI_PAGE);
	ck_assert_int_eq(block[99], 1);
	ck_assert_uint_eq(fixture_census().held_units, 0);
	ck_assert_int_eq(mproc_free(block), 0);
	ck_assert_int_eq(mproc_free(block), -EALREADY);
	block = mproc_aligned_alloc((size_t)4 * MPROCI_UNIT_SIZE, 32);
	ck_assert_uint_eq((uintptr_t)block % ((size_t)4 * MPROCI_UNIT_SIZE), 0);
	ck_assert_int_eq(mproc_free(block), 0);
	/* Blocks of others, small ones too. */
	ck_assert_int_eq(mproc_free(shared->blocks[0]), 0);
	ck_assert_int_eq(mproc_free(shared->blocks[0]), -EALREADY);
	return NULL;
}

START_TEST(a_thread_that_finds_the_table_full_can_allocate_and_free)
{
	mproci_thread *slots = mproci_family_here->threads;
	pthread_t thread;
	uint64_t old;

	shared->blocks[0] = mproc_alloc(100);
	for (int i = 0; i < MPROCI_THREADS; ++i) {
		old = 0;
		atomic_compare_exchange_strong(&slots[i].word, &old, UINT64_C(0x100000001));
	}
	ck_assert_int_eq(pthread_create(&thread, NULL, alloc_without_id, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	for (int i = 0; i < MPROCI_THREADS; ++i) {
		old = UINT64_C(0x100000001);
		atomic_compare_exchange_strong(&slots[i].word, &old, 0);
	}
}
END_TEST

static void use_arena_as_member(void *unused)
{
	(void)unused;
	ck_assert_ptr_null(mproci_heap_here());
	shared->blocks[0] = mproc_alloc(100);
	ck_assert_ptr_nonnull(mproci_heap_here());
}

START_TEST(a_forked_child_does_not_allocate_in_spans_of_its_parent)
{
	char *own = mproc_alloc(100);

	run_to_death(use_arena_as_member, NULL);
	ck_assert_uint_ne((uintptr_t)own / MPROCI_UNIT_SIZE, (uintptr_t)shared->blocks[0] / MPROCI_UNIT_SIZE);
	ck_assert_int_eq(mproc_free(own), 0);
	ck_assert_int_eq(mproc_free(shared->blocks[0]), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		spans_of_an_ended_thread_are_used_by_others,
		a_thread_that_finds_the_table_full_can_allocate_and_free,
		NULL,
	};
	const TTest *process_tests[] = {
		a_forked_child_frees_blocks_of_its_parent,
		blocks_of_a_killed_child_stay_valid_and_can_be_freed,
		big_blocks_of_a_killed_child_stay_valid_and_can_be_freed,
		spans_of_a_killed_child_are_used_by_others,
		a_run_held_by_a_killed_child_is_free_after_the_next_allocation,
		the_journal_of_a_killed_child_is_carried_out,
		what_a_child_freed_without_raising_the_flag_is_found,
		a_forked_child_does_not_allocate_in_spans_of_its_parent,
		NULL,
	};
	const support_suite suite = {
		.name = "arena, heaps",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = fixture_warm_up,
		.setup = setup,
		.teardown = teardown,
	};

	return support_run_suite(&suite);
}
