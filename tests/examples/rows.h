/* SPDX-License-Identifier: MIT */
/*
 * rows.h - what a program prints with --rows: a measurement a line, of five words with tabs between.
 *
 *	struct program run = run_for_rows("examples/job_size --rows", 13);
 *
 *	ck_assert_double_gt(value_of(run.output, "job_size\tpool\t1\t", "s/number"), 0);
 */
#ifndef EXAMPLES_ROWS_H
#define EXAMPLES_ROWS_H

#include "program.h"

/* The value in the line that begins with @start, up to the tab before the value; its unit must be @unit. */
static inline double value_of(const char *output, const char *start, const char *unit)
{
	size_t length = strlen(start);

	for (const char *line = output; *line; line = strchr(line, '\n') + 1) {
		char *end;
		double value;

		if (strncmp(line, start, length) != 0)
			continue;
		value = strtod(line + length, &end);
		ck_assert_msg(end > line + length && *end == '\t', "no value: %.80s", line);
		ck_assert_msg(strncmp(end + 1, unit, strlen(unit)) == 0 && end[1 + strlen(unit)] == '\n',
			"not in %s: %.80s", unit, line);
		return value;
	}
	ck_abort_msg("no row %s in: %.999s", start, output);
	return 0;
}

static inline int count_tabs(const char *line, size_t length)
{
	int count = 0;

	for (size_t i = 0; i < length; ++i)
		count += line[i] == '\t';
	return count;
}

/* Run a program that must succeed, and print nothing but @rows rows. */
static inline struct program run_for_rows(const char *command, int rows)
{
	struct program run = run_program(command);
	int found = 0;

	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_msg(*run.error == '\0', "%s: %.999s", command, run.error);
	for (const char *line = run.output; *line; ++found) {
		const char *end = strchr(line, '\n');

		ck_assert_msg(
			end && count_tabs(line, (size_t)(end - line)) == 4, "%s: no row: %s", command, line);
		line = end + 1;
	}
	ck_assert_msg(found == rows, "%s: %d rows instead of %d: %.999s", command, found, rows, run.output);
	return run;
}

#endif
