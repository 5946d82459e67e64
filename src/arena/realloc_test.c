/* SPDX-License-Identifier: MIT */
#include "arena/fixture.h"
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	UNIT = MPROCI_UNIT_SIZE,
	PAGE = MPROCI_PAGE,
	/* A size below that of each class, that of the class, and some of big blocks. */
	SIZES = 2 * MPROCI_SIZE_CLASSES + 12,
};

/* What byte @i of a block holds. */
static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 7 + i / 251);
}

static void fill(unsigned char *block, size_t size)
{
	for (size_t i = 0; i < size; ++i)
		block[i] = pattern(i);
}

static void check_filled(const unsigned char *block, size_t size)
{
	for (size_t i = 0; i < size; ++i) {
		if (block[i] != pattern(i))
			ck_abort_msg("byte %zu of %zu is %u instead of %u", i, size, block[i], pattern(i));
	}
}

static unsigned char *make(size_t size)
{
	unsigned char *block = mproc_alloc(size);

	ck_assert_ptr_nonnull(block);
	fill(block, size);
	return block;
}

/* Change the size, and see that contents are kept.  Returns the block. */
static unsigned char *change(unsigned char *block, size_t from, size_t to)
{
	unsigned char *changed = mproc_realloc(block, to);

	ck_assert_msg(changed != NULL, "from %zu to %zu: %s", from, to, mproc_error_text());
	ck_assert_uint_ge(mproc_usable_size(changed), to);
	check_filled(changed, from < to ? from : to);
	if (changed != block)
		ck_assert_uint_eq(mproc_usable_size(block), 0);
	fill(changed, to);
	return changed;
}

static void drop(void *block)
{
	ck_assert_int_eq(mproc_free(block), 0);
}

static void check_nothing_is_left(void)
{
	mproci_arena_census census = fixture_census_at_rest();

	ck_assert_uint_eq(census.free_units, census.units);
	ck_assert_uint_le(census.free_runs, 1);
}

static void list_sizes(size_t sizes[SIZES])
{
	static const size_t big[] = {8193, 3 * PAGE, 3 * PAGE + 1, UNIT - 1, UNIT, UNIT + 1, 2 * UNIT,
		5 * UNIT + PAGE, 1 << 20, (1 << 20) + 1, 3 << 20, 0};
	int count = 0;

	for (int i = 0; i < MPROCI_SIZE_CLASSES; ++i) {
		sizes[count++] = mproci_size_classes[i].size - 5;
		sizes[count++] = mproci_size_classes[i].size;
	}
	for (size_t i = 0; i < sizeof big / sizeof *big; ++i)
		sizes[count++] = big[i];
	ck_assert_int_eq(count, SIZES);
}

START_TEST(contents_are_kept_from_every_size_to_every_other)
{
	size_t sizes[SIZES];

	list_sizes(sizes);
	for (int from = 0; from < SIZES; ++from) {
		for (int to = 0; to < SIZES; ++to)
			drop(change(make(sizes[from]), sizes[from], sizes[to]));
		fixture_census();
	}
	check_nothing_is_left();
}
END_TEST

START_TEST(one_block_goes_through_many_sizes)
{
	unsigned seed = 1;
	size_t size = 100;
	unsigned char *block = make(size);

	for (int i = 0; i < 3000; ++i) {
		size_t next = (unsigned)rand_r(&seed) % (1U << (unsigned)rand_r(&seed) % 21);

		block = change(block, size, next);
		size = next;
	}
	drop(block);
	check_nothing_is_left();
}
END_TEST

START_TEST(realloc_of_nothing_allocates)
{
	unsigned char *block = mproc_realloc(NULL, 1000);

	ck_assert_ptr_nonnull(block);
	fill(block, 1000);
	drop(block);
	check_nothing_is_left();
}
END_TEST

START_TEST(realloc_to_no_bytes_gives_a_block_that_holds_nothing)
{
	static const size_t sizes[] = {0, 16, 100, 8192, 8193, 1 << 20};
	void *none = mproc_realloc(NULL, 0);

	ck_assert_ptr_nonnull(none);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		void *block = mproc_realloc(make(sizes[i]), 0);

		ck_assert_ptr_nonnull(block);
		ck_assert_ptr_ne(block, none);
		ck_assert_uint_gt(mproc_usable_size(block), 0);
		drop(block);
	}
	drop(none);
	check_nothing_is_left();
}
END_TEST

START_TEST(small_block_stays_where_it_is_while_more_than_half_is_used)
{
	unsigned char *block = make(4000);

	ck_assert_uint_eq(mproc_usable_size(block), 4096);
	ck_assert_ptr_eq(change(block, 4000, 4096), block);
	ck_assert_ptr_eq(change(block, 4096, 2049), block);
	ck_assert_uint_eq(mproc_usable_size(block), 4096);
	block = change(block, 2049, 2048);
	ck_assert_uint_eq(mproc_usable_size(block), 2048);
	drop(block);
	/* There is no smaller one. */
	block = make(16);
	ck_assert_ptr_eq(change(block, 16, 0), block);
	drop(block);
}
END_TEST

