/* SPDX-License-Identifier: MIT */
/*
 * verify_prime, as a user sees it: every method with every number and several numbers of workers, what is printed, every
 * mistake on the command line, workers that are killed; and the cutting of the divisors below it.
 */
#include "../../examples/verify_prime/divisors.h"
#include "refusal.h"
#include "scratch.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <poll.h>

static const char *const METHODS[] = {
	"serial", "naive", "less-naive", "event", "value", "raw", "mmap", "threads"};
enum {
	method_count = sizeof METHODS / sizeof *METHODS
};

/* A number, and what must be said about it. */
struct known {
	uint64_t number;
	const char *verdict;
};

static const struct known LARGE[] = {
	{UINT64_C(112272535095295), "composite"},
	{UINT64_C(1109100129100369), "composite"},
	{UINT64_C(100109100129100369), "composite"},
	{UINT64_C(100109100129101027), "composite"},
	{UINT64_C(100109100129100151), "prime"},
	{UINT64_C(100109100129162907), "prime"},
};

/* What goes wrong first: no divisors, one, the square of the last one, an even root, the end of 32 bits. */
static const struct known SMALL[] = {
	{0, "neither"},
	{1, "neither"},
	{2, "prime"},
	{3, "prime"},
	{4, "composite"},
	{9, "composite"},
	{11, "prime"},
	{19, "prime"},
	{25, "composite"},
	{UINT64_C(39601), "composite"},        /* 199 squared: the last of the small divisors */
	{UINT64_C(44521), "composite"},        /* 211 squared: the first prime behind them */
	{UINT64_C(100160063), "composite"},    /* 10007 * 10009 */
	{UINT64_C(999966000289), "composite"}, /* 999983 squared */
	{UINT64_C(1000000000039), "prime"},
};

/* The lines that are printed. */

struct line {
	uint64_t number, factor;
	char verdict[16], method[16];
};

/* Read the line at @text, which begins with a number.  Returns what follows it. */
static const char *read_line(const char *text, struct line *line)
{
	double seconds;
	char speed_up[16];
	int fields = sscanf(text, " %" SCNu64 " %15s %15s %lf %15s%*[ ]%" SCNu64, &line->number,
		line->verdict, line->method, &seconds, speed_up, &line->factor);
	const char *end = strchr(text, '\n');

	ck_assert_msg(fields >= 5 && end, "unexpected: %s", text);
	ck_assert_msg((fields == 6) == (strcmp(line->verdict, "composite") == 0), "factor: %.*s",
		(int)(end - text), text);
	return end + 1;
}

static void expect_line(const struct line *line, const char *method, const struct known *known)
{
	ck_assert_uint_eq(line->number, known->number);
	ck_assert_str_eq(line->method, method);
	ck_assert_msg(strcmp(line->verdict, known->verdict) == 0, "%s: %" PRIu64 " is said to be %s", method,
		known->number, line->verdict);
	if (strcmp(line->verdict, "composite") == 0)
		ck_assert_msg(
			line->factor > 1 && line->factor < line->number && line->number % line->factor == 0,
			"%s: %" PRIu64 " is no factor of %" PRIu64, method, line->factor, known->number);
}

