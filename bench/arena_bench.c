/* SPDX-License-Identifier: MIT */
/*
 * arena_bench - what a block of shared memory costs, against glibc's malloc: by size, in batches, in several processes at
 * once, and freed by another process than the one that allocated it.
 */
#include "arena_malloc.h"
#include "arena_work.h"

#include <mproc.h>
#include <stdio.h>

static const double SMALL_TARGET = 2;

/* A kind of work on blocks of one size. */
typedef struct arena_contest {
	/* What is printed is called alloc.<name>, malloc.<name> and alloc.<name>/malloc. */
	const char *name;
	double (*ours)(void *load), (*mallocs)(void *load);
	arena_load load;
	/* Of the ratio; 0 for none. */
	double target;
} arena_contest;

static void release(void *block)
{
	mproc_free(block);
}

static double run_pairs(void *load)
{
	return arena_pairs(load, mproc_alloc, release);
}

static double run_filled_pairs(void *load)
{
	return arena_filled_pairs(load, mproc_alloc, release);
}

static double run_batches(void *load)
{
	return arena_batches(load, mproc_alloc, release);
}

static arena_contest contests[] = {
	{"small", run_pairs, arena_malloc_pairs, {ARENA_SMALL, 100000}, SMALL_TARGET},
	{"16", run_pairs, arena_malloc_pairs, {16, 20000}, 0},
	{"256", run_pairs, arena_malloc_pairs, {256, 20000}, 0},
	{"1024", run_pairs, arena_malloc_pairs, {1024, 20000}, 0},
	{"4096", run_pairs, arena_malloc_pairs, {4096, 20000}, 0},
	{"8192", run_pairs, arena_malloc_pairs, {8192, 20000}, 0},
	{"65536", run_pairs, arena_malloc_pairs, {65536, 100}, 0},
	{"1048576", run_pairs, arena_malloc_pairs, {1048576, 10}, 0},
	{"filled.65536", run_filled_pairs, arena_malloc_filled_pairs, {65536, 100}, 0},
	{"filled.1048576", run_filled_pairs, arena_malloc_filled_pairs, {1048576, 10}, 0},
	{"batch.64", run_batches, arena_malloc_batches, {64, 10 * ARENA_BATCH}, 0},
	{"batch.1024", run_batches, arena_malloc_batches, {1024, 10 * ARENA_BATCH}, 0},
};

/* Take turns, and print times and ratio. */
static void compete(const char *name, bench_contestant *ours_and_mallocs, double target)
{
	char full[64];

	bench_contest_in_slices(ours_and_mallocs, 2, 0);
	snprintf(full, sizeof full, "alloc.%s", name);
	bench_print_times(full, &ours_and_mallocs[0], 1, "ns");
	snprintf(full, sizeof full, "malloc.%s", name);
	bench_print_times(full, &ours_and_mallocs[1], 1, "ns");
	snprintf(full, sizeof full, "alloc.%s/malloc", name);
	bench_print_ratio(full, &ours_and_mallocs[0], &ours_and_mallocs[1], target);
}

static void measure(arena_contest *contest)
{
	bench_contestant contestants[] = {
		{.run = contest->ours, .self = &contest->load},
		{.run = contest->mallocs, .self = &contest->load},
	};

	compete(contest->name, contestants, contest->target);
}

/* Some processes, and what they share. */
typedef struct arena_team {
	arena_crowd *crowd;
	arena_crowd_member members[ARENA_CROWD];
	bench_partner *partners[ARENA_CROWD];
} arena_team;

static void open_team(arena_team *team, uint32_t size, bench_part *part)
{
	team->crowd = bench_shared_memory(sizeof *team->crowd);
	team->crowd->size = size;
	for (uint32_t i = 0; i < size; ++i) {
		team->members[i] = (arena_crowd_member){team->crowd, i};
		team->partners[i] = bench_partner_open(part, &team->members[i], i);
	}
}

