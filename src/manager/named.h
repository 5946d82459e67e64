/* SPDX-License-Identifier: MIT */
/*
 * manager/named.h - records that are found by their name, and stay where they are until they are removed: a
 * record is the payload of an entry of a table.
 */
#ifndef MANAGER_NAMED_H
#define MANAGER_NAMED_H

#include "manager/table.h"

static inline mproci_hash_entry *mproci_named_entry(const void *record)
{
	return (mproci_hash_entry *)((uintptr_t)record - offsetof(mproci_hash_entry, payload));
}

/* NULL: there is none. */
static inline void *mproci_named_find(const mproci_hash_table *table, mproci_view name)
{
	mproci_hash_entry *entry = mproci_hash_table_find(table, name);

	return entry == NULL ? NULL : entry->payload;
}

/* All zero when it is new.  NULL: there is no memory. */
static inline void *mproci_named_add(mproci_hash_table *table, mproci_view name)
{
	mproci_hash_entry *entry = mproci_hash_table_add(table, name, NULL);

	return entry == NULL ? NULL : entry->payload;
}

static inline mproci_view mproci_named_name(const mproci_hash_table *table, const void *record)
{
	return mproci_hash_entry_name(table, mproci_named_entry(record));
}

static inline void mproci_named_remove(mproci_hash_table *table, void *record)
{
	mproci_hash_table_remove(table, mproci_named_entry(record));
}

/* The one after another, in no particular order; @record NULL: the first.  NULL: after the last. */
static inline void *mproci_named_next(const mproci_hash_table *table, const void *record)
{
	const mproci_hash_entry *entry = record == NULL ? NULL : mproci_named_entry(record);
	mproci_hash_entry *next = mproci_hash_table_next(table, entry);

	return next == NULL ? NULL : next->payload;
}

#endif
