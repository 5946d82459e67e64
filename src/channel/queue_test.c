/* SPDX-License-Identifier: MIT */
#include <mproc/queue.h>

#include "channel/queue.h"
#include "channel/queue_fixture.h"

#include <sched.h>
#include <stdio.h>

enum {
	PRODUCERS = 3,
	CONSUMERS = 3,
	/* Of each producer. */
	MESSAGES = 2000,
	/* Of a message that lies outside of the ring. */
	LARGE = 10000,
	LARGEST_INLINE = MPROCI_QUEUE_INLINE_MOST,
};

/* On both sides of each change in how a message is kept. */
static const size_t sizes[] = {0, 1, 7, 8, 9, 15, 16, 17, 2047, 2048, 2049, 4096, LARGEST_INLINE - 1,
	LARGEST_INLINE, LARGEST_INLINE + 1, 1 << 20};

static const size_t SIZES = sizeof sizes / sizeof *sizes;

/* Making and ending it. */

START_TEST(create_refuses_no_place_for_the_queue)
{
	ck_assert_int_eq(mproc_queue_create(NULL, NULL), -EINVAL);
	support_check_text("ret_queue is NULL");
}
END_TEST

START_TEST(create_refuses_each_reserved_word)
{
	for (int i = 0; i < 4; ++i) {
		mproc_queue_options options = {0};
		char expected[64];

		options.reserved[i] = 77;
		snprintf(expected, sizeof expected, "reserved[%d] is 77, not 0", i);
		ck_assert_int_eq(mproc_queue_create(&options, &queue), -EINVAL);
		support_check_text(expected);
		ck_assert_ptr_null(queue);
	}
}
END_TEST

START_TEST(create_without_options_has_the_defaults)
{
	ck_assert_int_eq(mproc_queue_create(NULL, &queue), 0);
	ck_assert_uint_eq(queue->max_messages, 67108864);
	ck_assert_uint_eq(queue->max_bytes, 1073741824);
	ck_assert(!queue->is_acknowledged);
	expect_empty();
	ck_assert_int_eq(mproc_queue_is_full(queue), 0);
}
END_TEST

START_TEST(new_queue_takes_as_much_memory_as_its_header_says)
{
	size_t before = used_bytes();

	create();
	ck_assert_uint_le(used_bytes(), before + (18 << 10));
}
END_TEST

START_TEST(destroy_of_no_queue_does_nothing)
{
	ck_assert_ptr_null(mproc_queue_destroy(NULL));
}
END_TEST

START_TEST(destroy_frees_all_that_is_in_it)
{
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		for (unsigned round = 0; round < 100; ++round) {
			for (size_t i = 0; i < SIZES - 1; ++i)
				put_filled(sizes[i], round);
		}
		destroy();
		ck_assert_uint_eq(count_blocks(), blocks_before);
	}
}
END_TEST

static void check_failed(ssize_t rc, int expected, const char *text)
{
	ck_assert_int_eq(rc, expected);
	support_check_text(text);
}

/* Each public function, of something that is no queue; what they would write to stays as it was. */
static void check_refused(mproc_queue *none, const char *text)
{
	char bytes[8] = "before";
	void *block = bytes;
	size_t size = 77, count = 77;

	check_failed(mproc_queue_put(none, bytes, 8, MPROC_NOW), -EINVAL, text);
	check_failed(mproc_queue_get(none, bytes, 8, MPROC_NOW, &size), -EINVAL, text);
	check_failed(mproc_queue_put_many(none, bytes, 4, 2, MPROC_NOW, &count), -EINVAL, text);
	check_failed(mproc_queue_get_many(none, bytes, 4, 2, MPROC_NOW, &size, &count), -EINVAL, text);
	check_failed(mproc_queue_get_block(none, MPROC_NOW, &block, &size), -EINVAL, text);
	check_failed(mproc_queue_reserve(none, 8, &block), -EINVAL, text);
	check_failed(mproc_queue_commit(none, bytes, 8, MPROC_NOW), -EINVAL, text);
	check_failed(mproc_queue_peek(none, MPROC_NOW, &block, &size), -EINVAL, text);
	check_failed(mproc_queue_release(none, bytes), -EINVAL, text);
	check_failed(mproc_queue_release(none, NULL), -EINVAL, text);
	check_failed(mproc_queue_ack(none, NULL), -EINVAL, text);
	check_failed(mproc_queue_give_back(none, NULL), -EINVAL, text);
	check_failed(mproc_queue_deliveries(none, NULL), -EINVAL, text);
	check_failed(mproc_queue_task_done(none), -EINVAL, text);
	check_failed(mproc_queue_join(none, MPROC_NOW), -EINVAL, text);
	check_failed(mproc_queue_close(none), -EINVAL, text);
	check_failed(mproc_queue_count(none), -EINVAL, text);
	check_failed(mproc_queue_bytes(none), -EINVAL, text);
	check_failed(mproc_queue_is_empty(none), -EINVAL, text);
	check_failed(mproc_queue_is_full(none), -EINVAL, text);
	check_failed(mproc_queue_fd(none), -EINVAL, text);
	ck_assert_str_eq(bytes, "before");
	ck_assert_ptr_eq(block, bytes);
	ck_assert_uint_eq(size, 77);
	ck_assert_uint_eq(count, 77);
}

START_TEST(every_function_refuses_what_is_no_queue)
{
	mproc_queue *zeros = mproc_calloc(1, sizeof *zeros);

	check_refused(NULL, "queue is NULL");
	check_refused(zeros, "not initialised, or destroyed");
	zeros->is_acknowledged = true;
	check_refused(zeros, "not initialised, or destroyed");
	ck_assert_ptr_null(mproc_queue_destroy(zeros));
	mproc_free(zeros);
}
END_TEST

/* Putting and getting one. */

START_TEST(message_of_each_size_comes_out_as_it_was_put)
{
	create();
	for (size_t i = 0; i < SIZES; ++i) {
		put_filled(sizes[i], 1);
		get_filled(sizes[i], 1);
	}
	for (unsigned round = 0; round < 3; ++round) {
		for (size_t i = 0; i < SIZES; ++i)
			put_filled(sizes[i], round);
	}
	for (unsigned round = 0; round < 3; ++round) {
		for (size_t i = 0; i < SIZES; ++i)
			get_filled(sizes[i], round);
	}
	expect_empty();
}
END_TEST

START_TEST(message_of_each_size_comes_out_in_a_block)
{
	create();
	for (size_t i = 0; i < SIZES; ++i) {
		void *block = NULL;
		size_t size = SIZE_MAX;

		put_filled(sizes[i], 5);
		ck_assert_int_eq(mproc_queue_get_block(queue, MPROC_NOW, &block, &size), 0);
		ck_assert_uint_eq(size, sizes[i]);
		ck_assert(is_filled(block, size, 5));
		ck_assert_int_eq(mproc_free(block), 0);
	}
	expect_empty();
}
END_TEST

