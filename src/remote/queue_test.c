/* SPDX-License-Identifier: MIT */
#include "remote/lease_fixture.h"

#include <mproc/remote_queue.h>

static const mproc_remote_queue_options briefly = {.lease = 0.03};

/* What most tests use. */
static mproc_remote_queue *queue;

static mproc_remote_queue *open_queue(const mproc_remote_queue_options *options)
{
	mproc_remote_queue *one = NULL;

	check_done(mproc_remote_queue_open(remote, "queue", options, &one));
	return one;
}

static void set_up(void)
{
	start_server();
	queue = open_queue(NULL);
}

static void tear_down(void)
{
	ck_assert_ptr_null(mproc_remote_queue_close(queue));
	stop_server();
}

static bool put(mproc_remote_queue *one, const char *id, const char *text)
{
	bool is_new = false;

	check_done(mproc_remote_queue_put(one, id, text, strlen(text), soon(), &is_new));
	return is_new;
}

static mproc_remote_message get(mproc_remote_queue *one)
{
	mproc_remote_message message = {0};

	check_done(mproc_remote_queue_get(one, soon(), &message));
	return message;
}

/* The next message is that, delivered for the time @deliveries, and is acknowledged. */
static void check_next(const char *text, uint64_t deliveries)
{
	mproc_remote_message message = get(queue);

	ck_assert_str_eq(message.data, text);
	ck_assert_uint_eq(message.size, strlen(text));
	ck_assert_uint_eq(message.deliveries, deliveries);
	check_done(mproc_remote_queue_ack(queue, &message, soon()));
	mproc_remote_message_free(&message);
}

static void check_counts(uint64_t ready, uint64_t owed, uint64_t dead)
{
	mproc_remote_queue_counts counts;

	check_done(mproc_remote_queue_count(queue, soon(), &counts));
	ck_assert_uint_eq(counts.ready, ready);
	ck_assert_uint_eq(counts.owed, owed);
	ck_assert_uint_eq(counts.dead, dead);
}

static int get_one(void *argument)
{
	mproc_remote_message message;
	int rc;

	(void)argument;
	rc = mproc_remote_queue_get(queue, soon(), &message);
	if (rc == 0)
		mproc_remote_message_free(&message);
	return rc;
}

static int put_one(void *argument)
{
	return mproc_remote_queue_put(argument, NULL, "late", 4, soon(), NULL);
}

START_TEST(messages_come_in_the_order_in_which_they_were_put)
{
	char text[16];

	for (int i = 0; i < 20; ++i) {
		snprintf(text, sizeof text, "%d", i);
		ck_assert(put(queue, NULL, text));
	}
	check_counts(20, 0, 0);
	for (int i = 0; i < 20; ++i) {
		snprintf(text, sizeof text, "%d", i);
		check_next(text, 1);
	}
	check_counts(0, 0, 0);
}
END_TEST

START_TEST(message_may_have_any_bytes_and_none)
{
	mproc_remote_message message;

	check_done(mproc_remote_queue_put(queue, "a", "\0\r\n\xff", 4, soon(), NULL));
	check_done(mproc_remote_queue_put(queue, "b", NULL, 0, soon(), NULL));
	message = get(queue);
	ck_assert_str_eq(message.id, "a");
	ck_assert_uint_eq(message.size, 4);
	ck_assert_mem_eq(message.data, "\0\r\n\xff", 5);
	ck_assert_uint_eq((uintptr_t)message.data % 16, 0);
	mproc_remote_message_free(&message);
	message = get(queue);
	ck_assert_uint_eq(message.size, 0);
	ck_assert_str_eq(message.data, "");
	mproc_remote_message_free(&message);
	ck_assert_ptr_null(message.data);
	mproc_remote_message_free(&message);
	mproc_remote_message_free(NULL);
}
END_TEST

START_TEST(empty_queue_is_waited_for_until_the_deadline)
{
	mproc_remote_message message;

	check_failed(mproc_remote_queue_get(queue, MPROC_NOW, &message), -ETIMEDOUT,
		"still empty at the deadline");
	check_timed_out(mproc_remote_queue_get(queue, mproc_after(0.02), &message));
}
END_TEST

START_TEST(put_wakes_who_waits)
{
	pid_t others[2];

	for (int i = 0; i < 2; ++i)
		others[i] = support_fork(get_one, NULL);
	await_waiting(2);
	put(queue, NULL, "one");
	put(queue, NULL, "two");
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_reap(others[i]), 0);
}
END_TEST

