/* SPDX-License-Identifier: MIT */
#include "manager/deque.h"

#include <errno.h>
#include <stdlib.h>

enum {
	FEWEST = 8,
	/* Where in an item the address of its bytes is. */
	ADDRESS = MPROCI_DEQUE_INSIDE - sizeof(char *),
	/* The ring gets smaller when less than one of so many places is taken. */
	SPARSE = 8,
};

static mproci_item *slot(const mproci_deque *deque, size_t index)
{
	return deque->ring + ((deque->first + index) & (deque->capacity - 1));
}

static char *outside(const mproci_item *item)
{
	char *bytes;

	memcpy(&bytes, item->inside + ADDRESS, sizeof bytes);
	return bytes;
}

static mproci_view bytes_of(const mproci_item *item)
{
	return (mproci_view){item->size <= MPROCI_DEQUE_INSIDE ? item->inside : outside(item), item->size};
}

static int make_item(mproci_item *item, mproci_view bytes)
{
	char *copy = item->inside;

	if (bytes.size > UINT32_MAX)
		return -ENOMEM;
	if (bytes.size > MPROCI_DEQUE_INSIDE) {
		copy = malloc(bytes.size);
		if (!copy)
			return -ENOMEM;
		memcpy(item->inside + ADDRESS, &copy, sizeof copy);
	}
	item->size = (uint32_t)bytes.size;
	if (bytes.size > 0)
		memcpy(copy, bytes.bytes, bytes.size);
	return 0;
}

static void free_item(const mproci_item *item)
{
	if (item->size > MPROCI_DEQUE_INSIDE)
		free(outside(item));
}

/* Make room for one more. */
static int reserve(mproci_deque *deque)
{
	size_t old = deque->capacity, wrapped;
	mproci_item *ring;

	if (deque->count < old)
		return 0;
	if (old > SIZE_MAX / 2 / sizeof *ring)
		return -ENOMEM;
	deque->capacity = old ? 2 * old : FEWEST;
	ring = realloc(deque->ring, deque->capacity * sizeof *ring);
	if (!ring) {
		deque->capacity = old;
		return -ENOMEM;
	}
	/* It was full: what began again at the front goes on where the old ring ended. */
	wrapped = deque->first;
	if (wrapped > 0)
		memcpy(ring + old, ring, wrapped * sizeof *ring);
	deque->ring = ring;
	return 0;
}

/* Give memory back that is hardly used; if there is none for a smaller ring, it stays. */
static void relieve(mproci_deque *deque)
{
	size_t capacity = deque->capacity / 2;
	mproci_item *ring;

	if (capacity < FEWEST || deque->count >= deque->capacity / SPARSE)
		return;
	while (capacity / 2 >= FEWEST && deque->count < capacity / SPARSE)
		capacity /= 2;
	ring = malloc(capacity * sizeof *ring);
	if (!ring)
		return;
	for (size_t i = 0; i < deque->count; ++i)
		ring[i] = *slot(deque, i);
	free(deque->ring);
	deque->ring = ring;
	deque->first = 0;
	deque->capacity = capacity;
}

/* There is room: move what lies on the nearer side of @index. */
static void put(mproci_deque *deque, size_t index, mproci_item item)
{
	if (index < deque->count - index) {
		--deque->first;
		++deque->count;
		for (size_t i = 0; i < index; ++i)
			*slot(deque, i) = *slot(deque, i + 1);
	} else {
		for (size_t i = deque->count++; i > index; --i)
			*slot(deque, i) = *slot(deque, i - 1);
	}
	deque->first &= deque->capacity - 1;
	*slot(deque, index) = item;
}

static mproci_item take(mproci_deque *deque, size_t index)
{
	mproci_item item = *slot(deque, index);

	if (index < deque->count - 1 - index) {
		for (size_t i = index; i > 0; --i)
			*slot(deque, i) = *slot(deque, i - 1);
		++deque->first;
		--deque->count;
	} else {
		--deque->count;
		for (size_t i = index; i < deque->count; ++i)
			*slot(deque, i) = *slot(deque, i + 1);
	}
	deque->first &= deque->capacity - 1;
	return item;
}

mproci_deque *mproci_deque_create(void)
{
	return calloc(1, sizeof(mproci_deque));
}

void mproci_deque_destroy(mproci_deque *deque)
{
	if (!deque)
		return;
	for (size_t i = 0; i < deque->count; ++i)
		free_item(slot(deque, i));
	free(deque->ring);
	free(deque);
}

mproci_view mproci_deque_at(const mproci_deque *deque, size_t index)
{
	return bytes_of(slot(deque, index));
}

int mproci_deque_insert(mproci_deque *deque, size_t index, mproci_view bytes)
{
	mproci_item item;

	if (reserve(deque) != 0 || make_item(&item, bytes) != 0)
		return -ENOMEM;
	put(deque, index, item);
	return 0;
}

int mproci_deque_set(mproci_deque *deque, size_t index, mproci_view bytes)
{
	mproci_item item;

	if (make_item(&item, bytes) != 0)
		return -ENOMEM;
	free_item(slot(deque, index));
	*slot(deque, index) = item;
	return 0;
}

void mproci_deque_remove(mproci_deque *deque, size_t index)
{
	mproci_item item = take(deque, index);

	free_item(&item);
	relieve(deque);
}

void mproci_deque_trim(mproci_deque *deque, size_t first, size_t count)
{
	for (size_t i = 0; i < first; ++i)
		free_item(slot(deque, i));
	for (size_t i = first + count; i < deque->count; ++i)
		free_item(slot(deque, i));
	if (deque->capacity > 0)
		deque->first = (deque->first + first) & (deque->capacity - 1);
	deque->count = count;
	relieve(deque);
}

size_t mproci_deque_remove_equal(mproci_deque *deque, mproci_view bytes, size_t most, bool backwards)
{
	size_t last = deque->count - 1, kept = 0, removed = 0;

	for (size_t i = 0; i < deque->count; ++i) {
		mproci_item *item = slot(deque, backwards ? last - i : i);

		if (removed < most && mproci_view_equal(bytes_of(item), bytes)) {
			free_item(item);
			++removed;
		} else {
			*slot(deque, backwards ? last - kept : kept) = *item;
			++kept;
		}
	}
	if (backwards && removed > 0)
		deque->first = (deque->first + removed) & (deque->capacity - 1);
	deque->count = kept;
	relieve(deque);
	return removed;
}

int mproci_deque_move(mproci_deque *from, bool from_back, mproci_deque *to, bool to_back)
{
	mproci_item item;

	if (reserve(to) != 0)
		return -ENOMEM;
	item = take(from, from_back ? from->count - 1 : 0);
	put(to, to_back ? to->count : 0, item);
	relieve(from);
	return 0;
}
