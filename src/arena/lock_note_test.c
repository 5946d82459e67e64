/* SPDX-License-Identifier: MIT */
/*
 * The cases are those of README.md, "Freed locks".
 */
#include "arena/lock_note.h"

#include "arena/fixture.h"
#include "family/thread.h"
#include "support.h"

#include <errno.h>
#include <mproc/mutex.h>
#include <mproc/once.h>
#include <pthread.h>

enum {
	SIZE = 192,
	/* More than there are in a span. */
	COUNT = 1000,
	LARGE = 100000,
};

typedef struct account {
	long number;
	mproc_mutex lock;
	mproc_once once;
} account;

_Static_assert(sizeof(account) <= SIZE, "an account fits into its block");

/* This thread is in the middle of releasing a lock, as far as others can tell. */
static void pretend_to_release(const void *lock)
{
	mproci_family_here->threads[(uint32_t)mproci_thread_self()].releases = (uintptr_t)lock;
}

static account *open_account(size_t size)
{
	account *new = mproc_alloc(size);

	ck_assert_ptr_nonnull(new);
	ck_assert_int_eq(mproc_mutex_init(&new->lock, NULL), 0);
	return new;
}

/* Allocate so many that a block of the same size which may be used again is. */
static bool is_used_again(const void *block)
{
	static void *others[COUNT];
	bool is_found = false;

	for (int i = 0; i < COUNT; ++i) {
		others[i] = mproc_alloc(SIZE);
		ck_assert_ptr_nonnull(others[i]);
		is_found |= others[i] == block;
	}
	for (int i = 0; i < COUNT; ++i)
		ck_assert_int_eq(mproc_free(others[i]), 0);
	return is_found;
}

START_TEST(block_with_a_lock_is_used_again_when_nobody_releases_it)
{
	account *old = open_account(SIZE);

	ck_assert_int_eq(mproc_free(old), 0);
	ck_assert(is_used_again(old));
	fixture_census();
}
END_TEST

START_TEST(block_is_not_used_again_while_a_lock_in_it_is_released)
{
	account *old = open_account(SIZE);

	pretend_to_release(&old->lock);
	ck_assert_int_eq(mproc_free(old), 0);
	ck_assert(!is_used_again(old));
	fixture_census();
	pretend_to_release(NULL);
	ck_assert(is_used_again(old));
	fixture_census();
}
END_TEST

START_TEST(block_with_a_once_is_not_used_again_either)
{
	account *old = mproc_alloc(SIZE);

	ck_assert_int_eq(mproc_once_init(&old->once), 0);
	pretend_to_release(&old->once);
	ck_assert_int_eq(mproc_free(old), 0);
	ck_assert(!is_used_again(old));
	pretend_to_release(NULL);
}
END_TEST

START_TEST(other_blocks_are_used_again_meanwhile)
{
	account *busy = open_account(SIZE), *old = open_account(SIZE);

	pretend_to_release(&busy->lock);
	ck_assert_int_eq(mproc_free(old), 0);
	ck_assert(is_used_again(old));
	pretend_to_release(NULL);
	ck_assert_int_eq(mproc_free(busy), 0);
}
END_TEST

START_TEST(block_with_a_lock_is_freed_once)
{
	account *old = open_account(SIZE);

	pretend_to_release(&old->lock);
	ck_assert_uint_ge(mproc_usable_size(old), SIZE);
	ck_assert_int_eq(mproc_free(old), 0);
	ck_assert_int_eq(mproc_free(old), -EALREADY);
	ck_assert_uint_eq(mproc_usable_size(old), 0);
	pretend_to_release(NULL);
}
END_TEST

static void *free_it(void *block)
{
	ck_assert_int_eq(mproc_free(block), 0);
	return NULL;
}

START_TEST(block_freed_by_another_thread_is_not_used_again_while_a_lock_in_it_is_released)
{
	account *old = open_account(SIZE);
	pthread_t thread;

	pretend_to_release(&old->lock);
	ck_assert_int_eq(pthread_create(&thread, NULL, free_it, old), 0);
	pthread_join(thread, NULL);
	ck_assert(!is_used_again(old));
	pretend_to_release(NULL);
	ck_assert(is_used_again(old));
}
END_TEST

