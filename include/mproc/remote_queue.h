/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_queue.h - a queue of messages that a server keeps, between any programs that know its name; what a
 * consumer that died had taken comes back.
 *
 *     mproc_remote_queue *jobs;
 *     int rc = mproc_remote_queue_open(remote, "jobs", &(mproc_remote_queue_options){.max_deliveries = 5}, &jobs);
 *     rc = mproc_remote_queue_put(jobs, NULL, &job, sizeof job, mproc_after(10), NULL);          in any program
 *     ...
 *     mproc_remote_message message;
 *     while ((rc = mproc_remote_queue_get(jobs, mproc_after(60), &message)) == 0 || can_go_on(rc)) {
 *             if (rc < 0)                               -ETIMEDOUT: idle; -ECONNRESET, -ECONNREFUSED: no server just now
 *                     continue;
 *             work(message.data, message.size);
 *             mproc_remote_queue_ack(jobs, &message, mproc_after(10));
 *             mproc_remote_message_free(&message);
 *     }
 *
 * A message that was got is owed until it is acknowledged.  When its lease ends before, or its consumer gives it back,
 * it is delivered again, before all others; in a manager (mproc/manager.h) also at once when the connection of its
 * consumer breaks or its process ends.  So each message that was accepted is delivered at least once, and acknowledged
 * exactly once: each delivery has a token, and only the newest one's acknowledgement counts.  A consumer that was
 * stopped for longer than its lease goes on working at a message that another one has got meanwhile; its
 * acknowledgement then answers -ESTALE.  What it did outside is done twice, unless that checks the token
 * (mproc/remote_lock.h) or the id.
 *
 * Each message has an id.  What was put under an id that is in the queue, or was put within .id_window, is the same
 * message and not put again: so a put whose answer was lost is simply repeated, by the library or by the program, also
 * by another process of it.
 *
 * With .max_deliveries a message that was delivered that often without an acknowledgement is a dead letter: kept apart,
 * to be looked at, revived or dropped.
 *
 * This queue is the server's own.  A queue of shared memory that a manager shows (mproc_manager_show_queue) is another thing,
 * a list to clients, even under the same name: mproc_remote_list_append puts into it, mproc_remote_list_pop_first gets.
 *
 * Messages come in the order in which they were accepted.  How long they live is the server's durability: see
 * mproc/remote.h.  In Redis the queue is {NAME}:ready, :bodies, :owed, :dead, :seen and :meta, and {NAME}:wake and :room
 * wake who waits.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any.  A wait keeps the remote from its other threads for up to a second at a time: give threads that wait
 *            a remote of their own.
 *   Fork     the handle may be used in a child.  What was got before the fork is owed by who got it: in a manager the
 *            child cannot acknowledge it.
 *   Crash    a program killed anywhere inside leaves the queue usable for the others, and no message half put.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   buffers stay the caller's.
 *   Deadline as in mproc/remote.h: the call ends by it, whatever the server does.
 *   Errors   beside those named, what mproc/remote.h says of the connection and of the server's answers; -EINVAL also for
 *            what is NULL, or when the name is that of something that is no queue; -EBADMSG for an answer that cannot be.
 */
#ifndef MPROC_REMOTE_QUEUE_H
#define MPROC_REMOTE_QUEUE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

enum {
	/* The most bytes of a message: 32 MiB, so that every remote can take one (.largest_reply in mproc/remote.h). */
	MPROC_REMOTE_MESSAGE_MAX = 33554432,
	/* The most bytes of an id. */
	MPROC_REMOTE_ID_MAX = 255,
	/* The most messages that one call gets. */
	MPROC_REMOTE_GET_MAX = 1000,
};

typedef struct mproc_remote_queue mproc_remote_queue;

typedef struct mproc_remote_queue_options {
	/* How many messages may wait to be got, not counting those that are owed, when one is put by this handle; 0: as many
	 * as the server has memory for. */
	uint64_t max_messages;
	/* Seconds after which what was got by this handle is delivered again unless acknowledged, 0.001 to 31536000; 0: 15. */
	double lease;
	/* The most times a message is delivered by this handle before it becomes a dead letter; 0: no bound, so that one
	 * which kills its consumers goes on doing so. */
	uint32_t max_deliveries;
	/* Seconds for which the server remembers ids that were put by this handle, 0.001 to 31536000; 0: 600.  It remembers
	 * the newest 1000000 ids at most, in about 100 bytes each. */
	double id_window;
	uint64_t reserved[4];
} mproc_remote_queue_options;

