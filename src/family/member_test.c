/* SPDX-License-Identifier: MIT */
#include "family/member.h"

#include "family/thread.h"
#include "people.h"
#include "support.h"
#include "sys/child.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/result.h>
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

START_TEST(slot_left_by_somebody_killed_while_burying_is_reused)
{
	mproci_id dead = expect("");

	mproci_member_slot(dead)->word = (dead & UINT64_C(0xffffffff00000000)) | MPROCI_MEMBER_DEAD;
	ck_assert_uint_eq((uint32_t)expect(""), (uint32_t)dead);
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
		slot_left_by_somebody_killed_while_burying_is_reused,
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
		watch_looks_only_when_it_is_time_and_says_when_it_is_time_again,
		watch_is_not_put_off_by_who_was_stopped_in_it,
		watch_does_not_wait_for_somebody_stopped_in_a_burial,
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
		NULL,
	};
	const support_suite suite = {
		.name = "member",
		.tests = tests,
		.process_tests = process_tests,
		.setup = join,
	};

	return support_run_suite(&suite);
}
