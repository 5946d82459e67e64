/* SPDX-License-Identifier: MIT */
#include "remote/opening.h"

#include "base/deadline.h"
#include "base/error.h"
#include "remote/durability.h"
#include "remote/remote.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/result.h>
#include <string.h>

enum {
	/* Of one host. */
	MOST_ADDRESSES = 8,
	/* One address that does not answer must not take the time of all. */
	SECONDS_FOR_AN_ADDRESS = 5,
	MOST_WORDS = 4,
	/* At the clock: a megabyte, or less. */
	MOVES_BEFORE_A_LOOK = 64,
};

static const int64_t FIRST_PAUSE = MPROCI_NANOSECONDS_PER_MILLISECOND;
static const int64_t LONGEST_PAUSE = 1000 * MPROCI_NANOSECONDS_PER_MILLISECOND;

/* What is said first. */
typedef struct words {
	mproci_request requests[MOST_WORDS];
	size_t count;
} words;

static mproci_request *next_word(words *said, const char *command)
{
	mproci_request *request = &said->requests[said->count++];

	mproci_request_begin(request, command, true);
	return request;
}

/* What logs in. */
static void prepare_words(const mproc_remote *remote, words *ret_words)
{
	mproci_request *request;

	ret_words->count = 0;
	if (remote->url.password[0] != '\0' || remote->url.user[0] != '\0') {
		request = next_word(ret_words, "AUTH");
		if (remote->url.user[0] != '\0')
			mproci_request_add_text(request, remote->url.user);
		mproci_request_add_text(request, remote->url.password);
	}
	if (remote->url.database != 0) {
		request = next_word(ret_words, "SELECT");
		mproci_request_add_integer(request, remote->url.database);
	}
	if (remote->client_name != NULL) {
		request = next_word(ret_words, "CLIENT");
		mproci_request_add_text(request, "SETNAME");
		mproci_request_add_text(request, remote->client_name);
	}
}

static int append_words(mproci_line *line, const words *said)
{
	int rc = 0;

	for (size_t i = 0; i < said->count && rc == 0; ++i) {
		const mproci_request *request = &said->requests[i];
		const mproci_command_bytes bytes = {
			.count = request->count, .arguments = request->arguments, .sizes = request->sizes};

		rc = mproci_line_append(line, &bytes);
	}
	return rc;
}

/* A user who may do little may not even ask whether anybody is there, and is told so: somebody is. */
static bool is_an_answer(const mproci_request *request, const redisReply *reply)
{
	return strcmp(request->arguments[0], "PING") == 0 && reply->type == REDIS_REPLY_ERROR
	       && strncmp(reply->str, "NOPERM", 6) == 0;
}

