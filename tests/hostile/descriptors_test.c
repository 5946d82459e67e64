/* SPDX-License-Identifier: MIT */
/*
 * Programs that close all descriptors, the library's too, and open others under their numbers; that may open no more; that
 * close them in a child.
 *
 * Closing the lifeline ends the children (mproc/process.h).  After that forks go on as ever, the other starts work or say
 * that they cannot; nothing hangs, and nothing is done to a descriptor that is the program's.
 */
#include "play.h"
#include "support.h"

#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	LAST = 1023,
	OPENED = 24,
};

static void expect_by_each_method(const char *name)
{
	for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method)
		play_expect(name, method, 0, "");
}

static void close_everything(void)
{
	for (int fd = 3; fd <= LAST; ++fd)
		close(fd);
}

/* What the program has under the numbers that are free: at each place something else, and none is ever readable. */
typedef struct own {
	int fds[OPENED];
	struct stat info[OPENED];
	pid_t bystander;
} own;

static int open_one(const own *mine, int kind)
{
	int ends[2];

	if (kind == 0)
		return pidfd_open(mine->bystander, 0);
	if (kind == 1)
		return eventfd(0, 0);
	if (kind == 2)
		return socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (pipe(ends) != 0)
		return -1;
	/* Out of the way, so that the pipe is never at its end. */
	fcntl(ends[1], F_DUPFD, LAST + 1);
	close(ends[1]);
	return ends[0];
}

static pid_t make_bystander(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static void open_others(own *mine, int kind)
{
	mine->bystander = make_bystander();
	for (int i = 0; i < OPENED; ++i) {
		mine->fds[i] = open_one(mine, (kind + i) % 4);
		if (mine->fds[i] < 0 || fstat(mine->fds[i], &mine->info[i]) != 0)
			play_give_up("cannot open others", errno);
	}
}

static void check_others(const own *mine)
{
	for (int i = 0; i < OPENED; ++i) {
		struct stat info;

		if (fstat(mine->fds[i], &info) != 0 || info.st_ino != mine->info[i].st_ino
			|| info.st_dev != mine->info[i].st_dev || info.st_mode != mine->info[i].st_mode)
			play_give_up("a descriptor of the program was closed", mine->fds[i]);
	}
	if (waitpid(mine->bystander, NULL, WNOHANG) != 0)
		play_give_up("a process of the program was killed", 0);
}

static void forget_others(const own *mine)
{
	kill(mine->bystander, SIGKILL);
	waitpid(mine->bystander, NULL, 0);
}

/* It works; or, when it is no fork, says that it cannot. */
static void start_after_closing(mproc_start method)
{
	const mproc_process_options options = {.start = method};
	mproc_process *process = NULL;
	int rc = mproc_process_start(&options, play_return_7, "something", 10, &process);

	if (rc == 0 && play_finish(process) != 7)
		play_give_up("another exit code", method);
	if (rc < 0 && (method == MPROC_START_FORK || strlen(mproc_error_text()) < 10 || rc != -EBADF))
		play_give_up("start after closing", rc);
}

static void start_by_all_after_closing(void)
{
	for (int round = 0; round < 2; ++round) {
		for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method)
			start_after_closing(method);
	}
}

static int close_before_the_first_start(void)
{
	own mine;

	close_everything();
	start_after_closing(play_method);
	open_others(&mine, 0);
	start_by_all_after_closing();
	check_others(&mine);
	forget_others(&mine);
	return 0;
}

START_TEST(starts_after_all_was_closed_work_or_say_so_and_leave_the_rest_alone)
{
	expect_by_each_method("close before the first start");
}
END_TEST

static int close_after_a_start(void)
{
	own mine;

	if (play_finish(play_start(play_return_7)) != 7)
		return 1;
	close_everything();
	open_others(&mine, 1);
	start_by_all_after_closing();
	check_others(&mine);
	forget_others(&mine);
	return 0;
}

START_TEST(starts_after_all_was_closed_after_a_start_work_or_say_so_as_well)
{
	expect_by_each_method("close after a start");
}
END_TEST

/* Handles whose descriptor the program has closed, and has another under the number. */

static int wait_for_good(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return 0;
}

static int first_kind;

static int close_beside_children(void)
{
	mproc_process *processes[6], *daemon;
	own mine;

	for (int i = 0; i < 6; ++i)
		processes[i] = play_start(wait_for_good);
	daemon = play_start_with((mproc_process_options){.daemon = true}, wait_for_good, NULL, 0);
	close_everything();
	open_others(&mine, first_kind);
	for (int i = 0; i < 6; ++i) {
		mproc_process_is_alive(processes[i]);
		mproc_process_terminate(processes[i]);
		mproc_process_kill(processes[i]);
		check_others(&mine);
	}
	/* Their lifeline is cut. */
	for (int i = 0; i < 6; ++i)
		play_finish(processes[i]);
	check_others(&mine);
	play_finish(daemon);
	check_others(&mine);
	forget_others(&mine);
	return 0;
}

static void have_a_pidfd_first(void)
{
	first_kind = 0;
}

static void have_an_eventfd_first(void)
{
	first_kind = 1;
}

static void have_a_socket_first(void)
{
	first_kind = 2;
}

static void have_a_pipe_first(void)
{
	first_kind = 3;
}

START_TEST(handles_whose_descriptor_was_closed_neither_hang_nor_touch_what_has_its_number)
{
	expect_by_each_method("close beside children, pidfd");
	expect_by_each_method("close beside children, eventfd");
	expect_by_each_method("close beside children, socket");
	expect_by_each_method("close beside children, pipe");
}
END_TEST

