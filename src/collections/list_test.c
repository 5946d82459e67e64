/* SPDX-License-Identifier: MIT */
/*
 * What one process does with a list.  Several at once: list_crowd_test.c; at random: list_model_test.c;
 * killed: tests/crash/crash_list.c.
 */
#include "collections/list_fixture.h"

#include "sys/kernel_fixture.h"

#include <stdio.h>

enum {
	SLOTS = MPROCI_CHUNK_SLOTS,
	/* More than the first directory has room for. */
	MANY = SLOTS * MPROCI_CHUNKS_FEWEST * 3,
};

/* Of the positions there can be. */
static const ssize_t FIRST_OF_ALL = -SSIZE_MAX - 1;

extern void __asan_init(void) __attribute__((weak));

/* ---- one at a time ---- */

START_TEST(list_is_empty_at_first)
{
	ck_assert_int_eq(mproc_list_count(list), 0);
}
END_TEST

START_TEST(items_are_found_at_their_positions_from_either_end)
{
	append_range(0, 10);
	for (int i = 0; i < 10; ++i) {
		ck_assert_uint_eq(number_at(i), (uint64_t)i);
		ck_assert_uint_eq(number_at(i - 10), (uint64_t)i);
	}
}
END_TEST

START_TEST(items_of_any_size_come_back_whole)
{
	static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 100, 4095, 8192, 9000, 70000, 1 << 20};
	enum {
		COUNT = sizeof sizes / sizeof *sizes
	};
	char *bytes = malloc(1 << 20), *buffer = malloc(1 << 20);

	for (unsigned i = 0; i < COUNT; ++i) {
		fill(bytes, sizes[i], i);
		check_done(mproc_list_append(list, bytes, sizes[i]));
	}
	for (unsigned i = 0; i < COUNT; ++i) {
		size_t size = SIZE_MAX, copied = SIZE_MAX;
		void *copy = NULL;

		check_done(mproc_list_get(list, (ssize_t)i, buffer, sizes[i], &size));
		ck_assert_uint_eq(size, sizes[i]);
		ck_assert(is_filled(buffer, size, i));
		check_done(mproc_list_get_copy(list, (ssize_t)i, &copy, &copied));
		ck_assert_uint_eq(copied, sizes[i]);
		ck_assert(is_filled(copy, copied, i));
		ck_assert_int_eq(((char *)copy)[copied], 0);
		free(copy);
	}
	free(bytes);
	free(buffer);
}
END_TEST

START_TEST(get_writes_no_byte_behind_the_item)
{
	char buffer[32];

	for (size_t size = 0; size < 20; ++size) {
		check_done(mproc_list_append(list, "0123456789abcdefghij", size));
		memset(buffer, 'x', sizeof buffer);
		check_done(mproc_list_get(list, -1, buffer, sizeof buffer, NULL));
		ck_assert_int_eq(memcmp(buffer, "0123456789abcdefghij", size), 0);
		for (size_t i = size; i < sizeof buffer; ++i)
			ck_assert_int_eq(buffer[i], 'x');
	}
}
END_TEST

START_TEST(insert_puts_an_item_in_front_of_another)
{
	append_range(0, 3);
	insert_number(0, 100);
	insert_number(-1, 101);
	insert_number(5, 102);
	insert_number(2, 103);
	for (int i = 0; i < 7; ++i)
		ck_assert_uint_eq(number_at(i), ((const uint64_t[]){100, 0, 103, 1, 101, 2, 102})[i]);
	ck_assert_int_eq(mproc_list_count(list), 7);
}
END_TEST

START_TEST(insert_in_front_of_nothing_appends)
{
	insert_number(0, 5);
	expect_range(5, 6);
}
END_TEST

START_TEST(insert_amid_many_moves_the_others)
{
	for (uint64_t number = 0; number < MANY; number += 2)
		append_number(number);
	/* From both ends to the middle. */
	for (uint64_t number = 1; number < MANY; number += 2)
		insert_number((ssize_t)number, number);
	expect_range(0, MANY);
}
END_TEST

START_TEST(list_grows_at_the_front)
{
	for (uint64_t number = MANY; number > 0; --number)
		insert_number(0, number - 1);
	expect_range(0, MANY);
}
END_TEST