static int hear_answers(mproci_line *line, const words *said, mproc_deadline deadline)
{
	for (size_t i = 0; i < said->count; ++i) {
		redisReply *reply;
		int rc;

		rc = mproci_remote_receive(line, deadline, &reply);
		if (rc == -ETIMEDOUT)
			return mproci_fail(rc, "somebody is there, but has not answered until the deadline");
		if (rc == -ECONNRESET)
			return mproci_fail(rc, "the connection was closed before there was an answer");
		if (rc < 0)
			return rc;
		if (!is_an_answer(&said->requests[i], reply))
			rc = mproci_remote_refuse_error(said->requests[i].arguments[0], reply);
		freeReplyObject(reply);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Ask about its durability, and hear all of the answers.  Returns 0, or a negative errno with an error text. */
static int inquire(
	mproci_line *line, mproc_deadline deadline, redisReply *ret_replies[MPROCI_DURABILITY_REQUESTS])
{
	mproci_request requests[MPROCI_DURABILITY_REQUESTS];
	int rc = 0;

	mproci_durability_prepare(requests);
	for (size_t i = 0; i < MPROCI_DURABILITY_REQUESTS && rc == 0; ++i)
		rc = mproci_remote_send(line, &requests[i], deadline);
	for (size_t i = 0; i < MPROCI_DURABILITY_REQUESTS && rc == 0; ++i)
		rc = mproci_remote_receive(line, deadline, &ret_replies[i]);
	if (rc == -ETIMEDOUT)
		return mproci_fail(rc, "it has not told its settings until the deadline");
	return rc == -ECONNRESET ? mproci_fail(rc, "the connection was closed before it told its settings")
				 : rc;
}

static int check_promises(const mproc_remote *remote, mproci_line *line, mproc_deadline deadline)
{
	redisReply *replies[MPROCI_DURABILITY_REQUESTS] = {NULL};
	mproci_durability durability;
	int rc;

	if (remote->durability == MPROC_REMOTE_MEMORY)
		return 0;
	rc = inquire(line, deadline, replies);
	if (rc == 0)
		mproci_durability_judge(replies, &durability);
	for (size_t i = 0; i < MPROCI_DURABILITY_REQUESTS; ++i)
		freeReplyObject(replies[i]);
	return rc == 0 ? mproci_durability_check(&durability, remote->durability) : rc;
}

static int greet(const mproc_remote *remote, mproci_line *line, mproc_deadline deadline)
{
	words said;
	int rc;

	prepare_words(remote, &said);
	/* To which any server has an answer. */
	next_word(&said, "PING");
	rc = append_words(line, &said);
	if (rc == 0)
		rc = hear_answers(line, &said, deadline);
	return rc == 0 ? check_promises(remote, line, deadline) : rc;
}

/* Returns how many addresses the server has; a negative errno with an error text. */
static int find(const mproc_remote *remote, mproci_dial_address *ret_addresses)
{
	if (!remote->url.is_path)
		return mproci_dial_host(remote->url.host, remote->url.port, ret_addresses, MOST_ADDRESSES);
	mproci_dial_path(remote->url.path, ret_addresses);
	return 1;
}

/* Connect to one address, without a word.  Returns 0, or a negative errno with an error text. */
static int reach(const mproc_remote *remote, const mproci_dial_address *address, mproc_deadline deadline,
	mproci_line **ret_line)
{
	mproci_line *line;
	int rc;

	rc = mproci_line_open(address, remote->tls, remote->largest_reply, &line);
	if (rc < 0)
		return rc;
	deadline = mproci_deadline_earlier(
		deadline, mproci_deadline_add(mproci_clock_now(), SECONDS_FOR_AN_ADDRESS));
	rc = mproci_line_finish(line, deadline);
	if (rc < 0)
		mproci_line_close(line);
	else
		*ret_line = line;
	return rc;
}

static int reach_any(const mproc_remote *remote, mproc_deadline deadline, mproci_line **ret_line)
{
	mproci_dial_address addresses[MOST_ADDRESSES];
	int count, rc;

	count = find(remote, addresses);
	if (count <= 0)
		return count < 0 ? count : mproci_fail(-EHOSTUNREACH, "the host has no address");
	for (int i = 0; i < count; ++i) {
		rc = reach(remote, &addresses[i], deadline, ret_line);
		if (rc == 0)
			break;
	}
	return rc;
}

int mproci_opening_try(const mproc_remote *remote, mproc_deadline deadline, mproci_line **ret_line)
{
	mproci_line *line = NULL;
	int rc;

	rc = reach_any(remote, deadline, &line);
	if (rc == 0)
		rc = greet(remote, line, deadline);
	if (rc == 0) {
		*ret_line = line;
		return 0;
	}
	mproci_line_close(line);
	return mproci_remote_fail_there(remote, rc);
}

bool mproci_opening_is_worth_another(int rc)
{
	static const int codes[] = {EAGAIN, ECONNREFUSED, ECONNRESET, ECONNABORTED, ENOENT, EPIPE, ETIMEDOUT,
		ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; ++i) {
		if (codes[i] == -rc)
			return true;
	}
	return false;
}

/*
 * Not all clients of a server that was restarted are to come back at the same moment: from half of the pause to
 * all of it.
 */
bool mproci_opening_pause(int64_t *pause, mproc_deadline deadline)
{
	int64_t now = mproci_clock_now();

	if (mproci_deadline_passed(deadline, now))
		return false;
	*pause = *pause == 0 ? FIRST_PAUSE : 2 * *pause;
	if (*pause > LONGEST_PAUSE)
		*pause = LONGEST_PAUSE;
	now += *pause / 2 + now % (*pause / 2);
	mproci_poll(NULL, 0, mproci_deadline_earlier(deadline, now));
	return !mproci_deadline_passed(deadline, mproci_clock_now());
}

/* Again and again, until there is a connection or the deadline. */
int mproci_remote_open_another(mproc_remote *remote, mproc_deadline deadline, mproci_line **ret_line)
{
	int64_t pause = 0;
	int rc;

	deadline = mproci_remote_until(deadline);
	do
		rc = mproci_opening_try(remote, deadline, ret_line);
	while (mproci_opening_is_worth_another(rc) && mproci_opening_pause(&pause, deadline));
	return rc;
}

/* Returns 0 or a negative errno with an error text. */
static int choose(const mproc_remote *remote, unsigned attempt, const mproci_dial_address *known,
	mproci_dial_address *ret_address)
{
	mproci_dial_address addresses[MOST_ADDRESSES];
	int count;

	if (known != NULL) {
		*ret_address = *known;
		return 0;
	}
	count = find(remote, addresses);
	if (count <= 0)
		return count < 0 ? count : mproci_fail(-EHOSTUNREACH, "the host has no address");
	*ret_address = addresses[attempt % (unsigned)count];
	return 0;
}

int mproci_remote_begin_another(mproc_remote *remote, const mproci_dial_address *known, unsigned attempt,
	mproci_line **ret_line, size_t *ret_replies)
{
	mproci_dial_address address;
	mproci_line *line = NULL;
	words said;
	int rc;

	rc = choose(remote, attempt, known, &address);
	if (rc == 0)
		rc = mproci_line_open(&address, remote->tls, remote->largest_reply, &line);
	if (rc < 0)
		return mproci_remote_fail_there(remote, rc);
	prepare_words(remote, &said);
	rc = append_words(line, &said);
	if (rc < 0) {
		mproci_line_close(line);
		return rc;
	}
	*ret_line = line;
	*ret_replies = said.count;
	return 0;
}

/* When there always is something to receive, the deadline is the end too; but with MPROC_NOW what is there is taken. */
static int move(mproci_line *line, mproc_deadline deadline, unsigned moves)
{
	if (moves % MOVES_BEFORE_A_LOOK == 0 && mproci_deadline_passed(deadline, mproci_clock_now()))
		return -ETIMEDOUT;
	return mproci_line_move(line, deadline);
}

int mproci_remote_send(mproci_line *line, const mproci_request *request, mproc_deadline deadline)
{
	const mproci_command_bytes bytes = {
		.count = request->count, .arguments = request->arguments, .sizes = request->sizes};
	int rc;

	rc = mproci_line_append(line, &bytes);
	if (rc == 0)
		rc = mproci_line_flush(line);
	for (unsigned moves = 1; rc == 0 && mproci_line_unsent(line) > 0; ++moves) {
		rc = move(line, deadline, moves);
		if (rc == 0)
			rc = mproci_line_flush(line);
	}
	return rc;
}

int mproci_remote_receive(mproci_line *line, mproc_deadline deadline, redisReply **ret_reply)
{
	for (unsigned moves = 1;; ++moves) {
		int rc;

		rc = mproci_line_next(line, ret_reply);
		if (rc == 0)
			rc = move(line, deadline, moves);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
}
