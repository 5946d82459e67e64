/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include "arena/root.h"
#include "family/member.h"
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mproc/init.h>
#include <mproc/result.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	EXPECTED_CODE = 42,
	WRONG_ARGUMENT = 43,
	WRONG_SURROUNDINGS = 44,
	MOST_DESCRIPTORS = 256,
	BIG = 100000,
	/* Milliseconds for what ends by itself, soon.  What a mistake leaves does not, and is to be told. */
	GRACE = 5000,
	GRACE_OF_MISTAKE = 500,
};

/* What the child is given. */
typedef struct job {
	bool is_second, is_demanding;
	int kept, unkept;
	uint32_t seed;
} job;

/* What there is. */
typedef struct census {
	bool open[MOST_DESCRIPTORS];
	/* The server, or any other process that is there. */
	pid_t other;
	unsigned descriptors, members, blocks, memory, processes, their_descriptors;
} census;

typedef struct outcome {
	int start, join, tell, code;
	bool is_handle_set;
	char text[200];
} outcome;

/* What a run without a fault ends with, for those that begin with nothing. */
static census *reference;
static char program_name[] = "fault", spawned[] = "spawned";
static char *spawned_arguments[] = {program_name, spawned, NULL};
static int kept = -1, unkept = -1;

void fault_prepare_scenarios(void)
{
	reference = mmap(NULL, sizeof *reference, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void fault_be_spawned(int count, char **arguments)
{
	if (count != 2 || strcmp(arguments[1], spawned) != 0)
		return;
	mproc_init(count, arguments);
	fprintf(stderr, "mproc_init returned in a spawned process: %s\n", mproc_error_text());
	_exit(99);
}

/* The child. */

static bool has_all_it_asked_for(const job *mine)
{
	char directory[64] = "";
	struct rlimit limit = {0};
	cpu_set_t set;

	getrlimit(RLIMIT_CORE, &limit);
	sched_getaffinity(0, sizeof set, &set);
	return getcwd(directory, sizeof directory) != NULL && strcmp(directory, "/") == 0
	       && getenv("FAULT") != NULL && getenv("PATH") == NULL && limit.rlim_cur == 0
	       && getpgrp() == getpid() && CPU_COUNT(&set) == 1 && getpriority(PRIO_PROCESS, 0) > 0
	       && fcntl(mine->kept, F_GETFD) >= 0 && fcntl(mine->unkept, F_GETFD) < 0;
}

static int judge_surroundings(const job *mine)
{
	const unsigned char *bytes = (const unsigned char *)mine;

	if (mine->seed != 12345)
		return WRONG_ARGUMENT;
	if (mine->is_demanding && !has_all_it_asked_for(mine))
		return WRONG_SURROUNDINGS;
	/* The big one ends with what it begins with. */
	return bytes[0] <= 1 ? EXPECTED_CODE : WRONG_ARGUMENT;
}

static int work(void *argument)
{
	const job *mine = argument;
	int code;

	fault_mark(mine->is_second ? FAULT_SECOND_FUNCTION : FAULT_FUNCTION_BEGIN);
	code = judge_surroundings(mine);
	if (!mine->is_second)
		fault_mark(FAULT_FUNCTION_END);
	return code;
}

static bool needs_init(const fault_scenario *scenario)
{
	return scenario->start == MPROC_START_SERVER || scenario->start == MPROC_START_SPAWN;
}

/* What there is. */

static void count_descriptors(census *now)
{
	for (int fd = 0; fd < MOST_DESCRIPTORS; ++fd) {
		now->open[fd] = fcntl(fd, F_GETFD) >= 0;
		now->descriptors += now->open[fd];
	}
}

static void count_in_family(census *now)
{
	mproci_arena_census arena;

	for (uint32_t i = 0; mproci_family_here != NULL && i < mproci_family_here->member_limit; ++i)
		now->members += (mproci_family_here->members[i].word & 0xff) != MPROCI_MEMBER_FREE;
	if (mproci_arena_here == NULL)
		return;
	if (mproci_arena_check(&arena) < 0)
		fault_complain("the arena is damaged: %s", mproc_error_text());
	now->blocks = arena.small_used + arena.big_blocks;
}

/* Returns how many there are, and which. */
static unsigned list_descriptors(const char *path, bool ret_open[MOST_DESCRIPTORS])
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	unsigned count = 0;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		unsigned fd = (unsigned)atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd >= MOST_DESCRIPTORS)
			continue;
		ret_open[fd] = true;
		++count;
	}
	if (directory != NULL)
		closedir(directory);
	return count;
}

