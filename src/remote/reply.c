/* SPDX-License-Identifier: MIT */
/*
 * Asking one request, and what its reply has to be.
 */
#include "base/deadline.h"
#include "base/error.h"
#include "remote/asking.h"
#include "remote/refusal.h"
#include "remote/remote.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static mproci_question question_of(const mproci_request *request)
{
	return (mproci_question){
		.command = {.count = request->count,
			.arguments = request->arguments,
			.sizes = request->sizes},
		.is_repeatable = request->is_repeatable,
		.is_function = request->is_function,
	};
}

int mproci_remote_refuse_request(const mproci_request *request, const redisReply *reply)
{
	const mproci_question question = question_of(request);
	/* A function comes behind FCALL, and before how many keys there are. */
	const size_t key = request->is_function ? 3 : 1;
	const int code = mproci_refusal_code(reply);
	char name[40];

	mproci_question_name(&question, name);
	if (code == 0 || key >= request->count)
		return mproci_remote_refuse_error(name, reply);
	return mproci_fail(code, "%s of \"%.*s\": %.130s", name,
		(int)(request->sizes[key] < 70 ? request->sizes[key] : 70), request->arguments[key],
		reply->str);
}

/* Returns 0 and a reply that is no error; a negative errno with an error text. */
static int unwrap(const mproci_request *request, redisReply *reply, redisReply **ret_reply)
{
	int rc;

	rc = mproci_remote_refuse_request(request, reply);
	if (rc < 0)
		freeReplyObject(reply);
	else
		*ret_reply = reply;
	return rc;
}

int mproci_remote_ask(
	mproc_remote *remote, const mproci_request *request, mproc_deadline deadline, redisReply **ret_reply)
{
	mproci_question question = question_of(request);
	int rc;

	rc = mproci_ask(remote, &question, 1, deadline);
	return rc < 0 ? rc : unwrap(request, question.reply, ret_reply);
}

int mproci_remote_ask_many(mproc_remote *remote, const mproci_request *requests, size_t count,
	mproc_deadline deadline, redisReply **ret_replies)
{
	mproci_question *questions;
	int rc;

	questions = calloc(count == 0 ? 1 : count, sizeof *questions);
	if (questions == NULL)
		return mproci_fail(-ENOMEM, "no memory for %zu commands", count);
	for (size_t i = 0; i < count; ++i)
		questions[i] = question_of(&requests[i]);
	rc = mproci_ask(remote, questions, count, deadline);
	for (size_t i = 0; i < count && rc == 0; ++i)
		ret_replies[i] = questions[i].reply;
	free(questions);
	return rc;
}

static const char *kind_of(const redisReply *reply)
{
	static const char *const kinds[] = {
		[REDIS_REPLY_STRING] = "bytes",
		[REDIS_REPLY_ARRAY] = "an array",
		[REDIS_REPLY_INTEGER] = "an integer",
		[REDIS_REPLY_NIL] = "nothing",
		[REDIS_REPLY_STATUS] = "a status",
		[REDIS_REPLY_ERROR] = "an error",
	};

	return reply->type > 0 && reply->type <= REDIS_REPLY_ERROR ? kinds[reply->type] : "something unknown";
}

int mproci_remote_refuse_reply(mproc_remote *remote, const mproci_request *request, redisReply *reply)
{
	const mproci_question question = question_of(request);
	const char *kind = kind_of(reply);
	char name[40];

	freeReplyObject(reply);
	mproci_fail(-EBADMSG, "%s: the server answers with %s, which makes no sense",
		mproci_question_name(&question, name), kind);
	return mproci_remote_fail_there(remote, -EBADMSG);
}

int mproci_remote_ask_integer(
	mproc_remote *remote, const mproci_request *request, mproc_deadline deadline, int64_t *ret_number)
{
	redisReply *reply;
	int rc;

	rc = mproci_remote_ask(remote, request, deadline, &reply);
	if (rc < 0)
		return rc;
	if (reply->type != REDIS_REPLY_INTEGER)
		return mproci_remote_refuse_reply(remote, request, reply);
	*ret_number = reply->integer;
	freeReplyObject(reply);
	return 0;
}

int mproci_remote_tell(mproc_remote *remote, const mproci_request *request, mproc_deadline deadline)
{
	redisReply *reply;
	int rc;

	rc = mproci_remote_ask(remote, request, deadline, &reply);
	if (rc == 0)
		freeReplyObject(reply);
	return rc;
}

int mproci_remote_ask_bytes(
	mproc_remote *remote, const mproci_request *request, mproc_deadline deadline, redisReply **ret_reply)
{
	redisReply *reply;
	int rc;

	rc = mproci_remote_ask(remote, request, deadline, &reply);
	if (rc < 0)
		return rc;
	if (reply->type == REDIS_REPLY_NIL) {
		freeReplyObject(reply);
		return -ENOENT;
	}
	if (reply->type != REDIS_REPLY_STRING)
		return mproci_remote_refuse_reply(remote, request, reply);
	*ret_reply = reply;
	return 0;
}

