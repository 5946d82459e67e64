/* SPDX-License-Identifier: MIT */
#include "arena/fixture.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
	WINDOW = 64
};

static size_t alignment_for(size_t size)
{
	return size > MPROCI_SMALL_MAX ? 4096 : 16;
}

static void check_filled(const unsigned char *block, size_t size, unsigned char with)
{
	for (size_t i = 0; i < size; ++i) {
		if (block[i] != with)
			ck_abort_msg("byte %zu of %zu is %u instead of %u", i, size, block[i], with);
	}
}

START_TEST(every_size_up_to_20000_is_aligned_usable_and_its_own)
{
	unsigned char *window[WINDOW] = {0};

	for (size_t size = 0; size < 20000 + WINDOW; ++size) {
		unsigned char **slot = &window[size % WINDOW];

		if (*slot != NULL) {
			check_filled(*slot, size - WINDOW, (unsigned char)(size - WINDOW));
			ck_assert_int_eq(mproc_free(*slot), 0);
		}
		*slot = NULL;
		if (size >= 20000)
			continue;
		*slot = mproc_alloc(size);
		ck_assert_ptr_nonnull(*slot);
		ck_assert_uint_eq((uintptr_t)*slot % alignment_for(size), 0);
		ck_assert_uint_ge(mproc_usable_size(*slot), size);
		memset(*slot, (unsigned char)size, size);
	}
	ck_assert_uint_eq(fixture_census_at_rest().small_used, 0);
}
END_TEST

START_TEST(large_blocks_are_usable_to_the_last_byte)
{
	static const size_t sizes[] = {65535, 65536, 65537, 1 << 20, (10 << 20) + 1, 64 << 20};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		char *block = mproc_alloc(sizes[i]);

		ck_assert_ptr_nonnull(block);
		block[0] = block[sizes[i] - 1] = 1;
		ck_assert_uint_ge(mproc_usable_size(block), sizes[i]);
		ck_assert_int_eq(mproc_free(block), 0);
	}
	ck_assert_uint_eq(fixture_census_at_rest().big_blocks, 0);
}
END_TEST

START_TEST(a_block_of_no_bytes_is_a_block_of_its_own)
{
	void *one = mproc_alloc(0), *other = mproc_alloc(0);

	ck_assert_ptr_nonnull(one);
	ck_assert_ptr_nonnull(other);
	ck_assert_ptr_ne(one, other);
	ck_assert_int_eq(mproc_free(one), 0);
	ck_assert_int_eq(mproc_free(other), 0);
}
END_TEST

START_TEST(calloc_is_zeroed_also_where_memory_was_used)
{
	for (size_t size = 16; size <= 1 << 20; size *= 2) {
		unsigned char *block = mproc_alloc(size);

		memset(block, 0xff, mproc_usable_size(block));
		ck_assert_int_eq(mproc_free(block), 0);
		block = mproc_calloc(size / 16, 16);
		check_filled(block, size, 0);
		ck_assert_int_eq(mproc_free(block), 0);
	}
}
END_TEST

START_TEST(calloc_is_zeroed_also_where_pages_cannot_be_given_back)
{
	static const size_t size = 1 << 20;
	unsigned char *block = mproc_alloc(size);

	memset(block, 0xff, size);
	/* The kernel does not take locked pages back. */
	if (mlock(block, size) == 0) {
		ck_assert_int_eq(mproc_free(block), 0);
		ck_assert_ptr_eq(mproc_calloc(1, size), block);
		check_filled(block, size, 0);
		munlock(block, size);
	}
	ck_assert_int_eq(mproc_free(block), 0);
}
END_TEST

START_TEST(calloc_fails_when_the_product_overflows)
{
	errno = 0;
	ck_assert_ptr_null(mproc_calloc(SIZE_MAX / 2, 3));
	ck_assert_int_eq(errno, EOVERFLOW);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "9223372036854775807 items of 3 bytes"));
}
END_TEST

static const size_t ALIGNMENTS_END = (size_t)2 << 30;

