/* SPDX-License-Identifier: MIT */
#include "store/flight.h"

#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <dirent.h>
#include <mproc/result.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static mproc_cache *cache;
static mproci_digest one = {{0x01, 0x23, 0xab}}, another = {{0x01, 0x23, 0xac}};

static mproc_cache *open_cache(const char *path)
{
	mproc_cache *opened = NULL;
	int rc = mproc_cache_open(path, NULL, &opened);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	return opened;
}

static void make_cache(void)
{
	tree_create();
	cache = open_cache(in_tree("/cache"));
}

static void remove_cache(void)
{
	ck_assert_ptr_null(mproc_cache_close(cache));
	tree_remove();
}

static void begin(const mproci_digest *digest, mproci_flight *ret_flight)
{
	int rc = mproci_flight_begin(cache, digest, MPROC_FOREVER, ret_flight);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

static int begin_and_end(mproc_cache *where, const mproci_digest *digest, mproc_deadline deadline)
{
	mproci_flight flight;
	int rc = mproci_flight_begin(where, digest, deadline, &flight);

	if (rc == 0)
		mproci_flight_end(&flight);
	return rc;
}

static int try(void *digest)
{
	return begin_and_end(cache, digest, MPROC_NOW);
}

static int try_for_a_moment(void *digest)
{
	return begin_and_end(cache, digest, mproc_after(0.02));
}

static int await(void *digest)
{
	return begin_and_end(cache, digest, MPROC_FOREVER);
}

static int await_for_a_minute(void *digest)
{
	return begin_and_end(cache, digest, mproc_after(60));
}

/* And stay in it. */
static int take_off(void *digest)
{
	static mproci_flight flight;

	return mproci_flight_begin(cache, digest, MPROC_FOREVER, &flight);
}

static int try_in_thread(mproci_digest *digest)
{
	return support_in_thread(try, digest).result;
}

/* Names in the cache's directory. */
static int count_files(void)
{
	DIR *folder = opendir(in_tree("/cache"));
	int count = 0;

	ck_assert_ptr_nonnull(folder);
	for (struct dirent *each = readdir(folder); each != NULL; each = readdir(folder))
		count += each->d_name[0] != '.';
	closedir(folder);
	return count;
}

START_TEST(flights_share_one_file_without_a_byte)
{
	struct stat status;
	int before;

	ck_assert_int_eq(try(&one), 0);
	before = count_files();
	for (int i = 0; i < 256; ++i) {
		mproci_digest digest = {{0, 0, 0, 0, 0, 0, 0, (uint8_t)i}};

		ck_assert_int_eq(try(&digest), 0);
	}
	ck_assert_int_eq(count_files(), before);
	ck_assert_int_eq(stat(in_tree("/cache/flights"), &status), 0);
	ck_assert(S_ISREG(status.st_mode) && status.st_size == 0);
}
END_TEST

START_TEST(keys_that_differ_in_a_bit_do_not_wait_for_each_other)
{
	mproci_digest first = {{0}};
	mproci_flight flight;

	begin(&first, &flight);
	for (int bit = 0; bit < 63; ++bit) {
		mproci_digest other = first;

		other.bytes[bit / 8] = (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(try(&other), 0);
	}
	mproci_flight_end(&flight);
}
END_TEST

START_TEST(others_wait_until_their_deadline)
{
	mproci_flight flight;

	begin(&one, &flight);
	ck_assert_int_eq(try_in_thread(&one), -ETIMEDOUT);
	ck_assert_int_eq(support_in_thread(try_for_a_moment, &one).result, -ETIMEDOUT);
	ck_assert_int_eq(try_in_thread(&another), 0);
	mproci_flight_end(&flight);
	ck_assert_int_eq(try_in_thread(&one), 0);
}
END_TEST

START_TEST(who_waits_is_next)
{
	support_thread threads[4];
	mproci_flight flight;

	for (int i = 0; i < 20; ++i) {
		begin(&one, &flight);
		for (int each = 0; each < 4; ++each)
			support_begin(&threads[each], each % 2 == 0 ? await : await_for_a_minute, &one);
		mproci_flight_end(&flight);
		for (int each = 0; each < 4; ++each)
			ck_assert_int_eq(support_end(&threads[each]), 0);
	}
}
END_TEST

START_TEST(flights_of_a_thread_are_nested)
{
	mproci_flight outer, inner;

	begin(&one, &outer);
	begin(&another, &inner);
	ck_assert_int_eq(try(&one), -EDEADLK);
	ck_assert_int_eq(try(&another), -EDEADLK);
	ck_assert_int_eq(try_in_thread(&one), -ETIMEDOUT);
	ck_assert_int_eq(try_in_thread(&another), -ETIMEDOUT);
	mproci_flight_end(&inner);
	ck_assert_int_eq(try(&another), 0);
	ck_assert_int_eq(try(&one), -EDEADLK);
	mproci_flight_end(&outer);
	ck_assert_int_eq(try(&one), 0);
}
END_TEST

START_TEST(handles_of_one_directory_share_flights)
{
	mproc_cache *by_name, *by_link;
	char path[PATH_MAX + NAME_MAX];
	mproci_flight flight;

	snprintf(path, sizeof path, "%s", in_tree("/cache"));
	ck_assert_int_eq(symlink(path, in_tree("/link")), 0);
	by_name = open_cache(path);
	by_link = open_cache(in_tree("/link"));
	begin(&one, &flight);
	ck_assert_int_eq(begin_and_end(by_name, &one, MPROC_FOREVER), -EDEADLK);
	ck_assert_int_eq(begin_and_end(by_link, &one, MPROC_FOREVER), -EDEADLK);
	mproci_flight_end(&flight);
	ck_assert_int_eq(mproci_flight_begin(by_link, &one, MPROC_FOREVER, &flight), 0);
	ck_assert_int_eq(try_in_thread(&one), -ETIMEDOUT);
	mproci_flight_end(&flight);
	mproc_cache_close(by_name);
	mproc_cache_close(by_link);
}
END_TEST

START_TEST(caches_have_flights_of_their_own)
{
	mproc_cache *other = open_cache(in_tree("/other"));
	mproci_flight flight;

	begin(&one, &flight);
	ck_assert_int_eq(begin_and_end(other, &one, MPROC_FOREVER), 0);
	mproci_flight_end(&flight);
	mproc_cache_close(other);
}
END_TEST

START_TEST(file_of_flights_is_made_again)
{
	mproci_flight flight;

	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(try(&one), 0);
		ck_assert_int_eq(unlink(in_tree("/cache/flights")), 0);
	}
	begin(&one, &flight);
	ck_assert_int_eq(try_in_thread(&one), -ETIMEDOUT);
	mproci_flight_end(&flight);
}
END_TEST

static void check_failed(int rc, int expected, const char *text)
{
	ck_assert_msg(rc == expected, "%d (%s) instead of %d", rc, mproc_error_text(), expected);
	support_check_text(text);
}

START_TEST(where_there_can_be_no_lock_is_told)
{
	rlim_t before;
	int rc;

	tree_write("/cache/flights/there", "something");
	check_failed(try(&one), -EISDIR, "Is a directory");
	ck_assert_int_eq(unlink(in_tree("/cache/flights/there")), 0);
	ck_assert_int_eq(rmdir(in_tree("/cache/flights")), 0);
	ck_assert_int_eq(try(&one), 0);
	before = limit(RLIMIT_NOFILE, 0);
	rc = try(&one);
	limit(RLIMIT_NOFILE, before);
	check_failed(rc, -EMFILE, "Too many open files");
}
END_TEST

START_TEST(where_the_cache_was_removed_is_told)
{
	char path[PATH_MAX + NAME_MAX];

	snprintf(path, sizeof path, "%s", in_tree("/cache"));
	ck_assert_int_eq(nftw(path, tree_remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
	check_failed(try(&one), -ENOENT, "No such file or directory");
}
END_TEST

enum {
	SIDES = 4,
	ROUNDS = 300,
};

static struct {
	/* Who has the flight, and how often somebody had it. */
	_Atomic uint32_t holder, flights;
	/* Somebody was met in a flight that was had. */
	_Atomic uint32_t met;
	_Atomic uint32_t pid;
} * shared;

static void share_memory(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

/* Have it for a moment, in which others may come. */
static void be_alone(void)
{
	if (atomic_exchange(&shared->holder, 1) != 0)
		atomic_fetch_add(&shared->met, 1);
	atomic_fetch_add(&shared->flights, 1);
	sched_yield();
	atomic_store(&shared->holder, 0);
}

static int fly(mproc_deadline deadline)
{
	mproci_flight flight;

	if (mproci_flight_begin(cache, &one, deadline, &flight) != 0)
		return 1;
	be_alone();
	mproci_flight_end(&flight);
	return 0;
}

static int fly_often(void *unused)
{
	int failed = 0;

	(void)unused;
	for (int i = 0; i < ROUNDS; ++i)
		failed += fly(i % 2 == 0 ? MPROC_FOREVER : mproc_after(60));
	return failed;
}

static void check_storm(uint32_t flights)
{
	ck_assert_uint_eq(atomic_load(&shared->met), 0);
	ck_assert_uint_eq(atomic_load(&shared->flights), flights);
	munmap(shared, sizeof *shared);
}

START_TEST(one_thread_at_a_time_has_a_flight)
{
	support_thread threads[SIDES];

	share_memory();
	for (int i = 0; i < SIDES; ++i)
		support_begin(&threads[i], fly_often, NULL);
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	check_storm(SIDES * ROUNDS);
}
END_TEST

/* From here on: with other processes. */

START_TEST(one_process_at_a_time_has_a_flight)
{
	pid_t pids[SIDES];

	share_memory();
	for (int i = 0; i < SIDES; ++i)
		pids[i] = support_fork(fly_often, NULL);
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
	check_storm(SIDES * ROUNDS);
}
END_TEST

/* Fly a few times, and die in the last one. */
static int fly_and_die(void *unused)
{
	mproci_flight flight;

	(void)unused;
	for (int i = 0; i < 3; ++i)
		fly(MPROC_FOREVER);
	if (mproci_flight_begin(cache, &one, MPROC_FOREVER, &flight) == 0) {
		be_alone();
		raise(SIGKILL);
	}
	return 1;
}

START_TEST(those_who_die_in_a_flight_hold_nobody_up)
{
	enum {
		DEATHS = 30
	};
	pid_t pids[SIDES], mortals[2];

	share_memory();
	for (int i = 0; i < SIDES; ++i)
		pids[i] = support_fork(fly_often, NULL);
	for (int i = 0; i < DEATHS; i += 2) {
		for (int each = 0; each < 2; ++each)
			mortals[each] = support_fork(fly_and_die, NULL);
		for (int each = 0; each < 2; ++each)
			ck_assert_int_eq(support_reap(mortals[each]), -SIGKILL);
	}
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
	check_storm(SIDES * ROUNDS + 4 * DEATHS);
}
END_TEST

START_TEST(flight_of_who_was_killed_is_the_next_ones)
{
	pid_t holder = support_fork_and_keep(take_off, &one);
	pid_t waiting = support_fork(await, &one);
	support_thread thread;

	support_begin(&thread, await_for_a_minute, &one);
	ck_assert_int_eq(try(&one), -ETIMEDOUT);
	support_kill(holder);
	ck_assert_int_eq(support_reap(waiting), 0);
	ck_assert_int_eq(support_end(&thread), 0);
}
END_TEST

START_TEST(who_is_stopped_keeps_it)
{
	pid_t holder = support_fork_and_keep(take_off, &one);

	support_stop(holder);
	ck_assert_int_eq(try(&one), -ETIMEDOUT);
	ck_assert_int_eq(try_for_a_moment(&one), -ETIMEDOUT);
	support_go_on(holder);
	support_kill(holder);
	ck_assert_int_eq(await(&one), 0);
}
END_TEST

static int end_copy(void *flight)
{
	mproci_flight_end(flight);
	/* It is nobody's here, and the parent's still. */
	return try(&one) == -ETIMEDOUT ? 0 : 1;
}

START_TEST(child_of_who_has_it_cannot_end_it)
{
	mproci_flight flight;

	begin(&one, &flight);
	ck_assert_int_eq(support_reap(support_fork(end_copy, &flight)), 0);
	ck_assert_int_eq(try_in_thread(&one), -ETIMEDOUT);
	mproci_flight_end(&flight);
}
END_TEST

START_TEST(child_of_who_has_it_waits_like_anybody)
{
	mproci_flight flight;
	pid_t child;

	begin(&one, &flight);
	ck_assert_int_eq(support_reap(support_fork(try, &one)), ETIMEDOUT);
	child = support_fork(await, &one);
	mproci_flight_end(&flight);
	ck_assert_int_eq(support_reap(child), 0);
}
END_TEST

static int stay(void *unused)
{
	(void)unused;
	return 0;
}

/* As a pool in the background would. */
static int take_off_with_a_child(void *digest)
{
	int rc = take_off(digest);

	atomic_store(&shared->pid, (uint32_t)support_fork_and_keep(stay, NULL));
	return rc;
}

START_TEST(child_that_outlives_who_has_it_does_not_keep_it)
{
	pid_t holder;

	share_memory();
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	holder = support_fork_and_keep(take_off_with_a_child, &one);
	ck_assert_int_eq(try(&one), -ETIMEDOUT);
	support_kill(holder);
	ck_assert_int_eq(await(&one), 0);
	support_kill((pid_t)atomic_load(&shared->pid));
	munmap(shared, sizeof *shared);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		flights_share_one_file_without_a_byte,
		keys_that_differ_in_a_bit_do_not_wait_for_each_other,
		others_wait_until_their_deadline,
		who_waits_is_next,
		flights_of_a_thread_are_nested,
		handles_of_one_directory_share_flights,
		caches_have_flights_of_their_own,
		file_of_flights_is_made_again,
		where_there_can_be_no_lock_is_told,
		where_the_cache_was_removed_is_told,
		one_thread_at_a_time_has_a_flight,
		NULL,
	};
	const TTest *const process_tests[] = {
		one_process_at_a_time_has_a_flight,
		those_who_die_in_a_flight_hold_nobody_up,
		flight_of_who_was_killed_is_the_next_ones,
		who_is_stopped_keeps_it,
		child_of_who_has_it_cannot_end_it,
		child_of_who_has_it_waits_like_anybody,
		child_that_outlives_who_has_it_does_not_keep_it,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "flight",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_cache,
		.teardown = remove_cache,
	});
}
