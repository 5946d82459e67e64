/* SPDX-License-Identifier: MIT */
/*
 * Each system call of each operation on a cache fails, with each code that makes sense, once or from there on; and each request for
 * memory.  The operation fails then with a text, or works nevertheless; nothing is lost but what it was about, nothing is left behind, and
 * the next one works.
 *
 *	FAULT_AT=17 CK_RUN_CASE=put_survives_each_fault tests/store_fault_test
 *
 * has call 17 alone fail.
 */
#include "calls.h"
#include "memory.h"
#include "operations.h"
#include "support.h"
#include "sweep.h"
#include "sys/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/result.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_DESCRIPTORS = 256,
	PATIENCE_SECONDS = 20,
};

/* What this process has. */
typedef struct census {
	unsigned descriptors, memory;
} census;

static census take_census(void)
{
	census now = {.memory = fault_count_memory()};

	for (int fd = 0; fd < MOST_DESCRIPTORS; ++fd)
		now.descriptors += fcntl(fd, F_GETFD) >= 0;
	return now;
}

static void expect_nothing_left(const store_operation *what, const census *before, int rc)
{
	census now = take_census();

	if (now.descriptors != before->descriptors)
		fault_complain("it returned %d and left %d descriptors", rc,
			(int)(now.descriptors - before->descriptors));
	/* What is loaded at first stays. */
	if (now.memory != before->memory && !what->is_first)
		fault_complain("it returned %d and left %d pieces of memory", rc,
			(int)(now.memory - before->memory));
}

/* Who computes keeps others from it, unless something keeps him from that; no signal does. */
static void expect_flight(void)
{
	fault_mark(FAULT_FUNCTION_BEGIN);
	if ((fault_here->code == 0 || fault_here->code == EINTR) && !fault_here->was_refused
		&& !store_has_flight())
		fault_complain("it computes without a lock on that");
	fault_mark(FAULT_FUNCTION_END);
}

static int try(const store_operation *what)
{
	int rc;

	store_meanwhile = expect_flight;
	/* To tell a text that is left over. */
	mproc_cache_open(NULL, NULL, NULL);
	if (fault_here->victim == FAULT_MALLOC)
		fault_here->memory_left = fault_here->number;
	fault_mark(FAULT_BEGIN);
	rc = what->operate();
	/* What waits is not the library. */
	fault_mark(FAULT_FUNCTION_BEGIN);
	if (what->has_thread)
		store_await_thread();
	fault_mark(FAULT_FUNCTION_END);
	fault_mark(FAULT_END);
	fault_here->memory_left = 0;
	return rc;
}

static bool is_call(const store_operation *what)
{
	return strcmp(what->kind, "call") == 0;
}

static void judge_failure(const store_operation *what, int rc)
{
	const char *text = mproc_error_text();

	if (fault_here->code == 0 && !fault_here->was_refused)
		fault_complain("nothing failed, but it returned %d, %s", rc, text);
	if (rc > 0)
		fault_complain("it returned %d", rc);
	/* The loader of libraries does not go on. */
	if (fault_here->code == EINTR && !what->is_first)
		fault_complain("it was ended by an interruption: %d, %s", rc, text);
	if (text[0] == '\0' || strstr(text, "directory is NULL") != NULL)
		fault_complain("it failed (%d) without an error text", rc);
	if (is_call(what) && rc != -ENOMEM)
		fault_complain("the result was not computed: %d, %s", rc, text);
}

/* Unless it was the removal that failed. */
static void expect_tidy_at_once(const store_operation *what)
{
	bool could_remove = fault_here->call == NULL || strcmp(fault_here->call, "unlinkat") != 0;

	if (could_remove && !what->is_new && !what->has_ruins)
		store_expect_tidy("at once");
}

