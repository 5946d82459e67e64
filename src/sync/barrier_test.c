/* SPDX-License-Identifier: MIT */
#include <mproc/barrier.h>

#include "family/member.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <limits.h>
#include <mproc/arena.h>
#include <mproc/process.h>
#include <mproc/result.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	PARTIES = 4,
	CROWD = 100,
	MOST_ROUNDS = 20000,
};

/* In the arena. */
static struct shared {
	mproc_barrier barrier;
	/* How often the action has run, and what it returns. */
	_Atomic uint32_t acted;
	_Atomic int verdict;
	/* How many are in the action, may leave it, and how often two were in it at once. */
	_Atomic uint32_t acting, may_go_on, crowded;
	/* Parties that have come out of the wait, or went into it for the last time. */
	_Atomic uint32_t out, ready;
	/* One bit per index that somebody got, for each round. */
	_Atomic uint64_t indexes[MOST_ROUNDS][2];
	/* How far each party is, as it says before it waits. */
	_Atomic uint32_t steps[CROWD];
} * shared;

static int act(void *argument)
{
	struct shared *all = argument;

	if (atomic_fetch_add(&all->acting, 1) != 0)
		++all->crowded;
	++all->acted;
	atomic_fetch_sub(&all->acting, 1);
	return all->verdict;
}

/* Until it may go on. */
static int act_slowly(void *argument)
{
	struct shared *all = argument;

	++all->acting;
	support_await(&all->may_go_on, 1);
	++all->acted;
	return all->verdict;
}

static void make_shared(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	ck_assert_int_eq(mproc_barrier_init(&shared->barrier, PARTIES, NULL), 0);
}

static void free_shared(void)
{
	ck_assert_int_eq(mproc_free(shared), 0);
}

static void init(uint32_t parties, mproc_barrier_action *action)
{
	const mproc_barrier_options options = {.action = action, .argument = shared};

	ck_assert_int_eq(mproc_barrier_init(&shared->barrier, parties, &options), 0);
}

static int await(mproc_deadline deadline, uint32_t *ret_index)
{
	return mproc_barrier_wait(&shared->barrier, deadline, ret_index);
}

static int await_once(void *unused)
{
	int rc;

	(void)unused;
	rc = await(MPROC_FOREVER, NULL);
	++shared->out;
	return rc;
}

static int await_now(void *unused)
{
	(void)unused;
	return await(MPROC_NOW, NULL);
}

static int await_soon(void *unused)
{
	(void)unused;
	return await(mproc_after(0.005), NULL);
}

/* Somebody who buries, to be stopped in the middle of it. */
static int begin_burial(void *unused)
{
	(void)unused;
	if (mproci_family_join() != 0)
		return 1;
	mproci_member_lock();
	return 0;
}

static int reset(void)
{
	return mproc_barrier_reset(&shared->barrier);
}

static int abort_it(void)
{
	return mproc_barrier_abort(&shared->barrier);
}

static int leave(void)
{
	return mproc_barrier_leave(&shared->barrier);
}

static int leave_deed(void *unused)
{
	(void)unused;
	return leave();
}

static int is_broken(void)
{
	return mproc_barrier_is_broken(&shared->barrier);
}

static int come(void)
{
	return mproc_barrier_waiting(&shared->barrier);
}

static void await_come(int count)
{
	while (come() < count)
		sched_yield();
}

static void check_text_of(const support_thread *thread, const char *expected)
{
	ck_assert_msg(
		strstr(thread->text, expected) != NULL, "\"%s\" is not in \"%s\"", expected, thread->text);
}

static void begin_all(support_thread *threads, int count, support_deed *deed)
{
	for (int i = 0; i < count; ++i)
		support_begin(&threads[i], deed, NULL);
}

static void end_all(support_thread *threads, int count, int result, const char *text)
{
	for (int i = 0; i < count; ++i) {
		ck_assert_int_eq(support_end(&threads[i]), result);
		check_text_of(&threads[i], text);
	}
}

START_TEST(init_refuses_no_barrier)
{
	ck_assert_int_eq(mproc_barrier_init(NULL, 1, NULL), -EINVAL);
	support_check_text("barrier is NULL");
}
END_TEST

START_TEST(init_refuses_too_few_and_too_many_parties)
{
	ck_assert_int_eq(mproc_barrier_init(&shared->barrier, 0, NULL), -EINVAL);
	support_check_text("parties 0: 1 to 65535 are possible");
	ck_assert_int_eq(mproc_barrier_init(&shared->barrier, 65536, NULL), -EINVAL);
	support_check_text("parties 65536: 1 to 65535 are possible");
	ck_assert_int_eq(mproc_barrier_init(&shared->barrier, UINT32_MAX, NULL), -EINVAL);
	support_check_text("parties 4294967295: 1 to 65535 are possible");
	ck_assert_int_eq(mproc_barrier_init(&shared->barrier, MPROC_BARRIER_PARTIES_MAX, NULL), 0);
}
END_TEST

START_TEST(init_refuses_each_reserved_word)
{
	for (int i = 0; i < 4; ++i) {
		mproc_barrier_options options = {0};
		char expected[64];

		options.reserved[i] = 77;
		snprintf(expected, sizeof expected, "reserved[%d] is 77, not 0", i);
		ck_assert_int_eq(mproc_barrier_init(&shared->barrier, 1, &options), -EINVAL);
		support_check_text(expected);
	}
	ck_assert_int_eq(is_broken(), 0);
}
END_TEST

