/* SPDX-License-Identifier: MIT */
/*
 * Dicts and bad luck: who is stopped or killed inside, what cannot be allocated, memory that somebody has overwritten.
 */
#include "collections/dict.h"
#include "collections/dict_fixture.h"

#include <mproc/namespace.h>
#include <mproc/set.h>

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* In a build with AddressSanitizer, whose malloc does not fail. */
extern void __asan_init(void) __attribute__((weak));

static const char LONG_WAIT[] = "somebody who is inside did not leave within 0.02 s";

enum {
	KEYS = 100,
	LARGE = 20000000,
	ROUNDS = 50,
};

static void create_with_patience(uint32_t stripes)
{
	create_with((mproc_dict_options){.stripes = stripes, .patience = 0.02});
}

/* What each test begins with: keys that are numbers, and their values. */
static void set_keys(void)
{
	for (uint64_t key = 0; key < KEYS; ++key)
		ck_assert_int_eq(set_number(key, key), 0);
}

static void check_keys(void)
{
	ck_assert_int_eq(mproc_dict_count(dict), KEYS);
	for (uint64_t key = 0; key < KEYS; ++key) {
		uint64_t number = 77;

		ck_assert_int_eq(get_number(key, &number), 0);
		ck_assert_uint_eq(number, key);
	}
}

/* Who holds the lock of a key. */

static mproci_table *table_of(uint64_t number)
{
	mproci_key key;

	ck_assert_int_eq(mproci_dict_key(dict, &number, sizeof number, &key), 0);
	return mproci_dict_table(dict, key.hash);
}

static int lock_stripe(void *number)
{
	_Atomic uintptr_t *inside;

	return mproci_dict_enter(dict, &inside) < 0 ? 1
						    : mproci_dict_lock(dict, table_of(*(uint64_t *)number));
}

static int lock_all(void *unused)
{
	_Atomic uintptr_t *inside;

	(void)unused;
	return mproci_dict_enter(dict, &inside) < 0 ? 1 : mproci_dict_lock_all(dict);
}

/* As in the middle of a change. */
static int begin_change(void *number)
{
	int rc = lock_stripe(number);

	atomic_fetch_or(&table_of(*(uint64_t *)number)->version, 1);
	return rc;
}

/* A process that holds what its deed has taken, and stands still. */
static pid_t stop_inside(support_deed *deed, uint64_t number)
{
	pid_t pid = support_fork_and_keep(deed, &number);

	support_stop(pid);
	return pid;
}

static void check_changes_fail(uint64_t key, int code, const char *text)
{
	int64_t number = 77;
	size_t size = 77;

	check_failed(set_number(key, key), code, text);
	check_failed(mproc_dict_set_if_absent(dict, &key, 8, &key, 8), code, text);
	check_failed(mproc_dict_compare_and_set(dict, &key, 8, &key, 8, &key, 8), code, text);
	check_failed(mproc_dict_add(dict, &key, 8, 1, &number), code, text);
	check_failed(mproc_dict_pop(dict, &key, 8, &number, 8, &size), code, text);
	check_failed(mproc_dict_delete(dict, &key, 8), code, text);
	ck_assert_int_eq(number, 77);
	ck_assert_uint_eq(size, 77);
}

static void check_snapshot_fails(int code, const char *text)
{
	mproc_snapshot *all = NULL;

	check_failed(mproc_dict_snapshot(dict, &all), code, text);
	ck_assert_ptr_null(all);
}

START_TEST(who_is_stopped_inside_is_waited_for_with_patience)
{
	pid_t holder;

	create_with_patience(2);
	set_keys();
	holder = stop_inside(lock_stripe, 5);
	check_changes_fail(5, -ETIMEDOUT, LONG_WAIT);
	check_snapshot_fails(-ETIMEDOUT, LONG_WAIT);
	check_keys();
	support_kill(holder);
	check_keys();
	ck_assert_int_eq(set_number(5, 5), 0);
}
END_TEST

