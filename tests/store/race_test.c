/* SPDX-License-Identifier: MIT */
/*
 * Many processes and threads that ask for the same results at the same instant.
 */
#include <mproc/cache.h>

#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <dirent.h>
#include <mproc/result.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	RACERS = 8,
	KEYS = 150,
	/* Bytes of a result: most are small, and some are mapped. */
	LARGE = 100000,
	DEATHS_EACH = 2,
};

/* Between all racers. */
static struct {
	/* Who stands at the barrier of each key. */
	_Atomic uint32_t arrived[KEYS];
	/* How often each was computed, and how many died at that. */
	_Atomic uint32_t computed[KEYS], died[KEYS];
	/* How often the function was entered by one while another was in it. */
	_Atomic uint32_t inside[KEYS], met;
	_Atomic uint32_t done;
} * shared;

static mproc_cache *cache;

static void make_cache(void)
{
	tree_create();
	ck_assert_int_eq(mproc_cache_open(in_tree("/cache"), NULL, &cache), 0);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void remove_cache(void)
{
	ck_assert_ptr_null(mproc_cache_close(cache));
	tree_remove();
	munmap(shared, sizeof *shared);
}

static mproc_cache_key key_of(const uint32_t *number)
{
	return (mproc_cache_key){.function = "race", .arguments = number, .size = sizeof *number};
}

static size_t size_of(uint32_t number)
{
	return number % 10 == 0 ? LARGE : number;
}

static unsigned char byte_of(uint32_t number, size_t at)
{
	return (unsigned char)(number * 7 + at * 13 + at / 256);
}

static bool is_right(uint32_t number, const mproc_cache_value *value)
{
	const unsigned char *bytes = value->bytes;

	if (value->size != size_of(number))
		return false;
	for (size_t i = 0; i < value->size; ++i) {
		if (bytes[i] != byte_of(number, i))
			return false;
	}
	return true;
}

static int compute(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	uint32_t number = *(const uint32_t *)arguments;
	unsigned char *room = mproc_cache_result_room(result, size_of(number));

	(void)size;
	(void)unused;
	if (atomic_fetch_add(&shared->inside[number], 1) != 0)
		atomic_fetch_add(&shared->met, 1);
	for (size_t i = 0; i < size_of(number); ++i)
		room[i] = byte_of(number, i);
	sched_yield();
	atomic_fetch_add(&shared->computed[number], 1);
	atomic_fetch_sub(&shared->inside[number], 1);
	return 0;
}

/* Half of them with a deadline, who try again and again instead of sleeping. */
static mproc_deadline far(uint32_t number)
{
	return (number + (uint32_t)getpid()) % 2 == 0 ? MPROC_FOREVER : mproc_after(60);
}

/* Returns how many of the two, a call and a right result, failed. */
static int ask(uint32_t number, mproc_cache_function *function)
{
	mproc_cache_key key = key_of(&number);
	mproc_cache_value value;
	int failed;

	if (mproc_cache_call(cache, &key, function, NULL, far(number), &value) != 0)
		return 1;
	failed = is_right(number, &value) ? 0 : 1;
	mproc_cache_value_free(&value);
	return failed;
}

/* Ask for all, each at the same instant as all others. */
static int race(void *racers)
{
	int failed = 0;

	for (uint32_t number = 0; number < KEYS; ++number) {
		atomic_fetch_add(&shared->arrived[number], 1);
		support_await(&shared->arrived[number], *(const uint32_t *)racers);
		failed += ask(number, compute);
	}
	return failed;
}

static int count_names(const char *folder)
{
	DIR *all = opendir(in_tree(folder));
	int count = 0;

	if (all == NULL)
		return 0;
	for (struct dirent *each = readdir(all); each != NULL; each = readdir(all))
		count += each->d_name[0] != '.';
	closedir(all);
	return count;
}

static void check_each_was_computed(uint32_t times)
{
	for (int number = 0; number < KEYS; ++number)
		ck_assert_uint_eq(atomic_load(&shared->computed[number]), times);
	ck_assert_uint_eq(atomic_load(&shared->met), 0);
	ck_assert_int_eq(count_names("/cache/aside"), 0);
}

static mproc_cache_usage usage(void)
{
	mproc_cache_usage now;

	ck_assert_int_eq(mproc_cache_stats(cache, &now), 0);
	return now;
}

START_TEST(one_of_many_threads_computes)
{
	support_thread threads[RACERS];
	uint32_t racers = RACERS;

	for (int i = 0; i < RACERS; ++i)
		support_begin(&threads[i], race, &racers);
	for (int i = 0; i < RACERS; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	check_each_was_computed(1);
	ck_assert_uint_eq(usage().misses, KEYS);
	ck_assert_uint_eq(usage().hits, (RACERS - 1) * KEYS);
	ck_assert_uint_eq(usage().entries, KEYS);
}
END_TEST

static void start(support_deed *deed, void *argument, pid_t pids[RACERS])
{
	for (int i = 0; i < RACERS; ++i)
		pids[i] = support_fork(deed, argument);
}

static void finish(const pid_t pids[RACERS])
{
	for (int i = 0; i < RACERS; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
}

START_TEST(one_of_many_processes_computes)
{
	uint32_t racers = RACERS;
	pid_t pids[RACERS];

	start(race, &racers, pids);
	finish(pids);
	check_each_was_computed(1);
	ck_assert_uint_eq(usage().misses, KEYS);
	ck_assert_uint_eq(usage().hits, (RACERS - 1) * KEYS);
	ck_assert_uint_eq(usage().entries, KEYS);
}
END_TEST

static int open_for_itself(void)
{
	/* The parent's stays with the parent. */
	mproc_cache_close(cache);
	return mproc_cache_open(in_tree("/cache"), NULL, &cache);
}

/* Three threads of a process that has a handle of its own. */
static int race_with_threads(void *racers)
{
	support_thread threads[3];
	int failed;

	if (open_for_itself() < 0)
		return 1;
	for (int i = 0; i < 3; ++i)
		support_begin(&threads[i], race, racers);
	failed = 0;
	for (int i = 0; i < 3; ++i)
		failed += support_end(&threads[i]);
	mproc_cache_close(cache);
	return failed;
}

START_TEST(one_of_many_processes_with_threads_and_handles_of_their_own_computes)
{
	uint32_t racers = 3 * RACERS;
	pid_t pids[RACERS];

	start(race_with_threads, &racers, pids);
	finish(pids);
	check_each_was_computed(1);
	ck_assert_uint_eq(usage().hits, (3 * RACERS - 1) * KEYS);
}
END_TEST

/* The first who come to compute it do not survive that. */
static int compute_or_die(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	uint32_t number = *(const uint32_t *)arguments;

	if (atomic_load(&shared->died[number]) < DEATHS_EACH) {
		atomic_fetch_add(&shared->died[number], 1);
		raise(SIGKILL);
	}
	return compute(arguments, size, result, context);
}

static int ask_or_die(void *number)
{
	return ask(*(const uint32_t *)number, compute_or_die);
}

START_TEST(those_who_die_computing_are_replaced_by_those_who_wait)
{
	for (uint32_t number = 0; number < 20; ++number) {
		pid_t pids[RACERS];
		int died = 0;

		start(ask_or_die, &number, pids);
		for (int i = 0; i < RACERS; ++i) {
			int ending = support_reap(pids[i]);

			ck_assert(ending == 0 || ending == -SIGKILL);
			died += ending != 0;
		}
		ck_assert_int_eq(died, DEATHS_EACH);
		ck_assert_uint_eq(atomic_load(&shared->computed[number]), 1);
	}
	ck_assert_uint_eq(atomic_load(&shared->met), 0);
}
END_TEST

/* The first who come fail. */
static int compute_or_fail(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	if (atomic_fetch_add(&shared->died[0], 1) < RACERS - 2)
		return -EDOM;
	return compute(arguments, size, result, context);
}

static int ask_or_fail(void *number)
{
	uint32_t racers = RACERS;
	mproc_cache_key key = key_of(number);
	mproc_cache_value value;
	int rc;

	atomic_fetch_add(&shared->arrived[0], 1);
	support_await(&shared->arrived[0], racers);
	rc = mproc_cache_call(cache, &key, compute_or_fail, NULL, MPROC_FOREVER, &value);
	if (rc == 0)
		mproc_cache_value_free(&value);
	return rc;
}

START_TEST(those_whose_function_fails_are_followed_by_those_who_wait)
{
	uint32_t number = 1;
	pid_t pids[RACERS];
	int failed = 0;

	start(ask_or_fail, &number, pids);
	for (int i = 0; i < RACERS; ++i) {
		int ending = support_reap(pids[i]);

		ck_assert(ending == 0 || ending == EDOM);
		failed += ending != 0;
	}
	ck_assert_int_eq(failed, RACERS - 2);
	ck_assert_uint_eq(atomic_load(&shared->computed[number]), 1);
}
END_TEST

/* Ask while others remove, replace, clear, and open and close. */
static int ask_in_the_storm(void *unused)
{
	int failed = 0;

	(void)unused;
	for (uint32_t i = 0; i < 2000; ++i)
		failed += ask(i * 17 % 20, compute);
	atomic_fetch_add(&shared->done, 1);
	return failed > 255 ? 255 : failed;
}

static int put_right(uint32_t number)
{
	unsigned char *bytes = malloc(size_of(number) + 1);
	mproc_cache_key key = key_of(&number);
	int rc;

	for (size_t i = 0; i < size_of(number); ++i)
		bytes[i] = byte_of(number, i);
	rc = mproc_cache_put(cache, &key, bytes, size_of(number));
	free(bytes);
	return rc;
}

static int trouble(uint32_t i)
{
	uint32_t number = i % 20;
	mproc_cache_key key = key_of(&number);
	mproc_cache *other;
	int rc;

	if (i % 4 == 0)
		return put_right(number);
	if (i % 97 == 1)
		return mproc_cache_clear(cache);
	if (i % 4 == 1) {
		rc = mproc_cache_remove(cache, &key);
		return rc == -ENOENT ? 0 : rc;
	}
	rc = mproc_cache_open(in_tree("/cache"), NULL, &other);
	if (rc == 0)
		mproc_cache_close(other);
	return rc;
}

static int make_trouble(void *unused)
{
	int failed = 0;

	(void)unused;
	for (uint32_t i = 0; atomic_load(&shared->done) < RACERS; ++i)
		failed += trouble(i) < 0;
	return failed > 255 ? 255 : failed;
}

START_TEST(results_are_right_while_others_remove_and_replace_them)
{
	pid_t pids[RACERS], others[2];

	/* As by somebody who was killed. */
	tree_write("/cache/aside/4567", "half a res");
	for (int i = 0; i < 2; ++i)
		others[i] = support_fork(make_trouble, NULL);
	start(ask_in_the_storm, NULL, pids);
	finish(pids);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_reap(others[i]), 0);
	ck_assert_uint_eq(atomic_load(&shared->met), 0);
	ck_assert_uint_eq(usage().damaged, 0);
	mproc_cache_close(cache);
	ck_assert_int_eq(mproc_cache_open(in_tree("/cache"), NULL, &cache), 0);
	ck_assert_int_eq(count_names("/cache/aside"), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		one_of_many_threads_computes,
		NULL,
	};
	const TTest *const process_tests[] = {
		one_of_many_processes_computes,
		one_of_many_processes_with_threads_and_handles_of_their_own_computes,
		those_who_die_computing_are_replaced_by_those_who_wait,
		those_whose_function_fails_are_followed_by_those_who_wait,
		results_are_right_while_others_remove_and_replace_them,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "cache race",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_cache,
		.teardown = remove_cache,
	});
}