static struct program run_numbers(
	const char *method, const char *options, const struct known *numbers, size_t count)
{
	char command[512];
	int length = snprintf(command, sizeof command, "examples/verify_prime --with %s %s", method, options);
	struct program run;

	for (size_t i = 0; i < count; ++i)
		length += snprintf(
			command + length, sizeof command - (size_t)length, " %" PRIu64, numbers[i].number);
	ck_assert_uint_lt((size_t)length, sizeof command);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

/* One method, or all. */
static void expect_verdicts(
	const char *method, const char *options, const struct known *numbers, size_t count)
{
	struct program run = run_numbers(method, options, numbers, count);
	bool is_all = strcmp(method, "all") == 0;
	const char *rest = strchr(run.output, '\n');
	struct line line;

	ck_assert_ptr_nonnull(rest++);
	for (size_t i = 0; i < count; ++i) {
		for (int k = 0; k < method_count; ++k) {
			if (!is_all && strcmp(METHODS[k], method) != 0)
				continue;
			rest = read_line(rest, &line);
			expect_line(&line, METHODS[k], &numbers[i]);
		}
	}
	ck_assert_str_eq(rest, "");
	forget_program(&run);
}

static void expect_from_all(const char *options, const struct known *numbers, size_t count)
{
	if (!support_threads_only()) {
		expect_verdicts("all", options, numbers, count);
		return;
	}
	expect_verdicts("serial", options, numbers, count);
	expect_verdicts("threads", options, numbers, count);
}

/* How the divisors are cut. */

/* Without an assertion for each piece, which takes longer than the piece. */
static bool have_no_gap(uint64_t number, unsigned pieces)
{
	divisors whole = all_divisors(number);
	uint64_t next = 3; /* the first odd divisor that was in no piece yet */

	for (unsigned i = 0; i < pieces; ++i) {
		divisors piece = cut_divisors(whole, pieces, i);

		if (piece.first != next || piece.count > whole.count / pieces + 1)
			return false;
		next += 2 * piece.count;
	}
	return next == 3 ? integer_root(number) < 3
			 : next - 2 <= integer_root(number) && next > integer_root(number);
}

START_TEST(the_pieces_leave_no_divisor_out)
{
	static const uint64_t numbers[] = {UINT64_C(112272535095295), UINT64_C(100109100129101027),
		UINT64_C(18446744065119617024), UINT64_C(18446744065119617025), UINT64_MAX - 1, UINT64_MAX};

	for (unsigned pieces = 1; pieces <= 1024; pieces += pieces < 100 ? 1 : 77) {
		for (uint64_t number = 0; number < 200; ++number)
			ck_assert_msg(have_no_gap(number, pieces), "%" PRIu64 " in %u", number, pieces);
		for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i)
			ck_assert_msg(
				have_no_gap(numbers[i], pieces), "%" PRIu64 " in %u", numbers[i], pieces);
	}
}
END_TEST

START_TEST(divisors_are_taken_off_to_the_last_one)
{
	divisors left = all_divisors(1000); /* 3, 5, … 31 */
	divisors taken = take_divisors(&left, 4);

	ck_assert_uint_eq(taken.first, 3);
	ck_assert_uint_eq(taken.count, 4);
	taken = take_divisors(&left, 1000);
	ck_assert_uint_eq(taken.first, 11);
	ck_assert_uint_eq(taken.count, 11);
	ck_assert_uint_eq(take_divisors(&left, 1).count, 0);
}
END_TEST

/* What is found. */

START_TEST(zero_one_two_nine_and_their_like_are_judged_right)
{
	static const char *const options[] = {"", "--workers 2", "--workers 3", "--workers 7 --every 1"};

	for (size_t i = 0; i < sizeof options / sizeof *options; ++i)
		expect_from_all(options[i], SMALL, sizeof SMALL / sizeof *SMALL);
}
END_TEST

START_TEST(numbers_up_to_200_are_judged_as_by_a_sieve)
{
	enum {
		count = 200,
		portion = 25
	};
	static bool crossed[count];
	struct known numbers[count];

	for (uint64_t number = 0; number < count; ++number) {
		bool is_prime = number >= 2 && !crossed[number];

		numbers[number] = (struct known){number, number < 2 ? "neither"
							 : is_prime ? "prime"
								    : "composite"};
		for (uint64_t multiple = 2 * number; is_prime && multiple < count; multiple += number)
			crossed[multiple] = true;
	}
	for (int first = 0; first < count; first += portion)
		expect_from_all("--workers 3", &numbers[first], portion);
}
END_TEST

START_TEST(two_workers_judge_the_large_numbers_right)
{
	expect_from_all("--workers 2", LARGE, sizeof LARGE / sizeof *LARGE);
}
END_TEST

START_TEST(three_workers_judge_the_large_numbers_right)
{
	expect_from_all("--workers 3", LARGE, sizeof LARGE / sizeof *LARGE);
}
END_TEST

START_TEST(seven_workers_judge_the_large_numbers_right)
{
	expect_from_all("--workers 7", LARGE, sizeof LARGE / sizeof *LARGE);
}
END_TEST