/* The end of the program joins them. */
static int close_beside_children_and_leave(void)
{
	own mine;

	play_start(wait_for_good);
	play_start_with((mproc_process_options){.daemon = true}, wait_for_good, NULL, 0);
	close_everything();
	open_others(&mine, 3);
	kill(mine.bystander, SIGKILL);
	return 0;
}

START_TEST(program_that_closed_all_descriptors_comes_to_its_end)
{
	expect_by_each_method("close beside children and leave");
}
END_TEST

/* In a child. */

static int close_in_child(void *unused)
{
	own mine;

	(void)unused;
	close_everything();
	open_others(&mine, 2);
	start_by_all_after_closing();
	check_others(&mine);
	forget_others(&mine);
	return 7;
}

static int have_a_child_close(void)
{
	return play_finish(play_start(close_in_child)) != 7;
}

START_TEST(child_that_closes_all_descriptors_starts_children_of_its_own_or_is_told)
{
	expect_by_each_method("have a child close");
}
END_TEST

/* Daemons have no standard streams; what the library opens must not come to be one. */
static void close_standard_streams(void)
{
	close(STDIN_FILENO);
	close(STDERR_FILENO);
}

static int tell_standard_streams(void *unused)
{
	(void)unused;
	return fcntl(STDIN_FILENO, F_GETFD) < 0 && fcntl(STDERR_FILENO, F_GETFD) < 0 ? 7 : 8;
}

static int start_without_standard_streams(void)
{
	if (tell_standard_streams(NULL) != 7)
		play_give_up("a standard stream of the program", 0);
	for (int i = 0; i < 2; ++i) {
		if (play_finish(play_start(tell_standard_streams)) != 7)
			play_give_up("a standard stream of the child", i);
	}
	return tell_standard_streams(NULL) != 7;
}

START_TEST(standard_streams_that_are_closed_are_closed_in_children_too)
{
	expect_by_each_method("start without standard streams");
}
END_TEST

/* No more descriptors. */

static int find_lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void check_too_many(mproc_start method, struct rlimit limit)
{
	const mproc_process_options options = {.start = method};
	mproc_process *process = NULL;
	int lowest = find_lowest_free(), rc;

	setrlimit(RLIMIT_NOFILE, &limit);
	rc = mproc_process_start(&options, play_return_7, "something", 10, &process);
	if (rc != -EMFILE || strstr(mproc_error_text(), "RLIMIT_NOFILE") == NULL)
		play_give_up("not told of the limit", rc);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (find_lowest_free() != lowest)
		play_give_up("a descriptor was left open", lowest);
	if (play_finish(play_start_with(options, play_return_7, NULL, 0)) != 7)
		play_give_up("another exit code", 0);
}

static int allow_no_more(void)
{
	struct rlimit limit;

	/* So that what stays open for good is there. */
	if (play_finish(play_start(play_return_7)) != 7)
		return 1;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t)find_lowest_free();
	check_too_many(play_method, limit);
	limit.rlim_cur = 0;
	check_too_many(play_method, limit);
	return 0;
}

START_TEST(limit_of_descriptors_is_told_of_and_nothing_is_left)
{
	expect_by_each_method("allow no more");
}
END_TEST

/* Whatever few it may have: it works, or fails, and never hangs. */
static int allow_few(void)
{
	struct rlimit before, limit;

	getrlimit(RLIMIT_NOFILE, &before);
	for (int more = 1; more < 12; ++more) {
		const mproc_process_options options = {.start = play_method};
		mproc_process *process = NULL;
		int rc;

		limit = before;
		limit.rlim_cur = (rlim_t)find_lowest_free() + (rlim_t)more;
		setrlimit(RLIMIT_NOFILE, &limit);
		rc = mproc_process_start(&options, play_return_7, "something", 10, &process);
		if (rc == 0 && play_finish(process) != 7)
			play_give_up("another exit code", more);
		if (rc < 0 && rc != -EMFILE)
			play_give_up("not told of the limit", rc);
		setrlimit(RLIMIT_NOFILE, &before);
	}
	return 0;
}

START_TEST(few_descriptors_are_enough_or_too_few)
{
	expect_by_each_method("allow few");
}
END_TEST

static const play_part plays[] = {
	{"close before the first start", close_before_the_first_start, NULL},
	{"close after a start", close_after_a_start, NULL},
	{"close beside children, pidfd", close_beside_children, have_a_pidfd_first},
	{"close beside children, eventfd", close_beside_children, have_an_eventfd_first},
	{"close beside children, socket", close_beside_children, have_a_socket_first},
	{"close beside children, pipe", close_beside_children, have_a_pipe_first},
	{"close beside children and leave", close_beside_children_and_leave, NULL},
	{"have a child close", have_a_child_close, NULL},
	{"start without standard streams", start_without_standard_streams, close_standard_streams},
	{"allow no more", allow_no_more, NULL},
	{"allow few", allow_few, NULL},
	{NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
	const TTest *process_tests[] = {
		starts_after_all_was_closed_work_or_say_so_and_leave_the_rest_alone,
		starts_after_all_was_closed_after_a_start_work_or_say_so_as_well,
		handles_whose_descriptor_was_closed_neither_hang_nor_touch_what_has_its_number,
		program_that_closed_all_descriptors_comes_to_its_end,
		child_that_closes_all_descriptors_starts_children_of_its_own_or_is_told,
		standard_streams_that_are_closed_are_closed_in_children_too,
		limit_of_descriptors_is_told_of_and_nothing_is_left,
		few_descriptors_are_enough_or_too_few,
		NULL,
	};
	const support_suite suite = {.name = "descriptors", .process_tests = process_tests, .timeout = 300};

	return argc > 1 ? play_run(plays, argc, argv) : support_run_suite(&suite);
}
