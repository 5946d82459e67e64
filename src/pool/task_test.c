/* SPDX-License-Identifier: MIT */
#include "pool/task.h"

#include "arena/place.h"
#include "base/deadline.h"
#include "support.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/arena.h>
#include <string.h>

static _Atomic bool is_cancelled;
static mproci_terms terms;
static mproci_returned *returned;
static mproc_task task;

static void make_task(void)
{
	is_cancelled = false;
	terms = (mproci_terms){.seed = 5, .context = "shared", .context_size = 7};
	returned = mproc_calloc(1, sizeof *returned);
	task = (mproc_task){
		.terms = &terms,
		.worker = 2,
		.soft_at = MPROC_FOREVER,
		.is_cancelled = &is_cancelled,
		.returned = returned,
	};
	mproci_task_begin(&task, 9, 3);
}

static void free_task(void)
{
	mproci_place_empty(&returned->block);
	ck_assert_int_eq(mproc_free(returned), 0);
}

START_TEST(a_task_tells_what_it_is)
{
	ck_assert_uint_eq(mproc_task_index(&task), 9);
	ck_assert_uint_eq(mproc_task_attempt(&task), 3);
	ck_assert_uint_eq(mproc_task_worker(&task), 3);
	ck_assert_str_eq(mproc_task_context(&task), "shared");
}
END_TEST

START_TEST(a_task_is_cancelled_when_somebody_says_so)
{
	ck_assert(!mproc_task_cancelled(&task));
	is_cancelled = true;
	ck_assert(mproc_task_cancelled(&task));
}
END_TEST

START_TEST(a_task_is_cancelled_after_its_soft_timeout)
{
	int64_t now = mproci_clock_now();

	task.soft_at = now + 3600000 * MPROCI_NANOSECONDS_PER_MILLISECOND;
	ck_assert(!mproc_task_cancelled(&task));
	task.soft_at = now;
	ck_assert(mproc_task_cancelled(&task));
}
END_TEST

START_TEST(room_is_replaced_by_the_next_one)
{
	void *room;

	ck_assert_int_eq(mproc_task_reserve(&task, 100, &room), 0);
	ck_assert_ptr_eq(room, atomic_load(&returned->block));
	ck_assert_uint_eq(returned->size, 100);
	ck_assert_int_eq(mproc_task_return(&task, "four", 5), 0);
	ck_assert_uint_eq(returned->size, 5);
	ck_assert_str_eq(atomic_load(&returned->block), "four");
}
END_TEST

START_TEST(what_cannot_be_returned_is_refused)
{
	void *room = &task;

	ck_assert_int_eq(mproc_task_reserve(NULL, 1, &room), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), "task is NULL");
	ck_assert_int_eq(mproc_task_reserve(&task, 1, NULL), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), "ret_room is NULL");
	ck_assert_int_eq(mproc_task_reserve(&task, 0, &room), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), "size 0: a result has 1 byte or more");
	ck_assert_int_eq(mproc_task_return(&task, NULL, 1), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), "data is NULL");
	task.returned = NULL;
	ck_assert_int_eq(mproc_task_return(&task, "x", 2), -ENOTSUP);
	ck_assert_str_eq(mproc_error_text(), "result of 2 bytes: the map was called without .returned");
	ck_assert_ptr_eq(room, &task);
}
END_TEST

START_TEST(without_memory_nothing_is_returned)
{
	void *room = &task;

	ck_assert_int_eq(mproc_task_return(&task, "before", 7), 0);
	ck_assert_int_eq(mproc_task_reserve(&task, (size_t)1 << 50, &room), -ENOMEM);
	ck_assert_ptr_eq(room, &task);
	ck_assert_ptr_null(atomic_load(&returned->block));
}
END_TEST

START_TEST(random_numbers_are_the_same_in_every_attempt)
{
	uint64_t first = mproc_random_bits(mproc_task_random(&task)), second;

	second = mproc_random_bits(mproc_task_random(&task));
	ck_assert_uint_ne(first, second);
	mproci_task_begin(&task, 9, 4);
	ck_assert_uint_eq(mproc_random_bits(mproc_task_random(&task)), first);
	mproci_task_begin(&task, 10, 1);
	ck_assert_uint_ne(mproc_random_bits(mproc_task_random(&task)), first);
}
END_TEST

static void warm_up(void)
{
	ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
}

int main(void)
{
	const TTest *tests[] = {
		a_task_tells_what_it_is,
		a_task_is_cancelled_when_somebody_says_so,
		a_task_is_cancelled_after_its_soft_timeout,
		room_is_replaced_by_the_next_one,
		what_cannot_be_returned_is_refused,
		without_memory_nothing_is_returned,
		random_numbers_are_the_same_in_every_attempt,
		NULL,
	};
	const support_suite suite = {
		.name = "task",
		.tests = tests,
		.warm_up = warm_up,
		.setup = make_task,
		.teardown = free_task,
	};

	return support_run_suite(&suite);
}
