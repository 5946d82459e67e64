/* SPDX-License-Identifier: MIT */
#include "arena/heap.h"

#include "base/error.h"
#include "family/member.h"
#include "sys/memory.h"

#include <errno.h>
#include <string.h>

enum {
	/*
	 * How many full spans are asked for what others freed before a new one is made.  Each new one brings that
	 * many old ones nearer to being asked, so that those not asked cost at most an eighth more memory.
	 */
	LOOKS = 8,
	/* Unused spans that a heap keeps, 1 MiB. */
	SPARES = 16,
};

static _Thread_local mproci_heap own;

/* &own once it is in use. */
_Thread_local __attribute__((tls_model("initial-exec"))) mproci_heap *mproci_heap_noted;

int mproci_heap_enter(void)
{
	mproci_id thread;
	int rc;

	rc = mproci_family_join();
	if (rc == 0)
		rc = mproci_arena_open();
	if (rc < 0)
		return rc;
	thread = mproci_thread_self();
	memset(&own, 0, sizeof own);
	own.thread = thread;
	own.owner = mproci_unit_owner(thread);
	/* One id in 2^24 of the first slot looks like nobody's. */
	mproci_heap_noted = own.owner == 0 ? NULL : &own;
	return 0;
}

/* Add @span behind all others. */
static void add(mproci_span **ring, mproci_span *span)
{
	if (*ring == NULL) {
		span->next = span->previous = span;
		*ring = span;
		return;
	}
	span->next = *ring;
	span->previous = (*ring)->previous;
	span->previous->next = span;
	span->next->previous = span;
}

static void take_out(mproci_span **ring, mproci_span *span)
{
	span->previous->next = span->next;
	span->next->previous = span->previous;
	if (*ring == span)
		*ring = span->next == span ? NULL : span->next;
}

/* Put a span that is in no ring where it belongs. */
static void place(mproci_heap *heap, mproci_span *span)
{
	mproci_bin *bin = &heap->bins[span->size_class];

	span->place = mproci_span_has_room(span) ? MPROCI_SPAN_WITH_ROOM : MPROCI_SPAN_FULL;
	add(span->place == MPROCI_SPAN_FULL ? &bin->full : &bin->with_room, span);
}

/* Give the unit of an unused span in no ring back.  Others may still raise its flag. */
static void give_span(mproci_heap *heap, mproci_span *span)
{
	uint32_t unit = span->unit;

	atomic_store(&mproci_arena_here->table[unit], mproci_unit_held(1, heap->owner));
	mproci_run_give(unit, 1, heap->owner);
}

/* Keep an unused span that is in no ring, so that a program that goes to and fro does not pay each time; or give it. */
static void retire(mproci_heap *heap, mproci_span *span)
{
	if (heap->spare_count == SPARES) {
		give_span(heap, span);
		return;
	}
	span->place = MPROCI_SPAN_SPARE;
	add(&heap->spare, span);
	++heap->spare_count;
}

/* Take over the span of a thread that ended.  Others may raise its flag at the same time. */
static void adopt(mproci_heap *heap, uint32_t unit, uint64_t word, mproci_span **adopted)
{
	_Atomic uint64_t *place_of_word = &mproci_arena_here->table[unit];
	mproci_span *span = mproci_span_at(unit);

	while (!atomic_compare_exchange_weak(
		place_of_word, &word, mproci_unit_span(mproci_unit_class(word), heap->owner)))
		;
	add(adopted, span);
}

static void open_span(mproci_span *span)
{
	uint32_t unit = (uint32_t)(((char *)span - mproci_run_memory(0)) / MPROCI_UNIT_SIZE);

	mproci_span_open(span, unit, mproci_unit_class(atomic_load(&mproci_arena_here->table[unit])));
}

static mproci_span *take_spare(mproci_heap *heap)
{
	mproci_span *span = heap->spare;

	take_out(&heap->spare, span);
	--heap->spare_count;
	return span;
}

/* Locked: make a run free that somebody held who has ended; not yet while a thread has a note of it. */
static uint32_t merge_held(uint32_t unit, uint32_t length)
{
	if (mproci_thread_notes_in(mproci_run_memory(unit), (size_t)length * MPROCI_UNIT_SIZE))
		return unit + length;
	return mproci_run_merge(unit, length, mproci_run_decommit(unit, length));
}

/* Locked: look at every run, and take over what belongs to threads that ended. */
static void sweep_runs(mproci_heap *heap, mproci_span **adopted)
{
	uint32_t unit = 0;

	while (unit < atomic_load_explicit(&mproci_arena_here->unit_count, memory_order_relaxed)) {
		uint64_t word = atomic_load(&mproci_arena_here->table[unit]);
		uint32_t length = mproci_unit_length(word);
		bool is_span = mproci_unit_kind_of(word) == MPROCI_UNIT_SPAN;
		bool is_owned = is_span || mproci_unit_kind_of(word) == MPROCI_UNIT_HELD;

		if (!is_owned || mproci_run_owner_is_alive(mproci_unit_owner_of(word))) {
			unit += length;
		} else if (is_span) {
			if (heap != NULL)
				adopt(heap, unit, word, adopted);
			++unit;
		} else {
			unit = merge_held(unit, length);
		}
	}
}