/* One message. */
typedef struct mproc_remote_message {
	/* Text of 1 to MPROC_REMOTE_ID_MAX bytes. */
	const char *id;
	/* Aligned to 16 bytes, and with a byte of 0 behind it that does not count. */
	const void *data;
	size_t size;
	/*
	 * Larger than that of all earlier deliveries in this queue; 0 of a dead letter.  It fences this message alone: with it write
	 * to a value of the message's own ("result:ID"), by mproc_remote_value_set_fenced.  Never fence one dict with the tokens of
	 * different messages: what was got later would shut out what was got before.
	 */
	int64_t token;
	/* 1 for the first time, 2 when one consumer has failed on it, and so on. */
	uint64_t deliveries;
	/* The library's. */
	void *memory;
	uint64_t reserved[2];
} mproc_remote_message;

typedef struct mproc_remote_queue_counts {
	/* To be got; got and neither acknowledged nor come back; dead letters. */
	uint64_t ready, owed, dead;
} mproc_remote_queue_counts;

/*
 * Open a queue: it begins to be when something is put.
 *
 * @remote   must stay open as long as the handle.
 * @name     the queue's, 1 to 65536 bytes.
 * @options  NULL for the defaults.  They are this handle's: the server remembers none, and those of other handles may differ.
 *
 * Returns  0, and the handle in @ret_queue.
 * Fails    -EINVAL  an argument is NULL; @name is empty or too long; .lease or .id_window is out of its range; a reserved
 *                   word is not 0
 *          -ENOMEM  no memory
 * Cost     no request.
 */
MPROC_API int mproc_remote_queue_open(mproc_remote *remote, const char *name,
	const mproc_remote_queue_options *options, mproc_remote_queue **ret_queue);

/*
 * Put one message; wait while the queue is full.
 *
 * @id              text of at most MPROC_REMOTE_ID_MAX bytes that means this message; NULL: a random one, so that a
 *                  repeated request puts it once.
 * @message, @size  the message, @size bytes; @size may be 0.
 * @deadline        when to give up.
 *
 * Returns  0: it is in the queue, or was.  In @ret_is_new, unless that is NULL, false when it had been put under this id
 *          before; that may have been by this call, when an answer was lost.
 * Fails    -ETIMEDOUT  still full at the deadline; or no answer from the server until then, and it may be put or not
 *          -EMSGSIZE   @size is more than MPROC_REMOTE_MESSAGE_MAX
 *          -EINVAL     @id is empty or too long
 *          -ENOMEM     there is no memory, here or in the server
 * Crash    killed before it returns: the message is there whole, or not at all.
 * Cost     a round trip.  Who waits is woken when there is room, and looks each second.
 */
MPROC_API int mproc_remote_queue_put(mproc_remote_queue *queue, const char *id, const void *message,
	size_t size, mproc_deadline deadline, bool *ret_is_new);

/*
 * Put several messages in their order, many in one round trip; wait while the queue is full.  When it was full on the way,
 * and others got meanwhile, a later one may come before an earlier one.
 *
 * @messages, @count  of each its .id, .data and .size, as in mproc_remote_queue_put.
 * @deadline          when to give up.
 *
 * Returns  0: all are in the queue, or were; or some of the first, when something failed then: how many in @ret_count, unless
 *          that is NULL.  An answer that was lost leaves open whether more were put: with ids of their own they can be put again.
 * Fails    as mproc_remote_queue_put, when none was put
 * Crash    killed before it returns: some first messages are there, each whole, and the others are not.
 * Cost     a round trip for 256 messages, or 1 MiB.
 */
MPROC_API int mproc_remote_queue_put_many(mproc_remote_queue *queue, const mproc_remote_message *messages,
	size_t count, mproc_deadline deadline, size_t *ret_count);

/*
 * Get the first message; wait while there is none.  It is owed until mproc_remote_queue_ack.
 *
 * @deadline  when to give up.
 *
 * Returns  0, and the message in @ret_message, to be freed with mproc_remote_message_free.
 * Fails    -ETIMEDOUT  still empty at the deadline, or no answer from the server until then
 *          -ENOMEM     there is no memory; the message comes back after its lease
 * Crash    killed before it returns: the message is delivered again, as one that was got.
 * Cost     a round trip when there is one.  Who waits is woken by a put, and looks each second.
 */
