/* SPDX-License-Identifier: MIT */
/*
 * store/tally.h - what all who use a cache have counted: a page of numbers in its directory, mapped by each.
 *
 * They are advice: whoever is killed may leave a result uncounted, and a sweep counts anew.  A page that is not as it should be is made anew.
 */
#ifndef STORE_TALLY_H
#define STORE_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct mproci_tally {
	/* MPROCI_TALLY_MARK. */
	_Atomic uint64_t mark;
	/* Results and their bytes; signed, for who is killed leaves one out. */
	_Atomic int64_t entries, bytes;
	_Atomic uint64_t hits, misses, puts, failed_puts, evicted, damaged;
	/* Nanoseconds. */
	_Atomic uint64_t saved;
	/* When somebody last looked for what is too old: nanoseconds since 1970. */
	_Atomic int64_t aged;
	/* Not 0: the entries and bytes are not known, and to be counted. */
	_Atomic uint64_t is_uncounted;
} mproci_tally;

#define MPROCI_TALLY_MARK UINT64_C(0x31796c6c61744d89)

/*
 * Map the file "tally" in a directory, which is made if it is not there; where that cannot be, memory of this process, with a
 * copy of what the file has in it now.  Returns it, or NULL: no memory,
 * with an error text.
 */
mproci_tally *mproci_tally_open(int directory, bool is_writable);
void mproci_tally_close(mproci_tally *tally);

/* Add one, or @number. */
static inline void mproci_count(_Atomic uint64_t *counter, uint64_t number)
{
	atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

#endif
