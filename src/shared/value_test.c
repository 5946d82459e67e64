/* SPDX-License-Identifier: MIT */
#include <mproc/value.h>

#include "people.h"
#include "shared/value.h"
#include "support.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/mutex.h>
#include <mproc/result.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	SIDES = 4,
	ROUNDS = 20000,
};

/* Two numbers that belong together. */
typedef struct pair {
	long total, copy;
} pair;

static pair *shared;

static void make_pair(void)
{
	shared = mproc_value_create(sizeof *shared, NULL);
	ck_assert_ptr_nonnull(shared);
}

static void free_pair(void)
{
	ck_assert_int_eq(mproc_value_destroy(shared), 0);
}

static int lock(mproc_deadline deadline)
{
	return mproc_value_lock(shared, deadline);
}

static int unlock(void)
{
	return mproc_value_unlock(shared);
}

static int lock_now(void *unused)
{
	(void)unused;
	return lock(MPROC_NOW);
}

static int lock_soon(void *unused)
{
	(void)unused;
	return lock(mproc_after(0.005));
}

static int lock_it(void *unused)
{
	(void)unused;
	return lock(MPROC_FOREVER);
}

static int unlock_it(void *unused)
{
	(void)unused;
	return unlock();
}

static int destroy_it(void *unused)
{
	(void)unused;
	return mproc_value_destroy(shared);
}

static int look(void *unused)
{
	int rc = lock_now(unused);

	return rc < 0 ? rc : unlock();
}

static bool is_locked(void)
{
	int rc = support_in_thread(look, NULL).result;

	ck_assert(rc == 0 || rc == -EAGAIN);
	return rc != 0;
}

static bool is_zero(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; ++i) {
		if (((const char *)bytes)[i] != 0)
			return false;
	}
	return true;
}

static void check_refused(const void *result, int code, const char *text)
{
	int number = errno;

	ck_assert_ptr_null(result);
	ck_assert_int_eq(number, code);
	support_check_text(text);
}

START_TEST(value_is_zero_at_first_and_aligned)
{
	const size_t sizes[] = {1, 2, 3, 8, 16, 100, 4096, 100000};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		/* What was there before must not be seen. */
		void *before = mproc_alloc(sizes[i] + 80), *value;

		memset(before, 0x55, sizes[i] + 80);
		mproc_free(before);
		value = mproc_value_create(sizes[i], NULL);
		ck_assert_ptr_nonnull(value);
		ck_assert_uint_eq((uintptr_t)value % 16, 0);
		ck_assert(is_zero(value, sizes[i]));
		memset(value, 0x77, sizes[i]);
		ck_assert_int_eq(mproc_value_lock(value, MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_value_unlock(value), 0);
		ck_assert_int_eq(mproc_value_destroy(value), 0);
	}
}
END_TEST

START_TEST(value_is_at_first_what_was_asked_for)
{
	const pair initial = {.total = 17, .copy = 18};
	pair *value = mproc_value_create(sizeof *value, &(mproc_value_options){.initial = &initial});

	ck_assert_ptr_nonnull(value);
	ck_assert_int_eq(value->total, 17);
	ck_assert_int_eq(value->copy, 18);
	ck_assert_uint_eq(mproc_array_count(value), 1);
	ck_assert_int_eq(mproc_value_destroy(value), 0);
}
END_TEST

START_TEST(array_is_at_first_what_was_asked_for)
{
	const int initial[5] = {1, 2, 3, 4, 5};
	int *array = mproc_array_create(5, sizeof *array, &(mproc_value_options){.initial = initial});

	ck_assert_ptr_nonnull(array);
	ck_assert_mem_eq(array, initial, sizeof initial);
	ck_assert_int_eq(mproc_value_destroy(array), 0);
}
END_TEST

