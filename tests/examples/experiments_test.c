/* SPDX-License-Identifier: MIT */
/*
 * The programs that measure: what they print is complete, right where it does not depend on the machine, and otherwise possible;
 * nothing here says how long anything takes.
 */
#include "refusal.h"
#include "rows.h"

#include <mproc.h>

/* A row for each, and each took some time. */
static void expect_seconds(const char *output, const char *const starts[], const char *unit)
{
	for (; *starts; ++starts)
		ck_assert_double_gt(value_of(output, *starts, unit), 0);
}

static void run_and_expect(const char *command, const char *const starts[], const char *unit)
{
	struct program run;
	int count = 0;

	while (starts[count])
		++count;
	run = run_for_rows(command, count);
	expect_seconds(run.output, starts, unit);
	forget_program(&run);
}

/* Without --rows: a table with @word in it. */
static void expect_table(const char *command, const char *word)
{
	struct program run = run_program(command);

	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_msg(
		strstr(run.output, word) && !strchr(run.output, '\t'), "%s: %.999s", command, run.output);
	forget_program(&run);
}

START_TEST(worker_counts_tries_each_number_of_processes_and_threads)
{
	static const char *const rows[] = {"worker_counts\tserial\t-\t", "worker_counts\tprocesses\t1\t",
		"worker_counts\tprocesses\t2\t", "worker_counts\tprocesses\t3\t",
		"worker_counts\tthreads\t1\t", "worker_counts\tthreads\t2\t", "worker_counts\tthreads\t3\t",
		NULL};

	run_and_expect("examples/worker_counts --rows --most 3 --numbers 1000", rows, "s");
	expect_table("examples/worker_counts --most 1 --numbers 10000", "551 primes each time");
}
END_TEST

START_TEST(one_or_many_shares_out_numbers_and_divisors)
{
	static const char *const rows[] = {"one_or_many\tserial\tone\t", "one_or_many\tnumbers\tone\t",
		"one_or_many\tdivisors\tone\t", "one_or_many\tserial\tmany\t", "one_or_many\tnumbers\tmany\t",
		"one_or_many\tdivisors\tmany\t", NULL};

	run_and_expect("examples/one_or_many --rows --one 1000000007 --many 200 --workers 3", rows, "s");
	/* 7, with less divisors than workers; and a square. */
	run_and_expect("examples/one_or_many --rows --one 7 --many 1 --workers 5", rows, "s");
	run_and_expect("examples/one_or_many --rows --one 1022117 --many 8 --workers 2", rows, "s");
	expect_table("examples/one_or_many --one 1000000007 --many 10", "divisors");
}
END_TEST

START_TEST(job_size_takes_jobs_of_each_size)
{
	static const char *const rows[] = {"job_size\tserial\t-\t", "job_size\tpool\t1\t",
		"job_size\tpool\t7\t", "job_size\tpool\t2000\t", "job_size\tqueue\t1\t",
		"job_size\tqueue\t7\t", "job_size\tqueue\t2000\t", NULL};

	/* 7 does not divide 1000, and 2000 is more. */
	run_and_expect("examples/job_size --rows --numbers 1000 --sizes 1,7,2000", rows, "s/number");
	expect_table("examples/job_size --numbers 10000 --sizes 999", "551 primes each time");
}
END_TEST

START_TEST(message_cost_sends_messages_of_each_size_each_way)
{
	static const char *const rows[] = {"message_cost\tqueue\t1\t", "message_cost\tqueue\t100000\t",
		"message_cost\tqueue-batch\t1\t", "message_cost\tqueue-batch\t100000\t",
		"message_cost\tpipe\t1\t", "message_cost\tpipe\t100000\t", "message_cost\tmanager-queue\t1\t",
		"message_cost\tmanager-queue\t100000\t", NULL};
	struct program run =
		run_program("examples/message_cost --rows --sizes 1,100000 --messages 300 --bytes 10000000");
	int count = strstr(run.output, "manager-queue") ? 8 : 6;

	ck_assert_msg(run.status == 0, "exit code %d: %.999s", run.status, run.error);
	for (int i = 0; i < count; ++i)
		ck_assert_double_gt(value_of(run.output, rows[i], "s/message"), 0);
	forget_program(&run);
	expect_table("examples/message_cost --with queue --messages 10", "1048576");
}
END_TEST