static void *open_and_free(void *ret_block)
{
	account *old = open_account(SIZE);

	*(account **)ret_block = old;
	ck_assert_int_eq(mproc_free(old), 0);
	return NULL;
}

START_TEST(block_left_by_a_thread_that_ended_is_used_again)
{
	account *old;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, open_and_free, &old), 0);
	pthread_join(thread, NULL);
	fixture_census();
	is_used_again(NULL);
	fixture_census();
}
END_TEST

static void *free_while_released(void *block)
{
	void *next;

	ck_assert_int_eq(mproc_free(block), 0);
	next = mproc_alloc(LARGE);
	ck_assert_ptr_ne(next, block);
	ck_assert_int_eq(mproc_free(next), 0);
	return NULL;
}

START_TEST(large_block_is_not_used_again_while_a_lock_in_it_is_released)
{
	account *old = open_account(LARGE);
	pthread_t thread;
	void *next;

	pretend_to_release(&old->lock);
	ck_assert_int_eq(pthread_create(&thread, NULL, free_while_released, old), 0);
	pthread_join(thread, NULL);
	pretend_to_release(NULL);
	fixture_census();
	next = mproc_alloc(LARGE);
	ck_assert_uint_eq(fixture_census().held_units, 0);
	ck_assert_int_eq(mproc_free(next), 0);
}
END_TEST

static void *end_at_once(void *unused)
{
	mproci_thread_self();
	return unused;
}

START_TEST(large_block_left_by_a_thread_that_ended_is_not_used_again_either)
{
	account *old = open_account(LARGE);
	pthread_t thread;
	void *next;

	pretend_to_release(&old->lock);
	ck_assert_int_eq(pthread_create(&thread, NULL, free_while_released, old), 0);
	pthread_join(thread, NULL);
	next = mproc_alloc(LARGE);
	ck_assert_ptr_ne(next, old);
	ck_assert_int_eq(mproc_free(next), 0);
	pretend_to_release(NULL);
	/* The next sweep, when somebody has ended, finds it. */
	ck_assert_int_eq(pthread_create(&thread, NULL, end_at_once, NULL), 0);
	pthread_join(thread, NULL);
	next = mproc_alloc(LARGE);
	ck_assert_ptr_eq(next, old);
	ck_assert_uint_eq(fixture_census().held_units, 0);
	ck_assert_int_eq(mproc_free(next), 0);
}
END_TEST

START_TEST(lock_in_memory_of_its_own_is_not_noted)
{
	static mproc_mutex here;

	ck_assert_int_eq(mproc_mutex_init(&here, NULL), 0);
	mproci_arena_note_lock(&here);
	mproci_arena_note_lock(mproci_family_here);
	mproci_arena_note_lock(NULL);
	fixture_census();
}
END_TEST

START_TEST(lock_noted_in_memory_that_is_free_changes_nothing)
{
	account *old = open_account(SIZE);

	ck_assert_int_eq(mproc_free(old), 0);
	mproci_arena_note_lock(old);
	mproci_arena_note_lock((char *)old + 1);
	fixture_census();
	ck_assert(is_used_again(old));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		block_with_a_lock_is_used_again_when_nobody_releases_it,
		block_is_not_used_again_while_a_lock_in_it_is_released,
		block_with_a_once_is_not_used_again_either,
		other_blocks_are_used_again_meanwhile,
		block_with_a_lock_is_freed_once,
		block_freed_by_another_thread_is_not_used_again_while_a_lock_in_it_is_released,
		block_left_by_a_thread_that_ended_is_used_again,
		large_block_is_not_used_again_while_a_lock_in_it_is_released,
		large_block_left_by_a_thread_that_ended_is_not_used_again_either,
		lock_in_memory_of_its_own_is_not_noted,
		lock_noted_in_memory_that_is_free_changes_nothing,
		NULL,
	};
	const support_suite suite = {
		.name = "locks in freed memory",
		.tests = tests,
		.warm_up = fixture_warm_up,
		.setup = fixture_warm_up,
	};

	return support_run_suite(&suite);
}
