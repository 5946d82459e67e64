/* SPDX-License-Identifier: MIT */
#include "process/current.h"

#include "family/member.h"
#include "sys/descriptor.h"
#include "sys/null.h"

#include <stdio.h>

/* Made when they are first asked for, in each process anew: the owner tells. */
static mproc_process current, parent;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;

static void lock(void)
{
	pthread_mutex_lock(&making);
}

static void unlock(void)
{
	pthread_mutex_unlock(&making);
}

/* In a forked child: these were the parent's. */
static void disown(void)
{
	if (current.owner != 0)
		mproci_handle_forget(&current);
	if (parent.owner != 0)
		mproci_handle_forget(&parent);
	current.owner = parent.owner = 0;
	unlock();
}

static void register_handlers(void)
{
	mproci_process_at_fork(lock, unlock, disown);
}

/* The role of this process; NULL also in one that was forked by a process that had one. */
static const mproci_role *own_role(void)
{
	const mproci_role *role = mproci_role_own();

	return role != NULL && role->member == mproci_member_self() ? role : NULL;
}

const char *mproci_current_name(void)
{
	const mproci_role *role = own_role();

	return role == NULL ? "MainProcess" : role->name;
}

void mproci_current_describe(const mproc_process *process, mproci_role *ret_role)
{
	ret_role->member = process->member;
	snprintf(ret_role->name, sizeof ret_role->name, "%s", process->name);
	snprintf(ret_role->path, sizeof ret_role->path, "%s", process->path);
	ret_role->parent = mproci_member_self();
	ret_role->parent_pid = mproci_process_id();
	snprintf(ret_role->parent_name, sizeof ret_role->parent_name, "%s", mproci_current_name());
}

static void make(
	mproc_process *process, mproci_handle_kind kind, mproci_id member, pid_t pid, const char *name)
{
	*process = (mproc_process){
		.kind = kind,
		.owner = mproci_member_self(),
		.member = member,
		.pid = pid,
		.pidfd = -1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	snprintf(process->name, sizeof process->name, "%s", name);
}

static void make_current(void)
{
	if (current.owner != mproci_member_self())
		make(&current, MPROCI_HANDLE_SELF, mproci_member_self(), mproci_process_id(),
			mproci_current_name());
}

static void make_parent(const mproci_role *role)
{
	if (parent.owner != mproci_member_self())
		make(&parent, MPROCI_HANDLE_PARENT, role->parent, role->parent_pid, role->parent_name);
}

mproc_process *mproc_process_current(void)
{
	int rc;

	rc = mproci_family_join();
	if (rc < 0)
		return mproci_null(rc);
	pthread_once(&handlers_once, register_handlers);
	lock();
	make_current();
	unlock();
	return &current;
}

mproc_process *mproc_process_parent(void)
{
	const mproci_role *role;
	int rc;

	rc = mproci_family_join();
	if (rc < 0)
		return mproci_null(rc);
	role = own_role();
	if (role == NULL)
		return mproci_null(0);
	pthread_once(&handlers_once, register_handlers);
	lock();
	make_parent(role);
	unlock();
	return &parent;
}
