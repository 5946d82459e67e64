/* SPDX-License-Identifier: MIT */
#include "sys/orphans.h"

#include "people.h"
#include "support.h"
#include "sys/kernel_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BOMB_SIZE = 150
};

/* What the processes of a test write to each other. */
static struct {
	_Atomic uint32_t count;
	_Atomic pid_t pid;
} * shared;

static pid_t known;

static bool is_known(pid_t child, void *argument)
{
	ck_assert_ptr_eq(argument, &known);
	return child == known;
}

static int kill_orphans(mproc_deadline deadline)
{
	return mproci_orphans_kill(is_known, &known, deadline);
}

static void adopt(void)
{
	void *memory = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	shared = memory;
	known = 0;
	ck_assert_int_eq(mproci_orphans_adopt(), 0);
}

static void let_go(void)
{
	munmap(shared, sizeof *shared);
}

static void check_no_child(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, __WALL), -1);
	ck_assert_int_eq(errno, ECHILD);
}

/* Say that one more is there, and stay. */
static void arrive_and_stay(void)
{
	atomic_fetch_add(&shared->count, 1);
	for (;;)
		pause();
}

static int block_all_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	return sigprocmask(SIG_SETMASK, &all, NULL);
}

/* Two forks and a session of its own: how a daemon is made. */
static int leave_daemon(void *unused)
{
	(void)unused;
	if (fork() != 0)
		return 0;
	setsid();
	if (fork() != 0)
		_exit(0);
	block_all_signals();
	atomic_store(&shared->pid, getpid());
	arrive_and_stay();
	return 0;
}

START_TEST(without_children_there_is_nothing_to_do)
{
	ck_assert_int_eq(kill_orphans(MPROC_NOW), 0);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
}
END_TEST

START_TEST(daemon_of_a_worker_is_killed)
{
	ck_assert_int_eq(support_reap(support_fork(leave_daemon, NULL)), 0);
	support_await(&shared->count, 1);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	ck_assert_int_eq(kill(atomic_load(&shared->pid), 0), -1);
	ck_assert_int_eq(errno, ESRCH);
	check_no_child();
}
END_TEST

/* A chain of processes in which each is the child of the one before. */
static int be_chain(void *length)
{
	for (uintptr_t i = 1; i < (uintptr_t)length && fork() == 0; ++i)
		atomic_fetch_add(&shared->count, 1);
	arrive_and_stay();
	return 0;
}

START_TEST(chain_of_descendants_is_killed_to_its_end)
{
	support_fork(be_chain, (void *)(uintptr_t)20);
	support_await(&shared->count, 20 + 19);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	check_no_child();
}
END_TEST

/* Those in the middle of the tree adopt too, as workers do. */
static int adopt_and_leave_daemon(void *unused)
{
	mproci_orphans_adopt();
	leave_daemon(unused);
	arrive_and_stay();
	return 0;
}

START_TEST(what_a_worker_adopted_comes_to_us_when_it_ends)
{
	pid_t worker = support_fork(adopt_and_leave_daemon, NULL);

	support_await(&shared->count, 2);
	known = worker;
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	ck_assert_int_eq(kill(atomic_load(&shared->pid), 0), 0);
	support_kill(worker);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	check_no_child();
}
END_TEST

static int arrive(void *unused)
{
	(void)unused;
	arrive_and_stay();
	return 0;
}

START_TEST(known_children_and_theirs_are_left_alone)
{
	known = support_fork(be_chain, (void *)(uintptr_t)2);
	support_await(&shared->count, 3);
	support_fork(arrive, NULL);
	support_await(&shared->count, 4);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);

	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), 0);
	support_kill(known);
	known = 0;
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	check_no_child();
}
END_TEST

START_TEST(known_child_that_has_ended_stays_to_be_reaped)
{
	known = support_fork(arrive, NULL);
	support_kill_and_leave(known);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	ck_assert_int_eq(support_reap(known), -SIGKILL);
}
END_TEST

START_TEST(stopped_processes_are_killed)
{
	pid_t pid = support_fork(arrive, NULL);

	support_stop(pid);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	check_no_child();
}
END_TEST

START_TEST(call_by_call_it_comes_to_an_end)
{
	support_fork(be_chain, (void *)(uintptr_t)3);
	support_await(&shared->count, 5);
	int rc = -ETIMEDOUT;
	while (rc == -ETIMEDOUT)
		rc = kill_orphans(MPROC_NOW);
	ck_assert_int_eq(rc, 0);
	check_no_child();
}
END_TEST

/* As another user, for the limit does not bind root; whoever runs the tests has other processes too. */
static int limit_processes(void)
{
	if (geteuid() == 0 && setuid(1000000 + (uid_t)getpid()) != 0)
		return -1;
	const struct rlimit most = {BOMB_SIZE, BOMB_SIZE};
	return setrlimit(RLIMIT_NPROC, &most);
}

