/* SPDX-License-Identifier: MIT */
/*
 * A chunk, or a directory, is on its way into use or out of it in a place of its own (arena/place.h), and
 * there before it is in use, and until it is freed.  Each store is a release, so a kill leaves the memory of
 * a prefix of them.  Then whoever comes next looks whether the block in the place is also where it would be
 * in use:
 *
 *     coming   place = block (filled), use = block, place = NULL     in both: in use; in the place only: freed
 *     going    place = block, use = NULL or another, place emptied   the same
 *
 * A block that was just filled by somebody who died in the middle of that is freed, never used: his burial
 * would free it again (arena/README.md, "Places").  It is not in use yet then.
 */
#include "collections/chunks.h"

#include "arena/place.h"

#include <errno.h>

static void set(void *_Atomic *word, void *block)
{
	atomic_store_explicit(word, block, memory_order_release);
}

static void *get(void *_Atomic *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static mproci_directory *directory_of(mproci_chunks *chunks)
{
	return get(&chunks->directory);
}

static uint64_t capacity_of(mproci_chunks *chunks)
{
	return mproci_directory_capacity(directory_of(chunks));
}

static uint64_t number_of(uint64_t slot)
{
	return slot / MPROCI_CHUNK_SLOTS;
}

/* Of the chunks that have slots in use. */
static uint64_t count_used(mproci_slots used)
{
	return used.first == used.end ? 0 : number_of(used.end - 1) - number_of(used.first) + 1;
}

/* With room for twice as many chunks; the old one has no others than those in use. */
static int enlarge(mproci_chunks *chunks, mproci_slots used)
{
	mproci_directory *old = directory_of(chunks), *new;
	uint64_t capacity = capacity_of(chunks), larger = old == NULL ? MPROCI_CHUNKS_FEWEST : 2 * capacity;
	int rc;

	rc = mproci_place_fill(&chunks->new_directory, sizeof *new + larger * sizeof *new->chunks);
	if (rc < 0)
		return rc;
	new = get(&chunks->new_directory);
	memset((void *)new, 0, sizeof *new + larger * sizeof *new->chunks);
	atomic_store_explicit(&new->capacity, larger, memory_order_relaxed);
	for (uint64_t i = 0, number = number_of(used.first); i < count_used(used); ++i, ++number)
		set(&new->chunks[number & (larger - 1)], get(&old->chunks[number & (capacity - 1)]));
	set(&chunks->old_directory, old);
	set(&chunks->directory, new);
	set(&chunks->new_directory, NULL);
	mproci_place_empty(&chunks->old_directory);
	return 0;
}

static void note_index(mproci_chunks *chunks, uint64_t index)
{
	atomic_store_explicit(&chunks->loose_index, index, memory_order_release);
}

static int add_chunk(mproci_chunks *chunks, uint64_t index)
{
	int rc;

	note_index(chunks, index);
	rc = mproci_place_fill(&chunks->loose_chunk, sizeof(mproci_chunk));
	if (rc < 0)
		return rc;
	set(&directory_of(chunks)->chunks[index], get(&chunks->loose_chunk));
	set(&chunks->loose_chunk, NULL);
	return 0;
}

/* If it is there. */
static void drop_chunk(mproci_chunks *chunks, uint64_t index)
{
	void *_Atomic *entry = &directory_of(chunks)->chunks[index];

	if (get(entry) == NULL)
		return;
	note_index(chunks, index);
	set(&chunks->loose_chunk, get(entry));
	set(entry, NULL);
	mproci_place_empty(&chunks->loose_chunk);
}

int mproci_chunks_provide(mproci_chunks *chunks, mproci_slots used, uint64_t slot)
{
	uint64_t capacity = capacity_of(chunks), count = count_used(used);
	bool is_further = number_of(slot) - number_of(used.first) >= count;
	int rc = 0;

	if (capacity == 0 && (get(&chunks->directory) != NULL || count > 0))
		return -EBADMSG;
	if (is_further && count == capacity)
		rc = enlarge(chunks, used);
	if (rc == 0 && get(mproci_chunks_entry(chunks, slot)) == NULL)
		rc = add_chunk(chunks, number_of(slot) & (capacity_of(chunks) - 1));
	return rc;
}

/*
 * Beside those in use, one more on either side stays: who takes out and puts in across the border of a chunk
 * does not pay each time.  Each change moves an end by one chunk at most, so it is the next one that may be
 * too many.
 */
static void trim_ends(mproci_chunks *chunks, mproci_slots used)
{
	uint64_t mask = capacity_of(chunks) - 1;

	if (count_used(used) + 2 > mask)
		return;
	drop_chunk(chunks, (number_of(used.first) - 2) & mask);
	drop_chunk(chunks, (number_of(used.end - 1) + 2) & mask);
}

/* But for the one at @kept. */
static void drop_others(mproci_chunks *chunks, uint64_t kept)
{
	uint64_t capacity = capacity_of(chunks);

	for (uint64_t index = 0; index < capacity; ++index) {
		if (index != kept)
			drop_chunk(chunks, index);
	}
}

void mproci_chunks_free(mproci_chunks *chunks)
{
	drop_others(chunks, UINT64_MAX);
	set(&chunks->old_directory, get(&chunks->directory));
	set(&chunks->directory, NULL);
	mproci_place_empty(&chunks->old_directory);
}

void mproci_chunks_trim(mproci_chunks *chunks, mproci_slots used)
{
	uint64_t capacity = capacity_of(chunks);

	if (capacity == 0)
		return;
	if (used.first != used.end)
		trim_ends(chunks, used);
	else if (capacity > MPROCI_CHUNKS_FEWEST)
		mproci_chunks_free(chunks);
	else
		drop_others(chunks, number_of(used.first) & (capacity - 1));
}

static void settle(void *_Atomic *place, const void *in_use)
{
	if (get(place) == in_use)
		set(place, NULL);
	else
		mproci_place_empty(place);
}

void mproci_chunks_settle(mproci_chunks *chunks)
{
	uint64_t index = atomic_load_explicit(&chunks->loose_index, memory_order_relaxed);

	settle(&chunks->new_directory, get(&chunks->directory));
	settle(&chunks->old_directory, get(&chunks->directory));
	if (index < capacity_of(chunks))
		settle(&chunks->loose_chunk, get(&directory_of(chunks)->chunks[index]));
	else
		mproci_place_empty(&chunks->loose_chunk);
}
