/* SPDX-License-Identifier: MIT */
/*
 * crash [--full | --quick] [--seed=N] [NAME...] - kill every operation after each of its instructions; only those whose names begin so.
 * --full: after each also where it is long (README.md).  --quick: after its changes and a few others.
 * --seed: take the same samples as the run that told this number.
 *
 * A line an operation: crash, its name, kill points, violations.  Exit status 1 when there was a violation, or a
 * mistake made on purpose went unnoticed; 2 when the harness itself could not go on.
 *
 * On each processor that may be used there is a harness with a family of its own.  They share out the operations.
 */
#include "run.h"
#include "sys/exec.h"
#include "tracee.h"

#include <mproc/init.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Those that take longest first. */
static const crash_operation *const families[] = {
	crash_process_operations,
	crash_queue_operations,
	crash_queue_large_operations,
	crash_queue_owed_operations,
	crash_queue_wait_operations,
	crash_queue_biased_operations,
	crash_queue_mistakes,
	crash_arena_operations,
	crash_place_operations,
	crash_ranges_operations,
	crash_map_operations,
	crash_crew_operations,
	crash_task_operations,
	crash_task_time_operations,
	crash_task_return_operations,
	crash_connection_operations,
	crash_sync_operations,
	crash_mutex_operations,
	crash_freed_lock_operations,
	crash_semaphore_operations,
	crash_event_operations,
	crash_bell_operations,
	crash_condition_operations,
	crash_barrier_operations,
	crash_once_operations,
	crash_value_operations,
	crash_dict_operations,
	crash_dict_whole_operations,
	crash_dict_crowd_operations,
	crash_dict_biased_operations,
	crash_list_operations,
	crash_file_operations,
	crash_timeline_operations,
	crash_random_operations,
	crash_manager_operations,
};
enum {
	FAMILY_COUNT = sizeof families / sizeof *families
};

typedef struct arguments {
	crash_extent extent;
	unsigned seed;
	/* Which operations; NULL after the last. */
	char **names;
} arguments;

/* What the harnesses share. */
typedef struct board {
	/* The next operation that nobody has taken. */
	_Atomic unsigned next;
	_Atomic unsigned kill_points, violations, missed, operations;
} board;

/* Every run must take the same steps. */
static void fix_addresses(char **argv)
{
	int now = personality(0xffffffff);

	if (now >= 0 && (now & ADDR_NO_RANDOMIZE) == 0 && personality((unsigned)now | ADDR_NO_RANDOMIZE) >= 0)
		execv("/proc/self/exe", argv);
}

static bool is_wanted(const char *name, char **wanted)
{
	bool is_match = *wanted == NULL;

	for (; *wanted != NULL && !is_match; ++wanted)
		is_match = strncmp(name, *wanted, strlen(*wanted)) == 0;
	return is_match;
}

static void report(const char *name, const char *variant, crash_result result, board *all)
{
	printf("crash\t%s%s\t%u\t%u\n", name, variant, result.kill_points, result.violations);
	fflush(stdout);
	all->kill_points += result.kill_points;
	all->violations += result.violations;
}

static void try_operation(const crash_operation *operation, const arguments *given, board *all)
{
	crash_result result;

	++all->operations;
	result = crash_run(operation, given->extent);
	if (operation->is_mistake) {
		all->missed += result.violations == 0;
		printf("%s\t%s\t%u\t%u\n", result.violations > 0 ? "caught" : "MISSED", operation->name,
			result.kill_points, result.violations);
		fflush(stdout);
		return;
	}
	report(operation->name, "", result, all);
	if (operation->is_killed_twice)
		report(operation->name, ", recovery too", crash_run_twice(operation, given->extent), all);
}

static const crash_operation *find_operation(unsigned index)
{
	for (int i = 0; i < FAMILY_COUNT; ++i) {
		for (const crash_operation *operation = families[i]; operation->name != NULL; ++operation) {
			if (index-- == 0)
				return operation;
		}
	}
	return NULL;
}

static void try_operations(const arguments *given, board *all)
{
	const crash_operation *operation;

	crash_prepare(given->seed);
	while ((operation = find_operation(all->next++)) != NULL) {
		if (is_wanted(operation->name, given->names))
			try_operation(operation, given, all);
	}
}

/* A harness whose processes all run on one processor: steps are handed to and fro, and that is three times faster. */
static void start_harness(int processor, const arguments *given, board *all)
{
	cpu_set_t set;

	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	sched_setaffinity(0, sizeof set, &set);
	try_operations(given, all);
	exit(0);
}

static void start_harnesses(const arguments *given, board *all)
{
	cpu_set_t usable;

	sched_getaffinity(0, sizeof usable, &usable);
	for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
		if (CPU_ISSET(processor, &usable))
			start_harness(processor, given, all);
	}
}

static bool await_harnesses(void)
{
	bool is_well = true;
	int status;

	while (wait(&status) > 0)
		is_well = is_well && status == 0;
	return is_well;
}

static arguments read_arguments(char **argv)
{
	static const char seed[] = "--seed=";
	arguments given = {.extent = CRASH_USUAL, .seed = (unsigned)time(NULL) % 10000, .names = argv + 1};

	for (; *given.names != NULL && strncmp(*given.names, "--", 2) == 0; ++given.names) {
		if (strncmp(*given.names, seed, strlen(seed)) == 0)
			given.seed = (unsigned)strtoul(*given.names + strlen(seed), NULL, 10);
		if (strcmp(*given.names, "--full") == 0)
			given.extent = CRASH_FULL;
		if (strcmp(*given.names, "--quick") == 0)
			given.extent = CRASH_QUICK;
	}
	return given;
}

int main(int argc, char **argv)
{
	arguments given = read_arguments(argv);
	board *all;

	/* In a process that an operation has started by spawn this does not return. */
	if (mproci_exec_is_spawned(MPROCI_FAMILY_VARIABLE))
		return mproc_init(argc, argv) < 0;
	if (!crash_can_step()) {
		printf("crash: skipped: operations are stepped on x86-64 only\n");
		return 0;
	}
	fix_addresses(argv);
	/* A complaint is a line, and not torn by those of others. */
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return 2;
	printf("crash: seed %u\n", given.seed);
	fflush(stdout);
	start_harnesses(&given, all);
	if (!await_harnesses())
		return 2;
	if (all->operations == 0) {
		fprintf(stderr, "crash: no operation has such a name\n");
		return 2;
	}
	printf("crash: %u kill points, %u violations\n", all->kill_points, all->violations);
	return all->violations > 0 || all->missed > 0;
}
