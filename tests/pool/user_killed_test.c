/* SPDX-License-Identifier: MIT */
/*
 * The program that uses a pool ends, in whatever way and whatever it was doing: nothing remains, not even what tasks have
 * forked and moved into sessions of their own.
 *
 * All processes of such a program hold the write end of a pipe: its end of file tells that the last one has gone.
 */
#include "descendants.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

enum {
	WORKERS = 2,
	/* Who takes longer does not end. */
	FOREVER_MILLISECONDS = 30000,
	ROUNDS = 60,
};

/* The end that everybody holds, and the end that the test reads. */
static int members[2];

/* ---- what tasks leave ---- */

static int stay_with_descendants(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	fork_descendants();
	stay_as_descendant();
}

static int leave_descendants(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	fork_descendants();
	return 0;
}

static int stay_as_worker(void *unused)
{
	return stay_with_descendants(NULL, unused, NULL);
}

/* ---- what the program does: each arrives so often ---- */

typedef struct scene {
	void (*play)(void);
	unsigned arrivals;
} scene;

static void map_for_ever(void)
{
	mproc_pool_map(open_processes(WORKERS), stay_with_descendants, NULL, 0, WORKERS, NULL, 0,
		&(mproc_map_options){.chunk = 1});
}

static void wait_for_futures(void)
{
	mproc_pool *pool = open_processes(WORKERS);
	mproc_future *futures[2 * WORKERS];

	for (int i = 0; i < 2 * WORKERS; ++i)
		assert_ok(mproc_pool_submit(pool, stay_with_descendants, NULL, 0, 0, NULL, &futures[i]));
	mproc_future_wait_all(futures, 2 * (size_t)WORKERS, MPROC_FOREVER);
}

static void wait_for_stream(void)
{
	mproc_stream *stream;
	mproc_entry entry;

	assert_ok(mproc_pool_imap(
		open_processes(WORKERS), stay_with_descendants, NULL, 0, 1000, 0, NULL, &stream));
	mproc_stream_next(stream, MPROC_FOREVER, &entry);
}

static void be_idle(void)
{
	assert_ok(
		mproc_pool_map(open_processes(WORKERS), leave_descendants, NULL, 0, WORKERS, NULL, 0, NULL));
	pause();
}

static void open_for_ever(void)
{
	mproc_pool *pool;

	mproc_pool_open(&(mproc_pool_options){.workers = WORKERS, .initializer = stay_as_worker}, &pool);
}

static void close_for_ever(void)
{
	mproc_pool *pool;

	assert_ok(mproc_pool_open(
		&(mproc_pool_options){.workers = WORKERS, .finalizer = stay_as_worker}, &pool));
	mproc_pool_close(pool);
	pause();
}

static int use_inner_pool(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	map_for_ever();
	return 0;
}

static void have_a_pool_in_a_pool(void)
{
	mproc_pool_map(open_processes(WORKERS), use_inner_pool, NULL, 0, WORKERS, NULL, 0,
		&(mproc_map_options){.chunk = 1});
}

/* Among them is the one that ties the nursery to it. */
static void close_all_descriptors(void)
{
	mproc_pool *pool = open_processes(WORKERS);

	for (int fd = 3; fd < 100; ++fd)
		close(fd);
	while (mproc_pool_map(pool, leave_descendants, NULL, 0, WORKERS, NULL, 0, NULL) == 0)
		;
	assert_text_has("has died");
	mproc_pool_close(pool);
	stay_as_descendant();
}

static const scene scenes[] = {
	{map_for_ever, 3 * WORKERS},
	{wait_for_futures, 3 * WORKERS},
	{wait_for_stream, 3 * WORKERS},
	{be_idle, 2 * WORKERS},
	{open_for_ever, 3 * WORKERS},
	{close_for_ever, 3 * WORKERS},
	{have_a_pool_in_a_pool, 3 * WORKERS *WORKERS},
};

enum {
	SCENES = sizeof scenes / sizeof *scenes
};

/* ---- the test ---- */

