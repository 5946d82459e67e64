/* SPDX-License-Identifier: MIT */
/*
 * sync_work.h - what is measured of locks and their like.
 *
 * The loops are here once, and are compiled into both sides, each with its own functions in place: sync_bench.c has ours,
 * sync_rivals.c pthread's and the kernel's.
 */
#ifndef BENCH_SYNC_WORK_H
#define BENCH_SYNC_WORK_H

#include "bench.h"
#include "partner.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SYNC_LINE = 64,
	/* How often a slice does what it measures. */
	SYNC_PAIRS = 100000,
	SYNC_WAKES = 30,
	SYNC_MEETINGS = 50,
	SYNC_DEATHS = 3,
	SYNC_SAMPLES = BENCH_ROUNDS * BENCH_SLICES * SYNC_WAKES,
};

/* How long two fight for a lock in a slice. */
static const double SYNC_FIGHT = 4e6;

/* What is shared, in the arena or in other shared memory, as it is found in neither's favour. */
typedef struct sync_stage {
	_Alignas(SYNC_LINE) char object[1024];
	/* The mutex of a condition, or the partner's own. */
	_Alignas(SYNC_LINE) char mutex[SYNC_LINE];
	/* Changed by who holds the lock. */
	_Alignas(SYNC_LINE) uint64_t counter;
	_Alignas(SYNC_LINE) _Atomic uint32_t arrived;
	_Atomic bool is_on, is_over;
	/* How often the partner is ready to sleep, and was woken; and when that was. */
	_Alignas(SYNC_LINE) _Atomic uint32_t ready;
	_Atomic uint32_t woken;
	double woken_at;
	/* What the partner did. */
	uint64_t count;
} sync_stage;

typedef struct sync_scene sync_scene;

/* Somebody who does a piece of work on a stage, with a partner where it takes two. */
typedef struct sync_act {
	const sync_scene *scene;
	sync_stage *stage;
	bench_partner *partner;
	/* What is said of single wakes, deaths and fights. */
	double samples[SYNC_SAMPLES];
	size_t sample_count;
	/* How many more slices may be done again. */
	unsigned repeats;
} sync_act;

/* A piece of work. */
struct sync_scene {
	void (*prepare)(sync_stage *stage);
	/* The benchmark's part, with a sync_act: one slice.  Returns nanoseconds each. */
	double (*lead)(void *act);
	/* The partner's part, with the stage; NULL for none. */
	bench_part *follow;
};

/* Everything that can be done to an object ends the program when it fails. */
typedef void sync_step(void *object);

static inline void sync_note(sync_act *act, double sample)
{
	if (act->sample_count < SYNC_SAMPLES)
		act->samples[act->sample_count++] = sample;
}

static inline void sync_await(_Atomic uint32_t *number, uint32_t expected)
{
	while (atomic_load(number) != expected)
		sched_yield();
}

/* Tell the partner to begin, once it is there. */
static inline void sync_begin(sync_act *act)
{
	sync_stage *stage = act->stage;

	stage->is_on = stage->is_over = false;
	stage->arrived = 0;
	bench_partner_start(act->partner);
	sync_await(&stage->arrived, 1);
	stage->is_on = true;
}

/* The partner is there, and waits for the other one. */
static inline void sync_arrive(sync_stage *stage)
{
	stage->arrived = 1;
	while (!stage->is_on)
		sched_yield();
}

/* Two calls that belong together, without anybody else. */
static inline __attribute__((always_inline)) double sync_pairs(
	sync_act *act, sync_step *first, sync_step *second)
{
	void *object = act->stage->object;
	double start = bench_now();

	for (int i = 0; i < SYNC_PAIRS; ++i) {
		first(object);
		second(object);
	}
	return (bench_now() - start) / SYNC_PAIRS;
}

/* Both lock and unlock as fast as they can for a while.  Notes the lesser part, in percent. */
static inline __attribute__((always_inline)) double sync_fight_lead(
	sync_act *act, sync_step *lock, sync_step *unlock)
{
	enum {
		BETWEEN_LOOKS = 100
	};
	sync_stage *stage = act->stage;
	uint64_t count = 0, all;
	double start, took;

	stage->counter = 0;
	sync_begin(act);
	start = bench_now();
	do {
		for (int i = 0; i < BETWEEN_LOOKS; ++i) {
			lock(stage->object);
			++stage->counter;
			unlock(stage->object);
		}
		count += BETWEEN_LOOKS;
		took = bench_now() - start;
	} while (took < SYNC_FIGHT);
	stage->is_over = true;
	bench_partner_wait(act->partner);
	all = count + stage->count;
	if (stage->counter != all)
		bench_fail("a lock let two in: counted %llu of %llu", (unsigned long long)stage->counter,
			(unsigned long long)all);
	sync_note(act, 100.0 * (double)(count < stage->count ? count : stage->count) / (double)all);
	return took / (double)all;
}

