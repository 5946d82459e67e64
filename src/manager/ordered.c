/* SPDX-License-Identifier: MIT */
/*
 * No chunk is empty.  A chunk that is full is split in half, or, when what comes belongs at the very end, left full with
 * a new one behind it.  Two neighbours that fit in half a chunk become one, so that there are never many small ones.
 */
#include "manager/ordered.h"

#include <errno.h>
#include <stdlib.h>

enum {
	FEWEST_ITEMS = 4,
	MOST_ITEMS = 512,
	FEWEST_CHUNKS = 4,
};

/* ---- finding ---- */

static int compare_names(mproci_view a, mproci_view b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = memcmp(a.bytes, b.bytes, size);

	if (order == 0 && a.size != b.size)
		order = a.size < b.size ? -1 : 1;
	return order;
}

static bool is_before(const mproci_ranked *item, const mproci_bound *bound)
{
	int order = 0;

	if (bound->has_score)
		order = (item->score > bound->score) - (item->score < bound->score);
	if (order == 0 && bound->has_name)
		order = compare_names(mproci_ranked_name(item), bound->name);
	return order < 0 || (order == 0 && bound->is_behind);
}

/* The first chunk whose last item is not before @bound. */
static size_t find_chunk(const mproci_ordered *ordered, const mproci_bound *bound)
{
	size_t low = 0, high = ordered->chunk_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const mproci_ordered_chunk *chunk = ordered->chunks + middle;

		if (is_before(chunk->items + chunk->count - 1, bound))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t find_index(const mproci_ordered_chunk *chunk, const mproci_bound *bound)
{
	size_t low = 0, high = chunk->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (is_before(chunk->items + middle, bound))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first position not before @bound; of the chunk behind the last one when there is none. */
static mproci_ordered_position find(const mproci_ordered *ordered, const mproci_bound *bound)
{
	mproci_ordered_position position = {.chunk = find_chunk(ordered, bound)};

	if (position.chunk < ordered->chunk_count)
		position.index = find_index(ordered->chunks + position.chunk, bound);
	return position;
}

static mproci_bound bound_of(double score, const mproci_hash_entry *entry)
{
	return (mproci_bound){.has_score = true,
		.has_name = true,
		.score = score,
		.name = {entry->payload + MPROCI_ORDERED_PAYLOAD, entry->size}};
}

size_t mproci_ordered_count_before(const mproci_ordered *ordered, const mproci_bound *bound)
{
	mproci_ordered_position position = find(ordered, bound);
	size_t count = position.index;

	for (size_t i = 0; i < position.chunk; ++i)
		count += ordered->chunks[i].count;
	return count;
}

mproci_ordered_position mproci_ordered_seek(const mproci_ordered *ordered, size_t rank)
{
	mproci_ordered_position position = {0, rank};

	/* From the end on it is shorter. */
	if (rank > ordered->count / 2) {
		size_t behind = ordered->count - rank;

		position.chunk = ordered->chunk_count - 1;
		while (behind > ordered->chunks[position.chunk].count)
			behind -= ordered->chunks[position.chunk--].count;
		position.index = ordered->chunks[position.chunk].count - behind;
		return position;
	}
	while (position.index >= ordered->chunks[position.chunk].count)
		position.index -= ordered->chunks[position.chunk++].count;
	return position;
}

const mproci_ranked *mproci_ordered_at(const mproci_ordered *ordered, mproci_ordered_position position)
{
	return ordered->chunks[position.chunk].items + position.index;
}

void mproci_ordered_step(const mproci_ordered *ordered, mproci_ordered_position *position, bool backwards)
{
	if (!backwards && ++position->index == ordered->chunks[position->chunk].count) {
		++position->chunk;
		position->index = 0;
	} else if (backwards && position->index-- == 0 && position->chunk > 0) {
		--position->chunk;
		position->index = ordered->chunks[position->chunk].count - 1;
	}
}

/* ---- putting in ---- */

/* Make room for one more chunk in the array. */
static int reserve_chunk(mproci_ordered *ordered)
{
	size_t capacity = ordered->chunk_capacity ? 2 * ordered->chunk_capacity : FEWEST_CHUNKS;
	mproci_ordered_chunk *chunks;

	if (ordered->chunk_count < ordered->chunk_capacity)
		return 0;
	chunks = realloc(ordered->chunks, capacity * sizeof *chunks);
	if (!chunks)
		return -ENOMEM;
	ordered->chunks = chunks;
	ordered->chunk_capacity = capacity;
	return 0;
}

/* Put a chunk without items at a place in the array. */
static int add_chunk(mproci_ordered *ordered, size_t at, uint32_t capacity)
{
	mproci_ranked *items;

	if (reserve_chunk(ordered) != 0)
		return -ENOMEM;
	items = malloc(capacity * sizeof *items);
	if (!items)
		return -ENOMEM;
	memmove(ordered->chunks + at + 1, ordered->chunks + at,
		(ordered->chunk_count - at) * sizeof *ordered->chunks);
	ordered->chunks[at] = (mproci_ordered_chunk){.items = items, .capacity = capacity};
	++ordered->chunk_count;
	return 0;
}

static int resize(mproci_ordered_chunk *chunk, uint32_t capacity)
{
	mproci_ranked *items = realloc(chunk->items, capacity * sizeof *items);

	if (!items)
		return -ENOMEM;
	chunk->items = items;
	chunk->capacity = capacity;
	return 0;
}

/* Take the upper half of a full chunk to a new one behind it. */
static int split(mproci_ordered *ordered, size_t at)
{
	mproci_ordered_chunk *lower, *upper;

	if (add_chunk(ordered, at + 1, MOST_ITEMS) != 0)
		return -ENOMEM;
	lower = ordered->chunks + at;
	upper = lower + 1;
	upper->count = lower->count / 2;
	lower->count -= upper->count;
	memcpy(upper->items, lower->items + lower->count, upper->count * sizeof *upper->items);
	return 0;
}

/* Have room for one more item at a position; which may be another one then. */
static int reserve(mproci_ordered *ordered, mproci_ordered_position *position)
{
	mproci_ordered_chunk *chunk = ordered->chunks + position->chunk;
	size_t lower;

	if (chunk->count < chunk->capacity)
		return 0;
	if (chunk->capacity < MOST_ITEMS)
		return resize(chunk, 2 * chunk->capacity);
	if (position->index == MOST_ITEMS && position->chunk + 1 == ordered->chunk_count) {
		*position = (mproci_ordered_position){position->chunk + 1, 0};
		return add_chunk(ordered, position->chunk, MOST_ITEMS);
	}
	if (split(ordered, position->chunk) != 0)
		return -ENOMEM;
	lower = ordered->chunks[position->chunk].count;
	if (position->index > lower)
		*position = (mproci_ordered_position){position->chunk + 1, position->index - lower};
	return 0;
}

int mproci_ordered_insert(mproci_ordered *ordered, double score, mproci_hash_entry *entry)
{
	mproci_bound bound = bound_of(score, entry);
	mproci_ordered_position position = find(ordered, &bound);
	mproci_ordered_chunk *chunk;

	if (ordered->chunk_count == 0 && add_chunk(ordered, 0, FEWEST_ITEMS) != 0)
		return -ENOMEM;
	if (position.chunk == ordered->chunk_count) {
		--position.chunk;
		position.index = ordered->chunks[position.chunk].count;
	}
	if (reserve(ordered, &position) != 0)
		return -ENOMEM;
	chunk = ordered->chunks + position.chunk;
	memmove(chunk->items + position.index + 1, chunk->items + position.index,
		(chunk->count - position.index) * sizeof *chunk->items);
	chunk->items[position.index] = (mproci_ranked){score, entry};
	++chunk->count;
	++ordered->count;
	return 0;
}

/* ---- taking out ---- */

/* Take chunks that have become empty, from @first to @last, out of the array. */
static void drop_empty(mproci_ordered *ordered, size_t first, size_t last)
{
	size_t kept = first;

	for (size_t i = first; i <= last; ++i) {
		if (ordered->chunks[i].count > 0)
			ordered->chunks[kept++] = ordered->chunks[i];
		else
			free(ordered->chunks[i].items);
	}
	if (kept > last)
		return;
	memmove(ordered->chunks + kept, ordered->chunks + last + 1,
		(ordered->chunk_count - last - 1) * sizeof *ordered->chunks);
	ordered->chunk_count -= last + 1 - kept;
}

/* Make one chunk of two neighbours if they are small.  Without memory they stay two. */
static void join(mproci_ordered *ordered, size_t at)
{
	mproci_ordered_chunk *lower = ordered->chunks + at, *upper = lower + 1;
	uint32_t count;

	if (at + 1 >= ordered->chunk_count)
		return;
	count = lower->count + upper->count;
	if (count > MOST_ITEMS / 2 || (lower->capacity < count && resize(lower, MOST_ITEMS) != 0))
		return;
	memcpy(lower->items + lower->count, upper->items, upper->count * sizeof *upper->items);
	lower->count = count;
	upper->count = 0;
	drop_empty(ordered, at + 1, at + 1);
}

/* Give memory back that is hardly used. */
static void relieve(mproci_ordered *ordered, size_t at)
{
	mproci_ordered_chunk *chunk = ordered->chunks + at;

	if (at < ordered->chunk_count && chunk->capacity > FEWEST_ITEMS && chunk->count < chunk->capacity / 4)
		resize(chunk, chunk->capacity / 2);
}

static void cut_from(mproci_ordered *ordered, mproci_ordered_position from, size_t count)
{
	size_t at = from.chunk, index = from.index;

	ordered->count -= count;
	for (;;) {
		mproci_ordered_chunk *chunk = ordered->chunks + at;
		size_t here = chunk->count - index;

		if (here > count)
			here = count;
		memmove(chunk->items + index, chunk->items + index + here,
			(chunk->count - index - here) * sizeof *chunk->items);
		chunk->count -= (uint32_t)here;
		count -= here;
		if (count == 0)
			break;
		++at;
		index = 0;
	}
	drop_empty(ordered, from.chunk, at);
	join(ordered, from.chunk);
	if (from.chunk > 0)
		join(ordered, from.chunk - 1);
	relieve(ordered, from.chunk);
}

void mproci_ordered_remove(mproci_ordered *ordered, double score, const mproci_hash_entry *entry)
{
	mproci_bound bound = bound_of(score, entry);

	cut_from(ordered, find(ordered, &bound), 1);
}

void mproci_ordered_cut(mproci_ordered *ordered, size_t first, size_t count)
{
	if (count > 0)
		cut_from(ordered, mproci_ordered_seek(ordered, first), count);
}

void mproci_ordered_clear(mproci_ordered *ordered)
{
	for (size_t i = 0; i < ordered->chunk_count; ++i)
		free(ordered->chunks[i].items);
	free(ordered->chunks);
	*ordered = (mproci_ordered){0};
}
