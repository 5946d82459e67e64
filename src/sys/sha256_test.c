/* SPDX-License-Identifier: MIT */
#include "sys/sha256.h"

#include "people.h"
#include "support.h"
#include "sys/kernel_fixture.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A test vector of FIPS 180-4. */
typedef struct vector {
	const char *text;
	uint8_t hash[MPROCI_SHA256_SIZE];
} vector;

static const vector vectors[] = {
	{
		"",
		{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
			0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78,
			0x52, 0xb8, 0x55},
	},
	{
		"abc",
		{0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22,
			0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2,
			0x00, 0x15, 0xad},
	},
	{
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		{0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60,
			0x39, 0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19,
			0xdb, 0x06, 0xc1},
	},
	{
		"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmno"
		"pqrs"
		"mnopqrstnopqrstu",
		{0xcf, 0x5b, 0x16, 0xa7, 0x78, 0xaf, 0x83, 0x80, 0x03, 0x6c, 0xe5, 0x9e, 0x7b, 0x04, 0x92,
			0x37, 0x0b, 0x24, 0x9b, 0x11, 0xe8, 0xf0, 0x7a, 0x51, 0xaf, 0xac, 0x45, 0x03, 0x7a,
			0xfe, 0xe9, 0xd1},
	},
};

static const uint8_t million[MPROCI_SHA256_SIZE] = {0xcd, 0xc7, 0x6e, 0x5c, 0x99, 0x14, 0xfb, 0x92, 0x81,
	0xa1, 0xc7, 0xe2, 0x84, 0xd7, 0x3e, 0x67, 0xf1, 0x80, 0x9a, 0x48, 0xa4, 0x97, 0x20, 0x0e, 0x04, 0x6d,
	0x39, 0xcc, 0xc7, 0x11, 0x2c, 0xd0};

static void check_hash(const mproci_part *parts, size_t count, const uint8_t *expected)
{
	uint8_t hash[MPROCI_SHA256_SIZE];

	ck_assert_int_eq(mproci_sha256(parts, count, hash), 0);
	ck_assert_mem_eq(hash, expected, sizeof hash);
}

START_TEST(hashes_are_those_of_the_standard)
{
	ck_assert_int_eq(mproci_sha256_load(), 0);
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; ++i)
		check_hash(&(mproci_part){vectors[i].text, strlen(vectors[i].text)}, 1, vectors[i].hash);
}
END_TEST

START_TEST(hash_of_a_million_bytes_is_that_of_the_standard)
{
	enum {
		SIZE = 1000000
	};
	char *text = malloc(SIZE);

	memset(text, 'a', SIZE);
	ck_assert_int_eq(mproci_sha256_load(), 0);
	check_hash(&(mproci_part){text, SIZE}, 1, million);
	free(text);
}
END_TEST

START_TEST(it_does_not_matter_where_parts_end)
{
	const vector *one = &vectors[3];
	size_t size = strlen(one->text);

	ck_assert_int_eq(mproci_sha256_load(), 0);
	for (size_t first = 0; first <= size; ++first)
		for (size_t second = first; second <= size; ++second) {
			const mproci_part parts[] = {{one->text, first}, {one->text + first, second - first},
				{one->text + second, size - second}};

			check_hash(parts, 3, one->hash);
		}
}
END_TEST

START_TEST(nothing_has_a_hash_too)
{
	ck_assert_int_eq(mproci_sha256_load(), 0);
	check_hash(NULL, 0, vectors[0].hash);
	check_hash(&(mproci_part){NULL, 0}, 1, vectors[0].hash);
}
END_TEST

START_TEST(library_that_is_missing_is_named_with_its_package)
{
	ck_assert_int_eq(mproci_sha256_load_from("libmproc-none.so.3"), -ENOSYS);
	support_check_text("a cache takes libmproc-none.so.3, which is Debian's package libssl3: ");
	ck_assert_int_eq(mproci_sha256_load(), 0);
	check_hash(NULL, 0, vectors[0].hash);
}
END_TEST

START_TEST(library_without_the_functions_is_refused)
{
	ck_assert_int_eq(mproci_sha256_load_from("libm.so.6"), -ENOSYS);
	support_check_text("a cache takes SHA-256, which libm.so.6 does not have");
}
END_TEST

