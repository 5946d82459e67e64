/* SPDX-License-Identifier: MIT */
/*
 * copied_random - which random numbers do forked children draw?
 *
 *	libc     from random(), whose state each of them has a copy of: all draw the same ones
 *	copied   from a copy of a generator of mproc: the same mistake
 *	time     from random(), which each of them seeds with the time: the same ones, if they began in the same second
 *	streams  each from a stream of its own: different ones, and the same again at the next run
 *
 * It is not seen in the numbers of one child, nor in a result that is made of all of them: estimate_pi --random copied
 * shows that.
 */
#include "command.h"
#include "experiment.h"

enum {
	MOST_CHILDREN = 200,
	DRAWS = 3,
};

static const char USAGE[] =
	"usage: copied_random [OPTION]...\n"
	"Forks children that draw random numbers, and tells how many of them drew different ones.\n"
	"\n"
	"  --children N   how many, 2 to 200; 4 by default\n"
	"  --seed S       of the random numbers, 0 to 4294967295; 1 by default\n"
	"  --with NAME    libc     random(), as it was when the child was forked\n"
	"                 copied   a generator of mproc, as it was when the child was forked\n"
	"                 time     random(), seeded with the time\n"
	"                 streams  a stream of its own for each child\n"
	"                 all      one after the other; the default\n" ROWS_USAGE
	"  --help         this text\n"
	"\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* What a child is given, and where it puts what it drew: in shared memory. */
typedef struct child {
	unsigned index;
	unsigned seed;
	uint64_t drawn[DRAWS];
} child;

/* An ordinary variable, and so another one in each process, but with the same contents. */
static mproc_random inherited;

static int draw_from_libc(void *argument)
{
	child *self = argument;

	for (int i = 0; i < DRAWS; ++i)
		self->drawn[i] = (uint64_t)random() % 1000;
	return 0;
}

static int draw_from_time(void *argument)
{
	srandom((unsigned)time(NULL));
	return draw_from_libc(argument);
}

static int draw_from(mproc_random *random, child *self)
{
	for (int i = 0; i < DRAWS; ++i)
		self->drawn[i] = (uint64_t)mproc_random_integer(random, 0, 999);
	return 0;
}

static int draw_from_copy(void *argument)
{
	return draw_from(&inherited, argument);
}

static int draw_from_stream(void *argument)
{
	child *self = argument;
	mproc_random own;

	mproc_random_init(&own, self->seed, self->index);
	return draw_from(&own, self);
}

static const struct {
	const char *name;
	mproc_process_function *draw;
} METHODS[] = {
	{"libc", draw_from_libc},
	{"copied", draw_from_copy},
	{"time", draw_from_time},
	{"streams", draw_from_stream},
};
enum {
	METHOD_COUNT = sizeof METHODS / sizeof *METHODS
};

static bool draw_the_same(const child *one, const child *other)
{
	return memcmp(one->drawn, other->drawn, sizeof one->drawn) == 0;
}

/* How many of the children drew what no child before them drew. */
static unsigned count_different(const child *children, unsigned count)
{
	unsigned different = 0;

	for (unsigned i = 0; i < count; ++i) {
		unsigned before = 0;

		while (before < i && !draw_the_same(&children[i], &children[before]))
			++before;
		different += before == i;
	}
	return different;
}

static void report(const char *name, const child *children, unsigned count)
{
	unsigned different = count_different(children, count);

	tell("%-8s %9u ", name, different);
	for (unsigned i = 0; i < count && i < 4; ++i)
		tell("  %3" PRIu64 " %3" PRIu64 " %3" PRIu64, children[i].drawn[0], children[i].drawn[1],
			children[i].drawn[2]);
	tell("%s\n", count > 4 ? "  …" : "");
	print_measurement("copied_random", name, different, "-", "%u", count);
}

/* Returns 0, or -1 after telling what failed. */
static int run_children(mproc_process_function *draw, child *children, unsigned count)
{
	mproc_process *processes[MOST_CHILDREN];
	unsigned started = 0;
	int failed = 0;

	while (started < count && !failed) {
		if (mproc_process_start(NULL, draw, &children[started], 0, &processes[started]) < 0)
			failed = fail();
		else
			++started;
	}
	while (started > 0)
		failed |= join_process(processes[--started]);
	return failed;
}

static int run(const setting *with, child *children, unsigned count, unsigned seed)
{
	int failed = 0;

	srandom(seed);
	mproc_random_init(&inherited, seed, 0);
	tell("method   different   the numbers of each of %u children\n", count);
	for (int i = 0; i < METHOD_COUNT; ++i) {
		if (!is_asked_for(with, METHODS[i].name))
			continue;
		for (unsigned k = 0; k < count; ++k)
			children[k] = (child){.index = k, .seed = seed};
		if (run_children(METHODS[i].draw, children, count) == 0)
			report(METHODS[i].name, children, count);
		else
			failed = -1;
	}
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"children", "4"}, {"seed", "1"}, {"with", "all"}, ROWS};
	unsigned count, seed;
	child *children;
	int failed;

	read_command_line(argc, argv, USAGE, settings, 4);
	count = (unsigned)whole_number(&settings[0], 2, MOST_CHILDREN);
	seed = (unsigned)whole_number(&settings[1], 0, UINT32_MAX);
	check_name(&settings[2], " libc copied time streams all ");
	rows_only = is_on(&settings[3]);

	children = mproc_calloc(count, sizeof *children);
	failed = children ? run(&settings[2], children, count, seed) : fail();
	mproc_free(children);
	return exit_status(failed);
}
