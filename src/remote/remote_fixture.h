/* SPDX-License-Identifier: MIT */
/*
 * What the tests of remote objects share: a server, and a handle for it.
 */
#ifndef REMOTE_REMOTE_FIXTURE_H
#define REMOTE_REMOTE_FIXTURE_H

#include "people.h"
#include "remote/server_fixture.h"
#include "support.h"

#include <mproc/remote.h>
#include <mproc/remote_value.h>
#include <mproc/result.h>

static redis_server server;
static mproc_remote *remote;

/* Later than anything here takes. */
static inline mproc_deadline soon(void)
{
	return mproc_after(30);
}

static inline void check_ok(int rc)
{
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

static inline void check_failed(int rc, int code, const char *text)
{
	ck_assert_msg(rc == code, "%d instead of %d: %s", rc, code, mproc_error_text());
	support_check_text(text);
}

static inline void connect_to(const char *url, const mproc_remote_options *options)
{
	check_ok(mproc_remote_connect(url, options, soon(), &remote));
}

static inline void open_both(const server_options *options)
{
	server_start(&server, options);
	connect_to(server.url, NULL);
}

static inline void close_both(void)
{
	remote = mproc_remote_close(remote);
	server_stop(&server);
}

static inline void set(const char *name, const char *value)
{
	check_ok(mproc_remote_value_set(remote, name, value, strlen(value), soon()));
}

static inline void check_value(const char *name, const char *expected)
{
	char value[100] = "";
	size_t size = 0;

	check_ok(mproc_remote_value_get(remote, name, value, sizeof value - 1, soon(), &size));
	ck_assert_uint_eq(size, strlen(expected));
	ck_assert_str_eq(value, expected);
}

/* Have the server carry out words that are separated by spaces. */
static inline int say(const char *words, mproc_remote_reply **ret_reply)
{
	const char *arguments[16];
	char copy[256], *rest = copy, *word;
	size_t count = 0;

	snprintf(copy, sizeof copy, "%s", words);
	while ((word = strtok_r(rest, " ", &rest)) != NULL)
		arguments[count++] = word;
	return mproc_remote_command(remote, count, arguments, NULL, soon(), ret_reply);
}

#endif
