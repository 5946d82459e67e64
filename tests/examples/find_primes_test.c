/* SPDX-License-Identifier: MIT */
/*
 * find_primes, as a user sees it: the counts of the five ranges, the order of what is printed, every mistake on the
 * command line; and the arithmetic below it, up to the end of 64 bits.
 */
#include "../../examples/prime.h"
#include "program.h"

#include <inttypes.h>

static void expect_count(const char *method, const char *arguments, size_t expected)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/find_primes --with %s %s", method, arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_msg(count_found(run.output, method) == expected, "%s: not %zu primes: %s", command,
		expected, run.output);
	forget_program(&run);
}

/* All methods that this build can check. */
static void expect_count_from_all(const char *arguments, size_t expected)
{
	expect_count("serial", arguments, expected);
	expect_count("threads", arguments, expected);
	expect_count("thread-queue", arguments, expected);
	if (support_threads_only())
		return;
	expect_count("ranges", arguments, expected);
	expect_count("pool", arguments, expected);
	expect_count("queue", arguments, expected);
	expect_count("queue-batch", arguments, expected);
}

/* The arithmetic. */

static void expect_root_around(uint64_t root)
{
	uint64_t square = root * root;

	ck_assert_uint_eq(integer_root(square), root);
	ck_assert_uint_eq(integer_root(square + 2 * root), root);
	ck_assert_uint_eq(integer_root(square - 1), root - 1);
}

START_TEST(integer_root_is_exact_up_to_64_bits)
{
	ck_assert_uint_eq(integer_root(0), 0);
	ck_assert_uint_eq(integer_root(UINT64_MAX), 4294967295);
	for (uint64_t root = 1; root < 100000; ++root)
		expect_root_around(root);
	for (uint64_t back = 0; back < 100000; ++back)
		expect_root_around(UINT32_MAX - back);
	for (int bit = 17; bit < 32; ++bit) {
		for (uint64_t root = (UINT64_C(1) << bit) - 1000; root < (UINT64_C(1) << bit) + 1000; ++root)
			expect_root_around(root);
	}
}
END_TEST

START_TEST(is_prime_agrees_with_a_sieve)
{
	enum {
		count = 20000
	};
	static bool crossed[count];

	for (uint64_t number = 0; number < count; ++number) {
		bool prime = number >= 2 && !crossed[number];

		ck_assert_msg(is_prime(number) == prime, "%" PRIu64, number);
		for (uint64_t multiple = 2 * number; prime && multiple < count; multiple += number)
			crossed[multiple] = true;
	}
}
END_TEST

START_TEST(is_prime_judges_numbers_of_up_to_64_bits)
{
	ck_assert(!is_prime(UINT64_C(1109100129100369)));   /* 7 * 79 * 4993 * 10487 * 38303 */
	ck_assert(!is_prime(UINT64_C(112272535095295)));    /* 5 * 109 * 206004651551 */
	ck_assert(!is_prime(UINT64_C(100109100129100369))); /* 95362951 * 1049769319 */
	ck_assert(!is_prime(UINT64_C(100109100129101027))); /* 171656941 * 583192847 */
	ck_assert(is_prime(UINT64_C(100000000003)));
	ck_assert(!is_prime(UINT64_C(999985999949)));         /* 999983 * 1000003 */
	ck_assert(!is_prime(UINT64_C(999966000289)));         /* 999983 squared */
	ck_assert(!is_prime(UINT64_C(18446744073709551571))); /* 11071 * ... */
	ck_assert(!is_prime(UINT64_MAX));
}
END_TEST

/* What is found. */

START_TEST(range_a_has_551_primes)
{
	expect_count_from_all("--range A", 551);
}
END_TEST

START_TEST(range_b_has_5411_primes)
{
	expect_count_from_all("--range B", 5411);
}
END_TEST

START_TEST(threads_find_54208_primes_in_range_c)
{
	expect_count("threads", "--range C", 54208);
}
END_TEST

START_TEST(pool_finds_54208_primes_in_range_c)
{
	expect_count("pool", "", 54208);
}
END_TEST

START_TEST(queues_find_54208_primes_in_range_c)
{
	expect_count("queue", "", 54208);
	expect_count("queue-batch", "", 54208);
}
END_TEST

START_TEST(a_queue_of_threads_finds_54208_primes_in_range_c)
{
	expect_count("thread-queue", "", 54208);
}
END_TEST

START_TEST(pool_finds_4832_primes_in_range_d)
{
	expect_count("pool", "--range D", 4832);
}
END_TEST

START_TEST(pool_finds_4019_primes_in_range_e)
{
	expect_count("pool", "--range E", 4019);
}
END_TEST

START_TEST(zero_one_two_and_nine_are_judged_right)
{
	expect_count_from_all("--from 0 --to 2", 0);
	expect_count_from_all("--from 2 --to 3", 1);
	expect_count_from_all("--from 9 --to 10", 0);
	expect_count_from_all("--from 0 --to 10", 4);
}
END_TEST

