/* SPDX-License-Identifier: MIT */
/*
 * Whatever a pool is asked for that it cannot do, each call says why: a pool that has failed, one that has got all it can have, and
 * a process that can get nothing more from the kernel.
 */
#include "family/bell.h"
#include "people.h"
#include "pool_helpers.h"
#include "sys/kernel_fixture.h"

static mproc_pool *pool;

/* Only there with AddressSanitizer, which ends a process that gets no memory. */
extern void __asan_init(void) __attribute__((weak));

static int do_nothing(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return 0;
}

static int wait_for_cancel(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	while (!mproc_task_cancelled(task))
		usleep(1000);
	return -ECANCELED;
}

static void combine(void *total, const void *part, const void *context)
{
	(void)total;
	(void)part;
	(void)context;
}

static void open_pool(mproc_backend backend)
{
	assert_ok(mproc_pool_open(&(mproc_pool_options){.workers = 1, .backend = backend}, &pool));
}

static void close_pool(void)
{
	ck_assert_ptr_null(mproc_pool_terminate(pool));
}

/* What may be wrong with all of them alike. */
typedef struct wish {
	mproc_task_function *function;
	size_t result_size;
	double timeout;
	mproc_deadline deadline;
} wish;

static int map(const wish *it)
{
	const mproc_map_options options = {.timeout = it->timeout, .deadline = it->deadline};

	return mproc_pool_map(pool, it->function, NULL, 0, 1, NULL, 0, &options);
}

static int map_async(const wish *it)
{
	const mproc_map_options options = {.timeout = it->timeout, .deadline = it->deadline};
	static char results;
	mproc_future *future;
	int rc;

	rc = mproc_pool_map_async(pool, it->function, NULL, 0, 1, it->result_size > 0 ? &results : NULL,
		it->result_size, &options, NULL, NULL, &future);
	if (rc == 0)
		mproc_future_close(future);
	return rc;
}

static int reduce(const wish *it)
{
	const mproc_map_options options = {.timeout = it->timeout, .deadline = it->deadline};
	static char total[8];

	return mproc_pool_reduce(pool, it->function, combine, NULL, 0, 1, total,
		it->result_size > 0 ? it->result_size : sizeof total, &options);
}

static int apply(const wish *it)
{
	const mproc_task_options options = {.timeout = it->timeout, .deadline = it->deadline};
	static char result;

	return mproc_pool_apply(
		pool, it->function, NULL, 0, it->result_size > 0 ? &result : NULL, it->result_size, &options);
}

static int submit(const wish *it)
{
	const mproc_task_options options = {.timeout = it->timeout, .deadline = it->deadline};
	mproc_future *future;
	int rc;

	rc = mproc_pool_submit(pool, it->function, NULL, 0, it->result_size, &options, &future);
	if (rc == 0)
		mproc_future_close(future);
	return rc;
}

static int imap(const wish *it)
{
	const mproc_imap_options options = {.timeout = it->timeout, .deadline = it->deadline};
	mproc_stream *stream;
	int rc;

	rc = mproc_pool_imap(pool, it->function, NULL, 0, 1, it->result_size, &options, &stream);
	if (rc == 0)
		mproc_stream_close(stream);
	return rc;
}

/* 256 functions that are not the same. */
#define FUNCTION(name)                                                              \
	static int name(const void *item, void *result, mproc_task *task)           \
	{                                                                           \
		(void)item;                                                         \
		(void)result;                                                       \
		return mproc_task_attempt(task) == sizeof #name + __LINE__ ? 1 : 0; \
	}
#define FOUR(name)       FUNCTION(name##0) FUNCTION(name##1) FUNCTION(name##2) FUNCTION(name##3)
#define SIXTEEN(name)    FOUR(name##0) FOUR(name##1) FOUR(name##2) FOUR(name##3)
#define SIXTY_FOUR(name) SIXTEEN(name##0) SIXTEEN(name##1) SIXTEEN(name##2) SIXTEEN(name##3)

