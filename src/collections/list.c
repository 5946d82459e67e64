/* SPDX-License-Identifier: MIT */
/*
 * Making, changing and ending a list.  Reading it is in list_read.c.
 */
#include "collections/list.h"

#include "arena/lock_note.h"
#include "base/error.h"
#include "base/options.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/result.h>

static int init(mproc_list *self, const mproc_list_options *options)
{
	int rc;

	memset((void *)self, 0, sizeof *self);
	rc = mproci_collection_init(&self->common, "list", options->patience);
	if (rc < 0)
		return rc;
	mproci_sequence_init(&self->sequence);
	rc = mproci_lock_init(&self->lock, MPROCI_LOCK_OF_ENTRIES);
	return rc < 0 ? mproci_fail(rc, "list: no lock can be made") : 0;
}

int mproc_list_create(const mproc_list_options *options, mproc_list **ret_list)
{
	static const mproc_list_options defaults;
	mproc_list *self;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_list == NULL)
		return mproci_fail(-EINVAL, "list: ret_list is NULL");
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc == 0)
		rc = mproci_family_join();
	if (rc < 0)
		return rc;
	self = mproc_aligned_alloc(_Alignof(mproc_list), sizeof *self);
	if (self == NULL)
		return -ENOMEM;
	rc = init(self, options);
	if (rc < 0) {
		mproc_free(self);
		return rc;
	}
	/* Whoever is inside when it is destroyed finds it there until he has left. */
	mproci_arena_note_lock(self);
	atomic_store_explicit(&self->common.mark, MPROCI_LIST_MARK, memory_order_relaxed);
	*ret_list = self;
	return 0;
}

int mproci_list_lock(mproc_list *list)
{
	int rc = mproci_collection_lock(&list->common, &list->lock);

	if (rc < 0)
		return rc;
	if (rc == MPROC_OWNER_DIED || mproci_sequence_is_torn(&list->sequence))
		rc = mproci_sequence_repair(&list->sequence);
	if (rc == 0 && mproci_sequence_can_have(&list->sequence, mproci_sequence_slots(&list->sequence)))
		return 0;
	mproci_list_unlock(list);
	return mproci_collection_refuse_damage(&list->common);
}

int mproci_list_begin(mproc_list *list, _Atomic uintptr_t **ret_inside)
{
	int rc;

	rc = mproci_list_enter(list, ret_inside);
	if (rc < 0)
		return rc;
	rc = mproci_list_lock(list);
	if (rc < 0)
		mproci_collection_leave(*ret_inside);
	return rc;
}

void mproci_list_end(mproc_list *list, _Atomic uintptr_t *inside)
{
	mproci_list_unlock(list);
	mproci_collection_leave(inside);
}

/* After a change that returned @rc. */
static int end_change(mproc_list *list, _Atomic uintptr_t *inside, int rc)
{
	mproci_list_end(list, inside);
	return rc == -EBADMSG ? mproci_collection_refuse_damage(&list->common) : rc;
}

int mproci_list_refuse_position(const mproc_list *list, ssize_t position, uint64_t count)
{
	/* Who empties a list sees this often. */
	if (count == 0)
		return mproci_answer(-ERANGE, "list: no such position: nothing is in the list");
	return mproci_fail(-ERANGE, "list %p: position %zd: %lld to %lld are possible", (const void *)list,
		position, -(long long)count, (long long)count - 1);
}

int mproci_list_refuse_size(const mproc_list *list, uint64_t item_size, size_t size)
{
	return mproci_fail(-EMSGSIZE, "list %p: an item of %llu bytes: there is room for %zu",
		(const void *)list, (unsigned long long)item_size, size);
}

static int check_item(const void *item, size_t size)
{
	if (size > SIZE_MAX / 2)
		return mproci_fail(
			-EOVERFLOW, "list: an item of %zu bytes: at most %zu bytes", size, SIZE_MAX / 2);
	if (item == NULL && size > 0)
		return mproci_fail(-EINVAL, "list: the item is NULL, and is to have %zu bytes", size);
	return 0;
}

/* mproci_list_begin for who is to put in @item. */
static int begin_with(mproc_list *list, const void *item, size_t size, _Atomic uintptr_t **ret_inside)
{
	int rc;

	rc = check_item(item, size);
	return rc < 0 ? rc : mproci_list_begin(list, ret_inside);
}

static uint64_t count_of(const mproc_list *list)
{
	return mproci_slots_count(mproci_sequence_slots(&list->sequence));
}

int mproc_list_append(mproc_list *list, const void *item, size_t size)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = begin_with(list, item, size, &inside);
	if (rc < 0)
		return rc;
	return end_change(list, inside, mproci_sequence_insert(&list->sequence, count_of(list), item, size));
}