static unsigned count_descriptors_of(pid_t pid)
{
	bool unused[MOST_DESCRIPTORS];
	char path[32];

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	return list_descriptors(path, unused);
}

/* Zombies, too. */
static void count_processes(census *now)
{
	for (uint32_t i = 0; i < fault_here->process_count; ++i) {
		pid_t pid = fault_here->processes[i];

		if (pid == getpid() || kill(pid, 0) != 0)
			continue;
		++now->processes;
		now->other = pid;
		now->their_descriptors += count_descriptors_of(pid);
	}
}

static census take_census(void)
{
	census now = {0};

	count_descriptors(&now);
	count_in_family(&now);
	count_processes(&now);
	now.memory = fault_count_memory();
	return now;
}

/* The first that was started was the server. */
static bool has_another_server(const census *now)
{
	return now->other != 0 && now->other != fault_here->processes[1];
}

/* A server that ended stays a zombie until the next start makes another one. */
static bool is_zombie(pid_t pid)
{
	siginfo_t info = {0};

	return pid != 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0
	       && info.si_pid == pid;
}

/* What is as it must be with such a server counts as what was expected. */
static void excuse(census *now, const census *expected)
{
	/* One that was made by spawn has a copy of its argument. */
	if (has_another_server(now) && now->blocks == expected->blocks + 1)
		--now->blocks;
	if (fault_here->victim != FAULT_SERVER || !is_zombie(now->other))
		return;
	now->members = expected->members;
	now->processes = expected->processes;
	now->their_descriptors = expected->their_descriptors;
}

static bool is_settled(const census *now, const census *expected)
{
	return now->blocks == expected->blocks && now->members == expected->members
	       && now->processes == expected->processes
	       && now->their_descriptors == expected->their_descriptors;
}

static int64_t milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Who is about to end, or to bury, gets a moment. */
static census take_settled_census(const census *expected, int grace)
{
	int64_t until = milliseconds_now() + grace;
	census now = take_census();

	excuse(&now, expected);
	while (!is_settled(&now, expected) && milliseconds_now() < until) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		now = take_census();
		excuse(&now, expected);
	}
	return now;
}

static bool is_quiet(const census *now, bool has_server)
{
	return now->processes == has_server && (!has_server || fault_state_of(now->other) == 'S');
}

/* What there is when all that goes on by itself has come to rest: nobody is there but the server, if any. */
static census take_quiet_census(bool has_server)
{
	int64_t until = milliseconds_now() + GRACE;
	census now = take_census();

	while (!is_quiet(&now, has_server) && milliseconds_now() < until) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		now = take_census();
	}
	/* As it is since then. */
	return take_census();
}

static void expect_same(const char *when, const char *what, unsigned now, unsigned expected)
{
	if (now != expected)
		fault_complain("%s: %s: %u instead of %u", when, what, now, expected);
}

static void expect_same_descriptors(const char *when, const census *now, const census *expected)
{
	char path[32], target[128] = "";

	for (int fd = 0; fd < MOST_DESCRIPTORS && now->descriptors != expected->descriptors; ++fd) {
		if (now->open[fd] == expected->open[fd])
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof target - 1) < 0)
			snprintf(target, sizeof target, "closed");
		fault_complain("%s: %u descriptors instead of %u, as %d: %s", when, now->descriptors,
			expected->descriptors, fd, target);
	}
}

static void expect_nothing_left(const fault_scenario *scenario, const char *when, const census *expected)
{
	census now = take_settled_census(expected, scenario->mistake != NULL ? GRACE_OF_MISTAKE : GRACE);

	expect_same_descriptors(when, &now, expected);
	expect_same(when, "memory", now.memory, expected->memory);
	expect_same(when, "blocks of the arena", now.blocks, expected->blocks);
	expect_same(when, "members", now.members, expected->members);
	expect_same(when, "processes", now.processes, expected->processes);
	expect_same(
		when, "descriptors of other processes", now.their_descriptors, expected->their_descriptors);
}

/* The starter. */

