/* SPDX-License-Identifier: MIT */
/*
 * mproc/wait.h - waiting for the first of many things: queues, connections, events, processes, descriptors.
 *
 *     mproc_wait_item items[] = {
 *             {.kind = MPROC_WAIT_QUEUE, .queue = jobs},
 *             {.kind = MPROC_WAIT_EVENT, .event = &shared->stop},
 *             {.kind = MPROC_WAIT_PROCESS, .process = worker},
 *     };
 *     size_t first;
 *     int rc = mproc_wait(items, 3, mproc_after(10), &first);
 *     if (rc == 0 && first == 0)
 *             rc = mproc_queue_get(jobs, &job, sizeof job, MPROC_NOW, NULL);
 *
 * Nothing is taken: what is ready stays so until somebody takes it, which may be somebody else, before this
 * thread does.  So take with MPROC_NOW, and wait again when there was nothing.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any thread of any member of the family, several at once also for the same things.
 *   Fork     nothing is kept from one call to the next.
 *   Crash    a member killed anywhere inside stops nobody.  What a member made ready that was killed before it
 *            told anybody is seen within 100 ms.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 */
#ifndef MPROC_WAIT_H
#define MPROC_WAIT_H

#include <mproc/api.h>
#include <mproc/connection.h>
#include <mproc/deadline.h>
#include <mproc/event.h>
#include <mproc/process.h>
#include <mproc/queue.h>
#include <stddef.h>

MPROC_BEGIN_DECLS

enum {
	/* The most things to wait for at once. */
	MPROC_WAIT_MAX = 1024,
};

typedef enum mproc_wait_kind {
	/* .queue: there is something to get, or it is closed. */
	MPROC_WAIT_QUEUE = 1,
	/* .connection: there is something to receive, a message or the end. */
	MPROC_WAIT_CONNECTION = 2,
	/* .event: it is set. */
	MPROC_WAIT_EVENT = 3,
	/* .process: it has ended. */
	MPROC_WAIT_PROCESS = 4,
	/*
	 * .descriptor: it can be read, or is at its end: of a socket, a pipe, a timer, a listener
	 * (mproc_listener_fd).
	 */
	MPROC_WAIT_DESCRIPTOR = 5,
} mproc_wait_kind;

/* One thing to wait for. */
typedef struct mproc_wait_item {
	mproc_wait_kind kind;
	union {
		mproc_queue *queue;
		mproc_connection *connection;
		mproc_event *event;
		mproc_process *process;
		int descriptor;
	};
} mproc_wait_item;

/*
 * Wait until one of many things is ready.
 *
 * @items, @count  what to wait for, 1 to MPROC_WAIT_MAX; one thing may be there several times.
 * @deadline       when to give up.
 *
 * Returns  0, and in @ret_first the index of the first that is ready, of those that are.
 * Fails    -ETIMEDOUT  none is ready at the deadline
 *          -EPIPE      a queue was destroyed while this waited
 *          -EINVAL     @items or @ret_first is NULL, @count is 0 or above MPROC_WAIT_MAX; an item has no kind, is
 *                      NULL, or is not what its kind says; there are more connections, processes and descriptors
 *                      among them than RLIMIT_NOFILE
 *          -EBADF      a descriptor is not open, or was closed while this waited
 *          -ECHILD     the handle of a process is not this process's
 *          -EMFILE, -ENFILE  no descriptor left
 *          -EACCES, -ENOENT  this process must sleep for a queue or an event, and other members could not reach
 *                      its descriptors through /proc
 *          -EAGAIN     4096 queues and events are waited for already in the family; or this process was forked
 *                      without mproc, and the family is full
 *          -ENOMEM     no memory
 * Cost     a look at each thing, with one system call if there is a connection, a process or a descriptor among
 *          them; to sleep takes about ten system calls more, and one descriptor meanwhile if there is a queue or
 *          an event.
 */
MPROC_API int mproc_wait(
	const mproc_wait_item *items, size_t count, mproc_deadline deadline, size_t *ret_first);

MPROC_END_DECLS

#endif
