/* SPDX-License-Identifier: MIT */
/*
 * Servers that have the functions, get them, and cannot have them; and waiting in a server.
 */
#include "remote/remote.h"
#include "sys/clock.h"

#include "remote/remote_fixture.h"
#include <sched.h>

/* All that functions are for. */
static void use_functions(void)
{
	check_ok(mproc_remote_flag_set(remote, "flag", soon()));
	ck_assert_int_eq(mproc_remote_flag_get(remote, "flag", soon()), 1);
	set("name", "a");
	check_ok(mproc_remote_value_compare_and_set(remote, "name", "a", 1, "b", 1, soon()));
	check_value("name", "b");
	check_ok(mproc_remote_value_set_fenced(remote, "name", "c", 1, 5, soon()));
	check_failed(mproc_remote_value_set_fenced(remote, "name", "d", 1, 4, soon()), -ESTALE, "token 5");
}

START_TEST(functions_are_loaded_when_the_server_has_none)
{
	open_both(NULL);
	use_functions();
	check_ok(say("FUNCTION DELETE mproc1", NULL));
	use_functions();
	close_both();
}
END_TEST

START_TEST(functions_are_replaced_when_the_server_has_older_ones)
{
	static const char older[] =
		"#!lua name=mproc1\nredis.register_function('mproc_old', function() return 1 end)";

	open_both(NULL);
	check_ok(mproc_remote_command(
		remote, 3, (const char *const[]){"FUNCTION", "LOAD", older}, NULL, soon(), NULL));
	use_functions();
	close_both();
}
END_TEST

START_TEST(functions_are_there)
{
	open_both(NULL);
	use_functions();
	close_both();
}
END_TEST

/* As somebody who may do all but this. */
static void connect_without(const char *rights)
{
	char words[200];

	open_both(NULL);
	snprintf(words, sizeof words, "ACL SETUSER somebody on >word ~* &* +@all %s", rights);
	check_ok(say(words, NULL));
	remote = mproc_remote_close(remote);
	connect_to(server.url, &(mproc_remote_options){.user = "somebody", .password = "word"});
}

START_TEST(functions_are_a_script_for_who_may_not_call_functions)
{
	connect_without("-fcall");
	use_functions();
	use_functions();
	close_both();
}
END_TEST

START_TEST(functions_are_a_script_for_who_may_not_load_them)
{
	connect_without("-function");
	use_functions();
	check_ok(say("SCRIPT FLUSH", NULL));
	use_functions();
	close_both();
}
END_TEST

START_TEST(functions_are_refused_to_who_may_run_nothing)
{
	connect_without("-@scripting");
	check_failed(mproc_remote_flag_set(remote, "flag", soon()), -EACCES, "flag set of \"flag\": NOPERM");
	close_both();
}
END_TEST

START_TEST(functions_for_many_calls_at_once_are_loaded_once)
{
	enum {
		COUNT = 1000
	};
	mproci_request *requests = calloc(COUNT, sizeof *requests);
	redisReply *replies[COUNT];

	open_both(NULL);
	for (size_t i = 0; i < COUNT; ++i) {
		mproci_request_begin_function(&requests[i], "mproc_list_insert", 1, false);
		mproci_request_add_text(&requests[i], "list");
		mproci_request_add_integer(&requests[i], (int64_t)i);
		mproci_request_add_integer(&requests[i], (int64_t)i);
	}
	check_ok(mproci_remote_ask_many(remote, requests, COUNT, soon(), replies));
	for (size_t i = 0; i < COUNT; ++i) {
		ck_assert_int_eq(replies[i]->type, REDIS_REPLY_INTEGER);
		ck_assert_int_eq(replies[i]->integer, 1);
		freeReplyObject(replies[i]);
	}
	free(requests);
	close_both();
}
END_TEST

static int pop(mproc_deadline deadline)
{
	mproci_request request;
	redisReply *reply;
	int rc;

	mproci_request_begin(&request, "BLPOP", false);
	mproci_request_add_text(&request, "list");
	do
		rc = mproci_remote_ask_patiently(remote, &request, deadline, &reply);
	while (rc == 1);
	if (rc < 0)
		return rc;
	ck_assert_uint_eq(reply->elements, 2);
	ck_assert_str_eq(reply->element[1]->str, "x");
	freeReplyObject(reply);
	return 0;
}

START_TEST(waiting_ends_at_its_deadline)
{
	open_both(NULL);
	check_failed(pop(MPROC_NOW), -ETIMEDOUT, "nothing came");
	check_failed(pop(mproc_after(0.05)), -ETIMEDOUT, "");
	check_failed(pop(mproc_after(0.5)), -ETIMEDOUT, "");
	close_both();
}
END_TEST

