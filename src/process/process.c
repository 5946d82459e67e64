/* SPDX-License-Identifier: MIT */
/*
 * Handles of child processes.
 *
 * A handle goes through three states: running; ended (the kernel says so, nobody has looked); settled (its member
 * is buried, its status kept, its pid given back).  Whoever finds it ended settles it, under its lock.
 *
 * All handles of this process are in a list, for one purpose: a forked child inherits their descriptors and must
 * close them.
 */
#include "process/process.h"

#include "base/error.h"
#include "base/options.h"
#include "family/member.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <mproc/arena.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mproc_process {
	/* Who may use this handle. */
	mproci_id owner;
	mproci_id member;
	pid_t pid;
	int pidfd;
	/* The child's copy of its argument, or NULL. */
	void *argument;
	/* Protects the settling. */
	pthread_mutex_t lock;
	_Atomic bool is_settled;
	mproci_ending ending;
	char name[MPROCI_NAME_SIZE];
	mproc_process *_Atomic next;
};

/* Handles of this process.  A forking thread may find it at any moment: each single store leaves a good list. */
static mproc_process *_Atomic handles;
/* Protects the list against other threads. */
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t disown_once = PTHREAD_ONCE_INIT;

/* In a forked child: these are the parent's. */
static void disown(void)
{
	pthread_mutex_init(&listing, NULL);
	for (mproc_process *each = handles; each != NULL; each = each->next) {
		mproci_close(each->pidfd);
		each->pidfd = -1;
	}
	handles = NULL;
}

static void register_disown(void)
{
	mproci_process_at_fork(NULL, NULL, disown);
}

static void enlist(mproc_process *process)
{
	pthread_once(&disown_once, register_disown);
	pthread_mutex_lock(&listing);
	process->next = handles;
	handles = process;
	pthread_mutex_unlock(&listing);
}

static void delist(mproc_process *process)
{
	mproc_process *_Atomic *link = &handles;

	pthread_mutex_lock(&listing);
	while (*link != NULL && *link != process)
		link = &(*link)->next;
	if (*link != NULL)
		*link = process->next;
	pthread_mutex_unlock(&listing);
}

static void name_it(mproc_process *process, const char *name)
{
	if (name != NULL)
		snprintf(process->name, sizeof process->name, "%s", name);
	else
		snprintf(process->name, sizeof process->name, "Process-%u",
			atomic_fetch_add(&mproci_family_here->started, 1) + 1);
}

static void end_with_thread(void *unused)
{
	(void)unused;
	mproci_child_exit(0);
}

static _Noreturn void be_child(const mproci_process_plan *plan, const mproc_process *process)
{
	if (mproci_member_become(process->member) < 0)
		mproci_child_exit(EXIT_FAILURE);
	mproci_process_set_name(process->name);
	/* Otherwise a pthread_exit would leave other threads running, or run the parent's atexit handlers. */
	pthread_cleanup_push(end_with_thread, NULL);
	mproci_member_runs((uintptr_t)plan->function);
	mproci_child_exit(plan->function(plan->argument));
	pthread_cleanup_pop(0);
	mproci_child_exit(EXIT_FAILURE);
}

int mproci_process_start(const mproci_process_plan *plan, mproc_process **ret_process)
{
	mproc_process *process = NULL;
	pid_t pid;
	int rc;

	if (plan->start == MPROC_START_DEFAULT && mproci_process_has_threads())
		return mproci_fail(-EDEADLK,
			"this process has other threads, and a fork would copy the locks they hold: "
			"start processes before threads, or insist with MPROC_START_FORK");
	rc = mproci_family_join();
	if (rc < 0)
		return rc;
	process = calloc(1, sizeof *process);
	if (process == NULL)
		return mproci_fail(-ENOMEM, "no memory for a handle of a process");
	process->owner = mproci_member_self();
	pthread_mutex_init(&process->lock, NULL);
	name_it(process, plan->name);
	rc = mproci_member_expect(process->name, &process->member);
	if (rc < 0)
		goto fail;
	pid = mproci_child_fork(
		&(mproci_child_plan){
			.signals = plan->signals,
			.ends_with_thread = plan->ends_with_thread,
			.gate = &mproci_member_slot(process->member)->gate,
		},
		&process->pidfd);
	if (pid == 0)
		be_child(plan, process);
	if (pid < 0) {
		mproci_member_bury(process->member);
		rc = (int)pid;
		goto fail;
	}
	process->pid = pid;
	enlist(process);
	*ret_process = process;
	return 0;
fail:
	free(process);
	return rc;
}

static int check_options(const mproc_process_options *options)
{
	if (options->start != MPROC_START_DEFAULT && options->start != MPROC_START_FORK)
		return mproci_fail(-EINVAL, "start method %d: 0 (default) and %d (fork) are possible",
			(int)options->start, (int)MPROC_START_FORK);
	if (options->name != NULL && (options->name[0] == '\0' || strlen(options->name) >= MPROCI_NAME_SIZE))
		return mproci_fail(-EINVAL, "name of %zu bytes: 1 to %d are possible", strlen(options->name),
			MPROCI_NAME_SIZE - 1);
	return mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
}