SIXTY_FOUR(a)
SIXTY_FOUR(b)
SIXTY_FOUR(c)
SIXTY_FOUR(d)

#define FOUR_NAMES(name)    name##0, name##1, name##2, name##3,
#define SIXTEEN_NAMES(name) FOUR_NAMES(name##0) FOUR_NAMES(name##1) FOUR_NAMES(name##2) FOUR_NAMES(name##3)
#define SIXTY_FOUR_NAMES(name) \
	SIXTEEN_NAMES(name##0) SIXTEEN_NAMES(name##1) SIXTEEN_NAMES(name##2) SIXTEEN_NAMES(name##3)

static mproc_task_function *const many[] = {
	SIXTY_FOUR_NAMES(a) SIXTY_FOUR_NAMES(b) SIXTY_FOUR_NAMES(c) SIXTY_FOUR_NAMES(d)};

START_TEST(one_function_too_many_is_refused)
{
	const wish it = {.function = do_nothing};

	open_pool(MPROC_BACKEND_PROCESSES);
	for (size_t i = 0; i < sizeof many / sizeof *many; ++i)
		assert_ok(map(&(wish){.function = many[i]}));
	ck_assert_int_eq(map(&it), -ENOSPC);
	ck_assert_int_eq(map_async(&it), -ENOSPC);
	ck_assert_int_eq(reduce(&it), -ENOSPC);
	ck_assert_int_eq(apply(&it), -ENOSPC);
	ck_assert_int_eq(submit(&it), -ENOSPC);
	ck_assert_int_eq(imap(&it), -ENOSPC);
	close_pool();
}
END_TEST

START_TEST(results_that_no_arena_holds_are_refused)
{
	const wish it = {.function = do_nothing, .result_size = (size_t)1 << 40};

	open_pool(MPROC_BACKEND_PROCESSES);
	ck_assert_int_eq(map_async(&it), -ENOMEM);
	ck_assert_int_eq(reduce(&it), -ENOMEM);
	ck_assert_int_eq(apply(&it), -ENOMEM);
	ck_assert_int_eq(submit(&it), -ENOMEM);
	ck_assert_int_eq(imap(&it), -ENOMEM);
	ck_assert_msg(strstr(mproc_error_text(), "1099511627776 bytes") != NULL, "%s", mproc_error_text());
	close_pool();
}
END_TEST

START_TEST(threads_have_no_timeout)
{
	const wish it = {.function = do_nothing, .timeout = 1};

	open_pool(MPROC_BACKEND_THREADS);
	ck_assert_int_eq(map_async(&it), -ENOTSUP);
	ck_assert_int_eq(reduce(&it), -ENOTSUP);
	ck_assert_int_eq(apply(&it), -ENOTSUP);
	ck_assert_int_eq(submit(&it), -ENOTSUP);
	ck_assert_int_eq(imap(&it), -ENOTSUP);
	close_pool();
}
END_TEST

START_TEST(calls_that_wait_end_at_their_deadline)
{
	const wish it = {.function = wait_for_cancel, .deadline = mproc_after(0.05)};

	open_pool(MPROC_BACKEND_PROCESSES);
	ck_assert_int_eq(reduce(&it), -ETIMEDOUT);
	ck_assert_int_eq(map(&it), -ETIMEDOUT);
	close_pool();
}
END_TEST

START_TEST(more_items_than_can_be_counted_are_refused)
{
	mproc_future *future;
	char item;

	open_pool(MPROC_BACKEND_PROCESSES);
	ck_assert_int_eq(mproc_pool_map_async(pool, do_nothing, &item, SIZE_MAX / 2, 3, NULL, 0, NULL, NULL,
				 NULL, &future),
		-EOVERFLOW);
	close_pool();
}
END_TEST

/* All maps that a pool can have, with one that does not end. */
enum {
	MOST_MAPS = 16,
};

static void fill_with_maps(mproc_future *futures[MOST_MAPS])
{
	for (int i = 0; i < MOST_MAPS; ++i)
		assert_ok(mproc_pool_map_async(
			pool, wait_for_cancel, NULL, 0, 1, NULL, 0, NULL, NULL, NULL, &futures[i]));
}

START_TEST(a_map_too_many_waits_until_its_deadline_or_an_interrupt)
{
	mproc_future *futures[MOST_MAPS];
	wish it = {.function = do_nothing, .deadline = mproc_after(0.05)};

	open_pool(MPROC_BACKEND_PROCESSES);
	fill_with_maps(futures);
	ck_assert_int_eq(map_async(&it), -ETIMEDOUT);
	mproc_interrupt();
	it.deadline = MPROC_FOREVER;
	ck_assert_int_eq(map_async(&it), -EINTR);
	for (int i = 0; i < MOST_MAPS; ++i) {
		mproc_future_cancel(futures[i], 0);
		mproc_future_close(futures[i]);
	}
	close_pool();
}
END_TEST

/* All tasks that a pool can have in line. */
enum {
	MOST_TASKS = 16384,
};

START_TEST(a_task_too_many_waits_until_its_deadline)
{
	static mproc_future *futures[MOST_TASKS + 1];
	wish it = {.function = do_nothing};

	open_pool(MPROC_BACKEND_PROCESSES);
	for (int i = 0; i <= MOST_TASKS; ++i) {
		assert_ok(mproc_pool_submit(pool, wait_for_cancel, NULL, 0, 0, NULL, &futures[i]));
		/* The one that runs is in line no more. */
		while (i == 0 && mproc_future_running(futures[0]) == 0)
			sched_yield();
	}
	it.deadline = mproc_after(0.05);
	ck_assert_int_eq(submit(&it), -ETIMEDOUT);
	ck_assert_int_eq(apply(&it), -ETIMEDOUT);
	for (int i = 0; i <= MOST_TASKS; ++i)
		mproc_future_close(futures[i]);
	close_pool();
}
END_TEST

/* What the kernel refuses, in a process of its own. */

typedef struct refusal {
	long call;
	int code;
} refusal;

static int tell_descriptor(void *argument)
{
	const refusal *it = argument;

	open_pool(MPROC_BACKEND_PROCESSES);
	if (it->call == 0)
		limit(RLIMIT_NOFILE, 0);
	else
		refuse_call((unsigned)it->call, (unsigned)it->code);
	return mproc_pool_fd(pool);
}

START_TEST(descriptor_for_an_event_loop_is_refused)
{
	refusal refusals[] = {{0, EMFILE}, {SYS_pipe2, ENFILE}, {SYS_epoll_create1, ENOMEM}};

	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; ++i)
		ck_assert_int_eq(support_reap(support_fork(tell_descriptor, &refusals[i])), refusals[i].code);
}
END_TEST

