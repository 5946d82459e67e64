/* SPDX-License-Identifier: MIT */
/*
 * A connection is a descriptor with a sending and a receiving side.  All connections of this process are in a
 * list, so that a forked child can begin with sides that nobody uses.
 */
#include "channel/connection.h"

#include "base/error.h"
#include "base/options.h"
#include "channel/frame.h"
#include "channel/incoming.h"
#include "channel/outgoing.h"
#include "sys/child.h"
#include "sys/descriptor.h"
#include "sys/socket.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static_assert((int)MPROC_CONNECTION_SHORT_MESSAGE == (int)MPROCI_FRAME_PART, "one packet");
static_assert(
	(int)MPROC_CONNECTION_DESCRIPTORS == (int)MPROCI_FRAME_DESCRIPTORS, "as many as go with one packet");
static_assert(
	(int)MPROCI_FRAME_DESCRIPTORS == (int)MPROCI_SOCKET_DESCRIPTORS, "as many as go with one packet");

static const uint64_t LARGEST_MESSAGE = UINT64_C(1) << 40;

struct mproc_connection {
	int descriptor;
	mproci_direction direction;
	mproci_outgoing outgoing;
	mproci_incoming incoming;
	mproc_connection *next, *previous;
};

/* Protects the list. */
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;
static mproc_connection *connections;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

static void hold(void)
{
	pthread_mutex_lock(&listing);
}

static void let_go(void)
{
	pthread_mutex_unlock(&listing);
}

/* In a forked child. */
static void disown(void)
{
	for (mproc_connection *each = connections; each != NULL; each = each->next) {
		mproci_outgoing_disown(&each->outgoing);
		mproci_incoming_disown(&each->incoming);
	}
	let_go();
}

static void register_handlers(void)
{
	handlers_rc = mproci_process_at_fork(hold, let_go, disown);
}

static void enlist(mproc_connection *connection)
{
	hold();
	connection->next = connections;
	if (connections != NULL)
		connections->previous = connection;
	connections = connection;
	let_go();
}

static void delist(mproc_connection *connection)
{
	hold();
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		connections = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	let_go();
}

int mproci_connection_check_max_message(size_t max_message)
{
	if (max_message > LARGEST_MESSAGE)
		return mproci_fail(-EINVAL, "max_message %zu: up to %llu are possible", max_message,
			(unsigned long long)LARGEST_MESSAGE);
	return 0;
}

static int make_sides(mproc_connection *connection, const mproci_socket_kind *kind, size_t max_message)
{
	int rc;

	rc = mproci_outgoing_init(&connection->outgoing, connection->descriptor, kind, max_message);
	if (rc < 0)
		return rc;
	rc = mproci_incoming_init(&connection->incoming, connection->descriptor, kind, max_message);
	if (rc < 0)
		mproci_outgoing_destroy(&connection->outgoing);
	return rc;
}

int mproci_connection_create(
	int descriptor, size_t max_message, mproci_direction direction, mproc_connection **ret_connection)
{
	mproc_connection *connection;
	mproci_socket_kind kind;
	int rc;

	if (max_message == 0)
		max_message = MPROC_CONNECTION_DEFAULT_MAX_MESSAGE;
	rc = mproci_socket_examine(descriptor, &kind);
	if (rc < 0)
		return rc;
	pthread_once(&handlers_once, register_handlers);
	connection = handlers_rc < 0 ? NULL : calloc(1, sizeof *connection);
	if (connection != NULL) {
		connection->descriptor = descriptor;
		connection->direction = direction;
		rc = make_sides(connection, &kind, max_message);
	}
	if (connection == NULL || rc < 0) {
		free(connection);
		return mproci_fail(-ENOMEM, "no memory for a connection");
	}
	mproci_socket_prepare(descriptor, &kind);
	enlist(connection);
	*ret_connection = connection;
	return 0;
}

int mproc_connection_open(
	int descriptor, const mproc_connection_options *options, mproc_connection **ret_connection)
{
	static const mproc_connection_options defaults;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_connection == NULL)
		return mproci_fail(-EINVAL, "ret_connection is NULL");
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc == 0)
		rc = mproci_connection_check_max_message(options->max_message);
	if (rc < 0)
		return rc;
	return mproci_connection_create(descriptor, options->max_message, MPROCI_BOTH_WAYS, ret_connection);
}

/* Whether a connection can do what is asked of it. */
static int check(const mproc_connection *connection, mproci_direction other)
{
	if (connection == NULL)
		return mproci_fail(-EINVAL, "connection is NULL");
	if (connection->direction == other)
		return mproci_fail(-EBADF, "connection %d: this end of a one-way pipe only %s",
			connection->descriptor, other == MPROCI_SENDS ? "sends" : "receives");
	return 0;
}

