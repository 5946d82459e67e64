/* SPDX-License-Identifier: MIT */
/*
 * conformance_map_options.c - what a caller can ask of a map, and what its function may ask about its task.
 */
#include "conformance.h"

#include <pthread.h>

enum {
	ITEMS = 60,
};

static int map_with(mproc_pool *pool, mproc_task_function *function, size_t count, mproc_map_options options)
{
	return mproc_pool_map(pool, function, NULL, 0, count, NULL, 0, &options);
}

/* ---- what a task may ask ---- */

static int look_at_task(const void *item, void *result, mproc_task *task)
{
	unsigned worker = mproc_task_worker(task);
	_Atomic int *place = &board->numbers[worker];
	bool is_alone;

	(void)item;
	(void)result;
	if (worker < 1 || worker > WORKERS)
		return -ERANGE;
	is_alone = ++*place == 1;
	sched_yield();
	is_alone &= --*place == 0;
	if (mproc_task_attempt(task) != 1 || mproc_task_cancelled(task))
		return -EINVAL;
	return is_alone ? 0 : -EBUSY;
}

START_TEST(no_two_tasks_run_in_workers_of_one_number_at_a_time)
{
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(map_with(pool, look_at_task, 5000, (mproc_map_options){.chunk = 1}));
	mproc_pool_close(pool);
}
END_TEST

START_TEST(outcomes_tell_attempts_and_worker)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	memset(outcomes, 0xff, sizeof outcomes);
	assert_ok(map_with(pool, do_nothing, ITEMS, (mproc_map_options){.outcomes = outcomes}));
	for (int i = 0; i < ITEMS; ++i) {
		assert_outcome(outcomes[i], MPROC_ENDING_VALUE, 0);
		ck_assert_uint_eq(outcomes[i].attempts, 1);
		ck_assert_uint_ge(outcomes[i].worker, 1);
		ck_assert_uint_le(outcomes[i].worker, WORKERS);
		ck_assert(!outcomes[i].has_core && !outcomes[i].is_out_of_memory);
	}
	mproc_pool_close(pool);
}
END_TEST

/* ---- retries ---- */

