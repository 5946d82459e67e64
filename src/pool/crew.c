/* SPDX-License-Identifier: MIT */
#include "pool/crew.h"

#include "family/member.h"
#include "sys/relax.h"

#include <errno.h>
#include <mproc/arena.h>
#include <stdio.h>
#include <string.h>

enum {
	ALIGNMENT = _Alignof(mproci_crew),
	/* About 10 µs: the time that falling asleep and being woken would take. */
	LOOKS_BEFORE_SLEEP = 200,
};

/* A fork copies this too: it is true in the process that wrote it. */
static _Thread_local struct {
	mproci_crew *crew;
	mproci_id member;
} of_this_worker;

mproci_crew *mproci_crew_create(uint32_t worker_count)
{
	char *block = mproc_calloc(1, ALIGNMENT + sizeof(mproci_crew) + worker_count * sizeof(mproci_seat));
	mproci_crew *crew;

	if (block == NULL)
		return NULL;
	crew = (mproci_crew *)(((uintptr_t)block + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
	crew->block = block;
	crew->worker_count = worker_count;
	return crew;
}

void mproci_crew_destroy(mproci_crew *crew)
{
	if (crew != NULL)
		mproc_free(crew->block);
}

mproci_crew *mproci_crew_of_this_worker(void)
{
	return of_this_worker.member == mproci_member_self() ? of_this_worker.crew : NULL;
}

void mproci_crew_set_state(mproci_crew *crew, mproci_crew_state state)
{
	atomic_store(&crew->state, state);
	mproci_event_count_notify(&crew->work);
	mproci_event_count_notify(&crew->news);
}

void mproci_crew_fail(mproci_crew *crew, int rc)
{
	crew->failure = rc;
	snprintf(crew->failure_text, sizeof crew->failure_text, "%s", mproc_error_text());
	mproci_crew_set_state(crew, MPROCI_CREW_FAILED);
}

int mproci_crew_failure(const mproci_crew *crew)
{
	if (atomic_load(&crew->state) != MPROCI_CREW_FAILED)
		return 0;
	return mproci_fail(crew->failure, "%s", crew->failure_text);
}

static bool has_news(mproci_crew *crew, uint64_t seen)
{
	return atomic_load(&crew->round) != seen || atomic_load(&crew->state) >= MPROCI_CREW_CLOSING;
}

/* Wait for a round other than @seen.  Returns false when the crew closes instead. */
static bool await_round(mproci_crew *crew, uint64_t *seen)
{
	for (int i = 0; i < LOOKS_BEFORE_SLEEP && !has_news(crew, *seen); ++i)
		mproci_relax();
	while (!has_news(crew, *seen)) {
		uint32_t key = mproci_event_count_prepare(&crew->work);

		if (has_news(crew, *seen))
			mproci_event_count_cancel(&crew->work);
		else
			mproci_event_count_wait(&crew->work, key, MPROC_FOREVER);
	}
	*seen = atomic_load(&crew->round);
	return atomic_load(&crew->state) < MPROCI_CREW_CLOSING;
}

/* Returns the posted map, which now stays, or NULL. */
static mproci_map *enter(mproci_crew *crew, mproci_seat *seat)
{
	mproci_map *map = atomic_load(&crew->map);

	while (map != NULL) {
		mproci_map *posted;

		atomic_store(&seat->inside, map);
		/* Between the two, so that who finds a seat empty and no new entry knows that it stays empty. */
		atomic_fetch_add(&crew->entries, 1);
		posted = atomic_load(&crew->map);
		if (posted == map)
			return map;
		map = posted;
	}
	atomic_store(&seat->inside, NULL);
	return NULL;
}

static void leave(mproci_crew *crew, mproci_seat *seat)
{
	atomic_store(&seat->inside, NULL);
	mproci_event_count_notify(&crew->news);
}

/* Workers that are threads have one slot in the table of members together, that of their process: it stays as it is. */
static void note_function(const mproci_seat *seat, mproc_task_function *function)
{
	if (atomic_load_explicit(&seat->member, memory_order_relaxed) != 0)
		mproci_member_runs((uintptr_t)function);
}

void mproci_crew_work(mproci_crew *crew, uint32_t seat_index)
{
	mproci_seat *seat = &crew->seats[seat_index];
	uint64_t seen = 0;

	of_this_worker.crew = crew;
	of_this_worker.member = mproci_member_self();
	while (await_round(crew, &seen)) {
		mproci_map *map = enter(crew, seat);

		if (map != NULL) {
			note_function(seat, map->spec.function);
			mproci_map_work(map, seat_index);
			note_function(seat, NULL);
		}
		leave(crew, seat);
	}
	of_this_worker.crew = NULL;
}

void mproci_crew_recover(mproci_crew *crew, uint32_t seat_index, mproci_ending ending)
{
	mproci_seat *seat = &crew->seats[seat_index];
	mproci_map *map = atomic_load(&seat->inside);

	if (map == NULL)
		return;
	/*
	 * A map that was taken down while the crew works is done: who is inside had come too late for a chunk, and may
	 * have died before it saw that the map is freed already.  One that is posted stays as long as the seat points
	 * to it.
	 */
	if (map == atomic_load(&crew->map))
		mproci_map_recover(map, seat_index, ending);
	/* In this order: who finds the seat empty must find the new round too (mproci_crew_is_done). */
	atomic_fetch_add(&crew->round, 1);
	leave(crew, seat);
	mproci_event_count_notify(&crew->work);
}

void mproci_crew_post(mproci_crew *crew, mproci_map *map)
{
	atomic_store(&crew->map, map);
	atomic_fetch_add(&crew->round, 1);
	mproci_event_count_notify(&crew->work);
}

void mproci_crew_take_down(mproci_crew *crew)
{
	atomic_store(&crew->map, NULL);
}

static bool has_left(mproci_crew *crew, const mproci_map *map)
{
	for (uint32_t i = 0; i < crew->worker_count; ++i) {
		if (atomic_load(&crew->seats[i].inside) == map)
			return false;
	}
	return true;
}

/*
 * Ranges first, seats second: a chunk that is in no range is with somebody who is inside until it is done.  That holds
 * as long as nobody enters meanwhile, who could take a chunk from one who is inside, behind our back; and as long as no
 * recovery puts a chunk back and empties a seat.  Both count before they do.
 */
bool mproci_crew_is_done(mproci_crew *crew, const mproci_map *map)
{
	uint64_t round, entries;
	bool is_done;

	do {
		round = atomic_load(&crew->round);
		entries = atomic_load(&crew->entries);
		is_done = mproci_ranges_are_empty(map->ranges) && has_left(crew, map);
	} while (is_done && (atomic_load(&crew->round) != round || atomic_load(&crew->entries) != entries));
	return is_done;
}

static bool is_open(mproci_crew *crew, const mproci_map *unused)
{
	(void)unused;
	return atomic_load(&crew->state) != MPROCI_CREW_OPENING;
}

typedef bool condition(mproci_crew *crew, const mproci_map *map);

static int await(mproci_crew *crew, condition *is_true, const mproci_map *map, mproc_deadline deadline)
{
	int rc = 0;

	while (rc == 0 && !is_true(crew, map)) {
		uint32_t key = mproci_event_count_prepare(&crew->news);

		if (is_true(crew, map) || atomic_load(&crew->state) == MPROCI_CREW_FAILED) {
			mproci_event_count_cancel(&crew->news);
			break;
		}
		rc = mproci_event_count_wait(&crew->news, key, deadline);
	}
	return rc;
}

int mproci_crew_await_open(mproci_crew *crew, mproci_map *unused, mproc_deadline deadline)
{
	return await(crew, is_open, unused, deadline);
}

int mproci_crew_await_done(mproci_crew *crew, mproci_map *map, mproc_deadline deadline)
{
	return await(crew, mproci_crew_is_done, map, deadline);
}

int mproci_crew_await_left(mproci_crew *crew, mproci_map *map, mproc_deadline deadline)
{
	return await(crew, has_left, map, deadline);
}
