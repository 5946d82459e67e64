/* SPDX-License-Identifier: MIT */
/*
 * mproc/queue.h - a first-in, first-out queue of messages between processes and threads.
 *
 *     mproc_queue *queue;
 *     int rc = mproc_queue_create(NULL, &queue);
 *     ...
 *     mproc_queue_put(queue, &number, sizeof number, MPROC_FOREVER);            in any process
 *     ...
 *     while (mproc_queue_get(queue, &number, sizeof number, MPROC_FOREVER, NULL) == 0)
 *             use(number);
 *
 * Any number of producers and consumers, messages of any size.  A message is accepted at one instant, by one
 * store; messages come out in the order in which they were accepted, so those of one producer in the order in
 * which it put them.  What was accepted is not lost when its producer dies, nor what was not yet taken when a
 * consumer dies.  A pointer into the arena (mproc/arena.h) is a fine message of 8 bytes.
 *
 * A process may put and end: nothing of the message is left in it, and joining producers before draining
 * works, as long as the queue has room for what they put.  With a bound that is too small for that
 * (.max_messages, .max_bytes) the producer waits for room, and who joins it before draining waits for ever.
 * What is in a queue ends with the family: it is memory, not a file.
 *
 * With .acknowledged a message that was got is owed until mproc_queue_ack: when its consumer dies, or gives it
 * back, it is delivered once more, before all others.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any thread of any member of the family.
 *   Fork     the pointer is valid in the child, and in members that were started before the queue was made.
 *   Crash    a member killed anywhere inside leaves the queue usable for the others.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   buffers stay the caller's.
 *   Deadline MPROC_NOW waits for at most a millisecond, for somebody who is inside and may be stopped, and then
 *            gives -EAGAIN; full, or empty, is -ETIMEDOUT.  Memory for a message is waited for as by mproc_alloc,
 *            without a deadline.
 *   Errors   beside those named, -EINVAL for what is NULL or no queue, -EPIPE when the queue was destroyed while
 *            the call waited, and -EBADMSG when somebody has overwritten the queue's memory; -EAGAIN, -EMFILE,
 *            -ENFILE, -ENOENT, -ENOMEM when this is the process's first call of mproc, and it cannot join the family.
 */
#ifndef MPROC_QUEUE_H
#define MPROC_QUEUE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

typedef struct mproc_queue mproc_queue;

/* As a bound: as much as the arena can hold. */
#define MPROC_QUEUE_UNBOUNDED SIZE_MAX

typedef struct mproc_queue_options {
	/* The most messages there can be; 0: 67108864 (64 Mi). */
	size_t max_messages;
	/* The most bytes all messages can have together; 0: 1073741824 (1 GiB). */
	size_t max_bytes;
	/* What was got is owed until it is acknowledged. */
	bool acknowledged;
	uint64_t reserved[4];
} mproc_queue_options;

/*
 * Make a queue.
 *
 * @options  NULL for the defaults.
 *
 * Returns  0, and the queue in @ret_queue.  It takes 18 KiB of memory, and more as its messages need it.  When it is
 *          empty it keeps some MiB of that for those to come, about 1 MiB once somebody has waited in it in vain; and 64
 *          bytes for as many messages of more than 512 bytes, or of an acknowledged queue, as it has held at once.
 * Fails    -EINVAL  a reserved word of @options is not 0
 *          -ENOMEM  the arena is full
 * Crash    killed before it returns: no queue, and what it had allocated stays so, as with mproc_alloc.
 * Cost     some system calls.
 */
MPROC_API int mproc_queue_create(const mproc_queue_options *options, mproc_queue **ret_queue);

/*
 * Destroy a queue with all that is in it.
 *
 * @queue  or NULL.  Who waits in it gets -EPIPE.  Blocks from mproc_queue_reserve and mproc_queue_peek are gone
 *         as well.  Nobody may use the pointer after this.
 *
 * Returns  NULL.  It waits for who is inside, but not longer than two seconds for those who do not leave: then
 *          the queue's memory stays allocated.
 * Crash    killed before it returns: nobody can use the queue any more; called again it goes on.
 * Cost     some system calls.
 */
