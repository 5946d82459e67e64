/* SPDX-License-Identifier: MIT */
/*
 * descendants.h - what tasks fork and leave: children, and daemons in sessions of their own.  Each notes its pid, and bears a
 * name of this test, so that nobody else who gets that pid is taken for it.
 */
#ifndef DESCENDANTS_H
#define DESCENDANTS_H

#include "pool_helpers.h"

#include <sys/prctl.h>

enum {
	MOST_DESCENDANTS = 8192,
	/* That fork_descendants leaves. */
	DESCENDANTS = 2,
};

typedef struct descendants {
	_Atomic unsigned begun, count;
	_Atomic pid_t pids[MOST_DESCENDANTS];
} descendants;

static descendants *left;
static char descendant_name[16];

/* Before the processes that are to fork are forked. */
static void expect_descendants(void)
{
	left = share(sizeof *left);
	snprintf(descendant_name, sizeof descendant_name, "left-%d", (int)getpid());
}

/* This process is one. */
static void be_descendant(void)
{
	prctl(PR_SET_NAME, descendant_name);
	left->pids[left->begun++ % MOST_DESCENDANTS] = getpid();
	++left->count;
}

static _Noreturn void stay(void)
{
	for (;;)
		pause();
}

static _Noreturn void stay_as_descendant(void)
{
	be_descendant();
	stay();
}

/* The child of one that has ended, in a session of its own. */
static void fork_daemon(void)
{
	pid_t parent = fork();

	if (parent != 0) {
		waitpid(parent, NULL, 0);
		return;
	}
	setsid();
	if (fork() == 0)
		stay_as_descendant();
	_exit(0);
}

/* A child and a daemon; neither can be terminated. */
UNUSED static void fork_descendants(void)
{
	signal(SIGTERM, SIG_IGN);
	if (fork() == 0)
		stay_as_descendant();
	fork_daemon();
}

static bool is_descendant(pid_t pid)
{
	char path[64], name[32] = "", state = 'X';
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = pid > 0 ? fopen(path, "re") : NULL;
	if (file == NULL)
		return false;
	if (fscanf(file, "%*d (%31[^)]) %c", name, &state) != 2)
		state = 'X';
	fclose(file);
	return strcmp(name, descendant_name) == 0 && state != 'Z' && state != 'X';
}

static bool is_any_descendant_left(void)
{
	unsigned count = left->begun < MOST_DESCENDANTS ? left->begun : MOST_DESCENDANTS;

	for (unsigned i = 0; i < count; ++i) {
		if (is_descendant(left->pids[i]))
			return true;
	}
	return false;
}

/* Wait until all have gone, and forget them. */
UNUSED static void await_end_of_descendants(void)
{
	wait_until(!is_any_descendant_left());
	*left = (descendants){0};
}

/* Of those that are noted, when a test has failed. */
UNUSED static void kill_descendants(void)
{
	for (unsigned i = 0; i < MOST_DESCENDANTS; ++i) {
		if (is_descendant(left->pids[i]))
			kill(left->pids[i], SIGKILL);
	}
}

#endif
