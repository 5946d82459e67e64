/* SPDX-License-Identifier: MIT */
/*
 * channel/queue_fd.h - what a queue does for those who wait for it through a descriptor: mproc_queue_fd,
 * mproc_wait.
 *
 * A queue has a word, 0 at first, that is not 0 once somebody watches it, or ever did.
 */
#ifndef CHANNEL_QUEUE_FD_H
#define CHANNEL_QUEUE_FD_H

#include "family/bell.h"

#include <mproc/queue.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether anybody may have to be told.  With the lock that mproci_queue_fd_tell wants. */
static inline bool mproci_queue_fd_is_watched(const _Atomic uint32_t *is_watched)
{
	/*
	 * In the one order of all seq_cst operations after the queue was marked as destroyed:
	 * mproci_queue_fd_watch.
	 */
	return atomic_load(is_watched) != 0;
}

/*
 * For who is inside: have @bell rung for the queue.  Returns 0 and the watcher (family/bell.h); -EPIPE when
 * the queue was destroyed, or what mproci_watcher_add does, with an error text.
 */
int mproci_queue_fd_watch(mproc_queue *queue, const mproci_bell *bell, uint32_t *ret_watcher);

/*
 * For who is not inside, but has that watcher: be inside until mproci_queue_leave.  Returns false when the
 * queue was destroyed: then there may be anything at its address.
 */
bool mproci_queue_fd_enter(mproc_queue *queue, uint32_t watcher, _Atomic uintptr_t **ret_inside);

/*
 * For who is inside, and has rearmed its watcher: what others may have announced when it was told already is
 * there when this returns, or never will be; so look after this.  Returns 0; a negative errno: somebody
 * stands still inside, or the queue is destroyed.
 */
int mproci_queue_fd_settle(mproc_queue *queue);

/*
 * With the producers' lock, or that of the consumers for what is delivered again, before there is more to
 * get: tell all who are not told yet.  Returns 0; -EMFILE, -ENFILE, -ENOMEM with an error text: this process
 * has no descriptor with which to tell somebody.
 */
int mproci_queue_fd_tell(mproc_queue *queue);

/*
 * Without a lock, having found nothing to get: have this process's descriptor readable no longer, unless
 * there is.
 */
void mproci_queue_fd_rearm(mproc_queue *queue);

/*
 * When the queue is destroyed: who watches is told, and never rearmed; this process's descriptor is closed.
 */
void mproci_queue_fd_end(mproc_queue *queue);

#endif