MPROC_API mproc_queue *mproc_queue_destroy(mproc_queue *queue);

/*
 * Add one message; wait while the queue is full.
 *
 * @message, @size  the message, @size bytes; @size may be 0.
 * @deadline        when to give up.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  still full at the deadline
 *          -EPIPE      the queue was closed
 *          -EMSGSIZE   @size is more than the queue can ever hold
 *          -ENOMEM     there is no memory for the message
 *          -EMFILE, -ENFILE  somebody polls mproc_queue_fd, and this process has no descriptor to tell him with
 * Crash    killed before it returns: the message is there whole, or not at all.
 * Cost     30 ns and copying; no system call unless the queue is full, needs more memory, or somebody sleeps on it.
 *          A message of more than 512 bytes is copied before the queue is locked, so several producers copy at once.
 */
MPROC_API int mproc_queue_put(mproc_queue *queue, const void *message, size_t size, mproc_deadline deadline);

/*
 * Take the first message out and copy it; wait while there is none.
 *
 * @buffer, @size  where to, and how many bytes may be written there.
 * @deadline       when to give up.
 *
 * Returns  0; the message's size in @ret_size, unless that is NULL.
 * Fails    -ETIMEDOUT  still empty at the deadline
 *          -EPIPE      the queue was closed, and is empty; an acknowledged one also owes nothing any more, for what
 *                      is owed may come back
 *          -EMSGSIZE   the message is larger than @size; it stays where it is, and the error text says how large
 *                      it is
 * Crash    killed before it returns: another consumer gets the message, or it was taken and is lost with this one;
 *          in an acknowledged queue it is delivered again.
 * Cost     as mproc_queue_put.
 */
MPROC_API int mproc_queue_get(
	mproc_queue *queue, void *buffer, size_t size, mproc_deadline deadline, size_t *ret_size);

/*
 * Add several messages of the same size, locking once for as many as there is room for.
 *
 * @messages, @size, @count  @count messages of @size bytes each, one behind the other.
 * @deadline                 when to give up.
 *
 * Returns  0, when all were added, or some before the deadline, or before the queue was closed or there was no more
 *          memory: how many in @ret_count, unless that is NULL.
 * Fails    as mproc_queue_put, when none was added
 * Crash    killed before it returns: some first messages are there, each whole, and the others are not.
 * Cost     4 ns a message, and copying.
 */
MPROC_API int mproc_queue_put_many(mproc_queue *queue, const void *messages, size_t size, size_t count,
	mproc_deadline deadline, size_t *ret_count);

/*
 * Take several messages out, as many as there are, locking once; wait while there is none.
 *
 * @buffer, @size, @count  room for @count messages of at most @size bytes each: message i goes to @buffer + i * @size.
 * @deadline               when to give up.
 *
 * Returns  0; how many messages in @ret_count, at least 1 and at most @count, and the size of each in @ret_sizes,
 *          an array of @count, unless that is NULL.  It stops in front of a message that is larger than @size.
 * Fails    as mproc_queue_get; -EINVAL also when @count is 0
 * Crash    killed before it returns: as mproc_queue_get, for each.
 * Cost     4 ns a message, and copying.
 */
MPROC_API int mproc_queue_get_many(mproc_queue *queue, void *buffer, size_t size, size_t count,
	mproc_deadline deadline, size_t *ret_sizes, size_t *ret_count);

/*
 * Take the first message out into a new block of the arena; wait while there is none.
 *
 * Returns  0; a block in @ret_message, to be freed with mproc_free, and the message's size in @ret_size, unless that is
 *          NULL.
 * Fails    as mproc_queue_get, but never -EMSGSIZE; -ENOMEM  there is no memory for the block; the message stays
 * Crash    as mproc_queue_get.
 * Cost     as mproc_queue_get and mproc_alloc.  mproc_queue_peek does without copying.
 */
