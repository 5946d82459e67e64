/* SPDX-License-Identifier: MIT */
#include "sys/bell.h"

#include "people.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/result.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the processes of a test have in common. */
static struct shared {
	mproci_bell_place place;
	_Atomic uint32_t is_open, is_over;
} * shared;

static mproci_bell bell;

static void open_bell(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	ck_assert_int_eq(mproci_bell_open(&bell), 0);
}

static void close_bell(void)
{
	mproci_bell_close(&bell);
	munmap(shared, sizeof *shared);
}

static bool is_readable(void)
{
	return mproci_poll_one(mproci_bell_descriptor(&bell), MPROC_NOW) == 0;
}

START_TEST(new_bell_is_silent)
{
	ck_assert(!is_readable());
	ck_assert(!mproci_bell_silence(&bell));
}
END_TEST

START_TEST(bell_is_readable_from_when_it_is_rung_until_it_is_silenced)
{
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(mproci_bell_ring(&bell.place), 0);
		ck_assert_int_eq(mproci_bell_ring(&bell.place), 0);
		ck_assert(is_readable());
		ck_assert(is_readable());
		ck_assert(mproci_bell_silence(&bell));
		ck_assert(!is_readable());
		ck_assert(!mproci_bell_silence(&bell));
	}
}
END_TEST

START_TEST(bell_may_be_rung_more_often_than_the_pipe_has_room)
{
	for (int i = 0; i < 70000; ++i)
		ck_assert_int_eq(mproci_bell_ring(&bell.place), 0);
	ck_assert(is_readable());
	ck_assert(mproci_bell_silence(&bell));
	ck_assert(!is_readable());
}
END_TEST

START_TEST(bell_is_closed_by_exec_and_is_no_standard_stream)
{
	int standard[3], fd;
	mproci_bell other;

	ck_assert_int_ne(fcntl(bell.place.descriptor, F_GETFD) & FD_CLOEXEC, 0);
	for (int i = 0; i < 3; ++i)
		standard[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
	close(0);
	fd = mproci_bell_open(&other) == 0 ? other.place.descriptor : -1;
	ck_assert_int_eq(dup2(standard[0], 0), 0);
	for (int i = 0; i < 3; ++i)
		close(standard[i]);
	ck_assert_int_gt(fd, STDERR_FILENO);
	mproci_bell_close(&other);
}
END_TEST

START_TEST(bells_are_closed_in_any_order_and_one_that_is_zero_is_none)
{
	mproci_bell bells[3], none = {.place = {.pid = 0}};

	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(mproci_bell_open(&bells[i]), 0);
	mproci_bell_close(&bells[1]);
	mproci_bell_close(&bells[1]);
	mproci_bell_close(&bells[0]);
	mproci_bell_close(&bells[2]);
	mproci_bell_close(&none);
	ck_assert_int_eq(mproci_bell_ring(&bell.place), 0);
	ck_assert(is_readable());
}
END_TEST

START_TEST(ring_of_a_bell_that_is_closed_reaches_nobody)
{
	mproci_bell_place place = bell.place;

	mproci_bell_close(&bell);
	ck_assert_int_eq(mproci_bell_ring(&place), -ESRCH);
}
END_TEST

/* The application closes all descriptors, and opens its own. */
static int replace_descriptor(int ends[2])
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(dup3(ends[1], bell.place.descriptor, O_CLOEXEC), bell.place.descriptor);
	return bell.place.descriptor;
}

START_TEST(what_has_the_number_of_a_bell_is_left_alone)
{
	int ends[2], fd = replace_descriptor(ends);
	char byte;

	ck_assert_int_eq(mproci_bell_descriptor(&bell), -1);
	ck_assert_int_eq(mproci_bell_ring(&bell.place), -ESRCH);
	ck_assert(!mproci_bell_silence(&bell));
	mproci_bell_close(&bell);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
	ck_assert_int_eq(read(ends[0], &byte, 1), -1);
	close(ends[0]);
	close(ends[1]);
	close(fd);
}
END_TEST