static int tell_undumpable(void *unused)
{
	(void)unused;
	open_pool(MPROC_BACKEND_PROCESSES);
	prctl(PR_SET_DUMPABLE, 0);
	return mproc_pool_fd(pool);
}

static int tell_without_proc(void *unused)
{
	(void)unused;
	/* Only root can; there is no /usr/proc. */
	if (geteuid() != 0)
		return -ENOENT;
	open_pool(MPROC_BACKEND_PROCESSES);
	return chroot("/usr") != 0 ? -errno : mproc_pool_fd(pool);
}

START_TEST(descriptor_is_refused_where_workers_could_not_reach_it)
{
	ck_assert_int_eq(support_reap(support_fork(tell_undumpable, NULL)), EACCES);
	ck_assert_int_eq(support_reap(support_fork(tell_without_proc, NULL)), ENOENT);
}
END_TEST

START_TEST(descriptor_is_refused_when_the_family_has_no_room)
{
	mproci_bell bell;
	uint32_t watcher;

	open_pool(MPROC_BACKEND_PROCESSES);
	ck_assert_int_eq(mproci_bell_open(&bell), 0);
	for (int i = 0; i < MPROCI_WATCHERS; ++i)
		ck_assert_int_eq(mproci_watcher_add(&bell, &bell, &watcher), 0);
	ck_assert_int_eq(mproc_pool_fd(pool), -EAGAIN);
	for (uint32_t i = 0; i < MPROCI_WATCHERS; ++i)
		mproci_watcher_remove(i);
	mproci_bell_close(&bell);
	close_pool();
}
END_TEST

