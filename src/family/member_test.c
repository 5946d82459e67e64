/* SPDX-License-Identifier: MIT */
#include "family/member.h"

#include "family/thread.h"
#include "people.h"
#include "support.h"
#include "sys/child.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/process.h>
#include <mproc/result.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void join(void)
{
	ck_assert_int_eq(mproci_family_join(), 0);
}

static mproci_id expect(const char *name)
{
	mproci_id id = 0;

	ck_assert_int_eq(mproci_member_expect(name, &id), 0);
	ck_assert_uint_ne(id, 0);
	return id;
}

static mproci_member_state state_of(mproci_id id)
{
	return (mproci_member_state)(mproci_member_slot(id)->word & 0xff);
}

/* Take every slot that is free; returns how many. */
static uint32_t fill(mproci_id *ids)
{
	uint32_t count = 0;

	while (mproci_member_expect("", &ids[count]) == 0)
		++count;
	return count;
}

START_TEST(root_is_a_running_member)
{
	mproci_id self = mproci_member_self();
	mproci_member *member = mproci_member_slot(self);
	uint64_t start_time = 0;

	ck_assert_int_eq(state_of(self), MPROCI_MEMBER_RUNNING);
	ck_assert_int_eq(member->pid, getpid());
	ck_assert_int_eq(mproci_process_start_time(getpid(), &start_time), 0);
	ck_assert_uint_ge(member->start_time, start_time);
}
END_TEST

START_TEST(running_member_is_found_by_its_pid)
{
	mproci_id expected = expect("");

	ck_assert_uint_eq(mproci_member_find(getpid()), mproci_member_self());
	ck_assert_uint_eq(mproci_member_find(getppid()), 0);
	/* One that is starting has none yet. */
	ck_assert_uint_eq(mproci_member_find(0), 0);
	mproci_member_bury(expected);
	ck_assert_uint_eq(mproci_member_find(0), 0);
	ck_assert_uint_eq(mproci_member_find(-1), 0);
}
END_TEST

START_TEST(expected_member_is_starting_and_has_a_name_and_no_pid)
{
	mproci_id id = expect("bob");

	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_STARTING);
	ck_assert_str_eq(mproci_member_slot(id)->name, "bob");
	ck_assert_int_eq(mproci_member_slot(id)->pid, 0);
}
END_TEST

START_TEST(name_in_the_table_is_cut_and_nothing_of_an_older_one_remains)
{
	char longest[MPROCI_NAME_SIZE + 9];
	mproci_id id;

	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	id = expect(longest);
	ck_assert_uint_eq(strlen(mproci_member_slot(id)->name), MPROCI_NAME_SIZE - 1);
	mproci_member_bury(id);
	id = expect("a");
	for (int i = 1; i < MPROCI_NAME_SIZE; ++i)
		ck_assert_int_eq(mproci_member_slot(id)->name[i], 0);
}
END_TEST

START_TEST(expected_members_have_different_ids)
{
	mproci_id a = expect(""), b = expect("");

	ck_assert_uint_ne(a, b);
	ck_assert_uint_ne(a, mproci_member_self());
	ck_assert_uint_ne(b, mproci_member_self());
}
END_TEST

START_TEST(stamp_tells_whether_a_member_is_there)
{
	mproci_id first = expect(""), second;
	uint32_t stamp = mproci_member_stamp(first);

	ck_assert(mproci_member_is_there(mproci_member_stamp(mproci_member_self())));
	ck_assert(mproci_member_is_there(stamp));
	mproci_member_bury(first);
	ck_assert(!mproci_member_is_there(stamp));
	second = expect("");
	ck_assert_uint_eq((uint32_t)second, (uint32_t)first);
	ck_assert(!mproci_member_is_there(stamp));
	ck_assert(mproci_member_is_there(mproci_member_stamp(second)));
}
END_TEST

START_TEST(who_was_left_by_somebody_killed_while_burying_is_not_there)
{
	mproci_id dead = expect("");

	mproci_member_slot(dead)->word = (dead & UINT64_C(0xffffffff00000000)) | MPROCI_MEMBER_DEAD;
	ck_assert(!mproci_member_is_there(mproci_member_stamp(dead)));
	ck_assert(!mproci_member_lives(mproci_member_stamp(dead)));
}
END_TEST

START_TEST(what_is_no_stamp_is_nobody)
{
	uint32_t self = mproci_member_stamp(mproci_member_self());
	const uint32_t wrong[] = {
		0,
		UINT32_MAX,
		mproci_member_stamp(0),
		self - 1,
		self + 1,
		self ^ UINT32_C(1) << 13,
		self ^ UINT32_C(1) << 31,
		/* Slots beyond the table. */
		self + MPROCI_MEMBERS,
		(self & ~UINT32_C(0x1fff)) | 0x1fff,
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
		ck_assert(!mproci_member_is_there(wrong[i]));
		ck_assert(!mproci_member_lives(wrong[i]));
	}
}
END_TEST

static int compare_stamps(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return (first > second) - (first < second);
}

