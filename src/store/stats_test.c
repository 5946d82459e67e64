/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "store/bounds_fixture.h"

#include <errno.h>

static mproc_cache *cache;

static void begin(void)
{
	tree_create();
	cache = open_cache(1 << 20, 2.5);
}

static void end(void)
{
	cache = mproc_cache_close(cache);
	tree_remove();
}

START_TEST(what_was_done_is_told)
{
	mproc_cache_usage usage;

	put(cache, 1);
	put_sized(cache, 2, 5000);
	put_sized(cache, 2, 9000);
	ck_assert_int_eq(get(cache, 1), 0);
	ck_assert_int_eq(get(cache, 3), -ENOENT);
	ck_assert_int_eq(get(cache, 4), -ENOENT);
	usage = usage_of(cache);
	ck_assert_uint_eq(usage.entries, 2);
	ck_assert_uint_eq(usage.bytes, 4 * PAGE);
	ck_assert_uint_eq(usage.puts, 3);
	ck_assert_uint_eq(usage.hits, 1);
	ck_assert_uint_eq(usage.misses, 2);
	ck_assert_uint_eq(usage.failed_puts, 0);
	ck_assert_uint_eq(usage.evicted, 0);
	ck_assert_uint_eq(usage.damaged, 0);
	ck_assert_double_eq(usage.saved, 0);
}
END_TEST

START_TEST(each_number_is_told_as_what_it_is)
{
	mproc_cache_usage usage;

	cache->tally->hits = 1;
	cache->tally->misses = 2;
	cache->tally->puts = 3;
	cache->tally->failed_puts = 4;
	cache->tally->evicted = 5;
	cache->tally->damaged = 6;
	cache->tally->saved = 1500000000;
	usage = usage_of(cache);
	ck_assert_uint_eq(usage.hits, 1);
	ck_assert_uint_eq(usage.misses, 2);
	ck_assert_uint_eq(usage.puts, 3);
	ck_assert_uint_eq(usage.failed_puts, 4);
	ck_assert_uint_eq(usage.evicted, 5);
	ck_assert_uint_eq(usage.damaged, 6);
	ck_assert_double_eq(usage.saved, 1.5);
}
END_TEST

START_TEST(the_bounds_are_those_of_the_handle)
{
	mproc_cache *other = open_cache(UINT64_MAX, 0);

	ck_assert_uint_eq(usage_of(cache).max_bytes, 1 << 20);
	ck_assert_double_eq(usage_of(cache).max_age, 2.5);
	ck_assert_uint_eq(usage_of(other).max_bytes, UINT64_MAX);
	ck_assert_double_eq(usage_of(other).max_age, 0);
	mproc_cache_close(other);
}
END_TEST

START_TEST(less_than_nothing_is_told_as_nothing)
{
	cache->tally->entries = -1;
	cache->tally->bytes = INT64_MIN;
	ck_assert_uint_eq(usage_of(cache).entries, 0);
	ck_assert_uint_eq(usage_of(cache).bytes, 0);
}
END_TEST

START_TEST(telling_without_a_cache_or_room_is_a_mistake)
{
	mproc_cache_usage usage;

	ck_assert_int_eq(mproc_cache_stats(NULL, &usage), -EINVAL);
	support_check_text("cache is NULL");
	ck_assert_int_eq(mproc_cache_stats(cache, NULL), -EINVAL);
	support_check_text("ret_usage is NULL");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		what_was_done_is_told,
		each_number_is_told_as_what_it_is,
		the_bounds_are_those_of_the_handle,
		less_than_nothing_is_told_as_nothing,
		telling_without_a_cache_or_room_is_a_mistake,
		NULL,
	};

	return support_run_suite(
		&(support_suite){.name = "stats", .tests = tests, .setup = begin, .teardown = end});
}
