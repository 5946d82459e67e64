/* SPDX-License-Identifier: MIT */
/*
 * Any command, and its reply for everybody: one block, in which the elements of an array lie one behind the other,
 * and whose texts stay in the replies it was made of.
 */
#include "base/error.h"
#include "remote/asking.h"
#include "remote/refusal.h"
#include "remote/remote.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const size_t MOST_ARGUMENTS = 1048576;

/* What is behind a reply that somebody else has. */
typedef struct bundle {
	redisReply **roots;
	size_t root_count;
	mproc_remote_reply replies[];
} bundle;

/* Replies in the order of the bundle: the roots, then the elements of the first array, and so on. */
typedef struct order {
	redisReply **replies;
	size_t count, room;
} order;

/* Returns whether there is memory. */
static bool append(order *to, redisReply *const *replies, size_t count)
{
	const size_t needed = to->count + count;
	redisReply **larger;

	if (needed > to->room) {
		to->room = needed < 2 * to->room ? 2 * to->room : needed;
		larger = realloc(to->replies, to->room * sizeof(redisReply *));
		if (larger == NULL)
			return false;
		to->replies = larger;
	}
	if (count > 0)
		memcpy(to->replies + to->count, replies, count * sizeof(redisReply *));
	to->count = needed;
	return true;
}

static bool put_in_order(redisReply *const *roots, size_t count, order *ret_order)
{
	bool fits = append(ret_order, roots, count);

	for (size_t i = 0; fits && i < ret_order->count; ++i) {
		if (ret_order->replies[i]->type == REDIS_REPLY_ARRAY)
			fits = append(
				ret_order, ret_order->replies[i]->element, ret_order->replies[i]->elements);
	}
	return fits;
}

static mproc_remote_reply_kind kind_of(const redisReply *reply)
{
	static const mproc_remote_reply_kind kinds[] = {
		[REDIS_REPLY_STRING] = MPROC_REMOTE_BYTES,
		[REDIS_REPLY_ARRAY] = MPROC_REMOTE_ARRAY,
		[REDIS_REPLY_INTEGER] = MPROC_REMOTE_INTEGER,
		[REDIS_REPLY_NIL] = MPROC_REMOTE_NOTHING,
		[REDIS_REPLY_STATUS] = MPROC_REMOTE_STATUS,
		[REDIS_REPLY_ERROR] = MPROC_REMOTE_ERROR,
	};

	return kinds[reply->type];
}

/* Elements of arrays come in the order in which put_in_order has found them. */
static void convert(const order *from, size_t root_count, mproc_remote_reply *replies)
{
	size_t next = root_count;

	for (size_t i = 0; i < from->count; ++i) {
		const redisReply *one = from->replies[i];

		replies[i] = (mproc_remote_reply){
			.kind = kind_of(one), .integer = one->integer, .text = one->str, .size = one->len};
		if (replies[i].kind != MPROC_REMOTE_ARRAY)
			continue;
		replies[i].elements = &replies[next];
		replies[i].count = one->elements;
		next += one->elements;
	}
}

/* Make one of replies, which it keeps.  Returns 0 or -ENOMEM with an error text; then they are freed. */
static int bundle_up(redisReply **roots, size_t count, mproc_remote_reply **ret_reply)
{
	order all = {.replies = NULL};
	bundle *it = NULL;

	if (put_in_order(roots, count, &all))
		it = malloc(sizeof *it + all.count * sizeof *it->replies);
	if (it != NULL) {
		convert(&all, count, it->replies);
		it->roots = roots;
		it->root_count = count;
		*ret_reply = it->replies;
	}
	free(all.replies);
	if (it != NULL)
		return 0;
	for (size_t i = 0; i < count; ++i)
		freeReplyObject(roots[i]);
	free(roots);
	return mproci_fail(-ENOMEM, "no memory for the reply; the command was carried out");
}

mproc_remote_reply *mproc_remote_reply_free(mproc_remote_reply *reply)
{
	bundle *it;

	if (reply == NULL)
		return NULL;
	it = (bundle *)(void *)((char *)reply - offsetof(bundle, replies));
	for (size_t i = 0; i < it->root_count; ++i)
		freeReplyObject(it->roots[i]);
	free(it->roots);
	free(it);
	return NULL;
}

/* Argument @i, whose size may be all that says where it ends. */
static bool is_word(const mproc_remote_command_line *line, size_t i, const char *word)
{
	const size_t size = strlen(word);

	if (i >= line->count)
		return false;
	if (line->sizes == NULL)
		return strcasecmp(line->arguments[i], word) == 0;
	return line->sizes[i] == size && strncasecmp(line->arguments[i], word, size) == 0;
}

/*
 * Returns the name of a command that would change the connection that all share, or its protocol, where a second word is given only with
 * that one; NULL: it is another command.
 */