START_TEST(every_power_of_two_up_to_1_gib_is_an_alignment)
{
	static const size_t sizes[] = {0, 1, 17, 100, 4096, 5000, 8192, 8193, 65536, 70000, 300000};

	for (size_t alignment = 1; alignment < ALIGNMENTS_END; alignment *= 2) {
		char *blocks[sizeof sizes / sizeof *sizes];

		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
			blocks[i] = mproc_aligned_alloc(alignment, sizes[i]);
			/* TSan has an arena of 4 GiB, which has few places for the largest. */
			if (blocks[i] == NULL && support_threads_only() && alignment >= (size_t)512 << 20)
				continue;
			ck_assert_msg(
				blocks[i] != NULL, "%zu of %zu: %s", alignment, sizes[i], mproc_error_text());
			ck_assert_uint_eq((uintptr_t)blocks[i] % alignment, 0);
			ck_assert_uint_eq((uintptr_t)blocks[i] % alignment_for(sizes[i]), 0);
			ck_assert_uint_ge(mproc_usable_size(blocks[i]), sizes[i]);
			memset(blocks[i], (int)i, sizes[i]);
		}
		fixture_census();
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
			if (blocks[i] != NULL)
				check_filled((unsigned char *)blocks[i], sizes[i], (unsigned char)i);
			ck_assert_int_eq(mproc_free(blocks[i]), 0);
		}
	}
	ck_assert_uint_eq(fixture_census_at_rest().free_runs, 1);
}
END_TEST

static uint32_t used_units(void)
{
	mproci_arena_census census = fixture_census();

	return census.units - census.free_units;
}

START_TEST(an_alignment_takes_no_more_memory_than_the_block)
{
	uint32_t units = used_units();
	mproc_arena_usage before, after;
	char *block;

	ck_assert_int_eq(mproc_arena_stats(0, &before), 0);
	block = mproc_aligned_alloc((size_t)64 << 20, 5000);
	ck_assert_ptr_nonnull(block);
	ck_assert_int_eq(mproc_arena_stats(0, &after), 0);
	ck_assert_uint_eq(after.committed - before.committed, 8192);
	/* What lies in front of it and behind is free. */
	ck_assert_uint_eq(used_units(), units + 1);
	ck_assert_int_eq(mproc_free(block), 0);
}
END_TEST

/* The kernel does not take locked pages back: what an aligned block leaves is not zero. */
START_TEST(calloc_is_zeroed_also_beside_an_aligned_block)
{
	enum {
		UNITS = 20
	};
	size_t size = (size_t)UNITS * MPROCI_UNIT_SIZE;
	unsigned char *block = mproc_alloc(size), *zeroed[UNITS];
	void *aligned;

	memset(block, 0xff, size);
	if (mlock(block, size) == 0) {
		ck_assert_int_eq(mproc_free(block), 0);
		munlock(block, size);
		aligned = mproc_aligned_alloc((size_t)8 * MPROCI_UNIT_SIZE, MPROCI_UNIT_SIZE);
		for (int i = 0; i < UNITS; ++i) {
			zeroed[i] = mproc_calloc(1, MPROCI_UNIT_SIZE);
			check_filled(zeroed[i], MPROCI_UNIT_SIZE, 0);
		}
		for (int i = 0; i < UNITS; ++i)
			ck_assert_int_eq(mproc_free(zeroed[i]), 0);
		block = aligned;
	}
	ck_assert_int_eq(mproc_free(block), 0);
}
END_TEST

START_TEST(what_is_no_alignment_is_refused)
{
	static const size_t wrong[] = {0, 3, 24, 1000, ((size_t)1 << 30) + 1, (size_t)2 << 30, SIZE_MAX};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
		char text[100];

		errno = 0;
		ck_assert_ptr_null(mproc_aligned_alloc(wrong[i], 100));
		ck_assert_int_eq(errno, EINVAL);
		snprintf(text, sizeof text, "an alignment of %zu: it is a power of two, at most 1073741824",
			wrong[i]);
		ck_assert_str_eq(mproc_error_text(), text);
	}
}
END_TEST

START_TEST(aligned_alloc_fails_when_the_arena_is_too_small)
{
	size_t whole = (size_t)mproci_arena_here->unit_limit * MPROCI_UNIT_SIZE;
	size_t sizes[] = {SIZE_MAX, whole + 1, whole - ((size_t)512 << 20)};

	for (int i = 0; i < 3; ++i) {
		errno = 0;
		ck_assert_ptr_null(mproc_aligned_alloc((size_t)1 << 30, sizes[i]));
		ck_assert_int_eq(errno, ENOMEM);
		ck_assert_ptr_nonnull(strstr(mproc_error_text(), "arena of"));
	}
	ck_assert_uint_eq(fixture_census_at_rest().held_units, 0);
}
END_TEST

