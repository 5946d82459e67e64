/* SPDX-License-Identifier: MIT */
/*
 * Clients that mean harm, or are broken: while they are there a real one is answered by its deadline, and the memory of the
 * manager stays within bounds.
 */
#include "manager/manager_fixture.h"
#include "sys/limits.h"

#include <fcntl.h>
#include <mproc/remote.h>
#include <mproc/remote_value.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CROWD = 1000,
	MOST_SAID = 256,
	LARGE = 1 << 20,
};

/* Bytes by which the manager may grow where it should not: what allocators keep. */
static const size_t SLACK = (size_t)48 << 20;

static mproc_remote *remote;
static int crowd[CROWD];

/* Descriptors of the process are few as a rule. */
static void set_up(void)
{
	mproci_limit_raise_descriptors(CROWD + 200);
	start_manager();
	check_ok(mproc_remote_connect(mproc_manager_url(manager), NULL, mproc_after(20), &remote));
}

static void tear_down(void)
{
	remote = mproc_remote_close(remote);
	stop_manager();
}

static int open_plain(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int plain = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(plain, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s",
		mproc_manager_url(manager) + strlen("unix:"));
	ck_assert_int_eq(connect(plain, (struct sockaddr *)&address, sizeof address), 0);
	return plain;
}

static void say_bytes(int plain, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(plain, bytes, size, MSG_NOSIGNAL);

		ck_assert_int_gt(sent, 0);
		bytes += sent;
		size -= (size_t)sent;
	}
}

static void say(int plain, const char *text)
{
	say_bytes(plain, text, strlen(text));
}

/* Receive as many bytes as @text has, and compare. */
static void expect(int plain, const char *text)
{
	char answer[MOST_SAID] = "";
	size_t size = strlen(text);

	ck_assert_uint_lt(size, sizeof answer);
	ck_assert_int_eq(recv(plain, answer, size, MSG_WAITALL), (ssize_t)size);
	ck_assert_str_eq(answer, text);
}

/* Receive until the end of the connection, which has to come. */
static void await_end(int plain)
{
	char some[4096];

	while (recv(plain, some, sizeof some, 0) > 0)
		continue;
	close(plain);
}

/* Connect so many, of which each says something behind a PING; so that all of it has come when this returns. */
static void gather(size_t count, const char *const *said, size_t kinds)
{
	for (size_t i = 0; i < count; ++i) {
		char text[MOST_SAID];

		crowd[i] = open_plain();
		snprintf(text, sizeof text, "PING\r\n%s", said[i % kinds]);
		say(crowd[i], text);
	}
	for (size_t i = 0; i < count; ++i)
		expect(crowd[i], "+PONG\r\n");
}

static void disperse(size_t count)
{
	for (size_t i = 0; i < count; ++i)
		close(crowd[i]);
}

/* A real client, who is in no hurry. */
static void check_served(int times)
{
	char value[16];
	size_t size;

	for (int i = 0; i < times; ++i) {
		check_ok(mproc_remote_value_set(remote, "real", &i, sizeof i, mproc_after(20)));
		check_ok(mproc_remote_value_get(remote, "real", value, sizeof value, mproc_after(20), &size));
		ck_assert_uint_eq(size, sizeof i);
		ck_assert(memcmp(value, &i, sizeof i) == 0);
	}
}

/* Bytes of its memory that are the manager's own; what it shares with the family is not. */
static size_t measure(void)
{
	unsigned long whole, resident = 0, shared = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/statm", (int)mproc_manager_pid(manager));
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%lu %lu %lu", &whole, &resident, &shared), 3);
	fclose(file);
	return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE);
}

START_TEST(thousand_silent_clients_stop_nobody)
{
	static const char *const said[] = {
		"",
		"*",
		"*2\r\n$3\r\nGET\r\n$100000\r\n",
		"*1\r\n$4\r\nPI",
		"GET rea",
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\n1234",
	};

	gather(CROWD, said, sizeof said / sizeof *said);
	check_served(100);
	disperse(CROWD);
	check_served(1);
	check("DBSIZE", "1");
}
END_TEST

START_TEST(what_is_only_announced_takes_no_memory)
{
	static const char *const said[] = {
		"*1\r\n$536870912\r\n",
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870911\r\n12345",
		"*1048576\r\n",
		"*1048576\r\n$1\r\na\r\n$536870912\r\n",
	};
	size_t before;

	check_served(1);
	before = measure();
	gather(CROWD, said, sizeof said / sizeof *said);
	check_served(10);
	ck_assert_uint_lt(measure(), before + SLACK);
	disperse(CROWD);
}
END_TEST

