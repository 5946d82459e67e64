/* SPDX-License-Identifier: MIT */
#include "trace/tape.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

static mproci_tape *tape;
/* Of what every tape says first. */
static size_t front;

static void begin(void)
{
	tape = malloc(MPROCI_TAPE_SIZE);
	memset(tape, 0xa5, MPROCI_TAPE_SIZE);
	mproci_tape_begin(tape, 12, 34, "reader");
	front = mproci_tape_size(tape);
}

static void end(void)
{
	free(tape);
}

/* What came after the front. */
static const char *text(void)
{
	size_t size = mproci_tape_size(tape);

	ck_assert_uint_lt(size, MPROCI_TAPE_SIZE - sizeof *tape);
	tape->text[size] = '\0';
	return tape->text + front;
}

static bool add(
	const char *name, int64_t start, int64_t stop, uint64_t item, uint64_t count, const char *outcome)
{
	return mproci_tape_add(tape, &(mproci_tape_event){name, start, stop, item, count, outcome});
}

static const char *settled(void)
{
	mproci_tape_settle(tape);
	return text();
}

START_TEST(tape_says_first_whose_it_is)
{
	text();
	ck_assert_str_eq(tape->text, "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":12,\"tid\":34,\"args\":"
				     "{\"name\":\"reader\"}},\n"
				     "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":12,\"tid\":34,\"args\":{"
				     "\"name\":\"reader\"}},\n");
}
END_TEST

START_TEST(long_event_is_a_line_at_once)
{
	ck_assert(add("check", 1000, 11000, 7, 1, "value"));
	ck_assert_str_eq(text(),
		"{\"name\":\"check\",\"ph\":\"X\",\"ts\":1.000,\"dur\":10.000,\"pid\":12,\"tid\":34,"
		"\"args\":{\"item\":7,\"outcome\":\"value\"}},\n");
}
END_TEST

START_TEST(short_event_is_a_line_when_the_run_ends)
{
	ck_assert(add("check", 1000, 10999, 7, 1, "value"));
	ck_assert_str_eq(text(), "");
	ck_assert_str_eq(settled(), "{\"name\":\"check\",\"ph\":\"X\",\"ts\":1.000,\"dur\":9.999,\"pid\":12,"
				    "\"tid\":34,\"args\":{\"item\":7,\"outcome\":\"value\"}},\n");
	ck_assert_str_eq(settled(), text());
}
END_TEST

START_TEST(short_events_in_a_row_are_one)
{
	for (uint64_t i = 0; i < 10; ++i)
		ck_assert(add("check", 1000 + (int64_t)i * 900, 1900 + (int64_t)i * 900, 7 + i, 1, "value"));
	ck_assert_str_eq(settled(),
		"{\"name\":\"check\",\"ph\":\"X\",\"ts\":1.000,\"dur\":9.000,\"pid\":12,"
		"\"tid\":34,\"args\":{\"item\":7,\"items\":10,\"outcome\":\"value\"}},\n");
}
END_TEST

static unsigned lines(void)
{
	unsigned count = 0;

	for (const char *at = settled(); (at = strchr(at, '\n')) != NULL; ++at)
		++count;
	return count;
}

START_TEST(run_is_shorter_than_ten_microseconds)
{
	add("check", 1000, 2000, 1, 1, "value");
	add("check", 10000, 11000, 2, 1, "value");
	ck_assert_uint_eq(lines(), 2);
}
END_TEST

START_TEST(only_what_is_alike_is_merged)
{
	add("check", 1000, 1100, 1, 1, "value");
	add("other", 1100, 1200, 2, 1, "value");
	add("other", 1200, 1300, 3, 1, "error 5");
	add("other", 1300, 1400, 4, 1, NULL);
	add("other", 1400, 1500, 6, 1, NULL);
	add("other", 1450, 1400, 7, 1, NULL);
	ck_assert_uint_eq(lines(), 6);
}
END_TEST

START_TEST(run_has_at_most_65535_items)
{
	add("check", 1000, 1100, 0, 65535, "value");
	add("check", 1100, 1200, 65535, 1, "value");
	ck_assert_ptr_nonnull(strstr(settled(), "\"items\":65535,"));
	ck_assert_uint_eq(lines(), 2);
	add("check", 1200, 1300, 65536, 65536, "value");
	ck_assert_ptr_nonnull(strstr(text(), "\"item\":65536,\"items\":65536,"));
}
END_TEST

START_TEST(event_may_be_about_no_item)
{
	ck_assert(add("map", 1000, 11000, 0, 0, NULL));
	ck_assert_str_eq(text(), "{\"name\":\"map\",\"ph\":\"X\",\"ts\":1.000,\"dur\":10.000,\"pid\":12,"
				 "\"tid\":34,\"args\":{}},\n");
}
END_TEST

START_TEST(event_may_have_no_outcome)
{
	add("map", 1000, 1001, 5, 1, NULL);
	ck_assert_ptr_nonnull(strstr(settled(), "\"args\":{\"item\":5}},\n"));
}
END_TEST