START_TEST(alloc_fails_when_the_arena_is_too_small)
{
	static const size_t sizes[] = {(size_t)1 << 40, SIZE_MAX};
	void *block;
	size_t whole = (size_t)mproci_arena_here->unit_limit * MPROCI_UNIT_SIZE;

	for (int i = 0; i < 2; ++i) {
		errno = 0;
		ck_assert_ptr_null(mproc_alloc(sizes[i]));
		ck_assert_int_eq(errno, ENOMEM);
		ck_assert_ptr_null(mproc_calloc(1, sizes[i]));
		ck_assert_int_eq(errno, ENOMEM);
		ck_assert_ptr_nonnull(
			strstr(mproc_error_text(), i == 0 ? "1099511627776" : "18446744073709551615"));
		ck_assert_ptr_nonnull(strstr(mproc_error_text(), "arena of"));
	}
	/* It would fit, were there not something already. */
	block = mproc_alloc(1);
	ck_assert_ptr_null(mproc_alloc(whole));
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "arena of"));
	ck_assert_int_eq(mproc_free(block), 0);
	ck_assert_uint_eq(fixture_census().big_blocks, 0);
}
END_TEST

START_TEST(alloc_fails_when_the_system_has_no_memory)
{
	size_t size = (size_t)(mproci_arena_here->unit_limit - 100) * MPROCI_UNIT_SIZE;
	struct sysinfo info;

	/* Where there is more memory than addresses, this cannot be tried without using it up. */
	ck_assert_int_eq(sysinfo(&info), 0);
	if ((info.totalram + info.totalswap) * info.mem_unit >= size)
		return;
	errno = 0;
	ck_assert_ptr_null(mproc_alloc(size));
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "KiB"));
	ck_assert_uint_eq(fixture_census_at_rest().held_units, 0);
}
END_TEST

static void check_freed_once(size_t size)
{
	char *block = mproc_alloc(size), text[64];

	ck_assert_int_eq(mproc_free(block), 0);
	ck_assert_int_eq(mproc_free(block), -EALREADY);
	snprintf(text, sizeof text, "%p is free already", (void *)block);
	ck_assert_str_eq(mproc_error_text(), text);
	ck_assert_uint_eq(mproc_usable_size(block), 0);
}

START_TEST(free_refuses_what_is_free_already)
{
	void *neighbours[2] = {mproc_alloc(100000), mproc_alloc(100000)};

	check_freed_once(1);
	check_freed_once(8192);
	check_freed_once(8193);
	check_freed_once(1000000);
	/* The second is no longer where a run begins. */
	ck_assert_int_eq(mproc_free(neighbours[0]), 0);
	ck_assert_int_eq(mproc_free(neighbours[1]), 0);
	ck_assert_int_eq(mproc_free(neighbours[1]), -EALREADY);
	fixture_census();
}
END_TEST

static void check_refused(void *pointer)
{
	ck_assert_int_eq(mproc_free(pointer), -EINVAL);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "not the start of a block"));
	ck_assert_uint_eq(mproc_usable_size(pointer), 0);
}

START_TEST(free_refuses_what_is_no_block)
{
	char *small = mproc_alloc(100), *big = mproc_alloc(200000), *private = malloc(100), local;

	ck_assert_int_eq(mproc_free(NULL), 0);
	ck_assert_uint_eq(mproc_usable_size(NULL), 0);
	check_refused(&local);
	check_refused(private);
	for (int i = 1; i < 112; ++i)
		check_refused(small + i);
	for (int i = 1; i < 200000; i += 997)
		check_refused(big + i);
	check_refused(big + MPROCI_UNIT_SIZE);
	/* The notes at the front of a span, the tables, what was never in use. */
	check_refused((void *)((uintptr_t)small / MPROCI_UNIT_SIZE * MPROCI_UNIT_SIZE));
	check_refused(mproci_arena_here);
	check_refused((void *)(uintptr_t)mproci_arena_here->table);
	check_refused(mproci_family_here);
	check_refused(mproci_run_memory(mproci_arena_here->unit_limit - 1));
	check_refused((void *)1);
	check_refused((void *)UINTPTR_MAX);
	free(private);
	ck_assert_int_eq(mproc_free(small), 0);
	ck_assert_int_eq(mproc_free(big), 0);
	fixture_census();
}
END_TEST

START_TEST(writing_to_freed_memory_makes_no_block_come_twice)
{
	enum {
		COUNT = 5000
	};
	static char *blocks[COUNT];

	for (int i = 0; i < COUNT; ++i)
		blocks[i] = mproc_alloc(48);
	for (int i = 0; i < COUNT; i += 2) {
		ck_assert_int_eq(mproc_free(blocks[i]), 0);
		memset(blocks[i], i % 4 == 0 ? 0xff : 7, 48);
	}
	for (int i = 0; i < COUNT; i += 2)
		blocks[i] = mproc_alloc(48);
	for (int i = 0; i < COUNT; ++i)
		memcpy(blocks[i], &i, sizeof i);
	for (int i = 0; i < COUNT; ++i) {
		ck_assert_int_eq(memcmp(blocks[i], &i, sizeof i), 0);
		ck_assert_int_eq(mproc_free(blocks[i]), 0);
	}
	ck_assert_uint_eq(fixture_census_at_rest().small_used, 0);
}
END_TEST

