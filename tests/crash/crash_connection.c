/* SPDX-License-Identifier: MIT */
/*
 * Both ends of a pipe, in all processes: a message is sent whole or nobody sees it; who is killed while he
 * receives has taken one message at most; and the pipe goes on.
 */
#include "crash.h"

#include <errno.h>
#include <mproc/connection.h>
#include <mproc/result.h>
#include <string.h>
#include <unistd.h>

enum {
	SHORT = 100,
	/* In three parts, which a pipe holds. */
	LONG = 150000,
	LARGEST = 200000,
	/* The second message of each test. */
	NEXT = 10,
};

typedef struct story {
	_Atomic crash_stage stage;
	size_t size;
} story;

/* Of this run: the harness's, and copies in all others. */
static mproc_connection *sender, *receiver;

static unsigned char buffer[LARGEST], message[LONG];

static void make_pipe(size_t size, void *shared)
{
	story *all = shared;
	const mproc_pipe_options options = {.one_way = true};

	all->size = size;
	sender = mproc_connection_close(sender);
	receiver = mproc_connection_close(receiver);
	if (mproc_pipe(&options, &receiver, &sender) < 0)
		_exit(1);
	memset(message, (int)size, sizeof message);
}

static void make_pipe_for_short(void *shared)
{
	make_pipe(SHORT, shared);
}

static void make_pipe_for_long(void *shared)
{
	make_pipe(LONG, shared);
}

static void send_both(void *shared)
{
	const story *all = shared;

	mproc_connection_send(sender, message, all->size, MPROC_NOW);
	mproc_connection_send(sender, message, NEXT, MPROC_NOW);
}

static void fill_pipe_with_short(void *shared)
{
	make_pipe(SHORT, shared);
	send_both(shared);
}

static void fill_pipe_with_long(void *shared)
{
	make_pipe(LONG, shared);
	send_both(shared);
}

static void fill_pipe_with_descriptors(void *shared)
{
	int descriptors[2] = {STDOUT_FILENO, STDERR_FILENO};

	make_pipe(SHORT, shared);
	mproc_connection_send_descriptors(sender, message, SHORT, descriptors, 2, MPROC_NOW);
	mproc_connection_send(sender, message, NEXT, MPROC_NOW);
}

/* Whether a message of @size bytes is what comes next; if none does, nothing does. */
static bool comes(const story *all, size_t size)
{
	size_t came = 0;
	int rc = mproc_connection_recv(receiver, buffer, sizeof buffer, MPROC_NOW, &came);

	crash_expect(rc == 0 || rc == -ETIMEDOUT, "%s", mproc_error_text());
	if (rc < 0)
		return false;
	crash_expect(came == all->size || came == NEXT, "a message of %zu bytes came", came);
	crash_expect(memcmp(buffer, message, came) == 0, "the message is another one");
	return came == size;
}

static void expect_to_go_on(const story *all)
{
	int rc = mproc_connection_send(sender, message, NEXT, MPROC_NOW);

	crash_expect(rc == 0, "%s", mproc_error_text());
	crash_expect(comes(all, NEXT), "what was sent after that does not come");
	crash_expect(!comes(all, NEXT), "a message has come twice");
}

static void send_it(void *shared)
{
	story *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_connection_send(sender, message, all->size, MPROC_FOREVER);
	all->stage = CRASH_AFTER;
}

static void send_it_with_descriptors(void *shared)
{
	story *all = shared;
	int descriptors[2] = {STDOUT_FILENO, STDERR_FILENO};

	all->stage = CRASH_INSIDE;
	mproc_connection_send_descriptors(sender, message, all->size, descriptors, 2, MPROC_FOREVER);
	all->stage = CRASH_AFTER;
}

static void check_sent(void *shared)
{
	const story *all = shared;

	crash_expect_outcome(all->stage, comes(all, all->size));
	expect_to_go_on(all);
}

static void check_sent_with_descriptors(void *shared)
{
	const story *all = shared;
	size_t size, count = 0;
	int descriptors[2], rc;

	rc = mproc_connection_recv_descriptors(
		receiver, buffer, sizeof buffer, descriptors, 2, MPROC_NOW, &size, &count);
	crash_expect(rc == -ETIMEDOUT || (rc == 0 && size == all->size && count == 2), "%d: %s", rc,
		mproc_error_text());
	crash_expect_outcome(all->stage, rc == 0);
	expect_to_go_on(all);
}

