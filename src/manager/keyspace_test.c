/* SPDX-License-Identifier: MIT */
#include "manager/keyspace.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	MANY = 1000,
	START = 5000,
	WALL_AHEAD = 1000000,
	MOST_TOLD = 16,
};

static mproci_keyspace *keyspace;
static int freed;

static void count_freed(void *value)
{
	(void)value;
	freed++;
}

static const mproci_type plain = {.name = "plain", .free = count_freed};
static const mproci_type shown = {.name = "shown", .free = count_freed, .is_shown = true};

/* A watcher that writes down that it was told, and may unwatch another one. */
typedef struct listener {
	mproci_key_watcher watcher;
	int number;
	struct listener *other;
} listener;

static int told[MOST_TOLD];
static int told_count;

static void listen_to(mproci_key_watcher *watcher)
{
	listener *it = (listener *)watcher;

	ck_assert_int_lt(told_count, MOST_TOLD);
	told[told_count++] = it->number;
	if (it->other != NULL)
		mproci_keyspace_unwatch(&it->other->watcher);
}

static void watch(listener *it, int number, const char *name)
{
	*it = (listener){.watcher = {.tell = listen_to}, .number = number};
	ck_assert_int_eq(mproci_keyspace_watch(keyspace, mproci_view_of(name), &it->watcher), 0);
}

static void set_time(int64_t now)
{
	mproci_keyspace_set_time(keyspace, now, now + WALL_AHEAD);
}

static mproci_binding *bind_to(const char *name, const mproci_type *type)
{
	mproci_binding *binding = mproci_keyspace_bind(keyspace, mproci_view_of(name), type, NULL);

	ck_assert_ptr_nonnull(binding);
	mproci_keyspace_touch(keyspace, mproci_view_of(name), binding);
	return binding;
}

static mproci_binding *find(const char *name)
{
	return mproci_keyspace_find(keyspace, mproci_view_of(name));
}

static void expire(const char *name, int64_t at)
{
	mproci_keyspace_expire(keyspace, mproci_view_of(name), find(name), at);
}

static void setup(void)
{
	keyspace = mproci_keyspace_create();
	ck_assert_ptr_nonnull(keyspace);
	set_time(START);
	freed = told_count = 0;
}

static void teardown(void)
{
	mproci_keyspace_destroy(keyspace);
}

START_TEST(what_is_bound_is_found)
{
	mproci_binding *a = bind_to("a", &plain);

	ck_assert_ptr_eq(find("a"), a);
	ck_assert_ptr_null(find("b"));
	ck_assert_uint_eq(mproci_keyspace_count(keyspace), 1);
	ck_assert(mproci_view_equal(mproci_keyspace_name(keyspace, a), mproci_view_of("a")));
	mproci_keyspace_remove(keyspace, mproci_view_of("a"));
	ck_assert_ptr_null(find("a"));
	ck_assert_int_eq(freed, 1);
}
END_TEST

START_TEST(a_new_value_frees_the_old_one_and_its_time)
{
	mproci_binding *a = bind_to("a", &plain);

	expire("a", START + 10);
	ck_assert_ptr_eq(bind_to("a", &plain), a);
	ck_assert_int_eq(freed, 1);
	ck_assert_int_eq(a->expires_at, 0);
	set_time(START + 20);
	ck_assert_ptr_nonnull(find("a"));
}
END_TEST

START_TEST(what_has_expired_is_not_found)
{
	bind_to("a", &plain);
	expire("a", START + 10);
	set_time(START + 9);
	ck_assert_ptr_nonnull(find("a"));
	set_time(START + 10);
	ck_assert_ptr_null(find("a"));
	ck_assert_int_eq(freed, 1);
}
END_TEST

START_TEST(a_sweep_takes_what_has_expired_and_says_when_to_come_again)
{
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "%d", i);
		bind_to(name, &plain);
		expire(name, START + 1 + i);
	}
	bind_to("for ever", &plain);
	ck_assert_int_eq(mproci_keyspace_sweep(keyspace), START + 1);
	set_time(START + 10);
	ck_assert_int_eq(mproci_keyspace_sweep(keyspace), START + 11);
	ck_assert_uint_eq(mproci_keyspace_count(keyspace), MANY - 10 + 1);
	set_time(START + MANY);
	for (int i = 0; i < MANY && mproci_keyspace_sweep(keyspace) != 0; i++)
		continue;
	ck_assert_uint_eq(mproci_keyspace_count(keyspace), 1);
	ck_assert_int_eq(mproci_keyspace_sweep(keyspace), 0);
}
END_TEST

