/* SPDX-License-Identifier: MIT */
/*
 * Children that somebody else kills, at any moment of their start, or waits for; by each start method.  (reaping_test.c does
 * more of the latter, by fork.)
 */
#include "family/member.h"
#include "play.h"
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum {
	THREADS = 3,
	STARTS = 60,
	MANY = 30,
	LOST = 1000,
};

static void expect_by_each_method(const char *name)
{
	for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method)
		play_expect(name, method, 0, "");
}

static int wait_for_good(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return 0;
}

/* Whose status somebody else took: what it has said itself is known all the same. */

static void run_many(bool is_served)
{
	for (int i = 0; i < MANY; ++i) {
		mproc_process *killed = play_start(wait_for_good);
		int code = play_finish(play_start(play_return_7));

		if (code != 7)
			play_give_up("another exit code", code);
		mproc_process_kill(killed);
		code = play_finish(killed);
		if (code != -SIGKILL && (is_served || code != LOST))
			play_give_up("another signal", code);
	}
}

static int ignore_sigchld(void)
{
	signal(SIGCHLD, SIG_IGN);
	run_many(play_method == MPROC_START_SERVER);
	return 0;
}

static void reap_all(int number)
{
	int saved = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static int reap_in_a_handler(void)
{
	signal(SIGCHLD, reap_all);
	run_many(play_method == MPROC_START_SERVER);
	return 0;
}

static _Atomic bool is_over;

static void *reap_until_over(void *unused)
{
	while (!is_over) {
		if (waitpid(-1, NULL, WNOHANG) <= 0)
			sched_yield();
	}
	return unused;
}

static int reap_in_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, reap_until_over, NULL);
	run_many(play_method == MPROC_START_SERVER);
	is_over = true;
	pthread_join(thread, NULL);
	return 0;
}

/* Before mproc_init, so that the server and what was spawned find it so. */
static void ignore_before(void)
{
	signal(SIGCHLD, SIG_IGN);
}

static int leave_it_ignored(void)
{
	run_many(play_method == MPROC_START_SERVER);
	return 0;
}

START_TEST(children_whose_status_is_taken_are_joined_and_what_they_returned_is_known)
{
	expect_by_each_method("ignore sigchld");
	expect_by_each_method("reap in a handler");
	expect_by_each_method("reap in a thread");
	expect_by_each_method("ignored before");
}
END_TEST

/* A child reaps its own as well, by each method in turn. */
static int ignore_and_start(void *unused)
{
	(void)unused;
	signal(SIGCHLD, SIG_IGN);
	run_many(play_method == MPROC_START_SERVER);
	return 7;
}

static int have_a_child_ignore_it(void)
{
	return play_finish(play_start(ignore_and_start)) != 7;
}

START_TEST(children_of_a_child_that_ignores_sigchld_are_joined)
{
	expect_by_each_method("have a child ignore it");
}
END_TEST

/* Killed at any moment of their start. */

static void kill_children_of(pid_t parent, pid_t spared)
{
	char path[64], text[512] = "", *next = text;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fgets(text, sizeof text, file) == NULL)
		text[0] = '\0';
	fclose(file);
	for (long pid = strtol(next, &next, 10); pid > 0; pid = strtol(next, &next, 10)) {
		if (pid != spared)
			kill((pid_t)pid, SIGKILL);
	}
}

/* The first child of this process is the server. */
static pid_t find_server(void)
{
	char path[64], text[512] = "";
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fgets(text, sizeof text, file) == NULL)
		text[0] = '\0';
	fclose(file);
	return atoi(text);
}

/* In a child of this process, which is killed as well if it is not spared. */
static int start_and_be_robbed(void *unused)
{
	for (int i = 0; i < STARTS; ++i) {
		const mproc_process_options plain = {.start = play_method},
					    set_up = {.start = play_method, .directory = "/"};
		mproc_process *process = NULL;
		int rc = mproc_process_start(
			i % 2 == 0 ? &plain : &set_up, play_return_7, "something", 10, &process);

		if (rc == -ENOEXEC && strlen(mproc_error_text()) > 10)
			continue;
		if (rc != 0)
			play_give_up("start", rc);
		rc = play_finish(process);
		if (rc != 7 && rc != -SIGKILL)
			play_give_up("another exit code", rc);
	}
	(void)unused;
	return 7;
}

