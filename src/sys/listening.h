/* SPDX-License-Identifier: MIT */
/*
 * sys/listening.h - sockets that listen, and those that come of it.
 *
 * Whatever returns a negative errno here has an error text, unless it says otherwise.
 */
#ifndef SYS_LISTENING_H
#define SYS_LISTENING_H

#include "base/private.h"
#include "sys/descriptor.h"

#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* The longest path of a socket file. */
	MPROCI_SOCKET_PATH_LIMIT = 107,
	/* What fits every host, with its brackets, and port. */
	MPROCI_HOST_AND_PORT_SIZE = 128,
};

/*
 * Listen at a socket file, which is its owner's alone from the beginning; one that a dead listener has left
 * is replaced.  Which file that is in @ret_file.  Returns a descriptor, or a negative errno: what
 * mproc_listener_open documents.
 */
int mproci_listen_at_path(const char *path, int backlog, mproci_file_id *ret_file);

/* The same for connections that are streams of bytes, as other programs expect them, and not packets. */
MPROCI_PRIVATE int mproci_listen_at_path_for_streams(const char *path, int backlog, mproci_file_id *ret_file);

/*
 * Whether the folder of a socket file is this process's user's, or root's, and nobody else can write to it: so that nobody else can put another socket
 * there.  Returns 0, or with an error text -EACCES, or what keeps it from being looked at.
 */
MPROCI_PRIVATE int mproci_socket_check_folder(const char *path);

/* Listen at a host's address; port 0: the kernel chooses.  Returns a descriptor, or a negative errno. */
MPROCI_PRIVATE int mproci_listen_at_host(const char *host, uint16_t port, int backlog);

/* Tell where a socket of that kind listens, as host:port.  Returns 0 or a negative errno. */
MPROCI_PRIVATE int mproci_listening_name(int listening, char ret_text[MPROCI_HOST_AND_PORT_SIZE]);

/* The same of who is at the other end of a connection. */
MPROCI_PRIVATE int mproci_socket_peer_name(int socket, char ret_text[MPROCI_HOST_AND_PORT_SIZE]);

/* Have nobody listen there any more, in whichever process, and hang up on who was not accepted. */
MPROCI_PRIVATE void mproci_listening_end(int listening);

/* Remove a socket file, if it still is that one. */
MPROCI_PRIVATE void mproci_socket_file_remove(const char *path, mproci_file_id file);

/*
 * Take who has connected.  Returns a descriptor; without an error text -EAGAIN: nobody has; -EPIPE: nobody
 * listens any more; another negative errno with one.
 */
MPROCI_PRIVATE int mproci_listening_accept(int listening);

/*
 * Connect to a socket file, or to a host.  Returns a descriptor, or a negative errno: what mproc_connect
 * documents.
 */
int mproci_connect_to_path(const char *path, mproc_deadline deadline);
int mproci_connect_to_host(const char *host, uint16_t port, mproc_deadline deadline);

/*
 * Have the kernel ask after a minute of silence whether the other host still lives, and give it up after
 * another one.
 */
MPROCI_PRIVATE void mproci_socket_keep_alive(int socket);

/*
 * Whether the process at the other end of a Unix socket is this one's user's, or root's.  Returns 0 or
 * -EACCES.
 */
MPROCI_PRIVATE int mproci_socket_check_peer(int socket);

/* Hang up, also when a child that another thread has just forked still has the descriptor, and close. */
MPROCI_PRIVATE void mproci_socket_hang_up(int socket);

#endif