/* Threads: clone3, or clone where that is older. */
static int grow_pool(void *unused)
{
	(void)unused;
	open_pool(MPROC_BACKEND_THREADS);
	refuse_call(SYS_clone3, EAGAIN);
	refuse_call(SYS_clone, EAGAIN);
	return mproc_pool_resize(pool, 7);
}

START_TEST(a_pool_gets_no_more_threads_than_the_kernel_gives)
{
	ck_assert_int_eq(support_reap(support_fork(grow_pool, NULL)), EAGAIN);
}
END_TEST

/* The stream is there by then, and tells when it comes to the item that there is no memory for. */
START_TEST(a_stream_ends_at_the_item_that_has_no_room)
{
	mproc_stream *stream = NULL;
	mproc_entry entry;
	char item = 0;

	open_pool(MPROC_BACKEND_PROCESSES);
	assert_ok(mproc_pool_imap(pool, do_nothing, &item, (size_t)1 << 45, 1, 0, NULL, &stream));
	ck_assert_int_eq(mproc_stream_next(stream, MPROC_FOREVER, &entry), -ENOMEM);
	ck_assert_ptr_null(mproc_stream_close(stream));
	close_pool();
}
END_TEST

/* Results of any size. */

static int return_too_much(const void *item, void *result, mproc_task *task)
{
	void *room;

	(void)item;
	*(int *)result = mproc_task_reserve(task, (size_t)1 << 40, &room) == -ENOMEM
			 && mproc_task_return(task, "x", (size_t)1 << 40) == -ENOMEM;
	return 0;
}

static int return_to_nobody(const void *item, void *result, mproc_task *task)
{
	void *room;

	(void)item;
	*(int *)result = mproc_task_reserve(task, 9, &room) == -ENOTSUP;
	return 0;
}

START_TEST(a_task_cannot_return_what_there_is_no_place_for)
{
	mproc_bytes returned;
	int was_refused[2] = {0};

	open_pool(MPROC_BACKEND_PROCESSES);
	assert_ok(mproc_pool_map(pool, return_too_much, NULL, 0, 1, &was_refused[0], sizeof(int),
		&(mproc_map_options){.returned = &returned}));
	assert_ok(mproc_pool_map(pool, return_to_nobody, NULL, 0, 1, &was_refused[1], sizeof(int), NULL));
	ck_assert_int_eq(was_refused[0], 1);
	ck_assert_int_eq(was_refused[1], 1);
	close_pool();
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		one_function_too_many_is_refused,
		results_that_no_arena_holds_are_refused,
		threads_have_no_timeout,
		calls_that_wait_end_at_their_deadline,
		more_items_than_can_be_counted_are_refused,
		a_map_too_many_waits_until_its_deadline_or_an_interrupt,
		a_task_too_many_waits_until_its_deadline,
		descriptor_for_an_event_loop_is_refused,
		descriptor_is_refused_when_the_family_has_no_room,
		descriptor_is_refused_where_workers_could_not_reach_it,
		a_stream_ends_at_the_item_that_has_no_room,
		a_pool_gets_no_more_threads_than_the_kernel_gives,
		a_task_cannot_return_what_there_is_no_place_for,
		NULL,
	};
	const support_suite suite = {
		.name = "refused", .process_tests = process_tests, .warm_up = open_lasting_things};

	return support_run_suite(&suite);
}
