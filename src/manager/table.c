/* SPDX-License-Identifier: MIT */
/*
 * With n buckets an entry is in the one that the lower bits of its hash name, of as many bits as name n of them, or
 * where there is none in that with the highest of these bits cleared.  The bucket n comes by splitting one other, and
 * goes by joining it again.
 *
 * A cursor is a place in the order of the hashes when they are read from their lowest bit on: a bucket, however often
 * it is split, is an interval there.  So what lies before the cursor has been visited, whatever has been split and
 * joined since.
 */
#include "manager/table.h"

#include "collections/hash.h"
#include "sys/hmac.h"

#include <stdlib.h>

enum {
	FEWEST_BUCKETS = 4,
	/* Entries are at least a part of this size of the buckets. */
	SPARSEST = 4,
	/* Buckets that one removal joins at most: enough for what SPARSEST says. */
	JOINED_AT_ONCE = 2 * SPARSEST,
	/* Buckets that a scan looks at for one entry that is asked for. */
	BUCKETS_PER_ENTRY = 10,
	/* So often in vain, and then bucket after bucket. */
	RANDOM_TRIES = 64,
	/* Buckets and entries that are freed at once. */
	PART = 4096,
};

/* One secret for all tables of the process: who does not know it cannot choose names that meet in one bucket. */
static uint64_t secret;

/* All bits that name one of @count buckets. */
static size_t mask_of(size_t count)
{
	return ~(size_t)0 >> __builtin_clzl(count - 1);
}

static size_t bucket_of(const mproci_hash_table *table, size_t hash)
{
	size_t mask = mask_of(table->bucket_count);
	size_t bucket = hash & mask;

	return bucket < table->bucket_count ? bucket : bucket & (mask >> 1);
}

mproci_hash_table *mproci_hash_table_create(size_t payload_size, void (*drop)(void *payload))
{
	mproci_hash_table *table;

	if (secret == 0 && mproci_random(&secret, sizeof secret) < 0)
		return NULL;
	table = calloc(1, sizeof *table);
	if (table == NULL)
		return NULL;
	table->buckets = calloc(FEWEST_BUCKETS, sizeof(mproci_hash_entry *));
	if (table->buckets == NULL) {
		free(table);
		return NULL;
	}
	table->bucket_count = table->capacity = FEWEST_BUCKETS;
	table->payload_size = payload_size;
	table->drop = drop;
	table->seed = secret;
	table->random_state = secret ^ (uintptr_t)table;
	return table;
}

static void free_entry(mproci_hash_table *table, mproci_hash_entry *entry)
{
	if (table->drop != NULL)
		table->drop(entry->payload);
	free(entry);
}

/* Free the entries of the last bucket, and then it is none.  Returns how much work that was. */
static size_t free_last_bucket(mproci_hash_table *table)
{
	mproci_hash_entry *entry = table->buckets[--table->bucket_count], *next;
	size_t work = 1;

	for (; entry != NULL; entry = next) {
		next = entry->next;
		free_entry(table, entry);
		work++;
	}
	return work;
}

bool mproci_hash_table_destroy_part(mproci_hash_table *table)
{
	for (size_t work = 0; table->bucket_count > 0 && work < PART;)
		work += free_last_bucket(table);
	if (table->bucket_count > 0)
		return false;
	free(table->buckets);
	free(table);
	return true;
}

void mproci_hash_table_destroy(mproci_hash_table *table)
{
	while (table != NULL && !mproci_hash_table_destroy_part(table))
		continue;
}

static mproci_hash_entry *find(const mproci_hash_table *table, mproci_view name, uint32_t hash)
{
	mproci_hash_entry *entry = table->buckets[bucket_of(table, hash)];

	while (entry != NULL
		&& (entry->hash != hash || !mproci_view_equal(mproci_hash_entry_name(table, entry), name)))
		entry = entry->next;
	return entry;
}