static void close_team(arena_team *team)
{
	for (uint32_t i = 0; i < team->crowd->size; ++i)
		bench_partner_close(team->partners[i]);
}

/* From when the first begins until the last is done, divided by all they allocated. */
static double run_team(void *argument)
{
	arena_team *team = argument;
	arena_crowd *crowd = team->crowd;
	double began, ended;

	crowd->arrived = 0;
	for (uint32_t i = 0; i < crowd->size; ++i)
		bench_partner_start(team->partners[i]);
	for (uint32_t i = 0; i < crowd->size; ++i)
		bench_partner_wait(team->partners[i]);
	began = crowd->began[0];
	ended = crowd->ended[0];
	for (uint32_t i = 1; i < crowd->size; ++i) {
		began = crowd->began[i] < began ? crowd->began[i] : began;
		ended = crowd->ended[i] > ended ? crowd->ended[i] : ended;
	}
	return (ended - began) / (crowd->size * (double)ARENA_CROWD_PAIRS);
}

static void crowd_part(void *member)
{
	arena_crowd_part(member, mproc_alloc, release);
}

static void measure_processes(uint32_t size)
{
	arena_team ours, mallocs;
	bench_contestant contestants[] = {
		{.run = run_team, .self = &ours},
		{.run = run_team, .self = &mallocs},
	};
	char name[32];

	open_team(&ours, size, crowd_part);
	open_team(&mallocs, size, arena_malloc_crowd);
	snprintf(name, sizeof name, "processes.%u", size);
	compete(name, contestants, 0);
	close_team(&ours);
	close_team(&mallocs);
}

/* One allocates, its partner frees; with malloc, the partner does both. */
typedef struct arena_hand_over {
	arena_parcel *parcel;
	bench_partner *partner;
} arena_hand_over;

static void free_parcel(void *argument)
{
	arena_parcel *parcel = argument;
	double start = bench_now();

	arena_free_batch(parcel->blocks, release);
	parcel->took_free = bench_now() - start;
}

static double time_of(const arena_parcel *parcel)
{
	return (parcel->took_alloc + parcel->took_free) / ARENA_BATCH;
}

static double hand_over(void *argument)
{
	arena_hand_over *self = argument;
	double start = bench_now();

	arena_alloc_batch(self->parcel->blocks, ARENA_SMALL, mproc_alloc);
	self->parcel->took_alloc = bench_now() - start;
	bench_partner_start(self->partner);
	bench_partner_wait(self->partner);
	return time_of(self->parcel);
}

static double hand_over_between_threads(void *argument)
{
	arena_hand_over *self = argument;

	bench_partner_start(self->partner);
	bench_partner_wait(self->partner);
	return time_of(self->parcel);
}

static void measure_remote(void)
{
	arena_parcel *our_parcel = bench_shared_memory(sizeof *our_parcel);
	arena_parcel *mallocs_parcel = bench_shared_memory(sizeof *mallocs_parcel);
	arena_hand_over ours = {our_parcel, bench_partner_open(free_parcel, our_parcel, 1)};
	arena_hand_over mallocs = {
		mallocs_parcel, bench_partner_open(arena_malloc_hand_over, mallocs_parcel, 0)};
	bench_contestant contestants[] = {
		{.run = hand_over, .self = &ours},
		{.run = hand_over_between_threads, .self = &mallocs},
	};

	bench_stay_at(0);
	compete("remote", contestants, 0);
	bench_partner_close(ours.partner);
	bench_partner_close(mallocs.partner);
}

int main(void)
{
	for (size_t i = 0; i < sizeof contests / sizeof *contests; ++i)
		measure(&contests[i]);
	for (uint32_t size = 1; size <= ARENA_CROWD; size *= 2)
		measure_processes(size);
	/* The last, for it tells this process on which processor to stay. */
	measure_remote();
	bench_print_others();
	return 0;
}
