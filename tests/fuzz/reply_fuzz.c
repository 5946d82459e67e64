/* SPDX-License-Identifier: MIT */
/*
 * What a server sends to a client: over a socket, in parts whose sizes are in the input.
 */
#include "base/error.h"
#include "fuzz.h"
#include "remote/durability.h"
#include "remote/line.h"
#include "remote/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LARGEST_REPLY = 20000,
	/* Replies of which one looks at several together. */
	KEPT = MPROCI_DURABILITY_REQUESTS,
};

static char path[64];
static int listening = -1;
static mproci_dial_address place;

static void remove_path(void)
{
	unlink(path);
}

static void listen_once(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (listening >= 0)
		return;
	snprintf(path, sizeof path, "/tmp/mproc-reply-fuzz-%d", (int)getpid());
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(bind(listening, (struct sockaddr *)&address, sizeof address) == 0);
	require(atexit(remove_path) == 0);
	require(listen(listening, 1) == 0);
	mproci_dial_path(path, &place);
}

/* What one reply takes, without recursion: the elements of the elements are looked at in their turn. */
static size_t measure(const redisReply *root)
{
	const redisReply *waiting[LARGEST_REPLY / 64 + 1];
	size_t count = 1, size = 0;

	waiting[0] = root;
	for (size_t i = 0; i < count; ++i) {
		size += 64 + waiting[i]->len;
		require(size <= LARGEST_REPLY);
		require(waiting[i]->type >= REDIS_REPLY_STRING && waiting[i]->type <= REDIS_REPLY_ERROR);
		require(waiting[i]->str == NULL || strlen(waiting[i]->str) <= waiting[i]->len);
		for (size_t k = 0; k < waiting[i]->elements; ++k) {
			require(count < sizeof waiting / sizeof *waiting);
			waiting[count++] = waiting[i]->element[k];
		}
	}
	return size;
}

static void look_at(redisReply *const replies[KEPT])
{
	mproci_durability durability;
	char value[8];

	mproci_durability_judge(replies, &durability);
	require(durability.level <= MPROC_REMOTE_SYNC);
	if (replies[MPROCI_DURABILITY_INFO]->str != NULL)
		mproci_info_find(replies[MPROCI_DURABILITY_INFO]->str, "role", value, sizeof value);
}

/* Take what has come.  Returns 0, or why it is no good. */
static int take_replies(mproci_line *line, redisReply *kept[KEPT], size_t *count)
{
	redisReply *reply;
	int rc;

	while ((rc = mproci_line_next(line, &reply)) == 1) {
		require(measure(reply) <= LARGEST_REPLY);
		require(mproci_refusal_code(reply) <= 0);
		freeReplyObject(kept[*count % KEPT]);
		kept[(*count)++ % KEPT] = reply;
		if (*count % KEPT == 0)
			look_at(kept);
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input from = {.data = data, .size = size};
	redisReply *kept[KEPT] = {NULL};
	size_t count = 0;
	mproci_line *line;
	int other, rc = 0;

	listen_once();
	require(mproci_line_open(&place, NULL, LARGEST_REPLY, &line) == 0);
	other = accept(listening, NULL, NULL);
	require(other >= 0);
	while (from.size > 0 && rc == 0) {
		const uint8_t *bytes;
		const size_t part = take_bytes(&from, 1 + 16 * (size_t)take_byte(&from), &bytes);

		if (part == 0)
			break;
		require(send(other, bytes, part, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)part);
		rc = mproci_line_move(line, MPROC_NOW);
		require(rc == 0 || rc == -EMSGSIZE || rc == -EPROTO);
		if (rc == 0)
			rc = take_replies(line, kept, &count);
		require(rc == 0 || rc == -EMSGSIZE || rc == -EPROTO);
	}
	close(other);
	mproci_line_close(line);
	for (size_t i = 0; i < KEPT; ++i)
		freeReplyObject(kept[i]);
	return 0;
}
