/* SPDX-License-Identifier: MIT */
/*
 * manager/leases.h - who holds a lock, or the permits of a semaphore, and until when.
 *
 * The name means something as long as somebody holds it.  A lease ends by the keyspace's clock, or with the
 * client that holds it, whichever comes first.
 */
#ifndef MANAGER_LEASES_H
#define MANAGER_LEASES_H

#include "manager/expiry.h"
#include "manager/session.h"

typedef struct mproci_leases mproci_leases;

typedef struct mproci_holder {
	/* When its lease ends. */
	mproci_expiring lease;
	int64_t token;
	mproci_leases *leases;
	mproci_belonging belonging;
	/* It belongs to a session. */
	bool is_owned;
} mproci_holder;

/* The value of these is a mproci_leases. */
extern const mproci_type mproci_type_lock, mproci_type_semaphore;

/*
 * Bind a name that means nothing to leases that nobody holds: grant one, or settle.  Returns NULL when there
 * is no memory.
 */
mproci_leases *mproci_leases_create(
	mproci_keyspace *keyspace, mproci_view name, const mproci_type *type, mproci_view wake);

/* Take those away that have ended. */
void mproci_leases_trim(mproci_leases *leases);

size_t mproci_leases_count(const mproci_leases *leases);
/* NULL: it holds none. */
mproci_holder *mproci_leases_find(const mproci_leases *leases, mproci_view owner);
/* The one whose lease ends first; NULL: there is none. */
mproci_holder *mproci_leases_first(const mproci_leases *leases);

/* Give @owner, who holds none, a lease of so many milliseconds.  Returns NULL when there is no memory. */
mproci_holder *mproci_leases_grant(
	mproci_leases *leases, mproci_session *session, mproci_view owner, int64_t lease);

/*
 * Have it end so many milliseconds from now, and belong to @session.  Returns whether it could: there may be
 * no memory.
 */
bool mproci_leases_renew(mproci_holder *holder, mproci_session *session, int64_t lease);

void mproci_leases_release(mproci_holder *holder);

/* They have changed: touch the name, or remove it when nobody holds one. */
void mproci_leases_settle(mproci_leases *leases);

#endif
