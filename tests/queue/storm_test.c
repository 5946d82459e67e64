/* SPDX-License-Identifier: MIT */
/*
 * Storms: producers and consumers are killed at random moments, and replaced, while all of them work as fast as
 * they can; now and then one is stopped for a moment.
 *
 * Each message has a number and a line in a ledger that all share.  A producer writes down there when its put has
 * returned, a consumer what it got, and before each call how many messages it may have in its hands; so afterwards
 * one can tell what must have come out, and how often.
 *
 * MPROC_STORM_SECONDS says how long each storm takes, MPROC_TEST_SEED when the kills come.
 */
#include "people.h"
#include "support.h"

#include "family/member.h"

#include <errno.h>
#include <mproc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	MOST_WORKERS = 8,
	/* Of a round; when they are used up it waits for its end. */
	LINES = 1 << 20,
	INCARNATIONS = 1 << 14,
	MOST_AT_ONCE = 8,
	SMALL = 64,
	LARGEST = 200000,
	ROUND_MILLISECONDS = 1000,
	USUAL_SECONDS = 1,
};

/* A message in the ledger. */
typedef struct line {
	/* Its put has returned 0, or failed. */
	_Atomic uint8_t accepted, refused;
	_Atomic uint8_t got;
	/* Its acknowledgement has returned 0. */
	_Atomic uint8_t acknowledged;
} line;

typedef struct ledger {
	_Atomic uint32_t next, incarnations, is_over;
	/* How many messages each worker may have taken and not written down. */
	_Atomic uint32_t in_hands[MOST_WORKERS];
	_Atomic uint32_t wrong;
	char text[200];
	line lines[LINES];
} ledger;

typedef struct message {
	uint32_t number, incarnation;
	unsigned char filling[];
} message;

typedef struct weather {
	mproc_queue_options queue;
	uint32_t producers, consumers;
	bool kills_producers, kills_consumers;
} weather;

typedef struct worker {
	uint32_t place;
	/* One of the two: the application's own, or of the library. */
	pid_t pid;
	mproc_process *process;
} worker;

static ledger *shared;
static mproc_queue *queue;
static weather now;
static uint64_t random_state;

static uint32_t choose(uint32_t count)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(random_state >> 33) % count;
}

static void complain(const char *what, uint32_t number, int rc)
{
	if (atomic_fetch_add(&shared->wrong, 1) == 0)
		snprintf(shared->text, sizeof shared->text, "%s: message %u, %d, %s", what, number, rc,
			mproc_error_text());
}

/* Messages. */

static size_t choose_size(void)
{
	uint32_t kind = choose(1000);
	size_t filling = kind < 900 ? choose(200) : kind < 960 ? 490 + choose(30) : choose(20000);

	if (kind == 999)
		filling = choose(LARGEST - sizeof(message));
	return sizeof(message) + filling;
}

static unsigned char byte_of(uint32_t number, size_t place, size_t size)
{
	return (unsigned char)(number * 31 + (number >> 8) + place * 7 + size);
}

static void write_message(message *self, uint32_t number, uint32_t incarnation, size_t size)
{
	*self = (message){.number = number, .incarnation = incarnation};
	for (size_t i = 0; i < size - sizeof *self; ++i)
		self->filling[i] = byte_of(number, i, size);
}

static bool is_whole(const message *self, size_t size)
{
	if (size < sizeof *self || self->number >= LINES || self->incarnation >= INCARNATIONS)
		return false;
	for (size_t i = 0; i < size - sizeof *self; ++i) {
		if (self->filling[i] != byte_of(self->number, i, size))
			return false;
	}
	return true;
}

/* Producers. */

static void write_down(uint32_t number, int rc)
{
	line *entry = &shared->lines[number];

	if (rc == 0)
		atomic_store(&entry->accepted, 1);
	else
		atomic_store(&entry->refused, 1);
	if (rc < 0 && rc != -ETIMEDOUT && rc != -EAGAIN)
		complain("put", number, rc);
}

static mproc_deadline choose_deadline(void)
{
	return choose(4) == 0 ? mproc_after(choose(1000) * 1e-6) : MPROC_FOREVER;
}

static void put_one(message *buffer, uint32_t number, uint32_t incarnation)
{
	size_t size = choose_size();

	write_message(buffer, number, incarnation, size);
	write_down(number, mproc_queue_put(queue, buffer, size, choose_deadline()));
}

