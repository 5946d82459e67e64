/* SPDX-License-Identifier: MIT */
#include <mproc/queue.h>

#include "channel/queue.h"
#include "channel/queue_fixture.h"

#include <signal.h>

static void check_failed(int rc, int expected, const char *text)
{
	ck_assert_int_eq(rc, expected);
	support_check_text(text);
}

static void put(uint64_t number)
{
	ck_assert_int_eq(put_number(number, MPROC_NOW), 0);
}

static void *peek_number(uint64_t expected)
{
	uint64_t *block = NULL;
	size_t size = 0;
	int rc = mproc_queue_peek(queue, MPROC_NOW, (void **)&block, &size);

	ck_assert_msg(rc == 0, "peek: %d, %s", rc, mproc_error_text());
	ck_assert_uint_eq(size, sizeof *block);
	ck_assert_uint_eq(*block, expected);
	return block;
}

static void ack(void *block)
{
	int rc = mproc_queue_ack(queue, block);

	ck_assert_msg(rc == 0, "ack: %d, %s", rc, mproc_error_text());
}

static void give_back(void *block)
{
	int rc = mproc_queue_give_back(queue, block);

	ck_assert_msg(rc == 0, "give_back: %d, %s", rc, mproc_error_text());
}

static int join_now(void)
{
	return mproc_queue_join(queue, MPROC_NOW);
}

/* Acknowledging. */

