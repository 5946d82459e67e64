/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what every benchmark prints, and how it takes turns.
 *
 *     bench_contestant contestants[] = {{.run = run_ours, .self = &ours}, {.run = run_peer, .self = &peer}};
 *     bench_contest(contestants, 2);
 *     bench_print_times("map.noop.chunk1", &contestants[0], ITEMS, "ns");
 *     bench_print_ratio("map.noop.chunk1/openmp", &contestants[0], &contestants[1], 1.5);
 *
 * README.md beside this file says what the figures mean.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

/* Odd, so that the median is a sample. */
enum {
	BENCH_ROUNDS = 9,
	BENCH_SLICES = 11,
};

/* Somebody who does the work once when told to, and says how many nanoseconds it took. */
typedef struct bench_contestant {
	double (*run)(void *self);
	void *self;
	/* Whether one round in three is enough: for what is slow and has no target. */
	bool is_aside;
	/* How long each turn took. */
	int turns;
	double took[BENCH_ROUNDS];
	double slices[BENCH_SLICES];
} bench_contestant;

/* Nanoseconds since some moment. */
double bench_now(void);

/* Say on stderr what is broken, and end with status 1. */
_Noreturn __attribute__((format(printf, 1, 2))) void bench_fail(const char *format, ...);

/* After one round that does not count, let each contestant run once a round. */
void bench_contest(bench_contestant *contestants, size_t count);

/*
 * The same with turns that are cut into slices: they alternate BENCH_SLICES times a round.  What the slice at @part took, 0 to 1
 * from the fastest to the slowest, is taken for the turn: 0 where others can only slow it down, 0.5 where it is a matter of luck.
 */
void bench_contest_in_slices(bench_contestant *contestants, size_t count, double part);

/* One figure, on a line of its own. */
void bench_print(const char *name, double value, const char *unit);

/* The sample that about the @part of all, 0 to 1, is not above: 0.5 gives the median.  Sorts them. */
double bench_quantile(double *samples, size_t count, double part);

/*
 * What the turns of a contestant took, in @unit, of which one is @nanoseconds long: the median, then the shortest and
 * the longest as @name.min and @name.max.  Returns the median.
 */
double bench_print_times(
	const char *name, const bench_contestant *contestant, double nanoseconds, const char *unit);

/* How often a second, for a contestant whose turns are the time of one: median, smallest, largest. */
void bench_print_rates(const char *name, const bench_contestant *contestant);

/* What a figure shall be at most, as @name.target, and a line on stderr that says whether it is. */
void bench_print_target(const char *name, double value, double target, const char *unit);

/*
 * Our time divided by the peer's, round by round: median, smallest, largest; both have a turn in each round.  With a
 * target, also @name.target, and a line on stderr that says whether the median is at most that; 0 for none.
 * Returns the median.
 */
double bench_print_ratio(
	const char *name, const bench_contestant *ours, const bench_contestant *peer, double target);

/*
 * machine.others, the last line: how much of all processors' time went to others since the first contest, this
 * machine's hypervisor included.  Wait for all that was started before.  With more than a few percent, measure again.
 */
void bench_print_others(void);

#endif
