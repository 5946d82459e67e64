/* SPDX-License-Identifier: MIT */
#include "family/thread.h"

#include "family/member.h"
#include "people.h"
#include "support.h"
#include "sys/futex.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void join(void)
{
	ck_assert_int_eq(mproci_family_join(), 0);
}

/* A page of the family's memory. */
static char *shared_page(void)
{
	char *start, *end;

	mproci_family_rest(&start, &end);
	return end - 4096;
}

static _Atomic uint32_t *shared_words(void)
{
	return (_Atomic uint32_t *)(void *)shared_page();
}

static mproci_thread *slot_of(mproci_id id)
{
	return &mproci_family_here->threads[(uint32_t)id];
}

static void *take_id(void *ret_id)
{
	*(mproci_id *)ret_id = mproci_thread_self();
	return NULL;
}

static mproci_id id_of_a_thread_that_ended(void)
{
	mproci_id id = 0;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, take_id, &id), 0);
	pthread_join(thread, NULL);
	return id;
}

START_TEST(thread_keeps_its_id)
{
	mproci_id id = mproci_thread_self();

	ck_assert_uint_ne(id, 0);
	ck_assert_uint_eq(mproci_thread_self(), id);
	ck_assert(mproci_thread_is_alive(id));
}
END_TEST

START_TEST(thread_that_ended_is_not_alive_and_has_departed)
{
	uint32_t before = mproci_family_here->departures;
	mproci_id mine = mproci_thread_self(), id = id_of_a_thread_that_ended();

	ck_assert_uint_ne(id, 0);
	ck_assert_uint_ne(id, mine);
	ck_assert(!mproci_thread_is_alive(id));
	ck_assert(mproci_thread_is_alive(mine));
	ck_assert_uint_eq(mproci_family_here->departures, before + 1);
}
END_TEST

START_TEST(slot_is_given_back_when_a_thread_ends_and_its_id_never_repeats)
{
	mproci_id last = 0;

	mproci_thread_self();
	for (int i = 0; i < 200; ++i) {
		mproci_id id = id_of_a_thread_that_ended();

		ck_assert_uint_gt(id, last);
		ck_assert_uint_eq((uint32_t)id, 1);
		last = id;
	}
	ck_assert_uint_eq(mproci_family_here->thread_limit, 2);
}
END_TEST

START_TEST(thread_that_leaves_ends_for_the_family_and_gets_another_id_when_it_needs_one)
{
	mproci_id first = mproci_thread_self(), second;
	uint32_t departures = mproci_family_here->departures;

	ck_assert_uint_eq(*mproci_member_threads(), 1);
	mproci_thread_leave();
	ck_assert_uint_eq(*mproci_member_threads(), 0);
	ck_assert(!mproci_thread_is_alive(first));
	ck_assert(!mproci_thread_is_own(first));
	ck_assert_uint_eq(mproci_family_here->departures, departures + 1);
	mproci_thread_leave();
	ck_assert_uint_eq(*mproci_member_threads(), 0);
	second = mproci_thread_self();
	ck_assert_uint_ne(second, 0);
	ck_assert_uint_ne(second, first);
	ck_assert_uint_eq((uint32_t)second, (uint32_t)first);
	ck_assert_uint_eq(*mproci_member_threads(), 1);
}
END_TEST

START_TEST(threads_with_a_slot_are_counted_until_they_end)
{
	mproci_thread_self();
	ck_assert_uint_ne(id_of_a_thread_that_ended(), 0);
	ck_assert_uint_eq(*mproci_member_threads(), 1);
}
END_TEST

START_TEST(free_slot_is_found_whatever_the_hint_says)
{
	const uint32_t hints[] = {0, 1, 2, 3, 100, MPROCI_THREADS, UINT32_MAX};

	mproci_thread_self();
	ck_assert_uint_eq((uint32_t)id_of_a_thread_that_ended(), 1);
	for (size_t i = 0; i < sizeof hints / sizeof *hints; ++i) {
		mproci_family_here->thread_hint = hints[i];
		ck_assert_uint_eq((uint32_t)id_of_a_thread_that_ended(), 1);
	}
	ck_assert_uint_eq(mproci_family_here->thread_limit, 2);
}
END_TEST

