/* SPDX-License-Identifier: MIT */
/*
 * A server of its own for each test, and a connection to it.
 */
#ifndef REMOTE_OBJECT_FIXTURE_H
#define REMOTE_OBJECT_FIXTURE_H

#include "remote/server_fixture.h"
#include "support.h"

#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <mproc/result.h>
#include <mproc/snapshot.h>
#include <stdint.h>

static redis_server server;
static mproc_remote *remote;

/* Long enough for whatever works. */
static inline mproc_deadline soon(void)
{
	return mproc_after(20);
}

static inline mproc_remote *connect_to_server(void)
{
	mproc_remote *another = NULL;

	ck_assert_msg(
		mproc_remote_connect(server.url, NULL, soon(), &another) == 0, "%s", mproc_error_text());
	return another;
}

static inline void begin(void)
{
	server_start(&server, NULL);
	remote = connect_to_server();
}

static inline void finish(void)
{
	remote = mproc_remote_close(remote);
	server_stop(&server);
}

/* Check that a call did what it was to do. */
static inline void check_done(int rc)
{
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

static inline void check_failed(ssize_t rc, int code, const char *text)
{
	ck_assert_msg(rc == code, "%zd, not %d: %s", rc, code, mproc_error_text());
	ck_assert_msg(strstr(mproc_error_text(), text) != NULL, "\"%s\" in \"%s\"", text, mproc_error_text());
}

static inline void check_bytes(const void *bytes, size_t size, const char *text)
{
	ck_assert_uint_eq(size, strlen(text));
	ck_assert_str_eq(bytes, text);
}

/* Check a copy, and free it. */
static inline void check_copy(void *copy, size_t size, const char *text)
{
	check_bytes(copy, size, text);
	free(copy);
}

/* Carry out a command that no object has. */
static inline void tell(const char *one, const char *two, const char *three)
{
	const char *const arguments[] = {one, two, three};
	mproc_remote_reply *reply = NULL;

	check_done(mproc_remote_command(remote, 3, arguments, NULL, soon(), &reply));
	mproc_remote_reply_free(reply);
}

/* Wait until the server has a client whose last command was that. */
static inline void await_client(const char *command)
{
	const char *const arguments[] = {"CLIENT", "LIST"};
	char word[64];
	bool is_there = false;

	snprintf(word, sizeof word, "cmd=%s", command);
	while (!is_there) {
		mproc_remote_reply *reply = NULL;

		check_done(mproc_remote_command(remote, 2, arguments, NULL, soon(), &reply));
		is_there = strstr(reply->text, word) != NULL;
		mproc_remote_reply_free(reply);
	}
}

/* Kill the server, and have another one at the same place, with nothing in it. */
static inline void restart(void)
{
	server_end(&server, SIGKILL);
	server_run(&server);
}

static inline void check_child(pid_t child)
{
	int status = 1;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

#endif
