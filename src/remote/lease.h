/* SPDX-License-Identifier: MIT */
/*
 * remote/lease.h - something that the server lends for a time: what a lock and a permit of a semaphore have in common.
 */
#ifndef REMOTE_LEASE_H
#define REMOTE_LEASE_H

#include "remote/owner.h"
#include "remote/remote.h"

/* What is lent. */
typedef struct mproci_remote_lease_kind {
	/* As "lock", and as "held by somebody else" when it is not to be had. */
	const char *noun, *refusal;
	/* Functions of functions.lua. */
	const char *acquire, *release, *extend;
} mproci_remote_lease_kind;

typedef enum mproci_remote_lease_state {
	MPROCI_LEASE_FREE,
	/* A request has had no answer: the server may hold it for this owner, or not. */
	MPROCI_LEASE_UNSURE,
	MPROCI_LEASE_HELD,
} mproci_remote_lease_state;

/* A handle of one. */
typedef struct mproci_remote_lease {
	const mproci_remote_lease_kind *kind;
	mproc_remote *remote;
	/* Keys: what says who holds it, the newest token, and what wakes who waits. */
	char *name, *fence, *wake;
	int64_t milliseconds;
	/* 0: as of a lock, which is not asked. */
	uint32_t permits;
	/* Whose handle it is: mproci_line_generation. */
	unsigned process;

	mproci_remote_lease_state state;
	/* Each acquisition has a name of its own, so that a request of an earlier one, delayed on its way, means nothing. */
	char owner[MPROCI_OWNER_SIZE];
	int64_t token;
	/* By mproci_clock_now. */
	int64_t ends_at;
} mproci_remote_lease;

/* @seconds as in the options.  Returns 0, or a negative errno with an error text: nothing is left to be closed. */
int mproci_remote_lease_open(mproci_remote_lease *lease, const mproci_remote_lease_kind *kind,
	mproc_remote *remote, const char *name, double seconds);

/* Give it back if it is held, and free what the handle has.  The handle itself is the caller's. */
void mproci_remote_lease_close(mproci_remote_lease *lease);

/* As the public functions of those names; @lease may be NULL. */
int mproci_remote_lease_acquire(mproci_remote_lease *lease, mproc_deadline deadline);
int mproci_remote_lease_release(mproci_remote_lease *lease, mproc_deadline deadline);
int mproci_remote_lease_extend(mproci_remote_lease *lease, mproc_deadline deadline);
int64_t mproci_remote_lease_token(const mproci_remote_lease *lease);
double mproci_remote_lease_remaining(const mproci_remote_lease *lease);

#endif
