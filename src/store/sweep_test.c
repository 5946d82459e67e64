/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "store/bounds_fixture.h"
#include "sys/clock.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <mproc/file_lock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/* Results that fit into most tests' bound, and those that are left when it was exceeded. */
	MOST = 64,
	LEFT = 56,
};

static mproc_cache *cache;

static void begin_with(uint64_t max_bytes, double max_age)
{
	tree_create();
	cache = open_cache(max_bytes, max_age);
}

static void begin(void)
{
	begin_with(MOST * PAGE, 0);
}

static void end(void)
{
	cache = mproc_cache_close(cache);
	tree_remove();
}

static void reopen(uint64_t max_bytes, double max_age)
{
	mproc_cache_close(cache);
	cache = open_cache(max_bytes, max_age);
}

/* Results from @first to @last, each used a second later than the one before. */
static void fill(uint64_t first, uint64_t last)
{
	for (uint64_t number = first; number <= last; ++number) {
		put(cache, number);
		set_times(cache, number, (int64_t)(last + 1 - number) * SECONDS, 10000 * SECONDS);
	}
}

static void assert_has(uint64_t first, uint64_t last)
{
	for (uint64_t number = first; number <= last; ++number)
		ck_assert_msg(has(cache, number), "%lu is gone", (unsigned long)number);
}

static void assert_lacks(uint64_t first, uint64_t last)
{
	for (uint64_t number = first; number <= last; ++number)
		ck_assert_msg(!has(cache, number), "%lu is there", (unsigned long)number);
}

/* Until the thread, of whatever process, has removed so many. */
/* By a sweep that has come to its end, which has the lock until then. */
static void await_evicted(uint64_t evicted)
{
	mproc_file_lock *lock;

	while (usage_of(cache).evicted < evicted)
		sched_yield();
	ck_assert_int_eq(mproci_sweep_lock(cache, MPROC_FOREVER, &lock), 0);
	ck_assert_ptr_null(mproc_file_lock_close(lock));
}

