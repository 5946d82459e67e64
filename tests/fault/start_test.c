/* SPDX-License-Identifier: MIT */
/*
 * Every system call of a start fails once, and every request for memory: README.md.
 *
 *	FAULT_AT=17 CK_RUN_CASE=fork_survives_each_fault tests/fault_start_test
 *
 * tries call 17 alone; FAULT_SHOW=1 shows each call that fails, and what the processes print.
 */
#include "calls.h"
#include "mistakes.h"
#include "scenario.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATIENCE_SECONDS = 60,
	/* Which hang on purpose, and are noticed as well when they are only slow. */
	MISTAKE_SECONDS = 2,
	MOST_COMPLAINTS = 30,
};

typedef struct sweep {
	const fault_scenario *scenario;
	fault_victim victim;
	unsigned calls, runs, complaints;
	/* Of a mistake: the complaint that was to come has come. */
	bool is_caught;
} sweep;

static const char *const victims[] = {"nobody", "starter", "server", "child", "memory", "child's memory",
	"descriptors", "server's descriptors"};

static void show(const sweep *it, const fault_plan *plan, const fault_result *result)
{
	fprintf(stderr, "fault: %s: %s: call %u, %s %s%s: %s\n%s", it->scenario->name, victims[plan->victim],
		plan->number, result->was_injected ? result->call : "none",
		result->was_injected ? strerrorname_np(result->code) : "",
		plan->is_lasting ? " from there on" : "", result->complaint, fault_output());
}

static bool is_unexpected(sweep *it, const fault_result *result)
{
	const char *expected = it->scenario->caught_as;

	if (result->complaint[0] == '\0' || expected == NULL)
		return result->complaint[0] != '\0';
	it->is_caught = it->is_caught || strstr(result->complaint, expected) != NULL;
	return false;
}

static fault_result run(sweep *it, unsigned number, int variant, bool is_lasting)
{
	fault_plan plan = {
		.victim = it->victim,
		.number = number,
		.variant = variant,
		.is_lasting = is_lasting,
		.seconds = it->scenario->mistake != NULL ? MISTAKE_SECONDS : PATIENCE_SECONDS,
	};
	fault_result result;

	fault_victim_now = it->victim;
	result = fault_run(&plan, fault_play, (void *)(uintptr_t)it->scenario);
	++it->runs;
	it->complaints += result.complaint[0] != '\0';
	if ((is_unexpected(it, &result) && it->complaints <= MOST_COMPLAINTS) || getenv("FAULT_SHOW") != NULL)
		show(it, &plan, &result);
	return result;
}

/* One call, with each of its codes.  Returns false when there is no such call. */
static bool fail_call(sweep *it, unsigned number)
{
	fault_result result;
	int variant = 0;

	do {
		result = run(it, number, variant, false);
		if (result.may_last && !it->is_caught)
			run(it, number, variant, true);
	} while (++variant < result.code_count && !it->is_caught);
	return result.was_injected;
}

static void sweep_calls(sweep *it)
{
	const char *only = getenv("FAULT_AT");

	if (only != NULL) {
		fail_call(it, (unsigned)atoi(only));
		return;
	}
	while (fail_call(it, it->calls + 1) && !it->is_caught)
		++it->calls;
}

static unsigned fail_each(const fault_scenario *scenario, fault_victim victim)
{
	sweep it = {.scenario = scenario, .victim = victim};

	sweep_calls(&it);
	printf("fault\t%s\t%s\t%u calls\t%u runs\t%u complaints\n", scenario->name, victims[victim], it.calls,
		it.runs, it.complaints);
	fflush(stdout);
	return it.complaints;
}

/* Without a fault it works, or there is nothing to be seen with one. */
static void play_soundly(const fault_scenario *scenario)
{
	sweep it = {.scenario = scenario, .victim = FAULT_NOBODY};
	fault_result result = run(&it, 0, 0, false);

	ck_assert_msg(
		result.complaint[0] == '\0', "%s, without a fault: %s", scenario->name, result.complaint);
}

