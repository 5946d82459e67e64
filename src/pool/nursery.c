/* SPDX-License-Identifier: MIT */
/*
 * One loop: sleep until a worker ends, the doorbell rings, or it is time to try again to start a worker.
 *
 * A worker that ends is handled in an order that can be repeated from the start: its map is set right, then its member
 * is buried (which wakes whoever it may have failed to wake), then its pid is given back, then a new one takes the
 * seat.  When the nursery itself dies all workers die with it (sys/lifeline.h), and the caller sets the map right.
 */
#include "pool/nursery.h"

#include "base/deadline.h"
#include "family/member.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t RETRY = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;
static const int64_t PATIENCE = 2000 * MPROCI_NANOSECONDS_PER_MILLISECOND;
enum {
	/* How often in a row it may fail to have any worker. */
	TRIES_WITHOUT_WORKERS = 10,
};

typedef struct nursery {
	const mproci_nursery_plan *plan;
	mproci_crew *crew;
	/* One per seat; NULL while it has no worker. */
	mproc_process **workers;
	/* The doorbell, then one per seat; -1 while it has no worker. */
	struct pollfd *descriptors;
	/* Seats up to the last that ever had a worker: poll refuses more than there may be descriptors. */
	uint32_t seats_used;
	uint32_t alive;
	/* Attempts, one after the other, to fill the seats that failed, or whose workers died before they could work. */
	int failed_tries;
	/* When to try again, or to lose patience with workers that do not end; MPROC_FOREVER: not. */
	mproc_deadline alarm;
} nursery;

static struct pollfd *descriptor_of(nursery *self, uint32_t seat)
{
	return &self->descriptors[1 + seat];
}

/* A worker's copy of the nursery's memory tells it who it is. */
typedef struct worker_plan {
	const nursery *nursery;
	uint32_t seat;
} worker_plan;

static int be_worker(void *argument)
{
	const worker_plan *plan = argument;
	mproci_crew *crew = plan->nursery->crew;

	mproci_close(plan->nursery->plan->doorbell);
	atomic_store(&crew->seats[plan->seat].member, mproci_member_self());
	mproci_crew_work(crew, plan->seat);
	return 0;
}

static int start_worker(nursery *self, uint32_t seat)
{
	char name[MPROCI_NAME_SIZE];
	worker_plan worker = {.nursery = self, .seat = seat};
	mproci_process_plan plan = {
		.name = name,
		.start = MPROC_START_FORK,
		.signals = MPROCI_SIGNALS_DEFAULT,
		.ends_with_thread = true,
		.function = be_worker,
		.argument = &worker,
	};
	int rc;

	snprintf(name, sizeof name, "%s-%u", self->plan->name, seat + 1);
	rc = mproci_process_start(&plan, &self->workers[seat]);
	if (rc < 0)
		return rc;
	++self->alive;
	if (self->seats_used <= seat)
		self->seats_used = seat + 1;
	*descriptor_of(self, seat) = (struct pollfd){
		.fd = mproc_process_fd(self->workers[seat]),
		.events = POLLIN,
	};
	return 0;
}

