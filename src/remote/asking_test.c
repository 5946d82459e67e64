/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a question when servers, connections, threads and processes come and go, and when the server lies.
 */
#include "remote/remote_fixture.h"
#include "remote/script_fixture.h"

#include <mproc/remote_queue.h>
#include <signal.h>

/* By which the server knows this connection. */
static int64_t connection_id(mproc_remote *of)
{
	const char *const words[] = {"CLIENT", "ID"};
	mproc_remote_reply *reply;
	int64_t id;

	check_ok(mproc_remote_command(of, 2, words, NULL, soon(), &reply));
	id = reply->integer;
	mproc_remote_reply_free(reply);
	return id;
}

static int get_name(mproc_deadline deadline)
{
	char value[100];

	return mproc_remote_value_get(remote, "name", value, sizeof value, deadline, NULL);
}

START_TEST(question_goes_on_when_the_server_was_restarted)
{
	open_both(&(server_options){.journal = "always"});
	set("name", "value");
	server_end(&server, SIGKILL);
	server_run(&server);
	check_value("name", "value");
	server_end(&server, SIGTERM);
	server_run(&server);
	/* Which is not repeated, but was not sent either. */
	check_ok(mproc_remote_counter_add(remote, "count", 1, soon(), NULL));
	close_both();
}
END_TEST

static int get_name_soon(void *unused)
{
	(void)unused;
	return get_name(soon());
}

START_TEST(question_waits_for_a_server_that_is_not_there)
{
	support_thread client;

	open_both(&(server_options){.journal = "always"});
	set("name", "value");
	server_end(&server, SIGKILL);
	check_failed(get_name(mproc_after(0.05)), -ECONNREFUSED, "cannot connect");
	support_begin(&client, get_name_soon, NULL);
	server_run(&server);
	ck_assert_int_eq(support_end(&client), 0);
	close_both();
}
END_TEST

static const char *const greeted[] = {"+PONG\r\n", "$1\r\nx\r\n", NULL};
static const char *const broken_off[] = {"+PONG\r\n", "$10\r\nx", NULL};

static void begin(const char *const *const *connections)
{
	script_begin(connections);
	connect_to(script_url, NULL);
}

static void end(void)
{
	remote = mproc_remote_close(remote);
	script_end();
}

START_TEST(question_is_repeated_when_the_connection_breaks)
{
	begin((const char *const *const[]){broken_off, broken_off, greeted, NULL});
	check_value("name", "x");
	end();
}
END_TEST

START_TEST(question_is_not_repeated_when_twice_is_not_once)
{
	begin((const char *const *const[]){broken_off, greeted, NULL});
	check_failed(mproc_remote_counter_add(remote, "name", 1, soon(), NULL), -ECONNRESET,
		"INCRBY: the connection broke; it may or may not");
	check_value("name", "x");
	end();
}
END_TEST

START_TEST(question_is_asked_again_when_the_server_is_not_ready)
{
	static const char *const answers[] = {"+PONG\r\n", "-LOADING Redis is loading\r\n",
		"-BUSY Redis is busy running a script\r\n", ":7\r\n", NULL};
	static const char *const loading[] = {"-LOADING Redis is loading\r\n", NULL};
	static const char *const full[] = {"-ERR max number of clients reached\r\n", NULL};
	int64_t sum = 0;

	begin((const char *const *const[]){loading, full, answers, NULL});
	check_ok(mproc_remote_counter_add(remote, "name", 1, soon(), &sum));
	ck_assert_int_eq(sum, 7);
	end();
}
END_TEST

START_TEST(questions_that_come_too_early_are_asked_again_all_at_once)
{
	static const char *const answers[] = {
		"+PONG\r\n", "-LOADING a\r\n-LOADING b\r\n-LOADING c\r\n", ":1\r\n:1\r\n:1\r\n", NULL};
	const mproc_remote_message messages[3] = {{.data = "x", .size = 1}};
	mproc_remote_queue *queue;
	size_t count = 0;

	begin((const char *const *const[]){answers, NULL});
	check_ok(mproc_remote_queue_open(remote, "queue", NULL, &queue));
	check_ok(mproc_remote_queue_put_many(queue, messages, 3, soon(), &count));
	ck_assert_uint_eq(count, 3);
	mproc_remote_queue_close(queue);
	end();
}
END_TEST

START_TEST(question_ends_at_its_deadline)
{
	static const char *const silent[] = {"+PONG\r\n", script_silence, NULL};

	begin((const char *const *const[]){silent, NULL});
	check_failed(get_name(mproc_after(0.05)), -ETIMEDOUT, "GET: no answer");
	check_failed(get_name(MPROC_NOW), -ETIMEDOUT, "GET: no answer");
	end();
}
END_TEST

START_TEST(connecting_ends_at_its_deadline)
{
	static const char *const silent[] = {script_silence, NULL};

	script_begin((const char *const *const[]){silent, NULL});
	check_failed(mproc_remote_connect(script_url, NULL, mproc_after(0.05), &remote), -ETIMEDOUT,
		"somebody is there, but");
	script_end();
}
END_TEST

