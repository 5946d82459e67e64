/* SPDX-License-Identifier: MIT */
/*
 * sys/exec.h - beginning this program anew in a child process.
 */
#ifndef SYS_EXEC_H
#define SYS_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct mproci_exec_plan {
	/* As main got them. */
	char *const *arguments;
	/*
	 * Its environment, NULL after the last; NULL: this process's.  And one variable more,
	 * "NAME=value".
	 */
	const char *const *environment;
	const char *variable;
	/* Begin with all signals blocked, instead of this thread's mask. */
	bool is_blocked;
	/* What stays open beside 0, 1 and 2, under the same numbers; -1 is none. */
	const int *descriptors;
	size_t count;
} mproci_exec_plan;

/*
 * Begin this program anew; the child has this process's directory.  What stdio has buffered is written
 * first, as by mproci_child_fork.  Returns its pid; a negative errno with an error text, when the program
 * could not be executed.
 */
pid_t mproci_exec(const mproci_exec_plan *plan);

/*
 * Take a variable that was meant for this process alone out of the environment.  Returns its value, NULL
 * when there is none, or this process has more privileges than who started it, so that it must not trust
 * it.
 */
const char *mproci_exec_variable(const char *name);

/* Whether there is such a variable, not taken out yet. */
bool mproci_exec_is_spawned(const char *name);

/* Whether this process has more privileges than who started it. */
bool mproci_exec_is_privileged(void);

#endif
