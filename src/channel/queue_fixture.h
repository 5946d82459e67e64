/* SPDX-License-Identifier: MIT */
/*
 * channel/queue_fixture.h - what the tests of queues share: a queue for each test, messages with a pattern, and
 * the check that nothing of it stays in the arena.
 */
#ifndef CHANNEL_QUEUE_FIXTURE_H
#define CHANNEL_QUEUE_FIXTURE_H

#include "people.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/queue.h>
#include <stdlib.h>
#include <string.h>

/* Of the test; whoever it forks finds it at the same place. */
static mproc_queue *queue;

static size_t blocks_before;

static inline mproc_arena_usage arena_usage(void)
{
	mproc_arena_usage usage;

	ck_assert_int_eq(mproc_arena_stats(0, &usage), 0);
	return usage;
}

static inline size_t count_blocks(void)
{
	return arena_usage().blocks;
}

static inline size_t used_bytes(void)
{
	return arena_usage().used;
}

static inline void create_with(mproc_queue_options options)
{
	ck_assert_int_eq(mproc_queue_create(&options, &queue), 0);
}

static inline void create(void)
{
	create_with((mproc_queue_options){0});
}

static inline void create_acknowledged(void)
{
	create_with((mproc_queue_options){.acknowledged = true});
}

static inline void destroy(void)
{
	queue = mproc_queue_destroy(queue);
	ck_assert_ptr_null(queue);
}

/* Around each test: what it made is gone, but for a queue it has left, which is destroyed here. */
static inline void note_blocks(void)
{
	blocks_before = count_blocks();
}

static inline void check_blocks(void)
{
	destroy();
	ck_assert_uint_eq(count_blocks(), blocks_before);
}

static inline unsigned char pattern_at(size_t place, unsigned seed)
{
	return (unsigned char)(place * 7 + (place >> 8) + (place >> 16) * 13 + seed * 31);
}

static inline void fill(void *message, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; ++i)
		((unsigned char *)message)[i] = pattern_at(i, seed);
}

static inline bool is_filled(const void *message, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; ++i) {
		if (((const unsigned char *)message)[i] != pattern_at(i, seed))
			return false;
	}
	return true;
}

static inline void *make_message(size_t size, unsigned seed)
{
	void *message = malloc(size + 1);

	ck_assert_ptr_nonnull(message);
	fill(message, size, seed);
	return message;
}

/* A message of @size bytes, put at once. */
static inline void put_filled(size_t size, unsigned seed)
{
	void *message = make_message(size, seed);
	int rc = mproc_queue_put(queue, message, size, MPROC_NOW);

	ck_assert_msg(rc == 0, "put of %zu bytes: %d, %s", size, rc, mproc_error_text());
	free(message);
}

/* The next message is that one. */
static inline void get_filled(size_t size, unsigned seed)
{
	void *buffer = malloc(size + 1);
	size_t got = SIZE_MAX;
	int rc = mproc_queue_get(queue, buffer, size, MPROC_NOW, &got);

	ck_assert_msg(rc == 0, "get of %zu bytes: %d, %s", size, rc, mproc_error_text());
	ck_assert_uint_eq(got, size);
	ck_assert(is_filled(buffer, size, seed));
	free(buffer);
}

/* For messages that are a number. */
static inline int put_number(uint64_t number, mproc_deadline deadline)
{
	return mproc_queue_put(queue, &number, sizeof number, deadline);
}

static inline int get_number(uint64_t *ret_number, mproc_deadline deadline)
{
	return mproc_queue_get(queue, ret_number, sizeof *ret_number, deadline, NULL);
}

static inline void expect_number(uint64_t expected)
{
	uint64_t number = ~expected;
	int rc = get_number(&number, MPROC_NOW);

	ck_assert_msg(rc == 0, "get: %d, %s", rc, mproc_error_text());
	ck_assert_uint_eq(number, expected);
}

static inline void expect_empty(void)
{
	uint64_t number = 77;

	ck_assert_int_eq(get_number(&number, MPROC_NOW), -ETIMEDOUT);
	support_check_text("empty until the deadline");
	ck_assert_uint_eq(number, 77);
	ck_assert_int_eq(mproc_queue_count(queue), 0);
	ck_assert_int_eq(mproc_queue_bytes(queue), 0);
	ck_assert_int_eq(mproc_queue_is_empty(queue), 1);
}

/* Deeds for others. */

static inline int put_a_number(void *number)
{
	return put_number(*(uint64_t *)number, MPROC_FOREVER);
}

static inline int get_a_number(void *ret_number)
{
	return get_number(ret_number, MPROC_FOREVER);
}

static inline int close_it(void *unused)
{
	(void)unused;
	return mproc_queue_close(queue);
}

#endif
