/* SPDX-License-Identifier: MIT */
/*
 * Reading a list: without the lock, as long as nobody changes it meanwhile.
 *
 * Who reads takes note of the version, reads, and looks whether the version is still the same: then nothing
 * that it read had changed.  Until then anything may have been freed, and its memory may hold anything, so
 * whatever leads elsewhere must lead into the arena, whose addresses stay mapped.  Partner of each acquire:
 * the release stores of sequence.c and chunks.c.
 */
#include "collections/list.h"

#include "base/error.h"
#include "collections/gathering.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Then the lock is taken. */
	TRIES = 16,
	SMALL = 64,
};

/* What is to be read, and what was found. */
typedef struct request {
	ssize_t position;
	/* Where the item is copied to, if it fits. */
	void *buffer;
	size_t room;
	/* Also when it does not fit. */
	size_t size;
	/* Of the items in the list. */
	uint64_t count;
} request;

static MPROCI_RACES bool is_unchanged(mproc_list *list, uint64_t version)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&list->sequence.version, memory_order_relaxed) == version;
}

/* What is small does not touch the buffer before it is known to be right. */
static MPROCI_RACES int read_small(mproc_list *list, uint64_t version, const mproci_view *view, void *buffer)
{
	char small[SMALL];

	mproci_words_copy(small, view->item->words, view->size);
	if (view->size > 0 && is_unchanged(list, version))
		memcpy(buffer, small, view->size);
	return 0;
}

/*
 * Without an error text.  What was freed in the meantime is not copied, most of the time: then a buffer keeps
 * what is in it when the item is gone.
 */
static MPROCI_RACES int read_item(mproc_list *list, uint64_t version, request *reading)
{
	mproci_slots used = mproci_sequence_slots(&list->sequence);
	uint64_t from_front;
	mproci_view view;

	reading->count = mproci_slots_count(used);
	if (!mproci_sequence_can_have(&list->sequence, used))
		return -EBADMSG;
	if (!mproci_list_resolve(reading->position, reading->count, &from_front))
		return -ERANGE;
	if (!mproci_sequence_find(&list->sequence, used.first + from_front, &view))
		return -EBADMSG;
	reading->size = view.size;
	if (view.size > reading->room)
		return -EMSGSIZE;
	if (view.size <= SMALL)
		return read_small(list, version, &view, reading->buffer);
	if (is_unchanged(list, version))
		mproci_words_copy(reading->buffer, view.item->words, view.size);
	return 0;
}

static MPROCI_RACES int read_count(mproc_list *list, uint64_t version, request *reading)
{
	mproci_slots used = mproci_sequence_slots(&list->sequence);

	(void)version;
	reading->count = mproci_slots_count(used);
	return mproci_sequence_can_have(&list->sequence, used) ? 0 : -EBADMSG;
}

typedef int read_function(mproc_list *list, uint64_t version, request *reading);

/* Returns what @read does, or -EBUSY: the lock is needed. */
static MPROCI_RACES int try_reading(mproc_list *list, read_function *read, request *reading)
{
	for (int i = 0; i < TRIES; ++i) {
		uint64_t version = atomic_load_explicit(&list->sequence.version, memory_order_acquire);
		int rc;

		/*
		 * Somebody changes it.  It may be emptied because it is destroyed, which happens afterwards.
		 */
		if (version % 2 != 0
			|| atomic_load_explicit(&list->common.is_destroyed, memory_order_relaxed))
			return -EBUSY;
		rc = read(list, version, reading);
		if (is_unchanged(list, version))
			return rc == -EBADMSG ? -EBUSY : rc;
	}
	return -EBUSY;
}

static int read_locked(mproc_list *list, read_function *read, request *reading)
{
	int rc;

	rc = mproci_list_lock(list);
	if (rc < 0)
		return rc;
	rc = read(list, atomic_load_explicit(&list->sequence.version, memory_order_relaxed), reading);
	mproci_list_unlock(list);
	return rc == -EBADMSG ? mproci_collection_refuse_damage(&list->common) : rc;
}

/* Returns 0; -ERANGE or -EMSGSIZE without an error text; others with one. */
static int read_list(mproc_list *list, read_function *read, request *reading)
{
	int rc;

	rc = try_reading(list, read, reading);
	return rc == -EBUSY ? read_locked(list, read, reading) : rc;
}

