/* SPDX-License-Identifier: MIT */
/*
 * The examples about queues and connections print what they should.
 */
#include "refusal.h"
#include "scratch.h"

static const char *const METHODS[] = {"fork", "server", "spawn", NULL};

static const char *const PROGRAMS[] = {"simple_queue", "simple_queue2", "queue_order", "ping_pong",
	"queue_in_event_loop", "join_before_get", "remote_sum", NULL};

/* Those that have --start. */
static const char *const STARTING_PROGRAMS[] = {"simple_queue", "simple_queue2", "queue_order", NULL};

/* What "examples/@words" prints; it must end well. */
static char *output_of(const char *words)
{
	struct program run;
	char command[128];

	snprintf(command, sizeof command, "examples/%s", words);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	free(run.error);
	return run.output;
}

static void expect_output(const char *words, const char *expected)
{
	char *output = output_of(words);

	ck_assert_msg(strcmp(output, expected) == 0, "%s: %s", words, output);
	free(output);
}

START_TEST(simple_queue_prints_four_different_numbers)
{
	for (const char *const *method = METHODS; *method; ++method) {
		char words[64], *output;
		double numbers[4];
		int end = 0;

		snprintf(words, sizeof words, "simple_queue --start %s", *method);
		output = output_of(words);
		ck_assert_msg(sscanf(output, "[%lf, %lf, %lf, %lf]\n%n", &numbers[0], &numbers[1],
				      &numbers[2], &numbers[3],
				      &end) == 4
				      && output[end] == '\0',
			"%s", output);
		for (int i = 0; i < 4; ++i) {
			ck_assert(numbers[i] >= 0 && numbers[i] < 1);
			ck_assert(i == 0 || numbers[i] != numbers[i - 1]);
		}
		free(output);
	}
}
END_TEST

/* Whether one line of @output says that a process has received @word. */
static bool is_received(const char *output, const char *word)
{
	char line[64];

	for (int process = 1; process <= 4; ++process) {
		snprintf(line, sizeof line, "Process-%d data received: %s\n", process, word);
		if (strstr(output, line))
			return true;
	}
	return false;
}

START_TEST(simple_queue2_gives_each_word_to_one_process)
{
	static const char *const words[] = {"wood", "sky", "cloud", "ocean"};

	for (const char *const *method = METHODS; *method; ++method) {
		char command[64], *output;
		int lines = 0;

		snprintf(command, sizeof command, "simple_queue2 --start %s", *method);
		output = output_of(command);
		for (int i = 0; i < 4; ++i)
			ck_assert_msg(is_received(output, words[i]), "no %s: %s", words[i], output);
		for (const char *end = output; (end = strchr(end, '\n')); ++end)
			++lines;
		ck_assert_int_eq(lines, 4);
		free(output);
	}
}
END_TEST

START_TEST(queue_order_prints_the_squares_in_the_order_of_the_numbers)
{
	for (const char *const *method = METHODS; *method; ++method) {
		char words[64];

		snprintf(words, sizeof words, "queue_order --seconds 0.01 --start %s", *method);
		expect_output(words, "[4, 16, 36, 9, 25, 64, 81, 49]\n");
	}
}
END_TEST

START_TEST(ping_pong_alternates_through_a_pipe_and_through_queues)
{
	expect_output("ping_pong", "ping 1\npong 1\nping 2\npong 2\nping 3\npong 3\n");
	expect_output("ping_pong --with queues --count 2", "ping 1\npong 1\nping 2\npong 2\n");
	expect_output("ping_pong --with pipe --count 1", "ping 1\npong 1\n");
}
END_TEST

START_TEST(producers_that_put_10_mib_are_joined_before_that_is_got)
{
	expect_output("join_before_get", "40 messages, 10485760 bytes\n");
}
END_TEST

/* As run_program, with something to read. */
static struct program run_program_with_input(const char *command, const char *input)
{
	int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), ends[2];
	struct program run;

	ck_assert_int_ge(kept, 0);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(write(ends[1], input, strlen(input)), (ssize_t)strlen(input));
	close(ends[1]);
	ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	run = start_program(command);
	ck_assert_int_eq(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	close(kept);
	finish_program(&run);
	return run;
}

