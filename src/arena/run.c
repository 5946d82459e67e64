/* SPDX-License-Identifier: MIT */
/*
 * States, invariant and the argument: README.md.  In short: only the holder of the lock changes where runs begin and
 * end, and only through the journal; all other changes are one store to the first word of a run.
 */
#include "arena/run.h"

#include "base/error.h"
#include "sys/memory.h"

#include <errno.h>
#include <mproc/result.h>
#include <string.h>

static uint64_t word_at(uint32_t unit)
{
	return atomic_load_explicit(&mproci_arena_here->table[unit], memory_order_acquire);
}

/*
 * Each store is a release, so that the compiler leaves their order as it is: the order between the stores of one thread
 * is all that a kill can see.
 */
static void apply_journal(void)
{
	mproci_arena *arena = mproci_arena_here;
	mproci_journal *journal = &arena->journal;
	uint32_t count = atomic_load_explicit(&journal->count, memory_order_relaxed);

	for (uint32_t i = 0; i < count; ++i)
		atomic_store_explicit(&arena->table[journal->stores[i].unit], journal->stores[i].word,
			memory_order_release);
	if (count > 0)
		atomic_store_explicit(&arena->unit_count, journal->unit_count, memory_order_release);
	atomic_store_explicit(&journal->count, 0, memory_order_release);
	/* The next change must not write its stores before this: a release lets later ones move up. */
	atomic_signal_fence(memory_order_seq_cst);
}

static void add_store(uint32_t *count, uint32_t unit, uint64_t word)
{
	mproci_journal *journal = &mproci_arena_here->journal;

	journal->stores[*count].unit = unit;
	journal->stores[*count].word = word;
	++*count;
}

/* Do all the stores that were added, or none.  A later store to the same unit wins. */
static void commit_journal(uint32_t count, uint32_t unit_count)
{
	mproci_arena_here->journal.unit_count = unit_count;
	atomic_store_explicit(&mproci_arena_here->journal.count, count, memory_order_release);
	apply_journal();
}

static void make_sweep_due(void)
{
	atomic_store(&mproci_arena_here->swept, atomic_load(&mproci_family_here->departures) - 1);
}

int mproci_run_lock(void)
{
	mproci_arena *arena = mproci_arena_here;
	int rc;

	rc = mproci_lock_take(&arena->lock, MPROC_FOREVER);
	if (rc < 0)
		return mproci_fail(rc, "the arena's lock cannot be taken");
	if (rc == MPROC_OWNER_DIED) {
		apply_journal();
		memset(arena->hints, 0, sizeof arena->hints);
		/* A sweep is due: a holder without an id leaves a run that no departure speaks of. */
		make_sweep_due();
	}
	return 0;
}

void mproci_run_unlock(void)
{
	mproci_lock_release(&mproci_arena_here->lock);
}

/* The largest order whose runs are no longer than @length. */
static uint32_t order_of(uint32_t length)
{
	return 31 - (uint32_t)__builtin_clz(length);
}

/* There is a free run at @unit now, or one run where several began. */
static void lower_hints(uint32_t unit, uint32_t length)
{
	uint32_t *hints = mproci_arena_here->hints;

	for (uint32_t order = 0; order < MPROCI_RUN_ORDERS; ++order) {
		bool is_candidate = order <= order_of(length);

		if (hints[order] > unit && (is_candidate || hints[order] < unit + length))
			hints[order] = unit;
	}
}

/* First fit.  Returns unit_count when there is none. */
static uint32_t find_free(uint32_t length)
{
	uint32_t count = atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_relaxed);
	uint32_t *hint = &mproci_arena_here->hints[order_of(length)];
	uint32_t least = 1U << order_of(length), first = count, unit;

	for (unit = *hint; unit < count; unit += mproci_unit_length(word_at(unit))) {
		uint64_t word = word_at(unit);

		if (mproci_unit_kind_of(word) != MPROCI_UNIT_FREE || mproci_unit_length(word) < least)
			continue;
		if (unit < first)
			first = unit;
		if (mproci_unit_length(word) >= length)
			break;
	}
	*hint = first;
	return unit;
}

/* Where the free run starts that ends before @unit; @unit when there is none. */
static uint32_t free_before(uint32_t unit)
{
	uint64_t word = unit == 0 ? 0 : word_at(unit - 1);

	if (mproci_unit_kind_of(word) == MPROCI_UNIT_TAIL)
		return unit - mproci_unit_tail_length(word);
	return mproci_unit_kind_of(word) == MPROCI_UNIT_FREE ? unit - 1 : unit;
}