START_TEST(every_call_refuses_what_is_no_barrier)
{
	mproc_barrier nothing = {{0}};
	mproc_barrier *const wrong[] = {NULL, &nothing};
	static const char *const texts[] = {"barrier is NULL", "not initialised, or destroyed"};
	uint32_t index = 77;

	for (int i = 0; i < 2; ++i) {
		ck_assert_int_eq(mproc_barrier_wait(wrong[i], MPROC_FOREVER, &index), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_barrier_leave(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_barrier_abort(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_barrier_reset(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_barrier_is_broken(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
		ck_assert_int_eq(mproc_barrier_waiting(wrong[i]), -EINVAL);
		support_check_text(texts[i]);
	}
	ck_assert_uint_eq(index, 77);
	ck_assert_int_eq(mproc_barrier_destroy(&nothing), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_barrier_destroy(NULL), 0);
}
END_TEST

START_TEST(destroyed_barrier_is_refused_until_it_is_made_again)
{
	ck_assert_int_eq(mproc_barrier_destroy(&shared->barrier), 0);
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), -EINVAL);
	ck_assert_int_eq(reset(), -EINVAL);
	ck_assert_int_eq(mproc_barrier_destroy(&shared->barrier), -EINVAL);
	support_check_text("not initialised, or destroyed");
	init(1, NULL);
	ck_assert_int_eq(await(MPROC_NOW, NULL), 0);
}
END_TEST

START_TEST(only_party_never_waits)
{
	const mproc_deadline deadlines[] = {MPROC_FOREVER, MPROC_NOW, INT64_MIN, 1, mproc_after(100)};

	init(1, act);
	for (uint32_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		uint32_t index = 77;

		ck_assert_int_eq(await(deadlines[i], &index), 0);
		ck_assert_uint_eq(index, 0);
		ck_assert_uint_eq(shared->acted, i + 1);
		ck_assert_int_eq(come(), 0);
	}
}
END_TEST

START_TEST(nobody_goes_on_before_all_have_come)
{
	support_thread others[PARTIES - 1];

	begin_all(others, PARTIES - 1, await_once);
	await_come(PARTIES - 1);
	ck_assert_int_eq(come(), PARTIES - 1);
	ck_assert_uint_eq(shared->out, 0);
	ck_assert_int_eq(await(MPROC_NOW, NULL), 0);
	end_all(others, PARTIES - 1, 0, "");
	ck_assert_int_eq(come(), 0);
	ck_assert_int_eq(is_broken(), 0);
}
END_TEST

START_TEST(deadline_breaks_the_barrier)
{
	const mproc_deadline deadlines[] = {MPROC_NOW, INT64_MIN, 1, mproc_after(0.005), mproc_after(0.25)};

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; ++i) {
		uint32_t index = 77;

		ck_assert_int_eq(await(deadlines[i], &index), -ETIMEDOUT);
		support_check_text("1 of 4 had come at the deadline");
		ck_assert_uint_eq(index, 77);
		ck_assert_int_eq(is_broken(), 1);
		ck_assert_int_eq(await(MPROC_FOREVER, &index), -ECANCELED);
		support_check_text("is broken: one of the parties met its deadline");
		ck_assert_uint_eq(index, 77);
		ck_assert_int_eq(reset(), 0);
		ck_assert_int_eq(is_broken(), 0);
	}
}
END_TEST

START_TEST(others_are_told_of_the_deadline_of_one)
{
	support_thread others[PARTIES - 2];

	begin_all(others, PARTIES - 2, await_once);
	await_come(PARTIES - 2);
	ck_assert_int_eq(await(mproc_after(0.005), NULL), -ETIMEDOUT);
	support_check_text("3 of 4 had come at the deadline");
	end_all(others, PARTIES - 2, -ECANCELED, "is broken: one of the parties met its deadline");
}
END_TEST

START_TEST(abort_ends_the_waits_and_refuses_who_comes)
{
	support_thread others[PARTIES - 1];

	begin_all(others, PARTIES - 1, await_once);
	await_come(PARTIES - 1);
	ck_assert_int_eq(abort_it(), 0);
	ck_assert_int_eq(is_broken(), 1);
	end_all(others, PARTIES - 1, -ECANCELED, "is broken: it was aborted");
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), -ECANCELED);
	support_check_text("is broken: it was aborted");
	ck_assert_int_eq(abort_it(), 0);
}
END_TEST

START_TEST(barrier_stays_broken_for_its_first_reason)
{
	ck_assert_int_eq(await(MPROC_NOW, NULL), -ETIMEDOUT);
	ck_assert_int_eq(abort_it(), 0);
	ck_assert_int_eq(await(MPROC_NOW, NULL), -ECANCELED);
	support_check_text("one of the parties met its deadline");
}
END_TEST

START_TEST(reset_ends_the_waits_and_begins_anew)
{
	support_thread others[PARTIES - 1];

	for (int i = 0; i < 3; ++i) {
		begin_all(others, PARTIES - 1, await_once);
		await_come(PARTIES - 1);
		ck_assert_int_eq(reset(), 0);
		ck_assert_int_eq(come(), 0);
		ck_assert_int_eq(is_broken(), 0);
		end_all(others, PARTIES - 1, -ECANCELED, "was reset");
		begin_all(others, PARTIES - 1, await_once);
		ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
		end_all(others, PARTIES - 1, 0, "");
	}
}
END_TEST

START_TEST(reset_of_a_new_barrier_changes_nothing)
{
	ck_assert_int_eq(reset(), 0);
	ck_assert_int_eq(reset(), 0);
	ck_assert_int_eq(come(), 0);
	ck_assert_int_eq(is_broken(), 0);
}
END_TEST