static int count_members(void)
{
	int count = 0;

	mproci_member_sweep();
	for (uint32_t i = 0; i < atomic_load(&mproci_family_here->member_limit); ++i)
		count += (atomic_load(&mproci_family_here->members[i].word) & 0xff) != MPROCI_MEMBER_FREE;
	return count;
}

/* The blocks that are not freed: nothing that was handed over stays. */
static size_t count_blocks(void)
{
	mproc_arena_usage usage = {0};

	mproc_arena_stats(0, &usage);
	return usage.blocks;
}

static int rob_children(void)
{
	pid_t server = find_server(), starter;
	mproc_process *process;
	size_t blocks;

	srand((unsigned)getpid());
	if (play_finish(play_start(play_return_7)) != 7)
		return 1;
	blocks = count_blocks();
	process = play_start_with(
		(mproc_process_options){.start = MPROC_START_FORK}, start_and_be_robbed, NULL, 0);
	starter = mproc_process_pid(process);
	while (mproc_process_join(process, mproc_after(0.0001 * (rand() % 30))) == -ETIMEDOUT) {
		kill_children_of(starter, 0);
		kill_children_of(server, 0);
	}
	if (play_finish(process) != 7)
		return 2;
	if (count_members() != 2)
		play_give_up("members that are left", count_members());
	if (count_blocks() > blocks)
		play_give_up("blocks that are left", (int)(count_blocks() - blocks));
	return play_finish(play_start(play_return_7)) != 7;
}

START_TEST(children_killed_at_any_moment_of_their_start_were_started_or_not)
{
	for (int i = 0; i < 5; ++i)
		expect_by_each_method("rob children");
}
END_TEST

/* The end of the program while others start. */

static void *start_daemons(void *unused)
{
	for (int i = 0; i < MANY; ++i) {
		const mproc_process_options options = {.start = play_method, .daemon = true};
		mproc_process *process;

		if (mproc_process_start(&options, wait_for_good, NULL, 0, &process) != 0)
			break;
	}
	return unused;
}

static int leave_while_others_start(void)
{
	pthread_t threads[THREADS];

	srand((unsigned)getpid());
	for (int i = 0; i < THREADS; ++i)
		pthread_create(&threads[i], NULL, start_daemons, NULL);
	play_sleep(10000);
	return 5;
}

START_TEST(nobody_is_left_by_a_program_that_ends_while_its_threads_start_processes)
{
	for (int i = 0; i < 5; ++i) {
		for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method)
			play_expect("leave while others start", method, 5, "");
	}
}
END_TEST

/* After the library's own exit handler, for it was registered before. */
static void start_too_late(void)
{
	const mproc_process_options options = {.start = play_method};
	mproc_process *process = NULL;
	int rc = mproc_process_start(&options, play_return_7, "something", 10, &process);

	if (rc != -ECANCELED || strstr(mproc_error_text(), "is ending") == NULL || process != NULL)
		play_give_up("start at the end", rc);
	play_tell("refused ");
}

static int start_in_an_exit_handler(void)
{
	atexit(start_too_late);
	return play_finish(play_start(play_return_7));
}

START_TEST(start_is_refused_when_the_program_has_joined_its_children)
{
	for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method)
		play_expect("start in an exit handler", method, 7, "refused ");
}
END_TEST

static const play_part plays[] = {
	{"ignore sigchld", ignore_sigchld, NULL},
	{"reap in a handler", reap_in_a_handler, NULL},
	{"reap in a thread", reap_in_a_thread, NULL},
	{"ignored before", leave_it_ignored, ignore_before},
	{"have a child ignore it", have_a_child_ignore_it, NULL},
	{"rob children", rob_children, NULL},
	{"leave while others start", leave_while_others_start, NULL},
	{"start in an exit handler", start_in_an_exit_handler, NULL},
	{NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
	const TTest *process_tests[] = {
		children_whose_status_is_taken_are_joined_and_what_they_returned_is_known,
		children_of_a_child_that_ignores_sigchld_are_joined,
		children_killed_at_any_moment_of_their_start_were_started_or_not,
		nobody_is_left_by_a_program_that_ends_while_its_threads_start_processes,
		start_is_refused_when_the_program_has_joined_its_children,
		NULL,
	};
	const support_suite suite = {.name = "children",
		.process_tests = process_tests,
		.setup = play_choose_moments,
		.timeout = 300};

	return argc > 1 ? play_run(plays, argc, argv) : support_run_suite(&suite);
}
