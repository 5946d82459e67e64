/* SPDX-License-Identifier: MIT */
/*
 * remote/handle.h - what a handle is made of; for the files that open its connection and ask over it.
 */
#ifndef REMOTE_HANDLE_H
#define REMOTE_HANDLE_H

#include "remote/line.h"
#include "remote/url.h"
#include "sys/lock.h"

#include <mproc/remote.h>
#include <stdatomic.h>

/* How functions.lua is called on this connection. */
typedef enum mproci_calling {
	MPROCI_CALL_FUNCTION,
	/* The server has no functions, or this user may not use them: as a script that the server knows by its hash. */
	MPROCI_CALL_HASH,
	/* Or does not know yet. */
	MPROCI_CALL_SCRIPT,
} mproci_calling;

struct mproc_remote {
	uint64_t mark;
	mproci_url url;
	char *client_name;
	mproc_remote_durability durability;
	size_t largest_reply;
	/* NULL: without. */
	mproci_remote_tls *tls;

	/* Whose turn is next: a thread that has just had one waits behind it. */
	mproci_lock next_turn;
	/* Protects what follows: whose turn it is, asks. */
	mproci_lock turn;
	/* NULL: none. */
	mproci_line *line;
	/* So many replies are still to come that nobody waits for any more; and since when there was none. */
	size_t late;
	int64_t silent_since;
	/* A connection broke since the last call of mproc_remote_wait_replicas. */
	bool has_broken;
	mproci_calling calling;
	/* As of mproci_line_generation: another one in a forked child that has not used it yet. */
	_Atomic unsigned generation;
};

/* MPROC_NOW as the moment until when the server is waited for. */
mproc_deadline mproci_remote_until(mproc_deadline deadline);

/* In a forked child that has not used it yet: have done with its parent's connection. */
void mproci_remote_renew(mproc_remote *remote);

/* Take the turn.  Returns 0; with an error text -ETIMEDOUT, -EDEADLK: this thread has it. */
int mproci_remote_enter(mproc_remote *remote, mproc_deadline deadline);
void mproci_remote_leave(mproc_remote *remote);

/* With the turn: close the connection, if there is one. */
void mproci_remote_hang_up(mproc_remote *remote);

/* Have "URL: " stand before the error text.  Returns @rc. */
int mproci_remote_fail_there(const mproc_remote *remote, int rc);

#endif