START_TEST(list_grows_at_the_back)
{
	append_range(0, MANY);
	expect_range(0, MANY);
}
END_TEST

START_TEST(set_replaces_an_item_by_one_of_any_size)
{
	static const size_t sizes[] = {8, 8, 3, 3, 0, 0, 100, 100, 8};
	char bytes[100], buffer[100];

	append_range(0, 3);
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		size_t size;

		fill(bytes, sizes[i], i);
		check_done(mproc_list_set(list, i % 2 == 0 ? 1 : -2, bytes, sizes[i]));
		check_done(mproc_list_get(list, 1, buffer, sizeof buffer, &size));
		ck_assert_uint_eq(size, sizes[i]);
		ck_assert(is_filled(buffer, size, i));
		ck_assert_int_eq(mproc_list_count(list), 3);
		ck_assert_uint_eq(number_at(0), 0);
		ck_assert_uint_eq(number_at(2), 2);
	}
}
END_TEST

START_TEST(set_of_a_word_allocates_nothing)
{
	append_number(1);
	ck_assert_uint_eq(number_at(0), 1);
	for (uint64_t number = 2; number < 100; ++number) {
		mproc_arena_usage before = arena_usage();

		check_done(mproc_list_set(list, 0, &number, sizeof number));
		ck_assert_uint_eq(arena_usage().used, before.used);
		ck_assert_uint_eq(number_at(0), number);
	}
}
END_TEST

START_TEST(pop_takes_from_either_end)
{
	size_t size;
	uint64_t number;

	append_range(0, 10);
	ck_assert_uint_eq(pop_number(0), 0);
	ck_assert_uint_eq(pop_number(-1), 9);
	check_done(mproc_list_pop(list, -2, &number, sizeof number, &size));
	ck_assert_uint_eq(number, 7);
	ck_assert_uint_eq(size, 8);
	ck_assert_uint_eq(pop_number(1), 2);
	ck_assert_int_eq(mproc_list_count(list), 6);
}
END_TEST

START_TEST(delete_amid_many_moves_the_others)
{
	append_range(0, MANY);
	/* What is left are the odd ones. */
	for (int i = 0; i < MANY / 2; ++i)
		check_done(mproc_list_delete(list, i));
	ck_assert_int_eq(mproc_list_count(list), MANY / 2);
	for (int i = 0; i < MANY / 2; ++i)
		ck_assert_uint_eq(number_at(i), 2 * (uint64_t)i + 1);
}
END_TEST

START_TEST(items_go_through_a_list_like_a_queue)
{
	append_range(0, 100);
	for (uint64_t number = 0; number < 10000; ++number) {
		append_number(number + 100);
		ck_assert_uint_eq(pop_number(0), number);
	}
	expect_range(10000, 10100);
}
END_TEST

START_TEST(items_go_through_a_list_backwards)
{
	append_range(0, 100);
	for (uint64_t number = 100; number < 10000; ++number) {
		insert_number(0, number);
		pop_number(-1);
	}
	ck_assert_int_eq(mproc_list_count(list), 100);
	for (int i = 0; i < 100; ++i)
		ck_assert_uint_eq(number_at(i), 9999 - (uint64_t)i);
}
END_TEST

START_TEST(clear_takes_out_everything)
{
	append_range(0, MANY);
	check_done(mproc_list_clear(list));
	ck_assert_int_eq(mproc_list_count(list), 0);
	check_done(mproc_list_clear(list));
	append_range(7, 9);
	expect_range(7, 9);
}
END_TEST

/* ---- slices ---- */

static void check_slice(ssize_t first, ssize_t end, uint64_t from, size_t count)
{
	mproc_snapshot *part = NULL;

	check_done(mproc_list_slice(list, first, end, &part));
	ck_assert_uint_eq(part->count, count);
	for (size_t i = 0; i < count; ++i) {
		ck_assert_ptr_null(part->entries[i].key);
		ck_assert_uint_eq(part->entries[i].key_size, 0);
		ck_assert_uint_eq(part->entries[i].value_size, sizeof(uint64_t));
		ck_assert_uint_eq(*(const uint64_t *)part->entries[i].value, from + i);
	}
	ck_assert_ptr_null(mproc_snapshot_close(part));
}

