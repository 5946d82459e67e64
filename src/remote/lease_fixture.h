/* SPDX-License-Identifier: MIT */
/*
 * What the tests of locks, semaphores and queues share: a server, a connection to it, and looking into it.
 */
#ifndef REMOTE_LEASE_FIXTURE_H
#define REMOTE_LEASE_FIXTURE_H

#include "people.h"
#include "remote/remote.h"
#include "remote/server_fixture.h"
#include "support.h"

#include <mproc/remote.h>

static redis_server server;
static mproc_remote *remote;

static inline mproc_deadline soon(void)
{
	return mproc_after(20);
}

static inline void check_done(int rc)
{
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

static inline void check_failed(int rc, int expected, const char *text)
{
	ck_assert_msg(rc == expected, "%d (%s) instead of %d", rc, mproc_error_text(), expected);
	support_check_text(text);
}

/* After a moment, whatever it was spent with. */
static inline void check_timed_out(int rc)
{
	ck_assert_msg(rc == -ETIMEDOUT, "%d: %s", rc, mproc_error_text());
}

static inline void start_server(void)
{
	server_start(&server, &(server_options){.journal = server_is_manager() ? NULL : "always"});
	check_done(mproc_remote_connect(server.url, NULL, soon(), &remote));
}

static inline void stop_server(void)
{
	remote = mproc_remote_close(remote);
	server_stop(&server);
}

/* A command of one key.  Returns its number. */
static inline int64_t ask_number(const char *command, const char *key)
{
	mproci_request request;
	int64_t number;

	mproci_request_begin(&request, command, true);
	mproci_request_add_text(&request, key);
	check_done(mproci_remote_ask_integer(remote, &request, soon(), &number));
	return number;
}

/* Have a command of one key carried out whose answer is no number. */
static inline void tell(const char *command, const char *key, const char *value)
{
	mproci_request request;

	mproci_request_begin(&request, command, true);
	mproci_request_add_text(&request, key);
	mproci_request_add_text(&request, value);
	check_done(mproci_remote_tell(remote, &request, soon()));
}

static inline int count_waiting(void)
{
	mproci_request request;
	redisReply *reply;
	const char *found;
	int count;

	mproci_request_begin(&request, "INFO", true);
	mproci_request_add_text(&request, "clients");
	check_done(mproci_remote_ask(remote, &request, soon(), &reply));
	found = strstr(reply->str, "blocked_clients:");
	ck_assert_ptr_nonnull(found);
	count = atoi(found + strlen("blocked_clients:"));
	freeReplyObject(reply);
	return count;
}

/* Let others run until that many wait in the server. */
static inline void await_waiting(int count)
{
	while (count_waiting() < count)
		poll(NULL, 0, 1);
}
#endif
