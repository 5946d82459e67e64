/* SPDX-License-Identifier: MIT */
/*
 * manager/session.h - one client, from the time it connects until it is gone, as its commands see it.
 */
#ifndef MANAGER_SESSION_H
#define MANAGER_SESSION_H

#include "manager/command.h"

/* What goes when a client goes: its locks, its unacknowledged messages, its subscriptions, what it watches. */
typedef struct mproci_belonging {
	struct mproci_belonging *next, *previous;
	/* Called with the belonging taken out already. */
	void (*release)(struct mproci_belonging *belonging);
} mproci_belonging;

void mproci_session_own(mproci_session *session, mproci_belonging *belonging);
void mproci_session_disown(mproci_belonging *belonging);

/* From 1 on, no two the same: as CLIENT ID. */
uint64_t mproci_session_id(const mproci_session *session);

/*
 * Have a command wait: it is called again when one of @names is touched, or - as with locks of shared objects that somebody else holds - after about a
 * millisecond, when @count is 0; and finally at @until, by the keyspace's clock (0: never), when mproci_session_is_late says so and it must not park again.
 * Requests behind it wait, and are answered in their order.  Returns 0 or -ENOMEM.
 */
int mproci_session_park(mproci_session *session, const mproci_view *names, size_t count, int64_t until);
bool mproci_session_is_late(const mproci_session *session);

/* For messages that are no answers: write into what this returns, then have it sent. */
mproci_reply *mproci_session_begin_push(mproci_session *session);
void mproci_session_end_push(mproci_session *session);

/* How many channels and patterns it is subscribed to. */
void mproci_session_set_subscriptions(mproci_session *session, size_t count);

/* Of MULTI: what a subject keeps for each client; released with it. */
void *mproci_session_transaction(const mproci_session *session);
void mproci_session_set_transaction(mproci_session *session, void *transaction);

/* Carry out one command now, as EXEC does. */
mproci_outcome mproci_session_carry_out(mproci_call *call);

#endif