START_TEST(slice_copies_what_is_between_two_positions)
{
	check_slice(0, SSIZE_MAX, 0, 0);
	append_range(0, 10);
	check_slice(0, SSIZE_MAX, 0, 10);
	check_slice(0, 10, 0, 10);
	check_slice(2, 5, 2, 3);
	check_slice(-3, SSIZE_MAX, 7, 3);
	check_slice(-3, -1, 7, 2);
	check_slice(-100, 2, 0, 2);
	check_slice(FIRST_OF_ALL, SSIZE_MAX, 0, 10);
}
END_TEST

START_TEST(slice_is_empty_where_its_end_is_not_behind_its_beginning)
{
	append_range(0, 10);
	check_slice(5, 5, 0, 0);
	check_slice(5, 4, 0, 0);
	check_slice(10, SSIZE_MAX, 0, 0);
	check_slice(0, -10, 0, 0);
	check_slice(SSIZE_MAX, FIRST_OF_ALL, 0, 0);
}
END_TEST

START_TEST(slice_outlives_the_list)
{
	mproc_snapshot *all = NULL;

	append_range(0, 3);
	check_done(mproc_list_slice(list, 0, SSIZE_MAX, &all));
	destroy();
	ck_assert_uint_eq(*(const uint64_t *)all->entries[2].value, 2);
	mproc_snapshot_close(all);
}
END_TEST

/* ---- memory ---- */

/* An empty list has a directory and a chunk, at most. */
static void expect_little_memory(void)
{
	ck_assert_uint_le(count_blocks(), blocks_before + 3);
}

START_TEST(memory_comes_back_when_all_is_cleared)
{
	append_range(0, MANY);
	ck_assert_uint_gt(count_blocks(), blocks_before + MANY);
	check_done(mproc_list_clear(list));
	expect_little_memory();
	append_range(0, 10);
	check_done(mproc_list_clear(list));
	expect_little_memory();
}
END_TEST

START_TEST(memory_comes_back_when_all_is_taken_from_the_back)
{
	append_range(0, MANY);
	for (uint64_t i = MANY; i > 0; --i)
		ck_assert_uint_eq(pop_number(-1), i - 1);
	expect_little_memory();
}
END_TEST

START_TEST(memory_comes_back_when_all_is_taken_from_the_front)
{
	append_range(0, MANY);
	for (uint64_t i = 0; i < MANY; ++i)
		ck_assert_uint_eq(pop_number(0), i);
	expect_little_memory();
}
END_TEST

START_TEST(chunks_that_are_not_needed_are_given_back)
{
	append_range(0, 10 * MANY);
	for (int i = 0; i < 10 * MANY - 10; ++i)
		pop_number(i % 3 == 0 ? 0 : -1);
	/* The list, the directory, two chunks in use at most, one more at each end. */
	ck_assert_uint_le(count_blocks(), blocks_before + 10 + 1 + 1 + 4);
}
END_TEST

START_TEST(destroy_frees_all_that_is_in_the_list)
{
	append_range(0, MANY);
	check_done(mproc_list_append(list, "a", 1));
	destroy();
	ck_assert_uint_eq(count_blocks(), blocks_before);
}
END_TEST

START_TEST(destroy_takes_null)
{
	ck_assert_ptr_null(mproc_list_destroy(NULL));
}
END_TEST

/* ---- failures ---- */

typedef struct call {
	const char *name;
	int (*make)(mproc_list *to);
} call;

static char some[8] = "some";

static int make_append(mproc_list *to)
{
	return mproc_list_append(to, some, sizeof some);
}

static int make_insert(mproc_list *to)
{
	return mproc_list_insert(to, 0, some, sizeof some);
}

static int make_set(mproc_list *to)
{
	return mproc_list_set(to, 0, some, 5);
}

static int make_get(mproc_list *to)
{
	char buffer[8];

	return mproc_list_get(to, 0, buffer, sizeof buffer, NULL);
}

static int make_get_copy(mproc_list *to)
{
	void *copy = NULL;
	int rc = mproc_list_get_copy(to, 0, &copy, NULL);

	free(copy);
	return rc;
}

