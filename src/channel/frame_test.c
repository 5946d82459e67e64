/* SPDX-License-Identifier: MIT */
#include "channel/frame.h"

#include "people.h"
#include "support.h"

#include <errno.h>
#include <string.h>

static const uint64_t MOST = 1000000;

static void check_failed(int rc, const char *text)
{
	ck_assert_int_eq(rc, -EBADMSG);
	support_check_text(text);
}

START_TEST(header_is_read_as_it_was_written)
{
	static const mproci_frame frames[] = {
		{.is_first = true},
		{.is_first = true, .descriptors = 253, .tag = UINT32_MAX, .size = UINT64_MAX},
		{.is_first = false, .tag = 0x01020304, .size = UINT64_C(0x0102030405060708)},
	};

	for (size_t i = 0; i < sizeof frames / sizeof *frames; ++i) {
		unsigned char header[MPROCI_FRAME_HEADER];
		mproci_frame frame;

		mproci_frame_write(&frames[i], header);
		ck_assert_int_eq(mproci_frame_read(header, &frame), 0);
		ck_assert_int_eq(frame.is_first, frames[i].is_first);
		ck_assert_uint_eq(frame.descriptors, frames[i].descriptors);
		ck_assert_uint_eq(frame.tag, frames[i].tag);
		ck_assert_uint_eq(frame.size, frames[i].size);
	}
}
END_TEST

START_TEST(header_is_the_same_on_every_machine)
{
	static const unsigned char expected[] = {0xB3, 1, 2, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 1, 0x86, 0xA0};
	unsigned char header[MPROCI_FRAME_HEADER];

	mproci_frame_write(
		&(mproci_frame){.is_first = true, .descriptors = 2, .tag = 0x01020304, .size = 100000},
		header);
	ck_assert_mem_eq(header, expected, sizeof expected);
}
END_TEST

/* A header with one byte changed is none. */
static void check_spoiled(size_t at, unsigned char value, bool is_first)
{
	unsigned char header[MPROCI_FRAME_HEADER];
	mproci_frame frame = {.is_first = is_first, .size = 77}, after = frame;

	mproci_frame_write(&frame, header);
	header[at] = value;
	check_failed(mproci_frame_read(header, &after), "what came is no message: it begins with ");
	ck_assert_uint_eq(after.size, 77);
}

START_TEST(what_is_no_header_is_refused)
{
	check_spoiled(0, 0, true);
	check_spoiled(0, 'G', true);
	check_spoiled(1, 0, true);
	check_spoiled(1, 3, true);
	check_spoiled(2, 254, true);
	check_spoiled(2, 1, false);
	check_spoiled(3, 1, true);
}
END_TEST

START_TEST(refusal_shows_the_first_bytes)
{
	mproci_frame frame;

	check_failed(mproci_frame_read((const unsigned char *)"GET / HTTP/1.1\r\n", &frame), "47 45 54 20");
}
END_TEST

static int take(mproci_assembly *assembly, bool is_first, uint32_t tag, uint64_t size)
{
	const mproci_frame frame = {.is_first = is_first, .tag = tag, .size = size};

	return mproci_assembly_take(assembly, &frame, MOST);
}

START_TEST(message_is_complete_when_all_its_parts_have_come)
{
	mproci_assembly assembly = {0};

	ck_assert(!mproci_assembly_is_complete(&assembly));
	ck_assert_int_eq(take(&assembly, true, 7, 10), MPROCI_PART_BEGINS);
	ck_assert_int_eq(mproci_assembly_add(&assembly, 4), 0);
	ck_assert(!mproci_assembly_is_complete(&assembly));
	ck_assert_int_eq(take(&assembly, false, 7, 6), MPROCI_PART_CONTINUES);
	ck_assert_int_eq(mproci_assembly_add(&assembly, 6), 0);
	ck_assert(mproci_assembly_is_complete(&assembly));
	ck_assert_uint_eq(assembly.size, 10);
}
END_TEST

START_TEST(empty_message_is_complete_at_once)
{
	mproci_assembly assembly = {0};

	ck_assert_int_eq(take(&assembly, true, 7, 0), MPROCI_PART_BEGINS);
	ck_assert_int_eq(mproci_assembly_add(&assembly, 0), 0);
	ck_assert(mproci_assembly_is_complete(&assembly));
}
END_TEST

