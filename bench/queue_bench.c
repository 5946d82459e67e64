/* SPDX-License-Identifier: MIT */
/*
 * queue_bench - what a message through a queue costs, by its size and by how many put and get, against what the kernel, Boost,
 * ZeroMQ and Python offer; two processes that wake each other; and the search for primes with a message for each number.
 */
#include "queue_bench.h"

#include "bench.h"
#include "queue_python.h"
#include "stream_rivals.h"

#include <stdio.h>

enum {
	SIZES = 6,
	SHAPES = 5,
	RIVALS = 3,
	PROGRAMS = 2,
	PYTHONS = 3,
	/* The sizes that have contests of their own; the others are in the table only. */
	EIGHT_BYTES = 0,
	MOST_MEMBERS = 32,
	/* A turn without slices is as long as so many. */
	SLICES_A_TURN = 4,
	NAME_SIZE = 48,
};

typedef struct queue_size {
	const char *name;
	size_t size;
	/* How many of our messages are a slice, and how many of others. */
	size_t count, others_count;
	/* Of the ratio to a pipe; 0: no contest. */
	double pipe_target;
} queue_size;

static const queue_size sizes[SIZES] = {
	{"8B", 8, 160000, 8000, 0.125},
	{"64B", 64, 128000, 8000, 0.5},
	{"512B", 512, 64000, 8000, 0},
	{"4KiB", 4096, 16000, 2400, 0.5},
	{"64KiB", 65536, 1600, 400, 0},
	{"1MiB", 1 << 20, 64, 16, 0.5},
};

/* How many put and how many get. */
typedef struct queue_shape {
	const char *name;
	unsigned producers, consumers;
	/* Of the ratio to one each, at 8 bytes; 0: not compared. */
	double target;
} queue_shape;

static const queue_shape shapes[SHAPES] = {
	{"1x1", 1, 1, 0}, {"2x2", 2, 2, 2}, {"4x4", 4, 4, 2}, {"1x4", 1, 4, 0}, {"4x1", 4, 1, 0}};

static const double BATCH_TARGET = 0.4;

/* The last two have so little room that two processes take turns: a slice has a part of the messages. */
static const stream_kind *const rivals[RIVALS] = {&stream_pipe, &stream_seqpacket, &stream_posix_mq};
static const size_t rivals_parts[RIVALS] = {1, 8, 8};

/* Programs that are built where what they need is installed. */
static const struct {
	const char *name, *file;
	/* Of the ratio at 8 bytes; 0 for none. */
	double target;
} programs[PROGRAMS] = {{"boost", "queue_boost", 0.33}, {"zeromq", "queue_zeromq", 0}};

/* Kinds of queue_python.c. */
static const struct {
	const char *name, *kind;
	unsigned count;
	double target;
} pythons[PYTHONS] = {{"python", "Queue", 1000, 0.01}, {"python.simple", "SimpleQueue", 1000, 0},
	{"python.manager", "Manager", 60, 0}};

/* All that is opened before the crew is forked; a peer is NULL when it is not installed, a rival when it cannot. */
typedef struct queue_hall {
	bench_peer *programs[PROGRAMS], *python;
	void *queues[SIZES], *rivals[SIZES][RIVALS];
	stream_crew *crew;
	/* The table: nanoseconds a message. */
	double cells[SIZES][SHAPES];
} queue_hall;

/* One of a contest; the first is who all others are compared with. */
typedef struct queue_member {
	char name[NAME_SIZE], ratio[2 * NAME_SIZE];
	/* Ours is divided by theirs, unless both are ours. */
	bool is_ours;
	double target;
	/* Where its time goes besides; or NULL. */
	double *cell;
	stream_turn turn;
	const char *python_kind;
} queue_member;

typedef struct queue_contest {
	size_t count;
	queue_member members[MOST_MEMBERS];
	bench_contestant contestants[MOST_MEMBERS];
} queue_contest;

static double run_python(void *argument)
{
	const queue_member *self = argument;
	char work[64];

	snprintf(work, sizeof work, "%s %zu", self->python_kind, self->turn.count);
	return bench_peer_run(self->turn.peer, work) / (double)self->turn.count;
}

