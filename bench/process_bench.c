/* SPDX-License-Identifier: MIT */
/*
 * process_bench - what it costs to start a process and to wait for its end, by each start method, against the kernel's own
 * calls and Python's multiprocessing; with a parent that is big, with a thousand children, and without a pause.
 */
#include "bench.h"
#include "partner.h"
#include "peer.h"

#include <errno.h>
#include <mproc.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MEGABYTE = 1 << 20,
	PAGE = 4096,
	/* How many starts a turn without slices has at most. */
	MOST_STARTS = 200,
	/* How many children live at once. */
	CROWD = 1000,
	/* The argument that makes this program a peer. */
	BARE = 1,
	/* How many starts there are without a pause, at most, before the first of them is waited for. */
	IN_FLIGHT = 64,
};

static const size_t BURDEN = (size_t)1 << 30;
/* What makes a parent big takes one part, what forks of it touch another. */
static const size_t ROOM_FOR_BURDEN = (size_t)3 << 30;
/* How long a turn of starts without a pause is, in nanoseconds. */
static const double STRETCH = 250e6;

static const double KERNEL_TARGET = 1.5, BURDEN_TARGET = 1.5, PYTHON_TARGET = 0.1;

/* Makes this program end at once: what posix_spawn starts. */
static const char ENDS_AT_ONCE[] = "--end-at-once";

/* The method's name and how many starts; the function is one that the child need not import anything for. */
static const char PYTHON_STARTER[] = "import multiprocessing, sys, time\n"
				     "\n"
				     "def start(method, count):\n"
				     "    context = multiprocessing.get_context(method)\n"
				     "    begin = time.perf_counter_ns()\n"
				     "    for _ in range(count):\n"
				     "        process = context.Process(target=time.monotonic)\n"
				     "        process.start()\n"
				     "        process.join()\n"
				     "        if process.exitcode != 0:\n"
				     "            sys.exit(f'{method}: exit code {process.exitcode}')\n"
				     "    return time.perf_counter_ns() - begin\n"
				     "\n"
				     "start('forkserver', 1)\n"
				     "print('ready', flush=True)\n"
				     "for line in iter(sys.stdin.readline, ''):\n"
				     "    method, count = line.split()\n"
				     "    print(start(method, int(count)), flush=True)\n";

/* A way to start processes, one after the other, so many a turn or slice. */
typedef struct process_way {
	mproc_start start;
	int count;
	/* With a parent that has 1 GiB of its own. */
	bool is_burdened;
} process_way;

typedef struct process_python {
	bench_peer *peer;
	const char *method;
	int count;
} process_python;

static void expect(int rc, const char *what)
{
	if (rc != 0)
		bench_fail("%s: %d, %s", what, rc, mproc_error_text());
}

/* The memory of a program that uses many small pieces of it: huge pages would make its forks cheap. */
static char *take_burden(void)
{
	char *burden = mmap(
		NULL, BURDEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (burden == MAP_FAILED)
		bench_fail("1 GiB of memory: %s", strerror(errno));
	madvise(burden, BURDEN, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < BURDEN; at += PAGE)
		burden[at] = 1;
	return burden;
}

/* Have the burden or not. */
static void carry(bool is_burdened)
{
	static char *burden;

	if (is_burdened && burden == NULL) {
		burden = take_burden();
	} else if (!is_burdened && burden != NULL) {
		munmap(burden, BURDEN);
		burden = NULL;
	}
}

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

static mproc_process *start(
	mproc_start method, mproc_process_function *function, const void *argument, size_t size)
{
	const mproc_process_options options = {.start = method};
	mproc_process *process;

	expect(mproc_process_start(&options, function, argument, size, &process), "mproc_process_start");
	return process;
}

/* Wait for its end, which must be that exit code. */
static void end(mproc_process *process, int expected)
{
	int code;

	expect(mproc_process_join(process, MPROC_FOREVER), "mproc_process_join");
	expect(mproc_process_exit_code(process, &code), "mproc_process_exit_code");
	if (code != expected)
		bench_fail("%s ended with %d instead of %d", mproc_process_name(process), code, expected);
	mproc_process_close(process);
}

static double run_ours(void *argument)
{
	const process_way *way = argument;
	double began;

	carry(way->is_burdened);
	began = bench_now();
	for (int i = 0; i < way->count; ++i)
		end(start(way->start, do_nothing, NULL, 0), 0);
	return (bench_now() - began) / way->count;
}

static void wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		bench_fail("a child of fork or posix_spawn has not ended with 0");
}