START_TEST(check_interval_measures_looks_and_stops)
{
	static const char *const methods[] = {"raw", "mmap", "event", "value", NULL};

	for (int i = 0; methods[i]; ++i) {
		char command[128], look[64], stop[64];
		struct program run;

		snprintf(command, sizeof command,
			"examples/check_interval --rows --with %s --every 1,1000000 --seconds 0.01 "
			"--workers 2",
			methods[i]);
		snprintf(look, sizeof look, "check_interval\t%s\t1000000\t", methods[i]);
		snprintf(stop, sizeof stop, "stop_delay\t%s\t1\t", methods[i]);
		run = run_for_rows(command, 4);
		ck_assert_double_gt(value_of(run.output, look, "s/division"), 0);
		ck_assert_double_ge(value_of(run.output, stop, "s"), 0);
		forget_program(&run);
	}
	expect_table("examples/check_interval --with raw --every 10 --seconds 0.01 --workers 1", "raw");
}
END_TEST

START_TEST(start_cost_starts_threads_and_processes)
{
	static const char *const rows[] = {"start_cost\tthread\t-\t", "start_cost\tfork\t-\t",
		"start_cost\tserver\t-\t", "start_cost\tspawn\t-\t", NULL};

	run_and_expect("examples/start_cost --rows --count 3", rows, "s");
	expect_table("examples/start_cost --count 1 --with fork", "fork");
}
END_TEST

START_TEST(worker_memory_weighs_threads_and_processes)
{
	static const double OTHERS_SHARE = 65536;
	static const char *const methods[] = {"fork", "server", "spawn", "thread"};
	struct program run = run_for_rows("examples/worker_memory --rows --workers 3", 12);

	for (int i = 0; i < 4; ++i) {
		char start[3][64];
		double private, pss, rss;

		snprintf(start[0], sizeof start[0], "worker_memory\t%s\t-\t", methods[i]);
		snprintf(start[1], sizeof start[1], "worker_memory\t%s\tpss\t", methods[i]);
		snprintf(start[2], sizeof start[2], "worker_memory\t%s\trss\t", methods[i]);
		private = value_of(run.output, start[0], "B");
		pss = value_of(run.output, start[1], "B");
		rss = value_of(run.output, start[2], "B");
		ck_assert_double_ge(private, 0);
		/* Each is a difference, and processes of others, which come and go, share pages too. */
		ck_assert_double_ge(pss + OTHERS_SHARE, private);
		ck_assert_double_ge(rss + OTHERS_SHARE, pss);
		/* A process has at least a page; what the smallest would be is not known. */
		ck_assert_double_ge(rss, strcmp(methods[i], "thread") == 0 ? 0 : 4096);
	}
	forget_program(&run);
	expect_table("examples/worker_memory --workers 1 --with thread", "thread");
}
END_TEST

START_TEST(copied_random_shows_that_copies_draw_the_same)
{
	struct program run = run_for_rows("examples/copied_random --rows --children 6", 4);

	ck_assert_double_eq(value_of(run.output, "copied_random\tlibc\t6\t", "-"), 1);
	ck_assert_double_eq(value_of(run.output, "copied_random\tcopied\t6\t", "-"), 1);
	ck_assert_double_eq(value_of(run.output, "copied_random\tstreams\t6\t", "-"), 6);
	/* Seconds pass, but each child begins in one. */
	ck_assert_double_ge(value_of(run.output, "copied_random\ttime\t6\t", "-"), 1);
	forget_program(&run);
	expect_table("examples/copied_random --children 2", "different");
}
END_TEST

