/* SPDX-License-Identifier: MIT */
/*
 * conformance.h - what a queue does whoever uses it: conformance_<method>_test.c runs all of it between threads,
 * or between processes that are started by one of the methods.
 *
 * Those who work for a test share nothing with it for certain but the arena: what both use is on the board.  They
 * have no part in the test library, and tell by what they return how it went.
 */
#ifndef QUEUE_CONFORMANCE_H
#define QUEUE_CONFORMANCE_H

#include "support.h"

#include <errno.h>
#include <mproc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PRODUCERS = 3,
	CONSUMERS = 3,
	MESSAGES = 3000,
	/* Of messages in many sizes. */
	LARGEST = 1 << 20,
};

/* In the arena, new for each test. */
typedef struct board {
	mproc_queue *queue, *answers;
	/* Producers count themselves. */
	_Atomic uint32_t producers, got;
	/* Those who came before the queue was made wait here. */
	mproc_semaphore gate;
	_Atomic uint8_t seen[PRODUCERS][MESSAGES];
} board;

typedef int deed(void *shared);

/* Somebody who works for the test. */
typedef struct helper {
	deed *does;
	pthread_t thread;
	mproc_process *process;
	int result;
} helper;

/* Set by the programs: they are threads, or started by this method. */
static bool are_threads;
static mproc_start method;

static board *shared;

static void *run_thread(void *argument)
{
	helper *self = argument;

	self->result = self->does(shared);
	return NULL;
}

static void begin(helper *self, deed *does)
{
	const mproc_process_options options = {.start = method};
	int rc;

	*self = (helper){.does = does, .result = 99};
	if (are_threads)
		rc = -pthread_create(&self->thread, NULL, run_thread, self);
	else
		rc = mproc_process_start(&options, does, shared, 0, &self->process);
	ck_assert_msg(rc == 0, "begin: %d, %s", rc, mproc_error_text());
}

/* What it returns is 0. */
static void end(helper *self)
{
	if (are_threads) {
		ck_assert_int_eq(pthread_join(self->thread, NULL), 0);
	} else {
		ck_assert_int_eq(mproc_process_join(self->process, MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_process_exit_code(self->process, &self->result), 0);
		ck_assert_ptr_null(mproc_process_close(self->process));
	}
	ck_assert_int_eq(self->result, 0);
}

static void run(deed *does)
{
	helper one;

	begin(&one, does);
	end(&one);
}

static void create(mproc_queue_options options)
{
	ck_assert_int_eq(mproc_queue_create(&options, &shared->queue), 0);
}

static void destroy(void)
{
	shared->queue = mproc_queue_destroy(shared->queue);
	shared->answers = mproc_queue_destroy(shared->answers);
}

static unsigned char byte_of(size_t place, size_t seed)
{
	return (unsigned char)(place * 7 + (place >> 9) + seed * 31);
}

static void fill(void *message, size_t size, size_t seed)
{
	for (size_t i = 0; i < size; ++i)
		((unsigned char *)message)[i] = byte_of(i, seed);
}

static bool is_filled(const void *message, size_t size, size_t seed)
{
	for (size_t i = 0; i < size; ++i) {
		if (((const unsigned char *)message)[i] != byte_of(i, seed))
			return false;
	}
	return true;
}

/* Every size on both sides of a change in how messages are kept. */
static const size_t sizes[] = {
	0, 1, 7, 8, 9, 511, 512, 513, 2047, 2048, 2049, 4096, 8192, 8193, 65536, LARGEST};

static const size_t SIZES = sizeof sizes / sizeof *sizes;

static int put_all_sizes(void *argument)
{
	board *here = argument;
	char *message = malloc(LARGEST);
	int rc = 0;

	for (size_t i = 0; i < SIZES && rc == 0; ++i) {
		fill(message, sizes[i], i);
		rc = mproc_queue_put(here->queue, message, sizes[i], MPROC_FOREVER);
	}
	free(message);
	return rc;
}

static int get_all_sizes(void *argument)
{
	board *here = argument;
	char *buffer = malloc(LARGEST);
	size_t size;
	int rc = 0;

	for (size_t i = 0; i < SIZES && rc == 0; ++i) {
		rc = mproc_queue_get(here->queue, buffer, LARGEST, MPROC_FOREVER, &size);
		if (rc == 0 && (size != sizes[i] || !is_filled(buffer, size, i)))
			rc = 1;
	}
	free(buffer);
	return rc;
}

START_TEST(messages_of_all_sizes_go_to_others_and_come_from_them)
{
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		helper getter;

		create((mproc_queue_options){.acknowledged = acknowledged});
		begin(&getter, get_all_sizes);
		ck_assert_int_eq(put_all_sizes(shared), 0);
		end(&getter);
		run(put_all_sizes);
		ck_assert_int_eq(get_all_sizes(shared), 0);
		destroy();
	}
}
END_TEST