START_TEST(messages_smaller_than_the_buffer_leave_the_rest_of_it_alone)
{
	char buffer[4] = "xyz";
	size_t size;

	create();
	ck_assert_int_eq(mproc_queue_put(queue, "a", 1, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_queue_get(queue, buffer, sizeof buffer, MPROC_NOW, &size), 0);
	ck_assert_uint_eq(size, 1);
	ck_assert_str_eq(buffer, "ayz");
}
END_TEST

START_TEST(message_of_no_bytes_needs_no_address)
{
	size_t size = 77;

	create();
	ck_assert_int_eq(mproc_queue_put(queue, NULL, 0, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_queue_count(queue), 1);
	ck_assert_int_eq(mproc_queue_bytes(queue), 0);
	ck_assert_int_eq(mproc_queue_get(queue, NULL, 0, MPROC_NOW, &size), 0);
	ck_assert_uint_eq(size, 0);
	expect_empty();
}
END_TEST

START_TEST(sizes_need_not_be_asked_for)
{
	char buffer[8];
	void *block;

	create();
	for (int i = 0; i < 3; ++i)
		put_filled(8, 1);
	ck_assert_int_eq(mproc_queue_get(queue, buffer, 8, MPROC_NOW, NULL), 0);
	ck_assert_int_eq(mproc_queue_get_many(queue, buffer, 8, 1, MPROC_NOW, NULL, NULL), 0);
	ck_assert_int_eq(mproc_queue_get_block(queue, MPROC_NOW, &block, NULL), 0);
	mproc_free(block);
	ck_assert_int_eq(mproc_queue_put_many(queue, buffer, 4, 2, MPROC_NOW, NULL), 0);
	ck_assert_int_eq(mproc_queue_count(queue), 2);
}
END_TEST

START_TEST(messages_come_out_in_the_order_in_which_they_were_put)
{
	create();
	for (uint64_t i = 0; i < 10000; ++i)
		ck_assert_int_eq(put_number(i, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_queue_count(queue), 10000);
	for (uint64_t i = 0; i < 10000; ++i)
		expect_number(i);
	expect_empty();
}
END_TEST

START_TEST(pointers_are_messages)
{
	int *numbers[3];

	create();
	for (int i = 0; i < 3; ++i) {
		numbers[i] = mproc_alloc(sizeof **numbers);
		*numbers[i] = i;
		ck_assert_int_eq(mproc_queue_put(queue, &numbers[i], sizeof *numbers, MPROC_NOW), 0);
	}
	for (int i = 0; i < 3; ++i) {
		int *number;

		ck_assert_int_eq(mproc_queue_get(queue, &number, sizeof(number), MPROC_NOW, NULL), 0);
		ck_assert_ptr_eq(number, numbers[i]);
		ck_assert_int_eq(*number, i);
		mproc_free(number);
	}
}
END_TEST

START_TEST(get_leaves_a_message_that_is_too_large_and_tells_its_size)
{
	char buffer[LARGE] = "before";
	size_t size = 77, count = 77;

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		put_filled(9, 1);
		put_filled(LARGE + 1, 2);
		ck_assert_int_eq(mproc_queue_get(queue, buffer, 8, MPROC_NOW, &size), -EMSGSIZE);
		support_check_text("message of 9 bytes: there is room for 8");
		ck_assert_int_eq(mproc_queue_get(queue, NULL, 0, MPROC_FOREVER, &size), -EMSGSIZE);
		support_check_text("message of 9 bytes: there is room for 0");
		ck_assert_int_eq(
			mproc_queue_get_many(queue, buffer, 8, 9, MPROC_NOW, &size, &count), -EMSGSIZE);
		ck_assert_int_eq(mproc_queue_count(queue), 2);
		ck_assert_int_eq(mproc_queue_bytes(queue), LARGE + 10);
		get_filled(9, 1);
		ck_assert_int_eq(mproc_queue_get(queue, buffer, LARGE, MPROC_NOW, &size), -EMSGSIZE);
		support_check_text("message of 10001 bytes: there is room for 10000");
		ck_assert_str_eq(buffer, "before");
		ck_assert_uint_eq(size, 77);
		ck_assert_uint_eq(count, 77);
		get_filled(LARGE + 1, 2);
		destroy();
	}
}
END_TEST

START_TEST(put_and_get_refuse_bytes_at_no_address)
{
	create();
	ck_assert_int_eq(mproc_queue_put(queue, NULL, 3, MPROC_NOW), -EINVAL);
	support_check_text("message of 3 bytes is NULL");
	ck_assert_int_eq(mproc_queue_put_many(queue, NULL, 4, 1, MPROC_NOW, NULL), -EINVAL);
	support_check_text("message of 4 bytes is NULL");
	expect_empty();
	put_filled(3, 1);
	ck_assert_int_eq(mproc_queue_get(queue, NULL, 3, MPROC_NOW, NULL), -EINVAL);
	support_check_text("buffer of 3 bytes is NULL");
	ck_assert_int_eq(mproc_queue_get_many(queue, NULL, 5, 1, MPROC_NOW, NULL, NULL), -EINVAL);
	support_check_text("buffer of 5 bytes is NULL");
	ck_assert_int_eq(mproc_queue_get_block(queue, MPROC_NOW, NULL, NULL), -EINVAL);
	support_check_text("ret_message is NULL");
	ck_assert_int_eq(mproc_queue_peek(queue, MPROC_NOW, NULL, NULL), -EINVAL);
	support_check_text("ret_block is NULL");
	ck_assert_int_eq(mproc_queue_reserve(queue, 1, NULL), -EINVAL);
	support_check_text("ret_block is NULL");
	get_filled(3, 1);
}
END_TEST

/* Deadlines. */

START_TEST(message_or_room_that_is_there_is_used_whatever_the_deadline)
{
	const mproc_deadline deadlines[] = {MPROC_FOREVER, MPROC_NOW, INT64_MIN, 1, mproc_after(100)};

	create_with((mproc_queue_options){.max_messages = 1});
	for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; ++i) {
		uint64_t number;

		ck_assert_int_eq(put_number(i, deadlines[i]), 0);
		ck_assert_int_eq(get_number(&number, deadlines[i]), 0);
		ck_assert_uint_eq(number, i);
	}
}
END_TEST

START_TEST(get_of_an_empty_queue_ends_at_the_deadline)
{
	char bytes[8] = "before";
	void *block = bytes;
	size_t size = 77, count = 77;

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		const mproc_deadline deadlines[] = {
			MPROC_NOW, INT64_MIN, 1, mproc_after(0.002), mproc_after(0.25)};

		create_with((mproc_queue_options){.acknowledged = acknowledged});
		for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; ++i) {
			ck_assert_int_eq(mproc_queue_get(queue, bytes, 8, deadlines[i], &size), -ETIMEDOUT);
			support_check_text("empty until the deadline");
			ck_assert_int_eq(
				mproc_queue_get_many(queue, bytes, 4, 2, deadlines[i], &size, &count),
				-ETIMEDOUT);
			support_check_text("empty until the deadline");
			ck_assert_int_eq(
				mproc_queue_get_block(queue, deadlines[i], &block, &size), -ETIMEDOUT);
			ck_assert_int_eq(mproc_queue_peek(queue, deadlines[i], &block, &size), -ETIMEDOUT);
		}
		destroy();
	}
	ck_assert_str_eq(bytes, "before");
	ck_assert_ptr_eq(block, bytes);
	ck_assert_uint_eq(size, 77);
	ck_assert_uint_eq(count, 77);
}
END_TEST

