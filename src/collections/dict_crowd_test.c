/* SPDX-License-Identifier: MIT */
/*
 * Several at one dict, threads or processes: each call happens at one moment.
 */
#include "collections/crowd_fixture.h"
#include "collections/dict_fixture.h"

#include <sched.h>

enum {
	ROUNDS = 20000,
	COUNTERS = 10,
	/* Keys that are there at once where some come as others go. */
	WINDOW = 100,
	LARGEST = 300,
};

/* What the sides share beside the dict. */
typedef struct ground {
	_Atomic uint32_t at_the_gate, numbers, finished, is_over;
	_Atomic uint64_t wins;
	_Atomic uint8_t taken[ROUNDS];
	mproc_dict *dicts[SIDES];
} ground;

static ground *shared;

static void make_ground(void)
{
	note_blocks();
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	create();
}

static void leave_ground(void)
{
	destroy();
	ck_assert_int_eq(mproc_free(shared), 0);
	ck_assert_uint_eq(count_blocks(), blocks_before);
}

/* Each side has another number, and none begins before all are there. */
static uint32_t take_side(void)
{
	uint32_t side = atomic_fetch_add(&shared->numbers, 1);

	atomic_fetch_add(&shared->at_the_gate, 1);
	support_await(&shared->at_the_gate, SIDES);
	return side;
}

/* Sums are exact. */

