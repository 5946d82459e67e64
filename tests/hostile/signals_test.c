/* SPDX-License-Identifier: MIT */
/*
 * Programs that block all signals, or are disturbed by them all the time: their handlers and masks stay their own, and a
 * child has the mask of who started it.
 */
#include "play.h"
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/time.h>

enum {
	STARTS = 100,
	MICROSECONDS = 100,
};

typedef struct board {
	mproc_semaphore ready, gate;
} board;

static board *make_board(void)
{
	board *here = mproc_calloc(1, sizeof *here);

	if (here == NULL || mproc_semaphore_init(&here->ready, 0, NULL) != 0
		|| mproc_semaphore_init(&here->gate, 0, NULL) != 0)
		play_give_up("no board", 0);
	return here;
}

static void expect_by_each_method(const char *name)
{
	for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method)
		play_expect(name, method, 0, "");
}

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static bool is_blocked(int number)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, number) == 1;
}

static bool is_pending(int number)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, number) == 1;
}

/* Asked to end, it goes on; until it lets the signal in. */
static int end_when_it_likes(void *shared)
{
	board *here = shared;
	sigset_t none;

	if (!is_blocked(SIGTERM) || !is_blocked(SIGINT) || !is_blocked(SIGCHLD) || !is_blocked(SIGUSR1))
		return 1;
	mproc_semaphore_release(&here->ready, 1);
	mproc_semaphore_acquire(&here->gate, MPROC_FOREVER);
	if (!is_pending(SIGTERM))
		return 2;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 3;
}

static int wait_for_good(void *shared)
{
	board *here = shared;

	mproc_semaphore_release(&here->ready, 1);
	for (;;)
		pause();
	return 0;
}

static void check_code(mproc_process *process, int expected)
{
	int code = play_finish(process);

	if (code != expected)
		play_give_up("another exit code", code);
}

static int start_with_all_blocked(void)
{
	board *here = make_board();
	mproc_process *process;

	block_all();
	process = play_start_with((mproc_process_options){0}, end_when_it_likes, here, 0);
	mproc_semaphore_acquire(&here->ready, MPROC_FOREVER);
	mproc_process_terminate(process);
	mproc_semaphore_release(&here->gate, 1);
	check_code(process, -SIGTERM);
	process = play_start_with((mproc_process_options){0}, wait_for_good, here, 0);
	mproc_semaphore_acquire(&here->ready, MPROC_FOREVER);
	mproc_process_terminate(process);
	mproc_process_interrupt(process);
	if (mproc_process_is_alive(process) != 1)
		play_give_up("it has ended", 0);
	mproc_process_kill(process);
	check_code(process, -SIGKILL);
	return !is_blocked(SIGTERM);
}

START_TEST(child_of_a_program_that_blocks_all_signals_blocks_them_too_and_can_be_killed)
{
	expect_by_each_method("start with all blocked");
}
END_TEST

/* A daemon that the signal does not reach is killed in the end. */
static int leave_a_deaf_daemon(void)
{
	board *here = make_board();

	block_all();
	play_start_with((mproc_process_options){.daemon = true}, wait_for_good, here, 0);
	mproc_semaphore_acquire(&here->ready, MPROC_FOREVER);
	return 0;
}

START_TEST(daemon_that_blocks_all_signals_ends_with_its_parent)
{
	expect_by_each_method("leave a deaf daemon");
}
END_TEST

/* What the program does about signals. */

static void do_nothing_about(int number)
{
	(void)number;
}

static void get_dispositions(struct sigaction all[NSIG], sigset_t *mask)
{
	memset(all, 0, NSIG * sizeof *all);
	for (int number = 1; number < NSIG; ++number)
		sigaction(number, NULL, &all[number]);
	sigprocmask(SIG_SETMASK, NULL, mask);
}

