/* SPDX-License-Identifier: MIT */
/*
 * When its owner ends, the nursery is not killed with it, as other processes are, but told, so that it can kill what its workers
 * have forked: it adopts that (sys/orphans.h).
 *
 * One loop: sleep until a worker ends, the doorbell rings, somebody has been at something for too long, or it is time to try
 * again to start a worker.
 *
 * A worker that ends is handled in an order that can be repeated from the start: what it was at is set right, then its member
 * is buried (which wakes whoever it may have failed to wake), then its pid is given back, then what it had forked is killed, then a
 * new one takes the seat.  When the nursery itself dies all workers die with it (sys/lifeline.h), and the owner sets right what
 * they left.
 */
#include "pool/nursery.h"

#include "base/deadline.h"
#include "family/member.h"
#include "pool/timekeeper.h"
#include "pool/worker.h"
#include "sys/binding.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/exit.h"
#include "sys/lifeline.h"
#include "sys/limits.h"
#include "sys/membarrier.h"
#include "sys/oom.h"
#include "sys/orphans.h"
#include "sys/thread_budget.h"
#include "sys/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t RETRY = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;
/* Between two looks at how many processes the workers are. */
static const int64_t CENSUS = 20 * MPROCI_NANOSECONDS_PER_MILLISECOND;
static const int64_t PATIENCE = 2000 * MPROCI_NANOSECONDS_PER_MILLISECOND;
/*
 * How long what a worker left behind may take to die of SIGKILL: on a busy machine hundreds of processes need seconds.  As long as
 * there is other work, it is done in between.
 */
static const int64_t ORPHANS_PATIENCE = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;
static const int64_t ORPHANS_LAST_PATIENCE = 10000 * MPROCI_NANOSECONDS_PER_MILLISECOND;
enum {
	/* How often in a row it may fail to have any worker. */
	TRIES_WITHOUT_WORKERS = 10,
	/* How often in a row initializers may fail. */
	TRIES_TO_INITIALIZE = 3,
};
/* What is watched: then one per worker. */
enum {
	DOORBELL,
	OWNER,
	FIRST_WORKER,
};

typedef struct nursery {
	const mproci_nursery_plan *plan;
	mproci_crew *crew;
	/* One per seat; NULL while it has no worker. */
	mproc_process **workers;
	/* The doorbell, the owner's end, then one per seat; -1 while it has no worker. */
	struct pollfd *descriptors;
	/* Seats up to the last that ever had a worker: poll refuses more than there may be descriptors. */
	uint32_t seats_used;
	uint32_t alive;
	/* Attempts, one after the other, to fill the seats that failed, or whose workers died before they could work. */
	int failed_tries;
	int failed_initializers;
	/* Kills by the kernel for lack of memory that are known; somebody was killed since they were counted. */
	uint64_t oom_kills;
	bool has_killed;
	/* What a dead worker had forked has not died yet. */
	bool has_orphans;
	/* Of each worker; room for the census. */
	pid_t *pids;
	unsigned *sizes;
	/* When to try again, or to lose patience with workers that do not end; MPROC_FOREVER: not. */
	mproc_deadline alarm;
} nursery;

static struct pollfd *descriptor_of(nursery *self, uint32_t seat)
{
	return &self->descriptors[FIRST_WORKER + seat];
}

/* ---- workers ---- */

/* A worker's copy of the nursery's memory tells it who it is. */
typedef struct worker_plan {
	const nursery *nursery;
	uint32_t seat;
} worker_plan;

/* What it is to keep to.  What cannot be had is done without, but for limits. */
static int set_limits(const mproci_crew *crew, uint32_t seat)
{
	const mproci_rules *rules = &crew->rules;

	mproci_orphans_adopt();
	mproci_oom_prefer_me();
	mproci_thread_budget_set(rules->threads > 1 ? rules->threads : 1);
	if (rules->is_bound)
		mproci_binding_apply(seat, atomic_load(&((mproci_crew *)(uintptr_t)crew)->target));
	return rules->memory_limit != 0 ? mproci_limit_data(rules->memory_limit) : 0;
}