START_TEST(put_into_a_full_queue_ends_at_the_deadline)
{
	size_t count = 77;

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		const mproc_deadline deadlines[] = {
			MPROC_NOW, INT64_MIN, 1, mproc_after(0.002), mproc_after(0.25)};

		create_with((mproc_queue_options){.max_messages = 1, .acknowledged = acknowledged});
		put_filled(8, 1);
		for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; ++i) {
			ck_assert_int_eq(mproc_queue_put(queue, "x", 1, deadlines[i]), -ETIMEDOUT);
			support_check_text("full until the deadline");
			ck_assert_int_eq(
				mproc_queue_put_many(queue, "xy", 1, 2, deadlines[i], &count), -ETIMEDOUT);
			support_check_text("full until the deadline");
		}
		get_filled(8, 1);
		expect_empty();
		destroy();
	}
	ck_assert_uint_eq(count, 77);
}
END_TEST

/* Bounds. */

static void check_level(size_t count, size_t bytes, bool is_full)
{
	ck_assert_int_eq(mproc_queue_count(queue), (ssize_t)count);
	ck_assert_int_eq(mproc_queue_bytes(queue), (ssize_t)bytes);
	ck_assert_int_eq(mproc_queue_is_empty(queue), count == 0);
	ck_assert_int_eq(mproc_queue_is_full(queue), is_full);
}

static void check_bound_of_messages(size_t bound, size_t size)
{
	for (size_t n = 0; n < bound; ++n) {
		check_level(n, n * size, false);
		put_filled(size, (unsigned)n);
	}
	check_level(bound, bound * size, true);
	ck_assert_int_eq(mproc_queue_put(queue, NULL, 0, MPROC_NOW), -ETIMEDOUT);
	check_level(bound, bound * size, true);
	for (size_t n = bound; n > 0; --n) {
		get_filled(size, (unsigned)(bound - n));
		check_level(n - 1, (n - 1) * size, false);
	}
}

START_TEST(bound_of_messages_is_exact)
{
	const size_t bounds[] = {1, 2, 3, 7, 100};

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		for (size_t i = 0; i < sizeof bounds / sizeof *bounds; ++i) {
			create_with((mproc_queue_options){
				.max_messages = bounds[i], .acknowledged = acknowledged});
			check_bound_of_messages(bounds[i], 3);
			check_bound_of_messages(bounds[i], 0);
			check_bound_of_messages(bounds[i], LARGE);
			destroy();
		}
	}
}
END_TEST

START_TEST(bound_of_bytes_is_exact)
{
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		for (size_t size = 1; size <= 10; ++size) {
			create_with((mproc_queue_options){.max_bytes = 10, .acknowledged = acknowledged});
			for (size_t n = 0; n < 10 / size; ++n) {
				check_level(n, n * size, false);
				put_filled(size, (unsigned)n);
			}
			check_level(10 / size, 10 / size * size, 10 % size == 0);
			ck_assert_int_eq(mproc_queue_put(queue, "0123456789", size, MPROC_NOW), -ETIMEDOUT);
			for (size_t n = 0; n < 10 % size; ++n)
				put_filled(1, 1);
			check_level(10 / size + 10 % size, 10, true);
			ck_assert_int_eq(mproc_queue_put(queue, "0", 1, MPROC_NOW), -ETIMEDOUT);
			for (size_t n = 0; n < 10 / size; ++n)
				get_filled(size, (unsigned)n);
			check_level(10 % size, 10 % size, false);
			destroy();
		}
	}
}
END_TEST

START_TEST(message_of_no_bytes_fits_where_all_bytes_are_taken)
{
	create_with((mproc_queue_options){.max_bytes = 3, .max_messages = 2});
	put_filled(3, 1);
	ck_assert_int_eq(mproc_queue_is_full(queue), 1);
	ck_assert_int_eq(mproc_queue_put(queue, NULL, 0, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_queue_put(queue, NULL, 0, MPROC_NOW), -ETIMEDOUT);
	check_level(2, 3, true);
	get_filled(3, 1);
	check_level(1, 0, false);
}
END_TEST

START_TEST(message_that_can_never_fit_is_refused)
{
	char message[LARGE + 1] = {0};
	const size_t bounds[] = {10, LARGE};

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		for (size_t i = 0; i < 2; ++i) {
			void *block = message;
			char expected[64];
			size_t bound = bounds[i], count = 77;

			snprintf(expected, sizeof expected, "message of %zu bytes: 0 to %zu are possible",
				bound + 1, bound);
			create_with((mproc_queue_options){.max_bytes = bound, .acknowledged = acknowledged});
			ck_assert_int_eq(
				mproc_queue_put(queue, message, bound + 1, MPROC_FOREVER), -EMSGSIZE);
			support_check_text(expected);
			ck_assert_int_eq(
				mproc_queue_put_many(queue, message, bound + 1, 1, MPROC_FOREVER, &count),
				-EMSGSIZE);
			support_check_text(expected);
			ck_assert_int_eq(mproc_queue_reserve(queue, bound + 1, &block), -EMSGSIZE);
			support_check_text(expected);
			ck_assert_ptr_eq(block, message);
			ck_assert_uint_eq(count, 77);
			put_filled(bound, 3);
			get_filled(bound, 3);
			destroy();
		}
	}
}
END_TEST

START_TEST(unbounded_queue_is_never_full)
{
	create_with((mproc_queue_options){
		.max_messages = MPROC_QUEUE_UNBOUNDED, .max_bytes = MPROC_QUEUE_UNBOUNDED});
	for (unsigned i = 0; i < 1000; ++i) {
		put_filled(4000, i);
		check_level(i + 1, (i + 1) * 4000ULL, false);
	}
}
END_TEST

START_TEST(message_that_no_memory_can_hold_is_refused_with_a_text)
{
	void *block = &block;
	const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 16, SIZE_MAX - 17, SIZE_MAX / 2};

	create_with((mproc_queue_options){.max_bytes = MPROC_QUEUE_UNBOUNDED});
	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; ++i) {
		ck_assert_int_eq(mproc_queue_put(NULL, NULL, 0, MPROC_NOW), -EINVAL);
		ck_assert_int_eq(mproc_queue_reserve(queue, impossible[i], &block), -ENOMEM);
		ck_assert_msg(strstr(mproc_error_text(), "is NULL") == NULL,
			"the error text for %zu bytes is an older one", impossible[i]);
		ck_assert_ptr_eq(block, &block);
	}
}
END_TEST

