/* SPDX-License-Identifier: MIT */
#include "pool/worker.h"

#include "arena/place.h"
#include "base/deadline.h"
#include "base/interrupt.h"
#include "family/member.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/memory_use.h"
#include "sys/relax.h"
#include "trace/timeline.h"

#include <errno.h>
#include <string.h>

enum {
	/* About 30 µs: the time that falling asleep and being woken would take. */
	LOOKS_BEFORE_SLEEP = 600,
};

/* Between two looks at the worker's own memory. */
static const int64_t LOOK = 10 * MPROCI_NANOSECONDS_PER_MILLISECOND;
/* How long a finalizer may take. */
static const int64_t PATIENCE = 2000 * MPROCI_NANOSECONDS_PER_MILLISECOND;

/* What this thread is.  A fork copies this too: it is true in the process that wrote it. */
static _Thread_local mproci_role_of_worker *roles;

void mproci_worker_enter(mproci_role_of_worker *role, mproci_crew *crew)
{
	*role = (mproci_role_of_worker){.crew = crew, .member = mproci_member_self(), .before = roles};
	roles = role;
}

void mproci_worker_leave(mproci_role_of_worker *role)
{
	roles = role->before;
}

bool mproci_worker_is_of(const mproci_crew *crew)
{
	for (const mproci_role_of_worker *role = roles; role != NULL; role = role->before) {
		if (role->crew == crew && role->member == mproci_member_self())
			return true;
	}
	return false;
}

void mproci_worker_init(mproci_worker *worker, mproci_crew *crew, uint32_t number)
{
	memset(worker, 0, sizeof *worker);
	worker->crew = crew;
	worker->number = number;
	worker->seat = &crew->seats[number];
	worker->doorbell = -1;
	worker->has_limits = crew->rules.max_tasks != 0 || crew->rules.max_memory != 0;
	mproci_crew_seat_taken(crew, number);
}

/* Only this worker writes these; others read them. */
static void count(_Atomic uint64_t *counter, uint64_t added)
{
	atomic_store_explicit(
		counter, atomic_load_explicit(counter, memory_order_relaxed) + added, memory_order_relaxed);
}

/* Whether this worker has reached a limit. */
static void look_at_limits(mproci_worker *self)
{
	const mproci_rules *rules = &self->crew->rules;
	size_t own;
	int64_t now;

	if (rules->max_tasks != 0 && self->done >= rules->max_tasks)
		self->is_spent = true;
	if (rules->max_memory == 0)
		return;
	now = mproci_clock_now();
	if (now < self->next_look)
		return;
	self->next_look = now + LOOK;
	if (mproci_memory_private(&own) == 0 && own > self->base_memory
		&& own - self->base_memory > rules->max_memory)
		self->is_spent = true;
}

static void note_done(mproci_worker *self, size_t done, size_t failed)
{
	count(&self->seat->done, done);
	if (failed != 0)
		count(&self->seat->failed, failed);
	self->done += done;
	if (self->has_limits)
		look_at_limits(self);
}

static bool is_to_end(mproci_worker *self)
{
	if (self->heeds_interrupts && mproci_interrupt_is_asked(self->begun))
		return true;
	return self->is_spent
	       || self->number >= atomic_load_explicit(&self->crew->target, memory_order_relaxed)
	       || atomic_load_explicit(&self->crew->state, memory_order_relaxed) >= MPROCI_CREW_CLOSING;
}

static mproc_task_function *find_function(mproci_worker *self, mproci_function function)
{
	return (mproc_task_function *)mproci_functions_find(&self->crew->functions, &self->found, function);
}

/* In the place of a function that this worker does not have. */
static int refuse(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return -ENOENT;
}

/* Workers that are threads have one slot in the table of members together, that of their process: it stays as it is. */
static void note_function(mproci_worker *self, mproc_task_function *function)
{
	if (atomic_load_explicit(&self->seat->member, memory_order_relaxed) != 0)
		mproci_member_runs((uintptr_t)function);
}

/* What a task is called on the time line: as its function is registered, or else as the pool. */
static const char *name_of(mproci_worker *self, mproci_function function)
{
	const char *registered = self->crew->functions.of[function].name.registered;

	return registered[0] != '\0' ? registered : self->crew->rules.name;
}

/* The time, if somebody wants to know it. */
static int64_t traced_now(void)
{
	return mproci_timeline_is_on() ? mproci_clock_now() : 0;
}

static void record(mproci_worker *self, mproci_function function, int64_t start, size_t first, size_t count,
	size_t failed)
{
	if (start != 0)
		mproci_timeline_event(name_of(self, function), start, mproci_clock_now(), first, count,
			failed != 0 ? "failed" : NULL);
}

