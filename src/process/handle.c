/* SPDX-License-Identifier: MIT */
/*
 * The handles of this process's children.
 *
 * They are in a list, for three purposes: a forked child inherits their descriptors and must close them;
 * at the end of this process they are ended or joined; and the application may ask for them.
 */
#include "process/handle.h"

#include "base/error.h"
#include "family/member.h"
#include "sys/clock.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <mproc/arena.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a daemon may take to end when it is asked to. */
static const double PATIENCE = 1.0;

/* The youngest first.  A forking thread may find it at any moment: each single store leaves a good list. */
static mproc_process *_Atomic handles;
/* Protects the list against other threads. */
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t disown_once = PTHREAD_ONCE_INIT;

/* The children have been asked to end, or joined: there must be no others. */
static _Atomic bool is_ending;

static char own_path[MPROCI_NAME_SIZE];
static _Atomic unsigned started;

/* In a forked child: these are the parent's. */
static void disown(void)
{
	listing = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	for (mproc_process *each = handles; each != NULL; each = each->next)
		mproci_handle_forget(each);
	handles = NULL;
	is_ending = false;
}

static void register_disown(void)
{
	mproci_process_at_fork(NULL, NULL, disown);
}

void mproci_handle_number(const char path[MPROCI_NAME_SIZE])
{
	memcpy(own_path, path, sizeof own_path);
	atomic_store(&started, 0);
}

/* What does not fit is cut off: nobody finds anything by these names. */
static void number(mproc_process *process)
{
	char path[2 * MPROCI_NAME_SIZE];
	unsigned number = atomic_fetch_add(&started, 1) + 1;

	snprintf(path, sizeof path, "%s%s%u", own_path, own_path[0] == '\0' ? "" : ":", number);
	snprintf(process->path, sizeof process->path, "%.*s", MPROCI_NAME_SIZE - 1, path);
}

static void name_it(mproc_process *process, const char *name)
{
	char numbered[2 * MPROCI_NAME_SIZE];

	snprintf(numbered, sizeof numbered, "Process-%s", process->path);
	snprintf(process->name, sizeof process->name, "%.*s", MPROCI_NAME_SIZE - 1,
		name != NULL ? name : numbered);
}

static int fail_to_begin(void)
{
	return mproci_fail(
		-ECANCELED, "this process is ending, and has joined its children: it starts no others");
}

int mproci_handle_create(const char *name, bool is_internal, mproc_process **ret_process)
{
	mproc_process *process;
	int rc;

	if (is_ending && !is_internal)
		return fail_to_begin();
	process = calloc(1, sizeof *process);
	if (process == NULL)
		return mproci_fail(-ENOMEM, "no memory for a handle of a process");
	process->owner = mproci_member_self();
	process->pidfd = -1;
	process->is_internal = is_internal;
	if (is_internal)
		snprintf(process->path, sizeof process->path, "%s", own_path);
	else
		number(process);
	name_it(process, name);
	rc = mproci_member_expect(process->name, &process->member);
	if (rc < 0) {
		free(process);
		return rc;
	}
	pthread_mutex_init(&process->lock, NULL);
	*ret_process = process;
	return 0;
}

void mproci_handle_follow(mproc_process *process, pid_t pid, int pidfd)
{
	process->pid = pid;
	process->pidfd_id = mproci_descriptor_id(pidfd);
	process->pidfd = pidfd;
}

void mproci_handle_forget(mproc_process *process)
{
	if (mproci_descriptor_is(process->pidfd, process->pidfd_id))
		mproci_close(process->pidfd);
	process->pidfd = -1;
}

void mproci_handle_discard(mproc_process *process)
{
	mproci_member_bury(process->member);
	mproci_handle_forget(process);
	pthread_mutex_destroy(&process->lock);
	free(process);
}

void mproci_handle_prepare(void)
{
	pthread_once(&disown_once, register_disown);
}