START_TEST(bell_that_others_cannot_reach_is_refused)
{
	mproci_bell other;

	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 0), 0);
	ck_assert_int_eq(mproci_bell_open(&other), -EACCES);
	support_check_text("it is not dumpable");
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}
END_TEST

/* From here on no descriptor has a higher number. */
static struct rlimit limit_descriptors(rlim_t most)
{
	struct rlimit before, now;

	getrlimit(RLIMIT_NOFILE, &before);
	now = (struct rlimit){.rlim_cur = most, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &now);
	return before;
}

START_TEST(bell_without_descriptors_is_refused_and_leaves_nothing)
{
	for (rlim_t most = 0; most < 32; ++most) {
		struct rlimit before = limit_descriptors(most);
		mproci_bell other = {.place = {.pid = 0}};
		int rc = mproci_bell_open(&other);

		mproci_bell_close(&other);
		setrlimit(RLIMIT_NOFILE, &before);
		ck_assert(rc == 0 || rc == -EMFILE);
		if (most == 0)
			support_check_text("RLIMIT_NOFILE is 0");
	}
}
END_TEST

enum {
	RINGERS = 4,
	ROUNDS = 2000,
};

static int ring_often(void *unused)
{
	int rc = 0;

	(void)unused;
	for (int i = 0; i < ROUNDS && rc == 0; ++i)
		rc = mproci_bell_ring(&bell.place);
	return rc;
}

START_TEST(threads_ring_while_others_open_and_close_bells)
{
	support_thread ringers[RINGERS];

	for (int i = 0; i < RINGERS; ++i)
		support_begin(&ringers[i], ring_often, NULL);
	for (int i = 0; i < ROUNDS / 10; ++i) {
		mproci_bell other;

		ck_assert_int_eq(mproci_bell_open(&other), 0);
		mproci_bell_silence(&bell);
		mproci_bell_close(&other);
	}
	for (int i = 0; i < RINGERS; ++i)
		ck_assert_int_eq(support_end(&ringers[i]), 0);
}
END_TEST

/* From here on: between processes. */

static int ring_when_open(void *unused)
{
	(void)unused;
	support_await(&shared->is_open, 1);
	return mproci_bell_ring(&shared->place);
}

/* The bell is made when the other process is there already. */
static void make_anew(void)
{
	mproci_bell_close(&bell);
	ck_assert_int_eq(mproci_bell_open(&bell), 0);
	shared->place = bell.place;
	shared->is_open = 1;
}

START_TEST(process_older_than_the_bell_rings_it)
{
	pid_t older = support_fork(ring_when_open, NULL);

	make_anew();
	ck_assert_int_eq(mproci_poll_one(bell.place.descriptor, MPROC_FOREVER), 0);
	ck_assert_int_eq(support_reap(older), 0);
	ck_assert(mproci_bell_silence(&bell));
}
END_TEST

START_TEST(process_younger_than_the_bell_rings_it)
{
	shared->place = bell.place;
	shared->is_open = 1;
	ck_assert_int_eq(support_reap(support_fork(ring_when_open, NULL)), 0);
	ck_assert(is_readable());
}
END_TEST

static int look_for_bells(void *fd)
{
	mproci_bell own;

	if (fcntl(*(int *)fd, F_GETFD) >= 0 || bell.place.pid != 0)
		return 1;
	mproci_bell_close(&bell);
	if (mproci_bell_open(&own) != 0)
		return 2;
	if (mproci_bell_ring(&own.place) != 0 || !mproci_bell_silence(&own))
		return 3;
	mproci_bell_close(&own);
	return 0;
}

START_TEST(forked_child_has_none_of_the_bells_of_its_parent)
{
	int fd = bell.place.descriptor;

	ck_assert_int_eq(support_reap(support_fork(look_for_bells, &fd)), 0);
	ck_assert_int_eq(mproci_bell_ring(&bell.place), 0);
	ck_assert(is_readable());
}
END_TEST

static int open_and_tell(void *unused)
{
	(void)unused;
	if (mproci_bell_open(&bell) != 0)
		return 1;
	shared->place = bell.place;
	return 0;
}

