/* SPDX-License-Identifier: MIT */
#include "pool/submit.h"

#include "arena/place.h"
#include "arena/root.h"
#include "base/deadline.h"
#include "base/error.h"
#include "pool/nursery.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	ALIGNMENT = 16,
};

static size_t round_up(size_t size)
{
	return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

int mproci_submit_check(size_t item_size, size_t result_size, const mproci_terms *terms)
{
	static const size_t most = SIZE_MAX >> 8;
	size_t arena = (size_t)mproci_arena_here->unit_limit * MPROCI_UNIT_SIZE;

	/* A result is always in the arena; arguments and contexts may be where they are. */
	if (result_size > arena)
		return mproci_fail(
			-ENOMEM, "no room for a result of %zu bytes in an arena of %zu", result_size, arena);
	if (item_size <= most && terms->context_size <= most)
		return 0;
	return mproci_fail(-ENOMEM,
		"no memory for an argument of %zu, a result of %zu, a context of %zu bytes", item_size,
		result_size, terms->context_size);
}

bool mproci_submit_must_wait(mproc_pool *pool)
{
	return mproci_line_is_full(&pool->crew->slots, pool->written + pool->reserved);
}

bool mproci_submit_has_room(mproc_pool *pool, void *unused)
{
	bool has_room;

	(void)unused;
	pthread_mutex_lock(&pool->lock);
	has_room = !mproci_submit_must_wait(pool);
	pthread_mutex_unlock(&pool->lock);
	return has_room;
}

/* ---- slots ---- */

static int grow(mproc_pool *pool)
{
	mproci_slots *slots = &pool->crew->slots;
	uint32_t first = slots->count;
	uint32_t *list;
	int rc;

	rc = mproci_slots_grow(slots);
	if (rc < 0)
		return rc;
	list = realloc(pool->free_slots, slots->count * sizeof *list);
	/* The segment stays, and is of no use. */
	if (list == NULL)
		return mproci_fail(-ENOMEM, "no memory for a list of %u tasks", slots->count);
	pool->free_slots = list;
	for (uint32_t index = slots->count; index > first; --index)
		list[pool->free_count++] = index - 1;
	return 0;
}

static int take_slot(mproc_pool *pool, mproci_task_id *ret_id)
{
	uint32_t index;
	uint64_t generation;
	int rc;

	if (pool->free_count == 0) {
		rc = grow(pool);
		if (rc < 0)
			return rc;
	}
	index = pool->free_slots[--pool->free_count];
	++pool->used_count;
	generation = (uint32_t)((atomic_load(&mproci_slots_at(&pool->crew->slots, index)->word) >> 32) + 1);
	/* 0 is no generation. */
	*ret_id = (generation == 0 ? 1 : generation) << 32 | index;
	return 0;
}

/* No task has had the slot yet. */
static bool is_unused(mproci_task_id id)
{
	return mproci_task_generation(id) == 0;
}

static bool is_timed(const mproci_terms *terms)
{
	return (terms->timeout | terms->deadline) != 0;
}

/* Without anything in it. */
static void drop_slot(mproc_pool *pool, mproci_task_id id)
{
	pool->free_slots[pool->free_count++] = mproci_task_index_of(id);
	--pool->used_count;
}

static void give_slot(mproc_pool *pool, mproci_task_id id)
{
	mproci_slot *slot = mproci_pool_slot(pool, id);

	if (is_timed(slot->terms) && --pool->timed == 0)
		atomic_store(&pool->crew->shortest_timeout, 0);
	mproci_place_empty(&slot->returned.block);
	mproci_place_empty(&slot->block);
	drop_slot(pool, id);
}

/* ---- submitting ---- */

/* Where the item, the result and the context go: the slot's own room, or a block. */
typedef struct layout {
	size_t item, result, context, end;
} layout;

static layout lay_out(const mproci_submission *submission)
{
	layout at = {.item = 0};

	at.result = submission->item_stays ? 0 : round_up(submission->item_size);
	at.context = at.result + round_up(submission->result_size);
	at.end = at.context;
	if (!submission->terms_stay && !mproci_family_holds(submission->terms->context))
		at.end += round_up(submission->terms->context_size);
	return at;
}

static int fill(mproci_slot *slot, const mproci_submission *submission)
{
	layout at = lay_out(submission);
	char *room = slot->room;
	int rc;

	if (at.end > sizeof slot->room) {
		rc = mproci_place_fill(&slot->block, at.end);
		if (rc < 0)
			return rc;
		room = atomic_load_explicit(&slot->block, memory_order_relaxed);
	}
	slot->item = submission->item;
	if (!submission->item_stays && submission->item_size != 0)
		slot->item = memcpy(room + at.item, submission->item, submission->item_size);
	slot->item_size = submission->item_size;
	slot->result =
		submission->result_size != 0 ? memset(room + at.result, 0, submission->result_size) : NULL;
	slot->result_size = submission->result_size;
	slot->terms = submission->terms;
	if (!submission->terms_stay) {
		slot->own_terms = *submission->terms;
		if (at.end != at.context)
			slot->own_terms.context = memcpy(room + at.context, submission->terms->context,
				submission->terms->context_size);
		slot->terms = &slot->own_terms;
	}
	return 0;
}

/* A task that must end in time is on its way. */
static void keep_time(mproc_pool *pool, const mproci_terms *terms)
{
	_Atomic int64_t *shortest = &pool->crew->shortest_timeout;
	int64_t now = mproci_clock_now(), timeout = terms->timeout;

	if (terms->deadline != MPROC_FOREVER) {
		int64_t left = terms->deadline - now;

		left = left < MPROCI_NANOSECONDS_PER_MILLISECOND ? MPROCI_NANOSECONDS_PER_MILLISECOND : left;
		timeout = timeout == 0 || left < timeout ? left : timeout;
	}
	++pool->timed;
	if (atomic_load(shortest) == 0 || timeout < atomic_load(shortest))
		atomic_store(shortest, timeout);
	pool->due = pool->due == MPROC_FOREVER ? now + timeout
					       : mproci_deadline_earlier(pool->due, now + timeout);
}

int mproci_submit(mproc_pool *pool, const mproci_submission *submission, mproci_task_id *ret_id)
{
	mproci_task_id id;
	mproci_slot *slot;
	int rc;

	rc = take_slot(pool, &id);
	if (rc < 0)
		return rc;
	slot = mproci_pool_slot(pool, id);
	rc = fill(slot, submission);
	if (rc < 0) {
		drop_slot(pool, id);
		return rc;
	}
	slot->function = submission->function;
	slot->index = submission->index;
	atomic_store_explicit(&slot->kill_at, MPROC_FOREVER, memory_order_relaxed);
	atomic_store_explicit(&slot->cancel_at, MPROC_FOREVER, memory_order_relaxed);
	atomic_store_explicit(&slot->is_cancelled, false, memory_order_relaxed);
	atomic_store_explicit(&slot->word,
		mproci_slot_word(id, mproci_verdict_of(MPROC_ENDING_NONE, MPROCI_SLOT_QUEUED, 0, 0)),
		memory_order_release);
	mproci_line_write(&pool->crew->slots, pool->written++, id);
	if (is_timed(slot->terms))
		keep_time(pool, slot->terms);
	*ret_id = id;
	return 0;
}

void mproci_submit_publish(mproc_pool *pool)
{
	mproc_deadline due;

	pthread_mutex_lock(&pool->lock);
	mproci_line_publish(&pool->crew->slots, pool->written);
	due = pool->due;
	pool->due = MPROC_FOREVER;
	pthread_mutex_unlock(&pool->lock);
	mproci_crew_call(pool->crew);
	/* Behind the line's end: the nursery looks whether anybody is in line. */
	if (due != MPROC_FOREVER && mproci_nursery_must_be_told(pool->crew, due))
		pool->engine->tell(pool);
}

/* ---- afterwards ---- */

void mproci_submit_forget(mproc_pool *pool, mproci_task_id id)
{
	if (mproci_submit_has_ended(pool, id)) {
		give_slot(pool, id);
		return;
	}
	if (pool->detached_count == pool->detached_room) {
		uint32_t room = pool->detached_room * 2 + 64;
		mproci_task_id *more = realloc(pool->detached, room * sizeof *more);

		/* The slot is lost until the pool is closed. */
		if (more == NULL)
			return;
		pool->detached = more;
		pool->detached_room = room;
	}
	pool->detached[pool->detached_count++] = id;
}

void mproci_submit_sweep(mproc_pool *pool)
{
	uint32_t kept = 0;

	if (pool->detached_count < pool->sweep_at)
		return;
	for (uint32_t i = 0; i < pool->detached_count; ++i) {
		mproci_task_id id = pool->detached[i];

		if (mproci_submit_has_ended(pool, id))
			give_slot(pool, id);
		else
			pool->detached[kept++] = id;
	}
	pool->detached_count = kept;
	/* So that a look at each costs a look for each that was added. */
	pool->sweep_at = 2 * kept + 64;
}

mproc_outcome mproci_submit_outcome(mproc_pool *pool, mproci_task_id id)
{
	return mproci_verdict_outcome(mproci_slot_verdict(atomic_load(&mproci_pool_slot(pool, id)->word)));
}

void mproci_submit_cancel(mproc_pool *pool, mproci_task_id id, mproc_deadline kill_at)
{
	mproci_slot *slot = mproci_pool_slot(pool, id);
	bool is_awaited;

	atomic_store(&slot->is_cancelled, true);
	if (mproci_slot_end_queued(slot, id, MPROC_ENDING_CANCELLED, &is_awaited)) {
		if (is_awaited)
			mproci_event_count_notify(&pool->crew->news);
		return;
	}
	if (kill_at == MPROC_FOREVER || mproci_submit_has_ended(pool, id))
		return;
	atomic_store(&slot->cancel_at, kill_at);
	pool->engine->tell(pool);
}

/* The id of whatever task has, or had last, the slot. */
static mproci_task_id id_at(mproc_pool *pool, uint32_t index)
{
	return (atomic_load(&mproci_slots_at(&pool->crew->slots, index)->word) >> 32) << 32 | index;
}

void mproci_submit_end_all(mproc_pool *pool)
{
	bool is_awaited = false;

	for (uint32_t index = 0; index < pool->crew->slots.count; ++index) {
		mproci_task_id id = id_at(pool, index);
		bool one_is = false;

		mproci_slot_end_queued(mproci_pool_slot(pool, id), id, MPROC_ENDING_CANCELLED, &one_is);
		is_awaited |= one_is;
	}
	if (is_awaited)
		mproci_event_count_notify(&pool->crew->news);
}

void mproci_submit_cancel_all(mproc_pool *pool, mproc_deadline kill_at)
{
	/* Those in line first, so that who leaves off what it is at finds nothing more to begin. */
	mproci_submit_end_all(pool);
	for (uint32_t index = 0; index < pool->crew->slots.count; ++index) {
		mproci_task_id id = id_at(pool, index);

		if (!is_unused(id) && !mproci_submit_has_ended(pool, id))
			mproci_submit_cancel(pool, id, kill_at);
	}
}

bool mproci_submit_are_all_ended(mproc_pool *pool)
{
	uint32_t count = pool->used_count != 0 ? pool->crew->slots.count : 0;

	for (uint32_t index = 0; index < count; ++index) {
		mproci_task_id id = id_at(pool, index);

		if (!is_unused(id) && !mproci_submit_has_ended(pool, id))
			return false;
	}
	return true;
}

void mproci_submit_await_all(mproc_pool *pool)
{
	for (uint32_t index = 0; index < pool->crew->slots.count; ++index) {
		mproci_task_id id = id_at(pool, index);

		if (!is_unused(id))
			mproci_slot_await(mproci_pool_slot(pool, id), id);
	}
}
