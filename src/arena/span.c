/* SPDX-License-Identifier: MIT */
/*
 * States, invariant and the argument: README.md.
 */
#include "arena/span.h"

#include <string.h>

_Static_assert(sizeof(mproci_span) == MPROCI_SPAN_HEADER, "the size classes count on it");

/* Eight states, read at once. */
typedef uint64_t __attribute__((may_alias)) state_group;

static const state_group ANY_USED = UINT64_C(0x0101010101010101) * MPROCI_BLOCK_USED;
static const state_group ANY_FREED = UINT64_C(0x0101010101010101) * MPROCI_BLOCK_FREED;
enum {
	GROUP = sizeof(state_group)
};

/* The states of blocks @index to @index + 7.  Those behind the last block are free for ever. */
static state_group states_from(const mproci_span *span, uint32_t index)
{
	const char *states = (const char *)span + offsetof(mproci_span, states);

	return __atomic_load_n((const state_group *)(const void *)(states + index), __ATOMIC_SEQ_CST);
}

void mproci_span_rebuild(mproci_span *span)
{
	span->head = 0;
	span->used = 0;
	span->fresh = mproci_span_class(span)->count;
	for (uint32_t index = span->fresh; index-- > 0;) {
		if (mproci_span_state(span, index) == MPROCI_BLOCK_FREE)
			mproci_span_link(span, index);
		else
			++span->used;
	}
}

void *mproci_span_next(mproci_span *span)
{
	uint32_t index = span->head == 0 ? span->fresh : span->head - 1;
	uint32_t count = mproci_span_class(span)->count;

	if (span->head == 0 && index == count)
		return NULL;
	if (index < count && mproci_span_state(span, index) == MPROCI_BLOCK_FREE)
		return mproci_span_block(span, index);
	/* Made anew, the list is right, and nothing is fresh any more. */
	mproci_span_rebuild(span);
	return span->head == 0 ? NULL : mproci_span_block(span, span->head - 1);
}

void *mproci_span_pop_unlisted(mproci_span *span)
{
	void *block = mproci_span_next(span);

	if (block == NULL || span->head != 0)
		return block == NULL ? NULL : mproci_span_pop(span);
	mproci_span_mark_used(span, span->fresh++);
	return block;
}

static void raise_flag(uint32_t unit)
{
	_Atomic uint64_t *place = &mproci_arena_here->table[unit];
	uint64_t word = atomic_load(place);

	while (mproci_unit_kind_of(word) == MPROCI_UNIT_SPAN && (word & MPROCI_UNIT_PENDING) == 0
		&& !atomic_compare_exchange_weak(place, &word, word | MPROCI_UNIT_PENDING))
		;
}

/* Whether a thread, perhaps a dead one, has a note of a block: README.md, "Freed locks", "Places". */
static bool is_in_quarantine(mproci_span *span, uint32_t index, uint8_t state)
{
	return (state & MPROCI_BLOCK_WATCHED) != 0
	       && mproci_thread_notes_in(mproci_span_block(span, index), mproci_span_class(span)->size);
}

/* Note a freed block as free, or see to it that it is looked at again. */
static void collect_block(mproci_span *span, uint32_t index)
{
	uint8_t state = mproci_span_state(span, index);

	if ((state & MPROCI_BLOCK_FREED) == 0)
		return;
	if (is_in_quarantine(span, index, state)) {
		raise_flag(span->unit);
		return;
	}
	atomic_store_explicit(&span->states[index], MPROCI_BLOCK_FREE, memory_order_release);
	mproci_span_link(span, index);
	--span->used;
}

/* Note what others freed as free.  They set a block FREED before they look at the flag that the caller has just cleared. */
static void collect(mproci_span *span)
{
	for (uint32_t first = 0; first < mproci_span_class(span)->count; first += GROUP) {
		if ((states_from(span, first) & ANY_FREED) == 0)
			continue;
		for (uint32_t index = first; index < first + GROUP; ++index)
			collect_block(span, index);
	}
}

static bool is_unused(const mproci_span *span)
{
	for (uint32_t first = 0; first < mproci_span_class(span)->count; first += GROUP) {
		if ((states_from(span, first) & (ANY_USED | ANY_FREED)) != 0)
			return false;
	}
	return true;
}

uint32_t mproci_span_count_used(const mproci_span *span, uint32_t size_class)
{
	int count = 0;

	for (uint32_t first = 0; first < mproci_size_classes[size_class].count; first += GROUP)
		count += __builtin_popcountll(states_from(span, first) & ANY_USED);
	return (uint32_t)count;
}

static void take_notice(mproci_span *span)
{
	/* Departures first: who ends after this is noticed next time. */
	span->departures = atomic_load(&mproci_family_here->departures);
	atomic_fetch_and(&mproci_arena_here->table[span->unit], ~MPROCI_UNIT_PENDING);
}

void mproci_span_open(mproci_span *span, uint32_t unit, uint32_t size_class)
{
	span->unit = unit;
	span->size_class = size_class;
	span->next = span->previous = span;
	take_notice(span);
	if (is_unused(span)) {
		span->head = span->fresh = span->used = 0;
		return;
	}
	mproci_span_rebuild(span);
	collect(span);
}

bool mproci_span_push_foreign(mproci_span *span, uint32_t unit, uint32_t index)
{
	uint8_t state = atomic_load(&span->states[index]);

	do {
		if ((state & MPROCI_BLOCK_USED) == 0)
			return false;
	} while (!atomic_compare_exchange_weak(
		&span->states[index], &state, state ^ (MPROCI_BLOCK_USED | MPROCI_BLOCK_FREED)));
	/*
	 * From here on the span may be anything else: only its word is touched.  This load is after the exchange in
	 * the one order of all seq_cst operations, as the owner's look at the states is after its clearing the flag: one
	 * of the two sees the other.
	 */
	raise_flag(unit);
	return true;
}

void mproci_span_watch(uint32_t unit, uint32_t size_class, const void *address)
{
	const mproci_size_class *class = &mproci_size_classes[size_class];
	uint32_t offset = (uint32_t)((const char *)address - mproci_run_memory(unit)) - class->start;
	uint8_t state = MPROCI_BLOCK_USED;

	/* In front of the first block it has wrapped around. */
	if (offset / class->size < class->count)
		atomic_compare_exchange_strong(&mproci_span_at(unit)->states[offset / class->size], &state,
			MPROCI_BLOCK_USED | MPROCI_BLOCK_WATCHED);
}

bool mproci_span_collect(mproci_span *span)
{
	uint64_t word = atomic_load(&mproci_arena_here->table[span->unit]);

	/* Who died may have freed a block and not raised the flag. */
	if ((word & MPROCI_UNIT_PENDING) != 0
		|| span->departures != atomic_load(&mproci_family_here->departures)) {
		take_notice(span);
		collect(span);
	}
	return mproci_span_has_room(span);
}