/* Several at once. */

START_TEST(many_are_put_and_got_in_order)
{
	uint64_t numbers[100], got[100];
	size_t got_sizes[100], count = 0;

	for (uint64_t i = 0; i < 100; ++i)
		numbers[i] = i;
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		ck_assert_int_eq(mproc_queue_put_many(queue, numbers, 8, 100, MPROC_NOW, &count), 0);
		ck_assert_uint_eq(count, 100);
		check_level(100, 800, false);
		ck_assert_int_eq(mproc_queue_get_many(queue, got, 8, 30, MPROC_NOW, got_sizes, &count), 0);
		ck_assert_uint_eq(count, 30);
		ck_assert_int_eq(
			mproc_queue_get_many(queue, got + 30, 8, 100, MPROC_NOW, got_sizes + 30, &count), 0);
		ck_assert_uint_eq(count, 70);
		for (size_t i = 0; i < 100; ++i)
			ck_assert_uint_eq(got_sizes[i], 8);
		ck_assert_int_eq(memcmp(numbers, got, sizeof got), 0);
		expect_empty();
		destroy();
	}
}
END_TEST

START_TEST(many_of_each_size_come_out_whole)
{
	create();
	for (size_t i = 0; i < SIZES; ++i) {
		size_t size = sizes[i], got_sizes[6], count = 0;
		char *messages = malloc(5 * size + 1), *got = malloc(6 * (size + 1));

		for (unsigned k = 0; k < 5; ++k)
			fill(messages + k * size, size, k);
		ck_assert_int_eq(mproc_queue_put_many(queue, messages, size, 5, MPROC_NOW, &count), 0);
		ck_assert_uint_eq(count, 5);
		ck_assert_int_eq(
			mproc_queue_get_many(queue, got, size + 1, 6, MPROC_NOW, got_sizes, &count), 0);
		ck_assert_uint_eq(count, 5);
		for (unsigned k = 0; k < 5; ++k) {
			ck_assert_uint_eq(got_sizes[k], size);
			ck_assert(is_filled(got + k * (size + 1), size, k));
		}
		free(messages);
		free(got);
	}
	expect_empty();
}
END_TEST

START_TEST(get_many_stops_in_front_of_a_message_that_is_too_large)
{
	const size_t mixed[] = {4, 10, 0, 11, LARGE, 10, LARGE + 1};
	char buffer[8][10];
	size_t got_sizes[8], count;

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		for (unsigned i = 0; i < 7; ++i)
			put_filled(mixed[i], i);
		ck_assert_int_eq(mproc_queue_get_many(queue, buffer, 10, 8, MPROC_NOW, got_sizes, &count), 0);
		ck_assert_uint_eq(count, 3);
		for (unsigned i = 0; i < 3; ++i) {
			ck_assert_uint_eq(got_sizes[i], mixed[i]);
			ck_assert(is_filled(buffer[i], mixed[i], i));
		}
		count = 77;
		ck_assert_int_eq(
			mproc_queue_get_many(queue, buffer, 10, 8, MPROC_NOW, got_sizes, &count), -EMSGSIZE);
		support_check_text("message of 11 bytes: there is room for 10");
		ck_assert_uint_eq(count, 77);
		for (unsigned i = 3; i < 7; ++i)
			get_filled(mixed[i], i);
		destroy();
	}
}
END_TEST

START_TEST(get_many_of_none_is_refused)
{
	char buffer[8];

	create();
	put_filled(8, 1);
	ck_assert_int_eq(mproc_queue_get_many(queue, buffer, 8, 0, MPROC_NOW, NULL, NULL), -EINVAL);
	support_check_text("count 0: at least 1 is possible");
	get_filled(8, 1);
}
END_TEST

START_TEST(put_many_of_none_adds_none)
{
	size_t count = 77;

	create();
	ck_assert_int_eq(mproc_queue_put_many(queue, NULL, 8, 0, MPROC_NOW, &count), 0);
	ck_assert_uint_eq(count, 0);
	expect_empty();
}
END_TEST

START_TEST(put_many_tells_how_many_were_accepted_until_the_deadline)
{
	const size_t some_sizes[] = {1, 2048, LARGE};

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		for (size_t i = 0; i < 3; ++i) {
			const mproc_deadline deadlines[] = {MPROC_NOW, mproc_after(0.01)};
			size_t size = some_sizes[i];
			char *messages = malloc(10 * size);

			for (unsigned k = 0; k < 10; ++k)
				fill(messages + k * size, size, k);
			create_with((mproc_queue_options){.max_messages = 7, .acknowledged = acknowledged});
			for (int d = 0; d < 2; ++d) {
				size_t count = 77;

				ck_assert_int_eq(
					mproc_queue_put_many(queue, messages, size, 10, deadlines[d], &count),
					0);
				ck_assert_uint_eq(count, 7);
				check_level(7, 7 * size, true);
				for (unsigned k = 0; k < 7; ++k)
					get_filled(size, k);
				expect_empty();
			}
			free(messages);
			destroy();
		}
	}
}
END_TEST

typedef struct many {
	size_t size, count, done;
	mproc_deadline deadline;
} many;

static int put_pattern_many(void *argument)
{
	many *self = argument;
	char *messages = malloc(self->size * self->count);
	int rc;

	for (size_t i = 0; i < self->count; ++i)
		fill(messages + i * self->size, self->size, (unsigned)i);
	rc = mproc_queue_put_many(queue, messages, self->size, self->count, self->deadline, &self->done);
	free(messages);
	return rc;
}

START_TEST(put_many_goes_on_while_others_make_room)
{
	many all = {.size = 5, .count = 1000};
	support_thread producer;

	create_with((mproc_queue_options){.max_messages = 3});
	support_begin(&producer, put_pattern_many, &all);
	for (unsigned i = 0; i < 1000; ++i) {
		char message[5];
		size_t size;

		ck_assert_int_eq(mproc_queue_get(queue, message, 5, MPROC_FOREVER, &size), 0);
		ck_assert_uint_eq(size, 5);
		ck_assert(is_filled(message, 5, i));
	}
	ck_assert_int_eq(support_end(&producer), 0);
	ck_assert_uint_eq(all.done, 1000);
}
END_TEST

START_TEST(put_many_tells_how_many_were_accepted_before_the_queue_was_closed)
{
	for (int large = 0; large <= 1; ++large) {
		many all = {.size = large ? LARGE : 5, .count = 10};
		support_thread producer;

		create_with((mproc_queue_options){.max_messages = 3});
		support_begin(&producer, put_pattern_many, &all);
		while (mproc_queue_is_full(queue) == 0)
			sched_yield();
		ck_assert_int_eq(mproc_queue_close(queue), 0);
		ck_assert_int_eq(support_end(&producer), 0);
		ck_assert_uint_eq(all.done, 3);
		ck_assert_int_eq(mproc_queue_count(queue), 3);
		destroy();
	}
}
END_TEST

/* Closing. */