enum {
	TOGETHER = 16
};

static pthread_barrier_t barrier;

static void *take_id_together(void *ret_id)
{
	pthread_barrier_wait(&barrier);
	take_id(ret_id);
	pthread_barrier_wait(&barrier);
	return NULL;
}

START_TEST(threads_that_live_at_once_have_different_slots)
{
	pthread_t threads[TOGETHER];
	mproci_id ids[TOGETHER] = {0};

	pthread_barrier_init(&barrier, NULL, TOGETHER);
	for (int i = 0; i < TOGETHER; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_id_together, &ids[i]), 0);
	for (int i = 0; i < TOGETHER; ++i)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < TOGETHER; ++i) {
		ck_assert_uint_ne(ids[i], 0);
		for (int j = 0; j < i; ++j)
			ck_assert_uint_ne((uint32_t)ids[i], (uint32_t)ids[j]);
	}
	pthread_barrier_destroy(&barrier);
}
END_TEST

static void *tell_id(void *ret_id)
{
	*(mproci_id *)ret_id = mproci_thread_self();
	ck_assert(mproci_thread_is_own(*(mproci_id *)ret_id));
	ck_assert(mproci_thread_belongs_to(*(mproci_id *)ret_id, mproci_member_self()));
	return NULL;
}

START_TEST(thread_belongs_to_its_member_until_it_ends)
{
	mproci_id self = mproci_thread_self(), other = 0, stranger;
	pthread_t thread;

	ck_assert_int_eq(mproci_member_expect("", &stranger), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, tell_id, &other), 0);
	pthread_join(thread, NULL);
	ck_assert(mproci_thread_belongs_to(self, mproci_member_self()));
	ck_assert(!mproci_thread_belongs_to(self, stranger));
	ck_assert(!mproci_thread_belongs_to(other, mproci_member_self()));
	ck_assert(!mproci_thread_belongs_to(0, mproci_member_self()));
	ck_assert(mproci_thread_is_own(self));
	ck_assert(!mproci_thread_is_own(other));
}
END_TEST

START_TEST(nobody_is_not_alive)
{
	ck_assert(!mproci_thread_is_alive(0));
}
END_TEST

static pthread_key_t late_key;
static mproci_id late_id;

/* As a destructor of the application that allocates: it may run after the library's own. */
static void use_late(void *round)
{
	late_id = mproci_thread_self();
	if (round == (void *)1)
		pthread_setspecific(late_key, (void *)2);
}

static void *use_until_the_very_end(void *ret_id)
{
	take_id(ret_id);
	pthread_setspecific(late_key, (void *)1);
	return NULL;
}

START_TEST(slot_is_given_back_also_when_a_destructor_takes_one_again)
{
	mproci_id early = 0;
	pthread_t thread;

	mproci_thread_self();
	pthread_key_create(&late_key, use_late);
	pthread_create(&thread, NULL, use_until_the_very_end, &early);
	pthread_join(thread, NULL);
	ck_assert_uint_ne(late_id, 0);
	ck_assert(!mproci_thread_is_alive(early));
	ck_assert(!mproci_thread_is_alive(late_id));
}
END_TEST

START_TEST(word_that_a_thread_sleeps_on_is_noted_until_it_no_longer_does)
{
	mproci_id self = mproci_thread_self();
	_Atomic uint32_t *words = shared_words();

	mproci_thread_sleeps_on(words);
	ck_assert_uint_eq(slot_of(self)->sleeps_on, (uintptr_t)words);
	mproci_thread_sleeps_on(NULL);
	ck_assert_uint_eq(slot_of(self)->sleeps_on, 0);
}
END_TEST

START_TEST(word_outside_the_family_is_not_noted)
{
	mproci_id self = mproci_thread_self();
	_Atomic uint32_t here = 0;

	mproci_thread_sleeps_on(&here);
	ck_assert_uint_eq(slot_of(self)->sleeps_on, 0);
}
END_TEST