START_TEST(waiting_in_vain_keeps_the_connection)
{
	const char *const words[] = {"CLIENT", "ID"};
	mproc_remote_reply *reply;
	int64_t id = 0;

	open_both(NULL);
	for (int i = 0; i < 12; ++i) {
		check_ok(mproc_remote_command(remote, 2, words, NULL, soon(), &reply));
		ck_assert(i == 0 || reply->integer == id);
		id = reply->integer;
		mproc_remote_reply_free(reply);
		ck_assert_int_eq(pop(mproc_after(0.05 * i)), -ETIMEDOUT);
	}
	close_both();
}
END_TEST

START_TEST(waiting_for_no_time_takes_what_is_there)
{
	mproc_remote_reply *reply;

	open_both(NULL);
	check_ok(say("RPUSH list x", &reply));
	mproc_remote_reply_free(reply);
	check_ok(pop(MPROC_NOW));
	check_failed(pop(MPROC_NOW), -ETIMEDOUT, "nothing came");
	close_both();
}
END_TEST

static int pop_soon(void *unused)
{
	(void)unused;
	return pop(soon());
}

START_TEST(waiting_ends_when_there_is_something)
{
	mproc_remote *other;
	support_thread thread;

	open_both(NULL);
	other = remote;
	connect_to(server.url, NULL);
	support_begin(&thread, pop_soon, NULL);
	check_ok(mproc_remote_command(
		other, 3, (const char *const[]){"RPUSH", "list", "x"}, NULL, soon(), NULL));
	ck_assert_int_eq(support_end(&thread), 0);
	mproc_remote_close(other);
	close_both();
}
END_TEST

/* Of many short waits, which end at any moment, none takes what it does not return. */
static int pop_many(void *count)
{
	for (int left = 200; left > 0;) {
		int rc = pop(mproc_after(0.003));

		ck_assert_msg(rc == 0 || rc == -ETIMEDOUT, "%d: %s", rc, mproc_error_text());
		if (rc == 0)
			--left;
	}
	*(int *)count = 0;
	return 0;
}

START_TEST(waiting_for_a_moment_loses_nothing)
{
	mproc_remote *other;
	support_thread thread;
	int left = 200;

	open_both(NULL);
	other = remote;
	connect_to(server.url, NULL);
	support_begin(&thread, pop_many, &left);
	for (int i = 0; i < 200; ++i)
		check_ok(mproc_remote_command(
			other, 3, (const char *const[]){"RPUSH", "list", "x"}, NULL, soon(), NULL));
	ck_assert_int_eq(support_end(&thread), 0);
	ck_assert_int_eq(left, 0);
	mproc_remote_close(other);
	close_both();
}
END_TEST

static int pop_until(void *deadline)
{
	return pop(*(mproc_deadline *)deadline);
}

/* The item is taken, or stays, also when the answer takes longer than the wait may last. */
START_TEST(waiting_loses_nothing_when_the_server_is_slow)
{
	mproc_deadline deadline;
	support_thread thread;
	mproc_remote_reply *reply;
	int rc;

	open_both(NULL);
	check_ok(say("RPUSH list x", NULL));
	kill(server.pid, SIGSTOP);
	deadline = mproc_after(0.02);
	support_begin(&thread, pop_until, &deadline);
	while (mproci_clock_now() < deadline)
		sched_yield();
	kill(server.pid, SIGCONT);
	rc = support_end(&thread);
	ck_assert(rc == 0 || rc == -ETIMEDOUT);
	check_ok(say("LLEN list", &reply));
	ck_assert_int_eq(reply->integer, rc == 0 ? 0 : 1);
	mproc_remote_reply_free(reply);
	close_both();
}
END_TEST

START_TEST(waiting_at_a_name_of_another_kind_is_told)
{
	open_both(NULL);
	set("list", "value");
	check_failed(pop(soon()), -EINVAL, "WRONGTYPE");
	check_failed(pop(mproc_after(0.2)), -EINVAL, "WRONGTYPE");
	close_both();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		functions_are_there,
		functions_for_many_calls_at_once_are_loaded_once,
		waiting_ends_at_its_deadline,
		waiting_in_vain_keeps_the_connection,
		waiting_for_no_time_takes_what_is_there,
		waiting_ends_when_there_is_something,
		waiting_for_a_moment_loses_nothing,
		waiting_loses_nothing_when_the_server_is_slow,
		waiting_at_a_name_of_another_kind_is_told,
		NULL,
	};
	const TTest *redis[] = {
		functions_are_loaded_when_the_server_has_none,
		functions_are_replaced_when_the_server_has_older_ones,
		functions_are_a_script_for_who_may_not_call_functions,
		functions_are_a_script_for_who_may_not_load_them,
		functions_are_refused_to_who_may_run_nothing,
		NULL,
	};

	return support_run("functions", server_choose(tests, redis, NULL));
}