static mproc_process_options options_of(const fault_scenario *scenario)
{
	static const char *const environment[] = {"FAULT=yes", NULL};
	static const mproc_process_limit limits[] = {{.resource = RLIMIT_CORE}};
	static unsigned cpu;

	cpu = (unsigned)sched_getcpu();
	if (!scenario->is_demanding)
		return (mproc_process_options){.start = scenario->start};
	return (mproc_process_options){
		.start = scenario->start,
		.name = "fault",
		.daemon = true,
		.own_group = true,
		.niceness = 1,
		.directory = "/",
		.environment = environment,
		.input = MPROC_STREAM_NULL,
		.output = kept,
		.error = MPROC_STREAM_NULL,
		.descriptors = &kept,
		.descriptor_count = 1,
		.cpus = &cpu,
		.cpu_count = 1,
		.limits = limits,
		.limit_count = 1,
	};
}

static int start(const fault_scenario *scenario, bool is_second, mproc_process **ret_process)
{
	static union {
		job job;
		char bytes[BIG];
	} argument;
	mproc_process_options options = options_of(scenario);

	argument.job = (job){.is_second = is_second,
		.is_demanding = scenario->is_demanding,
		.kept = kept,
		.unkept = unkept,
		.seed = 12345};
	if (scenario->mistake != NULL && !is_second)
		return scenario->mistake(&options, work, &argument, sizeof argument.job, ret_process);
	return mproc_process_start(
		&options, work, &argument, scenario->is_big ? BIG : sizeof argument.job, ret_process);
}

static outcome start_and_finish(const fault_scenario *scenario, bool is_second)
{
	mproc_process *process = NULL;
	outcome is = {.code = -1};

	is.start = start(scenario, is_second, &process);
	is.is_handle_set = process != NULL;
	if (is.start != 0)
		return is;
	is.join = mproc_process_join(process, MPROC_FOREVER);
	is.tell = mproc_process_exit_code(process, &is.code);
	if (mproc_process_close(process) != NULL)
		is.join = -1;
	return is;
}

/* The server, when there is one. */
static pid_t process_short_of_descriptors(void)
{
	return fault_here->victim == FAULT_SERVER_DESCRIPTORS ? fault_here->processes[1] : getpid();
}

static void limit_descriptors(rlim_t most)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = most;
	/* A server of no use may have been replaced. */
	if (prlimit(process_short_of_descriptors(), RLIMIT_NOFILE, &limit, NULL) != 0 && errno != ESRCH)
		fault_complain("prlimit of %d: %m", (int)process_short_of_descriptors());
}

/* Below which number as many are free as are to be left. */
static rlim_t find_limit(unsigned left)
{
	bool open[MOST_DESCRIPTORS] = {false};
	unsigned limit = 0;
	char path[32];

	snprintf(path, sizeof path, "/proc/%d/fd", (int)process_short_of_descriptors());
	list_descriptors(path, open);
	while (left > 0 || open[limit])
		left -= !open[limit++];
	return limit;
}

/* All that does not come by itself, as the tracer makes a call fail. */
static void make_scarce(void)
{
	char number[16];

	if (fault_here->victim == FAULT_MALLOC)
		fault_here->memory_left = fault_here->number;
	snprintf(number, sizeof number, "%u", fault_here->number);
	if (fault_here->victim == FAULT_SPAWNED_MALLOC)
		setenv(FAULT_MEMORY_VARIABLE, number, true);
	if (fault_here->victim == FAULT_DESCRIPTORS || fault_here->victim == FAULT_SERVER_DESCRIPTORS)
		limit_descriptors(find_limit(fault_here->number - 1));
}

static void make_plentiful(const fault_scenario *scenario, const outcome *is)
{
	fault_here->memory_left = 0;
	unsetenv(FAULT_MEMORY_VARIABLE);
	if (fault_here->victim != FAULT_DESCRIPTORS && fault_here->victim != FAULT_SERVER_DESCRIPTORS)
		return;
	limit_descriptors(MOST_DESCRIPTORS);
	/* As long as it was noticed. */
	fault_here->was_refused = is->start != 0 || (fault_here->begun == 0 && !scenario->is_init);
}

