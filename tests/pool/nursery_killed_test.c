/* SPDX-License-Identifier: MIT */
/*
 * The nursery is killed while everybody waits for its pool, each in another call: all are told, what had ended stays, and
 * nobody hangs.
 */
#include "pool_helpers.h"

#include "people.h"

#include <poll.h>
#include <sched.h>

enum {
	WORKERS = 3,
	/* Tasks that end before. */
	ENDED = 20,
	MAP_ITEMS = 30,
	CALLERS = 12,
	/* More than may be in line. */
	MOST_IN_LINE = 16384,
	MAPS_AT_ONCE = 16,
	ROUNDS = 20,
};

typedef struct common {
	_Atomic uint32_t staying, calling, told;
} common;

static common *shared;
static mproc_pool *pool;

static int stay(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	++shared->staying;
	for (;;)
		pause();
	return 0;
}

/* The pool is killed for good: no call that it gets from now on does anything else than to say so. */
static void check_refuses(void)
{
	mproc_future *future = NULL;
	mproc_stream *stream = NULL;

	ck_assert_int_eq(mproc_pool_map(pool, stay, NULL, 0, 1, NULL, 0, NULL), -ENOTRECOVERABLE);
	assert_text_has("has died (signal 9): open another pool");
	ck_assert_int_eq(mproc_pool_submit(pool, stay, NULL, 0, 0, NULL, &future), -ENOTRECOVERABLE);
	assert_text_has("has died (signal 9): open another pool");
	ck_assert_int_eq(mproc_pool_map_async(pool, stay, NULL, 0, 1, NULL, 0, NULL, NULL, NULL, &future),
		-ENOTRECOVERABLE);
	ck_assert_int_eq(mproc_pool_imap(pool, stay, NULL, 0, 1, 0, NULL, &stream), -ENOTRECOVERABLE);
	ck_assert_int_eq(mproc_pool_apply(pool, stay, NULL, 0, NULL, 0, NULL), -ENOTRECOVERABLE);
	ck_assert_int_eq(mproc_pool_resize(pool, 5), -ENOTRECOVERABLE);
	ck_assert_int_eq(mproc_pool_drain(pool, MPROC_FOREVER), -ENOTRECOVERABLE);
	ck_assert_ptr_null(future);
	ck_assert_ptr_null(stream);
}

/* ---- the calls that wait: each returns 0 when it was told as it should be ---- */

static void begin_call(void)
{
	++shared->calling;
}

static int complain(const char *what, int rc)
{
	fprintf(stderr, "%s: %d, %s\n", what, rc, mproc_error_text());
	return -EINVAL;
}

static int map(void *unused)
{
	mproc_outcome outcomes[MAP_ITEMS];
	int rc;

	(void)unused;
	begin_call();
	rc = mproc_pool_map(pool, stay, NULL, 0, MAP_ITEMS, NULL, 0,
		&(mproc_map_options){.chunk = 1, .outcomes = outcomes});
	if (rc != -ENOTRECOVERABLE)
		return complain("map", rc);
	for (int i = 0; i < MAP_ITEMS; ++i) {
		bool was_killed = outcomes[i].ending == MPROC_ENDING_SIGNAL && outcomes[i].code == SIGKILL;

		if (!was_killed
			&& (outcomes[i].ending != MPROC_ENDING_CANCELLED || outcomes[i].attempts != 0))
			return complain("outcome of a map", (int)outcomes[i].ending);
	}
	return 0;
}

static int apply(void *unused)
{
	mproc_outcome outcome;
	int rc;

	(void)unused;
	begin_call();
	rc = mproc_pool_apply(pool, stay, NULL, 0, NULL, 0, &(mproc_task_options){.outcome = &outcome});
	return rc == -ENOTRECOVERABLE ? 0 : complain("apply", rc);
}