START_TEST(a_key_may_be_told_to_stay)
{
	bind_to("a", &plain);
	expire("a", START + 10);
	expire("a", 0);
	set_time(START + 20);
	ck_assert_int_eq(mproci_keyspace_sweep(keyspace), 0);
	ck_assert_ptr_nonnull(find("a"));
}
END_TEST

START_TEST(no_two_values_have_the_same_version)
{
	uint64_t first, second;

	ck_assert_uint_eq(mproci_keyspace_version(keyspace, mproci_view_of("a")), 0);
	bind_to("a", &plain);
	first = mproci_keyspace_version(keyspace, mproci_view_of("a"));
	mproci_keyspace_touch(keyspace, mproci_view_of("a"), find("a"));
	second = mproci_keyspace_version(keyspace, mproci_view_of("a"));
	ck_assert_uint_gt(second, first);
	mproci_keyspace_remove(keyspace, mproci_view_of("a"));
	ck_assert_uint_eq(mproci_keyspace_version(keyspace, mproci_view_of("a")), 0);
	bind_to("a", &plain);
	ck_assert_uint_gt(mproci_keyspace_version(keyspace, mproci_view_of("a")), second);
}
END_TEST

START_TEST(who_watches_is_told_in_order)
{
	listener first, second, elsewhere;

	watch(&first, 1, "a");
	watch(&second, 2, "a");
	watch(&elsewhere, 3, "b");
	bind_to("a", &plain);
	ck_assert_int_eq(told_count, 2);
	ck_assert_int_eq(told[0], 1);
	ck_assert_int_eq(told[1], 2);
	mproci_keyspace_unwatch(&first.watcher);
	mproci_keyspace_remove(keyspace, mproci_view_of("a"));
	ck_assert_int_eq(told_count, 3);
	ck_assert_int_eq(told[2], 2);
	mproci_keyspace_unwatch(&second.watcher);
	mproci_keyspace_unwatch(&second.watcher);
	mproci_keyspace_unwatch(&elsewhere.watcher);
}
END_TEST

START_TEST(who_watches_is_told_when_a_key_expires)
{
	listener one;

	bind_to("a", &plain);
	expire("a", START + 10);
	watch(&one, 1, "a");
	set_time(START + 10);
	mproci_keyspace_sweep(keyspace);
	ck_assert_int_eq(told_count, 1);
	mproci_keyspace_unwatch(&one.watcher);
}
END_TEST

START_TEST(who_is_told_may_stop_anybody_watching)
{
	listener first, second, third;

	watch(&first, 1, "a");
	watch(&second, 2, "a");
	watch(&third, 3, "a");
	first.other = &second;
	third.other = &third;
	bind_to("a", &plain);
	ck_assert_int_eq(told_count, 2);
	ck_assert_int_eq(told[1], 3);
	first.other = &first;
	bind_to("a", &plain);
	ck_assert_int_eq(told_count, 3);
	bind_to("a", &plain);
	ck_assert_int_eq(told_count, 3);
}
END_TEST

START_TEST(a_rename_takes_value_and_time_along)
{
	listener from, to;

	bind_to("a", &plain);
	bind_to("b", &plain);
	expire("a", START + 10);
	watch(&from, 1, "a");
	watch(&to, 2, "b");
	ck_assert_int_eq(mproci_keyspace_rename(keyspace, mproci_view_of("a"), mproci_view_of("b")), 0);
	ck_assert_ptr_null(find("a"));
	ck_assert_int_eq(find("b")->expires_at, START + 10);
	ck_assert_int_eq(freed, 1);
	ck_assert_int_eq(told_count, 2);
	mproci_keyspace_unwatch(&from.watcher);
	mproci_keyspace_unwatch(&to.watcher);
}
END_TEST

