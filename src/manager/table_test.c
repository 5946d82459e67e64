/* SPDX-License-Identifier: MIT */
#include "manager/table.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	MANY = 10000,
	NAME_SIZE = 24,
	/* Scans end sooner than this, or never. */
	MOST_STEPS = 100 * MANY,
};

static mproci_hash_table *table;
static int dropped;

/* The payload of an entry here. */
typedef struct mark {
	int number, seen;
} mark;

static void drop(void *payload)
{
	(void)payload;
	dropped++;
}

static void setup(void)
{
	dropped = 0;
	table = mproci_hash_table_create(sizeof(mark), drop);
	ck_assert_ptr_nonnull(table);
}

static void teardown(void)
{
	mproci_hash_table_destroy(table);
}

static mproci_view name_of(int number)
{
	static char name[NAME_SIZE];

	return (mproci_view){name, (size_t)snprintf(name, sizeof name, "name %d", number)};
}

static mark *mark_of(mproci_hash_entry *entry)
{
	return (mark *)entry->payload;
}

static void add(int number)
{
	bool is_new;
	mproci_hash_entry *entry = mproci_hash_table_add(table, name_of(number), &is_new);

	ck_assert_ptr_nonnull(entry);
	ck_assert(is_new);
	mark_of(entry)->number = number;
}

static void take_out(int number)
{
	mproci_hash_table_remove(table, mproci_hash_table_find(table, name_of(number)));
}

START_TEST(find_gives_what_was_added_and_nothing_else)
{
	for (int i = 0; i < MANY; i++)
		add(i);
	ck_assert_uint_eq(table->count, MANY);
	for (int i = 0; i < MANY; i += 2)
		take_out(i);
	for (int i = 0; i < MANY; i++) {
		mproci_hash_entry *entry = mproci_hash_table_find(table, name_of(i));

		ck_assert_int_eq(entry != NULL, i % 2);
		if (entry == NULL)
			continue;
		ck_assert_int_eq(mark_of(entry)->number, i);
		ck_assert(mproci_view_equal(mproci_hash_entry_name(table, entry), name_of(i)));
	}
	ck_assert_int_eq(dropped, MANY / 2);
}
END_TEST

START_TEST(add_finds_what_is_there)
{
	mproci_hash_entry *entry;
	bool is_new;

	add(1);
	entry = mproci_hash_table_add(table, name_of(1), &is_new);
	ck_assert(!is_new);
	ck_assert_int_eq(mark_of(entry)->number, 1);
	ck_assert_uint_eq(table->count, 1);
}
END_TEST

START_TEST(names_are_any_bytes)
{
	static const mproci_view names[] = {
		{"", 0}, {"\0", 1}, {"\0\0", 2}, {"a\0b", 3}, {"a\0c", 3}, {"\r\n", 2}};
	size_t count = sizeof names / sizeof *names;

	for (size_t i = 0; i < count; i++)
		mark_of(mproci_hash_table_add(table, names[i], NULL))->number = (int)i;
	ck_assert_uint_eq(table->count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(mark_of(mproci_hash_table_find(table, names[i]))->number, (int)i);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_not_added)
{
	mproci_view name = {
		calloc(1, (size_t)MPROCI_HASH_TABLE_MOST_SIZE + 1), (size_t)MPROCI_HASH_TABLE_MOST_SIZE + 1};

	ck_assert_ptr_null(mproci_hash_table_add(table, name, NULL));
	ck_assert_uint_eq(table->count, 0);
	free((void *)(uintptr_t)name.bytes);
}
END_TEST

START_TEST(a_table_is_never_much_larger_than_what_is_in_it)
{
	for (int i = 0; i < MANY; i++)
		add(i);
	ck_assert_uint_le(table->bucket_count, MANY);
	for (int i = 0; i < MANY; i++) {
		take_out(i);
		ck_assert_uint_le(table->bucket_count, 4 * table->count + 8);
		ck_assert_uint_le(table->capacity, 4 * table->bucket_count);
	}
}
END_TEST

START_TEST(next_comes_to_each_once)
{
	int count = 0;

	for (int i = 0; i < MANY; i++)
		add(i);
	for (mproci_hash_entry *entry = mproci_hash_table_next(table, NULL); entry != NULL;
		entry = mproci_hash_table_next(table, entry)) {
		ck_assert_int_eq(mark_of(entry)->seen++, 0);
		count++;
	}
	ck_assert_int_eq(count, MANY);
}
END_TEST

static void see(void *context, mproci_hash_entry *entry)
{
	(void)context;
	mark_of(entry)->seen++;
}

START_TEST(a_scan_that_nothing_disturbs_comes_to_each_once)
{
	uint64_t cursor = 0;

	for (int i = 0; i < MANY; i++)
		add(i);
	do
		cursor = mproci_hash_table_scan(table, cursor, 10, see, NULL);
	while (cursor != 0);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(mark_of(mproci_hash_table_find(table, name_of(i)))->seen, 1);
}
END_TEST

/*
 * Names below MANY / 10 stay; the others come and go, so that the table grows and shrinks by a factor of ten while it
 * is scanned.
 */
static void scan_while_others_come_and_go(int step)
{
	const int staying = MANY / 10;
	int next = staying, direction = 1;
	uint64_t cursor = 0;

	for (int i = 0; i < staying; i++)
		add(i);
	do {
		cursor = mproci_hash_table_scan(table, cursor, 3, see, NULL);
		for (int i = 0; i < step; i++) {
			if (direction > 0)
				add(next++);
			else
				take_out(--next);
			if (next == MANY || next == staying)
				direction = -direction;
		}
	} while (cursor != 0);
	for (int i = 0; i < staying; i++)
		ck_assert_int_gt(mark_of(mproci_hash_table_find(table, name_of(i)))->seen, 0);
}

START_TEST(a_scan_comes_to_all_that_stays)
{
	static const int steps[] = {1, 7, 50, 500, 3000};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		scan_while_others_come_and_go(steps[i]);
		teardown();
		setup();
	}
}
END_TEST