static void sweep(void)
{
	int rc = mproci_sweep(cache, MPROC_FOREVER);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

/* ---- what goes ---- */

START_TEST(what_was_used_longest_ago_goes_first)
{
	reopen(3 * PAGE, 0);
	fill(1, 3);
	ck_assert_int_eq(get(cache, 1), 0);
	put(cache, 4);
	assert_lacks(2, 2);
	assert_has(1, 1);
	assert_has(3, 4);
	assert_entries(cache, 3);
	ck_assert_uint_eq(usage_of(cache).evicted, 1);
}
END_TEST

START_TEST(a_lookup_is_no_use)
{
	reopen(3 * PAGE, 0);
	fill(1, 3);
	assert_has(1, 1);
	put(cache, 4);
	assert_lacks(1, 1);
	assert_has(2, 4);
}
END_TEST

START_TEST(who_goes_far_beyond_the_bound_removes_himself)
{
	fill(1, MOST + MOST / 8);
	await_evicted(MOST + 1 - LEFT);
	sweep();
	reopen(16 * PAGE, 0);
	put(cache, 1000);
	assert_entries(cache, 14);
	assert_has(1000, 1000);
	assert_has(MOST + MOST / 8 - 12, MOST + MOST / 8);
}
END_TEST

START_TEST(who_goes_beyond_the_bound_has_a_thread_remove)
{
	fill(1, MOST);
	assert_entries(cache, MOST);
	ck_assert_uint_eq(usage_of(cache).evicted, 0);
	put(cache, MOST + 1);
	await_evicted(MOST + 1 - LEFT);
	assert_entries(cache, LEFT);
	assert_lacks(1, MOST + 1 - LEFT);
	assert_has(MOST + 2 - LEFT, MOST + 1);
}
END_TEST

START_TEST(within_the_bound_nothing_goes)
{
	fill(1, MOST);
	sweep();
	assert_entries(cache, MOST);
	assert_has(1, MOST);
}
END_TEST

START_TEST(a_large_result_stays_where_the_bound_is_kept)
{
	reopen(8 * PAGE, 0);
	put(cache, 1);
	put_sized(cache, 2, PAGE);
	put_sized(cache, 3, 5 * PAGE);
	await_evicted(1);
	sweep();
	assert_lacks(1, 1);
	assert_has(2, 3);
	ck_assert_uint_eq(usage_of(cache).bytes, 8 * PAGE);
}
END_TEST

START_TEST(what_is_replaced_counts_once)
{
	reopen(4 * PAGE, 0);
	for (int i = 0; i < 20; ++i)
		put_sized(cache, 1, (size_t)(1 + i % 3) * PAGE - 512);
	sweep();
	ck_assert_uint_eq(usage_of(cache).entries, 1);
	ck_assert_uint_eq(usage_of(cache).bytes, 2 * PAGE);
	ck_assert_uint_eq(usage_of(cache).evicted, 0);
}
END_TEST

START_TEST(without_a_bound_nothing_goes)
{
	reopen(UINT64_MAX, 0);
	fill(1, 2 * MOST);
	sweep();
	assert_entries(cache, 2 * MOST);
	ck_assert_uint_eq(usage_of(cache).evicted, 0);
}
END_TEST

START_TEST(what_is_too_old_goes_though_it_was_used)
{
	reopen(UINT64_MAX, 100);
	for (uint64_t number = 1; number <= 20; ++number) {
		put(cache, number);
		set_times(cache, number, 0, (int64_t)(number <= 10 ? 101 : 90) * SECONDS);
	}
	sweep();
	assert_entries(cache, 10);
	ck_assert_uint_eq(usage_of(cache).evicted, 10);
	assert_has(11, 20);
	ck_assert_int_eq(access(in_tree("/cache/results"), F_OK), 0);
	ck_assert_int_eq(faccessat(cache->directory, name_of(1), F_OK, 0), -1);
}
END_TEST

START_TEST(a_put_looks_for_what_is_too_old_now_and_then)
{
	reopen(0, 80);
	put(cache, 1);
	set_times(cache, 1, 0, 81 * SECONDS);
	put(cache, 2);
	atomic_fetch_sub(&cache->tally->aged, 11 * SECONDS);
	ck_assert_uint_eq(usage_of(cache).evicted, 0);
	put(cache, 3);
	await_evicted(1);
	assert_entries(cache, 2);
	assert_has(2, 3);
}
END_TEST

START_TEST(a_look_in_the_future_was_none)
{
	reopen(0, 80);
	put(cache, 1);
	set_times(cache, 1, 0, 81 * SECONDS);
	atomic_store(&cache->tally->aged, INT64_MAX);
	put(cache, 3);
	await_evicted(1);
	ck_assert_int_le(atomic_load(&cache->tally->aged), mproci_cache_now());
}
END_TEST

START_TEST(files_with_other_names_are_left_alone)
{
	static const char *const names[] = {"/cache/results/other", "/cache/results/ab/short",
		"/cache/results/zz/01234567890123456789012345678a",
		"/cache/results/ab/01234567890123456789012345678A",
		"/cache/results/ab/01234567890123456789012345678aa", "/cache/results/cd",
		"/cache/results/ef/01234567890123456789012345678b/x"};

	reopen(PAGE, 1);
	for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
		put_of_others(names[i]);
	sweep();
	assert_entries(cache, 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
		ck_assert_int_eq(access(in_tree(names[i]), F_OK), 0);
}
END_TEST

/* ---- counting ---- */

static void lie(int64_t entries, int64_t bytes, uint64_t is_uncounted)
{
	atomic_store(&cache->tally->entries, entries);
	atomic_store(&cache->tally->bytes, bytes);
	atomic_store(&cache->tally->is_uncounted, is_uncounted);
}

START_TEST(a_sweep_puts_a_tally_right)
{
	static const int64_t lies[] = {0, 1, -1, 1000000, INT64_MAX, INT64_MIN};

	fill(1, 20);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; ++i) {
		lie(lies[i], lies[i], 1);
		sweep();
		assert_entries(cache, 20);
		ck_assert_uint_eq(atomic_load(&cache->tally->is_uncounted), 0);
	}
	assert_has(1, 20);
}
END_TEST

/* Until the thread has counted, and has ended. */
static void await_entries(uint64_t entries)
{
	while (usage_of(cache).entries != entries)
		sched_yield();
	reopen(MOST * PAGE, 0);
}

START_TEST(a_put_sees_that_a_tally_cannot_be_right)
{
	fill(1, 10);
	lie(-5, 10 * PAGE, 0);
	put(cache, 11);
	await_entries(11);
	lie(11, -5 * PAGE, 0);
	put(cache, 12);
	await_entries(12);
	lie(0, 0, 1);
	put(cache, 13);
	await_entries(13);
	lie(0, 2 * MOST * PAGE, 0);
	put(cache, 14);
	await_entries(14);
	assert_has(1, 14);
}
END_TEST

START_TEST(a_tally_that_is_too_small_is_put_right_within_a_day)
{
	fill(1, 10);
	lie(1, PAGE, 0);
	put(cache, 11);
	assert_entries(cache, 2);
	atomic_fetch_sub(&cache->tally->aged, 86401 * SECONDS);
	put(cache, 12);
	await_entries(12);
}
END_TEST

/* ---- others who sweep ---- */

START_TEST(one_at_a_time_sweeps)
{
	mproc_file_lock *lock;

	ck_assert_int_eq(mproci_sweep_lock(cache, MPROC_NOW, &lock), 0);
	ck_assert_int_eq(mproci_sweep(cache, mproc_after(0.01)), -ETIMEDOUT);
	support_check_text("/cache\": file lock \"sweep\"");
	support_check_text("still held by somebody else");
	mproc_file_lock_close(lock);
	sweep();
}
END_TEST

START_TEST(a_sweep_that_stands_still_is_not_waited_for_long)
{
	mproc_file_lock *lock;

	ck_assert_int_eq(mproci_sweep_lock(cache, MPROC_NOW, &lock), 0);
	fill(1, MOST + MOST / 8);
	assert_entries(cache, MOST + MOST / 8);
	put(cache, 1000);
	assert_entries(cache, LEFT);
	mproc_file_lock_close(lock);
}
END_TEST

START_TEST(who_waits_for_a_sweep_does_not_sweep_again)
{
	mproc_file_lock *lock;

	ck_assert_int_eq(mproci_sweep_lock(cache, MPROC_NOW, &lock), 0);
	fill(1, MOST + 1);
	lie(10, 10 * PAGE, 0);
	mproc_file_lock_close(lock);
	/* It waits for the thread. */
	reopen(MOST * PAGE, 0);
	assert_entries(cache, 10);
}
END_TEST

START_TEST(where_there_can_be_no_lock_sweeps_go_on)
{
	fill(1, 5);
	lie(0, 0, 0);
	ck_assert_int_eq(symlink("sweep", in_tree("/cache/sweep")), 0);
	sweep();
	assert_entries(cache, 5);
}
END_TEST

START_TEST(closing_does_not_wait_for_a_sweep_of_others)
{
	mproc_file_lock *lock;

	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(mproci_sweep_lock(cache, MPROC_NOW, &lock), 0);
		fill(1, MOST + 1);
		reopen(MOST * PAGE, 0);
		assert_entries(cache, MOST + 1);
		mproc_file_lock_close(lock);
		mproc_cache_clear(cache);
	}
}
END_TEST

