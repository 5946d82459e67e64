/* SPDX-License-Identifier: MIT */
/*
 * Who uses a cache is killed at each system call of each operation, before and after the kernel has done what was asked.
 *
 * The victim has started others before: a witness, who has the cache open too, and, where something is computed, two who wait for
 * the result.  When the victim is gone the waiters must have the result; the witness must find the old result, the new one or none, and
 * go on to use the cache; and who opens it next must find nothing but results.
 *
 *	FAULT_AT=17 CK_RUN_CASE=put_survives_each_kill tests/store_kill_test
 *
 * kills at call 17 alone.
 */
#include "operations.h"
#include "support.h"
#include "sweep.h"
#include "sys/sha256.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	WAITERS = 2,
	PATIENCE_SECONDS = 20,
	MISTAKE_SECONDS = 3,
};

/* What the processes of a run tell each other. */
typedef struct stage {
	pid_t victim;
	/* So many others have opened the cache. */
	_Atomic unsigned ready;
	/* The victim has done it all. */
	_Atomic bool is_done;
	/* The victim is computing; so many others are about to wait for that, have computed, have ended. */
	_Atomic bool is_computing;
	_Atomic unsigned waiting, computed, ended;
} stage;

static stage *here;

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

/* Who waits. */

static void count_computation(void)
{
	++here->computed;
}

static bool is_victim_there(void)
{
	return getppid() == here->victim;
}

static void wait_for_result(mproc_cache *cache, mproc_deadline deadline)
{
	const uint32_t number = STORE_FIRST_KEY;
	mproc_cache_key key = store_key(&number);
	mproc_cache_value value;
	int rc;

	store_meanwhile = count_computation;
	++here->waiting;
	rc = mproc_cache_call(cache, &key, store_compute, NULL, deadline, &value);
	if (rc != 0)
		fault_complain("a waiter: call: %d, %s", rc, mproc_error_text());
	if (1U << store_edition(number, &value) != STORE_NEW)
		fault_complain("a waiter has a wrong result");
	if (value.origin == MPROC_CACHE_NOT_STORED)
		fault_complain("a waiter: not stored: %s", mproc_error_text());
	mproc_cache_value_free(&value);
}

static _Noreturn void be_waiter(int number)
{
	mproc_cache *cache = store_open("a waiter");

	++here->ready;
	while (!here->is_computing && is_victim_there())
		nap();
	wait_for_result(cache, number == 0 ? MPROC_FOREVER : mproc_after(3600));
	mproc_cache_close(cache);
	++here->ended;
	_exit(0);
}

/* The victim's function: there must be somebody to take over. */
static void compute_as_victim(void)
{
	fault_mark(FAULT_FUNCTION_BEGIN);
	here->is_computing = true;
	while (here->waiting < WAITERS)
		nap();
	for (uint32_t i = 0; i < fault_here->process_count; ++i) {
		pid_t pid = fault_here->processes[i];

		while (pid != getpid() && fault_state_of(pid) != 'S')
			nap();
	}
	fault_mark(FAULT_FUNCTION_END);
}

static bool computes(const store_operation *what)
{
	return what->before == STORE_NONE && strncmp(what->name, "call", 4) == 0;
}

static void judge_computations(void)
{
	while (here->ended < WAITERS && fault_here->complaint[0] == '\0')
		nap();
	if (here->computed > !here->is_done)
		fault_complain("the waiters computed %u times", here->computed);
}

/* Who looks at what the victim has left. */

static _Noreturn void be_witness(const store_operation *what)
{
	const char *const when = "the witness", *const next = "the next one";
	mproc_cache *cache = what->is_new || what->has_ruins ? NULL : store_open(when);
	unsigned allowed;

	++here->ready;
	while (is_victim_there())
		nap();
	if (computes(what))
		judge_computations();
	allowed = here->is_done || computes(what) ? what->after : what->before | what->after;
	if (here->is_done)
		store_expect_tidy(when);
	if (cache != NULL) {
		store_expect(cache, what, allowed, when);
		store_expect_to_work(cache, when);
		mproc_cache_close(cache);
		allowed = STORE_LATER;
	}
	cache = store_open(next);
	store_expect_tidy(next);
	store_expect_counted(cache, next);
	store_expect(cache, what, allowed, next);
	store_expect_to_work(cache, next);
	mproc_cache_close(cache);
	_exit(0);
}

static void start_others(const store_operation *what)
{
	int waiters = computes(what) ? WAITERS : 0;

	if (fork() == 0)
		be_witness(what);
	for (int i = 0; i < waiters; ++i) {
		if (fork() == 0)
			be_waiter(i);
	}
	while (here->ready <= (unsigned)waiters)
		nap();
}