START_TEST(consumer_looks_again_when_nobody_wakes_it)
{
	mproci_request request;
	pid_t other = support_fork(get_one, NULL);

	await_waiting(1);
	/* As when the one that was woken died. */
	mproci_request_begin(&request, "HSET", true);
	mproci_request_add_text(&request, "{queue}:bodies");
	mproci_request_add_text(&request, "id");
	mproci_request_add_text(&request, "body");
	check_done(mproci_remote_tell(remote, &request, soon()));
	tell("RPUSH", "{queue}:ready", "id");
	ck_assert_int_eq(support_reap(other), 0);
}
END_TEST

START_TEST(full_queue_is_waited_for_until_the_deadline)
{
	mproc_remote_queue *small = open_queue(&(mproc_remote_queue_options){.max_messages = 2});

	put(small, NULL, "one");
	put(small, NULL, "two");
	check_failed(mproc_remote_queue_put(small, NULL, "three", 5, MPROC_NOW, NULL), -ETIMEDOUT,
		"still full at the deadline");
	check_timed_out(mproc_remote_queue_put(small, NULL, "three", 5, mproc_after(0.02), NULL));
	check_counts(2, 0, 0);
	small = mproc_remote_queue_close(small);
}
END_TEST

START_TEST(get_makes_room_for_those_who_wait)
{
	mproc_remote_queue *small = open_queue(&(mproc_remote_queue_options){.max_messages = 2});
	mproc_remote_message messages[2];
	pid_t others[2];
	size_t count;

	put(small, NULL, "one");
	put(small, NULL, "two");
	for (int i = 0; i < 2; ++i)
		others[i] = support_fork(put_one, small);
	await_waiting(2);
	check_done(mproc_remote_queue_get_many(small, 2, soon(), messages, &count));
	ck_assert_uint_eq(count, 2);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_reap(others[i]), 0);
	check_counts(2, 2, 0);
	for (int i = 0; i < 2; ++i)
		mproc_remote_message_free(&messages[i]);
	small = mproc_remote_queue_close(small);
}
END_TEST

START_TEST(message_of_an_id_is_put_once)
{
	ck_assert(put(queue, "id", "one"));
	ck_assert(!put(queue, "id", "other"));
	check_next("one", 1);
	/* Also when it is done. */
	ck_assert(!put(queue, "id", "other"));
	check_counts(0, 0, 0);
}
END_TEST

START_TEST(ids_are_forgotten_after_their_window)
{
	mproc_remote_queue *forgetful = open_queue(&(mproc_remote_queue_options){.id_window = 0.01});

	ck_assert(put(forgetful, "id", "one"));
	check_next("one", 1);
	while (!put(forgetful, "id", "two"))
		poll(NULL, 0, 1);
	check_next("two", 1);
	forgetful = mproc_remote_queue_close(forgetful);
}
END_TEST

START_TEST(id_of_a_message_that_is_there_is_not_forgotten)
{
	ck_assert(put(queue, "id", "one"));
	ck_assert_int_eq(ask_number("DEL", "{queue}:seen"), 1);
	ck_assert(!put(queue, "id", "two"));
	check_next("one", 1);
}
END_TEST

START_TEST(message_that_is_given_back_comes_first)
{
	mproc_remote_message message;

	put(queue, NULL, "one");
	put(queue, NULL, "two");
	message = get(queue);
	check_counts(1, 1, 0);
	check_done(mproc_remote_queue_give_back(queue, &message, soon()));
	check_failed(
		mproc_remote_queue_give_back(queue, &message, soon()), -ESTALE, "is not owed under token");
	check_failed(mproc_remote_queue_ack(queue, &message, soon()), -ESTALE, "is not owed under token");
	check_counts(2, 0, 0);
	mproc_remote_message_free(&message);
	check_next("one", 2);
	check_next("two", 1);
}
END_TEST

START_TEST(message_comes_back_after_its_lease)
{
	mproc_remote_queue *shortly = open_queue(&briefly);
	mproc_remote_message late, message;

	put(queue, "id", "one");
	late = get(shortly);
	message = get(queue);
	ck_assert_str_eq(message.id, "id");
	ck_assert_uint_eq(message.deliveries, 2);
	ck_assert_int_gt(message.token, late.token);
	check_failed(mproc_remote_queue_ack(shortly, &late, soon()), -ESTALE, "message \"id\" is not owed");
	check_failed(
		mproc_remote_queue_extend(shortly, &late, soon()), -ESTALE, "message \"id\" is not owed");
	check_done(mproc_remote_queue_extend(queue, &message, soon()));
	check_done(mproc_remote_queue_ack(queue, &message, soon()));
	check_failed(mproc_remote_queue_ack(queue, &message, soon()), -ESTALE, "message \"id\" is not owed");
	check_counts(0, 0, 0);
	mproc_remote_message_free(&message);
	mproc_remote_message_free(&late);
	shortly = mproc_remote_queue_close(shortly);
}
END_TEST