START_TEST(closed_queue_takes_nothing_and_gives_what_is_in_it)
{
	void *reserved, *untouched = &untouched;
	size_t size = 77, count = 77;
	char buffer[8];

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		put_filled(8, 1);
		put_filled(LARGE, 2);
		ck_assert_int_eq(mproc_queue_reserve(queue, 8, &reserved), 0);
		ck_assert_int_eq(mproc_queue_close(queue), 0);
		ck_assert_int_eq(mproc_queue_close(queue), 0);
		ck_assert_int_eq(mproc_queue_put(queue, "x", 1, MPROC_FOREVER), -EPIPE);
		support_check_text("closed");
		ck_assert_int_eq(mproc_queue_put(queue, NULL, 0, MPROC_NOW), -EPIPE);
		ck_assert_int_eq(mproc_queue_put_many(queue, "xy", 1, 2, MPROC_FOREVER, &count), -EPIPE);
		support_check_text("closed");
		ck_assert_int_eq(mproc_queue_reserve(queue, 8, &untouched), -EPIPE);
		support_check_text("closed");
		ck_assert_int_eq(mproc_queue_commit(queue, reserved, 8, MPROC_FOREVER), -EPIPE);
		support_check_text("closed");
		ck_assert_int_eq(mproc_queue_release(queue, reserved), 0);
		check_level(2, LARGE + 8, false);
		get_filled(8, 1);
		get_filled(LARGE, 2);
		if (acknowledged) {
			/* What is owed may come back. */
			check_failed(mproc_queue_get(queue, buffer, 8, mproc_after(0.01), &size), -ETIMEDOUT,
				"empty");
			destroy();
			continue;
		}
		ck_assert_int_eq(mproc_queue_get(queue, buffer, 8, MPROC_FOREVER, &size), -EPIPE);
		support_check_text("closed, and empty");
		ck_assert_int_eq(mproc_queue_get(queue, buffer, 8, MPROC_NOW, &size), -EPIPE);
		ck_assert_int_eq(
			mproc_queue_get_many(queue, buffer, 4, 2, MPROC_FOREVER, &size, &count), -EPIPE);
		ck_assert_int_eq(mproc_queue_get_block(queue, MPROC_FOREVER, &untouched, &size), -EPIPE);
		ck_assert_int_eq(mproc_queue_peek(queue, MPROC_FOREVER, &untouched, &size), -EPIPE);
		support_check_text("closed, and empty");
		ck_assert_ptr_eq(untouched, &untouched);
		ck_assert_uint_eq(size, 77);
		ck_assert_uint_eq(count, 77);
		destroy();
	}
}
END_TEST

/* What others do while they wait; each of these waits for ever. */

static int wait_for_message(void *unused)
{
	uint64_t number;

	(void)unused;
	return get_number(&number, MPROC_FOREVER);
}

static int wait_for_many(void *unused)
{
	uint64_t numbers[2];

	(void)unused;
	return mproc_queue_get_many(queue, numbers, 8, 2, MPROC_FOREVER, NULL, NULL);
}

static int wait_for_block(void *unused)
{
	void *block = NULL;
	int rc = mproc_queue_get_block(queue, MPROC_FOREVER, &block, NULL);

	(void)unused;
	mproc_free(block);
	return rc;
}

static int wait_for_peek(void *unused)
{
	void *block;

	(void)unused;
	return mproc_queue_peek(queue, MPROC_FOREVER, &block, NULL);
}

static int wait_for_room(void *unused)
{
	(void)unused;
	return mproc_queue_put(queue, "x", 1, MPROC_FOREVER);
}

static int wait_for_much_room(void *unused)
{
	char large[LARGE] = {0};

	(void)unused;
	return mproc_queue_put(queue, large, sizeof large, MPROC_FOREVER);
}

static int wait_for_room_of_many(void *unused)
{
	(void)unused;
	return mproc_queue_put_many(queue, "xy", 1, 2, MPROC_FOREVER, NULL);
}

static int wait_for_commit(void *unused)
{
	void *block;
	int rc = mproc_queue_reserve(queue, 8, &block);

	(void)unused;
	return rc < 0 ? rc : mproc_queue_commit(queue, block, 8, MPROC_FOREVER);
}

static int wait_for_all(void *unused)
{
	(void)unused;
	return mproc_queue_join(queue, MPROC_FOREVER);
}

static support_deed *const getters[] = {wait_for_message, wait_for_many, wait_for_block, wait_for_peek};
static support_deed *const putters[] = {
	wait_for_room, wait_for_much_room, wait_for_room_of_many, wait_for_commit};

enum {
	GETTERS = 4,
	PUTTERS = 4,
};

static void begin_all(support_thread *threads, support_deed *const *deeds, uint32_t count)
{
	for (uint32_t i = 0; i < count; ++i)
		support_begin(&threads[i], deeds[i], NULL);
	support_await_sleepers(count);
}

static void end_all(support_thread *threads, uint32_t count, int result, const char *text)
{
	for (uint32_t i = 0; i < count; ++i) {
		ck_assert_int_eq(support_end(&threads[i]), result);
		ck_assert_msg(strstr(threads[i].text, text) != NULL, "\"%s\" is not in \"%s\"", text,
			threads[i].text);
	}
}

START_TEST(close_ends_the_waiting_of_getters)
{
	support_thread threads[GETTERS];

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		begin_all(threads, getters, GETTERS);
		ck_assert_int_eq(mproc_queue_close(queue), 0);
		end_all(threads, GETTERS, -EPIPE, "closed, and empty");
		destroy();
	}
}
END_TEST

START_TEST(close_ends_the_waiting_of_putters)
{
	support_thread threads[PUTTERS];

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.max_messages = 1, .acknowledged = acknowledged});
		put_filled(8, 1);
		begin_all(threads, putters, PUTTERS);
		ck_assert_int_eq(mproc_queue_close(queue), 0);
		end_all(threads, PUTTERS, -EPIPE, "closed");
		get_filled(8, 1);
		destroy();
	}
}
END_TEST

START_TEST(destroy_ends_the_waiting_of_all)
{
	support_thread threads[PUTTERS], joiner;

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		begin_all(threads, getters, GETTERS);
		destroy();
		end_all(threads, GETTERS, -EPIPE, "destroyed");
		create_with((mproc_queue_options){.max_messages = 1, .acknowledged = acknowledged});
		put_filled(8, 1);
		begin_all(threads, putters, PUTTERS);
		support_begin(&joiner, wait_for_all, NULL);
		support_await_sleepers(PUTTERS + 1);
		destroy();
		end_all(threads, PUTTERS, -EPIPE, "destroyed");
		end_all(&joiner, 1, -EPIPE, "destroyed");
		ck_assert_uint_eq(count_blocks(), blocks_before);
	}
}
END_TEST

/* Several threads. */

