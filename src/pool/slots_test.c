/* SPDX-License-Identifier: MIT */
#include "pool/slots.h"

#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <pthread.h>
#include <stdlib.h>

enum {
	WORKERS = 4,
	TASKS = 10000,
};

static mproci_slots *slots;
static uint64_t written;

static void make_slots(void)
{
	slots = aligned_alloc(128, sizeof *slots);
	*slots = (mproci_slots){.count = 0};
	written = 0;
	ck_assert_int_eq(mproci_slots_grow(slots), 0);
}

static void destroy_slots(void)
{
	mproci_slots_end(slots);
	free(slots);
}

static mproci_task_id id_of(uint32_t index, uint64_t generation)
{
	return generation << 32 | index;
}

static mproci_slot *slot_of(mproci_task_id id)
{
	return mproci_slots_at(slots, mproci_task_index_of(id));
}

/* A new task in the slot, in line. */
static mproci_task_id put(uint32_t index, uint64_t generation)
{
	mproci_task_id id = id_of(index, generation);

	slot_of(id)->word =
		mproci_slot_word(id, mproci_verdict_of(MPROC_ENDING_NONE, MPROCI_SLOT_QUEUED, 0, 0));
	mproci_line_write(slots, written++, id);
	mproci_line_publish(slots, written);
	return id;
}

static mproci_verdict value(uint32_t worker)
{
	return mproci_verdict_of(MPROC_ENDING_VALUE, 0, worker, 1);
}

START_TEST(slots_grow_by_segments_and_stay_where_they_are)
{
	mproci_slot *first = mproci_slots_at(slots, 0), *last = mproci_slots_at(slots, 255);

	ck_assert_uint_eq(slots->count, 256);
	ck_assert_int_eq(mproci_slots_grow(slots), 0);
	ck_assert_uint_eq(slots->count, 768);
	ck_assert_ptr_eq(mproci_slots_at(slots, 0), first);
	ck_assert_ptr_eq(mproci_slots_at(slots, 255), last);
	ck_assert_ptr_eq(mproci_slots_at(slots, 256), slots->segments[1]);
	ck_assert_ptr_eq(mproci_slots_at(slots, 767), slots->segments[1] + 511);
	ck_assert_ptr_eq(last, first + 255);
}
END_TEST

START_TEST(tasks_come_out_in_the_order_of_the_line)
{
	_Atomic mproci_task_id at = 0;

	ck_assert(mproci_line_is_empty(slots));
	ck_assert_uint_eq(mproci_line_get(slots, 0, &at), 0);
	for (uint32_t i = 0; i < 10; ++i)
		put(i, 1);
	ck_assert_uint_eq(mproci_line_length(slots), 10);
	for (uint32_t i = 0; i < 10; ++i) {
		mproci_task_id id = mproci_line_get(slots, 3, &at);
		uint64_t word = slot_of(id)->word;

		ck_assert_uint_eq(id, id_of(i, 1));
		ck_assert_uint_eq(at, id);
		ck_assert(mproci_slot_is(word, id, MPROCI_SLOT_RUNNING));
		ck_assert_uint_eq(mproci_verdict_worker(mproci_slot_verdict(word)), 3);
		ck_assert_uint_eq(mproci_verdict_attempts(mproci_slot_verdict(word)), 1);
	}
	ck_assert_uint_eq(mproci_line_get(slots, 0, &at), 0);
	ck_assert(mproci_line_is_empty(slots));
}
END_TEST

START_TEST(a_line_is_full_when_nobody_takes_from_it)
{
	_Atomic mproci_task_id at = 0;

	for (uint64_t i = 0; i < MPROCI_LINE_LENGTH; ++i) {
		ck_assert(!mproci_line_is_full(slots, written));
		put((uint32_t)(i % 256), i / 256 + 1);
	}
	ck_assert(mproci_line_is_full(slots, written));
	mproci_line_get(slots, 0, &at);
	ck_assert(!mproci_line_is_full(slots, written));
}
END_TEST

START_TEST(a_cancelled_task_is_passed_over)
{
	_Atomic mproci_task_id at = 0;
	mproci_task_id first = put(0, 1), second = put(1, 1);
	bool is_awaited = true;

	ck_assert(mproci_slot_end_queued(slot_of(first), first, MPROC_ENDING_CANCELLED, &is_awaited));
	ck_assert(!is_awaited);
	ck_assert(mproci_slot_has_ended(slot_of(first)->word, first));
	ck_assert_uint_eq(mproci_line_get(slots, 0, &at), second);
	ck_assert_uint_eq(mproci_line_get(slots, 0, &at), 0);
	/* What runs is not ended so. */
	ck_assert(!mproci_slot_end_queued(slot_of(second), second, MPROC_ENDING_CANCELLED, &is_awaited));
}
END_TEST