/* In a group of its own, as a shell starts it. */
static pid_t start_program(void (*play)(void))
{
	pid_t program;

	*left = (descendants){0};
	ck_assert_int_eq(pipe2(members, O_CLOEXEC), 0);
	program = fork();
	ck_assert_int_ge(program, 0);
	if (program == 0) {
		setpgid(0, 0);
		/* libcheck's handler would end the test, AddressSanitizer's would exit. */
		signal(SIGINT, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		close(members[0]);
		play();
		_exit(0);
	}
	close(members[1]);
	setpgid(program, program);
	return program;
}

static void check_nothing_remains(pid_t program)
{
	struct pollfd end = {.fd = members[0], .events = POLLIN};
	int rc = poll(&end, 1, FOREVER_MILLISECONDS);

	close(members[0]);
	if (rc != 1) {
		kill(-program, SIGKILL);
		kill_descendants();
	}
	ck_assert_msg(rc == 1, "something outlives the program");
}

static int end_program(pid_t program, int number)
{
	int status;

	kill(program, number);
	ck_assert_int_eq(waitpid(program, &status, 0), program);
	return status;
}

static void end_each_scene_by(int number)
{
	char directory[] = "/tmp/mproc-test-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	expect_descendants();
	for (unsigned i = 0; i < SCENES; ++i) {
		pid_t program = start_program(scenes[i].play);
		int status;

		wait_until(left->count >= scenes[i].arrivals);
		status = end_program(program, number);
		ck_assert_msg(
			WIFSIGNALED(status) && WTERMSIG(status) == number, "scene %u: status %#x", i, status);
		check_nothing_remains(program);
	}
	ck_assert_int_eq(chdir("/"), 0);
	/* Which succeeds when there is no file in it. */
	ck_assert_int_eq(rmdir(directory), 0);
}

START_TEST(nothing_remains_of_a_killed_program)
{
	end_each_scene_by(SIGKILL);
}
END_TEST

START_TEST(nothing_remains_of_a_crashed_program)
{
	end_each_scene_by(SIGSEGV);
}
END_TEST

START_TEST(nothing_remains_of_an_interrupted_program)
{
	end_each_scene_by(SIGINT);
}
END_TEST

static void interrupt_scene(const scene *played)
{
	pid_t program = start_program(played->play);
	int status;

	wait_until(left->count >= played->arrivals);
	kill(-program, SIGINT);
	ck_assert_int_eq(waitpid(program, &status, 0), program);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	check_nothing_remains(program);
}

START_TEST(nothing_remains_when_the_terminal_interrupts_all_of_a_program)
{
	expect_descendants();
	for (unsigned i = 0; i < SCENES; ++i)
		interrupt_scene(&scenes[i]);
}
END_TEST

static void *exit_soon(void *unused)
{
	(void)unused;
	wait_until(left->count >= 3 * WORKERS);
	exit(0);
}

static void exit_in_map(void)
{
	mproc_pool *pool = open_processes(WORKERS);
	pthread_t thread;

	pthread_create(&thread, NULL, exit_soon, NULL);
	mproc_pool_map(
		pool, stay_with_descendants, NULL, 0, WORKERS, NULL, 0, &(mproc_map_options){.chunk = 1});
}

START_TEST(nothing_remains_of_a_program_that_exits_in_the_middle)
{
	pid_t program;
	int status;

	expect_descendants();
	program = start_program(exit_in_map);
	ck_assert_int_eq(waitpid(program, &status, 0), program);
	ck_assert(WIFEXITED(status));
	check_nothing_remains(program);
}
END_TEST

START_TEST(nothing_remains_though_all_workers_are_stopped)
{
	pid_t program;

	expect_descendants();
	program = start_program(map_for_ever);
	wait_until(left->count >= 3 * WORKERS);
	for (unsigned i = 0; i < 3 * WORKERS; ++i)
		kill(left->pids[i], SIGSTOP);
	for (unsigned i = 0; i < 3 * WORKERS; ++i)
		wait_until(is_stopped(left->pids[i]));
	end_program(program, SIGKILL);
	check_nothing_remains(program);
}
END_TEST

START_TEST(nothing_remains_of_a_program_that_closed_all_descriptors)
{
	pid_t program;

	expect_descendants();
	program = start_program(close_all_descriptors);
	wait_until(left->count > 0 && left->pids[(left->count - 1) % MOST_DESCENDANTS] == program);
	end_program(program, SIGKILL);
	check_nothing_remains(program);
}
END_TEST

/* ---- at any moment ---- */

static int leave_sometimes(const void *item, void *result, mproc_task *task)
{
	if (mproc_task_index(task) % 8 == 0)
		fork_descendants();
	return item == result ? 0 : -EINVAL;
}

static void open_work_and_close(void)
{
	for (;;) {
		mproc_pool *pool = open_processes(WORKERS);

		++left->count;
		mproc_pool_map(pool, leave_sometimes, NULL, 0, 20, NULL, 0, NULL);
		mproc_pool_close(pool);
	}
}

START_TEST(nothing_remains_of_a_program_killed_at_any_moment)
{
	unsigned seed = 1;

	expect_descendants();
	for (int round = 0; round < ROUNDS; ++round) {
		pid_t program = start_program(open_work_and_close);

		nanosleep(&(struct timespec){.tv_nsec = rand_r(&seed) % 20000000}, NULL);
		end_program(program, SIGKILL);
		check_nothing_remains(program);
	}
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		nothing_remains_of_a_killed_program,
		nothing_remains_of_a_crashed_program,
		nothing_remains_of_an_interrupted_program,
		nothing_remains_when_the_terminal_interrupts_all_of_a_program,
		nothing_remains_of_a_program_that_exits_in_the_middle,
		nothing_remains_though_all_workers_are_stopped,
		nothing_remains_of_a_program_that_closed_all_descriptors,
		nothing_remains_of_a_program_killed_at_any_moment,
		NULL,
	};
	const support_suite suite = {
		.name = "users of pools killed",
		.process_tests = process_tests,
		.timeout = 120,
	};

	return support_run_suite(&suite);
}
