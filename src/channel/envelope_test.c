/* SPDX-License-Identifier: MIT */
#include "channel/envelope.h"

#include "family/member.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <string.h>

enum {
	/* There at first, when there are any. */
	FIRST = 64,
};

/* In the arena, as in a queue. */
static struct shelf {
	mproci_envelopes envelopes;
	mproci_returned returned;
} * shelf;

static size_t blocks_before;

static mproc_arena_usage usage(void)
{
	mproc_arena_usage now;

	ck_assert_int_eq(mproc_arena_stats(0, &now), 0);
	return now;
}

static void make_shelf(void)
{
	blocks_before = usage().blocks;
	shelf = mproc_calloc(1, sizeof *shelf);
	ck_assert_ptr_nonnull(shelf);
}

static void destroy_shelf(void)
{
	mproci_envelope_destroy(&shelf->envelopes);
	ck_assert_int_eq(mproc_free(shelf), 0);
	ck_assert_uint_eq(usage().blocks, blocks_before);
}

static void grow(void)
{
	ck_assert_int_eq(mproci_envelope_grow(&shelf->envelopes), 0);
}

static mproci_envelope *take(size_t size)
{
	mproci_envelope *envelope = mproci_envelope_take(&shelf->envelopes);

	if (envelope == NULL) {
		grow();
		envelope = mproci_envelope_take(&shelf->envelopes);
	}
	ck_assert_ptr_nonnull(envelope);
	ck_assert(mproci_envelope_is_own(envelope, MPROCI_ENVELOPE_FILLING));
	ck_assert_int_eq(mproci_envelope_fit(&shelf->envelopes, envelope, size), 0);
	envelope->size = size;
	return envelope;
}

static void release(mproci_envelope *envelope)
{
	mproci_envelope_release(&shelf->envelopes, envelope);
}

static mproci_envelope_state state_of(const mproci_envelope *envelope)
{
	return mproci_envelope_state_of(atomic_load(&envelope->word));
}

START_TEST(there_is_none_at_first)
{
	ck_assert_ptr_null(mproci_envelope_take(&shelf->envelopes));
	ck_assert_ptr_null(mproci_envelope_find(&shelf->envelopes, 0));
	ck_assert_ptr_null(mproci_envelope_find(&shelf->envelopes, UINT64_MAX));
}
END_TEST

START_TEST(each_is_at_its_number_however_many_there_are)
{
	uint32_t count = 0;

	while (count < 5000) {
		grow();
		ck_assert_uint_eq(atomic_load(&shelf->envelopes.count), count == 0 ? FIRST : 2 * count);
		count = atomic_load(&shelf->envelopes.count);
	}
	for (uint32_t i = 0; i < count; ++i) {
		mproci_envelope *envelope = mproci_envelope_find(&shelf->envelopes, i);

		ck_assert_ptr_nonnull(envelope);
		ck_assert_ptr_eq(envelope, mproci_envelope_at(&shelf->envelopes, i));
		ck_assert_uint_eq(envelope->index, i);
		ck_assert_int_eq(state_of(envelope), MPROCI_ENVELOPE_FREE);
	}
	ck_assert_ptr_null(mproci_envelope_find(&shelf->envelopes, count));
}
END_TEST

START_TEST(each_is_taken_once)
{
	enum {
		ALL = 4 * FIRST
	};
	mproci_envelope *taken[ALL];

	for (int i = 0; i < ALL; ++i)
		taken[i] = take(8);
	ck_assert_ptr_null(mproci_envelope_take(&shelf->envelopes));
	for (int i = 0; i < ALL; ++i) {
		for (int k = 0; k < i; ++k)
			ck_assert_ptr_ne(taken[i], taken[k]);
	}
	/* Each that is free again is found, wherever it is. */
	for (int i = 0; i < ALL; ++i) {
		int one = i * 37 % ALL;

		release(taken[one]);
		ck_assert_ptr_eq(mproci_envelope_take(&shelf->envelopes), taken[one]);
		ck_assert_ptr_null(mproci_envelope_take(&shelf->envelopes));
	}
	for (int i = 0; i < ALL; ++i)
		release(taken[i]);
}
END_TEST

START_TEST(message_has_room_for_as_much_as_was_asked_for)
{
	const size_t sizes[] = {0, 1, 100, 2048, 100, 5000, 1 << 20, 3, 5 << 20, 0};
	mproci_envelope *envelope = take(0);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		ck_assert_int_eq(mproci_envelope_fit(&shelf->envelopes, envelope, sizes[i]), 0);
		ck_assert_uint_ge(envelope->capacity, sizes[i]);
		ck_assert_uint_ge(
			mproc_usable_size((char *)mproci_envelope_message(envelope) - 16), 16 + sizes[i]);
		ck_assert_uint_eq((uintptr_t)mproci_envelope_message(envelope) % 16, 0);
		memset(mproci_envelope_message(envelope), 0xff, sizes[i]);
		ck_assert_ptr_eq(
			mproci_envelope_of(&shelf->envelopes, mproci_envelope_message(envelope)), envelope);
	}
	release(envelope);
}
END_TEST

