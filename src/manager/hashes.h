/* SPDX-License-Identifier: MIT */
/*
 * manager/hashes.h - the manager's own hashes: fields with a value each.  In the keyspace their value is a
 * mproci_hash_table, which is never empty.
 */
#ifndef MANAGER_HASHES_H
#define MANAGER_HASHES_H

#include "manager/keyspace.h"
#include "manager/table.h"

extern const mproci_type mproci_type_hash;

static inline mproci_hash_table *mproci_hash_fields(const mproci_binding *binding)
{
	return (mproci_hash_table *)binding->value;
}

/* The value of a field; valid until it is changed. */
mproci_view mproci_hash_value(const mproci_hash_entry *field);

/* Whether a hash has that field, and its value, which is valid until it is changed. */
bool mproci_hash_get(const mproci_binding *binding, mproci_view field, mproci_view *ret_value);

/*
 * Set a field; makes the hash if the name means nothing; touches.  Returns 1: the field is new, 0, -ENOMEM, or
 * -EINVAL: the name is no hash.
 */
int mproci_hash_set(mproci_keyspace *keyspace, mproci_view name, mproci_view field, mproci_view value);

/* Take a field out, and the hash with its last one; touches.  Returns whether it was there. */
bool mproci_hash_remove(
	mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding, mproci_view field);

#endif
