/* SPDX-License-Identifier: MIT */
/*
 * A dict does for long what a plain array does, at random; afterwards both hold the same.
 *
 * MPROC_TEST_SEED says what is done.
 */
#include "collections/dict_fixture.h"

#include <stdio.h>

enum {
	KEYS = 20000,
	OPERATIONS = 500000,
	LARGEST_KEY = 5000,
	LARGEST_VALUE = 100 << 10,
};

/* What a key has. */
typedef struct expectation {
	bool is_there;
	/* A value of 8 bytes is a number, any other one a pattern. */
	size_t size;
	unsigned seed;
	int64_t number;
} expectation;

static expectation *model;
static size_t count;
static uint64_t random_state;
static char *key, *value, *buffer;

static uint32_t choose(uint32_t limit)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(random_state >> 33) % limit;
}

/* Keys of many sizes; those of one size differ in their last bytes.  Key 0 is the empty one. */
static size_t make_key(uint32_t number)
{
	size_t size = number == 0 ? 0 : 3 + number % 50;

	if (number % 1000 == 7)
		size = LARGEST_KEY - 3;
	if (size == 0)
		return 0;
	memset(key, 0, size);
	key[size - 3] = (char)(number >> 16);
	key[size - 2] = (char)(number >> 8);
	key[size - 1] = (char)number;
	return size;
}

static size_t choose_size(void)
{
	uint32_t kind = choose(4000);

	if (kind == 0)
		return choose(LARGEST_VALUE + 1);
	if (kind < 40)
		return choose(9000);
	return kind < 2000 ? choose(12) : choose(200);
}

static expectation choose_value(void)
{
	expectation chosen = {.is_there = true, .size = choose_size(), .seed = choose(256)};

	if (chosen.size == sizeof chosen.number)
		chosen.number = (int64_t)choose(1000) - 500;
	return chosen;
}

/* Its bytes, in @value. */
static void write_value(const expectation *what)
{
	if (what->size == sizeof what->number)
		memcpy(value, &what->number, sizeof what->number);
	else
		fill(value, what->size, what->seed);
}

static void check_value(const void *bytes, size_t size, const expectation *expected)
{
	require(expected->is_there && size == expected->size, "the size of a value");
	require(size == sizeof expected->number ? memcmp(bytes, &expected->number, size) == 0
						: is_filled(bytes, size, expected->seed),
		"a value");
}

static void expect_rc(int rc, int expected)
{
	if (rc != expected)
		ck_abort_msg("%d, not %d: %s", rc, expected, mproc_error_text());
}

static void put_into_model(uint32_t number, expectation what)
{
	count += !model[number].is_there;
	model[number] = what;
}

static void take_out_of_model(uint32_t number)
{
	count -= model[number].is_there;
	model[number].is_there = false;
}

/* Operations. */

static void set_one(uint32_t number)
{
	expectation what = choose_value();

	write_value(&what);
	expect_rc(mproc_dict_set(dict, key, make_key(number), value, what.size), 0);
	put_into_model(number, what);
}

static void set_absent_one(uint32_t number)
{
	expectation what = choose_value();
	int rc;

	write_value(&what);
	rc = mproc_dict_set_if_absent(dict, key, make_key(number), value, what.size);
	expect_rc(rc, model[number].is_there ? -EEXIST : 0);
	if (rc == 0)
		put_into_model(number, what);
}

static void compare_and_set_one(uint32_t number)
{
	expectation what = choose_value(), expected = model[number];
	bool is_right = choose(2) == 0;
	char *bytes;
	int rc;

	write_value(&expected);
	bytes = malloc(expected.size + 1);
	memcpy(bytes, value, expected.size);
	bytes[expected.size] = 0;
	write_value(&what);
	rc = mproc_dict_compare_and_set(
		dict, key, make_key(number), bytes, expected.size + !is_right, value, what.size);
	free(bytes);
	expect_rc(rc, !model[number].is_there ? -ENOENT : is_right ? 0 : -ESTALE);
	if (rc == 0)
		put_into_model(number, what);
}

static void add_to_one(uint32_t number)
{
	expectation *expected = &model[number];
	int64_t by = (int64_t)choose(1000) - 500, sum = 0;
	int rc = mproc_dict_add(dict, key, make_key(number), by, &sum);

	if (expected->is_there && expected->size != sizeof sum) {
		expect_rc(rc, -EMSGSIZE);
		return;
	}
	expect_rc(rc, 0);
	put_into_model(number, (expectation){.is_there = true,
				       .size = sizeof sum,
				       .number = (expected->is_there ? expected->number : 0) + by});
	require(sum == expected->number, "the sum");
}

static void get_one(uint32_t number)
{
	size_t size = 0;
	int rc = mproc_dict_get(dict, key, make_key(number), buffer, LARGEST_VALUE, &size);

	expect_rc(rc, model[number].is_there ? 0 : -ENOENT);
	if (rc == 0)
		check_value(buffer, size, &model[number]);
}