START_TEST(stamps_of_all_members_differ_and_none_is_zero)
{
	static mproci_id ids[MPROCI_MEMBERS];
	static uint32_t stamps[MPROCI_MEMBERS];
	uint32_t count = fill(ids);

	for (uint32_t i = 0; i < count; ++i) {
		stamps[i] = mproci_member_stamp(ids[i]);
		ck_assert_uint_ne(stamps[i], 0);
		ck_assert(mproci_member_is_there(stamps[i]));
	}
	stamps[count] = mproci_member_stamp(mproci_member_self());
	qsort(stamps, count + 1, sizeof *stamps, compare_stamps);
	for (uint32_t i = 0; i < count; ++i)
		ck_assert_uint_ne(stamps[i], stamps[i + 1]);
}
END_TEST

START_TEST(stamp_of_a_slot_used_half_a_million_times_is_good)
{
	const uint32_t generations[] = {(1 << 19) - 1, 1 << 19, (1 << 19) + 1, UINT32_MAX - 1};
	mproci_id first = expect("");

	mproci_member_bury(first);
	for (size_t i = 0; i < sizeof generations / sizeof generations[0]; ++i) {
		uint32_t stamp;
		mproci_id id;

		mproci_member_slot(first)->word = (uint64_t)(generations[i] - 1) << 32 | MPROCI_MEMBER_FREE;
		id = expect("");
		ck_assert_uint_eq((uint32_t)id, (uint32_t)first);
		ck_assert_uint_eq(id >> 32, generations[i]);
		stamp = mproci_member_stamp(id);
		ck_assert_uint_ne(stamp, 0);
		ck_assert(mproci_member_is_there(stamp));
		mproci_member_bury(id);
		ck_assert(!mproci_member_is_there(stamp));
	}
}
END_TEST

START_TEST(who_is_starting_and_who_runs_lives)
{
	ck_assert(mproci_member_lives(mproci_member_stamp(mproci_member_self())));
	ck_assert(mproci_member_lives(mproci_member_stamp(expect(""))));
}
END_TEST

START_TEST(buried_member_frees_its_slot)
{
	mproci_id id = expect("");

	mproci_member_bury(id);
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_FREE);
}
END_TEST

START_TEST(burying_again_changes_nothing)
{
	mproci_id first = expect(""), second;

	mproci_member_bury(first);
	mproci_member_bury(first);
	second = expect("");
	ck_assert_uint_eq((uint32_t)second, (uint32_t)first);
	mproci_member_bury(first);
	ck_assert_int_eq(state_of(second), MPROCI_MEMBER_STARTING);
}
END_TEST

START_TEST(slots_are_reused_and_ids_never_repeat)
{
	mproci_id last = 0;

	for (int i = 0; i < 10000; ++i) {
		mproci_id id = expect("");

		/* The generation is in the high bits. */
		ck_assert_uint_gt(id, last);
		ck_assert_uint_eq((uint32_t)id, 1);
		mproci_member_bury(id);
		last = id;
	}
	ck_assert_uint_eq(mproci_family_here->member_limit, 2);
}
END_TEST

START_TEST(slot_whose_generations_are_used_up_is_not_used_again)
{
	mproci_id first = expect("");

	mproci_member_bury(first);
	mproci_member_slot(first)->word = (uint64_t)UINT32_MAX << 32 | MPROCI_MEMBER_FREE;
	ck_assert_uint_ne((uint32_t)expect(""), (uint32_t)first);
}
END_TEST

START_TEST(earliest_free_slot_is_taken_first)
{
	mproci_id ids[6];

	for (int i = 0; i < 6; ++i)
		ids[i] = expect("");
	mproci_member_bury(ids[4]);
	mproci_member_bury(ids[1]);
	mproci_member_bury(ids[2]);
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)ids[1]);
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)ids[2]);
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)ids[4]);
	ck_assert_uint_eq((uint32_t)expect(""), 1 + (uint32_t)ids[5]);
}
END_TEST

START_TEST(table_that_was_large_is_small_again_when_its_last_slots_are_free)
{
	mproci_id ids[300];

	for (int i = 0; i < 300; ++i)
		ids[i] = expect("");
	ck_assert_uint_eq(mproci_family_here->member_limit, 301);
	for (int i = 0; i < 298; ++i)
		mproci_member_bury(ids[i]);
	ck_assert_uint_eq(mproci_family_here->member_limit, 301);
	mproci_member_bury(ids[298]);
	ck_assert_uint_eq(mproci_family_here->member_limit, 301);
	mproci_member_bury(ids[299]);
	ck_assert_uint_lt(mproci_family_here->member_limit, 100);
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)ids[0]);
}
END_TEST

START_TEST(table_that_has_become_small_grows_again)
{
	static mproci_id ids[2][MPROCI_MEMBERS];

	for (int round = 0; round < 2; ++round) {
		uint32_t count = fill(ids[round]);

		ck_assert_uint_eq(count, MPROCI_MEMBERS - 1);
		ck_assert_uint_eq(mproci_family_here->member_limit, MPROCI_MEMBERS);
		for (uint32_t i = count; i > 0; --i)
			mproci_member_bury(ids[round][i - 1]);
	}
	for (int i = 0; i < MPROCI_MEMBERS - 1; ++i)
		ck_assert_uint_eq((uint32_t)ids[0][i], (uint32_t)ids[1][i]);
}
END_TEST

