/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Seconds of processors: spent on anybody, spent on this program and what it waited for, and all there were. */
typedef struct processor_time {
	double busy, ours, all;
} processor_time;

static processor_time at_start;

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

void bench_fail(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s\n", text);
	exit(EXIT_FAILURE);
}

static double seconds_of(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
	       + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Where /proc/stat cannot be read, .all is 0. */
static processor_time read_processor_time(void)
{
	processor_time time = {.ours = seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN)};
	const double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	/* user nice system idle iowait irq softirq steal */
	unsigned long long ticks[8] = {0};
	FILE *file = fopen("/proc/stat", "r");

	if (file == NULL)
		return time;
	if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[0], &ticks[1], &ticks[2],
		    &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7])
		== 8) {
		for (int i = 0; i < 8; ++i)
			time.all += (double)ticks[i] * tick;
		time.busy = time.all - (double)(ticks[3] + ticks[4]) * tick;
	}
	fclose(file);
	return time;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double bench_quantile(double *samples, size_t count, double part)
{
	size_t index = (size_t)(part * (double)count);

	qsort(samples, count, sizeof *samples, compare);
	return samples[index < count ? index : count - 1];
}

static bool has_turn(const bench_contestant *contestant, int round)
{
	return !contestant->is_aside || round % 3 == 0;
}

static void run_round(bench_contestant *contestants, size_t count, int round, size_t slices, double part)
{
	for (size_t slice = 0; slice < slices; ++slice) {
		for (size_t i = 0; i < count; ++i) {
			if (has_turn(&contestants[i], round))
				contestants[i].slices[slice] = contestants[i].run(contestants[i].self);
		}
	}
	for (size_t i = 0; i < count; ++i) {
		if (has_turn(&contestants[i], round))
			contestants[i].took[contestants[i].turns++] =
				bench_quantile(contestants[i].slices, slices, part);
	}
}

static void run_rounds(bench_contestant *contestants, size_t count, size_t slices, double part)
{
	if (at_start.all == 0)
		at_start = read_processor_time();
	for (size_t i = 0; i < count; ++i) {
		contestants[i].run(contestants[i].self);
		contestants[i].turns = 0;
	}
	for (int round = 0; round < BENCH_ROUNDS; ++round)
		run_round(contestants, count, round, slices, part);
}

void bench_contest(bench_contestant *contestants, size_t count)
{
	run_rounds(contestants, count, 1, 0);
}

void bench_contest_in_slices(bench_contestant *contestants, size_t count, double part)
{
	run_rounds(contestants, count, BENCH_SLICES, part);
}

/* Four digits, never an exponent. */
void bench_print(const char *name, double value, const char *unit)
{
	printf(value < 1000 ? "%s\t%.4g\t%s\n" : "%s\t%.0f\t%s\n", name, value, unit);
	fflush(stdout);
}

static void print_part(const char *name, const char *part, double value, const char *unit)
{
	char full[128];

	snprintf(full, sizeof full, "%s.%s", name, part);
	bench_print(full, value, unit);
}

/* Sorts the samples.  Returns the median. */
static double print_spread(const char *name, double *samples, size_t count, const char *unit)
{
	double median = bench_quantile(samples, count, 0.5);

	bench_print(name, median, unit);
	print_part(name, "min", samples[0], unit);
	print_part(name, "max", samples[count - 1], unit);
	return median;
}

void bench_print_target(const char *name, double value, double target, const char *unit)
{
	print_part(name, "target", target, unit);
	fprintf(stderr, "%s: %.4g %s, at most %.4g: %s\n", name, value, unit, target,
		value <= target ? "met" : "MISSED");
}

double bench_print_times(
	const char *name, const bench_contestant *contestant, double nanoseconds, const char *unit)
{
	double times[BENCH_ROUNDS];

	for (int i = 0; i < contestant->turns; ++i)
		times[i] = contestant->took[i] / nanoseconds;
	return print_spread(name, times, (size_t)contestant->turns, unit);
}

void bench_print_rates(const char *name, const bench_contestant *contestant)
{
	double rates[BENCH_ROUNDS];

	for (int i = 0; i < contestant->turns; ++i)
		rates[i] = 1e9 / contestant->took[i];
	print_spread(name, rates, (size_t)contestant->turns, "1/s");
}

double bench_print_ratio(
	const char *name, const bench_contestant *ours, const bench_contestant *peer, double target)
{
	double ratios[BENCH_ROUNDS], median;

	for (int i = 0; i < BENCH_ROUNDS; ++i)
		ratios[i] = ours->took[i] / peer->took[i];
	median = print_spread(name, ratios, BENCH_ROUNDS, "ratio");
	if (target > 0)
		bench_print_target(name, median, target, "ratio");
	return median;
}

void bench_print_others(void)
{
	processor_time now = read_processor_time();
	double others = (now.busy - at_start.busy) - (now.ours - at_start.ours);

	/* The kernel counts the two in different ways, so the difference may be negative. */
	if (now.all > at_start.all)
		bench_print("machine.others", others > 0 ? 100 * others / (now.all - at_start.all) : 0, "%");
}
