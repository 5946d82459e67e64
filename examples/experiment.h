/* SPDX-License-Identifier: MIT */
/*
 * experiment.h - what the programs that measure do alike: a table for people or, with --rows, lines for programs;
 * progress on a terminal; lists of numbers.
 *
 *	setting settings[] = {ROWS, {"sizes", "1,10,100"}};
 *
 *	rows_only = is_on(&settings[0]);
 *	tell("%-10s %s\n", "queue", readable_seconds(seconds).text);
 *	print_measurement("message_cost", "queue", seconds, "s/message", "%zu", size);
 */
#ifndef EXAMPLES_EXPERIMENT_H
#define EXAMPLES_EXPERIMENT_H

#include "command.h"

#include <unistd.h>

enum {
	MOST_NUMBERS_LISTED = 32,
};

/* The option, and what --help tells of it. */
#define ROWS                \
	{                   \
		"rows", OFF \
	}
#define ROWS_USAGE                                                                                   \
	"  --rows         print no table, but a line for each measurement, of five words with tabs " \
	"between:\n"                                                                                 \
	"                 experiment, method, what was varied (- if nothing), value, unit\n"

/* Print for programs, and nothing for people. */
static bool rows_only;

__attribute__((format(printf, 1, 0))) static inline void print_progress(const char *format, va_list arguments)
{
	if (!isatty(STDERR_FILENO))
		return;
	fputs("\r\033[K", stderr);
	vfprintf(stderr, format, arguments);
}

/* Show on a terminal what is being measured, until something else is printed. */
__attribute__((format(printf, 1, 2))) static inline void show_progress(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_progress(format, arguments);
	va_end(arguments);
}

/* Print for people. */
__attribute__((format(printf, 1, 2))) static inline void tell(const char *format, ...)
{
	va_list arguments;

	show_progress("%s", "");
	if (rows_only)
		return;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	fflush(stdout);
}

/* Print a measurement for programs; @x_format and what follows tells what was varied, "-" if nothing. */
__attribute__((format(printf, 5, 6))) static inline void print_measurement(
	const char *experiment, const char *method, double value, const char *unit, const char *x_format, ...)
{
	va_list arguments;

	show_progress("%s", "");
	if (!rows_only)
		return;
	printf("%s\t%s\t", experiment, method);
	va_start(arguments, x_format);
	vprintf(x_format, arguments);
	va_end(arguments);
	printf("\t%.12g\t%s\n", value, unit);
	fflush(stdout);
}

/* A short text that a function returns. */
typedef struct short_text {
	char text[32];
} short_text;

/* In a unit that leaves one to three digits before the point, "    12.3 µs": 11 columns, which %11s would not count. */
static inline short_text readable_seconds(double seconds)
{
	static const char *const units[] = {"s ", "ms", "µs", "ns"};
	short_text text;
	size_t unit = 0;

	while (seconds < 0.9995 && unit + 1 < sizeof units / sizeof *units) {
		seconds *= 1000;
		++unit;
	}
	snprintf(text.text, sizeof text.text, "%8.*f %s",
		seconds < 10    ? 2
		: seconds < 100 ? 1
				: 0,
		seconds, units[unit]);
	return text;
}

/* Likewise "     1.5 MiB", 12 columns. */
static inline short_text readable_bytes(double bytes)
{
	static const char *const units[] = {"B  ", "KiB", "MiB", "GiB"};
	short_text text;
	size_t unit = 0;

	while (bytes >= 1024 && unit + 1 < sizeof units / sizeof *units) {
		bytes /= 1024;
		++unit;
	}
	snprintf(text.text, sizeof text.text, "%8.*f %s", unit > 0 && bytes < 10 ? 1 : 0, bytes, units[unit]);
	return text;
}

/* The number of workers that a setting is: one for each usable core unless it is given. */
static inline unsigned workers_given(const setting *given, unsigned most)
{
	unsigned cores = mproc_cpu_count(MPROC_CPU_USABLE);

	if (given->value)
		return (unsigned)whole_number(given, 1, most);
	return cores < most ? cores : most;
}

typedef struct number_list {
	uint64_t numbers[MOST_NUMBERS_LISTED];
	int count;
} number_list;

/* The numbers that a setting is, with commas between.  Ends the program as whole_number. */
static inline number_list numbers_given(const setting *given, uint64_t least, uint64_t most)
{
	number_list list = {.count = 0};
	char why[128], *end;
	const char *text = given->value;

	snprintf(why, sizeof why,
		"must be at most %d whole numbers from %" PRIu64 " to %" PRIu64 ", with commas between",
		MOST_NUMBERS_LISTED, least, most);
	do {
		uint64_t number;

		errno = 0;
		number = strtoull(text, &end, 10);
		if (*text < '0' || *text > '9' || errno != 0 || number < least || number > most
			|| list.count == MOST_NUMBERS_LISTED)
			refuse(given, why);
		list.numbers[list.count++] = number;
		text = end + 1;
	} while (*end == ',');
	if (*end != '\0')
		refuse(given, why);
	return list;
}

/* Whether --with asks for @name: by it, or by "all". */
static inline bool is_asked_for(const setting *with, const char *name)
{
	return strcmp(with->value, name) == 0 || strcmp(with->value, "all") == 0;
}

/* End the program unless --with is one of @names, with blanks between and around: " queue pipe all ". */
static inline void check_name(const setting *with, const char *names)
{
	char word[64], why[160];

	snprintf(word, sizeof word, " %s ", with->value);
	if (strlen(with->value) < 60 && !strchr(with->value, ' ') && strstr(names, word))
		return;
	snprintf(why, sizeof why, "must be one of:%.*s", (int)strlen(names) - 1, names);
	refuse(with, why);
}

#endif
