/* SPDX-License-Identifier: MIT */
/*
 * command.h - what the programs here do alike, around what they show: options, complaints, joining, a clock.
 *
 *	setting settings[] = {{"workers", "4"}, {"count", "10000"}};
 *
 *	read_command_line(argc, argv, USAGE, settings, 2);
 *	workers = (unsigned)whole_number(&settings[0], 1, 256);
 */
#ifndef EXAMPLES_COMMAND_H
#define EXAMPLES_COMMAND_H

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <mproc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	USAGE_ERROR = 2,
	MOST_SETTINGS = 16,
};

/* An option, without its two dashes, and what it is unless the command line says otherwise. */
typedef struct setting {
	const char *name;
	const char *value;
} setting;

static const char *program_name = "";

/* Tell what went wrong.  Returns -1. */
__attribute__((format(printf, 1, 2))) static inline int complain(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program_name);
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

/* Put what the command line says into @settings, or print @usage.  Returns where the other words begin. */
static inline int read_settings(int argc, char *argv[], const char *usage, setting *settings, int count)
{
	struct option options[MOST_SETTINGS + 2] = {0};
	const char *slash = strrchr(argv[0], '/');
	int option;

	program_name = slash ? slash + 1 : argv[0];
	for (int i = 0; i < count; ++i)
		options[i] = (struct option){settings[i].name, required_argument, NULL, i};
	options[count] = (struct option){"help", no_argument, NULL, 'h'};
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (option == '?') {
			fprintf(stderr, "%s --help tells the options\n", program_name);
			exit(USAGE_ERROR);
		}
		settings[option].value = optarg;
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

static inline double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
