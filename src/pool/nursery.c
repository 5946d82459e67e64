/* SPDX-License-Identifier: MIT */
/*
 * One loop: sleep until a worker ends, the doorbell rings, or it is time to try again to start a worker.
 *
 * A worker that ends is handled in an order that can be repeated from the start: its map is set right, then its member
 * is buried (which wakes whoever it may have failed to wake), then its pid is given back, then a new one takes the
 * seat.  When the nursery itself dies all workers die with it (sys/lifeline.h), and the caller sets the map right.
 */
#include "pool/nursery.h"

#include "family/member.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t RETRY = 100 * INT64_C(1000000);
static const int64_t PATIENCE = 2000 * INT64_C(1000000);
enum {
	TRIES_WITHOUT_WORKERS = 10,
	MOST_STILLBORN = 32,
};

typedef struct nursery {
	const mproci_nursery_plan *plan;
	mproci_crew *crew;
	/* One a seat; NULL while it has no worker. */
	mproc_process **workers;
	/* One a seat, and the doorbell. */
	struct pollfd *descriptors;
	uint32_t alive;
	/* Attempts to fill the seats that failed, and workers that died before they could work, one after the other. */
	int failed_tries, stillborn;
	/* When to try again, or to lose patience with workers that do not end; MPROC_FOREVER: not. */
	mproc_deadline alarm;
} nursery;

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
	self->descriptors[seat] = (struct pollfd){
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

/* Something kills every worker as soon as it is there: starting more would go on for ever. */
static void count_stillborn(nursery *self, uint32_t seat, mproci_ending ending)
{
	bool has_worked = atomic_exchange(&self->crew->seats[seat].member, 0) != 0;

	self->stillborn = has_worked ? 0 : self->stillborn + 1;
	if (self->stillborn < MOST_STILLBORN || is_ending(self))
		return;
	mproci_fail(-EAGAIN, "%d workers died one after the other before they could work, the last by %s %d",
		self->stillborn, ending.signal != 0 ? "signal" : "exit code",
		ending.signal != 0 ? ending.signal : ending.exit_code);
	mproci_crew_fail(self->crew, -EAGAIN);
}

static void bury_worker(nursery *self, uint32_t seat)
{
	mproci_ending ending = mproci_process_inspect(self->workers[seat]);

	count_stillborn(self, seat, ending);
	mproci_crew_recover(self->crew, seat, ending);
	mproc_process_join(self->workers[seat], MPROC_FOREVER);
	self->workers[seat] = mproc_process_close(self->workers[seat]);
	self->descriptors[seat].fd = -1;
	--self->alive;
}

static void bury_workers(nursery *self)
{
	for (uint32_t seat = 0; seat < self->crew->worker_count; ++seat) {
		if (self->workers[seat] != NULL && self->descriptors[seat].revents != 0)
			bury_worker(self, seat);
	}
}

static void kill_workers(nursery *self)
{
	for (uint32_t seat = 0; seat < self->crew->worker_count; ++seat) {
		if (self->workers[seat] != NULL)
			mproc_process_kill(self->workers[seat]);
	}
}

/* Replace who is missing; without anybody left and no way to start one, the pool has failed. */
static void replace_workers(nursery *self)
{
	int rc;

	rc = start_workers(self);
	if (rc == 0) {
		self->failed_tries = 0;
		self->alarm = MPROC_FOREVER;
		return;
	}
	++self->failed_tries;
	self->alarm = mproci_clock_now() + RETRY;
	if (self->alive == 0 && self->failed_tries >= TRIES_WITHOUT_WORKERS)
		mproci_crew_fail(self->crew, rc);
}

static void watch(nursery *self)
{
	const uint32_t doorbell = self->crew->worker_count;

	while (!is_ending(self)) {
		mproci_poll(self->descriptors, doorbell + 1, self->alarm);
		bury_workers(self);
		if (!is_ending(self) && self->alive < self->crew->worker_count)
			replace_workers(self);
	}
}

/* The workers end by themselves; one that cannot, since it is stopped or stuck, is killed. */
static void wait_for_end(nursery *self)
{
	self->alarm = mproci_clock_now() + PATIENCE;
	while (self->alive > 0) {
		if (mproci_poll(self->descriptors, self->crew->worker_count, self->alarm) == 0) {
			kill_workers(self);
			self->alarm = MPROC_FOREVER;
		}
		bury_workers(self);
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
	self->descriptors[self->crew->worker_count] = (struct pollfd){
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
