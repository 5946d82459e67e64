/* SPDX-License-Identifier: MIT */
#include "cache_bench.h"
#include "partner.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PROCESSES = 8,
	KEYS = 50,
	/* Nanoseconds that a computation takes, so that all are there before it has ended. */
	COMPUTATION = 5000000,
};

/* Shared. */
typedef struct cache_crowd {
	/* For each key. */
	pthread_barrier_t start;
	atomic_int computations[KEYS];
} cache_crowd;

static int compute_slowly(const void *arguments, size_t size, mproc_cache_result *result, void *argument)
{
	cache_crowd *crowd = argument;
	uint64_t number;

	(void)size;
	memcpy(&number, arguments, sizeof number);
	atomic_fetch_add(&crowd->computations[number], 1);
	nanosleep(&(struct timespec){.tv_nsec = COMPUTATION}, NULL);
	cache_work_fill(number, mproc_cache_result_room(result, CACHE_SMALL));
	return 0;
}

/* In a process of its own. */
static _Noreturn void take_part(cache_crowd *crowd)
{
	mproc_cache *cache = cache_open("once", 0);

	for (uint64_t number = 0; number < KEYS; ++number) {
		mproc_cache_key key = {"slow", 1, &number, sizeof number};
		mproc_cache_value value;

		pthread_barrier_wait(&crowd->start);
		cache_expect(mproc_cache_call(cache, &key, compute_slowly, crowd, MPROC_FOREVER, &value),
			"mproc_cache_call");
		if (!cache_work_is_right(number, value.bytes, value.size))
			bench_fail("once: a wrong result");
		mproc_cache_value_free(&value);
	}
	mproc_cache_close(cache);
	_exit(EXIT_SUCCESS);
}

static cache_crowd *make_crowd(void)
{
	cache_crowd *crowd = bench_shared_memory(sizeof *crowd);
	pthread_barrierattr_t attributes;

	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&crowd->start, &attributes, PROCESSES);
	pthread_barrierattr_destroy(&attributes);
	return crowd;
}

void cache_bench_once(void)
{
	cache_crowd *crowd = make_crowd();
	pid_t pids[PROCESSES];
	int most = 0, status;

	for (int i = 0; i < PROCESSES; ++i) {
		pids[i] = bench_fork();
		if (pids[i] == 0)
			take_part(crowd);
	}
	for (int i = 0; i < PROCESSES; ++i) {
		if (waitpid(pids[i], &status, 0) != pids[i] || status != 0)
			bench_fail("once: a process has failed");
	}
	for (int i = 0; i < KEYS; ++i)
		most = crowd->computations[i] > most ? crowd->computations[i] : most;
	bench_print("cache.once", most, "calls");
	bench_print_target("cache.once", most, 1, "calls");
}