START_TEST(bell_of_a_stopped_process_is_rung_and_one_of_a_dead_one_is_not)
{
	pid_t owner = support_fork_and_keep(open_and_tell, NULL);

	support_stop(owner);
	ck_assert_int_eq(mproci_bell_ring(&shared->place), 0);
	support_kill_and_leave(owner);
	ck_assert_int_eq(mproci_bell_ring(&shared->place), -ESRCH);
	support_reap(owner);
	ck_assert_int_eq(mproci_bell_ring(&shared->place), -ESRCH);
}
END_TEST

static int replace_and_stay(void *unused)
{
	int ends[2], fd;

	(void)unused;
	if (open_and_tell(NULL) != 0)
		return 1;
	fd = replace_descriptor(ends);
	return fd == shared->place.descriptor ? 0 : 2;
}

START_TEST(what_has_the_number_of_a_bell_in_another_process_is_left_alone)
{
	pid_t owner = support_fork_and_keep(replace_and_stay, NULL);

	ck_assert_int_eq(mproci_bell_ring(&shared->place), -ESRCH);
	support_kill(owner);
}
END_TEST

static int ring_without_descriptors(void *unused)
{
	(void)unused;
	limit_descriptors(0);
	return mproci_bell_ring(&shared->place);
}

static int ring_without_proc(void *unused)
{
	(void)unused;
	/* Only root can; there is no /usr/proc. */
	if (geteuid() != 0)
		return 0;
	if (chroot("/usr") != 0)
		return 1;
	return mproci_bell_ring(&shared->place);
}

START_TEST(ring_without_a_descriptor_to_do_it_with_fails)
{
	shared->place = bell.place;
	ck_assert_int_eq(support_reap(support_fork(ring_without_descriptors, NULL)), EMFILE);
	ck_assert(!is_readable());
}
END_TEST

START_TEST(ring_works_where_proc_is_not_mounted)
{
	shared->place = bell.place;
	ck_assert_int_eq(support_reap(support_fork(ring_without_proc, NULL)), 0);
	ck_assert(geteuid() != 0 || is_readable());
}
END_TEST

static int open_without_proc(void *unused)
{
	mproci_bell own;
	int rc;

	(void)unused;
	if (geteuid() != 0)
		return 0;
	if (chroot("/usr") != 0)
		return 1;
	rc = mproci_bell_open(&own);
	return rc == -ENOENT ? 0 : 2;
}

START_TEST(bell_is_refused_where_proc_is_not_mounted)
{
	ck_assert_int_eq(support_reap(support_fork(open_without_proc, NULL)), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		new_bell_is_silent,
		bell_is_readable_from_when_it_is_rung_until_it_is_silenced,
		bell_may_be_rung_more_often_than_the_pipe_has_room,
		bell_is_closed_by_exec_and_is_no_standard_stream,
		bells_are_closed_in_any_order_and_one_that_is_zero_is_none,
		ring_of_a_bell_that_is_closed_reaches_nobody,
		what_has_the_number_of_a_bell_is_left_alone,
		bell_that_others_cannot_reach_is_refused,
		bell_without_descriptors_is_refused_and_leaves_nothing,
		threads_ring_while_others_open_and_close_bells,
		NULL,
	};
	const TTest *process_tests[] = {
		process_older_than_the_bell_rings_it,
		process_younger_than_the_bell_rings_it,
		forked_child_has_none_of_the_bells_of_its_parent,
		bell_of_a_stopped_process_is_rung_and_one_of_a_dead_one_is_not,
		what_has_the_number_of_a_bell_in_another_process_is_left_alone,
		ring_without_a_descriptor_to_do_it_with_fails,
		ring_works_where_proc_is_not_mounted,
		bell_is_refused_where_proc_is_not_mounted,
		NULL,
	};
	const support_suite suite = {
		.name = "bell",
		.tests = tests,
		.process_tests = process_tests,
		.setup = open_bell,
		.teardown = close_bell,
	};

	return support_run_suite(&suite);
}