static outcome try(const fault_scenario *scenario)
{
	outcome is = {0};

	/* To tell a text that is left over. */
	mproc_process_start(NULL, NULL, NULL, 0, NULL);
	make_scarce();
	fault_mark(FAULT_BEGIN);
	if (scenario->is_init)
		is.start = mproc_init(2, spawned_arguments);
	else
		is = start_and_finish(scenario, false);
	fault_mark(FAULT_END);
	make_plentiful(scenario, &is);
	snprintf(is.text, sizeof is.text, "%s", mproc_error_text());
	return is;
}

/* Who is started as a copy has the limits, too. */
static bool is_felt_by_child(void)
{
	return fault_here->victim == FAULT_CHILD || fault_here->victim == FAULT_DESCRIPTORS;
}

static void judge_success(const fault_scenario *scenario, const outcome *is)
{
	if (scenario->is_init)
		return;
	if (is->join != 0 || is->tell != 0)
		fault_complain("the start succeeded, but join: %d, exit code: %d (%s)", is->join, is->tell,
			is->text);
	if (scenario->is_unawaited && is_felt_by_child() && fault_here->begun == 0 && is->code != 0)
		return;
	if (fault_here->begun != 1)
		fault_complain("the start succeeded, but the function ran %u times; exit code %d",
			fault_here->begun, is->code);
	if (is->code != EXPECTED_CODE)
		fault_complain("the function ran, but the exit code is %d", is->code);
}

/* A signal that is caught ends nothing; but for the beginning of a program, which is not ours. */
static bool must_go_on(const fault_scenario *scenario)
{
	bool is_begun_anew = scenario->start == MPROC_START_SPAWN && fault_here->victim == FAULT_CHILD;

	return fault_here->code == EINTR && !is_begun_anew;
}

static void judge_failure(const fault_scenario *scenario, const outcome *is)
{
	if (is->start > 0)
		fault_complain("the start returned %d", is->start);
	if (must_go_on(scenario))
		fault_complain("the start was ended by an interruption (%d, %s)", is->start, is->text);
	if (is->is_handle_set)
		fault_complain("the start failed (%d), but set the handle", is->start);
	if (is->text[0] == '\0' || strstr(is->text, "function is NULL") != NULL)
		fault_complain("the start failed (%d) without an error text", is->start);
	if (fault_here->begun != 0)
		fault_complain("the start failed (%d, %s), but the function ran", is->start, is->text);
}

static void judge(const fault_scenario *scenario, const outcome *is)
{
	if (is->start == 0)
		judge_success(scenario, is);
	else
		judge_failure(scenario, is);
}

static void expect_to_work(const fault_scenario *scenario, const char *when)
{
	uint32_t before = fault_here->begun_second;
	outcome is = start_and_finish(scenario, true);

	if (is.start != 0)
		fault_complain("%s: %d, %s", when, is.start, mproc_error_text());
	if (is.join != 0 || is.tell != 0 || is.code != EXPECTED_CODE
		|| fault_here->begun_second != before + 1)
		fault_complain("%s: join: %d, exit code: %d, %d, the function ran %u times", when, is.join,
			is.tell, is.code, fault_here->begun_second - before);
}

static void init(void)
{
	int rc = mproc_init(2, spawned_arguments);

	if (rc < 0)
		fault_complain("mproc_init: %d, %s", rc, mproc_error_text());
}

static void prepare(const fault_scenario *scenario)
{
	/* Who closes all others one by one is not to take for ever. */
	limit_descriptors(MOST_DESCRIPTORS);
	if (scenario->is_demanding) {
		kept = memfd_create("kept", 0);
		unkept = memfd_create("unkept", 0);
	}
	if (needs_init(scenario) && !scenario->is_init)
		init();
	if (scenario->is_cold)
		return;
	expect_to_work(scenario, "the start before");
	expect_to_work(scenario, "the second start before");
}

void fault_play(void *argument)
{
	const fault_scenario *scenario = argument;
	census before;
	outcome is;

	prepare(scenario);
	before = take_quiet_census(needs_init(scenario) && !scenario->is_init);
	is = try(scenario);
	judge(scenario, &is);
	if (!scenario->is_cold)
		expect_nothing_left(scenario, "after the fault", &before);
	if (scenario->is_init)
		init();
	expect_to_work(scenario, "the start afterwards");
	if (scenario->is_cold && fault_here->victim == FAULT_NOBODY)
		*reference = take_quiet_census(needs_init(scenario));
	expect_nothing_left(scenario, "at the end", scenario->is_cold ? reference : &before);
	judge(scenario, &is);
}
