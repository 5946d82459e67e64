/* SPDX-License-Identifier: MIT */
#include "arena/sparse.h"

#include "arena/fixture.h"
#include "arena/place.h"
#include "people.h"
#include "support.h"
#include "sys/kernel_fixture.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
	UNIT = MPROCI_UNIT_SIZE,
	SIZE = 4 * UNIT,
	PIECE = 3 * MPROCI_PAGE,
};

/* In the arena. */
static void *_Atomic *place;

static void setup(void)
{
	place = mproc_calloc(1, sizeof *place);
	ck_assert_ptr_nonnull((const void *)(uintptr_t)place);
}

static void teardown(void)
{
	ck_assert_int_eq(mproc_free((void *)(uintptr_t)place), 0);
}

static char *fill(size_t size)
{
	fixture_require(mproci_sparse_fill(place, size) == 0);
	return *place;
}

static void provide(char *start, size_t size)
{
	fixture_require(mproci_sparse_provide(start, size) == 0);
}

/* Pages of @size bytes that have memory. */
static unsigned pages_of(char *start, size_t size)
{
	static unsigned char pages[SIZE / MPROCI_PAGE];
	unsigned count = 0;

	ck_assert_uint_le(size, SIZE);
	ck_assert_int_eq(mincore(start, size, pages), 0);
	for (size_t i = 0; i < size / MPROCI_PAGE; ++i)
		count += pages[i] & 1;
	return count;
}

static bool is_all(const char *start, size_t size, char with)
{
	return start[0] == with && memcmp(start, start + 1, size - 1) == 0;
}

START_TEST(sparse_block_has_no_memory_before_it_is_provided)
{
	char *block = fill(SIZE);

	ck_assert_uint_eq((uintptr_t)block % MPROCI_PAGE, 0);
	ck_assert_uint_eq(pages_of(block, SIZE), 0);
	provide(block + UNIT, PIECE);
	ck_assert_uint_eq(pages_of(block, SIZE), PIECE / MPROCI_PAGE);
	ck_assert_uint_eq(pages_of(block + UNIT, PIECE), PIECE / MPROCI_PAGE);
	mproci_place_empty(place);
}
END_TEST

START_TEST(provided_memory_is_zero_and_stays_what_it_is_when_provided_again)
{
	char *block = fill(SIZE);

	provide(block, PIECE);
	ck_assert(is_all(block, PIECE, 0));
	memset(block, 1, PIECE);
	provide(block, SIZE);
	ck_assert(is_all(block, PIECE, 1));
	ck_assert(is_all(block + PIECE, SIZE - PIECE, 0));
	mproci_place_empty(place);
}
END_TEST

START_TEST(returned_memory_is_gone_and_zero_when_provided_again)
{
	char *block = fill(SIZE);

	provide(block, SIZE);
	memset(block, 1, SIZE);
	mproci_sparse_return(block + UNIT, PIECE);
	ck_assert_uint_eq(pages_of(block, SIZE), (SIZE - PIECE) / MPROCI_PAGE);
	mproci_sparse_return(block + UNIT, PIECE);
	provide(block, SIZE);
	ck_assert(is_all(block, UNIT, 1));
	ck_assert(is_all(block + UNIT, PIECE, 0));
	ck_assert(is_all(block + UNIT + PIECE, SIZE - UNIT - PIECE, 1));
	mproci_place_empty(place);
}
END_TEST

static void check_freed(int free_it(void))
{
	char *block = fill(SIZE);

	provide(block + UNIT, 2 * UNIT);
	memset(block + UNIT, 1, (size_t)2 * UNIT);
	ck_assert_int_eq(free_it(), 0);
	ck_assert_uint_eq(pages_of(block, SIZE), 0);
	ck_assert_int_eq(mproc_free(block), -EALREADY);
	ck_assert_uint_eq(fixture_census_at_rest().big_blocks, 0);
	block = mproc_calloc(1, SIZE);
	ck_assert(is_all(block, SIZE, 0));
	ck_assert_int_eq(mproc_free(block), 0);
}

static int empty_place(void)
{
	mproci_place_empty(place);
	return 0;
}

static int free_block(void)
{
	return mproc_free(atomic_exchange(place, NULL));
}

START_TEST(all_memory_goes_with_the_block)
{
	check_freed(empty_place);
	check_freed(free_block);
}
END_TEST

START_TEST(addresses_may_be_more_than_the_machine_has_memory)
{
	size_t half = (size_t)mproci_arena_here->unit_limit / 2 * UNIT;
	char *block = fill(half);

	provide(block, MPROCI_PAGE);
	provide(block + half - MPROCI_PAGE, MPROCI_PAGE);
	block[0] = block[half - 1] = 1;
	mproci_place_empty(place);
	fixture_census_at_rest();
}
END_TEST

START_TEST(place_stays_empty_when_there_is_no_room)
{
	size_t whole = (size_t)mproci_arena_here->unit_limit * UNIT;

	ck_assert_int_eq(mproci_sparse_fill(place, whole), -ENOMEM);
	support_check_text("no room for");
	ck_assert_int_eq(mproci_sparse_fill(place, whole + UNIT), -ENOMEM);
	support_check_text("no room for");
	ck_assert_ptr_null(*place);
}
END_TEST

START_TEST(more_memory_than_the_machine_has_is_refused)
{
	struct sysinfo info;
	size_t half = (size_t)mproci_arena_here->unit_limit / 2 * UNIT, beyond;
	char *block = fill(half);

	ck_assert_int_eq(sysinfo(&info), 0);
	beyond = (info.totalram + info.totalswap) * info.mem_unit / UNIT * UNIT + UNIT;
	if (beyond <= half) {
		ck_assert_int_eq(mproci_sparse_provide(block, beyond), -ENOMEM);
		support_check_text("the system has no memory for");
		ck_assert_uint_eq(pages_of(block, SIZE), 0);
	}
	mproci_place_empty(place);
}
END_TEST