mproci_hash_entry *mproci_hash_table_find(const mproci_hash_table *table, mproci_view name)
{
	return find(table, name, (uint32_t)mproci_hash(name.bytes, name.size, table->seed));
}

static bool make_room(mproci_hash_table *table)
{
	mproci_hash_entry **larger;

	if (table->bucket_count < table->capacity)
		return true;
	larger = realloc(table->buckets, 2 * table->capacity * sizeof(mproci_hash_entry *));
	if (larger == NULL)
		return false;
	table->buckets = larger;
	table->capacity *= 2;
	return true;
}

/* Without memory for another bucket the chains become longer. */
static void split_bucket(mproci_hash_table *table)
{
	size_t added = table->bucket_count;
	size_t mask = mask_of(added + 1);
	mproci_hash_entry **from, **to;

	if (!make_room(table))
		return;
	from = &table->buckets[added & (mask >> 1)];
	to = &table->buckets[added];
	while (*from != NULL) {
		if (((*from)->hash & mask) == added) {
			*to = *from;
			to = &(*to)->next;
			*from = *to;
		} else {
			from = &(*from)->next;
		}
	}
	*to = NULL;
	table->bucket_count++;
}

static void join_bucket(mproci_hash_table *table)
{
	size_t last = table->bucket_count - 1;
	mproci_hash_entry **to = &table->buckets[last & (mask_of(table->bucket_count) >> 1)];

	while (*to != NULL)
		to = &(*to)->next;
	*to = table->buckets[last];
	table->bucket_count = last;
}

static void give_room_back(mproci_hash_table *table)
{
	mproci_hash_entry **smaller;

	if (table->bucket_count > table->capacity / 4 || table->capacity <= FEWEST_BUCKETS)
		return;
	smaller = realloc(table->buckets, table->capacity / 2 * sizeof(mproci_hash_entry *));
	if (smaller == NULL)
		return;
	table->buckets = smaller;
	table->capacity /= 2;
}

/* Join at most so many buckets where there are too many for the entries. */
static void shrink(mproci_hash_table *table, size_t most)
{
	while (most-- > 0 && table->bucket_count > FEWEST_BUCKETS
		&& table->count < table->bucket_count / SPARSEST) {
		join_bucket(table);
		give_room_back(table);
	}
}

static mproci_hash_entry *make_entry(mproci_hash_table *table, mproci_view name, uint32_t hash)
{
	mproci_hash_entry *entry, **bucket;

	if (name.size > MPROCI_HASH_TABLE_MOST_SIZE)
		return NULL;
	entry = malloc(sizeof *entry + table->payload_size + name.size);
	if (entry == NULL)
		return NULL;
	entry->hash = hash;
	entry->size = (uint32_t)name.size;
	memset(entry->payload, 0, table->payload_size);
	if (name.size > 0)
		memcpy(entry->payload + table->payload_size, name.bytes, name.size);
	if (table->count >= table->bucket_count)
		split_bucket(table);
	bucket = &table->buckets[bucket_of(table, hash)];
	entry->next = *bucket;
	*bucket = entry;
	table->count++;
	return entry;
}

mproci_hash_entry *mproci_hash_table_add(mproci_hash_table *table, mproci_view name, bool *ret_is_new)
{
	uint32_t hash = (uint32_t)mproci_hash(name.bytes, name.size, table->seed);
	mproci_hash_entry *entry = find(table, name, hash);
	bool is_new = entry == NULL;

	if (is_new)
		entry = make_entry(table, name, hash);
	if (entry != NULL && ret_is_new != NULL)
		*ret_is_new = is_new;
	return entry;
}

void mproci_hash_table_remove(mproci_hash_table *table, mproci_hash_entry *entry)
{
	mproci_hash_entry **link = &table->buckets[bucket_of(table, entry->hash)];

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	table->count--;
	free_entry(table, entry);
	shrink(table, JOINED_AT_ONCE);
}

