/* SPDX-License-Identifier: MIT */
/*
 * shared_counter - processes add to one count, in seven ways: which of them lose additions?
 *
 * To add is to read the count, to add 1, and to write it back.  When two processes read the same count, one
 * of their additions is lost.  That happens in memory and in a file, and also where each access is locked but
 * not the addition: the lock must be held from the reading to the writing.
 */
#include "command.h"

#include <fcntl.h>
#include <mproc.h>
#include <stdbool.h>
#include <unistd.h>

enum {
	MOST_WORKERS = 200,
	MOST_ADDITIONS = 1000000000,
};

/* What the workers share: the count, in one of four places, and how it is protected. */
typedef struct tally {
	mproc_event start;
	long plain;
	mproc_mutex lock; /* of .plain, for those who use it */
	_Atomic long atomic;
	long *value; /* with a lock of its own */
	int fd;      /* of a file that holds a text */
	char directory[200];
	char path[220];
} tally;

typedef struct way {
	const char *name;
	/* Add 1.  Returns 0, or -1 after telling what failed. */
	int (*add)(tally *shared);
	/* Returns the count, or -1 after telling what failed. */
	long (*read)(const tally *shared);
	bool is_exact;
} way;

typedef struct job {
	const way *how;
	tally *shared;
	long times;
} job;

static const char USAGE[] =
	"usage: shared_counter [OPTION]...\n"
	"Processes add 1 to one count, all at the same time.\n"
	"\n"
	"  --with NAME   none           a number in shared memory\n"
	"                file           a text in a file; one that is found empty counts as 0\n"
	"                file-lock      the same, under a lock of the file\n"
	"                value-no-lock  a value, locked to read and again to write\n"
	"                value          a value, locked while 1 is added\n"
	"                mutex          a number and a mutex in one struct\n"
	"                atomic         an atomic number\n"
	"                all            one after the other; the default\n"
	"  --workers N   processes, 1 to 200; 4 by default\n"
	"  --count N     additions by each, 1 to 1000000000; 10000 by default\n"
	"  --help        this text\n"
	"\n"
	"none, file and value-no-lock may lose additions, and say how many; the others must not.\n"
	"The seconds are wall time, without starting the processes.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* The ways to add. */

static int add_plainly(tally *shared)
{
	++shared->plain;
	return 0;
}

static long read_plain(const tally *shared)
{
	return shared->plain;
}

/* MPROC_OWNER_DIED is no failure here: whoever died with the lock has added 1, or has not. */
static int add_with_mutex(tally *shared)
{
	if (mproc_mutex_lock(&shared->lock, MPROC_FOREVER) < 0)
		return fail();
	++shared->plain;
	return mproc_mutex_unlock(&shared->lock) < 0 ? fail() : 0;
}

static int add_atomically(tally *shared)
{
	++shared->atomic;
	return 0;
}

static long read_atomic(const tally *shared)
{
	return shared->atomic;
}

static int add_to_value(tally *shared)
{
	if (mproc_value_lock(shared->value, MPROC_FOREVER) < 0)
		return fail();
	++*shared->value;
	return mproc_value_unlock(shared->value) < 0 ? fail() : 0;
}

/* Each access is locked, but between the two anybody may write. */
static int add_to_value_in_two_steps(tally *shared)
{
	long count;

	if (mproc_value_lock(shared->value, MPROC_FOREVER) < 0)
		return fail();
	count = *shared->value;
	if (mproc_value_unlock(shared->value) < 0 || mproc_value_lock(shared->value, MPROC_FOREVER) < 0)
		return fail();
	*shared->value = count + 1;
	return mproc_value_unlock(shared->value) < 0 ? fail() : 0;
}

static long read_value(const tally *shared)
{
	return *shared->value;
}

static int fail_at_file(const tally *shared)
{
	return complain("%s: %s", shared->path, strerror(errno));
}

/* A file that somebody has just emptied, in order to write, counts as 0. */
static long read_file(const tally *shared)
{
	char text[32] = "";

	if (pread(shared->fd, text, sizeof text - 1, 0) < 0)
		return fail_at_file(shared);
	return strtol(text, NULL, 10);
}

static int add_to_file(tally *shared)
{
	long count = read_file(shared);
	char text[32];
	int size = snprintf(text, sizeof text, "%ld\n", count + 1);

	if (count < 0)
		return -1;
	if (ftruncate(shared->fd, 0) < 0 || pwrite(shared->fd, text, (size_t)size, 0) != size)
		return fail_at_file(shared);
	return 0;
}

static int add_to_locked_file(tally *shared)
{
	static mproc_file_lock *lock; /* this process's own, until it ends */
	int rc;

	if (!lock && mproc_file_lock_open(shared->path, NULL, &lock) < 0)
		return fail();
	if (mproc_file_lock_acquire(lock, MPROC_FOREVER) < 0)
		return fail();
	rc = add_to_file(shared);
	return mproc_file_lock_release(lock) < 0 ? fail() : rc;
}

