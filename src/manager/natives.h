/* SPDX-License-Identifier: MIT */
/*
 * manager/natives.h - what the client has Redis carry out in one go by functions of its own, and the manager
 * carries out itself.
 *
 * The same names, keys and arguments mean the same here and there: remote/functions.lua is the other half.
 */
#ifndef MANAGER_NATIVES_H
#define MANAGER_NATIVES_H

#include "manager/command.h"

/* It writes one reply. */
typedef void mproci_native_body(mproci_call *call, const mproci_view *keys, const mproci_view *arguments);

typedef enum mproci_native_kind {
	/* It may need memory for good. */
	MPROCI_NATIVE_WRITES,
	/* It makes room, or lets others go on: also in a server that is full. */
	MPROCI_NATIVE_FREES,
	/* It changes nothing. */
	MPROCI_NATIVE_READS,
} mproci_native_kind;

typedef struct mproci_native {
	const char *name;
	mproci_native_body *body;
	/* How many it takes, no more and no fewer. */
	size_t keys, arguments;
	mproci_native_kind kind;
} mproci_native;

/* Each subject has its table, which ends with a name of NULL. */
extern const mproci_native mproci_natives_of_values[], mproci_natives_of_collections[],
	mproci_natives_of_locks[], mproci_natives_of_queues[];

/* Of FCALL: whether it may need memory for good. */
bool mproci_native_grows(const mproci_call *call);

/* Read a number between two bounds.  Returns whether it is one; if not, it has said so, calling it @what. */
bool mproci_native_number(mproci_call *call, mproci_view text, const char *what, int64_t lowest,
	int64_t highest, int64_t *ret_number);

/* Read a lease: milliseconds, at least one. */
bool mproci_native_lease(mproci_call *call, mproci_view text, int64_t *ret_lease);

/*
 * The newest token at @fence, 0 if there was none.  Returns whether there is a number, or nothing; if not, it
 * has said so.
 */
bool mproci_fence_read(mproci_call *call, mproci_view fence, int64_t *ret_token);

/* Note a token there.  Returns whether it could; if not, it has said why. */
bool mproci_fence_write(mproci_call *call, mproci_view fence, int64_t token);

/*
 * Note a token, given as text, unless a newer one has been seen.  Returns whether that is so; if not, it has
 * answered with the newer one, or said what is wrong.
 */
bool mproci_fence_pass(mproci_call *call, mproci_view fence, mproci_view token);

/* Note the next one there, and hand it out. */
bool mproci_fence_take(mproci_call *call, mproci_view fence, int64_t *ret_token);

/*
 * The first token of a fence: the time, so that tokens go on growing when the server has lost what it knew;
 * and newer than all that this process has given out, whatever was deleted since.
 */
int64_t mproci_fence_first(const mproci_keyspace *keyspace);

/* A token was given out. */
void mproci_fence_note(int64_t token);

#endif
