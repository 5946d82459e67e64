/* SPDX-License-Identifier: MIT */
#include "store/digest.h"

#include "people.h"
#include "support.h"

#include <errno.h>
#include <string.h>

static mproci_digest digest_of(const char *function, uint64_t version, const void *arguments, size_t size)
{
	mproci_digest digest;

	ck_assert_int_eq(
		mproci_digest_of(&(mproc_cache_key){function, version, arguments, size}, &digest), 0);
	return digest;
}

static const char *path_of(const mproci_digest *digest)
{
	static char path[MPROCI_RESULT_NAME_SIZE];

	mproci_digest_path(digest, path);
	return path;
}

/* As computed by another program: what is stored is to be found by all versions to come. */
START_TEST(a_digest_stays_what_it_is)
{
	mproci_digest one = digest_of("f", 1, "abc", 3), other = digest_of("f", 0, NULL, 0);

	ck_assert_str_eq(path_of(&one), "results/82/fc839b091816bdfe367cd1acf787cb");
	ck_assert_str_eq(path_of(&other), "results/10/8f9ab15c776805ed6ff155a950799f");
}
END_TEST

START_TEST(a_path_has_half_of_the_digits)
{
	mproci_digest digest;

	for (size_t i = 0; i < sizeof digest.bytes; ++i)
		digest.bytes[i] = (uint8_t)(i * 0x11 + 3);
	ck_assert_str_eq(path_of(&digest), "results/03/1425364758697a8b9cadbecfe0f102");
	ck_assert_uint_eq(strlen(path_of(&digest)), MPROCI_RESULT_NAME_SIZE - 1);
}
END_TEST

static void differ(mproci_digest one, mproci_digest other)
{
	ck_assert_mem_ne(one.bytes, other.bytes, sizeof one.bytes);
}

START_TEST(each_part_of_a_key_counts)
{
	mproci_digest one = digest_of("count", 1, "abc", 3);

	ck_assert_mem_eq(one.bytes, digest_of("count", 1, "abcd", 3).bytes, sizeof one.bytes);
	differ(one, digest_of("count", 2, "abc", 3));
	differ(one, digest_of("count", UINT64_C(1) << 63 | 1, "abc", 3));
	differ(one, digest_of("Count", 1, "abc", 3));
	differ(one, digest_of("count", 1, "abd", 3));
	differ(one, digest_of("count", 1, "ab", 2));
	differ(one, digest_of("count", 1, "abc", 4));
	differ(one, digest_of("count", 1, NULL, 0));
}
END_TEST

START_TEST(what_moves_from_the_name_to_the_arguments_makes_another_key)
{
	differ(digest_of("ab", 1, "c", 1), digest_of("a", 1, "bc", 2));
	differ(digest_of("abc", 1, NULL, 0), digest_of("ab", 1, "c", 1));
}
END_TEST

START_TEST(arguments_of_no_bytes_may_be_at_an_address)
{
	mproci_digest one = digest_of("f", 1, NULL, 0);

	ck_assert_mem_eq(one.bytes, digest_of("f", 1, "x", 0).bytes, sizeof one.bytes);
}
END_TEST

static void refuse(const mproc_cache_key *key, const char *text)
{
	mproci_digest digest = {{7}}, before = digest;

	ck_assert_int_eq(mproci_digest_of(key, &digest), -EINVAL);
	support_check_text(text);
	ck_assert_mem_eq(&digest, &before, sizeof digest);
}

START_TEST(a_key_that_is_none_is_refused)
{
	char name[MPROCI_FUNCTION_NAME_MOST + 2];

	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	refuse(NULL, "key is NULL");
	refuse(&(mproc_cache_key){NULL, 1, NULL, 0}, "the key's function is NULL");
	refuse(&(mproc_cache_key){"", 1, NULL, 0}, "is empty: 1 to 255 bytes");
	refuse(&(mproc_cache_key){name, 1, NULL, 0}, "longer than 255 bytes");
	refuse(&(mproc_cache_key){"f", 1, NULL, 3}, "arguments are NULL, with a size of 3");
	digest_of(name + 1, 1, NULL, 0);
}
END_TEST

static int hash(void *digest)
{
	return mproci_digest_of(&(mproc_cache_key){"f", 1, "abc", 3}, digest);
}

START_TEST(a_forked_child_gets_the_same_digest)
{
	mproci_digest mine = digest_of("f", 1, "abc", 3), again;

	ck_assert_int_eq(support_reap(support_fork(hash, &again)), 0);
	ck_assert_int_eq(support_in_thread(hash, &again).result, 0);
	ck_assert_mem_eq(&mine, &again, sizeof mine);
}
END_TEST

static void load(void)
{
	ck_assert_int_eq(mproci_sha256_load(), 0);
}

int main(void)
{
	const TTest *tests[] = {
		a_digest_stays_what_it_is,
		a_path_has_half_of_the_digits,
		each_part_of_a_key_counts,
		what_moves_from_the_name_to_the_arguments_makes_another_key,
		arguments_of_no_bytes_may_be_at_an_address,
		a_key_that_is_none_is_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		a_forked_child_gets_the_same_digest,
		NULL,
	};
	const support_suite suite = {
		.name = "digest", .tests = tests, .process_tests = process_tests, .warm_up = load};

	return support_run_suite(&suite);
}
