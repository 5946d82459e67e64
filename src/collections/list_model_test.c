/* SPDX-License-Identifier: MIT */
/*
 * A list does for long what a plain array does, at random; in the end, and now and then, both hold the same.
 *
 * MPROC_TEST_SEED says what is done.
 */
#include "collections/list_fixture.h"

enum {
	OPERATIONS = 200000,
	MOST = 12000,
	LARGEST = 20000,
	/* Operations between two looks at everything. */
	INTERVAL = 20000,
};

typedef struct expectation {
	size_t size;
	unsigned seed;
} expectation;

static expectation model[MOST];
static size_t count;
static uint64_t random_state;
static char bytes[LARGEST];

static uint32_t choose(uint32_t most)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(random_state >> 33) % most;
}

static expectation choose_item(void)
{
	uint32_t kind = choose(1000);
	size_t size = kind == 0 ? choose(LARGEST) : kind < 500 ? sizeof(uint64_t) : choose(40);

	return (expectation){size, choose(256)};
}

static void expect_item(const void *item, size_t size, const expectation *expected)
{
	ck_assert_uint_eq(size, expected->size);
	ck_assert(is_filled(item, size, expected->seed));
}

/* The same position, sometimes counted from the end. */
static ssize_t name(size_t position)
{
	return choose(2) == 0 ? (ssize_t)position : (ssize_t)position - (ssize_t)count;
}

static void get_at(size_t position)
{
	size_t size = 0;

	check_done(mproc_list_get(list, name(position), bytes, sizeof bytes, &size));
	expect_item(bytes, size, &model[position]);
}

static void get_copy_at(size_t position)
{
	void *copy = NULL;
	size_t size = 0;

	check_done(mproc_list_get_copy(list, name(position), &copy, &size));
	expect_item(copy, size, &model[position]);
	free(copy);
}

static void compare_slice(size_t first, size_t end)
{
	mproc_snapshot *part;

	check_done(mproc_list_slice(list, (ssize_t)first, (ssize_t)end, &part));
	ck_assert_uint_eq(part->count, end - first);
	for (size_t i = 0; i < part->count; ++i)
		expect_item(part->entries[i].value, part->entries[i].value_size, &model[first + i]);
	mproc_snapshot_close(part);
}

static void compare_all(void)
{
	ck_assert_int_eq(mproc_list_count(list), (ssize_t)count);
	for (size_t i = 0; i < count; ++i)
		get_at(i);
	compare_slice(0, count);
}

static void insert_at(size_t position)
{
	expectation item = choose_item();
	bool is_last = position == count;

	fill(bytes, item.size, item.seed);
	if (is_last && choose(2) == 0)
		check_done(mproc_list_append(list, bytes, item.size));
	else
		check_done(
			mproc_list_insert(list, is_last ? (ssize_t)count : name(position), bytes, item.size));
	memmove(&model[position + 1], &model[position], (count - position) * sizeof *model);
	model[position] = item;
	++count;
}

static void set_at(size_t position)
{
	expectation item = choose_item();

	fill(bytes, item.size, item.seed);
	check_done(mproc_list_set(list, name(position), bytes, item.size));
	model[position] = item;
}

static void take_at(size_t position)
{
	size_t size = 0;

	if (choose(2) == 0) {
		check_done(mproc_list_delete(list, name(position)));
	} else {
		check_done(mproc_list_pop(list, name(position), bytes, sizeof bytes, &size));
		expect_item(bytes, size, &model[position]);
	}
	--count;
	memmove(&model[position], &model[position + 1], (count - position) * sizeof *model);
}

/* Mostly near an end, where chunks come and go. */
static size_t choose_position(size_t most)
{
	switch (choose(4)) {
	case 0:
		return 0;
	case 1:
		return most - 1;
	case 2:
		return choose(4) * (most - 1) / 3;
	default:
		return choose((uint32_t)most);
	}
}

/* The list grows for a while, and shrinks for a while. */
static void take_a_step(bool is_growing)
{
	uint32_t kind = choose(100);

	if (count < MOST && kind < (is_growing ? 55 : 25))
		insert_at(choose_position(count + 1));
	else if (count == 0)
		return;
	else if (kind < 80)
		take_at(choose_position(count));
	else if (kind < 88)
		set_at(choose_position(count));
	else if (kind < 92)
		get_copy_at(choose_position(count));
	else
		get_at(choose_position(count));
}

START_TEST(list_holds_what_an_array_holds)
{
	const char *seed = getenv("MPROC_TEST_SEED");

	random_state = seed == NULL ? 1 : strtoull(seed, NULL, 0);
	count = 0;
	for (int i = 0; i < OPERATIONS; ++i) {
		take_a_step(i / 30000 % 2 == 0);
		if (i % INTERVAL == 0)
			compare_all();
		if (i % 1000 == 0) {
			size_t first = choose((uint32_t)count + 1);

			compare_slice(first, first + choose((uint32_t)(count - first) + 1));
		}
	}
	compare_all();
	while (count > 0)
		take_at(choose_position(count));
	compare_all();
	ck_assert_uint_le(count_blocks(), blocks_before + 3);
}
END_TEST

START_TEST(list_that_is_cleared_now_and_then_holds_what_an_array_holds)
{
	random_state = 2;
	count = 0;
	for (int i = 0; i < OPERATIONS / 4; ++i) {
		take_a_step(true);
		if (choose(5000) != 0)
			continue;
		compare_all();
		check_done(mproc_list_clear(list));
		count = 0;
		ck_assert_uint_le(count_blocks(), blocks_before + 3);
	}
	compare_all();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		list_holds_what_an_array_holds,
		list_that_is_cleared_now_and_then_holds_what_an_array_holds,
		NULL,
	};
	const support_suite suite = {
		.name = "list_model",
		.tests = tests,
		.setup = make_list,
		.teardown = check_blocks,
		.warm_up = support_warm_up,
	};

	return support_run_suite(&suite);
}
