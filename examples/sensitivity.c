/* SPDX-License-Identifier: MIT */
/*
 * sensitivity - one model, run with many files of parameters: how much depends on which?
 *
 * The model is an epidemic, a file a scenario: sensitivity/scenario.h shows one.  A file that is none is told,
 * and all others are run.
 */
#include "command.h"
#include "sensitivity/epidemic.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

enum {
	MOST_MADE = 10000,
};

/* A file, by its name in the folder. */
typedef struct name {
	char text[NAME_MAX + 1];
} name;

/* What all items share.  The folder's name is in memory that workers have inherited. */
typedef struct study {
	const char *folder;
	/* What holds where a file says nothing else. */
	scenario usual;
	unsigned days, steps;
} study;

/* What a worker tells of a file. */
typedef struct report {
	scenario assumed;
	epidemic result;
	/* Why it was not run; empty when it was. */
	complaint why;
} report;

static const char USAGE[] =
	"usage: sensitivity [OPTION]... FOLDER\n"
	"Runs the model of an epidemic with each file (*.txt) in FOLDER.\n"
	"\n"
	"  --make N     first make N files there, 1 to 10000, with different numbers of infections\n"
	"  --days N     that the model runs, 1 to 10000; 365 by default\n"
	"  --steps N    in which a day is computed, 10 to 100000; 100 by default\n"
	"  --workers N  processes, 1 to 1024; by default one for each usable core\n"
	"  --serial     without workers; the results are the same\n"
	"  --help       this text\n"
	"\n"
	"A file has lines like infection = 0.4, and comments after #.  What it leaves out is:\n"
	"  population = 1000000  people\n"
	"  infected = 10         people who are ill on the first day\n"
	"  infection = 0.4       people that one who is ill infects on a day, 0 to 10\n"
	"  recovery = 0.1        part of the ill that recovers on a day, 0 to 1\n"
	"Exit status: 0; 1 when a file could not be run, as standard error tells; 2 for wrong options.\n";

/* Done by a worker.  The result tells why a file was not run: the item itself does not fail. */
static int run_file(const void *item, void *result, mproc_task *task)
{
	const study *self = mproc_task_context(task);
	const name *file = item;
	report *its = result;
	char path[PATH_MAX];

	*its = (report){.assumed = self->usual};
	snprintf(path, sizeof path, "%s/%s", self->folder, file->text);
	if (read_scenario(path, &its->assumed, &its->why) == 0)
		its->result = run_epidemic(&its->assumed, self->days, self->steps);
	return 0;
}

/* What came out. */

/* Returns 0, or -1 after telling why the file was not run. */
static int print_report(const name *file, const report *self)
{
	const scenario *assumed = &self->assumed;

	if (*self->why.text)
		return complain("%s: %s", file->text, self->why.text);
	printf("%-20s  %10.0f  %8.0f  %9.4f  %8.4f  %10.0f  %6.1f  %7.4f\n", file->text, assumed->population,
		assumed->infected, assumed->infection, assumed->recovery, self->result.peak, self->result.day,
		self->result.share);
	return 0;
}

static size_t print_reports(const name *files, const report *reports, size_t count)
{
	size_t run = 0;

	printf("%-20s  %10s  %8s  %9s  %8s  %10s  %6s  %7s\n", "file", "population", "infected", "infection",
		"recovery", "peak", "day", "share");
	for (size_t i = 0; i < count; ++i)
		run += print_report(&files[i], &reports[i]) == 0;
	return run;
}

static int run_files(mproc_pool *pool, const study *self, const name *files, size_t count)
{
	const mproc_map_options options = {.chunk = 1, .context = self, .context_size = sizeof *self};
	report *reports = calloc(count, sizeof *reports);
	double start = seconds_now();
	size_t run = 0;

	if (!reports)
		return complain("no memory for %zu files", count);
	if (mproc_pool_map(pool, run_file, files, sizeof *files, count, reports, sizeof *reports, &options)
		!= 0) {
		fail();
	} else {
		run = print_reports(files, reports, count);
		printf("\nfiles    %zu of %zu\n", run, count);
		printf("workers  %d\n", mproc_pool_workers(pool));
		printf("seconds  %.3f\n", seconds_now() - start);
	}
	free(reports);
	return run < count;
}

/* The folder. */

/* Make @count scenarios, from half of the usual number of infections to twice as many. */
static int make_files(const study *self, unsigned count)
{
	char path[PATH_MAX];
	scenario made = self->usual;

	if (mkdir(self->folder, 0777) < 0 && errno != EEXIST)
		return complain("%s: %s", self->folder, strerror(errno));
	for (unsigned i = 1; i <= count; ++i) {
		made.infection = self->usual.infection * (0.5 + 1.5 * i / count);
		snprintf(path, sizeof path, "%s/scenario-%05u.txt", self->folder, i);
		if (write_scenario(path, &made) < 0)
			return complain("%s: %s", path, strerror(errno));
	}
	return 0;
}

static int is_text(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".txt") == 0;
}

/* Returns the names of the files, sorted, or NULL after telling why there are none. */
static name *list_files(const char *folder, size_t *ret_count)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_text, alphasort);
	name *files = count > 0 ? calloc((size_t)count, sizeof *files) : NULL;

	if (count < 0)
		complain("%s: %s", folder, strerror(errno));
	else if (count == 0)
		complain("%s: no files (*.txt)", folder);
	else if (!files)
		complain("no memory for %d names", count);
	*ret_count = 0;
	for (int i = 0; i < count; ++i) {
		if (files)
			snprintf(files[(*ret_count)++].text, sizeof files->text, "%s", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return files;
}

static int run_folder(const study *self, const mproc_pool_options *options)
{
	size_t count;
	name *files = list_files(self->folder, &count);
	mproc_pool *pool;
	int failed;

	if (!files)
		return -1;
	if (mproc_pool_open(options, &pool) < 0) {
		failed = fail();
	} else {
		failed = run_files(pool, self, files, count);
		mproc_pool_close(pool);
	}
	free(files);
	return failed;
}

/* The command line. */

enum {
	MAKE,
	DAYS,
	STEPS,
	WORKERS,
	SERIAL,
	SETTINGS
};

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[MAKE] = {"make", NULL},
		[DAYS] = {"days", "365"},
		[STEPS] = {"steps", "100"},
		[WORKERS] = {"workers", NULL},
		[SERIAL] = {"serial", OFF},
	};
	int next = read_settings(argc, argv, USAGE, settings, SETTINGS), failed = 0;
	study plan = {.usual = {.population = 1e6, .infected = 10, .infection = 0.4, .recovery = 0.1}};
	mproc_pool_options options = {0};

	if (next == argc)
		refuse_word("FOLDER", "a folder is needed");
	if (argc - next > 1)
		refuse_word(argv[next + 1], "one folder is enough");
	plan.folder = argv[next];
	plan.days = (unsigned)whole_number(&settings[DAYS], 1, 10000);
	plan.steps = (unsigned)whole_number(&settings[STEPS], 10, 100000);
	options.backend = is_on(&settings[SERIAL]) ? MPROC_BACKEND_SERIAL : MPROC_BACKEND_PROCESSES;
	options.workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, 1024) : 0;
	if (settings[MAKE].value)
		failed = make_files(&plan, (unsigned)whole_number(&settings[MAKE], 1, MOST_MADE));
	if (!failed)
		failed = run_folder(&plan, &options);
	return exit_status(failed);
}
