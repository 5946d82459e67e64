/* SPDX-License-Identifier: MIT */
#include "arena/fixture.h"
#include "support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	COUNT = 400
};

static unsigned seed = 1;

static unsigned below(unsigned limit)
{
	return (unsigned)rand_r(&seed) % limit;
}

/* The whole arena is one free run. */
static void setup(void)
{
	mproci_arena_census census = fixture_census_at_rest();

	ck_assert_uint_eq(census.free_units, census.units);
}

static void take(uint32_t length, uint32_t *ret_unit)
{
	bool is_dirty;

	ck_assert_int_eq(mproci_run_lock(), 0);
	ck_assert_int_eq(mproci_run_take(length, mproci_heap_here()->owner, ret_unit, &is_dirty), 0);
	mproci_run_unlock();
	ck_assert(!is_dirty);
}

static void give(uint32_t unit, uint32_t length)
{
	mproci_run_give(unit, length, mproci_heap_here()->owner);
}

START_TEST(runs_given_back_in_any_order_become_one)
{
	uint32_t units[COUNT], lengths[COUNT];

	for (int i = 0; i < COUNT; ++i) {
		lengths[i] = 1 + below(40);
		take(lengths[i], &units[i]);
	}
	for (int left = COUNT; left > 0; --left) {
		unsigned i = below((unsigned)left);

		give(units[i], lengths[i]);
		units[i] = units[left - 1];
		lengths[i] = lengths[left - 1];
		fixture_census();
	}
	ck_assert_uint_eq(fixture_census().free_runs, 1);
	ck_assert_uint_eq(fixture_census().free_units, fixture_census().units);
}
END_TEST

START_TEST(the_first_run_that_fits_is_taken)
{
	uint32_t units[6], unit;

	/* Free: 2 units at the first, 4 at the third. */
	for (uint32_t i = 0; i < 6; ++i)
		take(i % 2 == 0 ? 2 + i : 1, &units[i]);
	give(units[0], 2);
	give(units[2], 4);
	take(3, &unit);
	ck_assert_uint_eq(unit, units[2]);
	give(unit, 3);
	take(2, &unit);
	ck_assert_uint_eq(unit, units[0]);
	give(unit, 2);
	give(units[1], 1);
	take(7, &unit);
	ck_assert_uint_eq(unit, units[0]);
	give(unit, 7);
	give(units[3], 1);
	give(units[4], 6);
	give(units[5], 1);
}
END_TEST

static int take_at(uint32_t unit, uint32_t length)
{
	int rc;

	ck_assert_int_eq(mproci_run_lock(), 0);
	rc = mproci_run_take_at(unit, length, mproci_heap_here()->owner);
	mproci_run_unlock();
	fixture_census();
	return rc;
}

START_TEST(a_run_is_taken_at_its_place_if_that_is_free)
{
	uint32_t first, middle, last;

	take(2, &first);
	take(5, &middle);
	take(1, &last);
	ck_assert_int_eq(take_at(first + 2, 1), -ENOMEM);
	give(middle, 5);
	/* Some of the free units, more than there are, the others, and none. */
	ck_assert_int_eq(take_at(middle, 2), 0);
	ck_assert_int_eq(take_at(middle + 2, 4), -ENOMEM);
	ck_assert_int_eq(take_at(middle + 2, 3), 0);
	ck_assert_int_eq(take_at(last, 1), -ENOMEM);
	/* Behind the last: what is free at the end, and what was never used. */
	ck_assert_int_eq(take_at(last + 1, 3), 0);
	give(last + 1, 3);
	ck_assert_int_eq(take_at(last + 1, 10), 0);
	ck_assert_int_eq(take_at(last + 11, mproci_arena_here->unit_limit), -ENOMEM);
	give(first, 2);
	give(middle, 2);
	give(middle + 2, 3);
	give(last, 1);
	give(last + 1, 10);
	ck_assert_uint_eq(fixture_census().free_runs, 1);
}
END_TEST