static inline __attribute__((always_inline)) void sync_fight_follow(
	sync_stage *stage, sync_step *lock, sync_step *unlock)
{
	uint64_t count = 0;

	sync_arrive(stage);
	while (!atomic_load_explicit(&stage->is_over, memory_order_relaxed)) {
		lock(stage->object);
		++stage->counter;
		unlock(stage->object);
		++count;
	}
	stage->count = count;
}

/* As sync_pairs, while the partner does the same with an object of its own: what they share beside it shows. */
static inline __attribute__((always_inline)) double sync_apart_lead(
	sync_act *act, sync_step *lock, sync_step *unlock)
{
	double took;

	sync_begin(act);
	took = sync_pairs(act, lock, unlock);
	act->stage->is_over = true;
	bench_partner_wait(act->partner);
	return took;
}

static inline __attribute__((always_inline)) void sync_apart_follow(
	sync_stage *stage, sync_step *lock, sync_step *unlock)
{
	sync_arrive(stage);
	while (!atomic_load_explicit(&stage->is_over, memory_order_relaxed)) {
		lock(stage->mutex);
		unlock(stage->mutex);
	}
}

/* From just before somebody sets an event until who sleeps on it runs: the median.  Notes all, in microseconds. */
static inline __attribute__((always_inline)) double sync_wake_lead(sync_act *act, sync_step *set)
{
	sync_stage *stage = act->stage;
	double took[SYNC_WAKES];

	stage->ready = stage->woken = 0;
	bench_partner_start(act->partner);
	for (uint32_t i = 1; i <= SYNC_WAKES; ++i) {
		double start;

		sync_await(&stage->ready, i);
		bench_partner_await_sleep(act->partner);
		start = bench_now();
		set(stage->object);
		sync_await(&stage->woken, i);
		took[i - 1] = stage->woken_at - start;
		sync_note(act, took[i - 1] / 1e3);
	}
	bench_partner_wait(act->partner);
	return bench_quantile(took, SYNC_WAKES, 0.5);
}

static inline __attribute__((always_inline)) void sync_wake_follow(
	sync_stage *stage, sync_step *clear, sync_step *wait)
{
	for (uint32_t i = 1; i <= SYNC_WAKES; ++i) {
		clear(stage->object);
		atomic_store(&stage->ready, i);
		wait(stage->object);
		stage->woken_at = bench_now();
		atomic_store(&stage->woken, i);
	}
}

/* The same from just before a holder is killed until who sleeps in the call to lock holds the lock. */
static inline __attribute__((always_inline)) double sync_death_lead(sync_act *act, sync_step *lock)
{
	sync_stage *stage = act->stage;
	double took[SYNC_DEATHS];

	for (int i = 0; i < SYNC_DEATHS; ++i) {
		double start;
		pid_t holder;

		stage->ready = 0;
		holder = bench_fork();
		if (holder == 0) {
			lock(stage->object);
			atomic_store(&stage->ready, 1);
			for (;;)
				pause();
		}
		sync_await(&stage->ready, 1);
		bench_partner_start(act->partner);
		sync_await(&stage->ready, 2);
		bench_partner_await_sleep(act->partner);
		start = bench_now();
		kill(holder, SIGKILL);
		bench_partner_wait(act->partner);
		took[i] = stage->woken_at - start;
		sync_note(act, took[i] / 1e3);
		waitpid(holder, NULL, 0);
	}
	return bench_quantile(took, SYNC_DEATHS, 0.5);
}

/* @inherit locks, and ends the program when the last holder did not die. */
static inline __attribute__((always_inline)) void sync_death_follow(
	sync_stage *stage, sync_step *inherit, sync_step *unlock)
{
	atomic_store(&stage->ready, 2);
	inherit(stage->object);
	stage->woken_at = bench_now();
	unlock(stage->object);
}

/* One after the other, to and fro: nanoseconds for there and back. */
static inline __attribute__((always_inline)) double sync_meet_lead(sync_act *act, bench_part *take_turns)
{
	sync_stage *stage = act->stage;
	double start;

	stage->counter = 0;
	sync_begin(act);
	start = bench_now();
	take_turns(stage);
	bench_partner_wait(act->partner);
	return (bench_now() - start) / SYNC_MEETINGS;
}

/* A turn is who is to go on, 0 or 1, in the counter. */
typedef struct sync_condition_kind {
	sync_step *lock, *unlock, *notify;
	void (*wait)(void *condition, void *mutex);
} sync_condition_kind;

static inline __attribute__((always_inline)) void sync_pass_to_and_fro(
	sync_stage *stage, uint64_t own, const sync_condition_kind *kind)
{
	for (int i = 0; i < SYNC_MEETINGS; ++i) {
		kind->lock(stage->mutex);
		while (stage->counter != own)
			kind->wait(stage->object, stage->mutex);
		stage->counter = !own;
		kind->unlock(stage->mutex);
		kind->notify(stage->object);
	}
}

static inline __attribute__((always_inline)) void sync_gather(sync_stage *stage, sync_step *wait)
{
	for (int i = 0; i < SYNC_MEETINGS; ++i)
		wait(stage->object);
}

#endif
