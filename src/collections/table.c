/* SPDX-License-Identifier: MIT */
/*
 * Changing a table.  Each store is a release: a kill leaves the memory of a prefix of them.  README.md has the argument.
 */
#include "collections/table.h"

#include "arena/place.h"
#include "arena/sparse.h"
#include "collections/lines.h"

_Static_assert(sizeof(mproci_bucket) == 64, "a bucket is a cache line");
_Static_assert(offsetof(mproci_table, lock) % 64 == 0, "who takes the lock does not disturb readers");

int mproci_table_init(mproci_table *table, uint64_t seed)
{
	table->seed = seed;
	atomic_store_explicit(&table->segments[0], table->first, memory_order_relaxed);
	atomic_store_explicit(&table->buckets, MPROCI_TABLE_FEWEST_BUCKETS, memory_order_relaxed);
	atomic_store_explicit(&table->fresh, MPROCI_TABLE_FEWEST_BUCKETS, memory_order_relaxed);
	return mproci_biased_lock_init(&table->lock, MPROCI_LOCK_OF_ENTRIES);
}

MPROCI_RACES bool mproci_table_find_entry(mproci_bucket *bucket, unsigned slots, mproci_bounds bounds,
	const mproci_key *key, mproci_spot *ret_spot)
{
	for (unsigned slot = 0; slot < MPROCI_BUCKET_SLOTS; ++slot) {
		mproci_slot *here = &bucket->slots[slot];
		mproci_entry *entry;
		size_t size;

		if ((slots >> slot & 1) == 0
			|| atomic_load_explicit(&here->second, memory_order_relaxed) != key->hash)
			continue;
		entry = (mproci_entry *)(uintptr_t)atomic_load_explicit(&here->first, memory_order_relaxed);
		if (mproci_entry_has_key(entry, bounds, key, &size)) {
			*ret_spot = (mproci_spot){bucket, slot, entry, entry->words, size};
			return true;
		}
	}
	return false;
}