static void put_many(message *buffer, uint32_t first, uint32_t count, uint32_t incarnation)
{
	size_t size = sizeof(message) + 4 * choose((SMALL - sizeof(message)) / 4), put = 0;
	int rc;

	for (uint32_t i = 0; i < count; ++i)
		write_message((message *)(void *)((char *)buffer + i * size), first + i, incarnation, size);
	rc = mproc_queue_put_many(queue, buffer, size, count, choose_deadline(), &put);
	for (uint32_t i = 0; i < count; ++i)
		write_down(first + i, i < put ? 0 : rc == 0 ? -ETIMEDOUT : rc);
}

static void put_block(uint32_t number, uint32_t incarnation)
{
	size_t size = choose_size();
	void *block = NULL;
	int rc = mproc_queue_reserve(queue, size, &block);

	if (rc == 0) {
		write_message(block, number, incarnation, size);
		rc = mproc_queue_commit(queue, block, size, choose_deadline());
		if (rc < 0)
			mproc_queue_release(queue, block);
	}
	write_down(number, rc);
}

static void put_something(message *buffer, uint32_t incarnation)
{
	uint32_t kind = choose(4), count = kind == 0 ? 1 + choose(MOST_AT_ONCE) : 1;
	uint32_t number = atomic_fetch_add(&shared->next, count);

	if (number + count > LINES) {
		atomic_fetch_sub(&shared->next, count);
		sched_yield();
	} else if (kind == 0) {
		put_many(buffer, number, count, incarnation);
	} else if (kind == 1) {
		put_block(number, incarnation);
	} else {
		put_one(buffer, number, incarnation);
	}
}

static int produce(void)
{
	uint32_t incarnation = atomic_fetch_add(&shared->incarnations, 1);
	message *buffer = malloc(LARGEST);

	while (!atomic_load(&shared->is_over))
		put_something(buffer, incarnation);
	free(buffer);
	return 0;
}

/* Consumers. */

/* So much of each producer has this one got. */
static uint32_t *last;

static void report(const message *got, size_t size)
{
	line *entry;

	if (!is_whole(got, size)) {
		complain("torn", got->number, (int)size);
		return;
	}
	entry = &shared->lines[got->number];
	if (atomic_load(&entry->acknowledged))
		complain("delivered though it was acknowledged", got->number, 0);
	if (atomic_load(&entry->refused))
		complain("accepted though its put had failed", got->number, 0);
	if (atomic_load(&entry->got) < UINT8_MAX && atomic_fetch_add(&entry->got, 1) > 0
		&& !now.queue.acknowledged)
		complain("delivered twice", got->number, 0);
	if (!now.queue.acknowledged && got->number + 1 <= last[got->incarnation])
		complain("out of order", got->number, 0);
	last[got->incarnation] = got->number + 1;
}

static void finish(void *block, const uint32_t *numbers, size_t count)
{
	int rc;

	if (now.queue.acknowledged && choose(10) == 0) {
		rc = mproc_queue_give_back(queue, block);
		count = 0;
	} else if (now.queue.acknowledged) {
		rc = mproc_queue_ack(queue, block);
	} else {
		rc = block == NULL ? 0 : mproc_queue_release(queue, block);
		count = 0;
	}
	if (rc < 0)
		complain("finish", numbers[0], rc);
	for (size_t i = 0; i < count && rc == 0; ++i)
		atomic_store(&shared->lines[numbers[i]].acknowledged, 1);
}

static int get_one(message *buffer, mproc_deadline deadline)
{
	size_t size = 0;
	int rc = mproc_queue_get(queue, buffer, LARGEST, deadline, &size);

	if (rc == 0) {
		report(buffer, size);
		finish(NULL, &buffer->number, 1);
	}
	return rc;
}

static int get_many(message *buffer, mproc_deadline deadline)
{
	size_t sizes[MOST_AT_ONCE], count = 0;
	uint32_t numbers[MOST_AT_ONCE] = {0};
	int rc = mproc_queue_get_many(queue, buffer, SMALL, MOST_AT_ONCE, deadline, sizes, &count);

	if (rc == -EMSGSIZE)
		return get_one(buffer, deadline);
	for (size_t i = 0; rc == 0 && i < count; ++i) {
		message *got = (message *)(void *)((char *)buffer + i * SMALL);

		report(got, sizes[i]);
		numbers[i] = got->number;
	}
	if (rc == 0)
		finish(NULL, numbers, count);
	return rc;
}

