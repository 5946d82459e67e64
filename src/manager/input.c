/* SPDX-License-Identifier: MIT */
/*
 * Most requests are whole when they are received: they are carried out where they lie, in a buffer that all sessions share, and no session needs memory for them.  The
 * beginning of one that is not whole is kept by its session, and goes back before what is received next; only when that is long, more is received behind
 * it where it is kept.
 */
#include "manager/serving.h"

#include <errno.h>
#include <stdlib.h>

static bool resize(mproci_session *session, size_t capacity)
{
	char *input = realloc(session->input, capacity);

	if (input == NULL)
		return false;
	session->input = input;
	session->input_capacity = capacity;
	return true;
}

/* As large as the request is going to be, but never more than twice as large as it is. */
static bool grow(mproci_session *session)
{
	size_t size = session->input_size, needs = mproci_parser_needs(&session->parser);
	size_t most = 2 * size + MPROCI_READ_SIZE, capacity;

	if (session->input_capacity >= size + MPROCI_READ_SIZE / 2)
		return true;
	capacity = needs + MPROCI_READ_SIZE < most ? needs + MPROCI_READ_SIZE : most;
	if (capacity < size + MPROCI_READ_SIZE)
		capacity = size + MPROCI_READ_SIZE;
	return resize(session, capacity);
}

char *mproci_input_begin(mproci_session *session, size_t *ret_room)
{
	size_t size = session->input_size;
	char *shared = session->server->buffer;

	/* A parked request stays where it is. */
	if (size <= MPROCI_READ_AGAIN && !session->is_parked) {
		if (size > 0)
			memcpy(shared, session->input, size);
		*ret_room = MPROCI_READ_SIZE;
		return shared + size;
	}
	if (!grow(session))
		return NULL;
	*ret_room = session->input_capacity - size;
	return session->input + size;
}

/* What a large request has needed goes with it. */
static void shrink(mproci_session *session)
{
	if (session->input_size > 0
		&& session->input_capacity > 2 * (session->input_size + MPROCI_READ_SIZE)) {
		resize(session, session->input_size);
		return;
	}
	if (session->input_size > 0 || session->input_capacity <= MPROCI_READ_AGAIN)
		return;
	free(session->input);
	session->input = NULL;
	session->input_capacity = 0;
}

int mproci_input_keep(mproci_session *session, const char *bytes, size_t size)
{
	/* What lies in its own memory fits there. */
	if (session->input_capacity < size && !resize(session, size))
		return -ENOMEM;
	if (size > 0)
		memmove(session->input, bytes, size);
	session->input_size = size;
	shrink(session);
	return 0;
}