START_TEST(who_is_stopped_inside_stops_no_getting)
{
	pid_t holder;
	void *copy = NULL;
	uint64_t key = 5;

	create_with_patience(64);
	set_keys();
	holder = stop_inside(lock_all, 0);
	check_keys();
	ck_assert_int_eq(mproc_dict_get_copy(dict, &key, sizeof key, &copy, NULL), 0);
	free(copy);
	ck_assert_int_eq(mproc_dict_has(dict, &key, sizeof key), 1);
	key = KEYS;
	ck_assert_int_eq(mproc_dict_has(dict, &key, sizeof key), 0);
	support_kill(holder);
}
END_TEST

START_TEST(who_is_stopped_inside_stops_no_other_stripe)
{
	pid_t holder;

	create_with_patience(64);
	holder = stop_inside(lock_stripe, 5);
	for (uint64_t key = 0; key < KEYS; ++key)
		ck_assert_int_eq(set_number(key, key), table_of(key) == table_of(5) ? -ETIMEDOUT : 0);
	support_kill(holder);
	set_keys();
	check_keys();
}
END_TEST

START_TEST(who_is_stopped_amid_a_change_is_waited_for_by_who_gets)
{
	pid_t changer;
	uint64_t key = 5, number = 77;

	create_with_patience(2);
	set_keys();
	changer = stop_inside(begin_change, key);
	check_failed(get_number(key, &number), -ETIMEDOUT, LONG_WAIT);
	check_failed(mproc_dict_has(dict, &key, sizeof key), -ETIMEDOUT, LONG_WAIT);
	check_failed(mproc_dict_count(dict), -ETIMEDOUT, LONG_WAIT);
	ck_assert_uint_eq(number, 77);
	support_kill(changer);
	check_keys();
}
END_TEST

/* It is an answer, or nothing has happened. */
START_TEST(clear_beside_who_is_stopped_takes_out_everything_or_nothing)
{
	pid_t holder;
	int rc;

	create_with_patience(2);
	set_keys();
	holder = stop_inside(lock_stripe, 5);
	rc = mproc_dict_clear(dict);
	ck_assert(rc == 0 || rc == -ETIMEDOUT);
	ck_assert_int_eq(mproc_dict_count(dict), rc == 0 ? 0 : KEYS);
	support_kill(holder);
	ck_assert_int_eq(mproc_dict_count(dict), rc == 0 ? 0 : KEYS);
}
END_TEST

START_TEST(dict_is_destroyed_beside_who_is_stopped_inside)
{
	pid_t holder;

	create_with((mproc_dict_options){.stripes = 64});
	set_keys();
	holder = stop_inside(lock_all, 0);
	ck_assert_ptr_null(mproc_dict_destroy(dict));
	support_kill(holder);
	check_changes_fail(5, -EPIPE, "destroyed");
	check_failed(mproc_dict_has(dict, "k", 1), -EPIPE, "destroyed");
	check_failed(mproc_dict_count(dict), -EPIPE, "destroyed");
	check_failed(mproc_dict_clear(dict), -EPIPE, "destroyed");
	check_snapshot_fails(-EPIPE, "destroyed");
	destroy();
	ck_assert_uint_eq(count_blocks(), blocks_before);
}
END_TEST

/* Without patience. */

static int set_fifth(void *unused)
{
	(void)unused;
	return set_number(5, 5);
}

START_TEST(lock_of_who_is_killed_goes_to_who_waits)
{
	uint64_t key = 5;
	pid_t holder, waiter;

	create();
	holder = support_fork_and_keep(lock_stripe, &key);
	waiter = support_fork(set_fifth, NULL);
	support_kill(holder);
	ck_assert_int_eq(support_reap(waiter), 0);
	ck_assert_int_eq(mproc_dict_has(dict, &key, sizeof key), 1);
}
END_TEST

static int kill_it(void *pid)
{
	return kill(*(pid_t *)pid, SIGKILL);
}

START_TEST(caught_signal_does_not_end_a_wait)
{
	uint64_t key = 5;
	pid_t holder;

	create();
	holder = support_fork_and_keep(lock_stripe, &key);
	support_disturb(kill_it, &holder);
	ck_assert_int_eq(set_number(key, key), 0);
	support_calm();
	ck_assert_int_eq(support_reap(holder), -SIGKILL);
}
END_TEST