START_TEST(first_part_forgets_what_had_come_of_another_message)
{
	mproci_assembly assembly = {0};

	take(&assembly, true, 7, 10);
	mproci_assembly_add(&assembly, 4);
	ck_assert_int_eq(take(&assembly, true, 8, 20), MPROCI_PART_BEGINS);
	ck_assert_uint_eq(assembly.got, 0);
	ck_assert_uint_eq(assembly.size, 20);
}
END_TEST

START_TEST(continuation_of_what_nobody_has_begun_is_skipped)
{
	mproci_assembly assembly = {0};

	ck_assert_int_eq(take(&assembly, false, 7, 10), MPROCI_PART_STRAY);
	ck_assert(!assembly.is_begun);
}
END_TEST

START_TEST(continuation_of_another_message_is_refused)
{
	mproci_assembly assembly = {0};

	take(&assembly, true, 7, 10);
	mproci_assembly_add(&assembly, 4);
	check_failed(
		take(&assembly, false, 8, 6), "long messages came mixed up: processes have sent or received");
	check_failed(
		take(&assembly, false, 7, 5), "long messages came mixed up: processes have sent or received");
	ck_assert_uint_eq(assembly.got, 4);
}
END_TEST

START_TEST(message_that_was_forgotten_for_another_one_must_not_go_on)
{
	mproci_assembly assembly = {0};

	take(&assembly, true, 7, 10);
	mproci_assembly_add(&assembly, 4);
	take(&assembly, true, 8, 1);
	mproci_assembly_add(&assembly, 1);
	mproci_assembly_clear(&assembly);
	ck_assert(!mproci_assembly_is_complete(&assembly));
	ck_assert_int_eq(take(&assembly, false, 9, 6), MPROCI_PART_STRAY);
	check_failed(take(&assembly, false, 7, 6), "long messages came mixed up");
}
END_TEST

START_TEST(tag_of_a_message_that_was_forgotten_may_come_again)
{
	mproci_assembly assembly = {0};

	take(&assembly, true, 7, 10);
	mproci_assembly_add(&assembly, 4);
	take(&assembly, true, 8, 1);
	mproci_assembly_add(&assembly, 1);
	mproci_assembly_clear(&assembly);
	ck_assert_int_eq(take(&assembly, true, 7, 10), MPROCI_PART_BEGINS);
	mproci_assembly_add(&assembly, 4);
	ck_assert_int_eq(take(&assembly, false, 7, 6), MPROCI_PART_CONTINUES);
}
END_TEST

START_TEST(message_above_the_largest_is_refused)
{
	mproci_assembly assembly = {0};

	ck_assert_int_eq(take(&assembly, true, 7, MOST), MPROCI_PART_BEGINS);
	check_failed(take(&assembly, true, 7, MOST + 1),
		"a message of 1000001 bytes came: at most 1000000 are taken");
	check_failed(take(&assembly, true, 7, UINT64_MAX), "a message of 18446744073709551615 bytes came");
	ck_assert_uint_eq(assembly.size, MOST);
}
END_TEST

START_TEST(part_of_nothing_or_of_too_much_is_refused)
{
	mproci_assembly assembly = {0};

	take(&assembly, true, 7, 10);
	check_failed(mproci_assembly_add(&assembly, 0), "0 bytes came in a message with 10 bytes to come");
	check_failed(mproci_assembly_add(&assembly, 11), "11 bytes came in a message with 10 bytes to come");
	check_failed(mproci_assembly_add(&assembly, UINT64_MAX), "in a message with 10 bytes to come");
	ck_assert_uint_eq(assembly.got, 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		header_is_read_as_it_was_written,
		header_is_the_same_on_every_machine,
		what_is_no_header_is_refused,
		refusal_shows_the_first_bytes,
		message_is_complete_when_all_its_parts_have_come,
		empty_message_is_complete_at_once,
		first_part_forgets_what_had_come_of_another_message,
		continuation_of_what_nobody_has_begun_is_skipped,
		continuation_of_another_message_is_refused,
		message_that_was_forgotten_for_another_one_must_not_go_on,
		tag_of_a_message_that_was_forgotten_may_come_again,
		message_above_the_largest_is_refused,
		part_of_nothing_or_of_too_much_is_refused,
		NULL,
	};

	return support_run("frame", tests);
}
