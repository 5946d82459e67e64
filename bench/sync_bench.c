/* SPDX-License-Identifier: MIT */
/*
 * sync_bench - what it costs to lock, to wake and to be woken, against what glibc and the kernel offer, and what a dead holder
 * costs; and a value with its lock against Python's.
 */
#include "peer.h"
#include "sync_rivals.h"
#include "sync_work.h"

#include <mproc.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PYTHON_ADDITIONS = 20000,
	/* How many slices of a contest are done again at most. */
	REPEATS = 200,
};

static const double VALUE_TARGET = 0.05;
/* The part of a slice that the two may have waited for a processor. */
static const double TOLERATED = 0.02;

static const char PYTHON_ADDER[] = "import multiprocessing, sys, time\n"
				   "\n"
				   "def add(value, count):\n"
				   "    start = time.perf_counter_ns()\n"
				   "    for _ in range(count):\n"
				   "        with value.get_lock():\n"
				   "            value.value += 1\n"
				   "    return time.perf_counter_ns() - start\n"
				   "\n"
				   "value = multiprocessing.Value('i', 0)\n"
				   "print('ready', flush=True)\n"
				   "for line in iter(sys.stdin.readline, ''):\n"
				   "    print(add(value, int(line)), flush=True)\n";

static void expect(int rc, int expected, const char *what)
{
	if (rc != expected)
		bench_fail("%s: %d, %s", what, rc, mproc_error_text());
}

/* A forked process that has not used the arena is no member yet, and would be spared what members do. */
static void become_member(void)
{
	mproc_free(mproc_alloc(1));
}

static void prepare_mutex(sync_stage *stage)
{
	expect(mproc_mutex_init((mproc_mutex *)(void *)stage->object, NULL), 0, "mproc_mutex_init");
}

static void lock(void *mutex)
{
	expect(mproc_mutex_lock(mutex, MPROC_FOREVER), 0, "mproc_mutex_lock");
}

static void inherit(void *mutex)
{
	expect(mproc_mutex_lock(mutex, MPROC_FOREVER), MPROC_OWNER_DIED, "mproc_mutex_lock after a death");
}

static void unlock(void *mutex)
{
	expect(mproc_mutex_unlock(mutex), 0, "mproc_mutex_unlock");
}

static double lead_mutex(void *act)
{
	return sync_pairs(act, lock, unlock);
}

static void prepare_two_mutexes(sync_stage *stage)
{
	prepare_mutex(stage);
	expect(mproc_mutex_init((mproc_mutex *)(void *)stage->mutex, NULL), 0, "mproc_mutex_init");
}

static double lead_apart(void *act)
{
	return sync_apart_lead(act, lock, unlock);
}

static void follow_apart(void *stage)
{
	become_member();
	sync_apart_follow(stage, lock, unlock);
}

static double lead_fight(void *act)
{
	return sync_fight_lead(act, lock, unlock);
}

static void follow_fight(void *stage)
{
	become_member();
	sync_fight_follow(stage, lock, unlock);
}

static double lead_death(void *act)
{
	return sync_death_lead(act, lock);
}

static void follow_death(void *stage)
{
	become_member();
	sync_death_follow(stage, inherit, unlock);
}

static const sync_scene mutex_alone = {.prepare = prepare_mutex, .lead = lead_mutex};
static const sync_scene mutex_apart = {prepare_two_mutexes, lead_apart, follow_apart};
static const sync_scene mutex_fight = {prepare_mutex, lead_fight, follow_fight};
static const sync_scene mutex_death = {prepare_mutex, lead_death, follow_death};

static void prepare_event(sync_stage *stage)
{
	expect(mproc_event_init((mproc_event *)(void *)stage->object), 0, "mproc_event_init");
}

static void set(void *event)
{
	expect(mproc_event_set(event), 0, "mproc_event_set");
}

static void clear(void *event)
{
	expect(mproc_event_clear(event), 0, "mproc_event_clear");
}

static void wait_for_event(void *event)
{
	expect(mproc_event_wait(event, MPROC_FOREVER), 0, "mproc_event_wait");
}

static double lead_wake(void *act)
{
	return sync_wake_lead(act, set);
}

static void follow_wake(void *stage)
{
	become_member();
	sync_wake_follow(stage, clear, wait_for_event);
}

static const sync_scene event_wake = {prepare_event, lead_wake, follow_wake};

static void prepare_semaphore(sync_stage *stage)
{
	expect(mproc_semaphore_init((mproc_semaphore *)(void *)stage->object, 1, NULL), 0,
		"mproc_semaphore_init");
}

static void acquire(void *semaphore)
{
	expect(mproc_semaphore_acquire(semaphore, MPROC_FOREVER), 0, "mproc_semaphore_acquire");
}

