/* SPDX-License-Identifier: MIT */
/*
 * mproc/listener.h - where processes that do not descend from one another meet, and get a connection.
 *
 *     mproc_listener_options options = {.key = key, .key_size = key_size};
 *     int rc = mproc_listener_open("tcp://127.0.0.1:4000", &options, &listener);
 *     while (rc == 0 && mproc_listener_accept(listener, MPROC_FOREVER, &client) == 0)
 *             serve(client);
 *
 * and elsewhere
 *
 *     rc = mproc_connect("tcp://127.0.0.1:4000", &(mproc_connect_options){.key = key, .key_size = key_size},
 *             mproc_after(10), &server);
 *
 * An address is unix:/path, which means a socket file, or tcp://host:port, where the host is a name, an IPv4
 * address, or an IPv6 address in brackets.
 *
 * Who may connect.  A socket file is its owner's alone from the moment it is there (mode 0600), and both
 * sides ask the kernel whether the other one is of their own user, or root.  A key, which both sides must
 * have, is proven by each to the other with an HMAC-SHA256 over random numbers of both, and never sent.
 * What follows is neither encrypted nor signed: on a network that others can read or change, use a tunnel.
 * A key that others could guess protects little: take 16 random bytes or more.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any thread of the process, several at once; not while another thread closes the listener.
 *   Fork     a forked child may use its copy of a listener: each connection is accepted by one of them.  The
 *            child knows nothing of those who are still introducing themselves to its parent.
 *   Crash    a killed process leaves its socket file behind; opening the same address again replaces it.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   keys are copied; the copy is wiped when it is not needed any more.
 */
#ifndef MPROC_LISTENER_H
#define MPROC_LISTENER_H

#include <mproc/api.h>
#include <mproc/connection.h>
#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

enum {
	/* The most bytes of a key. */
	MPROC_KEY_MAX = 4096,
	/* So many may be introducing themselves at once to one listener; beyond, the oldest is sent away. */
	MPROC_LISTENER_HALF_OPEN_MAX = 64,
};

typedef struct mproc_listener mproc_listener;

typedef struct mproc_listener_options {
	/* What who connects must prove to have; NULL for none. */
	const void *key;
	size_t key_size;
	/* Really listen on TCP without a key: for whoever can reach the port. */
	bool without_key;
	/* So many wait in the kernel to be accepted; 0: 128.  It has a limit too (net.core.somaxconn). */
	uint32_t backlog;
	/* Of each connection: the largest message in bytes; 0: MPROC_CONNECTION_DEFAULT_MAX_MESSAGE. */
	size_t max_message;
	uint64_t reserved[3];
} mproc_listener_options;

typedef struct mproc_connect_options {
	/* What both sides must prove to have; NULL for none. */
	const void *key;
	size_t key_size;
	/* The largest message in bytes; 0: MPROC_CONNECTION_DEFAULT_MAX_MESSAGE. */
	size_t max_message;
	uint64_t reserved[3];
} mproc_connect_options;

/*
 * Listen at an address.
 *
 * @address  such as "unix:/run/user/1000/jobs" or "tcp://127.0.0.1:0": port 0 lets the kernel choose one, and
 *           mproc_listener_address tells it.  A socket file is made, and what a dead listener left there is
 *           replaced; its directory should be one in which only trusted users can write.  Beside it, for
 *           a moment, is a lock file, the same name and ".lock".
 * @options  NULL for the defaults.
 *
 * Returns  0, and the listener in @ret_listener.
 * Fails    -EINVAL         @address is none, TCP without a key and without .without_key, .key without a size
 *                          or the other way round, a key above MPROC_KEY_MAX, .max_message above its limit,
 *                          a reserved word of @options is not 0, or @ret_listener is NULL
 *          -ENAMETOOLONG   the path is longer than a socket's can be: 107 bytes
 *          -EADDRINUSE     somebody listens there, or what has that name is no socket
 *          -EADDRNOTAVAIL  the host is none of this machine's addresses
 *          -EHOSTUNREACH   the host's name cannot be resolved
 *          -ETIMEDOUT      another process has been opening this address for 5 s
 *          -ENOENT, -EACCES, -ENOTDIR, …  as the kernel says of the path or the port
 *          -ENOSYS         there is a key, and no libcrypto.so.3 (Debian's libssl3) for it
 *          -EMFILE, -ENFILE  no descriptors left
 *          -ENOMEM         no memory
 * Cost     about 20 system calls, with the first key also loading libcrypto; resolving a name takes as long
 *          as it takes.
 */
MPROC_API int mproc_listener_open(
	const char *address, const mproc_listener_options *options, mproc_listener **ret_listener);

