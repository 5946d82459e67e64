/* SPDX-License-Identifier: MIT */
/*
 * Nobody outlives the root of a family by more than 100 ms, however the root ends and whatever its members do.
 *
 * All members hold the write end of a pipe: its end of file tells that the last one has gone, also of those that
 * were about to start when the root was killed.  How long that took is looked at over many rounds, because this
 * machine may be busy with something else for a moment; for ever would be a failure at once.
 */
#include "family/member.h"
#include "hostile/play.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PROMISED_MILLISECONDS = 100,
	FOREVER_MILLISECONDS = 20000,
	ROUNDS = 40,
	MOST_LATE_ROUNDS = ROUNDS / 4,
};

/* The end that members write to and hold, and the end that the test reads. */
static int members[2];

static void stay(void)
{
	for (;;)
		pause();
}

static void tell_ready(void)
{
	(void)!write(members[1], "x", 1);
}

static void await_death_of(pid_t parent)
{
	while (getppid() == parent)
		usleep(1000);
}

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Fork a root that runs @be_root, which does not return. */
static pid_t fork_root(void (*be_root)(void))
{
	pid_t root;

	ck_assert_int_eq(pipe2(members, O_CLOEXEC), 0);
	root = fork();
	ck_assert_int_ge(root, 0);
	if (root == 0) {
		close(members[0]);
		be_root();
		_exit(1);
	}
	close(members[1]);
	return root;
}

static void await_ready(int count)
{
	char byte;

	while (count-- > 0)
		ck_assert_int_eq(read(members[0], &byte, 1), 1);
}

/* Wait for the end of file, within a time that only a process left behind reaches.  Returns the milliseconds. */
static int64_t await_the_end_of_all(void)
{
	int64_t start = milliseconds();
	struct pollfd all = {.fd = members[0], .events = POLLIN};
	char byte;

	do {
		int left = (int)(start + FOREVER_MILLISECONDS - milliseconds());

		if (poll(&all, 1, left > 0 ? left : 0) == 0)
			ck_abort_msg("somebody outlives the root");
	} while (read(members[0], &byte, 1) > 0);
	close(members[0]);
	return milliseconds() - start;
}

/* Kill the root of each family @rounds times, when @ready members said that they run, after up to @most_us. */
static void kill_roots(void (*be_root)(void), int ready, unsigned most_us)
{
	int late = 0;

	for (int round = 0; round < ROUNDS; ++round) {
		pid_t root = fork_root(be_root);
		struct timespec delay = {.tv_nsec = most_us == 0 ? 0 : rand() % most_us * 1000L};

		await_ready(ready);
		nanosleep(&delay, NULL);
		kill(root, SIGKILL);
		ck_assert_int_eq(waitpid(root, NULL, 0), root);
		late += await_the_end_of_all() > PROMISED_MILLISECONDS;
	}
	ck_assert_msg(late <= MOST_LATE_ROUNDS, "in %d of %d rounds somebody lived for more than %d ms", late,
		ROUNDS, PROMISED_MILLISECONDS);
}

static mproc_process *start(mproc_process_function *function)
{
	const mproc_process_options insist = {.start = MPROC_START_FORK};
	mproc_process *process;

	if (mproc_process_start(&insist, function, NULL, 0, &process) != 0) {
		fprintf(stderr, "cannot start: %s\n", mproc_error_text());
		_exit(1);
	}
	return process;
}

static int be_idle(void *unused)
{
	(void)unused;
	tell_ready();
	stay();
	return 0;
}

static int be_busy(void *unused)
{
	(void)unused;
	tell_ready();
	for (volatile unsigned i = 0;; ++i)
		;
	return 0;
}

static int block_all_signals(void *unused)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return be_busy(unused);
}

static int ignore_all_signals(void *unused)
{
	for (int number = 1; number < NSIG; ++number)
		signal(number, SIG_IGN);
	setsid();
	return be_idle(unused);
}

static void root_of_four(void)
{
	start(be_idle);
	start(be_busy);
	start(block_all_signals);
	start(ignore_all_signals);
	stay();
}

START_TEST(children_end_with_their_parent_whatever_they_do)
{
	kill_roots(root_of_four, 4, 0);
}
END_TEST

