/* SPDX-License-Identifier: MIT */
#include "manager/deque.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	/* More than one doubling away from the first ring. */
	MANY = 1000,
	STEPS = 200000,
	MODEL = 4096,
};

static mproci_deque *deque;

static void setup(void)
{
	deque = mproci_deque_create();
	ck_assert_ptr_nonnull(deque);
}

static void teardown(void)
{
	mproci_deque_destroy(deque);
}

static void append(const char *text)
{
	ck_assert_int_eq(mproci_deque_insert(deque, deque->count, mproci_view_of(text)), 0);
}

static void append_letters(const char *letters)
{
	for (; *letters; ++letters)
		ck_assert_int_eq(mproci_deque_insert(deque, deque->count, (mproci_view){letters, 1}), 0);
}

/* Items of one letter each. */
static void check_letters(const mproci_deque *in, const char *letters)
{
	ck_assert_uint_eq(in->count, strlen(letters));
	for (size_t i = 0; i < in->count; ++i)
		ck_assert(mproci_view_equal(mproci_deque_at(in, i), (mproci_view){letters + i, 1}));
}

START_TEST(items_of_any_size_come_back_whole)
{
	static const size_t sizes[] = {0, 1, 11, 12, 13, 14, 100, 4096, 1 << 20};
	char *bytes = malloc(1 << 20);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		memset(bytes, 'a' + (int)i, 1 << 20);
		ck_assert_int_eq(mproci_deque_insert(deque, i, (mproci_view){bytes, sizes[i]}), 0);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		memset(bytes, 'a' + (int)i, 1 << 20);
		ck_assert(mproci_view_equal(mproci_deque_at(deque, i), (mproci_view){bytes, sizes[i]}));
	}
	free(bytes);
}
END_TEST

START_TEST(an_item_is_put_before_the_position)
{
	append_letters("abcdef");
	ck_assert_int_eq(mproci_deque_insert(deque, 0, mproci_view_of("0")), 0);
	ck_assert_int_eq(mproci_deque_insert(deque, 2, mproci_view_of("1")), 0);
	ck_assert_int_eq(mproci_deque_insert(deque, 7, mproci_view_of("2")), 0);
	check_letters(deque, "0a1bcde2f");
}
END_TEST

START_TEST(an_item_in_the_middle_is_removed)
{
	append_letters("abcdef");
	mproci_deque_remove(deque, 1);
	mproci_deque_remove(deque, 3);
	check_letters(deque, "acdf");
}
END_TEST

START_TEST(setting_an_item_replaces_it_whatever_its_size)
{
	append("short");
	append("one that does not fit inside");
	ck_assert_int_eq(mproci_deque_set(deque, 0, mproci_view_of("also one that does not fit")), 0);
	ck_assert_int_eq(mproci_deque_set(deque, 1, mproci_view_of("s")), 0);
	ck_assert(mproci_view_equal(mproci_deque_at(deque, 0), mproci_view_of("also one that does not fit")));
	ck_assert(mproci_view_equal(mproci_deque_at(deque, 1), mproci_view_of("s")));
}
END_TEST

START_TEST(trimming_keeps_what_is_inside)
{
	append_letters("abcdefgh");
	mproci_deque_trim(deque, 2, 4);
	check_letters(deque, "cdef");
	mproci_deque_trim(deque, 4, 0);
	check_letters(deque, "");
}
END_TEST

START_TEST(equal_items_are_removed_from_the_front)
{
	append_letters("abacada");
	ck_assert_uint_eq(mproci_deque_remove_equal(deque, mproci_view_of("a"), 2, false), 2);
	check_letters(deque, "bcada");
}
END_TEST

START_TEST(equal_items_are_removed_from_the_back)
{
	append_letters("abacada");
	ck_assert_uint_eq(mproci_deque_remove_equal(deque, mproci_view_of("a"), 2, true), 2);
	check_letters(deque, "abacd");
	ck_assert_uint_eq(mproci_deque_remove_equal(deque, mproci_view_of("x"), 2, true), 0);
	check_letters(deque, "abacd");
}
END_TEST

START_TEST(an_item_goes_from_one_deque_to_another)
{
	mproci_deque *other = mproci_deque_create();

	append_letters("abc");
	ck_assert_int_eq(mproci_deque_move(deque, false, other, true), 0);
	ck_assert_int_eq(mproci_deque_move(deque, true, other, false), 0);
	check_letters(deque, "b");
	check_letters(other, "ca");
	mproci_deque_destroy(other);
}
END_TEST

START_TEST(a_deque_is_rotated_by_a_move_to_itself)
{
	append_letters("abcdefgh");
	ck_assert_int_eq(mproci_deque_move(deque, true, deque, false), 0);
	check_letters(deque, "habcdefg");
	ck_assert_int_eq(mproci_deque_move(deque, false, deque, true), 0);
	ck_assert_int_eq(mproci_deque_move(deque, false, deque, false), 0);
	check_letters(deque, "abcdefgh");
}
END_TEST

START_TEST(the_ring_becomes_small_again)
{
	for (size_t i = 0; i < MANY; ++i)
		append("x");
	ck_assert_uint_ge(deque->capacity, MANY);
	while (deque->count > 1)
		mproci_deque_remove(deque, 0);
	ck_assert_uint_le(deque->capacity, 16);
}
END_TEST

/* Numbers as items, some of which are too long to lie inside. */
static mproci_view item_of(unsigned number, char *space)
{
	return (mproci_view){space, (size_t)sprintf(space, number % 3 == 0 ? "%u" : "%020u", number)};
}

static void check_model(const unsigned *model, size_t count)
{
	char space[32];

	ck_assert_uint_eq(deque->count, count);
	for (size_t i = 0; i < count; ++i)
		ck_assert(mproci_view_equal(mproci_deque_at(deque, i), item_of(model[i], space)));
}

static size_t step(unsigned *model, size_t count, unsigned number)
{
	size_t at = count > 0 ? (size_t)random() % (count + 1) : 0;
	char space[32];

	if (random() % 2)
		at = random() % 2 ? count : 0;
	/* More comes than goes, and later the other way round. */
	if (count < MODEL && random() % 8 < (number / MODEL % 2 ? 3 : 5)) {
		ck_assert_int_eq(mproci_deque_insert(deque, at, item_of(number, space)), 0);
		memmove(model + at + 1, model + at, (count - at) * sizeof *model);
		model[at] = number;
		return count + 1;
	}
	if (at == count)
		at = count - 1;
	if (count == 0)
		return 0;
	mproci_deque_remove(deque, at);
	memmove(model + at, model + at + 1, (count - at - 1) * sizeof *model);
	return count - 1;
}

START_TEST(at_random_it_is_what_an_array_is)
{
	unsigned *model = calloc(MODEL + 1, sizeof *model);
	size_t count = 0;

	srandom(8);
	for (unsigned i = 0; i < STEPS; ++i) {
		count = step(model, count, i);
		if (i % 997 == 0)
			check_model(model, count);
	}
	check_model(model, count);
	free(model);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		items_of_any_size_come_back_whole,
		an_item_is_put_before_the_position,
		an_item_in_the_middle_is_removed,
		setting_an_item_replaces_it_whatever_its_size,
		trimming_keeps_what_is_inside,
		equal_items_are_removed_from_the_front,
		equal_items_are_removed_from_the_back,
		an_item_goes_from_one_deque_to_another,
		a_deque_is_rotated_by_a_move_to_itself,
		the_ring_becomes_small_again,
		at_random_it_is_what_an_array_is,
		NULL,
	};
	const support_suite suite = {.name = "deque", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