/* The argument as the child is to see it. */
static int hand_over(const void *argument, size_t size, void **ret_argument)
{
	*ret_argument = NULL;
	if (size == 0)
		return 0;
	*ret_argument = mproc_alloc(size);
	if (*ret_argument == NULL)
		return -ENOMEM;
	memcpy(*ret_argument, argument, size);
	return 0;
}

int mproc_process_start(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	static const mproc_process_options defaults;
	mproci_process_plan plan = {.function = function};
	void *copy = NULL;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (function == NULL || ret_process == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", function == NULL ? "function" : "ret_process");
	if (argument == NULL && size != 0)
		return mproci_fail(-EINVAL, "argument is NULL, its size %zu", size);
	rc = check_options(options);
	if (rc == 0)
		rc = hand_over(argument, size, &copy);
	if (rc < 0)
		return rc;
	plan.name = options->name;
	plan.start = options->start;
	/* Without a size the pointer itself is the argument; const is the caller's promise, not the child's. */
	plan.argument = size != 0 ? copy : (void *)(uintptr_t)argument;
	rc = mproci_process_start(&plan, ret_process);
	if (rc < 0)
		mproc_free(copy);
	else
		(*ret_process)->argument = copy;
	return rc;
}

static int check_handle(const mproc_process *process)
{
	if (process == NULL)
		return mproci_fail(-EINVAL, "process is NULL");
	if (process->owner != mproci_member_self())
		return mproci_fail(
			-ECHILD, "process \"%s\": started by another process than this one", process->name);
	return 0;
}

static void settle(mproc_process *process)
{
	pthread_mutex_lock(&process->lock);
	if (!process->is_settled) {
		mproci_child_ending(process->pidfd, &process->ending);
		mproci_member_bury(process->member);
		mproci_child_reap(process->pidfd);
		mproc_free(process->argument);
		process->argument = NULL;
		process->is_settled = true;
	}
	pthread_mutex_unlock(&process->lock);
}

int mproc_process_join(mproc_process *process, mproc_deadline deadline)
{
	int rc;

	rc = check_handle(process);
	if (rc < 0 || process->is_settled)
		return rc;
	rc = mproci_child_wait(process->pidfd, deadline);
	if (rc == -ETIMEDOUT)
		return mproci_fail(
			rc, "process \"%s\" (pid %d): still runs", process->name, (int)process->pid);
	settle(process);
	return 0;
}

int mproc_process_is_alive(mproc_process *process)
{
	int rc;

	rc = check_handle(process);
	if (rc < 0 || process->is_settled)
		return rc;
	rc = mproci_child_wait(process->pidfd, MPROC_NOW);
	/* Somebody else who reaped it knows better than a poll that fails. */
	return rc == -ETIMEDOUT;
}

int mproc_process_exit_code(mproc_process *process, int *ret_code)
{
	int rc;

	rc = check_handle(process);
	if (rc < 0)
		return rc;
	if (ret_code == NULL)
		return mproci_fail(-EINVAL, "ret_code is NULL");
	rc = mproc_process_join(process, MPROC_NOW);
	if (rc < 0)
		return mproci_fail(
			-EAGAIN, "process \"%s\" (pid %d): still runs", process->name, (int)process->pid);
	if (process->ending.is_lost)
		return mproci_fail(-ENODATA, "process \"%s\" (pid %d): somebody else took its status",
			process->name, (int)process->pid);
	*ret_code = process->ending.signal != 0 ? -process->ending.signal : process->ending.exit_code;
	return 0;
}

int mproc_process_kill(mproc_process *process)
{
	int rc;

	rc = check_handle(process);
	if (rc == 0 && !process->is_settled)
		rc = mproci_child_kill(process->pidfd);
	if (rc == -EPERM)
		mproci_fail(rc, "process \"%s\" (pid %d): this process may not kill it", process->name,
			(int)process->pid);
	return rc;
}

pid_t mproc_process_pid(const mproc_process *process)
{
	int rc;

	rc = check_handle(process);
	return rc < 0 ? rc : process->pid;
}

const char *mproc_process_name(const mproc_process *process)
{
	return process == NULL ? NULL : process->name;
}

int mproc_process_fd(const mproc_process *process)
{
	int rc;

	rc = check_handle(process);
	return rc < 0 ? rc : process->pidfd;
}

mproc_process *mproc_process_close(mproc_process *process)
{
	if (process == NULL)
		return NULL;
	if (process->owner == mproci_member_self()) {
		if (mproc_process_join(process, MPROC_NOW) < 0)
			return process;
		delist(process);
		mproci_close(process->pidfd);
	}
	pthread_mutex_destroy(&process->lock);
	free(process);
	return NULL;
}

mproci_ending mproci_process_ending(const mproc_process *process)
{
	return process->ending;
}

mproci_ending mproci_process_inspect(mproc_process *process)
{
	mproci_ending ending;

	mproci_child_ending(process->pidfd, &ending);
	return ending;
}
