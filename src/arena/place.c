/* SPDX-License-Identifier: MIT */
/*
 * A thread notes in its slot which block it moves and the place, before it changes either.  Its burial reads
 * that: README.md, "Places".
 */
#include "arena/place.h"

#include "arena/block.h"
#include "family/family.h"

#include <assert.h>
#include <errno.h>

static bool is_in_family(void *_Atomic *place)
{
	uintptr_t address = (uintptr_t)place;

	return address % sizeof *place == 0 && mproci_family_holds((const void *)address);
}

static int fill_small(void *_Atomic *place, mproci_heap *heap, uint32_t size_class)
{
	void *block = mproci_heap_next(heap, size_class);

	if (block == NULL)
		return -ENOMEM;
	mproci_thread_moves(block, place);
	mproci_heap_alloc(heap, size_class);
	mproci_span_watch(heap->bins[size_class].current->unit, size_class, block);
	atomic_store(place, block);
	mproci_thread_moves(NULL, NULL);
	return 0;
}

int mproci_place_fill(void *_Atomic *place, size_t size)
{
	mproci_heap *heap;
	int rc;

	rc = mproci_heap_need(&heap);
	if (rc < 0)
		return rc;
	assert(is_in_family(place) && atomic_load(place) == NULL);
	if (heap == NULL || size > MPROCI_SMALL_MAX)
		return mproci_big_fill(place, heap, size, false);
	return fill_small(place, heap, mproci_size_class_of(size));
}

/*
 * Also in a span of its own the thread leaves it to a later look: others may have died with a note of the
 * block.
 */
static void empty_small(void *_Atomic *place, mproci_block block, bool is_noted)
{
	if (is_noted)
		mproci_thread_moves(atomic_load(place), place);
	atomic_store(place, NULL);
	mproci_span_push_foreign(mproci_span_at(block.unit), block.unit, block.index);
	if (is_noted)
		mproci_thread_moves(NULL, NULL);
}

void mproci_place_empty(void *_Atomic *place)
{
	void *address = atomic_load(place);
	mproci_heap *heap;
	mproci_block block;

	if (address == NULL || mproci_heap_need(&heap) < 0)
		return;
	if (!mproci_block_find(address, &block))
		atomic_store(place, NULL);
	else if (mproci_block_is_big(block))
		mproci_big_empty(place, heap, block.unit);
	else
		empty_small(place, block, heap != NULL);
}

/*
 * As long as the note is there nobody is given the block anew: if it is allocated, it is the one that the
 * dead meant.  Whoever frees it as well, now or later, finds it free.
 */
void mproci_place_settle(const void *block, void *_Atomic *place)
{
	mproci_block found;

	if (!is_in_family(place) || !mproci_arena_find() || !mproci_block_find(block, &found))
		return;
	if (mproci_block_is_big(found))
		mproci_big_settle(place, found.unit);
	else if (mproci_block_usable(found) > 0 && atomic_load(place) != block)
		mproci_span_push_foreign(mproci_span_at(found.unit), found.unit, found.index);
}