START_TEST(the_last_number_of_64_bits_is_composite)
{
	static const struct known last = {UINT64_MAX, "composite"};
	static const char *const options[] = {"--workers 2", "--workers 3", "--workers 7"};

	for (size_t i = 0; i < sizeof options / sizeof *options; ++i) {
		for (int k = 0; k < method_count; ++k) {
			if (support_threads_only() && strcmp(METHODS[k], "serial") != 0
				&& strcmp(METHODS[k], "threads") != 0)
				continue;
			expect_verdicts(METHODS[k], options[i], &last, 1);
		}
	}
}
END_TEST

START_TEST(looking_at_the_flag_more_or_less_often_changes_no_verdict)
{
	static const struct known numbers[] = {
		{UINT64_C(999966000289), "composite"},
		{UINT64_C(1000000000039), "prime"},
	};
	static const char *const options[] = {"--every 1", "--every 7 --workers 3", "--every 4294967295"};

	for (size_t i = 0; i < sizeof options / sizeof *options; ++i)
		expect_from_all(options[i], numbers, 2);
}
END_TEST

START_TEST(more_workers_than_divisors_do_no_harm)
{
	static const struct known number = {UINT64_C(44521), "composite"};

	expect_from_all("--workers 20", &number, 1);
}
END_TEST

START_TEST(without_numbers_the_five_large_ones_are_verified)
{
	struct program run = run_program("examples/verify_prime --with threads");

	ck_assert_int_eq(run.status, 0);
	ck_assert_ptr_nonnull(strstr(run.output, "112272535095295 composite"));
	ck_assert_ptr_nonnull(strstr(run.output, "100109100129100369 composite"));
	ck_assert_ptr_nonnull(strstr(run.output, "100109100129101027 composite"));
	ck_assert_ptr_nonnull(strstr(run.output, "100109100129100151 prime"));
	ck_assert_ptr_nonnull(strstr(run.output, "100109100129162907 prime"));
	forget_program(&run);
}
END_TEST

/* The mapped file. */

START_TEST(the_mapped_file_is_gone_when_the_program_is)
{
	static const struct known number = {UINT64_C(1000000000039), "prime"};

	make_scratch();
	expect_verdicts("mmap", "--workers 2", &number, 1);
	remove_scratch();
}
END_TEST

START_TEST(a_file_that_cannot_be_made_is_told)
{
	ck_assert_int_eq(setenv("TMPDIR", "/proc/self/no-folder", 1), 0);
	expect_complaint(
		"examples/verify_prime --with mmap 9", 1, "verify_prime: /proc/self/no-folder/verify_prime-");
	expect_complaint("examples/verify_prime --with mmap 9", 1, ": No such file or directory\n");
	unsetenv("TMPDIR");
}
END_TEST

/* Workers that are killed. */

/* Read name and parent of a process.  Returns false when there is none. */
static bool inspect(pid_t pid, char name[32], pid_t *ret_parent)
{
	char path[64];
	FILE *file;
	int found;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	found = fscanf(file, "%*d (%31[^)]) %*c %d", name, ret_parent);
	fclose(file);
	return found == 2;
}

/* "verify-1", whose parent is the nursery, whose parent is the program. */
static bool is_worker_of(pid_t root, pid_t pid)
{
	char name[32], other[32];
	pid_t parent, grandparent;

	return inspect(pid, name, &parent) && strncmp(name, "verify-", 7) == 0
	       && isdigit((unsigned char)name[7]) && inspect(parent, other, &grandparent)
	       && grandparent == root;
}

/* Looks twice: from the opening on, the descriptor means the process that the second look is about. */
static void kill_worker(pid_t root, pid_t pid)
{
	int worker = is_worker_of(root, pid) ? pidfd_open(pid, 0) : -1;

	if (worker < 0)
		return;
	if (is_worker_of(root, pid))
		pidfd_send_signal(worker, SIGKILL, NULL, 0);
	close(worker);
}

static void kill_workers(pid_t root)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			kill_worker(root, pid);
	}
	closedir(directory);
}

static bool has_ended_within(const struct program *program, int milliseconds)
{
	struct pollfd end = {.fd = program->end, .events = POLLIN};

	return poll(&end, 1, milliseconds) == 1;
}