/* Starting and joining all the time, so that the kill hits every moment of it. */
static void root_that_starts(void)
{
	tell_ready();
	for (;;) {
		mproc_process *process = start(be_idle);

		start(block_all_signals);
		mproc_process_kill(process);
		mproc_process_join(process, MPROC_FOREVER);
		mproc_process_close(process);
	}
}

START_TEST(children_end_with_a_parent_that_is_killed_at_a_random_moment)
{
	kill_roots(root_that_starts, 1, 3000);
}
END_TEST

static int start_child(void *unused)
{
	start(block_all_signals);
	return be_idle(unused);
}

static int start_grandchild(void *unused)
{
	start(start_child);
	return be_idle(unused);
}

static void root_of_generations(void)
{
	start(start_grandchild);
	stay();
}

START_TEST(grandchildren_end_with_the_root)
{
	kill_roots(root_of_generations, 3, 0);
}
END_TEST

START_TEST(grandchildren_end_with_a_root_that_is_killed_while_they_start)
{
	kill_roots(root_of_generations, 1, 2000);
}
END_TEST

static void *start_in_thread(void *unused)
{
	start(be_idle);
	start(block_all_signals);
	return unused;
}

static void root_whose_thread_ended(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, start_in_thread, NULL) != 0)
		_exit(1);
	pthread_join(thread, NULL);
	tell_ready();
	stay();
}

START_TEST(children_end_with_a_parent_whose_forking_thread_ended_before)
{
	kill_roots(root_whose_thread_ended, 3, 0);
}
END_TEST

/* A child that lives on: it answers after the thread that forked it has ended. */
static int questions[2], answers[2];

static int answer(void *unused)
{
	char byte;

	(void)unused;
	while (read(questions[0], &byte, 1) == 1)
		(void)!write(answers[1], &byte, 1);
	return 0;
}

static void *start_answering(void *ret_process)
{
	*(mproc_process **)ret_process = start(answer);
	return NULL;
}

static void root_that_talks_to_a_child(void)
{
	mproc_process *process = NULL;
	pthread_t thread;
	char byte = 'a';
	int failed;

	failed = pipe2(questions, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0
		 || pthread_create(&thread, NULL, start_answering, &process) != 0
		 || pthread_join(thread, NULL) != 0;
	for (int i = 0; i < 100 && !failed; ++i)
		failed = write(questions[1], &byte, 1) != 1 || read(answers[0], &byte, 1) != 1;
	_exit(failed || mproc_process_is_alive(process) != 1);
}

START_TEST(child_lives_on_when_the_thread_that_forked_it_ends)
{
	pid_t root = fork_root(root_that_talks_to_a_child);
	int status;

	ck_assert_int_eq(waitpid(root, &status, 0), root);
	ck_assert_int_eq(status, 0);
	await_the_end_of_all();
}
END_TEST

static int stop_when_running(void *unused)
{
	tell_ready();
	raise(SIGSTOP);
	return be_idle(unused);
}

static void root_with_stopped_child(void)
{
	mproc_process *process = start(stop_when_running);

	waitpid(mproc_process_pid(process), NULL, WUNTRACED);
	tell_ready();
	stay();
}

START_TEST(stopped_child_ends_with_its_parent)
{
	kill_roots(root_with_stopped_child, 2, 0);
}
END_TEST

static void root_that_exits(void)
{
	start(block_all_signals);
	_exit(0);
}

START_TEST(children_end_with_a_parent_that_exits)
{
	kill_roots(root_that_exits, 0, 1000);
}
END_TEST

static void root_that_crashes(void)
{
	start(block_all_signals);
	signal(SIGABRT, SIG_DFL);
	abort();
}

START_TEST(children_end_with_a_parent_that_crashes)
{
	kill_roots(root_that_crashes, 0, 1000);
}
END_TEST

/* Other processes of the program, which inherit what its parent has open and go on when that has died. */
static pid_t *bystander;

static void make_bystander(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(members[1]);
		stay();
	}
	*bystander = pid;
}

static void root_with_younger_bystander(void)
{
	start(block_all_signals);
	make_bystander();
	tell_ready();
	stay();
}

static void root_with_older_bystander(void)
{
	make_bystander();
	start(block_all_signals);
	tell_ready();
	stay();
}

