/* SPDX-License-Identifier: MIT */
/*
 * find_primes while its processes are killed: it must end, and what it prints must be true.
 *
 * The test is the subreaper of everything that the program starts: whatever outlives its parent becomes a child of
 * the test, and "nothing is left" is what waitpid says.
 *
 * Workers are killed through a pidfd, and only when a walk from parent to parent leads to the program that the test
 * started.
 */
#include "program.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/prctl.h>
#include <time.h>

enum {
	runs_under_fire = 40,
	queue_runs_under_fire = 12,
	root_kills_wanted = 10,
	primes_in_c = 54208,
	most_found = 64,
	most_depth = 16,
};

static const double SECONDS_TO_VANISH = 0.1;

static unsigned random_state = 1;

/* 0 up to, but not including, @limit. */
static int random_below(int limit)
{
	return (int)(rand_r(&random_state) % (unsigned)limit);
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void become_subreaper(void)
{
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

/* Read name and parent of a process.  Returns false when it has ended. */
static bool inspect(pid_t pid, char name[32], pid_t *ret_parent)
{
	char path[64], state;
	FILE *file;
	int found;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	found = fscanf(file, "%*d (%31[^)]) %c %d", name, &state, ret_parent);
	fclose(file);
	return found == 3 && state != 'Z' && state != 'X';
}

static bool descends_from(pid_t pid, pid_t ancestor)
{
	char name[32];

	for (int depth = 0; depth < most_depth && pid > 1; ++depth) {
		if (!inspect(pid, name, &pid))
			return false;
		if (pid == ancestor)
			return true;
	}
	return false;
}

/* Which processes of a program are meant, by name. */
typedef bool kind(const char *name);

/* "primes-1", "range-1" */
static bool is_worker(const char *name)
{
	const char *number = strrchr(name, '-');

	return number && isdigit((unsigned char)number[1]);
}

static bool is_nursery(const char *name)
{
	return strcmp(name, "primes-nursery") == 0;
}

static bool is_feeder(const char *name)
{
	return strcmp(name, "queue-feeder") == 0;
}

static bool belongs_to(pid_t root, pid_t pid, kind *wanted)
{
	char name[32];
	pid_t parent;

	return inspect(pid, name, &parent) && wanted(name) && descends_from(pid, root);
}

static int find_processes(pid_t root, kind *wanted, pid_t found[most_found])
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(directory);
	while (count < most_found && (entry = readdir(directory))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && belongs_to(root, pid, wanted))
			found[count++] = pid;
	}
	closedir(directory);
	return count;
}

/* Returns whether @pid was a process of @root as @wanted, and is killed now. */
static bool kill_process(pid_t root, pid_t pid, kind *wanted)
{
	int pidfd = pidfd_open(pid, 0);
	bool killed;

	if (pidfd < 0)
		return false;
	/* Looked at again: from here on, the descriptor means the process that the answer is about. */
	killed = belongs_to(root, pid, wanted) && pidfd_send_signal(pidfd, SIGKILL, NULL, 0) == 0;
	close(pidfd);
	return killed;
}

static bool has_ended_within(const struct program *program, int milliseconds)
{
	struct pollfd end = {.fd = program->end, .events = POLLIN};

	return poll(&end, 1, milliseconds) == 1;
}

/* Kill workers at random moments until the program ends.  Returns how many. */
static int kill_workers_of(const struct program *program)
{
	pid_t workers[most_found];
	int kills = 0;

	while (!has_ended_within(program, random_below(60))) {
		int count = find_processes(program->pid, is_worker, workers);

		if (count > 0)
			kills += kill_process(program->pid, workers[random_below(count)], is_worker);
	}
	return kills;
}

/* Reap everything that is or will become a child of this process.  */
static void wait_for_all(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	ck_assert_int_eq(errno, ECHILD);
}

static void expect_nothing_left(void)
{
	pid_t pid = waitpid(-1, NULL, WNOHANG);

	ck_assert_msg(pid < 0 && errno == ECHILD, "the program left a process behind");
}

/* The verdict on each number of range C, found by this process itself. */
static bool *sieve_range_c(void)
{
	enum {
		count = 1000000,
		root = 10050
	};
	static const uint64_t from = 100000000;
	static bool composite[count];
	static bool small[root];

	if (composite[0])
		return composite;
	for (uint64_t divisor = 2; divisor < root; ++divisor) {
		if (small[divisor])
			continue;
		for (uint64_t multiple = 2 * divisor; multiple < root; multiple += divisor)
			small[multiple] = true;
		for (uint64_t n = (from + divisor - 1) / divisor * divisor; n < from + count; n += divisor)
			composite[n - from] = true;
	}
	return composite;
}

struct failures {
	size_t count;
	size_t primes;
};

/* Each line of @text must name another number of range C, and SIGKILL. */
static struct failures read_failures(char *text)
{
	const bool *composite = sieve_range_c();
	struct failures failures = {0};
	uint64_t last = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		uint64_t number = 0;
		int length = 0;

