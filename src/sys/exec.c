/* SPDX-License-Identifier: MIT */
#include "sys/exec.h"

#include "base/error.h"
#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* The link that the kernel keeps: right also when the file was moved, replaced or deleted. */
static const char program[] = "/proc/self/exe";

/* Returns an array to be freed, whose strings are not its own; NULL when there is no memory. */
static char **join_environment(const char *const *environment, const char *variable)
{
	const char *const *from = environment != NULL ? environment : (const char *const *)environ;
	size_t count = 0;
	char **all;

	while (from != NULL && from[count] != NULL)
		++count;
	all = calloc(count + 2, sizeof *all);
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < count; ++i)
		all[i] = (char *)(uintptr_t)from[i];
	all[count] = (char *)(uintptr_t)variable;
	return all;
}

/* What is put where it is already loses its close-on-exec there. */
static int keep_open(posix_spawn_file_actions_t *actions, const mproci_exec_plan *plan)
{
	for (size_t i = 0; i < plan->count; ++i) {
		int fd = plan->descriptors[i];
		int rc = fd < 0 ? 0 : posix_spawn_file_actions_adddup2(actions, fd, fd);

		if (rc != 0)
			return -rc;
	}
	return 0;
}

static int choose_mask(posix_spawnattr_t *attributes, const mproci_exec_plan *plan)
{
	sigset_t all;

	sigfillset(&all);
	if (posix_spawnattr_init(attributes) != 0)
		return -ENOMEM;
	if (!plan->is_blocked)
		return 0;
	posix_spawnattr_setsigmask(attributes, &all);
	return -posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
}

static int execute(const mproci_exec_plan *plan, char **environment, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc;

	rc = choose_mask(&attributes, plan);
	if (rc < 0)
		return rc;
	rc = posix_spawn_file_actions_init(&actions) == 0 ? keep_open(&actions, plan) : -ENOMEM;
	if (rc == 0)
		rc = -posix_spawn(ret_pid, program, &actions, &attributes, plan->arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

pid_t mproci_exec(const mproci_exec_plan *plan)
{
	char **environment;
	pid_t pid = 0;
	int rc;

	environment = join_environment(plan->environment, plan->variable);
	if (environment == NULL)
		return mproci_fail(-ENOMEM, "no memory for the environment of a process");
	mproci_child_flush();
	rc = execute(plan, environment, &pid);
	free(environment);
	if (rc == -EAGAIN)
		return mproci_child_fail(rc);
	if (rc < 0)
		return mproci_fail(rc, "the program cannot be executed again: %s", strerror(-rc));
	return pid;
}

bool mproci_exec_is_privileged(void)
{
	return getauxval(AT_SECURE) != 0;
}

bool mproci_exec_is_spawned(const char *name)
{
	return secure_getenv(name) != NULL;
}

const char *mproci_exec_variable(const char *name)
{
	/* The text stays where it is when the variable is taken out. */
	const char *value = secure_getenv(name);

	unsetenv(name);
	return value;
}