/* Behind the last one as well. */
static int insert(mproc_list *list, ssize_t position, const void *item, size_t size)
{
	uint64_t count = count_of(list), from_front;

	if (position < 0 || (uint64_t)position != count) {
		if (!mproci_list_resolve(position, count, &from_front))
			return mproci_fail(-ERANGE, "list %p: position %zd: %lld to %lld are possible",
				(void *)list, position, -(long long)count, (long long)count);
		count = from_front;
	}
	return mproci_sequence_insert(&list->sequence, count, item, size);
}

int mproc_list_insert(mproc_list *list, ssize_t position, const void *item, size_t size)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = begin_with(list, item, size, &inside);
	if (rc < 0)
		return rc;
	return end_change(list, inside, insert(list, position, item, size));
}

int mproc_list_set(mproc_list *list, ssize_t position, const void *item, size_t size)
{
	_Atomic uintptr_t *inside;
	uint64_t from_front;
	int rc;

	rc = begin_with(list, item, size, &inside);
	if (rc < 0)
		return rc;
	if (mproci_list_resolve(position, count_of(list), &from_front))
		rc = mproci_sequence_set(&list->sequence, from_front, item, size);
	else
		rc = mproci_list_refuse_position(list, position, count_of(list));
	return end_change(list, inside, rc);
}

int mproc_list_delete(mproc_list *list, ssize_t position)
{
	_Atomic uintptr_t *inside;
	uint64_t from_front;
	int rc;

	rc = mproci_list_begin(list, &inside);
	if (rc < 0)
		return rc;
	if (mproci_list_resolve(position, count_of(list), &from_front))
		rc = mproci_sequence_delete(&list->sequence, from_front);
	else
		rc = mproci_list_refuse_position(list, position, count_of(list));
	return end_change(list, inside, rc);
}

/* Copy it, and delete it. */
static int take(mproc_list *list, ssize_t position, void *buffer, size_t size, size_t *ret_size)
{
	mproci_sequence *sequence = &list->sequence;
	uint64_t from_front;
	mproci_view view;
	int rc;

	if (!mproci_list_resolve(position, count_of(list), &from_front))
		return mproci_list_refuse_position(list, position, count_of(list));
	if (!mproci_sequence_find(sequence, mproci_sequence_slots(sequence).first + from_front, &view))
		return -EBADMSG;
	if (view.size > size)
		return mproci_list_refuse_size(list, view.size, size);
	mproci_words_copy(buffer, view.item->words, view.size);
	rc = mproci_sequence_delete(sequence, from_front);
	if (rc == 0 && ret_size != NULL)
		*ret_size = view.size;
	return rc;
}

int mproc_list_pop(mproc_list *list, ssize_t position, void *buffer, size_t size, size_t *ret_size)
{
	_Atomic uintptr_t *inside;
	int rc;

	if (buffer == NULL && size > 0)
		return mproci_fail(-EINVAL, "list: the buffer is NULL, and is to have %zu bytes", size);
	rc = mproci_list_begin(list, &inside);
	if (rc < 0)
		return rc;
	return end_change(list, inside, take(list, position, buffer, size, ret_size));
}

int mproc_list_clear(mproc_list *list)
{
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_list_begin(list, &inside);
	if (rc < 0)
		return rc;
	return end_change(list, inside, mproci_sequence_clear(&list->sequence));
}

/* With the lock: free what is in it; once more, if somebody was killed at it.  What was overwritten stays. */
static void empty(mproci_sequence *sequence)
{
	if (mproci_sequence_repair(sequence) == 0 && mproci_sequence_clear(sequence) == 0)
		mproci_sequence_free(sequence);
}

/* Returns whether nobody is in the middle of something: who holds the lock may be stopped. */
static bool condemn(mproc_list *list, mproc_deadline end)
{
	int rc = mproci_lock_take(&list->lock, end);

	atomic_store(&list->common.is_destroyed, true);
	if (rc < 0)
		return false;
	empty(&list->sequence);
	mproci_list_unlock(list);
	return true;
}

mproc_list *mproc_list_destroy(mproc_list *list)
{
	_Atomic uintptr_t *inside;
	mproc_deadline end;

	if (list == NULL
		|| mproci_collection_enter_last(&list->common, MPROCI_LIST_MARK, "list", &inside) < 0)
		return NULL;
	end = mproci_collection_last_deadline();
	/* What somebody who is stopped inside may still write to stays allocated. */
	if (!condemn(list, end) || !mproci_collection_outlast_others(&list->common, end)) {
		mproci_collection_leave(inside);
		return NULL;
	}
	atomic_store_explicit(&list->common.mark, 0, memory_order_relaxed);
	mproci_collection_leave(inside);
	mproc_free(list);
	return NULL;
}