static double run_fork(void *argument)
{
	const process_way *way = argument;
	double began;

	carry(way->is_burdened);
	began = bench_now();
	for (int i = 0; i < way->count; ++i) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			bench_fail("fork: %s", strerror(errno));
		wait_for(pid);
	}
	return (bench_now() - began) / way->count;
}

/*
 * A process that has never called mproc, whose fork handlers would make bare forks dearer: this program again, which forks as often
 * as it is told.
 */
static double be_bare(const char *count)
{
	process_way way = {.count = atoi(count)};

	return run_fork(&way) * way.count;
}

typedef struct process_bare {
	bench_peer *peer;
	int count;
} process_bare;

static double run_bare_fork(void *argument)
{
	const process_bare *bare = argument;
	char count[16];

	snprintf(count, sizeof count, "%d", bare->count);
	return bench_peer_run(bare->peer, count) / bare->count;
}

static double run_posix_spawn(void *argument)
{
	extern char **environ;
	char program[] = "process_bench", option[sizeof ENDS_AT_ONCE];
	char *const arguments[] = {program, option, NULL};
	const process_way *way = argument;
	double began = bench_now();

	memcpy(option, ENDS_AT_ONCE, sizeof option);
	for (int i = 0; i < way->count; ++i) {
		pid_t pid;
		int rc = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ);

		if (rc != 0)
			bench_fail("posix_spawn: %s", strerror(rc));
		wait_for(pid);
	}
	return (bench_now() - began) / way->count;
}

/* The start in the middle, for turns without slices: one that had to wait for a processor says nothing. */
static double run_in_median(void *argument, double (*run)(void *way))
{
	const process_way *way = argument;
	double samples[MOST_STARTS];
	process_way one = *way;

	one.count = 1;
	for (int i = 0; i < way->count; ++i)
		samples[i] = run(&one);
	return bench_quantile(samples, (size_t)way->count, 0.5);
}

static double run_ours_in_median(void *way)
{
	return run_in_median(way, run_ours);
}

static double run_fork_in_median(void *way)
{
	return run_in_median(way, run_fork);
}

static double run_python(void *argument)
{
	const process_python *python = argument;
	char work[32];

	snprintf(work, sizeof work, "%s %d", python->method, python->count);
	return bench_peer_run(python->peer, work) / python->count;
}

/*
 * Against bare forks of a process without mproc.  Both on one processor: where the system puts parent and child of each would
 * decide otherwise.
 */
static void measure_against_bare(void)
{
	process_way forks = {MPROC_START_FORK, 30, false};
	process_bare bare = {.count = 30};
	bench_contestant contestants[] = {
		{.run = run_ours, .self = &forks}, {.run = run_bare_fork, .self = &bare}};
	cpu_set_t before;

	if (sched_getaffinity(0, sizeof before, &before) != 0)
		bench_fail("sched_getaffinity: %s", strerror(errno));
	bench_stay_at(0);
	bare.peer = bench_peer_open("process_bench", BARE);
	bench_contest_in_slices(contestants, 2, 0.5);
	bench_peer_close(bare.peer);
	sched_setaffinity(0, sizeof before, &before);
	bench_print_times("fork.without", &contestants[1], 1e3, "us");
	bench_print_ratio("process.fork/fork.without", &contestants[0], &contestants[1], KERNEL_TARGET);
}

/* Start and join, again and again, against what the kernel offers. */
static void measure_against_kernel(void)
{
	process_way forks = {MPROC_START_FORK, 30, false}, spawns = {MPROC_START_SPAWN, 3, false};
	bench_contestant by_fork[] = {{.run = run_ours, .self = &forks}, {.run = run_fork, .self = &forks}};
	bench_contestant by_spawn[] = {
		{.run = run_ours, .self = &spawns}, {.run = run_posix_spawn, .self = &spawns}};

	/* On which processors parent and child are is a matter of luck: the median slice. */
	bench_contest_in_slices(by_fork, 2, 0.5);
	bench_print_times("process.fork", &by_fork[0], 1e3, "us");
	bench_print_times("fork", &by_fork[1], 1e3, "us");
	bench_print_ratio("process.fork/fork", &by_fork[0], &by_fork[1], KERNEL_TARGET);
	measure_against_bare();
	bench_contest_in_slices(by_spawn, 2, 0.5);
	bench_print_times("process.spawn", &by_spawn[0], 1e3, "us");
	bench_print_times("posix_spawn", &by_spawn[1], 1e3, "us");
	bench_print_ratio("process.spawn/posix_spawn", &by_spawn[0], &by_spawn[1], KERNEL_TARGET);
}