START_TEST(burial_steps_odd_words_that_somebody_sleeps_on)
{
	_Atomic uint32_t *words = shared_words();

	words[0] = 5;
	mproci_thread_sleeps_on(&words[0]);
	mproci_thread_bury_all(mproci_member_self() + 1);
	ck_assert_uint_eq(words[0], 6);
	mproci_thread_bury_all(mproci_member_self() + 1);
	ck_assert_uint_eq(words[0], 6);
	mproci_thread_sleeps_on(NULL);
}
END_TEST

/* Slots as of another member's threads, each of which is about to sleep on a word. */
static void announce(uint32_t first, uint32_t count, _Atomic uint32_t *word, size_t step)
{
	for (uint32_t i = first; i < first + count; ++i, word += step) {
		mproci_family_here->threads[i].word = UINT64_C(1) << 32 | UINT32_C(1) << 16;
		mproci_family_here->threads[i].sleeps_on = (uintptr_t)word;
	}
	if (mproci_family_here->thread_limit < first + count)
		mproci_family_here->thread_limit = first + count;
}

static _Atomic uint32_t has_begun, is_over;

/* As a sleeper that falls asleep again whenever it is woken. */
static void *make_odd_again(void *argument)
{
	_Atomic uint32_t *word = argument;

	has_begun = true;
	while (!is_over) {
		if ((*word & 1) == 0)
			atomic_fetch_add(word, 1);
	}
	return NULL;
}

START_TEST(burial_steps_a_word_once_however_many_sleep_on_it)
{
	enum {
		BURIALS = 50
	};
	_Atomic uint32_t *word = shared_words();
	pthread_t thread;

	*word = 1;
	announce(10, 5000, word, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, make_odd_again, shared_words()), 0);
	support_await(&has_begun, 1);
	for (int i = 0; i < BURIALS; ++i)
		mproci_thread_bury_all(mproci_member_self() + 1);
	is_over = true;
	pthread_join(thread, NULL);
	ck_assert_uint_ge(*word, 2);
	ck_assert_uint_le(*word, 1 + 2 * BURIALS);
}
END_TEST

START_TEST(burial_steps_all_words_however_many_they_are)
{
	enum {
		WORDS = 1000
	};
	_Atomic uint32_t *words = shared_words();

	for (int i = 0; i < WORDS; ++i)
		words[i] = 5;
	announce(10, WORDS, words, 1);
	announce(10 + WORDS, WORDS, words, 1);
	mproci_thread_bury_all(mproci_member_self() + 1);
	for (int i = 0; i < WORDS; ++i)
		ck_assert_uint_eq(words[i], 6);
}
END_TEST

START_TEST(word_that_somebody_killed_while_burying_left_pinned_is_stepped_and_unpinned)
{
	_Atomic uint32_t *words = shared_words();

	words[0] = words[1] = 5;
	announce(10, 3, words, 0);
	announce(13, 1, words + 1, 0);
	mproci_family_here->threads[11].sleeps_on |= 1;
	mproci_family_here->threads[13].sleeps_on |= 1;
	mproci_thread_bury_all(mproci_member_self() + 1);
	ck_assert_uint_eq(words[0], 6);
	ck_assert_uint_eq(words[1], 6);
	for (int i = 10; i < 14; ++i)
		ck_assert_uint_eq(mproci_family_here->threads[i].sleeps_on & 1, 0);
}
END_TEST

START_TEST(burial_leaves_words_that_nobody_sleeps_on)
{
	_Atomic uint32_t *words = shared_words();

	words[0] = 5;
	mproci_thread_sleeps_on(&words[0]);
	mproci_thread_sleeps_on(NULL);
	mproci_thread_bury_all(mproci_member_self() + 1);
	ck_assert_uint_eq(words[0], 5);
}
END_TEST

