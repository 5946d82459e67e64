/* SPDX-License-Identifier: MIT */
/*
 * mproc/snapshot.h - what was in a dict, a set or a part of a list at one moment, as an array of this process's own.
 *
 *     mproc_snapshot *all;
 *     int rc = mproc_dict_snapshot(words, &all);
 *     ...
 *     qsort(all->entries, all->count, sizeof *all->entries, mproc_compare_by_number);
 *     for (size_t i = 0; i < all->count && i < 10; ++i)
 *             printf("%.*s\n", (int)all->entries[i].key_size, (const char *)all->entries[i].key);
 *     mproc_snapshot_close(all);
 *
 * A snapshot is a copy: what others do to the collection afterwards, even destroying it, does not change it.
 *
 * Contract for everything in this file:
 *   Threads  one at a time for each snapshot.
 *   Fork     a child has a copy, and closes that.
 *   Crash    a snapshot is its process's own memory, and gone with it.
 *   Signals  not async-signal-safe.
 */
#ifndef MPROC_SNAPSHOT_H
#define MPROC_SNAPSHOT_H

#include <mproc/api.h>
#include <stddef.h>

MPROC_BEGIN_DECLS

/* One of what a collection held.  Keys and values are aligned to 16 bytes, and have a byte of 0 behind them that does not count. */
typedef struct mproc_snapshot_entry {
	/* A list has no keys: NULL and 0. */
	const void *key;
	size_t key_size;
	/* A set has empty ones. */
	const void *value;
	size_t value_size;
} mproc_snapshot_entry;

typedef struct mproc_snapshot {
	size_t count;
	/* Of a list and a sorted set in its order, otherwise in none.  May be put into another one.  Never NULL. */
	mproc_snapshot_entry *entries;
} mproc_snapshot;

/*
 * Free a snapshot with its keys and values.
 *
 * @snapshot  or NULL.
 *
 * Returns  NULL.
 * Cost     as free.
 */
MPROC_API mproc_snapshot *mproc_snapshot_close(mproc_snapshot *snapshot);

/*
 * Compare two entries for qsort by the bytes of their keys, a shorter one before a longer one that begins like it.
 *
 * @left, @right  the addresses of two entries.
 *
 * Returns  less than 0, 0, or more.
 * Cost     as memcmp.
 */
MPROC_API int mproc_compare_by_key(const void *left, const void *right);

/*
 * Compare two entries for qsort by the numbers that mproc_dict_add made, 8 bytes each, the largest first, and equal ones by
 * key.
 *
 * @left, @right  the addresses of two entries; values that are no numbers come last.
 *
 * Returns  less than 0, 0, or more.
 * Cost     as memcmp.
 */
MPROC_API int mproc_compare_by_number(const void *left, const void *right);

/*
 * Compare two entries for qsort by values that are text, a number in decimal digits as mproc_remote_dict_add makes them, the
 * largest first, and equal ones by key.
 *
 * @left, @right  the addresses of two entries; values that are no whole numbers from INT64_MIN to INT64_MAX come last.
 *
 * Returns  less than 0, 0, or more.
 * Cost     as memcmp, for the bytes of the numbers and the keys.
 */
MPROC_API int mproc_compare_by_decimal(const void *left, const void *right);

MPROC_END_DECLS

#endif