/* Its thread has nothing more to do. */
static void await_thread(const store_operation *what)
{
	fault_mark(FAULT_FUNCTION_BEGIN);
	if (what->has_thread)
		store_await_thread();
	fault_mark(FAULT_FUNCTION_END);
}

static void play(void *argument)
{
	const store_operation *what = argument;
	int rc;

	memset(here, 0, sizeof *here);
	here->victim = getpid();
	store_prepare(what);
	start_others(what);
	store_meanwhile = computes(what) ? compute_as_victim : NULL;
	fault_mark(FAULT_BEGIN);
	rc = what->operate();
	await_thread(what);
	here->is_done = true;
	fault_mark(FAULT_END);
	if (rc != 0)
		fault_complain("the victim: %d, %s", rc, mproc_error_text());
}

static fault_sweep sweep_of(const store_operation *what)
{
	return (fault_sweep){
		.name = what->name,
		.victim = FAULT_STARTER,
		.function = play,
		.argument = (void *)(uintptr_t)what,
		.seconds = what->caught_as != NULL ? MISTAKE_SECONDS : PATIENCE_SECONDS,
		.caught_as = what->caught_as,
	};
}

/* The library is ready in the harness, so that the victims need not load what they use. */
static void set_up(void)
{
	fault_prepare();
	ck_assert_int_eq(mproci_sha256_load(), 0);
	here = mmap(NULL, sizeof *here, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	store_make_parent();
}

static void tear_down(void)
{
	store_remove_parent();
	munmap(here, sizeof *here);
	fault_finish();
}

static void play_soundly(const store_operation *what)
{
	fault_sweep it = sweep_of(what);
	const char *complaint = fault_run_soundly(&it);

	ck_assert_msg(complaint[0] == '\0', "%s, nobody killed: %s", what->name, complaint);
}

static unsigned kill_each(const store_operation *what, fault_victim victim, fault_deed deed)
{
	fault_sweep it = sweep_of(what);

	it.victim = victim;
	it.deed = deed;
	return fault_sweep_and_tell(it);
}

static unsigned kill_everywhere(const store_operation *what)
{
	unsigned complaints = 0;

	play_soundly(what);
	complaints += kill_each(what, FAULT_STARTER, FAULT_KILLED_BEFORE);
	complaints += kill_each(what, FAULT_STARTER, FAULT_KILLED_AFTER);
	if (what->has_thread) {
		complaints += kill_each(what, FAULT_CHILD, FAULT_KILLED_BEFORE);
		complaints += kill_each(what, FAULT_CHILD, FAULT_KILLED_AFTER);
	}
	return complaints;
}

static void kill_in_all(const char *kind)
{
	unsigned complaints = 0;

	if (!fault_can_trace())
		return;
	set_up();
	for (const store_operation *what = store_operations; what->name != NULL; ++what) {
		if (strcmp(what->kind, kind) == 0)
			complaints += kill_everywhere(what);
	}
	tear_down();
	ck_assert_msg(complaints == 0, "%u times something was wrong", complaints);
}

START_TEST(open_and_close_survive_each_kill)
{
	kill_in_all("open");
}
END_TEST

START_TEST(put_survives_each_kill)
{
	kill_in_all("put");
}
END_TEST

START_TEST(get_survives_each_kill)
{
	kill_in_all("get");
}
END_TEST

START_TEST(call_survives_each_kill)
{
	kill_in_all("call");
}
END_TEST

START_TEST(removal_survives_each_kill)
{
	kill_in_all("remove");
}
END_TEST

START_TEST(mistakes_are_caught)
{
	if (!fault_can_trace())
		return;
	set_up();
	for (const store_operation *mistake = store_mistakes; mistake->name != NULL; ++mistake) {
		fault_sweep it = sweep_of(mistake);

		it.deed = FAULT_KILLED_BEFORE;
		play_soundly(mistake);
		fault_sweep_calls(&it);
		ck_assert_msg(it.is_caught, "%s: not in %u runs, with %u other complaints", mistake->name,
			it.runs, it.complaints);
	}
	tear_down();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		open_and_close_survive_each_kill,
		put_survives_each_kill,
		get_survives_each_kill,
		call_survives_each_kill,
		removal_survives_each_kill,
		mistakes_are_caught,
		NULL,
	};

	return support_run_suite(
		&(support_suite){.name = "kills in a cache", .process_tests = tests, .timeout = 120});
}
