/* SPDX-License-Identifier: MIT */
#include "channel/ring.h"

#include "channel/memory_fixture.h"
#include "family/thread.h"
#include "people.h"
#include "support.h"

#include <mproc/arena.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Bytes of the lowest level. */
	LOWEST = 16 << 10,
	MOST = 2048,
};

/* In the arena, as in a queue; one thread is producer and consumer. */
static struct both {
	_Alignas(64) mproci_side producers;
	_Alignas(64) mproci_side consumers;
	mproci_ring ring;
	uint64_t next_put, next_got;
} * both;

static size_t blocks_before;

static size_t count_blocks(void)
{
	mproc_arena_usage usage;

	ck_assert_int_eq(mproc_arena_stats(0, &usage), 0);
	return usage.blocks;
}

static void make_ring(void)
{
	blocks_before = count_blocks();
	both = mproc_aligned_alloc(_Alignof(struct both), sizeof *both);
	ck_assert_ptr_nonnull(both);
	memset((void *)both, 0, sizeof *both);
	ck_assert_int_eq(mproci_side_init(&both->producers, MPROCI_LOCK_OF_PRODUCERS), 0);
	ck_assert_int_eq(mproci_side_init(&both->consumers, MPROCI_LOCK_OF_CONSUMERS), 0);
	ck_assert_int_eq(mproci_ring_init(&both->ring), 0);
}

static void destroy_ring(void)
{
	mproci_ring_destroy(&both->ring);
	ck_assert_int_eq(mproc_free(both), 0);
	ck_assert_uint_eq(count_blocks(), blocks_before);
}

/* The size of a message, which its number tells. */
static size_t usual_size(uint64_t number)
{
	return number * 2654435761U % (MOST + 1);
}

static size_t (*size_of)(uint64_t number) = usual_size;

static size_t constant;

static size_t constant_size(uint64_t number)
{
	(void)number;
	return constant;
}

/* All its bytes are the same. */
static unsigned char byte_of(uint64_t number)
{
	return (unsigned char)(number * 37 + 1);
}

/* As a queue does: several may be written before they pass; what cannot be among them passes first. */
static int write_one(mproci_totals *totals)
{
	size_t size = size_of(both->next_put);
	mproci_record record;
	int rc;

	while ((rc = mproci_ring_extend(&both->ring, &both->producers, &both->consumers, totals->position,
			MPROCI_RECORD_INLINE, size, &record))
		== -EAGAIN) {
		if (totals->position != atomic_load(&both->producers.position))
			mproci_side_pass(&both->producers, *totals);
		else if (mproci_ring_climb(&both->ring, &both->producers) < 0)
			return -ENOMEM;
	}
	if (rc < 0)
		return rc;
	memset(record.payload, byte_of(both->next_put), size);
	*totals = (mproci_totals){record.next, totals->messages + 1, totals->bytes + size};
	++both->next_put;
	return 0;
}

static void put(uint64_t count, uint64_t batch)
{
	mproci_totals totals = mproci_side_own(&both->producers);

	for (uint64_t i = 1; i <= count; ++i) {
		ck_assert_int_eq(write_one(&totals), 0);
		if (i % batch == 0 || i == count)
			mproci_side_pass(&both->producers, totals);
	}
}

static bool is_whole(const mproci_record *record, uint64_t number)
{
	const unsigned char *payload = record->payload;

	if (record->kind != MPROCI_RECORD_INLINE || record->size != size_of(number))
		return false;
	return record->size == 0
	       || (payload[0] == byte_of(number) && memcmp(payload, payload + 1, record->size - 1) == 0);
}

static void read_one(mproci_totals *totals)
{
	mproci_record record;
	int rc;

	do {
		rc = mproci_ring_read(
			&both->ring, &both->consumers, &both->producers, totals->position, &record);
		if (rc == -EAGAIN && totals->position != atomic_load(&both->consumers.position))
			mproci_side_pass(&both->consumers, *totals);
	} while (rc == -EAGAIN);
	ck_assert_msg(rc == 0, "message %llu: %d", (unsigned long long)both->next_got, rc);
	ck_assert_msg(is_whole(&record, both->next_got), "message %llu, of %zu bytes, is not whole",
		(unsigned long long)both->next_got, size_of(both->next_got));
	*totals = (mproci_totals){record.next, totals->messages + 1, totals->bytes + record.size};
	++both->next_got;
}

static void get(uint64_t count, uint64_t batch)
{
	mproci_totals totals = mproci_side_own(&both->consumers);

	both->consumers.seen.position = atomic_load(&both->producers.position);
	for (uint64_t i = 1; i <= count; ++i) {
		read_one(&totals);
		if (i % batch == 0 || i == count)
			mproci_side_pass(&both->consumers, totals);
	}
}