START_TEST(an_empty_range_has_no_primes)
{
	expect_count_from_all("--from 7 --to 7", 0);
}
END_TEST

START_TEST(the_end_of_64_bits_is_no_obstacle)
{
	expect_count_from_all("--from 18446744073709551578 --to 18446744073709551615", 0);
}
END_TEST

/* 10007 numbers: a prime, so that no number of workers and no chunk divides it. */
START_TEST(no_number_is_lost_when_the_range_does_not_divide_evenly)
{
	static const char *const arguments[] = {
		"--from 0 --to 10007 --workers 2",
		"--from 0 --to 10007 --workers 3 --chunk 10",
		"--from 0 --to 10007 --workers 7 --chunk 5000",
		"--from 0 --to 10007 --workers 16 --chunk 4294967295",
		"--from 0 --to 10007 --workers 5 --chunk 1",
	};

	for (size_t i = 0; i < sizeof arguments / sizeof *arguments; ++i)
		expect_count_from_all(arguments[i], 1229);
}
END_TEST

/* Each queue holds less than there are workers. */
START_TEST(queues_that_are_nearly_always_full_lose_nothing)
{
	static const char *const arguments[] = {
		"--from 0 --to 1009 --workers 2 --queue-max 3",
		"--from 0 --to 1009 --workers 5 --queue-max 1",
		"--from 0 --to 1009 --workers 7 --queue-max 3 --rounds 3",
	};

	for (size_t i = 0; i < sizeof arguments / sizeof *arguments; ++i)
		expect_count_from_all(arguments[i], 168);
}
END_TEST

START_TEST(numbers_that_come_in_rounds_are_all_judged)
{
	static const char *const arguments[] = {
		"--from 0 --to 10007 --rounds 2",
		"--from 0 --to 10007 --rounds 13 --workers 3",
		"--from 0 --to 10007 --rounds 100 --queue-max 64",
	};

	for (size_t i = 0; i < sizeof arguments / sizeof *arguments; ++i)
		expect_count_from_all(arguments[i], 1229);
	expect_count_from_all("--from 0 --to 10 --rounds 4294967295", 4);
	expect_count_from_all("--from 7 --to 7 --rounds 3", 0);
}
END_TEST

START_TEST(more_workers_than_numbers_do_no_harm)
{
	expect_count_from_all("--from 0 --to 10 --workers 20", 4);
}
END_TEST

/* What is printed. */

START_TEST(the_first_and_the_last_ten_primes_are_printed_in_order)
{
	struct program run = run_program("examples/find_primes --with threads --chunk 1 --workers 4");

	ck_assert_int_eq(run.status, 0);
	ck_assert_ptr_nonnull(strstr(run.output,
		"\nfirst 100000007 100000037 100000039 100000049 100000073 100000081 100000123 100000127 "
		"100000193 100000213\n"
		"last  100999889 100999897 100999901 100999903 100999919 100999939 100999949 100999979 "
		"100999981 100999993\n"));
	forget_program(&run);
}
END_TEST

START_TEST(fewer_than_ten_primes_are_all_printed)
{
	struct program run = run_program("examples/find_primes --with threads --from 0 --to 10");

	ck_assert_ptr_nonnull(strstr(run.output, "\nfirst 2 3 5 7\nlast  2 3 5 7\n"));
	forget_program(&run);
	run = run_program("examples/find_primes --with serial --from 8 --to 11");
	ck_assert_ptr_nonnull(strstr(run.output, "\nfirst none\nlast  none\n"));
	forget_program(&run);
}
END_TEST

START_TEST(all_methods_are_compared)
{
	struct program run = run_program("examples/find_primes --with all --range A");
	static const char *const methods[] = {"serial", "threads", "ranges", "pool", "imap", "imap-unordered",
		"queue", "queue-batch", "thread-queue"};

	ck_assert_msg(run.status == 0, "exit code %d: %s", run.status, run.error);
	find_line(run.output, "method");
	for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i)
		ck_assert_uint_eq(count_found(run.output, methods[i]), 551);
	forget_program(&run);
}
END_TEST

START_TEST(help_names_all_options)
{
	struct program run = run_program("examples/find_primes --help");
	static const char *const options[] = {"--range", "--from", "--to", "--workers", "--chunk",
		"--queue-max", "--rounds", "--with", "--help"};

	ck_assert_int_eq(run.status, 0);
	ck_assert_str_eq(run.error, "");
	for (size_t i = 0; i < sizeof options / sizeof *options; ++i)
		ck_assert_msg(strstr(run.output, options[i]) != NULL, "%s", options[i]);
	forget_program(&run);
}
END_TEST

/* What is refused. */

