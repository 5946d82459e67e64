/* SPDX-License-Identifier: MIT */
/*
 * mapped_file - compares two ways into a file, reading it into a buffer and mapping it:
 *
 *	search  count a text
 *	lines   find the longest line
 *	write   put another text of the same length in its place
 *
 * A mapped file is an array: no buffer, no copy, no text that lies across the end of a buffer.  Whether it is
 * also faster depends on the machine and on the task.
 */
#define _GNU_SOURCE
#include "command.h"

#include <fcntl.h>
#include <math.h>
#include <mproc.h>
#include <stdbool.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = 1 << 16,
	MOST_TEXT = 1024,
	RUNS = 5,
	MOST_MEBIBYTES = 65536,
};

/*
 * Find what the task is about: @text, in whose place @other is put unless it is NULL; or the longest line.
 * Returns 0, or -1 after telling what failed.
 */
typedef int task_function(const char *path, const char *text, const char *other, uint64_t *ret_found);

static const char USAGE[] =
	"usage: mapped_file [OPTION]... [PATH]\n"
	"Compares reading a file with mapping it: count a text, find the longest line, replace the text.\n"
	"\n"
	"  PATH         a file of yours, which stays as it is: nothing is replaced\n"
	"  --size MIB   a file made for this, 1 to 65536 MiB; the default without PATH, with 64 MiB\n"
	"  --find TEXT  what to search for, at most 1024 bytes; ERROR by default\n"
	"  --help       this text\n"
	"\n"
	"The file is warm: all of it was read before.  The seconds are the best of 5 runs.  Both ways write\n"
	"into memory, from where the system brings it to the disk later.\n"
	"Exit status: 0; 1 when something failed, or both ways do not find the same; 2 for options that "
	"make\n"
	"no sense.\n";

/* Count @text, and put @other in its place unless it is NULL.  @ret_end is where the last one ended, or 0. */
static uint64_t scan(char *data, size_t size, const char *text, const char *other, size_t *ret_end)
{
	size_t length = strlen(text), end = 0;
	uint64_t found = 0;
	char *place;

	while (size - end >= length && (place = memmem(data + end, size - end, text, length))) {
		if (other)
			memcpy(place, other, length);
		end = (size_t)(place - data) + length;
		++found;
	}
	*ret_end = end;
	return found;
}

/* By mapping. */

static int scan_map(const char *path, const char *text, const char *other, uint64_t *ret_found)
{
	const mproc_map_file_options options = {
		.access = other ? MPROC_MAP_READ_WRITE : MPROC_MAP_READ_ONLY,
		.advice = MPROC_MAP_SEQUENTIAL,
	};
	mproc_mapped_file file;
	size_t end;

	if (mproc_map_file(path, 0, 0, &options, &file) < 0)
		return fail();
	*ret_found = scan(file.data, file.size, text, other, &end);
	return mproc_mapped_file_close(&file) < 0 ? fail() : 0;
}

static int measure_mapped_lines(const char *path, const char *text, const char *other, uint64_t *ret_longest)
{
	const mproc_map_file_options options = {.advice = MPROC_MAP_SEQUENTIAL};
	mproc_mapped_file file;
	size_t longest = 0, length;

	(void)text, (void)other;
	if (mproc_map_file(path, 0, 0, &options, &file) < 0)
		return fail();
	for (size_t start = 0; start < file.size; start += length + 1) {
		const char *line = file.data + start;
		const char *newline = memchr(line, '\n', file.size - start);

		length = newline ? (size_t)(newline - line) : file.size - start;
		longest = length > longest ? length : longest;
	}
	*ret_longest = longest;
	return mproc_mapped_file_close(&file) < 0 ? fail() : 0;
}

/* By reading. */

static int fail_at(const char *path)
{
	return complain("%s: %s", path, strerror(errno));
}

/*
 * Scan piece by piece.  A text may lie across the end of one: what could be its beginning is kept, and the
 * next piece read behind it.  Returns 0, or -1 with errno set.
 */
static int scan_pieces(int fd, const char *text, const char *other, uint64_t *ret_found)
{
	static char buffer[BUFFER_SIZE + MOST_TEXT];
	size_t overlap = strlen(text) - 1, kept = 0, size, end;
	off_t offset = 0; /* of the buffer, in the file */
	uint64_t total = 0, found;
	ssize_t got;

	while ((got = pread(fd, buffer + kept, BUFFER_SIZE, offset + (off_t)kept)) > 0) {
		size = kept + (size_t)got;
		found = scan(buffer, size, text, other, &end);
		total += found;
		if (other && found > 0 && pwrite(fd, buffer, size, offset) != (ssize_t)size)
			return -1;
		kept = size - end < overlap ? size - end : overlap;
		memmove(buffer, buffer + size - kept, kept);
		offset += (off_t)(size - kept);
	}
	*ret_found = total;
	return got < 0 ? -1 : 0;
}

