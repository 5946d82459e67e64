/* SPDX-License-Identifier: MIT */
/*
 * The server is killed: what it has started lives on and is joined, and who needs a server next gets one, which does not
 * outlive who made it.
 */
#include "family/member.h"
#include "play.h"
#include "process/server.h"
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum {
	OTHERS = 6,
	THREADS = 4,
	STARTS = 20,
	KILLS = 30,
	STAMPS = 1 << 13,
};

typedef struct board {
	mproc_semaphore ready, gate;
	_Atomic int failed;
	_Atomic bool is_over;
} board;

static board *make_board(void)
{
	board *here = mproc_calloc(1, sizeof *here);

	if (here == NULL || mproc_semaphore_init(&here->ready, 0, NULL) != 0
		|| mproc_semaphore_init(&here->gate, 0, NULL) != 0)
		play_give_up("no board", 0);
	return here;
}

/* The server that this process knows: its member, when it has come to be one. */
static mproci_id find_server(void)
{
	uint32_t stamp = mproci_server_stamp();
	pid_t pid = 0;

	while (stamp != 0 && mproci_member_is_there(stamp) && mproci_member_find(pid) == 0) {
		pid = atomic_load(&mproci_member_slot(stamp % STAMPS - 1)->pid);
		sched_yield();
	}
	return pid == 0 ? 0 : mproci_member_find(pid);
}

static pid_t find_server_pid(void)
{
	mproci_id id = find_server();

	return id == 0 ? 0 : atomic_load(&mproci_member_slot(id)->pid);
}

/* And wait until it is dead; whose child it is need not have waited for it. */
static void kill_server(void)
{
	mproci_id id = find_server();
	int end = mproci_child_open(find_server_pid(), atomic_load(&mproci_member_slot(id)->start_time));

	if (end < 0 || mproci_child_kill(end) != 0
		|| mproci_child_wait(end, mproc_after(PLAY_PATIENCE_SECONDS)) != 0)
		play_give_up("the server cannot be killed", end);
	close(end);
}

static mproc_process *serve(mproc_process_function *function, const void *argument)
{
	return play_start_with((mproc_process_options){.start = MPROC_START_SERVER}, function, argument, 0);
}

static void check_that_one_is_served(void)
{
	int code = play_finish(serve(play_return_7, NULL));

	if (code != 7)
		play_give_up("a served process", code);
}

static int be_served(void *unused)
{
	(void)unused;
	check_that_one_is_served();
	return 7;
}

static int pass_gate(void *shared)
{
	board *here = shared;

	mproc_semaphore_release(&here->ready, 1);
	return mproc_semaphore_acquire(&here->gate, MPROC_FOREVER) == 0 ? 7 : 8;
}

static int exit_9(void *shared)
{
	pass_gate(shared);
	exit(9);
}

static void await_ready(board *here, int count)
{
	while (count-- > 0)
		mproc_semaphore_acquire(&here->ready, MPROC_FOREVER);
}

static void check_code(mproc_process *process, int expected)
{
	int code = play_finish(process);

	if (code != expected)
		play_give_up("another exit code", code);
}

static int kill_the_server_of_three(void)
{
	board *here = make_board();
	mproc_process *returns = serve(pass_gate, here), *exits = serve(exit_9, here),
		      *killed = serve(pass_gate, here);

	await_ready(here, 3);
	kill_server();
	for (int i = 0; i < 3; ++i)
		check_that_one_is_served();
	if (mproc_process_is_alive(returns) != 1 || mproc_process_is_alive(exits) != 1
		|| mproc_process_is_alive(killed) != 1)
		play_give_up("a child has not outlived the server", 0);
	mproc_process_kill(killed);
	check_code(killed, 1000);
	mproc_semaphore_release(&here->gate, 2);
	check_code(returns, 7);
	check_code(exits, 9);
	return 0;
}

START_TEST(children_of_a_killed_server_live_on_and_are_joined)
{
	play_expect("kill the server of three", MPROC_START_SERVER, 0, "");
}
END_TEST

static int leave_children_of_a_killed_server(void)
{
	board *here = make_board();

	serve(pass_gate, here);
	serve(play_stay, NULL);
	await_ready(here, 1);
	kill_server();
	check_that_one_is_served();
	return play_stay(NULL);
}

START_TEST(children_of_a_killed_server_end_with_their_parent)
{
	struct play play = play_begin("leave children of a killed server", MPROC_START_SERVER);

	play_await(&play, "ready ", 2);
	play_kill(&play);
	play_end(&play);
}
END_TEST

