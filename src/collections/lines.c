/* SPDX-License-Identifier: MIT */
/*
 * A line is added in two steps, memory first and then the flag that it counts, and goes in the opposite order: what a kill leaves in between is
 * memory that the bucket has, which the next line is made of, or which goes with the bucket.
 */
#include "collections/lines.h"

#include "arena/place.h"
#include "collections/table.h"

void mproci_line_clear(mproci_bucket *line)
{
	atomic_store_explicit(&line->lanes, 0, memory_order_release);
	atomic_store_explicit(&line->more, NULL, memory_order_release);
}

/* The next line; NULL: there is none, or it is where none can be. */
static mproci_bucket *next_of(const mproci_bucket *line)
{
	mproci_bucket *next = mproci_bucket_next(line);

	return next != NULL && mproci_arena_may_hold(next, sizeof *next) ? next : NULL;
}

static int add_line(mproci_bucket *last)
{
	mproci_bucket *line;
	int rc = 0;

	if (atomic_load_explicit(&last->more, memory_order_relaxed) == NULL)
		rc = mproci_place_fill(&last->more, sizeof *last);
	if (rc < 0)
		return rc;
	line = atomic_load_explicit(&last->more, memory_order_relaxed);
	if (!mproci_arena_may_hold(line, sizeof *line))
		return -EBADMSG;
	mproci_line_clear(line);
	atomic_store_explicit(
		&last->lanes, mproci_bucket_lanes(last) | MPROCI_BUCKET_MORE, memory_order_release);
	return 0;
}

static unsigned free_slots(const mproci_bucket *line)
{
	return mproci_bucket_match_lane(mproci_bucket_lanes(line), 0);
}

int mproci_lines_find_room(mproci_bucket *bucket, mproci_bucket **ret_line, unsigned *ret_slot)
{
	for (int lines = 0; lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		unsigned slots = free_slots(bucket);
		int rc = 0;

		if (slots != 0) {
			*ret_line = bucket;
			*ret_slot = (unsigned)__builtin_ctz(slots);
			return 0;
		}
		if (mproci_bucket_next(bucket) == NULL)
			rc = add_line(bucket);
		if (rc < 0)
			return rc;
		bucket = next_of(bucket);
		if (bucket == NULL)
			break;
	}
	return -EBADMSG;
}

bool mproci_lines_reserve(mproci_bucket *bucket, size_t count)
{
	if (count == SIZE_MAX)
		return false;
	for (int lines = 0; bucket != NULL && lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		size_t here = (size_t)__builtin_popcount(free_slots(bucket));

		if (here >= count)
			return true;
		count -= here;
		if (mproci_bucket_next(bucket) == NULL && add_line(bucket) < 0)
			return false;
		bucket = next_of(bucket);
	}
	return false;
}

void mproci_lines_drop_empty(mproci_bucket *bucket)
{
	for (int lines = 0; lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		mproci_bucket *before = bucket, *last = next_of(bucket), *next;

		if (last == NULL)
			return;
		for (int steps = 0; (next = next_of(last)) != NULL && steps < MPROCI_TABLE_MOST_LINES;
			++steps) {
			before = last;
			last = next;
		}
		if (next != NULL || mproci_bucket_lanes(last) != 0)
			return;
		/* A line that was about to be added to it: now, for nobody looks at what a line has that does not count. */
		mproci_place_empty(&last->more);
		atomic_store_explicit(&before->lanes, mproci_bucket_lanes(before) & ~MPROCI_BUCKET_MORE,
			memory_order_release);
		mproci_place_empty(&before->more);
	}
}

bool mproci_lines_lead_to(mproci_bucket *bucket, const mproci_entry *entry)
{
	for (int lines = 0; bucket != NULL && lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		uint64_t lanes = mproci_bucket_lanes(bucket);

		for (unsigned slot = 0; slot < MPROCI_BUCKET_SLOTS; ++slot) {
			if (mproci_lane_has_entry(mproci_lane_of(lanes, slot))
				&& atomic_load(&bucket->slots[slot].first) == (uintptr_t)entry)
				return true;
		}
		bucket = next_of(bucket);
	}
	return bucket != NULL;
}

static mproci_content read_slot(const mproci_bucket *line, unsigned slot)
{
	return (mproci_content){
		atomic_load_explicit(&line->slots[slot].first, memory_order_relaxed),
		atomic_load_explicit(&line->slots[slot].second, memory_order_relaxed),
		mproci_lane_of(mproci_bucket_lanes(line), slot),
	};
}

static uint64_t hash_of(const mproci_content *content, uint64_t seed)
{
	size_t size = mproci_lane_key_size(content->lane);

	if (mproci_lane_has_entry(content->lane))
		return content->second;
	return mproci_hash(&content->first, size <= MPROCI_SLOT_MOST ? size : 0, seed);
}

static bool goes(const mproci_content *content, const mproci_move *move)
{
	return content->lane != 0
	       && (move->is_all
		       || mproci_table_home(hash_of(content, move->seed), move->buckets) == move->target);
}

size_t mproci_lines_count(mproci_bucket *from, const mproci_move *move)
{
	size_t count = 0;

	for (int lines = 0; from != NULL && lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		for (unsigned slot = 0; slot < MPROCI_BUCKET_SLOTS; ++slot) {
			mproci_content content = read_slot(from, slot);

			count += goes(&content, move);
		}
		from = next_of(from);
	}
	return from == NULL ? count : SIZE_MAX;
}

/* Each key is in a dict once, so two slots with the same are the same. */
static bool has_same(mproci_bucket *line, const mproci_content *content)
{
	for (int lines = 0; line != NULL && lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		for (unsigned slot = 0; slot < MPROCI_BUCKET_SLOTS; ++slot) {
			mproci_content other = read_slot(line, slot);

			if (other.lane == content->lane && other.first == content->first)
				return true;
		}
		line = next_of(line);
	}
	return false;
}

static bool put(mproci_bucket *to, const mproci_content *content)
{
	mproci_bucket *line;
	unsigned slot;

	if (has_same(to, content))
		return true;
	if (mproci_lines_find_room(to, &line, &slot) < 0)
		return false;
	mproci_slot_write(&line->slots[slot], content);
	mproci_lane_write(line, slot, content->lane);
	return true;
}

void mproci_lines_move(mproci_bucket *from, mproci_bucket *to, const mproci_move *move)
{
	for (int lines = 0; from != NULL && lines < MPROCI_TABLE_MOST_LINES; ++lines) {
		for (unsigned slot = 0; slot < MPROCI_BUCKET_SLOTS; ++slot) {
			mproci_content content = read_slot(from, slot);

			if (goes(&content, move) && put(to, &content))
				mproci_lane_write(from, slot, 0);
		}
		from = next_of(from);
	}
}