static bool has_ended_badly(mproc_future *future)
{
	mproc_outcome outcome = mproc_future_outcome(future);

	return (outcome.ending == MPROC_ENDING_SIGNAL && outcome.code == SIGKILL && outcome.attempts == 1)
	       || (outcome.ending == MPROC_ENDING_CANCELLED && outcome.attempts == 0);
}

static mproc_future *submit(void)
{
	mproc_future *future = NULL;

	return mproc_pool_submit(pool, stay, NULL, 0, 0, NULL, &future) == 0 ? future : NULL;
}

static int get(void *unused)
{
	mproc_future *future = submit();
	const void *result = unused;
	int rc;

	begin_call();
	rc = mproc_future_get(future, MPROC_FOREVER, &result, NULL);
	if (rc != MPROC_ITEMS_FAILED || result != unused || !has_ended_badly(future))
		return complain("get", rc);
	mproc_future_close(future);
	return 0;
}

static int get_map(void *unused)
{
	mproc_outcome outcomes[MAP_ITEMS];
	mproc_future *future = NULL;
	int rc;

	(void)unused;
	rc = mproc_pool_map_async(pool, stay, NULL, 0, MAP_ITEMS, NULL, 0,
		&(mproc_map_options){.outcomes = outcomes}, NULL, NULL, &future);
	begin_call();
	if (rc == 0)
		rc = mproc_future_get(future, MPROC_FOREVER, NULL, NULL);
	if (rc != -ENOTRECOVERABLE)
		return complain("get of a map", rc);
	mproc_future_close(future);
	return 0;
}

static int wait_for(int (*wait)(mproc_future **futures), const char *name)
{
	mproc_future *futures[3] = {submit(), submit(), submit()};
	int rc;

	begin_call();
	rc = wait(futures);
	if (rc != 0)
		return complain(name, rc);
	for (int i = 0; i < 3; ++i) {
		if (!has_ended_badly(futures[i]))
			return complain(name, (int)mproc_future_outcome(futures[i]).ending);
		mproc_future_close(futures[i]);
	}
	return 0;
}

static int for_any(mproc_future **futures)
{
	size_t index = 7;
	int rc = mproc_future_wait_any(futures, 3, MPROC_FOREVER, &index);

	return rc == 0 && index < 3 ? 0 : rc;
}

static int for_all(mproc_future **futures)
{
	return mproc_future_wait_all(futures, 3, MPROC_FOREVER);
}

static int for_one_after_the_other(mproc_future **futures)
{
	int rc = 0;

	for (size_t taken = 0; taken < 3 && rc == 0; ++taken)
		rc = mproc_future_as_completed(futures, 3, taken, MPROC_FOREVER);
	return rc;
}

static int wait_any(void *unused)
{
	(void)unused;
	return wait_for(for_any, "wait_any");
}

static int wait_all(void *unused)
{
	(void)unused;
	return wait_for(for_all, "wait_all");
}

static int as_completed(void *unused)
{
	(void)unused;
	return wait_for(for_one_after_the_other, "as_completed");
}

static int take_from_stream(void *is_unordered)
{
	mproc_stream *stream;
	mproc_entry entry;
	int rc = mproc_pool_imap(pool, stay, NULL, 0, 100, 0,
		&(mproc_imap_options){.unordered = is_unordered != NULL}, &stream);

	begin_call();
	while (rc >= 0) {
		rc = mproc_stream_next(stream, MPROC_FOREVER, &entry);
		if (rc == 0 || (rc > 0 && entry.outcome.ending == MPROC_ENDING_VALUE))
			return complain("stream", rc);
	}
	mproc_stream_close(stream);
	return rc == -ENOTRECOVERABLE ? 0 : complain("stream", rc);
}

static int drain(void *unused)
{
	int rc;

	(void)unused;
	/* Of a pool that has nothing to do it would end at once. */
	support_await(&shared->staying, 1);
	begin_call();
	rc = mproc_pool_drain(pool, MPROC_FOREVER);
	return rc == -ENOTRECOVERABLE ? 0 : complain("drain", rc);
}

