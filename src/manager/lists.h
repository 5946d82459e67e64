/* SPDX-License-Identifier: MIT */
/*
 * manager/lists.h - the manager's own lists.  Their value in the keyspace is a mproci_deque, which is never empty.
 */
#ifndef MANAGER_LISTS_H
#define MANAGER_LISTS_H

#include "manager/deque.h"
#include "manager/keyspace.h"
#include "manager/reply.h"

extern const mproci_type mproci_type_list;

/* What the functions here return when the name means something else than a list: -EPROTOTYPE, and nothing has happened. */

/* What a name is bound with, NULL when it means nothing.  Returns 0. */
int mproci_list_find(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding);

/* The same, and makes an empty list when there is none: put something in, then settle.  Returns 0 or -ENOMEM. */
int mproci_list_make(mproci_keyspace *keyspace, mproci_view name, mproci_binding **ret_binding);

/* A list has changed: touch it, or remove it when it is empty. */
void mproci_list_settle(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding);

/* Put an item at the end.  Returns 0 or -ENOMEM. */
int mproci_list_push(mproci_keyspace *keyspace, mproci_view name, mproci_view item);

/*
 * Put an item before the one at @index, which is counted from the end if negative; behind all at the list's count.
 * Returns 1, 0: there is no such position, or -ENOMEM.
 */
int mproci_list_insert(mproci_keyspace *keyspace, mproci_view name, int64_t index, mproci_view item);

/* Take out the item at @index, counted from the end if negative, and write it.  Returns 1, or 0: there is none. */
int mproci_list_pop(mproci_keyspace *keyspace, mproci_view name, int64_t index, mproci_reply *reply);

/* Where @index is among @count, counted from the end if negative.  Returns whether it is from 0 to @count - 1. */
bool mproci_list_position(int64_t index, size_t count, size_t *ret_position);

#endif