static void fail_everything(const fault_scenario *scenario)
{
	unsigned complaints = 0;

	if (!fault_can_trace())
		return;
	fault_prepare();
	fault_prepare_scenarios();
	play_soundly(scenario);
	complaints += fail_each(scenario, FAULT_STARTER);
	/* Of a child that begins anew, most of it would be the sanitizer's beginning. */
	if (scenario->start != MPROC_START_SPAWN || !fault_is_sanitized())
		complaints += fail_each(scenario, FAULT_CHILD);
	if (scenario->start == MPROC_START_SERVER && !scenario->is_cold) {
		complaints += fail_each(scenario, FAULT_SERVER);
		complaints += fail_each(scenario, FAULT_SERVER_DESCRIPTORS);
	}
	complaints += fail_each(scenario, FAULT_MALLOC);
	/* With options the child's environment is another. */
	if (scenario->start == MPROC_START_SPAWN && !scenario->is_demanding)
		complaints += fail_each(scenario, FAULT_SPAWNED_MALLOC);
	complaints += fail_each(scenario, FAULT_DESCRIPTORS);
	fault_finish();
	ck_assert_msg(complaints == 0, "%u times something was wrong", complaints);
}

START_TEST(fork_survives_each_fault)
{
	fail_everything(&(fault_scenario){.name = "fork", .start = MPROC_START_FORK, .is_unawaited = true});
}
END_TEST

START_TEST(first_fork_survives_each_fault)
{
	fail_everything(&(fault_scenario){.name = "first fork",
		.start = MPROC_START_FORK,
		.is_unawaited = true,
		.is_cold = true,
		.is_big = true});
}
END_TEST

START_TEST(fork_with_options_survives_each_fault)
{
	fail_everything(
		&(fault_scenario){.name = "fork, options", .start = MPROC_START_FORK, .is_demanding = true});
}
END_TEST

START_TEST(spawn_survives_each_fault)
{
	fail_everything(&(fault_scenario){.name = "spawn", .start = MPROC_START_SPAWN});
}
END_TEST

START_TEST(spawn_with_options_survives_each_fault)
{
	fail_everything(&(fault_scenario){
		.name = "spawn, options", .start = MPROC_START_SPAWN, .is_demanding = true});
}
END_TEST

START_TEST(server_survives_each_fault)
{
	fail_everything(&(fault_scenario){.name = "server", .start = MPROC_START_SERVER});
}
END_TEST

START_TEST(server_with_options_survives_each_fault)
{
	fail_everything(&(fault_scenario){
		.name = "server, options", .start = MPROC_START_SERVER, .is_demanding = true});
}
END_TEST

START_TEST(init_survives_each_fault)
{
	fail_everything(&(fault_scenario){
		.name = "init", .start = MPROC_START_SERVER, .is_cold = true, .is_init = true});
}
END_TEST

START_TEST(mistakes_are_caught)
{
	if (!fault_can_trace())
		return;
	fault_prepare();
	fault_prepare_scenarios();
	for (const fault_scenario *mistake = fault_mistakes; mistake->name != NULL; ++mistake) {
		sweep it = {.scenario = mistake, .victim = FAULT_STARTER};

		play_soundly(mistake);
		sweep_calls(&it);
		ck_assert_msg(it.is_caught, "%s: not in %u runs, with %u other complaints", mistake->name,
			it.runs, it.complaints);
	}
	fault_finish();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *tests[] = {
		fork_survives_each_fault,
		first_fork_survives_each_fault,
		fork_with_options_survives_each_fault,
		spawn_survives_each_fault,
		spawn_with_options_survives_each_fault,
		server_survives_each_fault,
		server_with_options_survives_each_fault,
		init_survives_each_fault,
		mistakes_are_caught,
		NULL,
	};

	fault_be_spawned(argc, argv);
	return support_run_suite(
		&(support_suite){.name = "faults of a start", .process_tests = tests, .timeout = 300});
}