START_TEST(array_knows_how_many_items_it_has)
{
	const size_t counts[] = {1, 2, 7, 100000};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
		short *array = mproc_array_create(counts[i], sizeof *array, NULL);

		ck_assert_uint_eq(mproc_array_count(array), counts[i]);
		ck_assert(is_zero(array, counts[i] * sizeof *array));
		array[counts[i] - 1] = 1;
		ck_assert_int_eq(mproc_value_lock(array, MPROC_NOW), 0);
		ck_assert_int_eq(mproc_value_unlock(array), 0);
		ck_assert_int_eq(mproc_value_destroy(array), 0);
	}
}
END_TEST

START_TEST(create_refuses_nothing)
{
	errno = 0;
	check_refused(mproc_value_create(0, NULL), EINVAL, "1 items of 0 bytes: at least 1 byte");
	errno = 0;
	check_refused(mproc_array_create(5, 0, NULL), EINVAL, "5 items of 0 bytes: at least 1 byte");
	errno = 0;
	check_refused(mproc_array_create(0, 5, NULL), EINVAL, "0 items of 5 bytes: at least 1 byte");
}
END_TEST

START_TEST(create_refuses_each_reserved_word)
{
	for (int i = 0; i < 3; ++i) {
		mproc_value_options options = {0};
		char expected[64];

		options.reserved[i] = 77;
		snprintf(expected, sizeof expected, "reserved[%d] is 77, not 0", i);
		errno = 0;
		check_refused(mproc_value_create(1, &options), EINVAL, expected);
		errno = 0;
		check_refused(mproc_array_create(1, 1, &options), EINVAL, expected);
	}
}
END_TEST

START_TEST(create_refuses_what_cannot_be_counted)
{
	errno = 0;
	check_refused(mproc_array_create(SIZE_MAX / 2, 3, NULL), EOVERFLOW,
		"9223372036854775807 items of 3 bytes: at most 18446744073709551519 bytes");
	errno = 0;
	check_refused(mproc_array_create(2, SIZE_MAX - 10, NULL), EOVERFLOW, "at most");
	errno = 0;
	check_refused(mproc_value_create(SIZE_MAX - 10, NULL), EOVERFLOW,
		"1 items of 18446744073709551605 bytes: at most 18446744073709551519 bytes");
}
END_TEST

START_TEST(create_refuses_what_does_not_fit_into_the_arena)
{
	errno = 0;
	check_refused(mproc_value_create((size_t)1 << 50, NULL), ENOMEM, "");
	errno = 0;
	check_refused(mproc_array_create((size_t)1 << 25, (size_t)1 << 25, NULL), ENOMEM, "");
}
END_TEST

START_TEST(lock_may_be_taken_again_by_its_holder)
{
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(lock(MPROC_FOREVER), 0);
	for (int i = 0; i < 3; ++i) {
		ck_assert(is_locked());
		ck_assert_int_eq(unlock(), 0);
	}
	ck_assert(!is_locked());
}
END_TEST

START_TEST(lock_waits_until_the_deadline)
{
	support_thread waiter;

	lock(MPROC_FOREVER);
	waiter = support_in_thread(lock_now, NULL);
	ck_assert_int_eq(waiter.result, -EAGAIN);
	ck_assert_msg(strstr(waiter.text, "still held by somebody else") != NULL, "%s", waiter.text);
	waiter = support_in_thread(lock_soon, NULL);
	ck_assert_int_eq(waiter.result, -ETIMEDOUT);
	ck_assert_msg(strstr(waiter.text, "at the deadline") != NULL, "%s", waiter.text);
	unlock();
}
END_TEST

