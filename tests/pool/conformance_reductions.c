/* SPDX-License-Identifier: MIT */
/*
 * conformance_reductions.c - results combined into one, to the last bit the same for any number of workers.
 */
#include "conformance.h"

static const size_t COUNTS[] = {1, 2, 7, 4095, 4096, 4097, 10000};

enum {
	COUNT_COUNT = sizeof COUNTS / sizeof *COUNTS,
	LARGEST = 10000,
	MOST_WORKERS = 7,
};

static void add_double(void *total, const void *part, const void *context)
{
	(void)context;
	*(double *)total += *(const double *)part;
}

/* Of very different sizes, so that it matters which are added first. */
static int give_double(const void *item, void *result, mproc_task *task)
{
	mproc_random *random = mproc_task_random(task);

	(void)item;
	*(double *)result = mproc_random_double(random) * (double)(mproc_random_bits(random) >> 20);
	return 0;
}

static double sum_with(mproc_pool *pool, size_t count)
{
	double total = 0.1;

	assert_ok(mproc_pool_reduce(pool, give_double, add_double, NULL, 0, count, &total, sizeof total,
		&(mproc_map_options){.seed = 3}));
	return total;
}

START_TEST(a_sum_of_doubles_has_the_same_bits_for_any_workers_and_backend)
{
	double expected[COUNT_COUNT];
	mproc_pool *pool = NULL;

	assert_ok(mproc_pool_open(&(mproc_pool_options){.backend = MPROC_BACKEND_SERIAL}, &pool));
	for (int i = 0; i < COUNT_COUNT; ++i)
		expected[i] = sum_with(pool, COUNTS[i]);
	mproc_pool_close(pool);
	for (unsigned workers = 1; workers <= MOST_WORKERS; ++workers) {
		pool = open_pool(workers);
		for (int i = 0; i < COUNT_COUNT; ++i) {
			double sum = sum_with(pool, COUNTS[i]);

			ck_assert_mem_eq(&sum, &expected[i], sizeof sum);
		}
		mproc_pool_close(pool);
	}
}
END_TEST

/* x -> factor · x + term: associative, but no two of them can be exchanged. */
typedef struct line {
	uint64_t factor, term;
} line;

static void follow_by(void *total, const void *part, const void *context)
{
	line *first = total;
	const line *then = part;

	(void)context;
	first->term = then->factor * first->term + then->term;
	first->factor *= then->factor;
}

static int make_line(const void *item, void *result, mproc_task *task)
{
	(void)task;
	*(line *)result = (line){.factor = 2 * *(const uint64_t *)item + 1, .term = *(const uint64_t *)item};
	return 0;
}

START_TEST(results_are_combined_in_the_order_of_their_items)
{
	static uint64_t items[LARGEST];
	mproc_pool *pool = open_pool(WORKERS);

	for (uint64_t i = 0; i < LARGEST; ++i)
		items[i] = i * 77 + 5;
	for (int c = 0; c < COUNT_COUNT; ++c) {
		line total = {.factor = 3, .term = 4}, expected = total;

		for (size_t i = 0; i < COUNTS[c]; ++i)
			follow_by(&expected, &(line){.factor = 2 * items[i] + 1, .term = items[i]}, NULL);
		assert_ok(mproc_pool_reduce(pool, make_line, follow_by, items, sizeof *items, COUNTS[c],
			&total, sizeof total, NULL));
		ck_assert_uint_eq(total.factor, expected.factor);
		ck_assert_uint_eq(total.term, expected.term);
	}
	mproc_pool_close(pool);
}
END_TEST

static void never_combine(void *total, const void *part, const void *context)
{
	(void)total;
	(void)part;
	(void)context;
	abort();
}

START_TEST(a_reduction_of_no_items_leaves_the_total)
{
	double total = 5;
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(
		mproc_pool_reduce(pool, give_double, never_combine, NULL, 0, 0, &total, sizeof total, NULL));
	ck_assert_double_eq(total, 5);
	mproc_pool_close(pool);
}
END_TEST

static int fail_at_9000(const void *item, void *result, mproc_task *task)
{
	(void)item;
	*(double *)result = 1;
	return mproc_task_index(task) == 9000 ? -EDOM : 0;
}

START_TEST(an_item_that_fails_leaves_the_total)
{
	double total = 5;
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(mproc_pool_reduce(pool, fail_at_9000, add_double, NULL, 0, LARGEST, &total,
				 sizeof total, NULL),
		MPROC_ITEMS_FAILED);
	assert_text_has("item 9000");
	assert_text_has("it returned -33");
	ck_assert_double_eq(total, 5);
	mproc_pool_close(pool);
}
END_TEST

static void combine_nothing(void *total, const void *part, const void *context)
{
	(void)total;
	(void)part;
	(void)context;
}

START_TEST(an_item_of_a_reduction_is_tried_again)
{
	mproc_pool *pool = open_pool(WORKERS);
	char total = 0;

	for (unsigned retries = 1; retries <= 2; ++retries)
		ck_assert_int_eq(mproc_pool_reduce(pool, succeed_at_attempt_3, combine_nothing, NULL, 0, 100,
					 &total, 1, &(mproc_map_options){.retries = retries}),
			retries < 2 ? MPROC_ITEMS_FAILED : 0);
	mproc_pool_close(pool);
}
END_TEST

/* Larger than what a worker has room for without asking. */
typedef struct histogram {
	uint32_t bins[1000];
} histogram;

static void add_histogram(void *total, const void *part, const void *context)
{
	histogram *to = total;
	const histogram *from = part;

	for (int i = 0; i < 1000; ++i)
		to->bins[i] += from->bins[i] * *(const uint32_t *)context;
}

static int fill_bin(const void *item, void *result, mproc_task *task)
{
	const uint32_t *weight = mproc_task_context(task);

	(void)item;
	((histogram *)result)->bins[mproc_task_index(task) % 1000] = *weight;
	return 0;
}

START_TEST(large_results_are_combined_with_the_context)
{
	static histogram total;
	const uint32_t weight = 1;
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(mproc_pool_reduce(pool, fill_bin, add_histogram, NULL, 0, LARGEST, &total, sizeof total,
		&(mproc_map_options){.context = &weight, .context_size = sizeof weight}));
	for (int i = 0; i < 1000; ++i)
		ck_assert_uint_eq(total.bins[i], LARGEST / 1000);
	mproc_pool_close(pool);
}
END_TEST

void add_reductions(void)
{
	const TTest *const tests[] = {
		a_sum_of_doubles_has_the_same_bits_for_any_workers_and_backend,
		results_are_combined_in_the_order_of_their_items,
		a_reduction_of_no_items_leaves_the_total,
		an_item_that_fails_leaves_the_total,
		an_item_of_a_reduction_is_tried_again,
		large_results_are_combined_with_the_context,
		NULL,
	};

	add_tests(tests);
}