		sscanf(line, "failed %" SCNu64 ": killed by signal 9 (Killed)%n", &number, &length);
		ck_assert_msg(length > 0 && line[length] == '\0', "unexpected: %s", line);
		ck_assert_msg(number >= 100000000 && number < 101000000, "not in the range: %s", line);
		ck_assert_msg(number > last, "twice, or out of order: %s", line);
		last = number;
		++failures.count;
		failures.primes += !composite[number - 100000000];
	}
	return failures;
}

/* Check what a run printed whose killed workers had at most @most_lost numbers.  Returns how many failed. */
static size_t check_run(struct program *run, const char *method, size_t most_lost)
{
	struct failures failures = read_failures(run->error);
	char note[32];

	ck_assert_int_eq(run->status, failures.count > 0 ? 1 : 0);
	ck_assert_msg(failures.count <= most_lost, "%zu numbers failed, but killed workers had %zu",
		failures.count, most_lost);
	ck_assert_uint_eq(count_found(run->output, method), primes_in_c - failures.primes);
	snprintf(note, sizeof note, "  (%zu failed)\n", failures.count);
	ck_assert(!strstr(run->output, note) == (failures.count == 0));
	return failures.count;
}

/* Returns how many workers were killed, and adds to @failed how many numbers that cost. */
static int run_under_fire(const char *command, size_t *failed)
{
	struct program run = start_program(command);
	int kills = kill_workers_of(&run);

	finish_program(&run);
	expect_nothing_left();
	*failed += check_run(&run, "pool", (size_t)kills);
	forget_program(&run);
	return kills;
}

START_TEST(killed_workers_cost_only_the_numbers_that_are_named)
{
	static const char *const commands[] = {
		"examples/find_primes --with pool --range C",
		"examples/find_primes --with pool --range C --chunk 1",
		"examples/find_primes --with pool --range C --workers 7 --chunk 100",
	};
	size_t failed = 0;
	int kills = 0;

	become_subreaper();
	for (int run = 0; run < runs_under_fire; ++run)
		kills += run_under_fire(commands[run % 3], &failed);
	ck_assert_msg(kills >= runs_under_fire && failed > 0, "%d workers were killed, and none was at work",
		kills);
}
END_TEST

/* Wait until the program has @count such processes. */
static void wait_for_processes(
	const struct program *program, int count, kind *wanted, pid_t found[most_found])
{
	while (find_processes(program->pid, wanted, found) < count)
		ck_assert_msg(!has_ended_within(program, 1), "the program ended too early");
}

START_TEST(a_killed_range_is_named_and_not_counted)
{
	pid_t workers[most_found];
	struct program run;
	unsigned number = 0;

	become_subreaper();
	run = start_program("examples/find_primes --with ranges --range C --workers 4");
	wait_for_processes(&run, 4, is_worker, workers);
	ck_assert(kill_process(run.pid, workers[0], is_worker));
	finish_program(&run);
	expect_nothing_left();
	ck_assert_int_eq(run.status, 1);
	ck_assert_int_eq(sscanf(run.error, "failed %u to %*u: killed by signal 9 (Killed)", &number), 1);
	ck_assert_uint_eq(number % 250000, 0);
	ck_assert_ptr_nonnull(strstr(run.output, "  (250000 failed)\n"));
	ck_assert_uint_lt(count_found(run.output, "ranges"), 54208);
	ck_assert_uint_gt(count_found(run.output, "ranges"), 40000);
	forget_program(&run);
}
END_TEST

/* Kill at most @most workers, which nobody replaces, at random moments.  Returns how many. */
static int kill_some_workers_of(const struct program *program, int most)
{
	pid_t workers[most_found];
	int kills = 0;

	while (kills < most && !has_ended_within(program, random_below(60))) {
		int count = find_processes(program->pid, is_worker, workers);

		if (count > 0)
			kills += kill_process(program->pid, workers[random_below(count)], is_worker);
	}
	return kills;
}

/* Three of four workers; each has @batch numbers at most. */
static int run_queue_under_fire(const char *method, const char *arguments, size_t batch)
{
	char command[128];
	struct program run;
	int kills;

	snprintf(command, sizeof command, "examples/find_primes --with %s --range C --workers 4 %s", method,
		arguments);
	run = start_program(command);
	kills = kill_some_workers_of(&run, 3);
	finish_program(&run);
	expect_nothing_left();
	check_run(&run, method, (size_t)kills * batch);
	forget_program(&run);
	return kills;
}

START_TEST(killed_workers_of_a_queue_cost_only_what_they_had_taken)
{
	int kills = 0;

	become_subreaper();
	for (int run = 0; run < queue_runs_under_fire; run += 3) {
		kills += run_queue_under_fire("queue", "", 1);
		kills += run_queue_under_fire("queue", "--rounds 5", 1);
		kills += run_queue_under_fire("queue-batch", "--queue-max 1000", 64);
	}
	ck_assert_int_ge(kills, queue_runs_under_fire);
}
END_TEST