static int explain(const mproc_list *list, int rc, const request *reading)
{
	if (rc == -ERANGE)
		return mproci_list_refuse_position(list, reading->position, reading->count);
	if (rc == -EMSGSIZE)
		return mproci_list_refuse_size(list, reading->size, reading->room);
	return rc;
}

int mproc_list_get(mproc_list *list, ssize_t position, void *buffer, size_t size, size_t *ret_size)
{
	request reading = {.position = position, .buffer = buffer, .room = size};
	_Atomic uintptr_t *inside;
	int rc;

	if (buffer == NULL && size > 0)
		return mproci_fail(-EINVAL, "list: the buffer is NULL, and is to have %zu bytes", size);
	rc = mproci_list_enter(list, &inside);
	if (rc < 0)
		return rc;
	rc = read_list(list, read_item, &reading);
	mproci_collection_leave(inside);
	if (rc < 0)
		return explain(list, rc, &reading);
	if (ret_size != NULL)
		*ret_size = reading.size;
	return 0;
}

/* Make room for the item, which may be another one the next time, as often as it takes. */
static int read_copy(mproc_list *list, request *reading)
{
	int rc;

	do {
		free(reading->buffer);
		reading->room = reading->size;
		reading->buffer = malloc(reading->room + 1);
		if (reading->buffer == NULL)
			return mproci_fail(-ENOMEM,
				"list %p: this process has no memory for an item of %zu bytes", (void *)list,
				reading->room);
		rc = read_list(list, read_item, reading);
	} while (rc == -EMSGSIZE);
	return explain(list, rc, reading);
}

int mproc_list_get_copy(mproc_list *list, ssize_t position, void **ret_item, size_t *ret_size)
{
	request reading = {.position = position};
	_Atomic uintptr_t *inside;
	int rc;

	if (ret_item == NULL)
		return mproci_fail(-EINVAL, "list: ret_item is NULL");
	rc = mproci_list_enter(list, &inside);
	if (rc < 0)
		return rc;
	rc = read_copy(list, &reading);
	mproci_collection_leave(inside);
	if (rc < 0) {
		free(reading.buffer);
		return rc;
	}
	((char *)reading.buffer)[reading.size] = 0;
	*ret_item = reading.buffer;
	if (ret_size != NULL)
		*ret_size = reading.size;
	return 0;
}

ssize_t mproc_list_count(mproc_list *list)
{
	request reading = {0};
	_Atomic uintptr_t *inside;
	int rc;

	rc = mproci_list_enter(list, &inside);
	if (rc < 0)
		return rc;
	rc = read_list(list, read_count, &reading);
	mproci_collection_leave(inside);
	return rc < 0 ? rc : (ssize_t)reading.count;
}

/* What there is of positions that may count from the end, or lie beyond it. */
static uint64_t clamp(ssize_t position, uint64_t count)
{
	if (position < 0)
		return (uint64_t) - (position + 1) >= count ? 0 : count + (uint64_t)position;
	return (uint64_t)position < count ? (uint64_t)position : count;
}

static int gather(mproc_list *list, ssize_t first, ssize_t end, mproci_gathering *gathering)
{
	mproci_slots used = mproci_sequence_slots(&list->sequence);
	uint64_t count = mproci_slots_count(used), last = clamp(end, count);
	mproci_view view;
	int rc = 0;

	for (uint64_t at = clamp(first, count); rc == 0 && at < last; ++at) {
		if (!mproci_sequence_find(&list->sequence, used.first + at, &view))
			return mproci_collection_refuse_damage(&list->common);
		rc = mproci_gathering_add(gathering, NULL, 0, view.item->words, view.size);
	}
	return rc;
}

int mproc_list_slice(mproc_list *list, ssize_t first, ssize_t end, mproc_snapshot **ret_snapshot)
{
	mproci_gathering gathering = {0};
	_Atomic uintptr_t *inside;
	int rc;

	if (ret_snapshot == NULL)
		return mproci_fail(-EINVAL, "list: ret_snapshot is NULL");
	rc = mproci_list_begin(list, &inside);
	if (rc < 0)
		return rc;
	rc = gather(list, first, end, &gathering);
	mproci_list_end(list, inside);
	if (rc == 0)
		return mproci_gathering_end(&gathering, ret_snapshot);
	mproci_gathering_drop(&gathering);
	return rc;
}