START_TEST(message_of_a_killed_consumer_comes_back)
{
	pid_t consumer;

	put(queue, NULL, "one");
	mproc_remote_queue_close(queue);
	queue = open_queue(&briefly);
	consumer = support_fork_and_keep(get_one, NULL);
	support_kill(consumer);
	check_next("one", 2);
}
END_TEST

START_TEST(message_that_fails_too_often_is_a_dead_letter)
{
	mproc_remote_queue *strict = open_queue(&(mproc_remote_queue_options){.max_deliveries = 2});
	mproc_remote_message message, dead[3];
	size_t count;

	put(queue, "bad", "poison");
	put(queue, "good", "food");
	for (int i = 0; i < 2; ++i) {
		message = get(strict);
		ck_assert_str_eq(message.id, "bad");
		check_done(mproc_remote_queue_give_back(strict, &message, soon()));
		mproc_remote_message_free(&message);
	}
	message = get(strict);
	ck_assert_str_eq(message.id, "good");
	mproc_remote_message_free(&message);
	check_counts(0, 1, 1);
	check_done(mproc_remote_queue_dead(strict, 3, soon(), dead, &count));
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(dead[0].id, "bad");
	ck_assert_str_eq(dead[0].data, "poison");
	ck_assert_uint_eq(dead[0].deliveries, 2);
	check_failed(mproc_remote_queue_ack(strict, &dead[0], soon()), -EINVAL, "no message that was got");
	mproc_remote_message_free(&dead[0]);
	strict = mproc_remote_queue_close(strict);
}
END_TEST

START_TEST(dead_letters_are_revived_or_dropped)
{
	mproc_remote_queue *strict =
		open_queue(&(mproc_remote_queue_options){.max_deliveries = 1, .lease = 0.01});
	mproc_remote_message messages[2], none;
	size_t count, owed = 0;

	put(queue, "a", "one");
	put(queue, "b", "two");
	while (owed < 2) {
		check_done(mproc_remote_queue_get_many(strict, 2, soon(), messages, &count));
		owed += count;
		while (count > 0)
			mproc_remote_message_free(&messages[--count]);
	}
	check_timed_out(mproc_remote_queue_get(strict, mproc_after(0.05), &none));
	/* Late ones are looked at by who comes then. */
	check_failed(mproc_remote_queue_get(strict, MPROC_NOW, &none), -ETIMEDOUT, "still empty");
	check_counts(0, 0, 2);
	check_done(mproc_remote_queue_revive(queue, "a", soon()));
	check_done(mproc_remote_queue_drop(queue, "b", soon()));
	check_failed(
		mproc_remote_queue_revive(queue, "b", soon()), -ENOENT, "no dead letter has the id \"b\"");
	check_failed(mproc_remote_queue_drop(queue, "a", soon()), -ENOENT, "no dead letter has the id \"a\"");
	check_next("one", 1);
	check_counts(0, 0, 0);
	strict = mproc_remote_queue_close(strict);
}
END_TEST

