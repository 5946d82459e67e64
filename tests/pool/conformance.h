/* SPDX-License-Identifier: MIT */
/*
 * conformance.h - what a pool does whatever its workers are.
 *
 * conformance_<backend>_test.c runs all of it on one backend; the tests lie in conformance_<subject>.c.  Some need workers
 * that are there while the caller does something else, some need workers that can be killed.
 *
 * What a test and its tasks share is on the board: workers that are processes see nothing else.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include "pool_helpers.h"

#include <stdatomic.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool IS_SANITIZED = true;
#else
static const bool IS_SANITIZED = false;
#endif

enum {
	WORKERS = 3,
	MOST_NUMBERS = 1024,
};

/* The backend of this program. */
extern mproc_backend backend;

/* In the arena, new for each test. */
typedef struct noticeboard {
	/* Tasks say here that they have come, and wait until they are let through. */
	mproc_semaphore ready, gate;
	/* The process of the test. */
	pid_t test;
	_Atomic int count;
	_Atomic int numbers[MOST_NUMBERS];
} noticeboard;

extern noticeboard *board;

/* Run the suite.  Returns what main returns. */
int run_conformance(const char *name, mproc_backend which);

/* The parts of the suite; each adds its tests. */
void add_cached(void);
void add_endings(void);
void add_futures(void);
void add_initializers(void);
void add_interrupts(void);
void add_many_futures(void);
void add_map_options(void);
void add_maps(void);
void add_maps_in_parts(void);
void add_maps_on_the_way(void);
void add_reductions(void);
void add_refusals(void);
void add_returned(void);
void add_sharing(void);
void add_streams(void);
void add_task_options(void);
void add_timeouts(void);
void add_workers(void);

/* For every backend. */
void add_tests(const TTest *const *tests);

/* The same, and the tests fork. */
void add_forking_tests(const TTest *const *tests);

/* For workers that are there while the caller does something else: processes and threads. */
void add_concurrent_tests(const TTest *const *tests);

/* For workers that are processes. */
void add_process_tests(const TTest *const *tests);

/* Open a pool of this backend. */
mproc_pool *open_pool(unsigned workers);
mproc_pool *open_with(mproc_pool_options options);

/* Submit a task without an argument, or with one. */
mproc_future *submit(mproc_pool *pool, mproc_task_function *function);
mproc_future *submit_with(mproc_pool *pool, mproc_task_function *function, const void *argument, size_t size,
	size_t result_size, const mproc_task_options *options);

/* Wait for a future, and close it.  Returns how it ended. */
mproc_outcome finish(mproc_future *future);

/* For tests: what is done at the board. */
void await_ready(int count);
void let_through(int count);

mproc_pool_usage usage_of(mproc_pool *pool);

/* Tasks. */
int do_nothing(const void *item, void *result, mproc_task *task);
int fail_always(const void *item, void *result, mproc_task *task);
/* Tells ready, and waits at the gate. */
int wait_at_gate(const void *item, void *result, mproc_task *task);
/* Tells ready, and does not end before it is cancelled; then it returns -ECANCELED. */
int wait_for_cancel(const void *item, void *result, mproc_task *task);
/* Tells ready, and never ends. */
int hang(const void *item, void *result, mproc_task *task);
/* Adds 1 to the count. */
int count_call(const void *item, void *result, mproc_task *task);
/* Adds 1 to the number of its index. */
int count_index(const void *item, void *result, mproc_task *task);
/* Fails as long as its attempt is less than 3. */
int succeed_at_attempt_3(const void *item, void *result, mproc_task *task);
/* result: size_t, the index. */
int give_index(const void *item, void *result, mproc_task *task);

#define assert_outcome(outcome, how, with)                 \
	do {                                               \
		mproc_outcome its_outcome = (outcome);     \
		ck_assert_int_eq(its_outcome.ending, how); \
		ck_assert_int_eq(its_outcome.code, with);  \
	} while (0)

#define assert_refused(call, code, text)                    \
	do {                                                \
		ck_assert_int_eq(call, code);               \
		ck_assert_str_eq(mproc_error_text(), text); \
	} while (0)

#endif
