/* SPDX-License-Identifier: MIT */
#include "sys/lock.h"

#include "support.h"
#include "sys/clock.h"

#include <errno.h>
#include <limits.h>
#include <mproc/result.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Shared with the processes that a test forks. */
static mproci_lock *lock;

static void make_lock(void)
{
	lock = mmap(NULL, sizeof *lock, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(lock, MAP_FAILED);
	ck_assert_int_eq(mproci_lock_init(lock, MPROCI_LOCK_OF_PROGRAM), 0);
}

static void unmap_lock(void)
{
	munmap(lock, sizeof *lock);
}

/* Run @function in a thread and return what it returned. */
static int in_thread(void *(*function)(void *))
{
	int result = INT_MIN;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, function, &result), 0);
	pthread_join(thread, NULL);
	return result;
}

static void *take_now(void *ret_result)
{
	*(int *)ret_result = mproci_lock_take(lock, MPROC_NOW);
	return NULL;
}

static void *take_soon(void *ret_result)
{
	mproc_deadline deadline = mproc_after(0.005);

	*(int *)ret_result = mproci_lock_take(lock, deadline);
	ck_assert_int_ge(mproci_clock_now(), deadline);
	return NULL;
}

static void *release_it(void *ret_result)
{
	*(int *)ret_result = mproci_lock_release(lock);
	return NULL;
}

START_TEST(lock_is_taken_whatever_the_deadline)
{
	const mproc_deadline deadlines[] = {MPROC_FOREVER, MPROC_NOW, 1, mproc_after(100)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		ck_assert_int_eq(mproci_lock_take(lock, deadlines[i]), 0);
		ck_assert_int_eq(mproci_lock_release(lock), 0);
	}
}
END_TEST

START_TEST(take_times_out_while_another_thread_holds_it)
{
	mproci_lock_take(lock, MPROC_FOREVER);
	ck_assert_int_eq(in_thread(take_soon), -ETIMEDOUT);
	mproci_lock_release(lock);
}
END_TEST

START_TEST(take_now_gives_up_while_another_thread_holds_it)
{
	mproci_lock_take(lock, MPROC_FOREVER);
	ck_assert_int_eq(in_thread(take_now), -EAGAIN);
	mproci_lock_release(lock);
}
END_TEST

START_TEST(lock_of_a_thread_that_ended_is_given_on)
{
	ck_assert_int_eq(in_thread(take_now), 0);
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_FOREVER), MPROC_OWNER_DIED);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
}
END_TEST

START_TEST(free_lock_is_destroyed)
{
	ck_assert_int_eq(mproci_lock_destroy(lock), 0);
}
END_TEST

/* From here on: what ThreadSanitizer takes for a mistake of the program. */

START_TEST(take_by_the_holder_is_a_deadlock)
{
	mproci_lock_take(lock, MPROC_FOREVER);
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_FOREVER), -EDEADLK);
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_NOW), -EDEADLK);
	ck_assert_int_eq(mproci_lock_take(lock, mproc_after(100)), -EDEADLK);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
}
END_TEST

static void *ask_for_holder(void *ret_result)
{
	*(int *)ret_result = mproci_lock_is_held(lock);
	return NULL;
}

START_TEST(lock_is_held_by_its_holder_only)
{
	ck_assert(!mproci_lock_is_held(lock));
	mproci_lock_take(lock, MPROC_FOREVER);
	ck_assert(mproci_lock_is_held(lock));
	ck_assert_int_eq(in_thread(ask_for_holder), false);
	ck_assert_int_eq(in_thread(take_now), -EAGAIN);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
	ck_assert(!mproci_lock_is_held(lock));
}
END_TEST

START_TEST(question_who_holds_a_lock_does_not_hide_the_death_of_its_holder)
{
	ck_assert_int_eq(in_thread(take_now), 0);
	ck_assert(!mproci_lock_is_held(lock));
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_FOREVER), MPROC_OWNER_DIED);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
}
END_TEST

START_TEST(release_of_a_free_lock_is_refused)
{
	ck_assert_int_eq(mproci_lock_release(lock), -EPERM);
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_NOW), 0);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
}
END_TEST

START_TEST(release_by_another_thread_is_refused)
{
	mproci_lock_take(lock, MPROC_FOREVER);
	ck_assert_int_eq(in_thread(release_it), -EPERM);
	ck_assert_int_eq(in_thread(take_now), -EAGAIN);
	mproci_lock_release(lock);
}
END_TEST

START_TEST(lock_held_by_this_thread_is_not_destroyed)
{
	mproci_lock_take(lock, MPROC_FOREVER);
	ck_assert_int_eq(mproci_lock_destroy(lock), -EBUSY);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
}
END_TEST

static void *destroy_it(void *ret_result)
{
	*(int *)ret_result = mproci_lock_destroy(lock);
	return NULL;
}

START_TEST(lock_held_by_another_thread_is_not_destroyed)
{
	mproci_lock_take(lock, MPROC_FOREVER);
	ck_assert_int_eq(in_thread(destroy_it), -EBUSY);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
}
END_TEST

START_TEST(lock_of_a_dead_holder_can_be_destroyed)
{
	ck_assert_int_eq(in_thread(take_now), 0);
	ck_assert_int_eq(mproci_lock_destroy(lock), 0);
}
END_TEST