/* As somebody leaves it who is killed while burying. */
static void leave_dead(mproci_id id)
{
	_Atomic uint64_t *word = &mproci_member_slot(id)->word;

	*word = (*word & ~UINT64_C(0xff)) | MPROCI_MEMBER_DEAD;
	mproci_family_here->member_hint = 0;
}

START_TEST(slot_left_by_somebody_killed_while_burying_is_reused)
{
	mproci_id dead = expect("");

	leave_dead(dead);
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)dead);
}
END_TEST

START_TEST(last_slot_of_a_large_table_left_dead_is_reused_and_is_not_lost_to_scans)
{
	mproci_id last = 0;

	while ((uint32_t)last < 200)
		last = expect("");
	leave_dead(last);
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)last);
	ck_assert_uint_eq(mproci_family_here->member_limit, 1 + (uint32_t)last);
}
END_TEST

START_TEST(earlier_slot_that_is_freed_by_reusing_a_dead_one_is_found)
{
	mproci_id child = expect("child"), parent = expect("parent");

	/* As if the parent had expected the child. */
	mproci_member_slot(parent)->has_expected = true;
	mproci_member_slot(child)->word |= (1 + (uint64_t)(uint32_t)parent) << 8;
	leave_dead(parent);
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)parent);
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)child);
	ck_assert_uint_eq((uint32_t)expect(""), 1 + (uint32_t)parent);
}
END_TEST

START_TEST(who_takes_a_slot_for_a_child_has_that_noted_and_the_next_in_its_slot_has_not)
{
	mproci_id first, second;

	mproci_member_slot(mproci_member_self())->has_expected = false;
	first = expect("");
	ck_assert(mproci_member_slot(mproci_member_self())->has_expected);
	ck_assert(!mproci_member_slot(first)->has_expected);
	mproci_member_slot(first)->has_expected = true;
	mproci_member_bury(first);
	second = expect("");
	ck_assert_uint_eq((uint32_t)second, (uint32_t)first);
	ck_assert(!mproci_member_slot(second)->has_expected);
}
END_TEST

START_TEST(full_table_refuses_and_works_after_a_burial)
{
	static mproci_id ids[MPROCI_MEMBERS];
	mproci_id untouched = 77;
	uint32_t count = fill(ids);

	ck_assert_uint_eq(count, MPROCI_MEMBERS - 1);
	ck_assert_int_eq(mproci_member_expect("", &untouched), -EAGAIN);
	ck_assert_str_eq(mproc_error_text(), "no more processes in one family than 4096");
	ck_assert_uint_eq(untouched, 77);
	mproci_member_bury(ids[2000]);
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)ids[2000]);
}
END_TEST

/* A plainly forked child that becomes a member and waits to be killed. */
static pid_t fork_member(mproci_id *ret_id)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		mproci_id id = mproci_family_join() == 0 ? mproci_member_self() : 0;

		(void)!write(ends[1], &id, sizeof id);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ends[0], ret_id, sizeof *ret_id), sizeof *ret_id);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static int reap(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

START_TEST(plainly_forked_child_is_a_member_with_its_own_pid)
{
	mproci_id id;
	pid_t pid = fork_member(&id);

	ck_assert_uint_ne(id, 0);
	ck_assert_uint_ne(id, mproci_member_self());
	ck_assert_int_eq(mproci_member_slot(id)->pid, pid);
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_RUNNING);
	kill(pid, SIGKILL);
	reap(pid);
}
END_TEST

START_TEST(who_was_killed_is_there_until_it_is_buried_but_does_not_live)
{
	mproci_id id;
	pid_t pid = fork_member(&id);
	uint32_t stamp = mproci_member_stamp(id);

	ck_assert(mproci_member_lives(stamp));
	support_stop(pid);
	ck_assert(mproci_member_lives(stamp));
	support_kill_and_leave(pid);
	ck_assert(mproci_member_is_there(stamp));
	ck_assert(!mproci_member_lives(stamp));
	reap(pid);
	ck_assert(mproci_member_is_there(stamp));
	ck_assert(!mproci_member_lives(stamp));
	mproci_member_bury(id);
	ck_assert(!mproci_member_is_there(stamp));
}
END_TEST

START_TEST(who_got_the_pid_of_a_member_is_not_taken_for_it)
{
	mproci_id id;
	pid_t pid = fork_member(&id);

	mproci_member_slot(id)->start_time = 0;
	ck_assert(mproci_member_is_there(mproci_member_stamp(id)));
	ck_assert(!mproci_member_lives(mproci_member_stamp(id)));
	support_kill(pid);
}
END_TEST

