/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include "bench.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	SERVED_SIZES = 8
};

/* In shared memory: what is to be done, and what was. */
typedef struct stream_stage {
	stream_turn turn;
	_Atomic uint32_t arrived;
	/* When each began and was done, and the sum of what it got. */
	double began[STREAM_CREW], ended[STREAM_CREW];
	uint64_t sums[STREAM_CREW];
} stream_stage;

/* Producers come before consumers. */
typedef struct stream_member {
	stream_stage *stage;
	unsigned index;
	bench_partner *partner;
} stream_member;

struct stream_crew {
	stream_stage *stage;
	stream_member members[STREAM_CREW];
};

static char *buffer_of_this_process(void)
{
	static char *buffer;

	if (buffer == NULL) {
		buffer = malloc(STREAM_MOST);
		if (buffer == NULL)
			bench_fail("no memory for a message");
		memset(buffer, 1, STREAM_MOST);
	}
	return buffer;
}

static void arrive(stream_stage *stage)
{
	atomic_fetch_add(&stage->arrived, 1);
	while (atomic_load(&stage->arrived) < stage->turn.producers + stage->turn.consumers)
		sched_yield();
}

static void take_part(void *argument)
{
	const stream_member *self = argument;
	stream_stage *stage = self->stage;
	const stream_turn *turn = &stage->turn;
	stream_share share = {
		.channel = turn->channel, .buffer = buffer_of_this_process(), .size = turn->size};

	arrive(stage);
	stage->began[self->index] = bench_now();
	if (self->index < STREAM_SIDE) {
		share.count = turn->count / turn->producers;
		share.first = share.count * self->index;
		turn->kind->produce(&share);
	} else {
		share.count = turn->count / turn->consumers;
		stage->sums[self->index] = turn->kind->consume(&share);
	}
	stage->ended[self->index] = bench_now();
}

/* On two processors each has as many producers as consumers; the first of either are on different ones. */
static unsigned place_of(unsigned index)
{
	return index < STREAM_SIDE ? index : STREAM_CREW - 1 - (index - STREAM_SIDE);
}

stream_crew *stream_crew_open(unsigned side)
{
	stream_crew *crew = calloc(1, sizeof *crew);

	if (crew == NULL)
		bench_fail("no memory for a crew");
	crew->stage = bench_shared_memory(sizeof *crew->stage);
	for (unsigned i = 0; i < STREAM_CREW; ++i) {
		if (i % STREAM_SIDE >= side)
			continue;
		crew->members[i] = (stream_member){.stage = crew->stage, .index = i};
		crew->members[i].partner = bench_partner_open(take_part, &crew->members[i], place_of(i));
	}
	return crew;
}

stream_crew *stream_crew_close(stream_crew *crew)
{
	if (crew == NULL)
		return NULL;
	for (unsigned i = 0; i < STREAM_CREW; ++i)
		bench_partner_close(crew->members[i].partner);
	munmap(crew->stage, sizeof *crew->stage);
	free(crew);
	return NULL;
}

static int takes_part(const stream_turn *turn, unsigned index)
{
	return index < STREAM_SIDE ? index < turn->producers : index - STREAM_SIDE < turn->consumers;
}

static void check_sums(const stream_stage *stage)
{
	const stream_turn *turn = &stage->turn;
	uint64_t sum = 0, expected = turn->count * (turn->count - 1) / 2;

	for (unsigned i = STREAM_SIDE; i < STREAM_SIDE + turn->consumers; ++i)
		sum += stage->sums[i];
	if (sum != expected)
		bench_fail("%s: what has arrived adds up to %" PRIu64 ", not to %" PRIu64, turn->kind->name,
			sum, expected);
}

double stream_run(void *argument)
{
	const stream_turn *turn = argument;
	stream_stage *stage = turn->crew->stage;
	double began = 0, ended = 0;

	stage->turn = *turn;
	stage->arrived = 0;
	for (unsigned i = 0; i < STREAM_CREW; ++i) {
		if (takes_part(turn, i))
			bench_partner_start(turn->crew->members[i].partner);
	}
	for (unsigned i = 0; i < STREAM_CREW; ++i) {
		if (!takes_part(turn, i))
			continue;
		bench_partner_wait(turn->crew->members[i].partner);
		if (began == 0 || stage->began[i] < began)
			began = stage->began[i];
		if (stage->ended[i] > ended)
			ended = stage->ended[i];
	}
	check_sums(stage);
	return (ended - began) / (double)turn->count;
}

double stream_run_peer(void *argument)
{
	const stream_turn *turn = argument;
	char work[64];

	snprintf(work, sizeof work, "%zu %zu", turn->size, turn->count);
	return bench_peer_run(turn->peer, work) / (double)turn->count;
}

/* What a peer has opened: a channel and a crew for each size that it was asked for. */
static struct {
	const stream_kind *kind;
	stream_turn turns[SERVED_SIZES];
	size_t count;
} served;

static stream_turn *served_turn(size_t size)
{
	stream_turn *turn = served.turns, *end = turn + served.count;

	while (turn < end && turn->size != size)
		++turn;
	if (turn < end)
		return turn;
	if (served.count == SERVED_SIZES)
		bench_fail("%s: more than %d sizes", served.kind->name, SERVED_SIZES);
	*turn = (stream_turn){.kind = served.kind, .size = size, .producers = 1, .consumers = 1};
	turn->channel = served.kind->open(size);
	if (turn->channel == NULL)
		bench_fail("%s: no channel for %zu bytes", served.kind->name, size);
	turn->crew = stream_crew_open(1);
	++served.count;
	return turn;
}

static double run_served(const char *work)
{
	char *end;
	stream_turn *turn = served_turn(strtoull(work, &end, 10));

	turn->count = strtoull(end, NULL, 10);
	return stream_run(turn) * (double)turn->count;
}

void stream_serve(const stream_kind *kind)
{
	served.kind = kind;
	bench_peer_serve(run_served);
	for (size_t i = 0; i < served.count; ++i) {
		stream_crew_close(served.turns[i].crew);
		kind->close(served.turns[i].channel);
	}
}