static void release(void *semaphore)
{
	expect(mproc_semaphore_release(semaphore, 1), 0, "mproc_semaphore_release");
}

static double lead_semaphore(void *act)
{
	return sync_pairs(act, acquire, release);
}

static const sync_scene semaphore_alone = {.prepare = prepare_semaphore, .lead = lead_semaphore};

static void prepare_once(sync_stage *stage)
{
	expect(mproc_once_init((mproc_once *)(void *)stage->object), 0, "mproc_once_init");
}

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

static void run_once(void *once)
{
	expect(mproc_once_run(once, do_nothing, NULL, MPROC_FOREVER), 0, "mproc_once_run");
}

static double lead_once(void *act)
{
	return sync_pairs(act, run_once, run_once) / 2;
}

static const sync_scene once_done = {.prepare = prepare_once, .lead = lead_once};

static void prepare_condition(sync_stage *stage)
{
	expect(mproc_condition_init((mproc_condition *)(void *)stage->object), 0, "mproc_condition_init");
	expect(mproc_mutex_init((mproc_mutex *)(void *)stage->mutex, NULL), 0, "mproc_mutex_init");
}

static void notify(void *condition)
{
	expect(mproc_condition_notify(condition), 0, "mproc_condition_notify");
}

static void wait_for_condition(void *condition, void *mutex)
{
	expect(mproc_condition_wait(condition, mutex, MPROC_FOREVER), 0, "mproc_condition_wait");
}

static const sync_condition_kind condition = {lock, unlock, notify, wait_for_condition};

static void pass_to_partner(void *stage)
{
	sync_pass_to_and_fro(stage, 0, &condition);
}

static double lead_condition(void *act)
{
	return sync_meet_lead(act, pass_to_partner);
}

static void follow_condition(void *stage)
{
	become_member();
	sync_arrive(stage);
	sync_pass_to_and_fro(stage, 1, &condition);
}

static const sync_scene condition_roundtrip = {prepare_condition, lead_condition, follow_condition};

static void prepare_barrier(sync_stage *stage)
{
	expect(mproc_barrier_init((mproc_barrier *)(void *)stage->object, 2, NULL), 0, "mproc_barrier_init");
}

static void wait_at_barrier(void *barrier)
{
	expect(mproc_barrier_wait(barrier, MPROC_FOREVER, NULL), 0, "mproc_barrier_wait");
}

static void gather(void *stage)
{
	sync_gather(stage, wait_at_barrier);
}

static double lead_barrier(void *act)
{
	return sync_meet_lead(act, gather);
}

static void follow_barrier(void *stage)
{
	become_member();
	sync_arrive(stage);
	gather(stage);
}

static const sync_scene barrier_for_two = {prepare_barrier, lead_barrier, follow_barrier};

/* What is printed of the samples: which of them, as @name.what. */
typedef struct sync_detail {
	const char *what;
	double part;
	const char *unit;
} sync_detail;

/* What is printed of a contest between us and a rival. */
typedef struct sync_contest {
	const char *name;
	const sync_scene *ours, *rivals;
	const char *rival;
	/* At most: the ratio, our time; 0 for none. */
	double ratio_target, target;
	double nanoseconds;
	const char *unit;
	const sync_detail *detail;
} sync_contest;

static const sync_detail lesser_part = {"lesser", 0.5, "%"}, slow_ones = {"p99", 0.99, "us"};

static const sync_contest contests[] = {
	{"mutex.uncontended", &mutex_alone, &sync_pthread_mutex, "pthread", 1.2, 0, 1, "ns", NULL},
	{"semaphore.uncontended", &semaphore_alone, &sync_posix_semaphore, "posix", 0, 0, 1, "ns", NULL},
	{"once.done", &once_done, &sync_pthread_once, "pthread", 0, 0, 1, "ns", NULL},
	{"mutex.apart", &mutex_apart, &sync_pthread_apart, "pthread", 0, 0, 1, "ns", NULL},
	{"mutex.contended", &mutex_fight, &sync_pthread_fight, "pthread", 1.2, 0, 1, "ns", &lesser_part},
	{"event.wake", &event_wake, &sync_futex_wake, "futex", 1.2, 0, 1e3, "us", &slow_ones},
	{"mutex.owner_death", &mutex_death, &sync_pthread_death, "pthread", 0, 1000, 1e3, "us", &slow_ones},
	{"condition.roundtrip", &condition_roundtrip, &sync_pthread_condition, "pthread", 0, 0, 1e3, "us",
		NULL},
	{"barrier.2", &barrier_for_two, &sync_pthread_barrier, "pthread", 0, 0, 1e3, "us", NULL},
};

