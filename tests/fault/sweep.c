/* SPDX-License-Identifier: MIT */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_COMPLAINTS = 30,
};

static const char *const victims[] = {"nobody", "starter", "server", "child", "memory", "child's memory",
	"descriptors", "server's descriptors"};

static const char *describe_deed(const fault_plan *plan, const fault_result *result)
{
	if (!result->was_injected)
		return "";
	if (plan->deed == FAULT_FAILS)
		return strerrorname_np(result->code);
	return plan->deed == FAULT_KILLED_BEFORE ? "killed before it" : "killed after it";
}

static void show(const fault_sweep *it, const fault_plan *plan, const fault_result *result)
{
	fprintf(stderr, "fault: %s: %s: call %u, %s %s%s: %s\n%s", it->name, victims[plan->victim],
		plan->number, result->was_injected ? result->call : "none", describe_deed(plan, result),
		plan->is_lasting ? " from there on" : "", result->complaint, fault_output());
}

static bool is_unexpected(fault_sweep *it, const fault_result *result)
{
	if (result->complaint[0] == '\0' || it->caught_as == NULL)
		return result->complaint[0] != '\0';
	it->is_caught = it->is_caught || strstr(result->complaint, it->caught_as) != NULL;
	return false;
}

static fault_result run(fault_sweep *it, unsigned number, int variant, bool is_lasting)
{
	fault_plan plan = {
		.victim = it->victim,
		.deed = it->deed,
		.number = number,
		.variant = variant,
		.is_lasting = is_lasting,
		.seconds = it->seconds,
	};
	fault_result result = fault_run(&plan, it->function, it->argument);

	++it->runs;
	it->complaints += result.complaint[0] != '\0';
	if ((is_unexpected(it, &result) && it->complaints <= MOST_COMPLAINTS) || getenv("FAULT_SHOW") != NULL)
		show(it, &plan, &result);
	return result;
}

const char *fault_run_soundly(const fault_sweep *it)
{
	static fault_result result;
	fault_sweep sound = *it;

	sound.victim = FAULT_NOBODY;
	result = run(&sound, 0, 0, false);
	return result.complaint;
}

/* Returns false when there is no such call. */
static bool sweep_call(fault_sweep *it, unsigned number)
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

void fault_sweep_calls(fault_sweep *it)
{
	const char *only = getenv("FAULT_AT");

	if (only != NULL) {
		sweep_call(it, (unsigned)atoi(only));
		return;
	}
	while (sweep_call(it, it->calls + 1) && !it->is_caught)
		++it->calls;
}

unsigned fault_sweep_and_tell(fault_sweep it)
{
	fault_sweep_calls(&it);
	printf("fault\t%s\t%s\t%u calls\t%u runs\t%u complaints\n", it.name, victims[it.victim], it.calls,
		it.runs, it.complaints);
	fflush(stdout);
	return it.complaints;
}