START_TEST(an_id_of_a_task_that_is_gone_claims_nothing)
{
	_Atomic mproci_task_id at = 0;
	mproci_task_id gone = put(0, 1), now;

	mproci_line_get(slots, 0, &at);
	mproci_slot_end(slot_of(gone), gone, value(0));
	at = 0;
	now = put(0, 2);
	ck_assert(!mproci_slots_claim(slots, gone, 1, &at));
	ck_assert_uint_eq(at, 0);
	ck_assert(mproci_slot_has_ended(slot_of(gone)->word, gone));
	ck_assert(!mproci_slot_has_ended(slot_of(now)->word, now));
	ck_assert(mproci_slots_claim(slots, now, 1, &at));
	ck_assert_uint_eq(at, now);
}
END_TEST

START_TEST(who_wants_to_be_told_is_told)
{
	_Atomic mproci_task_id at = 0;
	mproci_task_id first = put(0, 1), second = put(1, 1), third = put(2, 1);
	bool is_awaited;

	/* Before it is begun, while it runs, and never. */
	ck_assert(mproci_slot_await(slot_of(first), first));
	ck_assert(mproci_slot_await(slot_of(first), first));
	mproci_line_get(slots, 0, &at);
	mproci_line_get(slots, 0, &at);
	ck_assert(mproci_slot_await(slot_of(second), second));
	mproci_line_get(slots, 0, &at);
	ck_assert(mproci_slot_end(slot_of(first), first, value(0)));
	ck_assert(mproci_slot_end(slot_of(second), second, value(0)));
	ck_assert(!mproci_slot_end(slot_of(third), third, value(0)));
	ck_assert(!mproci_slot_await(slot_of(third), third));
	first = put(3, 1);
	mproci_slot_await(slot_of(first), first);
	ck_assert(mproci_slot_end_queued(slot_of(first), first, MPROC_ENDING_CANCELLED, &is_awaited));
	ck_assert(is_awaited);
}
END_TEST

START_TEST(a_task_that_is_begun_again_counts_its_attempts)
{
	_Atomic mproci_task_id at = 0;
	mproci_task_id id = put(0, 1);

	mproci_slot_await(slot_of(id), id);
	mproci_line_get(slots, 2, &at);
	mproci_slot_begin_again(slot_of(id));
	ck_assert_uint_eq(mproci_verdict_attempts(mproci_slot_verdict(slot_of(id)->word)), 2);
	mproci_slot_requeue(slot_of(id), id);
	ck_assert(mproci_slot_is(slot_of(id)->word, id, MPROCI_SLOT_QUEUED));
	ck_assert(mproci_slots_claim(slots, id, 1, &at));
	ck_assert_uint_eq(mproci_verdict_attempts(mproci_slot_verdict(slot_of(id)->word)), 3);
	ck_assert_uint_eq(mproci_verdict_worker(mproci_slot_verdict(slot_of(id)->word)), 1);
	/* Who waits for it is not forgotten. */
	ck_assert(mproci_slot_end(slot_of(id), id, value(1)));
}
END_TEST

static _Atomic int runs[TASKS];
static _Atomic int left;

static void *work(void *number)
{
	uint32_t worker = (uint32_t)(uintptr_t)number;
	_Atomic mproci_task_id at = 0;

	while (left > 0) {
		mproci_task_id id = mproci_line_get(slots, worker, &at);

		if (id == 0)
			continue;
		++runs[slot_of(id)->index];
		mproci_slot_end(slot_of(id), id, value(worker));
		--left;
	}
	return NULL;
}

START_TEST(every_task_is_begun_once_by_one_of_many_workers)
{
	pthread_t threads[WORKERS];

	left = TASKS;
	for (uintptr_t i = 0; i < WORKERS; ++i)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (uint32_t i = 0; i < TASKS; ++i) {
		mproci_slot *slot = mproci_slots_at(slots, i % 256);

		/* Until the task before it in the same slot has ended. */
		while (i >= 256 && !mproci_slot_has_ended(slot->word, id_of(i % 256, i / 256)))
			sched_yield();
		slot->index = i;
		put(i % 256, i / 256 + 1);
	}
	for (int i = 0; i < WORKERS; ++i)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < TASKS; ++i)
		ck_assert_int_eq(runs[i], 1);
}
END_TEST

static void warm_up(void)
{
	ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
}

int main(void)
{
	const TTest *tests[] = {
		slots_grow_by_segments_and_stay_where_they_are,
		tasks_come_out_in_the_order_of_the_line,
		a_line_is_full_when_nobody_takes_from_it,
		a_cancelled_task_is_passed_over,
		an_id_of_a_task_that_is_gone_claims_nothing,
		who_wants_to_be_told_is_told,
		a_task_that_is_begun_again_counts_its_attempts,
		every_task_is_begun_once_by_one_of_many_workers,
		NULL,
	};
	const support_suite suite = {
		.name = "slots",
		.tests = tests,
		.warm_up = warm_up,
		.setup = make_slots,
		.teardown = destroy_slots,
	};

	return support_run_suite(&suite);
}