START_TEST(action_runs_when_all_have_come_and_before_any_goes_on)
{
	support_thread parties[PARTIES];

	init(PARTIES, act_slowly);
	begin_all(parties, PARTIES, await_once);
	support_await(&shared->acting, 1);
	ck_assert_int_eq(come(), PARTIES);
	ck_assert_int_eq(is_broken(), 0);
	ck_assert_uint_eq(shared->out, 0);
	shared->may_go_on = 1;
	end_all(parties, PARTIES, 0, "");
	ck_assert_uint_eq(shared->acting, 1);
	ck_assert_uint_eq(shared->acted, 1);
}
END_TEST

static int count_texts(const support_thread *threads, int count, const char *text)
{
	int found = 0;

	for (int i = 0; i < count; ++i)
		found += strstr(threads[i].text, text) != NULL;
	return found;
}

START_TEST(action_that_fails_breaks_the_barrier)
{
	const int verdicts[] = {-7, 7, INT_MIN, INT_MAX};

	init(PARTIES, act);
	for (int i = 0; i < 4; ++i) {
		support_thread parties[PARTIES];
		char expected[64];

		snprintf(expected, sizeof expected, "is broken: its action returned %d", verdicts[i]);
		shared->verdict = verdicts[i];
		begin_all(parties, PARTIES, await_once);
		end_all(parties, PARTIES, -ECANCELED, "is broken: its action");
		ck_assert_int_eq(count_texts(parties, PARTIES, expected), 1);
		ck_assert_int_eq(count_texts(parties, PARTIES, "is broken: its action failed"), PARTIES - 1);
		ck_assert_int_eq(is_broken(), 1);
		ck_assert_int_eq(await(MPROC_FOREVER, NULL), -ECANCELED);
		support_check_text("is broken: its action failed");
		ck_assert_int_eq(reset(), 0);
		shared->verdict = 0;
		begin_all(parties, PARTIES, await_once);
		end_all(parties, PARTIES, 0, "");
	}
	ck_assert_uint_eq(shared->acted, 8);
}
END_TEST

START_TEST(abort_during_the_action_breaks_the_barrier)
{
	support_thread parties[PARTIES];

	init(PARTIES, act_slowly);
	begin_all(parties, PARTIES, await_once);
	support_await(&shared->acting, 1);
	ck_assert_int_eq(abort_it(), 0);
	support_await(&shared->out, PARTIES - 1);
	shared->may_go_on = 1;
	end_all(parties, PARTIES, -ECANCELED, "is broken: it was aborted");
}
END_TEST

START_TEST(reset_during_the_action_begins_anew)
{
	support_thread parties[PARTIES];

	init(PARTIES, act_slowly);
	begin_all(parties, PARTIES, await_once);
	support_await(&shared->acting, 1);
	ck_assert_int_eq(reset(), 0);
	ck_assert_int_eq(come(), 0);
	support_await(&shared->out, PARTIES - 1);
	shared->may_go_on = 1;
	end_all(parties, PARTIES, -ECANCELED, "was reset");
	ck_assert_int_eq(is_broken(), 0);
	begin_all(parties, PARTIES, await_once);
	end_all(parties, PARTIES, 0, "");
}
END_TEST

static int act_and_abort(void *unused)
{
	(void)unused;
	return abort_it();
}

START_TEST(action_may_abort)
{
	support_thread parties[PARTIES];

	init(PARTIES, act_and_abort);
	begin_all(parties, PARTIES, await_once);
	end_all(parties, PARTIES, -ECANCELED, "is broken: it was aborted");
}
END_TEST

START_TEST(deadline_during_the_action_breaks_the_barrier)
{
	support_thread parties[PARTIES - 1], impatient;

	init(PARTIES, act_slowly);
	support_begin(&impatient, await_soon, NULL);
	await_come(1);
	begin_all(parties, PARTIES - 1, await_once);
	/* The impatient one may have given up before all had come. */
	while (shared->acting == 0 && !is_broken())
		sched_yield();
	ck_assert_int_eq(support_end(&impatient), -ETIMEDOUT);
	check_text_of(&impatient, "of 4 had come at the deadline");
	shared->may_go_on = 1;
	end_all(parties, PARTIES - 1, -ECANCELED, "is broken: one of the parties met its deadline");
}
END_TEST

START_TEST(who_comes_during_the_action_is_in_the_next_round)
{
	support_thread parties[2], early[2];

	init(2, act_slowly);
	begin_all(parties, 2, await_once);
	support_await(&shared->acting, 1);
	begin_all(early, 2, await_once);
	support_await_sleepers(3);
	ck_assert_int_eq(come(), 2);
	ck_assert_uint_eq(shared->out, 0);
	shared->may_go_on = 1;
	end_all(parties, 2, 0, "");
	end_all(early, 2, 0, "");
	ck_assert_uint_eq(shared->acted, 2);
}
END_TEST

START_TEST(leave_of_who_takes_no_part_does_nothing)
{
	ck_assert_int_eq(leave(), 0);
	ck_assert_int_eq(leave(), 0);
	init(1, NULL);
	ck_assert_int_eq(await(MPROC_NOW, NULL), 0);
	ck_assert_int_eq(leave(), 0);
	ck_assert_int_eq(leave(), 0);
	ck_assert_int_eq(await(MPROC_NOW, NULL), 0);
}
END_TEST

/* What a party of many rounds is told to do. */
struct course {
	uint32_t rounds, parties, number;
};

static bool note_index(uint32_t round, uint32_t index)
{
	uint64_t bit = UINT64_C(1) << index % 64;

	return (atomic_fetch_or(&shared->indexes[round][index / 64], bit) & bit) == 0;
}