/* Not waited for: the last one's end is all that the root's end waits for. */
static int end_with_children_of_a_killed_server(void)
{
	board *here = make_board();

	serve(pass_gate, here);
	await_ready(here, 1);
	play_start_with(
		(mproc_process_options){.start = MPROC_START_SERVER, .daemon = true}, play_stay, NULL, 0);
	kill_server();
	mproc_semaphore_release(&here->gate, 1);
	return 5;
}

START_TEST(children_of_a_killed_server_are_joined_or_ended_at_the_end_of_their_parent)
{
	for (int i = 0; i < KILLS; ++i) {
		struct play play = play_begin("end with children of a killed server", MPROC_START_SERVER);

		play_end(&play);
		ck_assert_msg(play.code == 5, "%d: %s", play.code, play.text);
	}
}
END_TEST

/* A server that is made again is as the first. */
static void read_signals(char lines[512])
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)find_server_pid());
	file = fopen(path, "re");
	lines[0] = '\0';
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0
			|| strncmp(line, "SigCgt", 6) == 0)
			strncat(lines, line, 511 - strlen(lines));
	}
	if (file != NULL)
		fclose(file);
}

static int compare_servers(void)
{
	char before[512], after[512];

	signal(SIGUSR1, SIG_IGN);
	check_that_one_is_served();
	read_signals(before);
	kill_server();
	check_that_one_is_served();
	read_signals(after);
	/* What is ignored is the program's affair, but SIGCHLD and SIGINT are the server's. */
	*strstr(before, "SigIgn") = *strstr(after, "SigIgn") = '\0';
	if (strcmp(before, after) != 0) {
		play_tell(before);
		play_tell("then ");
		play_tell(after);
	}
	return 0;
}

START_TEST(server_made_again_has_all_signals_blocked_too)
{
	play_expect("compare servers", MPROC_START_SERVER, 0, "");
}
END_TEST

static int ignore_sigchld_and_kill_the_server(void)
{
	signal(SIGCHLD, SIG_IGN);
	check_that_one_is_served();
	kill_server();
	for (int i = 0; i < STARTS; ++i) {
		mproc_process *process = serve(play_stay, NULL);

		check_that_one_is_served();
		mproc_process_kill(process);
		check_code(process, -SIGKILL);
	}
	return 0;
}

START_TEST(server_made_again_knows_endings_although_the_program_ignores_sigchld)
{
	struct play play = play_begin("ignore sigchld and kill the server", MPROC_START_SERVER);

	play_end(&play);
	ck_assert_msg(play.code == 0, "%d: %s", play.code, play.text);
}
END_TEST

/* Several find the server dead at once. */

static int start_some(void *shared)
{
	board *here = shared;

	if (pass_gate(shared) != 7)
		return 1;
	for (int i = 0; i < STARTS; ++i) {
		mproc_process *process = NULL;
		const mproc_process_options options = {.start = MPROC_START_SERVER};
		int code = 1000, rc;

		rc = mproc_process_start(&options, play_return_7, NULL, 0, &process);
		if (rc != 0)
			play_give_up("start in another process", rc);
		if (mproc_process_join(process, mproc_after(PLAY_PATIENCE_SECONDS)) != 0
			|| mproc_process_exit_code(process, &code) != 0 || code != 7)
			atomic_fetch_add(&here->failed, 1);
		mproc_process_close(process);
	}
	return 7;
}

static void *start_some_in_thread(void *shared)
{
	start_some(shared);
	return NULL;
}

static void kill_server_of_many(board *here, mproc_process *others[OTHERS])
{
	await_ready(here, OTHERS);
	kill_server();
	mproc_semaphore_release(&here->gate, OTHERS);
	for (int i = 0; i < OTHERS; ++i)
		check_code(others[i], 7);
	if (here->failed != 0)
		play_give_up("processes that were not joined with their code", here->failed);
}

static int let_many_find_the_server_dead(void)
{
	board *here = make_board();
	mproc_process *others[OTHERS];

	for (int round = 0; round < 5; ++round) {
		for (int i = 0; i < OTHERS; ++i)
			others[i] = play_start_with(
				(mproc_process_options){.start = play_method}, start_some, here, 0);
		kill_server_of_many(here, others);
		check_that_one_is_served();
	}
	return 0;
}

START_TEST(many_processes_that_find_the_server_dead_at_once_get_another)
{
	for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method)
		play_expect("let many find the server dead", method, 0, "");
}
END_TEST