START_TEST(closing_ends_a_sweep)
{
	for (int i = 0; i < 20; ++i) {
		reopen(UINT64_MAX, 0);
		fill(1, MOST + 1);
		reopen(MOST * PAGE, 0);
		put(cache, 1);
		for (int turn = 0; turn < i; ++turn)
			sched_yield();
	}
	sweep();
	ck_assert_uint_le(usage_of(cache).entries, MOST);
	assert_has(1, 1);
}
END_TEST

/* ---- processes ---- */

enum {
	/* So many more than fit are stored by two processes. */
	KEYS = 3 * MOST,
	ROUNDS = 3000,
};

/* The files that are there, whatever the tally says. */
static uint64_t count_files(void)
{
	uint64_t count = 0;

	for (uint64_t number = 0; number < KEYS; ++number)
		count += has(cache, number);
	return count;
}

/* One in two is about to be counted, and a sweep may count what was just put twice. */
static int put_like_mad(void *seed)
{
	uint64_t random = *(const uint64_t *)seed;

	for (int i = 0; i < ROUNDS; ++i) {
		random = random * 6364136223846793005U + 1442695040888963407U;
		put(cache, (random >> 33) % KEYS);
		if (atomic_load(&cache->tally->entries) > MOST + MOST / 8 + 4)
			return 1;
	}
	cache = mproc_cache_close(cache);
	return 0;
}

