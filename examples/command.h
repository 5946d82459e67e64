/* SPDX-License-Identifier: MIT */
/*
 * command.h - what the programs here do alike, around what they show: options, complaints, joining, a
 * clock.
 *
 *	setting settings[] = {{"workers", "4"}, {"count", "10000"}};
 *
 *	read_command_line(argc, argv, USAGE, settings, 2);
 *	workers = (unsigned)whole_number(&settings[0], 1, 256);
 */
#ifndef EXAMPLES_COMMAND_H
#define EXAMPLES_COMMAND_H

#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <mproc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	USAGE_ERROR = 2,
	MOST_SETTINGS = 16,
	MOST_PROCESSES = 16,
	MOST_SECONDS = 3600,
};

/* An option, without its two dashes, and what it is unless the command line says otherwise. */
typedef struct setting {
	const char *name;
	const char *value;
} setting;

/* What an option that takes no value is until it is given. */
static const char OFF[] = "off";

/* Tell what went wrong.  Returns -1. */
__attribute__((format(printf, 1, 2))) static inline int complain(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return -1;
}

/* Tell what mproc complains about.  Returns -1. */
static inline int fail(void)
{
	return complain("%s", mproc_error_text());
}

static inline _Noreturn void refuse(const setting *wrong, const char *why)
{
	complain("--%s %s: %s", wrong->name, wrong->value, why);
	exit(USAGE_ERROR);
}

static inline _Noreturn void refuse_word(const char *word, const char *why)
{
	complain("%s: %s", word, why);
	exit(USAGE_ERROR);
}

/* The number that a setting is.  Ends the program when it is none, or out of range. */
static inline uint64_t whole_number(const setting *given, uint64_t least, uint64_t most)
{
	char why[96];
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(given->value, &end, 10);
	if (*given->value >= '0' && *given->value <= '9' && *end == '\0' && errno == 0 && number >= least
		&& number <= most)
		return number;
	snprintf(why, sizeof why, "must be a whole number from %" PRIu64 " to %" PRIu64, least, most);
	refuse(given, why);
}

/* Whether an option that takes no value is given. */
static inline bool is_on(const setting *given)
{
	return given->value != OFF;
}

/* The seconds that a setting is, as whole_number. */
static inline double seconds_of(const setting *given)
{
	char why[64], *end;
	double seconds = strtod(given->value, &end);

	if (end != given->value && *end == '\0' && seconds >= 0 && seconds <= MOST_SECONDS)
		return seconds;
	snprintf(why, sizeof why, "must be a number of seconds from 0 to %d", MOST_SECONDS);
	refuse(given, why);
}

/* The way to start processes that a setting is, likewise. */
static inline mproc_start start_method(const setting *given)
{
	if (strcmp(given->value, "fork") == 0)
		return MPROC_START_FORK;
	if (strcmp(given->value, "server") == 0)
		return MPROC_START_SERVER;
	if (strcmp(given->value, "spawn") == 0)
		return MPROC_START_SPAWN;
	refuse(given, "must be fork, server or spawn");
}

/* Put what the command line says into @settings, or print @usage.  Returns where the other words begin. */
static inline int read_settings(int argc, char *argv[], const char *usage, setting *settings, int count)
{
	struct option options[MOST_SETTINGS + 2] = {0};
	int option;

	for (int i = 0; i < count; ++i) {
		int has_value = settings[i].value == OFF ? no_argument : required_argument;

		options[i] = (struct option){settings[i].name, has_value, NULL, i};
	}
	options[count] = (struct option){"help", no_argument, NULL, 'h'};
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (option == '?') {
			fprintf(stderr, "%s --help tells the options\n", program_invocation_short_name);
			exit(USAGE_ERROR);
		}
		settings[option].value = optarg ? optarg : "on";
	}
	return optind;
}

/* The same for a program that knows no other words. */
static inline void read_command_line(int argc, char *argv[], const char *usage, setting *settings, int count)
{
	int next = read_settings(argc, argv, usage, settings, count);

	if (next < argc)
		refuse_word(argv[next], "not an option");
}

/* The same for a program that has no options either, but --help. */
static inline void read_no_options(int argc, char *argv[], const char *usage)
{
	setting none = {0};

	read_command_line(argc, argv, usage, &none, 0);
}

/* What main returns: whether all went well, the writing of the output included. */
static inline int exit_status(int failed)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		failed = complain("cannot write: %s", strerror(errno));
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Wait for a process, and close its handle.  Returns 0, or -1 after telling why it did not end with 0. */
static inline int join_process(mproc_process *process)
{
	int code = 0;
	int rc = mproc_process_join(process, MPROC_FOREVER);

	if (rc == 0)
		rc = mproc_process_exit_code(process, &code);
	if (rc < 0)
		rc = fail();
	else if (code < 0)
		rc = complain(
			"%s: killed by signal %d (%s)", mproc_process_name(process), -code, strsignal(-code));
	else if (code > 0)
		rc = complain("%s: ended with exit code %d", mproc_process_name(process), code);
	mproc_process_close(process);
	return rc;
}

/*
 * Start @count processes that call @function, and wait for them.
 *
 * @arguments,@size  one for each process, of @size bytes; or with size 0 one for all of them, in shared memory.
 *
 * Returns 0, or -1 after telling which could not be started or did not end with 0.
 */
static inline int start_and_join(const mproc_process_options *options, mproc_process_function *function,
	const void *arguments, size_t size, int count)
{
	mproc_process *processes[MOST_PROCESSES];
	int started = 0, rc = 0;

	while (started < count && rc == 0) {
		const void *argument = (const char *)arguments + (size_t)started * size;

		if (mproc_process_start(options, function, argument, size, &processes[started]) < 0)
			rc = fail();
		else
			++started;
	}
	while (started > 0)
		rc |= join_process(processes[--started]);
	return rc;
}

/* Print a line at once, so that lines of several processes come in the order in which they are printed. */
__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

static inline double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void sleep_for(double seconds)
{
	struct timespec left = {.tv_sec = (time_t)seconds};

	left.tv_nsec = (long)(1e9 * (seconds - (double)left.tv_sec));
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

#endif