/* Keep up to IN_FLIGHT of them going for a while. */
static double run_without_pause(void *argument)
{
	const mproc_start *method = argument;
	mproc_process *processes[IN_FLIGHT] = {0};
	double began = bench_now(), took;
	size_t count = 0;

	for (; bench_now() - began < STRETCH; ++count) {
		mproc_process **process = &processes[count % IN_FLIGHT];

		if (*process != NULL)
			end(*process, 0);
		*process = start(*method, do_nothing, NULL, 0);
	}
	for (size_t i = 0; i < IN_FLIGHT; ++i) {
		if (processes[i] != NULL)
			end(processes[i], 0);
	}
	took = bench_now() - began;
	return took / (double)count;
}

static void measure_without_pause(void)
{
	mproc_start methods[] = {MPROC_START_FORK, MPROC_START_SERVER, MPROC_START_SPAWN};
	static const char *const names[] = {
		"process.starts.fork", "process.starts.server", "process.starts.spawn"};
	enum {
		METHODS = sizeof methods / sizeof *methods
	};
	bench_contestant contestants[METHODS];

	for (size_t i = 0; i < METHODS; ++i)
		contestants[i] = (bench_contestant){.run = run_without_pause, .self = &methods[i]};
	bench_contest(contestants, METHODS);
	for (size_t i = 0; i < METHODS; ++i)
		bench_print_rates(names[i], &contestants[i]);
}

static void measure_against_python(void)
{
	static const struct {
		mproc_start start;
		/* Ours and Python's in a slice. */
		int count, python_count;
		const char *method, *name, *python_name, *ratio_name;
	} methods[] = {
		{MPROC_START_FORK, 20, 5, "fork", "process.fork", "python.process.fork",
			"process.fork/python"},
		{MPROC_START_SERVER, 20, 3, "forkserver", "process.server", "python.process.server",
			"process.server/python"},
		{MPROC_START_SPAWN, 3, 1, "spawn", "process.spawn", "python.process.spawn",
			"process.spawn/python"},
	};
	bench_peer *peer = bench_peer_open_python(PYTHON_STARTER);

	for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i) {
		process_way way = {methods[i].start, methods[i].count, false};
		process_python python = {peer, methods[i].method, methods[i].python_count};
		bench_contestant contestants[] = {
			{.run = run_ours, .self = &way}, {.run = run_python, .self = &python}};

		if (peer == NULL) {
			fprintf(stderr, "%s: left out, no python3 with multiprocessing\n",
				methods[i].ratio_name);
			continue;
		}
		bench_contest_in_slices(contestants, 2, 0.5);
		bench_print_times(methods[i].python_name, &contestants[1], 1e3, "us");
		bench_print_ratio(methods[i].ratio_name, &contestants[0], &contestants[1], PYTHON_TARGET);
	}
	bench_peer_close(peer);
}

static bool has_room_for_burden(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long kilobytes = 0;
	char line[128];

	if (file == NULL)
		return false;
	while (kilobytes == 0 && fgets(line, sizeof line, file) != NULL)
		sscanf(line, "MemAvailable: %llu kB", &kilobytes);
	fclose(file);
	return kilobytes * 1024 >= ROOM_FOR_BURDEN;
}

/* A small parent and a big one. */
static void measure_burden(void)
{
	process_way ways[] = {
		{MPROC_START_SERVER, MOST_STARTS, false},
		{MPROC_START_FORK, 100, false},
		{MPROC_START_SERVER, MOST_STARTS, true},
		{MPROC_START_FORK, 5, true},
	};
	bench_contestant contestants[] = {
		{.run = run_ours_in_median, .self = &ways[0]},
		{.run = run_ours_in_median, .self = &ways[1]},
		{.run = run_ours_in_median, .self = &ways[2]},
		{.run = run_ours_in_median, .self = &ways[3]},
		{.run = run_fork_in_median, .self = &ways[3]},
	};
	bool has_room = has_room_for_burden();

	bench_contest(contestants, has_room ? 5 : 1);
	carry(false);
	bench_print_times("process.server", &contestants[0], 1e3, "us");
	if (!has_room) {
		fprintf(stderr,
			"process.server.1GiB/process.server: left out, less than 3 GiB of memory are free\n");
		return;
	}
	bench_print_times("process.server.1GiB", &contestants[2], 1e3, "us");
	bench_print_ratio(
		"process.server.1GiB/process.server", &contestants[2], &contestants[0], BURDEN_TARGET);
	bench_print_times("process.fork.1GiB", &contestants[3], 1e3, "us");
	bench_print_ratio("process.fork.1GiB/process.fork", &contestants[3], &contestants[1], 0);
	bench_print_times("fork.1GiB", &contestants[4], 1e3, "us");
}

