/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "support.h"

#include "sync/biased_lock.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/result.h>

enum {
	/* More than it takes to get the bias at first. */
	OFTEN = 100,
	ROUNDS = 20000,
	THREADS = 4,
};

typedef struct shared {
	mproci_biased_lock lock;
	/* Plain, and both changed with the lock: who is alone sees them equal. */
	uint64_t first, second;
	_Atomic uint32_t is_inside, may_leave;
} shared;

static shared *make_shared(void)
{
	shared *self = mproc_calloc(1, sizeof *self);

	ck_assert_ptr_nonnull(self);
	ck_assert_int_eq(mproci_biased_lock_init(&self->lock, MPROCI_LOCK_OF_PROGRAM), 0);
	return self;
}

static int take(shared *self, mproc_deadline deadline)
{
	mproci_thread_enters(self);
	return mproci_biased_lock_take(&self->lock, deadline);
}

static void release(shared *self)
{
	mproci_biased_lock_release(&self->lock);
}

static void count(shared *self)
{
	ck_assert_int_ge(take(self, MPROC_FOREVER), 0);
	ck_assert_uint_eq(self->first, self->second);
	++self->first;
	++self->second;
	release(self);
}

static void count_often(shared *self)
{
	for (int i = 0; i < OFTEN; ++i)
		count(self);
}

static mproci_id bias_of(shared *self)
{
	return atomic_load(&self->lock.bias);
}

START_TEST(biased_lock_gives_the_bias_to_who_takes_it_often)
{
	shared *self = make_shared();

	count(self);
	ck_assert_uint_eq(bias_of(self), 0);
	count_often(self);
	ck_assert_uint_eq(bias_of(self), mproci_thread_self());
	mproc_free(self);
}
END_TEST

static int count_in_thread(void *argument)
{
	count(argument);
	return 0;
}

START_TEST(biased_lock_takes_the_bias_away_for_another_thread)
{
	shared *self = make_shared();

	count_often(self);
	support_in_thread(count_in_thread, self);
	ck_assert_uint_eq(bias_of(self), 0);
	ck_assert_uint_eq(self->first, OFTEN + 1);
	mproc_free(self);
}
END_TEST

static int count_often_in_thread(void *argument)
{
	count_often(argument);
	return 0;
}

START_TEST(biased_lock_tells_that_the_owner_may_have_died_when_its_thread_has_ended)
{
	shared *self = make_shared();

	support_in_thread(count_often_in_thread, self);
	ck_assert_uint_ne(bias_of(self), 0);
	ck_assert_int_eq(take(self, MPROC_FOREVER), MPROC_OWNER_DIED);
	release(self);
	ck_assert_int_eq(take(self, MPROC_FOREVER), 0);
	release(self);
	mproc_free(self);
}
END_TEST

/* Hold it by the bias until told. */
static int hold_in_thread(void *argument)
{
	shared *self = argument;

	count_often(self);
	ck_assert_int_eq(take(self, MPROC_FOREVER), 0);
	atomic_store(&self->is_inside, 1);
	support_await(&self->may_leave, 1);
	release(self);
	return 0;
}

START_TEST(biased_lock_is_not_taken_from_who_is_inside)
{
	shared *self = make_shared();
	support_thread holder;

	support_begin(&holder, hold_in_thread, self);
	support_await(&self->is_inside, 1);
	ck_assert_uint_ne(bias_of(self), 0);
	ck_assert_int_eq(take(self, mproc_after(0.01)), -ETIMEDOUT);
	ck_assert_int_eq(take(self, MPROC_NOW), -EAGAIN);
	ck_assert_int_eq(mproci_biased_lock_try(&self->lock), -EBUSY);
	ck_assert_int_eq(mproci_biased_lock_settle(&self->lock, mproc_after(0.01)), -ETIMEDOUT);
	atomic_store(&self->may_leave, 1);
	ck_assert_int_ge(take(self, MPROC_FOREVER), 0);
	release(self);
	ck_assert_int_eq(support_end(&holder), 0);
	mproc_free(self);
}
END_TEST

START_TEST(biased_lock_settles_without_ending_the_bias)
{
	shared *self = make_shared();

	count_often(self);
	ck_assert_int_eq(mproci_biased_lock_settle(&self->lock, MPROC_FOREVER), 0);
	ck_assert_uint_eq(bias_of(self), mproci_thread_self());
	mproc_free(self);
}
END_TEST

START_TEST(biased_lock_can_be_tried)
{
	shared *self = make_shared();

	mproci_thread_enters(self);
	ck_assert_int_eq(mproci_biased_lock_try(&self->lock), 0);
	release(self);
	count_often(self);
	ck_assert_int_eq(mproci_biased_lock_try(&self->lock), 0);
	release(self);
	ck_assert_uint_eq(bias_of(self), 0);
	mproc_free(self);
}
END_TEST

/* Some rounds in a row, so that the bias is given, and then all of them at once. */
static int race(void *argument)
{
	shared *self = argument;

	for (int i = 0; i < ROUNDS / OFTEN; ++i)
		count_often(self);
	return 0;
}

START_TEST(biased_lock_excludes_threads_that_race_for_it)
{
	shared *self = make_shared();
	support_thread threads[THREADS];

	for (int i = 0; i < THREADS; ++i)
		support_begin(&threads[i], race, self);
	for (int i = 0; i < THREADS; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	ck_assert_uint_eq(self->first, (uint64_t)THREADS * ROUNDS);
	ck_assert_uint_eq(self->second, self->first);
	mproc_free(self);
}
END_TEST

/* Dies inside, later. */
static int hold_for_ever(void *argument)
{
	shared *self = argument;

	count_often(self);
	++self->first;
	return take(self, MPROC_FOREVER);
}

START_TEST(biased_lock_passes_on_when_a_process_dies_holding_it)
{
	shared *self = make_shared();
	pid_t holder;

	/* Nobody buries it: who waits finds out. */
	holder = support_fork_and_keep(hold_for_ever, self);
	support_kill_and_leave(holder);
	ck_assert_int_eq(take(self, mproc_after(30)), MPROC_OWNER_DIED);
	ck_assert_uint_eq(self->first, self->second + 1);
	release(self);
	support_reap(holder);
	mproc_free(self);
}
END_TEST

static void warm_up(void)
{
	mproc_free(mproc_alloc(1));
}

int main(void)
{
	const TTest *tests[] = {
		biased_lock_gives_the_bias_to_who_takes_it_often,
		biased_lock_takes_the_bias_away_for_another_thread,
		biased_lock_tells_that_the_owner_may_have_died_when_its_thread_has_ended,
		biased_lock_is_not_taken_from_who_is_inside,
		biased_lock_settles_without_ending_the_bias,
		biased_lock_can_be_tried,
		biased_lock_excludes_threads_that_race_for_it,
		NULL,
	};
	const TTest *process_tests[] = {
		biased_lock_passes_on_when_a_process_dies_holding_it,
		NULL,
	};
	const support_suite suite = {
		.name = "biased_lock",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = warm_up,
	};

	return support_run_suite(&suite);
}
