/* SPDX-License-Identifier: MIT */
/*
 * pool_bench - what a pool costs beyond map_bench: while it is idle, when a worker is killed, in chunks of whatever size, with
 * however many items and workers, and for single tasks and streams.
 */
#include "pool_bench.h"

#include "bench.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_WORKERS = 1024,
	/* Of replacements. */
	MOST_SAMPLES = (BENCH_ROUNDS + 1) * BENCH_SLICES,
	IDLE_SECONDS = 2,
};

/* Nanoseconds for an idle pool to come to rest. */
static const long SETTLING = 50000000;

void pool_bench_expect(int rc, const char *what)
{
	if (rc != 0)
		bench_fail("%s: %d, %s", what, rc, mproc_error_text());
}

mproc_pool *pool_bench_open(unsigned workers)
{
	mproc_pool *pool;

	pool_bench_expect(
		mproc_pool_open(&(mproc_pool_options){.workers = workers}, &pool), "mproc_pool_open");
	return pool;
}

/* The processes of a pool, in the arena. */
typedef struct pool_staff {
	pid_t nursery;
	_Atomic int count;
	pid_t workers[MAX_WORKERS];
} pool_staff;

/* An initializer. */
static int note_pid(void *argument)
{
	pool_staff *staff = argument;

	/* All of them store the same. */
	staff->nursery = getppid();
	staff->workers[atomic_fetch_add(&staff->count, 1)] = getpid();
	return 0;
}

/* Nanoseconds of processor time that a process has had; negative where the kernel does not say. */
static double processor_time(pid_t pid)
{
	char path[64];
	double time = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
	file = fopen(path, "r");
	if (file == NULL)
		return -1;
	if (fscanf(file, "%lf", &time) != 1)
		time = -1;
	fclose(file);
	return time;
}

static double processor_time_of_all(const pool_staff *staff)
{
	double sum = processor_time(staff->nursery);

	for (int i = 0; i < staff->count && sum >= 0; ++i) {
		double time = processor_time(staff->workers[i]);

		sum = time < 0 ? -1 : sum + time;
	}
	return sum;
}

static void rest(time_t seconds, long nanoseconds)
{
	clock_nanosleep(
		CLOCK_MONOTONIC, 0, &(struct timespec){.tv_sec = seconds, .tv_nsec = nanoseconds}, NULL);
}

static int do_nothing(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return 0;
}

/* Nursery and workers of a pool that has worked once. */
static void measure_idle(void)
{
	pool_staff *staff = mproc_calloc(1, sizeof *staff);
	mproc_pool *pool;
	double before, spent;

	if (staff == NULL)
		bench_fail("no shared memory: %s", mproc_error_text());
	pool_bench_expect(
		mproc_pool_open(&(mproc_pool_options){.initializer = note_pid, .argument = staff}, &pool),
		"mproc_pool_open");
	pool_bench_expect(mproc_pool_map(pool, do_nothing, NULL, 0, 1000, NULL, 0, NULL), "mproc_pool_map");
	rest(0, SETTLING);
	before = processor_time_of_all(staff);
	rest(IDLE_SECONDS, 0);
	spent = (processor_time_of_all(staff) - before) / IDLE_SECONDS;
	mproc_pool_close(pool);
	mproc_free(staff);
	if (before <= 0) {
		fprintf(stderr, "pool.idle: left out, there is no /proc/<pid>/schedstat\n");
		return;
	}
	bench_print("pool.idle", spent / 1e3, "us/s");
	bench_print_target("pool.idle", spent / 1e3, 0, "us/s");
}

/* When a worker was killed and when the next one worked, in the arena; and what is known of all of them. */
typedef struct replacement_times {
	double killed, replaced;
	size_t count;
	double samples[MOST_SAMPLES];
} replacement_times;

typedef struct replacement {
	mproc_pool *pool;
	replacement_times *times;
} replacement;

static int die(const void *item, void *result, mproc_task *task)
{
	replacement_times *times = (replacement_times *)(uintptr_t)item;

	(void)result;
	(void)task;
	times->killed = bench_now();
	kill(getpid(), SIGKILL);
	return 0;
}

static int come_back(const void *item, void *result, mproc_task *task)
{
	replacement_times *times = (replacement_times *)(uintptr_t)item;

	(void)result;
	(void)task;
	times->replaced = bench_now();
	return 0;
}

static mproc_future *submit(const replacement *self, mproc_task_function *function)
{
	mproc_future *future;

	pool_bench_expect(mproc_pool_submit(self->pool, function, self->times, 0, 0, NULL, &future),
		"mproc_pool_submit");
	return future;
}

static double replace(void *argument)
{
	const replacement *self = argument;
	replacement_times *times = self->times;
	mproc_future *death = submit(self, die), *next = submit(self, come_back);
	mproc_outcome outcome;

	pool_bench_expect(mproc_future_get(next, MPROC_FOREVER, NULL, NULL), "mproc_future_get");
	outcome = mproc_future_outcome(death);
	if (outcome.ending != MPROC_ENDING_SIGNAL || outcome.code != SIGKILL)
		bench_fail("a task that killed its worker ended with %d, %d", outcome.ending, outcome.code);
	mproc_future_close(death);
	mproc_future_close(next);
	times->samples[times->count] = times->replaced - times->killed;
	return times->samples[times->count++];
}

/* One worker, so that the task in line must wait for the new one. */
static void measure_replacement(void)
{
	replacement self = {.pool = pool_bench_open(1), .times = mproc_calloc(1, sizeof *self.times)};
	bench_contestant ours = {.run = replace, .self = &self};

	if (self.times == NULL)
		bench_fail("no shared memory: %s", mproc_error_text());
	bench_contest_in_slices(&ours, 1, 0.5);
	bench_print_times("pool.replacement", &ours, 1e3, "us");
	bench_print("pool.replacement.p99",
		bench_quantile(self.times->samples, self.times->count, 0.99) / 1e3, "us");
	mproc_pool_close(self.pool);
	mproc_free(self.times);
}

int main(void)
{
	measure_idle();
	measure_replacement();
	pool_bench_chunks();
	pool_bench_lines();
	pool_bench_tasks();
	bench_print_others();
	return 0;
}