void mproci_hash_table_remove_some(
	mproci_hash_table *table, bool (*is_going)(void *context, mproci_hash_entry *entry), void *context)
{
	mproci_hash_entry **link, *entry;

	for (size_t i = 0; i < table->bucket_count; i++) {
		link = &table->buckets[i];
		while ((entry = *link) != NULL) {
			if (!is_going(context, entry)) {
				link = &entry->next;
				continue;
			}
			*link = entry->next;
			table->count--;
			free_entry(table, entry);
		}
	}
	shrink(table, table->bucket_count);
}

mproci_hash_entry *mproci_hash_table_next(const mproci_hash_table *table, const mproci_hash_entry *entry)
{
	size_t bucket = entry == NULL ? 0 : bucket_of(table, entry->hash) + 1;

	if (entry != NULL && entry->next != NULL)
		return entry->next;
	while (bucket < table->bucket_count && table->buckets[bucket] == NULL)
		bucket++;
	return bucket < table->bucket_count ? table->buckets[bucket] : NULL;
}

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014). */
uint64_t mproci_hash_table_draw(mproci_hash_table *table, uint64_t bound)
{
	uint64_t number = table->random_state += 0x9e3779b97f4a7c15;

	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
	number = (number ^ number >> 27) * 0x94d049bb133111eb;
	number ^= number >> 31;
	return (uint64_t)((unsigned __int128)number * bound >> 64);
}

static size_t find_full_bucket(mproci_hash_table *table)
{
	size_t bucket = 0;

	for (int i = 0; i < RANDOM_TRIES; i++) {
		bucket = mproci_hash_table_draw(table, table->bucket_count);
		if (table->buckets[bucket] != NULL)
			return bucket;
	}
	while (table->buckets[bucket] == NULL)
		bucket = (bucket + 1) % table->bucket_count;
	return bucket;
}

mproci_hash_entry *mproci_hash_table_random(mproci_hash_table *table)
{
	mproci_hash_entry *first, *entry, *chosen;
	uint64_t seen = 1;

	if (table->count == 0)
		return NULL;
	first = chosen = table->buckets[find_full_bucket(table)];
	for (entry = first->next; entry != NULL; entry = entry->next)
		if (mproci_hash_table_draw(table, ++seen) == 0)
			chosen = entry;
	return chosen;
}

static uint64_t reverse(uint64_t bits)
{
	bits = (bits >> 1 & 0x5555555555555555) | (bits & 0x5555555555555555) << 1;
	bits = (bits >> 2 & 0x3333333333333333) | (bits & 0x3333333333333333) << 2;
	bits = (bits >> 4 & 0x0f0f0f0f0f0f0f0f) | (bits & 0x0f0f0f0f0f0f0f0f) << 4;
	return __builtin_bswap64(bits);
}

/*
 * Where the interval of a bucket ends: it has as many bits as its mask, one less when its other half does not exist
 * yet.
 */
static uint64_t end_of_bucket(const mproci_hash_table *table, size_t bucket)
{
	uint64_t mask = mask_of(table->bucket_count);
	size_t highest = mask - (mask >> 1);

	if ((bucket ^ highest) >= table->bucket_count)
		mask >>= 1;
	return reverse(reverse(bucket | ~mask) + 1);
}

uint64_t mproci_hash_table_scan(mproci_hash_table *table, uint64_t cursor, size_t count,
	void (*visit)(void *context, mproci_hash_entry *entry), void *context)
{
	size_t buckets = count < SIZE_MAX / BUCKETS_PER_ENTRY ? count * BUCKETS_PER_ENTRY : SIZE_MAX;
	size_t visited = 0, bucket;

	do {
		bucket = bucket_of(table, cursor);
		for (mproci_hash_entry *entry = table->buckets[bucket]; entry != NULL; entry = entry->next) {
			visit(context, entry);
			visited++;
		}
		cursor = end_of_bucket(table, bucket);
	} while (cursor != 0 && visited < count && --buckets > 0);
	return cursor;
}
