/* SPDX-License-Identifier: MIT */
/*
 * manager/deque.h - byte strings in a row, in a ring that grows and shrinks.
 *
 * Adding and taking at both ends, and finding by position, cost the same however many there are; in the middle it costs
 * a step for each on the nearer side.  Short strings lie in the ring itself, so that they take no memory of their own.
 */
#ifndef MANAGER_DEQUE_H
#define MANAGER_DEQUE_H

#include "manager/view.h"

#include <stdint.h>

enum {
	MPROCI_DEQUE_INSIDE = 12,
};

typedef struct mproci_item {
	uint32_t size;
	/* The bytes, or in the last 8 where they lie when they are more. */
	char inside[MPROCI_DEQUE_INSIDE];
} mproci_item;

typedef struct mproci_deque {
	mproci_item *ring;
	size_t first, count;
	/* A power of two, or 0. */
	size_t capacity;
} mproci_deque;

/* Returns NULL when there is no memory. */
mproci_deque *mproci_deque_create(void);
void mproci_deque_destroy(mproci_deque *deque);

/* The bytes at a position, which there is; they stay until the deque is changed. */
mproci_view mproci_deque_at(const mproci_deque *deque, size_t index);

/* Put an item before the one at @index, or behind the last.  Returns 0, or -ENOMEM, with the deque as it was. */
int mproci_deque_insert(mproci_deque *deque, size_t index, mproci_view bytes);

/* Put another item in the place of one.  Returns 0, or -ENOMEM, with the deque as it was. */
int mproci_deque_set(mproci_deque *deque, size_t index, mproci_view bytes);

void mproci_deque_remove(mproci_deque *deque, size_t index);

/* Keep @count items from @first on, and no others. */
void mproci_deque_trim(mproci_deque *deque, size_t first, size_t count);

/* Remove what equals @bytes, at most @most of them, from the end on if @backwards.  Returns how many those were. */
size_t mproci_deque_remove_equal(mproci_deque *deque, mproci_view bytes, size_t most, bool backwards);

/*
 * Take the first or last item of one deque, which has one, to an end of another or of the same.  Returns 0, or
 * -ENOMEM, with both as they were.
 */
int mproci_deque_move(mproci_deque *from, bool from_back, mproci_deque *to, bool to_back);

#endif
