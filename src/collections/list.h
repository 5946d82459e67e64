/* SPDX-License-Identifier: MIT */
/*
 * collections/list.h - a list: a sequence of items, the lock for changing it, and what all collections have.
 */
#ifndef COLLECTIONS_LIST_H
#define COLLECTIONS_LIST_H

#include "collections/collection.h"
#include "collections/sequence.h"

#include <mproc/list.h>

static const uint64_t MPROCI_LIST_MARK = UINT64_C(0x7473696c2e6f6b6d);

struct mproc_list {
	mproci_collection common;
	mproci_lock lock;
	mproci_sequence sequence;
};

static inline int mproci_list_enter(mproc_list *list, _Atomic uintptr_t **ret_inside)
{
	return mproci_collection_enter((mproci_collection *)list, MPROCI_LIST_MARK, "list", ret_inside);
}

/* Take the lock, and put right what a dead holder left.  Returns 0 or a negative errno with an error text. */
int mproci_list_lock(mproc_list *list);

static inline void mproci_list_unlock(mproc_list *list)
{
	mproci_lock_release(&list->lock);
}

/* Both: enter and lock, unlock and leave. */
int mproci_list_begin(mproc_list *list, _Atomic uintptr_t **ret_inside);
void mproci_list_end(mproc_list *list, _Atomic uintptr_t *inside);

/* -ERANGE with an error text: there is no item at @position, counted as the program does, among @count. */
int mproci_list_refuse_position(const mproc_list *list, ssize_t position, uint64_t count);

/* -EMSGSIZE with an error text. */
int mproci_list_refuse_size(const mproc_list *list, uint64_t item_size, size_t size);

/* Translate a position that may count from the end.  Returns whether there is an item. */
static inline bool mproci_list_resolve(ssize_t position, uint64_t count, uint64_t *ret_position)
{
	*ret_position = position < 0 ? count + (uint64_t)position : (uint64_t)position;
	return *ret_position < count;
}

#endif
