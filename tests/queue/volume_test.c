/* SPDX-License-Identifier: MIT */
/*
 * Much at once: long backlogs, large messages, and whether their memory goes back to the system.
 */
#include "channel/memory_fixture.h"
#include "channel/queue_fixture.h"

enum {
	MEGABYTE = 1 << 20,
	/* What a queue may keep when it is empty: src/channel/ring.c, envelope.c. */
	KEPT = 24 * MEGABYTE,
	/* Of a message that lies in the ring, and of one that lies in a small block of its own. */
	SMALL = 256,
	PIECE = 1024,
};

static void create_unbounded(void)
{
	create_with((mproc_queue_options){
		.max_messages = MPROC_QUEUE_UNBOUNDED, .max_bytes = MPROC_QUEUE_UNBOUNDED});
}

static void *make_pieces(size_t size, size_t count)
{
	return calloc(count, size);
}

/* Each begins with its number. */
static void put_pieces(size_t size, uint64_t first, size_t count)
{
	char *pieces = make_pieces(size, count);
	size_t put = 0;

	for (size_t i = 0; i < count; ++i)
		*(uint64_t *)(void *)(pieces + i * size) = first + i;
	ck_assert_int_eq(mproc_queue_put_many(queue, pieces, size, count, MPROC_NOW, &put), 0);
	ck_assert_uint_eq(put, count);
	free(pieces);
}

static void get_pieces(size_t size, uint64_t first, size_t count)
{
	char *pieces = make_pieces(size, count);
	size_t got = 0, more = 0, wrong = 0;

	while (got < count) {
		ck_assert_int_eq(mproc_queue_get_many(queue, pieces + got * size, size, count - got,
					 MPROC_NOW, NULL, &more),
			0);
		got += more;
	}
	for (size_t i = 0; i < count; ++i)
		wrong += *(uint64_t *)(void *)(pieces + i * size) != first + i;
	ck_assert_uint_eq(wrong, 0);
	free(pieces);
}

/* A backlog of @megabytes in messages of @size bytes, and then none. */
static void fill_and_drain(size_t size, size_t megabytes)
{
	const size_t batch = MEGABYTE / size;

	for (size_t i = 0; i < megabytes; ++i)
		put_pieces(size, i * batch, batch);
	ck_assert_int_eq(mproc_queue_bytes(queue), (ssize_t)(megabytes * batch * size));
	for (size_t i = 0; i < megabytes; ++i)
		get_pieces(size, i * batch, batch);
	ck_assert_int_eq(mproc_queue_is_empty(queue), 1);
}

START_TEST(memory_of_a_backlog_of_small_messages_goes_back_when_it_was_got)
{
	size_t before;

	create_unbounded();
	before = memory_of_family();
	fill_and_drain(SMALL, 300);
	ck_assert_uint_le(memory_of_family(), before + KEPT);
	/* And once more. */
	fill_and_drain(8, 30);
	fill_and_drain(SMALL, 100);
	ck_assert_uint_le(memory_of_family(), before + KEPT);
}
END_TEST

START_TEST(memory_of_a_backlog_of_medium_messages_goes_back_when_it_was_got)
{
	size_t before;

	create_unbounded();
	before = memory_of_family();
	fill_and_drain(PIECE, 300);
	ck_assert_uint_le(memory_of_family(), before + KEPT);
}
END_TEST

START_TEST(memory_of_a_backlog_is_there_while_it_is)
{
	size_t before;

	create_unbounded();
	before = memory_of_family();
	for (size_t i = 0; i < 50; ++i)
		put_pieces(PIECE, i * PIECE, PIECE);
	ck_assert_uint_ge(memory_of_family(), before + 50UL * MEGABYTE);
	ck_assert_uint_le(memory_of_family(), before + 100UL * MEGABYTE);
}
END_TEST

START_TEST(memory_of_a_backlog_of_large_messages_goes_back_when_it_was_got)
{
	size_t before;

	create_unbounded();
	before = memory_of_family();
	fill_and_drain(64 << 10, 300);
	ck_assert_uint_le(memory_of_family(), before + KEPT);
	fill_and_drain(MEGABYTE, 100);
	ck_assert_uint_le(memory_of_family(), before + KEPT);
}
END_TEST