static void receive_it(void *shared)
{
	story *all = shared;
	size_t size;

	all->stage = CRASH_INSIDE;
	mproc_connection_recv(receiver, buffer, all->size, MPROC_FOREVER, &size);
	all->stage = CRASH_AFTER;
}

/* Into a buffer that is too small, then into new memory. */
static void receive_it_twice(void *shared)
{
	story *all = shared;
	void *data;
	size_t size;

	all->stage = CRASH_INSIDE;
	mproc_connection_recv(receiver, buffer, 1, MPROC_FOREVER, &size);
	mproc_connection_recv_alloc(receiver, MPROC_FOREVER, &data, &size);
	all->stage = CRASH_AFTER;
}

static void receive_it_with_descriptors(void *shared)
{
	story *all = shared;
	size_t size, count;
	int descriptors[2];

	all->stage = CRASH_INSIDE;
	mproc_connection_recv_descriptors(
		receiver, buffer, all->size, descriptors, 2, MPROC_FOREVER, &size, &count);
	all->stage = CRASH_AFTER;
}

/* Who died has received the message, or taken it along, or it is there; the next one is there in any case. */
static void check_received(void *shared)
{
	const story *all = shared;
	size_t size, count = 0;
	int descriptors[2], rc;

	rc = mproc_connection_recv_descriptors(
		receiver, buffer, sizeof buffer, descriptors, 2, MPROC_NOW, &size, &count);
	/* The rest of a long message is skipped, a part a call when there is no time. */
	while (rc == -ETIMEDOUT && mproc_connection_poll(receiver, MPROC_NOW) == 1)
		rc = mproc_connection_recv(receiver, buffer, sizeof buffer, MPROC_NOW, &size);
	crash_expect(rc == 0 && (size == all->size || size == NEXT), "%d: %s", rc, mproc_error_text());
	crash_expect(
		all->stage != CRASH_BEFORE || size == all->size, "the message is gone, and nobody has it");
	crash_expect(all->stage != CRASH_AFTER || size == NEXT, "the message was received, and is there");
	crash_expect(memcmp(buffer, message, size) == 0, "the message is another one");
	if (size == all->size)
		crash_expect(comes(all, NEXT), "the next message is gone");
	expect_to_go_on(all);
}

/* ---- a mistake: in two messages ---- */

static void send_it_by_halves(void *shared)
{
	story *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_connection_send(sender, message, all->size / 2, MPROC_FOREVER);
	mproc_connection_send(sender, message, all->size - all->size / 2, MPROC_FOREVER);
	all->stage = CRASH_AFTER;
}

const crash_operation crash_connection_operations[] = {
	{
		.name = "connection: send",
		.size = sizeof(story),
		.set_up = make_pipe_for_short,
		.operate = send_it,
		.survive = check_sent,
	},
	{
		.name = "connection: send a long message",
		.size = sizeof(story),
		.set_up = make_pipe_for_long,
		.operate = send_it,
		.survive = check_sent,
	},
	{
		.name = "connection: send descriptors",
		.size = sizeof(story),
		.set_up = make_pipe_for_short,
		.operate = send_it_with_descriptors,
		.survive = check_sent_with_descriptors,
	},
	{
		.name = "connection: receive",
		.size = sizeof(story),
		.set_up = fill_pipe_with_short,
		.operate = receive_it,
		.survive = check_received,
	},
	{
		.name = "connection: receive a long message",
		.size = sizeof(story),
		.set_up = fill_pipe_with_long,
		.operate = receive_it,
		.survive = check_received,
		.is_sampled = true,
	},
	{
		.name = "connection: receive a long message at the second attempt",
		.size = sizeof(story),
		.set_up = fill_pipe_with_long,
		.operate = receive_it_twice,
		.survive = check_received,
		.is_sampled = true,
	},
	{
		.name = "connection: receive descriptors",
		.size = sizeof(story),
		.set_up = fill_pipe_with_descriptors,
		.operate = receive_it_with_descriptors,
		.survive = check_received,
	},
	{
		.name = "mistake: a message is sent by halves",
		.size = sizeof(story),
		.set_up = make_pipe_for_long,
		.operate = send_it_by_halves,
		.survive = check_sent,
		.is_mistake = true,
	},
	{.name = NULL},
};