START_TEST(processes_that_put_like_mad_keep_the_bound)
{
	uint64_t seeds[] = {1, 2}, found = 0;
	pid_t putters[2];
	int live = 2, status;

	for (int i = 0; i < 2; ++i)
		putters[i] = support_fork(put_like_mad, &seeds[i]);
	for (uint64_t number = 0; live > 0; number = (number + 1) % KEYS) {
		found += get(cache, number) == 0;
		if (number == 0 && waitpid(-1, &status, WNOHANG) > 0) {
			--live;
			ck_assert_int_eq(status, 0);
		}
	}
	(void)putters;
	sweep();
	ck_assert_uint_gt(found, 0);
	ck_assert_uint_gt(usage_of(cache).evicted, MOST);
	ck_assert_uint_le(count_files(), MOST);
	assert_entries(cache, count_files());
}
END_TEST

static _Atomic uint32_t *sweeps;

static int sweep_for_ever(void *unused)
{
	(void)unused;
	for (uint64_t number = 0;; ++number) {
		put(cache, number % KEYS);
		if (mproci_sweep(cache, MPROC_FOREVER) < 0)
			return 1;
		atomic_fetch_add(sweeps, 1);
	}
}

START_TEST(who_is_killed_in_a_sweep_blocks_nobody)
{
	sweeps = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(sweeps, MAP_FAILED);
	reopen(16 * PAGE, 0);
	for (uint32_t i = 0; i < 20; ++i) {
		pid_t pid;

		atomic_store(sweeps, 0);
		pid = support_fork(sweep_for_ever, NULL);
		support_await(sweeps, i);
		support_kill(pid);
		sweep();
		assert_entries(cache, count_files());
		ck_assert_uint_le(count_files(), 16);
	}
	munmap(sweeps, PAGE);
}
END_TEST

static int sweep_traced(void *unused)
{
	(void)unused;
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	return mproci_sweep(cache, MPROC_FOREVER);
}

static bool is_about_to(pid_t pid, long call)
{
	struct __ptrace_syscall_info info;

	ck_assert_int_gt(ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info), 0);
	return info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == (uint64_t)call;
}

/* Have a child sweep down to @bound results, until it makes the system call @call for the time @number, counted from 1. */
static pid_t begin_sweep(uint64_t bound, long call, int number)
{
	uint64_t before = cache->max_bytes;
	pid_t pid;
	int status;

	cache->max_bytes = bound * PAGE;
	pid = support_fork(sweep_traced, NULL);
	cache->max_bytes = before;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD), 0);
	while (number > 0) {
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80));
		number -= is_about_to(pid, call);
	}
	return pid;
}

START_TEST(what_is_used_or_replaced_during_a_sweep_has_to_wait)
{
	pid_t pid;

	fill(1, 16);
	pid = begin_sweep(8, SYS_unlinkat, 1);
	for (uint64_t number = 2; number <= 4; ++number)
		ck_assert_int_eq(get(cache, number), 0);
	put(cache, 5);
	ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	ck_assert_int_eq(support_reap(pid), 0);
	assert_lacks(1, 1);
	assert_has(2, 5);
	assert_lacks(6, 13);
	assert_has(14, 16);
	assert_entries(cache, 7);
}
END_TEST

