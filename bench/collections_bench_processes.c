/* SPDX-License-Identifier: MIT */
#include "collections_bench.h"
#include "partner.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
	/* Of 1, 2 and 4 processes. */
	CROWDS = 3,
	MOST = 4,
	KINDS = 3,
	PLACES = 3,
	/* Accesses of one process in a turn, and how many keys of its own it has. */
	TURN = 100000,
	KEYS = 1000,
	ALL_KEYS = 1 + MOST * KEYS,
};

typedef enum dict_access {
	ACCESS_GET,
	ACCESS_SET,
	ACCESS_ADD,
} dict_access;

static const char *const kinds[KINDS] = {"get", "set", "add"};

/* At which keys. */
typedef enum dict_place {
	/* All at one. */
	PLACE_SAME,
	/* Each at one of its own. */
	PLACE_OWN,
	/* Each at all of its own, one after the other. */
	PLACE_APART,
} dict_place;

static const char *const places[PLACES] = {"same", "own", "apart"};

/* What all do at once, in memory that they share. */
typedef struct dict_crowd {
	mproc_dict *dict;
	dict_access access;
	dict_place place;
	uint32_t size;
	_Atomic uint32_t arrived;
	double began[MOST], ended[MOST];
	bench_partner *partners[MOST];
} dict_crowd;

typedef struct dict_crowd_member {
	dict_crowd *crowd;
	uint32_t index;
} dict_crowd_member;

/* A contestant. */
typedef struct dict_crowd_turn {
	dict_crowd *crowd;
	dict_access access;
	dict_place place;
	uint32_t size;
} dict_crowd_turn;

static uint64_t key_of(const dict_crowd_member *member, uint64_t i)
{
	uint64_t first = 1 + (uint64_t)member->index * KEYS;

	switch (member->crowd->place) {
	case PLACE_SAME:
		return collections_key(0);
	case PLACE_OWN:
		return collections_key(first);
	default:
		return collections_key(first + i % KEYS);
	}
}

static void access_key(mproc_dict *dict, dict_access access, uint64_t key)
{
	int64_t number = 0;

	if (access == ACCESS_GET)
		collections_expect(mproc_dict_get(dict, &key, sizeof key, &number, sizeof number, NULL),
			"mproc_dict_get");
	else if (access == ACCESS_SET)
		collections_expect(
			mproc_dict_set(dict, &key, sizeof key, &number, sizeof number), "mproc_dict_set");
	else
		collections_expect(mproc_dict_add(dict, &key, sizeof key, 1, NULL), "mproc_dict_add");
}

/* What a partner does. */
static void take_part(void *argument)
{
	const dict_crowd_member *member = argument;
	dict_crowd *crowd = member->crowd;

	/* Makes it a member of the family, and what it needs warm. */
	for (uint64_t i = 0; i < KEYS; ++i)
		access_key(crowd->dict, ACCESS_GET, key_of(member, i));
	atomic_fetch_add(&crowd->arrived, 1);
	while (atomic_load(&crowd->arrived) < crowd->size)
		sched_yield();
	crowd->began[member->index] = bench_now();
	for (uint64_t i = 0; i < TURN; ++i)
		access_key(crowd->dict, crowd->access, key_of(member, i));
	crowd->ended[member->index] = bench_now();
}

/* From when the first begins until the last is done. */
static double duration_of(const dict_crowd *crowd)
{
	double began = crowd->began[0], ended = crowd->ended[0];

	for (uint32_t i = 1; i < crowd->size; ++i) {
		began = crowd->began[i] < began ? crowd->began[i] : began;
		ended = crowd->ended[i] > ended ? crowd->ended[i] : ended;
	}
	return ended - began;
}

static int64_t number_at(mproc_dict *dict, uint64_t key)
{
	int64_t number;

	collections_expect(
		mproc_dict_get(dict, &key, sizeof key, &number, sizeof number, NULL), "mproc_dict_get");
	return number;
}

