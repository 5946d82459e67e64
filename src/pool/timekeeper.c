/* SPDX-License-Identifier: MIT */
/*
 * Nobody tells the nursery when an item begins: that would cost a system call each.  It looks at the seats when the first
 * deadline that it has seen there passes, or after the shortest timeout of anything on its way: what has begun since
 * its last look cannot be too late before that.
 */
#include "pool/timekeeper.h"

#include "base/deadline.h"

typedef struct timekeeper {
	mproci_crew *crew;
	int64_t now;
	void (*kill)(uint32_t seat, void *argument);
	void *argument;
	mproc_deadline next;
} timekeeper;

static void look_again(timekeeper *self, mproc_deadline deadline)
{
	self->next = mproci_deadline_earlier(self->next, deadline);
}

/* Whether @deadline has passed; if not, it is looked at again then. */
static bool has_passed(timekeeper *self, mproc_deadline deadline)
{
	if (deadline == MPROC_FOREVER)
		return false;
	if (mproci_deadline_passed(deadline, self->now))
		return true;
	look_again(self, deadline);
	return false;
}

/* Whether it is being killed already: nobody but the nursery says so. */
static bool is_condemned(const mproci_seat *seat)
{
	return atomic_load(&((mproci_seat *)(uintptr_t)seat)->reason) != MPROC_ENDING_NONE;
}

/* The mark is set, nobody takes it back: the worker dies of @reason. */
static void condemn(timekeeper *self, uint32_t seat)
{
	atomic_fetch_add(&self->crew->killed, 1);
	self->kill(seat, self->argument);
}

/* A map that everybody is to leave: kill who is inside. */
static void clear(timekeeper *self, mproci_map *map)
{
	uint32_t used = atomic_load(&self->crew->used);

	mproci_map_stop(map, atomic_load(&map->kill_ending) == MPROC_ENDING_TIMEOUT ? MPROCI_STOP_DEADLINE
										    : MPROCI_STOP_CANCELLED);
	for (uint32_t i = 0; i < used; ++i) {
		mproci_seat *seat = &self->crew->seats[i];
		uintptr_t inside = (uintptr_t)map;

		if (is_condemned(seat) || atomic_load(&seat->inside) != inside)
			continue;
		atomic_store(&seat->reason, atomic_load(&map->kill_ending));
		if (atomic_compare_exchange_strong(&seat->inside, &inside, inside | MPROCI_SEAT_MARK))
			condemn(self, i);
		else
			atomic_store(&seat->reason, MPROC_ENDING_NONE);
	}
}

static void look_at_maps(timekeeper *self)
{
	for (int i = 0; i < MPROCI_POSTINGS; ++i) {
		mproci_map *map =
			mproci_crew_enter(self->crew, &self->crew->nursery, &self->crew->postings[i]);

		if (map == NULL)
			continue;
		if (has_passed(self, atomic_load(&map->kill_at)))
			clear(self, map);
		if (map->spec.terms.timeout != 0)
			look_again(self, self->now + map->spec.terms.timeout);
		mproci_crew_leave(self->crew, &self->crew->nursery, map, false);
	}
}

/* The item of a map. */
static void look_at_item(timekeeper *self, uint32_t index)
{
	mproci_seat *seat = &self->crew->seats[index];
	mproc_deadline kill_at = atomic_load(&seat->kill_at);

	if (kill_at == MPROCI_KILLING || !has_passed(self, kill_at))
		return;
	atomic_store(&seat->reason, MPROC_ENDING_TIMEOUT);
	if (atomic_compare_exchange_strong(&seat->kill_at, &kill_at, MPROCI_KILLING))
		condemn(self, index);
	else
		atomic_store(&seat->reason, MPROC_ENDING_NONE);
}

static void look_at_task(timekeeper *self, uint32_t index)
{
	mproci_seat *seat = &self->crew->seats[index];
	mproci_task_id id = atomic_load(&seat->task);
	const mproci_slot *slot;
	uint64_t word;
	mproc_ending reason = MPROC_ENDING_NONE;

	if (id == 0 || (id & MPROCI_TASK_FLAGS) != 0)
		return;
	slot = mproci_slots_at(&self->crew->slots, mproci_task_index_of(id));
	/* It says so before the task is its own, and may have to take that back. */
	word = atomic_load(&((mproci_slot *)(uintptr_t)slot)->word);
	if (!mproci_slot_is(word, id, MPROCI_SLOT_RUNNING)
		|| mproci_verdict_worker(mproci_slot_verdict(word)) != index)
		return;
	/* Another task's, if this one has ended: then the seat has changed as well, and nobody is killed. */
	if (has_passed(self, slot->kill_at))
		reason = MPROC_ENDING_TIMEOUT;
	if (has_passed(self, slot->cancel_at))
		reason = MPROC_ENDING_CANCELLED;
	if (reason == MPROC_ENDING_NONE)
		return;
	atomic_store(&seat->reason, reason);
	if (atomic_compare_exchange_strong(&seat->task, &id, id | MPROCI_TASK_MARK))
		condemn(self, index);
	else
		atomic_store(&seat->reason, MPROC_ENDING_NONE);
}

mproc_deadline mproci_timekeeper_look(
	mproci_crew *crew, int64_t now, void (*kill)(uint32_t seat, void *argument), void *argument)
{
	timekeeper self = {
		.crew = crew, .now = now, .kill = kill, .argument = argument, .next = MPROC_FOREVER};
	uint32_t used = atomic_load(&crew->used);
	int64_t shortest = atomic_load(&crew->shortest_timeout);
	/* In this order: a task leaves the line when its worker's seat says so, and another seat's `again` likewise. */
	bool is_busy = !mproci_line_is_empty(&crew->slots);

	for (uint32_t i = 0; i < used; ++i)
		is_busy |= atomic_load(&crew->seats[i].again) != 0;
	look_at_maps(&self);
	for (uint32_t i = 0; i < used; ++i) {
		is_busy |= atomic_load(&crew->seats[i].task) != 0;
		if (!is_condemned(&crew->seats[i]))
			look_at_item(&self, i);
		if (!is_condemned(&crew->seats[i]))
			look_at_task(&self, i);
	}
	/* When there is nothing on its way, who gives something tells. */
	if (shortest != 0 && is_busy)
		look_again(&self, now + shortest);
	return self.next;
}
