/* SPDX-License-Identifier: MIT */
/*
 * conformance_returned.c - results of any size.
 */
#include "conformance.h"

enum {
	ITEMS = 40,
};

static size_t size_for(size_t index)
{
	return index * index * 100;
}

static void assert_filled(const mproc_bytes *bytes, size_t index)
{
	const unsigned char *data = bytes->data;

	ck_assert_uint_eq(bytes->size, size_for(index));
	if (bytes->size == 0) {
		ck_assert_ptr_null(bytes->data);
		return;
	}
	ck_assert_uint_eq(data[0], index);
	ck_assert_uint_eq(data[bytes->size - 1], index);
}

/* Nothing for item 0. */
static int reserve_and_fill(const void *item, void *result, mproc_task *task)
{
	size_t index = mproc_task_index(task);
	void *room;
	int rc;

	(void)item;
	(void)result;
	if (size_for(index) == 0)
		return 0;
	rc = mproc_task_reserve(task, size_for(index), &room);
	if (rc == 0)
		memset(room, (int)index, size_for(index));
	return rc;
}

static int return_copy(const void *item, void *result, mproc_task *task)
{
	size_t index = mproc_task_index(task);
	unsigned char *data = malloc(size_for(index) + 1);
	int rc = 0;

	(void)item;
	(void)result;
	memset(data, (int)index, size_for(index));
	if (size_for(index) != 0)
		rc = mproc_task_return(task, data, size_for(index));
	free(data);
	return rc;
}

static void free_all(mproc_bytes *returned)
{
	for (int i = 0; i < ITEMS; ++i) {
		if (returned[i].data != NULL)
			ck_assert_int_eq(mproc_free(returned[i].data), 0);
	}
}

START_TEST(items_return_results_of_any_size)
{
	mproc_task_function *const functions[] = {reserve_and_fill, return_copy};
	mproc_bytes returned[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	for (int f = 0; f < 2; ++f) {
		memset(returned, 0xff, sizeof returned);
		assert_ok(mproc_pool_map(pool, functions[f], NULL, 0, ITEMS, NULL, 0,
			&(mproc_map_options){.returned = returned}));
		for (size_t i = 0; i < ITEMS; ++i)
			assert_filled(&returned[i], i);
		free_all(returned);
	}
	mproc_pool_close(pool);
}
END_TEST

static int return_beside(const void *item, void *result, mproc_task *task)
{
	*(uint64_t *)result = mproc_task_index(task) + 1;
	return reserve_and_fill(item, NULL, task);
}

START_TEST(what_items_return_stands_beside_their_fixed_results)
{
	mproc_bytes returned[ITEMS];
	uint64_t results[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(mproc_pool_map(pool, return_beside, NULL, 0, ITEMS, results, sizeof *results,
		&(mproc_map_options){.returned = returned}));
	for (size_t i = 0; i < ITEMS; ++i) {
		assert_filled(&returned[i], i);
		ck_assert_uint_eq(results[i], i + 1);
	}
	free_all(returned);
	mproc_pool_close(pool);
}
END_TEST

/* What came before the last one, in this attempt and in those before it, is gone. */
static int return_often(const void *item, void *result, mproc_task *task)
{
	char before[3000] = {0};

	if (mproc_task_return(task, before, sizeof before) < 0)
		return -EINVAL;
	if (mproc_task_attempt(task) == 1)
		return -EAGAIN;
	return mproc_task_index(task) == 0 ? 0 : return_copy(item, result, task);
}

START_TEST(the_last_result_counts)
{
	mproc_bytes returned[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(mproc_pool_map(pool, return_often, NULL, 0, ITEMS, NULL, 0,
		&(mproc_map_options){.returned = returned, .retries = 1}));
	ck_assert_uint_eq(returned[0].size, 3000);
	for (size_t i = 1; i < ITEMS; ++i)
		assert_filled(&returned[i], i);
	free_all(returned);
	mproc_pool_close(pool);
}
END_TEST

static int return_and_fail(const void *item, void *result, mproc_task *task)
{
	int rc = return_copy(item, result, task);

	return rc < 0 ? rc : -EIO;
}

START_TEST(items_that_fail_return_nothing)
{
	mproc_bytes returned[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	memset(returned, 0xff, sizeof returned);
	ck_assert_int_eq(mproc_pool_map(pool, return_and_fail, NULL, 0, ITEMS, NULL, 0,
				 &(mproc_map_options){.returned = returned}),
		MPROC_ITEMS_FAILED);
	for (int i = 0; i < ITEMS; ++i) {
		ck_assert_ptr_null(returned[i].data);
		ck_assert_uint_eq(returned[i].size, 0);
	}
	mproc_pool_close(pool);
}
END_TEST

/* The number of the check that does not hold, as an error. */
static int check_refusals(const void *item, void *result, mproc_task *task)
{
	void *room;

	(void)item;
	(void)result;
	if (mproc_task_reserve(NULL, 1, &room) != -EINVAL || strcmp(mproc_error_text(), "task is NULL") != 0)
		return -1;
	if (mproc_task_reserve(task, 1, NULL) != -EINVAL
		|| strcmp(mproc_error_text(), "ret_room is NULL") != 0)
		return -2;
	if (mproc_task_reserve(task, 0, &room) != -EINVAL
		|| strcmp(mproc_error_text(), "size 0: a result has 1 byte or more") != 0)
		return -3;
	if (mproc_task_return(task, NULL, 1) != -EINVAL || strcmp(mproc_error_text(), "data is NULL") != 0)
		return -4;
	if (mproc_task_return(NULL, "x", 1) != -EINVAL || strcmp(mproc_error_text(), "task is NULL") != 0)
		return -5;
	if (mproc_task_reserve(task, (size_t)1 << 50, &room) != -ENOMEM)
		return -6;
	return 0;
}

START_TEST(what_cannot_be_returned_is_refused)
{
	mproc_bytes returned;
	mproc_pool *pool = open_pool(1);

	assert_ok(mproc_pool_map(
		pool, check_refusals, NULL, 0, 1, NULL, 0, &(mproc_map_options){.returned = &returned}));
	mproc_pool_close(pool);
}
END_TEST

static int expect_no_place(const void *item, void *result, mproc_task *task)
{
	static const char *const text = "result of 9 bytes: the map was called without .returned";

	(void)item;
	(void)result;
	if (mproc_task_return(task, "too long", 9) != -ENOTSUP)
		return -EINVAL;
	return strcmp(mproc_error_text(), text) == 0 ? 0 : -ENOMSG;
}

START_TEST(a_map_without_a_place_for_them_refuses_results_of_any_size)
{
	mproc_pool *pool = open_pool(1);

	assert_ok(mproc_pool_map(pool, expect_no_place, NULL, 0, 1, NULL, 0, NULL));
	mproc_pool_close(pool);
}
END_TEST

void add_returned(void)
{
	const TTest *const tests[] = {
		items_return_results_of_any_size,
		what_items_return_stands_beside_their_fixed_results,
		the_last_result_counts,
		items_that_fail_return_nothing,
		what_cannot_be_returned_is_refused,
		a_map_without_a_place_for_them_refuses_results_of_any_size,
		NULL,
	};

	add_tests(tests);
}