static int make_pop(mproc_list *to)
{
	char buffer[8];

	return mproc_list_pop(to, 0, buffer, sizeof buffer, NULL);
}

static int make_delete(mproc_list *to)
{
	return mproc_list_delete(to, 0);
}

static int make_count(mproc_list *to)
{
	return (int)mproc_list_count(to);
}

static int make_clear(mproc_list *to)
{
	return mproc_list_clear(to);
}

static int make_slice(mproc_list *to)
{
	mproc_snapshot *all = NULL;
	int rc = mproc_list_slice(to, 0, SSIZE_MAX, &all);

	mproc_snapshot_close(all);
	return rc;
}

static const call calls[] = {
	{"append", make_append},
	{"insert", make_insert},
	{"set", make_set},
	{"get", make_get},
	{"get_copy", make_get_copy},
	{"pop", make_pop},
	{"delete", make_delete},
	{"count", make_count},
	{"clear", make_clear},
	{"slice", make_slice},
};

enum {
	CALLS = sizeof calls / sizeof *calls,
	/* Those that take no lock. */
	GET = 3,
	GET_COPY = 4,
	COUNT = 7,
	/* And those that take one out. */
	POP = 5,
	DELETE = 6,
};

static void check_calls(mproc_list *to, int code, const char *text)
{
	for (int i = 0; i < CALLS; ++i) {
		int rc = calls[i].make(to);

		ck_assert_msg(rc == code, "%s: %d, not %d: %s", calls[i].name, rc, code, mproc_error_text());
		support_check_text(text);
	}
}

START_TEST(what_is_no_list_is_refused)
{
	static uint64_t other[64] = {1};

	check_calls(NULL, -EINVAL, "list is NULL");
	check_calls((mproc_list *)other, -EINVAL, "not initialised, or destroyed");
	ck_assert_ptr_null(mproc_list_destroy((mproc_list *)other));
}
END_TEST

START_TEST(list_that_was_destroyed_is_refused)
{
	mproc_list *gone = list;

	destroy();
	check_calls(gone, -EINVAL, "not initialised, or destroyed");
}
END_TEST

START_TEST(wrong_options_are_refused_with_a_text)
{
	mproc_list *other = list;

	for (int i = 0; i < 4; ++i) {
		mproc_list_options options = {0};
		char text[40];

		options.reserved[i] = 7;
		snprintf(text, sizeof text, "reserved[%d] is 7, not 0", i);
		check_failed(mproc_list_create(&options, &other), -EINVAL, text);
	}
	check_failed(
		mproc_list_create(&(mproc_list_options){.patience = -1}, &other), -EINVAL, "patience -1");
	check_failed(mproc_list_create(&(mproc_list_options){.patience = 1e10}, &other), -EINVAL,
		"patience 1e+10");
	check_failed(mproc_list_create(NULL, NULL), -EINVAL, "ret_list is NULL");
	ck_assert_ptr_eq(other, list);
}
END_TEST

START_TEST(null_is_refused_where_bytes_are_needed)
{
	uint64_t number;

	append_number(1);
	check_failed(mproc_list_append(list, NULL, 5), -EINVAL, "the item is NULL, and is to have 5 bytes");
	check_failed(
		mproc_list_insert(list, 0, NULL, 5), -EINVAL, "the item is NULL, and is to have 5 bytes");
	check_failed(mproc_list_set(list, 0, NULL, 5), -EINVAL, "the item is NULL, and is to have 5 bytes");
	check_failed(mproc_list_get(list, 0, NULL, 9, NULL), -EINVAL,
		"the buffer is NULL, and is to have 9 bytes");
	check_failed(mproc_list_pop(list, 0, NULL, 9, NULL), -EINVAL,
		"the buffer is NULL, and is to have 9 bytes");
	check_failed(mproc_list_get_copy(list, 0, NULL, NULL), -EINVAL, "ret_item is NULL");
	check_failed(mproc_list_slice(list, 0, 1, NULL), -EINVAL, "ret_snapshot is NULL");
	check_done(mproc_list_append(list, NULL, 0));
	check_done(mproc_list_insert(list, 0, NULL, 0));
	check_done(mproc_list_get(list, 0, NULL, 0, NULL));
	check_done(mproc_list_get(list, 1, &number, sizeof number, NULL));
	check_done(mproc_list_pop(list, -1, NULL, 0, NULL));
	ck_assert_int_eq(mproc_list_count(list), 2);
}
END_TEST