START_TEST(an_item_that_fails_is_tried_again)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(map_with(pool, succeed_at_attempt_3, ITEMS,
		(mproc_map_options){.retries = 2, .outcomes = outcomes, .chunk = 7}));
	for (int i = 0; i < ITEMS; ++i) {
		assert_outcome(outcomes[i], MPROC_ENDING_VALUE, 0);
		ck_assert_uint_eq(outcomes[i].attempts, 3);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(an_item_that_fails_too_often_has_failed)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(map_with(pool, succeed_at_attempt_3, ITEMS,
				 (mproc_map_options){.retries = 1, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	ck_assert_str_eq(mproc_error_text(), "60 of 60 items failed; the first, item 0: it returned -5 "
					     "(Input/output error), at attempt 2");
	for (int i = 0; i < ITEMS; ++i) {
		assert_outcome(outcomes[i], MPROC_ENDING_ERROR, -EIO);
		ck_assert_uint_eq(outcomes[i].attempts, 2);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(an_item_may_be_tried_63_times)
{
	mproc_outcome outcome;
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(
		map_with(pool, fail_always, 1, (mproc_map_options){.retries = 62, .outcomes = &outcome}),
		MPROC_ITEMS_FAILED);
	assert_outcome(outcome, MPROC_ENDING_ERROR, -EIO);
	ck_assert_uint_eq(outcome.attempts, 63);
	mproc_pool_close(pool);
}
END_TEST

/* ---- stopping at a failure ---- */

static int fail_at_20(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_index(task) == 20 ? -ENOSPC : 0;
}

START_TEST(items_after_a_failure_are_not_begun_when_that_is_asked_for)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool = open_pool(1);

	ck_assert_int_eq(
		map_with(pool, fail_at_20, ITEMS,
			(mproc_map_options){
				.on_failure = MPROC_ON_FAILURE_STOP, .chunk = 1, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	assert_text_has("40 of 60 items failed; the first, item 20: it returned -28");
	for (int i = 0; i < ITEMS; ++i) {
		assert_outcome(outcomes[i],
			i < 20    ? MPROC_ENDING_VALUE
			: i == 20 ? MPROC_ENDING_ERROR
				  : MPROC_ENDING_CANCELLED,
			i == 20 ? -ENOSPC : 0);
		ck_assert_uint_eq(outcomes[i].attempts, i <= 20);
		ck_assert_uint_eq(outcomes[i].worker, i <= 20);
	}
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(results_from_before_a_failure_that_stops_are_there)
{
	size_t results[ITEMS];
	mproc_map_options options = {.on_failure = MPROC_ON_FAILURE_STOP, .chunk = 1};
	mproc_pool *pool = open_pool(1);

	ck_assert_int_eq(mproc_pool_map(pool, fail_at_20, NULL, 0, ITEMS, results, sizeof *results, &options),
		MPROC_ITEMS_FAILED);
	assert_ok(mproc_pool_map(pool, give_index, NULL, 0, ITEMS, results, sizeof *results, &options));
	for (size_t i = 0; i < ITEMS; ++i)
		ck_assert_uint_eq(results[i], i);
	mproc_pool_close(pool);
}
END_TEST

/* Item 0 ends when it sees that item 1 has failed. */
static int see_the_other_fail(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	if (mproc_task_index(task) == 1) {
		mproc_semaphore_acquire(&board->ready, MPROC_FOREVER);
		return -EIO;
	}
	return wait_for_cancel(item, result, task) == -ECANCELED ? 0 : -EINVAL;
}

START_TEST(items_that_run_see_that_another_one_has_failed)
{
	mproc_outcome outcomes[2];
	mproc_pool *pool = open_pool(2);

	ck_assert_int_eq(
		map_with(pool, see_the_other_fail, 2,
			(mproc_map_options){
				.on_failure = MPROC_ON_FAILURE_STOP, .chunk = 1, .outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	/* What it returned counts all the same. */
	assert_outcome(outcomes[0], MPROC_ENDING_VALUE, 0);
	assert_outcome(outcomes[1], MPROC_ENDING_ERROR, -EIO);
	mproc_pool_close(pool);
}
END_TEST

/* ---- the shuffled order ---- */

static int note_order(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	board->numbers[board->count++] = (int)mproc_task_index(task);
	return 0;
}

static void shuffle(mproc_pool *pool, uint64_t seed, int ret_order[ITEMS])
{
	bool is_there[ITEMS] = {false};

	board->count = 0;
	assert_ok(map_with(
		pool, note_order, ITEMS, (mproc_map_options){.shuffle = true, .seed = seed, .chunk = 1}));
	ck_assert_int_eq(board->count, ITEMS);
	for (int i = 0; i < ITEMS; ++i) {
		ret_order[i] = board->numbers[i];
		ck_assert(!is_there[ret_order[i]]);
		is_there[ret_order[i]] = true;
	}
}

START_TEST(items_are_begun_in_an_order_that_the_seed_tells)
{
	int ordered[ITEMS], first[ITEMS], again[ITEMS], other[ITEMS];
	mproc_pool *pool = open_pool(1);

	for (int i = 0; i < ITEMS; ++i)
		ordered[i] = i;
	shuffle(pool, 1, first);
	shuffle(pool, 1, again);
	shuffle(pool, 2, other);
	ck_assert_mem_eq(first, again, sizeof first);
	ck_assert_mem_ne(first, other, sizeof first);
	ck_assert_mem_ne(first, ordered, sizeof first);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(results_of_a_shuffled_map_are_in_their_places)
{
	size_t results[ITEMS];
	mproc_pool *pool = open_pool(WORKERS);

	for (size_t chunk = 0; chunk < 8; ++chunk) {
		mproc_map_options options = {.shuffle = true, .chunk = chunk, .seed = chunk};

		memset(results, 0xff, sizeof results);
		assert_ok(
			mproc_pool_map(pool, give_index, NULL, 0, ITEMS, results, sizeof *results, &options));
		for (size_t i = 0; i < ITEMS; ++i)
			ck_assert_uint_eq(results[i], i);
	}
	mproc_pool_close(pool);
}
END_TEST

/* ---- progress ---- */

typedef struct seen {
	pthread_t caller;
	int calls;
	bool opens_gate;
	mproc_progress last;
} seen;

static void see_progress(const mproc_progress *progress, void *argument)
{
	seen *self = argument;

	ck_assert(pthread_equal(pthread_self(), self->caller));
	ck_assert_uint_le(progress->done, progress->total);
	ck_assert_uint_le(progress->failed, progress->done);
	ck_assert(progress->elapsed >= self->last.elapsed);
	self->last = *progress;
	++self->calls;
	if (self->opens_gate)
		let_through(1);
	self->opens_gate = false;
}

START_TEST(progress_is_told_at_the_end)
{
	seen self = {.caller = pthread_self()};
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(
		map_with(pool, fail_at_20, ITEMS,
			(mproc_map_options){.on_progress = see_progress, .on_progress_argument = &self}),
		MPROC_ITEMS_FAILED);
	ck_assert_int_ge(self.calls, 1);
	ck_assert_uint_eq(self.last.done, ITEMS);
	ck_assert_uint_eq(self.last.failed, 1);
	ck_assert_uint_eq(self.last.total, ITEMS);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(progress_is_told_while_items_run)
{
	seen self = {.caller = pthread_self(), .opens_gate = true};
	mproc_pool *pool = open_pool(WORKERS);

	/* The item ends when progress is told of. */
	assert_ok(map_with(pool, wait_at_gate, 1,
		(mproc_map_options){.on_progress = see_progress, .on_progress_argument = &self}));
	ck_assert_int_ge(self.calls, 2);
	ck_assert_uint_eq(self.last.done, 1);
	mproc_pool_close(pool);
}
END_TEST

/* ---- context ---- */

static int compare_context(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return strcmp(mproc_task_context(task), "what all share") == 0 ? 0 : -EINVAL;
}

START_TEST(a_context_of_the_callers_is_copied)
{
	mproc_pool *pool = open_pool(WORKERS);
	char context[] = "what all share";

	assert_ok(map_with(pool, compare_context, ITEMS,
		(mproc_map_options){.context = context, .context_size = sizeof context}));
	mproc_pool_close(pool);
}
END_TEST

static int count_in_context(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	++*(_Atomic int *)(uintptr_t)mproc_task_context(task);
	return 0;
}

START_TEST(a_context_in_the_arena_is_used_where_it_is)
{
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(map_with(pool, count_in_context, ITEMS,
		(mproc_map_options){.context = &board->count, .context_size = sizeof board->count}));
	ck_assert_int_eq(board->count, ITEMS);
	mproc_pool_close(pool);
}
END_TEST

static int compare_address(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_context(task) == (void *)&board ? 0 : -EINVAL;
}

static int expect_no_context(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_context(task) == NULL ? 0 : -EINVAL;
}

START_TEST(a_context_without_a_size_is_an_address)
{
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(map_with(pool, compare_address, ITEMS, (mproc_map_options){.context = (void *)&board}));
	assert_ok(map_with(pool, expect_no_context, ITEMS, (mproc_map_options){0}));
	mproc_pool_close(pool);
}
END_TEST

/* ---- random numbers ---- */

static int draw(const void *item, void *result, mproc_task *task)
{
	uint64_t *number = result;

	(void)item;
	*number = mproc_random_bits(mproc_task_random(task));
	/* It is one stream: the next number is another one. */
	if (mproc_random_bits(mproc_task_random(task)) == *number)
		return -EINVAL;
	return mproc_task_attempt(task) == 1 ? -EAGAIN : 0;
}

static void draw_with(unsigned workers, uint64_t seed, size_t chunk, uint64_t ret_numbers[ITEMS])
{
	const mproc_map_options options = {.seed = seed, .chunk = chunk, .retries = 1};
	mproc_pool *pool = open_pool(workers);

	assert_ok(mproc_pool_map(pool, draw, NULL, 0, ITEMS, ret_numbers, sizeof *ret_numbers, &options));
	mproc_pool_close(pool);
}

START_TEST(random_numbers_depend_on_seed_and_index_alone)
{
	uint64_t one[ITEMS], three[ITEMS], other[ITEMS];

	draw_with(1, 7, 1, one);
	draw_with(3, 7, 4, three);
	draw_with(1, 8, 1, other);
	ck_assert_mem_eq(one, three, sizeof one);
	for (int i = 0; i < ITEMS; ++i) {
		ck_assert_uint_ne(one[i], other[i]);
		ck_assert(i == 0 || one[i] != one[i - 1]);
	}
}
END_TEST

void add_map_options(void)
{
	const TTest *const tests[] = {
		no_two_tasks_run_in_workers_of_one_number_at_a_time,
		outcomes_tell_attempts_and_worker,
		an_item_that_fails_is_tried_again,
		an_item_that_fails_too_often_has_failed,
		an_item_may_be_tried_63_times,
		items_after_a_failure_are_not_begun_when_that_is_asked_for,
		results_from_before_a_failure_that_stops_are_there,
		items_are_begun_in_an_order_that_the_seed_tells,
		results_of_a_shuffled_map_are_in_their_places,
		progress_is_told_at_the_end,
		a_context_of_the_callers_is_copied,
		a_context_in_the_arena_is_used_where_it_is,
		a_context_without_a_size_is_an_address,
		random_numbers_depend_on_seed_and_index_alone,
		NULL,
	};
	const TTest *const concurrent[] = {
		items_that_run_see_that_another_one_has_failed,
		progress_is_told_while_items_run,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
}