static void open_act(sync_act *act, const sync_scene *scene, sync_stage *stage)
{
	*act = (sync_act){.scene = scene, .stage = stage, .repeats = REPEATS};
	scene->prepare(stage);
	if (scene->follow == NULL)
		return;
	act->partner = bench_partner_open(scene->follow, stage, 1);
	bench_stay_at(0);
}

/*
 * One slice.  When others took the processors away meanwhile it is done again, as long as there are repeats left: two that
 * are not on at the same time have nothing to do with each other.
 */
static double run_slice(void *argument)
{
	sync_act *act = argument;
	size_t noted = act->sample_count;
	double start, delay, took;

	if (act->partner == NULL)
		return act->scene->lead(act);
	for (;;) {
		act->sample_count = noted;
		start = bench_now();
		delay = bench_partner_delay(act->partner);
		took = act->scene->lead(act);
		delay = bench_partner_delay(act->partner) - delay;
		if (delay < TOLERATED * (bench_now() - start) || act->repeats == 0)
			return took;
		--act->repeats;
	}
}

/* Returns the median. */
static double print_side(const char *name, const sync_contest *contest, const bench_contestant *side,
	const sync_detail *detail)
{
	double median = bench_print_times(name, side, contest->nanoseconds, contest->unit);
	sync_act *act = side->self;
	char full[128];

	if (detail != NULL) {
		snprintf(full, sizeof full, "%s.%s", name, detail->what);
		bench_print(
			full, bench_quantile(act->samples, act->sample_count, detail->part), detail->unit);
	}
	return median;
}

static void print_contest(
	const sync_contest *contest, const bench_contestant *ours, const bench_contestant *rivals)
{
	double median = print_side(contest->name, contest, ours, contest->detail);
	char name[64];

	if (contest->target > 0)
		bench_print_target(contest->name, median, contest->target, contest->unit);
	snprintf(name, sizeof name, "%s.%s", contest->rival, contest->name);
	print_side(name, contest, rivals, contest->detail);
	snprintf(name, sizeof name, "%s/%s", contest->name, contest->rival);
	bench_print_ratio(name, ours, rivals, contest->ratio_target);
}

static void measure(const sync_contest *contest)
{
	static sync_act ours, rivals;
	sync_stage *our_stage = mproc_aligned_alloc(SYNC_LINE, sizeof *our_stage);
	bench_contestant contestants[] = {
		{.run = run_slice, .self = &ours},
		{.run = run_slice, .self = &rivals},
	};

	if (our_stage == NULL)
		bench_fail("no shared memory: %s", mproc_error_text());
	open_act(&ours, contest->ours, our_stage);
	open_act(&rivals, contest->rivals, bench_shared_memory(sizeof *rivals.stage));
	/* What two do together depends on where and when they meet. */
	bench_contest_in_slices(contestants, 2, contest->ours->follow == NULL ? 0 : 0.5);
	print_contest(contest, &contestants[0], &contestants[1]);
	bench_partner_close(ours.partner);
	bench_partner_close(rivals.partner);
	mproc_free(our_stage);
}

static double add_to_value(void *argument)
{
	int *value = argument;
	double start = bench_now();

	for (int i = 0; i < SYNC_PAIRS; ++i) {
		expect(mproc_value_lock(value, MPROC_FOREVER), 0, "mproc_value_lock");
		++*value;
		expect(mproc_value_unlock(value), 0, "mproc_value_unlock");
	}
	return (bench_now() - start) / SYNC_PAIRS;
}

static double add_in_python(void *python)
{
	char count[16];

	snprintf(count, sizeof count, "%d", PYTHON_ADDITIONS);
	return bench_peer_run(python, count) / PYTHON_ADDITIONS;
}

static void measure_value(void)
{
	bench_peer *python = bench_peer_open_python(PYTHON_ADDER);
	int *value = mproc_value_create(sizeof *value, NULL);
	bench_contestant contestants[] = {
		{.run = add_to_value, .self = value},
		{.run = add_in_python, .self = python},
	};

	if (value == NULL)
		bench_fail("no value: %s", mproc_error_text());
	bench_contest_in_slices(contestants, python == NULL ? 1 : 2, 0);
	bench_print_times("value.add", &contestants[0], 1, "ns");
	if (python == NULL) {
		fprintf(stderr, "value.add/python: left out, no python3 with multiprocessing\n");
	} else {
		bench_print_times("python.value.add", &contestants[1], 1, "ns");
		bench_print_ratio("value.add/python", &contestants[0], &contestants[1], VALUE_TARGET);
	}
	bench_peer_close(python);
	mproc_value_destroy(value);
}

int main(void)
{
	/* Before anybody is told on which processor to stay. */
	measure_value();
	for (size_t i = 0; i < sizeof contests / sizeof *contests; ++i)
		measure(&contests[i]);
	bench_print_others();
	return 0;
}