/* Who kills so many that not all numbers are reached is told which are not. */
static void expect_unreached(struct program *run)
{
	const char *line = strstr(run->error, " to 100999999: not reached\n");

	ck_assert_int_eq(run->status, 1);
	ck_assert_msg(line != NULL, "%s", run->error);
	ck_assert_ptr_nonnull(strstr(run->output, " failed)\n"));
	ck_assert_uint_lt(count_found(run->output, "queue"), primes_in_c);
}

START_TEST(a_queue_without_workers_is_given_up)
{
	pid_t workers[most_found];
	struct program run;

	become_subreaper();
	run = start_program("examples/find_primes --with queue --range C --workers 4 --queue-max 100");
	wait_for_processes(&run, 4, is_worker, workers);
	for (int i = 0; i < 4; ++i)
		ck_assert(kill_process(run.pid, workers[i], is_worker));
	finish_program(&run);
	expect_nothing_left();
	expect_unreached(&run);
	forget_program(&run);
}
END_TEST

START_TEST(a_queue_without_its_feeder_is_searched_to_its_end)
{
	pid_t feeder[most_found];
	struct program run;

	become_subreaper();
	run = start_program("examples/find_primes --with queue --range C --workers 4 --queue-max 100");
	wait_for_processes(&run, 1, is_feeder, feeder);
	ck_assert(kill_process(run.pid, feeder[0], is_feeder));
	finish_program(&run);
	expect_nothing_left();
	expect_unreached(&run);
	forget_program(&run);
}
END_TEST

START_TEST(a_killed_nursery_is_reported)
{
	pid_t found[most_found];
	struct program run;

	become_subreaper();
	run = start_program("examples/find_primes --with pool --range E --workers 4");
	wait_for_processes(&run, 4, is_worker, found);
	wait_for_processes(&run, 1, is_nursery, found);
	ck_assert(kill_process(run.pid, found[0], is_nursery));
	finish_program(&run);
	wait_for_all();
	ck_assert_int_eq(run.status, 1);
	ck_assert_msg(strstr(run.error, "find_primes: pool: ") == run.error, "%s", run.error);
	ck_assert_ptr_nonnull(strstr(run.error, "nursery"));
	forget_program(&run);
}
END_TEST

/* Kill a program in the middle of its work.  Returns how many seconds later the last of its processes was gone. */
static double time_to_vanish(const char *command)
{
	pid_t workers[most_found];
	struct program run = start_program(command);
	double start;

	wait_for_processes(&run, 4, is_worker, workers);
	ck_assert_msg(!has_ended_within(&run, random_below(20)), "%s ended too early", command);
	ck_assert_int_eq(pidfd_send_signal(run.end, SIGKILL, NULL, 0), 0);
	start = seconds_now();
	finish_program(&run);
	wait_for_all();
	ck_assert_int_eq(run.status, -SIGKILL);
	forget_program(&run);
	return seconds_now() - start;
}

static int compare_seconds(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The median, because a busy machine may hold up a single run; that all vanish at all, each run shows. */
static void expect_to_vanish(const char *command)
{
	double seconds[root_kills_wanted];

	become_subreaper();
	for (int i = 0; i < root_kills_wanted; ++i)
		seconds[i] = time_to_vanish(command);
	qsort(seconds, root_kills_wanted, sizeof *seconds, compare_seconds);
	ck_assert_msg(seconds[root_kills_wanted / 2] < SECONDS_TO_VANISH,
		"processes are left for %.3f s (median), after their program was killed",
		seconds[root_kills_wanted / 2]);
}

START_TEST(a_pool_vanishes_with_its_program)
{
	expect_to_vanish("examples/find_primes --with pool --range E --workers 4");
}
END_TEST

START_TEST(a_queue_vanishes_with_its_program)
{
	expect_to_vanish("examples/find_primes --with queue --range E --workers 4");
}
END_TEST

START_TEST(processes_vanish_with_their_program)
{
	expect_to_vanish("examples/find_primes --with ranges --range E --workers 4");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {NULL};
	const TTest *process_tests[] = {
		killed_workers_cost_only_the_numbers_that_are_named,
		a_killed_range_is_named_and_not_counted,
		killed_workers_of_a_queue_cost_only_what_they_had_taken,
		a_queue_without_workers_is_given_up,
		a_queue_without_its_feeder_is_searched_to_its_end,
		a_killed_nursery_is_reported,
		a_pool_vanishes_with_its_program,
		a_queue_vanishes_with_its_program,
		processes_vanish_with_their_program,
		NULL,
	};
	const support_suite suite = {
		.name = "find_primes_kill",
		.tests = tests,
		.process_tests = process_tests,
		/* A hundred runs of half a second on an idle machine. */
		.timeout = 280,
	};

	return support_run_suite(&suite);
}