START_TEST(destroyed_lock_is_refused)
{
	mproci_lock_destroy(lock);
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_FOREVER), -EINVAL);
}
END_TEST

/* Fork a child that takes the lock and waits to be killed; returns when it holds it. */
static pid_t fork_holder(void)
{
	int ends[2];
	char rc;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		rc = (char)mproci_lock_take(lock, MPROC_FOREVER);
		(void)!write(ends[1], &rc, 1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ends[0], &rc, 1), 1);
	ck_assert_int_eq(rc, 0);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void kill_and_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(lock_of_a_killed_process_is_given_on)
{
	kill_and_reap(fork_holder());
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_FOREVER), MPROC_OWNER_DIED);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
}
END_TEST

START_TEST(lock_of_a_killed_process_is_given_on_to_who_does_not_wait)
{
	kill_and_reap(fork_holder());
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_NOW), MPROC_OWNER_DIED);
	ck_assert_int_eq(mproci_lock_release(lock), 0);
}
END_TEST

START_TEST(lock_of_a_stopped_process_is_not_given_on)
{
	pid_t holder = fork_holder();

	kill(holder, SIGSTOP);
	ck_assert_int_eq(waitpid(holder, NULL, WUNTRACED), holder);
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_NOW), -EAGAIN);
	ck_assert_int_eq(mproci_lock_take(lock, mproc_after(0.005)), -ETIMEDOUT);
	kill_and_reap(holder);
}
END_TEST

START_TEST(who_waits_when_the_holder_is_killed_gets_the_lock)
{
	pid_t holder = fork_holder(), waiter = fork();
	int status;

	if (waiter == 0)
		_exit(mproci_lock_take(lock, MPROC_FOREVER));
	kill_and_reap(holder);
	ck_assert_int_eq(waitpid(waiter, &status, 0), waiter);
	ck_assert_int_eq(WEXITSTATUS(status), MPROC_OWNER_DIED);
}
END_TEST

#ifdef NDEBUG
static const int WRONG_ORDER_IS_NOTICED = false;
#else
static const int WRONG_ORDER_IS_NOTICED = true;
#endif

/* A process that takes a lock of @first and then one of @second; returns whether it was ended for that. */
static bool is_ended_for(mproci_lock_rank first, mproci_lock_rank second)
{
	mproci_lock locks[2];
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		const struct rlimit no_core = {0};

		setrlimit(RLIMIT_CORE, &no_core);
		close(STDERR_FILENO);
		mproci_lock_init(&locks[0], first);
		mproci_lock_init(&locks[1], second);
		_exit(mproci_lock_take(&locks[0], MPROC_FOREVER) != 0
			|| mproci_lock_take(&locks[1], MPROC_FOREVER) != 0
			|| mproci_lock_release(&locks[1]) != 0 || mproci_lock_release(&locks[0]) != 0
			|| mproci_lock_take(&locks[0], MPROC_FOREVER) != 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGABRT : WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

START_TEST(debug_build_ends_who_takes_locks_against_their_order)
{
	ck_assert(!is_ended_for(MPROCI_LOCK_OF_MAKING, MPROCI_LOCK_OF_RUNS));
	ck_assert(!is_ended_for(MPROCI_LOCK_OF_RUNS, MPROCI_LOCK_OF_PROGRAM));
	ck_assert(!is_ended_for(MPROCI_LOCK_OF_PROGRAM, MPROCI_LOCK_OF_PROGRAM));
	ck_assert_int_eq(is_ended_for(MPROCI_LOCK_OF_RUNS, MPROCI_LOCK_OF_BURYING), WRONG_ORDER_IS_NOTICED);
	ck_assert_int_eq(is_ended_for(MPROCI_LOCK_OF_RUNS, MPROCI_LOCK_OF_RUNS), WRONG_ORDER_IS_NOTICED);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		lock_is_taken_whatever_the_deadline,
		take_times_out_while_another_thread_holds_it,
		take_now_gives_up_while_another_thread_holds_it,
		lock_of_a_thread_that_ended_is_given_on,
		free_lock_is_destroyed,
		NULL,
	};
	const TTest *process_tests[] = {
		take_by_the_holder_is_a_deadlock,
		lock_is_held_by_its_holder_only,
		question_who_holds_a_lock_does_not_hide_the_death_of_its_holder,
		release_of_a_free_lock_is_refused,
		release_by_another_thread_is_refused,
		lock_held_by_this_thread_is_not_destroyed,
		lock_held_by_another_thread_is_not_destroyed,
		lock_of_a_dead_holder_can_be_destroyed,
		destroyed_lock_is_refused,
		lock_of_a_killed_process_is_given_on,
		lock_of_a_killed_process_is_given_on_to_who_does_not_wait,
		lock_of_a_stopped_process_is_not_given_on,
		who_waits_when_the_holder_is_killed_gets_the_lock,
		debug_build_ends_who_takes_locks_against_their_order,
		NULL,
	};
	const support_suite suite = {
		.name = "lock",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_lock,
		.teardown = unmap_lock,
	};

	return support_run_suite(&suite);
}