static void count_told(mproc_future *future, void *unused)
{
	(void)unused;
	++shared->told;
	mproc_future_close(future);
}

/* Told through the descriptor of an event loop. */
static int poll_for(void *unused)
{
	struct pollfd bell = {.fd = mproc_pool_fd(pool), .events = POLLIN};
	mproc_future *future;
	int rc;

	(void)unused;
	rc = mproc_pool_submit(pool, stay, NULL, 0, 0, &(mproc_task_options){.on_done = count_told}, &future);
	begin_call();
	while (rc >= 0 && shared->told == 0) {
		rc = poll(&bell, 1, -1);
		if (rc == 1)
			rc = mproc_pool_poll(pool);
	}
	return rc >= 0 ? 0 : complain("poll", rc);
}

/* ---- all at once ---- */

static void kill_when_all_wait(uint32_t callers)
{
	support_await(&shared->calling, callers);
	support_await(&shared->staying, WORKERS);
	kill(find_nursery(), SIGKILL);
}

static void begin_round(void)
{
	if (shared == NULL)
		shared = share(sizeof *shared);
	*shared = (common){0};
	pool = open_processes(WORKERS);
}

static void end_round(void)
{
	check_refuses();
	pool = mproc_pool_close(pool);
	ck_assert_int_eq(count_children(getpid()), 0);
}

START_TEST(everybody_who_waits_is_told)
{
	static support_deed *const deeds[] = {map, map, apply, get, get_map, wait_any, wait_all, as_completed,
		take_from_stream, take_from_stream, drain, poll_for};

	for (int round = 0; round < ROUNDS; ++round) {
		support_thread callers[CALLERS];

		begin_round();
		for (int i = 0; i < CALLERS; ++i)
			support_begin(&callers[i], deeds[i], i == 8 ? &callers : NULL);
		kill_when_all_wait(CALLERS);
		for (int i = 0; i < CALLERS; ++i)
			ck_assert_msg(support_end(&callers[i]) == 0, "caller %d was told something else", i);
		end_round();
	}
}
END_TEST

static void told_alone(support_deed *deed)
{
	support_thread caller;

	begin_round();
	support_begin(&caller, deed, NULL);
	support_await(&shared->calling, 1);
	support_await(&shared->staying, 1);
	kill(find_nursery(), SIGKILL);
	ck_assert_int_eq(support_end(&caller), 0);
	end_round();
}

START_TEST(who_waits_alone_is_told)
{
	told_alone(map);
	told_alone(apply);
	told_alone(get);
	told_alone(get_map);
	told_alone(wait_any);
	told_alone(wait_all);
	told_alone(as_completed);
	told_alone(take_from_stream);
	told_alone(poll_for);
}
END_TEST

/* ---- calls that wait for room ---- */

static int submit_without_end(void *unused)
{
	mproc_future **futures = calloc(2 * (size_t)MOST_IN_LINE, sizeof(mproc_future *));
	size_t count = 0;
	int rc = 0;

	(void)unused;
	while (rc == 0 && count < 2 * (size_t)MOST_IN_LINE) {
		rc = mproc_pool_submit(pool, stay, NULL, 0, 0, NULL, &futures[count]);
		count += rc == 0;
		if (count == MOST_IN_LINE + WORKERS)
			begin_call();
	}
	for (size_t i = 0; i < count; ++i) {
		if (!has_ended_badly(futures[i]))
			return complain("future in line", (int)mproc_future_outcome(futures[i]).ending);
		mproc_future_close(futures[i]);
	}
	free(futures);
	return rc == -ENOTRECOVERABLE && count == MOST_IN_LINE + WORKERS ? 0 : complain("submit", rc);
}

START_TEST(who_waits_for_a_place_in_line_is_told)
{
	told_alone(submit_without_end);
}
END_TEST