START_TEST(a_scan_from_anywhere_ends)
{
	static const uint64_t cursors[] = {
		1, 7, 12345, 0x80000000, 0xffffffff, 0x100000000, UINT64_MAX - 1, UINT64_MAX};
	uint64_t cursor;
	int steps;

	for (int i = 0; i < MANY; i++)
		add(i);
	for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
		cursor = cursors[i];
		for (steps = 0; cursor != 0 && steps < MOST_STEPS; steps++)
			cursor = mproci_hash_table_scan(table, cursor, 1, see, NULL);
		ck_assert_int_lt(steps, MOST_STEPS);
	}
}
END_TEST

START_TEST(a_large_table_is_destroyed_part_by_part)
{
	int parts = 1, before;

	for (int i = 0; i < MANY; i++)
		add(i);
	for (; before = dropped, !mproci_hash_table_destroy_part(table); parts++)
		ck_assert_int_lt(dropped - before, MANY);
	ck_assert_int_gt(parts, 2);
	ck_assert_int_eq(dropped, MANY);
	table = NULL;
}
END_TEST

static bool is_odd(void *context, mproci_hash_entry *entry)
{
	(void)context;
	return mark_of(entry)->number % 2 != 0;
}

START_TEST(some_are_removed_at_once)
{
	for (int i = 0; i < MANY; i++)
		add(i);
	mproci_hash_table_remove_some(table, is_odd, NULL);
	ck_assert_uint_eq(table->count, MANY / 2);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(mproci_hash_table_find(table, name_of(i)) != NULL, i % 2 == 0);
}
END_TEST

START_TEST(any_entry_comes_by_chance)
{
	const int count = 50;

	ck_assert_ptr_null(mproci_hash_table_random(table));
	for (int i = 0; i < count; i++)
		add(i);
	for (int i = 0; i < MANY; i++)
		mark_of(mproci_hash_table_random(table))->seen++;
	for (int i = 0; i < count; i++)
		ck_assert_int_gt(mark_of(mproci_hash_table_find(table, name_of(i)))->seen, 0);
}
END_TEST

START_TEST(drawn_numbers_are_below_their_bound)
{
	for (uint64_t bound = 1; bound < MANY; bound++)
		ck_assert_uint_lt(mproci_hash_table_draw(table, bound), bound);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		find_gives_what_was_added_and_nothing_else,
		add_finds_what_is_there,
		names_are_any_bytes,
		a_name_that_is_too_long_is_not_added,
		a_table_is_never_much_larger_than_what_is_in_it,
		next_comes_to_each_once,
		a_scan_that_nothing_disturbs_comes_to_each_once,
		a_scan_comes_to_all_that_stays,
		a_scan_from_anywhere_ends,
		a_large_table_is_destroyed_part_by_part,
		some_are_removed_at_once,
		any_entry_comes_by_chance,
		drawn_numbers_are_below_their_bound,
		NULL,
	};
	const support_suite suite = {.name = "table", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