static int get_block(mproc_deadline deadline)
{
	message *block = NULL;
	size_t size = 0;
	int rc = mproc_queue_peek(queue, deadline, (void **)&block, &size);

	if (rc == 0) {
		uint32_t number = block->number;

		report(block, size);
		finish(block, &number, 1);
	}
	return rc;
}

static int get_something(message *buffer, mproc_deadline deadline)
{
	switch (choose(3)) {
	case 0:
		return get_one(buffer, deadline);
	case 1:
		return get_many(buffer, deadline);
	default:
		return get_block(deadline);
	}
}

static int consume(uint32_t place)
{
	message *buffer = malloc(LARGEST);
	int rc = 0;

	last = calloc(INCARNATIONS, sizeof *last);
	while (rc == 0 || rc == -ETIMEDOUT || rc == -EAGAIN) {
		atomic_store(&shared->in_hands[place], MOST_AT_ONCE);
		rc = get_something(buffer, choose_deadline());
		atomic_store(&shared->in_hands[place], 0);
	}
	if (rc != -EPIPE)
		complain("get", 0, rc);
	free(last);
	free(buffer);
	return 0;
}

/* The storm. */

static int work(void *argument)
{
	uint32_t place = ((worker *)argument)->place;

	random_state = (uint64_t)getpid() << 20 ^ (uint64_t)clock();
	return place < now.producers ? produce() : consume(place);
}

static void begin(worker *self)
{
	self->pid = 0;
	if (choose(2) == 0)
		self->pid = support_fork(work, self);
	else
		self->process = support_start(work, self);
}

