/* SPDX-License-Identifier: MIT */
/*
 * big_argument - hands a large array to workers, and compares what the ways to do so cost:
 *
 *	serial  no workers
 *	copy    the items are in ordinary memory: the pool copies them
 *	arena   the items are in memory that all processes see: nothing is copied
 *	fork    the workers are forked when the array is there, and so have it
 *	file    the workers map their parts of a file
 *
 * The ways are in big_argument/ways.c.
 */
#include "command.h"

#include "big_argument/ways.h"

static const char USAGE[] =
	"usage: big_argument [OPTION]...\n"
	"Adds up a large array, a slice of it in each worker.\n"
	"\n"
	"  --by NAME    serial  no workers\n"
	"               copy    items that the pool copies\n"
	"               arena   items in memory that all processes see\n"
	"               fork    an array that workers inherit\n"
	"               file    a mapped file, in $TMPDIR or /tmp\n"
	"               all     one after the other, and check that they agree; the default\n"
	"  --size MIB   of the array, 1 to 65536 MiB; 256 by default\n"
	"  --workers N  processes, 1 to 64; by default one for each usable core\n"
	"  --serial     the same as --by serial\n"
	"  --help       this text\n"
	"\n"
	"making: seconds to fill the array.  handing over: from then until a worker begins; with fork it "
	"includes\n"
	"opening the pool, which the others have open already.  working: until all have added up their "
	"slices.\n"
	"memory: of all processes together in MiB, at the end of the work.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

typedef struct way {
	const char *name;
	way_function *function;
} way;

static const way WAYS[] = {
	{"serial", add_serially},
	{"copy", add_copies},
	{"arena", add_in_arena},
	{"fork", add_forked},
	{"file", add_from_file},
};
enum {
	WAY_COUNT = sizeof WAYS / sizeof *WAYS
};

static void print_cost(const char *name, const cost *self)
{
	printf("%-6s  %7.3f  %12.3f  %7.3f  ", name, self->making, self->handing_over, self->working);
	if (self->memory > 0)
		printf("%6zu", self->memory >> 20);
	else
		printf("%6s", "-");
	printf("  %016" PRIx64 "\n", self->sum);
	fflush(stdout);
}

/* @wanted is a name, or "all". */
static int compare(const array *self, const char *wanted)
{
	uint64_t sum = 0;
	bool is_first = true;
	cost its = {0};

	printf("way      making  handing over  working  memory  sum\n");
	for (int i = 0; i < WAY_COUNT; ++i) {
		if (strcmp(wanted, "all") != 0 && strcmp(wanted, WAYS[i].name) != 0)
			continue;
		if (WAYS[i].function(self, &its) < 0)
			return -1;
		print_cost(WAYS[i].name, &its);
		if (!is_first && its.sum != sum)
			return complain("%s: another sum than before", WAYS[i].name);
		sum = its.sum;
		is_first = false;
	}
	return 0;
}

/* The command line. */

enum {
	BY,
	SIZE,
	WORKERS,
	SERIAL,
	SETTINGS
};

static const char *read_way(const setting *by, const setting *serial)
{
	if (is_on(serial) && by->value)
		refuse(by, "cannot be combined with --serial");
	if (is_on(serial))
		return "serial";
	if (!by->value || strcmp(by->value, "all") == 0)
		return "all";
	for (int i = 0; i < WAY_COUNT; ++i) {
		if (strcmp(by->value, WAYS[i].name) == 0)
			return by->value;
	}
	refuse(by, "must be serial, copy, arena, fork, file or all");
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[BY] = {"by", NULL},
		[SIZE] = {"size", "256"},
		[WORKERS] = {"workers", NULL},
		[SERIAL] = {"serial", OFF},
	};
	array plan = {0};
	const char *wanted;

	read_command_line(argc, argv, USAGE, settings, SETTINGS);
	wanted = read_way(&settings[BY], &settings[SERIAL]);
	plan.count = (size_t)whole_number(&settings[SIZE], 1, 65536) << 17;
	plan.workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, MOST_SLICES)
					       : mproc_cpu_count(MPROC_CPU_USABLE);
	plan.workers = plan.workers < MOST_SLICES ? plan.workers : MOST_SLICES;
	plan.slice = (plan.count + plan.workers - 1) / plan.workers;
	return exit_status(compare(&plan, wanted));
}