/* Whether there is memory for @count of what @name says. */
static int check_memory(const void *memory, size_t count, const char *name)
{
	if (memory == NULL && count > 0)
		return mproci_fail(-EINVAL, "%s is NULL, but there are to be %zu", name, count);
	return 0;
}

int mproc_connection_send(
	mproc_connection *connection, const void *data, size_t size, mproc_deadline deadline)
{
	return mproc_connection_send_descriptors(connection, data, size, NULL, 0, deadline);
}

int mproc_connection_send_descriptors(mproc_connection *connection, const void *data, size_t size,
	const int *descriptors, size_t count, mproc_deadline deadline)
{
	const mproci_message message = {
		/* Something to count from. */
		.data = data == NULL ? (const unsigned char *)"" : data,
		.size = size,
		.descriptors = descriptors,
		.count = count,
	};
	int rc;

	rc = check(connection, MPROCI_RECEIVES);
	if (rc == 0)
		rc = check_memory(data, size, "data");
	if (rc == 0)
		rc = check_memory(descriptors, count, "descriptors");
	if (rc == 0)
		rc = mproci_outgoing_send(&connection->outgoing, &message, deadline);
	return rc;
}

int mproc_connection_recv(
	mproc_connection *connection, void *buffer, size_t size, mproc_deadline deadline, size_t *ret_size)
{
	const mproci_target target = {.data = buffer, .room = size};
	int rc;

	rc = check(connection, MPROCI_SENDS);
	if (rc == 0)
		rc = check_memory(buffer, size, "buffer");
	if (rc == 0)
		rc = mproci_incoming_receive(&connection->incoming, &target, deadline, ret_size, NULL);
	return rc;
}

int mproc_connection_recv_descriptors(mproc_connection *connection, void *buffer, size_t size,
	int *descriptors, size_t room, mproc_deadline deadline, size_t *ret_size, size_t *ret_count)
{
	const mproci_target target = {
		.data = buffer,
		.room = size,
		.descriptors = descriptors,
		.descriptor_room = room,
	};
	int rc;

	rc = check(connection, MPROCI_SENDS);
	if (rc == 0)
		rc = check_memory(buffer, size, "buffer");
	if (rc == 0)
		rc = check_memory(descriptors, room, "descriptors");
	if (rc == 0)
		rc = check_memory(ret_count, 1, "ret_count");
	if (rc == 0)
		rc = mproci_incoming_receive(&connection->incoming, &target, deadline, ret_size, ret_count);
	return rc;
}

int mproc_connection_recv_alloc(
	mproc_connection *connection, mproc_deadline deadline, void **ret_data, size_t *ret_size)
{
	int rc;

	rc = check(connection, MPROCI_SENDS);
	if (rc < 0)
		return rc;
	if (ret_data == NULL || ret_size == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", ret_data == NULL ? "ret_data" : "ret_size");
	return mproci_incoming_receive_new(&connection->incoming, deadline, ret_data, ret_size);
}

int mproc_connection_next_size(mproc_connection *connection, mproc_deadline deadline, size_t *ret_size)
{
	int rc;

	rc = check(connection, MPROCI_SENDS);
	if (rc < 0)
		return rc;
	if (ret_size == NULL)
		return mproci_fail(-EINVAL, "ret_size is NULL");
	return mproci_incoming_look(&connection->incoming, deadline, ret_size);
}

bool mproci_connection_is_ready(const mproc_connection *connection)
{
	return atomic_load(&connection->incoming.is_ready);
}

int mproc_connection_poll(mproc_connection *connection, mproc_deadline deadline)
{
	int rc;

	rc = check(connection, MPROCI_SENDS);
	if (rc < 0)
		return rc;
	if (mproci_connection_is_ready(connection))
		return 1;
	rc = mproci_poll_one(connection->descriptor, deadline);
	if (rc == -ETIMEDOUT)
		return 0;
	if (rc < 0)
		return mproci_fail(
			rc, "connection %d: cannot wait: %s", connection->descriptor, strerror(-rc));
	return 1;
}

int mproc_connection_fd(const mproc_connection *connection)
{
	if (connection == NULL)
		return mproci_fail(-EINVAL, "connection is NULL");
	return connection->descriptor;
}

mproc_connection *mproc_connection_close(mproc_connection *connection)
{
	if (connection == NULL)
		return NULL;
	delist(connection);
	mproci_close(connection->descriptor);
	mproci_outgoing_destroy(&connection->outgoing);
	mproci_incoming_destroy(&connection->incoming);
	free(connection);
	return NULL;
}