static void root_with_program(void)
{
	char *arguments[] = {(char[]){"sleep"}, (char[]){"1000"}, NULL}, *environment[] = {NULL};

	start(block_all_signals);
	if (posix_spawn(bystander, "/bin/sleep", NULL, NULL, arguments, environment) != 0)
		_exit(1);
	tell_ready();
	stay();
}

static void kill_roots_with_bystander(void (*be_root)(void))
{
	bystander = mmap(NULL, sizeof *bystander, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int round = 0; round < ROUNDS / 4; ++round) {
		pid_t root = fork_root(be_root);

		await_ready(2);
		kill(root, SIGKILL);
		ck_assert_int_eq(waitpid(root, NULL, 0), root);
		await_the_end_of_all();
		/* It was none of mproc's, and lives. */
		ck_assert_int_eq(kill(*bystander, SIGKILL), 0);
	}
	munmap(bystander, sizeof *bystander);
}

START_TEST(children_end_although_a_process_forked_later_lives_on)
{
	kill_roots_with_bystander(root_with_younger_bystander);
}
END_TEST

START_TEST(children_end_although_a_process_forked_before_lives_on)
{
	kill_roots_with_bystander(root_with_older_bystander);
}
END_TEST

START_TEST(children_end_although_a_program_started_by_the_parent_lives_on)
{
	kill_roots_with_bystander(root_with_program);
}
END_TEST

/* A process that the program forked itself does not end with the program, but its children end with it. */
static void root_that_forks_a_root(void)
{
	pid_t root = getpid();

	if (fork() == 0) {
		start(start_child);
		await_death_of(root);
		raise(SIGKILL);
	}
	start(be_idle);
	stay();
}

START_TEST(children_of_a_plainly_forked_process_end_with_that)
{
	kill_roots(root_that_forks_a_root, 3, 0);
}
END_TEST

/* By each method: the root is this program anew, and what it does a play (hostile/play.h). */

static const mproc_start methods[] = {MPROC_START_FORK, MPROC_START_SERVER, MPROC_START_SPAWN};

enum {
	METHODS = sizeof methods / sizeof *methods,
	STARTING_THREADS = 5,
	STARTS = 10,
	DEATHS = 20,
};

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static int stay_busy_and_deaf(void *unused)
{
	(void)unused;
	block_all();
	play_tell("ready ");
	for (volatile unsigned i = 0;; ++i)
		;
	return 0;
}

static int stay_and_ignore_all(void *unused)
{
	for (int number = 1; number < NSIG; ++number)
		signal(number, SIG_IGN);
	setsid();
	return play_stay(unused);
}

static int stop_for_good(void *unused)
{
	play_tell("ready ");
	raise(SIGSTOP);
	return play_stay(unused);
}

static int leave_all_kinds(void)
{
	mproc_process_function *const kinds[] = {
		play_stay, stay_busy_and_deaf, stay_and_ignore_all, stop_for_good};

	for (size_t i = 0; i < 2 * sizeof kinds / sizeof *kinds; ++i)
		play_start_with((mproc_process_options){.daemon = i % 2 == 0}, kinds[i / 2], NULL, 0);
	return play_stay(NULL);
}

START_TEST(children_by_each_method_end_with_their_parent_whatever_they_do)
{
	for (int i = 0; i < METHODS; ++i) {
		struct play play = play_begin("leave all kinds", methods[i]);

		play_await(&play, "ready ", 9);
		play_kill(&play);
		play_end(&play);
	}
}
END_TEST

/* A line of descendants: the methods of those that follow, each in two bits. */
typedef struct line {
	int methods;
	mproc_semaphore *ready;
} line;

static int be_a_generation(void *given)
{
	line rest = *(line *)given;
	mproc_process_options options = {
		.start = (mproc_start)(rest.methods % 4), .daemon = rest.methods % 3 == 0};

	rest.methods /= 4;
	if (options.start != MPROC_START_DEFAULT)
		play_start_with(options, be_a_generation, &rest, sizeof rest);
	mproc_semaphore_release(rest.ready, 1);
	return stay_busy_and_deaf(NULL);
}

/* The first of three. */
static mproc_process *start_generations(mproc_semaphore *ready)
{
	const line rest = {.methods = (int)play_method / 4, .ready = ready};

	if (ready == NULL || mproc_semaphore_init(ready, 0, NULL) != 0)
		play_give_up("semaphore", 0);
	return play_start_with((mproc_process_options){.start = (mproc_start)(play_method % 4)},
		be_a_generation, &rest, sizeof rest);
}