START_TEST(clearing_leaves_what_belongs_to_the_family)
{
	listener one;

	bind_to("a", &plain);
	bind_to("b", &shown);
	bind_to("c", &plain);
	expire("c", START + 10);
	watch(&one, 1, "a");
	mproci_keyspace_clear(keyspace);
	ck_assert_uint_eq(mproci_keyspace_count(keyspace), 1);
	ck_assert_ptr_nonnull(find("b"));
	ck_assert_int_eq(freed, 2);
	ck_assert_int_eq(told_count, 1);
	ck_assert_int_eq(mproci_keyspace_sweep(keyspace), 0);
	mproci_keyspace_unwatch(&one.watcher);
}
END_TEST

/* A value of so many parts. */
static bool free_one(void *value)
{
	freed++;
	return --*(int *)value == 0;
}

static void free_rest(void *value)
{
	while (!free_one(value))
		continue;
}

static const mproci_type large = {.name = "large", .free = free_rest, .free_part = free_one};

START_TEST(large_values_are_freed_part_by_part)
{
	int first = 5, second = 3, third = 4;

	mproci_keyspace_bind(keyspace, mproci_view_of("a"), &large, &first);
	mproci_keyspace_bind(keyspace, mproci_view_of("a"), &large, &second);
	ck_assert_int_eq(freed, 1);
	mproci_keyspace_remove(keyspace, mproci_view_of("a"));
	ck_assert_int_eq(freed, 2);
	ck_assert_int_eq(mproci_keyspace_sweep(keyspace), START);
	ck_assert_int_eq(freed, 3);
	for (int i = 4; i < 8; i++)
		ck_assert_int_eq(mproci_keyspace_sweep(keyspace), START);
	ck_assert_int_eq(mproci_keyspace_sweep(keyspace), 0);
	ck_assert_int_eq(freed, 8);
	mproci_keyspace_bind(keyspace, mproci_view_of("b"), &large, &third);
	mproci_keyspace_clear(keyspace);
	teardown();
	ck_assert_int_eq(freed, 12);
	setup();
}
END_TEST

static void count_visited(void *context, mproci_view name, mproci_binding *binding)
{
	ck_assert(mproci_view_equal(mproci_keyspace_name(keyspace, binding), name));
	++*(int *)context;
}

START_TEST(scans_and_draws_leave_out_what_has_expired)
{
	int count = 0;

	bind_to("a", &plain);
	bind_to("b", &plain);
	expire("a", START + 10);
	set_time(START + 10);
	ck_assert_uint_eq(mproci_keyspace_scan(keyspace, 0, SIZE_MAX, count_visited, &count), 0);
	ck_assert_int_eq(count, 1);
	ck_assert_ptr_eq(mproci_keyspace_random(keyspace), find("b"));
	mproci_keyspace_remove(keyspace, mproci_view_of("b"));
	ck_assert_ptr_null(mproci_keyspace_random(keyspace));
}
END_TEST

START_TEST(the_wall_clock_is_steady_within_a_millisecond)
{
	int64_t at = mproci_keyspace_from_wall(keyspace, START + WALL_AHEAD + 100);

	ck_assert_int_eq(at, START + 100);
	mproci_keyspace_set_time(keyspace, START + 5, START + 5 + WALL_AHEAD + 1);
	ck_assert_int_eq(mproci_keyspace_to_wall(keyspace, at), START + WALL_AHEAD + 100);
	mproci_keyspace_set_time(keyspace, START + 5, START + 5 + WALL_AHEAD + 3600000);
	ck_assert_int_eq(mproci_keyspace_to_wall(keyspace, at), START + WALL_AHEAD + 100 + 3600000);
	ck_assert_int_eq(mproci_keyspace_from_wall(keyspace, INT64_MIN), 1);
	ck_assert_int_eq(mproci_keyspace_to_wall(keyspace, INT64_MAX), INT64_MAX);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		what_is_bound_is_found,
		a_new_value_frees_the_old_one_and_its_time,
		what_has_expired_is_not_found,
		a_sweep_takes_what_has_expired_and_says_when_to_come_again,
		a_key_may_be_told_to_stay,
		no_two_values_have_the_same_version,
		who_watches_is_told_in_order,
		who_watches_is_told_when_a_key_expires,
		who_is_told_may_stop_anybody_watching,
		a_rename_takes_value_and_time_along,
		clearing_leaves_what_belongs_to_the_family,
		large_values_are_freed_part_by_part,
		scans_and_draws_leave_out_what_has_expired,
		the_wall_clock_is_steady_within_a_millisecond,
		NULL,
	};
	const support_suite suite = {
		.name = "keyspace", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