/* Provide the table's memory for @count units. */
static int grow_table(uint32_t count)
{
	mproci_arena *arena = mproci_arena_here;
	enum {
		STEP = (size_t)8 * MPROCI_PAGE / sizeof *arena->table
	};
	uint32_t wanted = (count + STEP - 1) / STEP * STEP;

	if (count <= arena->table_count)
		return 0;
	if (wanted > arena->unit_limit)
		wanted = arena->unit_limit;
	if (mproci_memory_commit(
		    &arena->table[arena->table_count], (wanted - arena->table_count) * sizeof *arena->table)
		< 0)
		return -ENOMEM;
	arena->table_count = wanted;
	return 0;
}

/* Take a run that ends behind all that was ever in use. */
static int extend(uint32_t length, uint64_t owner, uint32_t *ret_unit, bool *ret_is_dirty)
{
	mproci_arena *arena = mproci_arena_here;
	uint32_t end = atomic_load_explicit(&arena->unit_count, memory_order_relaxed);
	uint32_t unit = free_before(end), count = 0;

	if (length > arena->unit_limit - unit)
		return mproci_fail(-ENOMEM, "no room for %zu KiB of shared memory in an arena of %zu KiB",
			(size_t)length * (MPROCI_UNIT_SIZE / 1024),
			(size_t)arena->unit_limit * (MPROCI_UNIT_SIZE / 1024));
	if (grow_table(unit + length) < 0)
		return mproci_fail(-ENOMEM, "no memory for the arena's table of %u units", unit + length);
	*ret_unit = unit;
	*ret_is_dirty = unit < end && mproci_unit_is_dirty(word_at(unit));
	if (unit < end)
		add_store(&count, end - 1, MPROCI_UNIT_INSIDE);
	add_store(&count, unit, mproci_unit_held(length, owner));
	commit_journal(count, unit + length);
	lower_hints(unit, length);
	return 0;
}

/* Take the front of the free run at @unit, which is long enough. */
static void take_front(uint32_t unit, uint32_t length, uint64_t owner)
{
	uint32_t end = atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_relaxed);
	uint64_t word = word_at(unit);
	uint32_t rest = mproci_unit_length(word) - length, count = 0;

	add_store(&count, unit + length + rest - 1, rest > 1 ? mproci_unit_tail(rest) : MPROCI_UNIT_INSIDE);
	if (rest > 0)
		add_store(&count, unit + length, mproci_unit_free(rest, mproci_unit_is_dirty(word)));
	add_store(&count, unit, mproci_unit_held(length, owner));
	commit_journal(count, end);
}

int mproci_run_take(uint32_t length, uint64_t owner, uint32_t *ret_unit, bool *ret_is_dirty)
{
	uint32_t unit = find_free(length);

	if (unit == atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_relaxed))
		return extend(length, owner, ret_unit, ret_is_dirty);
	*ret_unit = unit;
	*ret_is_dirty = mproci_unit_is_dirty(word_at(unit));
	take_front(unit, length, owner);
	return 0;
}

int mproci_run_take_at(uint32_t unit, uint32_t length, uint64_t owner)
{
	uint32_t end = atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_relaxed);
	uint64_t word = unit < end ? word_at(unit) : MPROCI_UNIT_INSIDE;
	uint32_t room = mproci_unit_kind_of(word) == MPROCI_UNIT_FREE ? mproci_unit_length(word) : 0;
	bool is_dirty;

	if (room < length)
		return unit + room == end ? extend(length, owner, &unit, &is_dirty) : -ENOMEM;
	take_front(unit, length, owner);
	return 0;
}

void mproci_run_split(uint32_t unit, uint64_t word, uint32_t next, uint64_t next_word)
{
	uint32_t count = 0;

	add_store(&count, next, next_word);
	add_store(&count, unit, word);
	commit_journal(count, atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_relaxed));
}

void mproci_run_join(uint32_t unit, uint64_t word, uint32_t next)
{
	mproci_run_split(unit, word, next, MPROCI_UNIT_INSIDE);
	lower_hints(unit, next - unit + 1);
}

/* The first unit from @unit on whose memory is aligned to @alignment units. */
static uint32_t align(uint32_t unit, uint32_t alignment)
{
	size_t number = (uintptr_t)mproci_run_memory(unit) / MPROCI_UNIT_SIZE;

	return unit + (uint32_t)(-number % alignment);
}