/* Stopped and killed anywhere. */

/* Keys from KEYS on come and go; the first ones stay. */
static int change_on(void *unused)
{
	(void)unused;
	for (uint64_t i = 0;; ++i) {
		uint64_t key = KEYS + i % 500;
		int rc = i / 500 % 2 == 0 ? set_number(key, key) : delete_number(key);

		if (rc < 0 && rc != -ETIMEDOUT && rc != -ENOENT)
			return rc;
	}
}

/* At least, they are there; what has come and not gone is what a snapshot has. */
static void check_all(void)
{
	mproc_snapshot *all = NULL;

	ck_assert_int_eq(mproc_dict_snapshot(dict, &all), 0);
	ck_assert_uint_eq(all->count, mproc_dict_count(dict));
	for (size_t i = 0; i < all->count; ++i) {
		uint64_t number = 77;

		ck_assert_int_eq(get_number(*(const uint64_t *)all->entries[i].key, &number), 0);
		ck_assert_mem_eq(all->entries[i].value, &number, sizeof number);
	}
	mproc_snapshot_close(all);
	for (uint64_t key = 0; key < KEYS; ++key)
		ck_assert_int_eq(mproc_dict_has(dict, &key, sizeof key), 1);
}

/* At a moment that nobody can foresee. */
static void let_work(unsigned round)
{
	nanosleep(&(struct timespec){.tv_nsec = 10000L * (round % 50)}, NULL);
}

START_TEST(who_is_stopped_anywhere_costs_the_others_their_patience)
{
	pid_t changer;

	create_with((mproc_dict_options){.stripes = 1, .patience = 0.001});
	set_keys();
	changer = support_fork(change_on, NULL);
	for (unsigned round = 0; round < ROUNDS; ++round) {
		uint64_t number = 77;
		int rc;

		let_work(round);
		support_stop(changer);
		rc = set_number(round % KEYS, round);
		ck_assert(rc == 0 || rc == -ETIMEDOUT);
		rc = get_number(round % KEYS, &number);
		ck_assert(rc == 0 || rc == -ETIMEDOUT);
		support_go_on(changer);
	}
	support_kill(changer);
	check_all();
}
END_TEST

START_TEST(who_is_killed_anywhere_leaves_the_dict_right)
{
	for (uint32_t stripes = 1; stripes <= 4; stripes *= 2) {
		create_with((mproc_dict_options){.stripes = stripes});
		set_keys();
		for (unsigned round = 0; round < ROUNDS; ++round) {
			pid_t changer = support_fork(change_on, NULL);

			let_work(round);
			support_kill(changer);
			check_all();
		}
		destroy();
	}
}
END_TEST

/* Who cannot join the family. */

static int call_first(unsigned function)
{
	char bytes[8] = "before";
	void *copy;
	int64_t sum;
	mproc_dict *another;
	mproc_snapshot *all;

	switch (function) {
	case 0:
		return mproc_dict_create(NULL, &another);
	case 1:
		return mproc_dict_set(dict, "k", 1, "v", 1);
	case 2:
		return mproc_dict_set_if_absent(dict, "k", 1, "v", 1);
	case 3:
		return mproc_dict_compare_and_set(dict, "k", 1, "v", 1, "w", 1);
	case 4:
		return mproc_dict_add(dict, "k", 1, 1, &sum);
	case 5:
		return mproc_dict_get(dict, "k", 1, bytes, 8, NULL);
	case 6:
		return mproc_dict_get_copy(dict, "k", 1, &copy, NULL);
	case 7:
		return mproc_dict_has(dict, "k", 1);
	case 8:
		return mproc_dict_pop(dict, "k", 1, bytes, 8, NULL);
	case 9:
		return mproc_dict_delete(dict, "k", 1);
	case 10:
		return (int)mproc_dict_count(dict);
	case 11:
		return mproc_dict_clear(dict);
	case 12:
		return mproc_dict_snapshot(dict, &all);
	default:
		return INT32_MIN;
	}
}