static bool is_empty(void)
{
	return atomic_load(&both->producers.position) == atomic_load(&both->consumers.position);
}

static void get_all(void)
{
	get(both->next_put - both->next_got, 5);
	ck_assert(is_empty());
}

static uint32_t level(void)
{
	return atomic_load(&both->producers.level);
}

static void shrink(void)
{
	mproci_ring_shrink(&both->ring, &both->consumers, &both->producers);
}

START_TEST(records_come_out_as_they_were_written)
{
	for (uint64_t i = 0; i < 20000; ++i) {
		put(1, 1);
		get(1, 1);
	}
	ck_assert_uint_eq(level(), 0);
}
END_TEST

START_TEST(records_of_every_size_go_around_the_end_of_the_ring)
{
	size_of = constant_size;
	for (constant = 0; constant <= MOST; constant += constant < 40 ? 1 : 61) {
		uint64_t twice = 2 * LOWEST / (constant + 8) + 3;

		for (uint64_t i = 0; i < twice; ++i) {
			put(1, 1);
			get(1, 1);
		}
	}
	ck_assert_uint_eq(level(), 0);
}
END_TEST

/* From each place where a record can begin: 8 bytes apart. */
START_TEST(largest_record_goes_around_from_every_place)
{
	size_of = constant_size;
	for (unsigned place = 0; place < LOWEST / 8; ++place) {
		constant = 0;
		put(1, 1);
		get(1, 1);
		constant = MOST;
		put(2, 2);
		get(2, 2);
	}
	ck_assert_uint_eq(level(), 0);
}
END_TEST

START_TEST(batches_of_every_length_come_out_whole)
{
	for (uint64_t length = 1; length < 40; ++length) {
		for (uint64_t batch = 1; batch <= length; batch += 3) {
			put(length, batch);
			get(length, length + 1 - batch);
		}
		shrink();
	}
	ck_assert(is_empty());
}
END_TEST

START_TEST(ring_that_is_full_to_the_last_byte_stays_in_its_level)
{
	size_of = constant_size;
	constant = 8;
	for (int round = 0; round < 3; ++round) {
		put(LOWEST / 16, 7);
		ck_assert_uint_eq(level(), 0);
		get(1, 1);
		put(1, 1);
		ck_assert_uint_eq(level(), 0);
		get_all();
	}
	put(LOWEST / 16, 7);
	put(1, 1);
	ck_assert_uint_eq(level(), 1);
	get_all();
}
END_TEST

START_TEST(ring_grows_through_its_levels_and_begins_anew)
{
	for (int round = 0; round < 3; ++round) {
		uint32_t highest = 0;

		while (highest < 11) {
			put(97, 10);
			ck_assert_uint_ge(level(), highest);
			highest = level();
		}
		get_all();
		ck_assert_uint_eq(level(), highest);
		shrink();
		ck_assert_uint_eq(level(), 0);
		ck_assert_uint_eq(atomic_load(&both->consumers.level), 0);
		put(3, 1);
		get_all();
	}
}
END_TEST

START_TEST(ring_that_is_never_empty_keeps_its_order_while_it_grows)
{
	uint64_t random = 12345;

	for (int i = 0; i < 20000; ++i) {
		uint64_t in = both->next_put - both->next_got;

		random = random * 6364136223846793005U + 1442695040888963407U;
		/* More in than out. */
		put((random >> 33) % 40, 1 + (random >> 40) % 13);
		get((random >> 50) % (in < 38 ? in + 1 : 38), 1 + (random >> 45) % 13);
	}
	ck_assert_uint_gt(level(), 4);
	get_all();
	shrink();
	ck_assert_uint_eq(level(), 0);
}
END_TEST

START_TEST(memory_of_a_long_backlog_goes_back_when_it_is_gone)
{
	size_t before = memory_of_family(), at_most;

	put(30000, 10);
	at_most = memory_of_family();
	ck_assert_uint_ge(at_most, before + (20 << 20));
	get_all();
	shrink();
	ck_assert_uint_le(memory_of_family(), before + (4 << 20));
	/* Again, with what is there. */
	put(30000, 10);
	ck_assert_uint_le(memory_of_family(), at_most + (4 << 20));
	get_all();
	shrink();
	ck_assert_uint_le(memory_of_family(), before + (4 << 20));
}
END_TEST

START_TEST(ring_does_not_begin_anew_while_something_is_in_it)
{
	uint32_t before;

	put(1000, 10);
	before = level();
	ck_assert_uint_gt(before, 0);
	get(999, 5);
	shrink();
	ck_assert_uint_eq(level(), before);
	get_all();
	shrink();
	ck_assert_uint_eq(level(), 0);
}
END_TEST