static int map_without_end(void *unused)
{
	mproc_future *futures[2 * MAPS_AT_ONCE];
	int count = 0, rc = 0;

	(void)unused;
	while (rc == 0 && count < 2 * MAPS_AT_ONCE) {
		rc = mproc_pool_map_async(
			pool, stay, NULL, 0, 10, NULL, 0, NULL, NULL, NULL, &futures[count]);
		count += rc == 0;
		if (count == MAPS_AT_ONCE)
			begin_call();
	}
	for (int i = 0; i < count; ++i) {
		int got = mproc_future_get(futures[i], MPROC_FOREVER, NULL, NULL);

		if (got != -ENOTRECOVERABLE)
			return complain("future of a map", got);
		mproc_future_close(futures[i]);
	}
	return rc == -ENOTRECOVERABLE && count == MAPS_AT_ONCE ? 0 : complain("map_async", rc);
}

START_TEST(who_waits_for_a_place_for_a_map_is_told)
{
	told_alone(map_without_end);
}
END_TEST

/* ---- what had ended stays ---- */

START_TEST(futures_that_had_ended_keep_their_results)
{
	mproc_future *futures[ENDED], *staying;

	begin_round();
	for (uint64_t i = 0; i < ENDED; ++i)
		assert_ok(mproc_pool_submit(pool, square, &i, sizeof i, sizeof i, NULL, &futures[i]));
	assert_ok(mproc_future_wait_all(futures, ENDED, MPROC_FOREVER));
	staying = submit();
	support_await(&shared->staying, 1);
	kill(find_nursery(), SIGKILL);
	ck_assert_int_eq(mproc_future_get(staying, MPROC_FOREVER, NULL, NULL), MPROC_ITEMS_FAILED);
	assert_text_has("killed by signal 9 (Killed)");
	end_round();
	/* Also when the pool is closed. */
	for (uint64_t i = 0; i < ENDED; ++i) {
		const void *result;

		assert_ok(mproc_future_get(futures[i], MPROC_NOW, &result, NULL));
		ck_assert_uint_eq(*(const uint64_t *)result, i * i);
		mproc_future_close(futures[i]);
	}
	mproc_future_close(staying);
}
END_TEST

static int square_or_stay(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) >= ENDED)
		return stay(item, result, task);
	return square(item, result, task);
}

START_TEST(a_stream_tells_what_had_ended_first)
{
	uint64_t items[ENDED + WORKERS + 5];
	mproc_stream *stream;
	mproc_entry entry;
	int rc;

	begin_round();
	for (uint64_t i = 0; i < ENDED + WORKERS + 5; ++i)
		items[i] = i;
	assert_ok(mproc_pool_imap(
		pool, square_or_stay, items, 8, ENDED + WORKERS + 5, sizeof(uint64_t), NULL, &stream));
	kill_when_all_wait(0);
	for (uint64_t i = 0; i < ENDED; ++i) {
		assert_ok(mproc_stream_next(stream, MPROC_FOREVER, &entry));
		ck_assert_uint_eq(entry.index, i);
		ck_assert_uint_eq(*(const uint64_t *)entry.result, i * i);
	}
	for (int i = 0; i < WORKERS; ++i) {
		ck_assert_int_eq(mproc_stream_next(stream, MPROC_FOREVER, &entry), MPROC_ITEMS_FAILED);
		ck_assert_int_eq(entry.outcome.ending, MPROC_ENDING_SIGNAL);
	}
	while ((rc = mproc_stream_next(stream, MPROC_FOREVER, &entry)) == MPROC_ITEMS_FAILED)
		ck_assert_int_eq(entry.outcome.ending, MPROC_ENDING_CANCELLED);
	ck_assert_msg(rc == -ENOTRECOVERABLE || rc == -ENODATA, "%d: %s", rc, mproc_error_text());
	mproc_stream_close(stream);
	end_round();
}
END_TEST