START_TEST(reply_that_comes_late_is_no_answer_to_the_next_question)
{
	int64_t id;

	open_both(NULL);
	set("name", "value");
	set("other", "other value");
	id = connection_id(remote);
	kill(server.pid, SIGSTOP);
	ck_assert_int_eq(get_name(mproc_after(0.02)), -ETIMEDOUT);
	ck_assert_int_eq(get_name(mproc_after(0.02)), -ETIMEDOUT);
	kill(server.pid, SIGCONT);
	check_value("other", "other value");
	/* Nor is it a reason for another connection. */
	ck_assert_int_eq(connection_id(remote), id);
	close_both();
}
END_TEST

START_TEST(question_whose_deadline_has_passed_is_not_asked)
{
	const mproc_deadline passed = 1;
	int64_t id, number = 77;

	open_both(NULL);
	id = connection_id(remote);
	check_failed(mproc_remote_counter_add(remote, "count", 1, passed, NULL), -ETIMEDOUT,
		"INCRBY: the deadline had passed before anything was sent");
	check_ok(mproc_remote_counter_get(remote, "count", soon(), &number));
	ck_assert_int_eq(number, 0);
	ck_assert_int_eq(connection_id(remote), id);
	close_both();
}
END_TEST

START_TEST(command_that_never_ends_is_given_up_with_its_connection)
{
	const char *const words[] = {"BLPOP", "list", "0"};
	int64_t id;

	open_both(NULL);
	id = connection_id(remote);
	check_failed(mproc_remote_command(remote, 3, words, NULL, mproc_after(0.05), NULL), -ETIMEDOUT,
		"BLPOP: no answer");
	ck_assert_int_ne(connection_id(remote), id);
	close_both();
}
END_TEST

START_TEST(server_that_is_silent_for_long_is_given_up)
{
	int64_t id;

	open_both(NULL);
	id = connection_id(remote);
	kill(server.pid, SIGSTOP);
	ck_assert_int_eq(get_name(mproc_after(2.6)), -ETIMEDOUT);
	ck_assert_int_eq(get_name(mproc_after(2.6)), -ETIMEDOUT);
	kill(server.pid, SIGCONT);
	ck_assert_int_ne(connection_id(remote), id);
	close_both();
}
END_TEST

static void check_reply(const char *bytes, int code, const char *text)
{
	const char *const answers[] = {"+PONG\r\n", bytes, NULL};
	int64_t sum = 0;

	begin((const char *const *const[]){answers, greeted, NULL});
	check_failed(mproc_remote_counter_add(remote, "name", 1, soon(), &sum), code, text);
	/* It does not go on with what else was said. */
	remote = mproc_remote_close(remote);
	connect_to(script_url, NULL);
	end();
}

START_TEST(reply_that_makes_no_sense_is_refused)
{
	check_reply("hello\r\n", -EPROTO, "the server sends no reply of the protocol");
	check_reply(":12x\r\n", -EPROTO, "Bad integer");
	check_reply("$x\r\n", -EPROTO, "the protocol");
	check_reply("$-2\r\n", -EPROTO, "the protocol");
	check_reply("*-7\r\n", -EPROTO, "the protocol");
	check_reply("$2\r\nno\r\n", -EBADMSG, "INCRBY: the server answers with bytes");
	check_reply("*0\r\n", -EBADMSG, "an array");
}
END_TEST

START_TEST(reply_that_is_too_deep_is_refused)
{
	enum {
		DEPTH = 2000
	};
	char *reply = calloc(DEPTH + 1, 4);

	for (size_t i = 0; i < DEPTH; ++i)
		memcpy(reply + 4 * i, "*1\r\n", 4);
	check_reply(reply, -EPROTO, "the protocol");
	free(reply);
}
END_TEST

START_TEST(reply_that_claims_to_be_endless_takes_no_memory)
{
	check_reply("*2147483647\r\n:1\r\n", -ECONNRESET, "broke");
	check_reply("$2147483647\r\nx", -ECONNRESET, "broke");
	check_reply("$9223372036854775807\r\nx", -ECONNRESET, "broke");
}
END_TEST

START_TEST(line_without_an_end_is_refused)
{
	char *line = malloc(200001);

	memset(line, 'x', 200000);
	line[0] = '+';
	line[200000] = '\0';
	check_reply(line, -EPROTO, "a line of more than 65536 bytes");
	free(line);
}
END_TEST