START_TEST(process_with_too_many_keys_for_its_threads_is_told)
{
	static pthread_key_t keys[PTHREAD_KEYS_MAX];
	int count = 0;

	while (pthread_key_create(&keys[count], NULL) == 0)
		count++;
	ck_assert_int_eq(mproci_sha256_load(), -ENOMEM);
	support_check_text("SHA-256: no memory for each thread: all PTHREAD_KEYS_MAX, 1024, are taken");
	while (count > 0)
		pthread_key_delete(keys[--count]);
	ck_assert_int_eq(mproci_sha256_load(), 0);
	check_hash(NULL, 0, vectors[0].hash);
}
END_TEST

/* The sanitizers end a program that gets no memory. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
typedef struct block {
	struct block *next;
} block;

/* Take what memory there is, down to the last few bytes. */
static block *take_memory(void)
{
	block *all = NULL, *one;

	for (size_t size = (size_t)1 << 16; size >= sizeof(block); size /= 2)
		while ((one = malloc(size)) != NULL) {
			one->next = all;
			all = one;
		}
	return all;
}

START_TEST(no_memory_is_told_of)
{
	uint8_t hash[MPROCI_SHA256_SIZE] = {1};
	rlim_t before;
	block *all;
	int rc;

	ck_assert_int_eq(mproci_sha256_load(), 0);
	before = limit(RLIMIT_AS, 1);
	all = take_memory();
	rc = mproci_sha256(NULL, 0, hash);
	while (all != NULL) {
		block *next = all->next;

		free(all);
		all = next;
	}
	limit(RLIMIT_AS, before);
	ck_assert_int_eq(rc, -ENOMEM);
	support_check_text("libcrypto cannot compute a SHA-256: no memory");
	ck_assert_int_eq(hash[0], 1);
	check_hash(NULL, 0, vectors[0].hash);
}
END_TEST
#endif

static int compute(void *unused)
{
	const vector *one = &vectors[2];

	(void)unused;
	if (mproci_sha256_load() < 0)
		return 2;
	for (int i = 0; i < 2000; ++i) {
		const mproci_part parts[] = {{one->text, 20}, {one->text + 20, strlen(one->text) - 20}};
		uint8_t hash[MPROCI_SHA256_SIZE];

		if (mproci_sha256(parts, 2, hash) < 0 || memcmp(hash, one->hash, sizeof hash) != 0)
			return 1;
	}
	return 0;
}

START_TEST(threads_load_and_compute_at_once)
{
	support_thread threads[4];

	for (int i = 0; i < 4; ++i)
		support_begin(&threads[i], compute, NULL);
	for (int i = 0; i < 4; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
}
END_TEST

static pthread_key_t late_key;
static int late_result = -1;

static void compute_late(void *unused)
{
	late_result = compute(unused);
}

static int end_with_a_destructor(void *unused)
{
	(void)unused;
	return compute(NULL) + pthread_setspecific(late_key, &late_result);
}

/* What it computed with before is freed by then. */
START_TEST(thread_that_ends_can_compute)
{
	ck_assert_int_eq(mproci_sha256_load(), 0);
	ck_assert_int_eq(pthread_key_create(&late_key, compute_late), 0);
	ck_assert_int_eq(support_in_thread(end_with_a_destructor, NULL).result, 0);
	ck_assert_int_eq(late_result, 0);
	pthread_key_delete(late_key);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__ /* whose own locks are not safe there: a child that allocates may wait for ever */
START_TEST(child_forked_while_others_compute_can_compute)
{
	support_thread threads[2];

	for (int i = 0; i < 2; ++i)
		support_begin(&threads[i], compute, NULL);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(support_reap(support_fork(compute, NULL)), 0);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
}
END_TEST
#endif

START_TEST(child_goes_on_with_what_its_parent_has_loaded)
{
	ck_assert_int_eq(compute(NULL), 0);
	ck_assert_int_eq(support_reap(support_fork(compute, NULL)), 0);
	ck_assert_int_eq(compute(NULL), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		hashes_are_those_of_the_standard,
		hash_of_a_million_bytes_is_that_of_the_standard,
		it_does_not_matter_where_parts_end,
		nothing_has_a_hash_too,
		library_that_is_missing_is_named_with_its_package,
		library_without_the_functions_is_refused,
		process_with_too_many_keys_for_its_threads_is_told,
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		no_memory_is_told_of,
#endif
		threads_load_and_compute_at_once,
		thread_that_ends_can_compute,
		NULL,
	};
	const TTest *process_tests[] = {
#ifndef __SANITIZE_ADDRESS__
		child_forked_while_others_compute_can_compute,
#endif
		child_goes_on_with_what_its_parent_has_loaded,
		NULL,
	};
	const support_suite suite = {.name = "sha256", .tests = tests, .process_tests = process_tests};

	return support_run_suite(&suite);
}