/* Fill all empty seats.  Returns 0, or why one stays empty. */
static int start_workers(nursery *self)
{
	for (uint32_t seat = 0; seat < self->crew->worker_count; ++seat) {
		int rc = self->workers[seat] == NULL ? start_worker(self, seat) : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool is_ending(const nursery *self)
{
	return atomic_load(&self->crew->state) >= MPROCI_CREW_CLOSING;
}

/* Returns whether it ever came to work. */
static bool bury_worker(nursery *self, uint32_t seat)
{
	mproci_crew_recover(self->crew, seat, mproci_process_inspect(self->workers[seat]));
	mproc_process_join(self->workers[seat], MPROC_FOREVER);
	self->workers[seat] = mproc_process_close(self->workers[seat]);
	descriptor_of(self, seat)->fd = -1;
	--self->alive;
	return atomic_exchange(&self->crew->seats[seat].member, 0) != 0;
}

/* Bury those that have ended, or (@all) wait for the end of each.  Returns whether all of them had come to work. */
static bool bury_workers(nursery *self, bool all)
{
	bool have_worked = true;

	for (uint32_t seat = 0; seat < self->seats_used; ++seat) {
		if (self->workers[seat] != NULL && (all || descriptor_of(self, seat)->revents != 0))
			have_worked &= bury_worker(self, seat);
	}
	return have_worked;
}

static void kill_workers(nursery *self)
{
	for (uint32_t seat = 0; seat < self->seats_used; ++seat) {
		if (self->workers[seat] != NULL)
			mproc_process_kill(self->workers[seat]);
	}
}

/* The seats could not be filled, @rc and the error text say why: try again in a while, unless nobody is left to work. */
static void try_again(nursery *self, int rc)
{
	++self->failed_tries;
	self->alarm = mproci_clock_now() + RETRY;
	if (self->alive == 0 && self->failed_tries >= TRIES_WITHOUT_WORKERS)
		mproci_crew_fail(self->crew, rc);
}

static void replace_workers(nursery *self)
{
	int rc;

	if (self->alarm != MPROC_FOREVER && !mproci_deadline_passed(self->alarm, mproci_clock_now()))
		return;
	self->alarm = MPROC_FOREVER;
	rc = start_workers(self);
	if (rc < 0)
		try_again(self, rc);
}

static void watch(nursery *self)
{
	while (!is_ending(self)) {
		int rc = mproci_poll(self->descriptors, 1 + self->seats_used, self->alarm);

		if (rc < 0) {
			mproci_fail(
				rc, "the nursery cannot watch %u workers: %s", self->alive, strerror(-rc));
			mproci_crew_fail(self->crew, rc);
		} else if (bury_workers(self, false)) {
			self->failed_tries = rc == 0 ? self->failed_tries : 0;
		} else {
			/* Something kills workers as soon as they are there. */
			try_again(self,
				mproci_fail(-EAGAIN, "workers die before they can work, %d times in a row",
					self->failed_tries + 1));
		}
		if (!is_ending(self) && self->alive < self->crew->worker_count)
			replace_workers(self);
	}
}

/* The workers end by themselves; one that cannot, since it is stopped or stuck, is killed. */
static void wait_for_end(nursery *self)
{
	self->alarm = mproci_clock_now() + PATIENCE;
	while (self->alive > 0) {
		int rc = mproci_poll(descriptor_of(self, 0), self->seats_used, self->alarm);

		if (rc > 0) {
			bury_workers(self, false);
			continue;
		}
		kill_workers(self);
		self->alarm = MPROC_FOREVER;
		if (rc < 0)
			bury_workers(self, true);
	}
}

static int allocate(nursery *self)
{
	self->workers = calloc(self->crew->worker_count, sizeof(mproc_process *));
	self->descriptors = calloc(self->crew->worker_count + 1, sizeof(struct pollfd));
	if (self->workers == NULL || self->descriptors == NULL)
		/* Nothing was started: the end needs neither. */
		return mproci_fail(
			-ENOMEM, "no memory for a nursery of %u workers", self->crew->worker_count);
	for (uint32_t seat = 0; seat < self->crew->worker_count; ++seat)
		descriptor_of(self, seat)->fd = -1;
	self->descriptors[0] = (struct pollfd){
		.fd = self->plan->doorbell,
		.events = POLLIN,
	};
	return 0;
}

static int be_nursery(void *argument)
{
	const mproci_nursery_plan *plan = argument;
	nursery self = {.plan = plan, .crew = plan->crew};
	int rc;

	rc = allocate(&self);
	if (rc == 0)
		rc = start_workers(&self);
	if (rc == 0) {
		mproci_crew_set_state(self.crew, MPROCI_CREW_OPEN);
		watch(&self);
	} else {
		mproci_crew_fail(self.crew, rc);
	}
	wait_for_end(&self);
	free(self.workers);
	free(self.descriptors);
	return 0;
}

int mproci_nursery_start(const mproci_nursery_plan *plan, mproc_start start, mproc_process **ret_nursery)
{
	char name[MPROCI_NAME_SIZE];
	mproci_process_plan process = {
		.name = name,
		.start = start,
		.signals = MPROCI_SIGNALS_BLOCKED,
		.function = be_nursery,
		.argument = (void *)(uintptr_t)plan,
	};

	snprintf(name, sizeof name, "%s-nursery", plan->name);
	return mproci_process_start(&process, ret_nursery);
}