static void expect_refusal(const char *arguments, const char *message)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/find_primes %s", arguments);
	run = run_program(command);
	ck_assert_msg(run.status == 2, "%s: exit code %d", command, run.status);
	ck_assert_str_eq(run.output, "");
	ck_assert_msg(strstr(run.error, message) != NULL, "%s: %s", command, run.error);
	forget_program(&run);
}

START_TEST(workers_out_of_range_are_refused)
{
	static const char limits[] = "must be a whole number from 1 to 1024\n";

	expect_refusal("--workers 0", "find_primes: --workers 0: must be a whole number from 1 to 1024\n");
	expect_refusal("--workers 1025", limits);
	expect_refusal("--workers -1", "--workers -1: must be a whole number from 1 to 1024\n");
	expect_refusal("--workers 12x", limits);
	expect_refusal("--workers 99999999999999999999", limits);
	expect_refusal("--workers 1.5", limits);
	expect_refusal("--workers=", limits);
	expect_refusal("--workers= ", limits);
}
END_TEST

START_TEST(a_chunk_out_of_range_is_refused)
{
	expect_refusal("--chunk 4294967296",
		"find_primes: --chunk 4294967296: must be a whole number from 0 to 4294967295\n");
	expect_refusal("--chunk -1", "must be a whole number");
	expect_refusal("--chunk 0x10", "must be a whole number");
}
END_TEST

START_TEST(bounds_and_rounds_out_of_range_are_refused)
{
	expect_refusal("--queue-max 4294967296",
		"find_primes: --queue-max 4294967296: must be a whole number from 0 to 4294967295\n");
	expect_refusal("--queue-max three", "--queue-max three: must be a whole number");
	expect_refusal(
		"--rounds 0", "find_primes: --rounds 0: must be a whole number from 1 to 4294967295\n");
	expect_refusal("--rounds 4294967296", "--rounds 4294967296: must be a whole number");
}
END_TEST

START_TEST(a_range_that_makes_no_sense_is_refused)
{
	expect_refusal("--range F", "find_primes: --range F: must be A, B, C, D or E\n");
	expect_refusal("--range AB", "must be A, B, C, D or E\n");
	expect_refusal("--from 10 --to 5", "--from 10: must not be above --to, which is 5\n");
	expect_refusal("--from 10", "--from 10: needs --to as well\n");
	expect_refusal("--to 10", "--to 10: needs --from as well\n");
	expect_refusal("--from 1 --to 2 --range A", "--range A: cannot be combined with --from and --to\n");
	expect_refusal(
		"--from -5 --to 2", "--from -5: must be a whole number from 0 to 18446744073709551615\n");
	expect_refusal(
		"--from 0 --to 12x", "--to 12x: must be a whole number from 0 to 18446744073709551615\n");
	expect_refusal("--from 0 --to 18446744073709551616", "must be a whole number");
	expect_refusal("--from 10 --to 268435467",
		"--to 268435467: makes 268435457 numbers, the most is 268435456\n");
}
END_TEST

START_TEST(an_unknown_method_is_refused)
{
	expect_refusal("--with magic", "find_primes: --with magic: must be one of: serial threads ranges "
				       "pool imap imap-unordered queue "
				       "queue-batch thread-queue manager-queue all\n");
}
END_TEST

START_TEST(unknown_options_and_arguments_are_refused)
{
	expect_refusal("--speed 9", "--speed");
	expect_refusal("--workers", "--workers");
	expect_refusal("100", "find_primes: 100: not an option\n");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		integer_root_is_exact_up_to_64_bits,
		is_prime_agrees_with_a_sieve,
		is_prime_judges_numbers_of_up_to_64_bits,
		range_a_has_551_primes,
		range_b_has_5411_primes,
		threads_find_54208_primes_in_range_c,
		a_queue_of_threads_finds_54208_primes_in_range_c,
		zero_one_two_and_nine_are_judged_right,
		an_empty_range_has_no_primes,
		the_end_of_64_bits_is_no_obstacle,
		no_number_is_lost_when_the_range_does_not_divide_evenly,
		queues_that_are_nearly_always_full_lose_nothing,
		numbers_that_come_in_rounds_are_all_judged,
		more_workers_than_numbers_do_no_harm,
		the_first_and_the_last_ten_primes_are_printed_in_order,
		fewer_than_ten_primes_are_all_printed,
		help_names_all_options,
		workers_out_of_range_are_refused,
		a_chunk_out_of_range_is_refused,
		bounds_and_rounds_out_of_range_are_refused,
		a_range_that_makes_no_sense_is_refused,
		an_unknown_method_is_refused,
		unknown_options_and_arguments_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		pool_finds_54208_primes_in_range_c,
		queues_find_54208_primes_in_range_c,
		pool_finds_4832_primes_in_range_d,
		pool_finds_4019_primes_in_range_e,
		all_methods_are_compared,
		NULL,
	};
	const support_suite suite = {
		.name = "find_primes",
		.tests = tests,
		.process_tests = process_tests,
	};

	return support_run_suite(&suite);
}