START_TEST(an_aligned_run_leaves_what_it_does_not_need)
{
	for (uint32_t alignment = 1; alignment <= 1024; alignment *= 2) {
		for (uint32_t length = 1; length < 20; length += 6) {
			uint32_t unit, before;
			bool is_dirty;

			take(3, &before);
			ck_assert_int_eq(mproci_run_lock(), 0);
			ck_assert_int_eq(mproci_run_take_aligned(length, alignment, mproci_heap_here()->owner,
						 &unit, &is_dirty),
				0);
			mproci_run_unlock();
			ck_assert_uint_eq(
				(uintptr_t)mproci_run_memory(unit) / MPROCI_UNIT_SIZE % alignment, 0);
			ck_assert_uint_eq(fixture_census().held_units, 3 + length);
			give(before, 3);
			give(unit, length);
			ck_assert_uint_eq(fixture_census().free_runs, 1);
		}
	}
}
END_TEST

START_TEST(a_run_is_split_and_joined)
{
	uint64_t owner = mproci_heap_here()->owner;
	uint32_t unit, guard;

	take(6, &unit);
	take(1, &guard);
	ck_assert_int_eq(mproci_run_lock(), 0);
	mproci_run_split(unit, mproci_unit_held(2, owner), unit + 2, mproci_unit_held(4, owner));
	mproci_run_unlock();
	ck_assert_uint_eq(fixture_census().held_units, 7);
	give(unit + 2, 4);
	ck_assert_uint_eq(fixture_census().free_units, 4);
	ck_assert_int_eq(take_at(unit + 2, 3), 0);
	ck_assert_int_eq(mproci_run_lock(), 0);
	mproci_run_join(unit, mproci_unit_held(5, owner), unit + 2);
	mproci_run_unlock();
	ck_assert_uint_eq(fixture_census().held_units, 6);
	give(unit, 5);
	give(guard, 1);
	ck_assert_uint_eq(fixture_census().free_runs, 1);
}
END_TEST

START_TEST(every_step_of_a_random_walk_keeps_the_invariants)
{
	enum {
		STEPS = 5000
	};
	uint32_t units[COUNT], lengths[COUNT] = {0}, held = 0;

	for (int step = 0; step < STEPS; ++step) {
		unsigned i = below(COUNT);

		if (lengths[i] != 0) {
			give(units[i], lengths[i]);
			held -= lengths[i];
			lengths[i] = 0;
		} else {
			lengths[i] = 1 + below(1U << below(8));
			take(lengths[i], &units[i]);
			held += lengths[i];
		}
		ck_assert_uint_eq(fixture_census().held_units, held);
	}
	for (int i = 0; i < COUNT; ++i) {
		if (lengths[i] != 0)
			give(units[i], lengths[i]);
	}
	ck_assert_uint_eq(fixture_census().free_runs, 1);
}
END_TEST

START_TEST(a_freed_run_reads_as_zero)
{
	uint32_t unit;
	char *memory, zeros[4096] = {0};

	take(3, &unit);
	memory = mproci_run_memory(unit);
	memset(memory, 1, 3 * MPROCI_UNIT_SIZE);
	give(unit, 3);
	for (int i = 0; i < 3 * MPROCI_UNIT_SIZE; i += 4096)
		ck_assert_int_eq(memcmp(memory + i, zeros, sizeof zeros), 0);
}
END_TEST

START_TEST(the_check_finds_a_wrong_word)
{
	uint32_t unit;
	uint64_t word;

	take(3, &unit);
	word = atomic_exchange(&mproci_arena_here->table[unit + 1], mproci_unit_free(1, false));
	ck_assert_int_lt(mproci_arena_check(NULL), 0);
	atomic_store(&mproci_arena_here->table[unit + 1], word);
	word = atomic_exchange(&mproci_arena_here->table[unit], mproci_unit_free(3, false));
	ck_assert_int_lt(mproci_arena_check(NULL), 0);
	atomic_store(&mproci_arena_here->table[unit], word);
	fixture_census();
	give(unit, 3);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		runs_given_back_in_any_order_become_one,
		the_first_run_that_fits_is_taken,
		a_run_is_taken_at_its_place_if_that_is_free,
		an_aligned_run_leaves_what_it_does_not_need,
		a_run_is_split_and_joined,
		every_step_of_a_random_walk_keeps_the_invariants,
		a_freed_run_reads_as_zero,
		the_check_finds_a_wrong_word,
		NULL,
	};
	const support_suite suite = {
		.name = "arena, runs", .tests = tests, .warm_up = fixture_warm_up, .setup = setup};

	return support_run_suite(&suite);
}