static int leave_generations(void)
{
	start_generations(mproc_alloc(sizeof(mproc_semaphore)));
	stay();
	return 0;
}

static struct play begin_generations(const char *name, int number)
{
	int first = number % METHODS, second = number / METHODS % METHODS, third = number / METHODS / METHODS;

	return play_begin(name, (mproc_start)(methods[first] + 4 * methods[second] + 16 * methods[third]));
}

START_TEST(descendants_by_mixed_methods_end_with_the_root)
{
	for (int i = 0; i < METHODS * METHODS * METHODS; ++i) {
		struct play play = begin_generations("leave generations", i);

		play_await(&play, "ready ", 3);
		play_kill(&play);
		play_end(&play);
	}
}
END_TEST

START_TEST(descendants_by_mixed_methods_end_with_a_root_that_is_killed_while_they_start)
{
	for (int i = 0; i < METHODS * METHODS * METHODS; ++i) {
		struct play play = begin_generations("leave generations", i);

		play_sleep(20000);
		play_kill(&play);
		play_end(&play);
	}
}
END_TEST

/* How many slots of the family are taken. */
static int count_members(void)
{
	int count = 0;

	mproci_member_sweep();
	for (uint32_t i = 0; i < atomic_load(&mproci_family_here->member_limit); ++i)
		count += (atomic_load(&mproci_family_here->members[i].word) & 0xff) != MPROCI_MEMBER_FREE;
	return count;
}

/* That the root can go on: it starts by each method, and has nobody left but the server. */
static void check_the_rest(void)
{
	for (int i = 0; i < METHODS; ++i) {
		const mproc_process_options options = {.start = methods[i]};

		if (play_finish(play_start_with(options, play_return_7, NULL, 0)) != 7)
			play_give_up("afterwards, a process by method", methods[i]);
	}
	if (count_members() != 2)
		play_give_up("members that are left", count_members());
}

static int outlive_generations(void)
{
	mproc_semaphore *ready = mproc_alloc(sizeof *ready);
	mproc_process *child = start_generations(ready);

	for (int i = 0; i < 3; ++i)
		mproc_semaphore_acquire(ready, MPROC_FOREVER);
	mproc_process_kill(child);
	if (play_finish(child) != -SIGKILL)
		play_give_up("a killed child", 0);
	check_the_rest();
	return 0;
}

START_TEST(descendants_by_mixed_methods_end_with_the_first_of_them_and_the_root_goes_on)
{
	for (int i = 0; i < METHODS * METHODS * METHODS; ++i) {
		struct play play = begin_generations("outlive generations", i);

		play_end(&play);
		ck_assert_msg(play.code == 0, "%d: %s", play.code, play.text);
	}
}
END_TEST

/* Many starts are under way when the process is killed. */

static void *start_many(void *unused)
{
	for (int i = 0; i < STARTS; ++i)
		play_start(stay_busy_and_deaf);
	return unused;
}

static int start_in_threads(void *unused)
{
	pthread_t threads[STARTING_THREADS];

	for (int i = 0; i < STARTING_THREADS; ++i) {
		if (pthread_create(&threads[i], NULL, start_many, NULL) != 0)
			play_give_up("thread", 0);
	}
	return play_stay(unused);
}

static int start_in_threads_at_once(void)
{
	return start_in_threads(NULL);
}

START_TEST(children_by_each_method_end_with_a_root_that_is_killed_while_it_starts_many)
{
	for (int i = 0; i < METHODS * DEATHS; ++i) {
		struct play play = play_begin("start in threads", methods[i % METHODS]);

		play_await(&play, "ready ", 1);
		play_sleep(30000);
		play_kill(&play);
		play_end(&play);
	}
}
END_TEST

static int outlive_those_who_start_many(void)
{
	srand((unsigned)getpid());
	for (int i = 0; i < DEATHS; ++i) {
		const mproc_process_options options = {.start = methods[i % METHODS]};
		/* The method of those that it starts comes with the arguments of this program, also to a served process. */
		mproc_process *child = play_start_with(options, start_in_threads, NULL, 0);

		play_sleep(30000);
		mproc_process_kill(child);
		if (play_finish(child) != -SIGKILL)
			play_give_up("a killed child", i);
	}
	check_the_rest();
	return 0;
}

