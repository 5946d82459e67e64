/* SPDX-License-Identifier: MIT */
#include "roundtrip.h"

#include "bench.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	TRIPS = 10
};

/*
 * In nanoseconds, the time between when somebody is first seen asleep and when it is woken: longer than what may look like sleep, a
 * rest of a queue's consumer.
 */
static const double FIRM_SLEEP = 500e3;

/* In shared memory. */
typedef struct roundtrip_stage {
	pid_t leader;
	/* How often the partner has gone to wait. */
	_Atomic int ready;
	/* When the partner was woken, and when it answered. */
	double got_at, answered_at;
} roundtrip_stage;

static void rest_awake(double nanoseconds)
{
	double end = bench_now() + nanoseconds;

	while (bench_now() < end)
		;
}

static void await_firm_sleep(pid_t pid)
{
	bench_await_sleep(pid);
	rest_awake(FIRM_SLEEP);
	bench_await_sleep(pid);
}

static void answer(void *argument)
{
	const roundtrip *self = argument;
	roundtrip_stage *stage = self->stage;

	for (int i = 1; i <= TRIPS; ++i) {
		atomic_store(&stage->ready, i);
		self->kind->get(self->there);
		stage->got_at = bench_now();
		await_firm_sleep(stage->leader);
		stage->answered_at = bench_now();
		self->kind->put(self->back);
	}
}

void roundtrip_open(roundtrip *self)
{
	self->stage = bench_shared_memory(sizeof *self->stage);
	self->stage->leader = getpid();
	self->partner = bench_partner_open(answer, self, 1);
	bench_stay_at(0);
}

void roundtrip_close(roundtrip *self)
{
	self->partner = bench_partner_close(self->partner);
	munmap(self->stage, sizeof *self->stage);
}

static void await_ready(roundtrip_stage *stage, int turn)
{
	while (atomic_load(&stage->ready) != turn)
		sched_yield();
}

/* Both halves, each from just before the message is put until the other one runs. */
static double go_there_and_back(const roundtrip *self)
{
	double put_at;

	bench_partner_await_sleep(self->partner);
	rest_awake(FIRM_SLEEP);
	bench_partner_await_sleep(self->partner);
	put_at = bench_now();
	self->kind->put(self->there);
	self->kind->get(self->back);
	return self->stage->got_at - put_at + bench_now() - self->stage->answered_at;
}

double roundtrip_run(void *argument)
{
	const roundtrip *self = argument;
	double took[TRIPS];

	self->stage->ready = 0;
	bench_partner_start(self->partner);
	for (int i = 1; i <= TRIPS; ++i) {
		await_ready(self->stage, i);
		took[i - 1] = go_there_and_back(self);
	}
	bench_partner_wait(self->partner);
	return bench_quantile(took, TRIPS, 0.5);
}

static void put_word(void *way)
{
	_Atomic uint32_t *word = way;

	atomic_store(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void get_word(void *way)
{
	_Atomic uint32_t *word = way;

	while (atomic_load(word) == 0)
		syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0);
	atomic_store(word, 0);
}

const roundtrip_kind roundtrip_futex = {put_word, get_word};
