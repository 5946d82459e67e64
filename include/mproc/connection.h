/* SPDX-License-Identifier: MIT */
/*
 * mproc/connection.h - an end of a pipe, or of a connection to another program, through which messages go.
 *
 *     static int greet(void *pipe_end)
 *     {
 *             return mproc_connection_send(pipe_end, "hello", 6, MPROC_FOREVER);
 *     }
 *     ...
 *     int rc = mproc_pipe(&(mproc_pipe_options){.one_way = true}, &receiver, &sender);
 *     rc = mproc_process_start(NULL, greet, sender, 0, &process);
 *     sender = mproc_connection_close(sender);
 *     rc = mproc_connection_recv(receiver, text, sizeof text, MPROC_FOREVER, &size);
 *
 * A message is some bytes, 0 of them too, and perhaps descriptors.  It arrives as it was sent, once, after
 * those that were sent before it.  It arrives whole or not at all: when its sender is killed, or gives up at
 * its deadline, nobody sees a part of it.
 *
 * Who has an end.  A forked child has a copy of all ends that its parent had open, and an end is gone when
 * all its copies are closed: only then does the other one learn it.  So close the end that you do not use, as
 * above; otherwise a process waits for itself.  A process that was not forked gets the descriptor
 * (mproc_connection_fd, .descriptors of mproc/process.h) and wraps it with mproc_connection_open.
 *
 * Several processes may use one end at once for messages of at most MPROC_CONNECTION_SHORT_MESSAGE bytes;
 * each message is received by one of them.  When longer ones go through it, and on TCP always, they send in
 * turns and receive in turns, for instance with a mutex of mproc/mutex.h around each call.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any thread of the process, several at once: one sends and one receives at a time, the others
 *            wait for them, until their deadlines.  Not while another thread closes it.
 *   Fork     a forked child may use its copy of a handle; closing it leaves the parent's alone.  A
 *            message that the parent has looked at or begun to receive is the parent's.
 *   Crash    a process killed anywhere inside leaves no part of a message and stops nobody; what it had
 *            sent arrives.  When it was the last to have its end, the other end is told.
 *   Signals  a caught signal does not end a wait.  No SIGPIPE.  Not async-signal-safe.
 *   Memory   buffers stay the caller's.
 */
#ifndef MPROC_CONNECTION_H
#define MPROC_CONNECTION_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

enum {
	/* The largest message unless the options say otherwise: 64 MiB. */
	MPROC_CONNECTION_DEFAULT_MAX_MESSAGE = 67108864,
	/* Messages up to this size several processes may send and receive by one end without taking turns. */
	MPROC_CONNECTION_SHORT_MESSAGE = 65520,
	/* The most descriptors that a message carries. */
	MPROC_CONNECTION_DESCRIPTORS = 253,
};

typedef struct mproc_connection mproc_connection;

typedef struct mproc_pipe_options {
	/* The first end only receives, and the second one only sends. */
	bool one_way;
	/* Of both ends: the largest message in bytes, up to 2^40; 0: MPROC_CONNECTION_DEFAULT_MAX_MESSAGE. */
	size_t max_message;
	uint64_t reserved[3];
} mproc_pipe_options;

typedef struct mproc_connection_options {
	/* The largest message in bytes, up to 2^40; 0: MPROC_CONNECTION_DEFAULT_MAX_MESSAGE. */
	size_t max_message;
	uint64_t reserved[3];
} mproc_connection_options;

/*
 * Make a pipe: two ends, connected to each other.
 *
 * @options  NULL for the defaults: both ends send and receive.
 *
 * Returns  0, and the ends in @ret_first and @ret_second.
 * Fails    -EINVAL  @ret_first or @ret_second is NULL, .max_message is above its limit, or a reserved word of
 *                   @options is not 0
 *          -EMFILE, -ENFILE  no descriptors left
 *          -ENOMEM, -ENOBUFS  no memory
 * Cost     a few system calls, two descriptors.
 */
MPROC_API int mproc_pipe(
	const mproc_pipe_options *options, mproc_connection **ret_first, mproc_connection **ret_second);