MPROC_API int mproc_remote_queue_get(
	mproc_remote_queue *queue, mproc_deadline deadline, mproc_remote_message *ret_message);

/*
 * Get several messages, as many as there are; wait while there is none.  Each is owed until it is acknowledged.
 *
 * @count     the most to get, 1 to MPROC_REMOTE_GET_MAX; together they must fit into the remote's .largest_reply
 *            (mproc/remote.h): of large messages get few.
 * @deadline  when to give up.
 *
 * Returns  0; the messages in @ret_messages, an array of @count, each to be freed with mproc_remote_message_free, and how many
 *          there are in @ret_count, at least 1.
 * Fails    as mproc_remote_queue_get; -EINVAL also when @count is out of its range
 *          -EMSGSIZE  they are too large together; they come back after their lease
 * Crash    as mproc_remote_queue_get, for each.
 * Cost     a round trip when there are some.
 */
MPROC_API int mproc_remote_queue_get_many(mproc_remote_queue *queue, size_t count, mproc_deadline deadline,
	mproc_remote_message *ret_messages, size_t *ret_count);

/*
 * Acknowledge a message: it is done, and never delivered again.
 *
 * Returns  0.
 * Fails    -ESTALE  it is not owed under this token any more: its lease has ended, or in a manager the connection has broken,
 *                   and it is delivered again or was; or it was acknowledged before.  Also when an answer was lost, and the
 *                   acknowledgement, sent again, was not needed.
 *          -EINVAL  @message is NULL, or none that was got
 * Crash    killed before it returns: it is acknowledged, or delivered again.
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_queue_ack(
	mproc_remote_queue *queue, const mproc_remote_message *message, mproc_deadline deadline);

/*
 * Give a message back: it is delivered again, to anybody, before all others.
 *
 * Returns  0.
 * Fails    as mproc_remote_queue_ack
 * Crash    killed before it returns: it is delivered again either way.
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_queue_give_back(
	mproc_remote_queue *queue, const mproc_remote_message *message, mproc_deadline deadline);

/*
 * Begin the lease of a message anew.
 *
 * Returns  0.
 * Fails    as mproc_remote_queue_ack
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_queue_extend(
	mproc_remote_queue *queue, const mproc_remote_message *message, mproc_deadline deadline);

/*
 * Free what a message from mproc_remote_queue_get, …_get_many or …_dead has in this process, and set it to 0; the server
 * is told nothing.
 *
 * @message  or NULL; it may be 0 already.
 *
 * Returns  nothing.
 * Cost     as free.
 */
MPROC_API void mproc_remote_message_free(mproc_remote_message *message);

/*
 * Tell how many messages there are, exact at one instant during the call.
 *
 * Returns  0, and the numbers in @ret_counts.  Those whose lease has ended are owed until somebody gets.
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_queue_count(
	mproc_remote_queue *queue, mproc_deadline deadline, mproc_remote_queue_counts *ret_counts);

/*
 * Look at the dead letters, the oldest first.
 *
 * @count  the most to look at, 1 to MPROC_REMOTE_GET_MAX.
 *
 * Returns  0; copies in @ret_messages, an array of @count, each to be freed with mproc_remote_message_free, and how many there
 *          are in @ret_count, which may be 0.
 * Fails    -EINVAL  @count is out of its range
 *          -ENOMEM  there is no memory
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_queue_dead(mproc_remote_queue *queue, size_t count, mproc_deadline deadline,
	mproc_remote_message *ret_messages, size_t *ret_count);

/*
 * Put a dead letter at the end of the queue again, as if it had never been delivered.
 *
 * Returns  0.
 * Fails    -ENOENT  there is no dead letter of that id
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_queue_revive(mproc_remote_queue *queue, const char *id, mproc_deadline deadline);

/*
 * Throw a dead letter away.
 *
 * Returns  0.
 * Fails    -ENOENT  there is no dead letter of that id
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_queue_drop(mproc_remote_queue *queue, const char *id, mproc_deadline deadline);

/*
 * Remove the queue with all that is in it: ready, owed, dead, and the ids it remembers.
 *
 * Returns  0, also when there was nothing.
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_queue_clear(mproc_remote_queue *queue, mproc_deadline deadline);

/*
 * Close the handle; the queue stays.
 *
 * @queue  or NULL.
 *
 * Returns  NULL.
 * Cost     no request.
 */
MPROC_API mproc_remote_queue *mproc_remote_queue_close(mproc_remote_queue *queue);

MPROC_END_DECLS

#endif
