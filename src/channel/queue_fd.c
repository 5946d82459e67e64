/* SPDX-License-Identifier: MIT */
/*
 * A process has one bell (sys/bell.h) for each queue that it asks a descriptor of.  Who puts rings it, with
 * the producers' lock, before the message is there; who gets nothing silences it, waits until nobody holds
 * that lock, and looks.  So a put either comes after the look, and finds a bell that was rearmed, or the look
 * finds what it has put; and one that was killed inside has rung in vain, or has put nothing.  The same with
 * the consumers' lock for what is given back.
 */
#include "channel/queue_fd.h"

#include "base/error.h"
#include "channel/queue.h"
#include "family/thread.h"
#include "sys/child.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* A queue that this process has a descriptor of. */
typedef struct outlook {
	mproc_queue *queue;
	mproci_bell bell;
	uint32_t watcher;
	struct outlook *next;
} outlook;

/* Protects those of this process. */
static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;
static outlook *outlooks;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

static void lock(void)
{
	pthread_mutex_lock(&looking);
}

static void unlock(void)
{
	pthread_mutex_unlock(&looking);
}

/* In a forked child: the bells are its parent's, and so are the watchers. */
static void leave_to_parent(void)
{
	while (outlooks != NULL) {
		outlook *self = outlooks;

		outlooks = self->next;
		free(self);
	}
	looking = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

/* Those of the bells first, whose lock is taken while this one is held: a fork takes the last one's first. */
static void register_handlers(void)
{
	handlers_rc = mproci_bell_register();
	if (handlers_rc == 0)
		handlers_rc = mproci_process_at_fork(lock, unlock, leave_to_parent);
}

/* Another member has destroyed the queue; there may be another at its address. */
static bool is_forgotten(const outlook *self)
{
	return !mproci_watcher_is_about(self->watcher, self->queue);
}

/* Where the queue's outlook is, or is to be. */
static outlook **find(const mproc_queue *queue)
{
	outlook **place = &outlooks;

	while (*place != NULL && (*place)->queue != queue)
		place = &(*place)->next;
	return place;
}

static void drop(outlook **place)
{
	outlook *self = *place;

	*place = self->next;
	mproci_watcher_remove(self->watcher);
	mproci_bell_close(&self->bell);
	free(self);
}

static void drop_forgotten(void)
{
	outlook **place = &outlooks;

	while (*place != NULL) {
		if (is_forgotten(*place))
			drop(place);
		else
			place = &(*place)->next;
	}
}

int mproci_queue_fd_watch(mproc_queue *queue, const mproci_bell *bell, uint32_t *ret_watcher)
{
	uint32_t watcher;
	int rc;

	rc = mproci_watcher_add(bell, queue, &watcher);
	if (rc < 0)
		return rc;
	atomic_store(&queue->is_watched, true);
	/* Whoever destroys it later sees that it is watched, and finds the watcher, to forget it. */
	atomic_thread_fence(memory_order_seq_cst);
	if (mproci_queue_is_in(queue, MPROCI_QUEUE_DESTROYED)) {
		mproci_watcher_remove(watcher);
		return mproci_fail(-EPIPE, "queue %p: destroyed", (void *)queue);
	}
	*ret_watcher = watcher;
	return 0;
}

bool mproci_queue_fd_enter(mproc_queue *queue, uint32_t watcher, _Atomic uintptr_t **ret_inside)
{
	*ret_inside = mproci_thread_enters(queue);
	/* Whoever destroys it forgets its watchers, and then waits for those who are inside. */
	atomic_thread_fence(memory_order_seq_cst);
	if (mproci_watcher_is_about(watcher, queue))
		return true;
	mproci_queue_leave(*ret_inside);
	return false;
}

int mproci_queue_fd_settle(mproc_queue *queue)
{
	int rc = mproci_queue_settle_producers(queue, MPROC_NOW);

	if (rc == 0 && queue->is_acknowledged)
		rc = mproci_queue_settle_consumers(queue, MPROC_NOW);
	return rc;
}

/* Silence the bell, unless it is silent; ring it at once if there is something to get, or may be coming. */
static void rearm(const outlook *self)
{
	bool was_rung = mproci_bell_silence(&self->bell);

	if (!was_rung && !mproci_watcher_is_told(self->watcher))
		return;
	mproci_watcher_rearm(self->watcher);
	if (mproci_queue_fd_settle(self->queue) < 0 || mproci_queue_has_message(self->queue))
		mproci_watcher_ring(self->watcher);
}

static int make(mproc_queue *queue)
{
	outlook *self = calloc(1, sizeof *self);
	int rc;

	if (self == NULL)
		return mproci_fail(-ENOMEM, "queue %p: no memory for its descriptor", (void *)queue);
	*self = (outlook){.queue = queue, .next = outlooks};
	rc = mproci_bell_open(&self->bell);
	if (rc == 0)
		rc = mproci_queue_fd_watch(queue, &self->bell, &self->watcher);
	if (rc < 0) {
		mproci_bell_close(&self->bell);
		free(self);
		return rc;
	}
	/*
	 * Readable at first, for puts that are on their way know nothing of it: the first get that finds
	 * nothing sees to them.
	 */
	mproci_watcher_ring(self->watcher);
	outlooks = self;
	return 0;
}

/* Locked. */
static int open_one(mproc_queue *queue)
{
	outlook **place;
	int rc;

	drop_forgotten();
	place = find(queue);
	if (*place != NULL && mproci_bell_descriptor(&(*place)->bell) >= 0)
		return (*place)->bell.place.descriptor;
	/* The application has closed it. */
	if (*place != NULL)
		drop(place);
	rc = make(queue);
	return rc < 0 ? rc : outlooks->bell.place.descriptor;
}

int mproc_queue_fd(mproc_queue *queue)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_queue_enter(queue, &inside);
	if (rc < 0)
		return rc;
	pthread_once(&handlers_once, register_handlers);
	rc = handlers_rc < 0 ? mproci_fail(handlers_rc, "cannot register a fork handler") : 0;
	if (rc == 0) {
		lock();
		rc = open_one(queue);
		unlock();
	}
	mproci_queue_leave(inside);
	return rc;
}

int mproci_queue_fd_tell(mproc_queue *queue)
{
	return mproci_watchers_tell(queue);
}

void mproci_queue_fd_rearm(mproc_queue *queue)
{
	const outlook *self;

	lock();
	self = *find(queue);
	if (self != NULL && !is_forgotten(self))
		rearm(self);
	unlock();
}

void mproci_queue_fd_end(mproc_queue *queue)
{
	outlook **place;

	mproci_watchers_tell(queue);
	mproci_watchers_forget(queue);
	lock();
	place = find(queue);
	if (*place != NULL)
		drop(place);
	unlock();
}