START_TEST(watch_buries_who_has_ended_and_nobody_else)
{
	mproci_id alive, zombie, reaped, starting = expect("");
	pid_t pids[3];

	pids[0] = fork_member(&alive);
	pids[1] = fork_member(&zombie);
	pids[2] = fork_member(&reaped);
	support_stop(pids[0]);
	support_kill_and_leave(pids[1]);
	support_kill(pids[2]);
	mproci_family_here->next_watch = 0;
	mproci_member_watch();
	ck_assert_int_eq(state_of(alive), MPROCI_MEMBER_RUNNING);
	ck_assert_int_eq(state_of(zombie), MPROCI_MEMBER_FREE);
	ck_assert_int_eq(state_of(reaped), MPROCI_MEMBER_FREE);
	ck_assert_int_eq(state_of(starting), MPROCI_MEMBER_STARTING);
	support_kill(pids[0]);
	reap(pids[1]);
}
END_TEST

START_TEST(slot_that_is_kept_is_nobody_elses_until_its_parent_buries)
{
	const mproci_ending seven = {.exit_code = 7};
	mproci_ending ending;
	bool is_proven;
	mproci_id id, next;
	pid_t pid = fork_member(&id);

	mproci_member_keep(id);
	mproci_member_ends(id, seven, true);
	support_kill(pid);
	for (int i = 0; i < 2; ++i) {
		mproci_member_sweep();
		ck_assert_int_eq(state_of(id), MPROCI_MEMBER_KEPT);
		ck_assert(!mproci_member_is_there(mproci_member_stamp(id)));
		next = expect("");
		ck_assert_uint_ne((uint32_t)next, (uint32_t)id);
		mproci_member_bury(next);
	}
	ck_assert(mproci_member_ending(id, &ending, &is_proven));
	ck_assert_int_eq(ending.exit_code, 7);
	mproci_member_bury(id);
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_FREE);
	/* Who has the slot next has not said that. */
	next = expect("");
	ck_assert_uint_eq((uint32_t)next, (uint32_t)id);
	mproci_member_bury(next);
	ck_assert_int_eq(state_of(next), MPROCI_MEMBER_FREE);
}
END_TEST

START_TEST(slot_that_is_kept_is_free_when_its_parent_is_buried)
{
	mproci_id parent = expect("parent"), child = 0;
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (mproci_member_become(parent) != 0)
			_exit(1);
		child = expect("child");
		mproci_member_keep(child);
		(void)!write(ends[1], &child, sizeof child);
		_exit(0);
	}
	ck_assert_int_eq(reap(pid), 0);
	ck_assert_int_eq(read(ends[0], &child, sizeof child), sizeof child);
	mproci_member_slot(child)->word =
		(mproci_member_slot(child)->word & ~UINT64_C(0xff)) | MPROCI_MEMBER_KEPT;
	mproci_member_bury(parent);
	ck_assert_int_eq(state_of(child), MPROCI_MEMBER_FREE);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(watch_looks_only_when_it_is_time_and_says_when_it_is_time_again)
{
	int64_t now = mproci_clock_now(), hour = INT64_C(3600) * 1000 * 1000 * 1000;
	mproci_id id;

	support_kill(fork_member(&id));
	mproci_family_here->next_watch = now + hour;
	mproci_member_watch();
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_RUNNING);
	ck_assert_int_eq(mproci_family_here->next_watch, now + hour);
	mproci_family_here->next_watch = now;
	mproci_member_watch();
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_FREE);
	ck_assert_int_ge(mproci_family_here->next_watch, now + 100 * 1000 * 1000);
}
END_TEST

/* Watch all the time, until killed, or the next look is put off for more than a second. */
static int watch_on(void *unused)
{
	const int64_t second = INT64_C(1000) * 1000 * 1000;
	int rc = mproci_family_join();

	(void)unused;
	while (rc == 0) {
		mproci_family_here->next_watch = 0;
		mproci_member_watch();
		rc = mproci_family_here->next_watch > mproci_clock_now() + second;
	}
	return rc;
}

START_TEST(watch_is_not_put_off_by_who_was_stopped_in_it)
{
	pid_t watcher = support_fork(watch_on, NULL);

	for (int i = 0; i < 20; ++i) {
		mproc_deadline later;

		support_stop(watcher);
		/* Long enough to be noticed when it is counted a hundred times. */
		later = mproc_after(0.02);
		while (mproci_clock_now() < later)
			sched_yield();
		support_go_on(watcher);
		sched_yield();
	}
	support_kill(watcher);
}
END_TEST

static int lock_burials(void *unused)
{
	(void)unused;
	if (mproci_family_join() != 0)
		return 1;
	mproci_member_lock();
	return 0;
}

START_TEST(watch_does_not_wait_for_somebody_stopped_in_a_burial)
{
	mproci_id id;
	pid_t stopped, dead = fork_member(&id);

	stopped = support_fork_and_keep(lock_burials, NULL);
	support_stop(stopped);
	support_kill(dead);
	mproci_family_here->next_watch = 0;
	mproci_member_watch();
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_RUNNING);
	ck_assert(!mproci_member_lives(mproci_member_stamp(id)));
	/* Somebody who was killed in one holds up nobody. */
	support_kill(stopped);
	mproci_family_here->next_watch = 0;
	mproci_member_watch();
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_FREE);
}
END_TEST