START_TEST(limit_of_file_sizes_does_not_make_memory_deadly)
{
	char *block = fill(SIZE);
	rlim_t before = limit(RLIMIT_FSIZE, MPROCI_PAGE);
	int rc;

	rc = mproci_sparse_provide(block, SIZE);
	if (rc == 0)
		memset(block, 1, SIZE);
	else
		ck_assert_int_eq(rc, -ENOMEM);
	mproci_sparse_return(block, SIZE);
	limit(RLIMIT_FSIZE, before);
	mproci_place_empty(place);
	fixture_census_at_rest();
}
END_TEST

START_TEST(locked_memory_is_kept_when_returned_but_no_later_block_sees_it)
{
	char *block = fill(SIZE), *next;

	provide(block, PIECE);
	memset(block, 1, PIECE);
	ck_assert_int_eq(mlock(block, PIECE), 0);
	mproci_sparse_return(block, PIECE);
	provide(block, SIZE);
	memset(block, 2, SIZE);
	mproci_place_empty(place);
	munlock(block, PIECE);
	next = mproc_calloc(1, SIZE);
	ck_assert(is_all(next, SIZE, 0));
	ck_assert_int_eq(mproc_free(next), 0);
}
END_TEST

START_TEST(sparse_block_counts_as_a_block_of_no_bytes)
{
	mproc_arena_usage before, usage;
	char *block;

	ck_assert_int_eq(mproc_arena_stats(0, &before), 0);
	block = fill(SIZE);
	provide(block, SIZE);
	ck_assert_int_eq(mproc_arena_stats(0, &usage), 0);
	ck_assert_uint_eq(usage.blocks, before.blocks + 1);
	ck_assert_uint_eq(usage.used, before.used);
	ck_assert_uint_eq(mproc_usable_size(block), 0);
	mproci_place_empty(place);
}
END_TEST

START_TEST(sparse_block_keeps_nothing_when_it_is_made_larger)
{
	char *block = fill(SIZE), *moved;

	provide(block, PIECE);
	memset(block, 1, PIECE);
	moved = mproc_realloc(block, (size_t)2 * SIZE);
	ck_assert_ptr_nonnull(moved);
	ck_assert_uint_eq(mproc_usable_size(moved), 2 * SIZE);
	*place = moved;
	mproci_place_empty(place);
	fixture_census_at_rest();
}
END_TEST

static int provide_refused(void *block)
{
	fixture_require(mproci_heap_enter() == 0);
	refuse_call(SYS_madvise, ENOMEM);
	ck_assert_int_eq(mproci_sparse_provide(block, SIZE), -ENOMEM);
	support_check_text("the system has no memory for 256 KiB");
	ck_assert_int_eq(mproci_place_fill(place, SIZE), -ENOMEM);
	support_check_text("the system has no memory for 256 KiB");
	ck_assert_ptr_null(*place);
	return 0;
}

START_TEST(failure_of_the_system_is_told)
{
	char *block = fill(SIZE);

	*place = NULL;
	ck_assert_int_eq(support_reap(support_fork(provide_refused, block)), 0);
	*place = block;
	ck_assert_uint_eq(pages_of(block, SIZE), 0);
	mproci_place_empty(place);
}
END_TEST

static int fill_and_provide(void *unused)
{
	char *block;

	(void)unused;
	if (mproci_sparse_fill(place, SIZE) < 0)
		return -1;
	block = *place;
	provide(block, UNIT);
	memset(block, 3, UNIT);
	return 0;
}

START_TEST(block_outlives_who_made_it)
{
	char *block;

	support_kill(support_fork_and_keep(fill_and_provide, NULL));
	block = *place;
	ck_assert(is_all(block, UNIT, 3));
	provide(block, SIZE);
	ck_assert(is_all(block + UNIT, SIZE - UNIT, 0));
	mproci_place_empty(place);
	ck_assert_uint_eq(fixture_census_at_rest().big_blocks, 0);
}
END_TEST

static int fill_as_stranger(void *unused)
{
	(void)unused;
	return mproci_sparse_fill(place, SIZE);
}

START_TEST(process_that_cannot_join_the_family_fails)
{
	support_check_refusals(fill_as_stranger, NULL);
	ck_assert_ptr_null(*place);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		sparse_block_has_no_memory_before_it_is_provided,
		provided_memory_is_zero_and_stays_what_it_is_when_provided_again,
		returned_memory_is_gone_and_zero_when_provided_again,
		all_memory_goes_with_the_block,
		addresses_may_be_more_than_the_machine_has_memory,
		place_stays_empty_when_there_is_no_room,
		more_memory_than_the_machine_has_is_refused,
		limit_of_file_sizes_does_not_make_memory_deadly,
		locked_memory_is_kept_when_returned_but_no_later_block_sees_it,
		sparse_block_counts_as_a_block_of_no_bytes,
		sparse_block_keeps_nothing_when_it_is_made_larger,
		NULL,
	};
	const TTest *process_tests[] = {
		failure_of_the_system_is_told,
		block_outlives_who_made_it,
		process_that_cannot_join_the_family_fails,
		NULL,
	};
	const support_suite suite = {
		.name = "sparse blocks",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = fixture_warm_up,
		.setup = setup,
		.teardown = teardown,
	};

	return support_run_suite(&suite);
}