/*
 * Make a connection of a descriptor that this process was given: of an end that another process has, or had.
 *
 * @descriptor  a connected socket, AF_UNIX (SOCK_SEQPACKET or SOCK_STREAM) or TCP, with mproc at the other
 *              side.  From here on it is the connection's: closed with it, and by exec.  After a failure it
 *              is still the caller's.
 * @options     NULL for the defaults.
 *
 * Returns  0, and the connection in @ret_connection.
 * Fails    -EINVAL    @ret_connection is NULL, .max_message is above its limit, a reserved word of @options
 *                     is not 0; or it is a socket of another kind
 *          -EBADF     @descriptor is not open
 *          -ENOTSOCK  @descriptor is no socket
 *          -ENOTCONN  @descriptor is not connected
 *          -ENOMEM    no memory
 * Cost     a few system calls.
 */
MPROC_API int mproc_connection_open(
	int descriptor, const mproc_connection_options *options, mproc_connection **ret_connection);

/*
 * Send a message; wait while there is no room for it.
 *
 * @data,@size  the message, which may be NULL when @size is 0.  It need not have been received when this
 *              returns.
 * @deadline    when to give up.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  there was no room until the deadline, or another thread was sending; the message is
 *                      not sent
 *          -EPIPE      all who could receive it are gone; or, on a stream (TCP), an earlier message was cut
 *                      short at its deadline, which ends the connection in this direction
 *          -EMSGSIZE   @size is above the largest message
 *          -EBADF      this end only receives, or the program has closed its descriptor
 *          -EINVAL     @connection is NULL, or @data is NULL but @size is not 0
 *          -ENOMEM, -ENOBUFS  the kernel has no memory for it
 * Crash    killed before it returns: the message is sent, or nobody sees it.
 * Cost     one system call for each 64 KiB; one more for each wait.
 */
MPROC_API int mproc_connection_send(
	mproc_connection *connection, const void *data, size_t size, mproc_deadline deadline);

/*
 * Send a message that carries descriptors: who receives it gets descriptors of its own of the same files.
 *
 * @data,@size           as for mproc_connection_send.
 * @descriptors,@count   0 to MPROC_CONNECTION_DESCRIPTORS of them, which stay the caller's and may be closed
 *                       afterwards.
 * @deadline             when to give up.
 *
 * Returns  0.
 * Fails    as mproc_connection_send, and
 *          -EINVAL     @count is above its limit, or @descriptors is NULL but @count is not 0
 *          -EBADF      one of the descriptors is not open
 *          -EOPNOTSUPP  the connection is not local: TCP carries no descriptors
 *          -ETOOMANYREFS  this user has too many descriptors on their way (RLIMIT_NOFILE)
 * Cost     as mproc_connection_send.
 */
MPROC_API int mproc_connection_send_descriptors(mproc_connection *connection, const void *data, size_t size,
	const int *descriptors, size_t count, mproc_deadline deadline);

/*
 * Receive a message; wait until there is one.
 *
 * @buffer,@size  where it is put, and how many bytes there is room for; NULL when @size is 0.  On failure its
 *                contents are undefined.
 * @deadline      when to give up.  What has come of a message until then is kept for the next call.
 *
 * Returns  0, and the size of the message in @ret_size, which may be NULL.
 * Fails    -ETIMEDOUT  no whole message came until the deadline, or another thread was receiving
 *          -EPIPE      the end: all who could send are gone, and all that they had sent is received
 *          -EMSGSIZE   the message is larger than @size, or carries descriptors; it stays, and the next call
 *                      gets it
 *          -EBADMSG    all who could send are gone, the last one in the middle of a message; or what came is
 *                      no message of mproc, or above the largest: then nothing more can be received
 *          -EBADF      this end only sends, or the program has closed its descriptor
 *          -EINVAL     @connection is NULL, or @buffer is NULL but @size is not 0
 *          -EMFILE     no descriptors left for those that the message carried; it is lost, and on a stream
 *                      nothing more can be received
 *          -ENOMEM     no memory to keep what has come of a message, which may be lost, as with -EMFILE
 * Crash    killed before it returns: the message is still there for others who have this end, or lost.
 * Cost     one system call for each 64 KiB (on a stream one more), one more for each wait.  From 64 KiB on it
 *          is received in @buffer; a smaller one may be copied once.
 */