static int add_many(void *unused)
{
	uint32_t side = take_side();

	(void)unused;
	for (uint64_t i = 0; i < ROUNDS; ++i) {
		uint64_t key = i % COUNTERS;
		int rc = mproc_dict_add(dict, &key, sizeof key, side + 1, NULL);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static void check_sums(runner *run)
{
	run(add_many);
	ck_assert_int_eq(mproc_dict_count(dict), COUNTERS);
	for (uint64_t key = 0; key < COUNTERS; ++key) {
		uint64_t sum = 0;

		ck_assert_int_eq(get_number(key, &sum), 0);
		ck_assert_uint_eq(sum, (uint64_t)ROUNDS / COUNTERS * (1 + 2 + 3 + 4));
	}
}

START_TEST(threads_add_exactly)
{
	check_sums(run_in_threads);
}
END_TEST

START_TEST(processes_add_exactly)
{
	check_sums(run_in_processes);
}
END_TEST

/* One sets what is absent. */

static int set_absent_ones(void *unused)
{
	uint64_t side = take_side(), wins = 0;

	(void)unused;
	for (uint64_t key = 0; key < ROUNDS; ++key) {
		int rc = mproc_dict_set_if_absent(dict, &key, sizeof key, &side, sizeof side);

		if (rc < 0 && rc != -EEXIST)
			return rc;
		wins += rc == 0 ? UINT64_C(1) << 16 * side : 0;
	}
	atomic_fetch_add(&shared->wins, wins);
	return 0;
}

/* What each side says that it has set is there. */
static void check_winners(runner *run)
{
	uint64_t wins = 0;

	run(set_absent_ones);
	ck_assert_int_eq(mproc_dict_count(dict), ROUNDS);
	for (uint64_t key = 0; key < ROUNDS; ++key) {
		uint64_t side = SIDES;

		require(get_number(key, &side) == 0 && side < SIDES, "a side");
		wins += UINT64_C(1) << 16 * side;
	}
	ck_assert_uint_eq(wins, shared->wins);
}

START_TEST(one_thread_sets_what_is_absent)
{
	check_winners(run_in_threads);
}
END_TEST

START_TEST(one_process_sets_what_is_absent)
{
	check_winners(run_in_processes);
}
END_TEST

/* Compare and set in a loop counts; the value has more than a word in every second key. */

static int count_up(uint64_t key)
{
	uint64_t old[2] = {0}, new[2];
	size_t size = sizeof old[0] * (1 + key % 2);
	int rc;

	do {
		rc = mproc_dict_get(dict, &key, sizeof key, old, size, NULL);
		if (rc == -ENOENT) {
			rc = mproc_dict_set_if_absent(dict, &key, sizeof key, old, size);
			if (rc == 0 || rc == -EEXIST) {
				rc = -ESTALE;
				continue;
			}
		}
		if (rc < 0)
			return rc;
		if (key % 2 == 1 && old[1] != ~old[0] && old[1] != 0)
			return ERANGE;
		new[0] = old[0] + 1;
		new[1] = ~new[0];
		rc = mproc_dict_compare_and_set(dict, &key, sizeof key, old, size, new, size);
	} while (rc == -ESTALE);
	return rc;
}

static int count_by_comparing(void *unused)
{
	(void)unused;
	take_side();
	for (uint64_t i = 0; i < ROUNDS / 4; ++i) {
		int rc = count_up(i % COUNTERS);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static void check_counts(runner *run)
{
	run(count_by_comparing);
	for (uint64_t key = 0; key < COUNTERS; ++key) {
		uint64_t number[2] = {0};

		ck_assert_int_eq(mproc_dict_get(dict, &key, sizeof key, number, sizeof number, NULL), 0);
		ck_assert_uint_eq(number[0], ROUNDS / 4 / COUNTERS * SIDES);
	}
}

START_TEST(threads_count_exactly_by_comparing)
{
	check_counts(run_in_threads);
}
END_TEST

START_TEST(processes_count_exactly_by_comparing)
{
	check_counts(run_in_processes);
}
END_TEST

/* Each is taken once. */

static int take_all(void *unused)
{
	uint64_t first = take_side() * (uint64_t)ROUNDS / SIDES / 2;

	(void)unused;
	for (uint64_t i = 0; i < ROUNDS; ++i) {
		uint64_t key = (first + i) % ROUNDS, number = 0;
		int rc = mproc_dict_pop(dict, &key, sizeof key, &number, sizeof number, NULL);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc == 0 && number != ~key)
			return ERANGE;
		if (rc == 0)
			atomic_fetch_add(&shared->taken[key], 1);
	}
	return 0;
}

static void check_taken(runner *run)
{
	for (uint64_t key = 0; key < ROUNDS; ++key)
		require(set_number(key, ~key) == 0, "setting");
	run(take_all);
	ck_assert_int_eq(mproc_dict_count(dict), 0);
	for (uint64_t key = 0; key < ROUNDS; ++key)
		ck_assert_msg(shared->taken[key] == 1, "%d was taken %d times", (int)key, shared->taken[key]);
}

START_TEST(threads_pop_each_once)
{
	check_taken(run_in_threads);
}
END_TEST

START_TEST(processes_pop_each_once)
{
	check_taken(run_in_processes);
}
END_TEST

/*
 * Two change the values of a few keys, in size and in each byte, and two look at them: all that they see is whole.  The first byte of a
 * value says which pattern it has, and how large it is.
 */

static size_t size_of_pattern(unsigned pattern)
{
	return 1 + pattern * 5 % LARGEST;
}

static int set_patterns(uint64_t side)
{
	unsigned char value[LARGEST];

	for (uint64_t i = 0; i < ROUNDS; ++i) {
		uint64_t key = i % 3;
		/* Some of one size, which is at most a word. */
		unsigned pattern = key == 0 ? 60 * (unsigned)(i / 3 % 4) : (unsigned)(i + side) % 64;
		int rc;

		fill(value, size_of_pattern(pattern), pattern);
		value[0] = (unsigned char)pattern;
		rc = mproc_dict_set(dict, &key, sizeof key, value, size_of_pattern(pattern));
		if (rc < 0)
			return rc;
	}
	atomic_fetch_add(&shared->finished, 1);
	return 0;
}

static bool is_whole(const unsigned char *value, size_t size)
{
	if (size == 0 || size != size_of_pattern(value[0]))
		return false;
	for (size_t i = 1; i < size; ++i) {
		if (value[i] != pattern_at(i, value[0]))
			return false;
	}
	return true;
}

/* By get and by get_copy in turn. */
static int look_at_patterns(void)
{
	for (uint64_t i = 0; atomic_load(&shared->finished) < SIDES / 2; ++i) {
		uint64_t key = i / 2 % 3;
		unsigned char value[LARGEST];
		void *copy = value;
		size_t size = 0;
		bool is_right;
		int rc = i % 2 == 0 ? mproc_dict_get(dict, &key, sizeof key, value, sizeof value, &size)
				    : mproc_dict_get_copy(dict, &key, sizeof key, &copy, &size);

		if (rc == -ENOENT && i < 6)
			continue;
		is_right = rc == 0 && is_whole(copy, size);
		if (copy != value)
			free(copy);
		if (!is_right)
			return rc < 0 ? rc : ERANGE;
	}
	return 0;
}

static int set_or_look(void *unused)
{
	uint32_t side;

	(void)unused;
	side = take_side();
	return side % 2 == 0 ? set_patterns(side) : look_at_patterns();
}

static void set_first_patterns(void)
{
	unsigned char first = 0;

	for (uint64_t key = 0; key < 3; ++key)
		ck_assert_int_eq(mproc_dict_set(dict, &key, sizeof key, &first, 1), 0);
}

START_TEST(threads_see_whole_values_only)
{
	set_first_patterns();
	run_in_threads(set_or_look);
}
END_TEST

START_TEST(processes_see_whole_values_only)
{
	set_first_patterns();
	run_in_processes(set_or_look);
}
END_TEST

/* One makes the dict grow and shrink; the others find what stays, and do not find what never is there. */

static int grow_and_shrink(void)
{
	int rc = 0;

	for (int round = 0; round < 3 && rc == 0; ++round) {
		for (uint64_t key = 1; key < ROUNDS && rc == 0; key += 2)
			rc = set_number(key, key);
		for (uint64_t key = 1; key < ROUNDS && rc == 0; key += 2)
			rc = delete_number(key);
	}
	atomic_fetch_add(&shared->finished, 1);
	return rc;
}

static int find_what_stays(void)
{
	while (atomic_load(&shared->finished) == 0) {
		for (uint64_t key = 0; key < WINDOW; key += 2) {
			uint64_t number = 0, absent = key + ROUNDS;

			if (get_number(key, &number) != 0 || number != ~key)
				return ENOENT;
			if (mproc_dict_has(dict, &absent, sizeof absent) != 0)
				return EEXIST;
		}
	}
	return 0;
}

static int grow_or_find(void *unused)
{
	(void)unused;
	return take_side() == 0 ? grow_and_shrink() : find_what_stays();
}

static void check_what_stays(runner *run)
{
	for (uint64_t key = 0; key < WINDOW; key += 2)
		ck_assert_int_eq(set_number(key, ~key), 0);
	run(grow_or_find);
	ck_assert_int_eq(mproc_dict_count(dict), WINDOW / 2);
}

START_TEST(threads_find_what_stays_while_the_dict_grows_and_shrinks)
{
	check_what_stays(run_in_threads);
}
END_TEST

START_TEST(processes_find_what_stays_while_the_dict_grows_and_shrinks)
{
	check_what_stays(run_in_processes);
}
END_TEST

/*
 * One sets keys with rising numbers and deletes the one of WINDOW before: at each moment there are WINDOW of them or one
 * more, without a gap.
 */

static int move_window(void)
{
	int rc = 0;

	for (uint64_t key = WINDOW; key < ROUNDS && rc == 0; ++key) {
		rc = set_number(key, key);
		if (rc == 0)
			rc = delete_number(key - WINDOW);
	}
	atomic_store(&shared->is_over, 1);
	return rc;
}

/* Whether what is there are numbers without a gap. */
static bool has_no_gap(mproc_snapshot *all)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (size_t i = 0; i < all->count; ++i) {
		uint64_t key;

		memcpy(&key, all->entries[i].key, sizeof key);
		least = key < least ? key : least;
		most = key > most ? key : most;
	}
	return all->count == 0 || most - least + 1 == all->count;
}

static int take_snapshots(void)
{
	while (!atomic_load(&shared->is_over)) {
		mproc_snapshot *all = NULL;
		bool is_right;
		int rc = mproc_dict_snapshot(dict, &all);

		if (rc < 0)
			return rc;
		is_right = has_no_gap(all) && (all->count == WINDOW || all->count == WINDOW + 1);
		mproc_snapshot_close(all);
		if (!is_right)
			return ERANGE;
		sched_yield();
	}
	return 0;
}

static int count_keys(void)
{
	while (!atomic_load(&shared->is_over)) {
		ssize_t count = mproc_dict_count(dict);

		if (count != WINDOW && count != WINDOW + 1)
			return count < 0 ? (int)count : ERANGE;
	}
	return 0;
}

static int move_or_count(void *unused)
{
	(void)unused;
	switch (take_side()) {
	case 0:
		return move_window();
	case 1:
		return take_snapshots();
	default:
		return count_keys();
	}
}

static void check_window(runner *run)
{
	for (uint64_t key = 0; key < WINDOW; ++key)
		ck_assert_int_eq(set_number(key, key), 0);
	run(move_or_count);
}

START_TEST(threads_count_and_copy_at_one_moment)
{
	check_window(run_in_threads);
}
END_TEST

START_TEST(processes_count_and_copy_at_one_moment)
{
	check_window(run_in_processes);
}
END_TEST

/* One sets rising numbers; another one clears; the others see numbers without a gap. */

static int set_rising(void)
{
	int rc = 0;

	for (uint64_t key = 0; key < ROUNDS && rc == 0; ++key)
		rc = set_number(key, key);
	atomic_store(&shared->is_over, 1);
	return rc;
}

static int clear_often(void)
{
	int rc = 0;

	while (rc == 0 && !atomic_load(&shared->is_over)) {
		rc = mproc_dict_clear(dict);
		for (int i = 0; i < 20; ++i)
			sched_yield();
	}
	return rc;
}

static int look_for_gaps(void)
{
	while (!atomic_load(&shared->is_over)) {
		mproc_snapshot *all = NULL;
		int rc = mproc_dict_snapshot(dict, &all);
		bool is_right = rc == 0 && has_no_gap(all);

		mproc_snapshot_close(all);
		if (!is_right)
			return rc < 0 ? rc : ERANGE;
	}
	return 0;
}

static int set_or_clear(void *unused)
{
	(void)unused;
	switch (take_side()) {
	case 0:
		return set_rising();
	case 1:
		return look_for_gaps();
	default:
		return clear_often();
	}
}

static void check_clearing(runner *run)
{
	size_t before = used_bytes();

	run(set_or_clear);
	ck_assert_int_eq(mproc_dict_clear(dict), 0);
	ck_assert_int_eq(mproc_dict_count(dict), 0);
	ck_assert_uint_le(used_bytes(), before + (64 << 10));
}

START_TEST(threads_clear_at_one_moment)
{
	check_clearing(run_in_threads);
}
END_TEST

START_TEST(processes_clear_at_one_moment)
{
	check_clearing(run_in_processes);
}
END_TEST

/* What was counted and what was taken out by clearing is what was added. */

static int add_and_clear(void *unused)
{
	uint32_t side = take_side();
	int64_t sum;
	int rc = 0;

	(void)unused;
	for (uint64_t i = 0; i < ROUNDS / 10 && rc == 0; ++i) {
		rc = mproc_dict_add(dict, &i, sizeof i, 1, &sum);
		if (rc == 0 && (sum < 1 || sum > SIDES))
			rc = ERANGE;
		if (rc == 0 && i % 100 == side)
			rc = mproc_dict_clear(dict);
	}
	return rc;
}

static void check_adding_and_clearing(runner *run)
{
	run(add_and_clear);
	ck_assert_int_eq(mproc_dict_clear(dict), 0);
	ck_assert_int_eq(mproc_dict_count(dict), 0);
}

START_TEST(threads_clear_beside_each_other)
{
	check_adding_and_clearing(run_in_threads);
}
END_TEST

START_TEST(processes_clear_beside_each_other)
{
	check_adding_and_clearing(run_in_processes);
}
END_TEST

/* Destroyed while others are inside. */

static int use_somehow(uint64_t i)
{
	uint64_t key = i % 1000, number;
	mproc_snapshot *all = NULL;
	int rc;

	switch (i % 8) {
	case 0:
		rc = mproc_dict_snapshot(dict, &all);
		mproc_snapshot_close(all);
		return rc;
	case 1:
		return mproc_dict_add(dict, &key, sizeof key, 1, NULL);
	case 2:
		return (int)mproc_dict_count(dict);
	case 3:
		return delete_number(key);
	default:
		return get_number(key, &number);
	}
}

/* Until it is destroyed. */
static int use_to_the_end(void *unused)
{
	(void)unused;
	take_side();
	for (uint64_t i = 0;; ++i) {
		int rc = use_somehow(i);

		if (rc >= 0 || rc == -ENOENT)
			continue;
		return rc == -EPIPE || rc == -EINVAL ? 0 : rc;
	}
}

static int destroy_or_use(void *unused)
{
	if (atomic_load(&shared->numbers) != 0 || atomic_fetch_add(&shared->wins, 1) != 0)
		return use_to_the_end(unused);
	take_side();
	for (int i = 0; i < 100; ++i)
		sched_yield();
	return mproc_dict_destroy(dict) == NULL ? 0 : EINVAL;
}

static void check_destroying(runner *run)
{
	for (int round = 0; round < 20; ++round) {
		atomic_store(&shared->at_the_gate, 0);
		atomic_store(&shared->numbers, 0);
		atomic_store(&shared->wins, 0);
		for (uint64_t key = 0; key < 1000; ++key)
			ck_assert_int_eq(set_number(key, key), 0);
		run(destroy_or_use);
		create();
	}
}

START_TEST(threads_inside_of_what_is_destroyed_are_told)
{
	check_destroying(run_in_threads);
}
END_TEST

START_TEST(processes_inside_of_what_is_destroyed_are_told)
{
	check_destroying(run_in_processes);
}
END_TEST

/* Who made it, and when. */

static int make_for_parent(void *unused)
{
	const int64_t number = 5;

	(void)unused;
	if (mproc_dict_create(NULL, &shared->dicts[0]) != 0)
		return 1;
	return mproc_dict_set(shared->dicts[0], "n", 1, &number, sizeof number);
}

START_TEST(dict_made_by_a_child_outlives_it)
{
	int64_t number = 0;

	ck_assert_int_eq(support_reap(support_fork(make_for_parent, NULL)), 0);
	ck_assert_int_eq(mproc_dict_get(shared->dicts[0], "n", 1, &number, sizeof number, NULL), 0);
	ck_assert_int_eq(number, 5);
	ck_assert_ptr_null(mproc_dict_destroy(shared->dicts[0]));
}
END_TEST

/* It was there before the dict. */
static int use_when_told(void *unused)
{
	(void)unused;
	support_await(&shared->finished, 1);
	return mproc_dict_add(shared->dicts[0], "n", 1, 7, NULL);
}

START_TEST(dict_is_valid_in_members_that_were_there_before_it)
{
	pid_t pid = support_fork(use_when_told, NULL);
	int64_t number = 0;

	ck_assert_int_eq(mproc_dict_create(NULL, &shared->dicts[0]), 0);
	atomic_store(&shared->finished, 1);
	ck_assert_int_eq(support_reap(pid), 0);
	ck_assert_int_eq(mproc_dict_get(shared->dicts[0], "n", 1, &number, sizeof number, NULL), 0);
	ck_assert_int_eq(number, 7);
	ck_assert_ptr_null(mproc_dict_destroy(shared->dicts[0]));
}
END_TEST

static int destroy_it(void *unused)
{
	(void)unused;
	return mproc_dict_destroy(shared->dicts[0]) == NULL ? 0 : EINVAL;
}

START_TEST(dict_may_be_destroyed_by_another_process)
{
	ck_assert_int_eq(mproc_dict_create(NULL, &shared->dicts[0]), 0);
	ck_assert_int_eq(mproc_dict_add(shared->dicts[0], "n", 1, 7, NULL), 0);
	ck_assert_int_eq(support_reap(support_fork(destroy_it, NULL)), 0);
	check_failed(mproc_dict_count(shared->dicts[0]), -EINVAL, "not initialised, or destroyed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		threads_add_exactly,
		one_thread_sets_what_is_absent,
		threads_count_exactly_by_comparing,
		threads_pop_each_once,
		threads_see_whole_values_only,
		threads_find_what_stays_while_the_dict_grows_and_shrinks,
		threads_count_and_copy_at_one_moment,
		threads_clear_at_one_moment,
		threads_clear_beside_each_other,
		threads_inside_of_what_is_destroyed_are_told,
		NULL,
	};
	const TTest *process_tests[] = {
		processes_add_exactly,
		one_process_sets_what_is_absent,
		processes_count_exactly_by_comparing,
		processes_pop_each_once,
		processes_see_whole_values_only,
		processes_find_what_stays_while_the_dict_grows_and_shrinks,
		processes_count_and_copy_at_one_moment,
		processes_clear_at_one_moment,
		processes_clear_beside_each_other,
		processes_inside_of_what_is_destroyed_are_told,
		dict_made_by_a_child_outlives_it,
		dict_is_valid_in_members_that_were_there_before_it,
		dict_may_be_destroyed_by_another_process,
		NULL,
	};
	const support_suite suite = {
		.name = "dict and crowd",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = make_ground,
		.teardown = leave_ground,
	};

	return support_run_suite(&suite);
}
