/* SPDX-License-Identifier: MIT */
/*
 * find_primes - the primes of a range, as examples/find_primes.c finds them, by OpenMP's ways to share a loop.
 */
#include "loops.h"

static const uint64_t MOST_NUMBERS = UINT64_C(1) << 28;

static const char USAGE[] =
	"usage: find_primes [OPTION]...\n"
	"The primes of a range by OpenMP, as rows for the report.\n"
	"\n"
	"  --range A...E  a range as examples/find_primes has it; A by default\n"
	"  --from N       a range of your own: N is its first number,\n"
	"  --to N         and N is the number after its last\n"
	"  --chunk N      numbers that a thread takes at a time, 1 by default; not of static\n"
	"  --workers N    threads, 1 to 1024; by default one for each usable core\n"
	"  --with NAME    serial, static, dynamic, guided, tasks or all, the default\n"
	"  --help         this text\n"
	"\n"
	"The seconds are wall time, with starting the threads.\n"
	"Exit status: 0; 1 when a result was wrong; 2 for options that make no sense.\n";

static const struct way {
	const char *name;
	loop_function *loop;
} WAYS[] = {
	{"serial", search_serially},
	{"static", search_static},
	{"dynamic", search_dynamic},
	{"guided", search_guided},
	{"tasks", search_tasks},
};
enum {
	WAY_COUNT = sizeof WAYS / sizeof *WAYS
};

static int run(search *self, const setting *with, int chunk)
{
	bool is_any = false;

	for (int i = 0; i < WAY_COUNT; ++i) {
		double seconds;

		if (!is_wanted(with, WAYS[i].name))
			continue;
		is_any = true;
		if (time_loop(self, WAYS[i].loop, WAYS[i].name, chunk, &seconds) < 0)
			return -1;
		print_row("find_primes", WAYS[i].name, "%zu", self->count);
		print_value(seconds, "s");
	}
	if (!is_any)
		refuse(with, "must be serial, static, dynamic, guided, tasks or all");
	return 0;
}

enum {
	RANGE,
	FROM,
	TO,
	CHUNK,
	WORKERS,
	WITH,
	SETTINGS
};

static void set_named_range(const setting *given, uint64_t *from, uint64_t *to)
{
	static const struct {
		const char *name;
		uint64_t from, to;
	} ranges[] = {
		{"A", 100000000, 100010000},
		{"B", 100000000, 100100000},
		{"C", 100000000, 101000000},
		{"D", 1000000000, 1000100000},
		{"E", 100000000000, 100000100000},
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; ++i) {
		if (strcmp(given->value, ranges[i].name) == 0) {
			*from = ranges[i].from;
			*to = ranges[i].to;
			return;
		}
	}
	refuse(given, "must be A, B, C, D or E");
}

static void set_range(const setting *settings, uint64_t *from, uint64_t *to)
{
	if (!settings[FROM].value && !settings[TO].value) {
		set_named_range(&settings[RANGE], from, to);
		return;
	}
	if (!settings[FROM].value)
		refuse(&settings[TO], "needs --from as well");
	if (!settings[TO].value)
		refuse(&settings[FROM], "needs --to as well");
	*from = whole_number(&settings[FROM], 0, UINT64_MAX - MOST_NUMBERS);
	*to = whole_number(&settings[TO], *from, *from + MOST_NUMBERS);
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[RANGE] = {"range", "A"},
		[FROM] = {"from", NULL},
		[TO] = {"to", NULL},
		[CHUNK] = {"chunk", "1"},
		[WORKERS] = {"workers", NULL},
		[WITH] = {"with", "all"},
	};
	uint64_t from, to;
	search all;
	int failed;

	read_command_line(argc, argv, USAGE, settings, SETTINGS);
	set_range(settings, &from, &to);
	failed = open_search(&all, from, (size_t)(to - from), workers_of(&settings[WORKERS]));
	if (!failed)
		failed = run(&all, &settings[WITH], (int)whole_number(&settings[CHUNK], 1, INT32_MAX));
	free(all.found);
	return exit_status(failed);
}
