/* SPDX-License-Identifier: MIT */
/*
 * worker_memory - how much memory one idle worker more takes: a thread, and a process by each start method.
 *
 *	private  what nobody else uses: what the machine has less of
 *	pss      the same, and of what is shared its part (proportional set size)
 *	rss      all that it uses, however many others use it too: what top shows, and what frightens people
 *
 * A forked worker shares with its parent what neither of them changes.  The kernel's own memory, for the page tables and the
 * like, comes on top and is not in these figures.
 */
#include "command.h"
#include "experiment.h"

#include <pthread.h>

enum {
	MOST_WORKERS = 200,
};

static const char USAGE[] =
	"usage: worker_memory [OPTION]...\n"
	"Starts workers that wait, and tells how much memory each takes.\n"
	"\n"
	"  --workers N    how many, 1 to 200; 8 by default\n"
	"  --with NAME    thread, fork, server, spawn (see start_cost) or all, the default\n" ROWS_USAGE
	"  --help         this text\n"
	"\n"
	"The figures are the kernel's (/proc/PID/smaps_rollup), the mean of all workers; of threads, what "
	"this\n"
	"process has more with them than without.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* In bytes. */
typedef struct memory {
	double private, pss, rss;
} memory;

/* In shared memory. */
typedef struct meeting {
	mproc_semaphore here;
	mproc_event end;
} meeting;

/* What a worker does: it comes, and waits. */
static int wait_for_end(void *argument)
{
	meeting *self = argument;

	if (mproc_semaphore_release(&self->here, 1) < 0 || mproc_event_wait(&self->end, MPROC_FOREVER) < 0)
		return fail();
	return 0;
}

static void *wait_in_thread(void *argument)
{
	wait_for_end(argument);
	return NULL;
}

static void add_line(const char *line, memory *sum)
{
	static const struct {
		const char *name;
		size_t place;
	} entries[] = {
		{"Private_Clean:", offsetof(memory, private)},
		{"Private_Dirty:", offsetof(memory, private)},
		{"Pss:", offsetof(memory, pss)},
		{"Rss:", offsetof(memory, rss)},
	};

	for (size_t i = 0; i < sizeof entries / sizeof *entries; ++i) {
		size_t length = strlen(entries[i].name);

		if (strncmp(line, entries[i].name, length) == 0)
			*(double *)((char *)sum + entries[i].place) += 1024 * strtod(line + length, NULL);
	}
}

/* Add to @sum, times @weight, what a process has.  Returns 0, or -1 after telling what failed. */
static int add_memory(pid_t pid, double weight, memory *sum)
{
	char path[64], line[256];
	memory own = {0};
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return complain("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, file))
		add_line(line, &own);
	fclose(file);
	sum->private += weight * own.private;
	sum->pss += weight * own.pss;
	sum->rss += weight * own.rss;
	return own.rss > 0 ? 0 : complain("%s: no figures", path);
}

static int wait_for_all(meeting *self, unsigned count)
{
	for (unsigned i = 0; i < count; ++i) {
		if (mproc_semaphore_acquire(&self->here, mproc_after(MOST_SECONDS)) < 0)
			return fail();
	}
	return 0;
}

static int weigh_threads(meeting *self, unsigned count, memory *ret_sum)
{
	pthread_t threads[MOST_WORKERS];
	unsigned started = 0;
	int failed = add_memory(getpid(), -1, ret_sum);

	while (started < count && !failed) {
		int error = pthread_create(&threads[started], NULL, wait_in_thread, self);

		if (error != 0)
			failed = complain("cannot start a thread: %s", strerror(error));
		else
			++started;
	}
	if (!failed)
		failed = wait_for_all(self, count) || add_memory(getpid(), 1, ret_sum);
	if (mproc_event_set(&self->end) < 0)
		failed = fail();
	while (started > 0)
		pthread_join(threads[--started], NULL);
	return failed;
}

static int weigh_processes(meeting *self, mproc_start start, unsigned count, memory *ret_sum)
{
	const mproc_process_options options = {.start = start};
	mproc_process *processes[MOST_WORKERS];
	unsigned started = 0;
	int failed = 0;

	while (started < count && !failed) {
		if (mproc_process_start(&options, wait_for_end, self, 0, &processes[started]) < 0)
			failed = fail();
		else
			++started;
	}
	if (!failed)
		failed = wait_for_all(self, count);
	for (unsigned i = 0; i < started && !failed; ++i)
		failed = add_memory(mproc_process_pid(processes[i]), 1, ret_sum);
	if (mproc_event_set(&self->end) < 0)
		failed = fail();
	while (started > 0)
		failed |= join_process(processes[--started]);
	return failed;
}

typedef struct method {
	const char *name;
	bool is_thread;
	mproc_start start;
} method;

static const method METHODS[] = {
	/* Threads last: a process that has had some keeps what the C library made for them. */
	{"fork", false, MPROC_START_FORK},
	{"server", false, MPROC_START_SERVER},
	{"spawn", false, MPROC_START_SPAWN},
	{"thread", true, MPROC_START_DEFAULT},
};
enum {
	METHOD_COUNT = sizeof METHODS / sizeof *METHODS
};

static void report(const char *name, memory each)
{
	tell("%-7s %s  %s  %s\n", name, readable_bytes(each.private).text, readable_bytes(each.pss).text,
		readable_bytes(each.rss).text);
	print_measurement("worker_memory", name, each.private, "B", "-");
	print_measurement("worker_memory", name, each.pss, "B", "pss");
	print_measurement("worker_memory", name, each.rss, "B", "rss");
}

/* Returns 0, or -1 after telling what failed. */
static int measure(const method *how, unsigned workers)
{
	meeting *self = mproc_calloc(1, sizeof *self);
	memory sum = {0};
	int failed;

	show_progress("%s …", how->name);
	if (!self || mproc_semaphore_init(&self->here, 0, NULL) < 0 || mproc_event_init(&self->end) < 0)
		failed = fail();
	else if (how->is_thread)
		failed = weigh_threads(self, workers, &sum);
	else
		failed = weigh_processes(self, how->start, workers, &sum);
	if (!failed)
		report(how->name, (memory){sum.private / workers, sum.pss / workers, sum.rss / workers});
	if (self) {
		mproc_event_destroy(&self->end);
		mproc_semaphore_destroy(&self->here);
	}
	mproc_free(self);
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"workers", "8"}, {"with", "all"}, ROWS};
	unsigned workers;
	int failed = 0;

	if (mproc_init(argc, argv) < 0)
		return exit_status(fail());
	read_command_line(argc, argv, USAGE, settings, 3);
	workers = (unsigned)whole_number(&settings[0], 1, MOST_WORKERS);
	check_name(&settings[1], " thread fork server spawn all ");
	rows_only = is_on(&settings[2]);

	tell("Each of %u idle workers takes\n\n", workers);
	tell("method       private           pss           rss\n");
	for (int i = 0; i < METHOD_COUNT; ++i) {
		if (is_asked_for(&settings[1], METHODS[i].name))
			failed |= measure(&METHODS[i], workers);
	}
	return exit_status(failed);
}