/* Those who live at once, in shared memory. */
typedef struct process_crowd {
	_Atomic uint32_t arrived;
	mproc_event all_are_there, may_leave;
} process_crowd;

typedef struct process_crowd_member {
	process_crowd *crowd;
	int number;
} process_crowd_member;

static int code_of(int number)
{
	return number % 251;
}

static int be_in_crowd(void *argument)
{
	const process_crowd_member *member = argument;
	process_crowd *crowd = member->crowd;

	if (atomic_fetch_add(&crowd->arrived, 1) + 1 == CROWD)
		expect(mproc_event_set(&crowd->all_are_there), "mproc_event_set");
	expect(mproc_event_wait(&crowd->may_leave, MPROC_FOREVER), "mproc_event_wait");
	return code_of(member->number);
}

static process_crowd *open_crowd(void)
{
	process_crowd *crowd = mproc_alloc(sizeof *crowd);

	if (crowd == NULL)
		bench_fail("no shared memory: %s", mproc_error_text());
	crowd->arrived = 0;
	expect(mproc_event_init(&crowd->all_are_there), "mproc_event_init");
	expect(mproc_event_init(&crowd->may_leave), "mproc_event_init");
	return crowd;
}

/* From the first start until all are there. */
static double run_crowd(void *argument)
{
	const mproc_start *method = argument;
	process_crowd *crowd = open_crowd();
	mproc_process *processes[CROWD];
	double began = bench_now(), took;

	for (int i = 0; i < CROWD; ++i) {
		const process_crowd_member member = {crowd, i};

		processes[i] = start(*method, be_in_crowd, &member, sizeof member);
	}
	expect(mproc_event_wait(&crowd->all_are_there, mproc_after(60)),
		"a thousand children are not all there");
	took = bench_now() - began;
	expect(mproc_event_set(&crowd->may_leave), "mproc_event_set");
	for (int i = 0; i < CROWD; ++i)
		end(processes[i], code_of(i));
	mproc_event_destroy(&crowd->all_are_there);
	mproc_event_destroy(&crowd->may_leave);
	mproc_free(crowd);
	return took;
}

/* A descriptor for each child, and some more.  Returns whether there may be so many. */
static bool raise_descriptor_limit(void)
{
	const rlim_t needed = CROWD + 100;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	if (limit.rlim_cur >= needed)
		return true;
	limit.rlim_cur = needed;
	return limit.rlim_max >= needed && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void measure_crowd(void)
{
	mproc_start methods[] = {MPROC_START_FORK, MPROC_START_SERVER};
	bench_contestant contestants[] = {
		{.run = run_crowd, .self = &methods[0], .is_aside = true},
		{.run = run_crowd, .self = &methods[1], .is_aside = true},
	};

	if (!raise_descriptor_limit()) {
		fprintf(stderr, "process.alive.1000: left out, RLIMIT_NOFILE allows fewer descriptors\n");
		return;
	}
	bench_contest(contestants, 2);
	bench_print_times("process.alive.1000.fork", &contestants[0], 1e6, "ms");
	bench_print_times("process.alive.1000.server", &contestants[1], 1e6, "ms");
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], ENDS_AT_ONCE) == 0)
		return 0;
	if (argc == 2 && atoi(argv[1]) == BARE) {
		bench_peer_serve(be_bare);
		return 0;
	}
	expect(mproc_init(argc, argv), "mproc_init");
	measure_against_kernel();
	/* From here on there are processes that others than this one wait for: the server's, and Python's server's. */
	bench_print_others();
	measure_against_python();
	measure_burden();
	measure_without_pause();
	measure_crowd();
	return 0;
}
