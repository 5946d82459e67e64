/* SPDX-License-Identifier: MIT */
/*
 * A batch of questions goes out while replies come in.  What happens to it:
 *
 *	a reply that will do          it is the answer
 *	"not now"                     asked again, after a pause
 *	a function that is missing    the functions are loaded, and it is asked again
 *	the connection breaks         asked again over a new one if nothing was sent yet, or all may be repeated;
 *	                              otherwise -ECONNRESET
 *	the deadline                  -ETIMEDOUT; the replies will come later, and are thrown away then
 *
 * A reply that nobody waits for any more is no reason to give up a connection: a manager would take the locks away
 * that belong to it.  Only when the server has said nothing for a while it is, or when the command is the program's
 * own and may take the server for ever.
 */
#include "remote/asking.h"

#include "base/deadline.h"
#include "base/error.h"
#include "remote/functions.h"
#include "remote/opening.h"
#include "remote/refusal.h"
#include "remote/remote.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	/* How much is written ahead of what was sent. */
	AHEAD = 65536,
	/* How many replies may still come that nobody waits for. */
	MOST_LATE = 1000,
	/* A batch needs to be told at most twice that its functions are not there. */
	MOST_MENDINGS = 4,
	/* The connection broke, and what was asked can be asked again over another one. */
	MAY_BE_REPEATED = -ECONNABORTED,
};

static const int64_t LONGEST_SILENCE = INT64_C(5000000000);

/* Questions on their way. */
typedef struct batch {
	mproci_question *questions;
	size_t count;
	/* Those before have been sent, or are in the output; those before have their replies. */
	size_t asked, answered;
	/* How many bytes had been sent before the first. */
	uint64_t sent_before;
} batch;

/* "mproc_lock_acquire" is "lock acquire". */
static void name_function(const char *function, char ret_name[40])
{
	static const char prefix[] = "mproc_";
	const bool has_prefix = strncmp(function, prefix, sizeof prefix - 1) == 0;

	snprintf(ret_name, 40, "%s", has_prefix ? function + sizeof prefix - 1 : function);
	for (char *at = ret_name; *at != '\0'; ++at) {
		if (*at == '_')
			*at = ' ';
	}
}

const char *mproci_question_name(const mproci_question *question, char ret_name[40])
{
	const mproci_command_bytes *command = &question->command;
	const size_t size = command->sizes == NULL ? strlen(command->arguments[0]) : command->sizes[0];

	if (question->is_function)
		name_function(command->arguments[1], ret_name);
	else
		snprintf(ret_name, 40, "%.*s", (int)(size > 39 ? 39 : size), command->arguments[0]);
	return ret_name;
}

static void forget(mproci_question *question)
{
	freeReplyObject(question->reply);
	question->reply = NULL;
}

/* Those that are on their way. */
typedef struct open_questions {
	size_t count;
	bool are_repeatable, are_foreign;
} open_questions;

static open_questions look_at_open(const batch *it)
{
	open_questions open = {.are_repeatable = true};

	for (size_t i = it->answered; i < it->asked; ++i) {
		if (it->questions[i].reply != NULL)
			continue;
		++open.count;
		open.are_repeatable = open.are_repeatable && it->questions[i].is_repeatable;
		open.are_foreign = open.are_foreign || it->questions[i].is_foreign;
	}
	return open;
}

static int append(mproc_remote *remote, const mproci_question *question)
{
	mproci_call_bytes call;
	int rc;

	if (!question->is_function)
		return mproci_line_append(remote->line, &question->command);
	rc = mproci_functions_phrase(remote, &question->command, &call);
	return rc == 0 ? mproci_line_append(remote->line, &call.command) : rc;
}

/* Write as many as are to go out next. */
static int append_some(mproc_remote *remote, batch *it)
{
	int rc = 0;

	while (rc == 0 && it->asked < it->count && mproci_line_unsent(remote->line) < AHEAD) {
		if (it->questions[it->asked].reply == NULL)
			rc = append(remote, &it->questions[it->asked]);
		if (rc == 0)
			++it->asked;
	}
	return rc;
}