static void copy_one(uint32_t number)
{
	size_t size = 0;
	void *copy = NULL;
	int rc = mproc_dict_get_copy(dict, key, make_key(number), &copy, &size);

	expect_rc(rc, model[number].is_there ? 0 : -ENOENT);
	if (rc == 0)
		check_value(copy, size, &model[number]);
	free(copy);
}

static void look_for_one(uint32_t number)
{
	expect_rc(mproc_dict_has(dict, key, make_key(number)), model[number].is_there);
}

static void pop_one(uint32_t number)
{
	size_t size = 0;
	int rc = mproc_dict_pop(dict, key, make_key(number), buffer, LARGEST_VALUE, &size);

	expect_rc(rc, model[number].is_there ? 0 : -ENOENT);
	if (rc == 0)
		check_value(buffer, size, &model[number]);
	take_out_of_model(number);
}

static void delete_one(uint32_t number)
{
	expect_rc(mproc_dict_delete(dict, key, make_key(number)), model[number].is_there ? 0 : -ENOENT);
	take_out_of_model(number);
}

static void count_all(uint32_t unused)
{
	(void)unused;
	require(mproc_dict_count(dict) == (ssize_t)count, "the count");
}

/* The number of a key that make_key made. */
static uint32_t number_of(const unsigned char *bytes, size_t size)
{
	if (size == 0)
		return 0;
	return (uint32_t)bytes[size - 3] << 16 | (uint32_t)bytes[size - 2] << 8 | bytes[size - 1];
}

static void compare_all(void)
{
	bool *is_seen = calloc(KEYS, sizeof *is_seen);
	mproc_snapshot *all = NULL;

	expect_rc(mproc_dict_snapshot(dict, &all), 0);
	ck_assert_uint_eq(all->count, count);
	for (size_t i = 0; i < all->count; ++i) {
		uint32_t number = number_of(all->entries[i].key, all->entries[i].key_size);

		require(number < KEYS && !is_seen[number], "a key");
		is_seen[number] = true;
		require(all->entries[i].key_size == make_key(number)
				&& memcmp(all->entries[i].key, key, all->entries[i].key_size) == 0,
			"the bytes of a key");
		check_value(all->entries[i].value, all->entries[i].value_size, &model[number]);
	}
	ck_assert_ptr_null(mproc_snapshot_close(all));
	free(is_seen);
}

static void clear_or_compare_all(uint32_t number)
{
	uint32_t kind = choose(1000);

	if (kind == 0) {
		expect_rc(mproc_dict_clear(dict), 0);
		memset(model, 0, KEYS * sizeof *model);
		count = 0;
	} else if (kind < 10) {
		compare_all();
	} else {
		get_one(number);
	}
}

typedef void operation(uint32_t number);

static operation *const growing[] = {set_one, set_one, set_absent_one, compare_and_set_one, add_to_one,
	get_one, copy_one, look_for_one, pop_one, count_all, clear_or_compare_all};
static operation *const shrinking[] = {
	delete_one, pop_one, compare_and_set_one, get_one, count_all, set_one, delete_one, look_for_one};

static void begin(uint32_t stripes)
{
	const char *seed = getenv("MPROC_TEST_SEED");

	random_state = stripes + (seed == NULL ? 1 : strtoull(seed, NULL, 10));
	model = calloc(KEYS, sizeof *model);
	key = malloc(LARGEST_KEY);
	value = malloc(LARGEST_VALUE + 1);
	buffer = malloc(LARGEST_VALUE);
	count = 0;
	create_with((mproc_dict_options){.stripes = stripes});
}

static void end(void)
{
	free(model);
	free(key);
	free(value);
	free(buffer);
	destroy();
}

static void compare_to_model(uint32_t stripes)
{
	begin(stripes);
	for (uint32_t i = 0; i < OPERATIONS; ++i) {
		/* A phase each. */
		bool is_growing = i / (OPERATIONS / 6) % 2 == 0;
		operation *next = is_growing ? growing[choose(sizeof growing / sizeof *growing)]
					     : shrinking[choose(sizeof shrinking / sizeof *shrinking)];

		next(choose(KEYS));
		if (i % (OPERATIONS / 20) == 0)
			compare_all();
	}
	compare_all();
	for (uint32_t number = 0; number < KEYS; ++number)
		delete_one(number);
	compare_all();
	end();
}

START_TEST(dict_of_one_stripe_does_as_an_array)
{
	compare_to_model(1);
}
END_TEST

START_TEST(dict_of_two_stripes_does_as_an_array)
{
	compare_to_model(2);
}
END_TEST

START_TEST(dict_of_64_stripes_does_as_an_array)
{
	compare_to_model(64);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		dict_of_one_stripe_does_as_an_array,
		dict_of_two_stripes_does_as_an_array,
		dict_of_64_stripes_does_as_an_array,
		NULL,
	};
	const support_suite suite = {
		.name = "dict and model",
		.tests = tests,
		.warm_up = support_warm_up,
		.setup = note_blocks,
		.teardown = check_blocks,
		.timeout = 120,
	};

	return support_run_suite(&suite);
}
