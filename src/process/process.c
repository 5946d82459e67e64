/* SPDX-License-Identifier: MIT */
/*
 * What can be asked of a process, and done to it.
 */
#include "process/process.h"

#include "base/error.h"
#include "family/member.h"
#include "process/handle.h"
#include "process/server.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/log.h>

static int check_handle(const mproc_process *process)
{
	if (process == NULL)
		return mproci_fail(-EINVAL, "process is NULL");
	if (process->owner != mproci_member_self())
		return mproci_fail(
			-ECHILD, "process \"%s\": started by another process than this one", process->name);
	return 0;
}

static int check_child(const mproc_process *process)
{
	int rc;

	rc = check_handle(process);
	if (rc == 0 && process->kind != MPROCI_HANDLE_CHILD)
		return mproci_fail(-ECHILD, "process \"%s\" (pid %d): no child of this process",
			process->name, (int)process->pid);
	return rc;
}

static int open_descriptor(const mproc_process *process)
{
	if (process->kind == MPROCI_HANDLE_SELF)
		return mproci_child_open_self();
	return mproci_child_open(process->pid, atomic_load(&mproci_member_slot(process->member)->start_time));
}

/* Returns the descriptor; -ESRCH: the process has ended; another negative errno, with an error text. */
static int find_descriptor(mproc_process *process)
{
	int fd;

	pthread_mutex_lock(&process->lock);
	fd = process->pidfd;
	/* Not yet; or the application has closed it, and perhaps has another under that number. */
	if (!mproci_descriptor_is(fd, process->pidfd_id)) {
		fd = open_descriptor(process);
		mproci_handle_follow(process, process->pid, fd);
	}
	pthread_mutex_unlock(&process->lock);
	if (fd < 0 && fd != -ESRCH)
		return mproci_fail_descriptor(fd, "cannot open the descriptor of a process");
	return fd;
}

/* How a child ended that the kernel has told, or nobody, or it itself. */
static mproci_ending find_ending(const mproc_process *process)
{
	mproci_ending ending, said;
	bool is_proven;

	if (process->server != 0)
		return mproci_server_ending(process);
	mproci_child_ending(process->pidfd, &ending);
	if (ending.is_lost && mproci_member_ending(process->member, &said, &is_proven))
		return said;
	return ending;
}

static void log_end(const mproc_process *process)
{
	const mproci_ending *ending = &process->ending;

	if (ending->is_lost)
		mproc_log(MPROC_LOG_DEBUG, "process \"%s\" (pid %d) ended, nobody knows how", process->name,
			(int)process->pid);
	else
		mproc_log(MPROC_LOG_DEBUG, "process \"%s\" (pid %d) ended: %s %d", process->name,
			(int)process->pid, ending->signal != 0 ? "signal" : "exit code",
			ending->signal != 0 ? ending->signal : ending->exit_code);
}

static void settle(mproc_process *process)
{
	pthread_mutex_lock(&process->lock);
	if (!process->is_settled) {
		process->ending = find_ending(process);
		mproci_member_bury(process->member);
		if (process->server == 0)
			mproci_child_reap(process->pidfd);
		mproc_free(process->argument);
		process->argument = NULL;
		process->is_settled = true;
		log_end(process);
	}
	pthread_mutex_unlock(&process->lock);
}

/* Returns 0, -ETIMEDOUT, or another negative errno with an error text. */
static int await_end(mproc_process *process, mproc_deadline deadline)
{
	int rc, fd = find_descriptor(process);

	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	rc = mproci_child_wait(fd, deadline);
	if (rc == -ETIMEDOUT || process->kind != MPROCI_HANDLE_CHILD)
		return rc == -ETIMEDOUT ? rc : 0;
	return process->server != 0 ? mproci_server_await(process, deadline) : 0;
}

int mproc_process_join(mproc_process *process, mproc_deadline deadline)
{
	int rc;

	rc = check_handle(process);
	if (rc < 0 || process->is_settled)
		return rc;
	if (process->kind == MPROCI_HANDLE_SELF)
		return mproci_fail(-EDEADLK, "process \"%s\" (pid %d) is this process itself", process->name,
			(int)process->pid);
	rc = await_end(process, deadline);
	if (rc == -ETIMEDOUT)
		return mproci_fail(
			rc, "process \"%s\" (pid %d): still runs", process->name, (int)process->pid);
	if (rc == 0 && process->kind == MPROCI_HANDLE_CHILD)
		settle(process);
	return rc;
}

int mproc_process_is_alive(mproc_process *process)
{
	int rc, fd;

	rc = check_handle(process);
	if (rc < 0 || process->is_settled)
		return rc;
	if (process->kind == MPROCI_HANDLE_SELF)
		return 1;
	fd = find_descriptor(process);
	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	/* Somebody else who reaped it knows better than a poll that fails. */
	return mproci_child_wait(fd, MPROC_NOW) == -ETIMEDOUT;
}

int mproc_process_ending(mproc_process *process, mproc_process_end *ret_ending)
{
	int rc;

	rc = check_child(process);
	if (rc < 0)
		return rc;
	if (ret_ending == NULL)
		return mproci_fail(-EINVAL, "ret_ending is NULL");
	rc = mproc_process_join(process, MPROC_NOW);
	if (rc < 0 && rc != -ETIMEDOUT)
		return rc;
	if (rc == -ETIMEDOUT)
		return mproci_fail(
			-EAGAIN, "process \"%s\" (pid %d): still runs", process->name, (int)process->pid);
	if (process->ending.is_lost)
		return mproci_fail(-ENODATA, "process \"%s\" (pid %d): somebody else took its status",
			process->name, (int)process->pid);
	*ret_ending = (mproc_process_end){
		.exit_code = process->ending.exit_code,
		.signal = process->ending.signal,
		.has_core = process->ending.has_core,
	};
	return 0;
}

int mproc_process_exit_code(mproc_process *process, int *ret_code)
{
	mproc_process_end ending;
	int rc;

	rc = check_child(process);
	if (rc < 0)
		return rc;
	if (ret_code == NULL)
		return mproci_fail(-EINVAL, "ret_code is NULL");
	rc = mproc_process_ending(process, &ending);
	if (rc == 0)
		*ret_code = ending.signal != 0 ? -ending.signal : ending.exit_code;
	return rc;
}

static int send_signal(mproc_process *process, int signal)
{
	int rc, fd;

	rc = check_child(process);
	fd = rc == 0 && !process->is_settled ? find_descriptor(process) : -ESRCH;
	if (fd >= 0)
		rc = mproci_child_signal(fd, signal);
	else if (fd != -ESRCH)
		rc = fd;
	if (rc == -EPERM)
		mproci_fail(rc, "process \"%s\" (pid %d): this process may not send it signal %d",
			process->name, (int)process->pid, signal);
	return rc;
}

int mproc_process_terminate(mproc_process *process)
{
	return send_signal(process, SIGTERM);
}

int mproc_process_interrupt(mproc_process *process)
{
	return send_signal(process, SIGINT);
}

int mproc_process_kill(mproc_process *process)
{
	return send_signal(process, SIGKILL);
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

int mproc_process_fd(mproc_process *process)
{
	int rc, fd;

	rc = check_handle(process);
	if (rc < 0)
		return rc;
	fd = find_descriptor(process);
	if (fd == -ESRCH)
		return mproci_fail_descriptor(fd, "cannot open the descriptor of a process");
	return fd;
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
