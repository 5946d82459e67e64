/* SPDX-License-Identifier: MIT */
/*
 * Starting from anywhere: in children, in threads, beside threads, and many.
 */
#include "conformance.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
static const bool IS_SANITIZED = true;
#else
static const bool IS_SANITIZED = false;
#endif

static const mproc_start methods[] = {MPROC_START_FORK, MPROC_START_SERVER, MPROC_START_SPAWN};

/* How the next generations are to be started; the last one returns 40 and its generation. */
typedef struct dynasty {
	mproc_start next[3];
	int generation, last;
} dynasty;

static int found_dynasty(void *argument)
{
	dynasty mine = *(dynasty *)argument;

	if (mproc_process_parent() == NULL || mproc_process_pid(mproc_process_current()) != getpid())
		return 1;
	if (mine.generation == mine.last)
		return 40 + mine.generation;
	++mine.generation;
	return run_with((mproc_process_options){.start = mine.next[mine.generation - 1]}, found_dynasty,
		&mine, sizeof mine);
}

START_TEST(children_by_any_method_may_start_children_by_any_method)
{
	for (int child = 0; child < 3; ++child) {
		for (int grandchild = 0; grandchild < 3; ++grandchild) {
			const dynasty first = {.next = {methods[child], methods[grandchild]}, .last = 2};

			ck_assert_int_eq(run(found_dynasty, &first, sizeof first), 42);
		}
	}
}
END_TEST

START_TEST(children_by_the_default_may_start_children_by_it)
{
	const dynasty first = {.last = 3};

	ck_assert_int_eq(run(found_dynasty, &first, sizeof first), 43);
}
END_TEST

/* A child by one method and children by the others, at the same time. */
START_TEST(children_by_all_methods_live_together)
{
	mproc_process *processes[3];

	for (int i = 0; i < 3; ++i)
		processes[i] = start_with((mproc_process_options){.start = methods[i]}, await_gate, board, 0);
	await_ready(3);
	ck_assert_int_eq(mproc_process_children(0, NULL), 3);
	let_through(3);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(finish(processes[i]), 0);
}
END_TEST

/* Threads. */

static pthread_t begin(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, function, argument), 0);
	return thread;
}

static void *run_some(void *count)
{
	for (int i = 0; i < *(int *)count; ++i)
		ck_assert_int_eq(run(return_argument, &i, sizeof i), i);
	return NULL;
}

START_TEST(a_thread_may_start_processes)
{
	pthread_join(begin(run_some, &(int){3}), NULL);
}
END_TEST

START_TEST(several_threads_may_start_processes_at_once)
{
	int count = 15;
	pthread_t threads[4];

	for (int i = 0; i < 4; ++i)
		threads[i] = begin(run_some, &count);
	for (int i = 0; i < 4; ++i)
		pthread_join(threads[i], NULL);
}
END_TEST

static void *start_one(void *unused)
{
	(void)unused;
	return start(await_gate, board, 0);
}

