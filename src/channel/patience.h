/* SPDX-License-Identifier: MIT */
/*
 * channel/patience.h - how a thread waits for the other side of a queue.
 *
 * To be woken for every message costs more than most messages are worth, and who wakes pays as much as who is woken.  So a
 * thread first looks again for a moment; then, in a stream, where it has just waited several times for a short while, it naps for
 * a time in which several messages gather, and nobody wakes it; and only then it sleeps and is woken.  Not so a thread that
 * has put something since it last waited for a message: somebody may be waiting for its answer.
 */
#ifndef CHANNEL_PATIENCE_H
#define CHANNEL_PATIENCE_H

#include "channel/queue.h"

/* Wait until there may be something to get.  Returns 0: look; -ETIMEDOUT, -EAGAIN, -EPIPE as mproci_queue_settle. */
int mproci_patience_await_message(mproc_queue *queue, mproc_deadline deadline);

/* Wait until there may be room for @size bytes.  Returns the same. */
int mproci_patience_await_room(mproc_queue *queue, size_t size, mproc_deadline deadline);

/*
 * When the ring is full: whether a larger one helps.  Consumers that keep up with a stream leave room soon, and what
 * they read is still in the cache; so this waits for a moment, and says no if they have.
 */
bool mproci_patience_should_grow(mproc_queue *queue, mproc_deadline deadline);

/* Whether this thread has put something since it waited for a message. */
extern _Thread_local __attribute__((tls_model("initial-exec"))) bool mproci_patience_has_put;

#endif