START_TEST(children_by_each_method_end_with_those_that_are_killed_while_they_start_many)
{
	for (int i = 0; i < METHODS; ++i) {
		struct play play = play_begin("outlive those who start many", methods[i]);

		/* What it says is only that they have come. */
		while (play_read(&play, "the play does not go on"))
			play.length = strstr(play.text, "[") == NULL ? 0 : play.length;
		play_end(&play);
		ck_assert_msg(play.code == 0, "%d: %s", play.code, play.text);
	}
}
END_TEST

/* A spawned program that takes its time, or for ever, to come to mproc_init. */

static void await_the_parents_end(void)
{
	pid_t parent = getppid();

	if (getenv("MPROC_SPAWN") == NULL)
		return;
	play_tell("begun ");
	await_death_of(parent);
}

/* Once its parent has come so far as to tie it to itself; the lifeline is the third number. */
static void never_come_to_init(void)
{
	const char *value = getenv("MPROC_SPAWN");
	int lifeline;

	if (value == NULL || sscanf(value, "%*d,%*d,%d", &lifeline) != 1)
		return;
	while (fcntl(lifeline, F_GETOWN) != getpid() || (fcntl(lifeline, F_GETFL) & O_ASYNC) == 0)
		usleep(1000);
	stay_busy_and_deaf(NULL);
}

static int start_one(void)
{
	play_start(play_stay);
	return play_stay(NULL);
}

START_TEST(spawned_process_that_comes_to_init_after_its_parents_end_ends_there)
{
	struct play play = play_begin("late to init", MPROC_START_SPAWN);

	play_await(&play, "begun ", 1);
	play_kill(&play);
	play_end(&play);
	ck_assert_str_eq(play.text, "begun ");
}
END_TEST

START_TEST(spawned_process_that_never_comes_to_init_ends_with_its_parent)
{
	struct play play = play_begin("never to init", MPROC_START_SPAWN);

	play_await(&play, "ready ", 1);
	play_kill(&play);
	play_end(&play);
}
END_TEST

static const play_part plays[] = {
	{"leave all kinds", leave_all_kinds, NULL},
	{"leave generations", leave_generations, NULL},
	{"outlive generations", outlive_generations, NULL},
	{"start in threads", start_in_threads_at_once, NULL},
	{"outlive those who start many", outlive_those_who_start_many, NULL},
	{"late to init", start_one, await_the_parents_end},
	{"never to init", start_one, never_come_to_init},
	{NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
	const TTest *process_tests[] = {
		children_end_with_their_parent_whatever_they_do,
		children_end_with_a_parent_that_is_killed_at_a_random_moment,
		grandchildren_end_with_the_root,
		grandchildren_end_with_a_root_that_is_killed_while_they_start,
		children_end_with_a_parent_whose_forking_thread_ended_before,
		child_lives_on_when_the_thread_that_forked_it_ends,
		stopped_child_ends_with_its_parent,
		children_end_with_a_parent_that_exits,
		children_end_with_a_parent_that_crashes,
		children_end_although_a_process_forked_later_lives_on,
		children_end_although_a_process_forked_before_lives_on,
		children_end_although_a_program_started_by_the_parent_lives_on,
		children_of_a_plainly_forked_process_end_with_that,
		children_by_each_method_end_with_their_parent_whatever_they_do,
		descendants_by_mixed_methods_end_with_the_root,
		descendants_by_mixed_methods_end_with_a_root_that_is_killed_while_they_start,
		descendants_by_mixed_methods_end_with_the_first_of_them_and_the_root_goes_on,
		children_by_each_method_end_with_a_root_that_is_killed_while_it_starts_many,
		children_by_each_method_end_with_those_that_are_killed_while_they_start_many,
		spawned_process_that_comes_to_init_after_its_parents_end_ends_there,
		spawned_process_that_never_comes_to_init_ends_with_its_parent,
		NULL,
	};
	const support_suite suite = {
		.name = "orphans",
		.process_tests = process_tests,
		.setup = play_choose_moments,
		.timeout = 300,
	};

	return argc > 1 ? play_run(plays, argc, argv) : support_run_suite(&suite);
}