static double run_stream(void *argument)
{
	queue_member *self = argument;

	return self->turn.peer != NULL ? stream_run_peer(&self->turn) : stream_run(&self->turn);
}

static void join(queue_contest *self, queue_member newcomer)
{
	queue_member *place = &self->members[self->count];

	*place = newcomer;
	self->contestants[self->count++] = (bench_contestant){
		.run = newcomer.python_kind != NULL ? run_python : run_stream, .self = place};
}

static void join_ours(queue_contest *self, queue_hall *hall, size_t size, size_t shape)
{
	queue_member ours = {
		.is_ours = true, .target = shapes[shape].target, .cell = &hall->cells[size][shape]};

	ours.turn = (stream_turn){
		.crew = hall->crew,
		.kind = &queue_bench_single,
		.channel = hall->queues[size],
		.size = sizes[size].size,
		.count = sizes[size].count,
		.producers = shapes[shape].producers,
		.consumers = shapes[shape].consumers,
	};
	snprintf(ours.name, NAME_SIZE, "queue.%s.%s", sizes[size].name, shapes[shape].name);
	snprintf(ours.ratio, sizeof ours.ratio, "%s/queue.%s.1x1", ours.name, sizes[size].name);
	join(self, ours);
}

static void join_batches(queue_contest *self, const queue_hall *hall)
{
	queue_member ours = {.name = "queue.8B.1x1.batch16",
		.ratio = "queue.8B.1x1.batch16/single",
		.is_ours = true,
		.target = BATCH_TARGET};

	ours.turn = (stream_turn){
		.crew = hall->crew,
		.kind = &queue_bench_batches,
		.channel = hall->queues[EIGHT_BYTES],
		.size = sizes[EIGHT_BYTES].size,
		.count = 2 * sizes[EIGHT_BYTES].count,
		.producers = 1,
		.consumers = 1,
	};
	join(self, ours);
}

/* One that is not ours, between one producer and one consumer. */
static void join_other(queue_contest *self, size_t size, const char *name, queue_member other)
{
	snprintf(other.name, NAME_SIZE, "%s.%s", name, sizes[size].name);
	snprintf(other.ratio, sizeof other.ratio, size == EIGHT_BYTES ? "queue.%s.1x1/%s" : "queue.%s/%s",
		sizes[size].name, name);
	other.turn.size = sizes[size].size;
	other.turn.producers = other.turn.consumers = 1;
	if (other.turn.count == 0)
		other.turn.count = sizes[size].others_count;
	join(self, other);
}

static void join_rivals(queue_contest *self, const queue_hall *hall, size_t size)
{
	for (size_t i = 0; i < RIVALS; ++i) {
		queue_member rival = {.target = i == 0 ? sizes[size].pipe_target : 0};

		rival.turn.crew = hall->crew;
		rival.turn.kind = rivals[i];
		rival.turn.channel = hall->rivals[size][i];
		rival.turn.count = sizes[size].others_count / rivals_parts[i];
		if (rival.turn.channel != NULL)
			join_other(self, size, rivals[i]->name, rival);
	}
}

static void join_programs(queue_contest *self, const queue_hall *hall, size_t size)
{
	for (size_t i = 0; i < PROGRAMS; ++i) {
		queue_member peer = {.target = size == EIGHT_BYTES ? programs[i].target : 0};

		peer.turn.peer = hall->programs[i];
		if (peer.turn.peer != NULL)
			join_other(self, size, programs[i].name, peer);
	}
}

static void join_pythons(queue_contest *self, const queue_hall *hall)
{
	for (size_t i = 0; hall->python != NULL && i < PYTHONS; ++i) {
		queue_member peer = {.target = pythons[i].target, .python_kind = pythons[i].kind};

		peer.turn.peer = hall->python;
		peer.turn.count = pythons[i].count;
		join_other(self, EIGHT_BYTES, pythons[i].name, peer);
	}
}

static void print_contest(queue_contest *self)
{
	const bench_contestant *contestants = self->contestants;

	for (size_t i = 0; i < self->count; ++i) {
		const queue_member *each = &self->members[i];
		double median = bench_print_times(each->name, &contestants[i], 1, "ns");

		if (each->cell != NULL)
			*each->cell = median;
	}
	for (size_t i = 1; i < self->count; ++i) {
		const queue_member *each = &self->members[i];

		if (each->is_ours)
			bench_print_ratio(each->ratio, &contestants[i], &contestants[0], each->target);
		else
			bench_print_ratio(each->ratio, &contestants[0], &contestants[i], each->target);
	}
}

