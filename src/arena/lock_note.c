/* SPDX-License-Identifier: MIT */
#include "arena/lock_note.h"

#include "arena/heap.h"

void mproci_arena_note_lock(const void *lock)
{
	size_t unit;
	uint64_t word;

	if (!mproci_family_holds(lock) || (mproci_heap_here() == NULL && mproci_heap_enter() < 0))
		return;
	unit = ((uintptr_t)lock - (uintptr_t)mproci_arena_here->units) / MPROCI_UNIT_SIZE;
	if (unit >= atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_acquire))
		return;
	word = atomic_load_explicit(&mproci_arena_here->table[unit], memory_order_acquire);
	/* A large block is looked at whether it had locks or not. */
	if (mproci_unit_kind_of(word) == MPROCI_UNIT_SPAN)
		mproci_span_watch((uint32_t)unit, mproci_unit_class(word), lock);
}