static int compare_dispositions(void)
{
	static struct sigaction before[NSIG], after[NSIG];
	const int handled[] = {SIGCHLD, SIGPIPE, SIGIO, SIGUSR1, SIGALRM, SIGINT, SIGTERM};
	sigset_t usr2, mask_before, mask_after;

	for (size_t i = 0; i < sizeof handled / sizeof *handled; ++i)
		signal(handled[i], do_nothing_about);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	sigprocmask(SIG_BLOCK, &usr2, NULL);
	get_dispositions(before, &mask_before);
	check_code(play_start(play_return_7), 7);
	get_dispositions(after, &mask_after);
	for (int number = 1; number < NSIG; ++number) {
		if (before[number].sa_handler != after[number].sa_handler
			|| before[number].sa_flags != after[number].sa_flags
			|| sigismember(&mask_before, number) != sigismember(&mask_after, number))
			play_give_up("a signal is handled in another way", number);
	}
	return 0;
}

START_TEST(handlers_and_mask_of_the_program_stay_its_own)
{
	expect_by_each_method("compare dispositions");
}
END_TEST

static _Atomic int children_told;

static void count_child(int number)
{
	(void)number;
	++children_told;
}

/* One that was served is no child of this process. */
static int count_children(void)
{
	const struct sigaction action = {.sa_handler = count_child};
	pid_t own;

	sigaction(SIGCHLD, &action, NULL);
	own = fork();
	if (own == 0)
		_exit(3);
	for (int i = 0; i < 10; ++i)
		check_code(play_start(play_return_7), 7);
	if (waitpid(own, &(int){0}, 0) != own && errno != EINTR)
		play_give_up("the program's own child was waited for", errno);
	return children_told == 0;
}

START_TEST(handler_for_children_is_called_and_the_own_child_is_left_to_the_program)
{
	expect_by_each_method("count children");
}
END_TEST

/* Disturbed. */

static _Atomic int disturbances;

static void note_disturbance(int number)
{
	(void)number;
	++disturbances;
}

static void disturb(void)
{
	const struct sigaction action = {.sa_handler = note_disturbance};
	const struct itimerval every = {{0, MICROSECONDS}, {0, MICROSECONDS}};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static int start_while_disturbed(void)
{
	const int standard_error = STDERR_FILENO;
	const mproc_process_options options = {
		.descriptors = &standard_error, .descriptor_count = 1, .directory = "/", .own_group = true};

	disturb();
	for (int i = 0; i < STARTS; ++i) {
		check_code(play_start(play_return_7), 7);
		check_code(play_start_with(options, play_return_7, "something", 10), 7);
	}
	return disturbances == 0;
}

START_TEST(signals_all_the_time_disturb_no_start)
{
	expect_by_each_method("start while disturbed");
}
END_TEST

/* Neither the daemon's end nor the other's is missed. */
static int leave_while_disturbed(void)
{
	board *here = make_board();

	disturb();
	play_start_with((mproc_process_options){.daemon = true}, wait_for_good, here, 0);
	play_start(play_return_7);
	mproc_semaphore_acquire(&here->ready, MPROC_FOREVER);
	return 0;
}

START_TEST(signals_all_the_time_disturb_no_end_of_the_program)
{
	expect_by_each_method("leave while disturbed");
}
END_TEST

static const play_part plays[] = {
	{"start with all blocked", start_with_all_blocked, NULL},
	{"leave a deaf daemon", leave_a_deaf_daemon, NULL},
	{"compare dispositions", compare_dispositions, NULL},
	{"count children", count_children, NULL},
	{"start while disturbed", start_while_disturbed, NULL},
	{"leave while disturbed", leave_while_disturbed, NULL},
	{NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
	const TTest *process_tests[] = {
		child_of_a_program_that_blocks_all_signals_blocks_them_too_and_can_be_killed,
		daemon_that_blocks_all_signals_ends_with_its_parent,
		handlers_and_mask_of_the_program_stay_its_own,
		handler_for_children_is_called_and_the_own_child_is_left_to_the_program,
		signals_all_the_time_disturb_no_start,
		signals_all_the_time_disturb_no_end_of_the_program,
		NULL,
	};
	const support_suite suite = {.name = "signals", .process_tests = process_tests, .timeout = 300};

	return argc > 1 ? play_run(plays, argc, argv) : support_run_suite(&suite);
}