START_TEST(fit_beyond_all_memory_fails_and_leaves_the_envelope_usable)
{
	const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 16, SIZE_MAX - 15, SIZE_MAX / 2};
	mproci_envelope *envelope = take(100);

	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; ++i)
		ck_assert_int_eq(mproci_envelope_fit(&shelf->envelopes, envelope, impossible[i]), -ENOMEM);
	ck_assert_int_eq(mproci_envelope_fit(&shelf->envelopes, envelope, 100), 0);
	memset(mproci_envelope_message(envelope), 1, 100);
	release(envelope);
}
END_TEST

/* So that what a few queues keep is bounded. */
START_TEST(what_free_ones_keep_is_bounded)
{
	enum {
		ALL = 200
	};
	mproci_envelope *taken[ALL];
	size_t before;

	release(take(1));
	before = usage().used;
	for (int i = 0; i < ALL; ++i)
		taken[i] = take(1 << 20);
	ck_assert_uint_ge(usage().used, before + ((size_t)ALL << 20));
	for (int i = 0; i < ALL; ++i)
		release(taken[i]);
	ck_assert_uint_le(usage().used, before + (10 << 20));
}
END_TEST

START_TEST(what_is_no_message_has_no_envelope)
{
	uint64_t on_the_stack[4] = {0}, *allocated = mproc_calloc(4, sizeof *allocated);
	mproci_envelope *envelope = take(5000);
	char *message = mproci_envelope_message(envelope);
	const void *const none[] = {NULL, &on_the_stack[2], &allocated[2], allocated, message + 1,
		message - 16, message + 16, (void *)16, (void *)17, (void *)UINTPTR_MAX,
		(void *)(UINTPTR_MAX - 15), shelf};

	for (size_t i = 0; i < sizeof none / sizeof *none; ++i)
		ck_assert_ptr_null(mproci_envelope_of(&shelf->envelopes, none[i]));
	ck_assert_ptr_eq(mproci_envelope_of(&shelf->envelopes, message), envelope);
	atomic_store(&envelope->word, mproci_envelope_word(MPROCI_ENVELOPE_QUEUED, 0, 0));
	ck_assert_ptr_null(mproci_envelope_of(&shelf->envelopes, message));
	release(envelope);
	ck_assert_ptr_null(mproci_envelope_of(&shelf->envelopes, message));
	mproc_free(allocated);
}
END_TEST

START_TEST(word_holds_state_owner_and_deliveries)
{
	for (int state = MPROCI_ENVELOPE_FREE; state <= MPROCI_ENVELOPE_RETURNED; ++state) {
		uint64_t word = mproci_envelope_word((mproci_envelope_state)state, 0xfedcba98, 0xabcdef);

		ck_assert_int_eq(mproci_envelope_state_of(word), state);
		ck_assert_uint_eq(mproci_envelope_owner_of(word), 0xfedcba98);
		ck_assert_uint_eq(mproci_envelope_deliveries_of(word), 0xabcdef);
	}
}
END_TEST

START_TEST(deliveries_beyond_what_can_be_counted_are_the_most)
{
	mproci_envelope *envelope = take(1);

	atomic_store(&envelope->word,
		mproci_envelope_word(MPROCI_ENVELOPE_QUEUED, 0, MPROCI_ENVELOPE_MOST_DELIVERIES - 1));
	for (int i = 0; i < 3; ++i) {
		mproci_envelope_deliver(envelope, MPROCI_ENVELOPE_OWED);
		ck_assert(mproci_envelope_is_own(envelope, MPROCI_ENVELOPE_OWED));
		ck_assert_uint_eq(mproci_envelope_deliveries_of(atomic_load(&envelope->word)),
			MPROCI_ENVELOPE_MOST_DELIVERIES);
	}
	release(envelope);
}
END_TEST

static mproci_envelope *owe(size_t size)
{
	mproci_envelope *envelope = take(size);

	mproci_envelope_deliver(envelope, MPROCI_ENVELOPE_OWED);
	return envelope;
}