START_TEST(a_map_keeps_the_results_that_it_had)
{
	uint64_t items[ENDED + WORKERS], results[ENDED + WORKERS] = {0};
	mproc_outcome outcomes[ENDED + WORKERS];
	mproc_future *future;

	begin_round();
	for (uint64_t i = 0; i < ENDED + WORKERS; ++i)
		items[i] = i;
	assert_ok(mproc_pool_map_async(pool, square_or_stay, items, 8, ENDED + WORKERS, results, 8,
		&(mproc_map_options){.chunk = 1, .outcomes = outcomes}, NULL, NULL, &future));
	kill_when_all_wait(0);
	ck_assert_int_eq(mproc_future_get(future, MPROC_FOREVER, NULL, NULL), -ENOTRECOVERABLE);
	for (uint64_t i = 0; i < ENDED + WORKERS; ++i) {
		ck_assert_int_eq(outcomes[i].ending, i < ENDED ? MPROC_ENDING_VALUE : MPROC_ENDING_SIGNAL);
		ck_assert_uint_eq(results[i], i < ENDED ? i * i : 0);
	}
	mproc_future_close(future);
	end_round();
}
END_TEST

/* ---- while it is closed ---- */

static int close_pool(void *terminate)
{
	begin_call();
	pool = terminate != NULL ? mproc_pool_terminate(pool) : mproc_pool_close(pool);
	return pool == NULL ? 0 : -EBUSY;
}

START_TEST(who_closes_the_pool_is_told)
{
	for (int round = 0; round < 2 * ROUNDS; ++round) {
		support_thread caller;
		mproc_future *future;
		pid_t nursery;

		begin_round();
		nursery = find_nursery();
		future = submit();
		support_await(&shared->staying, 1);
		support_begin(&caller, close_pool, round % 2 == 0 ? NULL : &caller);
		support_await(&shared->calling, 1);
		kill(nursery, SIGKILL);
		ck_assert_int_eq(support_end(&caller), 0);
		ck_assert_int_eq(count_children(getpid()), 0);
		ck_assert_int_ne(mproc_future_outcome(future).ending, MPROC_ENDING_VALUE);
		ck_assert_int_ne(mproc_future_outcome(future).ending, MPROC_ENDING_NONE);
		mproc_future_close(future);
	}
}
END_TEST

/* ---- a pool in a pool ---- */

static int lose_inner_nursery(const void *item, void *result, mproc_task *task)
{
	mproc_pool *inner;
	int rc;

	(void)item;
	(void)task;
	rc = mproc_pool_open(&(mproc_pool_options){.workers = 2}, &inner);
	if (rc < 0)
		return rc;
	kill(find_nursery(), SIGKILL);
	*(int *)result = mproc_pool_map(inner, stay, NULL, 0, 1, NULL, 0, NULL);
	mproc_pool_close(inner);
	return 0;
}

START_TEST(a_task_that_loses_the_nursery_of_its_own_pool_is_told)
{
	int results[10] = {0};

	begin_round();
	assert_ok(mproc_pool_map(pool, lose_inner_nursery, NULL, 0, 10, results, sizeof *results,
		&(mproc_map_options){.chunk = 1}));
	for (int i = 0; i < 10; ++i)
		ck_assert_int_eq(results[i], -ENOTRECOVERABLE);
	assert_usable(pool);
	pool = mproc_pool_close(pool);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		everybody_who_waits_is_told,
		who_waits_alone_is_told,
		who_waits_for_a_place_in_line_is_told,
		who_waits_for_a_place_for_a_map_is_told,
		futures_that_had_ended_keep_their_results,
		a_stream_tells_what_had_ended_first,
		a_map_keeps_the_results_that_it_had,
		who_closes_the_pool_is_told,
		a_task_that_loses_the_nursery_of_its_own_pool_is_told,
		NULL,
	};
	const support_suite suite = {
		.name = "nurseries killed",
		.process_tests = process_tests,
		.warm_up = open_lasting_things,
	};

	return support_run_suite(&suite);
}
