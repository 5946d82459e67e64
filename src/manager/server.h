/* SPDX-License-Identifier: MIT */
/*
 * manager/server.h - the server: it listens, and carries out what its clients ask for, in one thread, in a process of its own.
 *
 * Its life: create (from then on clients can connect, and wait), run (until it is told to stop), destroy.  Between create and run, and from callbacks of
 * the loop, others may put handles of their own into the loop; they close them before destroy.
 */
#ifndef MANAGER_SERVER_H
#define MANAGER_SERVER_H

#include "manager/command.h"

#include <uv.h>

enum {
	/* How many clients at once, unless said otherwise. */
	MPROCI_SERVER_CLIENTS = 10000,
	/* The largest argument of a request, unless said otherwise: 512 MiB, as in Redis. */
	MPROCI_SERVER_BULK = 512 << 20,
};

/* Zero, or NULL, is the default.  All texts stay the caller's, and valid until the server is destroyed. */
typedef struct mproci_server_options {
	/* A socket file, in a folder that only this user can write to. */
	const char *path;
	/* Where to listen for TCP; port 0: the kernel chooses one.  Off loopback it takes a password. */
	const char *host;
	uint16_t port;
	/* What AUTH takes; NULL: everybody who connects is welcome. */
	const char *password;
	/* Files in PEM.  With a certificate and its key, TCP takes TLS and nothing else; with an authority, only clients with a certificate of it. */
	const char *certificate, *key, *authority;
	size_t max_clients;
	size_t max_bulk;
	/* Bytes of resident memory beyond which what makes the keyspace larger is refused; 0: none. */
	uint64_t max_memory;
} mproci_server_options;

/*
 * Make a server that listens.  It takes this process over: its locale becomes C.  Returns 0, or a negative errno with an error text:
 * -EINVAL (neither a path nor a host, a host off loopback without a password, a file that does not hold what it should), -EACCES (a path in a folder that others can write to), what
 * mproc_listener_open documents, -ENOMEM.
 */
int mproci_server_create(const mproci_server_options *options, mproci_server **ret_server);

/* Serve until mproci_server_stop.  Returns 0, or a negative errno with an error text. */
int mproci_server_run(mproci_server *server);

/* Have run return soon; from a callback of the loop, or before run. */
void mproci_server_stop(mproci_server *server);

/* Hang up on all clients and free everything; the socket file is removed.  NULL is none.  Returns NULL. */
mproci_server *mproci_server_destroy(mproci_server *server);

uv_loop_t *mproci_server_loop(mproci_server *server);
mproci_keyspace *mproci_server_keyspace(const mproci_server *server);

/* Where it listens for TCP: "127.0.0.1:6379"; empty: nowhere. */
const char *mproci_server_address(const mproci_server *server);

/* Called before what a client has sent is looked at, each time; so that what others have done before it was sent can be taken notice of. */
void mproci_server_set_hook(mproci_server *server, void (*hook)(void *context), void *context);

/* Whether names are shown whose type carries out commands itself: while none is, commands need not look.  At first it is so. */
void mproci_server_set_showing(mproci_server *server, bool is_showing);

#endif