/* ---- single tasks ---- */

/* One attempt at a task that this worker has claimed. */
static int attempt(mproci_slot *slot, mproc_task *task, mproc_task_function *function, unsigned number)
{
	const mproci_terms *terms = slot->terms;
	mproc_deadline kill_at = terms->deadline;
	int rc;

	if ((terms->timeout | terms->soft_timeout | terms->deadline) != 0) {
		int64_t now = mproci_clock_now();

		if (terms->timeout != 0)
			kill_at = mproci_deadline_earlier(kill_at, now + terms->timeout);
		task->soft_at = terms->deadline;
		if (terms->soft_timeout != 0)
			task->soft_at = mproci_deadline_earlier(terms->deadline, now + terms->soft_timeout);
	}
	atomic_store_explicit(&slot->kill_at, kill_at, memory_order_relaxed);
	mproci_place_empty(&slot->returned.block);
	mproci_task_begin(task, slot->index, number);
	rc = function(slot->item, slot->result, task);
	/* Who is killed from here on is not killed for that. */
	atomic_store_explicit(&slot->kill_at, MPROC_FOREVER, memory_order_relaxed);
	return rc;
}

static mproci_verdict run(mproci_worker *self, mproci_slot *slot)
{
	mproc_task *task = &self->visit.task;
	mproc_task_function *function = find_function(self, slot->function);
	unsigned number = mproci_verdict_attempts(mproci_slot_verdict(atomic_load(&slot->word)));
	int rc;

	if (function == NULL)
		function = refuse;
	task->terms = slot->terms;
	task->worker = self->number;
	task->soft_at = MPROC_FOREVER;
	task->is_cancelled = &slot->is_cancelled;
	task->returned = &slot->returned;
	task->functions = &self->crew->functions;
	task->found = &self->found;
	note_function(self, function);
	while (rc = attempt(slot, task, function, number), rc != 0) {
		if (number > slot->terms->retries || atomic_load(&slot->is_cancelled))
			break;
		mproci_slot_begin_again(slot);
		++number;
	}
	note_function(self, NULL);
	return mproci_verdict_of_return(rc, self->number, number);
}

/* How a claimed task ends that is not begun (once more) after all; 0: it is. */
static mproci_verdict refuse_task(mproci_worker *self, mproci_slot *slot)
{
	unsigned before = mproci_verdict_attempts(mproci_slot_verdict(atomic_load(&slot->word))) - 1;
	mproc_deadline deadline = slot->terms->deadline;

	if (atomic_load(&slot->is_cancelled))
		return mproci_verdict_of(MPROC_ENDING_CANCELLED, 0, self->number, before);
	if (deadline != MPROC_FOREVER && mproci_deadline_passed(deadline, mproci_clock_now()))
		return mproci_verdict_of(MPROC_ENDING_TIMEOUT, 0, self->number, before);
	return 0;
}

/* A task that this worker has claimed. */
static void do_task(mproci_worker *self, mproci_task_id id)
{
	mproci_slot *slot = mproci_slots_at(&self->crew->slots, mproci_task_index_of(id));
	mproci_verdict verdict;
	mproci_task_id expected = id;
	size_t index = slot->index;
	mproci_function function = slot->function;
	int64_t start = traced_now();
	bool is_awaited;

	/* Others may be needed for what is still in line. */
	if (!mproci_line_is_empty(&self->crew->slots))
		mproci_crew_call(self->crew);
	verdict = refuse_task(self, slot);
	if (verdict == 0)
		verdict = run(self, slot);
	/* The nursery has decided before: this task did not end in time, whatever it returned. */
	if (!atomic_compare_exchange_strong(&self->seat->task, &expected, id | MPROCI_TASK_ENDING))
		mproci_seat_await_death();
	is_awaited = mproci_slot_end(slot, id, verdict);
	atomic_store_explicit(&self->seat->task, 0, memory_order_release);
	if (is_awaited)
		mproci_event_count_notify(&self->crew->news);
	record(self, function, start, index, 1, mproci_verdict_ending(verdict) != MPROC_ENDING_VALUE);
	note_done(self, 1, mproci_verdict_ending(verdict) != MPROC_ENDING_VALUE);
}

/* Claim what the dead worker of a seat left to be tried again. */
static mproci_task_id claim_again(mproci_worker *self, mproci_seat *seat)
{
	mproci_slots *slots = &self->crew->slots;
	mproci_task_id id = atomic_load(&seat->again);
	bool is_ours;

	if (id == 0)
		return 0;
	is_ours = mproci_slots_claim(slots, id, self->number, &self->seat->task);
	/* Another one's stays: it may not be QUEUED yet, or be left here once more when that one has died. */
	if (is_ours
		|| mproci_slot_has_ended(
			atomic_load(&mproci_slots_at(slots, mproci_task_index_of(id))->word), id))
		atomic_compare_exchange_strong(&seat->again, &(mproci_task_id){id}, 0);
	return is_ours ? id : 0;
}

