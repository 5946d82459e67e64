/* SPDX-License-Identifier: MIT */
/*
 * manager/table.h - a hash table of byte strings, each with a payload of a fixed size: the keyspace, a hash, a set,
 * the members of a sorted set.
 *
 * It is Litwin's linear hashing: it grows and shrinks by one bucket at a time, so that no command ever waits for all
 * of it to be moved.  An entry stays where it is until it is removed.
 */
#ifndef MANAGER_TABLE_H
#define MANAGER_TABLE_H

#include "manager/view.h"

#include <stdint.h>

enum {
	/* Bytes of a name at most. */
	MPROCI_HASH_TABLE_MOST_SIZE = 512 << 20,
};

typedef struct mproci_hash_entry {
	struct mproci_hash_entry *next;
	uint32_t hash;
	/* Of its name. */
	uint32_t size;
	/* As many bytes as the table has for each; then the name. */
	_Alignas(8) char payload[];
} mproci_hash_entry;

typedef struct mproci_hash_table {
	mproci_hash_entry **buckets;
	/* There is room for `capacity` buckets. */
	size_t bucket_count, capacity;
	/* Entries. */
	size_t count;
	size_t payload_size;
	/* Frees what a payload holds; NULL: nothing. */
	void (*drop)(void *payload);
	uint64_t seed;
	uint64_t random_state;
} mproci_hash_table;

/* A table whose entries have @payload_size bytes each.  Returns NULL when there is no memory. */
mproci_hash_table *mproci_hash_table_create(size_t payload_size, void (*drop)(void *payload));
/* With all entries; NULL is fine. */
void mproci_hash_table_destroy(mproci_hash_table *table);
/* The same, a few thousand entries at a time, for what may be large.  Returns whether that was all of it. */
bool mproci_hash_table_destroy_part(mproci_hash_table *table);

static inline mproci_view mproci_hash_entry_name(
	const mproci_hash_table *table, const mproci_hash_entry *entry)
{
	return (mproci_view){entry->payload + table->payload_size, entry->size};
}

/* Returns NULL when it is not there. */
mproci_hash_entry *mproci_hash_table_find(const mproci_hash_table *table, mproci_view name);

/*
 * Find the entry of a name, or make it, with a payload of zeroes; *@ret_is_new, which may be NULL, says which.
 * Returns NULL when there is no memory, or the name is too long.
 */
mproci_hash_entry *mproci_hash_table_add(mproci_hash_table *table, mproci_view name, bool *ret_is_new);

/* Take an entry out, and free it. */
void mproci_hash_table_remove(mproci_hash_table *table, mproci_hash_entry *entry);

/* Take out all entries for which @is_going says so; it changes nothing itself. */
void mproci_hash_table_remove_some(
	mproci_hash_table *table, bool (*is_going)(void *context, mproci_hash_entry *entry), void *context);

/*
 * The entry after another one, in no particular order; @entry NULL: the first.  Returns NULL after the last.  What
 * was added since may come, or not.
 */
mproci_hash_entry *mproci_hash_table_next(const mproci_hash_table *table, const mproci_hash_entry *entry);

/* Any entry; NULL when there is none. */
mproci_hash_entry *mproci_hash_table_random(mproci_hash_table *table);

/* A number below @bound that is as random as the entries of mproci_hash_table_random. */
uint64_t mproci_hash_table_draw(mproci_hash_table *table, uint64_t bound);

/*
 * Call @visit for some entries from @cursor on, about @count.  Returns the next cursor; 0: it is through.  An entry
 * that is there from the first call, whose cursor is 0, to the last is visited at least once, however much is added
 * and removed between the calls.  @visit itself adds and removes nothing.
 */
uint64_t mproci_hash_table_scan(mproci_hash_table *table, uint64_t cursor, size_t count,
	void (*visit)(void *context, mproci_hash_entry *entry), void *context);

#endif
