/* SPDX-License-Identifier: MIT */
#include "sync_rivals.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/syscall.h>

static void expect(int rc, int expected, const char *what)
{
	if (rc != expected)
		bench_fail("%s: %s", what, strerror(rc));
}

static void init_mutex(void *mutex)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	expect(pthread_mutex_init(mutex, &attributes), 0, "pthread_mutex_init");
	pthread_mutexattr_destroy(&attributes);
}

static void prepare_mutex(sync_stage *stage)
{
	init_mutex(stage->object);
}

static void lock(void *mutex)
{
	expect(pthread_mutex_lock(mutex), 0, "pthread_mutex_lock");
}

static void inherit(void *mutex)
{
	expect(pthread_mutex_lock(mutex), EOWNERDEAD, "pthread_mutex_lock after a death");
	pthread_mutex_consistent(mutex);
}

static void unlock(void *mutex)
{
	expect(pthread_mutex_unlock(mutex), 0, "pthread_mutex_unlock");
}

static double lead_mutex(void *act)
{
	return sync_pairs(act, lock, unlock);
}

const sync_scene sync_pthread_mutex = {.prepare = prepare_mutex, .lead = lead_mutex};

static void prepare_two_mutexes(sync_stage *stage)
{
	init_mutex(stage->object);
	init_mutex(stage->mutex);
}

static double lead_apart(void *act)
{
	return sync_apart_lead(act, lock, unlock);
}

static void follow_apart(void *stage)
{
	sync_apart_follow(stage, lock, unlock);
}

const sync_scene sync_pthread_apart = {prepare_two_mutexes, lead_apart, follow_apart};

static double lead_fight(void *act)
{
	return sync_fight_lead(act, lock, unlock);
}

static void follow_fight(void *stage)
{
	sync_fight_follow(stage, lock, unlock);
}

const sync_scene sync_pthread_fight = {prepare_mutex, lead_fight, follow_fight};

static double lead_death(void *act)
{
	return sync_death_lead(act, lock);
}

static void follow_death(void *stage)
{
	sync_death_follow(stage, inherit, unlock);
}

const sync_scene sync_pthread_death = {prepare_mutex, lead_death, follow_death};

static _Atomic uint32_t *word_of(void *object)
{
	return object;
}

static void prepare_word(sync_stage *stage)
{
	atomic_store(word_of(stage->object), 0);
}

static void set_word(void *object)
{
	atomic_store(word_of(object), 1);
	syscall(SYS_futex, object, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void clear_word(void *object)
{
	atomic_store(word_of(object), 0);
}

static void wait_for_word(void *object)
{
	while (atomic_load(word_of(object)) == 0)
		syscall(SYS_futex, object, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static double lead_wake(void *act)
{
	return sync_wake_lead(act, set_word);
}

static void follow_wake(void *stage)
{
	sync_wake_follow(stage, clear_word, wait_for_word);
}

const sync_scene sync_futex_wake = {prepare_word, lead_wake, follow_wake};

static void prepare_semaphore(sync_stage *stage)
{
	sem_init((sem_t *)(void *)stage->object, true, 1);
}

static void acquire(void *semaphore)
{
	if (sem_wait(semaphore) < 0)
		bench_fail("sem_wait: %s", strerror(errno));
}

static void release(void *semaphore)
{
	if (sem_post(semaphore) < 0)
		bench_fail("sem_post: %s", strerror(errno));
}

static double lead_semaphore(void *act)
{
	return sync_pairs(act, acquire, release);
}

const sync_scene sync_posix_semaphore = {.prepare = prepare_semaphore, .lead = lead_semaphore};

static void prepare_once(sync_stage *stage)
{
	static const pthread_once_t fresh = PTHREAD_ONCE_INIT;

	memcpy(stage->object, &fresh, sizeof fresh);
}

static void do_nothing(void)
{
}

static void run_once(void *once)
{
	expect(pthread_once(once, do_nothing), 0, "pthread_once");
}

static double lead_once(void *act)
{
	return sync_pairs(act, run_once, run_once) / 2;
}

const sync_scene sync_pthread_once = {.prepare = prepare_once, .lead = lead_once};

static void prepare_condition(sync_stage *stage)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	expect(pthread_cond_init((pthread_cond_t *)(void *)stage->object, &attributes), 0,
		"pthread_cond_init");
	pthread_condattr_destroy(&attributes);
	init_mutex(stage->mutex);
}

static void notify(void *condition)
{
	expect(pthread_cond_signal(condition), 0, "pthread_cond_signal");
}

static void wait_for_condition(void *condition, void *mutex)
{
	expect(pthread_cond_wait(condition, mutex), 0, "pthread_cond_wait");
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
	sync_arrive(stage);
	sync_pass_to_and_fro(stage, 1, &condition);
}

const sync_scene sync_pthread_condition = {prepare_condition, lead_condition, follow_condition};

static void prepare_barrier(sync_stage *stage)
{
	pthread_barrierattr_t attributes;

	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	expect(pthread_barrier_init((pthread_barrier_t *)(void *)stage->object, &attributes, 2), 0,
		"pthread_barrier_init");
	pthread_barrierattr_destroy(&attributes);
}

static void wait_at_barrier(void *barrier)
{
	int rc = pthread_barrier_wait(barrier);

	expect(rc == PTHREAD_BARRIER_SERIAL_THREAD ? 0 : rc, 0, "pthread_barrier_wait");
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
	sync_arrive(stage);
	gather(stage);
}

const sync_scene sync_pthread_barrier = {prepare_barrier, lead_barrier, follow_barrier};
