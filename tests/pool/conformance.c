/* SPDX-License-Identifier: MIT */
#include "conformance.h"

enum {
	MOST_TESTS = 256,
};

mproc_backend backend;
noticeboard *board;

typedef struct list {
	const TTest *tests[MOST_TESTS + 1];
	size_t count;
} list;

static list all, forking;
static int blocks_before;

static void append(list *to, const TTest *const *more)
{
	for (; *more != NULL && to->count < MOST_TESTS; ++more)
		to->tests[to->count++] = *more;
	if (*more != NULL)
		abort();
}

static bool are_processes(void)
{
	return backend == MPROC_BACKEND_PROCESSES;
}

void add_tests(const TTest *const *tests)
{
	append(are_processes() ? &forking : &all, tests);
}

void add_forking_tests(const TTest *const *tests)
{
	append(&forking, tests);
}

void add_concurrent_tests(const TTest *const *tests)
{
	if (backend != MPROC_BACKEND_SERIAL)
		add_tests(tests);
}

void add_process_tests(const TTest *const *tests)
{
	if (are_processes())
		add_tests(tests);
}

/* ---- what tests do ---- */

mproc_pool *open_with(mproc_pool_options options)
{
	mproc_pool *pool = NULL;

	options.backend = backend;
	assert_ok(mproc_pool_open(&options, &pool));
	return pool;
}

mproc_pool *open_pool(unsigned workers)
{
	return open_with((mproc_pool_options){.workers = workers});
}

mproc_future *submit_with(mproc_pool *pool, mproc_task_function *function, const void *argument, size_t size,
	size_t result_size, const mproc_task_options *options)
{
	mproc_future *future = NULL;

	assert_ok(mproc_pool_submit(pool, function, argument, size, result_size, options, &future));
	return future;
}

mproc_future *submit(mproc_pool *pool, mproc_task_function *function)
{
	return submit_with(pool, function, NULL, 0, 0, NULL);
}

mproc_outcome finish(mproc_future *future)
{
	mproc_outcome outcome;

	assert_ok(mproc_future_wait(future, MPROC_FOREVER));
	outcome = mproc_future_outcome(future);
	ck_assert_ptr_null(mproc_future_close(future));
	return outcome;
}

void await_ready(int count)
{
	while (count-- > 0)
		assert_ok(mproc_semaphore_acquire(&board->ready, MPROC_FOREVER));
}

void let_through(int count)
{
	assert_ok(mproc_semaphore_release(&board->gate, (uint32_t)count));
}

mproc_pool_usage usage_of(mproc_pool *pool)
{
	mproc_pool_usage usage;

	assert_ok(mproc_pool_stats(pool, &usage));
	return usage;
}

/* ---- tasks ---- */

int do_nothing(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return 0;
}

int fail_always(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return -EIO;
}

int wait_at_gate(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	mproc_semaphore_release(&board->ready, 1);
	return mproc_semaphore_acquire(&board->gate, MPROC_FOREVER);
}

int wait_for_cancel(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	mproc_semaphore_release(&board->ready, 1);
	while (!mproc_task_cancelled(task))
		pause_shortly();
	return -ECANCELED;
}

int hang(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	mproc_semaphore_release(&board->ready, 1);
	for (;;)
		pause();
	return 0;
}

int count_call(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	++board->count;
	return 0;
}

int count_index(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	++board->numbers[mproc_task_index(task)];
	return 0;
}

int succeed_at_attempt_3(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_attempt(task) < 3 ? -EIO : 0;
}

int give_index(const void *item, void *result, mproc_task *task)
{
	(void)item;
	*(size_t *)result = mproc_task_index(task);
	return 0;
}

/* ---- around each test ---- */

static void prepare(void)
{
	board = mproc_calloc(1, sizeof *board);
	ck_assert_ptr_nonnull(board);
	board->test = getpid();
	assert_ok(mproc_semaphore_init(&board->ready, 0, NULL));
	assert_ok(mproc_semaphore_init(&board->gate, 0, NULL));
	blocks_before = count_blocks();
}

static void check_traces(void)
{
	ck_assert_int_eq(count_blocks(), blocks_before);
	mproc_semaphore_destroy(&board->ready);
	mproc_semaphore_destroy(&board->gate);
	ck_assert_int_eq(mproc_free(board), 0);
}

static void add_everything(void)
{
	add_cached();
	add_endings();
	add_futures();
	add_initializers();
	add_interrupts();
	add_many_futures();
	add_map_options();
	add_maps();
	add_maps_in_parts();
	add_maps_on_the_way();
	add_reductions();
	add_refusals();
	add_returned();
	add_sharing();
	add_streams();
	add_task_options();
	add_timeouts();
	add_workers();
}

int run_conformance(const char *name, mproc_backend which)
{
	const support_suite suite = {
		.name = name,
		.tests = all.tests,
		.process_tests = forking.tests,
		.warm_up = open_lasting_things,
		.setup = prepare,
		.teardown = check_traces,
	};

	backend = which;
	add_everything();
	return support_run_suite(&suite);
}
