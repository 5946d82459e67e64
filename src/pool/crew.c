/* SPDX-License-Identifier: MIT */
#include "pool/crew.h"

#include "family/member.h"

#include <errno.h>
#include <mproc/arena.h>
#include <stdio.h>

enum {
	ALIGNMENT = _Alignof(mproci_crew),
};

mproci_crew *mproci_crew_create(uint32_t capacity, uint32_t target, const mproci_rules *rules)
{
	char *block = mproc_calloc(1, ALIGNMENT + sizeof(mproci_crew) + capacity * sizeof(mproci_seat));
	mproci_crew *crew;

	if (block == NULL)
		return NULL;
	crew = (mproci_crew *)(((uintptr_t)block + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
	crew->block = block;
	crew->rules = *rules;
	crew->capacity = capacity;
	crew->target = target;
	crew->functions.is_copied = true;
	return crew;
}

void mproci_crew_destroy(mproci_crew *crew)
{
	if (crew == NULL)
		return;
	mproci_slots_end(&crew->slots);
	if (crew->rules.owns_argument)
		mproc_free(crew->rules.argument);
	mproc_free(crew->block);
}

static void tell_all(mproci_crew *crew)
{
	atomic_fetch_add(&crew->calls, 1);
	mproci_event_count_notify(&crew->work);
	mproci_event_count_notify(&crew->news);
}

void mproci_crew_set_state(mproci_crew *crew, mproci_crew_state state)
{
	atomic_store(&crew->state, state);
	tell_all(crew);
}

void mproci_crew_fail(mproci_crew *crew, int rc)
{
	if (atomic_exchange(&crew->is_failing, true))
		return;
	crew->failure = rc;
	snprintf(crew->failure_text, sizeof crew->failure_text, "%s", mproc_error_text());
	mproci_crew_set_state(crew, MPROCI_CREW_FAILED);
}

int mproci_crew_failure(const mproci_crew *crew)
{
	if (atomic_load(&((mproci_crew *)(uintptr_t)crew)->state) != MPROCI_CREW_FAILED)
		return 0;
	return mproci_fail(crew->failure, "%s", crew->failure_text);
}

void mproci_crew_set_target(mproci_crew *crew, uint32_t target)
{
	atomic_store(&crew->target, target);
	tell_all(crew);
}

void mproci_crew_seat_taken(mproci_crew *crew, uint32_t seat)
{
	uint32_t used = atomic_load(&crew->used);

	while (used <= seat && !atomic_compare_exchange_weak(&crew->used, &used, seat + 1))
		;
	atomic_fetch_add(&crew->started, 1);
}

void mproci_crew_call(mproci_crew *crew)
{
	atomic_fetch_add(&crew->calls, 1);
	/* Who looks sees it, or finds it when it looks for the last time before it falls asleep. */
	if (atomic_load(&crew->looking) <= 0)
		mproci_event_count_notify_some(&crew->work, 1);
}

/* Unless the nursery has decided before to kill whoever is inside. */
static void come_out(mproci_seat *seat, uintptr_t map)
{
	if (!atomic_compare_exchange_strong(&seat->inside, &map, 0))
		mproci_seat_await_death();
}

mproci_map *mproci_crew_enter(mproci_crew *crew, mproci_seat *seat, const mproci_posting *posting)
{
	mproci_posting *at = (mproci_posting *)(uintptr_t)posting;
	uintptr_t map = atomic_load(&at->map);

	while (map != 0) {
		atomic_store(&seat->inside, map);
		/* Between the two, so that who finds a seat empty and no new entry knows that it stays empty. */
		atomic_fetch_add(&crew->entries, 1);
		if (atomic_load(&at->map) == map)
			return (mproci_map *)map;
		come_out(seat, map);
		map = atomic_load(&at->map);
	}
	return NULL;
}

void mproci_crew_leave(mproci_crew *crew, mproci_seat *seat, mproci_map *map, bool is_early)
{
	/* Afterwards the map may be gone.  Whoever is the last to leave an exhausted one finds it so. */
	bool is_exhausted = mproci_map_is_exhausted(map);

	/* In this order: who finds the seat empty must find the new round too (mproci_crew_is_done). */
	if (is_early)
		atomic_fetch_add(&crew->round, 1);
	come_out(seat, (uintptr_t)map);
	if (is_early)
		mproci_event_count_notify(&crew->work);
	if (is_exhausted)
		mproci_event_count_notify(&crew->news);
}

/* How the worker of a seat died. */
static mproci_death death_of(const mproci_seat *seat, mproci_ending ending, bool is_out_of_memory)
{
	return (mproci_death){
		.ending = ending,
		.is_out_of_memory = is_out_of_memory,
		.reason = (mproc_ending)atomic_load(&((mproci_seat *)(uintptr_t)seat)->reason),
	};
}

static mproci_verdict verdict_of(mproci_death death, uint32_t seat, unsigned attempts)
{
	if (death.reason != MPROC_ENDING_NONE)
		return mproci_verdict_of(death.reason, 0, seat, attempts);
	return mproci_verdict_of_death(death.ending, death.is_out_of_memory, seat, attempts);
}

/* In this order: killed on the way, fewer have failed than were done. */
static void count_failure(mproci_seat *seat)
{
	atomic_fetch_add_explicit(&seat->done, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&seat->failed, 1, memory_order_relaxed);
}

/* The single task that the dead was at, if any, ends so, or is to be tried again. */
static void recover_task(mproci_crew *crew, uint32_t seat_index, mproci_death death)
{
	mproci_seat *seat = &crew->seats[seat_index];
	mproci_task_id id = atomic_load(&seat->task) & ~MPROCI_TASK_FLAGS;
	mproci_slot *slot;
	mproci_verdict now;
	uint64_t word;

	if (id == 0)
		return;
	slot = mproci_slots_at(&crew->slots, mproci_task_index_of(id));
	word = atomic_load(&slot->word);
	now = mproci_slot_verdict(word);
	if (mproci_slot_is(word, id, MPROCI_SLOT_RUNNING) && mproci_verdict_worker(now) == seat_index) {
		unsigned attempts = mproci_verdict_attempts(now);

		if (attempts <= slot->terms->retries && death.reason != MPROC_ENDING_CANCELLED
			&& !atomic_load(&slot->is_cancelled)) {
			/* In this order: who dies between the two does both again. */
			atomic_store(&slot->kill_at, MPROC_FOREVER);
			atomic_store(&seat->again, id);
			mproci_slot_requeue(slot, id);
			atomic_fetch_add(&crew->requeued, 1);
		} else {
			count_failure(seat);
			mproci_slot_end(slot, id, verdict_of(death, seat_index, attempts));
		}
	}
	atomic_store(&seat->task, 0);
}

static bool is_posted(mproci_crew *crew, const mproci_map *map)
{
	for (int i = 0; i < MPROCI_POSTINGS; ++i) {
		if (atomic_load(&crew->postings[i].map) == (uintptr_t)map)
			return true;
	}
	return false;
}

bool mproci_crew_was_at(mproci_crew *crew, uint32_t seat_index, uint64_t *ret_item)
{
	mproci_seat *seat = &crew->seats[seat_index];
	mproci_task_id id = atomic_load(&seat->task) & ~MPROCI_TASK_FLAGS;
	mproci_map *map = mproci_seat_map(seat);

	if (id != 0) {
		*ret_item = mproci_slots_at(&crew->slots, mproci_task_index_of(id))->index;
		return true;
	}
	if (map == NULL || !is_posted(crew, map) || seat_index >= map->ranges->lane_count)
		return false;
	*ret_item = map->spec.base + map->ranges->lanes[seat_index].running;
	return map->ranges->lanes[seat_index].running != MPROCI_NO_ITEM;
}

void mproci_crew_recover(mproci_crew *crew, uint32_t seat_index, mproci_ending ending, bool is_out_of_memory)
{
	mproci_seat *seat = &crew->seats[seat_index];
	mproci_map *map = mproci_seat_map(seat);
	mproci_death death = death_of(seat, ending, is_out_of_memory);

	recover_task(crew, seat_index, death);
	/*
	 * A map that was taken down while the crew works is done: who is inside had come too late for a chunk, and may
	 * have died before it saw that the map is freed already.  One that is posted stays as long as the seat points
	 * to it.
	 */
	if (map != NULL && is_posted(crew, map) && seat_index < map->ranges->lane_count
		&& mproci_map_recover(map, seat_index, death))
		count_failure(seat);
	/* In this order: who finds the seat empty must find the new round too (mproci_crew_is_done). */
	atomic_fetch_add(&crew->round, 1);
	atomic_store(&seat->inside, 0);
	atomic_store(&seat->kill_at, MPROC_FOREVER);
	atomic_store(&seat->reason, MPROC_ENDING_NONE);
	atomic_store(&seat->phase, MPROCI_PHASE_NONE);
	atomic_store(&seat->returned, 0);
	atomic_store(&seat->leaves_nobody, false);
	/* In this order, as the worker does it: killed on the way, there seem to be fewer than there are. */
	if (atomic_load(&seat->is_looking)) {
		atomic_fetch_sub(&crew->looking, 1);
		atomic_store(&seat->is_looking, false);
	}
	tell_all(crew);
}

bool mproci_crew_post(mproci_crew *crew, mproci_map *map)
{
	uint64_t newest = 0;
	mproci_posting *free = NULL;

	for (int i = 0; i < MPROCI_POSTINGS; ++i) {
		mproci_posting *posting = &crew->postings[i];

		if (posting->number > newest)
			newest = posting->number;
		if (posting->map == 0)
			free = posting;
	}
	if (free == NULL)
		return false;
	atomic_store(&free->number, newest + 1);
	atomic_store(&free->map, (uintptr_t)map);
	atomic_fetch_add(&crew->round, 1);
	mproci_event_count_notify(&crew->work);
	return true;
}

void mproci_crew_take_down(mproci_crew *crew, mproci_map *map)
{
	for (int i = 0; i < MPROCI_POSTINGS; ++i) {
		if (atomic_load(&crew->postings[i].map) == (uintptr_t)map)
			atomic_store(&crew->postings[i].map, 0);
	}
}

void mproci_crew_take_down_done(mproci_crew *crew)
{
	for (int i = 0; i < MPROCI_POSTINGS; ++i) {
		mproci_map *map = (mproci_map *)atomic_load(&crew->postings[i].map);

		if (map != NULL && mproci_crew_is_done(crew, map))
			atomic_store(&crew->postings[i].map, 0);
	}
}

bool mproci_crew_is_inside(mproci_crew *crew, const mproci_map *map)
{
	uint32_t used = atomic_load(&crew->used);

	for (uint32_t i = 0; i < used; ++i) {
		if (mproci_seat_map(&crew->seats[i]) == map)
			return true;
	}
	return false;
}

bool mproci_crew_has_left(mproci_crew *crew, const mproci_map *map)
{
	return mproci_seat_map(&crew->nursery) != map && !mproci_crew_is_inside(crew, map);
}

/*
 * Ranges first, seats second: a chunk that is in no range is with somebody who is inside until it is done.  That holds
 * as long as nobody enters meanwhile, who could take a chunk from one who is inside, behind our back; as long as no
 * recovery puts a chunk back and empties a seat; and as long as nobody leaves who has stolen some and not done them.  All
 * three count before they do.
 */
bool mproci_crew_is_done(mproci_crew *crew, const mproci_map *map)
{
	uint64_t round, entries;
	bool is_done;

	do {
		round = atomic_load(&crew->round);
		entries = atomic_load(&crew->entries);
		is_done = mproci_map_is_exhausted(map) && !mproci_crew_is_inside(crew, map);
	} while (is_done && (atomic_load(&crew->round) != round || atomic_load(&crew->entries) != entries));
	return is_done;
}