/* What is left to be tried again, if there may be any; then who is in line. */
static mproci_task_id claim(mproci_worker *self, bool may_be_left)
{
	uint32_t used = may_be_left ? atomic_load(&self->crew->used) : 0;

	/* This worker's seat first: if it dies of something else, that is left there instead. */
	for (uint32_t i = 0; i < used; ++i) {
		mproci_task_id id = claim_again(self, &self->crew->seats[(self->number + i) % used]);

		if (id != 0)
			return id;
	}
	return mproci_line_get(&self->crew->slots, self->number, &self->seat->task);
}

/* ---- maps ---- */

/* Whether to leave a map after some chunks: nothing is looked at as long as nobody calls. */
static bool has_something_better(mproci_worker *self, mproci_map *map)
{
	mproc_deadline deadline = map->spec.terms.deadline;

	if (deadline != MPROC_FOREVER && mproci_deadline_passed(deadline, mproci_clock_now()))
		mproci_map_stop(map, MPROCI_STOP_DEADLINE);
	self->visit.seen = atomic_load(&self->crew->calls);
	return is_to_end(self) || !mproci_line_is_empty(&self->crew->slots)
	       || atomic_load(&self->crew->requeued) != self->requeued;
}

/* Whether one more chunk of a map would be more than this worker may do; a fresh one may do it. */
static bool is_too_much(mproci_worker *self, const mproci_map *map)
{
	size_t most = self->crew->rules.max_tasks;

	if (most != 0 && self->done != 0 && self->done + map->spec.chunk > most)
		self->is_spent = true;
	return self->is_spent;
}

/* Begin a visit in this worker's lane, with @calls as they were before its last look for tasks. */
static void begin_visit(mproci_worker *self, mproci_map *map)
{
	mproc_task_function *function = find_function(self, map->spec.function);
	mproci_map_visit *visit = &self->visit;

	mproci_map_visit_begin(
		visit, map, self->number, function != NULL ? function : refuse, &self->seat->kill_at);
	visit->task.functions = &self->crew->functions;
	visit->task.found = &self->found;
	visit->calls = &self->crew->calls;
	visit->seen = self->calls;
	/* Something is to be looked at after each. */
	visit->takes_one = self->has_limits || self->heeds_interrupts || mproci_timeline_is_on()
			   || map->spec.terms.deadline != MPROC_FOREVER;
	if (map->cached == NULL)
		return;
	visit->cache = mproci_cached_open(map->cached, &self->cached);
	visit->heeds_interrupts = self->heeds_interrupts;
	visit->begun = self->begun;
}

/*
 * Work inside of a map until nothing is left in it, or there is something better to do: then it @ret_early.  Returns whether
 * anything was done.
 */
static bool work_inside(mproci_worker *self, mproci_map *map, bool *ret_early)
{
	mproci_map_visit *visit = &self->visit;
	bool has_worked = false;
	int64_t start;
	size_t done;

	*ret_early = false;
	if (self->number >= map->ranges->lane_count || is_too_much(self, map))
		return false;
	begin_visit(self, map);
	note_function(self, visit->function);
	while (start = traced_now(), (done = mproci_map_do_chunks(visit)) != 0) {
		has_worked = true;
		record(self, map->spec.function, start, visit->first, done, visit->failed);
		note_done(self, done, visit->failed);
		visit->failed = 0;
		*ret_early = is_too_much(self, map) || has_something_better(self, map);
		if (*ret_early)
			break;
	}
	note_function(self, NULL);
	return has_worked;
}

/* The oldest posting above @number, or NULL. */
static const mproci_posting *next_posting(mproci_crew *crew, uint64_t number)
{
	const mproci_posting *next = NULL;
	uint64_t lowest = UINT64_MAX;

	for (int i = 0; i < MPROCI_POSTINGS; ++i) {
		mproci_posting *posting = &crew->postings[i];
		uint64_t own = atomic_load(&posting->number);

		if (atomic_load(&posting->map) != 0 && own > number && own < lowest) {
			next = posting;
			lowest = own;
		}
	}
	return next;
}

