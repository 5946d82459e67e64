/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "support.h"
#include "sys/hmac.h"
#include "sys/kernel_fixture.h"

#include <errno.h>
#include <string.h>

/* A test vector of RFC 4231. */
typedef struct vector {
	const char *key;
	size_t key_size;
	const char *data;
	size_t data_size;
	uint8_t hmac[MPROCI_HMAC_SIZE];
} vector;

static char many_0xaa[131], fifty_0xdd[50], fifty_0xcd[50];

static const vector vectors[] = {
	{
		"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
		20,
		"Hi There",
		8,
		{0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1,
			0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e,
			0x32, 0xcf, 0xf7},
	},
	{
		"Jefe",
		4,
		"what do ya want for nothing?",
		28,
		{0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75,
			0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64,
			0xec, 0x38, 0x43},
	},
	{
		many_0xaa,
		20,
		fifty_0xdd,
		50,
		{0x77, 0x3e, 0xa9, 0x1e, 0x36, 0x80, 0x0e, 0x46, 0x85, 0x4d, 0xb8, 0xeb, 0xd0, 0x91, 0x81,
			0xa7, 0x29, 0x59, 0x09, 0x8b, 0x3e, 0xf8, 0xc1, 0x22, 0xd9, 0x63, 0x55, 0x14, 0xce,
			0xd5, 0x65, 0xfe},
	},
	{
		"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17"
		"\x18\x19",
		25,
		fifty_0xcd,
		50,
		{0x82, 0x55, 0x8a, 0x38, 0x9a, 0x44, 0x3c, 0x0e, 0xa4, 0xcc, 0x81, 0x98, 0x99, 0xf2, 0x08,
			0x3a, 0x85, 0xf0, 0xfa, 0xa3, 0xe5, 0x78, 0xf8, 0x07, 0x7a, 0x2e, 0x3f, 0xf4, 0x67,
			0x29, 0x66, 0x5b},
	},
	{
		many_0xaa,
		131,
		"Test Using Larger Than Block-Size Key - Hash Key First",
		54,
		{0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f, 0x0d, 0x8a, 0x26, 0xaa, 0xcb, 0xf5, 0xb7,
			0x7f, 0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28, 0xc5, 0x14, 0x05, 0x46, 0x04, 0x0f, 0x0e,
			0xe3, 0x7f, 0x54},
	},
	{
		many_0xaa,
		131,
		"This is a test using a larger than block-size key and a larger than block-size data. The "
		"key "
		"needs to be hashed before being used by the HMAC algorithm.",
		152,
		{0x9b, 0x09, 0xff, 0xa7, 0x1b, 0x94, 0x2f, 0xcb, 0x27, 0x63, 0x5f, 0xbc, 0xd5, 0xb0, 0xe9,
			0x44, 0xbf, 0xdc, 0x63, 0x64, 0x4f, 0x07, 0x13, 0x93, 0x8a, 0x7f, 0x51, 0x53, 0x5c,
			0x3a, 0x35, 0xe2},
	},
};

START_TEST(results_are_those_of_rfc_4231)
{
	memset(many_0xaa, 0xaa, sizeof many_0xaa);
	memset(fifty_0xdd, 0xdd, sizeof fifty_0xdd);
	memset(fifty_0xcd, 0xcd, sizeof fifty_0xcd);
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; ++i) {
		const vector *one = &vectors[i];
		uint8_t result[MPROCI_HMAC_SIZE];

		ck_assert_int_eq(
			mproci_hmac_sha256(one->key, one->key_size, one->data, one->data_size, result), 0);
		ck_assert_mem_eq(result, one->hmac, sizeof result);
	}
}
END_TEST

START_TEST(every_bit_makes_two_unequal)
{
	uint8_t one[MPROCI_HMAC_SIZE], other[MPROCI_HMAC_SIZE];

	memset(one, 0x5a, sizeof one);
	memcpy(other, one, sizeof other);
	ck_assert(mproci_hmac_is_equal(one, other));
	for (size_t bit = 0; bit < 8 * sizeof one; ++bit) {
		other[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!mproci_hmac_is_equal(one, other));
		other[bit / 8] = one[bit / 8];
	}
}
END_TEST

START_TEST(library_that_is_missing_is_named_with_its_package)
{
	ck_assert_int_eq(mproci_hmac_load_from("libmproc-none.so.3"), -ENOSYS);
	support_check_text("a key takes libmproc-none.so.3, which is Debian's package libssl3: ");
	ck_assert_int_eq(mproci_hmac_load(), 0);
}
END_TEST

START_TEST(library_without_the_function_is_refused)
{
	ck_assert_int_eq(mproci_hmac_load_from("libm.so.6"), -ENOSYS);
	support_check_text("a key takes HMAC-SHA256, which libm.so.6 does not have");
}
END_TEST

START_TEST(random_bytes_differ)
{
	uint8_t one[32] = {0}, other[32] = {0};

	ck_assert_int_eq(mproci_random(one, sizeof one), 0);
	ck_assert_int_eq(mproci_random(other, sizeof other), 0);
	ck_assert_mem_ne(one, other, sizeof one);
}
END_TEST

START_TEST(refusal_of_random_bytes_is_told)
{
	uint8_t bytes[32];

	refuse_call(SYS_getrandom, EPERM);
	ck_assert_int_eq(mproci_random(bytes, sizeof bytes), -EPERM);
	support_check_text("no random numbers: Operation not permitted");
}
END_TEST

static int compute(void *unused)
{
	uint8_t result[MPROCI_HMAC_SIZE];
	const vector *one = &vectors[1];

	(void)unused;
	for (int i = 0; i < 300; ++i) {
		int rc = mproci_hmac_sha256(one->key, one->key_size, one->data, one->data_size, result);

		if (rc < 0 || memcmp(result, one->hmac, sizeof result) != 0)
			return 1;
	}
	return 0;
}

START_TEST(threads_compute_at_once)
{
	support_thread threads[4];

	for (int i = 0; i < 4; ++i)
		support_begin(&threads[i], compute, NULL);
	for (int i = 0; i < 4; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
/* libcrypto's own locks would be taken for ever in a child that is forked at the wrong moment. */
START_TEST(child_forked_while_others_compute_can_compute)
{
	support_thread threads[2];

	ck_assert_int_eq(mproci_hmac_load(), 0);
	for (int i = 0; i < 2; ++i)
		support_begin(&threads[i], compute, NULL);
	for (int i = 0; i < 20; ++i)
		ck_assert_int_eq(support_reap(support_fork(compute, NULL)), 0);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
}
END_TEST
#endif

int main(void)
{
	const TTest *tests[] = {
		results_are_those_of_rfc_4231,
		every_bit_makes_two_unequal,
		library_that_is_missing_is_named_with_its_package,
		library_without_the_function_is_refused,
		random_bytes_differ,
		refusal_of_random_bytes_is_told,
		threads_compute_at_once,
		NULL,
	};
	const TTest *process_tests[] = {
#ifndef __SANITIZE_ADDRESS__ /* whose own locks are not safe there: a child that allocates may wait for ever */
		child_forked_while_others_compute_can_compute,
#endif
		NULL,
	};
	const support_suite suite = {.name = "hmac", .tests = tests, .process_tests = process_tests};

	return support_run_suite(&suite);
}