int mproci_run_take_aligned(
	uint32_t length, uint32_t alignment, uint64_t owner, uint32_t *ret_unit, bool *ret_is_dirty)
{
	uint32_t unit = 0, first, head, tail;
	int rc;

	rc = mproci_run_take(length + alignment - 1, owner, &unit, ret_is_dirty);
	if (rc < 0)
		return rc;
	first = align(unit, alignment);
	head = first - unit;
	tail = alignment - 1 - head;
	if (head > 0) {
		mproci_run_split(
			unit, mproci_unit_held(head, owner), first, mproci_unit_held(length + tail, owner));
		mproci_run_merge(unit, head, *ret_is_dirty);
	}
	if (tail > 0) {
		mproci_run_split(first, mproci_unit_held(length, owner), first + length,
			mproci_unit_held(tail, owner));
		mproci_run_merge(first + length, tail, *ret_is_dirty);
	}
	*ret_unit = first;
	return 0;
}

bool mproci_run_decommit(uint32_t unit, uint32_t length)
{
	return mproci_memory_decommit(mproci_run_memory(unit), (size_t)length * MPROCI_UNIT_SIZE) < 0;
}

uint32_t mproci_run_merge(uint32_t unit, uint32_t length, bool is_dirty)
{
	uint32_t unit_count = atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_relaxed);
	uint32_t first = free_before(unit), end = unit + length, count = 0;
	uint64_t next = end < unit_count ? word_at(end) : MPROCI_UNIT_INSIDE;

	/* What was a first or last unit before is inside, unless it is one again below. */
	add_store(&count, unit, MPROCI_UNIT_INSIDE);
	if (first < unit) {
		is_dirty |= mproci_unit_is_dirty(word_at(first));
		add_store(&count, unit - 1, MPROCI_UNIT_INSIDE);
	}
	if (mproci_unit_kind_of(next) == MPROCI_UNIT_FREE) {
		is_dirty |= mproci_unit_is_dirty(next);
		add_store(&count, end, MPROCI_UNIT_INSIDE);
		end += mproci_unit_length(next);
	}
	if (end - first > 1)
		add_store(&count, end - 1, mproci_unit_tail(end - first));
	add_store(&count, first, mproci_unit_free(end - first, is_dirty));
	commit_journal(count, unit_count);
	lower_hints(first, end - first);
	return end;
}

void mproci_run_give(uint32_t unit, uint32_t length, uint64_t owner)
{
	bool is_dirty = mproci_run_decommit(unit, length);

	/* Without the lock it stays held, until its owner has ended. */
	if (owner != 0 && mproci_run_lock() < 0)
		return;
	mproci_run_merge(unit, length, is_dirty);
	if (owner != 0)
		mproci_run_unlock();
}

void mproci_run_leave(uint32_t unit, uint32_t length, uint64_t owner)
{
	if (owner != 0 && mproci_run_lock() < 0)
		return;
	atomic_store_explicit(
		&mproci_arena_here->table[unit], mproci_unit_held(length, 0), memory_order_release);
	/* Who has the note may have been buried since, and no departure will speak of it. */
	make_sweep_due();
	if (owner != 0)
		mproci_run_unlock();
}

mproci_id mproci_run_owner(uint64_t owner)
{
	uint32_t slot = owner % MPROCI_THREADS, generation;
	mproci_id thread;

	if (owner == 0)
		return 0;
	generation = (uint32_t)(atomic_load(&mproci_family_here->threads[slot].word) >> 32);
	thread = (uint64_t)generation << 32 | slot;
	return mproci_unit_owner(thread) == owner && mproci_thread_is_alive(thread) ? thread : 0;
}

int mproci_run_walk(int (*visit)(uint32_t unit, uint64_t word, void *context), void *context)
{
	uint32_t end, unit = 0;
	int rc;

	rc = mproci_run_lock();
	if (rc < 0)
		return rc;
	end = atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_relaxed);
	while (unit < end && rc == 0) {
		uint64_t word = word_at(unit);
		uint32_t length = mproci_unit_length(word);

		if (length == 0 || length > end - unit)
			rc = mproci_fail(
				-EBADMSG, "unit %u: a run of %u, but there are %u", unit, length, end);
		else
			rc = visit(unit, word, context);
		unit += length;
	}
	mproci_run_unlock();
	return rc;
}
