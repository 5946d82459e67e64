/* SPDX-License-Identifier: MIT */
/*
 * resize - smaller copies of all pictures in a folder.
 *
 * A picture that cannot be read is told, and so is one that kills the worker that reads it; all others are
 * done.
 */
#include "command.h"
#include "resize/picture.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

/* A picture, by its name in the folder, and what became of it. */
typedef struct name {
	char text[NAME_MAX + 1];
} name;

typedef struct report {
	unsigned width, height, new_width, new_height;
	/* Why there is no copy; empty when there is one. */
	complaint why;
} report;

/* What all items share.  The folders are in memory that workers have inherited. */
typedef struct job {
	const char *from, *to;
	unsigned width;
} job;

static const char USAGE[] =
	"usage: resize [OPTION]... FROM TO\n"
	"Writes copies of all pictures (*.png) in the folder FROM into the folder TO.\n"
	"\n"
	"  --width N    of the copies, in pixels, 1 to 32768; 256 by default.  The height is in proportion, "
	"and\n"
	"               what is not wider keeps its size.\n"
	"  --workers N  processes, 1 to 1024; by default one for each usable core\n"
	"  --serial     without workers; the copies are the same\n"
	"  --help       this text\n"
	"\n"
	"TO is made if it is not there.\n"
	"Exit status: 0; 1 when a picture has no copy, as standard error tells; 2 for wrong options.\n";

static int copy_picture(const char *from, const char *to, unsigned width, report *ret_report)
{
	picture old, copy;
	int rc;

	if (read_picture(from, &old, &ret_report->why) < 0)
		return -1;
	rc = shrink_picture(&old, width, &copy);
	if (rc < 0) {
		snprintf(ret_report->why.text, sizeof ret_report->why.text, "%s", strerror(ENOMEM));
	} else {
		*ret_report = (report){old.width, old.height, copy.width, copy.height, {""}};
		rc = write_picture(to, &copy, &ret_report->why);
		free_picture(&copy);
	}
	free_picture(&old);
	return rc;
}

/* Done by a worker.  The result tells why there is no copy: the item itself does not fail. */
static int resize_picture(const void *item, void *result, mproc_task *task)
{
	const job *self = mproc_task_context(task);
	const name *file = item;
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof from, "%s/%s", self->from, file->text);
	snprintf(to, sizeof to, "%s/%s", self->to, file->text);
	copy_picture(from, to, self->width, result);
	return 0;
}

/* What became of the pictures. */

/* Returns 0, or -1 after telling why there is no copy. */
static int print_report(const name *file, const report *self, const mproc_outcome *outcome)
{
	if (outcome->ending == MPROC_ENDING_SIGNAL)
		return complain("%s: its worker was killed by signal %d (%s)", file->text, outcome->code,
			strsignal(outcome->code));
	if (outcome->ending != MPROC_ENDING_VALUE)
		return complain("%s: not done", file->text);
	if (*self->why.text)
		return complain("%s: %s", file->text, self->why.text);
	printf("%s: %u x %u to %u x %u\n", file->text, self->width, self->height, self->new_width,
		self->new_height);
	return 0;
}

/* Returns how many have a copy. */
static size_t print_reports(
	const name *files, const report *reports, const mproc_outcome *outcomes, size_t count)
{
	size_t copies = 0;

	for (size_t i = 0; i < count; ++i)
		copies += print_report(&files[i], &reports[i], &outcomes[i]) == 0;
	printf("copies   %zu of %zu\n", copies, count);
	return copies;
}

static int resize_pictures(mproc_pool *pool, const job *self, const name *files, size_t count)
{
	report *reports = calloc(count, sizeof *reports);
	mproc_outcome *outcomes = calloc(count, sizeof *outcomes);
	const mproc_map_options options = {
		.chunk = 1,
		.outcomes = outcomes,
		.context = self,
		.context_size = sizeof *self,
	};
	double start = seconds_now();
	int failed;

	if (!reports || !outcomes) {
		failed = complain("no memory for %zu pictures", count);
	} else {
		if (mproc_pool_map(pool, resize_picture, files, sizeof *files, count, reports,
			    sizeof *reports, &options)
			< 0)
			fail();
		failed = print_reports(files, reports, outcomes, count) < count;
		printf("workers  %d\n", mproc_pool_workers(pool));
		printf("seconds  %.3f\n", seconds_now() - start);
	}
	free(outcomes);
	free(reports);
	return failed;
}

/* The folders. */

static int is_picture(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcasecmp(dot, ".png") == 0;
}

/* Returns the names of the pictures, sorted, or NULL after telling why there are none. */
static name *list_pictures(const char *path, size_t *ret_count)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_picture, alphasort);
	name *files = count > 0 ? calloc((size_t)count, sizeof *files) : NULL;

	if (count < 0)
		complain("%s: %s", path, strerror(errno));
	else if (count == 0)
		complain("%s: no pictures (*.png)", path);
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

/* The copies have the names of the originals. */
static int make_folder(const char *path, const char *other_than)
{
	struct stat made, other;

	if ((mkdir(path, 0777) < 0 && errno != EEXIST) || stat(path, &made) < 0)
		return complain("%s: %s", path, strerror(errno));
	if (stat(other_than, &other) == 0 && made.st_dev == other.st_dev && made.st_ino == other.st_ino)
		return complain("%s: the copies need another folder than the pictures", path);
	return 0;
}

static int resize_folder(const job *self, const mproc_pool_options *options)
{
	size_t count;
	name *files = list_pictures(self->from, &count);
	mproc_pool *pool;
	int failed;

	if (!files)
		return -1;
	failed = make_folder(self->to, self->from);
	if (!failed && mproc_pool_open(options, &pool) < 0)
		failed = fail();
	if (!failed) {
		failed = resize_pictures(pool, self, files, count);
		mproc_pool_close(pool);
	}
	free(files);
	return failed;
}

/* The command line. */

enum {
	WIDTH,
	WORKERS,
	SERIAL,
	SETTINGS
};

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[WIDTH] = {"width", "256"},
		[WORKERS] = {"workers", NULL},
		[SERIAL] = {"serial", OFF},
	};
	int next = read_settings(argc, argv, USAGE, settings, SETTINGS);
	mproc_pool_options options = {0};
	job plan;

	if (argc - next < 2)
		refuse_word(argc > next ? argv[next] : "FROM TO", "two folders are needed");
	if (argc - next > 2)
		refuse_word(argv[next + 2], "two folders are enough");
	plan = (job){argv[next], argv[next + 1], (unsigned)whole_number(&settings[WIDTH], 1, 32768)};
	options.backend = is_on(&settings[SERIAL]) ? MPROC_BACKEND_SERIAL : MPROC_BACKEND_PROCESSES;
	options.workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, 1024) : 0;
	return exit_status(resize_folder(&plan, &options));
}
