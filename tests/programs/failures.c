/* SPDX-License-Identifier: MIT */
/*
 * failures - gives a pool tasks that fail, crash, exit, hang and leave processes behind, and prints how each has ended; then
 * kills the nursery of the pool, and prints what the next call says.
 */
#include <dirent.h>
#include <errno.h>
#include <mproc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int succeed(void)
{
	return 0;
}

static int fail(void)
{
	return -ENOENT;
}

static int crash(void)
{
	return raise(SIGSEGV);
}

static int leave(void)
{
	_exit(3);
}

static int hang(void)
{
	while (pause() < 0)
		;
	return 0;
}

/* What it has forked is killed with it. */
static int fork_and_abort(void)
{
	if (fork() == 0)
		hang();
	abort();
}

static const struct {
	const char *name;
	int (*run)(void);
} misfortunes[] = {
	{"succeeds", succeed},
	{"fails", fail},
	{"crashes", crash},
	{"exits", leave},
	{"hangs", hang},
	{"forks and aborts", fork_and_abort},
};

enum {
	COUNT = sizeof misfortunes / sizeof *misfortunes
};

static int suffer(const void *item, void *result, mproc_task *task)
{
	int rc = misfortunes[mproc_task_index(task)].run();

	*(int *)result = 42;
	return item == NULL ? rc : -EINVAL;
}

static void tell(const char *name, mproc_outcome outcome)
{
	static const char *const endings[] = {
		"not ended", "value", "error", "signal", "exit", "timeout", "cancelled"};

	printf("%-17s %s", name, endings[outcome.ending]);
	if (outcome.code != 0)
		printf(" %d", outcome.code);
	printf(", attempt %u\n", outcome.attempts);
}

static int tell_all(mproc_pool *pool)
{
	mproc_outcome outcomes[COUNT];
	int results[COUNT];
	int rc;

	rc = mproc_pool_map(pool, suffer, NULL, 0, COUNT, results, sizeof *results,
		&(mproc_map_options){.outcomes = outcomes, .timeout = 0.2, .retries = 1, .chunk = 1});
	if (rc < 0)
		return rc;
	printf("%s\n", mproc_error_text());
	for (int i = 0; i < COUNT; ++i)
		tell(misfortunes[i].name, outcomes[i]);
	return 0;
}

/* The only child that this program has. */
static pid_t find_nursery(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	while (proc != NULL && found == 0 && (entry = readdir(proc)) != NULL) {
		char path[300], name[32];
		int parent = 0;
		FILE *file;

		snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fscanf(file, "%*d (%31[^)]) %*c %d", name, &parent) == 2 && parent == getpid())
			found = (pid_t)strtol(entry->d_name, NULL, 10);
		fclose(file);
	}
	if (proc != NULL)
		closedir(proc);
	return found;
}

static int wait_for_ever(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return hang();
}

static int lose_nursery(mproc_pool *pool)
{
	pid_t nursery = find_nursery();
	int rc;

	if (nursery == 0 || kill(nursery, SIGKILL) != 0)
		return -ESRCH;
	rc = mproc_pool_apply(pool, wait_for_ever, NULL, 0, NULL, 0, NULL);
	printf("nursery killed: %s\n", rc == -ENOTRECOVERABLE ? "open another pool" : mproc_error_text());
	return 0;
}

int main(void)
{
	mproc_pool *pool;
	int rc = mproc_pool_open(&(mproc_pool_options){.workers = 2}, &pool);

	if (rc == 0) {
		rc = tell_all(pool);
		if (rc == 0)
			rc = lose_nursery(pool);
		mproc_pool_close(pool);
	}
	if (rc < 0)
		fprintf(stderr, "failures: %s\n", mproc_error_text());
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
