/* SPDX-License-Identifier: MIT */
#include "pool/verdict.h"

#include "support.h"

#include <limits.h>
#include <signal.h>
#include <string.h>

static mproc_outcome of_death(mproci_ending ending, bool is_out_of_memory)
{
	return mproci_verdict_outcome(mproci_verdict_of_death(ending, is_out_of_memory, 6, 2));
}

START_TEST(a_verdict_keeps_all_its_parts)
{
	static const uint32_t workers[] = {0, 1, 511, 1023};
	static const unsigned attempts[] = {0, 1, 62, 63}, codes[] = {0, 1, 4095};

	for (int ending = MPROC_ENDING_NONE; ending <= MPROC_ENDING_CANCELLED; ++ending) {
		for (int i = 0; i < 4; ++i) {
			mproci_verdict verdict = mproci_verdict_of(
				(mproc_ending)ending, codes[i % 3], workers[i], attempts[i]);

			ck_assert_int_eq(mproci_verdict_ending(verdict), ending);
			ck_assert_uint_eq(mproci_verdict_code(verdict), codes[i % 3]);
			ck_assert_uint_eq(mproci_verdict_worker(verdict), workers[i]);
			ck_assert_uint_eq(mproci_verdict_attempts(verdict), attempts[i]);
		}
	}
}
END_TEST

START_TEST(a_return_is_a_value_or_an_errno)
{
	static const int returned[] = {0, -1, -4095, 1, 4095, -4096, INT_MIN, INT_MAX};
	static const int codes[] = {0, -1, -4095, -ERANGE, -ERANGE, -ERANGE, -ERANGE, -ERANGE};

	for (int i = 0; i < 8; ++i) {
		mproc_outcome outcome = mproci_verdict_outcome(mproci_verdict_of_return(returned[i], 4, 3));

		ck_assert_int_eq(outcome.ending, i == 0 ? MPROC_ENDING_VALUE : MPROC_ENDING_ERROR);
		ck_assert_int_eq(outcome.code, codes[i]);
		ck_assert_uint_eq(outcome.worker, 5);
		ck_assert_uint_eq(outcome.attempts, 3);
	}
}
END_TEST

START_TEST(a_death_tells_the_signal)
{
	for (int number = 1; number <= 64; ++number) {
		mproc_outcome outcome = of_death((mproci_ending){.signal = number}, false);

		ck_assert_int_eq(outcome.ending, MPROC_ENDING_SIGNAL);
		ck_assert_int_eq(outcome.code, number);
		ck_assert(!outcome.has_core && !outcome.is_out_of_memory);
		ck_assert_uint_eq(outcome.worker, 7);
		ck_assert_uint_eq(outcome.attempts, 2);
	}
	ck_assert(of_death((mproci_ending){.signal = SIGSEGV, .has_core = true}, false).has_core);
	ck_assert(of_death((mproci_ending){.signal = SIGKILL}, true).is_out_of_memory);
}
END_TEST

START_TEST(a_death_tells_the_exit_code)
{
	for (int code = 0; code <= 255; ++code) {
		mproc_outcome outcome = of_death((mproci_ending){.exit_code = code}, false);

		ck_assert_int_eq(outcome.ending, MPROC_ENDING_EXIT);
		ck_assert_int_eq(outcome.code, code);
	}
}
END_TEST

START_TEST(what_has_not_ended_has_no_outcome)
{
	const mproc_outcome none = {0};
	mproc_outcome outcome = mproci_verdict_outcome(mproci_verdict_of(MPROC_ENDING_NONE, 7, 3, 2));

	ck_assert_mem_eq(&outcome, &none, sizeof outcome);
}
END_TEST

START_TEST(what_never_ran_had_no_worker)
{
	mproc_outcome outcome = mproci_verdict_outcome(mproci_verdict_of(MPROC_ENDING_CANCELLED, 0, 0, 0));

	ck_assert_uint_eq(outcome.worker, 0);
	ck_assert_uint_eq(outcome.attempts, 0);
}
END_TEST

static const char *tell(mproc_outcome outcome)
{
	static char text[200];

	mproci_outcome_tell(outcome, "pool", text, sizeof text);
	return text;
}

START_TEST(an_outcome_is_told_in_words)
{
	ck_assert_str_eq(tell((mproc_outcome){.ending = MPROC_ENDING_ERROR, .code = -2, .attempts = 1}),
		"it returned -2 (No such file or directory)");
	ck_assert_str_eq(
		tell((mproc_outcome){.ending = MPROC_ENDING_SIGNAL, .code = 9, .attempts = 1, .worker = 2}),
		"its worker \"pool-2\" was killed by signal 9 (Killed)");
	ck_assert_str_eq(tell((mproc_outcome){.ending = MPROC_ENDING_SIGNAL,
				 .code = 11,
				 .attempts = 1,
				 .worker = 2,
				 .has_core = true}),
		"its worker \"pool-2\" was killed by signal 11 (Segmentation fault, with a core file)");
	ck_assert_str_eq(tell((mproc_outcome){.ending = MPROC_ENDING_SIGNAL,
				 .code = 9,
				 .attempts = 4,
				 .worker = 2,
				 .is_out_of_memory = true}),
		"its worker \"pool-2\" was killed by signal 9 (Killed, out of memory), at attempt 4");
	ck_assert_str_eq(
		tell((mproc_outcome){.ending = MPROC_ENDING_EXIT, .code = 3, .attempts = 1, .worker = 1}),
		"it ended its worker \"pool-1\" with exit code 3");
	ck_assert_str_eq(tell((mproc_outcome){.ending = MPROC_ENDING_TIMEOUT, .attempts = 1, .worker = 1}),
		"it was killed for its timeout");
	ck_assert_str_eq(tell((mproc_outcome){.ending = MPROC_ENDING_TIMEOUT}),
		"its deadline passed before it was begun");
	ck_assert_str_eq(tell((mproc_outcome){.ending = MPROC_ENDING_CANCELLED}), "it was cancelled");
	ck_assert_str_eq(tell((mproc_outcome){.ending = MPROC_ENDING_CANCELLED, .attempts = 1, .worker = 1}),
		"it was cancelled while it ran");
	ck_assert_str_eq(tell((mproc_outcome){0}), "it has not ended");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_verdict_keeps_all_its_parts,
		a_return_is_a_value_or_an_errno,
		a_death_tells_the_signal,
		a_death_tells_the_exit_code,
		what_has_not_ended_has_no_outcome,
		what_never_ran_had_no_worker,
		an_outcome_is_told_in_words,
		NULL,
	};

	return support_run("verdict", tests);
}