START_TEST(memory_of_all_goes_back_when_the_queue_is_destroyed)
{
	size_t before;

	create();
	destroy();
	before = memory_of_family();
	create_unbounded();
	for (size_t i = 0; i < 50; ++i) {
		put_pieces(PIECE, i * PIECE, PIECE);
		put_pieces(64 << 10, i * 16, 16);
	}
	destroy();
	ck_assert_uint_le(memory_of_family(), before + 2 * MEGABYTE);
}
END_TEST

START_TEST(message_of_forty_megabytes_comes_out_whole)
{
	const size_t size = 40UL * MEGABYTE;

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		put_filled(size, 1);
		put_filled(1, 2);
		put_filled(size, 3);
		ck_assert_int_eq(mproc_queue_bytes(queue), (ssize_t)(2 * size + 1));
		get_filled(size, 1);
		get_filled(1, 2);
		get_filled(size, 3);
		destroy();
	}
}
END_TEST

START_TEST(message_waits_until_there_is_room_for_its_bytes)
{
	support_thread producer;
	uint64_t one = 1;

	create_with((mproc_queue_options){.max_bytes = 8});
	ck_assert_int_eq(put_number(0, MPROC_NOW), 0);
	support_begin(&producer, put_a_number, &one);
	support_await_sleepers(1);
	expect_number(0);
	ck_assert_int_eq(support_end(&producer), 0);
	expect_number(1);
}
END_TEST

/* Its size goes up and down, through all levels of the ring, and what is in it is never gone. */
START_TEST(backlog_that_grows_and_shrinks_keeps_its_order)
{
	uint64_t put = 0, got = 0;

	create_unbounded();
	for (size_t wave = 1; wave < 6000; wave *= 3) {
		for (size_t i = 0; i < wave; ++i, put += 10)
			put_pieces(24 + 8 * (wave % 7), put, 10);
		for (size_t i = 0; i + 1 < wave; ++i, got += 10)
			get_pieces(24 + 8 * 6, got, 10);
	}
	while (got < put) {
		get_pieces(24 + 8 * 6, got, 10);
		got += 10;
	}
	expect_empty();
}
END_TEST

enum {
	MUCH = 10 * MEGABYTE,
};

static int put_ten_megabytes(void *unused)
{
	char piece[PIECE] = {0};
	int rc = 0;

	(void)unused;
	for (uint64_t i = 0; i < MUCH / PIECE && rc == 0; ++i) {
		memcpy(piece, &i, sizeof i);
		rc = mproc_queue_put(queue, piece, PIECE, MPROC_FOREVER);
	}
	return rc;
}

START_TEST(producer_may_put_much_and_end)
{
	create();
	ck_assert_int_eq(support_reap(support_fork(put_ten_megabytes, NULL)), 0);
	get_pieces(PIECE, 0, MUCH / PIECE);
	/* However it ends. */
	support_kill_and_join(support_start_and_keep(put_ten_megabytes, NULL));
	get_pieces(PIECE, 0, MUCH / PIECE);
	expect_empty();
}
END_TEST

/* With a bound that is too small for it, it waits for room. */
START_TEST(producer_waits_when_the_bound_is_too_small_for_what_it_puts)
{
	pid_t producer;

	create_with((mproc_queue_options){.max_messages = 100});
	producer = support_fork(put_ten_megabytes, NULL);
	support_await_sleepers(1);
	ck_assert_int_eq(mproc_queue_is_full(queue), 1);
	for (uint64_t i = 0; i < MUCH / PIECE; ++i) {
		char piece[PIECE];

		ck_assert_int_eq(mproc_queue_get(queue, piece, PIECE, MPROC_FOREVER, NULL), 0);
		ck_assert_int_eq(memcmp(piece, &i, sizeof i), 0);
	}
	ck_assert_int_eq(support_reap(producer), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		memory_of_a_backlog_of_small_messages_goes_back_when_it_was_got,
		memory_of_a_backlog_of_medium_messages_goes_back_when_it_was_got,
		memory_of_a_backlog_is_there_while_it_is,
		memory_of_a_backlog_of_large_messages_goes_back_when_it_was_got,
		memory_of_all_goes_back_when_the_queue_is_destroyed,
		message_of_forty_megabytes_comes_out_whole,
		message_waits_until_there_is_room_for_its_bytes,
		backlog_that_grows_and_shrinks_keeps_its_order,
		NULL,
	};
	const TTest *process_tests[] = {
		producer_may_put_much_and_end,
		producer_waits_when_the_bound_is_too_small_for_what_it_puts,
		NULL,
	};
	const support_suite suite = {
		.name = "volumes of queues",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = note_blocks,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
