/* SPDX-License-Identifier: MIT */
/*
 * manager/sorted.h - the manager's own sorted sets: members with a score each.  Their value in the keyspace is a
 * mproci_sorted, which is never empty.
 */
#ifndef MANAGER_SORTED_H
#define MANAGER_SORTED_H

#include "manager/arguments.h"
#include "manager/keyspace.h"
#include "manager/ordered.h"

typedef struct mproci_sorted {
	/* The payload of a member is its score. */
	mproci_hash_table *members;
	mproci_ordered order;
} mproci_sorted;

extern const mproci_type mproci_type_sorted;

/* What a name is bound with, NULL when it means nothing.  Returns 0, or -EPROTOTYPE: it is no sorted set. */
int mproci_sorted_find(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding);

/* The same, and makes an empty one when there is none: put something in, then settle.  Returns -ENOMEM too. */
int mproci_sorted_make(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding);

/* A sorted set has changed: touch it, or remove it when it is empty. */
void mproci_sorted_settle(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding);

/* Whether something is a member, and its score. */
bool mproci_sorted_score(const mproci_sorted *sorted, mproci_view member, double *ret_score);

/* Give a member, new or not, a score.  Returns 0, or -ENOMEM, with everything as it was. */
int mproci_sorted_put(mproci_sorted *sorted, mproci_view member, double score);

/* Returns whether it was a member. */
bool mproci_sorted_remove(mproci_sorted *sorted, mproci_view member);

/* Remove those of a span of ranks. */
void mproci_sorted_cut(mproci_sorted *sorted, mproci_span span);

/* Whether something is a member, and how many are before it. */
bool mproci_sorted_rank(const mproci_sorted *sorted, mproci_view member, size_t *ret_rank);

#endif