/* Returns whether anything was done in any map. */
static bool visit_maps(mproci_worker *self)
{
	const mproci_posting *posting = NULL;
	uint64_t number = 0;

	while ((posting = next_posting(self->crew, number)) != NULL) {
		mproci_map *map;
		bool has_worked, is_early;

		number = atomic_load(&((mproci_posting *)(uintptr_t)posting)->number);
		map = mproci_crew_enter(self->crew, self->seat, posting);
		if (map == NULL)
			continue;
		has_worked = work_inside(self, map, &is_early);
		mproci_crew_leave(self->crew, self->seat, map, is_early);
		if (has_worked)
			return true;
	}
	return false;
}

void mproci_worker_serve(mproci_worker *self)
{
	bool has_worked = true;

	while (has_worked && !is_to_end(self)) {
		uint64_t round = atomic_load(&self->crew->round), requeued;
		mproci_task_id id;

		/* Before the look for tasks: who calls after it is heard after the first chunk. */
		self->calls = atomic_load(&self->crew->calls);
		requeued = atomic_load(&self->crew->requeued);
		id = claim(self, round != self->seen || requeued != self->requeued);

		/* A round may leave more than one to be tried again. */
		if (id == 0) {
			self->seen = round;
			self->requeued = requeued;
		}
		if (id != 0)
			do_task(self, id);
		else
			has_worked = visit_maps(self);
	}
}

/* ---- between work ---- */

static bool has_news(mproci_worker *self)
{
	return atomic_load(&self->crew->round) != self->seen || !mproci_line_is_empty(&self->crew->slots)
	       || is_to_end(self);
}

static void look(mproci_worker *self)
{
	/*
	 * In this order, and at the end in the other one: killed on the way, the crew seems to have fewer who look than there are, and somebody
	 * is woken in vain; never more, so that nobody is woken.
	 */
	atomic_store(&self->seat->is_looking, true);
	atomic_fetch_add(&self->crew->looking, 1);
	for (int i = 0; i < LOOKS_BEFORE_SLEEP && !has_news(self); ++i)
		mproci_relax();
	atomic_fetch_sub(&self->crew->looking, 1);
	atomic_store(&self->seat->is_looking, false);
}

static void await_work(mproci_worker *self)
{
	look(self);
	if (mproci_timeline_is_on() && !has_news(self))
		mproci_timeline_flush();
	while (!has_news(self)) {
		uint32_t key = mproci_event_count_prepare(&self->crew->work);

		if (has_news(self))
			mproci_event_count_cancel(&self->crew->work);
		else
			mproci_event_count_wait(&self->crew->work, key, MPROC_FOREVER);
	}
}

static int initialize(mproci_worker *self)
{
	const mproci_rules *rules = &self->crew->rules;
	mproc_worker_function *initializer;

	if (rules->initializer == MPROCI_NO_FUNCTION)
		return 0;
	initializer = (mproc_worker_function *)mproci_functions_find(
		&self->crew->functions, &self->found, rules->initializer);
	return initializer == NULL ? -ENOENT : initializer(rules->argument);
}

static void finalize(mproci_worker *self)
{
	const mproci_rules *rules = &self->crew->rules;
	mproc_worker_function *finalizer;

	if (rules->finalizer == MPROCI_NO_FUNCTION)
		return;
	finalizer = (mproc_worker_function *)mproci_functions_find(
		&self->crew->functions, &self->found, rules->finalizer);
	if (finalizer != NULL)
		finalizer(rules->argument);
}

int mproci_worker_begin(mproci_worker *self)
{
	int rc;

	atomic_store(&self->seat->phase, MPROCI_PHASE_INITIALIZING);
	rc = initialize(self);
	if (rc > 0)
		rc = -ERANGE;
	if (rc < 0) {
		atomic_store(&self->seat->returned, rc);
		return rc;
	}
	if (self->crew->rules.max_memory != 0 && mproci_memory_private(&self->base_memory) < 0)
		self->base_memory = 0;
	atomic_store(&self->seat->phase, MPROCI_PHASE_WORKING);
	mproci_event_count_notify(&self->crew->news);
	return 0;
}

void mproci_worker_end(mproci_worker *self)
{
	atomic_store(&self->seat->phase, self->is_spent ? MPROCI_PHASE_SPENT : MPROCI_PHASE_ENDING);
	if (self->doorbell >= 0) {
		atomic_store(&self->seat->kill_at, mproci_clock_now() + PATIENCE);
		mproci_doorbell_ring(self->doorbell);
	}
	finalize(self);
}

int mproci_worker_live(mproci_worker *self)
{
	mproci_role_of_worker role;
	int rc;

	mproci_worker_enter(&role, self->crew);
	rc = mproci_worker_begin(self);
	while (rc == 0 && !is_to_end(self)) {
		mproci_worker_serve(self);
		await_work(self);
	}
	if (rc == 0)
		mproci_worker_end(self);
	mproci_cached_close(&self->cached);
	mproci_worker_leave(&role);
	return rc;
}