/*
 * How many milliseconds the server may wait: a second, or what is left, but for a time in which its answer can come.
 * Redis looks only ten times a second who has waited long enough, and would give away what then is taken for an
 * answer that nobody waits for any more.  0: there is not so much time left.
 */
static int64_t patience(mproc_deadline deadline)
{
	const int64_t most = 1000, least = 100, for_answer = 200;
	int64_t left;

	if (deadline == MPROC_FOREVER)
		return most;
	left = (deadline - mproci_clock_now()) / MPROCI_NANOSECONDS_PER_MILLISECOND - for_answer;
	if (left < least)
		return 0;
	return left < most ? left : most;
}

/* Returns 0; 1, and the reply is freed: there is nothing. */
static int weigh(redisReply *reply, redisReply **ret_reply)
{
	if (reply->type != REDIS_REPLY_NIL) {
		*ret_reply = reply;
		return 0;
	}
	freeReplyObject(reply);
	return 1;
}

/* Take the only element out of what EXEC has answered; NULL where there is none. */
static redisReply *take_element(redisReply *reply)
{
	redisReply *element;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
		return NULL;
	element = reply->element[0];
	reply->elements = 0;
	return element;
}

/*
 * For the last moments: between MULTI and EXEC no command waits in the server.  None of the three is ever sent
 * without the others,
 * or twice.  Returns as weigh.
 */
static int ask_hastily(
	mproc_remote *remote, const mproci_request *request, mproc_deadline deadline, redisReply **ret_reply)
{
	static const char *const multi[] = {"MULTI"}, *const exec[] = {"EXEC"};
	mproci_question questions[] = {
		{.command = {.count = 1, .arguments = multi}, .is_verbatim = true},
		question_of(request),
		{.command = {.count = 1, .arguments = exec}, .is_verbatim = true},
	};
	redisReply *element;
	int rc;

	questions[1].is_verbatim = true;
	questions[1].is_repeatable = false;
	rc = mproci_ask_and_hear_out(remote, questions, 3, deadline);
	if (rc < 0)
		return rc == -ECONNRESET && request->is_repeatable ? 1 : rc;
	for (size_t i = 0; i < 3 && rc == 0; ++i)
		rc = mproci_remote_refuse_request(request, questions[i].reply);
	element = take_element(questions[2].reply);
	for (size_t i = 0; i < 3; ++i)
		freeReplyObject(questions[i].reply);
	if (rc == 0 && element == NULL)
		return mproci_fail(
			-EBADMSG, "EXEC: the server answers with something else than what was asked");
	if (rc == 0)
		rc = mproci_remote_refuse_request(request, element);
	if (rc == 0)
		return weigh(element, ret_reply);
	freeReplyObject(element);
	return rc == -EAGAIN ? 1 : rc;
}

/* Ask without having the server wait, and sleep for a moment when there is nothing. */
static int ask_and_sleep(
	mproc_remote *remote, mproci_request *request, mproc_deadline deadline, redisReply **ret_reply)
{
	const int64_t nap = 4 * MPROCI_NANOSECONDS_PER_MILLISECOND;
	int rc;

	/* With MPROC_NOW it is asked once, for nobody is waited for but the server. */
	if (deadline >= 0 && mproci_deadline_passed(deadline, mproci_clock_now()))
		return mproci_answer(-ETIMEDOUT, "nothing came until the deadline");
	mproci_request_add_integer(request, 1);
	rc = ask_hastily(remote, request, deadline, ret_reply);
	--request->count;
	if (rc == 1 && deadline < 0)
		return mproci_answer(-ETIMEDOUT, "nothing came until the deadline");
	if (rc == 1)
		mproci_poll(NULL, 0, mproci_deadline_earlier(deadline, mproci_clock_now() + nap));
	return rc;
}

int mproci_remote_ask_patiently(
	mproc_remote *remote, mproci_request *request, mproc_deadline deadline, redisReply **ret_reply)
{
	const int64_t milliseconds = patience(deadline);
	mproci_question question;
	redisReply *reply = NULL;
	int rc;

	if (milliseconds == 0)
		return ask_and_sleep(remote, request, deadline, ret_reply);
	mproci_request_add_double(request, (double)milliseconds / 1000);
	question = question_of(request);
	rc = mproci_ask_and_hear_out(remote, &question, 1, deadline);
	--request->count;
	if (rc < 0)
		return rc;
	rc = unwrap(request, question.reply, &reply);
	return rc < 0 ? rc : weigh(reply, ret_reply);
}

int mproci_remote_copy_out(const redisReply *reply, void *buffer, size_t size, size_t *ret_size)
{
	if (reply->len > size)
		return mproci_fail(-EMSGSIZE, "it has %zu bytes, the buffer %zu", reply->len, size);
	if (reply->len > 0)
		memcpy(buffer, reply->str, reply->len);
	if (ret_size != NULL)
		*ret_size = reply->len;
	return 0;
}