START_TEST(what_is_stored_and_removed_during_a_sweep_counts)
{
	mproc_cache_key key = key_of(&(uint64_t){10});
	pid_t pid;

	fill(1, 16);
	pid = begin_sweep(8, SYS_unlinkat, 1);
	put(cache, 17);
	ck_assert_int_eq(mproc_cache_remove(cache, &key), 0);
	ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	ck_assert_int_eq(support_reap(pid), 0);
	assert_entries(cache, 7);
	ck_assert_uint_eq(count_files(), 7);
	assert_has(17, 17);
	ck_assert_uint_eq(usage_of(cache).evicted, 9);
}
END_TEST

START_TEST(what_is_stored_during_a_walk_counts_once)
{
	pid_t pid;

	fill(1, 16);
	pid = begin_sweep(MOST, SYS_getdents64, 1);
	for (uint64_t number = 17; number <= 25; ++number)
		put(cache, number);
	ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	ck_assert_int_eq(support_reap(pid), 0);
	assert_entries(cache, 25);
}
END_TEST

START_TEST(who_is_killed_as_he_removes_leaves_the_tally_right)
{
	for (int number = 1; number <= 9; ++number) {
		pid_t pid;

		fill(1, 16);
		pid = begin_sweep(8, SYS_unlinkat, number);
		support_kill(pid);
		assert_entries(cache, (uint64_t)(17 - number));
		ck_assert_uint_eq(count_files(), 17 - number);
		ck_assert_int_eq(mproci_sweep(cache, MPROC_NOW), 0);
	}
}
END_TEST

static int lock_sweeps(void *unused)
{
	mproc_file_lock *lock;

	(void)unused;
	return mproci_sweep_lock(cache, MPROC_NOW, &lock);
}

START_TEST(who_is_stopped_in_a_sweep_does_not_block_puts)
{
	pid_t pid = support_fork_and_keep(lock_sweeps, NULL);

	support_stop(pid);
	fill(1, MOST + MOST / 8);
	ck_assert_int_eq(get(cache, 1), 0);
	put(cache, 1000);
	assert_entries(cache, LEFT);
	assert_has(1, 1);
	ck_assert_int_eq(mproc_cache_clear(cache), 0);
	assert_entries(cache, 0);
	support_kill(pid);
}
END_TEST

static int use_and_close(void *unused)
{
	(void)unused;
	/* The parent's thread is not here: it could not end. */
	for (uint64_t number = 0; number < 10; ++number)
		put(cache, 2000 + number);
	sweep();
	if (count_files() > MOST)
		return 1;
	cache = mproc_cache_close(cache);
	return 0;
}

START_TEST(a_child_that_is_forked_during_a_sweep_sweeps_for_itself)
{
	mproc_file_lock *lock;
	pid_t pid;

	ck_assert_int_eq(mproci_sweep_lock(cache, MPROC_NOW, &lock), 0);
	fill(1, MOST + 1);
	/* The thread is there: it waits for the lock. */
	pid = support_fork(use_and_close, NULL);
	mproc_file_lock_close(lock);
	ck_assert_int_eq(support_reap(pid), 0);
}
END_TEST

static int close_only(void *unused)
{
	(void)unused;
	cache = mproc_cache_close(cache);
	return 0;
}

START_TEST(a_child_may_close_at_any_moment_of_a_sweep)
{
	for (uint64_t number = 0; number < 300; ++number) {
		put(cache, number);
		ck_assert_int_eq(support_reap(support_fork(close_only, NULL)), 0);
	}
	sweep();
	ck_assert_uint_le(usage_of(cache).entries, MOST);
}
END_TEST

/* To be what root is not: refused. */
static void become_nobody(void)
{
	if (geteuid() == 0)
		ck_assert(setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0
			  && setresuid(65534, 65534, 65534) == 0);
}

