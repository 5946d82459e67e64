/* SPDX-License-Identifier: MIT */
/*
 * Programs that become somebody else, or go elsewhere, after mproc_init: another user, root directory, working directory,
 * umask.  What a child then is, mproc/process.h says for each start method.
 */
#include "play.h"
#include "support.h"

#include <limits.h>
#include <sys/stat.h>

enum {
	SOMEBODY = 54321,
};

static const mproc_start methods[] = {MPROC_START_FORK, MPROC_START_SERVER, MPROC_START_SPAWN};

static void expect_by_each_method(const char *name)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i)
		play_expect(name, methods[i], 0, "");
}

static bool is_root(void)
{
	return geteuid() == 0;
}

static void become_somebody(void)
{
	if (setresgid(SOMEBODY, SOMEBODY, SOMEBODY) != 0 || setresuid(SOMEBODY, SOMEBODY, SOMEBODY) != 0)
		play_give_up("setresuid", errno);
}

static int tell_who(void *unused)
{
	(void)unused;
	return getuid() == SOMEBODY && geteuid() == SOMEBODY ? 1 : 0;
}

static void check_code(mproc_process *process, int expected)
{
	int code = play_finish(process);

	if (code != expected)
		play_give_up("another exit code", code);
}

static int start_as_somebody(void)
{
	become_somebody();
	for (int i = 0; i < 3; ++i)
		check_code(play_start_with((mproc_process_options){0}, tell_who, "something", 10), 1);
	return 0;
}

static int start_and_become_somebody(void)
{
	check_code(play_start(tell_who), 0);
	return start_as_somebody();
}

START_TEST(children_of_a_program_that_gave_up_its_privileges_have_none_either)
{
	if (!is_root())
		return;
	expect_by_each_method("start as somebody");
	expect_by_each_method("start and become somebody");
}
END_TEST

/* The child still has the privileges. */
static int kill_as_somebody(void)
{
	mproc_process *process = play_start(play_stay);
	int rc;

	become_somebody();
	rc = mproc_process_kill(process);
	if (rc != -EPERM || strstr(mproc_error_text(), "may not send it signal") == NULL)
		play_give_up("kill", rc);
	return 0;
}

START_TEST(child_that_may_not_be_killed_is_told_of)
{
	/* It cannot be joined either: this program must end in another way. */
	if (!is_root())
		return;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i) {
		struct play play = play_begin("kill as somebody", methods[i]);

		play_await(&play, "ready ", 1);
		play_kill(&play);
		play_end(&play);
	}
}
END_TEST

/* Nobody outlives it, whoever they are. */
static int leave_children_as_somebody(void)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i)
		play_start_with((mproc_process_options){.start = methods[i]}, play_stay, NULL, 0);
	become_somebody();
	for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i)
		play_start_with((mproc_process_options){.start = methods[i]}, play_stay, NULL, 0);
	return play_stay(NULL);
}

START_TEST(children_end_with_a_parent_that_gave_up_its_privileges)
{
	struct play play;

	if (!is_root())
		return;
	play = play_begin("leave children as somebody", MPROC_START_FORK);
	play_await(&play, "ready ", 7);
	play_kill(&play);
	play_end(&play);
}
END_TEST

/* A child that changes who it is, is still tied to its parent. */
static int stay_as_somebody(void *unused)
{
	become_somebody();
	return play_stay(unused);
}

static int start_one_that_becomes_somebody(void)
{
	play_start(stay_as_somebody);
	return play_stay(NULL);
}

START_TEST(child_that_gave_up_its_privileges_ends_with_its_parent)
{
	if (!is_root())
		return;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; ++i) {
		struct play play = play_begin("start one that becomes somebody", methods[i]);

		play_await(&play, "ready ", 2);
		play_kill(&play);
		play_end(&play);
	}
}
END_TEST

/* Where /proc is not. */
static int start_in_another_root(void)
{
	const mproc_process_options options = {.start = play_method};
	mproc_process *process = NULL;
	int rc;

	if (chroot("/usr") != 0)
		play_give_up("chroot", errno);
	for (int i = 0; i < 3; ++i) {
		rc = mproc_process_start(&options, play_return_7, "something", 10, &process);
		if (rc != -ENOENT || strlen(mproc_error_text()) < 10)
			play_give_up("start without /proc", rc);
	}
	return 0;
}

static int start_and_go_to_another_root(void)
{
	check_code(play_start(play_return_7), 7);
	return start_in_another_root();
}

START_TEST(missing_proc_is_told_of_by_each_method)
{
	if (!is_root())
		return;
	expect_by_each_method("start in another root");
	expect_by_each_method("start and go to another root");
}
END_TEST

/* The working directory, which may be one that is gone, or closed to this user. */

static int compare_directory(void *identity)
{
	const struct stat *expected = identity;
	struct stat here;

	return stat(".", &here) == 0 && here.st_dev == expected->st_dev && here.st_ino == expected->st_ino
		       ? 7
		       : 8;
}

static void check_directory(void)
{
	struct stat here;

	if (stat(".", &here) != 0)
		play_give_up("stat", errno);
	check_code(play_start_with((mproc_process_options){0}, compare_directory, &here, sizeof here), 7);
}

static void enter_new_directory(char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "/tmp/mproc-test-%d", (int)getpid());
	if (mkdir(path, 0700) != 0 || chdir(path) != 0)
		play_give_up("directory", errno);
}