START_TEST(older_programs_print_rows)
{
	static const char *const primes[] = {"find_primes\tserial\t1000\t", "find_primes\tpool\t1000\t",
		"find_primes\tranges\t1000\t", "find_primes\tqueue\t1000\t",
		"find_primes\tqueue-batch\t1000\t", "find_primes\tthread-queue\t1000\t",
		"find_primes\timap\t1000\t", "find_primes\timap-unordered\t1000\t",
		"find_primes\tthreads\t1000\t", NULL};
	static const char *const prime[] = {
		"verify_prime\traw\t1000000007\t", "verify_prime\traw\t9\t", NULL};
	static const char *const pi[] = {"estimate_pi\tserial\t1000\t", "estimate_pi\tthreads\t1000\t",
		"estimate_pi\tpool\t1000\t", NULL};

	run_and_expect("examples/find_primes --rows --with all --from 1000 --to 2000", primes, "s");
	run_and_expect("examples/verify_prime --rows --with raw 1000000007 9", prime, "s");
	run_and_expect("examples/estimate_pi --rows --with all --points 1000", pi, "s");
}
END_TEST

START_TEST(compute_pi_prints_rows)
{
	static const char *const rows[] = {"compute_pi\tserial\t10,20\t", "compute_pi\tpool\t10,20\t", NULL};

	if (access(support_program("examples/compute_pi"), X_OK) != 0)
		return;
	run_and_expect("examples/compute_pi --rows 10 20", rows, "s");
}
END_TEST

START_TEST(experiments_refuse_what_makes_no_sense)
{
	expect_refusal("examples/worker_counts --with magic",
		"worker_counts: --with magic: must be one of: processes threads all\n");
	expect_refusal("examples/worker_counts --most 0",
		"worker_counts: --most 0: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/one_or_many --one 100", "one_or_many: --one 100: must be odd\n");
	expect_refusal("examples/job_size --sizes 1,,2", "job_size: --sizes 1,,2: must be at most 32 whole "
							 "numbers from 1 to 67108864, with commas between\n");
	expect_refusal("examples/job_size --sizes 1,2x", "job_size: --sizes 1,2x: must be at most 32");
	expect_refusal("examples/job_size --sizes 0", "job_size: --sizes 0: must be at most 32");
	expect_refusal("examples/message_cost --sizes 8,", "message_cost: --sizes 8,: must be at most 32");
	expect_refusal("examples/message_cost --bytes 0", "must be a whole number from 1 to 68719476736\n");
	expect_refusal("examples/check_interval --seconds x",
		"check_interval: --seconds x: must be a number of seconds from 0 to 3600\n");
	expect_refusal(
		"examples/check_interval --with queue", "check_interval: --with queue: must be one of: raw");
	expect_refusal("examples/start_cost --count 1000001",
		"start_cost: --count 1000001: must be a whole number from 1 to 1000000\n");
	expect_refusal("examples/worker_memory --workers 201", "must be a whole number from 1 to 200\n");
	expect_refusal("examples/copied_random --children 1", "must be a whole number from 2 to 200\n");
	expect_refusal("examples/copied_random one", "copied_random: one: not an option\n");
	expect_refusal(
		"examples/mistakes 14", "mistakes: 14: no mistake has this number; they are 1 to 13\n");
	expect_refusal(
		"examples/mistakes 6d", "mistakes: 6d: no mistake has this number; they are 1 to 13\n");
}
END_TEST

START_TEST(experiments_tell_their_options)
{
	static const char *const commands[] = {"worker_counts", "one_or_many", "job_size", "message_cost",
		"check_interval", "start_cost", "worker_memory", "copied_random", "mistakes", "find_primes",
		"verify_prime", "estimate_pi", NULL};

	for (int i = 0; commands[i]; ++i) {
		char command[64];

		snprintf(command, sizeof command, "examples/%s --help", commands[i]);
		expect_help(command, (const char *[]){commands[i], "--rows", "--help", "Exit status", NULL});
	}
}
END_TEST

/* The mistakes: what does not depend on who is faster. */

static void expect_mistake(const char *output, const char *number, double wrong, double right)
{
	char start[32];

	snprintf(start, sizeof start, "mistakes\t%s\twrong\t", number);
	ck_assert_double_eq_tol(value_of(output, start, "-"), wrong, 1e-6);
	snprintf(start, sizeof start, "mistakes\t%s\tright\t", number);
	ck_assert_double_eq_tol(value_of(output, start, "-"), right, 1e-6);
}

