/* SPDX-License-Identifier: MIT */
#include "arena/big.h"

#include "base/error.h"
#include "family/member.h"
#include "sys/memory.h"

#include <errno.h>
#include <string.h>

enum {
	PAGES_PER_UNIT = MPROCI_UNIT_SIZE / MPROCI_PAGE
};

/*
 * A thread that has no id (@owner 0) keeps the lock from taking a run until it is a block, since nobody can see whether
 * such a holder has died; everybody else holds it for a few stores only.
 */
static int make_big(uint32_t length, uint32_t pages, uint64_t owner, uint32_t *ret_unit, bool *ret_is_dirty)
{
	int rc;

	rc = mproci_run_lock();
	if (rc < 0)
		return rc;
	rc = mproci_run_take(length, owner, ret_unit, ret_is_dirty);
	if (owner != 0 || rc < 0)
		mproci_run_unlock();
	if (rc < 0 || mproci_memory_commit(mproci_run_memory(*ret_unit), (size_t)pages * MPROCI_PAGE) == 0)
		return rc;
	mproci_run_give(*ret_unit, length, owner);
	if (owner == 0)
		mproci_run_unlock();
	return mproci_fail(
		-ENOMEM, "the system has no memory for %zu KiB", (size_t)pages * (MPROCI_PAGE / 1024));
}

void *mproci_big_alloc(mproci_heap *heap, size_t size, bool is_zeroed)
{
	size_t pages = size / MPROCI_PAGE + (size % MPROCI_PAGE != 0);
	size_t length = pages / PAGES_PER_UNIT + (pages % PAGES_PER_UNIT != 0);
	uint64_t owner = heap == NULL ? 0 : heap->owner;
	bool is_dirty = false;
	uint32_t unit;
	int rc;

	if (length > mproci_arena_here->unit_limit) {
		mproci_fail(-ENOMEM, "no room for %zu bytes of shared memory in an arena of %zu", size,
			(size_t)mproci_arena_here->unit_limit * MPROCI_UNIT_SIZE);
		return NULL;
	}
	mproci_heap_sweep(heap, false);
	rc = make_big((uint32_t)length, (uint32_t)pages, owner, &unit, &is_dirty);
	if (rc == -ENOMEM) {
		mproci_member_sweep();
		mproci_heap_sweep(heap, true);
		if (heap != NULL)
			mproci_heap_trim(heap);
		rc = make_big((uint32_t)length, (uint32_t)pages, owner, &unit, &is_dirty);
	}
	if (rc < 0)
		return NULL;
	if (is_zeroed && is_dirty)
		memset(mproci_run_memory(unit), 0, size);
	/* Allocated from here on. */
	atomic_store_explicit(&mproci_arena_here->table[unit],
		mproci_unit_big((uint32_t)length, (uint32_t)pages), memory_order_release);
	if (owner == 0)
		mproci_run_unlock();
	return mproci_run_memory(unit);
}

/* The block is free, or rather held, from the exchange on: whatever happens to us, it becomes a free run. */
int mproci_big_free(mproci_heap *heap, uint32_t unit, uint64_t word)
{
	uint32_t length = mproci_unit_length(word);
	uint64_t owner = heap == NULL ? 0 : heap->owner;
	int rc = owner == 0 ? mproci_run_lock() : 0;
	bool is_done;

	if (rc < 0)
		return rc;
	is_done = atomic_compare_exchange_strong(
		&mproci_arena_here->table[unit], &word, mproci_unit_held(length, owner));
	if (is_done)
		mproci_run_give(unit, length, owner);
	if (owner == 0)
		mproci_run_unlock();
	return is_done ? 0 : -EALREADY;
}
