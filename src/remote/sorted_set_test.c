/* SPDX-License-Identifier: MIT */
#include "remote/object_fixture.h"

#include <locale.h>
#include <math.h>
#include <mproc/remote_sorted_set.h>

static void add(const char *member, double score)
{
	check_done(mproc_remote_sorted_set_add(remote, "z", member, strlen(member), score, soon()));
}

static void check_score(const char *member, double score)
{
	double got = 0;

	check_done(mproc_remote_sorted_set_score(remote, "z", member, strlen(member), soon(), &got));
	ck_assert_double_eq(got, score);
}

static void check_entry(const mproc_snapshot *all, size_t i, const char *member, double score)
{
	ck_assert_uint_lt(i, all->count);
	check_bytes(all->entries[i].key, all->entries[i].key_size, member);
	ck_assert_uint_eq(all->entries[i].value_size, sizeof score);
	ck_assert_double_eq(*(const double *)all->entries[i].value, score);
}

START_TEST(a_member_has_the_score_that_it_got_last)
{
	const double scores[] = {0.1, -1e300, 4e-324, 9007199254740993.0, HUGE_VAL, -HUGE_VAL, -0.5};

	begin();
	for (size_t i = 0; i < sizeof scores / sizeof *scores; ++i) {
		add("m", scores[i]);
		check_score("m", scores[i]);
	}
	ck_assert_int_eq(mproc_remote_sorted_set_count(remote, "z", soon()), 1);
	finish();
}
END_TEST

START_TEST(a_comma_in_the_locale_changes_nothing)
{
	begin();
	/* Where no such locale is installed the test shows nothing. */
	setlocale(LC_ALL, "de_DE.UTF-8");
	add("m", 1.5);
	check_score("m", 1.5);
	finish();
}
END_TEST

START_TEST(increment_adds)
{
	double score = 0;

	begin();
	check_done(mproc_remote_sorted_set_increment(remote, "z", "m", 1, 1.5, soon(), NULL));
	check_done(mproc_remote_sorted_set_increment(remote, "z", "m", 1, -4, soon(), &score));
	ck_assert_double_eq(score, -2.5);
	add("m", HUGE_VAL);
	ck_assert_int_eq(
		mproc_remote_sorted_set_increment(remote, "z", "m", 1, -HUGE_VAL, soon(), &score), -ERANGE);
	ck_assert_double_eq(score, -2.5);
	finish();
}
END_TEST

START_TEST(rank_counts_from_the_lowest)
{
	begin();
	add("b", 2);
	add("a", 2);
	add("first", -1);
	ck_assert_int_eq(mproc_remote_sorted_set_rank(remote, "z", "first", 5, soon()), 0);
	ck_assert_int_eq(mproc_remote_sorted_set_rank(remote, "z", "a", 1, soon()), 1);
	ck_assert_int_eq(mproc_remote_sorted_set_rank(remote, "z", "b", 1, soon()), 2);
	finish();
}
END_TEST

START_TEST(what_is_not_there_has_no_score_and_no_rank)
{
	double score = 7;

	begin();
	check_failed(mproc_remote_sorted_set_score(remote, "z", "m", 1, soon(), &score), -ENOENT,
		"not in the sorted set");
	check_failed(
		mproc_remote_sorted_set_rank(remote, "z", "m", 1, soon()), -ENOENT, "not in the sorted set");
	check_failed(mproc_remote_sorted_set_remove(remote, "z", "m", 1, soon()), -ENOENT,
		"not in the sorted set");
	ck_assert_double_eq(score, 7);
	add("m", 1);
	check_done(mproc_remote_sorted_set_remove(remote, "z", "m", 1, soon()));
	ck_assert_int_eq(mproc_remote_sorted_set_count(remote, "z", soon()), 0);
	finish();
}
END_TEST

START_TEST(ranges_are_in_the_order_of_the_scores)
{
	mproc_snapshot *part = NULL;

	begin();
	add("d", HUGE_VAL);
	add("c", 3.25);
	add("a", -1);
	add("b", 0);
	check_done(mproc_remote_sorted_set_range_by_rank(remote, "z", 0, SSIZE_MAX, soon(), &part));
	ck_assert_uint_eq(part->count, 4);
	check_entry(part, 0, "a", -1);
	check_entry(part, 2, "c", 3.25);
	check_entry(part, 3, "d", HUGE_VAL);
	mproc_snapshot_close(part);
	check_done(mproc_remote_sorted_set_range_by_rank(remote, "z", 1, -1, soon(), &part));
	ck_assert_uint_eq(part->count, 2);
	check_entry(part, 0, "b", 0);
	mproc_snapshot_close(part);
	check_done(mproc_remote_sorted_set_range_by_rank(remote, "z", 1, 1, soon(), &part));
	ck_assert_uint_eq(part->count, 0);
	mproc_snapshot_close(part);
	finish();
}
END_TEST