START_TEST(a_process_outlives_the_thread_that_started_it)
{
	void *process;

	pthread_join(begin(start_one, NULL), &process);
	await_ready(1);
	ck_assert_int_eq(mproc_process_join(process, mproc_after(0.02)), -ETIMEDOUT);
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

static void *wait_at_gate(void *unused)
{
	ck_assert_int_eq(mproc_semaphore_acquire(&board->gate, MPROC_FOREVER), 0);
	return unused;
}

START_TEST(processes_are_started_while_other_threads_run)
{
	pthread_t thread = begin(wait_at_gate, NULL);

	run_some(&(int){3});
	let_through(1);
	pthread_join(thread, NULL);
}
END_TEST

static int private_number;

static int return_private_number(void *unused)
{
	(void)unused;
	return private_number;
}

START_TEST(the_default_is_fork_without_other_threads_and_server_with_them)
{
	const mproc_process_options defaults = {0};
	mproc_process *process;
	pthread_t thread;

	private_number = 4;
	ck_assert_int_eq(mproc_process_start(&defaults, return_private_number, NULL, 0, &process), 0);
	ck_assert_int_eq(finish(process), 4);
	thread = begin(wait_at_gate, NULL);
	ck_assert_int_eq(mproc_process_start(&defaults, return_private_number, NULL, 0, &process), 0);
	ck_assert_int_eq(finish(process), 0);
	let_through(1);
	pthread_join(thread, NULL);
	ck_assert_int_eq(mproc_process_start(NULL, return_private_number, NULL, 0, &process), 0);
	ck_assert_int_eq(finish(process), 4);
}
END_TEST

/* The server. */

/* Returns the number of the step that went wrong. */
static int lose_the_server(void)
{
	mproc_process *before = start(await_gate, board, 0), *after;
	int code;

	if (server == 0 || mproc_semaphore_acquire(&board->ready, MPROC_FOREVER) != 0)
		return 1;
	if (kill(server, SIGKILL) != 0 || waitpid(server, NULL, 0) != server)
		return 2;
	if (mproc_process_is_alive(before) != 1)
		return 3;
	after = start(await_gate, board, 0);
	if (run_with((mproc_process_options){.start = MPROC_START_SERVER}, return_argument, &(int){5},
		    sizeof code)
		!= 5)
		return 4;
	if (run(found_dynasty, &(dynasty){.next = {MPROC_START_SERVER, MPROC_START_SERVER}, .last = 2},
		    sizeof(dynasty))
		!= 42)
		return 5;
	mproc_semaphore_release(&board->gate, 2);
	return finish(before) == 0 && finish(after) == 0 ? 0 : 6;
}

START_TEST(children_survive_the_server_and_a_new_one_is_made)
{
	outcome seen = play("lose the server");

	ck_assert_str_eq(seen.text, "");
	ck_assert_int_eq(seen.code, 0);
}
END_TEST

/* What it had not told any more is lost; nobody waits for it. */
static int lose_the_server_with_an_ending(void)
{
	mproc_process *process = start(stay, board, 0);
	int code = 77, rc;

	if (mproc_semaphore_acquire(&board->ready, MPROC_FOREVER) != 0)
		return 1;
	if (kill(server, SIGKILL) != 0 || waitpid(server, NULL, 0) != server)
		return 2;
	if (mproc_process_kill(process) != 0 || mproc_process_join(process, MPROC_FOREVER) != 0)
		return 3;
	rc = mproc_process_exit_code(process, &code);
	if (method == MPROC_START_SERVER ? rc != -ENODATA || code != 77 : rc != 0 || code != -SIGKILL)
		return 4;
	return mproc_process_close(process) == NULL ? 0 : 5;
}

START_TEST(the_ending_of_a_killed_process_is_lost_with_its_server)
{
	outcome seen = play("lose the server with an ending");

	ck_assert_str_eq(seen.text, "");
	ck_assert_int_eq(seen.code, 0);
}
END_TEST

/* Many. */

START_TEST(hundreds_of_processes_live_at_once)
{
	enum {
		MANY = 300
	};
	static mproc_process *processes[MANY], *found[MANY];
	const int count = IS_SANITIZED ? 100 : MANY;

	for (int i = 0; i < count; ++i)
		processes[i] = start(await_gate, board, 0);
	await_ready(count);
	ck_assert_int_eq(mproc_process_children(MANY, found), count);
	for (int i = 0; i < count; ++i)
		ck_assert_ptr_eq(found[i], processes[count - 1 - i]);
	let_through(count);
	for (int i = 0; i < count; ++i)
		ck_assert_int_eq(finish(processes[i]), 0);
}
END_TEST

START_TEST(hundreds_of_processes_are_killed)
{
	enum {
		MANY = 100
	};
	mproc_process *processes[MANY];

	for (int i = 0; i < MANY; ++i)
		processes[i] = start(stay, board, 0);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(mproc_process_kill(processes[i]), 0);
	for (int i = 0; i < MANY; ++i)
		ck_assert_int_eq(finish(processes[i]), -SIGKILL);
}
END_TEST

START_TEST(processes_are_started_again_and_again)
{
	const int count = IS_SANITIZED ? 50 : 200;

	for (int i = 0; i < count; ++i)
		ck_assert_int_eq(run(return_argument, &i, sizeof i), i);
}
END_TEST

void add_beginnings(void)
{
	const TTest *const here[] = {
		children_by_any_method_may_start_children_by_any_method,
		children_by_the_default_may_start_children_by_it,
		children_by_all_methods_live_together,
		a_thread_may_start_processes,
		several_threads_may_start_processes_at_once,
		a_process_outlives_the_thread_that_started_it,
		processes_are_started_while_other_threads_run,
		the_default_is_fork_without_other_threads_and_server_with_them,
		children_survive_the_server_and_a_new_one_is_made,
		the_ending_of_a_killed_process_is_lost_with_its_server,
		hundreds_of_processes_live_at_once,
		hundreds_of_processes_are_killed,
		processes_are_started_again_and_again,
		NULL,
	};

	add_tests(here);
	add_play("lose the server", lose_the_server, NULL);
	add_play("lose the server with an ending", lose_the_server_with_an_ending, NULL);
}