START_TEST(lock_is_released_and_no_longer_noted)
{
	mproci_lock *lock = (mproci_lock *)(void *)shared_page();

	ck_assert_int_eq(mproci_lock_init(lock, MPROCI_LOCK_OF_PROGRAM), 0);
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_NOW), 0);
	ck_assert_int_eq(mproci_thread_release(lock), 0);
	ck_assert(!mproci_thread_notes_in(lock, sizeof *lock));
	ck_assert_int_eq(mproci_lock_take(lock, MPROC_NOW), 0);
	ck_assert_int_eq(mproci_thread_release(lock), 0);
}
END_TEST

START_TEST(lock_that_is_being_released_is_found_in_its_memory_and_not_beside_it)
{
	char *memory = shared_page();

	slot_of(mproci_thread_self())->releases = (uintptr_t)memory + 64;
	ck_assert(mproci_thread_notes_in(memory, 4096));
	ck_assert(mproci_thread_notes_in(memory + 64, 1));
	ck_assert(mproci_thread_notes_in(memory, 65));
	ck_assert(!mproci_thread_notes_in(memory, 64));
	ck_assert(!mproci_thread_notes_in(memory + 65, 4096));
	slot_of(mproci_thread_self())->releases = 0;
}
END_TEST

START_TEST(block_that_is_moved_is_found_and_so_is_its_place)
{
	char *memory = shared_page();

	mproci_thread_moves(memory + 64, (void *_Atomic *)(void *)(memory + 2048));
	ck_assert(mproci_thread_notes_in(memory + 64, 1));
	ck_assert(mproci_thread_notes_in(memory + 2048, 1));
	ck_assert(!mproci_thread_notes_in(memory, 64));
	ck_assert(!mproci_thread_notes_in(memory + 65, 2048 - 65));
	mproci_thread_moves(NULL, NULL);
	ck_assert(!mproci_thread_notes_in(memory, 4096));
}
END_TEST

/* Take every free slot in the name of a member that there will never be. */
static void fill_table(uint32_t tag)
{
	for (uint32_t i = 0; i < MPROCI_THREADS; ++i) {
		if ((uint32_t)mproci_family_here->threads[i].word == 0)
			mproci_family_here->threads[i].word |= tag;
	}
	mproci_family_here->thread_limit = MPROCI_THREADS;
}

/* As in thread.c: index and generation of the member. */
static uint32_t tag_of(mproci_id member)
{
	return (1 + (uint32_t)member) << 16 | (uint32_t)(member >> 32 & 0xffff);
}

START_TEST(full_table_gives_no_id_and_works_after_a_burial)
{
	mproci_id ghost, mine = mproci_thread_self();

	ck_assert_int_eq(mproci_member_expect("", &ghost), 0);
	fill_table(tag_of(ghost));
	ck_assert_uint_eq(id_of_a_thread_that_ended(), 0);
	ck_assert_uint_eq(mproci_thread_self(), mine);
	mproci_member_bury(ghost);
	ck_assert_uint_eq(*mproci_member_threads(), 1);
	ck_assert_uint_ne(id_of_a_thread_that_ended(), 0);
	ck_assert(mproci_thread_is_alive(mine));
}
END_TEST

START_TEST(lock_that_the_dead_was_releasing_is_noted_until_the_burial)
{
	char *memory = shared_page();
	mproci_id ghost;

	ck_assert_int_eq(mproci_member_expect("", &ghost), 0);
	mproci_thread_self();
	fill_table(tag_of(ghost));
	mproci_family_here->threads[MPROCI_THREADS - 1].releases = (uintptr_t)memory;
	ck_assert(mproci_thread_notes_in(memory, 64));
	mproci_member_bury(ghost);
	ck_assert(!mproci_thread_notes_in(memory, 64));
}
END_TEST

START_TEST(block_that_the_dead_was_moving_is_noted_until_the_burial)
{
	mproci_thread *slot = &mproci_family_here->threads[MPROCI_THREADS - 1];
	char *memory = shared_page();
	mproci_id ghost;

	ck_assert_int_eq(mproci_member_expect("", &ghost), 0);
	mproci_thread_self();
	fill_table(tag_of(ghost));
	slot->block = (uintptr_t)memory;
	slot->place = (uintptr_t)memory + 64;
	ck_assert(mproci_thread_notes_in(memory, 64));
	ck_assert(mproci_thread_notes_in(memory + 64, 64));
	mproci_member_bury(ghost);
	ck_assert(!mproci_thread_notes_in(memory, 4096));
}
END_TEST