MPROC_API int mproc_queue_get_block(
	mproc_queue *queue, mproc_deadline deadline, void **ret_message, size_t *ret_size);

/*
 * Get memory in which to build a message that is put without being copied.
 *
 * @size  bytes; the message may become shorter, not longer.
 *
 * Returns  0, and a block of the arena in @ret_block, aligned to 16 bytes, for mproc_queue_commit or
 *          mproc_queue_release by this process; others may write to it.  It goes when this process ends before.
 * Fails    -EMSGSIZE  @size is more than the queue can ever hold
 *          -ENOMEM    there is no memory
 *          -EPIPE     the queue was closed
 * Cost     that of mproc_alloc, at most; blocks are used again.
 */
MPROC_API int mproc_queue_reserve(mproc_queue *queue, size_t size, void **ret_block);

/*
 * Put the message in a block from mproc_queue_reserve; wait while the queue is full.
 *
 * @block  the block: the caller must not touch it any more when this has succeeded.
 * @size   bytes of it that are the message.
 *
 * Returns  0.  Messages come out in the order in which they were committed.
 * Fails    -EINVAL    @block was not reserved in this queue by this process
 *          -EMSGSIZE  @size is more than was reserved
 *          or as mproc_queue_put; the block is then still the caller's
 * Crash    killed before it returns: the message is there whole, or not at all.
 * Cost     as mproc_queue_put, without copying.
 */
MPROC_API int mproc_queue_commit(mproc_queue *queue, void *block, size_t size, mproc_deadline deadline);

/*
 * Take the first message out in the block where it lies, without copying; wait while there is none.
 *
 * Returns  0; the block, aligned to 16 bytes, in @ret_block, for mproc_queue_release, or for mproc_queue_ack in an
 *          acknowledged queue; the message's size in @ret_size, unless that is NULL.
 * Fails    as mproc_queue_get, but never -EMSGSIZE; -ENOMEM  there is no memory for the block; the message stays
 * Crash    as mproc_queue_get; killed with the block: it is freed, or delivered again in an acknowledged queue.
 * Cost     as mproc_queue_get, without copying where the message has more than 512 bytes or the queue is
 *          acknowledged; otherwise it is copied into a block.
 */
MPROC_API int mproc_queue_peek(
	mproc_queue *queue, mproc_deadline deadline, void **ret_block, size_t *ret_size);

/*
 * Free a block from mproc_queue_reserve or mproc_queue_peek.
 *
 * @block  or NULL.  The block of a message that is owed is not freed: it is acknowledged or given back.
 *
 * Returns  0.
 * Fails    -EINVAL  @block is none of this queue that this process has
 * Cost     that of mproc_free, at most.
 */
MPROC_API int mproc_queue_release(mproc_queue *queue, void *block);

/*
 * Acknowledge a message of an acknowledged queue: it is done, and its block is freed.
 *
 * @block  from mproc_queue_peek; NULL: the message that this thread got last from this queue by mproc_queue_get or
 *         mproc_queue_get_block, or those by mproc_queue_get_many.  A thread remembers that of 16 queues.
 *
 * Returns  0.
 * Fails    -EINVAL  the queue is not acknowledged; this process does not owe the message, or has given it back
 * Crash    killed before it returns: it is acknowledged, or delivered again.
 * Cost     that of mproc_free, at most; no system call unless somebody is in mproc_queue_join.
 */
MPROC_API int mproc_queue_ack(mproc_queue *queue, void *block);

/*
 * Give a message of an acknowledged queue back: it is delivered again, to anybody, before all others.
 *
 * @block  as mproc_queue_ack.
 *
 * Returns  0.
 * Fails    -EMFILE, -ENFILE  as mproc_queue_put; nothing was done
 *          or as mproc_queue_ack
 * Crash    killed before it returns: it is delivered again either way.
 * Cost     no system call unless somebody waits, or polls mproc_queue_fd.
 */
MPROC_API int mproc_queue_give_back(mproc_queue *queue, void *block);