static void check_no_position(ssize_t position, const char *text)
{
	char buffer[8] = "before";
	void *copy = buffer;
	size_t size = 77;

	check_failed(mproc_list_get(list, position, buffer, sizeof buffer, &size), -ERANGE, text);
	check_failed(mproc_list_get_copy(list, position, &copy, &size), -ERANGE, text);
	check_failed(mproc_list_pop(list, position, buffer, sizeof buffer, &size), -ERANGE, text);
	check_failed(mproc_list_set(list, position, "new", 3), -ERANGE, text);
	check_failed(mproc_list_delete(list, position), -ERANGE, text);
	ck_assert_str_eq(buffer, "before");
	ck_assert_ptr_eq(copy, buffer);
	ck_assert_uint_eq(size, 77);
}

START_TEST(positions_that_are_not_there_are_refused_with_a_text)
{
	check_no_position(0, "no such position: nothing is in the list");
	check_no_position(-1, "no such position: nothing is in the list");
	check_failed(mproc_list_insert(list, 1, "x", 1), -ERANGE, "position 1: 0 to 0 are possible");
	check_failed(mproc_list_insert(list, -1, "x", 1), -ERANGE, "position -1: 0 to 0 are possible");
	append_range(0, 3);
	check_no_position(3, "position 3: -3 to 2 are possible");
	check_no_position(-4, "position -4: -3 to 2 are possible");
	check_no_position(SSIZE_MAX, "position 9223372036854775807: -3 to 2 are possible");
	check_no_position(FIRST_OF_ALL, "position -9223372036854775808: -3 to 2 are possible");
	check_failed(mproc_list_insert(list, 4, "x", 1), -ERANGE, "position 4: -3 to 3 are possible");
	check_failed(mproc_list_insert(list, -4, "x", 1), -ERANGE, "position -4: -3 to 3 are possible");
	check_failed(mproc_list_insert(list, FIRST_OF_ALL, "x", 1), -ERANGE, "-3 to 3 are possible");
	expect_range(0, 3);
}
END_TEST

START_TEST(item_that_does_not_fit_stays)
{
	char buffer[8] = "before";
	size_t size = 77;

	check_done(mproc_list_append(list, "0123456789", 10));
	check_failed(mproc_list_get(list, 0, buffer, 7, &size), -EMSGSIZE,
		"an item of 10 bytes: there is room for 7");
	check_failed(mproc_list_pop(list, 0, buffer, 7, &size), -EMSGSIZE,
		"an item of 10 bytes: there is room for 7");
	ck_assert_str_eq(buffer, "before");
	ck_assert_uint_eq(size, 77);
	ck_assert_int_eq(mproc_list_count(list), 1);
}
END_TEST

START_TEST(item_larger_than_any_memory_is_refused)
{
	const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2 + 1};
	char text[100];

	append_range(0, 3);
	for (int i = 0; i < 2; ++i) {
		snprintf(text, sizeof text, "an item of %zu bytes: at most 9223372036854775807 bytes",
			sizes[i]);
		check_failed(mproc_list_append(list, some, sizes[i]), -EOVERFLOW, text);
		check_failed(mproc_list_insert(list, 0, some, sizes[i]), -EOVERFLOW, text);
		check_failed(mproc_list_set(list, 0, some, sizes[i]), -EOVERFLOW, text);
	}
	expect_range(0, 3);
}
END_TEST

START_TEST(item_larger_than_the_arena_is_refused)
{
	const size_t sizes[] = {SIZE_MAX / 2, (size_t)1 << 50};
	size_t blocks;

	append_range(0, 3);
	blocks = count_blocks();
	for (int i = 0; i < 2; ++i) {
		check_failed(mproc_list_append(list, some, sizes[i]), -ENOMEM, "no room for");
		check_failed(mproc_list_insert(list, 0, some, sizes[i]), -ENOMEM, "no room for");
		check_failed(mproc_list_set(list, 0, some, sizes[i]), -ENOMEM, "no room for");
	}
	expect_range(0, 3);
	ck_assert_uint_eq(count_blocks(), blocks);
}
END_TEST