START_TEST(acknowledged_message_is_gone)
{
	void *block;

	create_acknowledged();
	put(1);
	put(2);
	expect_number(1);
	ack(NULL);
	block = peek_number(2);
	ack(block);
	expect_empty();
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

START_TEST(message_got_into_a_block_is_acknowledged_by_no_address)
{
	void *block;
	size_t size;

	create_acknowledged();
	put_filled(10000, 1);
	ck_assert_int_eq(mproc_queue_get_block(queue, MPROC_NOW, &block, &size), 0);
	ck_assert_uint_eq(size, 10000);
	ck_assert(is_filled(block, 10000, 1));
	check_failed(mproc_queue_ack(queue, block), -EINVAL, "this process does not owe it");
	ack(NULL);
	mproc_free(block);
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

START_TEST(all_that_get_many_gave_are_acknowledged_at_once)
{
	uint64_t numbers[5];
	size_t count;

	create_acknowledged();
	for (uint64_t i = 0; i < 8; ++i)
		put(i);
	ck_assert_int_eq(mproc_queue_get_many(queue, numbers, 8, 5, MPROC_NOW, NULL, &count), 0);
	ck_assert_uint_eq(count, 5);
	ck_assert_int_eq(mproc_queue_count(queue), 3);
	ack(NULL);
	check_failed(mproc_queue_ack(queue, NULL), -EINVAL, "this thread owes nothing");
	for (uint64_t i = 5; i < 8; ++i) {
		expect_number(i);
		ack(NULL);
	}
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

START_TEST(message_is_acknowledged_once)
{
	void *block;

	create_acknowledged();
	put(1);
	put(2);
	block = peek_number(1);
	ack(block);
	check_failed(mproc_queue_ack(queue, block), -EINVAL, "this process does not owe it");
	check_failed(mproc_queue_give_back(queue, block), -EINVAL, "this process does not owe it");
	check_failed(mproc_queue_deliveries(queue, block), -EINVAL, "this process does not owe it");
	expect_number(2);
	ack(NULL);
	check_failed(mproc_queue_ack(queue, NULL), -EINVAL, "this thread owes nothing");
	check_failed(mproc_queue_give_back(queue, NULL), -EINVAL, "this thread owes nothing");
	check_failed(mproc_queue_deliveries(queue, NULL), -EINVAL, "this thread owes nothing");
}
END_TEST

START_TEST(what_was_never_owed_is_not_acknowledged)
{
	uint64_t on_the_stack[4] = {0}, *allocated = mproc_calloc(4, sizeof *allocated);
	void *reserved;

	create_acknowledged();
	check_failed(mproc_queue_ack(queue, NULL), -EINVAL, "this thread owes nothing");
	check_failed(mproc_queue_ack(queue, &on_the_stack[2]), -EINVAL, "this process does not owe it");
	check_failed(mproc_queue_ack(queue, &allocated[2]), -EINVAL, "this process does not owe it");
	ck_assert_int_eq(mproc_queue_reserve(queue, 8, &reserved), 0);
	check_failed(mproc_queue_ack(queue, reserved), -EINVAL, "this process does not owe it");
	check_failed(mproc_queue_give_back(queue, reserved), -EINVAL, "this process does not owe it");
	check_failed(mproc_queue_deliveries(queue, reserved), -EINVAL, "this process does not owe it");
	ck_assert_int_eq(mproc_queue_release(queue, reserved), 0);
	mproc_free(allocated);
}
END_TEST

START_TEST(queue_that_is_not_acknowledged_refuses_acknowledgements)
{
	void *block;

	create();
	put(1);
	block = peek_number(1);
	check_failed(mproc_queue_ack(queue, NULL), -EINVAL, "made without .acknowledged");
	check_failed(mproc_queue_ack(queue, block), -EINVAL, "made without .acknowledged");
	check_failed(mproc_queue_give_back(queue, block), -EINVAL, "made without .acknowledged");
	check_failed(mproc_queue_deliveries(queue, block), -EINVAL, "made without .acknowledged");
	ck_assert_int_eq(mproc_queue_release(queue, block), 0);
}
END_TEST

START_TEST(owed_messages_are_not_counted)
{
	void *block;

	create_with((mproc_queue_options){.acknowledged = true, .max_messages = 1});
	put(1);
	block = peek_number(1);
	expect_empty();
	put(2);
	ck_assert_int_eq(mproc_queue_count(queue), 1);
	ck_assert_int_eq(mproc_queue_bytes(queue), 8);
	ack(block);
	expect_number(2);
}
END_TEST

static int ack_last(void *unused)
{
	(void)unused;
	return mproc_queue_ack(queue, NULL);
}

static int ack_block(void *block)
{
	return mproc_queue_ack(queue, block);
}

START_TEST(what_was_got_last_is_each_threads_own)
{
	support_thread other;
	void *block;

	create_acknowledged();
	put(1);
	put(2);
	expect_number(1);
	other = support_in_thread(ack_last, NULL);
	ck_assert_int_eq(other.result, -EINVAL);
	ck_assert_ptr_nonnull(strstr(other.text, "this thread owes nothing"));
	ack(NULL);
	/* Blocks are the process's. */
	block = peek_number(2);
	ck_assert_int_eq(support_in_thread(ack_block, block).result, 0);
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

START_TEST(last_messages_of_several_queues_are_told_apart)
{
	mproc_queue *queues[3];

	for (uint64_t i = 0; i < 3; ++i) {
		create_acknowledged();
		queues[i] = queue;
		put(i);
	}
	for (uint64_t i = 0; i < 3; ++i) {
		queue = queues[i];
		expect_number(i);
	}
	for (int i = 2; i >= 0; --i) {
		queue = queues[i];
		ck_assert_int_eq(join_now(), -ETIMEDOUT);
		ack(NULL);
		ck_assert_int_eq(join_now(), 0);
		destroy();
	}
}
END_TEST

/* A queue at the address of another one. */
START_TEST(what_was_got_from_a_queue_that_is_gone_is_not_owed_to_the_next)
{
	mproc_queue *first;

	create_acknowledged();
	first = queue;
	put(1);
	expect_number(1);
	destroy();
	for (int i = 0; i < 100 && queue != first; ++i) {
		destroy();
		create_acknowledged();
	}
	put(2);
	ck_assert_int_eq(support_in_thread(get_a_number, &(uint64_t){0}).result, 0);
	if (queue == first)
		check_failed(mproc_queue_ack(queue, NULL), -EINVAL, "owe");
	ck_assert_int_eq(join_now(), -ETIMEDOUT);
}
END_TEST

/* Giving back. */

START_TEST(message_that_is_given_back_comes_before_all_others)
{
	void *block;

	create_acknowledged();
	for (uint64_t i = 1; i <= 3; ++i)
		put(i);
	expect_number(1);
	give_back(NULL);
	ck_assert_int_eq(mproc_queue_count(queue), 3);
	ck_assert_int_eq(mproc_queue_bytes(queue), 24);
	ck_assert_int_eq(mproc_queue_is_empty(queue), 0);
	block = peek_number(1);
	give_back(block);
	check_failed(mproc_queue_ack(queue, block), -EINVAL, "this process does not owe it");
	check_failed(mproc_queue_give_back(queue, block), -EINVAL, "this process does not owe it");
	for (uint64_t i = 1; i <= 3; ++i) {
		expect_number(i);
		ack(NULL);
	}
	expect_empty();
}
END_TEST

START_TEST(many_that_are_given_back_come_in_their_order)
{
	uint64_t numbers[6];
	size_t count;

	create_acknowledged();
	for (uint64_t i = 0; i < 8; ++i)
		put(i);
	for (int round = 0; round < 3; ++round) {
		ck_assert_int_eq(mproc_queue_get_many(queue, numbers, 8, 6, MPROC_NOW, NULL, &count), 0);
		ck_assert_uint_eq(count, 6);
		for (uint64_t i = 0; i < 6; ++i)
			ck_assert_uint_eq(numbers[i], i);
		give_back(NULL);
		ck_assert_int_eq(mproc_queue_count(queue), 8);
	}
	for (uint64_t i = 0; i < 8; ++i) {
		expect_number(i);
		ack(NULL);
	}
}
END_TEST

START_TEST(message_that_is_given_back_is_got_in_all_ways)
{
	uint64_t numbers[4];
	size_t sizes[4], count;
	void *block;

	create_acknowledged();
	put(1);
	put(2);
	expect_number(1);
	give_back(NULL);
	ck_assert_int_eq(mproc_queue_get_block(queue, MPROC_NOW, &block, NULL), 0);
	ck_assert_uint_eq(*(uint64_t *)block, 1);
	mproc_free(block);
	give_back(NULL);
	ck_assert_int_eq(mproc_queue_get_many(queue, numbers, 8, 4, MPROC_NOW, sizes, &count), 0);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(numbers[0], 1);
	ck_assert_uint_eq(numbers[1], 2);
	give_back(NULL);
	ck_assert_int_eq(mproc_queue_get(queue, numbers, 4, MPROC_NOW, &count), -EMSGSIZE);
	support_check_text("message of 8 bytes: there is room for 4");
	ck_assert_int_eq(mproc_queue_count(queue), 2);
	block = peek_number(1);
	ack(block);
	expect_number(2);
	ack(NULL);
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

START_TEST(message_can_be_given_back_to_a_closed_queue)
{
	create_acknowledged();
	put(1);
	expect_number(1);
	ck_assert_int_eq(mproc_queue_close(queue), 0);
	give_back(NULL);
	expect_number(1);
	ack(NULL);
	ck_assert_int_eq(get_number(&(uint64_t){0}, MPROC_FOREVER), -EPIPE);
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

/* What is told agrees with what is done, also with more in it than the bound. */
START_TEST(queue_is_full_exactly_when_a_message_would_have_to_wait)
{
	create_with((mproc_queue_options){.acknowledged = true, .max_messages = 2, .max_bytes = 16});
	put(1);
	expect_number(1);
	put(2);
	give_back(NULL);
	ck_assert_int_eq(mproc_queue_count(queue), 2);
	ck_assert_int_eq(mproc_queue_is_full(queue), mproc_queue_put(queue, "x", 1, MPROC_NOW) == -ETIMEDOUT);
}
END_TEST

START_TEST(queue_with_more_in_it_than_its_bound_is_full)
{
	create_with((mproc_queue_options){.acknowledged = true, .max_messages = 1});
	put(1);
	expect_number(1);
	put(2);
	give_back(NULL);
	ck_assert_int_eq(mproc_queue_count(queue), 2);
	ck_assert_int_eq(mproc_queue_is_full(queue), 1);
	ck_assert_int_eq(put_number(3, MPROC_NOW), -ETIMEDOUT);
	expect_number(1);
	ack(NULL);
	ck_assert_int_eq(put_number(3, MPROC_NOW), -ETIMEDOUT);
	expect_number(2);
	put(3);
}
END_TEST

START_TEST(giving_back_wakes_who_waits_for_a_message)
{
	support_thread waiter;
	uint64_t number = 0;

	create_acknowledged();
	put(1);
	expect_number(1);
	support_begin(&waiter, get_a_number, &number);
	support_await_sleepers(1);
	give_back(NULL);
	ck_assert_int_eq(support_end(&waiter), 0);
	ck_assert_uint_eq(number, 1);
}
END_TEST

/* Deliveries. */

START_TEST(deliveries_are_counted)
{
	void *block;

	create_acknowledged();
	put(1);
	for (int i = 1; i <= 10; ++i) {
		block = peek_number(1);
		ck_assert_int_eq(mproc_queue_deliveries(queue, block), i);
		give_back(block);
	}
	expect_number(1);
	ck_assert_int_eq(mproc_queue_deliveries(queue, NULL), 11);
	ack(NULL);
	/* Its place is another's now. */
	put(2);
	block = peek_number(2);
	ck_assert_int_eq(mproc_queue_deliveries(queue, block), 1);
	ack(block);
}
END_TEST

/* Being done. */

START_TEST(join_of_a_new_queue_returns_at_once)
{
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		ck_assert_int_eq(mproc_queue_join(queue, MPROC_FOREVER), 0);
		ck_assert_int_eq(join_now(), 0);
		destroy();
	}
}
END_TEST

START_TEST(join_waits_until_all_is_done)
{
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		for (uint64_t i = 0; i < 5; ++i)
			put(i);
		for (uint64_t i = 0; i < 5; ++i) {
			check_failed(join_now(), -ETIMEDOUT, "not all is done at the deadline");
			expect_number(i);
			check_failed(mproc_queue_join(queue, mproc_after(0.002)), -ETIMEDOUT,
				"not all is done at the deadline");
			ck_assert_int_eq(mproc_queue_task_done(queue), 0);
		}
		ck_assert_int_eq(mproc_queue_join(queue, MPROC_FOREVER), 0);
		put(6);
		ck_assert_int_eq(join_now(), -ETIMEDOUT);
		destroy();
	}
}
END_TEST

START_TEST(task_done_is_refused_when_called_too_often)
{
	create();
	check_failed(mproc_queue_task_done(queue), -EINVAL,
		"task_done called more often than the 0 messages that were put");
	put(1);
	put(2);
	expect_number(1);
	expect_number(2);
	ck_assert_int_eq(mproc_queue_task_done(queue), 0);
	ck_assert_int_eq(mproc_queue_task_done(queue), 0);
	check_failed(mproc_queue_task_done(queue), -EINVAL,
		"task_done called more often than the 2 messages that were put");
	ck_assert_int_eq(join_now(), 0);
	destroy();
	create_acknowledged();
	check_failed(mproc_queue_task_done(queue), -EINVAL, "this thread owes nothing");
	put(1);
	check_failed(mproc_queue_task_done(queue), -EINVAL, "this thread owes nothing");
}
END_TEST

START_TEST(join_knows_what_is_owed_and_what_was_given_back)
{
	void *block;

	create_acknowledged();
	put(1);
	block = peek_number(1);
	ck_assert_int_eq(join_now(), -ETIMEDOUT);
	give_back(block);
	ck_assert_int_eq(join_now(), -ETIMEDOUT);
	expect_number(1);
	ck_assert_int_eq(join_now(), -ETIMEDOUT);
	ack(NULL);
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

static int join_it(void *unused)
{
	(void)unused;
	return mproc_queue_join(queue, MPROC_FOREVER);
}

START_TEST(last_that_is_done_wakes_all_who_join)
{
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		support_thread joiners[3];

		create_with((mproc_queue_options){.acknowledged = acknowledged});
		put(1);
		put(2);
		for (int i = 0; i < 3; ++i)
			support_begin(&joiners[i], join_it, NULL);
		support_await_sleepers(3);
		expect_number(1);
		ck_assert_int_eq(mproc_queue_task_done(queue), 0);
		ck_assert_int_eq(join_now(), -ETIMEDOUT);
		expect_number(2);
		ck_assert_int_eq(mproc_queue_task_done(queue), 0);
		for (int i = 0; i < 3; ++i)
			ck_assert_int_eq(support_end(&joiners[i]), 0);
		destroy();
	}
}
END_TEST

START_TEST(closed_queue_can_be_joined)
{
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		support_thread joiner;

		create_with((mproc_queue_options){.acknowledged = acknowledged});
		put(1);
		ck_assert_int_eq(mproc_queue_close(queue), 0);
		support_begin(&joiner, join_it, NULL);
		support_await_sleepers(1);
		expect_number(1);
		ck_assert_int_eq(mproc_queue_task_done(queue), 0);
		ck_assert_int_eq(support_end(&joiner), 0);
		destroy();
	}
}
END_TEST

static int work_until_closed(void *unused)
{
	uint64_t numbers[7];
	size_t count;
	int rc;

	(void)unused;
	while ((rc = mproc_queue_get_many(queue, numbers, 8, 7, MPROC_FOREVER, NULL, &count)) == 0) {
		for (size_t i = 0; i < count && rc == 0; ++i) {
			/* Every fifth one fails the first two times: then all of the batch are given back. */
			if (numbers[i] % 5 == 0 && mproc_queue_deliveries(queue, NULL) < 3)
				rc = 1;
		}
		rc = rc == 0 ? mproc_queue_ack(queue, NULL) : mproc_queue_give_back(queue, NULL);
		if (rc < 0)
			break;
	}
	return rc == -EPIPE ? 0 : rc;
}

START_TEST(all_are_done_in_the_end_however_often_they_are_given_back)
{
	support_thread workers[3];

	create_with((mproc_queue_options){.acknowledged = true, .max_messages = 50});
	for (int i = 0; i < 3; ++i)
		support_begin(&workers[i], work_until_closed, NULL);
	for (uint64_t i = 0; i < 3000; ++i)
		ck_assert_int_eq(put_number(i, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_queue_join(queue, MPROC_FOREVER), 0);
	expect_empty();
	ck_assert_int_eq(mproc_queue_close(queue), 0);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(support_end(&workers[i]), 0);
}
END_TEST

START_TEST(memory_of_acknowledged_messages_is_used_again)
{
	size_t used = 0;

	create_acknowledged();
	for (unsigned i = 0; i < 2000; ++i) {
		if (i == 100)
			used = used_bytes();
		put_filled(i * 37 % 9000, i);
		get_filled(i * 37 % 9000, i);
		ack(NULL);
	}
	ck_assert_uint_le(used_bytes(), used + 64 * 9000);
}
END_TEST

/* Processes. */

static int get_one(void *unused)
{
	uint64_t number;

	(void)unused;
	return get_number(&number, MPROC_FOREVER);
}

static int peek_one(void *unused)
{
	void *block;

	(void)unused;
	return mproc_queue_peek(queue, MPROC_FOREVER, &block, NULL);
}

static int get_three(void *unused)
{
	uint64_t numbers[3];

	(void)unused;
	return mproc_queue_get_many(queue, numbers, 8, 3, MPROC_FOREVER, NULL, NULL);
}

static int get_into_block(void *unused)
{
	void *block;
	int rc = mproc_queue_get_block(queue, MPROC_FOREVER, &block, NULL);

	(void)unused;
	return rc < 0 ? rc : mproc_free(block);
}

static int get_and_ack(void *unused)
{
	int rc = get_one(unused);

	return rc < 0 ? rc : mproc_queue_ack(queue, NULL);
}

static support_deed *const takers[] = {get_one, peek_one, get_three, get_into_block};

START_TEST(what_the_dead_owed_is_delivered_again_first)
{
	for (size_t i = 0; i < sizeof takers / sizeof *takers; ++i) {
		create_acknowledged();
		for (uint64_t n = 1; n <= 5; ++n)
			put(n);
		support_kill_and_join(support_start_and_keep(takers[i], NULL));
		ck_assert_int_eq(mproc_queue_count(queue), 5);
		ck_assert_int_eq(mproc_queue_bytes(queue), 40);
		ck_assert_int_eq(join_now(), -ETIMEDOUT);
		for (uint64_t n = 1; n <= 5; ++n) {
			bool is_second = n == 1 || (n <= 3 && takers[i] == get_three);

			expect_number(n);
			ck_assert_int_eq(mproc_queue_deliveries(queue, NULL), is_second ? 2 : 1);
			ack(NULL);
		}
		ck_assert_int_eq(join_now(), 0);
		destroy();
	}
}
END_TEST

START_TEST(consumer_that_ends_without_acknowledging_has_failed)
{
	create_acknowledged();
	put(1);
	for (int i = 1; i <= 3; ++i) {
		mproc_process *consumer = support_start(get_one, NULL);

		ck_assert_int_eq(mproc_process_join(consumer, MPROC_FOREVER), 0);
		mproc_process_close(consumer);
		ck_assert_int_eq(mproc_queue_count(queue), 1);
	}
	expect_number(1);
	ck_assert_int_eq(mproc_queue_deliveries(queue, NULL), 4);
}
END_TEST

START_TEST(who_waits_gets_what_the_dead_owed)
{
	support_thread waiter, joiner;
	uint64_t number = 0;
	mproc_process *consumer;
	pid_t forked;

	create_acknowledged();
	put(1);
	consumer = support_start_and_keep(get_one, NULL);
	support_begin(&waiter, get_a_number, &number);
	support_begin(&joiner, join_it, NULL);
	support_await_sleepers(2);
	support_kill_and_join(consumer);
	ck_assert_int_eq(support_end(&waiter), 0);
	ck_assert_uint_eq(number, 1);
	give_back((char *)atomic_load(&mproci_envelope_at(&queue->envelopes, 0)->block) + 16);
	ck_assert_int_eq(support_reap(support_fork(get_and_ack, NULL)), 0);
	ck_assert_int_eq(support_end(&joiner), 0);
	/* Also when nobody of the library learns that it has ended. */
	put(2);
	forked = support_fork_and_keep(get_one, NULL);
	support_begin(&waiter, get_a_number, &number);
	support_await_sleepers(1);
	support_kill(forked);
	ck_assert_int_eq(support_end(&waiter), 0);
	ck_assert_uint_eq(number, 2);
}
END_TEST

START_TEST(what_the_dead_owed_is_got_from_a_closed_queue)
{
	uint64_t number = 0;

	create_acknowledged();
	put(1);
	support_kill(support_fork_and_keep(get_one, NULL));
	ck_assert_int_eq(mproc_queue_close(queue), 0);
	ck_assert_int_eq(get_number(&number, MPROC_FOREVER), 0);
	ck_assert_uint_eq(number, 1);
	ack(NULL);
	ck_assert_int_eq(get_number(&number, MPROC_FOREVER), -EPIPE);
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

START_TEST(last_message_of_a_dead_consumer_ends_joining_when_another_has_done_it)
{
	support_thread joiner;

	create_acknowledged();
	put(1);
	support_kill(support_fork_and_keep(get_one, NULL));
	support_begin(&joiner, join_it, NULL);
	ck_assert_int_eq(support_reap(support_fork(get_and_ack, NULL)), 0);
	ck_assert_int_eq(support_end(&joiner), 0);
}
END_TEST

START_TEST(what_another_process_owes_is_not_acknowledged)
{
	void *block;

	create_acknowledged();
	put(1);
	put(2);
	expect_number(1);
	/* A forked thread has not got what its parent's had. */
	ck_assert_int_eq(support_reap(support_fork(ack_last, NULL)), EINVAL);
	block = peek_number(2);
	ck_assert_int_eq(support_reap(support_fork(ack_block, block)), EINVAL);
	ack(NULL);
	ack(block);
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

START_TEST(acknowledged_message_is_not_delivered_again_when_its_consumer_dies)
{
	create_acknowledged();
	put(1);
	put(2);
	support_kill_and_join(support_start_and_keep(get_and_ack, NULL));
	expect_number(2);
	ack(NULL);
	expect_empty();
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

static int die_with_it(void *unused)
{
	int rc = get_one(unused);

	if (rc == 0)
		raise(SIGKILL);
	return rc;
}

START_TEST(message_that_kills_all_who_get_it_is_known_by_its_deliveries)
{
	create_acknowledged();
	put(1);
	for (int i = 1; i <= 50; ++i) {
		mproc_process *consumer = support_start(die_with_it, NULL);

		ck_assert_int_eq(mproc_process_join(consumer, MPROC_FOREVER), 0);
		mproc_process_close(consumer);
	}
	expect_number(1);
	ck_assert_int_eq(mproc_queue_deliveries(queue, NULL), 51);
	ack(NULL);
	ck_assert_int_eq(join_now(), 0);
}
END_TEST

static int put_large(void *unused)
{
	char *message = malloc(100000);
	int rc;

	(void)unused;
	fill(message, 100000, 1);
	rc = mproc_queue_put(queue, message, 100000, MPROC_FOREVER);
	free(message);
	return rc;
}

START_TEST(message_outlives_its_producer)
{
	create_acknowledged();
	support_kill_and_join(support_start_and_keep(put_large, NULL));
	get_filled(100000, 1);
	give_back(NULL);
	get_filled(100000, 1);
	ack(NULL);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		acknowledged_message_is_gone,
		message_got_into_a_block_is_acknowledged_by_no_address,
		all_that_get_many_gave_are_acknowledged_at_once,
		message_is_acknowledged_once,
		what_was_never_owed_is_not_acknowledged,
		queue_that_is_not_acknowledged_refuses_acknowledgements,
		owed_messages_are_not_counted,
		what_was_got_last_is_each_threads_own,
		last_messages_of_several_queues_are_told_apart,
		what_was_got_from_a_queue_that_is_gone_is_not_owed_to_the_next,
		message_that_is_given_back_comes_before_all_others,
		many_that_are_given_back_come_in_their_order,
		message_that_is_given_back_is_got_in_all_ways,
		message_can_be_given_back_to_a_closed_queue,
		queue_is_full_exactly_when_a_message_would_have_to_wait,
		queue_with_more_in_it_than_its_bound_is_full,
		giving_back_wakes_who_waits_for_a_message,
		deliveries_are_counted,
		join_of_a_new_queue_returns_at_once,
		join_waits_until_all_is_done,
		task_done_is_refused_when_called_too_often,
		join_knows_what_is_owed_and_what_was_given_back,
		last_that_is_done_wakes_all_who_join,
		closed_queue_can_be_joined,
		all_are_done_in_the_end_however_often_they_are_given_back,
		memory_of_acknowledged_messages_is_used_again,
		NULL,
	};
	const TTest *process_tests[] = {
		what_the_dead_owed_is_delivered_again_first,
		consumer_that_ends_without_acknowledging_has_failed,
		who_waits_gets_what_the_dead_owed,
		what_the_dead_owed_is_got_from_a_closed_queue,
		last_message_of_a_dead_consumer_ends_joining_when_another_has_done_it,
		what_another_process_owes_is_not_acknowledged,
		acknowledged_message_is_not_delivered_again_when_its_consumer_dies,
		message_that_kills_all_who_get_it_is_known_by_its_deliveries,
		message_outlives_its_producer,
		NULL,
	};
	const support_suite suite = {
		.name = "acknowledging",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = note_blocks,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
