/* SPDX-License-Identifier: MIT */
/*
 * refusal.h - what all programs do with --help and with mistakes on their command line.
 */
#ifndef EXAMPLES_REFUSAL_H
#define EXAMPLES_REFUSAL_H

#include "program.h"

/* The program must end with exit code @status and print nothing but, on standard error, @message. */
static inline void expect_complaint(const char *command, int status, const char *message)
{
	struct program run = run_program(command);

	ck_assert_msg(run.status == status, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.output, "");
	ck_assert_msg(strstr(run.error, message) != NULL, "%s: %s", command, run.error);
	forget_program(&run);
}

static inline void expect_refusal(const char *command, const char *message)
{
	expect_complaint(command, 2, message);
}

/* @words: what --help must tell, NULL after the last one. */
static inline void expect_help(const char *command, const char *const words[])
{
	struct program run = run_program(command);

	ck_assert_msg(run.status == 0, "%s: exit code %d", command, run.status);
	ck_assert_str_eq(run.error, "");
	for (; *words; ++words)
		ck_assert_msg(strstr(run.output, *words) != NULL, "%s: no %s", command, *words);
	forget_program(&run);
}

#endif