static int let_threads_find_the_server_dead(void)
{
	board *here = make_board();
	pthread_t threads[THREADS];

	for (int round = 0; round < 5; ++round) {
		for (int i = 0; i < THREADS; ++i)
			pthread_create(&threads[i], NULL, start_some_in_thread, here);
		await_ready(here, THREADS);
		kill_server();
		mproc_semaphore_release(&here->gate, THREADS);
		for (int i = 0; i < THREADS; ++i)
			pthread_join(threads[i], NULL);
		if (here->failed != 0)
			play_give_up("processes that were not joined with their code", here->failed);
	}
	return 0;
}

START_TEST(threads_that_find_the_server_dead_at_once_get_another)
{
	play_expect("let threads find the server dead", MPROC_START_SERVER, 0, "");
}
END_TEST

/* Killed at any moment of a start. */

static void *start_all_the_time(void *shared)
{
	board *here = shared;

	while (!here->is_over) {
		const mproc_process_options options = {.start = MPROC_START_SERVER};
		mproc_process *process = NULL;
		int rc = mproc_process_start(&options, play_return_7, NULL, 0, &process);

		/* It was killed twice, or once just as it had forked. */
		if (rc == -ENOEXEC)
			continue;
		if (rc != 0)
			play_give_up("start", rc);
		rc = play_finish(process);
		if (rc != 7 && rc != 1000)
			play_give_up("another exit code", rc);
	}
	return NULL;
}

static int kill_servers_all_the_time(void)
{
	board *here = make_board();
	pthread_t threads[THREADS];

	srand((unsigned)getpid());
	for (int i = 0; i < THREADS; ++i)
		pthread_create(&threads[i], NULL, start_all_the_time, here);
	for (int i = 0; i < 4 * KILLS; ++i) {
		pid_t server = find_server_pid();

		play_sleep(5000);
		/* Another may have its pid only when this family has waited for it: then a new one is known. */
		if (server > 0 && server == find_server_pid())
			kill(server, SIGKILL);
	}
	here->is_over = true;
	for (int i = 0; i < THREADS; ++i)
		pthread_join(threads[i], NULL);
	check_that_one_is_served();
	return 0;
}

/* What is forked meanwhile, in the middle of making another server, makes its own. */
static void check_that_one_is_served_in_a_fork(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		check_that_one_is_served();
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		play_give_up("the end of a forked process", status);
}

static int fork_while_servers_are_killed(void)
{
	board *here = make_board();
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; ++i)
		pthread_create(&threads[i], NULL, start_all_the_time, here);
	for (int i = 0; i < KILLS; ++i) {
		pid_t server = find_server_pid();

		if (server > 0 && server == find_server_pid())
			kill(server, SIGKILL);
		check_that_one_is_served_in_a_fork();
	}
	here->is_over = true;
	for (int i = 0; i < THREADS; ++i)
		pthread_join(threads[i], NULL);
	return 0;
}

START_TEST(process_forked_while_a_server_is_made_again_gets_its_own)
{
	for (int i = 0; i < 3; ++i)
		play_expect("fork while servers are killed", MPROC_START_SERVER, 0, "");
}
END_TEST

START_TEST(servers_killed_at_any_moment_of_a_start_lose_nobody)
{
	for (int i = 0; i < 3; ++i)
		play_expect("kill servers all the time", MPROC_START_SERVER, 0, "");
}
END_TEST

/* Stopped, it keeps those waiting who need it; killed, no more. */
static void *be_served_in_thread(void *unused)
{
	check_that_one_is_served();
	return unused;
}

static int kill_the_stopped_server(void)
{
	pthread_t threads[THREADS];

	check_that_one_is_served();
	kill(find_server_pid(), SIGSTOP);
	for (int i = 0; i < THREADS; ++i)
		pthread_create(&threads[i], NULL, be_served_in_thread, NULL);
	srand((unsigned)getpid());
	play_sleep(20000);
	kill_server();
	for (int i = 0; i < THREADS; ++i)
		pthread_join(threads[i], NULL);
	return 0;
}

START_TEST(start_by_a_stopped_server_is_done_by_another_when_that_is_killed)
{
	for (int i = 0; i < 5; ++i)
		play_expect("kill the stopped server", MPROC_START_SERVER, 0, "");
}
END_TEST

/* Killed before it ever ran: both are on one CPU, where the root has not yet left. */

