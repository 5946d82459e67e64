/* SPDX-License-Identifier: MIT */
#include "manager/running_fixture.h"

#include <errno.h>
#include <poll.h>

enum {
	LARGE = 3 << 20,
};

static void start_open(void)
{
	running_start((mproci_server_options){0});
}

START_TEST(requests_are_answered_in_their_order)
{
	int client = client_open();

	say(client,
		"*1\r\n$4\r\nPING\r\nECHO a\r\n\r\n*2\r\n$4\r\nECHO\r\n$2\r\nbc\r\nset k 1\r\nincr k\r\n");
	expect(client, "+PONG\r\n$1\r\na\r\n$2\r\nbc\r\n+OK\r\n:2\r\n");
	close(client);
}
END_TEST

START_TEST(what_cannot_be_carried_out_is_answered_in_the_words_of_redis)
{
	int client = client_open();

	ask_and_expect(client, "frob a b\r\n",
		"-ERR unknown command 'frob', with args beginning with: 'a' 'b' \r\n");
	ask_and_expect(client, "get\r\n", "-ERR wrong number of arguments for 'get' command\r\n");
	ask_and_expect(client, "client frob\r\n", "-ERR unknown subcommand 'frob'. Try CLIENT HELP.\r\n");
	ask_and_expect(client, "client setname\r\n",
		"-ERR wrong number of arguments for 'client|setname' command\r\n");
	ask_and_expect(client, "select 1\r\n", "-ERR DB index is out of range\r\n");
	close(client);
}
END_TEST

START_TEST(clients_are_not_compared_with_more_ids_than_there_can_be_time_for)
{
	int client = client_open();

	say(client, "client list id");
	for (int i = 0; i < 1025; ++i)
		say(client, " 1");
	ask_and_expect(client, "\r\n", "-ERR 1025 client IDs: at most 1024 are possible\r\n");
	close(client);
}
END_TEST

START_TEST(who_speaks_another_protocol_is_told_and_sent_away)
{
	int client = client_open();

	ask_and_expect(client, "PING\r\n*x\r\nPING\r\n",
		"+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n");
	expect_end(client);
	client = client_open();
	say(client, "POST / HTTP/1.1\r\nHost: x\r\nset k 1\r\n");
	expect_end(client);
	client = client_open();
	ask_and_expect(client, "exists k\r\n", ":0\r\n");
	close(client);
}
END_TEST

static void set_large(int client, char *value)
{
	char head[64];

	memset(value, 'v', LARGE);
	snprintf(head, sizeof head, "*3\r\n$3\r\nSET\r\n$1\r\nv\r\n$%d\r\n", LARGE);
	say(client, head);
	say_bytes(client, value, LARGE);
	ask_and_expect(client, "\r\n", "+OK\r\n");
}

START_TEST(large_values_come_back_as_they_were)
{
	char *value = calloc(1, LARGE + 1), head[64];
	int client = client_open();

	set_large(client, value);
	snprintf(head, sizeof head, "$%d\r\n", LARGE);
	ask_and_expect(client, "get v\r\n", head);
	expect(client, value);
	expect(client, "\r\n");
	free(value);
	close(client);
}
END_TEST

START_TEST(who_does_not_read_stops_nobody_else)
{
	char *value = calloc(1, LARGE + 1);
	int lazy = client_open(), client = client_open();
	struct pollfd room = {.fd = lazy, .events = POLLOUT};

	set_large(client, value);
	while (poll(&room, 1, 100) == 1)
		send(lazy, "get v\r\n", 7, MSG_DONTWAIT | MSG_NOSIGNAL);
	ask_and_expect(client, "ping\r\n", "+PONG\r\n");
	close(lazy);
	ask_and_expect(client, "ping\r\n", "+PONG\r\n");
	free(value);
	close(client);
}
END_TEST