/*
 * Take the next connection; wait until somebody has connected and, where there is a key, has proven to have
 * it.
 *
 * All who connect are served at once, by whoever waits here: who keeps silent, has no key, sends nonsense
 * or is a stranger delays nobody and ends no wait.  Each has 5 s to introduce itself; nothing is done
 * between the calls, so a program that seldom accepts waits with mproc_listener_fd.
 *
 * @deadline  when to give up.
 *
 * Returns  0, and a connection in @ret_connection, which the caller closes.
 * Fails    -ETIMEDOUT  nobody came until the deadline; the error text says how many were sent away, and why
 *                      the last one was
 *          -EPIPE      the process that opened the listener has closed it
 *          -EINVAL     @listener or @ret_connection is NULL
 *          -EMFILE, -ENFILE  no descriptors left; who waits to be accepted goes on waiting
 *          -ENOBUFS, -ENOMEM  no memory
 * Cost     about 20 system calls a connection.
 */
MPROC_API int mproc_listener_accept(
	mproc_listener *listener, mproc_deadline deadline, mproc_connection **ret_connection);

/*
 * Tell where a listener listens, in the form that mproc_connect takes: with the port that was chosen.
 *
 * Returns  a text that is valid until the listener is closed; NULL when @listener is NULL.
 * Cost     none.
 */
MPROC_API const char *mproc_listener_address(const mproc_listener *listener);

/*
 * Get a descriptor for poll, epoll or an event loop: it is readable when mproc_listener_accept with
 * MPROC_NOW has something to do, which need not end in a connection.
 *
 * Returns  the descriptor, which belongs to the listener: it is not to be read or closed.
 * Fails    -EINVAL  @listener is NULL
 *          -EMFILE, -ENFILE, -ENOMEM  in a forked child, which gets a descriptor of its own
 * Fork     a child asks again: its parent's is closed in it.
 * Cost     none; in a forked child some system calls the first time.
 */
MPROC_API int mproc_listener_fd(mproc_listener *listener);

/*
 * Tell how many this process has sent away since it opened the listener, or was forked: strangers, who had
 * not the key, who did not speak the protocol, who kept silent for 5 s, and who were pushed out by others.
 *
 * Returns  the number.
 * Fails    -EINVAL  @listener is NULL
 * Cost     none.
 */
MPROC_API int64_t mproc_listener_refused(mproc_listener *listener);

/*
 * Stop listening.  Connections that were accepted live on.  When the process that opened the listener closes
 * it, nobody can connect any more, also where forked children still accept, and the socket file is removed,
 * if it is still that one.  When it dies without closing, its children may go on.
 *
 * @listener  or NULL.
 *
 * Returns  NULL.
 * Cost     a system call for each descriptor, and some for the socket file.
 */
MPROC_API mproc_listener *mproc_listener_close(mproc_listener *listener);

/*
 * Connect to a listener; wait until it has accepted.
 *
 * @address   as for mproc_listener_open, with a port.
 * @options   NULL for the defaults: no key.
 * @deadline  when to give up.  A listener that has begun to answer and then keeps silent is given up after
 *            5 s in any case.
 *
 * Returns  0, and a connection in @ret_connection, which the caller closes.
 * Fails    -ECONNREFUSED  nobody listens there
 *          -ENOENT        there is no such socket file
 *          -EACCES        the keys differ, or one side only has one; or it belongs to another user: the error
 *                         text says which
 *          -ETIMEDOUT     not accepted until the deadline
 *          -ECONNRESET    the listener has hung up: it sent this process away, was closed, or died
 *          -EBADMSG       what listens there is no listener of mproc
 *          -EINVAL        @address is none or has port 0, .key without a size or the other way round, a key
 *                         above MPROC_KEY_MAX, .max_message above its limit, a reserved word of @options is
 *                         not 0, or @ret_connection is NULL
 *          -ENAMETOOLONG  the path is longer than a socket's can be: 107 bytes
 *          -EHOSTUNREACH, -ENETUNREACH  the host's name cannot be resolved, or no way leads there
 *          -EADDRNOTAVAIL  this machine has no port left for it
 *          -ENOSYS        there is a key, and no libcrypto.so.3 (Debian's libssl3) for it
 *          -EMFILE, -ENFILE  no descriptors left
 *          -ENOBUFS, -ENOMEM  no memory
 * Cost     about 20 system calls; resolving a name takes as long as it takes, whatever the deadline.
 */
MPROC_API int mproc_connect(const char *address, const mproc_connect_options *options,
	mproc_deadline deadline, mproc_connection **ret_connection);

MPROC_END_DECLS

#endif
