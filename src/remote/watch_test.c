/* SPDX-License-Identifier: MIT */
#include "remote/object_fixture.h"

#include <mproc/remote_event.h>
#include <mproc/remote_watch.h>

static mproc_remote_watch *watch;

static void begin_watching(void)
{
	begin();
	check_done(mproc_remote_watch_open(remote, "f", soon(), &watch));
}

static void finish_watching(void)
{
	watch = mproc_remote_watch_close(watch);
	ck_assert_ptr_null(watch);
	finish();
}

/* Look until that is what it says; should it never, the test runs out of time. */
static void await(int answer)
{
	while (mproc_remote_watch_is_set(watch) != answer)
		poll(NULL, 0, 1);
}

START_TEST(a_watch_knows_the_value_when_it_is_opened)
{
	begin();
	check_done(mproc_remote_event_set(remote, "f", soon()));
	check_done(mproc_remote_watch_open(remote, "f", soon(), &watch));
	ck_assert_int_eq(mproc_remote_watch_is_set(watch), 1);
	mproc_remote_watch_close(watch);
	check_done(mproc_remote_event_clear(remote, "f", soon()));
	check_done(mproc_remote_watch_open(remote, "f", soon(), &watch));
	ck_assert_int_eq(mproc_remote_watch_is_set(watch), 0);
	finish_watching();
}
END_TEST

START_TEST(a_change_is_told)
{
	begin_watching();
	for (int i = 0; i < 5; ++i) {
		check_done(mproc_remote_event_set(remote, "f", soon()));
		await(1);
		check_done(mproc_remote_event_clear(remote, "f", soon()));
		await(0);
	}
	finish_watching();
}
END_TEST

START_TEST(many_changes_end_with_the_last)
{
	begin_watching();
	for (int i = 0; i < 3000; ++i)
		tell("PUBLISH", "mproc:flag:f", i % 2 == 0 ? "0" : "1");
	check_done(mproc_remote_event_set(remote, "f", soon()));
	await(1);
	check_done(mproc_remote_event_clear(remote, "f", soon()));
	await(0);
	finish_watching();
}
END_TEST

START_TEST(a_broken_connection_is_told_and_opened_again)
{
	begin_watching();
	check_done(mproc_remote_event_set(remote, "f", soon()));
	await(1);
	server_end(&server, SIGKILL);
	await(-ECONNRESET);
	check_failed(mproc_remote_watch_is_set(watch), -ECONNRESET, "flag \"f\": not known, ");
	server_run(&server);
	await(0);
	check_done(mproc_remote_event_set(remote, "f", soon()));
	await(1);
	finish_watching();
}
END_TEST

START_TEST(a_change_while_the_connection_was_broken_is_read)
{
	begin_watching();
	restart();
	tell("SET", "f", "1");
	await(1);
	finish_watching();
}
END_TEST

START_TEST(a_watch_does_not_wait_for_a_server_that_is_stopped)
{
	begin_watching();
	server_end(&server, SIGKILL);
	await(-ECONNRESET);
	server_run(&server);
	kill(server.pid, SIGSTOP);
	for (int i = 0; i < 300; ++i) {
		ck_assert_int_eq(mproc_remote_watch_is_set(watch), -ECONNRESET);
		poll(NULL, 0, 1);
	}
	kill(server.pid, SIGCONT);
	await(0);
	finish_watching();
}
END_TEST

START_TEST(a_watch_logs_in_again)
{
	const server_options options = {.password = "open sesame"};
	char url[192];

	server_start(&server, &options);
	snprintf(url, sizeof url, "%s", server.url);
	check_done(mproc_remote_connect(
		url, &(mproc_remote_options){.password = "open sesame"}, soon(), &remote));
	check_done(mproc_remote_watch_open(remote, "f", soon(), &watch));
	server_end(&server, SIGKILL);
	await(-ECONNRESET);
	server_run(&server);
	await(0);
	check_done(mproc_remote_event_set(remote, "f", soon()));
	await(1);
	finish_watching();
}
END_TEST

START_TEST(a_watch_over_tcp_comes_back_too)
{
	const server_options options = {.has_port = true};
	char url[64];

	server_start(&server, &options);
	/* Which may be two addresses, and the server is at one of them. */
	snprintf(url, sizeof url, "redis://localhost:%d", server.port);
	check_done(mproc_remote_connect(url, NULL, soon(), &remote));
	check_done(mproc_remote_watch_open(remote, "f", soon(), &watch));
	server_end(&server, SIGKILL);
	await(-ECONNRESET);
	server_run(&server);
	await(0);
	finish_watching();
}
END_TEST

START_TEST(a_flag_that_became_something_else_is_not_known)
{
	begin_watching();
	restart();
	tell("RPUSH", "f", "item");
	while (mproc_remote_watch_is_set(watch) != -ECONNRESET
		|| strstr(mproc_error_text(), "WRONGTYPE") == NULL)
		poll(NULL, 0, 1);
	tell("DEL", "f", "g");
	await(0);
	finish_watching();
}
END_TEST

START_TEST(a_watch_belongs_to_its_process)
{
	pid_t child;

	begin_watching();
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		bool is_refused = mproc_remote_watch_is_set(watch) == -ECHILD;

		mproc_remote_watch_close(watch);
		is_refused = mproc_remote_watch_open(remote, "f", soon(), &watch) == 0 && is_refused;
		is_refused = mproc_remote_watch_is_set(watch) == 0 && is_refused;
		mproc_remote_watch_close(watch);
		mproc_remote_close(remote);
		_exit(is_refused ? 0 : 1);
	}
	check_child(child);
	check_done(mproc_remote_event_set(remote, "f", soon()));
	await(1);
	finish_watching();
}
END_TEST

START_TEST(what_is_wrong_is_refused)
{
	begin();
	check_failed(mproc_remote_watch_open(NULL, "f", soon(), &watch), -EINVAL, "");
	check_failed(mproc_remote_watch_open(remote, NULL, soon(), &watch), -EINVAL, "");
	check_failed(mproc_remote_watch_open(remote, "f", soon(), NULL), -EINVAL, "NULL");
	check_failed(mproc_remote_watch_is_set(NULL), -EINVAL, "NULL");
	tell("RPUSH", "f", "item");
	check_failed(mproc_remote_watch_open(remote, "f", soon(), &watch), -EINVAL, "WRONGTYPE");
	ck_assert_ptr_null(watch);
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_watch_knows_the_value_when_it_is_opened,
		a_change_is_told,
		many_changes_end_with_the_last,
		a_broken_connection_is_told_and_opened_again,
		a_change_while_the_connection_was_broken_is_read,
		a_watch_does_not_wait_for_a_server_that_is_stopped,
		a_watch_logs_in_again,
		a_watch_over_tcp_comes_back_too,
		a_flag_that_became_something_else_is_not_known,
		a_watch_belongs_to_its_process,
		what_is_wrong_is_refused,
		NULL,
	};

	return support_run("remote/watch", tests);
}
