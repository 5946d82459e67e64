/* SPDX-License-Identifier: MIT */
/*
 * A queue that a manager keeps: each message goes through a socket to the server, and through another one from there, and is
 * acknowledged.
 */
#include "../command.h"
#include "way.h"

#include <mproc-net.h>

/* Seconds that the manager has for an answer. */
static const double PATIENCE = 10;

typedef struct manager_queue {
	mproc_manager *manager;
	mproc_remote *remote;
	mproc_remote_queue *queue;
} manager_queue;

static void close_queue(void *queue)
{
	manager_queue *self = queue;

	if (!self)
		return;
	mproc_remote_queue_close(self->queue);
	mproc_remote_close(self->remote);
	mproc_manager_stop(self->manager);
	free(self);
}

static void *open_queue(const load *planned)
{
	manager_queue *self = calloc(1, sizeof *self);
	int rc = self ? mproc_manager_start(NULL, &self->manager) : -ENOMEM;

	(void)planned;
	if (rc == 0)
		rc = mproc_remote_connect(
			mproc_manager_url(self->manager), NULL, mproc_after(PATIENCE), &self->remote);
	if (rc == 0)
		rc = mproc_remote_queue_open(self->remote, "messages", NULL, &self->queue);
	if (rc == 0)
		return self;
	fail();
	close_queue(self);
	return NULL;
}

static int send_all(void *queue, const load *planned, void *buffer)
{
	manager_queue *self = queue;
	int rc = 0;

	for (size_t i = 0; i < planned->count && rc == 0; ++i)
		rc = mproc_remote_queue_put(
			self->queue, NULL, buffer, planned->size, mproc_after(PATIENCE), NULL);
	return rc;
}

static int receive_all(void *queue, const load *planned, void *buffer)
{
	manager_queue *self = queue;
	mproc_remote_message message;
	int rc = 0;

	for (size_t i = 0; i < planned->count && rc == 0; ++i) {
		rc = mproc_remote_queue_get(self->queue, mproc_after(PATIENCE), &message);
		if (rc < 0)
			return rc;
		memcpy(buffer, message.data, message.size < planned->size ? message.size : planned->size);
		rc = message.size == planned->size
			     ? mproc_remote_queue_ack(self->queue, &message, mproc_after(PATIENCE))
			     : -EBADMSG;
		mproc_remote_message_free(&message);
	}
	return rc;
}

const way MANAGER_QUEUE = {"manager-queue", 100, open_queue, send_all, receive_all, close_queue};
