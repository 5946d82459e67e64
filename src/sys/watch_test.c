/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "support.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/kernel_fixture.h"
#include "sys/watch.h"

#include <errno.h>
#include <string.h>

static mproci_watch watch;
static int bells[3];

static void open_all(void)
{
	ck_assert_int_eq(mproci_watch_open(&watch), 0);
	for (uint32_t i = 0; i < 3; ++i) {
		bells[i] = mproci_doorbell_open();
		ck_assert_int_ge(bells[i], 0);
		ck_assert_int_eq(mproci_watch_add(&watch, bells[i], i + 10), 0);
	}
}

static void close_all(void)
{
	for (int i = 0; i < 3; ++i)
		mproci_close(bells[i]);
	mproci_watch_close(&watch);
}

START_TEST(descriptor_is_readable_when_one_of_those_watched_is)
{
	uint32_t names[4];

	ck_assert_int_eq(mproci_poll_one(watch.descriptor, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(mproci_watch_look(&watch, names, 4), 0);
	mproci_doorbell_ring(bells[1]);
	for (int i = 0; i < 2; ++i) {
		ck_assert_int_eq(mproci_poll_one(watch.descriptor, MPROC_NOW), 0);
		ck_assert_int_eq(mproci_watch_look(&watch, names, 4), 1);
		ck_assert_uint_eq(names[0], 11);
	}
}
END_TEST

START_TEST(no_more_are_told_than_there_is_room_for)
{
	uint32_t names[4];

	for (int i = 0; i < 3; ++i)
		mproci_doorbell_ring(bells[i]);
	ck_assert_int_eq(mproci_watch_look(&watch, names, 2), 2);
	ck_assert_int_eq(mproci_watch_look(&watch, names, 4), 3);
}
END_TEST

START_TEST(what_is_removed_is_not_watched)
{
	uint32_t names[4];

	mproci_doorbell_ring(bells[0]);
	mproci_watch_remove(&watch, bells[0]);
	ck_assert_int_eq(mproci_watch_look(&watch, names, 4), 0);
}
END_TEST

START_TEST(alarm_comes_at_its_time_and_stays_until_it_is_set_again)
{
	int64_t time = mproci_clock_now() + 20000000;
	uint32_t names[4];

	mproci_watch_set_alarm(&watch, time);
	ck_assert_int_eq(mproci_poll_one(watch.descriptor, MPROC_FOREVER), 0);
	ck_assert_int_ge(mproci_clock_now(), time);
	for (int i = 0; i < 2; ++i) {
		ck_assert_int_eq(mproci_watch_look(&watch, names, 4), 1);
		ck_assert_uint_eq(names[0], MPROCI_WATCH_ALARM);
	}
	mproci_watch_set_alarm(&watch, 0);
	ck_assert_int_eq(mproci_watch_look(&watch, names, 4), 0);
}
END_TEST

START_TEST(descriptor_that_is_not_open_cannot_be_watched)
{
	ck_assert_int_eq(mproci_watch_add(&watch, -1, 1), -EBADF);
}
END_TEST

START_TEST(watch_without_descriptors_left_is_refused)
{
	mproci_watch other = mproci_watch_closed;
	int next = mproci_doorbell_open();

	/* For one of the two. */
	limit(RLIMIT_NOFILE, (rlim_t)next + 1);
	mproci_close(next);
	ck_assert_int_eq(mproci_watch_open(&other), -EMFILE);
	support_check_text("cannot watch descriptors: Too many open files, RLIMIT_NOFILE is");
	ck_assert_int_eq(other.descriptor, -1);
	mproci_watch_close(&other);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		descriptor_is_readable_when_one_of_those_watched_is,
		no_more_are_told_than_there_is_room_for,
		what_is_removed_is_not_watched,
		alarm_comes_at_its_time_and_stays_until_it_is_set_again,
		descriptor_that_is_not_open_cannot_be_watched,
		watch_without_descriptors_left_is_refused,
		NULL,
	};
	const support_suite suite = {
		.name = "watch", .tests = tests, .setup = open_all, .teardown = close_all};

	return support_run_suite(&suite);
}