START_TEST(silent_clients_stop_nobody)
{
	enum {
		COUNT = 300,
	};
	int silent[COUNT], client;

	for (size_t i = 0; i < COUNT; ++i) {
		silent[i] = client_open();
		say(silent[i], "*2\r\n$3\r\nGET\r\n$100000\r\n");
	}
	client = client_open();
	ask_and_expect(client, "ping\r\n", "+PONG\r\n");
	for (size_t i = 0; i < COUNT; ++i)
		close(silent[i]);
	close(client);
}
END_TEST

START_TEST(subscriber_that_does_not_read_is_sent_away)
{
	char *message = calloc(1, LARGE), head[64], count[8] = "";
	int lazy = client_open(), client = client_open(), told = 0;

	ask_and_expect(lazy, "subscribe c\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
	snprintf(head, sizeof head, "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$%d\r\n", LARGE);
	for (; told < 100 && count[1] != '0'; ++told) {
		say(client, head);
		say_bytes(client, message, LARGE);
		say(client, "\r\n");
		ck_assert_int_eq(recv(client, count, 4, MSG_WAITALL), 4);
	}
	ck_assert_int_gt(told, 1);
	ck_assert_int_lt(told, 100);
	close(lazy);
	free(message);
	close(client);
}
END_TEST

START_TEST(thousands_of_requests_at_once_are_all_answered)
{
	enum {
		COUNT = 20000,
	};
	char *requests = calloc(COUNT, 8), *answers = calloc(COUNT, 8);
	int client = client_open();

	for (size_t i = 0; i < COUNT; ++i) {
		memcpy(requests + i * 6, "ping\r\n", 6);
		memcpy(answers + i * 7, "+PONG\r\n", 7);
	}
	ask_and_expect(client, requests, answers);
	free(requests);
	free(answers);
	close(client);
}
END_TEST

START_TEST(parked_request_is_answered_when_its_key_comes_and_those_behind_it_then)
{
	int waiting = client_open(), client = client_open();

	say(waiting, "blpop q 0\r\nping\r\n");
	ask_and_expect(waiting, "", "");
	ask_and_expect(client, "rpush other 1\r\nrpush q a b\r\n", ":1\r\n:2\r\n");
	expect(waiting, "*2\r\n$1\r\nq\r\n$1\r\na\r\n+PONG\r\n");
	close(waiting);
	close(client);
}
END_TEST

START_TEST(parked_request_ends_at_its_time)
{
	int client = client_open();

	ask_and_expect(client, "blpop q 0.01\r\nping\r\n", "*-1\r\n+PONG\r\n");
	close(client);
}
END_TEST

/* Until that many clients wait for a key. */
static void wait_for_parked(int client, const char *count)
{
	char info[1024];
	ssize_t got;

	do {
		say(client, "info clients\r\n");
		got = recv(client, info, sizeof info - 1, 0);
		ck_assert_int_gt(got, 0);
		info[got] = '\0';
	} while (strstr(info, count) == NULL);
}

START_TEST(first_who_waits_is_served_first)
{
	int waiting[3], client = client_open();
	char count[64];

	for (size_t i = 0; i < 3; ++i) {
		waiting[i] = client_open();
		say(waiting[i], "blpop q 0\r\n");
		snprintf(count, sizeof count, "blocked_clients:%zu\r", i + 1);
		wait_for_parked(client, count);
	}
	ask_and_expect(client, "rpush q a\r\nrpush q b\r\nrpush q c\r\n", ":1\r\n:1\r\n:1\r\n");
	for (size_t i = 0; i < 3; ++i) {
		char answer[64];

		snprintf(answer, sizeof answer, "*2\r\n$1\r\nq\r\n$1\r\n%c\r\n", (int)('a' + i));
		expect(waiting[i], answer);
		close(waiting[i]);
	}
	close(client);
}
END_TEST

START_TEST(parked_client_that_dies_takes_nothing)
{
	int waiting = client_open(), client = client_open();

	say(waiting, "blpop q 0\r\nping\r\n");
	wait_for_parked(client, "blocked_clients:1\r");
	close(waiting);
	wait_for_parked(client, "blocked_clients:0\r");
	ask_and_expect(client, "rpush q a\r\nllen q\r\n", ":1\r\n:1\r\n");
	close(client);
}
END_TEST

START_TEST(parked_client_that_says_too_much_is_still_seen_to_die)
{
	int waiting = client_open(), client = client_open();
	struct pollfd room = {.fd = waiting, .events = POLLOUT};
	char flood[4096];

	memset(flood, '\n', sizeof flood);
	say(waiting, "blpop q 0\r\n");
	while (poll(&room, 1, 100) == 1)
		send(waiting, flood, sizeof flood, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(waiting);
	wait_for_parked(client, "blocked_clients:0\r");
	close(client);
}
END_TEST

START_TEST(client_can_be_killed)
{
	int victim = client_open(), client = client_open();

	ask_and_expect(victim, "client id\r\n", ":1\r\n");
	ask_and_expect(client, "client kill id 1\r\nclient kill id 1\r\n", ":1\r\n:0\r\n");
	expect_end(victim);
	ask_and_expect(client, "client kill id 2 skipme no\r\n", ":1\r\n");
	expect_end(client);
}
END_TEST

START_TEST(answers_can_be_left_out)
{
	int client = client_open();

	say(client, "client reply off\r\nping\r\nclient reply on\r\nclient reply skip\r\nping\r\necho a\r\n");
	expect(client, "+OK\r\n$1\r\na\r\n");
	close(client);
}
END_TEST

START_TEST(hello_changes_the_protocol_and_reset_changes_it_back)
{
	int client = client_open();

	ask_and_expect(client, "hello 4\r\n", "-NOPROTO unsupported protocol version\r\n");
	say(client, "hello 3 setname bob\r\nclient getname\r\nget k\r\n");
	expect(client,
		"%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n"
		"$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
		"$7\r\nmodules\r\n*0\r\n$3\r\nbob\r\n_\r\n");
	ask_and_expect(client, "reset\r\nclient getname\r\n", "+RESET\r\n$-1\r\n");
	ask_and_expect(client, "quit\r\nping\r\n", "+OK\r\n");
	expect_end(client);
}
END_TEST

START_TEST(transaction_is_queued_and_carried_out)
{
	int client = client_open();

	ask_and_expect(client, "multi\r\nset k 1\r\nincr k\r\nexec\r\n",
		"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n");
	ask_and_expect(client, "multi\r\nfrob\r\nexec\r\n",
		"+OK\r\n-ERR unknown command 'frob', with args beginning with: \r\n"
		"-EXECABORT Transaction discarded because of previous errors.\r\n");
	close(client);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		requests_are_answered_in_their_order,
		what_cannot_be_carried_out_is_answered_in_the_words_of_redis,
		clients_are_not_compared_with_more_ids_than_there_can_be_time_for,
		who_speaks_another_protocol_is_told_and_sent_away,
		large_values_come_back_as_they_were,
		who_does_not_read_stops_nobody_else,
		silent_clients_stop_nobody,
		subscriber_that_does_not_read_is_sent_away,
		thousands_of_requests_at_once_are_all_answered,
		parked_request_is_answered_when_its_key_comes_and_those_behind_it_then,
		parked_request_ends_at_its_time,
		first_who_waits_is_served_first,
		parked_client_that_dies_takes_nothing,
		parked_client_that_says_too_much_is_still_seen_to_die,
		client_can_be_killed,
		answers_can_be_left_out,
		hello_changes_the_protocol_and_reset_changes_it_back,
		transaction_is_queued_and_carried_out,
		NULL,
	};
	const support_suite suite = {.name = "server",
		.tests = tests,
		.warm_up = running_warm_up,
		.setup = start_open,
		.teardown = running_stop};

	return support_run_suite(&suite);
}