START_TEST(slot_whose_generations_are_used_up_is_not_used_again)
{
	mproci_id id;

	mproci_thread_self();
	id = id_of_a_thread_that_ended();
	slot_of(id)->word = (uint64_t)UINT32_MAX << 32;
	ck_assert_uint_ne((uint32_t)id_of_a_thread_that_ended(), (uint32_t)id);
}
END_TEST

/* Run @function in a plainly forked child: its result. */
static int in_child(int (*function)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(function());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static mproci_id parents_id;

static int has_an_id_of_its_own(void)
{
	if (mproci_thread_self() != 0 || mproci_thread_is_own(parents_id))
		return 1;
	if (mproci_family_join() != 0)
		return 2;
	if (mproci_thread_self() == 0 || mproci_thread_self() == parents_id)
		return 3;
	return mproci_thread_is_alive(parents_id) ? 0 : 4;
}

START_TEST(forked_child_has_no_id_until_it_is_a_member_and_then_its_own)
{
	parents_id = mproci_thread_self();
	ck_assert_int_eq(in_child(has_an_id_of_its_own), 0);
	ck_assert_uint_eq(mproci_thread_self(), parents_id);
	ck_assert(mproci_thread_is_alive(parents_id));
}
END_TEST

static void *take_and_fork(void *ret_is_alive)
{
	mproci_id id = mproci_thread_self();
	pid_t pid = fork();

	/* The thread ends in the child as well, which must not give back its parent's slot. */
	if (pid == 0)
		pthread_exit(NULL);
	waitpid(pid, NULL, 0);
	*(bool *)ret_is_alive = mproci_thread_is_alive(id);
	return NULL;
}

START_TEST(thread_that_ends_in_a_forked_child_does_not_end_the_parents)
{
	bool is_alive = false;
	pthread_t thread;

	pthread_create(&thread, NULL, take_and_fork, &is_alive);
	pthread_join(thread, NULL);
	ck_assert(is_alive);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		thread_keeps_its_id,
		thread_that_ended_is_not_alive_and_has_departed,
		slot_is_given_back_when_a_thread_ends_and_its_id_never_repeats,
		thread_that_leaves_ends_for_the_family_and_gets_another_id_when_it_needs_one,
		threads_with_a_slot_are_counted_until_they_end,
		free_slot_is_found_whatever_the_hint_says,
		threads_that_live_at_once_have_different_slots,
		thread_belongs_to_its_member_until_it_ends,
		nobody_is_not_alive,
		slot_is_given_back_also_when_a_destructor_takes_one_again,
		word_that_a_thread_sleeps_on_is_noted_until_it_no_longer_does,
		word_outside_the_family_is_not_noted,
		burial_steps_odd_words_that_somebody_sleeps_on,
		burial_steps_a_word_once_however_many_sleep_on_it,
		burial_steps_all_words_however_many_they_are,
		word_that_somebody_killed_while_burying_left_pinned_is_stepped_and_unpinned,
		burial_leaves_words_that_nobody_sleeps_on,
		lock_is_released_and_no_longer_noted,
		lock_that_is_being_released_is_found_in_its_memory_and_not_beside_it,
		block_that_is_moved_is_found_and_so_is_its_place,
		lock_that_the_dead_was_releasing_is_noted_until_the_burial,
		block_that_the_dead_was_moving_is_noted_until_the_burial,
		full_table_gives_no_id_and_works_after_a_burial,
		slot_whose_generations_are_used_up_is_not_used_again,
		NULL,
	};
	const TTest *process_tests[] = {
		forked_child_has_no_id_until_it_is_a_member_and_then_its_own,
		thread_that_ends_in_a_forked_child_does_not_end_the_parents,
		NULL,
	};
	const support_suite suite = {
		.name = "thread",
		.tests = tests,
		.process_tests = process_tests,
		.setup = join,
	};

	return support_run_suite(&suite);
}
