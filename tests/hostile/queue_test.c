/* SPDX-License-Identifier: MIT */
/*
 * Queues in programs that fork by themselves, stop processes in the middle of whatever they do, open their pools
 * first, or have very many queues.
 */
#include "channel/queue_fixture.h"

#include <mproc/map.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	FORKS = 60,
	STOPS = 150,
	MANY_QUEUES = 300,
	WORKERS = 3,
	ITEMS = 1000,
};

static void put(uint64_t number)
{
	ck_assert_int_eq(put_number(number, MPROC_FOREVER), 0);
}

/* Forks while others use the queue. */

static _Atomic bool is_over;

static int use_all_the_time(void *unused)
{
	char large[20000] = {0};
	int rc = 0;

	(void)unused;
	while (!atomic_load(&is_over) && rc == 0) {
		rc = mproc_queue_put(queue, large, 8, MPROC_FOREVER);
		if (rc == 0)
			rc = mproc_queue_put(queue, large, sizeof large, MPROC_FOREVER);
		for (int i = 0; i < 2 && rc == 0; ++i)
			rc = mproc_queue_get(queue, large, sizeof large, MPROC_FOREVER, NULL);
	}
	return rc;
}

static int use_a_little(void *unused)
{
	char large[20000] = {0};
	void *block;
	int rc = 0;

	(void)unused;
	for (int i = 0; i < 20 && rc == 0; ++i) {
		rc = mproc_queue_put(queue, large, 8, MPROC_FOREVER);
		if (rc == 0)
			rc = mproc_queue_put(queue, large, sizeof large, MPROC_FOREVER);
		if (rc == 0)
			rc = mproc_queue_get(queue, large, sizeof large, MPROC_FOREVER, NULL);
		if (rc == 0)
			rc = mproc_queue_peek(queue, MPROC_FOREVER, &block, NULL);
		if (rc == 0)
			rc = mproc_queue_release(queue, block);
	}
	return rc;
}

START_TEST(processes_forked_while_threads_use_the_queue_use_it_too)
{
	support_thread threads[2];

	create_with((mproc_queue_options){.max_messages = 100});
	for (int i = 0; i < 2; ++i)
		support_begin(&threads[i], use_all_the_time, NULL);
	for (int i = 0; i < FORKS; ++i)
		ck_assert_int_eq(support_reap(support_fork(use_a_little, NULL)), 0);
	atomic_store(&is_over, true);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	expect_empty();
}
END_TEST