START_TEST(byte_after_byte_is_a_request_too)
{
	static const char request[] = "*3\r\n$6\r\nAPPEND\r\n$4\r\nslow\r\n$3\r\na\r\n\r\n";
	enum {
		SLOW = 50,
	};
	char length[16];

	for (size_t i = 0; i < SLOW; ++i)
		crowd[i] = open_plain();
	for (size_t at = 0; at < strlen(request); ++at) {
		for (size_t i = 0; i < SLOW; ++i)
			say_bytes(crowd[i], request + at, 1);
		check_served(1);
	}
	for (size_t i = 0; i < SLOW; ++i)
		close(crowd[i]);
	check_served(1);
	snprintf(length, sizeof length, "%d", 3 * SLOW);
	check("STRLEN slow", length);
}
END_TEST

START_TEST(frames_that_cannot_be_are_refused_and_their_senders_sent_away)
{
	static const struct {
		const char *said, *answer;
	} frames[] = {
		{"*1000000000\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
		{"*99999999999999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
		{"*1\r\n$-5\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
		{"*1\r\n$999999999999\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
		{"*1\r\n$99999999999999999999\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
		{"*1\r\n$\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
		{"*1\r\n:1\r\n", "-ERR Protocol error: expected '$', got ':'\r\n"},
		{"SET k \"open\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"},
	};

	for (size_t i = 0; i < sizeof frames / sizeof *frames; ++i) {
		int plain = open_plain();

		say(plain, frames[i].said);
		expect(plain, frames[i].answer);
		await_end(plain);
	}
	check_served(1);
}
END_TEST

/* The same each time. */
static uint32_t next_random(void)
{
	static uint32_t state = 2463534242;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

/* Bytes of all kinds, or such as requests are made of. */
static void fill(char *bytes, size_t size, bool is_alike)
{
	static const char parts[] = "*$-0123456789\r\n\r\n\r\nGETSET \"'\\x";

	for (size_t i = 0; i < size; ++i)
		bytes[i] = is_alike ? parts[next_random() % (sizeof parts - 1)] : (char)next_random();
}

START_TEST(garbage_ends_in_an_answer_or_in_the_end)
{
	char garbage[3000];

	for (size_t i = 0; i < 300; ++i) {
		int plain = open_plain();
		size_t size = 1 + next_random() % sizeof garbage;

		fill(garbage, size, i % 2 == 0);
		send(plain, garbage, size, MSG_NOSIGNAL);
		shutdown(plain, SHUT_WR);
		await_end(plain);
	}
	check_served(1);
}
END_TEST

static void set_large(void)
{
	char *large = calloc(1, LARGE);

	ck_assert_ptr_nonnull(large);
	check_ok(mproc_remote_value_set(remote, "large", large, LARGE, mproc_after(20)));
	free(large);
}

/* Ask until nothing more is taken. */
static void ask_until_full(int plain)
{
	struct pollfd room = {.fd = plain, .events = POLLOUT};

	while (poll(&room, 1, 50) == 1 && (room.revents & POLLOUT) != 0) {
		if (send(plain, "GET large\r\n", 11, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
	}
}

START_TEST(answers_that_nobody_takes_are_not_made)
{
	enum {
		LAZY = 20,
	};
	size_t before;

	set_large();
	before = measure();
	for (size_t i = 0; i < LAZY; ++i) {
		crowd[i] = open_plain();
		ask_until_full(crowd[i]);
	}
	check_served(10);
	/* Two answers, and room to grow; where nobody minded it would be tens of thousands. */
	ck_assert_uint_lt(measure(), before + SLACK + (size_t)LAZY * 4 * LARGE);
	disperse(LAZY);
	check_served(1);
}
END_TEST

START_TEST(transaction_whose_answers_are_too_many_ends_its_client_alone)
{
	static const char one[] = "GET large\r\n";
	enum {
		COUNT = 1500,
	};
	char *all = calloc(COUNT, sizeof one);
	int plain = open_plain();

	set_large();
	for (size_t i = 0; i < COUNT; ++i)
		memcpy(all + i * (sizeof one - 1), one, sizeof one);
	say(plain, "MULTI\r\n");
	expect(plain, "+OK\r\n");
	/* At once: who says much and reads nothing is not listened to. */
	say(plain, all);
	say(plain, "EXEC\r\n");
	await_end(plain);
	check_served(10);
	free(all);
}
END_TEST

START_TEST(subscribers_that_do_not_read_are_sent_away)
{
	enum {
		LAZY = 4,
	};
	static const char *const said[] = {"SUBSCRIBE news\r\n"};
	char *news = calloc(1, LARGE);
	unsigned told = LAZY;

	gather(LAZY, said, 1);
	for (size_t i = 0; i < LAZY; ++i)
		expect(crowd[i], "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
	for (int i = 0; i < 200 && told > 0; ++i)
		check_ok(mproc_remote_publish(remote, "news", news, LARGE, mproc_after(20), &told));
	ck_assert_uint_eq(told, 0);
	check_served(1);
	disperse(LAZY);
	free(news);
}
END_TEST

START_TEST(thousand_waiting_clients_are_served_in_their_order)
{
	static const char *const said[] = {"BLPOP list 0\r\n"};
	char text[MOST_SAID];

	gather(CROWD, said, 1);
	check_served(10);
	for (int i = 0; i < CROWD; ++i)
		check_reply(client, redisCommand(client, "RPUSH list %d", i), "RPUSH", "1");
	for (int i = 0; i < CROWD; ++i) {
		int digits = snprintf(NULL, 0, "%d", i);

		snprintf(text, sizeof text, "*2\r\n$4\r\nlist\r\n$%d\r\n%d\r\n", digits, i);
		expect(crowd[i], text);
	}
	disperse(CROWD);
}
END_TEST

START_TEST(waiting_clients_that_hang_up_take_nothing)
{
	static const char *const said[] = {"BLPOP list 0\r\n"};

	gather(CROWD, said, 1);
	disperse(CROWD);
	check_served(10);
	check("RPUSH list 1", "1");
	check("LRANGE list 0 -1", "[1]");
}
END_TEST

START_TEST(pattern_that_fits_in_many_ways_is_soon_done)
{
	char name[1000], pattern[200];

	memset(name, 'a', sizeof name);
	for (size_t i = 0; i + 1 < sizeof pattern; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[sizeof pattern - 1] = 'b';
	for (int i = 0; i < 100; ++i) {
		size_t size = sizeof name - (size_t)i;

		check_reply(client, redisCommand(client, "SET %b 1", name, size), "SET", "OK");
	}
	check_reply(client, redisCommand(client, "KEYS %b", pattern, sizeof pattern), "KEYS", "[]");
}
END_TEST

START_TEST(who_does_not_know_the_password_is_no_burden)
{
	mproc_manager *open_to_all = manager;
	redisContext *of_it = client;
	int plain;

	check_ok(mproc_manager_start(&(mproc_manager_options){.password = "swordfish"}, &manager));
	plain = open_plain();
	for (int i = 0; i < 1000; ++i) {
		say(plain, "AUTH wrong\r\nSET k v\r\n");
		expect(plain, "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
		expect(plain, "-NOAUTH Authentication required.\r\n");
	}
	say(plain, "*2\r\n$4\r\nAUTH\r\n$20000\r\n");
	expect(plain, "-ERR Protocol error: unauthenticated bulk length\r\n");
	await_end(plain);
	client = connect_client();
	check("AUTH swordfish", "OK");
	check("EXISTS k", "0");
	stop_manager();
	manager = open_to_all;
	client = of_it;
}
END_TEST

int main(void)
{
	const TTest *tests[] = {NULL};
	const TTest *process_tests[] = {
		thousand_silent_clients_stop_nobody,
		what_is_only_announced_takes_no_memory,
		byte_after_byte_is_a_request_too,
		frames_that_cannot_be_are_refused_and_their_senders_sent_away,
		garbage_ends_in_an_answer_or_in_the_end,
		answers_that_nobody_takes_are_not_made,
		transaction_whose_answers_are_too_many_ends_its_client_alone,
		subscribers_that_do_not_read_are_sent_away,
		thousand_waiting_clients_are_served_in_their_order,
		waiting_clients_that_hang_up_take_nothing,
		pattern_that_fits_in_many_ways_is_soon_done,
		who_does_not_know_the_password_is_no_burden,
		NULL,
	};
	const support_suite suite = {
		.name = "hostile",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = set_up,
		.teardown = tear_down,
	};

	return support_run_suite(&suite);
}
