/* SPDX-License-Identifier: MIT */
/*
 * manager/spot.h - where something is that gives itself back when its client goes, without anybody having
 * named it.
 */
#ifndef MANAGER_SPOT_H
#define MANAGER_SPOT_H

#include "manager/keyspace.h"

typedef struct mproci_spot {
	mproci_keyspace *keyspace;
	/*
	 * Its own name, and that of the list where an item wakes who waits for it.  Their bytes are behind.
	 */
	mproci_view name, wake;
	char bytes[];
} mproci_spot;

/* Returns NULL when there is no memory; to be freed with free. */
mproci_spot *mproci_spot_create(mproci_keyspace *keyspace, mproci_view name, mproci_view wake);

/* What is bound there, if it is still @value; NULL: somebody has given it another name. */
mproci_binding *mproci_spot_find(const mproci_spot *spot, const void *value);

/*
 * Leave an item in a list, unless there is one: who waits for it tries again, and leaves one for the next if
 * it can.
 */
void mproci_wake(mproci_keyspace *keyspace, mproci_view wake);

/* Take that item back. */
void mproci_wake_cancel(mproci_keyspace *keyspace, mproci_view wake);

#endif