static int use_in_grandchild(void *unused)
{
	pid_t pid;
	int status, rc = use_a_little(unused);

	if (rc != 0)
		return rc;
	pid = fork();
	if (pid == 0)
		_exit(-use_a_little(unused));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

START_TEST(grandchildren_that_a_program_forked_use_the_queue)
{
	pid_t children[4];

	create_with((mproc_queue_options){.max_messages = 100});
	for (int i = 0; i < 4; ++i)
		children[i] = support_fork(use_in_grandchild, NULL);
	for (int i = 0; i < 4; ++i)
		ck_assert_int_eq(support_reap(children[i]), 0);
	expect_empty();
}
END_TEST

/* What a forked process does with what its parent had. */
static int find_nothing_of_the_parents(void *block)
{
	if (mproc_queue_release(queue, block) != -EINVAL
		|| mproc_queue_commit(queue, block, 1, MPROC_NOW) != -EINVAL)
		return 1;
	return mproc_queue_ack(queue, NULL) == -EINVAL ? 0 : 2;
}

START_TEST(blocks_and_debts_are_not_the_forked_processs)
{
	void *block;

	create_acknowledged();
	put(1);
	expect_number(1);
	ck_assert_int_eq(mproc_queue_reserve(queue, 10000, &block), 0);
	ck_assert_int_eq(support_reap(support_fork(find_nothing_of_the_parents, block)), 0);
	ck_assert_int_eq(mproc_queue_release(queue, block), 0);
	ck_assert_int_eq(mproc_queue_ack(queue, NULL), 0);
}
END_TEST

/* Stopped anywhere. */

static void rest(long microseconds)
{
	const struct timespec moment = {.tv_nsec = 1000 * microseconds};

	nanosleep(&moment, NULL);
}

/* Whatever others do, each of these calls comes back: it does its work, or says that it cannot for now. */
static void check_calls_come_back(mproc_deadline deadline)
{
	uint64_t number = 7;
	int rc = put_number(number, deadline);

	ck_assert_msg(rc == 0 || rc == -EAGAIN || rc == -ETIMEDOUT, "put: %d, %s", rc, mproc_error_text());
	rc = mproc_queue_get(queue, &number, sizeof number, deadline, NULL);
	ck_assert_msg(rc == 0 || rc == -EAGAIN || rc == -ETIMEDOUT, "get: %d, %s", rc, mproc_error_text());
	ck_assert_int_ge(mproc_queue_count(queue), 0);
	ck_assert_int_ge(mproc_queue_bytes(queue), 0);
}

static int put_and_get(void *unused)
{
	uint64_t number = 1;
	int rc = 0;

	(void)unused;
	while (rc == 0) {
		rc = put_number(number, MPROC_FOREVER);
		if (rc == 0)
			rc = get_number(&number, MPROC_FOREVER);
	}
	return rc == -EPIPE ? 0 : rc;
}

static void check_stops(uint32_t max_messages)
{
	pid_t others[2];

	create_with((mproc_queue_options){.max_messages = max_messages});
	for (int i = 0; i < 2; ++i)
		others[i] = support_fork(put_and_get, NULL);
	while (mproc_queue_join(queue, MPROC_NOW) == 0)
		sched_yield();
	for (int i = 0; i < STOPS; ++i) {
		rest(i * 13 % 300);
		support_stop(others[i % 2]);
		check_calls_come_back(i % 3 == 0 ? mproc_after(0.003) : MPROC_NOW);
		support_go_on(others[i % 2]);
	}
	ck_assert_int_eq(mproc_queue_close(queue), 0);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_reap(others[i]), 0);
	destroy();
}

START_TEST(calls_come_back_whoever_is_stopped_wherever)
{
	check_stops(1000);
	check_stops(3);
}
END_TEST

static int wait_for_message(void *unused)
{
	uint64_t number;

	(void)unused;
	return get_number(&number, MPROC_FOREVER);
}

START_TEST(stopped_one_that_waits_keeps_nobody_from_anything)
{
	pid_t waiter;

	create();
	waiter = support_fork(wait_for_message, NULL);
	support_await_sleepers(1);
	support_stop(waiter);
	for (uint64_t i = 0; i < 100; ++i) {
		put(i);
		expect_number(i);
	}
	put(7);
	support_go_on(waiter);
	ck_assert_int_eq(support_reap(waiter), 0);
	expect_empty();
}
END_TEST

/* The only message goes to one who is awake, though another one waited first. */
START_TEST(message_is_not_kept_for_one_that_is_stopped)
{
	pid_t stopped, awake;

	create();
	stopped = support_fork(wait_for_message, NULL);
	support_await_sleepers(1);
	support_stop(stopped);
	awake = support_fork(wait_for_message, NULL);
	support_await_sleepers(2);
	put(1);
	ck_assert_int_eq(support_reap(awake), 0);
	put(2);
	support_go_on(stopped);
	ck_assert_int_eq(support_reap(stopped), 0);
}
END_TEST

/* Its memory stays, for the one that is stopped may still look at it. */
START_TEST(queue_is_destroyed_though_one_who_waits_is_stopped)
{
	pid_t waiter;

	create();
	waiter = support_fork(wait_for_message, NULL);
	support_await_sleepers(1);
	support_stop(waiter);
	destroy();
	support_go_on(waiter);
	ck_assert_int_eq(support_reap(waiter), EPIPE);
	blocks_before = count_blocks();
}
END_TEST

