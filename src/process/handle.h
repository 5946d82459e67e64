/* SPDX-License-Identifier: MIT */
/*
 * process/handle.h - handles of processes: of children, of this process itself, and of its parent.
 *
 * The handle of a child goes through three states: running; ended (the kernel says so, nobody has looked);
 * settled (its member is buried, its status kept, its pid given back).  Whoever finds it ended settles it,
 * under its lock.
 */
#ifndef PROCESS_HANDLE_H
#define PROCESS_HANDLE_H

#include "family/family.h"
#include "sys/child.h"
#include "sys/descriptor.h"

#include <mproc/process.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef enum mproci_handle_kind {
	MPROCI_HANDLE_CHILD,
	MPROCI_HANDLE_SELF,
	MPROCI_HANDLE_PARENT,
} mproci_handle_kind;

struct mproc_process {
	mproci_handle_kind kind;
	/* Not for the application to see: the library's own process. */
	bool is_internal;
	bool is_daemon;
	/* Who may use this handle. */
	mproci_id owner;
	mproci_id member;
	pid_t pid;
	/* -1 until it is needed, for this process itself and its parent; and what it is open to. */
	_Atomic int pidfd;
	mproci_file_id pidfd_id;
	/* The server whose child it is, as a stamp; 0: it is this process's own. */
	uint32_t server;
	/* The child's copy of its argument, or NULL. */
	void *argument;
	/* Protects the settling. */
	pthread_mutex_t lock;
	_Atomic bool is_settled;
	mproci_ending ending;
	char name[MPROCI_NAME_SIZE];
	/* Which child of which child of the first process it is, such as "3:1". */
	char path[MPROCI_NAME_SIZE];
	/*
	 * Protected by the lock of the list: somebody who found it there is using it; it was closed
	 * meanwhile.
	 */
	int users;
	bool is_closed;
	mproc_process *_Atomic next;
};

/*
 * Make a handle for a child named @name; NULL: the next "Process-N".  Its member is expected.  Returns 0,
 * or a negative errno with an error text.
 */
int mproci_handle_create(const char *name, bool is_internal, mproc_process **ret_process);

/* Undo that: the child was not made, or has been ended. */
void mproci_handle_discard(mproc_process *process);

/* The child has that process id and descriptor. */
void mproci_handle_follow(mproc_process *process, pid_t pid, int pidfd);

/*
 * Have a forked child disown its parent's handles.  A fork handler that is registered after this call finds them disowned.
 */
void mproci_handle_prepare(void);

/*
 * From here on it is found among the children.  Returns 0; -ECANCELED with an error text: this process is
 * ending, and has joined them all.
 */
int mproci_handle_enlist(mproc_process *process);

/* Close the descriptor, if it still is that. */
void mproci_handle_forget(mproc_process *process);

/* At the end of this process: end its daemons, join the other children. */
void mproci_handle_end_children(void);

/* This process is a child itself, numbered @path, such as "3:1": its children are "3:1:1", "3:1:2", … */
void mproci_handle_number(const char path[MPROCI_NAME_SIZE]);

#endif