static const char *find_change(const mproc_remote_command_line *line)
{
	static const char *const words[][2] = {{"SUBSCRIBE"}, {"PSUBSCRIBE"}, {"SSUBSCRIBE"}, {"UNSUBSCRIBE"},
		{"PUNSUBSCRIBE"}, {"SUNSUBSCRIBE"}, {"MONITOR"}, {"SYNC"}, {"PSYNC"}, {"REPLCONF"},
		{"SELECT"}, {"AUTH"}, {"HELLO"}, {"RESET"}, {"QUIT"}, {"CLIENT", "REPLY"}};

	for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
		if (is_word(line, 0, words[i][0]) && (words[i][1] == NULL || is_word(line, 1, words[i][1])))
			return words[i][0];
	}
	return NULL;
}

/* Whether a transaction is begun and not ended: what others ask would become a part of it. */
static bool leaves_transaction(const mproc_remote_command_line *commands, size_t count)
{
	bool is_open = false;

	for (size_t i = 0; i < count; ++i) {
		if (is_word(&commands[i], 0, "MULTI"))
			is_open = true;
		else if (is_word(&commands[i], 0, "EXEC") || is_word(&commands[i], 0, "DISCARD"))
			is_open = false;
	}
	return is_open;
}

static int check_command(const mproc_remote_command_line *line)
{
	const char *change;

	if (line->count == 0 || line->count > MOST_ARGUMENTS)
		return mproci_fail(-EINVAL, "a command of %zu arguments: 1 to %zu are possible", line->count,
			MOST_ARGUMENTS);
	if (line->arguments == NULL)
		return mproci_fail(-EINVAL, "arguments is NULL");
	for (size_t i = 0; i < line->count; ++i) {
		if (line->arguments[i] == NULL)
			return mproci_fail(-EINVAL, "argument %zu is NULL", i);
	}
	change = find_change(line);
	if (change != NULL)
		return mproci_fail(-EINVAL,
			"%s would change the connection for everybody who uses it: user, password and "
			"database are "
			"said when it is opened, and for subscribing there is mproc/remote_subscription.h",
			change);
	return 0;
}

static int prepare(const mproc_remote_command_line *commands, size_t count, mproci_question *ret_questions)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; ++i) {
		rc = check_command(&commands[i]);
		ret_questions[i] = (mproci_question){
			.command = {.count = commands[i].count,
				.arguments = commands[i].arguments,
				.sizes = commands[i].sizes},
			.is_verbatim = true,
			.is_foreign = true,
		};
	}
	if (rc == 0 && leaves_transaction(commands, count))
		rc = mproci_fail(
			-EINVAL, "MULTI without EXEC would change the connection for everybody who uses it");
	return rc;
}

/* Give their replies to who asked, or free them.  Returns 0, MPROC_ITEMS_FAILED, -ENOMEM with an error text. */
static int hand_over(mproci_question *questions, size_t count, mproc_remote_reply **ret_replies)
{
	redisReply **roots = malloc(count * sizeof(redisReply *));
	mproc_remote_reply *replies = NULL;
	int rc = 0;

	for (size_t i = 0; i < count; ++i) {
		char name[40];
		redisReply *reply = questions[i].reply;

		if (reply->type == REDIS_REPLY_ERROR && rc == 0) {
			mproci_remote_refuse_error(mproci_question_name(&questions[i], name), reply);
			rc = MPROC_ITEMS_FAILED;
		}
		if (roots != NULL)
			roots[i] = reply;
		else
			freeReplyObject(reply);
	}
	if (roots == NULL)
		return mproci_fail(-ENOMEM, "no memory for the replies; the commands were carried out");
	if (bundle_up(roots, count, &replies) < 0)
		return -ENOMEM;
	if (ret_replies != NULL)
		*ret_replies = replies;
	else
		mproc_remote_reply_free(replies);
	return rc;
}

int mproc_remote_commands(mproc_remote *remote, const mproc_remote_command_line *commands, size_t count,
	mproc_deadline deadline, mproc_remote_reply **ret_replies)
{
	mproci_question *questions;
	int rc;

	rc = mproci_remote_check(remote, "-");
	if (rc < 0)
		return rc;
	if (commands == NULL || count == 0)
		return mproci_fail(-EINVAL, "there are no commands");
	questions = calloc(count, sizeof *questions);
	if (questions == NULL)
		return mproci_fail(-ENOMEM, "no memory for %zu commands", count);
	rc = prepare(commands, count, questions);
	if (rc == 0)
		rc = mproci_ask(remote, questions, count, deadline);
	if (rc == 0)
		rc = hand_over(questions, count, ret_replies);
	free(questions);
	return rc;
}

int mproc_remote_command(mproc_remote *remote, size_t count, const char *const *arguments,
	const size_t *sizes, mproc_deadline deadline, mproc_remote_reply **ret_reply)
{
	const mproc_remote_command_line line = {.count = count, .arguments = arguments, .sizes = sizes};
	mproci_question question;
	char name[40];
	int rc;

	rc = mproci_remote_check(remote, "-");
	if (rc == 0)
		rc = prepare(&line, 1, &question);
	if (rc < 0)
		return rc;
	question.is_verbatim = false;
	rc = mproci_ask(remote, &question, 1, deadline);
	if (rc < 0)
		return rc;
	rc = mproci_remote_refuse_error(mproci_question_name(&question, name), question.reply);
	if (rc == 0)
		return hand_over(&question, 1, ret_reply);
	freeReplyObject(question.reply);
	return rc;
}
