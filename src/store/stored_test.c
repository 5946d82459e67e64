/* SPDX-License-Identifier: MIT */
#include "store/stored.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

static const mproci_digest digest = {{1, 2, 3}}, another = {{1, 2, 4}};

/* A stored result in memory of its own, so that a sanitizer sees who reads beyond. */
static char *make(const char *function, const char *bytes, size_t size, size_t *ret_size)
{
	mproc_cache_key key = {function, 77, "abcde", 5};
	size_t offset = mproci_stored_offset(strlen(function));
	char *file = malloc(offset + size);

	mproci_stored_write(file, &key, &digest, bytes, size, 123456789, 4321);
	if (size > 0)
		memcpy(file + offset, bytes, size);
	*ret_size = offset + size;
	return file;
}

START_TEST(what_was_written_is_read)
{
	mproci_stored header;
	size_t size;
	char *file = make("count", "result", 6, &size);

	ck_assert_ptr_null(mproci_stored_check(file, size, &digest));
	ck_assert_ptr_null(mproci_stored_check(file, size, NULL));
	mproci_stored_read(file, &header);
	ck_assert_uint_eq(header.version, 77);
	ck_assert_uint_eq(header.arguments_size, 5);
	ck_assert_uint_eq(header.size, 6);
	ck_assert_int_eq(header.stored, 123456789);
	ck_assert_uint_eq(header.cost, 4321);
	ck_assert_uint_eq(header.name_size, 5);
	ck_assert_str_eq(file + sizeof header, "count");
	ck_assert_mem_eq(file + header.offset, "result", 6);
	ck_assert_mem_eq(header.digest, digest.bytes, sizeof header.digest);
	free(file);
}
END_TEST

/* What is stored is to be read by all versions to come, on any machine. */
START_TEST(the_form_stays_what_it_is)
{
	static const unsigned char expected[] = {
		0x89,
		0x6d,
		0x70,
		0x72,
		0x6f,
		0x63,
		0x68,
		0x31,
		0x01,
		0x02,
		0x03,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x4d,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x05,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x03,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x15,
		0xcd,
		0x5b,
		0x07,
		0x00,
		0x00,
		0x00,
		0x00,
		0xe1,
		0x10,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x01,
		0x00,
		0x00,
		0x00,
		0xc0,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x7f,
		0x45,
		0x29,
		0x29,
		0xa6,
		0x0c,
		0x04,
		0x8c,
		0x6b,
		0x32,
		0x35,
		0x8d,
		0xee,
		0x3a,
		0x43,
		0xf5,
		0x66,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x61,
		0x62,
		0x63,
	};
	size_t size;
	char *file = make("f", "abc", 3, &size);

	ck_assert_uint_eq(size, sizeof expected);
	ck_assert_mem_eq(file, expected, sizeof expected);
	free(file);
}
END_TEST

START_TEST(a_name_of_any_length_ends_with_a_zero_before_the_result)
{
	char name[MPROCI_FUNCTION_NAME_MOST + 1];

	for (size_t length = 1; length <= MPROCI_FUNCTION_NAME_MOST; ++length) {
		size_t size, offset = mproci_stored_offset(length);
		char *file;

		memset(name, 'n', length);
		name[length] = '\0';
		file = make(name, "r", 1, &size);
		ck_assert_ptr_null(mproci_stored_check(file, size, &digest));
		ck_assert_uint_eq(offset % 64, 0);
		ck_assert_uint_gt(offset, sizeof(mproci_stored) + length);
		ck_assert_uint_le(offset, sizeof(mproci_stored) + length + 64);
		ck_assert_str_eq(file + sizeof(mproci_stored), name);
		free(file);
	}
}
END_TEST

/* Each hash has code of its own for some sizes. */
START_TEST(a_result_of_any_size_is_checked_to_its_last_byte)
{
	static char bytes[2000];

	for (size_t size = 0; size < sizeof bytes; ++size) {
		size_t whole;
		char *file = make("f", bytes, size, &whole);

		ck_assert_ptr_null(mproci_stored_check(file, whole, &digest));
		file[whole - 1] ^= 1;
		ck_assert_str_eq(mproci_stored_check(file, whole, &digest), "its checksum is wrong");
		free(file);
	}
}
END_TEST

