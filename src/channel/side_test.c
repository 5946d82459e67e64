/* SPDX-License-Identifier: MIT */
#include "channel/side.h"

#include "people.h"
#include "support.h"

#include <mproc/arena.h>

enum {
	STEPS = 200000,
};

/* In the arena: others sleep on it. */
static mproci_side *side;

static void make_side(void)
{
	side = mproc_aligned_alloc(_Alignof(mproci_side), sizeof *side);
	ck_assert_ptr_nonnull(side);
	ck_assert_int_eq(mproci_side_init(side, MPROCI_LOCK_OF_PRODUCERS), 0);
}

static void free_side(void)
{
	ck_assert_int_eq(mproc_free(side), 0);
}

/* Totals that belong to each other, so that one sees whether they are from different moments. */
static mproci_totals totals_at(uint64_t messages)
{
	return (mproci_totals){.position = 8 * messages, .messages = messages, .bytes = 3 * messages};
}

static bool belong_together(mproci_totals totals)
{
	return totals.position == 8 * totals.messages && totals.bytes == 3 * totals.messages;
}

static void check_totals(mproci_totals got, uint64_t messages)
{
	ck_assert_uint_eq(got.messages, messages);
	ck_assert(belong_together(got));
}

START_TEST(nothing_has_passed_a_new_side)
{
	check_totals(mproci_side_read(side), 0);
	check_totals(mproci_side_own(side), 0);
}
END_TEST

START_TEST(totals_are_what_passed_last)
{
	for (uint64_t i = 1; i < 100; ++i) {
		mproci_side_pass(side, totals_at(i * i));
		check_totals(mproci_side_read(side), i * i);
		check_totals(mproci_side_own(side), i * i);
	}
}
END_TEST

/* Written down, but for the store that counts. */
static void be_killed_passing(mproci_totals next)
{
	uint64_t position = atomic_load(&side->position);
	int i = atomic_load(&side->totals[0].position) == position ? 1 : 0;

	atomic_store(&side->totals[i].position, next.position);
	atomic_store(&side->totals[i].messages, next.messages);
	atomic_store(&side->totals[i].bytes, next.bytes);
}

START_TEST(totals_are_the_old_ones_when_who_lets_something_pass_is_killed)
{
	for (uint64_t i = 1; i < 20; i += 2) {
		for (uint64_t beyond = 1; beyond < 4; ++beyond) {
			be_killed_passing(totals_at(i - 1 + beyond));
			check_totals(mproci_side_read(side), i - 1);
			check_totals(mproci_side_own(side), i - 1);
		}
		mproci_side_pass(side, totals_at(i));
		check_totals(mproci_side_read(side), i);
		mproci_side_pass(side, totals_at(i + 1));
		check_totals(mproci_side_read(side), i + 1);
	}
}
END_TEST

static int let_all_pass(void *unused)
{
	(void)unused;
	for (uint64_t i = 1; i <= STEPS; ++i)
		mproci_side_pass(side, totals_at(i));
	return 0;
}

static int read_until_the_end(void *unused)
{
	uint64_t last = 0;

	(void)unused;
	while (last < STEPS) {
		mproci_totals totals = mproci_side_read(side);

		if (!belong_together(totals) || totals.messages < last)
			return -1;
		last = totals.messages;
	}
	return 0;
}

START_TEST(totals_are_of_one_instant)
{
	support_thread readers[2], writer;

	for (int i = 0; i < 2; ++i)
		support_begin(&readers[i], read_until_the_end, NULL);
	support_begin(&writer, let_all_pass, NULL);
	ck_assert_int_eq(support_end(&writer), 0);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_end(&readers[i]), 0);
}
END_TEST

START_TEST(totals_of_another_process_are_of_one_instant)
{
	pid_t writer = support_fork(let_all_pass, NULL);

	ck_assert_int_eq(read_until_the_end(NULL), 0);
	ck_assert_int_eq(support_reap(writer), 0);
}
END_TEST

/* Whoever finds that nothing has passed yet waits until the lock is free: then it has. */
static int sleep_until_something_passes(void *unused)
{
	uint32_t key = mproci_event_count_prepare(&side->passing);

	(void)unused;
	if (mproci_side_read(side).messages != 0) {
		mproci_event_count_cancel(&side->passing);
		return 0;
	}
	return mproci_event_count_wait(&side->passing, key, MPROC_FOREVER);
}

START_TEST(what_passes_wakes_those_who_sleep)
{
	support_thread sleepers[3];

	for (int i = 0; i < 3; ++i)
		support_begin(&sleepers[i], sleep_until_something_passes, NULL);
	support_await_sleepers(3);
	mproci_side_pass(side, totals_at(3));
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(support_end(&sleepers[i]), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		nothing_has_passed_a_new_side,
		totals_are_what_passed_last,
		totals_are_the_old_ones_when_who_lets_something_pass_is_killed,
		totals_are_of_one_instant,
		what_passes_wakes_those_who_sleep,
		NULL,
	};
	const TTest *process_tests[] = {
		totals_of_another_process_are_of_one_instant,
		NULL,
	};
	const support_suite suite = {
		.name = "side",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_side,
		.teardown = free_side,
	};

	return support_run_suite(&suite);
}