START_TEST(slot_whose_burier_was_killed_is_the_next_to_be_taken)
{
	mproci_id dead = expect(""), later = expect("");

	ck_assert_uint_gt((uint32_t)expect(""), (uint32_t)later);
	leave_dead(dead);
	/* The next to take the lock is told that its last holder has died, and trusts no hint. */
	mproci_family_here->member_hint = (uint32_t)later + 2;
	support_kill(support_fork_and_keep(lock_burials, NULL));
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)dead);
}
END_TEST

START_TEST(child_is_the_member_that_was_expected)
{
	mproci_id id = expect("bob");
	pid_t pid = fork();

	if (pid == 0) {
		int rc = mproci_member_become(id);

		_exit(rc == 0 && mproci_member_self() == id ? 0 : 1);
	}
	ck_assert_int_eq(reap(pid), 0);
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_RUNNING);
	ck_assert_int_eq(mproci_member_slot(id)->pid, pid);
	ck_assert_uint_ne(mproci_member_self(), id);
}
END_TEST

START_TEST(child_whose_expected_member_is_buried_is_told_to_end)
{
	mproci_id id = expect("bob");
	pid_t pid;

	mproci_member_bury(id);
	expect("another in the same slot");
	pid = fork();
	if (pid == 0)
		_exit(-mproci_member_become(id));
	ck_assert_int_eq(reap(pid), ECHILD);
}
END_TEST

START_TEST(end_kills_and_buries_a_running_member)
{
	mproci_id id;
	pid_t pid = fork_member(&id);

	mproci_member_end(id);
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_FREE);
	ck_assert_int_eq(reap(pid), -SIGKILL);
}
END_TEST

START_TEST(end_buries_a_member_that_has_gone)
{
	mproci_id id;
	pid_t pid = fork_member(&id);

	kill(pid, SIGKILL);
	reap(pid);
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_RUNNING);
	mproci_member_end(id);
	ck_assert_int_eq(state_of(id), MPROCI_MEMBER_FREE);
}
END_TEST

START_TEST(end_does_not_kill_who_got_the_pid_of_a_member)
{
	mproci_id id;
	pid_t pid = fork_member(&id);

	/* As if the member had ended long ago and its pid had come to be another process's. */
	mproci_member_slot(id)->start_time = 0;
	mproci_member_end(id);
	ck_assert_int_eq(kill(pid, SIGUSR1), 0);
	ck_assert_int_eq(reap(pid), -SIGUSR1);
}
END_TEST

START_TEST(end_of_nobody_and_of_a_buried_member_does_nothing)
{
	mproci_id first = expect(""), second;

	mproci_member_end(0);
	mproci_member_bury(first);
	second = expect("");
	ck_assert_uint_eq((uint32_t)second, (uint32_t)first);
	mproci_member_end(first);
	ck_assert_int_eq(state_of(second), MPROCI_MEMBER_STARTING);
}
END_TEST

/* End @id with @left descriptors that can still be opened. */
static void end_with_few_descriptors(mproci_id id, int left)
{
	struct rlimit before, few;
	int first = dup(STDERR_FILENO);

	close(first);
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = (rlim_t)(first + left);
	setrlimit(RLIMIT_NOFILE, &few);
	mproci_member_end(id);
	setrlimit(RLIMIT_NOFILE, &before);
}

START_TEST(end_without_descriptors_does_not_bury_the_living)
{
	for (int left = 0; left < 3; ++left) {
		mproci_id id;
		pid_t pid = fork_member(&id);
		mproci_member_state state;

		end_with_few_descriptors(id, left);
		state = state_of(id);
		kill(pid, SIGUSR1);
		/* Either it was killed and buried, or neither. */
		if (reap(pid) == -SIGKILL)
			ck_assert_int_eq(state, MPROCI_MEMBER_FREE);
		else
			ck_assert_msg(state == MPROCI_MEMBER_RUNNING, "buried alive with %d descriptors left",
				left);
		mproci_member_end(id);
	}
}
END_TEST

START_TEST(join_without_descriptors_fails_and_takes_no_slot)
{
	uint32_t before = mproci_family_here->member_limit;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = {0};

		setrlimit(RLIMIT_NOFILE, &none);
		if (mproci_family_join() != -EMFILE || mproci_member_self() != 0)
			_exit(1);
		_exit(strstr(mproc_error_text(), strerror(EMFILE)) != NULL ? 0 : 2);
	}
	ck_assert_int_eq(reap(pid), 0);
	for (uint32_t i = before; i < mproci_family_here->member_limit; ++i)
		ck_assert_int_eq(mproci_family_here->members[i].word & 0xff, MPROCI_MEMBER_FREE);
}
END_TEST