START_TEST(queue_is_destroyed_though_one_who_waited_was_killed)
{
	pid_t waiter;

	create();
	waiter = support_fork(wait_for_message, NULL);
	support_await_sleepers(1);
	support_kill(waiter);
	destroy();
}
END_TEST

/* Pools that are older. */

typedef struct job {
	mproc_queue *questions, *answers;
} job;

static int ask_and_answer(const void *item, void *result, mproc_task *task)
{
	const job *self = item;
	uint64_t number = mproc_task_index(task);
	int rc = mproc_queue_put(self->questions, &number, sizeof number, MPROC_FOREVER);

	(void)result;
	if (rc == 0)
		rc = mproc_queue_get(self->questions, &number, sizeof number, MPROC_FOREVER, NULL);
	return rc < 0 ? rc : mproc_queue_put(self->answers, &number, sizeof number, MPROC_FOREVER);
}

START_TEST(workers_older_than_the_queue_use_it)
{
	static job items[ITEMS];
	static bool seen[ITEMS];
	mproc_pool *pool = NULL;
	mproc_queue *answers = NULL;

	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.workers = WORKERS}, &pool), 0);
	blocks_before = count_blocks();
	create();
	ck_assert_int_eq(mproc_queue_create(NULL, &answers), 0);
	for (size_t i = 0; i < ITEMS; ++i)
		items[i] = (job){queue, answers};
	ck_assert_int_eq(mproc_pool_map(pool, ask_and_answer, items, sizeof *items, ITEMS, NULL, 0, NULL), 0);
	expect_empty();
	for (size_t i = 0; i < ITEMS; ++i) {
		uint64_t number = ITEMS;

		ck_assert_int_eq(mproc_queue_get(answers, &number, sizeof number, MPROC_NOW, NULL), 0);
		ck_assert_uint_lt(number, ITEMS);
		ck_assert(!seen[number]);
		seen[number] = true;
	}
	mproc_queue_destroy(answers);
	destroy();
	mproc_pool_close(pool);
	blocks_before = count_blocks();
}
END_TEST

/* Very many queues. */

static mproc_queue *many[MANY_QUEUES];

static int pass_on_through_all(void *unused)
{
	(void)unused;
	for (int i = 0; i + 1 < MANY_QUEUES; ++i) {
		uint64_t number;
		int rc = mproc_queue_get(many[i], &number, sizeof number, MPROC_FOREVER, NULL);

		if (rc == 0)
			rc = mproc_queue_put(many[i + 1], &number, sizeof number, MPROC_FOREVER);
		if (rc < 0)
			return rc;
	}
	return 0;
}

START_TEST(very_many_queues_can_be_used)
{
	pid_t others[2];
	uint64_t number;

	for (int i = 0; i < MANY_QUEUES; ++i) {
		create_with((mproc_queue_options){.acknowledged = i % 2 == 1});
		many[i] = queue;
	}
	for (int i = 0; i < 2; ++i)
		others[i] = support_fork(pass_on_through_all, NULL);
	for (number = 1; number <= 2; ++number)
		ck_assert_int_eq(mproc_queue_put(many[0], &number, sizeof number, MPROC_NOW), 0);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_reap(others[i]), 0);
	ck_assert_int_eq(mproc_queue_count(many[MANY_QUEUES - 1]), 2);
	for (int i = 0; i < MANY_QUEUES; ++i)
		mproc_queue_destroy(many[i]);
	queue = NULL;
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		processes_forked_while_threads_use_the_queue_use_it_too,
		grandchildren_that_a_program_forked_use_the_queue,
		blocks_and_debts_are_not_the_forked_processs,
		calls_come_back_whoever_is_stopped_wherever,
		stopped_one_that_waits_keeps_nobody_from_anything,
		message_is_not_kept_for_one_that_is_stopped,
		queue_is_destroyed_though_one_who_waits_is_stopped,
		queue_is_destroyed_though_one_who_waited_was_killed,
		workers_older_than_the_queue_use_it,
		very_many_queues_can_be_used,
		NULL,
	};
	const support_suite suite = {
		.name = "queues in hostile programs",
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = note_blocks,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
