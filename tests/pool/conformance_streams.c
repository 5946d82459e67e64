/* SPDX-License-Identifier: MIT */
/*
 * conformance_streams.c - items one after the other, results as they come.
 */
#include "conformance.h"

enum {
	ITEMS = 500,
	WINDOW = 8,
};

static mproc_stream *open_stream(
	mproc_pool *pool, mproc_task_function *function, size_t count, const mproc_imap_options *options)
{
	mproc_stream *stream = NULL;

	assert_ok(mproc_pool_imap(pool, function, NULL, 0, count, sizeof(size_t), options, &stream));
	return stream;
}

/* Take the next one, which must have a value. */
static mproc_entry next_of(mproc_stream *stream)
{
	mproc_entry entry;

	assert_ok(mproc_stream_next(stream, MPROC_FOREVER, &entry));
	assert_outcome(entry.outcome, MPROC_ENDING_VALUE, 0);
	return entry;
}

static void assert_end(mproc_stream *stream, int code, const char *text)
{
	mproc_entry entry = {.index = 4711};

	for (int i = 0; i < 2; ++i) {
		assert_refused(mproc_stream_next(stream, MPROC_FOREVER, &entry), code, text);
		ck_assert_uint_eq(entry.index, 4711);
	}
}

/* ---- from an array ---- */

START_TEST(a_stream_gives_results_in_the_order_of_the_items)
{
	static uint64_t items[ITEMS];
	mproc_stream *stream = NULL;
	mproc_pool *pool = open_pool(WORKERS);

	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i + 3;
	assert_ok(mproc_pool_imap(pool, square, items, sizeof *items, ITEMS, sizeof *items, NULL, &stream));
	for (uint64_t i = 0; i < ITEMS; ++i) {
		mproc_entry entry = next_of(stream);

		ck_assert_uint_eq(entry.index, i);
		ck_assert_uint_eq(*(const uint64_t *)entry.item, i + 3);
		ck_assert_uint_eq(*(const uint64_t *)entry.result, (i + 3) * (i + 3));
		ck_assert_uint_eq(entry.size, sizeof(uint64_t));
		ck_assert_uint_eq(entry.outcome.attempts, 1);
		ck_assert_uint_ge(entry.outcome.worker, 1);
	}
	assert_end(stream, -ENODATA, "the stream has given all its 500 items");
	ck_assert_ptr_null(mproc_stream_close(stream));
	mproc_pool_close(pool);
}
END_TEST

START_TEST(an_unordered_stream_gives_each_item_once)
{
	static const size_t windows[] = {1, 2, WINDOW, 1000, 65536};
	mproc_pool *pool = open_pool(WORKERS);

	for (int w = 0; w < 5; ++w) {
		bool is_there[ITEMS] = {false};
		mproc_stream *stream = open_stream(pool, give_index, ITEMS,
			&(mproc_imap_options){.unordered = true, .window = windows[w]});

		for (int i = 0; i < ITEMS; ++i) {
			mproc_entry entry = next_of(stream);

			ck_assert_uint_lt(entry.index, ITEMS);
			ck_assert_uint_eq(*(const size_t *)entry.result, entry.index);
			ck_assert(!is_there[entry.index]);
			is_there[entry.index] = true;
		}
		assert_end(stream, -ENODATA, "the stream has given all its 500 items");
		mproc_stream_close(stream);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_stream_of_no_items_is_at_its_end)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_stream *stream = open_stream(pool, give_index, 0, NULL);

	assert_end(stream, -ENODATA, "the stream has given all its 0 items");
	mproc_stream_close(stream);
	ck_assert_ptr_null(mproc_stream_close(NULL));
	mproc_pool_close(pool);
}
END_TEST

static int fail_at_7(const void *item, void *result, mproc_task *task)
{
	return mproc_task_index(task) == 7 ? -EIO : give_index(item, result, task);
}

