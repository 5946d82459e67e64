/* SPDX-License-Identifier: MIT */
/*
 * manager/sets.h - the manager's own sets.  Their value in the keyspace is a mproci_hash_table with nothing but names,
 * which is never empty.
 */
#ifndef MANAGER_SETS_H
#define MANAGER_SETS_H

#include "manager/keyspace.h"
#include "manager/table.h"

typedef enum mproci_set_operation {
	/* What is in all of them; in any; in the first and in no other. */
	MPROCI_SET_INTERSECTION,
	MPROCI_SET_UNION,
	MPROCI_SET_DIFFERENCE,
} mproci_set_operation;

extern const mproci_type mproci_type_set;

/* What a name is bound with, NULL when it means nothing.  Returns 0, or -EPROTOTYPE: it is no set. */
int mproci_set_find(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding);

/* The same, and makes an empty one when there is none: put something in, then settle.  Returns -ENOMEM too. */
int mproci_set_make(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding);

/* A set has changed: touch it, or remove it when it is empty. */
void mproci_set_settle(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding);

/*
 * Make a set of what is in @count others, of which NULL is an empty one.  Each is walked through once at most, also one
 * that is among them often; @sets is in another order then.  Returns NULL when there is no memory.
 */
mproci_hash_table *mproci_set_combine(mproci_set_operation operation, mproci_hash_table **sets, size_t count);

#endif