static void end(worker *self)
{
	int code = 0;

	if (self->pid != 0) {
		ck_assert_int_eq(support_reap(self->pid), 0);
		return;
	}
	ck_assert_int_eq(mproc_process_join(self->process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(self->process, &code), 0);
	ck_assert_int_eq(code, 0);
	self->process = mproc_process_close(self->process);
}

/* Returns how many messages it may have taken with it. */
static uint32_t replace(worker *self)
{
	uint32_t lost;

	if (self->pid != 0)
		support_kill(self->pid);
	else
		support_kill_and_join(self->process);
	lost = atomic_exchange(&shared->in_hands[self->place], 0);
	begin(self);
	return lost;
}

static void rest(uint32_t most_microseconds)
{
	const struct timespec moment = {.tv_nsec = 1000L * choose(most_microseconds)};

	nanosleep(&moment, NULL);
}

static uint32_t choose_victim(void)
{
	if (!now.kills_consumers)
		return choose(now.producers);
	return now.kills_producers ? choose(now.producers + now.consumers)
				   : now.producers + choose(now.consumers);
}

static int64_t milliseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Whoever it is, and wherever: the others go on, or wait until it does. */
static void stop_for_a_moment(const worker *self)
{
	pid_t pid = self->pid != 0 ? self->pid : mproc_process_pid(self->process);

	support_stop(pid);
	rest(3000);
	support_go_on(pid);
}

/* Returns how many messages may be lost. */
static uint32_t rage(worker *workers)
{
	int64_t until = milliseconds() + ROUND_MILLISECONDS;
	uint32_t lost = 0;

	while (milliseconds() < until && atomic_load(&shared->wrong) == 0
		&& atomic_load(&shared->incarnations) < INCARNATIONS - 2) {
		rest(choose(8) == 0 ? 20000 : 2000);
		if (choose(8) == 0)
			stop_for_a_moment(&workers[choose(now.producers + now.consumers)]);
		lost += replace(&workers[choose_victim()]);
	}
	return lost;
}

/* What the last ones to be killed owed. */
static void drain(void)
{
	int rc = 0;

	if (!now.queue.acknowledged)
		return;
	mproci_member_sweep();
	while (rc == 0 || rc == -ETIMEDOUT || rc == -EAGAIN) {
		message *block = NULL;
		size_t size = 0;

		rc = mproc_queue_peek(queue, MPROC_FOREVER, (void **)&block, &size);
		if (rc == 0) {
			report(block, size);
			rc = mproc_queue_ack(queue, block);
		}
	}
	ck_assert_int_eq(rc, -EPIPE);
	ck_assert_int_eq(mproc_queue_join(queue, MPROC_NOW), 0);
}

static void check_ledger(uint32_t may_be_lost)
{
	uint32_t count = atomic_load(&shared->next), accepted = 0, lost = 0;

	for (uint32_t i = 0; i < count && i < LINES; ++i) {
		accepted += shared->lines[i].accepted;
		lost += shared->lines[i].accepted && shared->lines[i].got == 0;
		ck_assert_msg(!shared->lines[i].refused || shared->lines[i].got == 0,
			"message %u came out, though its put had failed", i);
	}
	ck_assert_uint_gt(accepted, 0);
	if (now.queue.acknowledged || !now.kills_consumers)
		may_be_lost = 0;
	ck_assert_msg(lost <= may_be_lost, "of %u accepted messages %u are lost, at most %u may be", accepted,
		lost, may_be_lost);
}

static void go_through_a_round(void)
{
	const uint32_t count = now.producers + now.consumers;
	worker workers[MOST_WORKERS];
	uint32_t may_be_lost;

	memset((void *)shared, 0, sizeof *shared);
	ck_assert_int_eq(mproc_queue_create(&now.queue, &queue), 0);
	for (uint32_t i = 0; i < count; ++i) {
		workers[i] = (worker){.place = i};
		begin(&workers[i]);
	}
	may_be_lost = rage(workers);
	atomic_store(&shared->is_over, 1);
	for (uint32_t i = 0; i < now.producers; ++i)
		end(&workers[i]);
	ck_assert_int_eq(mproc_queue_close(queue), 0);
	for (uint32_t i = now.producers; i < count; ++i)
		end(&workers[i]);
	drain();
	ck_assert_msg(shared->wrong == 0, "%u wrong, the first: %s", (unsigned)shared->wrong, shared->text);
	ck_assert_int_eq(mproc_queue_count(queue), 0);
	queue = mproc_queue_destroy(queue);
	check_ledger(may_be_lost);
}

static mproc_arena_usage usage(void)
{
	mproc_arena_usage in_use;

	/* Whoever died in the middle of an allocation has left it to who buries it. */
	mproci_member_sweep();
	ck_assert_int_eq(mproc_arena_stats(0, &in_use), 0);
	return in_use;
}

static void go_through(weather storm)
{
	const char *seconds = getenv("MPROC_STORM_SECONDS"), *seed = getenv("MPROC_TEST_SEED");
	int64_t until = milliseconds() + 1000 * (seconds == NULL ? USUAL_SECONDS : atoll(seconds));
	mproc_arena_usage before;

	random_state = seed == NULL ? (uint64_t)getpid() : strtoull(seed, NULL, 10);
	last = calloc(INCARNATIONS, sizeof *last);
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	now = storm;
	before = usage();
	do {
		go_through_a_round();
		ck_assert_uint_eq(usage().blocks, before.blocks);
		ck_assert_uint_eq(usage().used, before.used);
	} while (milliseconds() < until);
	mproc_free(shared);
	free(last);
}

/* Between three and three, and between one and one, who hardly ever meet another of their side. */
static void go_through_crowds_and_pairs(
	mproc_queue_options options, bool kills_producers, bool kills_consumers)
{
	go_through((weather){options, 3, 3, kills_producers, kills_consumers});
	go_through((weather){options, 1, 1, kills_producers, kills_consumers});
}

START_TEST(what_dying_producers_have_put_comes_out_once)
{
	go_through_crowds_and_pairs((mproc_queue_options){.max_messages = 100000}, true, false);
	go_through_crowds_and_pairs((mproc_queue_options){.max_messages = 3}, true, false);
}
END_TEST

START_TEST(what_dying_consumers_have_not_taken_comes_out_once)
{
	go_through_crowds_and_pairs((mproc_queue_options){.max_messages = 1000}, false, true);
}
END_TEST

START_TEST(messages_come_out_once_though_anybody_may_die)
{
	go_through_crowds_and_pairs((mproc_queue_options){.max_messages = 1000}, true, true);
	go_through_crowds_and_pairs((mproc_queue_options){.max_bytes = LARGEST}, true, true);
}
END_TEST

START_TEST(acknowledged_messages_are_never_lost)
{
	go_through_crowds_and_pairs(
		(mproc_queue_options){.acknowledged = true, .max_messages = 1000}, true, true);
	go_through_crowds_and_pairs(
		(mproc_queue_options){.acknowledged = true, .max_messages = 3}, true, true);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		what_dying_producers_have_put_comes_out_once,
		what_dying_consumers_have_not_taken_comes_out_once,
		messages_come_out_once_though_anybody_may_die,
		acknowledged_messages_are_never_lost,
		NULL,
	};
	const support_suite suite = {
		.name = "storms over queues",
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.timeout = 900,
	};

	return support_run_suite(&suite);
}
