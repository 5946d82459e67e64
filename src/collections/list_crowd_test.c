/* SPDX-License-Identifier: MIT */
/*
 * Several at one list, threads or processes: each call happens at one moment.
 */
#include "collections/crowd_fixture.h"
#include "collections/list_fixture.h"

#include <sched.h>
#include <stdatomic.h>

enum {
	ROUNDS = 20000,
	/* Items that are there at once where some come as others go. */
	WINDOW = 600,
	LARGEST = 300,
	KILLS = 60,
};

/* What the sides share beside the list. */
typedef struct ground {
	_Atomic uint32_t at_the_gate, numbers, is_over;
	_Atomic uint8_t taken[ROUNDS];
	/* A list that is made when others are there already. */
	mproc_list *later;
} ground;

static ground *shared;

static void make_ground(void)
{
	make_list();
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
}

static void leave_ground(void)
{
	ck_assert_int_eq(mproc_free(shared), 0);
	check_blocks();
}

/* Each side has another number, and none begins before all are there. */
static uint32_t take_side(void)
{
	uint32_t side = atomic_fetch_add(&shared->numbers, 1);

	atomic_fetch_add(&shared->at_the_gate, 1);
	support_await(&shared->at_the_gate, SIDES);
	return side;
}

/* ---- what all put in is there ---- */