START_TEST(get_waits_for_a_message)
{
	uint64_t number = 0, sent = 5;
	support_thread consumer;

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		for (int i = 0; i < 20; ++i) {
			support_begin(&consumer, get_a_number, &number);
			support_await_sleepers(1);
			ck_assert_int_eq(put_number(++sent, MPROC_NOW), 0);
			ck_assert_int_eq(support_end(&consumer), 0);
			ck_assert_uint_eq(number, sent);
		}
		destroy();
	}
}
END_TEST

START_TEST(messages_of_several_producers_come_out_in_the_order_in_which_they_were_accepted)
{
	create();
	for (uint64_t i = 0; i < 30; ++i) {
		if (i % 3 == 0)
			ck_assert_int_eq(put_number(i, MPROC_NOW), 0);
		else
			ck_assert_int_eq(support_in_thread(put_a_number, &i).result, 0);
	}
	for (uint64_t i = 0; i < 30; ++i)
		expect_number(i);
}
END_TEST

START_TEST(put_waits_for_room)
{
	support_thread producer;

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.max_messages = 1, .acknowledged = acknowledged});
		ck_assert_int_eq(put_number(0, MPROC_NOW), 0);
		for (uint64_t i = 0; i < 20; ++i) {
			uint64_t next = i + 1;

			support_begin(&producer, put_a_number, &next);
			support_await_sleepers(1);
			expect_number(i);
			ck_assert_int_eq(support_end(&producer), 0);
		}
		destroy();
	}
}
END_TEST

START_TEST(large_message_waits_until_there_is_room_for_all_of_it)
{
	uint64_t number = 7;
	support_thread producer;

	create_with((mproc_queue_options){.max_bytes = LARGE});
	ck_assert_int_eq(put_number(1, MPROC_NOW), 0);
	ck_assert_int_eq(put_number(2, MPROC_NOW), 0);
	support_begin(&producer, wait_for_much_room, NULL);
	support_await_sleepers(1);
	expect_number(1);
	/* Others are not held up by the one that waits. */
	ck_assert_int_eq(put_number(number, MPROC_NOW), 0);
	expect_number(2);
	expect_number(7);
	ck_assert_int_eq(support_end(&producer), 0);
	ck_assert_int_eq(mproc_queue_bytes(queue), LARGE);
}
END_TEST

/* Who put it, and how many it had put before. */
typedef struct note {
	uint32_t producer, number;
	unsigned char filling[];
} note;

enum {
	LARGEST_NOTE = 6000,
};

static _Atomic uint32_t next_producer, got_count;

static size_t size_of_note(uint32_t producer, uint32_t number)
{
	/* Now and then a large one. */
	size_t size = (number * 37 + producer * 11) % (number % 16 == 0 ? LARGEST_NOTE - sizeof(note) : 60);

	return sizeof(note) + size;
}

static int produce(void *unused)
{
	uint32_t self = atomic_fetch_add(&next_producer, 1);
	note *next = malloc(LARGEST_NOTE);
	int rc = 0;

	(void)unused;
	for (uint32_t i = 0; i < MESSAGES && rc == 0; ++i) {
		size_t size = size_of_note(self, i);

		next->producer = self;
		next->number = i;
		fill(next->filling, size - sizeof *next, self + i);
		rc = mproc_queue_put(queue, next, size, MPROC_FOREVER);
	}
	free(next);
	return rc;
}

/* Each consumer sees the messages of each producer in the order in which it put them. */
static int consume(void *unused)
{
	uint32_t next[PRODUCERS] = {0};
	note *got = malloc(LARGEST_NOTE);
	size_t size;
	int rc;

	(void)unused;
	while ((rc = mproc_queue_get(queue, got, LARGEST_NOTE, MPROC_FOREVER, &size)) == 0) {
		if (got->producer >= PRODUCERS || got->number < next[got->producer]
			|| size != size_of_note(got->producer, got->number)
			|| !is_filled(got->filling, size - sizeof *got, got->producer + got->number))
			rc = -EBADMSG;
		next[got->producer] = got->number + 1;
		atomic_fetch_add(&got_count, 1);
		if (rc == 0)
			rc = mproc_queue_task_done(queue);
		if (rc != 0)
			break;
	}
	free(got);
	return rc;
}

