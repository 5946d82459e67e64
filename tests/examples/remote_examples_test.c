/* SPDX-License-Identifier: MIT */
/*
 * The programs that share something through a server, as a user sees them: with a manager and with a real Redis server, and when workers are killed.
 */
#include "refusal.h"
#include "remote/server_fixture.h"

#include <poll.h>

/* What prints where it listens, when it does: a server of this program's own. */
typedef struct place {
	struct program program;
	char url[128];
} place;

/* Returns the first line that a program prints, as soon as it is there. */
static void await_line(const struct program *program, char *ret_line, size_t size)
{
	ssize_t length;
	char *end;

	do {
		struct pollfd ended = {.fd = program->end, .events = POLLIN};

		ck_assert_msg(poll(&ended, 1, 1) == 0, "it has ended");
		length = pread(program->output_fd, ret_line, size - 1, 0);
		ck_assert_int_ge(length, 0);
		ret_line[length] = '\0';
		end = strchr(ret_line, '\n');
	} while (end == NULL);
	*end = '\0';
}

static void expect_success(struct program *program)
{
	finish_program(program);
	ck_assert_msg(program->status == 0, "exit code %d: %s", program->status, program->error);
	ck_assert_str_eq(program->error, "");
}

/* A manager that nobody needs but this test: that of remote_counter, which waits for a number that never comes. */
static place start_manager(void)
{
	place manager = {
		.program = start_program("examples/remote_counter serve --add 0 --count 1000000000")};

	await_line(&manager.program, manager.url, sizeof manager.url);
	return manager;
}

static void stop_manager(place *manager)
{
	kill(manager->program.pid, SIGTERM);
	finish_program(&manager->program);
	ck_assert_int_eq(manager->program.status, -SIGTERM);
	forget_program(&manager->program);
}

START_TEST(two_programs_count_together)
{
	struct program server = start_program("examples/remote_counter serve --add 500 --count 1500"), client;
	char url[128], command[256];

	await_line(&server, url, sizeof url);
	snprintf(command, sizeof command, "examples/remote_counter add %s 1000", url);
	client = start_program(command);
	expect_success(&client);
	expect_success(&server);
	ck_assert_msg(strstr(server.output, "\n1500\n") != NULL, "%s", server.output);
	forget_program(&client);
	forget_program(&server);
}
END_TEST

static void expect_flag_at(const char *url)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/redis_flag --server %s", url);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s", run.error);
	ck_assert_msg(strncmp(run.output, "the flag is not set\nstopped after ", 34) == 0
			      && strstr(run.output, "\nthe flag is set\n") != NULL,
		"%s", run.output);
	forget_program(&run);
}

/* Three workers, one of which is killed in the middle. */
static void expect_primes_at(const char *url)
{
	struct program server, workers[3];
	char command[256];

	snprintf(command, sizeof command, "examples/remote_primes work %s --idle 1", url);
	for (int i = 0; i < 3; ++i)
		workers[i] = start_program(command);
	snprintf(command, sizeof command, "examples/remote_primes serve %s --to 100050000 --part 500", url);
	server = start_program(command);
	kill(workers[0].pid, SIGKILL);
	expect_success(&server);
	ck_assert_msg(strstr(server.output, "100 parts\n2722 primes from ") != NULL, "%s", server.output);
	forget_program(&server);
	for (int i = 0; i < 3; ++i) {
		finish_program(&workers[i]);
		ck_assert_int_eq(workers[i].status, i == 0 ? -SIGKILL : 0);
		forget_program(&workers[i]);
	}
}

static void expect_verdicts_at(const char *words)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command,
		"examples/verify_prime --workers 2 --with %s 112272535095295 100109100129101027 "
		"1000000000039 44521",
		words);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: %s", words, run.error);
	ck_assert_msg(strstr(run.output, "100109100129101027 composite") != NULL, "%s", run.output);
	ck_assert_msg(strstr(run.output, "1000000000039 prime") != NULL, "%s", run.output);
	ck_assert_msg(strstr(run.output, "44521 composite") != NULL, "%s", run.output);
	forget_program(&run);
}

START_TEST(a_manager_serves_all_programs)
{
	place manager = start_manager();

	expect_flag_at(manager.url);
	expect_primes_at(manager.url);
	stop_manager(&manager);
	expect_verdicts_at("manager");
	expect_verdicts_at("manager --flag poll");
}
END_TEST

START_TEST(redis_serves_all_programs)
{
	char words[256];
	redis_server redis;

	server_start(&redis, NULL);
	expect_flag_at(redis.url);
	expect_primes_at(redis.url);
	snprintf(words, sizeof words, "redis --redis %s", redis.url);
	expect_verdicts_at(words);
	snprintf(words, sizeof words, "redis --flag poll --redis %s", redis.url);
	expect_verdicts_at(words);
	server_stop(&redis);
}
END_TEST

START_TEST(queues_of_a_manager_find_the_primes)
{
	struct program run = run_program("examples/find_primes --range A --workers 3 --with manager-queue");

	ck_assert_msg(run.status == 0, "%s", run.error);
	ck_assert_uint_eq(count_found(run.output, "manager-queue"), 551);
	forget_program(&run);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_told)
{
	expect_complaint("examples/redis_flag --server unix:/nowhere/at-all", 1, "/nowhere/at-all");
	expect_complaint("examples/remote_primes work unix:/nowhere/at-all", 1, "/nowhere/at-all");
	expect_complaint("examples/remote_counter add unix:/nowhere/at-all", 1, "/nowhere/at-all");
}
END_TEST

START_TEST(mistakes_are_told)
{
	expect_refusal("examples/remote_counter", "must be serve, or add and a URL\n");
	expect_refusal("examples/remote_counter add unix:/x 0", "N 0: must be a whole number from 1 to");
	expect_refusal("examples/remote_primes serve", "must be serve or work, and a URL\n");
	expect_refusal("examples/remote_primes serve unix:/x --to 5",
		"--to 5: must be a whole number from 100000000");
	expect_refusal(
		"examples/verify_prime --with manager --flag ask", "--flag ask: must be watch or poll\n");
	expect_complaint("examples/redis_flag --server http://x", 1, "has to begin with");
	expect_help("examples/redis_flag --help", (const char *[]){"usage: redis_flag", "--server", NULL});
	expect_help("examples/remote_counter --help",
		(const char *[]){"usage: remote_counter", "serve", "add", NULL});
	expect_help("examples/remote_primes --help",
		(const char *[]){"usage: remote_primes", "serve", "work", NULL});
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		two_programs_count_together,
		a_manager_serves_all_programs,
		redis_serves_all_programs,
		queues_of_a_manager_find_the_primes,
		a_server_that_is_not_there_is_told,
		mistakes_are_told,
		NULL,
	};
	const support_suite suite = {.name = "remote_examples", .process_tests = tests};

	return support_run_suite(&suite);
}