static void *free_all(void *blocks)
{
	for (void **block = blocks; *block != NULL; ++block)
		ck_assert_int_eq(mproc_free(*block), 0);
	ck_assert_int_eq(mproc_free(*(void **)blocks), -EALREADY);
	return NULL;
}

START_TEST(what_another_thread_frees_is_used_again)
{
	enum {
		COUNT = 3000
	};
	static void *blocks[COUNT + 1];
	uint32_t spans = 0;

	for (int round = 0; round < 20; ++round) {
		pthread_t thread;

		for (int i = 0; i < COUNT; ++i)
			ck_assert_ptr_nonnull(
				blocks[i] = mproc_alloc(round % 2 == 0 ? 64 : 20000 - (size_t)i));
		ck_assert_int_eq(pthread_create(&thread, NULL, free_all, blocks), 0);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		if (round == 2)
			spans = fixture_census().spans;
	}
	ck_assert_uint_le(fixture_census().spans, spans + 1);
	ck_assert_uint_eq(fixture_census().small_used, 0);
	ck_assert_uint_eq(fixture_census_at_rest().free_runs, 1);
}
END_TEST

/* Which function a process calls first that cannot become a member, with a block of its parent's. */

static int code_of(const void *block)
{
	return block != NULL ? 0 : -errno;
}

static int alloc_there(void *unused)
{
	(void)unused;
	return code_of(mproc_alloc(1));
}

static int calloc_there(void *unused)
{
	(void)unused;
	return code_of(mproc_calloc(1, 1));
}

static int aligned_alloc_there(void *unused)
{
	(void)unused;
	return code_of(mproc_aligned_alloc(64, 1));
}

static int realloc_there(void *block)
{
	return code_of(mproc_realloc(block, 2));
}

static int look_there(void *unused)
{
	mproc_arena_usage usage;

	(void)unused;
	return mproc_arena_stats(0, &usage);
}

static int reserve_there(void *unused)
{
	(void)unused;
	return mproc_arena_reserve(0);
}

START_TEST(process_that_cannot_join_the_family_has_no_arena)
{
	support_deed *deeds[] = {alloc_there, calloc_there, aligned_alloc_there, realloc_there, mproc_free,
		look_there, reserve_there};
	void *block = mproc_alloc(1);

	for (size_t i = 0; i < sizeof deeds / sizeof *deeds; ++i)
		support_check_refusals(deeds[i], block);
}
END_TEST

/* Where the kernel cannot tell, before Linux 6.3, this says nothing. */
START_TEST(whoever_knows_the_arena_can_be_fenced)
{
	static const int GET_REGISTRATIONS = 1 << 9;
	long registered;

	mproc_free(mproc_alloc(1));
	registered = syscall(SYS_membarrier, GET_REGISTRATIONS, 0, 0);
	if (registered >= 0)
		ck_assert_int_ne(registered & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		every_size_up_to_20000_is_aligned_usable_and_its_own,
		large_blocks_are_usable_to_the_last_byte,
		a_block_of_no_bytes_is_a_block_of_its_own,
		calloc_is_zeroed_also_where_memory_was_used,
		calloc_is_zeroed_also_where_pages_cannot_be_given_back,
		calloc_fails_when_the_product_overflows,
		every_power_of_two_up_to_1_gib_is_an_alignment,
		an_alignment_takes_no_more_memory_than_the_block,
		calloc_is_zeroed_also_beside_an_aligned_block,
		what_is_no_alignment_is_refused,
		aligned_alloc_fails_when_the_arena_is_too_small,
		alloc_fails_when_the_arena_is_too_small,
		alloc_fails_when_the_system_has_no_memory,
		free_refuses_what_is_free_already,
		free_refuses_what_is_no_block,
		writing_to_freed_memory_makes_no_block_come_twice,
		what_another_thread_frees_is_used_again,
		whoever_knows_the_arena_can_be_fenced,
		NULL,
	};
	const TTest *process_tests[] = {
		process_that_cannot_join_the_family_has_no_arena,
		NULL,
	};
	const support_suite suite = {
		.name = "arena", .tests = tests, .process_tests = process_tests, .warm_up = fixture_warm_up};

	return support_run_suite(&suite);
}
