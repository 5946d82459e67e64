/* SPDX-License-Identifier: MIT */
#include "manager/expiry.h"

#include <stdlib.h>

enum {
	SMALLEST = 16,
};

static void set_place(mproci_expiry *expiry, size_t place, mproci_expiring *expiring)
{
	expiry->heap[place - 1] = expiring;
	expiring->place = place;
}

static void move_up(mproci_expiry *expiry, mproci_expiring *expiring)
{
	size_t place = expiring->place;
	mproci_expiring *above;

	for (; place > 1; place /= 2) {
		above = expiry->heap[place / 2 - 1];
		if (above->at <= expiring->at)
			break;
		set_place(expiry, place, above);
	}
	set_place(expiry, place, expiring);
}

static void move_down(mproci_expiry *expiry, mproci_expiring *expiring)
{
	size_t place = expiring->place;
	mproci_expiring *below;

	while (2 * place <= expiry->count) {
		below = expiry->heap[2 * place - 1];
		if (2 * place < expiry->count && expiry->heap[2 * place]->at < below->at)
			below = expiry->heap[2 * place];
		if (expiring->at <= below->at)
			break;
		place = below->place;
		set_place(expiry, place / 2, below);
	}
	set_place(expiry, place, expiring);
}

static bool make_room(mproci_expiry *expiry)
{
	size_t capacity = expiry->capacity == 0 ? SMALLEST : 2 * expiry->capacity;
	mproci_expiring **larger;

	if (expiry->count < expiry->capacity)
		return true;
	larger = realloc(expiry->heap, capacity * sizeof(mproci_expiring *));
	if (larger == NULL)
		return false;
	expiry->heap = larger;
	expiry->capacity = capacity;
	return true;
}

static void give_room_back(mproci_expiry *expiry)
{
	mproci_expiring **smaller;

	if (expiry->count > expiry->capacity / 4 || expiry->capacity <= SMALLEST)
		return;
	smaller = realloc(expiry->heap, expiry->capacity / 2 * sizeof(mproci_expiring *));
	if (smaller == NULL)
		return;
	expiry->heap = smaller;
	expiry->capacity /= 2;
}

bool mproci_expiry_set(mproci_expiry *expiry, mproci_expiring *expiring, int64_t at)
{
	if (expiring->place == 0 && !make_room(expiry))
		return false;
	if (expiring->place == 0)
		set_place(expiry, ++expiry->count, expiring);
	expiring->at = at;
	move_up(expiry, expiring);
	move_down(expiry, expiring);
	return true;
}

void mproci_expiry_remove(mproci_expiry *expiry, mproci_expiring *expiring)
{
	size_t place = expiring->place;
	mproci_expiring *last;

	if (place == 0)
		return;
	expiring->place = 0;
	last = expiry->heap[--expiry->count];
	if (last != expiring) {
		set_place(expiry, place, last);
		move_up(expiry, last);
		move_down(expiry, last);
	}
	give_room_back(expiry);
}

void mproci_expiry_free(mproci_expiry *expiry)
{
	free(expiry->heap);
	*expiry = (mproci_expiry){0};
}
