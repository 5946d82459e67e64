/* SPDX-License-Identifier: MIT */
/*
 * What clients see as a list: a queue.  They put at its end, and get from its beginning.
 *
 * Of an acknowledged queue a client owes what it got until it gets again or says LREM; it is given back when the client is gone.  While clients wait, the loop watches the queue's
 * descriptor, and the key is touched when there may be messages.
 */
#include "channel/queue.h"
#include "manager/arguments.h"
#include "manager/server.h"
#include "manager/session.h"
#include "manager/shown_owing.h"

#include <errno.h>
#include <stdlib.h>

struct mproci_outlook {
	uv_poll_t poll;
	mproci_keyspace *keyspace;
	char *name;
	size_t name_size;
	bool is_watched;
};

static mproc_shown_as as_of(const mproci_shown *shown)
{
	return (mproc_shown_as)shown->what.as;
}

static mproci_outcome count(mproci_call *call, mproci_shown *shown)
{
	ssize_t rc;

	/* Whoever counts after a client was gone counts what it owed. */
	mproci_owing_give_back_late();
	rc = mproci_queue_count_hastily(shown->what.object);
	if (rc < 0)
		return mproci_shown_answer(call, shown, (int)rc, 0);
	mproci_reply_integer(call->reply, rc);
	return MPROCI_DONE;
}

static int put(mproci_shown *shown, mproci_view text)
{
	char room[MPROCI_ITEM_NUMBER];
	mproci_view message;

	mproci_item_read(as_of(shown), text, room, &message);
	return mproc_queue_put(shown->what.object, message.bytes, message.size, MPROC_NOW);
}

/* Wait for room, unless some are in already, or there was none for long. */
static mproci_outcome answer_full(mproci_call *call, size_t done)
{
	mproci_view name = mproci_shown_name(call);

	if (done == 0 && mproci_shown_park(call) == 0)
		return MPROCI_PARKED;
	mproci_reply_error(
		call->reply, "TRYAGAIN '%.*s' is full: %zu were put", (int)name.size, name.bytes, done);
	return MPROCI_DONE;
}

static mproci_outcome push(mproci_call *call, mproci_shown *shown)
{
	char room[MPROCI_ITEM_NUMBER];
	mproci_view unused;
	size_t done = 0;
	int rc = 0;

	for (size_t i = 2; i < call->count; ++i) {
		if (!mproci_item_read(as_of(shown), call->arguments[i], room, &unused))
			return mproci_shown_refuse_item(call, shown);
	}
	for (; rc == 0 && done + 2 < call->count; done += rc == 0)
		rc = put(shown, call->arguments[done + 2]);
	if (done > 0)
		mproci_shown_touch(call);
	if (rc == -ETIMEDOUT)
		return answer_full(call, done);
	return rc < 0 ? mproci_shown_answer(call, shown, rc, done) : count(call, shown);
}

static bool is_acknowledged(const mproci_shown *shown)
{
	return ((const mproc_queue *)shown->what.object)->is_acknowledged;
}

/* Get one message, which is then this client's; what it got before is done. */
static int take(mproci_call *call, mproci_shown *shown, void **ret_block, size_t *ret_size)
{
	int rc;

	/* What is to be delivered again comes before the others. */
	mproci_owing_give_back_late();
	rc = mproc_queue_peek(shown->what.object, MPROC_NOW, ret_block, ret_size);
	if (rc < 0 || !is_acknowledged(shown))
		return rc;
	rc = mproci_owing_add(shown, call->session, *ret_block, *ret_size);
	if (rc < 0)
		mproci_queue_give_back_until(shown->what.object, *ret_block, MPROC_NOW);
	return rc;
}

static void reply_message(mproci_call *call, mproci_shown *shown, void *block, size_t size)
{
	mproci_item_reply(call->reply, as_of(shown), (mproci_view){block, size});
	if (!is_acknowledged(shown))
		mproc_queue_release(shown->what.object, block);
}

static mproci_outcome pop_one(mproci_call *call, mproci_shown *shown)
{
	void *block;
	size_t size;
	int rc;

	mproci_owing_acknowledge(shown, call->session);
	rc = take(call, shown, &block, &size);
	if (rc < 0 && rc != -ETIMEDOUT)
		return mproci_shown_answer(call, shown, rc, 0);
	if (rc == 0)
		reply_message(call, shown, block, size);
	else
		mproci_reply_null(call->reply);
	return MPROCI_DONE;
}

typedef struct delivery {
	void *block;
	size_t size;
} delivery;

static mproci_outcome pop_many(mproci_call *call, mproci_shown *shown, size_t most)
{
	delivery *messages = malloc((most + 1) * sizeof *messages);
	size_t taken = 0;
	int rc = messages == NULL ? -ENOMEM : 0;

	mproci_owing_acknowledge(shown, call->session);
	while (rc == 0 && taken < most) {
		rc = take(call, shown, &messages[taken].block, &messages[taken].size);
		taken += rc == 0;
	}
	if (taken == 0 && rc < 0 && rc != -ETIMEDOUT) {
		free(messages);
		return mproci_shown_answer(call, shown, rc, 0);
	}
	if (taken == 0)
		mproci_reply_null_array(call->reply);
	else
		mproci_reply_array(call->reply, taken);
	for (size_t i = 0; i < taken; ++i)
		reply_message(call, shown, messages[i].block, messages[i].size);
	free(messages);
	return MPROCI_DONE;
}