void mproci_heap_sweep(mproci_heap *heap, bool force)
{
	/* Before the look at who is alive: who ends after it makes a sweep due again. */
	uint32_t departures = atomic_load(&mproci_family_here->departures);
	mproci_span *adopted = NULL;

	if (!force && departures == atomic_load_explicit(&mproci_arena_here->swept, memory_order_acquire))
		return;
	if (mproci_run_lock() < 0)
		return;
	sweep_runs(heap, &adopted);
	if (heap != NULL)
		atomic_store_explicit(&mproci_arena_here->swept, departures, memory_order_release);
	mproci_run_unlock();
	while (adopted != NULL) {
		mproci_span *span = adopted;

		take_out(&adopted, span);
		open_span(span);
		if (span->used == 0)
			give_span(heap, span);
		else
			place(heap, span);
	}
}

/* Collect all the spans of a ring, and give back the unused ones. */
static void trim_ring(mproci_heap *heap, mproci_span **ring)
{
	mproci_span *todo = *ring;

	*ring = NULL;
	while (todo != NULL) {
		mproci_span *span = todo;

		take_out(&todo, span);
		mproci_span_collect(span);
		if (span->used == 0)
			give_span(heap, span);
		else
			place(heap, span);
	}
}

void mproci_heap_trim(mproci_heap *heap)
{
	while (heap->spare != NULL)
		give_span(heap, take_spare(heap));
	for (uint32_t size_class = 0; size_class < MPROCI_SIZE_CLASSES; ++size_class) {
		mproci_bin *bin = &heap->bins[size_class];

		if (bin->current != NULL)
			add(&bin->with_room, bin->current);
		bin->current = NULL;
		trim_ring(heap, &bin->with_room);
		trim_ring(heap, &bin->full);
	}
}

/*
 * Make a span of another size class of an unused one.  Killed on the way, it is an unused span of the old one, with
 * fewer notes.
 */
static mproci_span *recast(mproci_heap *heap, mproci_span *span, uint32_t size_class)
{
	uint32_t unit = span->unit;

	if (span->size_class != size_class) {
		memset(span, 0, mproci_size_classes[size_class].start);
		atomic_store(&mproci_arena_here->table[unit], mproci_unit_span(size_class, heap->owner));
	}
	open_span(span);
	return span;
}

/* Take a unit and make it a span of ours.  Returns NULL with an error text when there is no memory. */
static mproci_span *make_span(mproci_heap *heap, uint32_t size_class)
{
	mproci_span *span;
	uint32_t unit;
	bool is_dirty;
	int rc;

	if (heap->spare != NULL)
		return recast(heap, take_spare(heap), size_class);
	if (mproci_run_lock() < 0)
		return NULL;
	rc = mproci_run_take(1, heap->owner, &unit, &is_dirty);
	mproci_run_unlock();
	if (rc < 0)
		return NULL;
	span = mproci_span_at(unit);
	if (mproci_memory_commit(span, MPROCI_UNIT_SIZE) < 0) {
		mproci_run_give(unit, 1, heap->owner);
		mproci_fail(-ENOMEM, "the system has no memory for %d bytes", MPROCI_UNIT_SIZE);
		return NULL;
	}
	/* All states free. */
	if (is_dirty)
		memset(span, 0, MPROCI_UNIT_SIZE);
	atomic_store(&mproci_arena_here->table[unit], mproci_unit_span(size_class, heap->owner));
	open_span(span);
	return span;
}

static mproci_span *make_span_at_any_cost(mproci_heap *heap, uint32_t size_class)
{
	mproci_span *span = make_span(heap, size_class);

	if (span != NULL)
		return span;
	mproci_member_sweep();
	mproci_heap_sweep(heap, true);
	mproci_heap_trim(heap);
	span = heap->bins[size_class].with_room;
	if (span == NULL)
		return make_span(heap, size_class);
	take_out(&heap->bins[size_class].with_room, span);
	return span;
}

/* Take out a full span in which others freed something. */
static mproci_span *search_full(mproci_bin *bin)
{
	for (int look = 0; look < LOOKS && bin->full != NULL; ++look) {
		mproci_span *span = bin->full;

		if (mproci_span_collect(span)) {
			take_out(&bin->full, span);
			return span;
		}
		bin->full = span->next;
	}
	return NULL;
}

/* The current span has no block left: find another one.  Returns NULL with an error text when there is no memory. */
static mproci_span *refill(mproci_heap *heap, uint32_t size_class)
{
	mproci_bin *bin = &heap->bins[size_class];
	mproci_span *span = bin->current;

	if (span != NULL && mproci_span_collect(span))
		return span;
	bin->current = NULL;
	if (span != NULL)
		place(heap, span);
	mproci_heap_sweep(heap, false);
	span = bin->with_room;
	if (span != NULL)
		take_out(&bin->with_room, span);
	else
		span = search_full(bin);
	if (span == NULL)
		span = make_span_at_any_cost(heap, size_class);
	if (span != NULL)
		span->place = MPROCI_SPAN_CURRENT;
	bin->current = span;
	return span;
}

void *mproci_heap_next(mproci_heap *heap, uint32_t size_class)
{
	mproci_span *span = heap->bins[size_class].current;
	void *block = span == NULL ? NULL : mproci_span_next(span);

	while (block == NULL) {
		span = refill(heap, size_class);
		if (span == NULL)
			return NULL;
		block = mproci_span_next(span);
	}
	return block;
}

void *mproci_heap_refill(mproci_heap *heap, uint32_t size_class)
{
	if (mproci_heap_next(heap, size_class) == NULL)
		return NULL;
	return mproci_span_pop(heap->bins[size_class].current);
}

void mproci_heap_rearrange(mproci_heap *heap, mproci_span *span)
{
	mproci_bin *bin = &heap->bins[span->size_class];

	take_out(span->place == MPROCI_SPAN_FULL ? &bin->full : &bin->with_room, span);
	if (span->used == 0)
		retire(heap, span);
	else
		place(heap, span);
}
