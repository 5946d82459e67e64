/* SPDX-License-Identifier: MIT */
/*
 * manager/manager_fixture.h - what tests of managers share: one for each test, and a client of it that speaks as any program does.
 */
#ifndef MANAGER_MANAGER_FIXTURE_H
#define MANAGER_MANAGER_FIXTURE_H

#include "people.h"
#include "support.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <mproc/arena.h>
#include <mproc/manager.h>
#include <mproc/result.h>
#include <mproc/value.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Of the test. */
static mproc_manager *manager;
static redisContext *client;

static inline redisContext *connect_client(void)
{
	redisContext *context = redisConnectUnix(mproc_manager_url(manager) + strlen("unix:"));

	/* hiredis writes to who has hung up. */
	signal(SIGPIPE, SIG_IGN);
	ck_assert_ptr_nonnull(context);
	ck_assert_msg(context->err == 0, "%s", context->errstr);
	ck_assert_int_eq(redisSetTimeout(context, (struct timeval){.tv_sec = 30}), REDIS_OK);
	return context;
}

static inline void start_manager(void)
{
	int rc = mproc_manager_start(NULL, &manager);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	client = connect_client();
}

static inline void stop_manager(void)
{
	if (client != NULL)
		redisFree(client);
	client = NULL;
	manager = mproc_manager_stop(manager);
	ck_assert_ptr_null(manager);
}

/* A reply in a line: numbers and texts as they are, nil, errors after "-", arrays in brackets. */
static inline void describe(const redisReply *reply, char *text, size_t size)
{
	size_t used;

	if (reply->type == REDIS_REPLY_ARRAY) {
		used = (size_t)snprintf(text, size, "[");
		for (size_t i = 0; i < reply->elements; ++i) {
			used += (size_t)snprintf(text + used, size - used, "%s", i > 0 ? " " : "");
			describe(reply->element[i], text + used, size - used);
			used += strlen(text + used);
		}
		snprintf(text + used, size - used, "]");
	} else if (reply->type == REDIS_REPLY_INTEGER) {
		snprintf(text, size, "%lld", reply->integer);
	} else if (reply->type == REDIS_REPLY_NIL) {
		snprintf(text, size, "nil");
	} else {
		snprintf(text, size, "%s%s", reply->type == REDIS_REPLY_ERROR ? "-" : "", reply->str);
	}
}

static inline void check_reply(
	redisContext *context, redisReply *reply, const char *asked, const char *expected)
{
	char text[4096];

	ck_assert_msg(reply != NULL, "%s: %s", asked, context->errstr);
	describe(reply, text, sizeof text);
	freeReplyObject(reply);
	ck_assert_msg(strcmp(text, expected) == 0, "%s: %s instead of %s", asked, text, expected);
}

/* Ask, and check the answer. */
static inline void check_asked(redisContext *context, const char *asked, const char *expected)
{
	check_reply(context, redisCommand(context, asked), asked, expected);
}

static inline void check(const char *asked, const char *expected)
{
	check_asked(client, asked, expected);
}

/* Send without waiting for the answer, which check_answer takes. */
static inline void ask(redisContext *context, const char *asked)
{
	int is_done = 0;

	ck_assert_int_eq(redisAppendCommand(context, asked), REDIS_OK);
	while (!is_done)
		ck_assert_int_eq(redisBufferWrite(context, &is_done), REDIS_OK);
}

static inline void check_answer(redisContext *context, const char *expected)
{
	void *reply = NULL;

	ck_assert_msg(redisGetReply(context, &reply) == REDIS_OK, "%s", context->errstr);
	check_reply(context, reply, "what was asked", expected);
}

static inline void check_ok(int rc)
{
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

static inline void check_fails(int rc, int code, const char *text)
{
	ck_assert_msg(rc == code, "%d (%s) instead of %d", rc, mproc_error_text(), code);
	support_check_text(text);
}

#endif