START_TEST(mistakes_come_out_wrong_and_right)
{
	struct program run = run_for_rows("examples/mistakes --rows 1 2 4 5 6 7 10 12", 4 * 11);

	expect_mistake(run.output, "1", 7, 95362951);
	expect_mistake(run.output, "2", 1, 0);
	expect_mistake(run.output, "4", 1, 0);
	expect_mistake(run.output, "5", 0, 100001);
	expect_mistake(run.output, "6a", 0, 7);
	expect_mistake(run.output, "6b", 0, 1);
	expect_mistake(run.output, "6c", 1, 0);
	expect_mistake(run.output, "7", 4294967296, 4294967295);
	expect_mistake(run.output, "10", 9996, 10000);
	expect_mistake(run.output, "12a", 29, 30);
	expect_mistake(run.output, "12b", 4500, 831 + 1246 + 1661);
	forget_program(&run);
}
END_TEST

START_TEST(mistakes_miss_a_factor_among_even_divisors)
{
	struct program run = run_for_rows("examples/mistakes --rows 3", 4);

	expect_mistake(run.output, "3", 1, 0);
	forget_program(&run);
}
END_TEST

START_TEST(mistakes_of_files)
{
	struct program run = run_for_rows("examples/mistakes --rows 9", 16);

	expect_mistake(run.output, "9a", 1404, 772);
	expect_mistake(run.output, "9b", -1, 1);
	/* How many additions are lost, if any, is a matter of luck. */
	ck_assert_double_le(value_of(run.output, "mistakes\t9c\twrong\t", "-"), 2000);
	ck_assert_double_eq(value_of(run.output, "mistakes\t9c\tright\t", "-"), 2000);
	ck_assert_double_le(value_of(run.output, "mistakes\t9d\twrong\t", "-"), 2000);
	ck_assert_double_eq(value_of(run.output, "mistakes\t9d\tright\t", "-"), 2000);
	forget_program(&run);
}
END_TEST

START_TEST(mistakes_of_order)
{
	struct program run = run_for_rows("examples/mistakes --rows 8 13", 16);

	ck_assert_double_eq(value_of(run.output, "mistakes\t8\tright\t", "-"), 0);
	ck_assert_double_eq(value_of(run.output, "mistakes\t13a\tright\t", "-"), 0);
	ck_assert_double_eq(value_of(run.output, "mistakes\t13b\tright\t", "-"), 1);
	ck_assert_double_eq(value_of(run.output, "mistakes\t13c\tright\t", "-"), 25);
	ck_assert_double_le(value_of(run.output, "mistakes\t13c\twrong\t", "-"), 25);
	forget_program(&run);
}
END_TEST

/* The same darts each time, so the same error. */
START_TEST(mistakes_tell_how_far_few_darts_are_off)
{
	struct program run = run_for_rows("examples/mistakes --rows 11", 4);

	ck_assert_double_eq_tol(value_of(run.output, "mistakes\t11\twrong\t", "-"), 0.0164, 0.003);
	ck_assert_double_eq_tol(value_of(run.output, "mistakes\t11\tright\t", "-"), 0.0005, 0.0003);
	forget_program(&run);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		worker_counts_tries_each_number_of_processes_and_threads,
		one_or_many_shares_out_numbers_and_divisors,
		job_size_takes_jobs_of_each_size,
		message_cost_sends_messages_of_each_size_each_way,
		check_interval_measures_looks_and_stops,
		start_cost_starts_threads_and_processes,
		worker_memory_weighs_threads_and_processes,
		copied_random_shows_that_copies_draw_the_same,
		older_programs_print_rows,
		compute_pi_prints_rows,
		experiments_refuse_what_makes_no_sense,
		experiments_tell_their_options,
		mistakes_come_out_wrong_and_right,
		mistakes_miss_a_factor_among_even_divisors,
		mistakes_of_files,
		mistakes_of_order,
		mistakes_tell_how_far_few_darts_are_off,
		NULL,
	};
	const support_suite suite = {
		.name = "experiments",
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