MPROC_API int mproc_connection_recv(
	mproc_connection *connection, void *buffer, size_t size, mproc_deadline deadline, size_t *ret_size);

/*
 * Receive a message into memory that is allocated for it.
 *
 * @deadline  when to give up.
 *
 * Returns  0, and the message in @ret_data, to be freed with free() (never NULL, also when it is empty), and
 *          its size in @ret_size.
 * Fails    as mproc_connection_recv; -EMSGSIZE only when the message carries descriptors; -EINVAL when
 *          @ret_data or @ret_size is NULL; -ENOMEM when there is no memory for it: then it stays
 * Memory   nothing is allocated for a message above the largest.
 * Cost     as mproc_connection_recv, and malloc.
 */
MPROC_API int mproc_connection_recv_alloc(
	mproc_connection *connection, mproc_deadline deadline, void **ret_data, size_t *ret_size);

/*
 * Receive a message together with the descriptors that it carries.
 *
 * @buffer,@size        as for mproc_connection_recv.
 * @descriptors,@room   where they are put, and for how many there is room; NULL when @room is 0.  They are
 *                      the caller's to close, close-on-exec, and none of them is 0, 1 or 2.
 * @deadline            when to give up.
 *
 * Returns  0, the size of the message in @ret_size, which may be NULL, and how many descriptors it carried,
 *          perhaps none, in @ret_count.
 * Fails    as mproc_connection_recv; -EMSGSIZE when there are more descriptors than @room: the message stays;
 *          -EINVAL when @ret_count is NULL, or @descriptors is NULL but @room is not 0
 * Cost     as mproc_connection_recv.
 */
MPROC_API int mproc_connection_recv_descriptors(mproc_connection *connection, void *buffer, size_t size,
	int *descriptors, size_t room, mproc_deadline deadline, size_t *ret_size, size_t *ret_count);

/*
 * Tell how large the next message is, without receiving it; wait until it begins to come.
 *
 * @deadline  when to give up.
 *
 * Returns  0, and the size in @ret_size.  The message is this process's from here on.
 * Fails    as mproc_connection_recv, but for -EMSGSIZE; -EINVAL when @ret_size is NULL
 * Cost     as mproc_connection_recv; what has come of the message is copied once more.
 */
MPROC_API int mproc_connection_next_size(
	mproc_connection *connection, mproc_deadline deadline, size_t *ret_size);

/*
 * Wait until there is something to receive.
 *
 * @deadline  when to give up.
 *
 * Returns  1 when a message, or the beginning of one, or more of one that has begun, or the end has come; 0 when
 *          nothing has at the deadline.
 * Fails    -EBADF   this end only sends
 *          -EINVAL  @connection is NULL
 *          -ENOMEM  the kernel has no memory to wait
 * Cost     one system call.
 */
MPROC_API int mproc_connection_poll(mproc_connection *connection, mproc_deadline deadline);

/*
 * Get the descriptor of a connection: for poll, epoll or an event loop, or to hand it to a process that is
 * started.  It is readable when there is something to receive.  After -EMSGSIZE, mproc_connection_next_size,
 * or -ETIMEDOUT the message may be in this process, and the descriptor not readable: receive it first.
 *
 * Returns  the descriptor, close-on-exec, which belongs to the connection: it is not to be read, written or
 *          closed.
 * Fails    -EINVAL  @connection is NULL
 * Cost     none.
 */
MPROC_API int mproc_connection_fd(const mproc_connection *connection);

/*
 * Close a connection; what was sent by it can still be received.  When no other process has this end, the
 * other one learns that it is gone.
 *
 * @connection  or NULL.
 *
 * Returns  NULL.
 * Cost     a system call.
 */
MPROC_API mproc_connection *mproc_connection_close(mproc_connection *connection);

MPROC_END_DECLS

#endif