/* Returns 0, or what went wrong. */
static int go_the_course(void *argument)
{
	const struct course *course = argument;

	for (uint32_t round = 0; round < course->rounds; ++round) {
		uint32_t index = UINT32_MAX;
		int rc;

		atomic_store_explicit(&shared->steps[course->number], round + 1, memory_order_relaxed);
		rc = await(MPROC_FOREVER, &index);
		if (rc < 0)
			return rc;
		if (index >= course->parties || !note_index(round, index))
			return 1;
		for (uint32_t i = 0; i < course->parties; ++i) {
			uint32_t step =
				atomic_load_explicit(&shared->steps[i], memory_order_relaxed) - round - 1;

			/* It has come to this round, and not gone further than into the next one. */
			if (step > 1)
				return 2;
		}
		if (shared->acted != 0 && shared->acted - round - 1 > 1)
			return 3;
	}
	return 0;
}

static void check_course(uint32_t rounds, uint32_t parties)
{
	for (uint32_t round = 0; round < rounds; ++round) {
		for (uint32_t index = 0; index < parties; ++index)
			ck_assert_msg(!note_index(round, index), "nobody got %u in round %u", index, round);
	}
	ck_assert_int_eq(come(), 0);
	ck_assert_int_eq(is_broken(), 0);
	ck_assert_uint_eq(shared->crowded, 0);
}

