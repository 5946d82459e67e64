/* SPDX-License-Identifier: MIT */
#include "remote/object_fixture.h"

#include <mproc/remote_event.h>

/* Have another process wait for the event; it ends by 0 when it was set. */
static pid_t wait_elsewhere(void)
{
	pid_t child = fork();
	int rc;

	ck_assert_int_ge(child, 0);
	if (child != 0)
		return child;
	rc = mproc_remote_event_wait(remote, "e", MPROC_FOREVER);
	mproc_remote_close(remote);
	_exit(rc == 0 ? 0 : 1);
}

START_TEST(an_event_is_set_until_it_is_cleared)
{
	begin();
	ck_assert_int_eq(mproc_remote_event_is_set(remote, "e", soon()), 0);
	check_done(mproc_remote_event_set(remote, "e", soon()));
	check_done(mproc_remote_event_set(remote, "e", soon()));
	ck_assert_int_eq(mproc_remote_event_is_set(remote, "e", soon()), 1);
	check_done(mproc_remote_event_wait(remote, "e", soon()));
	check_done(mproc_remote_event_clear(remote, "e", soon()));
	check_done(mproc_remote_event_clear(remote, "e", soon()));
	ck_assert_int_eq(mproc_remote_event_is_set(remote, "e", soon()), 0);
	finish();
}
END_TEST

START_TEST(wait_gives_up_at_the_deadline)
{
	begin();
	ck_assert_int_eq(mproc_remote_event_wait(remote, "e", mproc_after(0.02)), -ETIMEDOUT);
	check_failed(mproc_remote_event_wait(remote, "e", MPROC_NOW), -ETIMEDOUT,
		"\"e\": not set until the deadline");
	finish();
}
END_TEST

START_TEST(all_who_wait_are_woken)
{
	pid_t first, second;

	begin();
	first = wait_elsewhere();
	second = wait_elsewhere();
	await_client("subscribe");
	check_done(mproc_remote_event_set(remote, "e", soon()));
	check_child(first);
	check_child(second);
	finish();
}
END_TEST

START_TEST(an_event_that_was_set_without_telling_is_noticed)
{
	pid_t child;

	begin();
	child = wait_elsewhere();
	await_client("subscribe");
	tell("SET", "e", "1");
	check_child(child);
	finish();
}
END_TEST

START_TEST(wait_goes_on_when_the_server_is_back)
{
	pid_t child;

	begin();
	child = wait_elsewhere();
	await_client("subscribe");
	restart();
	await_client("subscribe");
	check_done(mproc_remote_event_set(remote, "e", soon()));
	check_child(child);
	finish();
}
END_TEST

START_TEST(what_is_no_event_is_refused)
{
	begin();
	check_failed(mproc_remote_event_set(NULL, "e", soon()), -EINVAL, "");
	check_failed(mproc_remote_event_wait(remote, "", soon()), -EINVAL, "");
	tell("RPUSH", "e", "item");
	check_failed(mproc_remote_event_is_set(remote, "e", soon()), -EINVAL, "WRONGTYPE");
	check_failed(mproc_remote_event_wait(remote, "e", soon()), -EINVAL, "WRONGTYPE");
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		an_event_is_set_until_it_is_cleared,
		wait_gives_up_at_the_deadline,
		all_who_wait_are_woken,
		an_event_that_was_set_without_telling_is_noticed,
		wait_goes_on_when_the_server_is_back,
		what_is_no_event_is_refused,
		NULL,
	};

	return support_run("remote/event", tests);
}