static void measure_against_others(queue_hall *hall, size_t size)
{
	static queue_contest self;

	self.count = 0;
	join_ours(&self, hall, size, 0);
	join_rivals(&self, hall, size);
	join_programs(&self, hall, size);
	if (size == EIGHT_BYTES) {
		join_pythons(&self, hall);
		join_batches(&self, hall);
		for (size_t shape = 1; shape < SHAPES; ++shape) {
			if (shapes[shape].target > 0)
				join_ours(&self, hall, size, shape);
		}
	}
	/* When and where they meet is a matter of luck. */
	bench_contest_in_slices(self.contestants, self.count, 0.5);
	print_contest(&self);
}

/* What of the table has not been measured yet; nobody to compare it with. */
static void measure_rest_of_table(queue_hall *hall)
{
	static queue_contest self;

	self.count = 0;
	for (size_t size = 0; size < SIZES; ++size) {
		for (size_t shape = 0; shape < SHAPES; ++shape) {
			if (hall->cells[size][shape] == 0)
				join_ours(&self, hall, size, shape);
		}
	}
	for (size_t i = 0; i < self.count; ++i)
		self.members[i].turn.count *= SLICES_A_TURN;
	bench_contest(self.contestants, self.count);
	for (size_t i = 0; i < self.count; ++i)
		*self.members[i].cell =
			bench_print_times(self.members[i].name, &self.contestants[i], 1, "ns");
}

static void print_table(const queue_hall *hall)
{
	fprintf(stderr, "\nqueue: ns a message, by size and by producers x consumers\n%-8s", "");
	for (size_t shape = 0; shape < SHAPES; ++shape)
		fprintf(stderr, "%10s", shapes[shape].name);
	for (size_t size = 0; size < SIZES; ++size) {
		fprintf(stderr, "\n%-8s", sizes[size].name);
		for (size_t shape = 0; shape < SHAPES; ++shape)
			fprintf(stderr, "%10.0f", hall->cells[size][shape]);
	}
	fprintf(stderr, "\n\n");
}

static void open_channels(queue_hall *self)
{
	for (size_t size = 0; size < SIZES; ++size) {
		self->queues[size] = queue_bench_single.open(sizes[size].size);
		for (size_t i = 0; sizes[size].pipe_target > 0 && i < RIVALS; ++i) {
			if (sizes[size].size <= rivals[i]->most)
				self->rivals[size][i] = rivals[i]->open(sizes[size].size);
		}
	}
	self->crew = stream_crew_open(STREAM_SIDE);
}

static void open_peers(queue_hall *self)
{
	for (size_t i = 0; i < PROGRAMS; ++i) {
		self->programs[i] = bench_peer_open_if_built(programs[i].file, 1);
		if (self->programs[i] == NULL)
			fprintf(stderr, "queue.8B.1x1/%s: not installed\n", programs[i].name);
	}
	self->python = bench_peer_open_python(queue_python);
	if (self->python == NULL)
		fprintf(stderr, "queue.8B.1x1/python: not installed\n");
}

static void close_hall(queue_hall *self)
{
	stream_crew_close(self->crew);
	for (size_t i = 0; i < PROGRAMS; ++i)
		bench_peer_close(self->programs[i]);
	bench_peer_close(self->python);
	for (size_t size = 0; size < SIZES; ++size) {
		queue_bench_single.close(self->queues[size]);
		for (size_t i = 0; i < RIVALS; ++i)
			rivals[i]->close(self->rivals[size][i]);
	}
}

int main(void)
{
	static queue_hall hall;

	/* Before anybody is told on which processor to stay. */
	queue_bench_primes();
	open_peers(&hall);
	open_channels(&hall);
	for (size_t size = 0; size < SIZES; ++size) {
		if (sizes[size].pipe_target > 0)
			measure_against_others(&hall, size);
	}
	measure_rest_of_table(&hall);
	print_table(&hall);
	close_hall(&hall);
	queue_bench_roundtrip();
	bench_print_others();
	return 0;
}