START_TEST(big_block_that_shrinks_stays_and_returns_its_pages)
{
	unsigned char *block = make(5 * UNIT), *guard = make(UNIT);
	mproc_arena_usage before, after;

	ck_assert_int_eq(mproc_arena_stats(0, &before), 0);
	ck_assert_ptr_eq(change(block, 5 * UNIT, 5 * UNIT - PAGE), block);
	ck_assert_ptr_eq(change(block, 5 * UNIT - PAGE, 2 * UNIT + 1), block);
	ck_assert_uint_eq(mproc_usable_size(block), 2 * UNIT + PAGE);
	ck_assert_int_eq(mproc_arena_stats(0, &after), 0);
	ck_assert_uint_eq(before.committed - after.committed, 3 * UNIT - PAGE);
	ck_assert_uint_eq(fixture_census().free_units, 2);
	/* What it gave back reads as zero, and so does the rest of its last unit once it grows. */
	for (size_t i = mproc_usable_size(block); i < 5 * UNIT; i += PAGE)
		ck_assert_uint_eq(block[i], 0);
	drop(block);
	drop(guard);
	check_nothing_is_left();
}
END_TEST

START_TEST(units_that_a_block_gave_back_are_allocated_again)
{
	unsigned char *block = make(4 * UNIT), *guard = make(UNIT), *next;

	ck_assert_ptr_eq(change(block, 4 * UNIT, UNIT), block);
	next = make(3 * UNIT);
	ck_assert_ptr_eq(next, block + UNIT);
	check_filled(block, UNIT);
	drop(block);
	drop(next);
	drop(guard);
	check_nothing_is_left();
}
END_TEST

START_TEST(big_block_grows_where_it_is_while_nobody_is_behind_it)
{
	unsigned char *block = make(UNIT + PAGE), *behind = make(4 * UNIT), *guard = make(UNIT);

	/* In its own unit, into a part of the free run behind it, and into all of it. */
	ck_assert_ptr_eq(change(block, UNIT + PAGE, 2 * UNIT), block);
	drop(behind);
	ck_assert_ptr_eq(change(block, 2 * UNIT, 3 * UNIT + 1), block);
	ck_assert_uint_eq(fixture_census().free_units, 2);
	ck_assert_ptr_eq(change(block, 3 * UNIT + 1, 6 * UNIT), block);
	ck_assert_uint_eq(fixture_census().free_units, 0);
	/* Behind the last one is what was never used. */
	ck_assert_ptr_eq(change(guard, UNIT, 100 * UNIT), guard);
	ck_assert_ptr_eq(change(guard, 100 * UNIT, UNIT), guard);
	/* A free run that is too short, and then what was never used. */
	ck_assert_ptr_eq(change(guard, UNIT, 200 * UNIT), guard);
	drop(block);
	drop(guard);
	check_nothing_is_left();
}
END_TEST

START_TEST(big_block_moves_when_somebody_is_behind_it)
{
	unsigned char *block = make(UNIT), *behind = make(UNIT), *moved;

	moved = change(block, UNIT, UNIT + 1);
	ck_assert_ptr_ne(moved, block);
	ck_assert_int_eq(mproc_free(block), -EALREADY);
	/* One free unit behind the next is not enough either. */
	drop(behind);
	behind = moved;
	block = make(UNIT);
	ck_assert(block < behind);
	moved = change(block, UNIT, 3 * UNIT);
	ck_assert_ptr_ne(moved, block);
	drop(behind);
	drop(moved);
	check_nothing_is_left();
}
END_TEST

/* The kernel does not take locked pages back. */
START_TEST(pages_that_cannot_be_returned_do_not_show_in_what_is_zeroed)
{
	unsigned char *block = make(4 * UNIT), *guard = make(UNIT), *zeroed;

	if (mlock(block, 4 * UNIT) == 0) {
		ck_assert_ptr_eq(change(block, 4 * UNIT, UNIT + 1), block);
		zeroed = mproc_calloc(2, UNIT);
		ck_assert_ptr_eq(zeroed, block + 2 * UNIT);
		for (size_t i = 0; i < 2 * UNIT; ++i)
			ck_assert_uint_eq(zeroed[i], 0);
		drop(zeroed);
		munlock(block, 4 * UNIT);
	}
	drop(block);
	zeroed = mproc_calloc(4, UNIT);
	for (size_t i = 0; i < 4 * UNIT; ++i)
		ck_assert_uint_eq(zeroed[i], 0);
	drop(zeroed);
	drop(guard);
	check_nothing_is_left();
}
END_TEST