/*
 * Tell how often a message of an acknowledged queue has been delivered.
 *
 * @block  as mproc_queue_ack.
 *
 * Returns  1 for the first time, 2 when one consumer has failed on it, and so on.
 * Fails    as mproc_queue_ack
 * Cost     some loads.
 */
MPROC_API int mproc_queue_deliveries(mproc_queue *queue, void *block);

/*
 * Tell that what a message was about is done: one call for each message got.
 *
 * Returns  0.  In an acknowledged queue it is mproc_queue_ack(queue, NULL).
 * Fails    -EINVAL  called more often than there were messages, or as mproc_queue_ack
 * Crash    a consumer that dies before it calls this leaves mproc_queue_join waiting, in a queue that is not
 *          acknowledged; in one that is, the message is delivered again, and counts when that is done.
 * Cost     one atomic operation; a system call when it was the last and somebody waits.
 */
MPROC_API int mproc_queue_task_done(mproc_queue *queue);

/*
 * Wait until all messages that were put are done: mproc_queue_task_done was called for each, or in an
 * acknowledged queue each was acknowledged.
 *
 * Returns  0, at once when nothing was put.
 * Fails    -ETIMEDOUT  not done at the deadline
 * Cost     no system call when all is done.
 */
MPROC_API int mproc_queue_join(mproc_queue *queue, mproc_deadline deadline);

/*
 * Close a queue: nothing can be put any more.  What is in it can be got; then getters are told -EPIPE.
 *
 * Returns  0, also when it was closed before.
 * Fails    -EMFILE, -ENFILE  somebody polls mproc_queue_fd, and this process has no descriptor to tell him with;
 *                            nothing was done
 * Cost     a system call when somebody waits.
 */
MPROC_API int mproc_queue_close(mproc_queue *queue);

/*
 * Tell how many messages are in the queue, not counting those that are owed.
 *
 * Returns  the number, exact at one instant during the call.
 * Cost     some loads; one lock in an acknowledged queue.
 */
MPROC_API ssize_t mproc_queue_count(mproc_queue *queue);

/*
 * Tell how many bytes the messages in the queue have together.
 *
 * Returns  the number, exact at one instant during the call.
 * Cost     as mproc_queue_count.
 */
MPROC_API ssize_t mproc_queue_bytes(mproc_queue *queue);

/*
 * Tell whether there is nothing to get.
 *
 * Returns  1, or 0: exact at one instant during the call.
 * Cost     as mproc_queue_count.
 */
MPROC_API int mproc_queue_is_empty(mproc_queue *queue);

/*
 * Tell whether a message of one byte would have to wait.
 *
 * Returns  1, or 0: exact at one instant during the call.
 * Cost     as mproc_queue_count.
 */
MPROC_API int mproc_queue_is_full(mproc_queue *queue);

/*
 * Tell a descriptor that is readable when there is something to get: for poll, epoll, libuv.
 *
 * Returns  the descriptor, the same at each call of this process; it belongs to the queue: neither read nor close it.
 *          It is level-triggered, and may be readable in vain, as it is at first: get with MPROC_NOW, and poll again
 *          when that says -ETIMEDOUT or -EAGAIN.  A closed or destroyed queue is readable.
 * Fails    -EMFILE, -ENFILE  no descriptor is left
 *          -EAGAIN           the family has no room for more such descriptors
 *          -ENOMEM           there is no memory for it
 *          -EACCES, -ENOENT  other members could not reach this process's descriptors through /proc
 * Fork     a child has descriptors of its own: it calls this anew.
 * Crash    a producer killed anywhere inside leaves no message that is not told.  What a dead consumer owed is told
 *          when it is buried.
 * Cost     a descriptor at the first call.  A put that finds the queue watched, and not told yet, does four system
 *          calls for each process that watches; nobody pays anything when this was not called.
 */
MPROC_API int mproc_queue_fd(mproc_queue *queue);

MPROC_END_DECLS

#endif