/* What all functions return, if it is the same. */
static int call_all(void *unused)
{
	int rc = call_first(0), other;

	(void)unused;
	for (unsigned function = 1; (other = call_first(function)) != INT32_MIN; ++function) {
		if (other != rc)
			return (int)function;
	}
	return rc;
}

START_TEST(process_that_cannot_join_the_family_is_refused)
{
	create();
	set_keys();
	support_check_refusals(call_all, NULL);
	check_keys();
}
END_TEST

/* No memory of the process's own. */

static int copy_without_memory(void *unused)
{
	const struct rlimit little = {1, 1};
	mproc_snapshot *all = NULL;
	void *copy = NULL;

	(void)unused;
	setrlimit(RLIMIT_AS, &little);
	check_failed(mproc_dict_get_copy(dict, "large", 5, &copy, NULL), -ENOMEM,
		"a value of 20000000 bytes: this process has no memory for it");
	ck_assert_ptr_null(copy);
	check_failed(mproc_dict_snapshot(dict, &all), -ENOMEM, "snapshot: this process has no memory for");
	ck_assert_ptr_null(all);
	/* Nobody holds a lock. */
	return mproc_dict_delete(dict, "large", 5);
}

START_TEST(process_without_memory_gets_no_copies)
{
	create();
	set_filled("large", 5, LARGE, 1);
	if (__asan_init == NULL)
		ck_assert_int_eq(support_reap(support_fork(copy_without_memory, NULL)), 0);
}
END_TEST

static int copy_a_namespace_without_memory(void *space)
{
	const struct rlimit little = {1, 1};
	mproc_snapshot *all = NULL;
	void *copy = NULL;

	setrlimit(RLIMIT_AS, &little);
	check_failed(mproc_namespace_get_copy(space, "large", &copy, NULL), -ENOMEM, "no memory");
	check_failed(mproc_namespace_snapshot(space, &all), -ENOMEM, "no memory");
	return mproc_namespace_delete(space, "large");
}

static int copy_a_set_without_memory(void *set)
{
	const struct rlimit little = {1, 1};
	mproc_snapshot *all = NULL;

	setrlimit(RLIMIT_AS, &little);
	check_failed(mproc_set_snapshot(set, &all), -ENOMEM, "no memory");
	return mproc_set_clear(set);
}

START_TEST(process_without_memory_gets_no_copies_of_sets_and_namespaces)
{
	static char large[LARGE];
	mproc_namespace *space;
	mproc_set *set;

	ck_assert_int_eq(mproc_namespace_create(NULL, &space), 0);
	ck_assert_int_eq(mproc_namespace_set(space, "large", large, sizeof large), 0);
	ck_assert_int_eq(mproc_set_create(NULL, &set), 0);
	for (unsigned i = 0; i < LARGE / 60000; ++i) {
		memcpy(large, &i, sizeof i);
		ck_assert_int_eq(mproc_set_add(set, large, 60000), 0);
	}
	if (__asan_init == NULL) {
		ck_assert_int_eq(support_reap(support_fork(copy_a_namespace_without_memory, space)), 0);
		ck_assert_int_eq(support_reap(support_fork(copy_a_set_without_memory, set)), 0);
	}
	mproc_namespace_destroy(space);
	mproc_set_destroy(set);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		who_is_stopped_inside_is_waited_for_with_patience,
		who_is_stopped_inside_stops_no_getting,
		who_is_stopped_inside_stops_no_other_stripe,
		who_is_stopped_amid_a_change_is_waited_for_by_who_gets,
		clear_beside_who_is_stopped_takes_out_everything_or_nothing,
		dict_is_destroyed_beside_who_is_stopped_inside,
		lock_of_who_is_killed_goes_to_who_waits,
		caught_signal_does_not_end_a_wait,
		who_is_stopped_anywhere_costs_the_others_their_patience,
		who_is_killed_anywhere_leaves_the_dict_right,
		process_that_cannot_join_the_family_is_refused,
		process_without_memory_gets_no_copies,
		process_without_memory_gets_no_copies_of_sets_and_namespaces,
		NULL,
	};
	const support_suite suite = {
		.name = "dict and faults",
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = note_blocks,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