static int create_unjoined(void *unused)
{
	mproc_list *other;

	(void)unused;
	return mproc_list_create(NULL, &other);
}

/* All of them are refused in the same way. */
static int use_as_stranger(void *unused)
{
	int rc = create_unjoined(unused);

	for (int i = 0; i < CALLS; ++i) {
		if (calls[i].make(list) != rc)
			return 1;
	}
	return rc;
}

START_TEST(who_cannot_join_the_family_is_told_so)
{
	append_number(1);
	support_check_refusals(use_as_stranger, NULL);
	expect_range(1, 2);
}
END_TEST

/* Allocate all blocks of a size that there are; each leads to the one before it. */
static void **use_up(size_t size)
{
	void **last = NULL, **block;

	while (size > 0 && (block = mproc_alloc(size)) != NULL) {
		*block = last;
		last = block;
	}
	return last;
}

static void give_back(void **last)
{
	while (last != NULL) {
		void **before = *last;

		ck_assert_int_eq(mproc_free(last), 0);
		last = before;
	}
}

/* What there is no memory for, and at which end items are put in. */
typedef struct shortage {
	size_t size;
	int position;
} shortage;

/*
 * In a child, which then gets no more memory from the system.  Some there is, of each size that a list needs.
 */
static int use_without_memory(void *argument)
{
	const shortage *what = argument;
	uint64_t count = 0;
	void **blocks;
	int rc = 0;

	append_range(0, MANY);
	check_done(mproc_list_clear(list));
	append_number(0);
	refuse_call(SYS_madvise, ENOMEM);
	blocks = use_up(what->size);
	for (pop_number(0); rc == 0; count += rc == 0)
		rc = mproc_list_insert(list, what->position == 0 ? 0 : (ssize_t)count, &count, sizeof count);
	support_check_text("the system has no memory");
	ck_assert_int_eq(mproc_list_count(list), (ssize_t)count);
	ck_assert_uint_gt(count, 0);
	/* The first item is put in amid a chunk, at its place from behind. */
	ck_assert(what->size == 0 || count % SLOTS == SLOTS / 2 + (what->position == 0));
	give_back(blocks);
	for (uint64_t i = count; i > 0; --i)
		ck_assert_uint_eq(pop_number(what->position), i - 1);
	return -rc;
}

/* ---- stray writes ---- */

typedef struct stray {
	const char *name;
	/* Where the list or what belongs to it is overwritten. */
	void *(*find)(void);
	uint64_t value;
	/* Who looks at nothing that was overwritten does not notice. */
	bool is_seen_by_count, is_seen_by_clear;
} stray;

static void *first_word(void)
{
	return &list->sequence.first;
}

static void *end_word(void)
{
	return &list->sequence.end;
}

static void *directory_word(void)
{
	return &list->sequence.chunks.directory;
}

static void *capacity_word(void)
{
	return &((mproci_directory *)atomic_load(&list->sequence.chunks.directory))->capacity;
}

static void *chunk_word(void)
{
	return (void *)(uintptr_t)mproci_chunks_entry(
		&list->sequence.chunks, atomic_load(&list->sequence.first));
}

static void *item_word(void)
{
	return (void *)(uintptr_t)mproci_chunks_slot(
		&list->sequence.chunks, atomic_load(&list->sequence.first));
}

static void *size_word(void)
{
	void *_Atomic *slot = mproci_chunks_slot(&list->sequence.chunks, atomic_load(&list->sequence.first));

	return &((mproci_item *)atomic_load(slot))->size;
}

static const stray strays[] = {
	{"first", first_word, 0, true, true},
	{"end", end_word, UINT64_MAX, true, true},
	{"directory: none", directory_word, 0, true, true},
	{"directory: elsewhere", directory_word, 0x1234567812345678, true, true},
	{"directory: misaligned", directory_word, 0x200000001001, true, true},
	{"capacity: none", capacity_word, 0, true, true},
	{"capacity: too many", capacity_word, UINT64_MAX, true, true},
	{"capacity: no power of two", capacity_word, 12, true, true},
	{"chunk: none", chunk_word, 0, false, true},
	{"chunk: elsewhere", chunk_word, 0x1234567812345678, false, true},
	{"item: none", item_word, 0, false, false},
	{"item: elsewhere", item_word, 0x1234567812345678, false, false},
	{"size", size_word, UINT64_MAX, false, false},
	{"size: less than any", size_word, UINT64_MAX / 4, false, false},
};