static int scan_file(const char *path, const char *text, const char *other, uint64_t *ret_found)
{
	int fd = open(path, (other ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	int rc = fd < 0 ? -1 : scan_pieces(fd, text, other, ret_found);

	if (rc < 0)
		fail_at(path);
	close(fd);
	return rc;
}

static int measure_read_lines(const char *path, const char *text, const char *other, uint64_t *ret_longest)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0, longest = 0, length;
	ssize_t size;
	int rc = 0;

	(void)text, (void)other;
	if (!file)
		return fail_at(path);
	while ((size = getline(&line, &room, file)) > 0) {
		length = (size_t)size - (line[size - 1] == '\n');
		longest = length > longest ? length : longest;
	}
	if (!feof(file))
		rc = fail_at(path);
	*ret_longest = longest;
	free(line);
	fclose(file);
	return rc;
}

/* The comparison. */

typedef struct task {
	const char *name;
	task_function *by_reading, *by_mapping;
	bool writes;
	const char *found; /* what the number is */
} task;

static const task TASKS[] = {
	{"search", scan_file, scan_map, false, "times the text"},
	{"lines", measure_read_lines, measure_mapped_lines, false, "bytes in the longest line"},
	{"write", scan_file, scan_map, true, "times the text"},
};

typedef struct plan {
	const char *path;
	const char *text;
	/* What is written instead of the text; NULL: nothing.  It is as long, and not in the file. */
	const char *other;
} plan;

/* Returns how many seconds it took; less than 0 when it failed. */
static double time_run(
	task_function *run, const char *path, const char *text, const char *other, uint64_t *ret_found)
{
	double start = seconds_now();

	return run(path, text, other, ret_found) < 0 ? -1 : seconds_now() - start;
}

/* Returns 0 when both ways found the same. */
static int compare(const task *what, const plan *self)
{
	const char *text = self->text, *other = what->writes ? self->other : NULL;
	double best_reading = 1e9, best_mapping = 1e9;
	uint64_t read = 0, mapped = 0;

	for (int run = 0; run <= RUNS; ++run) {
		/* When they write, the mapping puts back what the reading replaced. */
		double reading = time_run(what->by_reading, self->path, text, other, &read);
		double mapping = time_run(
			what->by_mapping, self->path, other ? other : text, other ? text : NULL, &mapped);

		if (reading < 0 || mapping < 0)
			return -1;
		if (read != mapped)
			return complain("%s: reading finds %" PRIu64 " %s, mapping %" PRIu64, what->name,
				read, what->found, mapped);
		if (run == 0) /* it warmed up */
			continue;
		best_reading = fmin(best_reading, reading);
		best_mapping = fmin(best_mapping, mapping);
	}
	printf("%-8s %9.4f %9.4f %9.2f   %" PRIu64 " %s\n", what->name, best_reading, best_mapping,
		best_reading / best_mapping, read, what->found);
	return 0;
}

static int compare_all(const plan *self)
{
	printf("task       reading   mapping  speed-up   both found\n");
	for (size_t i = 0; i < sizeof TASKS / sizeof *TASKS; ++i) {
		if ((self->other || !TASKS[i].writes) && compare(&TASKS[i], self) < 0)
			return -1;
	}
	return 0;
}

/* Lines as of a log; one of 100 is an error. */
static int write_log(int fd, off_t size)
{
	static const char reason[] = " and nobody knows why it took that long";
	FILE *file = fdopen(fd, "w");
	off_t written = 0;
	int rc = -1;

	if (!file)
		return complain("no memory for a file: %s", strerror(errno));
	for (unsigned number = 0; written < size && !ferror(file); ++number)
		written += fprintf(file, "%u %s request took %u ms%.*s\n", number,
			number % 100 == 0 ? "ERROR" : "INFO", number % 97, (int)(number % 37), reason);
	if (fflush(file) == 0 && !ferror(file))
		rc = ftruncate(fd, size);
	if (rc < 0)
		complain("cannot write a file of %jd bytes: %s", (intmax_t)size, strerror(errno));
	fclose(file);
	return rc;
}

/* Compare with a file that is there only meanwhile. */
static int compare_with_own_file(const char *text, uint64_t mebibytes)
{
	const char *directory = getenv("TMPDIR");
	char path[4096], other[MOST_TEXT + 1] = "";
	const plan self = {path, text, memset(other, '#', strlen(text))};
	int fd, rc;

	snprintf(path, sizeof path, "%s/mapped_file-XXXXXX", directory ? directory : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return fail_at(path);
	rc = write_log(fd, (off_t)mebibytes << 20);
	if (rc == 0)
		rc = compare_all(&self);
	unlink(path);
	return rc;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"size", NULL}, {"find", "ERROR"}};
	const setting *size = &settings[0], *find = &settings[1];
	int next = read_settings(argc, argv, USAGE, settings, 2);
	const char *path = argv[next];
	uint64_t mebibytes = size->value ? whole_number(size, 1, MOST_MEBIBYTES) : 64;

	if (strlen(find->value) < 1 || strlen(find->value) > MOST_TEXT)
		refuse(find, "must have 1 to 1024 bytes");
	if (path && argv[next + 1])
		refuse_word(argv[next + 1], "one file is enough");
	if (path && size->value)
		refuse(size, "cannot be combined with a file of yours");
	if (path)
		return exit_status(compare_all(&(plan){path, find->value, NULL}));
	return exit_status(compare_with_own_file(find->value, mebibytes));
}