static int shrink_it(void *unused)
{
	(void)unused;
	shrink();
	return 0;
}

START_TEST(ring_does_not_begin_anew_while_somebody_is_putting)
{
	_Atomic uintptr_t *inside;

	put(1000, 10);
	get_all();
	inside = mproci_thread_enters(both);
	ck_assert_int_eq(mproci_biased_lock_take(&both->producers.lock, MPROC_FOREVER), 0);
	support_in_thread(shrink_it, NULL);
	ck_assert_uint_gt(level(), 0);
	mproci_biased_lock_release(&both->producers.lock);
	atomic_store(inside, 0);
	support_in_thread(shrink_it, NULL);
	ck_assert_uint_eq(level(), 0);
}
END_TEST

/* Somebody was killed between the two stores that begin anew. */
START_TEST(ring_that_has_begun_anew_on_one_side_goes_on)
{
	for (int round = 0; round < 3; ++round) {
		uint64_t position;

		put(1000, 10);
		get_all();
		position = atomic_load(&both->producers.position);
		both->consumers.limit = 0;
		both->producers.limit = 0;
		for (uint32_t i = 0; i <= level(); ++i)
			atomic_store(&both->ring.levels[i].start, position);
		atomic_store(&both->consumers.level, 0);
		put(1000, 10);
		get_all();
		shrink();
		ck_assert_uint_eq(level(), 0);
	}
}
END_TEST

/* Whoever was killed with a lock: the next one does not believe in what it finds of the pieces. */
START_TEST(pieces_may_be_forgotten_at_any_time)
{
	for (int i = 0; i < 3000; ++i) {
		put(7, 3);
		both->producers.limit = 0;
		get(i % 2 == 0 ? 6 : 7, 2);
		both->consumers.limit = 0;
	}
	get_all();
}
END_TEST

static void check_refused(int fill)
{
	mproci_record record;

	put(2, 1);
	memset(atomic_load(&both->ring.levels[0].memory), fill, LOWEST);
	both->consumers.seen.position = atomic_load(&both->producers.position);
	ck_assert_int_eq(
		mproci_ring_read(&both->ring, &both->consumers, &both->producers, 0, &record), -EBADMSG);
	support_check_text("at position 0 is no message: its memory was overwritten");
}

START_TEST(what_was_never_written_is_no_record)
{
	check_refused(0);
}
END_TEST

START_TEST(record_that_is_longer_than_the_ring_is_none)
{
	check_refused(0xff);
}
END_TEST

START_TEST(record_that_is_longer_than_what_was_put_is_none)
{
	mproci_record record;

	size_of = constant_size;
	constant = 8;
	put(2, 1);
	mproci_record_begin(atomic_load(&both->ring.levels[0].memory), MPROCI_RECORD_INLINE, 25);
	both->consumers.seen.position = atomic_load(&both->producers.position);
	ck_assert_int_eq(
		mproci_ring_read(&both->ring, &both->consumers, &both->producers, 0, &record), -EBADMSG);
}
END_TEST

START_TEST(gap_that_leads_to_nothing_is_no_record)
{
	mproci_record record;

	size_of = constant_size;
	constant = 8;
	put(1, 1);
	mproci_record_begin(atomic_load(&both->ring.levels[0].memory), MPROCI_RECORD_GAP, 8);
	both->consumers.seen.position = atomic_load(&both->producers.position);
	ck_assert_int_ne(mproci_ring_read(&both->ring, &both->consumers, &both->producers, 0, &record), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		records_come_out_as_they_were_written,
		records_of_every_size_go_around_the_end_of_the_ring,
		largest_record_goes_around_from_every_place,
		batches_of_every_length_come_out_whole,
		ring_that_is_full_to_the_last_byte_stays_in_its_level,
		ring_grows_through_its_levels_and_begins_anew,
		ring_that_is_never_empty_keeps_its_order_while_it_grows,
		memory_of_a_long_backlog_goes_back_when_it_is_gone,
		ring_does_not_begin_anew_while_something_is_in_it,
		ring_does_not_begin_anew_while_somebody_is_putting,
		ring_that_has_begun_anew_on_one_side_goes_on,
		pieces_may_be_forgotten_at_any_time,
		what_was_never_written_is_no_record,
		record_that_is_longer_than_the_ring_is_none,
		record_that_is_longer_than_what_was_put_is_none,
		gap_that_leads_to_nothing_is_no_record,
		NULL,
	};
	const support_suite suite = {
		.name = "ring",
		.tests = tests,
		.setup = make_ring,
		.teardown = destroy_ring,
	};

	return support_run_suite(&suite);
}