START_TEST(the_result_of_another_key_is_refused)
{
	size_t size;
	char *file = make("f", "abc", 3, &size);

	ck_assert_str_eq(mproci_stored_check(file, size, &another), "it is the result of another key");
	free(file);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	size_t size;
	char *file = make("f", "abcdefgh", 8, &size);

	for (size_t left = 0; left < size; ++left) {
		char *cut = malloc(left + 1);

		memcpy(cut, file, left);
		ck_assert_ptr_nonnull(mproci_stored_check(cut, left, &digest));
		ck_assert(!mproci_stored_front_is_possible(cut, left, left));
		free(cut);
	}
	free(file);
}
END_TEST

/* Also one that only the name or the sizes in front would show. */
START_TEST(every_changed_bit_is_refused)
{
	size_t size;
	char *file = make("count", "abcdefgh", 8, &size);

	for (size_t bit = 0; bit < 8 * size; ++bit) {
		file[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert_ptr_nonnull(mproci_stored_check(file, size, NULL));
		file[bit / 8] ^= (char)(1 << bit % 8);
	}
	ck_assert_ptr_null(mproci_stored_check(file, size, NULL));
	free(file);
}
END_TEST

START_TEST(what_is_behind_the_result_is_refused)
{
	size_t size;
	char *file = make("f", "abc", 3, &size), *longer = calloc(1, size + 1);

	memcpy(longer, file, size);
	ck_assert_str_eq(mproci_stored_check(longer, size + 1, &digest), "its size is not what it says");
	free(longer);
	free(file);
}
END_TEST

/* A front that says it is longer than the file, and sizes that fit that. */
START_TEST(a_front_beyond_the_end_is_refused)
{
	mproci_stored header;
	size_t size, beyond = mproci_stored_offset(MPROCI_FUNCTION_NAME_MOST);
	char *file = make("f", "abc", 3, &size);

	mproci_stored_read(file, &header);
	header.name_size = MPROCI_FUNCTION_NAME_MOST;
	header.offset = (uint32_t)beyond;
	header.size = (uint64_t)size - beyond;
	memcpy(file, &header, sizeof header);
	ck_assert_str_eq(mproci_stored_check(file, size, &digest), "its size is not what it says");
	ck_assert(!mproci_stored_front_is_possible(file, size, size));
	free(file);
}
END_TEST

START_TEST(zeros_are_refused)
{
	static const char zeros[4096];

	ck_assert_str_eq(mproci_stored_check(zeros, 100, &digest), "it is cut short");
	ck_assert_str_eq(mproci_stored_check(zeros, sizeof zeros, &digest),
		"it does not begin as a stored result does");
	ck_assert(!mproci_stored_front_is_possible(zeros, sizeof zeros, sizeof zeros));
}
END_TEST

START_TEST(the_front_alone_shows_what_is_possible)
{
	static char bytes[100000];
	size_t size, front = mproci_stored_offset(MPROCI_FUNCTION_NAME_MOST);
	char *file = make("count", bytes, sizeof bytes, &size);

	ck_assert(mproci_stored_front_is_possible(file, front, size));
	ck_assert(!mproci_stored_front_is_possible(file, front, size - 1));
	ck_assert(!mproci_stored_front_is_possible(file, front, size + 1));
	file[sizeof(mproci_stored)] = '\0';
	ck_assert(!mproci_stored_front_is_possible(file, front, size));
	free(file);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		what_was_written_is_read,
		the_form_stays_what_it_is,
		a_name_of_any_length_ends_with_a_zero_before_the_result,
		a_result_of_any_size_is_checked_to_its_last_byte,
		the_result_of_another_key_is_refused,
		every_truncation_is_refused,
		every_changed_bit_is_refused,
		what_is_behind_the_result_is_refused,
		a_front_beyond_the_end_is_refused,
		zeros_are_refused,
		the_front_alone_shows_what_is_possible,
		NULL,
	};

	return support_run("stored", tests);
}
