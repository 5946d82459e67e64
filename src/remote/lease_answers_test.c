/* SPDX-License-Identifier: MIT */
/*
 * What a server that is not what it seems may answer.
 */
#include "remote/lease_fixture.h"

#include <mproc/remote_lock.h>
#include <mproc/remote_queue.h>

enum {
	/* The most messages that are asked for here. */
	MOST = 2,
};

static mproc_remote_queue *queue;
static mproc_remote_message messages[MOST];
static size_t count;

static void set_up(void)
{
	start_server();
	check_done(mproc_remote_queue_open(remote, "queue", NULL, &queue));
}

static void tear_down(void)
{
	queue = mproc_remote_queue_close(queue);
	stop_server();
}

/* Have a function of the server's answer something else; of the others it has only the one that releases a lock. */
static void forge(const char *function, const char *answer)
{
	mproci_request request;
	char text[400];

	snprintf(text, sizeof text,
		"#!lua name=mproc1\n"
		"redis.register_function('mproc_lock_release', function() return 1 end)\n"
		"redis.register_function('%s', function() return %s end)",
		function, answer);
	mproci_request_begin(&request, "FUNCTION", true);
	mproci_request_add_text(&request, "LOAD");
	mproci_request_add_text(&request, "REPLACE");
	mproci_request_add_text(&request, text);
	check_done(mproci_remote_tell(remote, &request, soon()));
}

static int get(void)
{
	return mproc_remote_queue_get_many(queue, MOST, soon(), messages, &count);
}

static int look_at_dead(void)
{
	return mproc_remote_queue_dead(queue, MOST, soon(), messages, &count);
}

static int count_all(void)
{
	mproc_remote_queue_counts counts;

	return mproc_remote_queue_count(queue, soon(), &counts);
}

static int put(void)
{
	return mproc_remote_queue_put(queue, NULL, "", 0, soon(), NULL);
}

static int put_many(void)
{
	const mproc_remote_message two[MOST] = {{.data = "a", .size = 1}, {.data = "b", .size = 1}};

	return mproc_remote_queue_put_many(queue, two, MOST, soon(), &count);
}

static int ack(void)
{
	return mproc_remote_queue_ack(queue, &(mproc_remote_message){.id = "id", .token = 1}, soon());
}

static int drop(void)
{
	return mproc_remote_queue_drop(queue, "id", soon());
}

/* Each of the @answers, NULL after the last one, makes the call say -EBADMSG, and leaves the outputs. */
static void check_refused(const char *function, int (*call)(void), const char *const *answers)
{
	for (size_t i = 0; answers[i] != NULL; ++i) {
		int rc;

		forge(function, answers[i]);
		count = 77;
		rc = call();
		ck_assert_msg(rc == -EBADMSG, "%s: %d (%s)", answers[i], rc, mproc_error_text());
		ck_assert_uint_eq(count, 77);
	}
}

static const char *const no_numbers[] = {"'1'", "{}", "{1}", "false", "{ok='1'}", NULL};

START_TEST(messages_that_are_none_are_refused)
{
	static const char *const answers[] = {"1", "'text'", "false", "{1}", "{{}}", "{{'id'}}",
		"{{'id', 'body', 1}}", "{{'id', 'body', 1, 1, 1}}", "{{'id', 'body', '1', 1}}",
		"{{'id', 'body', 1, {}}}", "{{'id', 1, 1, 1}}", "{{1, 'body', 1, 1}}",
		"{{{'id'}, 'body', 1, 1}}", "{{'i\\0d', 'body', 1, 1}}", "{{'id', 'body', -1, 1}}",
		"{{'id', 'body', 1, -1}}", "{{'id', 'body', 1, 1}, 2}",
		"{{'a', '', 1, 1}, {'b', '', 2, 1}, {'c', '', 3, 1}}", NULL};

	check_refused("mproc_queue_get", get, answers);
}
END_TEST

START_TEST(dead_letters_that_are_none_are_refused)
{
	static const char *const answers[] = {"1", "false", "{1}", "{{'id', 'body'}}",
		"{{'id', 'body', 1, 1}}", "{{'id', 'body', '1'}}",
		"{{'a', '', 1}, {'b', '', 1}, {'c', '', 1}}", NULL};

	check_refused("mproc_queue_dead", look_at_dead, answers);
}
END_TEST

START_TEST(counts_that_are_none_are_refused)
{
	static const char *const answers[] = {
		"1", "false", "{1, 2}", "{1, 2, 3, 4}", "{1, 2, '3'}", "{1, 2, -3}", "{{1, 2, 3}}", NULL};

	check_refused("mproc_queue_counts", count_all, answers);
}
END_TEST

START_TEST(numbers_that_are_none_are_refused)
{
	check_refused("mproc_queue_put", put, no_numbers);
	check_refused("mproc_queue_put", put_many, no_numbers);
	check_refused("mproc_queue_ack", ack, no_numbers);
	check_refused("mproc_queue_drop", drop, no_numbers);
}
END_TEST

START_TEST(message_without_a_token_cannot_be_acknowledged)
{
	forge("mproc_queue_get", "{{'id', 'body', 0, 1}}");
	check_done(get());
	check_failed(mproc_remote_queue_ack(queue, messages, soon()), -EINVAL, "no message that was got");
	mproc_remote_message_free(messages);
}
END_TEST

START_TEST(lock_that_is_never_given_is_waited_for_until_the_deadline)
{
	static const char *const answers[] = {"0", "-1", "-1000000000000", "-2^63", NULL};
	mproc_remote_lock *lock;

	check_done(mproc_remote_lock_open(remote, "lock", NULL, &lock));
	for (size_t i = 0; answers[i] != NULL; ++i) {
		forge("mproc_lock_acquire", answers[i]);
		check_timed_out(mproc_remote_lock_acquire(lock, mproc_after(0.02)));
	}
	lock = mproc_remote_lock_close(lock);
}
END_TEST

START_TEST(put_stops_where_the_server_refuses)
{
	forge("mproc_queue_put", "redis.error_reply('OOM no more')");
	check_failed(put_many(), -ENOMEM, "OOM no more");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		messages_that_are_none_are_refused,
		dead_letters_that_are_none_are_refused,
		counts_that_are_none_are_refused,
		numbers_that_are_none_are_refused,
		message_without_a_token_cannot_be_acknowledged,
		lock_that_is_never_given_is_waited_for_until_the_deadline,
		put_stops_where_the_server_refuses,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "lease_answers",
		.process_tests = tests,
		.setup = set_up,
		.teardown = tear_down,
	});
}