/* With the handle it had, and with the next one. */
static void expect_cache_to_be_whole(const store_operation *what, unsigned allowed)
{
	if (store_cache == NULL && !what->is_new)
		store_cache = store_open("afterwards");
	if (store_cache != NULL) {
		store_expect(store_cache, what, allowed, "afterwards");
		store_expect_to_work(store_cache, "afterwards");
		mproc_cache_close(store_cache);
		allowed = STORE_LATER;
	}
	store_cache = store_open("at the end");
	store_expect_tidy("at the end");
	/* Who is told that a directory is not there counts nothing in it. */
	if (fault_here->code != ENOENT)
		store_expect_counted(store_cache, "at the end");
	store_expect(store_cache, what, allowed, "at the end");
	store_expect_to_work(store_cache, "at the end");
	mproc_cache_close(store_cache);
}

static unsigned allowed_after(const store_operation *what, int rc)
{
	if (rc == 0 && fault_here->code == 0 && !fault_here->was_refused)
		return what->after;
	/* A call computes what it cannot read, and returns what it cannot store. */
	return what->before | what->after | (is_call(what) ? STORE_NEW : 0);
}

static void play(void *argument)
{
	const store_operation *what = argument;
	census before;
	int rc;

	store_prepare(what);
	before = take_census();
	rc = try(what);
	if (rc != 0)
		judge_failure(what, rc);
	if (what->operate != store_close)
		expect_nothing_left(what, &before, rc);
	expect_tidy_at_once(what);
	expect_cache_to_be_whole(what, allowed_after(what, rc));
}

static unsigned fail_each(const store_operation *what, fault_victim victim)
{
	return fault_sweep_and_tell((fault_sweep){
		.name = what->name,
		.victim = victim,
		.function = play,
		.argument = (void *)(uintptr_t)what,
		.seconds = PATIENCE_SECONDS,
	});
}

static void play_soundly(const store_operation *what)
{
	fault_sweep it = {.name = what->name,
		.function = play,
		.argument = (void *)(uintptr_t)what,
		.seconds = PATIENCE_SECONDS};
	const char *complaint = fault_run_soundly(&it);

	ck_assert_msg(complaint[0] == '\0', "%s, without a fault: %s", what->name, complaint);
}

static unsigned fail_everything(const store_operation *what)
{
	unsigned complaints = 0;

	play_soundly(what);
	complaints += fail_each(what, FAULT_STARTER);
	/* A thread begins with what the sanitizer wants to know of it. */
	if (what->has_thread && !fault_is_sanitized())
		complaints += fail_each(what, FAULT_CHILD);
	return complaints + fail_each(what, FAULT_MALLOC);
}

static void fail_in_all(const char *kind)
{
	unsigned complaints = 0;

	if (!fault_can_trace())
		return;
	fault_prepare();
	if (strcmp(kind, "first") != 0)
		ck_assert_int_eq(mproci_sha256_load(), 0);
	store_make_parent();
	for (const store_operation *what = store_operations; what->name != NULL; ++what) {
		if (strcmp(what->kind, kind) == 0)
			complaints += fail_everything(what);
	}
	store_remove_parent();
	fault_finish();
	ck_assert_msg(complaints == 0, "%u times something was wrong", complaints);
}

START_TEST(first_open_survives_each_fault)
{
	fail_in_all("first");
}
END_TEST

START_TEST(open_and_close_survive_each_fault)
{
	fail_in_all("open");
}
END_TEST

START_TEST(put_survives_each_fault)
{
	fail_in_all("put");
}
END_TEST

START_TEST(get_survives_each_fault)
{
	fail_in_all("get");
}
END_TEST

START_TEST(call_survives_each_fault)
{
	fail_in_all("call");
}
END_TEST

START_TEST(removal_survives_each_fault)
{
	fail_in_all("remove");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		first_open_survives_each_fault,
		open_and_close_survive_each_fault,
		put_survives_each_fault,
		get_survives_each_fault,
		call_survives_each_fault,
		removal_survives_each_fault,
		NULL,
	};

	return support_run_suite(
		&(support_suite){.name = "faults of a cache", .process_tests = tests, .timeout = 120});
}