START_TEST(event_without_items_has_its_outcome)
{
	add("map", 1000, 1001, 0, 0, "done");
	ck_assert_ptr_nonnull(strstr(text(), "\"args\":{\"outcome\":\"done\"}},\n"));
}
END_TEST

START_TEST(event_that_ends_before_it_starts_takes_no_time)
{
	add("check", 2000, 1000, 5, 1, NULL);
	ck_assert_ptr_nonnull(strstr(text(), "\"ts\":2.000,\"dur\":0.000,"));
}
END_TEST

START_TEST(names_are_cut)
{
	char name[100], outcome[100];

	memset(name, 'n', sizeof name);
	memset(outcome, 'o', sizeof outcome);
	name[99] = outcome[99] = '\0';
	add(name, 1000, 1001, 1, 1, outcome);
	add(name, 1001, 1002, 2, 1, outcome);
	ck_assert_uint_eq(lines(), 1);
	ck_assert_ptr_nonnull(
		strstr(text(), "{\"name\":\"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\","));
	ck_assert_ptr_nonnull(strstr(text(), "\"outcome\":\"ooooooooooooooooooooooo\"}"));
}
END_TEST

START_TEST(thread_has_a_name)
{
	add("check", 1000, 1001, 1, 1, "value");
	ck_assert(mproci_tape_name_thread(tape, "a\"b"));
	ck_assert_str_eq(text(), "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":12,\"tid\":34,\"args\":{"
				 "\"name\":\"a\\\"b\"}},\n");
	ck_assert_uint_eq(lines(), 2);
}
END_TEST

START_TEST(death_is_told_on_the_track_of_the_dead)
{
	const mproci_tape_event since = {"check", 1000, 5000, 7, 1, "signal 9"};
	const mproci_tape_event unknown = {"check", 0, 5000, 7, 1, "signal 9"};

	ck_assert(mproci_tape_add_death(tape, 99, &since));
	ck_assert(mproci_tape_add_death(tape, 99, &unknown));
	ck_assert_str_eq(text(),
		"{\"name\":\"check\",\"ph\":\"X\",\"ts\":1.000,\"dur\":4.000,\"pid\":99,\"tid\":99,"
		"\"args\":{\"item\":7,\"outcome\":\"signal 9\"}},\n"
		"{\"name\":\"check\",\"ph\":\"i\",\"s\":\"t\",\"ts\":5.000,\"pid\":99,\"tid\":99,"
		"\"args\":{\"item\":7,\"outcome\":\"signal 9\"}},\n");
}
END_TEST

/* With the longest lines there can be. */
START_TEST(full_tape_takes_no_more_and_has_room_for_the_run)
{
	char name[100], outcome[100];
	uint64_t item = UINT64_MAX;
	size_t size;

	memset(name, 1, sizeof name);
	memset(outcome, 1, sizeof outcome);
	name[99] = outcome[99] = '\0';
	tape->pid = tape->thread = INT32_MAX;
	while (add(name, INT64_MAX - 1, INT64_MAX, item -= 2, 1, outcome))
		ck_assert_uint_gt(item, UINT64_MAX / 2);
	size = mproci_tape_size(tape);
	ck_assert(!mproci_tape_name_thread(tape, name));
	ck_assert(!mproci_tape_add_death(
		tape, INT32_MAX, &(mproci_tape_event){name, 1, INT64_MAX, item, 1, outcome}));
	ck_assert_uint_eq(mproci_tape_size(tape), size);
	ck_assert_uint_gt(strlen(settled()), size - front);
	mproci_tape_clear(tape);
	ck_assert_uint_eq(mproci_tape_size(tape), 0);
	ck_assert(add(name, 1, INT64_MAX, item, UINT64_MAX, outcome));
}
END_TEST

START_TEST(run_goes_on_when_the_text_was_written)
{
	add("check", 1000, 1100, 1, 1, "value");
	mproci_tape_clear(tape);
	front = 0;
	ck_assert_str_eq(text(), "");
	add("check", 1100, 1200, 2, 1, "value");
	ck_assert_ptr_nonnull(strstr(settled(), "\"item\":1,\"items\":2,"));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		tape_says_first_whose_it_is,
		long_event_is_a_line_at_once,
		short_event_is_a_line_when_the_run_ends,
		short_events_in_a_row_are_one,
		run_is_shorter_than_ten_microseconds,
		only_what_is_alike_is_merged,
		run_has_at_most_65535_items,
		event_may_be_about_no_item,
		event_may_have_no_outcome,
		event_without_items_has_its_outcome,
		event_that_ends_before_it_starts_takes_no_time,
		names_are_cut,
		thread_has_a_name,
		death_is_told_on_the_track_of_the_dead,
		full_tape_takes_no_more_and_has_room_for_the_run,
		run_goes_on_when_the_text_was_written,
		NULL,
	};
	const support_suite suite = {
		.name = "tape",
		.tests = tests,
		.setup = begin,
		.teardown = end,
	};

	return support_run_suite(&suite);
}
