/* SPDX-License-Identifier: MIT */
/*
 * peer.h - what the OpenMP programs of the report share: options, rows, and threads that begin and end when they should.
 *
 * A row is EXPERIMENT, METHOD, X, VALUE and UNIT with tabs between, as the programs in examples/ print it with --rows; every METHOD
 * begins with "openmp-".  What has found something wrong prints no row and ends with status 1.
 */
#ifndef OPENMP_PEER_H
#define OPENMP_PEER_H

#include "../../examples/command.h"

#include <omp.h>

enum {
	MOST_WORKERS = 1024,
};

__attribute__((format(printf, 3, 4))) static inline void print_row(
	const char *experiment, const char *method, const char *x_format, ...)
{
	va_list arguments;

	printf("%s\topenmp-%s\t", experiment, method);
	va_start(arguments, x_format);
	vprintf(x_format, arguments);
	va_end(arguments);
}

/* What follows print_row. */
static inline void print_value(double value, const char *unit)
{
	say("\t%.9g\t%s", value, unit);
}

static inline unsigned workers_of(const setting *given)
{
	return given->value ? (unsigned)whole_number(given, 1, MOST_WORKERS) : (unsigned)omp_get_num_procs();
}

/* Whether the option asks for @name, or for all. */
static inline bool is_wanted(const setting *with, const char *name)
{
	return strcmp(with->value, "all") == 0 || strcmp(with->value, name) == 0;
}

/* End the threads of the loops before: the next loop starts its own, as a pool that is opened does. */
static inline void end_threads(void)
{
	omp_pause_resource_all(omp_pause_hard);
}

/* Start the threads of the next loop before it, as a pool that is open already has them. */
static inline void start_threads(unsigned workers)
{
#pragma omp parallel num_threads((int)workers)
	{
	}
}

#endif