static int be_bomb(void *unused)
{
	(void)unused;
	if (limit_processes() != 0)
		return 1;
	block_all_signals();
	for (;;) {
		if (fork() < 0) {
			atomic_fetch_add(&shared->count, 1);
			sched_yield();
		}
	}
}

/* The bomb has as many processes as it may, and goes on. */
START_TEST(fork_bomb_loses)
{
	support_fork(be_bomb, NULL);
	support_await(&shared->count, 2 * BOMB_SIZE);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	check_no_child();
}
END_TEST

static int fork_and_end(void *unused)
{
	(void)unused;
	for (;;) {
		atomic_fetch_add(&shared->count, 1);
		if (fork() > 0)
			_exit(0);
	}
}

START_TEST(process_that_forks_and_ends_for_ever_is_caught)
{
	for (int i = 0; i < 3; ++i)
		support_fork(fork_and_end, NULL);
	support_await(&shared->count, 100);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	check_no_child();
}
END_TEST

/* The kernel says that it was killed, and it was not. */
static int give_up_on_one_that_does_not_end(void *unused)
{
	pid_t pid = support_fork(arrive, unused);

	refuse_call(SYS_kill, 0);
	return kill_orphans(MPROC_NOW) != -ETIMEDOUT || waitpid(pid, NULL, WNOHANG) != 0;
}

START_TEST(one_that_does_not_end_is_given_up_at_the_deadline)
{
	ck_assert_int_eq(support_reap(support_fork(give_up_on_one_that_does_not_end, NULL)), 0);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
}
END_TEST

/* Its child alone keeps the pipe open. */
static int have_child(void *ends)
{
	if (fork() != 0)
		close(((int *)ends)[1]);
	arrive_and_stay();
	return 0;
}

/* A child that is only just there is left to the next call. */
static int kill_past_one_that_does_not_end(void *unused)
{
	struct pollfd end = {.events = POLLIN};
	int ends[2];

	(void)unused;
	ck_assert_int_eq(pipe(ends), 0);
	support_fork(have_child, ends);
	close(ends[1]);
	support_await(&shared->count, 2);
	refuse_call(SYS_kill, 0);
	end.fd = ends[0];
	while (poll(&end, 1, 0) == 0)
		ck_assert_int_eq(kill_orphans(MPROC_NOW), -ETIMEDOUT);
	return 0;
}

START_TEST(descendants_are_killed_before_their_parents_have_ended)
{
	ck_assert_int_eq(support_reap(support_fork(kill_past_one_that_does_not_end, NULL)), 0);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	check_no_child();
}
END_TEST

static int be_refused(void *unused)
{
	support_fork(arrive, unused);
	support_reap(support_fork(leave_daemon, unused));
	refuse_call(SYS_kill, EPERM);
	return kill_orphans(MPROC_FOREVER) != -EPERM;
}

START_TEST(those_that_may_not_be_killed_are_told_of)
{
	ck_assert_int_eq(support_reap(support_fork(be_refused, NULL)), 0);
	ck_assert_int_eq(kill_orphans(MPROC_FOREVER), 0);
	check_no_child();
}
END_TEST

static int have_no_descriptor(void *unused)
{
	pid_t child = fork();
	int rc;

	(void)unused;
	if (child == 0) {
		pause();
		_exit(0);
	}
	limit(RLIMIT_NOFILE, 0);
	rc = kill_orphans(MPROC_FOREVER);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return rc != -EMFILE;
}

START_TEST(without_proc_nothing_is_known)
{
	ck_assert_int_eq(support_reap(support_fork(have_no_descriptor, NULL)), 0);
}
END_TEST

static int refuse_to_adopt(void *unused)
{
	(void)unused;
	refuse_call(SYS_prctl, EPERM);
	return mproci_orphans_adopt() != -EPERM;
}

START_TEST(refusal_to_adopt_is_reported)
{
	ck_assert_int_eq(support_reap(support_fork(refuse_to_adopt, NULL)), 0);
}
END_TEST

int main(void)
{
	return support_run_suite(&(support_suite){
		.name = "orphans",
		.setup = adopt,
		.teardown = let_go,
		.tests = (const TTest *[]){NULL},
		.process_tests =
			(const TTest *[]){
				without_children_there_is_nothing_to_do,
				daemon_of_a_worker_is_killed,
				chain_of_descendants_is_killed_to_its_end,
				what_a_worker_adopted_comes_to_us_when_it_ends,
				known_children_and_theirs_are_left_alone,
				known_child_that_has_ended_stays_to_be_reaped,
				stopped_processes_are_killed,
				call_by_call_it_comes_to_an_end,
				fork_bomb_loses,
				process_that_forks_and_ends_for_ever_is_caught,
				descendants_are_killed_before_their_parents_have_ended,
				one_that_does_not_end_is_given_up_at_the_deadline,
				those_that_may_not_be_killed_are_told_of,
				without_proc_nothing_is_known,
				refusal_to_adopt_is_reported,
				NULL,
			},
	});
}