START_TEST(a_stream_tells_which_items_failed)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_stream *stream = open_stream(pool, fail_at_7, 20, NULL);

	for (size_t i = 0; i < 20; ++i) {
		mproc_entry entry;
		int rc = mproc_stream_next(stream, MPROC_FOREVER, &entry);

		ck_assert_int_eq(rc, i == 7 ? MPROC_ITEMS_FAILED : 0);
		ck_assert_uint_eq(entry.index, i);
		if (i != 7)
			continue;
		ck_assert_str_eq(
			mproc_error_text(), "item 7 has no value: it returned -5 (Input/output error)");
		assert_outcome(entry.outcome, MPROC_ENDING_ERROR, -EIO);
	}
	assert_end(stream, -ENODATA, "the stream has given all its 20 items");
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_failed_item_stops_a_stream_when_that_is_asked_for)
{
	mproc_pool *pool = open_pool(1);
	mproc_stream *stream = open_stream(pool, fail_at_7, ITEMS,
		&(mproc_imap_options){.on_failure = MPROC_ON_FAILURE_STOP, .window = 4});
	mproc_entry entry;
	size_t values = 0;
	int rc;

	for (size_t i = 0; i < 7; ++i)
		next_of(stream);
	ck_assert_int_eq(mproc_stream_next(stream, MPROC_FOREVER, &entry), MPROC_ITEMS_FAILED);
	ck_assert_uint_eq(entry.index, 7);
	/* What was on the way is told, and no more is begun. */
	while ((rc = mproc_stream_next(stream, MPROC_FOREVER, &entry)) >= 0) {
		ck_assert(rc == 0 || entry.outcome.ending == MPROC_ENDING_CANCELLED);
		values += rc == 0;
	}
	ck_assert_int_eq(rc, -ENODATA);
	ck_assert_uint_le(values, 4);
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(items_of_a_stream_are_tried_again)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_stream *stream =
		open_stream(pool, succeed_at_attempt_3, 50, &(mproc_imap_options){.retries = 2});

	for (int i = 0; i < 50; ++i)
		ck_assert_uint_eq(next_of(stream).outcome.attempts, 3);
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

/* item: size_t, the size of what is returned. */
static int return_some(const void *item, void *result, mproc_task *task)
{
	size_t size = *(const size_t *)item;
	void *room;
	int rc;

	(void)result;
	if (size == 0)
		return 0;
	rc = mproc_task_reserve(task, size, &room);
	if (rc == 0)
		memset(room, (int)size & 0xff, size);
	return rc;
}

START_TEST(items_of_a_stream_return_results_of_any_size)
{
	size_t sizes[100];
	mproc_stream *stream = NULL;
	mproc_pool *pool = open_pool(WORKERS);

	for (size_t i = 0; i < 100; ++i)
		sizes[i] = i * i;
	assert_ok(mproc_pool_imap(pool, return_some, sizes, sizeof *sizes, 100, 0, NULL, &stream));
	for (size_t i = 0; i < 100; ++i) {
		mproc_entry entry = next_of(stream);
		const unsigned char *bytes = entry.result;

		ck_assert_uint_eq(entry.size, i * i);
		ck_assert((bytes == NULL) == (i == 0));
		ck_assert(i == 0 || bytes[i * i - 1] == (unsigned char)(i * i));
	}
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

static int compare_context(const void *item, void *result, mproc_task *task)
{
	*(size_t *)result = mproc_random_bits(mproc_task_random(task));
	(void)item;
	return strcmp(mproc_task_context(task), "of a stream") == 0 ? 0 : -EINVAL;
}

START_TEST(a_stream_has_a_context_and_a_seed)
{
	char context[] = "of a stream";
	const mproc_imap_options options = {.context = context, .context_size = sizeof context, .seed = 5};
	size_t numbers[100];
	mproc_pool *pool = open_pool(WORKERS);

	for (int round = 0; round < 2; ++round) {
		mproc_stream *stream;

		strcpy(context, "of a stream");
		stream = open_stream(pool, compare_context, 100, &options);
		context[0] = 'X';
		for (int i = 0; i < 100; ++i) {
			size_t number = *(const size_t *)next_of(stream).result;

			ck_assert(round == 0 || number == numbers[i]);
			numbers[i] = number;
		}
		mproc_stream_close(stream);
	}
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_stream_that_is_closed_early_leaves_nothing)
{
	mproc_pool *pool = open_pool(WORKERS);
	int before;

	finish(submit(pool, do_nothing));
	before = count_blocks();
	for (int round = 0; round < 50; ++round) {
		mproc_stream *stream =
			open_stream(pool, give_index, 100000, &(mproc_imap_options){.window = 100});

		for (int i = 0; i < round; ++i)
			next_of(stream);
		ck_assert_ptr_null(mproc_stream_close(stream));
	}
	ck_assert_int_eq(count_blocks(), before);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(two_streams_and_a_map_share_a_pool)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_stream *a = open_stream(pool, give_index, ITEMS, &(mproc_imap_options){.window = WINDOW});
	mproc_stream *b = open_stream(pool, give_index, ITEMS, &(mproc_imap_options){.unordered = true});

	for (size_t i = 0; i < ITEMS; ++i) {
		ck_assert_uint_eq(next_of(a).index, i);
		next_of(b);
		if (i % 100 == 0)
			assert_usable(pool);
	}
	mproc_stream_close(a);
	mproc_stream_close(b);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(more_items_than_the_line_has_room_for_are_given)
{
	const mproc_imap_options options = {.window = 65536};
	mproc_pool *pool = open_pool(WORKERS);
	mproc_stream *stream = open_stream(pool, give_index, 70000, &options);

	for (size_t i = 0; i < 70000; ++i)
		ck_assert_uint_eq(next_of(stream).index, i);
	assert_end(stream, -ENODATA, "the stream has given all its 70000 items");
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

/* A serial pool begins with an item when it is asked for. */
START_TEST(a_stream_outlives_its_pool)
{
	static const size_t counts[] = {5, 1000};

	for (int c = 0; c < 2; ++c) {
		mproc_entry entry;
		mproc_pool *pool = open_pool(WORKERS);
		mproc_stream *stream =
			open_stream(pool, give_index, counts[c], &(mproc_imap_options){.window = WINDOW});
		size_t told = 0;

		ck_assert_uint_eq(next_of(stream).index, told++);
		mproc_pool_close(pool);
		while (mproc_stream_next(stream, MPROC_FOREVER, &entry) == 0)
			ck_assert_uint_eq(entry.index, told++);
		if (backend != MPROC_BACKEND_SERIAL)
			ck_assert_uint_ge(told, 5);
		ck_assert_uint_le(told, WINDOW + 1);
		mproc_stream_close(stream);
	}
}
END_TEST

/* ---- from a source ---- */

typedef struct numbers {
	uint64_t next, end;
	/* What comes behind the last one. */
	int rc;
	/* How many have been taken, and how far ahead of that the source was asked. */
	uint64_t taken, most_ahead;
} numbers;

static int give_number(void *item, void *argument)
{
	numbers *self = argument;

	if (self->next == self->end)
		return self->rc;
	*(uint64_t *)item = self->next++;
	if (self->next - self->taken > self->most_ahead)
		self->most_ahead = self->next - self->taken;
	return 1;
}

static mproc_stream *open_source(mproc_pool *pool, numbers *self, mproc_imap_options options)
{
	mproc_stream *stream = NULL;

	options.source = give_number;
	options.source_argument = self;
	assert_ok(mproc_pool_imap(pool, square, NULL, 8, 0, 8, &options, &stream));
	return stream;
}

START_TEST(items_come_from_a_source)
{
	for (int unordered = 0; unordered < 2; ++unordered) {
		numbers self = {.next = 10, .end = 1010};
		uint64_t sum = 0;
		mproc_pool *pool = open_pool(WORKERS);
		mproc_stream *stream =
			open_source(pool, &self, (mproc_imap_options){.unordered = unordered == 1});

		for (int i = 0; i < 1000; ++i) {
			mproc_entry entry = next_of(stream);
			uint64_t number = *(const uint64_t *)entry.item;

			ck_assert_uint_eq(*(const uint64_t *)entry.result, number * number);
			ck_assert_uint_eq(entry.index, number - 10);
			ck_assert(unordered == 1 || entry.index == (size_t)i);
			sum += number;
		}
		ck_assert_uint_eq(sum, (uint64_t)(10 + 1009) * 500);
		assert_end(stream, -ENODATA, "the stream has given all its 1000 items");
		mproc_stream_close(stream);
		mproc_pool_close(pool);
	}
}
END_TEST

START_TEST(a_source_that_fails_is_told_of_when_all_results_have_been_taken)
{
	numbers self = {.end = 20, .rc = -EPIPE};
	mproc_pool *pool = open_pool(WORKERS);
	mproc_stream *stream = open_source(pool, &self, (mproc_imap_options){0});

	for (uint64_t i = 0; i < 20; ++i)
		ck_assert_uint_eq(*(const uint64_t *)next_of(stream).result, i * i);
	assert_end(stream, -EPIPE, "the stream ended after 20 items: its source returned -32");
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_source_is_asked_no_further_ahead_than_the_window)
{
	static const size_t windows[] = {1, 2, WINDOW, 100};

	for (int w = 0; w < 4; ++w) {
		numbers self = {.end = 1000};
		mproc_pool *pool = open_pool(WORKERS);
		mproc_stream *stream = open_source(
			pool, &self, (mproc_imap_options){.window = windows[w], .unordered = true});

		for (; self.taken < 1000; ++self.taken)
			next_of(stream);
		ck_assert_uint_le(self.most_ahead, windows[w]);
		ck_assert_uint_ge(self.most_ahead, 1);
		mproc_stream_close(stream);
		mproc_pool_close(pool);
	}
}
END_TEST

START_TEST(a_source_without_an_end_is_closed_early)
{
	numbers self = {.end = UINT64_MAX};
	mproc_pool *pool = open_pool(WORKERS);
	mproc_stream *stream = open_source(pool, &self, (mproc_imap_options){0});

	for (int i = 0; i < 1000; ++i)
		next_of(stream);
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

/* ---- time ---- */

START_TEST(who_waits_for_a_stream_gives_up_at_the_deadline)
{
	mproc_entry entry = {.index = 4711};
	mproc_pool *pool = open_pool(1);
	mproc_stream *stream = open_stream(pool, wait_at_gate, 2, NULL);

	await_ready(1);
	assert_refused(
		mproc_stream_next(stream, MPROC_NOW, &entry), -ETIMEDOUT, "no item of the stream has ended");
	assert_refused(mproc_stream_next(stream, mproc_after(0.01), &entry), -ETIMEDOUT,
		"no item of the stream has ended");
	ck_assert_uint_eq(entry.index, 4711);
	let_through(2);
	next_of(stream);
	next_of(stream);
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_stream_ends_at_its_deadline)
{
	mproc_entry entry;
	size_t told = 0;
	int rc;
	mproc_pool *pool = open_pool(1);
	mproc_stream *stream = open_stream(
		pool, wait_at_gate, ITEMS, &(mproc_imap_options){.deadline = mproc_after(0.05), .window = 4});

	/* One that runs when the deadline comes; it ends by itself, or is killed. */
	await_ready(1);
	nanosleep(&(struct timespec){.tv_nsec = 60 * 1000 * 1000}, NULL);
	let_through(1);
	while ((rc = mproc_stream_next(stream, MPROC_FOREVER, &entry)) >= 0) {
		ck_assert(rc == 0 || entry.outcome.ending == MPROC_ENDING_TIMEOUT);
		++told;
	}
	ck_assert_int_eq(rc, -ETIMEDOUT);
	assert_text_has("the stream's deadline has passed");
	ck_assert_uint_le(told, 4);
	mproc_stream_close(stream);
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

static int hang_at_5(const void *item, void *result, mproc_task *task)
{
	return mproc_task_index(task) == 5 ? hang(item, result, task) : 0;
}

START_TEST(an_item_of_a_stream_that_runs_too_long_is_killed)
{
	mproc_pool *pool = open_pool(WORKERS);
	mproc_stream *stream = open_stream(pool, hang_at_5, 10, &(mproc_imap_options){.timeout = 0.05});

	for (size_t i = 0; i < 10; ++i) {
		mproc_entry entry;

		ck_assert_int_eq(
			mproc_stream_next(stream, MPROC_FOREVER, &entry), i == 5 ? MPROC_ITEMS_FAILED : 0);
		assert_outcome(entry.outcome, i == 5 ? MPROC_ENDING_TIMEOUT : MPROC_ENDING_VALUE, 0);
	}
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_stream_that_is_closed_kills_who_does_not_end)
{
	mproc_pool *pool = open_pool(2);
	mproc_stream *stream = open_stream(pool, hang, ITEMS, NULL);

	await_ready(2);
	ck_assert_ptr_null(mproc_stream_close(stream));
	assert_usable(pool);
	mproc_pool_close(pool);
}
END_TEST

START_TEST(items_of_a_stream_see_that_it_is_closed)
{
	mproc_pool *pool = open_pool(2);
	mproc_stream *stream = open_stream(pool, wait_for_cancel, ITEMS, NULL);

	await_ready(2);
	ck_assert_ptr_null(mproc_stream_close(stream));
	assert_usable(pool);
	ck_assert_uint_eq(usage_of(pool).killed, 0);
	mproc_pool_close(pool);
}
END_TEST

static void open_gate(const mproc_progress *progress, void *calls)
{
	if (progress->done == 0 && ++*(int *)calls == 1)
		let_through(1);
}

START_TEST(progress_of_a_stream_is_told_while_items_run)
{
	int calls = 0;
	mproc_pool *pool = open_pool(1);
	mproc_stream *stream = open_stream(pool, wait_at_gate, 1,
		&(mproc_imap_options){.on_progress = open_gate, .on_progress_argument = &calls});

	/* The item ends when progress is told of. */
	next_of(stream);
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

/* ---- refusals ---- */

static void assert_imap_refused(
	mproc_pool *pool, const mproc_imap_options *options, int code, const char *text)
{
	mproc_stream *const untouched = (mproc_stream *)(uintptr_t)options;
	mproc_stream *stream = untouched;

	assert_refused(mproc_pool_imap(pool, do_nothing, NULL, 0, 5, 0, options, &stream), code, text);
	ck_assert_ptr_eq(stream, untouched);
}

START_TEST(a_stream_with_an_option_out_of_range_is_refused)
{
	numbers self = {0};
	mproc_imap_options reserved = {0};
	mproc_pool *pool = open_pool(1);

	assert_imap_refused(pool, &(mproc_imap_options){.window = 65537}, -EINVAL,
		"window 65537: 1 to 65536 are possible");
	assert_imap_refused(pool, &(mproc_imap_options){.on_failure = (mproc_on_failure)5}, -EINVAL,
		"on_failure 5: 0 (go on) and 1 (stop) are possible");
	assert_imap_refused(
		pool, &(mproc_imap_options){.retries = 63}, -EINVAL, "retries 63: 0 to 62 are possible");
	assert_imap_refused(pool, &(mproc_imap_options){.soft_timeout = -1}, -EINVAL,
		"soft_timeout -1: 0 and more seconds are possible");
	assert_imap_refused(
		pool, &(mproc_imap_options){.context_size = 1}, -EINVAL, "context is NULL, its size 1");
	assert_imap_refused(pool, &(mproc_imap_options){.source = give_number, .source_argument = &self},
		-EINVAL, "items come from an array or from a source, not from both");
	reserved.reserved[3] = 2;
	assert_imap_refused(pool, &reserved, -EINVAL, "reserved[3] is 2, not 0");
	mproc_pool_close(pool);
}
END_TEST

START_TEST(a_stream_of_arrays_that_are_none_is_refused)
{
	uint64_t items[2];
	mproc_stream *stream = NULL;
	mproc_pool *pool = open_pool(1);

	assert_refused(mproc_pool_imap(NULL, square, items, 8, 2, 8, NULL, &stream), -EINVAL, "pool is NULL");
	assert_refused(
		mproc_pool_imap(pool, NULL, items, 8, 2, 8, NULL, &stream), -EINVAL, "function is NULL");
	assert_refused(
		mproc_pool_imap(pool, square, items, 8, 2, 8, NULL, NULL), -EINVAL, "ret_stream is NULL");
	assert_refused(mproc_pool_imap(pool, square, items, 0, 2, 8, NULL, &stream), -EINVAL,
		"items are given, their size is 0");
	assert_refused(mproc_pool_imap(pool, square, NULL, 8, 2, 8, NULL, &stream), -EINVAL,
		"items are NULL, their size is 8");
	assert_refused(mproc_pool_imap(pool, square, items, 8, SIZE_MAX / 8 + 1, 8, NULL, &stream),
		-EOVERFLOW, "items: 2305843009213693952 of 8 bytes do not fit into a size_t");
	assert_refused(mproc_pool_imap(pool, square, NULL, 0, 0, 8,
			       &(mproc_imap_options){.source = give_number}, &stream),
		-EINVAL, "items from a source have 1 byte or more");
	assert_refused(mproc_stream_next(NULL, MPROC_NOW, &(mproc_entry){0}), -EINVAL, "stream is NULL");
	ck_assert_ptr_null(stream);
	stream = open_stream(pool, give_index, 1, NULL);
	assert_refused(mproc_stream_next(stream, MPROC_NOW, NULL), -EINVAL, "ret_entry is NULL");
	mproc_stream_close(stream);
	mproc_pool_close(pool);
}
END_TEST

void add_streams(void)
{
	const TTest *const tests[] = {
		a_stream_gives_results_in_the_order_of_the_items,
		an_unordered_stream_gives_each_item_once,
		a_stream_of_no_items_is_at_its_end,
		a_stream_tells_which_items_failed,
		a_failed_item_stops_a_stream_when_that_is_asked_for,
		items_of_a_stream_are_tried_again,
		items_of_a_stream_return_results_of_any_size,
		a_stream_has_a_context_and_a_seed,
		a_stream_that_is_closed_early_leaves_nothing,
		two_streams_and_a_map_share_a_pool,
		more_items_than_the_line_has_room_for_are_given,
		a_stream_outlives_its_pool,
		items_come_from_a_source,
		a_source_that_fails_is_told_of_when_all_results_have_been_taken,
		a_source_is_asked_no_further_ahead_than_the_window,
		a_source_without_an_end_is_closed_early,
		a_stream_with_an_option_out_of_range_is_refused,
		a_stream_of_arrays_that_are_none_is_refused,
		NULL,
	};
	const TTest *const concurrent[] = {
		who_waits_for_a_stream_gives_up_at_the_deadline,
		a_stream_ends_at_its_deadline,
		items_of_a_stream_see_that_it_is_closed,
		progress_of_a_stream_is_told_while_items_run,
		NULL,
	};
	const TTest *const of_processes[] = {
		an_item_of_a_stream_that_runs_too_long_is_killed,
		a_stream_that_is_closed_kills_who_does_not_end,
		NULL,
	};

	add_tests(tests);
	add_concurrent_tests(concurrent);
	add_process_tests(of_processes);
}
