/* SPDX-License-Identifier: MIT */
#include "family/bell.h"

#include "family/member.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <mproc/result.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* What the processes of a test have in common. */
static struct shared {
	/* What is watched. */
	char first, second;
	_Atomic uint32_t value, seen, is_ready;
} * shared;

static mproci_bell bell;

static void set_up(void)
{
	ck_assert_int_eq(mproci_family_join(), 0);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	ck_assert_int_eq(mproci_bell_open(&bell), 0);
}

static void tear_down(void)
{
	mproci_bell_close(&bell);
	munmap(shared, sizeof *shared);
	ck_assert(!mproci_watchers_are_there());
}

static uint32_t watch(const mproci_bell *by, const void *about)
{
	uint32_t watcher = UINT32_MAX;

	ck_assert_int_eq(mproci_watcher_add(by, about, &watcher), 0);
	return watcher;
}

static bool rings(const mproci_bell *one)
{
	return mproci_poll_one(mproci_bell_descriptor(one), MPROC_NOW) == 0;
}

START_TEST(nobody_watches_at_first)
{
	ck_assert(!mproci_watchers_are_there());
	ck_assert_int_eq(mproci_watchers_tell(&shared->first), 0);
	mproci_watchers_forget(&shared->first);
}
END_TEST

START_TEST(who_watches_is_told_of_that_and_of_nothing_else)
{
	uint32_t watcher = watch(&bell, &shared->first);

	ck_assert(mproci_watchers_are_there());
	ck_assert(mproci_watcher_is_about(watcher, &shared->first));
	ck_assert(!mproci_watcher_is_about(watcher, &shared->second));
	ck_assert_int_eq(mproci_watchers_tell(&shared->second), 0);
	ck_assert(!rings(&bell));
	ck_assert(!mproci_watcher_is_told(watcher));
	ck_assert_int_eq(mproci_watchers_tell(&shared->first), 0);
	ck_assert(rings(&bell));
	ck_assert(mproci_watcher_is_told(watcher));
	mproci_watcher_remove(watcher);
	ck_assert(!mproci_watchers_are_there());
}
END_TEST

START_TEST(who_is_told_is_not_told_again_until_rearmed)
{
	uint32_t watcher = watch(&bell, &shared->first);

	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(mproci_watchers_tell(&shared->first), 0);
		ck_assert(mproci_bell_silence(&bell));
		ck_assert_int_eq(mproci_watchers_tell(&shared->first), 0);
		ck_assert(!rings(&bell));
		mproci_watcher_rearm(watcher);
	}
	mproci_watcher_remove(watcher);
}
END_TEST

START_TEST(all_who_watch_are_told)
{
	uint32_t watchers[3];
	mproci_bell other;

	ck_assert_int_eq(mproci_bell_open(&other), 0);
	watchers[0] = watch(&bell, &shared->first);
	watchers[1] = watch(&other, &shared->second);
	watchers[2] = watch(&other, &shared->first);
	mproci_watchers_tell(&shared->first);
	ck_assert(rings(&bell) && rings(&other));
	ck_assert(!mproci_watcher_is_told(watchers[1]));
	for (int i = 0; i < 3; ++i)
		mproci_watcher_remove(watchers[i]);
	mproci_bell_close(&other);
}
END_TEST

START_TEST(who_has_left_is_not_told)
{
	mproci_watcher_remove(watch(&bell, &shared->first));
	mproci_watchers_tell(&shared->first);
	ck_assert(!rings(&bell));
}
END_TEST

START_TEST(what_is_forgotten_is_watched_by_nobody)
{
	uint32_t first = watch(&bell, &shared->first), second = watch(&bell, &shared->second);

	mproci_watchers_forget(&shared->first);
	ck_assert(!mproci_watcher_is_about(first, &shared->first));
	ck_assert(mproci_watcher_is_about(second, &shared->second));
	mproci_watchers_tell(&shared->first);
	ck_assert(!rings(&bell));
	mproci_watcher_remove(first);
	mproci_watcher_remove(second);
}
END_TEST

START_TEST(bell_is_rung_for_one_watcher_alone)
{
	uint32_t first = watch(&bell, &shared->first), second = watch(&bell, &shared->first);

	mproci_watcher_ring(first);
	ck_assert(rings(&bell));
	ck_assert(mproci_watcher_is_told(first));
	ck_assert(!mproci_watcher_is_told(second));
	mproci_watcher_remove(first);
	mproci_watcher_remove(second);
}
END_TEST

/*
 * Who was told in the middle of the last tenant's time: the place is read, the bell rung, the slot another's
 * by now.
 */
START_TEST(slot_begins_with_another_number_each_time)
{
	uint32_t watcher = watch(&bell, &shared->first);
	_Atomic uint64_t *told = &mproci_family_here->watchers[watcher].told;

	for (int i = 0; i < 3; ++i) {
		uint64_t before = *told;

		if (i == 1)
			mproci_watchers_tell(&shared->first);
		mproci_watcher_remove(watcher);
		ck_assert_uint_eq(watch(&bell, &shared->first), watcher);
		ck_assert_uint_gt(*told, before);
		ck_assert_uint_eq(*told % 2, 0);
	}
	mproci_watcher_remove(watcher);
}
END_TEST

