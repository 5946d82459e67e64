/* SPDX-License-Identifier: MIT */
/*
 * manager/expiry.h - who expires when: a heap whose top expires first.  Whoever is in it knows its place, and so is
 * taken out in logarithmic time.
 */
#ifndef MANAGER_EXPIRY_H
#define MANAGER_EXPIRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mproci_expiring {
	int64_t at;
	/* In the heap, from 1 on; 0: it is in none. */
	size_t place;
} mproci_expiring;

typedef struct mproci_expiry {
	mproci_expiring **heap;
	size_t count, capacity;
} mproci_expiry;

/*
 * Put one in, or move it to where its new time belongs.  Returns false when there is no memory: then it is in no
 * heap.
 */
bool mproci_expiry_set(mproci_expiry *expiry, mproci_expiring *expiring, int64_t at);
void mproci_expiry_remove(mproci_expiry *expiry, mproci_expiring *expiring);

/* NULL: nothing expires. */
static inline mproci_expiring *mproci_expiry_first(const mproci_expiry *expiry)
{
	return expiry->count > 0 ? expiry->heap[0] : NULL;
}

/* Give the memory of the heap back; those that were in it are not touched. */
void mproci_expiry_free(mproci_expiry *expiry);

#endif
