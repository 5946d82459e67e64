/* SPDX-License-Identifier: MIT */
/*
 * remote/functions.h - having the server run functions.lua: as functions, which are loaded when the server says that
 * it has none; or where there can be none, as a script.
 */
#ifndef REMOTE_FUNCTIONS_H
#define REMOTE_FUNCTIONS_H

#include "remote/asking.h"

enum {
	/* What a call has at most, as a script. */
	MPROCI_CALL_MOST = 32,
};

/* A call as it is sent. */
typedef struct mproci_call_bytes {
	mproci_command_bytes command;
	const char *arguments[MPROCI_CALL_MOST];
	size_t sizes[MPROCI_CALL_MOST];
} mproci_call_bytes;

/* Say "FCALL name keys …" as this server wants to hear it.  Returns 0 or -ENOMEM with an error text. */
int mproci_functions_phrase(
	const mproc_remote *remote, const mproci_command_bytes *call, mproci_call_bytes *ret_call);

/*
 * Do what an error reply to a call asks for.  Returns 1: ask again; 0: it is another error; a negative errno with an
 * error text.
 */
int mproci_functions_mend(mproc_remote *remote, const redisReply *reply, mproc_deadline deadline);

#endif