int mproci_handle_enlist(mproc_process *process)
{
	bool is_late;

	mproci_handle_prepare();
	pthread_mutex_lock(&listing);
	is_late = is_ending && !process->is_internal;
	if (!is_late) {
		process->next = handles;
		handles = process;
	}
	pthread_mutex_unlock(&listing);
	return is_late ? fail_to_begin() : 0;
}

/* Locked. */
static void delist(mproc_process *process)
{
	mproc_process *_Atomic *link = &handles;

	while (*link != NULL && *link != process)
		link = &(*link)->next;
	if (*link != NULL)
		*link = process->next;
}

static void destroy(mproc_process *process)
{
	pthread_mutex_destroy(&process->lock);
	free(process);
}

static void dispose(mproc_process *process)
{
	mproci_handle_forget(process);
	destroy(process);
}

mproc_process *mproc_process_close(mproc_process *process)
{
	bool is_in_use;

	if (process == NULL)
		return NULL;
	if (process->kind != MPROCI_HANDLE_CHILD)
		return process;
	if (process->owner != mproci_member_self()) {
		destroy(process);
		return NULL;
	}
	if (mproc_process_join(process, MPROC_NOW) < 0)
		return process;
	pthread_mutex_lock(&listing);
	delist(process);
	is_in_use = process->users > 0;
	process->is_closed = true;
	pthread_mutex_unlock(&listing);
	/* Otherwise the end of this process, which another thread has come to, is waiting on the descriptor. */
	if (!is_in_use)
		dispose(process);
	return NULL;
}

int mproc_process_children(size_t count, mproc_process **ret_processes)
{
	int alive = 0;

	if (ret_processes == NULL && count > 0)
		return mproci_fail(-EINVAL, "ret_processes is NULL, count %zu", count);
	pthread_mutex_lock(&listing);
	for (mproc_process *each = handles; each != NULL; each = each->next) {
		if (each->is_internal || mproc_process_is_alive(each) != 1)
			continue;
		if ((size_t)alive < count)
			ret_processes[alive] = each;
		++alive;
	}
	pthread_mutex_unlock(&listing);
	return alive;
}

/*
 * Find a child that has not been seen ending, and keep its handle until mproci_let_go; NULL: there is
 * none.
 */
static mproc_process *hold_next(bool is_daemon)
{
	mproc_process *found;

	pthread_mutex_lock(&listing);
	for (found = handles; found != NULL; found = found->next) {
		if (!found->is_internal && found->is_daemon == is_daemon && !found->is_settled)
			break;
	}
	if (found != NULL)
		++found->users;
	pthread_mutex_unlock(&listing);
	return found;
}

static void let_go(mproc_process *process)
{
	bool is_last;

	pthread_mutex_lock(&listing);
	is_last = --process->users == 0 && process->is_closed;
	pthread_mutex_unlock(&listing);
	if (is_last)
		dispose(process);
}

static void terminate_daemons(void)
{
	pthread_mutex_lock(&listing);
	is_ending = true;
	for (mproc_process *each = handles; each != NULL; each = each->next) {
		if (!each->is_internal && each->is_daemon)
			mproc_process_terminate(each);
	}
	pthread_mutex_unlock(&listing);
}

/* Returns false when this process may not kill it any more; then the kernel does, when it has ended. */
static bool end_daemon(mproc_process *daemon, mproc_deadline patience)
{
	if (mproc_process_join(daemon, patience) != -ETIMEDOUT)
		return true;
	return mproc_process_kill(daemon) == 0 && mproc_process_join(daemon, MPROC_FOREVER) == 0;
}

void mproci_handle_end_children(void)
{
	mproc_deadline patience;
	mproc_process *child;

	/* As most processes have none. */
	if (handles == NULL && mproci_process_is_alone())
		return;
	terminate_daemons();
	patience = mproc_after(PATIENCE);
	while ((child = hold_next(true)) != NULL) {
		bool has_ended = end_daemon(child, patience);

		let_go(child);
		if (!has_ended)
			break;
	}
	while ((child = hold_next(false)) != NULL) {
		mproc_process_join(child, MPROC_FOREVER);
		let_go(child);
	}
}