static const way WAYS[] = {
	{"none", add_plainly, read_plain, false},
	{"file", add_to_file, read_file, false},
	{"file-lock", add_to_locked_file, read_file, true},
	{"value-no-lock", add_to_value_in_two_steps, read_value, false},
	{"value", add_to_value, read_value, true},
	{"mutex", add_with_mutex, read_plain, true},
	{"atomic", add_atomically, read_atomic, true},
};
enum {
	WAY_COUNT = sizeof WAYS / sizeof *WAYS
};

/* The processes. */

/* A worker that only counted would be done in microseconds, before the next one has begun. */
static void do_something_else(void)
{
	for (volatile int step = 0; step < 300; ++step)
		;
}

static int work(void *argument)
{
	const job *self = argument;
	int rc = 0;

	if (mproc_event_wait(&self->shared->start, MPROC_FOREVER) < 0)
		return fail();
	for (long i = 0; i < self->times && rc == 0; ++i) {
		rc = self->how->add(self->shared);
		do_something_else();
	}
	return rc;
}

/* Returns 0 when all workers did their additions, which took @ret_seconds. */
static int run_workers(const job *todo, unsigned workers, double *ret_seconds)
{
	mproc_process *processes[MOST_WORKERS];
	unsigned started = 0;
	double start;
	int rc = 0;

	while (started < workers && rc == 0) {
		if (mproc_process_start(NULL, work, todo, sizeof *todo, &processes[started]) < 0)
			rc = fail();
		else
			++started;
	}
	start = seconds_now();
	if (mproc_event_set(&todo->shared->start) < 0)
		rc = fail();
	while (started > 0)
		rc |= join_process(processes[--started]);
	*ret_seconds = seconds_now() - start;
	return rc;
}

/* What they share. */

static int make_file(tally *self)
{
	const char *parent = getenv("TMPDIR");

	snprintf(self->directory, sizeof self->directory, "%s/shared_counter-XXXXXX",
		parent ? parent : "/tmp");
	if (!mkdtemp(self->directory)) {
		complain("%s: %s", self->directory, strerror(errno));
		self->directory[0] = '\0';
		return -1;
	}
	snprintf(self->path, sizeof self->path, "%s/count", self->directory);
	self->fd = open(self->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return self->fd < 0 ? fail_at_file(self) : 0;
}

static void remove_file(tally *self)
{
	if (self->fd >= 0) {
		close(self->fd);
		unlink(self->path);
	}
	if (self->directory[0] != '\0')
		rmdir(self->directory);
}

static tally *close_tally(tally *self)
{
	if (!self)
		return NULL;
	remove_file(self);
	mproc_value_destroy(self->value);
	mproc_mutex_destroy(&self->lock);
	mproc_event_destroy(&self->start);
	mproc_free(self);
	return NULL;
}

/* Returns what the workers share, with all counts 0; NULL after telling what failed. */
static tally *open_tally(const way *how)
{
	tally *self = mproc_calloc(1, sizeof *self);

	if (self)
		self->fd = -1;
	if (!self || mproc_event_init(&self->start) < 0 || mproc_mutex_init(&self->lock, NULL) < 0
		|| !(self->value = mproc_value_create(sizeof *self->value, NULL)))
		fail();
	else if (how->read != read_file || make_file(self) == 0)
		return self;
	return close_tally(self);
}

/* Returns 0, or -1 after telling what failed. */
static int run_way(const way *how, unsigned workers, long times)
{
	tally *shared = open_tally(how);
	long expected = workers * times, counted;
	double seconds;
	int rc;

	if (!shared)
		return -1;
	rc = run_workers(&(job){how, shared, times}, workers, &seconds);
	counted = how->read(shared);
	printf("%-13s %12ld %12ld %9.3f", how->name, expected, counted, seconds);
	if (counted != expected)
		printf("  lost %ld", expected - counted);
	putchar('\n');
	if (counted != expected && (how->is_exact || counted < 0))
		rc = complain("%s counted %ld instead of %ld", how->name, counted, expected);
	close_tally(shared);
	return rc;
}

static bool is_wanted(const setting *with, const way *how)
{
	return strcmp(with->value, "all") == 0 || strcmp(with->value, how->name) == 0;
}

static void check_way(const setting *with)
{
	for (int i = 0; i < WAY_COUNT; ++i) {
		if (is_wanted(with, &WAYS[i]))
			return;
	}
	refuse(with, "must be none, file, file-lock, value-no-lock, value, mutex, atomic or all");
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"with", "all"}, {"workers", "4"}, {"count", "10000"}};
	unsigned workers;
	long times;
	int failed = 0;

	read_command_line(argc, argv, USAGE, settings, 3);
	check_way(&settings[0]);
	workers = (unsigned)whole_number(&settings[1], 1, MOST_WORKERS);
	times = (long)whole_number(&settings[2], 1, MOST_ADDITIONS);
	printf("way               expected      counted   seconds\n");
	for (int i = 0; i < WAY_COUNT; ++i) {
		if (is_wanted(&settings[0], &WAYS[i]))
			failed |= run_way(&WAYS[i], workers, times);
	}
	return exit_status(failed);
}