enum {
	STRAYS = sizeof strays / sizeof *strays
};

static bool notices(const stray *what, int which)
{
	if (calls[which].make == make_count)
		return what->is_seen_by_count;
	if (calls[which].make == make_clear)
		return what->is_seen_by_clear;
	/* These need no item, unless all is moved. */
	if (calls[which].make == make_append || calls[which].make == make_insert)
		return what->is_seen_by_count;
	return true;
}

/* In a child: a list that was overwritten is not freed whole. */
static int use_after_stray_write(void *number)
{
	const stray *what = &strays[*(int *)number / CALLS];
	int which = *(int *)number % CALLS, rc;

	*(uint64_t *)what->find() = what->value;
	rc = calls[which].make(list);
	if (notices(what, which))
		ck_assert_msg(
			rc == -EBADMSG && strstr(mproc_error_text(), "its memory was overwritten") != NULL,
			"%s after a stray write to %s: %d: %s", calls[which].name, what->name, rc,
			mproc_error_text());
	mproc_list_destroy(list);
	return 0;
}

START_TEST(stray_writes_are_noticed)
{
	for (int i = 0; i < STRAYS * CALLS; ++i) {
		create();
		for (uint64_t number = 0; number < 5; ++number)
			append_number(number);
		ck_assert_int_eq(support_reap(support_fork(use_after_stray_write, &i)), 0);
	}
	/* What they had in them is lost. */
	create();
	blocks_before = count_blocks() - 1;
}
END_TEST

/* ---- waiting ---- */

static int hold_lock(void *unused)
{
	(void)unused;
	return mproci_lock_take(&list->lock, MPROC_FOREVER);
}

static int hold_lock_in_the_middle(void *unused)
{
	int rc = hold_lock(unused);

	atomic_fetch_add(&list->sequence.version, 1);
	return rc;
}

static void create_patient(void)
{
	destroy();
	ck_assert_int_eq(mproc_list_create(&(mproc_list_options){.patience = 0.001}, &list), 0);
	append_range(0, 3);
}

START_TEST(changing_gives_up_when_patience_is_over)
{
	pid_t holder;

	create_patient();
	holder = support_fork_and_keep(hold_lock, NULL);
	support_stop(holder);
	for (int i = 0; i < CALLS; ++i) {
		if (i != GET && i != GET_COPY && i != COUNT)
			check_failed(calls[i].make(list), -ETIMEDOUT, "did not leave within 0.001 s");
	}
	expect_range(0, 3);
	support_kill(holder);
	append_number(3);
	expect_range(0, 4);
}
END_TEST

START_TEST(getting_beside_a_stopped_change_gives_up_when_patience_is_over)
{
	pid_t holder;

	create_patient();
	holder = support_fork_and_keep(hold_lock_in_the_middle, NULL);
	support_stop(holder);
	check_calls(list, -ETIMEDOUT, "did not leave within 0.001 s");
	support_kill(holder);
	expect_range(0, 3);
}
END_TEST

START_TEST(death_in_the_middle_of_nothing_is_seen_to)
{
	append_range(0, 3);
	for (int i = 0; i < CALLS; ++i) {
		support_kill(support_fork_and_keep(hold_lock_in_the_middle, NULL));
		ck_assert_int_ge(calls[i].make(list), 0);
		if (i == POP || i == DELETE)
			append_number((uint64_t)i);
	}
}
END_TEST

/* ---- other processes ---- */

static int get_two(void *unused)
{
	(void)unused;
	return number_at(0) == 7 && number_at(1) == 8 ? 0 : EINVAL;
}

START_TEST(child_finds_the_list_where_it_is)
{
	append_range(7, 9);
	ck_assert_int_eq(support_reap(support_fork(get_two, NULL)), 0);
}
END_TEST