static mproci_outcome pop(mproci_call *call, mproci_shown *shown)
{
	ssize_t there = mproci_queue_count_hastily(shown->what.object);
	size_t most;

	if (call->count == 2)
		return pop_one(call, shown);
	if (!mproci_argument_count(call, 2, "value is out of range, must be positive", &most))
		return MPROCI_DONE;
	if (there < 0)
		return mproci_shown_answer(call, shown, (int)there, 0);
	/* In an acknowledged queue there may be more soon, given back: at least one is looked for. */
	if (there == 0)
		there = 1;
	return pop_many(call, shown, most < (size_t)there ? most : (size_t)there);
}

static void free_outlook(uv_handle_t *handle)
{
	mproci_outlook *outlook = handle->data;

	free(outlook->name);
	free(outlook);
}

/* There may be something to get: those who wait try, and the queue is watched again when they find nothing. */
static void tell(uv_poll_t *poll, int status, int events)
{
	mproci_outlook *outlook = poll->data;
	mproci_view name = {outlook->name, outlook->name_size};
	mproci_binding *binding = mproci_keyspace_find(outlook->keyspace, name);

	(void)status;
	(void)events;
	uv_poll_stop(poll);
	outlook->is_watched = false;
	if (binding != NULL)
		mproci_keyspace_touch(outlook->keyspace, name, binding);
}

static mproci_outlook *make_outlook(mproci_call *call, int descriptor)
{
	mproci_view name = mproci_shown_name(call);
	mproci_outlook *self = calloc(1, sizeof *self);
	char *copy = malloc(name.size + 1);

	if (self == NULL || copy == NULL
		|| uv_poll_init(mproci_server_loop(call->server), &self->poll, descriptor) != 0) {
		free(copy);
		free(self);
		return NULL;
	}
	self->keyspace = call->keyspace;
	self->name = memcpy(copy, name.bytes, name.size);
	self->name_size = name.size;
	self->poll.data = self;
	return self;
}

/* Returns whether the key will be touched when there is something to get. */
static bool watch(mproci_call *call, mproci_shown *shown)
{
	int descriptor;

	if (shown->outlook == NULL) {
		descriptor = mproc_queue_fd(shown->what.object);
		if (descriptor >= 0)
			shown->outlook = make_outlook(call, descriptor);
	}
	if (shown->outlook == NULL)
		return false;
	if (!shown->outlook->is_watched)
		shown->outlook->is_watched = uv_poll_start(&shown->outlook->poll, UV_READABLE, tell) == 0;
	return shown->outlook->is_watched;
}

/* BLPOP of one queue. */
static mproci_outcome pop_patiently(mproci_call *call, mproci_shown *shown)
{
	mproci_view name = mproci_shown_name(call);
	int64_t until;
	size_t size;
	void *block;
	int rc;

	if (!mproci_argument_until(call, 2, &until))
		return MPROCI_DONE;
	if (mproci_shown_is_busy(call, shown))
		return mproci_shown_wait_until(call, NULL, 0, until);
	mproci_owing_acknowledge(shown, call->session);
	rc = take(call, shown, &block, &size);
	if (rc == -EAGAIN) {
		mproci_shown_note_busy(call, shown);
		return mproci_shown_wait_until(call, NULL, 0, until);
	}
	if (rc == -ETIMEDOUT)
		return mproci_shown_wait_until(call, &name, !call->is_hasty && watch(call, shown), until);
	if (rc < 0)
		return mproci_shown_answer(call, shown, rc, 0);
	mproci_reply_array(call->reply, 2);
	mproci_reply_bulk(call->reply, name);
	reply_message(call, shown, block, size);
	return MPROCI_DONE;
}

/* LREM name count message: it is done.  Returns how many such the client has owed. */
static mproci_outcome remove_owed(mproci_call *call, mproci_shown *shown)
{
	char room[MPROCI_ITEM_NUMBER];
	mproci_view message;
	size_t most;

	if (!mproci_argument_count(call, 2, "value is out of range, must be positive", &most))
		return MPROCI_DONE;
	if (!mproci_item_read(as_of(shown), call->arguments[3], room, &message))
		return mproci_shown_refuse_item(call, shown);
	mproci_reply_integer(
		call->reply, (int64_t)mproci_owing_acknowledge_some(shown, call->session, message, most));
	return MPROCI_DONE;
}

void mproci_shown_end_queue(mproci_shown *shown)
{
	mproci_owing_end(shown);
	if (shown->outlook != NULL && !uv_is_closing((uv_handle_t *)&shown->outlook->poll))
		uv_close((uv_handle_t *)&shown->outlook->poll, free_outlook);
	shown->outlook = NULL;
}

const mproci_shown_command mproci_shown_queue_commands[] = {
	{"RPUSH", push, 3, SIZE_MAX, false},
	{"LPOP", pop, 2, 3, false},
	{"BLPOP", pop_patiently, 3, 3, true},
	{"LREM", remove_owed, 4, 4, false},
	{"LLEN", count, 2, 2, true},
	{.name = NULL},
};