enum {
	SOME = 100,
};

START_TEST(table_is_as_long_as_its_last_watcher)
{
	uint32_t watchers[SOME];

	for (int i = 0; i < SOME; ++i) {
		watchers[i] = watch(&bell, &shared->first);
		ck_assert_uint_eq(watchers[i], i);
	}
	for (int i = 0; i < SOME - 1; ++i)
		mproci_watcher_remove(watchers[i]);
	ck_assert_uint_eq((uint32_t)mproci_family_here->watcher_limit, SOME);
	mproci_watcher_remove(watchers[SOME - 1]);
	ck_assert_uint_eq((uint32_t)mproci_family_here->watcher_limit, 0);
	watchers[0] = watch(&bell, &shared->first);
	ck_assert_uint_eq(watchers[0], 0);
	mproci_watcher_remove(watchers[0]);
}
END_TEST

static uint32_t fill(void)
{
	uint32_t watcher, count = 0;

	while (count <= MPROCI_WATCHERS && mproci_watcher_add(&bell, &shared->first, &watcher) == 0)
		++count;
	return count;
}

static void empty(void)
{
	for (uint32_t i = 0; i < MPROCI_WATCHERS; ++i)
		mproci_watcher_remove(i);
}

START_TEST(full_table_refuses_another_until_one_leaves)
{
	uint32_t watcher;

	ck_assert_uint_eq(fill(), MPROCI_WATCHERS);
	ck_assert_int_eq(mproci_watcher_add(&bell, &shared->first, &watcher), -EAGAIN);
	support_check_text("4096 queues and events are waited for through descriptors");
	mproci_watcher_remove(1234);
	ck_assert_uint_eq(watch(&bell, &shared->first), 1234);
	empty();
}
END_TEST

enum {
	TELLERS = 4,
	ROUNDS = 1000,
};

static int raise_and_tell(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; ++i) {
		atomic_fetch_add_explicit(&shared->value, 1, memory_order_release);
		if (mproci_watchers_tell(&shared->first) != 0)
			return 1;
	}
	return 0;
}

/* What is lost here is lost for ever, and the test with it. */
static void await_value(uint32_t watcher, uint32_t least)
{
	while (atomic_load(&shared->value) < least) {
		mproci_bell_silence(&bell);
		mproci_watcher_rearm(watcher);
		if (atomic_load(&shared->value) >= least)
			break;
		ck_assert_int_eq(mproci_poll_one(bell.place.descriptor, MPROC_FOREVER), 0);
	}
}

START_TEST(nobody_is_left_untold_by_many_threads)
{
	support_thread tellers[TELLERS];
	uint32_t watcher = watch(&bell, &shared->first), all = TELLERS * ROUNDS;

	for (int i = 0; i < TELLERS; ++i)
		support_begin(&tellers[i], raise_and_tell, NULL);
	for (uint32_t least = 1; least <= all; least = atomic_load(&shared->value) + 1)
		await_value(watcher, least);
	for (int i = 0; i < TELLERS; ++i)
		ck_assert_int_eq(support_end(&tellers[i]), 0);
	mproci_watcher_remove(watcher);
}
END_TEST

/* One thing at a time, each told of once: the shortest way to lose one. */
static int raise_when_seen(void *unused)
{
	(void)unused;
	for (uint32_t i = 1; i <= ROUNDS; ++i) {
		support_await(&shared->seen, i - 1);
		atomic_store_explicit(&shared->value, i, memory_order_release);
		if (mproci_watchers_tell(&shared->first) != 0)
			return 1;
	}
	return 0;
}

static void see_all(void)
{
	uint32_t watcher = watch(&bell, &shared->first);

	shared->is_ready = 1;
	for (uint32_t i = 1; i <= ROUNDS; ++i) {
		await_value(watcher, i);
		shared->seen = i;
	}
	mproci_watcher_remove(watcher);
}

START_TEST(nobody_is_left_untold_by_another_thread)
{
	support_thread teller;

	support_begin(&teller, raise_when_seen, NULL);
	see_all();
	ck_assert_int_eq(support_end(&teller), 0);
}
END_TEST

static int come_and_go(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; ++i) {
		uint32_t watchers[3];

		for (int j = 0; j < 3; ++j) {
			if (mproci_watcher_add(&bell, &shared->second, &watchers[j]) != 0)
				return 1;
		}
		for (int j = 0; j < 3; ++j)
			mproci_watcher_remove(watchers[(i + j) % 3]);
	}
	return 0;
}

