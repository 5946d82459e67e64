/* SPDX-License-Identifier: MIT */
#include "manager/ordered.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	/* Of more than one chunk, several times. */
	MANY = 5000,
	STEPS = 30000,
};

static mproci_hash_table *table;
static mproci_ordered order;

static void setup(void)
{
	table = mproci_hash_table_create(MPROCI_ORDERED_PAYLOAD, NULL);
	ck_assert_ptr_nonnull(table);
}

static void teardown(void)
{
	mproci_ordered_clear(&order);
	mproci_hash_table_destroy(table);
}

static mproci_hash_entry *entry_of(unsigned number)
{
	char name[16];
	int size = snprintf(name, sizeof name, "%06u", number);

	return mproci_hash_table_add(table, (mproci_view){name, (size_t)size}, NULL);
}

static void insert(double score, unsigned number)
{
	ck_assert_int_eq(mproci_ordered_insert(&order, score, entry_of(number)), 0);
}

/* Half of them have the score of another one. */
static double score_of(unsigned number)
{
	return number / 2;
}

static void fill(unsigned count)
{
	for (unsigned i = 0; i < count; ++i)
		insert(score_of(i), i);
}

/* In a fixed disorder. */
static void fill_mixed(unsigned count)
{
	for (unsigned i = 0; i < count; ++i) {
		unsigned number = (unsigned)((i * 7919ull) % count);

		insert(score_of(number), number);
	}
}

/* All from @first on, in order, each @step away from the one before. */
static void check_order(unsigned first, unsigned step)
{
	mproci_ordered_position position = {0, 0};
	size_t counted = 0;

	for (size_t i = 0; i < order.chunk_count; ++i)
		counted += order.chunks[i].count;
	ck_assert_uint_eq(counted, order.count);
	for (size_t i = 0; i < order.count; ++i) {
		const mproci_ranked *item = mproci_ordered_at(&order, position);

		ck_assert_ptr_eq(item->entry, entry_of(first + (unsigned)i * step));
		mproci_ordered_step(&order, &position, false);
	}
}

START_TEST(entries_are_in_order_however_they_come)
{
	fill_mixed(MANY);
	ck_assert_uint_eq(order.count, MANY);
	check_order(0, 1);
}
END_TEST

START_TEST(what_comes_in_order_fills_its_chunks)
{
	fill(MANY);
	check_order(0, 1);
	ck_assert_uint_le(order.chunk_count, MANY / 512 + 1);
}
END_TEST

START_TEST(a_rank_is_found_from_either_end)
{
	fill_mixed(MANY);
	for (unsigned i = 0; i < MANY; ++i) {
		mproci_ordered_position position = mproci_ordered_seek(&order, i);

		ck_assert_ptr_eq(mproci_ordered_at(&order, position)->entry, entry_of(i));
	}
}
END_TEST

START_TEST(one_can_walk_backwards)
{
	mproci_ordered_position position;

	fill_mixed(MANY);
	position = mproci_ordered_seek(&order, MANY - 1);
	for (unsigned i = MANY; i-- > 0;) {
		ck_assert_ptr_eq(mproci_ordered_at(&order, position)->entry, entry_of(i));
		mproci_ordered_step(&order, &position, true);
	}
}
END_TEST

START_TEST(how_many_are_before_a_score_depends_on_whether_it_belongs)
{
	mproci_bound bound = {.has_score = true, .score = 100};

	fill_mixed(MANY);
	ck_assert_uint_eq(mproci_ordered_count_before(&order, &bound), 200);
	bound.is_behind = true;
	ck_assert_uint_eq(mproci_ordered_count_before(&order, &bound), 202);
	bound.score = 1e9;
	ck_assert_uint_eq(mproci_ordered_count_before(&order, &bound), MANY);
	bound.score = -1;
	ck_assert_uint_eq(mproci_ordered_count_before(&order, &bound), 0);
}
END_TEST

START_TEST(of_equal_scores_the_name_decides)
{
	mproci_bound bound = {.has_name = true, .name = mproci_view_of("000100")};

	for (unsigned i = MANY; i-- > 0;)
		insert(1, i);
	check_order(0, 1);
	ck_assert_uint_eq(mproci_ordered_count_before(&order, &bound), 100);
	bound.is_behind = true;
	ck_assert_uint_eq(mproci_ordered_count_before(&order, &bound), 101);
	/* What it begins with is before it. */
	bound.name = mproci_view_of("0001");
	ck_assert_uint_eq(mproci_ordered_count_before(&order, &bound), 100);
}
END_TEST