START_TEST(many_are_put_and_got_at_once)
{
	enum {
		COUNT = 1000
	};
	static mproc_remote_message messages[COUNT];
	static int numbers[COUNT];
	size_t count, done = 0;

	for (int i = 0; i < COUNT; ++i) {
		numbers[i] = i;
		messages[i] = (mproc_remote_message){.data = &numbers[i], .size = sizeof numbers[i]};
	}
	check_done(mproc_remote_queue_put_many(queue, messages, COUNT, soon(), &count));
	ck_assert_uint_eq(count, COUNT);
	while (done < COUNT) {
		check_done(mproc_remote_queue_get_many(queue, 300, soon(), messages, &count));
		for (size_t i = 0; i < count; ++i) {
			ck_assert_int_eq(*(const int *)messages[i].data, (int)(done + i));
			mproc_remote_message_free(&messages[i]);
		}
		done += count;
	}
	check_done(mproc_remote_queue_put_many(queue, NULL, 0, soon(), &count));
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(as_many_as_there_is_room_for_are_put)
{
	mproc_remote_queue *small = open_queue(&(mproc_remote_queue_options){.max_messages = 3});
	mproc_remote_message messages[5];
	size_t count = 0;

	for (int i = 0; i < 5; ++i)
		messages[i] = (mproc_remote_message){.data = &"12345"[i], .size = 1};
	check_done(mproc_remote_queue_put_many(small, messages, 5, MPROC_NOW, &count));
	ck_assert_uint_eq(count, 3);
	check_failed(
		mproc_remote_queue_put_many(small, messages, 5, MPROC_NOW, &count), -ETIMEDOUT, "still full");
	ck_assert_uint_eq(count, 3);
	check_next("1", 1);
	small = mproc_remote_queue_close(small);
}
END_TEST

START_TEST(clearing_leaves_nothing)
{
	mproc_remote_message message;
	int64_t token;

	put(queue, "a", "one");
	put(queue, "b", "two");
	message = get(queue);
	token = message.token;
	check_done(mproc_remote_queue_clear(queue, soon()));
	check_counts(0, 0, 0);
	check_failed(mproc_remote_queue_ack(queue, &message, soon()), -ESTALE, "is not owed");
	ck_assert(put(queue, "a", "one"));
	mproc_remote_message_free(&message);
	/* Tokens go on growing. */
	message = get(queue);
	ck_assert_int_gt(message.token, token);
	mproc_remote_message_free(&message);
}
END_TEST

/* Have the server answer that it holds something which is none of ours. */
static void put_raw(const char *id, size_t size)
{
	mproci_request request;

	mproci_request_begin(&request, "HSET", true);
	mproci_request_add_text(&request, "{queue}:bodies");
	mproci_request_add(&request, id, size);
	mproci_request_add_text(&request, "body");
	check_done(mproci_remote_tell(remote, &request, soon()));
	mproci_request_begin(&request, "RPUSH", true);
	mproci_request_add_text(&request, "{queue}:ready");
	mproci_request_add(&request, id, size);
	check_done(mproci_remote_tell(remote, &request, soon()));
}

START_TEST(id_that_is_no_text_is_refused)
{
	mproc_remote_message message = {.id = "untouched"};

	put_raw("a\0b", 3);
	ck_assert_int_eq(mproc_remote_queue_get(queue, soon(), &message), -EBADMSG);
	ck_assert_str_eq(message.id, "untouched");
}
END_TEST

START_TEST(message_whose_body_is_gone_is_left_out)
{
	put(queue, "a", "one");
	put(queue, "b", "two");
	ck_assert_int_eq(ask_number("DEL", "{queue}:bodies"), 1);
	put(queue, "c", "three");
	check_next("three", 1);
	check_counts(0, 0, 0);
}
END_TEST

START_TEST(name_of_something_else_is_refused)
{
	mproc_remote_message message;

	tell("SET", "{queue}:ready", "text");
	check_failed(mproc_remote_queue_get(queue, soon(), &message), -EINVAL, "WRONGTYPE");
}
END_TEST

START_TEST(full_server_still_lets_messages_be_done)
{
	mproc_remote_message message;
	mproci_request request;
	int rc;

	put(queue, NULL, "one");
	mproci_request_begin(&request, "CONFIG", true);
	mproci_request_add_text(&request, "SET");
	mproci_request_add_text(&request, "maxmemory");
	mproci_request_add_text(&request, "1");
	check_done(mproci_remote_tell(remote, &request, soon()));
	rc = mproc_remote_queue_put(queue, NULL, "two", 3, soon(), NULL);
	check_failed(rc, -ENOMEM, "OOM");
	message = get(queue);
	check_done(mproc_remote_queue_extend(queue, &message, soon()));
	check_done(mproc_remote_queue_ack(queue, &message, soon()));
	mproc_remote_message_free(&message);
	check_counts(0, 0, 0);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
	mproc_remote_message message = {.id = "id", .token = 1};
	mproc_remote_queue *one = NULL;
	char id[MPROC_REMOTE_ID_MAX + 2];
	size_t count;

	memset(id, 'x', sizeof id - 1);
	id[sizeof id - 1] = 0;
	check_failed(mproc_remote_queue_open(NULL, "queue", NULL, &one), -EINVAL, "");
	check_failed(mproc_remote_queue_open(remote, "", NULL, &one), -EINVAL, "");
	check_failed(mproc_remote_queue_open(remote, "queue", NULL, NULL), -EINVAL, "ret_queue is NULL");
	check_failed(mproc_remote_queue_open(
			     remote, "queue", &(mproc_remote_queue_options){.id_window = 1e9}, &one),
		-EINVAL, "id_window is 1e+09 seconds");
	check_failed(mproc_remote_queue_open(
			     remote, "queue", &(mproc_remote_queue_options){.reserved = {1}}, &one),
		-EINVAL, "reserved[0] is 1");
	check_failed(mproc_remote_queue_put(NULL, NULL, "", 0, soon(), NULL), -EINVAL, "queue is NULL");
	check_failed(mproc_remote_queue_put(queue, NULL, NULL, 1, soon(), NULL), -EINVAL, "are NULL");
	check_failed(mproc_remote_queue_put(queue, "", "", 0, soon(), NULL), -EINVAL,
		"an id has 0 bytes, not 1 to 255");
	check_failed(mproc_remote_queue_put(queue, id, "", 0, soon(), NULL), -EINVAL, "an id has more bytes");
	check_failed(
		mproc_remote_queue_put(queue, NULL, "", (size_t)MPROC_REMOTE_MESSAGE_MAX + 1, soon(), NULL),
		-EMSGSIZE, "a message has 33554433 bytes");
	check_failed(
		mproc_remote_queue_put_many(queue, NULL, 1, soon(), &count), -EINVAL, "messages is NULL");
	check_failed(mproc_remote_queue_get(queue, soon(), NULL), -EINVAL, "ret_messages is NULL");
	check_failed(mproc_remote_queue_get_many(queue, 0, soon(), &message, &count), -EINVAL, "count is 0");
	check_failed(
		mproc_remote_queue_get_many(queue, 1001, soon(), &message, &count), -EINVAL, "count is 1001");
	check_failed(mproc_remote_queue_dead(queue, 0, soon(), &message, &count), -EINVAL, "count is 0");
	check_failed(mproc_remote_queue_ack(queue, NULL, soon()), -EINVAL, "no message that was got");
	check_failed(mproc_remote_queue_ack(NULL, &message, soon()), -EINVAL, "queue is NULL");
	check_failed(mproc_remote_queue_revive(queue, NULL, soon()), -EINVAL, "the id of a message is NULL");
	check_failed(mproc_remote_queue_drop(queue, "", soon()), -EINVAL, "an id has 0 bytes");
	check_failed(mproc_remote_queue_count(queue, soon(), NULL), -EINVAL, "ret_counts is NULL");
	check_failed(mproc_remote_queue_clear(NULL, soon()), -EINVAL, "queue is NULL");
	ck_assert_ptr_null(mproc_remote_queue_close(NULL));
	ck_assert_ptr_null(one);
}
END_TEST

START_TEST(message_of_a_killed_consumer_comes_back_at_once)
{
	pid_t consumer;

	put(queue, NULL, "one");
	mproc_remote_queue_close(queue);
	queue = open_queue(&(mproc_remote_queue_options){.lease = 1000});
	consumer = support_fork_and_keep(get_one, NULL);
	check_counts(0, 1, 0);
	support_kill(consumer);
	check_next("one", 2);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		messages_come_in_the_order_in_which_they_were_put,
		message_may_have_any_bytes_and_none,
		empty_queue_is_waited_for_until_the_deadline,
		put_wakes_who_waits,
		full_queue_is_waited_for_until_the_deadline,
		get_makes_room_for_those_who_wait,
		message_of_an_id_is_put_once,
		ids_are_forgotten_after_their_window,
		message_that_is_given_back_comes_first,
		message_comes_back_after_its_lease,
		message_of_a_killed_consumer_comes_back,
		message_that_fails_too_often_is_a_dead_letter,
		dead_letters_are_revived_or_dropped,
		many_are_put_and_got_at_once,
		as_many_as_there_is_room_for_are_put,
		clearing_leaves_nothing,
		name_of_something_else_is_refused,
		wrong_arguments_are_refused,
		NULL,
	};
	/* They look at how Redis keeps things. */
	const TTest *redis[] = {
		consumer_looks_again_when_nobody_wakes_it,
		id_of_a_message_that_is_there_is_not_forgotten,
		id_that_is_no_text_is_refused,
		message_whose_body_is_gone_is_left_out,
		full_server_still_lets_messages_be_done,
		NULL,
	};
	/* It knows its clients. */
	const TTest *managers[] = {
		message_of_a_killed_consumer_comes_back_at_once,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "queue",
		.process_tests = server_choose(tests, redis, managers),
		.setup = set_up,
		.teardown = tear_down,
	});
}