START_TEST(nobody_is_left_untold_while_others_come_and_go)
{
	support_thread teller, others[TELLERS];

	support_begin(&teller, raise_when_seen, NULL);
	for (int i = 0; i < TELLERS; ++i)
		support_begin(&others[i], come_and_go, NULL);
	see_all();
	ck_assert_int_eq(support_end(&teller), 0);
	for (int i = 0; i < TELLERS; ++i)
		ck_assert_int_eq(support_end(&others[i]), 0);
}
END_TEST

/* From here on: between processes. */

static int join_and_raise_when_seen(void *unused)
{
	int rc = mproci_family_join();

	support_await(&shared->is_ready, 1);
	return rc < 0 ? rc : raise_when_seen(unused);
}

START_TEST(nobody_is_left_untold_by_an_older_process)
{
	pid_t teller = support_fork(join_and_raise_when_seen, NULL);

	mproci_bell_close(&bell);
	ck_assert_int_eq(mproci_bell_open(&bell), 0);
	see_all();
	ck_assert_int_eq(support_reap(teller), 0);
}
END_TEST

static int watch_both(void *unused)
{
	uint32_t watcher;

	(void)unused;
	if (mproci_family_join() != 0 || mproci_bell_open(&bell) != 0)
		return 1;
	if (mproci_watcher_add(&bell, &shared->first, &watcher) != 0)
		return 2;
	return mproci_watcher_add(&bell, &shared->second, &watcher) != 0 ? 3 : 0;
}

START_TEST(those_of_a_dead_process_stop_nobody_and_go_when_it_is_buried)
{
	mproc_process *process = support_start_and_keep(watch_both, NULL);
	uint32_t watcher = watch(&bell, &shared->first);

	ck_assert_uint_eq(watcher, 2);
	ck_assert_int_eq(mproc_process_kill(process), 0);
	ck_assert_int_eq(mproci_poll_one(mproc_process_fd(process), MPROC_FOREVER), 0);
	ck_assert_int_eq(mproci_watchers_tell(&shared->first), 0);
	ck_assert(rings(&bell));
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	mproc_process_close(process);
	mproci_watcher_remove(watcher);
	ck_assert(!mproci_watchers_are_there());
}
END_TEST

START_TEST(those_of_a_process_that_ended_well_go_with_it)
{
	mproc_process *process = support_start(watch_both, NULL);

	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	mproc_process_close(process);
	ck_assert(!mproci_watchers_are_there());
}
END_TEST

START_TEST(full_table_is_swept_of_the_dead)
{
	uint32_t watcher;

	support_kill(support_fork_and_keep(watch_both, NULL));
	ck_assert_uint_eq(fill(), MPROCI_WATCHERS);
	ck_assert_int_eq(mproci_watcher_add(&bell, &shared->first, &watcher), -EAGAIN);
	empty();
}
END_TEST

static int be(void *unused)
{
	(void)unused;
	return mproci_family_join();
}

START_TEST(death_is_told_to_everybody)
{
	uint32_t watcher = watch(&bell, &shared->first);

	support_kill_and_join(support_start_and_keep(be, NULL));
	ck_assert(rings(&bell));
	mproci_watcher_remove(watcher);
}
END_TEST

static int tell_without_descriptors(void *unused)
{
	const struct rlimit none = {0};

	(void)unused;
	setrlimit(RLIMIT_NOFILE, &none);
	if (mproci_watchers_tell(&shared->first) != -EMFILE)
		return 1;
	return strstr(mproc_error_text(), "RLIMIT_NOFILE is 0") == NULL;
}

START_TEST(who_cannot_tell_says_so_and_the_next_one_tells)
{
	uint32_t watcher = watch(&bell, &shared->first);

	ck_assert_int_eq(support_reap(support_fork(tell_without_descriptors, NULL)), 0);
	ck_assert(!mproci_watcher_is_told(watcher));
	ck_assert_int_eq(mproci_watchers_tell(&shared->first), 0);
	ck_assert(rings(&bell));
	mproci_watcher_remove(watcher);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		nobody_watches_at_first,
		who_watches_is_told_of_that_and_of_nothing_else,
		who_is_told_is_not_told_again_until_rearmed,
		all_who_watch_are_told,
		who_has_left_is_not_told,
		what_is_forgotten_is_watched_by_nobody,
		bell_is_rung_for_one_watcher_alone,
		slot_begins_with_another_number_each_time,
		table_is_as_long_as_its_last_watcher,
		full_table_refuses_another_until_one_leaves,
		nobody_is_left_untold_by_many_threads,
		nobody_is_left_untold_by_another_thread,
		nobody_is_left_untold_while_others_come_and_go,
		NULL,
	};
	const TTest *process_tests[] = {
		nobody_is_left_untold_by_an_older_process,
		those_of_a_dead_process_stop_nobody_and_go_when_it_is_buried,
		those_of_a_process_that_ended_well_go_with_it,
		full_table_is_swept_of_the_dead,
		death_is_told_to_everybody,
		who_cannot_tell_says_so_and_the_next_one_tells,
		NULL,
	};
	const support_suite suite = {
		.name = "watchers",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = set_up,
		.teardown = tear_down,
	};

	return support_run_suite(&suite);
}