START_TEST(returned_ones_are_redelivered_the_last_first)
{
	mproci_envelope *owed[5];

	ck_assert_ptr_null(mproci_envelope_redeliver(&shelf->envelopes, &shelf->returned));
	for (unsigned i = 0; i < 5; ++i)
		owed[i] = owe(i + 10);
	for (unsigned i = 0; i < 5; ++i) {
		mproci_envelope_return(owed[i], &shelf->returned);
		ck_assert_int_eq(state_of(owed[i]), MPROCI_ENVELOPE_RETURNED);
		ck_assert_uint_eq(shelf->returned.count, i + 1);
	}
	ck_assert_uint_eq(shelf->returned.bytes, 60);
	for (int i = 4; i >= 0; --i) {
		ck_assert_ptr_eq(mproci_envelope_redeliver(&shelf->envelopes, &shelf->returned), owed[i]);
		ck_assert(mproci_envelope_is_own(owed[i], MPROCI_ENVELOPE_OWED));
		ck_assert_uint_eq(mproci_envelope_deliveries_of(atomic_load(&owed[i]->word)), 2);
	}
	ck_assert_uint_eq(shelf->returned.count, 0);
	ck_assert_uint_eq(shelf->returned.bytes, 0);
	ck_assert_ptr_null(mproci_envelope_redeliver(&shelf->envelopes, &shelf->returned));
}
END_TEST

START_TEST(sweep_leaves_what_belongs_to_the_living)
{
	mproci_envelope *filling = take(1), *owed = owe(2), *queued = take(3), *returned = owe(4);

	atomic_store(&queued->word, mproci_envelope_word(MPROCI_ENVELOPE_QUEUED, 0, 0));
	mproci_envelope_return(returned, &shelf->returned);
	for (int i = 0; i < 3; ++i) {
		mproci_envelope_sweep(&shelf->envelopes, &shelf->returned);
		ck_assert(mproci_envelope_is_own(filling, MPROCI_ENVELOPE_FILLING));
		ck_assert(mproci_envelope_is_own(owed, MPROCI_ENVELOPE_OWED));
		ck_assert_int_eq(state_of(queued), MPROCI_ENVELOPE_QUEUED);
		ck_assert_uint_eq(shelf->returned.count, 1);
		ck_assert_uint_eq(shelf->returned.bytes, 4);
	}
	ck_assert_ptr_eq(mproci_envelope_redeliver(&shelf->envelopes, &shelf->returned), returned);
}
END_TEST

/* What a killed process leaves: one of each. */
static int leave_all(void *unused)
{
	(void)unused;
	take(1);
	owe(20);
	mproci_envelope_deliver(take(3), MPROCI_ENVELOPE_TAKEN);
	owe(40);
	atomic_store(&take(5)->word, mproci_envelope_word(MPROCI_ENVELOPE_QUEUED, 0, 0));
	return 0;
}

START_TEST(sweep_frees_what_the_dead_had_and_returns_what_they_owed)
{
	static const mproci_envelope_state after[] = {MPROCI_ENVELOPE_FREE, MPROCI_ENVELOPE_RETURNED,
		MPROCI_ENVELOPE_FREE, MPROCI_ENVELOPE_RETURNED, MPROCI_ENVELOPE_QUEUED, MPROCI_ENVELOPE_FREE};

	grow();
	support_kill_and_join(support_start_and_keep(leave_all, NULL));
	mproci_envelope_sweep(&shelf->envelopes, &shelf->returned);
	for (uint32_t i = 0; i < 6; ++i)
		ck_assert_int_eq(state_of(mproci_envelope_at(&shelf->envelopes, i)), after[i]);
	ck_assert_uint_eq(shelf->returned.count, 2);
	ck_assert_uint_eq(shelf->returned.bytes, 60);
	ck_assert_uint_eq(mproci_envelope_redeliver(&shelf->envelopes, &shelf->returned)->size, 20);
	ck_assert_uint_eq(mproci_envelope_redeliver(&shelf->envelopes, &shelf->returned)->size, 40);
	ck_assert_ptr_null(mproci_envelope_redeliver(&shelf->envelopes, &shelf->returned));
}
END_TEST

START_TEST(what_another_process_has_is_not_this_ones)
{
	mproci_envelope *envelope;

	grow();
	support_kill_and_join(support_start_and_keep(leave_all, NULL));
	envelope = mproci_envelope_at(&shelf->envelopes, 1);
	ck_assert(!mproci_envelope_is_own(envelope, MPROCI_ENVELOPE_OWED));
	ck_assert_ptr_null(mproci_envelope_of(&shelf->envelopes, mproci_envelope_message(envelope)));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		there_is_none_at_first,
		each_is_at_its_number_however_many_there_are,
		each_is_taken_once,
		message_has_room_for_as_much_as_was_asked_for,
		fit_beyond_all_memory_fails_and_leaves_the_envelope_usable,
		what_free_ones_keep_is_bounded,
		what_is_no_message_has_no_envelope,
		word_holds_state_owner_and_deliveries,
		deliveries_beyond_what_can_be_counted_are_the_most,
		returned_ones_are_redelivered_the_last_first,
		sweep_leaves_what_belongs_to_the_living,
		NULL,
	};
	const TTest *process_tests[] = {
		sweep_frees_what_the_dead_had_and_returns_what_they_owed,
		what_another_process_has_is_not_this_ones,
		NULL,
	};
	const support_suite suite = {
		.name = "envelope",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_shelf,
		.teardown = destroy_shelf,
	};

	return support_run_suite(&suite);
}