static void check_crowd(mproc_queue_options options)
{
	support_thread producers[PRODUCERS], consumers[CONSUMERS];

	atomic_store(&next_producer, 0);
	atomic_store(&got_count, 0);
	create_with(options);
	for (int i = 0; i < CONSUMERS; ++i)
		support_begin(&consumers[i], consume, NULL);
	for (int i = 0; i < PRODUCERS; ++i)
		support_begin(&producers[i], produce, NULL);
	for (int i = 0; i < PRODUCERS; ++i)
		ck_assert_int_eq(support_end(&producers[i]), 0);
	ck_assert_int_eq(mproc_queue_join(queue, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_queue_close(queue), 0);
	end_all(consumers, CONSUMERS, -EPIPE, "closed, and empty");
	ck_assert_uint_eq(got_count, PRODUCERS * MESSAGES);
	check_level(0, 0, false);
	destroy();
}

START_TEST(messages_of_many_producers_come_out_once_and_in_the_order_of_each)
{
	check_crowd((mproc_queue_options){0});
	check_crowd((mproc_queue_options){.max_messages = 1});
	check_crowd((mproc_queue_options){.max_messages = 5});
	check_crowd((mproc_queue_options){.max_bytes = LARGEST_NOTE});
	check_crowd((mproc_queue_options){.max_messages = 5, .acknowledged = true});
	check_crowd((mproc_queue_options){.acknowledged = true});
}
END_TEST

static _Atomic bool is_over;

/* What it tells is of one instant: never more than the bounds, never a part of a message. */
static int look_at_it(void *unused)
{
	(void)unused;
	while (!atomic_load(&is_over)) {
		ssize_t count = mproc_queue_count(queue), bytes = mproc_queue_bytes(queue);

		if (count < 0 || count > 9 || bytes < 0 || bytes > 9 * 24 || bytes % 24 != 0)
			return -EBADMSG;
	}
	return 0;
}

static int put_threes(void *unused)
{
	uint64_t message[3] = {1, 2, 3};
	int rc = 0;

	(void)unused;
	for (int i = 0; i < 20000 && rc == 0; ++i)
		rc = mproc_queue_put(queue, message, sizeof message, MPROC_FOREVER);
	return rc;
}

START_TEST(count_and_bytes_are_of_one_instant)
{
	support_thread observer, producer;
	uint64_t message[3];

	create_with((mproc_queue_options){.max_messages = 9});
	atomic_store(&is_over, false);
	support_begin(&observer, look_at_it, NULL);
	support_begin(&producer, put_threes, NULL);
	for (int i = 0; i < 20000; ++i)
		ck_assert_int_eq(mproc_queue_get(queue, message, sizeof message, MPROC_FOREVER, NULL), 0);
	atomic_store(&is_over, true);
	ck_assert_int_eq(support_end(&producer), 0);
	ck_assert_int_eq(support_end(&observer), 0);
}
END_TEST

/* Two threads that answer each other, as fast as they can: no wake-up is lost. */
static mproc_queue *answers;

static int answer(void *unused)
{
	uint64_t number = 0;
	int rc = 0;

	(void)unused;
	while (rc == 0 && number < 5000) {
		rc = get_number(&number, MPROC_FOREVER);
		if (rc == 0)
			rc = mproc_queue_put(answers, &number, sizeof number, MPROC_FOREVER);
	}
	return rc;
}

START_TEST(questions_are_answered)
{
	support_thread other;
	uint64_t number;

	create_with((mproc_queue_options){.max_messages = 1});
	ck_assert_int_eq(mproc_queue_create(NULL, &answers), 0);
	support_begin(&other, answer, NULL);
	for (uint64_t i = 1; i <= 5000; ++i) {
		ck_assert_int_eq(put_number(i, MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_queue_get(answers, &number, sizeof number, MPROC_FOREVER, NULL), 0);
		ck_assert_uint_eq(number, i);
	}
	ck_assert_int_eq(support_end(&other), 0);
	mproc_queue_destroy(answers);
}
END_TEST

/* Overwritten memory. */

START_TEST(overwritten_ring_is_told)
{
	char buffer[8];

	create();
	put_filled(8, 1);
	memset(atomic_load(&queue->ring.levels[0].memory), 0, 16);
	ck_assert_int_eq(mproc_queue_get(queue, buffer, 8, MPROC_NOW, NULL), -EBADMSG);
	support_check_text("its memory was overwritten");
	memset(atomic_load(&queue->ring.levels[0].memory), 0xff, 16);
	ck_assert_int_eq(mproc_queue_get(queue, buffer, 8, MPROC_NOW, NULL), -EBADMSG);
	support_check_text("at position 0 is no message: its memory was overwritten");
}
END_TEST

START_TEST(overwritten_number_of_a_message_is_told)
{
	char *ring;
	void *block;

	create();
	put_filled(LARGE, 1);
	ring = atomic_load(&queue->ring.levels[0].memory);
	memset(ring + 8, 0xff, 8);
	ck_assert_int_eq(mproc_queue_peek(queue, MPROC_NOW, &block, NULL), -EBADMSG);
	support_check_text("there is no message number 18446744073709551615: its memory was overwritten");
}
END_TEST

/* Processes. */

/* They have other locks than this process's threads. */
START_TEST(waiting_others_are_served_in_other_processes)
{
	for (int i = 0; i < GETTERS; ++i) {
		pid_t getter;

		create();
		getter = support_fork(getters[i], NULL);
		support_await_sleepers(1);
		ck_assert_int_eq(put_number(7, MPROC_NOW), 0);
		ck_assert_int_eq(support_reap(getter), 0);
		destroy();
	}
	for (int i = 0; i < PUTTERS; ++i) {
		pid_t putter;

		create_with((mproc_queue_options){.max_messages = 1});
		ck_assert_int_eq(put_number(7, MPROC_NOW), 0);
		putter = support_fork(putters[i], NULL);
		support_await_sleepers(1);
		expect_number(7);
		/* Until its first one is there; the second has no room. */
		while (mproc_queue_is_empty(queue) == 1)
			sched_yield();
		ck_assert_int_eq(mproc_queue_close(queue), 0);
		ck_assert_int_eq(support_reap(putter), 0);
		destroy();
	}
}
END_TEST

START_TEST(close_and_destroy_end_the_waiting_of_other_processes)
{
	for (int end = 0; end <= 1; ++end) {
		pid_t all[GETTERS];

		create();
		for (int i = 0; i < GETTERS; ++i)
			all[i] = support_fork(getters[i], NULL);
		support_await_sleepers(GETTERS);
		if (end == 0)
			ck_assert_int_eq(mproc_queue_close(queue), 0);
		else
			destroy();
		for (int i = 0; i < GETTERS; ++i)
			ck_assert_int_eq(support_reap(all[i]), EPIPE);
		destroy();
	}
}
END_TEST

static uint64_t seven = 7;

START_TEST(caught_signal_does_not_end_a_wait)
{
	uint64_t number = 0;

	create_with((mproc_queue_options){.max_messages = 1});
	support_disturb(put_a_number, &seven);
	ck_assert_int_eq(get_number(&number, MPROC_FOREVER), 0);
	support_calm();
	ck_assert_uint_eq(number, 7);
	ck_assert_int_eq(put_number(1, MPROC_NOW), 0);
	support_disturb(wait_for_message, NULL);
	ck_assert_int_eq(put_number(2, MPROC_FOREVER), 0);
	support_calm();
	expect_number(2);
}
END_TEST

static int create_one(void *unused)
{
	mproc_queue *other;

	(void)unused;
	return mproc_queue_create(NULL, &other);
}

static int put_one(void *unused)
{
	(void)unused;
	return put_number(1, MPROC_NOW);
}

static int get_one(void *ret_number)
{
	return get_number(ret_number, MPROC_NOW);
}

static int count_it(void *unused)
{
	(void)unused;
	return (int)mproc_queue_count(queue);
}

static int join_it(void *unused)
{
	(void)unused;
	return mproc_queue_join(queue, MPROC_NOW);
}

static int reserve_one(void *unused)
{
	void *block;

	(void)unused;
	return mproc_queue_reserve(queue, 8, &block);
}

/* All of them are refused in the same way. */
static int use_as_stranger(void *unused)
{
	support_deed *const deeds[] = {put_one, get_one, count_it, join_it, reserve_one, close_it};
	uint64_t number;
	int rc = create_one(unused);

	for (size_t i = 0; i < sizeof deeds / sizeof *deeds; ++i) {
		if (deeds[i](&number) != rc)
			return 1;
	}
	return rc;
}

START_TEST(who_cannot_join_the_family_is_told_so)
{
	create();
	ck_assert_int_eq(put_number(1, MPROC_NOW), 0);
	support_check_refusals(use_as_stranger, NULL);
	expect_number(1);
}
END_TEST

/* Somebody who stays inside, stopped or not. */

static int hold_producers(void *unused)
{
	_Atomic uintptr_t *inside;
	int rc = mproci_queue_enter(queue, &inside);

	(void)unused;
	return rc < 0 ? rc : mproci_queue_lock_producers(queue, MPROC_FOREVER);
}

static int hold_consumers(void *unused)
{
	_Atomic uintptr_t *inside;
	int rc = mproci_queue_enter(queue, &inside);

	(void)unused;
	return rc < 0 ? rc : mproci_queue_lock_consumers(queue, MPROC_FOREVER);
}

START_TEST(producer_that_is_stopped_inside_does_not_keep_others_beyond_their_deadlines)
{
	uint64_t number;
	pid_t holder;

	create();
	ck_assert_int_eq(put_number(1, MPROC_NOW), 0);
	holder = support_fork_and_keep(hold_producers, NULL);
	support_stop(holder);
	ck_assert_int_eq(put_number(2, MPROC_NOW), -EAGAIN);
	support_check_text("somebody who is inside did not leave until the deadline");
	ck_assert_int_eq(put_number(2, mproc_after(0.02)), -ETIMEDOUT);
	support_check_text("somebody who is inside did not leave until the deadline");
	/* It is nobody's business but the producers'. */
	check_level(1, 8, false);
	expect_number(1);
	check_level(0, 0, false);
	/* Who finds nothing there must know whether something is coming. */
	ck_assert_int_eq(get_number(&number, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(get_number(&number, mproc_after(0.02)), -ETIMEDOUT);
	support_kill(holder);
	ck_assert_int_eq(put_number(3, MPROC_NOW), 0);
	expect_number(3);
}
END_TEST

START_TEST(consumer_that_is_stopped_inside_does_not_keep_others_beyond_their_deadlines)
{
	uint64_t number;
	pid_t holder;

	create_with((mproc_queue_options){.max_messages = 2});
	ck_assert_int_eq(put_number(1, MPROC_NOW), 0);
	holder = support_fork_and_keep(hold_consumers, NULL);
	support_stop(holder);
	ck_assert_int_eq(get_number(&number, MPROC_NOW), -EAGAIN);
	support_check_text("somebody who is inside did not leave until the deadline");
	ck_assert_int_eq(get_number(&number, mproc_after(0.02)), -ETIMEDOUT);
	support_check_text("somebody who is inside did not leave until the deadline");
	ck_assert_int_eq(put_number(2, MPROC_NOW), 0);
	check_level(2, 16, true);
	ck_assert_int_eq(put_number(3, MPROC_NOW), -ETIMEDOUT);
	ck_assert_int_eq(put_number(3, mproc_after(0.02)), -ETIMEDOUT);
	support_kill(holder);
	expect_number(1);
	expect_number(2);
}
END_TEST

START_TEST(who_waits_goes_on_when_one_that_was_inside_is_killed)
{
	uint64_t two = 2;
	pid_t holder, other;

	create();
	holder = support_fork_and_keep(hold_producers, NULL);
	other = support_fork(put_a_number, &two);
	support_stop(holder);
	support_kill(holder);
	ck_assert_int_eq(support_reap(other), 0);
	expect_number(2);
	holder = support_fork_and_keep(hold_consumers, NULL);
	other = support_fork(wait_for_message, NULL);
	ck_assert_int_eq(put_number(3, MPROC_FOREVER), 0);
	support_kill(holder);
	ck_assert_int_eq(support_reap(other), 0);
}
END_TEST

START_TEST(destroy_goes_on_when_one_that_was_inside_is_killed)
{
	create();
	support_kill(support_fork_and_keep(hold_producers, NULL));
	support_kill(support_fork_and_keep(hold_consumers, NULL));
	destroy();
}
END_TEST

static int destroy_it(void *unused)
{
	(void)unused;
	mproc_queue_destroy(queue);
	return 0;
}

START_TEST(destroy_does_not_wait_for_ever_for_who_is_stopped_inside)
{
	support_deed *const holders[] = {hold_producers, hold_consumers};

	for (int i = 0; i < 2; ++i) {
		pid_t holder;

		create();
		put_filled(10000, 1);
		holder = support_fork_and_keep(holders[i], NULL);
		support_stop(holder);
		ck_assert_int_eq(support_in_thread(destroy_it, NULL).result, 0);
		support_kill(holder);
		/* What stayed for its sake. */
		destroy();
		ck_assert_uint_eq(count_blocks(), blocks_before);
	}
}
END_TEST

START_TEST(destroy_goes_on_where_one_who_was_killed_had_begun)
{
	create();
	put_filled(10000, 1);
	support_kill(support_fork_and_keep(hold_consumers, NULL));
	atomic_store(&queue->state, MPROCI_QUEUE_DESTROYED);
	destroy();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		create_refuses_no_place_for_the_queue,
		create_refuses_each_reserved_word,
		create_without_options_has_the_defaults,
		new_queue_takes_as_much_memory_as_its_header_says,
		destroy_of_no_queue_does_nothing,
		destroy_frees_all_that_is_in_it,
		every_function_refuses_what_is_no_queue,
		message_of_each_size_comes_out_as_it_was_put,
		message_of_each_size_comes_out_in_a_block,
		messages_smaller_than_the_buffer_leave_the_rest_of_it_alone,
		message_of_no_bytes_needs_no_address,
		sizes_need_not_be_asked_for,
		messages_come_out_in_the_order_in_which_they_were_put,
		pointers_are_messages,
		get_leaves_a_message_that_is_too_large_and_tells_its_size,
		put_and_get_refuse_bytes_at_no_address,
		message_or_room_that_is_there_is_used_whatever_the_deadline,
		get_of_an_empty_queue_ends_at_the_deadline,
		put_into_a_full_queue_ends_at_the_deadline,
		bound_of_messages_is_exact,
		bound_of_bytes_is_exact,
		message_of_no_bytes_fits_where_all_bytes_are_taken,
		message_that_can_never_fit_is_refused,
		unbounded_queue_is_never_full,
		message_that_no_memory_can_hold_is_refused_with_a_text,
		many_are_put_and_got_in_order,
		many_of_each_size_come_out_whole,
		get_many_stops_in_front_of_a_message_that_is_too_large,
		get_many_of_none_is_refused,
		put_many_of_none_adds_none,
		put_many_tells_how_many_were_accepted_until_the_deadline,
		put_many_goes_on_while_others_make_room,
		put_many_tells_how_many_were_accepted_before_the_queue_was_closed,
		closed_queue_takes_nothing_and_gives_what_is_in_it,
		close_ends_the_waiting_of_getters,
		close_ends_the_waiting_of_putters,
		destroy_ends_the_waiting_of_all,
		get_waits_for_a_message,
		messages_of_several_producers_come_out_in_the_order_in_which_they_were_accepted,
		put_waits_for_room,
		large_message_waits_until_there_is_room_for_all_of_it,
		messages_of_many_producers_come_out_once_and_in_the_order_of_each,
		count_and_bytes_are_of_one_instant,
		questions_are_answered,
		overwritten_ring_is_told,
		overwritten_number_of_a_message_is_told,
		NULL,
	};
	const TTest *process_tests[] = {
		waiting_others_are_served_in_other_processes,
		close_and_destroy_end_the_waiting_of_other_processes,
		caught_signal_does_not_end_a_wait,
		who_cannot_join_the_family_is_told_so,
		producer_that_is_stopped_inside_does_not_keep_others_beyond_their_deadlines,
		consumer_that_is_stopped_inside_does_not_keep_others_beyond_their_deadlines,
		who_waits_goes_on_when_one_that_was_inside_is_killed,
		destroy_goes_on_when_one_that_was_inside_is_killed,
		destroy_does_not_wait_for_ever_for_who_is_stopped_inside,
		destroy_goes_on_where_one_who_was_killed_had_begun,
		NULL,
	};
	const support_suite suite = {
		.name = "queue",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = note_blocks,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
