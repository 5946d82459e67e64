/* SPDX-License-Identifier: MIT */
#include "remote/object_fixture.h"

#include <mproc/remote_subscription.h>

static mproc_remote_subscription *subscription;

static void begin_subscribed(void)
{
	begin();
	check_done(mproc_remote_subscribe(remote, "news", soon(), &subscription));
}

static void finish_subscribed(void)
{
	subscription = mproc_remote_subscription_close(subscription);
	ck_assert_ptr_null(subscription);
	finish();
}

static void check_next(const char *text)
{
	void *message = NULL;
	size_t size = 0;

	check_done(mproc_remote_subscription_get(subscription, soon(), &message, &size));
	check_copy(message, size, text);
}

static int get_now(void)
{
	void *message = NULL;
	int rc = mproc_remote_subscription_get(subscription, MPROC_NOW, &message, NULL);

	free(message);
	return rc;
}

START_TEST(messages_come_in_their_order)
{
	begin_subscribed();
	tell("PUBLISH", "news", "one");
	tell("PUBLISH", "other", "none");
	tell("PUBLISH", "news", "");
	tell("PUBLISH", "news", "three\r\n");
	check_next("one");
	check_next("");
	check_next("three\r\n");
	check_failed(get_now(), -ETIMEDOUT, "channel \"news\": no message until the deadline");
	finish_subscribed();
}
END_TEST

START_TEST(the_descriptor_tells_that_there_is_a_message)
{
	struct pollfd one = {.events = POLLIN};

	begin_subscribed();
	one.fd = mproc_remote_subscription_fd(subscription);
	ck_assert_int_ge(one.fd, 0);
	ck_assert_int_eq(poll(&one, 1, 0), 0);
	tell("PUBLISH", "news", "one");
	ck_assert_int_eq(poll(&one, 1, 20000), 1);
	check_next("one");
	ck_assert_int_eq(get_now(), -ETIMEDOUT);
	ck_assert_int_eq(poll(&one, 1, 0), 0);
	finish_subscribed();
}
END_TEST

START_TEST(a_broken_connection_is_told_once_and_opened_again)
{
	begin_subscribed();
	restart();
	check_failed(mproc_remote_subscription_get(subscription, soon(), &(void *){NULL}, NULL), -ECONNRESET,
		"messages may be lost");
	check_failed(mproc_remote_subscription_fd(subscription), -ECONNRESET, "broken");
	ck_assert_int_eq(get_now(), -ETIMEDOUT);
	ck_assert_int_ge(mproc_remote_subscription_fd(subscription), 0);
	tell("PUBLISH", "news", "again");
	check_next("again");
	finish_subscribed();
}
END_TEST

START_TEST(a_server_that_stays_away_is_told)
{
	begin_subscribed();
	server_end(&server, SIGKILL);
	ck_assert_int_eq(
		mproc_remote_subscription_get(subscription, soon(), &(void *){NULL}, NULL), -ECONNRESET);
	ck_assert_int_lt(
		mproc_remote_subscription_get(subscription, mproc_after(0.05), &(void *){NULL}, NULL), 0);
	finish_subscribed();
}
END_TEST

START_TEST(a_subscription_belongs_to_its_process)
{
	pid_t child;

	begin_subscribed();
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		bool is_refused =
			get_now() == -ECHILD && mproc_remote_subscription_fd(subscription) == -ECHILD;

		mproc_remote_subscription_close(subscription);
		mproc_remote_close(remote);
		_exit(is_refused ? 0 : 1);
	}
	check_child(child);
	tell("PUBLISH", "news", "still");
	check_next("still");
	finish_subscribed();
}
END_TEST

START_TEST(many_messages_come_whole)
{
	enum {
		COUNT = 2000
	};
	char text[600];

	begin_subscribed();
	for (int i = 0; i < COUNT; ++i) {
		snprintf(text, sizeof text, "%0*d", i % 500 + 1, i);
		tell("PUBLISH", "news", text);
	}
	for (int i = 0; i < COUNT; ++i) {
		snprintf(text, sizeof text, "%0*d", i % 500 + 1, i);
		check_next(text);
	}
	finish_subscribed();
}
END_TEST

START_TEST(a_message_that_is_too_large_is_told_and_the_next_ones_come)
{
	enum {
		LARGE = 200000
	};
	char *large = malloc(LARGE + 1);

	memset(large, 'x', LARGE);
	large[LARGE] = 0;
	server_start(&server, NULL);
	check_done(mproc_remote_connect(
		server.url, &(mproc_remote_options){.largest_reply = 65536}, soon(), &remote));
	check_done(mproc_remote_subscribe(remote, "news", soon(), &subscription));
	tell("PUBLISH", "news", large);
	free(large);
	check_failed(mproc_remote_subscription_get(subscription, soon(), &(void *){NULL}, NULL), -EMSGSIZE,
		"messages may be lost");
	ck_assert_int_eq(get_now(), -ETIMEDOUT);
	tell("PUBLISH", "news", "small");
	check_next("small");
	finish_subscribed();
}
END_TEST

START_TEST(what_is_wrong_is_refused)
{
	begin();
	check_failed(mproc_remote_subscribe(NULL, "news", soon(), &subscription), -EINVAL, "");
	check_failed(mproc_remote_subscribe(remote, "", soon(), &subscription), -EINVAL, "");
	check_failed(mproc_remote_subscribe(remote, "news", soon(), NULL), -EINVAL, "NULL");
	check_failed(mproc_remote_subscription_get(NULL, soon(), &(void *){NULL}, NULL), -EINVAL, "NULL");
	check_failed(mproc_remote_subscription_fd(NULL), -EINVAL, "NULL");
	ck_assert_ptr_null(subscription);
	ck_assert_ptr_null(mproc_remote_subscription_close(NULL));
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		messages_come_in_their_order,
		the_descriptor_tells_that_there_is_a_message,
		a_broken_connection_is_told_once_and_opened_again,
		a_server_that_stays_away_is_told,
		a_subscription_belongs_to_its_process,
		many_messages_come_whole,
		a_message_that_is_too_large_is_told_and_the_next_ones_come,
		what_is_wrong_is_refused,
		NULL,
	};

	return support_run("remote/subscription", tests);
}
