/* SPDX-License-Identifier: MIT */
#include "manager/client_fixture.h"

START_TEST(a_message_reaches_who_has_subscribed)
{
	ck_assert_str_eq(client_ask(one, "SUBSCRIBE news"), "");
	ck_assert_str_eq(client_pushed(one), "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
	ck_assert_uint_eq(one->subscriptions, 1);

	ck_assert_str_eq(client_ask(other, "PUBLISH news hello"), ":1\r\n");

	ck_assert_str_eq(client_pushed(one), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
	ck_assert_str_eq(client_pushed(other), "");
}
END_TEST

START_TEST(a_message_reaches_who_has_subscribed_to_a_pattern)
{
	client_ask(one, "PSUBSCRIBE n*");
	ck_assert_str_eq(client_pushed(one), "*3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:1\r\n");

	ck_assert_str_eq(client_ask(other, "PUBLISH news hello"), ":1\r\n");
	ck_assert_str_eq(client_ask(other, "PUBLISH old hello"), ":0\r\n");

	ck_assert_str_eq(
		client_pushed(one), "*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
}
END_TEST

START_TEST(messages_are_pushes_in_the_third_protocol)
{
	one->pushed.protocol = 3;
	client_ask(one, "SUBSCRIBE news");
	ck_assert_str_eq(client_pushed(one), ">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
	client_ask(other, "PUBLISH news a");
	ck_assert_str_eq(client_pushed(one), ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\na\r\n");
}
END_TEST

START_TEST(who_subscribes_twice_hears_once)
{
	client_ask(one, "SUBSCRIBE news news");
	client_pushed(one);
	ck_assert_str_eq(client_ask(other, "PUBLISH news a"), ":1\r\n");
	ck_assert_uint_eq(one->subscriptions, 1);
}
END_TEST

START_TEST(who_unsubscribes_hears_nothing)
{
	client_ask(one, "SUBSCRIBE a b");
	client_ask(one, "PSUBSCRIBE c*");
	client_pushed(one);

	client_ask(one, "UNSUBSCRIBE a");
	ck_assert_str_eq(client_pushed(one), "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:2\r\n");
	ck_assert_str_eq(client_ask(other, "PUBLISH a x"), ":0\r\n");
	client_ask(one, "UNSUBSCRIBE");
	ck_assert_str_eq(client_pushed(one), "*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n");
	client_ask(one, "PUNSUBSCRIBE");
	ck_assert_str_eq(client_pushed(one), "*3\r\n$12\r\npunsubscribe\r\n$2\r\nc*\r\n:0\r\n");
	client_ask(one, "UNSUBSCRIBE");
	ck_assert_str_eq(client_pushed(one), "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
	ck_assert_uint_eq(one->subscriptions, 0);
}
END_TEST

START_TEST(who_hangs_up_is_subscribed_to_nothing)
{
	mproci_session *third = client_new();

	client_ask(third, "SUBSCRIBE news");
	client_ask(third, "PSUBSCRIBE *");
	client_end(third);

	ck_assert_str_eq(client_ask(other, "PUBLISH news a"), ":0\r\n");
	ck_assert_str_eq(client_ask(other, "PUBSUB CHANNELS"), "*0\r\n");
	ck_assert_str_eq(client_ask(other, "PUBSUB NUMPAT"), ":0\r\n");
}
END_TEST

START_TEST(reset_leaves_all_channels)
{
	client_ask(one, "SUBSCRIBE news");
	mproci_channels_leave(fixture_server.channels, one);
	mproci_channels_leave(fixture_server.channels, one);
	ck_assert_uint_eq(one->subscriptions, 0);
	ck_assert_str_eq(client_ask(other, "PUBLISH news a"), ":0\r\n");
}
END_TEST

START_TEST(pubsub_says_who_listens)
{
	client_ask(one, "SUBSCRIBE news");
	client_ask(other, "SUBSCRIBE news");
	client_ask(other, "PSUBSCRIBE n* o*");

	ck_assert_str_eq(client_ask(one, "PUBSUB CHANNELS"), "*1\r\n$4\r\nnews\r\n");
	ck_assert_str_eq(client_ask(one, "PUBSUB CHANNELS o*"), "*0\r\n");
	ck_assert_str_eq(
		client_ask(one, "PUBSUB NUMSUB news old"), "*4\r\n$4\r\nnews\r\n:2\r\n$3\r\nold\r\n:0\r\n");
	ck_assert_str_eq(client_ask(one, "PUBSUB NUMPAT"), ":2\r\n");
}
END_TEST

START_TEST(a_client_has_a_bounded_number_of_patterns)
{
	for (int i = 0; i < MPROCI_PATTERNS_MOST; ++i)
		ck_assert_str_eq(client_ask(one, "PSUBSCRIBE %d", i), "");
	ck_assert_str_eq(client_ask(one, "PSUBSCRIBE more"),
		"-ERR a client has at most 10000 channels and 1000 patterns\r\n");
	ck_assert_str_eq(client_ask(one, "PSUBSCRIBE 7"), "");
}
END_TEST

START_TEST(a_channel_has_a_name_of_bounded_size)
{
	size_t size = MPROCI_CHANNEL_NAME_MOST + 1;
	char *name = calloc(1, size);
	mproci_view arguments[] = {mproci_view_of("SUBSCRIBE"), {name, size}};

	ck_assert_str_eq(
		client_call(one, arguments, 2), "-ERR the name of a channel has at most 131072 bytes\r\n");
	ck_assert_uint_eq(one->subscriptions, 0);
	free(name);
}
END_TEST

START_TEST(many_come_and_go)
{
	mproci_session *clients[50];
	unsigned seed = 1;

	for (int i = 0; i < 50; ++i)
		clients[i] = client_new();
	for (int i = 0; i < 20000; ++i) {
		int who = rand_r(&seed) % 50, what = rand_r(&seed) % 8;

		if (what == 0) {
			client_end(clients[who]);
			clients[who] = client_new();
		} else if (what < 6) {
			client_ask(clients[who], "SUBSCRIBE %d", rand_r(&seed) % 30);
		} else {
			client_ask(clients[who], "UNSUBSCRIBE %d", rand_r(&seed) % 30);
		}
		client_pushed(clients[who]);
	}
	for (int i = 0; i < 50; ++i)
		client_end(clients[i]);
	ck_assert_str_eq(client_ask(one, "PUBSUB CHANNELS"), "*0\r\n");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_message_reaches_who_has_subscribed,
		a_message_reaches_who_has_subscribed_to_a_pattern,
		messages_are_pushes_in_the_third_protocol,
		who_subscribes_twice_hears_once,
		who_unsubscribes_hears_nothing,
		who_hangs_up_is_subscribed_to_nothing,
		reset_leaves_all_channels,
		pubsub_says_who_listens,
		a_client_has_a_bounded_number_of_patterns,
		a_channel_has_a_name_of_bounded_size,
		many_come_and_go,
		NULL,
	};
	const support_suite suite = {
		.name = "channels", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