START_TEST(queue_in_event_loop_reads_reports_and_input)
{
	static const char *const reports[] = {
		"9592 primes from 0 to 100000\n",
		"8392 primes from 100000 to 200000\n",
		"8013 primes from 200000 to 300000\n",
		"7863 primes from 300000 to 400000\n",
		"7678 primes from 400000 to 500000\n",
	};
	struct program run = run_program_with_input("examples/queue_in_event_loop", "hello there\n");
	const char *last = run.output;

	ck_assert_msg(run.status == 0, "exit code %d: %s", run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_ptr_nonnull(strstr(run.output, "you typed: hello there\n"));
	for (int i = 0; i < 5; ++i) {
		last = strstr(last, reports[i]);
		ck_assert_msg(last != NULL, "%s", run.output);
	}
	forget_program(&run);
}
END_TEST

/* What each consumer got depends on luck; all of them together got everything once. */
START_TEST(producers_and_consumers_lose_nothing)
{
	char *output = output_of("producers_consumers");
	long sums[2];
	int end = 0;

	ck_assert_msg(sscanf(output, "%ld\n%ld\n%n", &sums[0], &sums[1], &end) == 2 && output[end] == '\0',
		"%s", output);
	ck_assert_int_eq(sums[0] + sums[1], 2 * 5000050000);
	free(output);
}
END_TEST

/* Start a server, and put the address into @ret_address that it tells; what it prints later nobody reads. */
static struct program start_server(const char *command, char ret_address[128])
{
	struct program server;
	FILE *reader;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	server = start_program_into(ends[1], command);
	close(ends[1]);
	reader = fdopen(ends[0], "re");
	ck_assert_ptr_nonnull(reader);
	ck_assert_ptr_nonnull(fgets(ret_address, 128, reader));
	ret_address[strcspn(ret_address, "\n")] = '\0';
	fclose(reader);
	server.output_fd = memfd_create("output", MFD_CLOEXEC);
	return server;
}

static void expect_sums_at(const char *server_address)
{
	char command[256], address[128];
	struct program server, client;

	snprintf(command, sizeof command, "examples/remote_sum --listen %s --key sixteen-secrets! --count 2",
		server_address);
	server = start_server(command, address);
	snprintf(command, sizeof command, "remote_sum --connect %s --key sixteen-secrets! 1 2 3.5", address);
	expect_output(command, "6.5\n");
	snprintf(command, sizeof command, "examples/remote_sum --connect %s --key another 1 2", address);
	client = run_program(command);
	ck_assert_int_eq(client.status, 1);
	ck_assert_msg(strstr(client.error, "another key") != NULL, "%s", client.error);
	forget_program(&client);
	snprintf(command, sizeof command, "remote_sum --connect %s --key sixteen-secrets!", address);
	expect_output(command, "0\n");
	finish_program(&server);
	ck_assert_msg(server.status == 0, "exit code %d: %s", server.status, server.error);
	forget_program(&server);
}

START_TEST(remote_sum_serves_who_has_the_key)
{
	char address[128];

	make_scratch();
	snprintf(address, sizeof address, "unix:%s/sum", scratch);
	expect_sums_at(address);
	expect_sums_at("tcp://127.0.0.1:0");
	remove_scratch();
}
END_TEST

START_TEST(help_tells_the_options)
{
	for (const char *const *program = PROGRAMS; *program; ++program) {
		char command[64], usage[64];

		snprintf(command, sizeof command, "examples/%s --help", *program);
		snprintf(usage, sizeof usage, "usage: %s", *program);
		expect_help(command, (const char *[]){usage, NULL});
	}
	for (const char *const *program = STARTING_PROGRAMS; *program; ++program) {
		char command[64];

		snprintf(command, sizeof command, "examples/%s --help", *program);
		expect_help(command, (const char *[]){"--start", "fork, server or spawn", NULL});
	}
	expect_help("examples/queue_order --help", (const char *[]){"--seconds", NULL});
	expect_help("examples/ping_pong --help", (const char *[]){"--with", "--count", NULL});
}
END_TEST

static void expect_refusal_by(const char *program, const char *words, const char *message)
{
	char command[128], complaint[128];

	snprintf(command, sizeof command, "examples/%s %s", program, words);
	snprintf(complaint, sizeof complaint, "%s: %s", program, message);
	expect_refusal(command, complaint);
}

START_TEST(wrong_options_are_refused)
{
	for (const char *const *program = PROGRAMS; *program; ++program) {
		expect_refusal_by(*program, "--speed", "unrecognized option '--speed'\n");
		expect_refusal_by(*program, "30", "30: not an option\n");
	}
	for (const char *const *program = STARTING_PROGRAMS; *program; ++program)
		expect_refusal_by(
			*program, "--start thread", "--start thread: must be fork, server or spawn\n");
	expect_refusal_by(
		"queue_order", "--seconds -1", "--seconds -1: must be a number of seconds from 0 to 3600\n");
	expect_refusal_by("ping_pong", "--with shouting", "--with shouting: must be pipe or queues\n");
	expect_refusal_by("remote_sum", "--key x", "needs --listen or --connect, one of them\n");
	expect_refusal_by("remote_sum", "--listen unix:/x --connect unix:/x", "needs --listen or --connect");
	expect_refusal_by("remote_sum", "--connect unix:/x 1 2x", "2x: not a number\n");
	expect_refusal_by("ping_pong", "--count 0", "--count 0: must be a whole number from 1 to 1000000\n");
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		simple_queue_prints_four_different_numbers,
		simple_queue2_gives_each_word_to_one_process,
		queue_order_prints_the_squares_in_the_order_of_the_numbers,
		ping_pong_alternates_through_a_pipe_and_through_queues,
		producers_that_put_10_mib_are_joined_before_that_is_got,
		queue_in_event_loop_reads_reports_and_input,
		producers_and_consumers_lose_nothing,
		remote_sum_serves_who_has_the_key,
		help_tells_the_options,
		wrong_options_are_refused,
		NULL,
	};
	const support_suite suite = {
		.name = "queue_examples",
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