static int go_elsewhere(void)
{
	char path[PATH_MAX];

	check_directory();
	if (chdir("/usr") != 0)
		return 1;
	check_directory();
	enter_new_directory(path);
	check_directory();
	rmdir(path);
	check_directory();
	return 0;
}

START_TEST(children_begin_in_the_working_directory_also_when_that_is_gone)
{
	expect_by_each_method("go elsewhere");
}
END_TEST

static int be_in_a_closed_directory(void)
{
	char path[PATH_MAX];

	enter_new_directory(path);
	rmdir(path);
	become_somebody();
	check_code(play_start(tell_who), 1);
	return 0;
}

START_TEST(working_directory_that_is_closed_to_the_user_stops_no_start)
{
	if (is_root())
		expect_by_each_method("be in a closed directory");
}
END_TEST

static int tell_umask(void *unused)
{
	(void)unused;
	return (int)umask(0) & 0xff;
}

static int compare_umasks(void)
{
	umask(022);
	check_code(play_start(tell_umask), play_method == MPROC_START_SERVER ? 027 : 022);
	return 0;
}

/* Not of a spawned process, which is to have its parent's. */
static void set_umask(void)
{
	if (getenv("MPROC_SPAWN") == NULL)
		umask(027);
}

START_TEST(umask_is_the_programs_or_that_of_init)
{
	expect_by_each_method("compare umasks");
}
END_TEST

/* With the privileges of its file. */

static int start_privileged(void)
{
	const mproc_process_options spawn = {.start = MPROC_START_SPAWN};
	mproc_process *process = NULL;
	int rc;

	if (geteuid() == getuid())
		play_give_up("not privileged", (int)geteuid());
	check_code(
		play_start_with((mproc_process_options){.start = MPROC_START_FORK}, play_return_7, NULL, 0),
		7);
	check_code(
		play_start_with((mproc_process_options){.start = MPROC_START_SERVER}, play_return_7, NULL, 0),
		7);
	rc = mproc_process_start(&spawn, play_return_7, NULL, 0, &process);
	if (rc != -EPERM || strstr(mproc_error_text(), "privileges of its file") == NULL)
		play_give_up("spawn", rc);
	return 0;
}

/* A copy of this program with its owner's privileges.  Returns whether it could be made. */
static bool make_privileged_copy(char path[PATH_MAX])
{
	char command[4 * PATH_MAX];
	char program[PATH_MAX] = "";

	snprintf(path, PATH_MAX, "/tmp/mproc-test-%d-privileged", (int)getpid());
	ck_assert_int_gt(readlink("/proc/self/exe", program, sizeof program - 1), 0);
	snprintf(command, sizeof command, "cp %s %s && chmod 4755 %s", program, path, path);
	return system(command) == 0;
}

static _Noreturn void run_as_somebody(const char *path, const char *variable)
{
	char text[] = "MPROC_SPAWN=", program[] = "play", name[] = "start privileged", number[] = "1",
	     joined[256];
	char *arguments[] = {program, name, number, NULL}, *environment[] = {joined, NULL};

	snprintf(joined, sizeof joined, "%s%s", text, variable);
	if (setresgid(SOMEBODY, SOMEBODY, SOMEBODY) != 0 || setresuid(SOMEBODY, SOMEBODY, SOMEBODY) != 0)
		_exit(97);
	execve(path, arguments, environment);
	_exit(96);
}

START_TEST(program_with_privileges_of_its_file_ignores_the_variable_and_spawns_nothing)
{
	char path[PATH_MAX];
	int status;
	pid_t pid;

	if (!is_root() || !make_privileged_copy(path))
		return;
	pid = fork();
	if (pid == 0)
		run_as_somebody(path, "1,900,901,902,903,0x200000000000,274877906944,0x200000100000");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	unlink(path);
	ck_assert_msg(status == 0, "it ended with status 0x%x", (unsigned)status);
}
END_TEST

static const play_part plays[] = {
	{"start as somebody", start_as_somebody, NULL},
	{"start and become somebody", start_and_become_somebody, NULL},
	{"kill as somebody", kill_as_somebody, NULL},
	{"leave children as somebody", leave_children_as_somebody, NULL},
	{"start one that becomes somebody", start_one_that_becomes_somebody, NULL},
	{"start in another root", start_in_another_root, NULL},
	{"start and go to another root", start_and_go_to_another_root, NULL},
	{"go elsewhere", go_elsewhere, NULL},
	{"be in a closed directory", be_in_a_closed_directory, NULL},
	{"compare umasks", compare_umasks, set_umask},
	{"start privileged", start_privileged, NULL},
	{NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
	const TTest *process_tests[] = {
		children_of_a_program_that_gave_up_its_privileges_have_none_either,
		child_that_may_not_be_killed_is_told_of,
		children_end_with_a_parent_that_gave_up_its_privileges,
		child_that_gave_up_its_privileges_ends_with_its_parent,
		missing_proc_is_told_of_by_each_method,
		children_begin_in_the_working_directory_also_when_that_is_gone,
		working_directory_that_is_closed_to_the_user_stops_no_start,
		umask_is_the_programs_or_that_of_init,
		program_with_privileges_of_its_file_ignores_the_variable_and_spawns_nothing,
		NULL,
	};
	const support_suite suite = {.name = "identity",
		.process_tests = process_tests,
		.setup = play_forgive_leaks,
		.timeout = 300};

	return argc > 1 ? play_run(plays, argc, argv) : support_run_suite(&suite);
}