/* Throw away what nobody waits for any more. */
static int skip_late(mproc_remote *remote, mproc_deadline deadline)
{
	while (remote->late > 0) {
		redisReply *reply;
		int rc;

		rc = mproci_remote_receive(remote->line, deadline, &reply);
		if (rc < 0)
			return rc;
		freeReplyObject(reply);
		--remote->late;
		remote->silent_since = mproci_clock_now();
		if (mproci_deadline_passed(deadline, remote->silent_since))
			return -ETIMEDOUT;
	}
	return 0;
}

/* Also when there always is something to receive, the deadline is the end; but what was begun is sent. */
static int move(mproc_remote *remote, mproc_deadline deadline)
{
	int rc;

	rc = mproci_line_flush(remote->line);
	if (rc == 0 && mproci_deadline_passed(deadline, mproci_clock_now()))
		return -ETIMEDOUT;
	return rc == 0 ? mproci_line_move(remote->line, deadline) : rc;
}

/* Send and receive until all have their replies. */
static int converse(mproc_remote *remote, batch *it, mproc_deadline deadline)
{
	int rc;

	rc = skip_late(remote, deadline);
	while (rc >= 0 && it->answered < it->count) {
		redisReply **reply = &it->questions[it->answered].reply;

		if (*reply != NULL) {
			++it->answered;
			continue;
		}
		rc = append_some(remote, it);
		if (rc == 0)
			rc = mproci_line_next(remote->line, reply);
		if (rc == 0)
			rc = move(remote, deadline);
	}
	return rc < 0 ? rc : 0;
}

/*
 * The deadline has come before the reply.  The connection stays if all was sent, and the server has not been
 * silent for long.
 */
static int give_up(mproc_remote *remote, const batch *it)
{
	char name[40];
	const open_questions open = look_at_open(it);
	const size_t late = remote->late + open.count;
	const bool is_silent = mproci_clock_now() - remote->silent_since > LONGEST_SILENCE;

	if (is_silent || open.are_foreign || late > MOST_LATE || mproci_line_unsent(remote->line) > 0)
		mproci_remote_hang_up(remote);
	else
		remote->late = late;
	return mproci_fail(-ETIMEDOUT,
		"%s: %s: no answer until the deadline; it may or may not be carried out", remote->url.shown,
		mproci_question_name(&it->questions[it->answered], name));
}

/* Returns MAY_BE_REPEATED, or -ECONNRESET. */
static int break_off(mproc_remote *remote, const batch *it)
{
	char name[40];
	const bool are_repeatable = look_at_open(it).are_repeatable;
	const bool was_sent = mproci_line_sent(remote->line) != it->sent_before;

	mproci_remote_hang_up(remote);
	mproci_question_name(&it->questions[it->answered], name);
	if (are_repeatable || !was_sent)
		return mproci_fail(MAY_BE_REPEATED, "%s: %s: the connection broke", remote->url.shown, name);
	return mproci_fail(-ECONNRESET,
		"%s: %s: the connection broke; it may or may not have been carried out", remote->url.shown,
		name);
}

/* Ask over the connection that there is.  Returns 0, MAY_BE_REPEATED, or another negative errno with an error text. */
static int exchange(mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline)
{
	batch it = {.questions = questions, .count = count, .sent_before = mproci_line_sent(remote->line)};
	const int64_t now = mproci_clock_now();
	char name[40];
	int rc;

	if (mproci_deadline_passed(deadline, now))
		return mproci_fail(-ETIMEDOUT, "%s: %s: the deadline had passed before anything was sent",
			remote->url.shown, mproci_question_name(&questions[0], name));
	if (remote->late == 0)
		remote->silent_since = now;
	rc = converse(remote, &it, deadline);
	if (rc == -ETIMEDOUT)
		return give_up(remote, &it);
	if (rc == -ECONNRESET)
		return break_off(remote, &it);
	if (rc < 0) {
		mproci_remote_hang_up(remote);
		return mproci_remote_fail_there(remote, rc);
	}
	return 0;
}

/*
 * Look at one reply.  What one function complained about is mended for all: @is_mended.  Returns 0: it will do; 1: ask again now; -EAGAIN:
 * later; another negative errno with an error text.
 */