static int be_worker(void *argument)
{
	const worker_plan *plan = argument;
	mproci_crew *crew = plan->nursery->crew;
	static mproci_worker worker;
	int rc;

	/* Before a task starts threads, when it would take the kernel milliseconds. */
	mproci_membarrier_register();
	mproci_worker_init(&worker, crew, plan->seat);
	if (crew->rules.finalizer != MPROCI_NO_FUNCTION)
		worker.doorbell = plan->nursery->plan->doorbell;
	else
		mproci_close(plan->nursery->plan->doorbell);
	atomic_store(&crew->seats[plan->seat].member, mproci_member_self());
	rc = set_limits(crew, plan->seat);
	if (rc == 0)
		rc = mproci_worker_live(&worker);
	/* The nursery need not look then. */
	atomic_store(&crew->seats[plan->seat].leaves_nobody, !mproci_orphans_may_come());
	return rc != 0;
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

	snprintf(name, sizeof name, "%s-%u", self->crew->rules.name, seat + 1);
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
	uint32_t target = atomic_load(&self->crew->target);

	for (uint32_t seat = 0; seat < target; ++seat) {
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

static bool is_worker(pid_t child, void *argument)
{
	const nursery *self = argument;

	for (uint32_t seat = 0; seat < self->seats_used; ++seat) {
		if (self->workers[seat] != NULL && mproc_process_pid(self->workers[seat]) == child)
			return true;
	}
	return false;
}

/* Whether the kernel killed a worker since it was out of memory: as likely as it tells. */
static bool is_out_of_memory(nursery *self, uint32_t seat, mproci_ending ending)
{
	uint64_t kills;

	if (ending.signal != SIGKILL || atomic_load(&self->crew->seats[seat].reason) != MPROC_ENDING_NONE)
		return false;
	self->has_killed = true;
	if (mproci_oom_kills("", &kills) < 0 || kills <= self->oom_kills)
		return false;
	++self->oom_kills;
	return true;
}

/* How the worker of a seat ended before it came to work; the initializer is to blame if there is one. */
static void note_initializer(nursery *self, uint32_t seat, mproci_ending ending)
{
	int returned = atomic_load(&self->crew->seats[seat].returned);
	char how[80];

	/* Once: who reads the text does so as soon as there is one. */
	if (++self->failed_initializers != TRIES_TO_INITIALIZE)
		return;
	if (returned != 0)
		snprintf(how, sizeof how, "returned %d (%s)", returned, strerror(-returned));
	else if (ending.signal != 0)
		snprintf(how, sizeof how, "was killed by signal %d (%s)", ending.signal,
			strsignal(ending.signal));
	else
		snprintf(how, sizeof how, "ended with exit code %d", ending.exit_code);
	mproci_crew_fail(self->crew,
		mproci_fail(-ECANCELED, "the initializer failed %d times in a row; in worker \"%s-%u\" it %s",
			self->failed_initializers, self->crew->rules.name, seat + 1, how));
}

/* Count how a worker ended.  Returns whether it ever came to work. */
static bool count_end(nursery *self, uint32_t seat_index, mproci_ending ending)
{
	mproci_seat *seat = &self->crew->seats[seat_index];
	uint32_t phase = atomic_load(&seat->phase);

	if (phase == MPROCI_PHASE_INITIALIZING && self->crew->rules.initializer != MPROCI_NO_FUNCTION) {
		note_initializer(self, seat_index, ending);
		return true;
	}
	self->failed_initializers = 0;
	if (phase >= MPROCI_PHASE_ENDING && ending.signal == 0)
		atomic_fetch_add(&self->crew->recycled, phase == MPROCI_PHASE_SPENT);
	else if (atomic_load(&seat->reason) == MPROC_ENDING_NONE)
		atomic_fetch_add(&self->crew->died, 1);
	return atomic_load(&seat->member) != 0;
}

static void record_death(nursery *self, uint32_t seat, mproci_ending ending)
{
	char how[24];
	uint64_t item;

	if (!mproci_timeline_is_on())
		return;
	snprintf(how, sizeof how, "%s %d", ending.signal != 0 ? "signal" : "exit code",
		ending.signal != 0 ? ending.signal : ending.exit_code);
	if (mproci_crew_was_at(self->crew, seat, &item))
		mproci_timeline_death((int32_t)mproc_process_pid(self->workers[seat]), self->crew->rules.name,
			0, item, how);
	mproci_timeline_collect();
}

/* What workers that have died had forked.  Who may not be killed, having become another user, is left alone. */
static void kill_orphans(nursery *self)
{
	int rc = mproci_orphans_kill(is_worker, self, mproci_clock_now() + ORPHANS_PATIENCE);

	self->has_orphans = rc < 0 && rc != -EPERM;
}

/* Returns whether it ever came to work. */
static bool bury_worker(nursery *self, uint32_t seat)
{
	mproci_ending ending = mproci_process_inspect(self->workers[seat]);
	bool has_worked = count_end(self, seat, ending);

	self->has_orphans |= !atomic_load(&self->crew->seats[seat].leaves_nobody);
	record_death(self, seat, ending);
	mproci_crew_recover(self->crew, seat, ending, is_out_of_memory(self, seat, ending));
	mproc_process_join(self->workers[seat], MPROC_FOREVER);
	self->workers[seat] = mproc_process_close(self->workers[seat]);
	descriptor_of(self, seat)->fd = -1;
	--self->alive;
	atomic_store(&self->crew->seats[seat].member, 0);
	return has_worked;
}

/* Bury those that have ended, or (@all) wait for the end of each.  Returns whether all of them had come to work. */
static bool bury_workers(nursery *self, bool all)
{
	bool have_worked = true;

	for (uint32_t seat = 0; seat < self->seats_used; ++seat) {
		if (self->workers[seat] != NULL && (all || descriptor_of(self, seat)->revents != 0))
			have_worked &= bury_worker(self, seat);
	}
	/* Whoever else it has killed is none of ours. */
	if (self->has_killed)
		mproci_oom_kills("", &self->oom_kills);
	self->has_killed = false;
	return have_worked;
}

static void kill_worker(uint32_t seat, void *argument)
{
	nursery *self = argument;

	if (self->workers[seat] != NULL)
		mproc_process_kill(self->workers[seat]);
}

static void kill_workers(nursery *self)
{
	for (uint32_t seat = 0; seat < self->seats_used; ++seat)
		kill_worker(seat, self);
}

/* The seats could not be filled, @rc and the error text say why: try again in a while, unless nobody is left to work. */
static void try_again(nursery *self, int rc)
{
	++self->failed_tries;
	self->alarm = mproci_clock_now() + RETRY;
	if (self->alive == 0 && self->failed_tries >= TRIES_WITHOUT_WORKERS)
		mproci_crew_fail(self->crew, rc);
}

/* Of those that are to be filled: others may still have workers, who are too many. */
static bool has_empty_seat(const nursery *self)
{
	uint32_t target = atomic_load(&self->crew->target), seat = 0;

	while (seat < target && self->workers[seat] != NULL)
		++seat;
	return seat < target;
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

/* ---- the loop ---- */

/* Kill the workers that are too many processes.  What they have forked comes to the nursery then, and is killed with them. */
static void take_census(nursery *self)
{
	unsigned limit = self->crew->rules.process_limit;

	for (uint32_t seat = 0; seat < self->seats_used; ++seat)
		self->pids[seat] =
			self->workers[seat] != NULL ? (pid_t)mproc_process_pid(self->workers[seat]) : -1;
	if (mproci_tree_sizes(self->pids, self->seats_used, self->sizes) < 0)
		return;
	for (uint32_t seat = 0; seat < self->seats_used; ++seat) {
		if (self->sizes[seat] <= limit)
			continue;
		atomic_fetch_add(&self->crew->killed, 1);
		kill_worker(seat, self);
	}
}

/* Whether a worker is at something; those that are idle fork nobody. */
static bool is_anybody_busy(const nursery *self)
{
	for (uint32_t seat = 0; seat < self->seats_used; ++seat) {
		mproci_seat *at = &self->crew->seats[seat];

		if (atomic_load(&at->inside) != 0 || atomic_load(&at->task) != 0)
			return true;
	}
	return false;
}

static bool is_nobody(pid_t child, void *unused)
{
	(void)child;
	(void)unused;
	return false;
}

/* Workers would end with this process; what they have forked, and those that have cut the tie, do not. */
static _Noreturn void die_with_owner(nursery *self)
{
	kill_workers(self);
	mproci_orphans_kill(is_nobody, NULL, mproci_clock_now() + ORPHANS_LAST_PATIENCE);
	mproci_exit_at_once(0);
}

/* Kill who is too late.  Returns when to look again; what is new after that rings. */
static mproc_deadline keep_time(nursery *self)
{
	_Atomic mproc_deadline *alarm = &self->crew->alarm;
	mproc_deadline next;

	/* Whoever begins something after this looks rings. */
	atomic_store(alarm, MPROC_FOREVER);
	next = mproci_timekeeper_look(self->crew, mproci_clock_now(), kill_worker, self);
	atomic_store(alarm, next);
	return next;
}

static int wait_for_news(nursery *self)
{
	mproc_deadline until = mproci_deadline_earlier(self->alarm, keep_time(self));
	int rc;

	if (self->crew->rules.process_limit != 0)
		until = mproci_deadline_earlier(until, mproci_clock_now() + CENSUS);
	if (self->has_orphans)
		until = mproci_deadline_earlier(until, mproci_clock_now() + CENSUS);
	rc = mproci_poll(self->descriptors, FIRST_WORKER + self->seats_used, until);
	if (rc > 0 && self->descriptors[DOORBELL].revents != 0)
		mproci_doorbell_silence(self->plan->doorbell);
	if (rc > 0 && self->descriptors[OWNER].revents != 0)
		die_with_owner(self);
	if (self->crew->rules.process_limit != 0 && is_anybody_busy(self))
		take_census(self);
	return rc;
}

static void watch(nursery *self)
{
	while (!is_ending(self)) {
		int rc = wait_for_news(self);

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
		/* First, for they may have taken all processes that there may be. */
		if (self->has_orphans)
			kill_orphans(self);
		if (!is_ending(self) && has_empty_seat(self))
			replace_workers(self);
	}
}

/* The workers end by themselves; one that cannot, since it is stopped or stuck, is killed. */
static void wait_for_end(nursery *self)
{
	self->alarm = mproci_clock_now() + PATIENCE;
	while (self->alive > 0) {
		int rc = mproci_poll(&self->descriptors[OWNER], 1 + self->seats_used, self->alarm);

		if (rc > 0 && self->descriptors[OWNER].revents != 0)
			die_with_owner(self);
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
	uint32_t capacity = self->crew->capacity;

	self->workers = calloc(capacity, sizeof(mproc_process *));
	self->descriptors = calloc(FIRST_WORKER + capacity, sizeof(struct pollfd));
	self->pids = calloc(capacity, sizeof *self->pids);
	self->sizes = calloc(capacity, sizeof *self->sizes);
	if (self->workers == NULL || self->descriptors == NULL || self->pids == NULL || self->sizes == NULL)
		/* Nothing was started: the end needs neither. */
		return mproci_fail(-ENOMEM, "no memory for a nursery of %u workers", capacity);
	for (uint32_t seat = 0; seat < capacity; ++seat)
		descriptor_of(self, seat)->fd = -1;
	self->descriptors[DOORBELL] = (struct pollfd){
		.fd = self->plan->doorbell,
		.events = POLLIN,
	};
	self->descriptors[OWNER] = (struct pollfd){.fd = mproci_lifeline_watch()};
	return 0;
}

static int be_nursery(void *argument)
{
	const mproci_nursery_plan *plan = argument;
	nursery self = {.plan = plan, .crew = plan->crew};
	int rc;

	/* Otherwise nobody has done that for it. */
	if (!plan->crew->functions.is_copied) {
		mproci_child_block_signals();
		mproci_timeline_enter(plan->timeline);
	}
	mproci_orphans_adopt();
	mproci_oom_kills("", &self.oom_kills);
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
	mproci_timeline_collect();
	mproci_timeline_flush();
	mproci_orphans_kill(is_nobody, NULL, mproci_clock_now() + ORPHANS_LAST_PATIENCE);
	free(self.workers);
	free(self.descriptors);
	free(self.pids);
	free(self.sizes);
	return 0;
}

int mproci_nursery_start(const mproci_nursery_plan *plan, mproc_start start, mproc_process **ret_nursery)
{
	char name[MPROCI_NAME_SIZE];
	mproci_process_plan process = {
		.name = name,
		.signals = MPROCI_SIGNALS_BLOCKED,
		.function = be_nursery,
		.argument = (void *)(uintptr_t)plan,
	};
	int rc;

	/* Before a look whether there are threads. */
	mproci_thread_budget_dismiss();
	rc = mproci_process_choose(&start);
	if (rc < 0)
		return rc;
	process.start = start;
	plan->crew->functions.is_copied = start == MPROC_START_FORK;
	if (start != MPROC_START_FORK) {
		process.descriptors = &plan->doorbell;
		process.descriptor_count = 1;
	}
	snprintf(name, sizeof name, "%s-nursery", plan->crew->rules.name);
	return mproci_process_start(&process, ret_nursery);
}

bool mproci_nursery_must_be_told(mproci_crew *crew, mproc_deadline deadline)
{
	mproc_deadline alarm = atomic_load(&crew->alarm);

	return alarm == MPROC_FOREVER || mproci_deadline_earlier(deadline, alarm) != alarm;
}