static void check_out_of_memory(size_t from, size_t to)
{
	unsigned char *block = make(from);
	size_t usable = mproc_usable_size(block);
	mproci_arena_census before = fixture_census();

	errno = 0;
	ck_assert_ptr_null(mproc_realloc(block, to));
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_msg(strstr(mproc_error_text(), "no room for") != NULL
			      || strstr(mproc_error_text(), "the system has no memory for") != NULL,
		"%s", mproc_error_text());
	ck_assert_uint_eq(mproc_usable_size(block), usable);
	check_filled(block, from);
	ck_assert_uint_eq(fixture_census().big_blocks, before.big_blocks);
	ck_assert_uint_eq(fixture_census().held_units, 0);
	drop(block);
}

START_TEST(block_stays_as_it_was_when_there_is_no_memory)
{
	size_t whole = (size_t)mproci_arena_here->unit_limit * UNIT;
	struct sysinfo info;

	check_out_of_memory(100, SIZE_MAX);
	check_out_of_memory(8000, whole);
	check_out_of_memory(100000, SIZE_MAX);
	check_out_of_memory(100000, whole + 1);
	/* There are addresses, also behind it; where the machine has as much memory, this cannot be tried. */
	ck_assert_int_eq(sysinfo(&info), 0);
	if ((info.totalram + info.totalswap) * info.mem_unit < whole - 100 * UNIT) {
		check_out_of_memory(100000, whole - 100 * UNIT);
		check_out_of_memory(100, whole - 100 * UNIT);
	}
	check_nothing_is_left();
}
END_TEST

static void check_refused(void *pointer, int expected, const char *text)
{
	errno = 0;
	ck_assert_ptr_null(mproc_realloc(pointer, 50));
	ck_assert_int_eq(errno, expected);
	ck_assert_msg(strstr(mproc_error_text(), text) != NULL, "%s", mproc_error_text());
}

START_TEST(realloc_refuses_what_is_no_block)
{
	unsigned char *small = make(100), *big = make(200000), local;

	check_refused(&local, EINVAL, "not the start of a block of shared memory");
	check_refused(small + 1, EINVAL, "not the start of a block of shared memory");
	check_refused(big + 16, EINVAL, "not the start of a block of shared memory");
	check_refused(big + UNIT, EINVAL, "not the start of a block of shared memory");
	check_refused(mproci_arena_here, EINVAL, "not the start of a block of shared memory");
	check_filled(small, 100);
	check_filled(big, 200000);
	drop(small);
	drop(big);
}
END_TEST

START_TEST(realloc_refuses_what_is_free)
{
	static const size_t sizes[] = {1, 100, 8192, 8193, 200000};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		void *block = make(sizes[i]);
		char text[64];

		drop(block);
		snprintf(text, sizeof text, "%p is free already", block);
		check_refused(block, EALREADY, text);
	}
	check_nothing_is_left();
}
END_TEST

/* Sizes of a block that other threads and processes hand on. */
static const size_t ROUTE[] = {100, 3000, 64, 20000, 300000, 9000, 16, 1 << 20, 70000, 500};
enum {
	STATIONS = sizeof ROUTE / sizeof *ROUTE
};

typedef struct parcel {
	unsigned char *block;
	int station;
} parcel;

static void *hand_on(void *argument)
{
	parcel *sent = argument;

	sent->block = change(sent->block, ROUTE[sent->station], ROUTE[sent->station + 1]);
	++sent->station;
	return NULL;
}

START_TEST(any_thread_changes_the_size_of_a_block)
{
	parcel sent = {.block = make(ROUTE[0])};

	while (sent.station < STATIONS - 1) {
		pthread_t thread;

		ck_assert_int_eq(pthread_create(&thread, NULL, hand_on, &sent), 0);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
	}
	drop(sent.block);
	check_nothing_is_left();
}
END_TEST

START_TEST(any_process_changes_the_size_of_a_block)
{
	parcel *sent = mproc_calloc(1, sizeof *sent);

	sent->block = make(ROUTE[0]);
	while (sent->station < STATIONS - 1) {
		pid_t pid = fork();
		int status;

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			hand_on(sent);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	drop(sent->block);
	drop(sent);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		contents_are_kept_from_every_size_to_every_other,
		one_block_goes_through_many_sizes,
		realloc_of_nothing_allocates,
		realloc_to_no_bytes_gives_a_block_that_holds_nothing,
		small_block_stays_where_it_is_while_more_than_half_is_used,
		big_block_that_shrinks_stays_and_returns_its_pages,
		units_that_a_block_gave_back_are_allocated_again,
		big_block_grows_where_it_is_while_nobody_is_behind_it,
		big_block_moves_when_somebody_is_behind_it,
		pages_that_cannot_be_returned_do_not_show_in_what_is_zeroed,
		block_stays_as_it_was_when_there_is_no_memory,
		realloc_refuses_what_is_no_block,
		realloc_refuses_what_is_free,
		any_thread_changes_the_size_of_a_block,
		NULL,
	};
	const TTest *process_tests[] = {
		any_process_changes_the_size_of_a_block,
		NULL,
	};
	const support_suite suite = {
		.name = "arena, realloc",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = fixture_warm_up,
	};

	return support_run_suite(&suite);
}
