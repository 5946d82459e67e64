/* SPDX-License-Identifier: MIT */
/*
 * Invariants of README.md, as code.  The lock is held, so runs stay where they are; an owner that makes a span of another
 * size class meanwhile can raise a false alarm.
 */
#include "arena/run.h"
#include "arena/span.h"

#include "base/error.h"

#include <errno.h>

static uint64_t word_at(uint32_t unit)
{
	return atomic_load(&mproci_arena_here->table[unit]);
}

static int check_inside(uint32_t unit, uint64_t word)
{
	bool is_free = mproci_unit_kind_of(word) == MPROCI_UNIT_FREE;
	uint32_t length = mproci_unit_length(word);

	for (uint32_t i = unit + 1; i < unit + length; ++i) {
		bool is_tail = is_free && i == unit + length - 1;

		if (word_at(i) != (is_tail ? mproci_unit_tail(length) : MPROCI_UNIT_INSIDE))
			return mproci_fail(-EBADMSG, "unit %u, inside run %u, has the word %#llx", i, unit,
				(unsigned long long)word_at(i));
	}
	return 0;
}

static bool is_state(uint8_t state)
{
	uint8_t use = state & (uint8_t)~MPROCI_BLOCK_WATCHED;

	return state == MPROCI_BLOCK_FREE || use == MPROCI_BLOCK_USED || use == MPROCI_BLOCK_FREED;
}

static int check_span(uint32_t unit, uint32_t size_class, mproci_arena_census *census)
{
	mproci_span *span = mproci_span_at(unit);

	if (size_class >= MPROCI_SIZE_CLASSES)
		return mproci_fail(-EBADMSG, "unit %u: no size class %u", unit, size_class);
	for (uint32_t i = 0; i < mproci_size_classes[size_class].count; ++i) {
		uint8_t state = atomic_load(&span->states[i]);

		if (!is_state(state))
			return mproci_fail(-EBADMSG, "unit %u: block %u has the state %u", unit, i, state);
		census->small_freed += (state & MPROCI_BLOCK_FREED) != 0;
	}
	census->small_used += mproci_span_count_used(span, size_class);
	for (uint32_t i = mproci_size_classes[size_class].count; i % 8 != 0; ++i) {
		if (atomic_load(&span->states[i]) != MPROCI_BLOCK_FREE)
			return mproci_fail(
				-EBADMSG, "unit %u: the state behind the last, %u, is set", unit, i);
	}
	return 0;
}

static int check_run(uint32_t unit, uint64_t word, mproci_arena_census *census)
{
	uint32_t length = mproci_unit_length(word);

	switch (mproci_unit_kind_of(word)) {
	case MPROCI_UNIT_FREE:
		++census->free_runs;
		census->free_units += length;
		return 0;
	case MPROCI_UNIT_HELD:
		census->held_units += length;
		return 0;
	case MPROCI_UNIT_BIG:
		++census->big_blocks;
		if (!mproci_unit_is_sparse(word)
			&& mproci_unit_length(mproci_unit_big(mproci_unit_pages(word), 0)) != length)
			return mproci_fail(-EBADMSG, "unit %u: %u pages in a block of %u units", unit,
				mproci_unit_pages(word), length);
		return 0;
	case MPROCI_UNIT_SPAN:
		++census->spans;
		census->orphans += !mproci_run_owner_is_alive(mproci_unit_owner_of(word));
		return check_span(unit, mproci_unit_class(word), census);
	default:
		return mproci_fail(-EBADMSG, "unit %u, where a run begins, has the word %#llx", unit,
			(unsigned long long)word);
	}
}

/* Every order's hint is where a run begins, and no fitting free run lies in front of it. */
static int check_hints(uint32_t unit, uint64_t word)
{
	for (uint32_t order = 0; order < MPROCI_RUN_ORDERS; ++order) {
		uint32_t hint = mproci_arena_here->hints[order];
		bool is_candidate = mproci_unit_kind_of(word) == MPROCI_UNIT_FREE
				    && mproci_unit_length(word) >= 1U << order;

		if ((is_candidate && hint > unit) || (hint > unit && hint < unit + mproci_unit_length(word)))
			return mproci_fail(
				-EBADMSG, "unit %u: order %u is looked for from %u on", unit, order, hint);
	}
	return 0;
}

typedef struct walk {
	mproci_arena_census census;
	bool was_free;
} walk;

static int check_all(uint32_t unit, uint64_t word, void *context)
{
	walk *state = context;
	bool is_free = mproci_unit_kind_of(word) == MPROCI_UNIT_FREE;
	int rc;

	if (atomic_load(&mproci_arena_here->journal.count) != 0)
		return mproci_fail(-EBADMSG, "the journal is not empty");
	if (state->was_free && is_free)
		return mproci_fail(-EBADMSG, "unit %u: two free runs side by side", unit);
	state->was_free = is_free;
	state->census.units += mproci_unit_length(word);
	rc = check_run(unit, word, &state->census);
	if (rc == 0)
		rc = check_inside(unit, word);
	return rc == 0 ? check_hints(unit, word) : rc;
}

int mproci_arena_check(mproci_arena_census *ret_census)
{
	walk state = {0};
	int rc;

	if (mproci_arena_here == NULL)
		return mproci_fail(-EBADMSG, "there is no arena");
	rc = mproci_run_walk(check_all, &state);
	if (rc == 0 && ret_census != NULL)
		*ret_census = state.census;
	return rc;
}