/* A prime that takes seconds: whoever is killed had divisors that nobody has tried. */
static void expect_undecided(const char *method)
{
	char command[128];
	struct program run;

	snprintf(command, sizeof command, "examples/verify_prime --with %s --workers 2 18446744073709551557",
		method);
	run = start_program(command);
	while (!has_ended_within(&run, 20))
		kill_workers(run.pid);
	finish_program(&run);
	ck_assert_int_eq(run.status, 1);
	ck_assert_ptr_nonnull(strstr(run.output, "18446744073709551557 undecided  "));
	ck_assert_ptr_null(strstr(run.output, " prime "));
	ck_assert_msg(strstr(run.error, "verify_prime: 18446744073709551557: not divided by ") == run.error,
		"%s", run.error);
	ck_assert_ptr_nonnull(strstr(run.error, " to 4294967295: Killed\n"));
	forget_program(&run);
}

START_TEST(a_killed_worker_is_told_and_proves_nothing)
{
	expect_undecided("naive");
	expect_undecided("less-naive");
	expect_undecided("event");
	expect_undecided("value");
	expect_undecided("raw");
	expect_undecided("mmap");
}
END_TEST

/* What is refused. */

START_TEST(help_names_all_options_and_methods)
{
	expect_help("examples/verify_prime --help",
		(const char *[]){"usage: verify_prime", "--with", "--workers", "--every", "--help",
			" serial ", " naive ", " less-naive ", " event ", " value ", " raw ", " mmap ",
			" threads ", " all ", NULL});
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
	expect_refusal("examples/verify_prime 7 12x",
		"verify_prime: 12x: must be a whole number from 0 to 18446744073709551615\n");
	expect_refusal("examples/verify_prime 18446744073709551616",
		"verify_prime: 18446744073709551616: must be a whole number from 0 to "
		"18446744073709551615\n");
	expect_refusal("examples/verify_prime 1.5", "1.5: must be a whole number");
	expect_refusal("examples/verify_prime -- -5", "-5: must be a whole number");
	expect_refusal("examples/verify_prime +5", "+5: must be a whole number");
	expect_refusal("examples/verify_prime prime", "prime: must be a whole number");
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
	expect_refusal("examples/verify_prime --workers 0 9",
		"verify_prime: --workers 0: must be a whole number from 1 to 1024\n");
	expect_refusal(
		"examples/verify_prime --workers 1025 9", "--workers 1025: must be a whole number from 1");
	expect_refusal("examples/verify_prime --every 0 9",
		"verify_prime: --every 0: must be a whole number from 1 to 4294967295\n");
	expect_refusal("examples/verify_prime --every 4294967296 9",
		"--every 4294967296: must be a whole number from 1 to 4294967295\n");
	expect_refusal("examples/verify_prime --with magic 9",
		"verify_prime: --with magic: must be serial, naive, less-naive, event, value, raw, mmap, "
		"threads, all, manager or redis\n");
	expect_refusal("examples/verify_prime --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_pieces_leave_no_divisor_out,
		divisors_are_taken_off_to_the_last_one,
		zero_one_two_nine_and_their_like_are_judged_right,
		numbers_up_to_200_are_judged_as_by_a_sieve,
		two_workers_judge_the_large_numbers_right,
		three_workers_judge_the_large_numbers_right,
		seven_workers_judge_the_large_numbers_right,
		the_last_number_of_64_bits_is_composite,
		looking_at_the_flag_more_or_less_often_changes_no_verdict,
		more_workers_than_divisors_do_no_harm,
		without_numbers_the_five_large_ones_are_verified,
		help_names_all_options_and_methods,
		what_is_no_number_is_refused,
		options_out_of_range_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		the_mapped_file_is_gone_when_the_program_is,
		a_file_that_cannot_be_made_is_told,
		a_killed_worker_is_told_and_proves_nothing,
		NULL,
	};
	const support_suite suite = {
		.name = "verify_prime",
		.tests = tests,
		.process_tests = process_tests,
		/* Fifteen seconds on an idle machine. */
		.timeout = 280,
	};

	return support_run_suite(&suite);
}