/* The sum of all numbers. */
static int64_t sum_of(mproc_dict *dict)
{
	int64_t sum = 0;

	for (uint64_t i = 0; i < ALL_KEYS; ++i)
		sum += number_at(dict, collections_key(i));
	return sum;
}

/* Nanoseconds an access, of all processes together. */
static double run_crowd(void *argument)
{
	const dict_crowd_turn *turn = argument;
	dict_crowd *crowd = turn->crowd;
	int64_t sum = sum_of(crowd->dict);

	crowd->access = turn->access;
	crowd->place = turn->place;
	crowd->size = turn->size;
	crowd->arrived = 0;
	for (uint32_t i = 0; i < crowd->size; ++i)
		bench_partner_start(crowd->partners[i]);
	for (uint32_t i = 0; i < crowd->size; ++i)
		bench_partner_wait(crowd->partners[i]);
	if (turn->access == ACCESS_ADD && sum_of(crowd->dict) - sum != (int64_t)TURN * crowd->size)
		bench_fail("additions are lost, or counted twice");
	return duration_of(crowd) / ((double)TURN * crowd->size);
}

static dict_crowd *open_crowd(dict_crowd_member members[MOST])
{
	dict_crowd *crowd = bench_shared_memory(sizeof *crowd);

	crowd->dict = collections_dict();
	for (uint64_t i = 0; i < ALL_KEYS; ++i)
		access_key(crowd->dict, ACCESS_SET, collections_key(i));
	for (uint32_t i = 0; i < MOST; ++i) {
		members[i] = (dict_crowd_member){crowd, i};
		crowd->partners[i] = bench_partner_open(take_part, &members[i], i);
	}
	return crowd;
}

static void close_crowd(dict_crowd *crowd)
{
	for (uint32_t i = 0; i < MOST; ++i)
		bench_partner_close(crowd->partners[i]);
	mproc_dict_destroy(crowd->dict);
}

/* Of the median turn. */
static double rate_of(const bench_contestant *contestant)
{
	double took[BENCH_ROUNDS];

	for (int round = 0; round < BENCH_ROUNDS; ++round)
		took[round] = contestant->took[round];
	return 1e9 / bench_quantile(took, BENCH_ROUNDS, 0.5);
}

static void print_table(const bench_contestant *contestants)
{
	fprintf(stderr, "\ndict: million accesses a second, by processes at once and keys\n%-16s", "");
	for (int crowd = 0; crowd < CROWDS; ++crowd)
		fprintf(stderr, "%10d", 1 << crowd);
	for (int row = 0; row < KINDS * PLACES; ++row) {
		fprintf(stderr, "\n%-8s%-8s", kinds[row / PLACES], places[row % PLACES]);
		for (int crowd = 0; crowd < CROWDS; ++crowd)
			fprintf(stderr, "%10.1f", rate_of(contestants++) / 1e6);
	}
	fprintf(stderr, "\n\n");
}

static void join_crowd(
	collections_field *field, dict_crowd_turn *turn, dict_crowd *crowd, int row, unsigned size)
{
	char name[COLLECTIONS_NAME];

	*turn = (dict_crowd_turn){crowd, (dict_access)(row / PLACES), (dict_place)(row % PLACES), size};
	snprintf(name, sizeof name, "%s.%s.%u", kinds[turn->access], places[turn->place], size);
	collections_join(field, "dict", name, run_crowd, turn);
}

void collections_bench_processes(void)
{
	static dict_crowd_member members[MOST];
	static dict_crowd_turn turns[COLLECTIONS_FIELD];
	collections_field field = {0};
	dict_crowd *crowd = open_crowd(members);

	for (int row = 0; row < KINDS * PLACES; ++row) {
		for (unsigned size = 1; size <= MOST; size *= 2)
			join_crowd(&field, &turns[field.count], crowd, row, size);
	}
	bench_contest(field.contestants, field.count);
	for (size_t i = 0; i < field.count; ++i)
		bench_print_rates(field.names[i], &field.contestants[i]);
	print_table(field.contestants);
	close_crowd(crowd);
}
