/* SPDX-License-Identifier: MIT */
/*
 * crash [--full] [NAME...] - kill every operation after each of its instructions; only those whose names begin so.
 * --full: after each also where it is long (README.md).
 *
 * A line an operation: crash, its name, kill points, violations.  Exit status 1 when there was a violation, or a
 * mistake made on purpose went unnoticed.
 */
#include "run.h"
#include "tracee.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

static const crash_operation *const families[] = {
	crash_sync_operations,
	crash_mutex_operations,
	crash_freed_lock_operations,
	crash_semaphore_operations,
	crash_event_operations,
	crash_condition_operations,
	crash_barrier_operations,
	crash_once_operations,
	crash_value_operations,
	crash_file_operations,
	crash_arena_operations,
	crash_map_operations,
	crash_crew_operations,
};
enum {
	FAMILY_COUNT = sizeof families / sizeof *families
};

typedef struct totals {
	unsigned kill_points, violations, missed, operations;
} totals;

/* Every run must take the same steps. */
static void fix_addresses(char **arguments)
{
	int now = personality(0xffffffff);

	if (now >= 0 && (now & ADDR_NO_RANDOMIZE) == 0 && personality((unsigned)now | ADDR_NO_RANDOMIZE) >= 0)
		execv("/proc/self/exe", arguments);
}

/* Steps are handed to and fro: on one processor that is three times faster. */
static void stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof set, &set);
}

static bool is_wanted(const char *name, char **wanted)
{
	bool is_match = *wanted == NULL;

	for (; *wanted != NULL && !is_match; ++wanted)
		is_match = strncmp(name, *wanted, strlen(*wanted)) == 0;
	return is_match;
}

static void report(const char *name, const char *variant, crash_result result, totals *sum)
{
	printf("crash\t%s%s\t%u\t%u\n", name, variant, result.kill_points, result.violations);
	fflush(stdout);
	sum->kill_points += result.kill_points;
	sum->violations += result.violations;
}

static void try_operation(const crash_operation *operation, bool is_full, totals *sum)
{
	crash_result result;

	++sum->operations;
	result = crash_run(operation, is_full);
	if (operation->is_mistake) {
		sum->missed += result.violations == 0;
		printf("%s\t%s\t%u\t%u\n", result.violations > 0 ? "caught" : "MISSED", operation->name,
			result.kill_points, result.violations);
		return;
	}
	report(operation->name, "", result, sum);
	if (operation->is_killed_twice)
		report(operation->name, ", recovery too", crash_run_twice(operation), sum);
}

int main(int argc, char **argv)
{
	totals sum = {0};
	bool is_full = argc > 1 && strcmp(argv[1], "--full") == 0;
	char **names = argv + (is_full ? 2 : 1);

	if (!crash_can_step()) {
		printf("crash: skipped: operations are stepped on x86-64 only\n");
		return 0;
	}
	fix_addresses(argv);
	stay_on_one_processor();
	crash_prepare();
	for (int i = 0; i < FAMILY_COUNT; ++i) {
		for (const crash_operation *operation = families[i]; operation->name != NULL; ++operation) {
			if (is_wanted(operation->name, names))
				try_operation(operation, is_full, &sum);
		}
	}
	if (sum.operations == 0) {
		fprintf(stderr, "crash: no operation has such a name\n");
		return 2;
	}
	printf("crash: %u kill points, %u violations\n", sum.kill_points, sum.violations);
	return sum.violations > 0 || sum.missed > 0;
}