static void go_in_threads(uint32_t rounds, uint32_t parties)
{
	static struct course courses[CROWD];
	static support_thread threads[CROWD];

	for (uint32_t i = 0; i < parties; ++i) {
		courses[i] = (struct course){.rounds = rounds, .parties = parties, .number = i};
		support_begin(&threads[i], go_the_course, &courses[i]);
	}
	for (uint32_t i = 0; i < parties; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	check_course(rounds, parties);
}

START_TEST(threads_go_many_rounds_together)
{
	go_in_threads(MOST_ROUNDS, PARTIES);
}
END_TEST

START_TEST(threads_go_many_rounds_with_an_action)
{
	init(PARTIES, act);
	go_in_threads(MOST_ROUNDS / 2, PARTIES);
	ck_assert_uint_eq(shared->acted, MOST_ROUNDS / 2);
}
END_TEST

START_TEST(hundred_threads_go_many_rounds_together)
{
	init(CROWD, act);
	go_in_threads(200, CROWD);
	ck_assert_uint_eq(shared->acted, 200);
}
END_TEST

static int await_when_told(void *unused)
{
	++shared->ready;
	while (shared->may_go_on == 0)
		;
	return await_once(unused);
}

/* Whichever of its threads comes first. */
START_TEST(process_takes_part_once)
{
	/* Behind the word: the number of parties, who waits, and the action. */
	const _Atomic uint32_t *members = (const _Atomic uint32_t *)(const void *)&shared->barrier.opaque[5];

	for (int i = 0; i < 400; ++i) {
		support_thread other;
		int count = 0;

		init(2, NULL);
		shared->ready = shared->may_go_on = 0;
		support_begin(&other, await_when_told, NULL);
		support_await(&shared->ready, 1);
		shared->may_go_on = 1;
		ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
		ck_assert_int_eq(support_end(&other), 0);
		ck_assert_uint_eq(members[0], mproci_member_stamp(mproci_member_self()));
		for (int j = 0; j < MPROC_BARRIER_PROCESSES_MAX; ++j)
			count += members[j] != 0;
		ck_assert_int_eq(count, 1);
	}
}
END_TEST

START_TEST(rounds_and_resets_are_counted_beyond_their_bits)
{
	/* Rounds have 24 bits, resets 16: below all of the last, the next ones are the first again. */
	_Atomic uint64_t *word = (_Atomic uint64_t *)(void *)&shared->barrier.opaque[1];
	support_thread others[PARTIES - 1];

	for (int i = 0; i < 4; ++i) {
		*word = UINT64_C(0xffffffffff) << 24;
		begin_all(others, PARTIES - 1, await_once);
		await_come(PARTIES - 1);
		if (i % 2 == 0) {
			ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
			end_all(others, PARTIES - 1, 0, "");
			ck_assert_uint_eq(*word, UINT64_C(0xffff) << 24);
		} else {
			ck_assert_int_eq(reset(), 0);
			end_all(others, PARTIES - 1, -ECANCELED, "was reset");
			ck_assert_uint_eq(*word, 0);
		}
	}
}
END_TEST

START_TEST(as_many_parties_as_there_can_be_are_counted)
{
	_Atomic uint64_t *word = (_Atomic uint64_t *)(void *)&shared->barrier.opaque[1];
	support_thread other;
	uint32_t index;

	init(MPROC_BARRIER_PARTIES_MAX, act);
	/* As if all but two had come. */
	*word = (MPROC_BARRIER_PARTIES_MAX - 2) << 8;
	support_begin(&other, await_once, NULL);
	await_come(MPROC_BARRIER_PARTIES_MAX - 1);
	ck_assert_int_eq(await(MPROC_FOREVER, &index), 0);
	ck_assert_uint_eq(index, MPROC_BARRIER_PARTIES_MAX - 1);
	ck_assert_int_eq(support_end(&other), 0);
	ck_assert_int_eq(come(), 0);
	ck_assert_uint_eq(shared->acted, 1);
}
END_TEST

/* Deadlines that race with the last arrival: all parties of a round get 0, or one breaks it and none does. */
static int await_in_a_hurry(void *unused)
{
	int rc = await(mproc_after(0.0003), NULL);

	(void)unused;
	return rc;
}

static void check_that_all_or_none_went_on(support_thread *threads, int count)
{
	int went_on = 0, gave_up = 0;

	for (int i = 0; i < count; ++i) {
		int rc = support_end(&threads[i]);

		went_on += rc == 0;
		gave_up += rc == -ETIMEDOUT;
		ck_assert_msg(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED, "%d: %s", rc, threads[i].text);
	}
	ck_assert_msg(went_on == 0 || went_on == count, "%d of %d went on", went_on, count);
	ck_assert_int_eq(gave_up, went_on == 0);
	ck_assert_int_eq(is_broken(), went_on == 0);
}

START_TEST(deadlines_that_race_with_the_last_party_let_all_go_on_or_none)
{
	support_thread threads[PARTIES];
	bool has_action = false;

	for (int i = 0; i < 2000; ++i) {
		if (i == 1000)
			has_action = true;
		if (i % 1000 == 0)
			init(PARTIES, has_action ? act : NULL);
		begin_all(threads, PARTIES, await_in_a_hurry);
		check_that_all_or_none_went_on(threads, PARTIES);
		ck_assert_int_eq(reset(), 0);
	}
	ck_assert_uint_eq(shared->crowded, 0);
}
END_TEST

START_TEST(deadlines_of_a_hundred_threads_let_all_go_on_or_none)
{
	static support_thread threads[CROWD];

	init(CROWD, NULL);
	for (int i = 0; i < 20; ++i) {
		begin_all(threads, CROWD, i % 2 == 0 ? await_soon : await_in_a_hurry);
		check_that_all_or_none_went_on(threads, CROWD);
		ck_assert_int_eq(reset(), 0);
	}
}
END_TEST

/* Goes on from round to round until it is told to stop, whatever resets and aborts do. */
static int wait_on_and_on(void *unused)
{
	int rounds = 0;

	(void)unused;
	while (shared->may_go_on == 0) {
		int rc = await(MPROC_FOREVER, NULL);

		if (rc != 0 && rc != -ECANCELED)
			return rc;
		if (rc == 0)
			++rounds;
		else if (is_broken())
			sched_yield();
	}
	++shared->out;
	return rounds;
}

static void reset_under_load(support_thread *threads, int count, int times)
{
	begin_all(threads, count, wait_on_and_on);
	for (int i = 0; i < times; ++i) {
		if (i % 3 == 0)
			ck_assert_int_eq(abort_it(), 0);
		ck_assert_int_eq(reset(), 0);
		sched_yield();
	}
	shared->may_go_on = 1;
	/* Those who wait for others who have gone. */
	while (shared->out < (uint32_t)count) {
		ck_assert_int_eq(abort_it(), 0);
		sched_yield();
	}
	for (int i = 0; i < count; ++i)
		ck_assert_int_ge(support_end(&threads[i]), 0);
	ck_assert_uint_eq(shared->crowded, 0);
	ck_assert_int_eq(reset(), 0);
	shared->may_go_on = shared->out = 0;
}

START_TEST(resets_and_aborts_under_load_lose_nobody)
{
	static support_thread threads[CROWD];

	reset_under_load(threads, PARTIES, 5000);
	init(PARTIES, act);
	reset_under_load(threads, PARTIES, 5000);
	init(CROWD, NULL);
	reset_under_load(threads, CROWD, 200);
}
END_TEST

static mproc_barrier ordinary;

static int await_ordinary(void *unused)
{
	int rc = 0;

	(void)unused;
	for (int i = 0; i < 1000 && rc == 0; ++i)
		rc = mproc_barrier_wait(&ordinary, MPROC_FOREVER, NULL);
	return rc;
}

START_TEST(barrier_in_ordinary_memory_works_between_threads)
{
	support_thread threads[PARTIES];

	ck_assert_int_eq(mproc_barrier_init(&ordinary, PARTIES, NULL), 0);
	begin_all(threads, PARTIES, await_ordinary);
	end_all(threads, PARTIES, 0, "");
	ck_assert_int_eq(mproc_barrier_destroy(&ordinary), 0);
}
END_TEST

/* From here on: between processes. */

static void go_in_processes(uint32_t rounds)
{
	pid_t pids[PARTIES];

	for (uint32_t i = 0; i < PARTIES; ++i) {
		struct course course = {.rounds = rounds, .parties = PARTIES, .number = i};

		pids[i] = support_fork(go_the_course, &course);
	}
	for (int i = 0; i < PARTIES; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
	check_course(rounds, PARTIES);
}

START_TEST(processes_go_many_rounds_together)
{
	go_in_processes(MOST_ROUNDS);
}
END_TEST

START_TEST(processes_go_many_rounds_with_an_action)
{
	init(PARTIES, act);
	go_in_processes(MOST_ROUNDS / 2);
	ck_assert_uint_eq(shared->acted, MOST_ROUNDS / 2);
}
END_TEST

static bool is_told_of_a_death(int rc)
{
	return rc == -ECANCELED
	       && strstr(mproc_error_text(), "is broken: a process that takes part has ended") != NULL;
}

/* Wait for the others, one of whom dies. */
static int await_a_death(void *unused)
{
	(void)unused;
	return !is_told_of_a_death(await(MPROC_FOREVER, NULL));
}

/* The ways to die that the others may learn of. */
enum ending {
	REAPED,
	ZOMBIE,
	JOINED,
	ENDINGS,
};

/* A party that died in one of them. */
struct party {
	pid_t pid;
	mproc_process *process;
};

static struct party start_party(enum ending ending, support_deed *deed)
{
	struct party party = {0};

	if (ending == JOINED)
		party.process = support_start(deed, NULL);
	else
		party.pid = support_fork(deed, NULL);
	return party;
}

static void kill_party(struct party party, enum ending ending)
{
	if (ending == JOINED)
		support_kill_and_join(party.process);
	else if (ending == ZOMBIE)
		support_kill_and_leave(party.pid);
	else
		support_kill(party.pid);
}

static void clear_up(struct party party, enum ending ending)
{
	if (ending == ZOMBIE)
		ck_assert_int_eq(support_reap(party.pid), -SIGKILL);
}

START_TEST(party_killed_while_it_waits_breaks_the_barrier)
{
	for (enum ending ending = 0; ending < ENDINGS; ++ending) {
		struct party victim;
		pid_t others[2];

		init(PARTIES, NULL);
		victim = start_party(ending, await_once);
		for (int i = 0; i < 2; ++i)
			others[i] = support_fork(await_a_death, NULL);
		await_come(3);
		kill_party(victim, ending);
		for (int i = 0; i < 2; ++i)
			ck_assert_int_eq(support_reap(others[i]), 0);
		ck_assert_int_eq(is_broken(), 1);
		ck_assert(is_told_of_a_death(await(MPROC_FOREVER, NULL)));
		clear_up(victim, ending);
	}
}
END_TEST

static int await_and_stay(void *unused)
{
	int rc = await_once(unused);

	while (rc == 0)
		rc = pause();
	return rc;
}

START_TEST(party_killed_before_it_comes_again_breaks_the_barrier)
{
	for (enum ending ending = 0; ending < ENDINGS; ++ending) {
		struct party victim;

		init(2, NULL);
		victim = start_party(ending, await_and_stay);
		ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
		kill_party(victim, ending);
		ck_assert(is_told_of_a_death(await(MPROC_FOREVER, NULL)));
		clear_up(victim, ending);
	}
}
END_TEST

START_TEST(party_killed_while_others_wait_for_it_breaks_the_barrier)
{
	for (enum ending ending = 0; ending < ENDINGS; ++ending) {
		struct party victim;
		pid_t other;

		init(2, NULL);
		victim = start_party(ending, await_and_stay);
		ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
		/* In this one's place. */
		leave();
		other = support_fork(await_a_death, NULL);
		await_come(1);
		kill_party(victim, ending);
		ck_assert_int_eq(support_reap(other), 0);
		clear_up(victim, ending);
	}
}
END_TEST

START_TEST(party_killed_in_the_action_breaks_the_barrier)
{
	for (enum ending ending = 0; ending < ENDINGS; ++ending) {
		struct party victim;
		pid_t other;

		shared->acting = 0;
		init(2, act_slowly);
		other = support_fork(await_a_death, NULL);
		await_come(1);
		victim = start_party(ending, await_once);
		support_await(&shared->acting, 1);
		kill_party(victim, ending);
		ck_assert_int_eq(support_reap(other), 0);
		ck_assert_int_eq(is_broken(), 1);
		ck_assert_uint_eq(shared->acted, 0);
		clear_up(victim, ending);
	}
}
END_TEST

START_TEST(party_killed_while_another_is_in_the_action_breaks_the_barrier)
{
	pid_t victim, actor;

	init(2, act_slowly);
	victim = support_fork(await_once, NULL);
	await_come(1);
	actor = support_fork(await_a_death, NULL);
	support_await(&shared->acting, 1);
	support_kill(victim);
	mproci_member_sweep();
	ck_assert(is_told_of_a_death(await(MPROC_FOREVER, NULL)));
	shared->may_go_on = 1;
	ck_assert_int_eq(support_reap(actor), 0);
}
END_TEST

START_TEST(party_that_ends_without_leaving_breaks_the_barrier)
{
	pid_t other;

	init(2, NULL);
	other = support_fork(await_once, NULL);
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
	ck_assert_int_eq(support_reap(other), 0);
	ck_assert(is_told_of_a_death(await(MPROC_FOREVER, NULL)));
}
END_TEST

static int await_and_leave(void *unused)
{
	int rc = await_once(unused);

	return rc < 0 ? rc : leave();
}

START_TEST(party_that_leaves_hands_over_to_another_process)
{
	/* More than can take part at a time. */
	init(2, NULL);
	for (int i = 0; i < MPROC_BARRIER_PROCESSES_MAX + 20; ++i) {
		pid_t other = support_fork(await_and_leave, NULL);

		ck_assert_int_eq(await(mproc_after(30), NULL), 0);
		ck_assert_int_eq(support_reap(other), 0);
	}
	mproci_member_sweep();
	ck_assert_int_eq(is_broken(), 0);
	ck_assert_int_eq(come(), 0);
}
END_TEST

START_TEST(process_leaves_while_others_wait_and_another_comes)
{
	pid_t early, late;

	init(2, NULL);
	early = support_fork(await_and_leave, NULL);
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
	leave();
	ck_assert_int_eq(support_reap(early), 0);
	early = support_fork(await_once, NULL);
	await_come(1);
	/* Nobody takes part but one, who waits for whoever it may be. */
	mproci_member_sweep();
	ck_assert_int_eq(is_broken(), 0);
	late = support_fork(await_once, NULL);
	ck_assert_int_eq(support_reap(early), 0);
	ck_assert_int_eq(support_reap(late), 0);
}
END_TEST

/* Nobody knows of a process that has not waited. */
static int do_nothing(void *unused)
{
	(void)unused;
	return mproci_family_join();
}

START_TEST(process_killed_before_its_first_wait_is_unknown)
{
	init(2, NULL);
	support_kill(support_fork_and_keep(do_nothing, NULL));
	support_kill_and_join(support_start_and_keep(do_nothing, NULL));
	mproci_member_sweep();
	ck_assert_int_eq(await(mproc_after(0.25), NULL), -ETIMEDOUT);
}
END_TEST

START_TEST(child_takes_no_part_for_its_parent)
{
	support_thread other;

	init(2, NULL);
	support_begin(&other, await_once, NULL);
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
	ck_assert_int_eq(support_end(&other), 0);
	support_kill(support_fork_and_keep(do_nothing, NULL));
	mproci_member_sweep();
	support_begin(&other, await_once, NULL);
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
	ck_assert_int_eq(support_end(&other), 0);
}
END_TEST

START_TEST(stopped_party_breaks_nothing)
{
	pid_t stopped;

	init(2, NULL);
	/* While it waits. */
	stopped = support_fork(await_and_stay, NULL);
	await_come(1);
	support_stop(stopped);
	mproci_member_sweep();
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
	ck_assert_int_eq(is_broken(), 0);
	support_go_on(stopped);
	support_await(&shared->out, 1);
	/* While others wait for it. */
	support_stop(stopped);
	ck_assert_int_eq(await(mproc_after(0.25), NULL), -ETIMEDOUT);
	support_check_text("1 of 2 had come at the deadline");
	support_kill(stopped);
}
END_TEST

START_TEST(stopped_waiter_learns_later_how_its_round_ended)
{
	pid_t stopped;

	init(2, NULL);
	for (int broken = 0; broken < 2; ++broken) {
		ck_assert_int_eq(reset(), 0);
		stopped = support_fork(await_and_leave, NULL);
		await_come(1);
		support_stop(stopped);
		if (broken)
			ck_assert_int_eq(reset(), 0);
		else
			ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
		/* What happens to the next round is not its. */
		ck_assert_int_eq(await(MPROC_NOW, NULL), -ETIMEDOUT);
		support_go_on(stopped);
		ck_assert_int_eq(support_reap(stopped), broken ? ECANCELED : 0);
	}
}
END_TEST

START_TEST(deadline_holds_while_somebody_is_stopped_in_a_burial)
{
	pid_t stopped;

	init(2, NULL);
	ck_assert_int_eq(await(MPROC_NOW, NULL), -ETIMEDOUT);
	stopped = support_fork_and_keep(begin_burial, NULL);
	support_stop(stopped);
	ck_assert_int_eq(reset(), 0);
	ck_assert_int_eq(await(mproc_after(0.25), NULL), -ETIMEDOUT);
	support_kill(stopped);
}
END_TEST

/* The death of a party is known to who resets; nobody else need have noticed. */
START_TEST(reset_forgets_those_who_have_ended)
{
	for (enum ending ending = 0; ending < ENDINGS; ++ending) {
		struct party victim;
		pid_t other;

		init(2, NULL);
		victim = start_party(ending, await_and_stay);
		ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
		kill_party(victim, ending);
		ck_assert_int_eq(reset(), 0);
		mproci_member_sweep();
		other = support_fork(await_and_leave, NULL);
		ck_assert_msg(
			await(MPROC_FOREVER, NULL) == 0, "ending %d: %s", (int)ending, mproc_error_text());
		ck_assert_int_eq(support_reap(other), 0);
		clear_up(victim, ending);
	}
}
END_TEST

START_TEST(reset_does_not_forget_those_who_live)
{
	pid_t victim;

	init(2, NULL);
	victim = support_fork(await_and_stay, NULL);
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
	ck_assert_int_eq(reset(), 0);
	support_kill(victim);
	ck_assert(is_told_of_a_death(await(MPROC_FOREVER, NULL)));
}
END_TEST

/* Goes on from round to round, whatever happens to the others. */
static int go_on_and_on(void *unused)
{
	int rc;

	(void)unused;
	do {
		rc = await(MPROC_FOREVER, NULL);
		if (rc == 0)
			++shared->out;
		else
			sched_yield();
	} while (rc == 0 || rc == -ECANCELED);
	return rc;
}

/* After a death, one reset is enough for all the others to go on with whoever takes the place. */
START_TEST(killed_parties_are_replaced_while_others_go_on)
{
	pid_t pids[3];

	init(3, act);
	for (int i = 0; i < 3; ++i)
		pids[i] = support_fork(go_on_and_on, NULL);
	for (int i = 0; i < 60; ++i) {
		uint32_t before = shared->out;
		int victim = i % 3;

		support_await(&shared->out, before + 30);
		support_kill(pids[victim]);
		/* It may have been in the action. */
		shared->acting = 0;
		pids[victim] = support_fork(go_on_and_on, NULL);
		ck_assert_int_eq(reset(), 0);
	}
	support_await(&shared->out, shared->out + 30);
	ck_assert_int_eq(is_broken(), 0);
	ck_assert_uint_eq(shared->crowded, 0);
	for (int i = 0; i < 3; ++i)
		support_kill(pids[i]);
}
END_TEST

enum {
	SURVIVORS = 8
};

/* The same, and while it is broken look at it all the time. */
static int press_on(void *unused)
{
	int rc;

	(void)unused;
	do
		rc = await(MPROC_FOREVER, NULL);
	while (rc == 0 || rc == -ECANCELED);
	return rc;
}

/* Until killed. */
static int survive_in_threads(void *unused)
{
	support_thread threads[SURVIVORS];
	int rc = 0;

	(void)unused;
	begin_all(threads, SURVIVORS, press_on);
	for (int i = 0; i < SURVIVORS; ++i)
		rc = support_end(&threads[i]);
	return rc;
}

/* Tell when the round is complete, or that it was not. */
static int await_and_tell(void *unused)
{
	int rc = await(MPROC_FOREVER, NULL);

	(void)unused;
	shared->verdict = rc;
	++shared->ready;
	while (rc == 0)
		rc = pause();
	return rc;
}

/*
 * Many are woken by a burial, and look for the dead when the barrier is made as new.  One that is late is
 * awaited: it must come before the next round is complete.
 */
START_TEST(reset_is_not_undone_by_who_was_just_noticing_a_death)
{
	pid_t survivors;

	init(SURVIVORS + 1, NULL);
	survivors = support_fork(survive_in_threads, NULL);
	for (uint32_t i = 1; i <= 30; ++i) {
		mproc_process *victim = support_start(await_and_tell, NULL);

		support_await(&shared->ready, i);
		ck_assert_msg(shared->verdict == 0, "broken after the reset %u", i - 1);
		support_kill_and_join(victim);
		ck_assert_int_eq(reset(), 0);
	}
	support_kill(survivors);
}
END_TEST

static int abort_deed(void *unused)
{
	(void)unused;
	return abort_it();
}

static int reset_deed(void *unused)
{
	(void)unused;
	return reset();
}

START_TEST(process_that_is_no_member_may_abort_and_reset_and_leave)
{
	support_thread other;

	init(2, NULL);
	support_begin(&other, await_once, NULL);
	await_come(1);
	ck_assert_int_eq(support_reap(support_fork(abort_deed, NULL)), 0);
	end_all(&other, 1, -ECANCELED, "is broken: it was aborted");
	ck_assert_int_eq(support_reap(support_fork(reset_deed, NULL)), 0);
	ck_assert_int_eq(is_broken(), 0);
	ck_assert_int_eq(support_reap(support_fork(leave_deed, NULL)), 0);
	support_begin(&other, await_once, NULL);
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
	end_all(&other, 1, 0, "");
}
END_TEST

START_TEST(too_many_processes_are_refused)
{
	static pid_t pids[MPROC_BARRIER_PROCESSES_MAX];
	uint32_t index = 77;

	init(MPROC_BARRIER_PARTIES_MAX, NULL);
	for (int i = 0; i < MPROC_BARRIER_PROCESSES_MAX; ++i)
		pids[i] = support_fork(await_once, NULL);
	await_come(MPROC_BARRIER_PROCESSES_MAX);
	ck_assert_int_eq(await(MPROC_FOREVER, &index), -EBUSY);
	support_check_text("240 processes take part already");
	ck_assert_uint_eq(index, 77);
	/* One more thread of a process that takes part is none. */
	ck_assert_int_eq(come(), MPROC_BARRIER_PROCESSES_MAX);
	ck_assert_int_eq(abort_it(), 0);
	for (int i = 0; i < MPROC_BARRIER_PROCESSES_MAX; ++i)
		ck_assert_int_eq(support_reap(pids[i]), ECANCELED);
	ck_assert_int_eq(reset(), 0);
	ck_assert_int_eq(await(MPROC_NOW, NULL), -ETIMEDOUT);
}
END_TEST

START_TEST(process_that_cannot_join_the_family_is_told_so)
{
	support_check_refusals(await_now, NULL);
	ck_assert_int_eq(come(), 0);
	ck_assert_int_eq(is_broken(), 0);
}
END_TEST

START_TEST(caught_signal_does_not_end_a_wait)
{
	init(2, NULL);
	support_disturb(await_once, NULL);
	ck_assert_int_eq(await(MPROC_FOREVER, NULL), 0);
	support_calm();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		init_refuses_no_barrier,
		init_refuses_too_few_and_too_many_parties,
		init_refuses_each_reserved_word,
		every_call_refuses_what_is_no_barrier,
		destroyed_barrier_is_refused_until_it_is_made_again,
		only_party_never_waits,
		nobody_goes_on_before_all_have_come,
		deadline_breaks_the_barrier,
		others_are_told_of_the_deadline_of_one,
		abort_ends_the_waits_and_refuses_who_comes,
		barrier_stays_broken_for_its_first_reason,
		reset_ends_the_waits_and_begins_anew,
		reset_of_a_new_barrier_changes_nothing,
		action_runs_when_all_have_come_and_before_any_goes_on,
		action_that_fails_breaks_the_barrier,
		abort_during_the_action_breaks_the_barrier,
		reset_during_the_action_begins_anew,
		action_may_abort,
		deadline_during_the_action_breaks_the_barrier,
		who_comes_during_the_action_is_in_the_next_round,
		leave_of_who_takes_no_part_does_nothing,
		threads_go_many_rounds_together,
		threads_go_many_rounds_with_an_action,
		hundred_threads_go_many_rounds_together,
		process_takes_part_once,
		rounds_and_resets_are_counted_beyond_their_bits,
		as_many_parties_as_there_can_be_are_counted,
		deadlines_that_race_with_the_last_party_let_all_go_on_or_none,
		deadlines_of_a_hundred_threads_let_all_go_on_or_none,
		resets_and_aborts_under_load_lose_nobody,
		barrier_in_ordinary_memory_works_between_threads,
		NULL,
	};
	const TTest *process_tests[] = {
		processes_go_many_rounds_together,
		processes_go_many_rounds_with_an_action,
		party_killed_while_it_waits_breaks_the_barrier,
		party_killed_before_it_comes_again_breaks_the_barrier,
		party_killed_while_others_wait_for_it_breaks_the_barrier,
		party_killed_in_the_action_breaks_the_barrier,
		party_killed_while_another_is_in_the_action_breaks_the_barrier,
		party_that_ends_without_leaving_breaks_the_barrier,
		party_that_leaves_hands_over_to_another_process,
		process_leaves_while_others_wait_and_another_comes,
		process_killed_before_its_first_wait_is_unknown,
		child_takes_no_part_for_its_parent,
		stopped_party_breaks_nothing,
		stopped_waiter_learns_later_how_its_round_ended,
		deadline_holds_while_somebody_is_stopped_in_a_burial,
		reset_forgets_those_who_have_ended,
		reset_does_not_forget_those_who_live,
		killed_parties_are_replaced_while_others_go_on,
		reset_is_not_undone_by_who_was_just_noticing_a_death,
		process_that_is_no_member_may_abort_and_reset_and_leave,
		too_many_processes_are_refused,
		process_that_cannot_join_the_family_is_told_so,
		caught_signal_does_not_end_a_wait,
		NULL,
	};
	const support_suite suite = {
		.name = "barrier",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_shared,
		.teardown = free_shared,
	};

	return support_run_suite(&suite);
}