static int commit_all_sizes(void *argument)
{
	board *here = argument;

	for (size_t i = 0; i < SIZES; ++i) {
		void *block = NULL;
		int rc = mproc_queue_reserve(here->queue, sizes[i], &block);

		if (rc == 0) {
			fill(block, sizes[i], i);
			rc = mproc_queue_commit(here->queue, block, sizes[i], MPROC_FOREVER);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int peek_all_sizes(void *argument)
{
	board *here = argument;

	for (size_t i = 0; i < SIZES; ++i) {
		void *block = NULL;
		size_t size = 0;
		int rc = mproc_queue_peek(here->queue, MPROC_FOREVER, &block, &size);

		if (rc == 0 && (size != sizes[i] || !is_filled(block, size, i)))
			return 1;
		if (rc == 0)
			rc = mproc_queue_release(here->queue, block);
		if (rc < 0)
			return rc;
	}
	return 0;
}

START_TEST(blocks_go_to_others_and_come_from_them)
{
	helper getter;

	create((mproc_queue_options){0});
	begin(&getter, peek_all_sizes);
	ck_assert_int_eq(commit_all_sizes(shared), 0);
	end(&getter);
	run(commit_all_sizes);
	ck_assert_int_eq(peek_all_sizes(shared), 0);
	/* And what was put in one way is got in the other. */
	run(put_all_sizes);
	ck_assert_int_eq(peek_all_sizes(shared), 0);
	run(commit_all_sizes);
	ck_assert_int_eq(get_all_sizes(shared), 0);
}
END_TEST

/* Who put it, and how many it had put before. */
typedef struct note {
	uint32_t producer, number;
} note;

static int produce(void *argument)
{
	board *here = argument;
	note next = {.producer = atomic_fetch_add(&here->producers, 1)};
	int rc = 0;

	for (; next.number < MESSAGES && rc == 0; ++next.number)
		rc = mproc_queue_put(here->queue, &next, sizeof next, MPROC_FOREVER);
	return rc;
}

static int produce_many(void *argument)
{
	board *here = argument;
	uint32_t self = atomic_fetch_add(&here->producers, 1), done = 0;
	int rc = 0;

	while (done < MESSAGES && rc == 0) {
		note notes[16];
		size_t put = 0, count = MESSAGES - done < 16 ? MESSAGES - done : 16;

		for (uint32_t i = 0; i < count; ++i)
			notes[i] = (note){self, done + i};
		rc = mproc_queue_put_many(here->queue, notes, sizeof *notes, count, MPROC_FOREVER, &put);
		done += (uint32_t)put;
	}
	return rc;
}

/* Each consumer sees those of each producer in their order, and each is seen once. */
static int check_note(board *here, uint32_t next[PRODUCERS], const note *got)
{
	if (got->producer >= PRODUCERS || got->number >= MESSAGES || got->number < next[got->producer])
		return 1;
	next[got->producer] = got->number + 1;
	atomic_fetch_add(&here->got, 1);
	return atomic_fetch_add(&here->seen[got->producer][got->number], 1) == 0 ? 0 : 2;
}

static int consume(void *argument)
{
	board *here = argument;
	uint32_t next[PRODUCERS] = {0};
	note got;
	int rc;

	while ((rc = mproc_queue_get(here->queue, &got, sizeof got, MPROC_FOREVER, NULL)) == 0) {
		rc = check_note(here, next, &got);
		if (rc == 0)
			rc = mproc_queue_task_done(here->queue);
		if (rc != 0)
			return rc;
	}
	return rc == -EPIPE ? 0 : rc;
}

static int consume_many(void *argument)
{
	board *here = argument;
	uint32_t next[PRODUCERS] = {0};
	size_t count;
	note got[10];
	int rc;

	while ((rc = mproc_queue_get_many(here->queue, got, sizeof *got, 10, MPROC_FOREVER, NULL, &count))
		== 0) {
		for (size_t i = 0; i < count && rc == 0; ++i)
			rc = check_note(here, next, &got[i]);
		if (rc != 0)
			return rc;
	}
	return rc == -EPIPE ? 0 : rc;
}

static void check_crowd(mproc_queue_options options, deed *puts, deed *gets)
{
	helper producers[PRODUCERS], consumers[CONSUMERS];

	memset((void *)shared->seen, 0, sizeof shared->seen);
	shared->producers = shared->got = 0;
	create(options);
	for (int i = 0; i < CONSUMERS; ++i)
		begin(&consumers[i], gets);
	for (int i = 0; i < PRODUCERS; ++i)
		begin(&producers[i], puts);
	for (int i = 0; i < PRODUCERS; ++i)
		end(&producers[i]);
	if (gets == consume)
		ck_assert_int_eq(mproc_queue_join(shared->queue, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_queue_close(shared->queue), 0);
	for (int i = 0; i < CONSUMERS; ++i)
		end(&consumers[i]);
	ck_assert_uint_eq(shared->got, PRODUCERS * MESSAGES);
	destroy();
}

START_TEST(all_that_many_put_comes_out_once_and_in_the_order_of_each)
{
	check_crowd((mproc_queue_options){0}, produce, consume);
	check_crowd((mproc_queue_options){.max_messages = 3}, produce, consume);
	check_crowd((mproc_queue_options){.acknowledged = true}, produce, consume);
	check_crowd((mproc_queue_options){.acknowledged = true, .max_messages = 3}, produce, consume);
	check_crowd((mproc_queue_options){0}, produce_many, consume_many);
	check_crowd((mproc_queue_options){.max_bytes = 80}, produce_many, consume_many);
	check_crowd((mproc_queue_options){.max_messages = 20}, produce, consume_many);
	check_crowd((mproc_queue_options){.max_messages = 20}, produce_many, consume);
}
END_TEST

static int answer_questions(void *argument)
{
	board *here = argument;
	uint64_t number;
	int rc;

	while ((rc = mproc_queue_get(here->queue, &number, sizeof number, MPROC_FOREVER, NULL)) == 0) {
		number *= number;
		rc = mproc_queue_put(here->answers, &number, sizeof number, MPROC_FOREVER);
		if (rc != 0)
			return rc;
	}
	return rc == -EPIPE ? 0 : rc;
}

static void ask(uint64_t number)
{
	uint64_t answer = 0;

	ck_assert_int_eq(mproc_queue_put(shared->queue, &number, sizeof number, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_queue_get(shared->answers, &answer, sizeof answer, MPROC_FOREVER, NULL), 0);
	ck_assert_uint_eq(answer, number * number);
}

START_TEST(questions_are_answered)
{
	helper other;

	create((mproc_queue_options){.max_messages = 1});
	ck_assert_int_eq(mproc_queue_create(NULL, &shared->answers), 0);
	begin(&other, answer_questions);
	for (uint64_t i = 0; i < 1000; ++i)
		ask(i);
	ck_assert_int_eq(mproc_queue_close(shared->queue), 0);
	end(&other);
}
END_TEST

/* Of those who are there already. */
static int answer_when_let_through(void *argument)
{
	board *here = argument;
	int rc = mproc_semaphore_acquire(&here->gate, MPROC_FOREVER);

	return rc == 0 ? answer_questions(argument) : rc;
}

START_TEST(members_older_than_the_queue_use_it)
{
	helper old[2];

	for (int i = 0; i < 2; ++i)
		begin(&old[i], answer_when_let_through);
	create((mproc_queue_options){0});
	ck_assert_int_eq(mproc_queue_create(NULL, &shared->answers), 0);
	ck_assert_int_eq(mproc_semaphore_release(&shared->gate, 2), 0);
	for (uint64_t i = 0; i < 200; ++i)
		ask(i);
	ck_assert_int_eq(mproc_queue_close(shared->queue), 0);
	for (int i = 0; i < 2; ++i)
		end(&old[i]);
}
END_TEST

static int make_queues(void *argument)
{
	board *here = argument;
	int rc = mproc_queue_create(NULL, &here->queue);

	if (rc == 0)
		rc = mproc_queue_create(NULL, &here->answers);
	return rc == 0 ? mproc_queue_put(here->queue, "from its maker", 15, MPROC_NOW) : rc;
}

START_TEST(queue_outlives_its_maker)
{
	char text[15];
	helper other;

	run(make_queues);
	ck_assert_int_eq(mproc_queue_get(shared->queue, text, sizeof text, MPROC_NOW, NULL), 0);
	ck_assert_str_eq(text, "from its maker");
	begin(&other, answer_questions);
	for (uint64_t i = 0; i < 100; ++i)
		ask(i);
	ck_assert_int_eq(mproc_queue_close(shared->queue), 0);
	end(&other);
}
END_TEST

static int put_pointers(void *argument)
{
	board *here = argument;
	int rc = 0;

	for (uint64_t i = 0; i < 100 && rc == 0; ++i) {
		uint64_t *number = mproc_alloc(sizeof *number);

		*number = i;
		rc = mproc_queue_put(here->queue, &number, sizeof(number), MPROC_FOREVER);
	}
	return rc;
}

START_TEST(pointers_are_messages)
{
	create((mproc_queue_options){0});
	run(put_pointers);
	for (uint64_t i = 0; i < 100; ++i) {
		uint64_t *number;

		ck_assert_int_eq(mproc_queue_get(shared->queue, &number, sizeof(number), MPROC_NOW, NULL), 0);
		ck_assert_uint_eq(*number, i);
		ck_assert_int_eq(mproc_free(number), 0);
	}
}
END_TEST

enum {
	MUCH = 10 << 20,
	PIECE = 1000,
};

static int put_much(void *argument)
{
	board *here = argument;
	char piece[PIECE];
	int rc = 0;

	for (size_t i = 0; i < MUCH / PIECE && rc == 0; ++i) {
		fill(piece, PIECE, i);
		rc = mproc_queue_put(here->queue, piece, PIECE, MPROC_FOREVER);
	}
	return rc;
}

START_TEST(producer_of_ten_megabytes_is_joined_before_they_are_got)
{
	char piece[PIECE];

	create((mproc_queue_options){0});
	run(put_much);
	ck_assert_int_eq(mproc_queue_count(shared->queue), MUCH / PIECE);
	ck_assert_int_eq(mproc_queue_bytes(shared->queue), MUCH / PIECE * PIECE);
	for (size_t i = 0; i < MUCH / PIECE; ++i) {
		ck_assert_int_eq(mproc_queue_get(shared->queue, piece, PIECE, MPROC_NOW, NULL), 0);
		ck_assert(is_filled(piece, PIECE, i));
	}
	ck_assert_int_eq(mproc_queue_is_empty(shared->queue), 1);
}
END_TEST

static int get_and_end(void *argument)
{
	board *here = argument;
	note got;

	return mproc_queue_get(here->queue, &got, sizeof got, MPROC_FOREVER, NULL);
}

START_TEST(what_was_not_acknowledged_when_its_consumer_ended_is_delivered_again)
{
	note message = {3, 4}, got = {0};

	create((mproc_queue_options){.acknowledged = true});
	ck_assert_int_eq(mproc_queue_put(shared->queue, &message, sizeof message, MPROC_NOW), 0);
	for (int i = 0; i < 3; ++i)
		run(get_and_end);
	ck_assert_int_eq(mproc_queue_get(shared->queue, &got, sizeof got, MPROC_FOREVER, NULL), 0);
	ck_assert_uint_eq(got.number, 4);
	ck_assert_int_eq(mproc_queue_deliveries(shared->queue, NULL), 4);
	ck_assert_int_eq(mproc_queue_ack(shared->queue, NULL), 0);
	ck_assert_int_eq(mproc_queue_join(shared->queue, MPROC_NOW), 0);
}
END_TEST

static int use_and_end(void *argument)
{
	board *here = argument;
	uint64_t number = 7;
	int rc = mproc_queue_put(here->queue, &number, sizeof number, MPROC_FOREVER);

	if (rc == 0)
		rc = mproc_queue_get(here->queue, &number, sizeof number, MPROC_FOREVER, NULL);
	return rc == 0 ? mproc_queue_task_done(here->queue) : rc;
}

START_TEST(many_come_and_go)
{
	enum {
		AT_ONCE = 4
	};
	helper all[AT_ONCE];

	create((mproc_queue_options){.max_messages = 2});
	for (int round = 0; round < 15; ++round) {
		for (int i = 0; i < AT_ONCE; ++i)
			begin(&all[i], use_and_end);
		for (int i = 0; i < AT_ONCE; ++i)
			end(&all[i]);
	}
	ck_assert_int_eq(mproc_queue_count(shared->queue), 0);
	ck_assert_int_eq(mproc_queue_join(shared->queue, MPROC_NOW), 0);
}
END_TEST

static size_t blocks_before;

static size_t count_blocks(void)
{
	mproc_arena_usage usage;

	ck_assert_int_eq(mproc_arena_stats(0, &usage), 0);
	return usage.blocks;
}

static int return_0(void *unused)
{
	(void)unused;
	return 0;
}

/* What the first of them opens for good. */
static void warm_up(void)
{
	mproc_free(mproc_alloc(1));
	run(return_0);
}

static void make_board(void)
{
	blocks_before = count_blocks();
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	ck_assert_int_eq(mproc_semaphore_init(&shared->gate, 0, NULL), 0);
}

static void free_board(void)
{
	destroy();
	mproc_semaphore_destroy(&shared->gate);
	ck_assert_int_eq(mproc_free(shared), 0);
	ck_assert_uint_eq(count_blocks(), blocks_before);
}

/* Returns what main returns. */
static inline int run_conformance(const char *name)
{
	const TTest *tests[] = {
		messages_of_all_sizes_go_to_others_and_come_from_them,
		blocks_go_to_others_and_come_from_them,
		all_that_many_put_comes_out_once_and_in_the_order_of_each,
		questions_are_answered,
		members_older_than_the_queue_use_it,
		queue_outlives_its_maker,
		pointers_are_messages,
		producer_of_ten_megabytes_is_joined_before_they_are_got,
		many_come_and_go,
		NULL,
	};
	const TTest *of_processes[] = {
		what_was_not_acknowledged_when_its_consumer_ended_is_delivered_again,
		NULL,
	};
	const support_suite suite = {
		.name = name,
		.tests = are_threads ? tests : of_processes,
		.process_tests = are_threads ? NULL : tests,
		.warm_up = warm_up,
		.setup = make_board,
		.teardown = free_board,
	};

	return support_run_suite(&suite);
}

/* The same between processes. */
static inline int run_conformance_of_processes(int argc, char **argv, const char *name, mproc_start start)
{
	method = start;
	/* ThreadSanitizer has a thread of its own from the beginning, and does not see through processes. */
	if (support_threads_only())
		return EXIT_SUCCESS;
	if (mproc_init(argc, argv) != 0) {
		fprintf(stderr, "%s: mproc_init: %s\n", name, mproc_error_text());
		return EXIT_FAILURE;
	}
	return run_conformance(name);
}

#endif