START_TEST(ranges_by_score_include_their_bounds)
{
	mproc_snapshot *part = NULL;

	begin();
	add("a", -1);
	add("b", 0);
	add("c", 3.25);
	check_done(mproc_remote_sorted_set_range_by_score(remote, "z", -1, 0, 0, soon(), &part));
	ck_assert_uint_eq(part->count, 2);
	mproc_snapshot_close(part);
	check_done(
		mproc_remote_sorted_set_range_by_score(remote, "z", -HUGE_VAL, HUGE_VAL, 1, soon(), &part));
	ck_assert_uint_eq(part->count, 1);
	check_entry(part, 0, "a", -1);
	mproc_snapshot_close(part);
	check_done(mproc_remote_sorted_set_range_by_score(remote, "z", 1, HUGE_VAL, SIZE_MAX, soon(), &part));
	check_entry(part, 0, "c", 3.25);
	mproc_snapshot_close(part);
	finish();
}
END_TEST

START_TEST(pop_lowest_takes_the_lowest_and_waits_while_there_is_none)
{
	void *member = NULL;
	double score = 0;
	size_t size = 0;

	begin();
	add("b", 2);
	add("a", 1.5);
	check_done(mproc_remote_sorted_set_pop_lowest(remote, "z", soon(), &member, &size, &score));
	check_copy(member, size, "a");
	ck_assert_double_eq(score, 1.5);
	check_done(mproc_remote_sorted_set_pop_lowest(remote, "z", soon(), &member, NULL, NULL));
	check_copy(member, 1, "b");
	member = NULL;
	ck_assert_int_eq(
		mproc_remote_sorted_set_pop_lowest(remote, "z", mproc_after(0.01), &member, &size, &score),
		-ETIMEDOUT);
	ck_assert_ptr_null(member);
	finish();
}
END_TEST

START_TEST(clear_takes_out_everything)
{
	begin();
	add("a", 1);
	check_done(mproc_remote_sorted_set_clear(remote, "z", soon()));
	ck_assert_int_eq(mproc_remote_sorted_set_count(remote, "z", soon()), 0);
	finish();
}
END_TEST

START_TEST(what_is_wrong_is_refused)
{
	mproc_snapshot *all = NULL;

	begin();
	check_failed(mproc_remote_sorted_set_add(remote, "z", "m", 1, NAN, soon()), -EINVAL, "NaN");
	check_failed(
		mproc_remote_sorted_set_increment(remote, "z", "m", 1, NAN, soon(), NULL), -EINVAL, "NaN");
	check_failed(mproc_remote_sorted_set_range_by_score(remote, "z", NAN, 1, 0, soon(), &all), -EINVAL,
		"lowest is NaN");
	check_failed(mproc_remote_sorted_set_range_by_score(remote, "z", 1, NAN, 0, soon(), &all), -EINVAL,
		"highest is NaN");
	check_failed(mproc_remote_sorted_set_score(remote, "z", "m", 1, soon(), NULL), -EINVAL, "NULL");
	check_failed(
		mproc_remote_sorted_set_pop_lowest(remote, "z", soon(), NULL, NULL, NULL), -EINVAL, "NULL");
	check_failed(mproc_remote_sorted_set_add(remote, "z", NULL, 1, 1, soon()), -EINVAL, "member is NULL");
	tell("SET", "z", "text");
	check_failed(mproc_remote_sorted_set_add(remote, "z", "m", 1, 1, soon()), -EINVAL, "WRONGTYPE");
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_member_has_the_score_that_it_got_last,
		a_comma_in_the_locale_changes_nothing,
		increment_adds,
		rank_counts_from_the_lowest,
		what_is_not_there_has_no_score_and_no_rank,
		ranges_are_in_the_order_of_the_scores,
		ranges_by_score_include_their_bounds,
		pop_lowest_takes_the_lowest_and_waits_while_there_is_none,
		clear_takes_out_everything,
		what_is_wrong_is_refused,
		NULL,
	};

	return support_run("remote/sorted_set", tests);
}