START_TEST(burial_ends_the_children_of_a_member)
{
	mproci_id parent = expect("parent"), child = 0;
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (mproci_member_become(parent) != 0 || mproci_member_expect("child", &child) != 0)
			_exit(1);
		if (fork() == 0) {
			if (mproci_member_become(child) != 0)
				_exit(1);
			(void)!write(ends[1], &child, sizeof child);
		}
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ends[0], &child, sizeof child), sizeof child);
	close(ends[1]);
	kill(pid, SIGKILL);
	reap(pid);
	ck_assert_int_eq(state_of(child), MPROCI_MEMBER_RUNNING);
	mproci_member_bury(parent);
	ck_assert_int_eq(state_of(parent), MPROCI_MEMBER_FREE);
	ck_assert_int_eq(state_of(child), MPROCI_MEMBER_FREE);
	/* The end of file says that the child has gone. */
	ck_assert_int_eq(read(ends[0], &child, sizeof child), 0);
	close(ends[0]);
}
END_TEST

START_TEST(burial_leaves_children_that_the_program_forked_itself)
{
	mproci_id parent = expect("parent"), child = 0;
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (mproci_member_become(parent) != 0)
			_exit(1);
		if (fork() == 0) {
			child = mproci_family_join() == 0 ? mproci_member_self() : 0;
			(void)!write(ends[1], &child, sizeof child);
			for (;;)
				pause();
		}
		_exit(0);
	}
	ck_assert_int_eq(reap(pid), 0);
	ck_assert_int_eq(read(ends[0], &child, sizeof child), sizeof child);
	mproci_member_bury(parent);
	ck_assert_int_eq(state_of(child), MPROCI_MEMBER_RUNNING);
	mproci_member_end(child);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(full_table_finds_the_slots_of_members_that_nobody_buried)
{
	static mproci_id ids[MPROCI_MEMBERS];
	mproci_id gone, alive, again = 0;
	pid_t pid = fork_member(&alive);
	pid_t short_lived = fork_member(&gone);

	kill(short_lived, SIGKILL);
	reap(short_lived);
	fill(ids);
	mproci_member_expect("", &again);
	/* Whether filling the table found the slot, or the last call did. */
	ck_assert_msg(mproci_member_slot(gone)->word >> 32 != gone >> 32,
		"the slot of a process that has gone is lost for ever");
	ck_assert_int_eq(state_of(alive), MPROCI_MEMBER_RUNNING);
	kill(pid, SIGKILL);
	reap(pid);
}
END_TEST

START_TEST(burial_ends_the_threads_of_a_member_and_no_others)
{
	mproci_id mine = mproci_thread_self(), *theirs = NULL;
	mproci_id id = expect("");
	char *start, *end;
	pid_t pid;

	mproci_family_rest(&start, &end);
	theirs = (mproci_id *)(void *)(end - sizeof *theirs);
	pid = fork();
	if (pid == 0) {
		(void)mproci_member_become(id);
		*theirs = mproci_thread_self();
		_exit(0);
	}
	reap(pid);
	ck_assert_uint_ne(*theirs, mine);
	ck_assert(mproci_thread_is_alive(*theirs));
	mproci_member_bury(id);
	ck_assert(!mproci_thread_is_alive(*theirs));
	ck_assert(mproci_thread_is_alive(mine));
}
END_TEST

/* Several processes take and give back slots at once; no slot may be two processes' at a time. */
static int take_and_bury(_Atomic int *holders)
{
	for (int i = 0; i < 3000; ++i) {
		mproci_id id;

		if (mproci_member_expect("", &id) != 0)
			return 1;
		if (atomic_fetch_add(&holders[(uint32_t)id], 1) != 0)
			return 2;
		atomic_fetch_sub(&holders[(uint32_t)id], 1);
		mproci_member_bury(id);
	}
	return 0;
}