/* The two stores around every change: who reads meanwhile finds out. */
static void begin(mproci_table *table)
{
	uint64_t version = atomic_load_explicit(&table->version, memory_order_relaxed);

	/* It is odd already when somebody has died in between. */
	atomic_store_explicit(&table->version, version | 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static void end(mproci_table *table)
{
	uint64_t version = atomic_load_explicit(&table->version, memory_order_relaxed);

	atomic_store_explicit(&table->version, (version | 1) + 1, memory_order_release);
}

static uint64_t count_of(const mproci_table *table)
{
	return atomic_load_explicit(&table->count, memory_order_relaxed);
}

static uint32_t buckets_of(const mproci_table *table)
{
	return atomic_load_explicit(&table->buckets, memory_order_relaxed);
}

static void set_work(mproci_table *table, mproci_table_work work)
{
	atomic_store_explicit(&table->work, work, memory_order_release);
}

/* Give a slot another content, and the table another count: all of it, or after a kill nothing. */
static void change(mproci_table *table, const mproci_spot *spot, const mproci_content *new, uint64_t count)
{
	mproci_slot *slot = &spot->bucket->slots[spot->slot];
	uint64_t lanes = mproci_bucket_lanes(spot->bucket);

	atomic_store_explicit(&table->undo.slot, spot->slot, memory_order_release);
	atomic_store_explicit(&table->undo.lanes, lanes, memory_order_release);
	atomic_store_explicit(&table->undo.first, atomic_load_explicit(&slot->first, memory_order_relaxed),
		memory_order_release);
	atomic_store_explicit(&table->undo.second, atomic_load_explicit(&slot->second, memory_order_relaxed),
		memory_order_release);
	atomic_store_explicit(&table->undo.count, count_of(table), memory_order_release);
	atomic_store_explicit(&table->undo.bucket, spot->bucket, memory_order_release);
	begin(table);
	mproci_slot_write(slot, new);
	mproci_lane_write(spot->bucket, spot->slot, new->lane);
	atomic_store_explicit(&table->count, count, memory_order_release);
	/* Before anybody can see it without the lock: what was seen is not undone. */
	atomic_store_explicit(&table->undo.bucket, NULL, memory_order_release);
	end(table);
}

/* After a kill in there. */
static void undo(mproci_table *table)
{
	mproci_bucket *bucket = atomic_load(&table->undo.bucket);
	uint64_t slot = atomic_load(&table->undo.slot);

	if (bucket == NULL)
		return;
	if (slot < MPROCI_BUCKET_SLOTS && mproci_arena_may_hold(bucket, sizeof *bucket)) {
		atomic_store(&bucket->slots[slot].first, atomic_load(&table->undo.first));
		atomic_store(&bucket->slots[slot].second, atomic_load(&table->undo.second));
		atomic_store(&bucket->lanes, atomic_load(&table->undo.lanes));
		atomic_store(&table->count, atomic_load(&table->undo.count));
	}
	atomic_store(&table->undo.bucket, NULL);
}

/* What a slot is to hold for that key and value; when they are too large, a new entry, which comes. */
static int make_content(
	mproci_table *table, const mproci_key *key, const mproci_value *value, mproci_content *ret_content)
{
	mproci_entry *entry;
	uint64_t word = 0;
	int rc;

	if (key->size <= MPROCI_SLOT_MOST && value->size <= MPROCI_SLOT_MOST) {
		if (value->size > 0)
			memcpy(&word, value->bytes, value->size);
		*ret_content =
			(mproci_content){key->word, word, mproci_lane_for(key->hash, key->size, value->size)};
		return 0;
	}
	if (atomic_load_explicit(&table->coming, memory_order_relaxed) != NULL)
		return -EBADMSG;
	rc = mproci_place_fill(&table->coming, mproci_entry_room(key->size, value->size));
	if (rc < 0)
		return rc;
	entry = atomic_load_explicit(&table->coming, memory_order_relaxed);
	mproci_entry_write(entry, key, value);
	*ret_content = (mproci_content){(uintptr_t)entry, key->hash, mproci_lane_for_entry(key->hash)};
	return 0;
}

/* A free slot in the bucket of a hash, which may get another line for it. */
static int find_room(mproci_table *table, uint64_t hash, mproci_spot *ret_spot)
{
	mproci_bucket *bucket = mproci_table_bucket(table, mproci_table_home(hash, buckets_of(table)));

	if (bucket == NULL)
		return -EBADMSG;
	*ret_spot = (mproci_spot){0};
	return mproci_lines_find_room(bucket, &ret_spot->bucket, &ret_spot->slot);
}

int mproci_table_put(
	mproci_table *table, const mproci_spot *spot, const mproci_key *key, const mproci_value *value)
{
	bool is_new = spot->value == NULL;
	mproci_spot room = *spot;
	mproci_content content;
	int rc;

	rc = make_content(table, key, value, &content);
	if (rc < 0)
		return rc;
	if (is_new)
		rc = find_room(table, key->hash, &room);
	if (rc < 0) {
		mproci_place_empty(&table->coming);
		return rc;
	}
	atomic_store_explicit(&table->going, is_new ? NULL : spot->entry, memory_order_release);
	change(table, &room, &content, count_of(table) + is_new);
	atomic_store_explicit(&table->coming, NULL, memory_order_release);
	mproci_place_empty(&table->going);
	return 0;
}

void mproci_table_remove(mproci_table *table, const mproci_spot *spot, uint64_t hash)
{
	mproci_bucket *bucket = mproci_table_bucket(table, mproci_table_home(hash, buckets_of(table)));

	atomic_store_explicit(&table->going, spot->entry, memory_order_release);
	change(table, spot, &(mproci_content){0}, count_of(table) - 1);
	mproci_place_empty(&table->going);
	if (bucket != NULL && mproci_bucket_next(bucket) != NULL) {
		begin(table);
		mproci_lines_drop_empty(bucket);
		end(table);
	}
}

/* The bucket that was split to make the last one. */
static uint32_t partner_of(uint32_t last)
{
	return last & (mproci_table_mask(last + 1) >> 1);
}

/* Move what belongs to @target, or everything. */
static void move(mproci_table *table, uint32_t source, uint32_t target, bool is_all)
{
	mproci_bucket *from = mproci_table_bucket(table, source), *to = mproci_table_bucket(table, target);
	mproci_move move = {table->seed, buckets_of(table), target, is_all};

	if (from != NULL && to != NULL)
		mproci_lines_move(from, to, &move);
}

/* The piece that the bucket @index gets its memory with: its segment, or where that is large a part of it. */
static uint32_t piece_start(uint32_t index)
{
	return index < MPROCI_TABLE_PIECE ? mproci_table_segment_start(mproci_table_segment(index))
					  : index & ~(uint32_t)(MPROCI_TABLE_PIECE - 1);
}

static int make_segment(mproci_table *table, uint32_t segment)
{
	void *_Atomic *place = &table->segments[segment];
	uint32_t size = mproci_table_segment_start(segment);

	if (atomic_load_explicit(place, memory_order_relaxed) != NULL)
		return 0;
	return size < MPROCI_TABLE_PIECE ? mproci_place_fill(place, size * sizeof(mproci_bucket))
					 : mproci_sparse_fill(place, size * sizeof(mproci_bucket));
}

/* See that there is memory for the bucket @index, which is not in use. */
static mproci_bucket *prepare_bucket(mproci_table *table, uint32_t index)
{
	mproci_bucket *bucket;

	if (index >= MPROCI_TABLE_MOST_BUCKETS || make_segment(table, mproci_table_segment(index)) < 0)
		return NULL;
	bucket = mproci_table_bucket(table, index);
	if (bucket == NULL || index < atomic_load_explicit(&table->fresh, memory_order_relaxed))
		return bucket;
	/* All up to here have memory: pieces come one after the other. */
	if (index % MPROCI_TABLE_PIECE == 0
		&& mproci_sparse_provide(bucket, MPROCI_TABLE_PIECE * sizeof *bucket) < 0)
		return NULL;
	mproci_line_clear(bucket);
	atomic_store_explicit(&table->fresh, index + 1, memory_order_release);
	return bucket;
}

/* Whether there are slots for all that the bucket @last will get from @partner. */
static bool can_split(mproci_table *table, uint32_t last, mproci_bucket *partner, mproci_bucket *bucket)
{
	mproci_move move = {table->seed, last + 1, last, false};

	return mproci_lines_reserve(bucket, mproci_lines_count(partner, &move));
}

/* Returns whether there was memory for another bucket. */
static bool split(mproci_table *table)
{
	uint32_t last = buckets_of(table);
	mproci_bucket *partner = mproci_table_bucket(table, partner_of(last)), *bucket;

	bucket = prepare_bucket(table, last);
	if (bucket == NULL || partner == NULL || !can_split(table, last, partner, bucket))
		return false;
	begin(table);
	set_work(table, MPROCI_TABLE_SPLITS);
	atomic_store_explicit(&table->buckets, last + 1, memory_order_release);
	move(table, partner_of(last), last, false);
	set_work(table, MPROCI_TABLE_RESTS);
	mproci_lines_drop_empty(partner);
	end(table);
	return true;
}

static void merge(mproci_table *table)
{
	uint32_t last = buckets_of(table) - 1;
	mproci_bucket *bucket = mproci_table_bucket(table, last);
	mproci_bucket *partner = mproci_table_bucket(table, partner_of(last));
	mproci_move all = {.is_all = true};

	if (bucket == NULL || partner == NULL
		|| !mproci_lines_reserve(partner, mproci_lines_count(bucket, &all)))
		return;
	begin(table);
	atomic_store_explicit(&table->goal, last, memory_order_release);
	set_work(table, MPROCI_TABLE_MERGES);
	move(table, last, partner_of(last), true);
	atomic_store_explicit(&table->buckets, last, memory_order_release);
	set_work(table, MPROCI_TABLE_RESTS);
	mproci_lines_drop_empty(bucket);
	end(table);
}

/* Where a piece begins behind which no bucket was ever in use, it has no memory any more. */
static void return_piece(mproci_table *table)
{
	uint32_t fresh = atomic_load_explicit(&table->fresh, memory_order_relaxed);
	mproci_bucket *first;

	if (fresh % MPROCI_TABLE_PIECE != 0 || fresh < buckets_of(table)
		|| fresh >= MPROCI_TABLE_MOST_BUCKETS)
		return;
	first = mproci_table_bucket(table, fresh);
	if (first != NULL && mproci_arena_may_hold(first, MPROCI_TABLE_PIECE * sizeof *first))
		mproci_sparse_return(first, MPROCI_TABLE_PIECE * sizeof *first);
}

/* Give back the last piece, none of whose buckets is in use; some may still have lines. */
static void free_piece(mproci_table *table, uint32_t start)
{
	uint32_t fresh = atomic_load_explicit(&table->fresh, memory_order_relaxed);
	mproci_bucket *first = mproci_table_bucket(table, start);

	for (uint32_t i = 0; mproci_arena_may_hold(first + i, sizeof *first) && i < fresh - start; ++i) {
		mproci_lines_drop_empty(first + i);
		mproci_place_empty(&first[i].more);
	}
	/* From here on it holds anything. */
	atomic_store_explicit(&table->fresh, start, memory_order_release);
	return_piece(table);
}

/* Give back what would not be in use with @buckets. */
static void trim_to(mproci_table *table, uint32_t buckets)
{
	uint32_t fresh = atomic_load_explicit(&table->fresh, memory_order_relaxed), segment;

	if (fresh < MPROCI_TABLE_FEWEST_BUCKETS || fresh > MPROCI_TABLE_MOST_BUCKETS)
		return;
	while (fresh > MPROCI_TABLE_FEWEST_BUCKETS && piece_start(fresh - 1) >= buckets) {
		free_piece(table, piece_start(fresh - 1));
		fresh = atomic_load_explicit(&table->fresh, memory_order_relaxed);
	}
	for (segment = MPROCI_TABLE_SEGMENTS - 1; segment > mproci_table_segment(fresh - 1); --segment) {
		if (atomic_load_explicit(&table->segments[segment], memory_order_relaxed) != NULL)
			mproci_place_empty(&table->segments[segment]);
	}
}

/* So many more buckets may come again: who adds and removes in turn does not pay each time. */
static void trim(mproci_table *table)
{
	uint32_t buckets = buckets_of(table), spare = buckets / 3;

	trim_to(table, buckets + (spare < MPROCI_TABLE_PIECE ? spare : MPROCI_TABLE_PIECE));
}

void mproci_table_grow(mproci_table *table)
{
	uint64_t count = count_of(table);

	if (count < atomic_load_explicit(&table->retry_at, memory_order_relaxed))
		return;
	/* One and a half for each line: few buckets need a second one.  Two splits for each key that comes keep pace. */
	for (int i = 0; i < 2 && count > (uint64_t)buckets_of(table) * 3 / 2; ++i) {
		if (split(table))
			continue;
		/* Looking for memory where there is none takes long. */
		atomic_store_explicit(&table->retry_at, count + count / 8, memory_order_relaxed);
		return;
	}
}

void mproci_table_shrink(mproci_table *table)
{
	/* Two for each that goes: it keeps pace. */
	for (int i = 0; i < 2; ++i) {
		uint32_t buckets = buckets_of(table);

		if (buckets == MPROCI_TABLE_FEWEST_BUCKETS || count_of(table) >= (uint64_t)buckets * 3 / 4)
			return;
		merge(table);
		trim(table);
	}
}

/* Empty a line, and free its entries. */
static void clear_line(mproci_table *table, mproci_bucket *bucket)
{
	for (unsigned slot = 0; slot < MPROCI_BUCKET_SLOTS; ++slot) {
		uint32_t lane = mproci_lane_of(mproci_bucket_lanes(bucket), slot);
		void *entry = (void *)(uintptr_t)atomic_load(&bucket->slots[slot].first);

		if (mproci_lane_has_entry(lane))
			atomic_store_explicit(&table->going, entry, memory_order_release);
		mproci_lane_write(bucket, slot, 0);
		mproci_place_empty(&table->going);
	}
}

static int clear_bucket(mproci_table *table, mproci_bucket *bucket)
{
	mproci_bucket *line = bucket;

	for (int lines = 0; line != NULL && lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		if (!mproci_arena_may_hold(line, sizeof *line))
			return -EBADMSG;
		clear_line(table, line);
		line = mproci_bucket_next(line);
	}
	if (line != NULL)
		return -EBADMSG;
	mproci_lines_drop_empty(bucket);
	return 0;
}

/* What is in it does not count any more: nor does the count, until it is empty. */
int mproci_table_clear(mproci_table *table, uint32_t epoch)
{
	uint32_t buckets = buckets_of(table);

	if (buckets > MPROCI_TABLE_MOST_BUCKETS)
		return -EBADMSG;
	begin(table);
	for (uint32_t index = 0; index < buckets; ++index) {
		mproci_bucket *bucket = mproci_table_bucket(table, index);

		if (bucket == NULL || clear_bucket(table, bucket) < 0)
			return -EBADMSG;
	}
	atomic_store_explicit(&table->buckets, MPROCI_TABLE_FEWEST_BUCKETS, memory_order_release);
	atomic_store_explicit(&table->count, 0, memory_order_release);
	atomic_store_explicit(&table->retry_at, 0, memory_order_relaxed);
	/* As long as the epoch is not stored, whoever comes next does all of this again. */
	trim(table);
	atomic_store_explicit(&table->epoch, epoch, memory_order_release);
	end(table);
	return 0;
}

/* An entry that came or went: it is in a slot, or it is freed. */
static void settle(mproci_table *table, void *_Atomic *place)
{
	mproci_entry *entry = atomic_load(place);
	mproci_bucket *bucket;

	if (entry == NULL)
		return;
	bucket = !mproci_arena_may_hold(entry, sizeof *entry)
			 ? NULL
			 : mproci_table_bucket(
				 table, mproci_table_home(atomic_load(&entry->hash), buckets_of(table)));
	if (bucket == NULL || mproci_lines_lead_to(bucket, entry))
		atomic_store_explicit(place, NULL, memory_order_release);
	else
		mproci_place_empty(place);
}

static void finish_work(mproci_table *table)
{
	mproci_table_work work = atomic_load(&table->work);
	uint32_t last = buckets_of(table) - 1, goal = atomic_load(&table->goal);

	if (work == MPROCI_TABLE_SPLITS) {
		move(table, partner_of(last), last, false);
	} else if (work == MPROCI_TABLE_MERGES && last == goal) {
		move(table, last, partner_of(last), true);
		atomic_store_explicit(&table->buckets, goal, memory_order_release);
	}
	set_work(table, MPROCI_TABLE_RESTS);
}

void mproci_table_repair(mproci_table *table)
{
	uint32_t buckets = buckets_of(table);

	if (buckets < MPROCI_TABLE_FEWEST_BUCKETS || buckets > MPROCI_TABLE_MOST_BUCKETS)
		return;
	begin(table);
	undo(table);
	finish_work(table);
	settle(table, &table->coming);
	settle(table, &table->going);
	return_piece(table);
	end(table);
}

void mproci_table_free(mproci_table *table)
{
	trim_to(table, MPROCI_TABLE_FEWEST_BUCKETS);
	for (uint32_t index = 0; index < MPROCI_TABLE_FEWEST_BUCKETS; ++index)
		mproci_place_empty(&table->first[index].more);
}