START_TEST(death_of_a_holder_can_be_left_to_the_next)
{
	ck_assert_int_eq(mproci_value_unlock_as_dead(shared), -EPERM);
	ck_assert_int_eq(lock(MPROC_NOW), 0);
	ck_assert_int_eq(mproci_value_unlock_as_dead(shared), 0);
	ck_assert_int_eq(support_in_thread(lock_now, NULL).result, MPROC_OWNER_DIED);
	ck_assert_int_eq(lock(MPROC_NOW), MPROC_OWNER_DIED);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(lock(MPROC_NOW), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(lock_of_a_thread_that_ended_is_given_on)
{
	ck_assert_int_eq(support_in_thread(lock_it, NULL).result, 0);
	ck_assert_int_eq(lock(MPROC_NOW), MPROC_OWNER_DIED);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(lock(MPROC_NOW), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

static void check_no_value(void *pointer, const char *text)
{
	ck_assert_uint_eq(mproc_array_count(pointer), 0);
	support_check_text(text);
	ck_assert_int_eq(mproc_value_lock(pointer, MPROC_FOREVER), -EINVAL);
	support_check_text(text);
	ck_assert_int_eq(mproc_value_unlock(pointer), -EINVAL);
	support_check_text(text);
	if (pointer == NULL)
		return;
	ck_assert_int_eq(mproc_value_destroy(pointer), -EINVAL);
	support_check_text(text);
}

static const char no_value[] = "is no value, or was destroyed";

START_TEST(every_call_refuses_no_value)
{
	check_no_value(NULL, "value is NULL");
	ck_assert_int_eq(mproc_value_destroy(NULL), 0);
}
END_TEST

START_TEST(every_call_refuses_memory_that_is_not_the_arenas)
{
	static alignas(16) char somewhere[256];
	alignas(16) char on_the_stack[256] = {0};
	char *from_malloc = malloc(256),
	     *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check_no_value(somewhere + 128, no_value);
	check_no_value(on_the_stack + 128, no_value);
	check_no_value(from_malloc, no_value);
	check_no_value(page, no_value);
	check_no_value((void *)16, no_value);
	check_no_value((void *)(UINTPTR_MAX - 15), no_value);
	check_no_value((void *)(uintptr_t)check_no_value, no_value);
	free(from_malloc);
	munmap(page, 4096);
}
END_TEST

START_TEST(every_call_refuses_a_pointer_into_a_value)
{
	char *array = mproc_array_create(1000, 1, NULL);
	char *large = mproc_array_create(100000, 1, NULL);

	for (ptrdiff_t offset = -160; offset < 1000; ++offset) {
		if (offset != 0)
			check_no_value(array + offset, no_value);
	}
	for (ptrdiff_t offset = -96; offset < 100000; offset += 16) {
		if (offset != 0)
			check_no_value(large + offset, no_value);
	}
	ck_assert_int_eq(mproc_value_destroy(array), 0);
	ck_assert_int_eq(mproc_value_destroy(large), 0);
}
END_TEST

START_TEST(every_call_refuses_a_block_that_is_no_value)
{
	const size_t sizes[] = {1, 64, 80, 81, 96, 160, 1000, 8192, 8193, 100000};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		char *block = mproc_calloc(1, sizes[i]);

		ck_assert_ptr_nonnull(block);
		check_no_value(block, no_value);
		/* Where the value would be if the block began with a lock. */
		check_no_value(block + 80, no_value);
		memset(block, 0xff, sizes[i]);
		check_no_value(block, no_value);
		check_no_value(block + 80, no_value);
		ck_assert_int_eq(mproc_free(block), 0);
		check_no_value(block, no_value);
		check_no_value(block + 80, no_value);
	}
}
END_TEST

START_TEST(destroyed_value_is_refused)
{
	const size_t sizes[] = {1, 100, 5000, 100000};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		void *value = mproc_value_create(sizes[i], NULL);

		ck_assert_int_eq(mproc_value_destroy(value), 0);
		check_no_value(value, no_value);
	}
}
END_TEST

/* A block that takes the place of a value, and holds what that held, but for the mark, is none. */
START_TEST(memory_of_a_destroyed_value_does_not_look_like_one)
{
	for (int i = 0; i < 100; ++i) {
		char *value = mproc_value_create(64, NULL), *block;

		ck_assert_int_eq(mproc_value_destroy(value), 0);
		block = mproc_alloc(64 + 80);
		if (block + 80 == value)
			check_no_value(value, no_value);
		mproc_free(block);
	}
}
END_TEST

START_TEST(value_is_not_freed_as_a_plain_block)
{
	char *value = mproc_value_create(100, NULL);

	ck_assert_int_eq(mproc_free(value), -EINVAL);
	ck_assert_uint_eq(mproc_array_count(value), 1);
	ck_assert_int_eq(mproc_value_destroy(value), 0);
}
END_TEST

START_TEST(copy_of_a_value_is_refused)
{
	char *value = mproc_value_create(16, NULL), *copy = mproc_alloc(96);

	memcpy(copy, value - 80, 96);
	check_no_value(copy + 80, no_value);
	mproc_free(copy);
	ck_assert_int_eq(mproc_value_destroy(value), 0);
}
END_TEST

START_TEST(value_that_is_held_is_not_destroyed)
{
	support_thread destroyer;

	lock(MPROC_FOREVER);
	ck_assert_int_eq(mproc_value_destroy(shared), -EBUSY);
	support_check_text("somebody holds its lock");
	destroyer = support_in_thread(destroy_it, NULL);
	ck_assert_int_eq(destroyer.result, -EBUSY);
	ck_assert_msg(strstr(destroyer.text, "somebody holds its lock") != NULL, "%s", destroyer.text);
	ck_assert(is_locked());
	shared->total = 5;
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(value_of_a_dead_holder_can_be_destroyed)
{
	ck_assert_int_eq(support_in_thread(lock_it, NULL).result, 0);
	ck_assert_int_eq(mproc_value_destroy(shared), 0);
	make_pair();
}
END_TEST

START_TEST(many_values_lock_apart)
{
	int *values[50];

	for (int i = 0; i < 50; ++i) {
		values[i] = mproc_value_create(sizeof **values, &(mproc_value_options){.initial = &i});
		ck_assert_int_eq(mproc_value_lock(values[i], MPROC_NOW), 0);
	}
	for (int i = 0; i < 50; ++i) {
		ck_assert_int_eq(*values[i], i);
		ck_assert_int_eq(mproc_value_unlock(values[i]), 0);
		ck_assert_int_eq(mproc_value_destroy(values[i]), 0);
	}
}
END_TEST

/* Returns 0, or what went wrong. */
static int count_up(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; ++i) {
		if (lock(MPROC_FOREVER) != 0)
			return 1;
		if (shared->total != shared->copy)
			return 2;
		++shared->total;
		++shared->copy;
		if (unlock() != 0)
			return 3;
	}
	return 0;
}

START_TEST(threads_count_together)
{
	support_thread threads[SIDES];

	for (int i = 0; i < SIDES; ++i)
		support_begin(&threads[i], count_up, NULL);
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	ck_assert_int_eq(shared->total, SIDES * ROUNDS);
}
END_TEST

/* From here on: between processes, or what ThreadSanitizer takes for a mistake of the program. */

START_TEST(unlock_by_another_thread_is_refused)
{
	ck_assert_int_eq(unlock(), -EPERM);
	support_check_text("not held by this thread");
	lock(MPROC_FOREVER);
	ck_assert_int_eq(support_in_thread(unlock_it, NULL).result, -EPERM);
	ck_assert(is_locked());
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(processes_count_together)
{
	pid_t pids[SIDES];

	for (int i = 0; i < SIDES; ++i)
		pids[i] = support_fork(count_up, NULL);
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
	ck_assert_int_eq(shared->total, SIDES * ROUNDS);
}
END_TEST

/* Where the parent finds what the child made. */
static int create_in_child(void *array)
{
	*(int **)shared = mproc_array_create(3, sizeof(int), &(mproc_value_options){.initial = array});
	return *(int **)shared == NULL;
}

START_TEST(value_made_by_a_child_outlives_it)
{
	int initial[3] = {1, 2, 3}, *array;

	ck_assert_int_eq(support_reap(support_fork(create_in_child, initial)), 0);
	array = *(int **)shared;
	ck_assert_uint_eq(mproc_array_count(array), 3);
	ck_assert_mem_eq(array, initial, sizeof initial);
	ck_assert_int_eq(mproc_value_lock(array, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_value_unlock(array), 0);
	ck_assert_int_eq(mproc_value_destroy(array), 0);
}
END_TEST

static int use_lock_of_parent(void *unused)
{
	return unlock() == -EPERM && lock_now(unused) == -EAGAIN && destroy_it(unused) == -EBUSY ? 0 : 1;
}

START_TEST(child_does_not_hold_the_lock_of_its_parent)
{
	lock(MPROC_FOREVER);
	ck_assert_int_eq(support_reap(support_fork(use_lock_of_parent, NULL)), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

static int lock_thrice(void *unused)
{
	int rc = 0;

	for (int i = 0; i < 3 && rc == 0; ++i)
		rc = lock_it(unused);
	return rc;
}

START_TEST(lock_of_a_killed_holder_is_given_on_held_once)
{
	support_kill(support_fork_and_keep(lock_thrice, NULL));
	ck_assert_int_eq(lock(MPROC_NOW), MPROC_OWNER_DIED);
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(unlock(), -EPERM);
	support_kill_and_join(support_start_and_keep(lock_thrice, NULL));
	ck_assert_int_eq(lock(MPROC_NOW), MPROC_OWNER_DIED);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

START_TEST(lock_of_a_killed_holder_goes_to_who_waits)
{
	pid_t holder = support_fork_and_keep(lock_it, NULL), waiter = support_fork(lock_it, NULL);

	support_kill(holder);
	ck_assert_int_eq(support_reap(waiter), MPROC_OWNER_DIED);
}
END_TEST

START_TEST(value_of_a_killed_holder_can_be_destroyed)
{
	pid_t holder = support_fork_and_keep(lock_it, NULL);

	ck_assert_int_eq(destroy_it(NULL), -EBUSY);
	support_kill(holder);
	ck_assert_int_eq(destroy_it(NULL), 0);
	make_pair();
}
END_TEST

/* Its lock lies in front of it. */
START_TEST(value_half_destroyed_by_somebody_killed_is_destroyed_again)
{
	mproc_mutex *mutex = (mproc_mutex *)(void *)((char *)shared - 96);

	ck_assert_int_eq(mproc_mutex_destroy(mutex), 0);
	ck_assert_int_eq(lock(MPROC_FOREVER), -EINVAL);
	ck_assert_int_eq(destroy_it(NULL), 0);
	check_no_value(shared, no_value);
	make_pair();
}
END_TEST

START_TEST(stopped_holder_keeps_the_lock)
{
	pid_t holder = support_fork_and_keep(lock_it, NULL);

	support_stop(holder);
	ck_assert_int_eq(lock(MPROC_NOW), -EAGAIN);
	ck_assert_int_eq(lock(mproc_after(0.005)), -ETIMEDOUT);
	ck_assert_int_eq(destroy_it(NULL), -EBUSY);
	support_kill(holder);
}
END_TEST

/* Counts until killed. */
static int count_on(void *unused)
{
	for (;;) {
		int rc = lock_it(unused);

		if (rc == MPROC_OWNER_DIED)
			shared->copy = shared->total;
		if (rc < 0 || shared->total != shared->copy)
			return 1;
		++shared->total;
		++shared->copy;
		if (unlock() != 0)
			return 2;
	}
}

static long read_total(void)
{
	long total;

	if (lock(MPROC_FOREVER) == MPROC_OWNER_DIED)
		shared->copy = shared->total;
	total = shared->total;
	ck_assert_int_eq(shared->copy, total);
	ck_assert_int_eq(unlock(), 0);
	return total;
}

START_TEST(killed_processes_stop_nobody)
{
	pid_t pids[SIDES];

	for (int i = 0; i < SIDES; ++i)
		pids[i] = support_fork(count_on, NULL);
	for (int i = 0; i < SIDES; ++i) {
		long goal = read_total() + 1000;

		while (read_total() < goal)
			;
		support_kill(pids[i]);
	}
	ck_assert_int_ge(lock(mproc_after(30)), 0);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

static int kill_it(void *pid)
{
	return kill(*(pid_t *)pid, SIGKILL);
}

START_TEST(caught_signal_does_not_end_a_wait)
{
	pid_t holder = support_fork_and_keep(lock_it, NULL);

	support_disturb(kill_it, &holder);
	ck_assert_int_eq(lock(MPROC_FOREVER), MPROC_OWNER_DIED);
	support_calm();
	ck_assert_int_eq(unlock(), 0);
	ck_assert_int_eq(support_reap(holder), -SIGKILL);
}
END_TEST

static int create_unjoined(void *unused)
{
	void *value;

	(void)unused;
	errno = 0;
	value = mproc_value_create(1, NULL);
	return value != NULL ? 0 : -errno;
}

static int create_array_unjoined(void *unused)
{
	void *array;

	(void)unused;
	errno = 0;
	array = mproc_array_create(2, 1, NULL);
	return array != NULL ? 0 : -errno;
}

START_TEST(process_that_cannot_join_the_family_makes_no_value)
{
	support_check_refusals(create_unjoined, NULL);
	support_check_refusals(create_array_unjoined, NULL);
}
END_TEST

/* Nor need it. */
static int use_unjoined(void *unused)
{
	const struct rlimit none = {0};

	setrlimit(RLIMIT_NOFILE, &none);
	if (lock_now(unused) != 0 || mproc_array_count(shared) != 1 || destroy_it(unused) != -EBUSY)
		return 1;
	return unlock() != 0 || lock_now(unused) != 0 ? 2 : 0;
}

START_TEST(process_that_cannot_join_the_family_uses_values)
{
	ck_assert_int_eq(support_reap(support_fork(use_unjoined, NULL)), 0);
	ck_assert_int_eq(lock(MPROC_NOW), MPROC_OWNER_DIED);
	ck_assert_int_eq(unlock(), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		value_is_zero_at_first_and_aligned,
		value_is_at_first_what_was_asked_for,
		array_is_at_first_what_was_asked_for,
		array_knows_how_many_items_it_has,
		create_refuses_nothing,
		create_refuses_each_reserved_word,
		create_refuses_what_cannot_be_counted,
		create_refuses_what_does_not_fit_into_the_arena,
		lock_may_be_taken_again_by_its_holder,
		lock_waits_until_the_deadline,
		death_of_a_holder_can_be_left_to_the_next,
		lock_of_a_thread_that_ended_is_given_on,
		every_call_refuses_no_value,
		every_call_refuses_memory_that_is_not_the_arenas,
		every_call_refuses_a_pointer_into_a_value,
		every_call_refuses_a_block_that_is_no_value,
		destroyed_value_is_refused,
		memory_of_a_destroyed_value_does_not_look_like_one,
		value_is_not_freed_as_a_plain_block,
		copy_of_a_value_is_refused,
		value_that_is_held_is_not_destroyed,
		value_of_a_dead_holder_can_be_destroyed,
		many_values_lock_apart,
		threads_count_together,
		NULL,
	};
	const TTest *process_tests[] = {
		unlock_by_another_thread_is_refused,
		processes_count_together,
		value_made_by_a_child_outlives_it,
		child_does_not_hold_the_lock_of_its_parent,
		lock_of_a_killed_holder_is_given_on_held_once,
		lock_of_a_killed_holder_goes_to_who_waits,
		value_of_a_killed_holder_can_be_destroyed,
		value_half_destroyed_by_somebody_killed_is_destroyed_again,
		stopped_holder_keeps_the_lock,
		killed_processes_stop_nobody,
		caught_signal_does_not_end_a_wait,
		process_that_cannot_join_the_family_makes_no_value,
		process_that_cannot_join_the_family_uses_values,
		NULL,
	};
	const support_suite suite = {
		.name = "value",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_pair,
		.teardown = free_pair,
	};

	return support_run_suite(&suite);
}