START_TEST(entries_are_taken_out_one_by_one)
{
	fill_mixed(MANY);
	for (unsigned i = 1; i < MANY; i += 2)
		mproci_ordered_remove(&order, score_of(i), entry_of(i));
	ck_assert_uint_eq(order.count, MANY / 2);
	check_order(0, 2);
	for (unsigned i = 0; i < MANY; i += 2)
		mproci_ordered_remove(&order, score_of(i), entry_of(i));
	ck_assert_uint_eq(order.count, 0);
	ck_assert_uint_eq(order.chunk_count, 0);
}
END_TEST

START_TEST(few_that_are_left_are_in_few_chunks)
{
	fill_mixed(MANY);
	for (unsigned i = 0; i < MANY; ++i) {
		if (i % 50 != 0)
			mproci_ordered_remove(&order, score_of(i), entry_of(i));
	}
	check_order(0, 50);
	ck_assert_uint_le(order.chunk_count, 2);
}
END_TEST

START_TEST(a_cut_takes_out_what_is_in_it)
{
	fill_mixed(MANY);
	mproci_ordered_cut(&order, MANY - 1000, 1000);
	mproci_ordered_cut(&order, 0, 1500);
	check_order(1500, 1);
	ck_assert_uint_eq(order.count, MANY - 2500);
	mproci_ordered_cut(&order, 0, 0);
	mproci_ordered_cut(&order, 0, order.count);
	ck_assert_uint_eq(order.chunk_count, 0);
}
END_TEST

START_TEST(a_cut_in_the_middle_joins_both_sides)
{
	fill_mixed(MANY);
	mproci_ordered_cut(&order, 100, MANY - 200);
	ck_assert_uint_eq(order.count, 200);
	ck_assert_uint_eq(order.chunk_count, 1);
	ck_assert_ptr_eq(mproci_ordered_at(&order, mproci_ordered_seek(&order, 99))->entry, entry_of(99));
	ck_assert_ptr_eq(
		mproci_ordered_at(&order, mproci_ordered_seek(&order, 100))->entry, entry_of(MANY - 100));
}
END_TEST

/* Which numbers are in it is all that the model knows: their order is that of the numbers. */
static size_t step(bool *model, size_t count)
{
	unsigned number = (unsigned)(random() % MANY);
	size_t first = count > 0 ? (size_t)random() % count : 0, cut = random() % 200 == 0 ? 300 : 0;

	if (count > first && cut > 0) {
		cut = cut < count - first ? cut : count - first;
		for (unsigned i = 0, rank = 0; i < MANY; ++i) {
			rank += model[i];
			if (model[i] && rank > first && rank <= first + cut)
				model[i] = false;
		}
		mproci_ordered_cut(&order, first, cut);
		return count - cut;
	}
	model[number] = !model[number];
	if (model[number])
		insert(score_of(number), number);
	else
		mproci_ordered_remove(&order, score_of(number), entry_of(number));
	return model[number] ? count + 1 : count - 1;
}

static void check_model(const bool *model, size_t count)
{
	size_t rank = 0;

	ck_assert_uint_eq(order.count, count);
	for (unsigned i = 0; i < MANY; ++i) {
		mproci_bound bound = {.has_score = true, .has_name = true, .score = score_of(i)};

		if (!model[i])
			continue;
		bound.name = mproci_hash_entry_name(table, entry_of(i));
		ck_assert_uint_eq(mproci_ordered_count_before(&order, &bound), rank);
		ck_assert_ptr_eq(
			mproci_ordered_at(&order, mproci_ordered_seek(&order, rank))->entry, entry_of(i));
		++rank;
	}
}

START_TEST(at_random_it_is_what_a_list_of_numbers_is)
{
	bool *model = calloc(MANY, sizeof *model);
	size_t count = 0;

	srandom(8);
	for (unsigned i = 0; i < STEPS; ++i) {
		count = step(model, count);
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
		entries_are_in_order_however_they_come,
		what_comes_in_order_fills_its_chunks,
		a_rank_is_found_from_either_end,
		one_can_walk_backwards,
		how_many_are_before_a_score_depends_on_whether_it_belongs,
		of_equal_scores_the_name_decides,
		entries_are_taken_out_one_by_one,
		few_that_are_left_are_in_few_chunks,
		a_cut_takes_out_what_is_in_it,
		a_cut_in_the_middle_joins_both_sides,
		at_random_it_is_what_a_list_of_numbers_is,
		NULL,
	};
	const support_suite suite = {.name = "ordered", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