START_TEST(server_of_another_protocol_is_refused)
{
	static const char *const web[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", NULL};

	script_begin((const char *const *const[]){web, NULL});
	check_failed(
		mproc_remote_connect(script_url, NULL, soon(), &remote), -EPROTO, "no reply of the protocol");
	script_end();
}
END_TEST

START_TEST(reply_that_is_too_large_is_refused)
{
	mproc_remote *large;
	char *value = calloc(1, 100000);

	server_start(&server, NULL);
	connect_to(server.url, NULL);
	large = remote;
	check_ok(mproc_remote_value_set(remote, "name", value, 100000, soon()));
	check_ok(say("RPUSH list 1 2 3 4 5 6 7 8 9", NULL));
	connect_to(server.url, &(mproc_remote_options){.largest_reply = 500});
	check_failed(get_name(soon()), -EMSGSIZE, "larger than 500");
	check_failed(say("LRANGE list 0 -1", NULL), -EMSGSIZE, "larger than 500");
	set("name", "small");
	check_value("name", "small");
	mproc_remote_close(large);
	close_both();
	free(value);
}
END_TEST

/* Until the server says so of its clients. */
static void await_clients(mproc_remote *over, const char *expected)
{
	const char *const words[] = {"INFO", "clients"};
	bool is_so = false;

	while (!is_so) {
		mproc_remote_reply *reply;

		check_ok(mproc_remote_command(over, 2, words, NULL, soon(), &reply));
		is_so = strstr(reply->text, expected) != NULL;
		mproc_remote_reply_free(reply);
	}
}

static int wait_for_item(void *unused)
{
	(void)unused;
	return say("BLPOP list 0", NULL);
}

START_TEST(threads_take_turns)
{
	mproc_remote *other;
	support_thread thread;

	open_both(NULL);
	other = remote;
	connect_to(server.url, NULL);
	support_begin(&thread, wait_for_item, NULL);
	await_clients(other, "blocked_clients:1");
	check_failed(get_name(mproc_after(0.05)), -ETIMEDOUT, "another thread");
	check_ok(mproc_remote_command(
		other, 3, (const char *const[]){"RPUSH", "list", "x"}, NULL, soon(), NULL));
	ck_assert_int_eq(support_end(&thread), 0);
	check_failed(get_name(soon()), -ENOENT, "name");
	mproc_remote_close(other);
	close_both();
}
END_TEST

static int use_inherited(void *id)
{
	set("name", "of the child");
	ck_assert_int_ne(connection_id(remote), *(int64_t *)id);
	mproc_remote_close(remote);
	return 0;
}

START_TEST(forked_child_has_a_connection_of_its_own)
{
	int64_t id;

	open_both(NULL);
	id = connection_id(remote);
	ck_assert_int_eq(support_reap(support_fork(use_inherited, &id)), 0);
	check_value("name", "of the child");
	ck_assert_int_eq(connection_id(remote), id);
	close_both();
}
END_TEST

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

START_TEST(connection_ends_with_its_handle_though_a_child_lives)
{
	mproc_remote *other;
	pid_t child;

	open_both(NULL);
	other = remote;
	connect_to(server.url, NULL);
	child = support_fork_and_keep(do_nothing, NULL);
	remote = mproc_remote_close(remote);
	await_clients(other, "connected_clients:1\r");
	support_kill(child);
	remote = other;
	close_both();
}
END_TEST

static int set_in_child(void *unused)
{
	(void)unused;
	set("name", "of the child");
	return 0;
}

START_TEST(forked_child_takes_no_heed_of_threads_that_it_does_not_have)
{
	mproc_remote *other;
	support_thread thread;

	open_both(NULL);
	other = remote;
	connect_to(server.url, NULL);
	support_begin(&thread, wait_for_item, NULL);
	await_clients(other, "blocked_clients:1");
	ck_assert_int_eq(support_reap(support_fork(set_in_child, NULL)), 0);
	check_ok(mproc_remote_command(
		other, 3, (const char *const[]){"RPUSH", "list", "x"}, NULL, soon(), NULL));
	ck_assert_int_eq(support_end(&thread), 0);
	check_value("name", "of the child");
	mproc_remote_close(other);
	close_both();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		question_is_repeated_when_the_connection_breaks,
		question_is_not_repeated_when_twice_is_not_once,
		question_is_asked_again_when_the_server_is_not_ready,
		questions_that_come_too_early_are_asked_again_all_at_once,
		question_ends_at_its_deadline,
		connecting_ends_at_its_deadline,
		reply_that_comes_late_is_no_answer_to_the_next_question,
		question_whose_deadline_has_passed_is_not_asked,
		command_that_never_ends_is_given_up_with_its_connection,
		server_that_is_silent_for_long_is_given_up,
		reply_that_makes_no_sense_is_refused,
		reply_that_is_too_deep_is_refused,
		reply_that_claims_to_be_endless_takes_no_memory,
		line_without_an_end_is_refused,
		server_of_another_protocol_is_refused,
		reply_that_is_too_large_is_refused,
		threads_take_turns,
		forked_child_has_a_connection_of_its_own,
		connection_ends_with_its_handle_though_a_child_lives,
		forked_child_takes_no_heed_of_threads_that_it_does_not_have,
		NULL,
	};
	const TTest *redis[] = {
		question_goes_on_when_the_server_was_restarted,
		question_waits_for_a_server_that_is_not_there,
		NULL,
	};

	return support_run("asking", server_choose(tests, redis, NULL));
}