static int append_many(void *unused)
{
	uint64_t side = take_side();

	(void)unused;
	for (uint64_t i = 0; i < ROUNDS; ++i) {
		uint64_t number = side * ROUNDS + i;
		int rc = i % 16 == 0 ? mproc_list_insert(list, 0, &number, sizeof number)
				     : mproc_list_append(list, &number, sizeof number);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static void check_appending(runner *run)
{
	uint64_t sum = 0, last[SIDES] = {0};

	run(append_many);
	ck_assert_int_eq(mproc_list_count(list), SIDES * ROUNDS);
	for (ssize_t i = 0; i < SIDES * ROUNDS; ++i) {
		uint64_t number = number_at(i);

		sum += number;
		/* Those of one side are in their order. */
		if (number % ROUNDS % 16 == 0)
			continue;
		ck_assert_uint_lt(last[number / ROUNDS], number % ROUNDS);
		last[number / ROUNDS] = number % ROUNDS;
	}
	ck_assert_uint_eq(sum, (uint64_t)SIDES * ROUNDS * (SIDES * ROUNDS - 1) / 2);
}

START_TEST(threads_append_at_once)
{
	check_appending(run_in_threads);
}
END_TEST

START_TEST(processes_append_at_once)
{
	check_appending(run_in_processes);
}
END_TEST

/* ---- each item is taken once ---- */

static int pop_many(void *unused)
{
	uint32_t side = take_side();
	uint64_t number;

	(void)unused;
	for (;;) {
		int rc = mproc_list_pop(list, side % 2 == 0 ? 0 : -1, &number, sizeof number, NULL);

		if (rc == -ERANGE)
			return 0;
		if (rc < 0)
			return rc;
		if (atomic_fetch_add(&shared->taken[number], 1) != 0)
			return -EEXIST;
	}
}

static void check_popping(runner *run)
{
	append_range(0, ROUNDS);
	run(pop_many);
	ck_assert_int_eq(mproc_list_count(list), 0);
	for (int i = 0; i < ROUNDS; ++i)
		ck_assert_uint_eq(shared->taken[i], 1);
}

START_TEST(threads_pop_each_item_once)
{
	check_popping(run_in_threads);
}
END_TEST

START_TEST(processes_pop_each_item_once)
{
	check_popping(run_in_processes);
}
END_TEST

/* ---- who gets beside changes sees whole items ---- */

/* An item tells in its first byte what the others are. */
static size_t make_item(unsigned char *bytes, unsigned seed)
{
	size_t size = 1 + seed * 37 % LARGEST;

	fill(bytes, size, seed % 256);
	bytes[0] = (unsigned char)seed;
	return size;
}

static bool is_item(const unsigned char *bytes, size_t size)
{
	unsigned char expected[LARGEST + 1];

	for (unsigned seed = bytes[0]; seed < 1024; seed += 256) {
		if (make_item(expected, seed) == size && memcmp(bytes, expected, size) == 0)
			return true;
	}
	return false;
}

static int change(uint64_t round)
{
	unsigned char bytes[LARGEST + 1];
	size_t size = make_item(bytes, round * 7919 % 1024);
	ssize_t count = mproc_list_count(list);

	switch (round % 5) {
	case 0:
		return mproc_list_set(list, (ssize_t)(round * 31 % WINDOW), bytes, size);
	case 1:
		return count > WINDOW + 100 ? mproc_list_delete(list, (ssize_t)(round * 17 % WINDOW))
					    : mproc_list_append(list, bytes, size);
	case 2:
		return count > WINDOW + 100
			       ? mproc_list_pop(list, 0, bytes, sizeof bytes, NULL)
			       : mproc_list_insert(list, (ssize_t)(round * 13 % WINDOW), bytes, size);
	case 3:
		return mproc_list_append(list, bytes, size);
	default:
		return mproc_list_pop(list, round % 2 == 0 ? 0 : -1, bytes, sizeof bytes, NULL);
	}
}

static int look(uint64_t round)
{
	unsigned char bytes[LARGEST + 1];
	void *copy = NULL;
	size_t size = 0;
	int rc;

	rc = mproc_list_get(list, (ssize_t)(round * 29 % WINDOW), bytes, sizeof bytes, &size);
	if (rc == 0 && !is_item(bytes, size))
		return -EILSEQ;
	if (rc == 0)
		rc = mproc_list_get_copy(list, -1 - (ssize_t)(round % 7), &copy, &size);
	if (rc == 0 && !is_item(copy, size))
		rc = -EILSEQ;
	free(copy);
	if (rc == 0 && mproc_list_count(list) < WINDOW)
		rc = -ERANGE;
	return rc;
}

static int change_or_look(void *unused)
{
	uint32_t side = take_side();

	(void)unused;
	if (side >= SIDES / 2) {
		for (uint64_t round = 0; atomic_load(&shared->is_over) < SIDES / 2; ++round) {
			int rc = look(round);

			if (rc < 0)
				return rc;
		}
		return 0;
	}
	for (uint64_t round = 0; round < ROUNDS; ++round) {
		int rc = change(round * SIDES + side);

		if (rc < 0)
			return rc;
	}
	atomic_fetch_add(&shared->is_over, 1);
	return 0;
}

static void check_looking(runner *run)
{
	unsigned char bytes[LARGEST + 1];

	/* More than are ever taken out at once. */
	for (unsigned i = 0; i < WINDOW + 50; ++i)
		check_done(mproc_list_append(list, bytes, make_item(bytes, i)));
	run(change_or_look);
}

START_TEST(threads_get_whole_items_beside_changes)
{
	check_looking(run_in_threads);
}
END_TEST

START_TEST(processes_get_whole_items_beside_changes)
{
	check_looking(run_in_processes);
}
END_TEST

/* ---- one moment ---- */

/* Two words that belong together, and a list whose items change together with their number. */
static int swap_ends(void *unused)
{
	uint64_t number;

	if (take_side() != 0) {
		while (atomic_load(&shared->is_over) == 0) {
			ssize_t count = mproc_list_count(list);

			if (count != WINDOW && count != WINDOW - 1)
				return -ERANGE;
		}
		return 0;
	}
	(void)unused;
	for (int i = 0; i < ROUNDS; ++i) {
		int rc = mproc_list_pop(list, 0, &number, sizeof number, NULL);

		if (rc == 0)
			rc = mproc_list_append(list, &number, sizeof number);
		if (rc < 0)
			return rc;
	}
	atomic_store(&shared->is_over, 1);
	return 0;
}

START_TEST(count_is_that_of_one_moment)
{
	append_range(0, WINDOW);
	run_in_threads(swap_ends);
}
END_TEST

/* Slices of a list through which numbers go: they follow each other. */
static int slice_or_move(void *unused)
{
	uint64_t next = WINDOW, first;

	if (take_side() == 0) {
		for (int i = 0; i < ROUNDS; ++i, ++next) {
			mproc_list_append(list, &next, sizeof next);
			mproc_list_pop(list, 0, &first, sizeof first, NULL);
		}
		atomic_store(&shared->is_over, 1);
		return 0;
	}
	(void)unused;
	while (atomic_load(&shared->is_over) == 0) {
		mproc_snapshot *part;
		int rc = mproc_list_slice(list, 10, -10, &part);

		for (size_t i = 1; rc == 0 && i < part->count; ++i) {
			const uint64_t *before = part->entries[i - 1].value, *here = part->entries[i].value;

			if (*here != *before + 1)
				rc = -EILSEQ;
		}
		if (rc < 0)
			return rc;
		mproc_snapshot_close(part);
	}
	return 0;
}

START_TEST(slice_is_that_of_one_moment)
{
	append_range(0, WINDOW);
	run_in_threads(slice_or_move);
}
END_TEST

/* ---- destroyed under the others ---- */

static int append_one(void *unused)
{
	uint64_t number = 1;

	(void)unused;
	return mproc_list_append(list, &number, sizeof number);
}

/* It has begun when the list is destroyed: it comes before that, or is told. */
START_TEST(thread_inside_of_what_is_destroyed_is_told)
{
	_Atomic uintptr_t *inside;
	support_thread thread;

	for (int round = 0; round < 200; ++round) {
		int rc;

		check_done(mproci_list_begin(list, &inside));
		support_begin(&thread, append_one, NULL);
		while (!mproci_thread_others_inside(list))
			sched_yield();
		mproci_list_end(list, inside);
		destroy();
		rc = support_end(&thread);
		ck_assert_msg(rc == 0 || (rc == -EPIPE && strstr(thread.text, "destroyed") != NULL), "%d: %s",
			rc, thread.text);
		create();
	}
}
END_TEST

static int hold_lock_inside(void *unused)
{
	_Atomic uintptr_t *inside;

	(void)unused;
	return mproci_list_begin(list, &inside);
}

static int destroy_it(void *unused)
{
	(void)unused;
	return mproc_list_destroy(list) == NULL ? 0 : EINVAL;
}

START_TEST(destroyed_list_of_somebody_who_does_not_leave_stays_allocated)
{
	pid_t holder;
	uint64_t number = 0;

	destroy();
	ck_assert_int_eq(mproc_list_create(&(mproc_list_options){.patience = 0.001}, &list), 0);
	append_range(0, 3);
	holder = support_fork_and_keep(hold_lock_inside, NULL);
	support_stop(holder);
	ck_assert_int_eq(destroy_it(NULL), 0);
	check_failed(mproc_list_append(list, &number, sizeof number), -EPIPE, "destroyed");
	support_kill(holder);
	check_failed(mproc_list_get(list, 0, &number, sizeof number, NULL), -EPIPE, "destroyed");
	check_failed(mproc_list_count(list), -EPIPE, "destroyed");
	/* Once more, it is destroyed to the end. */
	destroy();
	ck_assert_uint_eq(count_blocks(), blocks_before + 1);
}
END_TEST

/* ---- who made it, and when ---- */

static int use_later(void *unused)
{
	uint64_t number = 0;
	int rc;

	(void)unused;
	atomic_fetch_add(&shared->at_the_gate, 1);
	support_await(&shared->is_over, 1);
	rc = mproc_list_get(shared->later, -1, &number, sizeof number, NULL);
	++number;
	return rc < 0 ? rc : mproc_list_append(shared->later, &number, sizeof number);
}

START_TEST(list_is_valid_in_members_that_were_there_before_it)
{
	mproc_process *process = support_start(use_later, NULL);

	support_await(&shared->at_the_gate, 1);
	destroy();
	create();
	append_number(7);
	shared->later = list;
	atomic_store(&shared->is_over, 1);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	mproc_process_close(process);
	expect_range(7, 9);
}
END_TEST

static int make_for_parent(void *unused)
{
	uint64_t number = 3;

	(void)unused;
	if (mproc_list_create(NULL, &shared->later) != 0)
		return EINVAL;
	return mproc_list_append(shared->later, &number, sizeof number);
}

START_TEST(list_made_by_a_child_outlives_it)
{
	destroy();
	ck_assert_int_eq(support_reap(support_fork(make_for_parent, NULL)), 0);
	list = shared->later;
	append_number(4);
	expect_range(3, 5);
}
END_TEST

/* ---- killed under load ---- */

static int change_for_ever(void *unused)
{
	(void)unused;
	for (uint64_t round = 0;; ++round) {
		int rc = change(round);

		if (rc < 0)
			return rc;
		atomic_fetch_add(&shared->is_over, 1);
	}
}

/* Its changes may be wherever the kill meets them. */
START_TEST(killing_who_changes_the_list_does_it_no_harm)
{
	unsigned char bytes[LARGEST + 1];
	size_t size;

	for (unsigned i = 0; i < WINDOW + 50; ++i)
		check_done(mproc_list_append(list, bytes, make_item(bytes, i)));
	for (int i = 0; i < KILLS; ++i) {
		mproc_process *process = support_start(change_for_ever, NULL);

		atomic_store(&shared->is_over, 0);
		support_await(&shared->is_over, 50 + (uint32_t)i * 7);
		support_kill_and_join(process);
		for (ssize_t at = 0, count = mproc_list_count(list); at < count; ++at) {
			check_done(mproc_list_get(list, at, bytes, sizeof bytes, &size));
			ck_assert(is_item(bytes, size));
		}
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		threads_append_at_once,
		threads_pop_each_item_once,
		threads_get_whole_items_beside_changes,
		count_is_that_of_one_moment,
		slice_is_that_of_one_moment,
		thread_inside_of_what_is_destroyed_is_told,
		NULL,
	};
	const TTest *process_tests[] = {
		processes_append_at_once,
		processes_pop_each_item_once,
		processes_get_whole_items_beside_changes,
		destroyed_list_of_somebody_who_does_not_leave_stays_allocated,
		list_is_valid_in_members_that_were_there_before_it,
		list_made_by_a_child_outlives_it,
		killing_who_changes_the_list_does_it_no_harm,
		NULL,
	};
	const support_suite suite = {
		.name = "list_crowd",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_ground,
		.teardown = leave_ground,
	};

	return support_run_suite(&suite);
}