START_TEST(processes_that_take_slots_at_once_get_different_ones)
{
	char *start, *end;
	_Atomic int *holders;

	mproci_family_rest(&start, &end);
	holders = (_Atomic int *)(void *)(end - MPROCI_MEMBERS * sizeof *holders);
	for (int i = 0; i < 4; ++i) {
		if (fork() == 0)
			_exit(mproci_family_join() != 0 || take_and_bury(holders));
	}
	for (int i = 0; i < 4; ++i) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

/*
 * Start a process that does @deed while this thread is about to sleep, and join it.  Returns whether its
 * burial woke this thread.
 */
static bool is_woken_by_end_of(support_deed *deed)
{
	_Atomic uint32_t *word;
	mproc_process *process;
	char *start, *end;
	bool is_woken;

	mproci_family_rest(&start, &end);
	word = (_Atomic uint32_t *)(void *)(end - 4096);
	*word = 5;
	mproci_thread_sleeps_on(word);
	process = support_start(deed, NULL);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_ptr_null(mproc_process_close(process));
	is_woken = *word == 6;
	ck_assert(is_woken || *word == 5);
	mproci_thread_sleeps_on(NULL);
	return is_woken;
}

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

static int return_one(void *unused)
{
	(void)unused;
	return 1;
}

static void *take_slot(void *unused)
{
	(void)unused;
	ck_assert_uint_ne(mproci_thread_self(), 0);
	return NULL;
}

/* The joined thread lingers for a moment in the kernel's books. */
static int have_had_a_thread(void *unused)
{
	pthread_t thread;

	(void)unused;
	mproci_thread_self();
	if (pthread_create(&thread, NULL, take_slot, NULL) != 0)
		return 1;
	pthread_join(thread, NULL);
	while (mproci_process_has_threads())
		sched_yield();
	return 0;
}

static int have_others_stamp(void *unused)
{
	(void)unused;
	mproci_member_stamp(mproci_member_self() + 1);
	mproci_member_stamp(0);
	return 0;
}

static void at_exit(void *unused)
{
	(void)unused;
	mproci_thread_self();
}

static int register_at_exit(void *unused)
{
	(void)unused;
	return mproci_thread_self() == 0 || mproc_at_exit(at_exit, NULL) != 0;
}

START_TEST(who_returned_from_its_function_wakes_nobody)
{
	ck_assert(!is_woken_by_end_of(do_nothing));
	ck_assert(!is_woken_by_end_of(return_one));
	ck_assert(!is_woken_by_end_of(have_had_a_thread));
	ck_assert(!is_woken_by_end_of(have_others_stamp));
	ck_assert(!is_woken_by_end_of(register_at_exit));
}
END_TEST

static int call_exit(void *unused)
{
	(void)unused;
	exit(0);
}

static int call_exit_now(void *unused)
{
	(void)unused;
	_exit(0);
}

static int end_thread(void *unused)
{
	(void)unused;
	pthread_exit(NULL);
}

static int be_killed(void *unused)
{
	(void)unused;
	return kill(getpid(), SIGKILL);
}

START_TEST(who_did_not_return_from_its_function_wakes_all)
{
	ck_assert(is_woken_by_end_of(call_exit));
	ck_assert(is_woken_by_end_of(call_exit_now));
	ck_assert(is_woken_by_end_of(end_thread));
	ck_assert(is_woken_by_end_of(be_killed));
}
END_TEST

static int have_own_stamp(void *unused)
{
	(void)unused;
	return mproci_member_stamp(mproci_member_self()) == 0;
}

START_TEST(who_asked_for_its_stamp_wakes_all)
{
	ck_assert(is_woken_by_end_of(have_own_stamp));
	/* It is the process's own matter: the next one has not. */
	ck_assert(!is_woken_by_end_of(do_nothing));
}
END_TEST

static void *stay(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static int leave_a_thread(void *unused)
{
	pthread_t thread;

	(void)unused;
	return pthread_create(&thread, NULL, stay, NULL);
}

START_TEST(who_has_another_thread_wakes_all)
{
	ck_assert(is_woken_by_end_of(leave_a_thread));
}
END_TEST

static int lose_a_slot(void *unused)
{
	(void)unused;
	/* As a thread does that takes one in its last destructor. */
	atomic_fetch_add(mproci_member_threads(), 1);
	return 0;
}

START_TEST(who_leaves_a_slot_of_a_thread_behind_wakes_all)
{
	ck_assert(is_woken_by_end_of(lose_a_slot));
}
END_TEST

static void exit_on_signal(int unused)
{
	(void)unused;
	exit(0);
}

static void be_interrupted(void *unused)
{
	(void)unused;
	signal(SIGUSR1, exit_on_signal);
	raise(SIGUSR1);
}

static int be_interrupted_at_exit(void *unused)
{
	(void)unused;
	return mproc_at_exit(be_interrupted, NULL);
}

static int be_killed_at_exit(void *unused)
{
	(void)unused;
	return atexit(abort);
}

START_TEST(whose_exit_handlers_did_not_return_wakes_all)
{
	ck_assert(is_woken_by_end_of(be_interrupted_at_exit));
	ck_assert(is_woken_by_end_of(be_killed_at_exit));
}
END_TEST

static int fork_plainly(void *unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0)
		exit(0);
	return support_reap(pid);
}

START_TEST(plainly_forked_child_that_exits_says_nothing_for_its_parent)
{
	ck_assert(!is_woken_by_end_of(fork_plainly));
}
END_TEST

static mproci_id *shared_id(void)
{
	char *start, *end;

	mproci_family_rest(&start, &end);
	return (mproci_id *)(void *)(end - 2 * 4096);
}

static int note_thread(void *unused)
{
	(void)unused;
	*shared_id() = mproci_thread_self();
	return 0;
}

START_TEST(threads_of_who_returned_from_its_function_have_ended_and_departed)
{
	uint32_t before = mproci_family_here->departures;

	ck_assert(!is_woken_by_end_of(note_thread));
	ck_assert_uint_ne(*shared_id(), 0);
	ck_assert(!mproci_thread_is_alive(*shared_id()));
	ck_assert_uint_gt(mproci_family_here->departures, before);
}
END_TEST

START_TEST(what_the_kernel_says_of_an_ending_does_not_undo_that_nobody_need_be_woken)
{
	mproci_id id = expect("");
	_Atomic uint32_t *word = (_Atomic uint32_t *)(void *)shared_id();
	mproci_ending ending = {.exit_code = 3};
	bool is_proven;
	pid_t pid = fork();

	if (pid == 0) {
		if (mproci_member_become(id) == 0)
			mproci_member_completes();
		_exit(3);
	}
	reap(pid);
	mproci_member_ends(id, ending, false);
	mproci_member_ends(id, ending, true);
	ck_assert(mproci_member_ending(id, &ending, &is_proven));
	ck_assert_int_eq(ending.exit_code, 3);
	ck_assert(is_proven);
	*word = 5;
	mproci_thread_sleeps_on(word);
	mproci_member_bury(id);
	ck_assert_uint_eq(*word, 5);
	/* And it was that member's alone. */
	mproci_member_bury(expect(""));
	ck_assert_uint_eq(*word, 6);
	mproci_thread_sleeps_on(NULL);
}
END_TEST

START_TEST(who_is_no_member_completes_nothing)
{
	uint32_t limit = mproci_family_here->member_limit;
	uint64_t before[MPROCI_MEMBERS];
	pid_t pid;

	for (uint32_t i = 0; i < limit; ++i)
		before[i] = mproci_family_here->members[i].ending;
	pid = fork();
	if (pid == 0) {
		mproci_member_completes();
		_exit(0);
	}
	ck_assert_int_eq(reap(pid), 0);
	for (uint32_t i = 0; i < limit; ++i)
		ck_assert_uint_eq(mproci_family_here->members[i].ending, before[i]);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		root_is_a_running_member,
		running_member_is_found_by_its_pid,
		expected_member_is_starting_and_has_a_name_and_no_pid,
		name_in_the_table_is_cut_and_nothing_of_an_older_one_remains,
		expected_members_have_different_ids,
		buried_member_frees_its_slot,
		burying_again_changes_nothing,
		slots_are_reused_and_ids_never_repeat,
		slot_whose_generations_are_used_up_is_not_used_again,
		earliest_free_slot_is_taken_first,
		table_that_was_large_is_small_again_when_its_last_slots_are_free,
		table_that_has_become_small_grows_again,
		slot_left_by_somebody_killed_while_burying_is_reused,
		last_slot_of_a_large_table_left_dead_is_reused_and_is_not_lost_to_scans,
		earlier_slot_that_is_freed_by_reusing_a_dead_one_is_found,
		who_takes_a_slot_for_a_child_has_that_noted_and_the_next_in_its_slot_has_not,
		full_table_refuses_and_works_after_a_burial,
		end_of_nobody_and_of_a_buried_member_does_nothing,
		stamp_tells_whether_a_member_is_there,
		who_was_left_by_somebody_killed_while_burying_is_not_there,
		what_is_no_stamp_is_nobody,
		stamps_of_all_members_differ_and_none_is_zero,
		stamp_of_a_slot_used_half_a_million_times_is_good,
		who_is_starting_and_who_runs_lives,
		NULL,
	};
	const TTest *process_tests[] = {
		plainly_forked_child_is_a_member_with_its_own_pid,
		who_was_killed_is_there_until_it_is_buried_but_does_not_live,
		who_got_the_pid_of_a_member_is_not_taken_for_it,
		watch_buries_who_has_ended_and_nobody_else,
		slot_that_is_kept_is_nobody_elses_until_its_parent_buries,
		slot_that_is_kept_is_free_when_its_parent_is_buried,
		watch_looks_only_when_it_is_time_and_says_when_it_is_time_again,
		watch_is_not_put_off_by_who_was_stopped_in_it,
		watch_does_not_wait_for_somebody_stopped_in_a_burial,
		slot_whose_burier_was_killed_is_the_next_to_be_taken,
		child_is_the_member_that_was_expected,
		end_kills_and_buries_a_running_member,
		end_buries_a_member_that_has_gone,
		end_does_not_kill_who_got_the_pid_of_a_member,
		child_whose_expected_member_is_buried_is_told_to_end,
		end_without_descriptors_does_not_bury_the_living,
		join_without_descriptors_fails_and_takes_no_slot,
		burial_ends_the_children_of_a_member,
		burial_leaves_children_that_the_program_forked_itself,
		full_table_finds_the_slots_of_members_that_nobody_buried,
		burial_ends_the_threads_of_a_member_and_no_others,
		processes_that_take_slots_at_once_get_different_ones,
		who_returned_from_its_function_wakes_nobody,
		who_did_not_return_from_its_function_wakes_all,
		who_asked_for_its_stamp_wakes_all,
		who_has_another_thread_wakes_all,
		who_leaves_a_slot_of_a_thread_behind_wakes_all,
		whose_exit_handlers_did_not_return_wakes_all,
		plainly_forked_child_that_exits_says_nothing_for_its_parent,
		threads_of_who_returned_from_its_function_have_ended_and_departed,
		what_the_kernel_says_of_an_ending_does_not_undo_that_nobody_need_be_woken,
		who_is_no_member_completes_nothing,
		NULL,
	};
	const support_suite suite = {
		.name = "member",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = join,
	};

	return support_run_suite(&suite);
}
