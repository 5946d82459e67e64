/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_subscription.h - what is published on a channel of a manager or a Redis server, message by message.
 *
 *     mproc_remote_subscription *news;
 *     int rc = mproc_remote_subscribe(remote, "news", mproc_after(5), &news);
 *     while (rc == 0) {
 *             void *message;
 *             size_t size;
 *
 *             rc = mproc_remote_subscription_get(news, MPROC_FOREVER, &message, &size);
 *             ...
 *     }
 *     news = mproc_remote_subscription_close(news);
 *
 * A message goes to those who are subscribed when it is published (mproc_remote_publish), and to nobody later: what is published while
 * a connection is broken is lost, and so is what a subscriber is too slow to take, for whom the server does not keep more than some
 * megabytes.  Messages that must not be lost belong into a queue, mproc/remote_queue.h.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  one at a time for each subscription; beside those that use the remote.
 *   Fork     a subscription belongs to the process that opened it; in a child every call but close answers -ECHILD.
 *   Crash    the server forgets the subscription of who is killed.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   messages are copies, which are the caller's.
 *   Errors   beside those named, -EINVAL for what is NULL and for a name that is empty or too long; and what mproc/remote.h says of servers
 *            and connections.
 */
#ifndef MPROC_REMOTE_SUBSCRIPTION_H
#define MPROC_REMOTE_SUBSCRIPTION_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <stddef.h>

MPROC_BEGIN_DECLS

typedef struct mproc_remote_subscription mproc_remote_subscription;

/*
 * Subscribe to a channel, over a connection of its own.
 *
 * @remote    the connection; to be closed later than the subscription.
 * @channel   its name, at most 64 KiB.
 * @deadline  when to give up.
 *
 * Returns  0, and the handle in @ret_subscription: what is published from now on will be got.
 * Fails    -EMFILE, -ENFILE  no descriptor left
 *          -ENOMEM           no memory
 * Cost     opening a connection.
 */
MPROC_API int mproc_remote_subscribe(mproc_remote *remote, const char *channel, mproc_deadline deadline,
	mproc_remote_subscription **ret_subscription);

/*
 * Get the next message; wait while there is none.
 *
 * @deadline  when to give up; with MPROC_NOW it waits for nothing, as long as there is the connection.
 *
 * Returns  0, and in @ret_message a copy to be freed with free, aligned as by malloc, with a byte of 0 behind it that does not
 *          count; its size in @ret_size, unless that is NULL.
 * Fails    -ETIMEDOUT   there was none until the deadline
 *          -ECONNRESET  the connection has broken, and messages may be lost: said once; the next call opens another one, and waits for
 *                       that until its deadline, or with MPROC_NOW for a second; a loop that has no second to spare gives a nearer
 *                       deadline while mproc_remote_subscription_fd is negative
 *          -ECONNREFUSED, …  still no connection at the deadline, as the system says it; the next call tries again
 *          -EMSGSIZE, -EPROTO, -EBADMSG  a message is more than the remote's largest reply, or is none; it is lost, and so is the
 *                       connection: as with -ECONNRESET
 *          -ENOMEM      this process has no memory for it: it is lost
 * Cost     a system call when a message has come; no request.
 */
MPROC_API int mproc_remote_subscription_get(mproc_remote_subscription *subscription, mproc_deadline deadline,
	void **ret_message, size_t *ret_size);

/*
 * Give the descriptor that becomes readable when a message arrives, or the connection breaks; for poll and mproc_wait.
 *
 * Several messages may arrive at once, and only the first makes it readable: so take with MPROC_NOW until there is none, then wait.
 *
 * Returns  the descriptor, which is the subscription's, and another one after -ECONNRESET; that there is one says that it is
 *          subscribed, or was so just now.
 * Fails    -ECONNRESET  the connection has broken: mproc_remote_subscription_get opens another one
 * Cost     none.
 */
MPROC_API int mproc_remote_subscription_fd(const mproc_remote_subscription *subscription);

/*
 * End a subscription.
 *
 * @subscription  or NULL.
 *
 * Returns  NULL.
 * Cost     closing a connection.
 */
MPROC_API mproc_remote_subscription *mproc_remote_subscription_close(mproc_remote_subscription *subscription);

MPROC_END_DECLS

#endif
