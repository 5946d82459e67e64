/* SPDX-License-Identifier: MIT */
/*
 * The programs in Python and OpenMP that the report compares mproc with: each with small inputs prints the rows that the report
 * reads, and what they check their results with is right.
 */
#include "../examples/refusal.h"
#include "remote/server_fixture.h"

#include <math.h>

#define PYTHON "/usr/bin/python3 -B " PEERS_FOLDER "/"

static struct program run_peer(const char *command)
{
	struct program run = run_program(command);

	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

/* EXPERIMENT, METHOD, X, VALUE and UNIT; what is measured is more than nothing. */
static void check_row(const char *line)
{
	char experiment[32], method[32], x[64], unit[16], end;
	double value;

	ck_assert_msg(sscanf(line, "%31[a-z_]\t%31[a-z-]\t%63[^\t\n]\t%lf\t%15[^\t\n]%c", experiment, method,
			      x, &value, unit,
			      &end) == 6
			      && end == '\n',
		"no row: %s", line);
	ck_assert_msg(strncmp(method, "python-", 7) == 0 || strncmp(method, "openmp-", 7) == 0, "%s", method);
	ck_assert_msg(isfinite(value) && value > 0, "%s", line);
}

/* @wanted: what the rows begin with, in their order, with a blank for each tab; NULL after the last. */
static void expect_rows(const char *command, const char *const wanted[])
{
	struct program run = run_peer(command);
	char *line = run.output;

	for (; *wanted; ++wanted) {
		char *end = strchr(line, '\n');
		size_t length = strlen(*wanted);

		ck_assert_msg(end, "%s: no row for %s", command, *wanted);
		check_row(line);
		for (char *tab = line; tab < end; ++tab)
			*tab = *tab == '\t' ? ' ' : *tab;
		ck_assert_msg(strncmp(line, *wanted, length) == 0 && line[length] == ' ', "%s: not %s: %s",
			command, *wanted, line);
		line = end + 1;
	}
	ck_assert_msg(*line == '\0', "%s: more than was expected: %s", command, line);
	forget_program(&run);
}

#define ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(what_python_checks_with_is_right)
{
	struct program run = run_peer("/usr/bin/python3 -B " ANSWERS_SCRIPT " " PEERS_FOLDER);

	ck_assert_str_eq(run.output, "fine\n");
	forget_program(&run);
}
END_TEST

START_TEST(python_finds_primes)
{
	expect_rows(PYTHON "find_primes.py --from 100000000 --to 100000300 --workers 2",
		ROWS("find_primes python-serial 300", "find_primes python-threads 300",
			"find_primes python-ranges 300", "find_primes python-thread-ranges 300",
			"find_primes python-pool 300", "find_primes python-imap 300",
			"find_primes python-imap-one 300", "find_primes python-imap-unordered 300",
			"find_primes python-queue 300", "find_primes python-queue-batch 300",
			"find_primes python-thread-queue 300", "find_primes python-manager-queue 300",
			"find_primes python-manager-queue-one 300"));
	expect_rows(PYTHON "find_primes.py --from 0 --to 10 --workers 3 --with pool,ranges",
		ROWS("find_primes python-pool 10", "find_primes python-ranges 10"));
	expect_rows(PYTHON "find_primes.py --range A --with serial", ROWS("find_primes python-serial 10000"));
}
END_TEST

START_TEST(python_verifies_primes)
{
	expect_rows(PYTHON "verify_prime.py --workers 2 --every 10 100160063 1000003",
		ROWS("verify_prime python-serial 100160063", "verify_prime python-serial 1000003",
			"verify_prime python-naive 100160063", "verify_prime python-naive 1000003",
			"verify_prime python-less-naive 100160063", "verify_prime python-less-naive 1000003",
			"verify_prime python-event 100160063", "verify_prime python-event 1000003",
			"verify_prime python-value 100160063", "verify_prime python-value 1000003",
			"verify_prime python-raw 100160063", "verify_prime python-raw 1000003",
			"verify_prime python-mmap 100160063", "verify_prime python-mmap 1000003",
			"verify_prime python-manager 100160063", "verify_prime python-manager 1000003",
			"verify_prime python-threads 100160063", "verify_prime python-threads 1000003"));
	/* What goes wrong first. */
	expect_rows(PYTHON "verify_prime.py --workers 3 --with raw 0 1 2 3 4 9 11 25 39601 44521",
		ROWS("verify_prime python-raw 0", "verify_prime python-raw 1", "verify_prime python-raw 2",
			"verify_prime python-raw 3", "verify_prime python-raw 4", "verify_prime python-raw 9",
			"verify_prime python-raw 11", "verify_prime python-raw 25",
			"verify_prime python-raw 39601", "verify_prime python-raw 44521"));
}
END_TEST

START_TEST(python_looks_at_flags)
{
	expect_rows(PYTHON
		"check_interval.py --workers 2 --every 1,1000 --divisors 5000 --looks 100 --stops 1",
		ROWS("check_interval python-raw 1", "stop_delay python-raw 1",
			"check_interval python-raw 1000", "stop_delay python-raw 1000",
			"check_interval python-mmap 1", "stop_delay python-mmap 1",
			"check_interval python-mmap 1000", "stop_delay python-mmap 1000",
			"check_interval python-value 1", "stop_delay python-value 1",
			"check_interval python-value 1000", "stop_delay python-value 1000",
			"check_interval python-manager 1", "stop_delay python-manager 1",
			"check_interval python-manager 1000", "stop_delay python-manager 1000"));
}
END_TEST

START_TEST(python_asks_redis)
{
	redis_server redis;
	char command[512];

	server_start(&redis, NULL);
	snprintf(command, sizeof command,
		PYTHON "verify_prime.py --workers 2 --with redis --redis %s 100160063 1000003", redis.url);
	expect_rows(
		command, ROWS("verify_prime python-redis 100160063", "verify_prime python-redis 1000003"));
	snprintf(command, sizeof command,
		PYTHON "check_interval.py --every 100 --divisors 500 --stops 1 --with redis --redis %s",
		redis.url);
	expect_rows(command, ROWS("check_interval python-redis 100", "stop_delay python-redis 100"));
	server_stop(&redis);
	snprintf(command, sizeof command, PYTHON "verify_prime.py --with redis --redis %s 9", redis.url);
	expect_complaint(command, 1, "verify_prime.py: unix:/");
}
END_TEST

START_TEST(python_computes_pi)
{
	expect_rows(PYTHON "estimate_pi.py --points 1003 --workers 2",
		ROWS("estimate_pi python-serial 1003", "estimate_pi python-threads 1003",
			"estimate_pi python-pool 1003"));
	expect_rows(PYTHON "compute_pi.py --workers 2 1 100",
		ROWS("compute_pi python-serial 1,100", "compute_pi python-pool 1,100",
			"compute_pi python-serial-naive 1,100", "compute_pi python-pool-naive 1,100"));
}
END_TEST

START_TEST(python_shares_work)
{
	expect_rows(PYTHON "job_size.py --workers 2 --numbers 100 --sizes 1,1000",
		ROWS("job_size python-serial -", "job_size python-pool 1", "job_size python-pool 1000",
			"job_size python-queue 1", "job_size python-queue 1000"));
	expect_rows(PYTHON "worker_counts.py --numbers 100 --most 2",
		ROWS("worker_counts python-serial -", "worker_counts python-processes 1",
			"worker_counts python-processes 2", "worker_counts python-threads 1",
			"worker_counts python-threads 2"));
	expect_rows(PYTHON "one_or_many.py --workers 2 --one 1000000007 --many 50",
		ROWS("one_or_many python-serial one", "one_or_many python-numbers one",
			"one_or_many python-divisors one", "one_or_many python-serial many",
			"one_or_many python-numbers many", "one_or_many python-divisors many"));
}
END_TEST

START_TEST(python_tells_what_things_cost)
{
	expect_rows(PYTHON "message_cost.py --sizes 8,100000 --messages 20",
		ROWS("message_cost python-queue 8", "message_cost python-queue 100000",
			"message_cost python-simple-queue 8", "message_cost python-simple-queue 100000",
			"message_cost python-pipe 8", "message_cost python-pipe 100000",
			"message_cost python-pipe-object 8", "message_cost python-pipe-object 100000",
			"message_cost python-manager-queue 8", "message_cost python-manager-queue 100000"));
	expect_rows(PYTHON "start_cost.py --count 2",
		ROWS("start_cost python-thread -", "start_cost python-fork -", "start_cost python-server -",
			"start_cost python-spawn -"));
	expect_rows(PYTHON "worker_memory.py --workers 2",
		ROWS("worker_memory python-thread -", "worker_memory python-fork -",
			"worker_memory python-fork pss", "worker_memory python-fork rss",
			"worker_memory python-server -", "worker_memory python-server pss",
			"worker_memory python-server rss", "worker_memory python-spawn -",
			"worker_memory python-spawn pss", "worker_memory python-spawn rss"));
	expect_rows(PYTHON "copied_random.py --children 3",
		ROWS("copied_random python-module 3 3", "copied_random python-copied 3 1",
			"copied_random python-own 3 3"));
}
END_TEST

static const char *const SCRIPTS[] = {
	"check_interval",
	"compute_pi",
	"copied_random",
	"estimate_pi",
	"find_primes",
	"job_size",
	"message_cost",
	"one_or_many",
	"start_cost",
	"verify_prime",
	"worker_counts",
	"worker_memory",
};

START_TEST(python_refuses_what_makes_no_sense)
{
	char command[512];

	for (size_t i = 0; i < sizeof SCRIPTS / sizeof *SCRIPTS; ++i) {
		snprintf(command, sizeof command, PYTHON "%s.py --workers 0", SCRIPTS[i]);
		expect_refusal(command, "0: must be a whole number from 1 to 1024");
	}
	expect_refusal(PYTHON "find_primes.py --with serial,poll", "poll: must be serial, threads, ");
	expect_refusal(PYTHON "find_primes.py --from 3", "--from and --to go together");
	expect_refusal(PYTHON "find_primes.py --from 3 --to 2", "must be 3 to 268435459");
	expect_refusal(PYTHON "verify_prime.py 3x", "3x: must be a whole number");
}
END_TEST

#if HAS_OPENMP_PEERS

START_TEST(openmp_finds_primes)
{
	expect_rows("report/find_primes --workers 2",
		ROWS("find_primes openmp-serial 10000", "find_primes openmp-static 10000",
			"find_primes openmp-dynamic 10000", "find_primes openmp-guided 10000",
			"find_primes openmp-tasks 10000"));
	expect_rows("report/find_primes --from 0 --to 100 --workers 3 --chunk 7 --with dynamic",
		ROWS("find_primes openmp-dynamic 100"));
	expect_rows("report/worker_counts --numbers 100 --most 2",
		ROWS("worker_counts openmp-serial -", "worker_counts openmp-threads 1",
			"worker_counts openmp-threads 2"));
	expect_rows("report/job_size --numbers 100 --sizes 1,1000",
		ROWS("job_size openmp-serial -", "job_size openmp-dynamic 1", "job_size openmp-tasks 1",
			"job_size openmp-dynamic 1000", "job_size openmp-tasks 1000"));
	expect_refusal("report/find_primes --with omp", "must be serial, static, dynamic");
	expect_refusal("report/job_size --sizes 0", "--sizes 0: must be a whole number");
}
END_TEST

START_TEST(openmp_verifies_primes)
{
	expect_rows("report/verify_prime --workers 3 --every 10 100160063 1000003",
		ROWS("verify_prime openmp-serial 100160063", "verify_prime openmp-serial 1000003",
			"verify_prime openmp-naive 100160063", "verify_prime openmp-naive 1000003",
			"verify_prime openmp-less-naive 100160063", "verify_prime openmp-less-naive 1000003",
			"verify_prime openmp-flag 100160063", "verify_prime openmp-flag 1000003",
			"verify_prime openmp-cancel 100160063", "verify_prime openmp-cancel 1000003"));
	expect_rows("report/verify_prime --with cancel 0 1 2 3 4 9 11 25 44521 18446744073709551615",
		ROWS("verify_prime openmp-cancel 0", "verify_prime openmp-cancel 1",
			"verify_prime openmp-cancel 2", "verify_prime openmp-cancel 3",
			"verify_prime openmp-cancel 4", "verify_prime openmp-cancel 9",
			"verify_prime openmp-cancel 11", "verify_prime openmp-cancel 25",
			"verify_prime openmp-cancel 44521",
			"verify_prime openmp-cancel 18446744073709551615"));
	expect_refusal("report/verify_prime 3x", "3x: must be a whole number");
}
END_TEST

START_TEST(openmp_computes_pi)
{
	expect_rows("report/estimate_pi --points 1003 --block 100 --workers 2",
		ROWS("estimate_pi openmp-serial 1003", "estimate_pi openmp-threads 1003"));
	expect_rows("report/compute_pi --workers 2 1 100",
		ROWS("compute_pi openmp-serial 1,100", "compute_pi openmp-threads 1,100"));
	expect_refusal("report/estimate_pi --points 0", "--points 0: must be a whole number");
}
END_TEST

#endif

int main(void)
{
	const TTest *tests[] = {
		what_python_checks_with_is_right,
		python_finds_primes,
		python_verifies_primes,
		python_looks_at_flags,
		python_asks_redis,
		python_computes_pi,
		python_shares_work,
		python_tells_what_things_cost,
		python_refuses_what_makes_no_sense,
#if HAS_OPENMP_PEERS
		openmp_finds_primes,
		openmp_verifies_primes,
		openmp_computes_pi,
#endif
		NULL,
	};

	return support_run("peers", tests);
}