static void stay_on_one_cpu(void)
{
	cpu_set_t now, one;

	sched_getaffinity(0, sizeof now, &now);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
		if (CPU_ISSET(cpu, &now))
			CPU_SET(cpu, &one);
	}
	sched_setaffinity(0, sizeof one, &one);
}

static int kill_the_newborn_server(void)
{
	char path[64], text[64] = "";
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (file != NULL && fgets(text, sizeof text, file) != NULL && atoi(text) > 0)
		kill(atoi(text), SIGKILL);
	if (file != NULL)
		fclose(file);
	/* In a child, too, which cannot wait for it. */
	if (play_finish(play_start_with((mproc_process_options){.start = play_method}, be_served, NULL, 0))
		!= 7)
		return 1;
	check_that_one_is_served();
	return 0;
}

START_TEST(server_killed_before_it_ran_is_made_again)
{
	for (int i = 0; i < KILLS; ++i)
		play_expect(
			"kill the newborn server", i % 2 == 0 ? MPROC_START_FORK : MPROC_START_SPAWN, 0, "");
}
END_TEST

/* Who made the server ends. */

static int make_a_server(void *unused)
{
	(void)unused;
	kill_server();
	check_that_one_is_served();
	return play_stay(NULL);
}

static int outlive_the_maker_of_a_server(void)
{
	const mproc_process_options options = {.start = play_method};
	mproc_process *maker = play_start_with(options, make_a_server, NULL, 0);
	mproc_process *second = NULL;

	/* The maker's server is not this process's: this one finds out by itself that the first is dead. */
	while (mproci_child_wait(mproc_process_fd(maker), MPROC_NOW) == -ETIMEDOUT
		&& mproci_member_lives(mproci_server_stamp()))
		usleep(1000);
	second = serve(play_return_7, NULL);
	mproc_process_kill(maker);
	/* It killed the one who would know how it ended, when it was served. */
	check_code(maker, play_method == MPROC_START_SERVER ? 1000 : -SIGKILL);
	check_code(second, 7);
	check_that_one_is_served();
	/* Until here all of its must have ended. */
	return 0;
}

START_TEST(server_made_again_ends_with_who_made_it)
{
	for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method) {
		struct play play = play_begin("outlive the maker of a server", method);

		play_end(&play);
		ck_assert_msg(play.code == 0, "%d: %s", play.code, play.text);
	}
}
END_TEST

static const play_part plays[] = {
	{"kill the server of three", kill_the_server_of_three, NULL},
	{"leave children of a killed server", leave_children_of_a_killed_server, NULL},
	{"end with children of a killed server", end_with_children_of_a_killed_server, NULL},
	{"compare servers", compare_servers, NULL},
	{"ignore sigchld and kill the server", ignore_sigchld_and_kill_the_server, NULL},
	{"let many find the server dead", let_many_find_the_server_dead, NULL},
	{"let threads find the server dead", let_threads_find_the_server_dead, NULL},
	{"kill servers all the time", kill_servers_all_the_time, NULL},
	{"fork while servers are killed", fork_while_servers_are_killed, NULL},
	{"kill the stopped server", kill_the_stopped_server, NULL},
	{"kill the newborn server", kill_the_newborn_server, stay_on_one_cpu},
	{"outlive the maker of a server", outlive_the_maker_of_a_server, NULL},
	{NULL, NULL, NULL},
};

static void prepare(void)
{
	play_choose_moments();
	play_forgive_leaks();
}

int main(int argc, char **argv)
{
	const TTest *process_tests[] = {
		children_of_a_killed_server_live_on_and_are_joined,
		children_of_a_killed_server_end_with_their_parent,
		children_of_a_killed_server_are_joined_or_ended_at_the_end_of_their_parent,
		server_made_again_has_all_signals_blocked_too,
		server_made_again_knows_endings_although_the_program_ignores_sigchld,
		many_processes_that_find_the_server_dead_at_once_get_another,
		threads_that_find_the_server_dead_at_once_get_another,
		servers_killed_at_any_moment_of_a_start_lose_nobody,
		process_forked_while_a_server_is_made_again_gets_its_own,
		start_by_a_stopped_server_is_done_by_another_when_that_is_killed,
		server_killed_before_it_ran_is_made_again,
		server_made_again_ends_with_who_made_it,
		NULL,
	};
	const support_suite suite = {
		.name = "killed server",
		.process_tests = process_tests,
		.setup = prepare,
		.timeout = 300,
	};

	return argc > 1 ? play_run(plays, argc, argv) : support_run_suite(&suite);
}
