/* SPDX-License-Identifier: MIT */
/*
 * conformance_cached.c - maps whose results are kept in a cache: what is there is not computed again, whatever happened before; and whatever
 * happens to the cache, the results are right.
 */
#include "conformance.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

enum {
	ITEMS = 60,
	/* Large enough to be mapped when it is found. */
	LARGE = 100000,
	/* Nobody's in particular. */
	NOBODY = 65534,
};

/* ---- the directory of a test ---- */

static char directory[64];

static void make_directory(void)
{
	snprintf(directory, sizeof directory, "/tmp/mproc-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

/* Who still stores something there may be faster. */
static void remove_directory(void)
{
	while (nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		;
}

static mproc_cache *open_with_bound(uint64_t max_bytes)
{
	mproc_cache *cache = NULL;

	assert_ok(mproc_cache_open(directory, &(mproc_cache_options){.max_bytes = max_bytes}, &cache));
	return cache;
}

static mproc_cache *open_cache(void)
{
	if (directory[0] == '\0')
		make_directory();
	return open_with_bound(0);
}

static void close_cache(mproc_cache *cache)
{
	ck_assert_ptr_null(mproc_cache_close(cache));
	remove_directory();
	directory[0] = '\0';
}

/* ---- maps ---- */

static uint64_t items[ITEMS], results[ITEMS];

static mproc_map_options by(mproc_cache *cache)
{
	return (mproc_map_options){.cache = cache, .cache_function = "of a test", .chunk = 1};
}

static uint64_t number_of(uint64_t item)
{
	return item * item + 1;
}

/* Adds 1 to the count, and to the number of its index. */
static int compute(const void *item, void *result, mproc_task *task)
{
	count_index(item, result, task);
	++board->count;
	*(uint64_t *)result = number_of(item == NULL ? mproc_task_index(task) : *(const uint64_t *)item);
	return 0;
}

static void set_items(void)
{
	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = 3 * i;
	memset(results, 0xff, sizeof results);
}

static int map_with(mproc_pool *pool, mproc_task_function *function, size_t count, mproc_map_options options)
{
	set_items();
	return mproc_pool_map(
		pool, function, items, sizeof *items, count, results, sizeof *results, &options);
}

static void assert_results(size_t count)
{
	for (size_t i = 0; i < count; ++i)
		ck_assert_uint_eq(results[i], number_of(items[i]));
}

/* @runs: how many items are to be computed for it. */
static void map_all(mproc_pool *pool, mproc_map_options options, int runs)
{
	int before = board->count;

	assert_ok(map_with(pool, compute, ITEMS, options));
	assert_results(ITEMS);
	ck_assert_int_eq(board->count - before, runs);
}

/* ---- what is there is not computed again ---- */

START_TEST(a_second_map_computes_nothing)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);

	map_all(pool, by(cache), ITEMS);
	map_all(pool, by(cache), 0);
	mproc_pool_close(pool);
	/* Nor do other workers, by another handle. */
	ck_assert_ptr_null(mproc_cache_close(cache));
	cache = open_cache();
	pool = open_pool(1);
	map_all(pool, by(cache), 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(outcomes_tell_what_was_found)
{
	mproc_outcome outcomes[ITEMS];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	options.outcomes = outcomes;
	assert_ok(map_with(pool, compute, ITEMS / 2, options));
	assert_ok(map_with(pool, compute, ITEMS, options));
	for (int i = 0; i < ITEMS; ++i) {
		assert_outcome(outcomes[i], MPROC_ENDING_VALUE, 0);
		ck_assert_uint_eq(outcomes[i].attempts, i >= ITEMS / 2);
		ck_assert_int_eq(outcomes[i].worker != 0, i >= ITEMS / 2);
	}
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(only_what_is_missing_is_computed)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(map_with(pool, compute, ITEMS / 3, by(cache)));
	map_all(pool, by(cache), ITEMS - ITEMS / 3);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(without_items_the_index_is_what_counts)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	for (int round = 0; round < 2; ++round) {
		memset(results, 0xff, sizeof results);
		assert_ok(mproc_pool_map(pool, compute, NULL, 0, ITEMS, results, sizeof *results, &options));
		for (size_t i = 0; i < ITEMS; ++i)
			ck_assert_uint_eq(results[i], number_of(i));
	}
	ck_assert_int_eq(board->count, ITEMS);
	/* It is 8 bytes, in the order of this machine. */
	ck_assert_int_eq(
		mproc_cache_contains(cache, &(mproc_cache_key){"of a test", 0, &(uint64_t){ITEMS - 1}, 8}),
		1);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(another_name_or_version_is_another_function)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	map_all(pool, options, ITEMS);
	options.cache_version = 1;
	map_all(pool, options, ITEMS);
	options.cache_function = "of another test";
	map_all(pool, options, ITEMS);
	map_all(pool, options, 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(the_bytes_of_the_context_count)
{
	static char context[LARGE];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	for (size_t size = 1; size <= LARGE; size *= 10) {
		options.context = context;
		options.context_size = size;
		memset(context, 0, sizeof context);
		map_all(pool, options, ITEMS);
		context[size - 1] = 1;
		map_all(pool, options, ITEMS);
		map_all(pool, options, 0);
	}
	/* An address does not. */
	options.context_size = 0;
	map_all(pool, options, ITEMS);
	options.context = &context[1];
	map_all(pool, options, 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(a_key_is_the_item_and_then_the_context)
{
	const uint64_t arguments[2] = {3 * 7, 5};
	mproc_cache_value value;
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	options.context = &arguments[1];
	options.context_size = sizeof arguments[1];
	map_all(pool, options, ITEMS);
	assert_ok(mproc_cache_get(
		cache, &(mproc_cache_key){"of a test", 0, arguments, sizeof arguments}, &value));
	ck_assert_uint_eq(value.size, sizeof *results);
	ck_assert_mem_eq(value.bytes, &results[7], sizeof *results);
	mproc_cache_value_free(&value);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(items_that_are_equal_are_computed_once)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i % 5;
	assert_ok(mproc_pool_map(
		pool, compute, items, sizeof *items, ITEMS, results, sizeof *results, &options));
	assert_results(ITEMS);
	ck_assert_int_eq(board->count, 5);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(other_options_do_what_they_do)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	options.shuffle = true;
	options.chunk = 7;
	options.soft_timeout = 1000;
	options.seed = 5;
	map_all(pool, options, ITEMS);
	options.seed = 6;
	options.chunk = 0;
	options.retries = 3;
	options.on_failure = MPROC_ON_FAILURE_STOP;
	map_all(pool, options, 0);
	options.shuffle = false;
	options.deadline = mproc_after(1000);
	map_all(pool, options, 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(a_map_on_the_way_has_a_cache_too)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	for (int round = 0; round < 2; ++round) {
		mproc_future *future = NULL;

		set_items();
		assert_ok(mproc_pool_map_async(pool, compute, items, sizeof *items, ITEMS, results,
			sizeof *results, &options, NULL, NULL, &future));
		assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
		assert_results(ITEMS);
	}
	ck_assert_int_eq(board->count, ITEMS);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

/* ---- results of any size ---- */

static size_t size_for(size_t index)
{
	return index * LARGE / ITEMS;
}

/* Nothing for item 0. */
static int return_more(const void *item, void *result, mproc_task *task)
{
	size_t index = mproc_task_index(task);
	void *room;
	int rc = 0;

	++board->count;
	if (result != NULL)
		*(uint64_t *)result = number_of(*(const uint64_t *)item);
	if (size_for(index) != 0)
		rc = mproc_task_reserve(task, size_for(index), &room);
	if (rc == 0 && size_for(index) != 0)
		memset(room, (int)index, size_for(index));
	return rc;
}

static void take_returned(mproc_bytes *returned)
{
	for (size_t i = 0; i < ITEMS; ++i) {
		const unsigned char *data = returned[i].data;

		ck_assert_uint_eq(returned[i].size, size_for(i));
		ck_assert_int_eq(data == NULL, i == 0);
		ck_assert(i == 0 || (data[0] == i && data[size_for(i) - 1] == i));
		ck_assert(i == 0 || mproc_free(returned[i].data) == 0);
	}
}

START_TEST(what_items_returned_is_found_too)
{
	mproc_bytes returned[ITEMS];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	options.returned = returned;
	for (int round = 0; round < 2; ++round) {
		assert_ok(map_with(pool, return_more, ITEMS, options));
		assert_results(ITEMS);
		take_returned(returned);
	}
	ck_assert_int_eq(board->count, ITEMS);
	options.cache_version = 1;
	for (int round = 0; round < 2; ++round) {
		assert_ok(mproc_pool_map(pool, return_more, items, sizeof *items, ITEMS, NULL, 0, &options));
		take_returned(returned);
	}
	ck_assert_int_eq(board->count, 2 * ITEMS);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

static int compute_two(const void *item, void *result, mproc_task *task)
{
	((uint64_t *)result)[1] = 5;
	return compute(item, result, task);
}

START_TEST(results_of_another_size_are_computed_anew)
{
	static uint64_t wide[ITEMS][2];
	mproc_bytes returned[ITEMS];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	map_all(pool, options, ITEMS);
	assert_ok(
		mproc_pool_map(pool, compute_two, items, sizeof *items, ITEMS, wide, sizeof *wide, &options));
	for (size_t i = 0; i < ITEMS; ++i)
		ck_assert(wide[i][0] == number_of(items[i]) && wide[i][1] == 5);
	map_all(pool, options, ITEMS);
	map_all(pool, options, 0);
	options.returned = returned;
	options.cache_version = 1;
	assert_ok(map_with(pool, return_more, ITEMS, options));
	take_returned(returned);
	options.returned = NULL;
	/* Item 0 has nothing besides. */
	map_all(pool, options, ITEMS - 1);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

/* ---- what failed is not there ---- */

static int fail_if_odd(const void *item, void *result, mproc_task *task)
{
	compute(item, result, task);
	return mproc_task_index(task) % 2 == 1 ? -EIO : 0;
}

START_TEST(items_that_failed_are_computed_again)
{
	mproc_outcome outcomes[ITEMS];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	options.outcomes = outcomes;
	ck_assert_int_eq(map_with(pool, fail_if_odd, ITEMS, options), MPROC_ITEMS_FAILED);
	for (int i = 0; i < ITEMS; ++i)
		assert_outcome(outcomes[i], i % 2 == 1 ? MPROC_ENDING_ERROR : MPROC_ENDING_VALUE,
			i % 2 == 1 ? -EIO : 0);
	map_all(pool, options, ITEMS / 2);
	map_all(pool, options, 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

static int return_one(const void *item, void *result, mproc_task *task)
{
	count_index(item, result, task);
	return mproc_task_index(task) == 7 ? 1 : 0;
}

/* Without results, one that was stored by mistake would fit. */
START_TEST(a_positive_number_is_a_failure)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	for (int round = 0; round < 2; ++round) {
		ck_assert_int_eq(mproc_pool_map(pool, return_one, NULL, 0, ITEMS, NULL, 0, &options),
			MPROC_ITEMS_FAILED);
		assert_text_has("1 of 60 items failed; the first, item 7: it returned -34");
	}
	for (int i = 0; i < ITEMS; ++i)
		ck_assert_int_eq(board->numbers[i], i == 7 ? 2 : 1);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

static int compute_at_attempt_3(const void *item, void *result, mproc_task *task)
{
	return compute(item, result, task) == 0 && mproc_task_attempt(task) < 3 ? -EIO : 0;
}

START_TEST(items_are_tried_again_until_there_is_a_result)
{
	mproc_outcome outcomes[ITEMS];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	options.retries = 2;
	options.outcomes = outcomes;
	assert_ok(map_with(pool, compute_at_attempt_3, ITEMS, options));
	assert_results(ITEMS);
	for (int i = 0; i < ITEMS; ++i)
		ck_assert_uint_eq(outcomes[i].attempts, 3);
	ck_assert_int_eq(board->count, 3 * ITEMS);
	map_all(pool, options, 0);
	ck_assert_uint_eq(outcomes[5].attempts, 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

/* ---- what was interrupted is gone on with ---- */

static void interrupt(int unused)
{
	(void)unused;
	mproc_interrupt();
}

/* The 20th that runs interrupts the map. */
static int compute_and_interrupt(const void *item, void *result, mproc_task *task)
{
	compute(item, result, task);
	if (board->count == 20)
		kill(board->test, SIGUSR1);
	while (backend != MPROC_BACKEND_SERIAL && board->count >= 20 && !mproc_task_cancelled(task))
		pause_shortly();
	return 0;
}

START_TEST(a_map_that_was_interrupted_does_what_is_missing)
{
	mproc_outcome outcomes[ITEMS];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	signal(SIGUSR1, interrupt);
	options.outcomes = outcomes;
	ck_assert_int_eq(map_with(pool, compute_and_interrupt, ITEMS, options), -EINTR);
	for (int i = 0; i < ITEMS; ++i)
		board->numbers[i] = outcomes[i].ending == MPROC_ENDING_VALUE;
	assert_ok(map_with(pool, compute, ITEMS, options));
	assert_results(ITEMS);
	/* What had ended was not computed once more; what had not was, unless its worker was killed when it had stored it. */
	for (int i = 0; i < ITEMS; ++i)
		ck_assert_int_le(board->numbers[i], 1);
	ck_assert_int_le(board->count, ITEMS + 2 * WORKERS);
	map_all(pool, options, 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

/* Item 13 ends its worker, the first time. */
static int compute_and_die(const void *item, void *result, mproc_task *task)
{
	compute(item, result, task);
	if (mproc_task_index(task) == 13 && board->numbers[13] == 1 && backend == MPROC_BACKEND_THREADS)
		pthread_exit(NULL);
	if (mproc_task_index(task) == 13 && board->numbers[13] == 1)
		raise(SIGKILL);
	return 0;
}

START_TEST(the_item_of_a_worker_that_died_is_computed_again)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);

	ck_assert_int_eq(map_with(pool, compute_and_die, ITEMS, by(cache)), MPROC_ITEMS_FAILED);
	assert_text_has("1 of 60 items failed; the first, item 13");
	ck_assert_int_eq(board->count, ITEMS);
	map_all(pool, by(cache), 1);
	map_all(pool, by(cache), 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(a_successor_tries_the_item_of_a_worker_that_died)
{
	static char context[LARGE];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	mproc_map_options options = by(cache);

	options.retries = 1;
	options.context = context;
	options.context_size = sizeof context;
	assert_ok(map_with(pool, compute_and_die, ITEMS, options));
	assert_results(ITEMS);
	ck_assert_int_eq(board->numbers[13], 2);
	ck_assert_int_eq(board->count, ITEMS + 1);
	map_all(pool, options, 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

/* ---- other programs ---- */

/* What programs that are no members of the family share. */
typedef struct outside {
	_Atomic int count, is_held, is_to_end;
} outside;

static outside *outer;

static int compute_outside(const void *item, void *result, mproc_task *task)
{
	(void)task;
	++outer->count;
	*(uint64_t *)result = number_of(*(const uint64_t *)item);
	return 0;
}

/* It exits with 0. */
static pid_t start_program(void)
{
	pid_t program = fork();

	ck_assert_int_ge(program, 0);
	if (program == 0) {
		mproc_cache *cache = open_cache();
		mproc_pool *pool = open_pool(WORKERS);

		assert_ok(map_with(pool, compute_outside, ITEMS, by(cache)));
		assert_results(ITEMS);
		mproc_pool_close(pool);
		mproc_cache_close(cache);
		_exit(0);
	}
	return program;
}

static int end_of(pid_t program)
{
	int status;

	ck_assert_int_eq(waitpid(program, &status, 0), program);
	return status;
}

START_TEST(programs_share_the_work)
{
	pid_t programs[3];

	outer = share(sizeof *outer);
	make_directory();
	for (int i = 0; i < 3; ++i)
		programs[i] = start_program();
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(end_of(programs[i]), 0);
	ck_assert_int_eq(outer->count, ITEMS);
	munmap(outer, sizeof *outer);
	remove_directory();
}
END_TEST

/* Computes what a map would, until it is told to end, or the test has ended. */
static int hold(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	(void)unused;
	(void)size;
	outer->is_held = 1;
	while (!outer->is_to_end && getppid() == board->test)
		pause_shortly();
	return mproc_cache_return(result, &(uint64_t){number_of(*(const uint64_t *)arguments)}, 8);
}

/* Another program is at the item 0. */
static pid_t start_holder(void)
{
	pid_t holder;

	outer = share(sizeof *outer);
	make_directory();
	holder = fork();
	ck_assert_int_ge(holder, 0);
	if (holder == 0) {
		const mproc_cache_key key = {"of a test", 0, &(uint64_t){0}, 8};
		mproc_cache *cache = open_cache();
		mproc_cache_value value;

		assert_ok(mproc_cache_call(cache, &key, hold, NULL, MPROC_FOREVER, &value));
		mproc_cache_value_free(&value);
		mproc_cache_close(cache);
		_exit(0);
	}
	wait_until(outer->is_held);
	return holder;
}

static void end_holder(pid_t holder, mproc_cache *cache)
{
	outer->is_to_end = 1;
	ck_assert_int_eq(end_of(holder), 0);
	close_cache(cache);
	munmap(outer, sizeof *outer);
}

START_TEST(the_wait_for_another_program_ends_at_the_deadline)
{
	mproc_outcome outcome;
	pid_t holder = start_holder();
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(1);
	mproc_map_options options = by(cache);

	options.deadline = mproc_after(0.1);
	options.outcomes = &outcome;
	ck_assert_int_eq(map_with(pool, compute, 1, options), -ETIMEDOUT);
	ck_assert(outcome.ending == MPROC_ENDING_TIMEOUT || outcome.ending == MPROC_ENDING_CANCELLED);
	ck_assert_int_eq(board->count, 0);
	assert_usable(pool);
	mproc_pool_close(pool);
	end_holder(holder, cache);
}
END_TEST

START_TEST(the_wait_for_another_program_is_interrupted)
{
	const struct itimerval soon = {.it_value.tv_usec = 50000};
	mproc_outcome outcome;
	pid_t holder = start_holder();
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(1);
	mproc_map_options options = by(cache);

	signal(SIGALRM, interrupt);
	options.outcomes = &outcome;
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	ck_assert_int_eq(map_with(pool, compute, 1, options), -EINTR);
	assert_outcome(outcome, MPROC_ENDING_CANCELLED, 0);
	ck_assert_int_eq(board->count, 0);
	assert_usable(pool);
	mproc_pool_close(pool);
	end_holder(holder, cache);
}
END_TEST

static int fail_at_1(const void *item, void *result, mproc_task *task)
{
	compute(item, result, task);
	return mproc_task_index(task) == 1 ? -EIO : 0;
}

/* On the way, so that it is waited for at once. */
START_TEST(the_wait_for_another_program_ends_when_an_item_fails)
{
	mproc_outcome outcomes[2];
	pid_t holder = start_holder();
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(2);
	mproc_map_options options = by(cache);
	mproc_future *future = NULL;

	set_items();
	options.on_failure = MPROC_ON_FAILURE_STOP;
	options.outcomes = outcomes;
	assert_ok(mproc_pool_map_async(pool, fail_at_1, items, sizeof *items, 2, results, sizeof *results,
		&options, NULL, NULL, &future));
	assert_outcome(finish(future), MPROC_ENDING_ERROR, -EIO);
	assert_outcome(outcomes[0], MPROC_ENDING_CANCELLED, 0);
	assert_outcome(outcomes[1], MPROC_ENDING_ERROR, -EIO);
	ck_assert_uint_eq(outcomes[0].attempts, 0);
	mproc_pool_close(pool);
	end_holder(holder, cache);
}
END_TEST

START_TEST(the_wait_for_another_program_ends_with_the_pool)
{
	pid_t holder = start_holder();
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(2);
	mproc_map_options options = by(cache);
	mproc_future *future = NULL;

	set_items();
	assert_ok(mproc_pool_map_async(pool, compute, items, sizeof *items, ITEMS, results, sizeof *results,
		&options, NULL, NULL, &future));
	wait_until(board->count == ITEMS - 1);
	ck_assert_ptr_null(mproc_pool_terminate(pool));
	ck_assert_int_eq(finish(future).ending, MPROC_ENDING_CANCELLED);
	end_holder(holder, cache);
}
END_TEST

/* The last item tells the other program to end. */
static int compute_and_end_holder(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) == ITEMS - 1)
		outer->is_to_end = 1;
	return compute(item, result, task);
}

static void see_progress(const mproc_progress *progress, void *argument)
{
	mproc_progress *last = argument;

	ck_assert_uint_ge(progress->done, last->done);
	ck_assert_uint_le(progress->done, ITEMS);
	*last = *progress;
}

START_TEST(what_another_program_is_at_is_put_off)
{
	mproc_outcome outcomes[ITEMS];
	mproc_progress last = {0};
	pid_t holder = start_holder();
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(1);
	mproc_map_options options = by(cache);

	options.on_progress = see_progress;
	options.on_progress_argument = &last;
	options.outcomes = outcomes;
	options.retries = 1;
	options.chunk = 7;
	assert_ok(map_with(pool, compute_and_end_holder, ITEMS, options));
	assert_results(ITEMS);
	ck_assert_int_eq(board->count, ITEMS - 1);
	ck_assert_uint_eq(outcomes[0].attempts, 0);
	ck_assert_uint_eq(outcomes[1].attempts, 1);
	ck_assert_uint_eq(last.done, ITEMS);
	mproc_pool_close(pool);
	end_holder(holder, cache);
}
END_TEST

START_TEST(what_another_program_was_at_is_taken_over_when_it_is_killed)
{
	pid_t holder = start_holder();
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(2);
	mproc_map_options options = by(cache);
	mproc_future *future = NULL;
	int status;

	set_items();
	assert_ok(mproc_pool_map_async(pool, compute, items, sizeof *items, ITEMS, results, sizeof *results,
		&options, NULL, NULL, &future));
	wait_until(board->count == ITEMS - 1);
	kill(holder, SIGKILL);
	status = end_of(holder);
	ck_assert(WIFSIGNALED(status));
	assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
	assert_results(ITEMS);
	ck_assert_int_eq(board->count, ITEMS);
	mproc_pool_close(pool);
	close_cache(cache);
	munmap(outer, sizeof *outer);
}
END_TEST

/* A timeout is one of the function: who waits for another program is not late. */
START_TEST(the_wait_for_another_program_has_no_timeout)
{
	pid_t holder = start_holder();
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(2);
	mproc_map_options options = by(cache);
	mproc_future *future = NULL;

	set_items();
	options.timeout = 0.02;
	assert_ok(mproc_pool_map_async(pool, compute, items, sizeof *items, 1, results, sizeof *results,
		&options, NULL, NULL, &future));
	ck_assert_int_eq(mproc_future_wait(future, mproc_after(0.2)), -ETIMEDOUT);
	outer->is_to_end = 1;
	assert_outcome(finish(future), MPROC_ENDING_VALUE, 0);
	assert_results(1);
	ck_assert_int_eq(board->count, 0);
	mproc_pool_close(pool);
	end_holder(holder, cache);
}
END_TEST

/* ---- whatever happens to the cache ---- */

/* Item 20 removes it. */
static int compute_and_remove(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) == 20)
		remove_directory();
	return compute(item, result, task);
}

START_TEST(a_cache_that_is_removed_costs_only_what_was_in_it)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(map_with(pool, compute_and_remove, ITEMS, by(cache)));
	assert_results(ITEMS);
	assert_ok(map_with(pool, compute, ITEMS, by(cache)));
	assert_results(ITEMS);
	remove_directory();
	assert_ok(map_with(pool, compute, ITEMS, by(cache)));
	assert_results(ITEMS);
	ck_assert_int_le(board->count, 3 * ITEMS);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(a_cache_in_the_place_of_another_one_is_used)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);

	map_all(pool, by(cache), ITEMS);
	ck_assert_ptr_null(mproc_cache_close(cache));
	remove_directory();
	cache = open_cache();
	map_all(pool, by(cache), ITEMS);
	map_all(pool, by(cache), 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(workers_that_cannot_open_the_cache_do_without)
{
	char aside[sizeof directory + 8];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);
	int fd;

	snprintf(aside, sizeof aside, "%s.aside", directory);
	ck_assert_int_eq(rename(directory, aside), 0);
	fd = open(directory, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	assert_ok(map_with(pool, compute, ITEMS, by(cache)));
	assert_results(ITEMS);
	/* Those that are threads use the handle. */
	map_all(pool, by(cache), backend == MPROC_BACKEND_PROCESSES ? ITEMS : 0);
	ck_assert_int_eq(unlink(directory), 0);
	ck_assert_int_eq(rename(aside, directory), 0);
	map_all(pool, by(cache), backend == MPROC_BACKEND_PROCESSES ? ITEMS : 0);
	map_all(pool, by(cache), 0);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(results_that_do_not_fit_into_the_cache_are_not_kept)
{
	mproc_cache *cache;
	mproc_pool *pool = open_pool(WORKERS);

	make_directory();
	cache = open_with_bound(1);
	map_all(pool, by(cache), ITEMS);
	map_all(pool, by(cache), ITEMS);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(a_cache_that_holds_a_part_of_the_results_is_used)
{
	mproc_cache *cache;
	mproc_pool *pool = open_pool(WORKERS);

	make_directory();
	cache = open_with_bound(8 * 4096);
	for (int round = 0; round < 5; ++round) {
		assert_ok(map_with(pool, compute, ITEMS, by(cache)));
		assert_results(ITEMS);
	}
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

/* Half of the results are there, and no more can be. */
static void map_read_only(void)
{
	mproc_cache *cache;
	mproc_pool *pool;

	if (geteuid() == 0)
		ck_assert_int_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
	cache = open_cache();
	pool = open_pool(WORKERS);
	map_all(pool, by(cache), ITEMS / 2);
	map_all(pool, by(cache), ITEMS / 2);
	mproc_pool_close(pool);
	mproc_cache_close(cache);
}

static void forbid_writing(const char *of)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s%s", directory, of);
	ck_assert_int_eq(chmod(path, 0555), 0);
}

START_TEST(a_cache_that_cannot_be_written_to_is_read)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(map_with(pool, compute, ITEMS / 2, by(cache)));
	mproc_pool_close(pool);
	forbid_writing("");
	in_child(map_read_only);
	ck_assert_int_eq(chmod(directory, 0755), 0);
	close_cache(cache);
}
END_TEST

/* A file of a byte is too large: as if the disk were full.  Check, too, could write nothing. */
static int map_without_room(void)
{
	mproc_cache *cache = NULL;
	mproc_pool *pool = NULL;
	int rc, before = board->count;

	if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0}) != 0)
		return __LINE__;
	rc = mproc_cache_open(directory, NULL, &cache);
	if (rc == 0)
		rc = mproc_pool_open(&(mproc_pool_options){.workers = WORKERS, .backend = backend}, &pool);
	for (int round = 1; round <= 2 && rc == 0; ++round) {
		rc = map_with(pool, compute, ITEMS, by(cache));
		for (size_t i = 0; i < ITEMS; ++i) {
			if (results[i] != number_of(items[i]))
				return __LINE__;
		}
		if (board->count - before != round * ITEMS / 2)
			return __LINE__;
	}
	mproc_pool_close(pool);
	mproc_cache_close(cache);
	return rc == 0 ? 0 : __LINE__;
}

static void exit_without_room(void)
{
	_exit(map_without_room() % 256);
}

START_TEST(without_room_on_the_disk_what_is_there_is_found)
{
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(WORKERS);

	assert_ok(map_with(pool, compute, ITEMS / 2, by(cache)));
	mproc_pool_close(pool);
	in_child(exit_without_room);
	close_cache(cache);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_cache_without_a_function_is_refused)
{
	char name[257];
	mproc_cache *cache = open_cache();
	mproc_pool *pool = open_pool(1);
	mproc_map_options options = by(cache);

	options.cache_function = NULL;
	assert_refused(map_with(pool, compute, ITEMS, options), -EINVAL,
		"cache_function is NULL: what is cached needs a name");
	options.cache_function = "";
	assert_refused(map_with(pool, compute, ITEMS, options), -EINVAL,
		"cache_function has 0 bytes: 1 to 255 are possible");
	memset(name, 'x', sizeof name);
	name[256] = '\0';
	options.cache_function = name;
	assert_refused(map_with(pool, compute, ITEMS, options), -EINVAL,
		"cache_function has 256 bytes: 1 to 255 are possible");
	ck_assert_int_eq(board->count, 0);
	name[255] = '\0';
	map_all(pool, options, ITEMS);
	map_all(pool, options, 0);
	/* Without a cache it means nothing. */
	options.cache = NULL;
	options.cache_function = "";
	map_all(pool, options, ITEMS);
	mproc_pool_close(pool);
	close_cache(cache);
}
END_TEST

START_TEST(what_is_no_cache_is_refused)
{
	uint64_t zeros[64] = {0};
	mproc_pool *pool = open_pool(1);

	ck_assert_int_eq(map_with(pool, compute, ITEMS, by((mproc_cache *)zeros)), -EINVAL);
	ck_assert_int_eq(board->count, 0);
	mproc_pool_close(pool);
}
END_TEST

void add_cached(void)
{
	const TTest *const tests[] = {
		a_second_map_computes_nothing,
		outcomes_tell_what_was_found,
		only_what_is_missing_is_computed,
		without_items_the_index_is_what_counts,
		another_name_or_version_is_another_function,
		the_bytes_of_the_context_count,
		a_key_is_the_item_and_then_the_context,
		items_that_are_equal_are_computed_once,
		other_options_do_what_they_do,
		what_items_returned_is_found_too,
		results_of_another_size_are_computed_anew,
		items_that_failed_are_computed_again,
		a_positive_number_is_a_failure,
		items_are_tried_again_until_there_is_a_result,
		a_map_that_was_interrupted_does_what_is_missing,
		a_cache_that_is_removed_costs_only_what_was_in_it,
		a_cache_in_the_place_of_another_one_is_used,
		workers_that_cannot_open_the_cache_do_without,
		results_that_do_not_fit_into_the_cache_are_not_kept,
		a_cache_that_holds_a_part_of_the_results_is_used,
		a_cache_without_a_function_is_refused,
		what_is_no_cache_is_refused,
		NULL,
	};
	const TTest *const that_fork[] = {
		programs_share_the_work,
		the_wait_for_another_program_ends_at_the_deadline,
		the_wait_for_another_program_is_interrupted,
		what_another_program_is_at_is_put_off,
		a_cache_that_cannot_be_written_to_is_read,
		without_room_on_the_disk_what_is_there_is_found,
		NULL,
	};
	const TTest *const concurrent[] = {
		a_map_on_the_way_has_a_cache_too,
		the_item_of_a_worker_that_died_is_computed_again,
		a_successor_tries_the_item_of_a_worker_that_died,
		NULL,
	};
	const TTest *const concurrent_that_fork[] = {
		the_wait_for_another_program_ends_when_an_item_fails,
		the_wait_for_another_program_ends_with_the_pool,
		what_another_program_was_at_is_taken_over_when_it_is_killed,
		NULL,
	};
	const TTest *const of_processes[] = {
		the_wait_for_another_program_has_no_timeout,
		NULL,
	};

	add_tests(tests);
	add_forking_tests(that_fork);
	add_concurrent_tests(concurrent);
	if (backend != MPROC_BACKEND_SERIAL)
		add_forking_tests(concurrent_that_fork);
	add_process_tests(of_processes);
}