static int weigh(mproc_remote *remote, const mproci_question *question, bool may_mend,
	mproc_deadline deadline, bool *is_mended)
{
	char name[40];
	int rc;

	if (question->is_verbatim || question->reply->type != REDIS_REPLY_ERROR)
		return 0;
	if (mproci_refusal_code(question->reply) == -EAGAIN)
		return mproci_remote_refuse_error(mproci_question_name(question, name), question->reply);
	if (!question->is_function || !may_mend)
		return 0;
	rc = *is_mended ? 1 : mproci_functions_mend(remote, question->reply, deadline);
	*is_mended = rc == 1;
	return rc;
}

/*
 * Look at the replies: those that will not do are taken away.  Returns 0: all will do; 1: ask again now; -EAGAIN:
 * later; another negative errno with an error text.
 */
static int settle(mproc_remote *remote, mproci_question *questions, size_t count, bool may_mend,
	mproc_deadline deadline)
{
	bool is_mended = false;
	int verdict = 0;

	for (size_t i = 0; i < count; ++i) {
		int rc = weigh(remote, &questions[i], may_mend, deadline, &is_mended);

		if (rc != 0)
			forget(&questions[i]);
		if (rc < 0 || verdict == 0)
			verdict = rc;
		if (rc < 0 && rc != -EAGAIN)
			break;
	}
	return verdict;
}

/* Returns 0; -EAGAIN: later; MAY_BE_REPEATED; another negative errno. */
static int carry_out(mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline)
{
	int rc = 1;

	for (unsigned mendings = 0; rc == 1; ++mendings) {
		rc = exchange(remote, questions, count, deadline);
		if (rc == 0)
			rc = settle(remote, questions, count, mendings < MOST_MENDINGS, deadline);
	}
	/* It knows the script by its hash now. */
	if (rc == 0 && remote->calling == MPROCI_CALL_SCRIPT)
		remote->calling = MPROCI_CALL_HASH;
	return rc;
}

/* A connection, the one that there is if nobody has hung up. */
static int open_line(mproc_remote *remote, mproc_deadline deadline)
{
	int rc;

	if (remote->line != NULL && remote->late == 0 && mproci_line_is_stale(remote->line))
		mproci_remote_hang_up(remote);
	if (remote->line != NULL)
		return 0;
	remote->calling = MPROCI_CALL_FUNCTION;
	rc = mproci_opening_try(remote, deadline, &remote->line);
	/* Which here would mean that a name has nothing. */
	return rc == -ENOENT ? -ECONNREFUSED : rc;
}

/* With the turn.  @until: as long as an answer is waited for. */
static int ask_until(mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline,
	mproc_deadline until)
{
	int64_t pause = 0;

	for (;;) {
		int rc;

		rc = open_line(remote, deadline);
		if (rc == 0) {
			rc = carry_out(remote, questions, count, until);
			if (rc != -EAGAIN && rc != MAY_BE_REPEATED)
				return rc;
		} else if (!mproci_opening_is_worth_another(rc)) {
			return rc;
		}
		if (!mproci_opening_pause(&pause, deadline))
			return rc == MAY_BE_REPEATED ? -ECONNRESET : rc;
	}
}

static void forget_all(mproci_question *questions, size_t count)
{
	for (size_t i = 0; i < count; ++i)
		forget(&questions[i]);
}

static int ask(mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline,
	mproc_deadline until)
{
	int rc;

	rc = mproci_remote_enter(remote, deadline);
	if (rc < 0)
		return rc;
	rc = ask_until(remote, questions, count, deadline, until);
	mproci_remote_leave(remote);
	if (rc < 0)
		forget_all(questions, count);
	return rc;
}

int mproci_ask(mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline)
{
	deadline = mproci_remote_until(deadline);
	return ask(remote, questions, count, deadline, deadline);
}

int mproci_ask_and_hear_out(
	mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline)
{
	const int64_t longer = 1000 * MPROCI_NANOSECONDS_PER_MILLISECOND;

	deadline = mproci_remote_until(deadline);
	return ask(
		remote, questions, count, deadline, deadline == MPROC_FOREVER ? deadline : deadline + longer);
}

int mproci_ask_here(mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline)
{
	int rc;

	rc = exchange(remote, questions, count, deadline);
	if (rc < 0)
		forget_all(questions, count);
	return rc;
}
