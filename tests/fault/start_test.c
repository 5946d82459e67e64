/* SPDX-License-Identifier: MIT */
/*
 * Every system call of a start fails once, and every request for memory: README.md.
 */
#include "calls.h"
#include "mistakes.h"
#include "scenario.h"
#include "support.h"
#include "sweep.h"

enum {
	PATIENCE_SECONDS = 60,
	/* Which hang on purpose, and are noticed as well when they are only slow. */
	MISTAKE_SECONDS = 2,
};

static fault_sweep sweep_of(const fault_scenario *scenario, fault_victim victim)
{
	return (fault_sweep){
		.name = scenario->name,
		.victim = victim,
		.function = fault_play,
		.argument = (void *)(uintptr_t)scenario,
		.seconds = scenario->mistake != NULL ? MISTAKE_SECONDS : PATIENCE_SECONDS,
		.caught_as = scenario->caught_as,
	};
}

static unsigned fail_each(const fault_scenario *scenario, fault_victim victim)
{
	return fault_sweep_and_tell(sweep_of(scenario, victim));
}

/* Without a fault it works, or there is nothing to be seen with one. */
static void play_soundly(const fault_scenario *scenario)
{
	fault_sweep it = sweep_of(scenario, FAULT_NOBODY);
	const char *complaint = fault_run_soundly(&it);

	ck_assert_msg(complaint[0] == '\0', "%s, without a fault: %s", scenario->name, complaint);
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
		fault_sweep it = sweep_of(mistake, FAULT_STARTER);

		play_soundly(mistake);
		fault_sweep_calls(&it);
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