static int append_as_child(void *unused)
{
	uint64_t number = 1;

	(void)unused;
	return mproc_list_append(list, &number, sizeof number);
}

START_TEST(what_a_dead_member_put_in_stays)
{
	append_number(0);
	support_kill(support_fork_and_keep(append_as_child, NULL));
	support_kill_and_join(support_start_and_keep(append_as_child, NULL));
	ck_assert_int_eq(mproc_list_count(list), 3);
	ck_assert_uint_eq(number_at(-1), 1);
}
END_TEST

START_TEST(nothing_changes_when_the_system_has_no_memory)
{
	/* For an item, a chunk, a directory. */
	static const size_t sizes[] = {0, sizeof(mproci_chunk),
		sizeof(mproci_directory) + 2 * MPROCI_CHUNKS_FEWEST * sizeof(void *)};

	for (int i = 0; i < 3; ++i) {
		for (int position = -1; position <= 0; ++position) {
			shortage what = {sizes[i], position};

			ck_assert_int_eq(support_reap(support_fork(use_without_memory, &what)), ENOMEM);
		}
	}
}
END_TEST

static int copy_without_memory(void *unused)
{
	mproc_snapshot *all = NULL;
	void *copy = NULL;

	(void)unused;
	limit(RLIMIT_AS, 1);
	check_failed(mproc_list_get_copy(list, 0, &copy, NULL), -ENOMEM,
		"no memory for an item of 20000000 bytes");
	check_failed(mproc_list_slice(list, 0, 1, &all), -ENOMEM, "no memory for");
	ck_assert_ptr_null(copy);
	ck_assert_ptr_null(all);
	return 0;
}

START_TEST(item_stays_when_this_process_has_no_memory_for_a_copy)
{
	size_t size = 20000000;
	char *bytes = calloc(1, size);

	check_done(mproc_list_append(list, bytes, size));
	free(bytes);
	if (__asan_init == NULL)
		ck_assert_int_eq(support_reap(support_fork(copy_without_memory, NULL)), 0);
	ck_assert_int_eq(mproc_list_count(list), 1);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		list_is_empty_at_first,
		items_are_found_at_their_positions_from_either_end,
		items_of_any_size_come_back_whole,
		get_writes_no_byte_behind_the_item,
		insert_puts_an_item_in_front_of_another,
		insert_in_front_of_nothing_appends,
		insert_amid_many_moves_the_others,
		list_grows_at_the_front,
		list_grows_at_the_back,
		set_replaces_an_item_by_one_of_any_size,
		set_of_a_word_allocates_nothing,
		pop_takes_from_either_end,
		delete_amid_many_moves_the_others,
		items_go_through_a_list_like_a_queue,
		items_go_through_a_list_backwards,
		clear_takes_out_everything,
		slice_copies_what_is_between_two_positions,
		slice_is_empty_where_its_end_is_not_behind_its_beginning,
		slice_outlives_the_list,
		memory_comes_back_when_all_is_cleared,
		memory_comes_back_when_all_is_taken_from_the_back,
		memory_comes_back_when_all_is_taken_from_the_front,
		chunks_that_are_not_needed_are_given_back,
		destroy_frees_all_that_is_in_the_list,
		destroy_takes_null,
		what_is_no_list_is_refused,
		list_that_was_destroyed_is_refused,
		wrong_options_are_refused_with_a_text,
		null_is_refused_where_bytes_are_needed,
		positions_that_are_not_there_are_refused_with_a_text,
		item_that_does_not_fit_stays,
		item_larger_than_any_memory_is_refused,
		item_larger_than_the_arena_is_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		stray_writes_are_noticed,
		changing_gives_up_when_patience_is_over,
		getting_beside_a_stopped_change_gives_up_when_patience_is_over,
		death_in_the_middle_of_nothing_is_seen_to,
		child_finds_the_list_where_it_is,
		what_a_dead_member_put_in_stays,
		nothing_changes_when_the_system_has_no_memory,
		item_stays_when_this_process_has_no_memory_for_a_copy,
		who_cannot_join_the_family_is_told_so,
		NULL,
	};
	const support_suite suite = {
		.name = "list",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_list,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