static int sweep_as_nobody(void *unused)
{
	(void)unused;
	become_nobody();
	if (mproci_sweep(cache, MPROC_NOW) != -EACCES)
		return 1;
	support_check_text("cache \"");
	support_check_text("cannot be removed: Permission denied");
	/* It is of no use to try that again at once. */
	mproci_sweep_if_needed(cache);
	return 0;
}

/* What the directories of the cache, and those of results, let everybody do. */
static void set_modes(mode_t mode)
{
	for (int i = 0; i < 256; ++i) {
		char name[16];

		snprintf(name, sizeof name, "results/%02x", i);
		ck_assert(fchmodat(cache->directory, name, mode, 0) == 0 || errno == ENOENT);
	}
	ck_assert_int_eq(fchmodat(cache->directory, "results", mode, 0), 0);
	ck_assert_int_eq(fchmodat(cache->directory, "aside", mode, 0), 0);
	ck_assert_int_eq(fchmodat(cache->directory, ".", mode, 0), 0);
}

START_TEST(what_cannot_be_removed_stays)
{
	fill(1, MOST);
	cache->max_bytes = MOST / 2 * PAGE;
	set_modes(0555);
	ck_assert_int_eq(support_reap(support_fork(sweep_as_nobody, NULL)), 0);
	assert_entries(cache, MOST);
	assert_has(1, MOST);
	set_modes(0755);
}
END_TEST

static int put_without_threads(void *unused)
{
	const struct rlimit none = {0, 0};

	(void)unused;
	become_nobody();
	if (setrlimit(RLIMIT_NPROC, &none) != 0)
		return 1;
	put(cache, MOST + 1);
	return usage_of(cache).entries == LEFT ? 0 : 2;
}

START_TEST(without_threads_the_putter_sweeps)
{
	fill(1, MOST);
	set_modes(0777);
	ck_assert_int_eq(support_reap(support_fork(put_without_threads, NULL)), 0);
	assert_entries(cache, LEFT);
	assert_has(MOST + 1, MOST + 1);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		what_was_used_longest_ago_goes_first,
		a_lookup_is_no_use,
		who_goes_far_beyond_the_bound_removes_himself,
		who_goes_beyond_the_bound_has_a_thread_remove,
		within_the_bound_nothing_goes,
		a_large_result_stays_where_the_bound_is_kept,
		what_is_replaced_counts_once,
		without_a_bound_nothing_goes,
		what_is_too_old_goes_though_it_was_used,
		a_put_looks_for_what_is_too_old_now_and_then,
		a_look_in_the_future_was_none,
		files_with_other_names_are_left_alone,
		a_sweep_puts_a_tally_right,
		a_put_sees_that_a_tally_cannot_be_right,
		a_tally_that_is_too_small_is_put_right_within_a_day,
		one_at_a_time_sweeps,
		a_sweep_that_stands_still_is_not_waited_for_long,
		who_waits_for_a_sweep_does_not_sweep_again,
		where_there_can_be_no_lock_sweeps_go_on,
		closing_does_not_wait_for_a_sweep_of_others,
		closing_ends_a_sweep,
		NULL,
	};

	const TTest *process_tests[] = {
		processes_that_put_like_mad_keep_the_bound,
		who_is_killed_in_a_sweep_blocks_nobody,
		what_is_used_or_replaced_during_a_sweep_has_to_wait,
		what_is_stored_and_removed_during_a_sweep_counts,
		what_is_stored_during_a_walk_counts_once,
		who_is_killed_as_he_removes_leaves_the_tally_right,
		who_is_stopped_in_a_sweep_does_not_block_puts,
		a_child_that_is_forked_during_a_sweep_sweeps_for_itself,
		a_child_may_close_at_any_moment_of_a_sweep,
		what_cannot_be_removed_stays,
		without_threads_the_putter_sweeps,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "sweep",
		.tests = tests,
		.process_tests = process_tests,
		.setup = begin,
		.teardown = end,
	});
}
