/* SPDX-License-Identifier: MIT */
#include "process/start.h"

#include "base/deadline.h"
#include "base/error.h"
#include "family/member.h"
#include "process/exit.h"
#include "process/options.h"
#include "process/report.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/kept.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/log.h>
#include <stdio.h>
#include <string.h>

/*
 * Between two looks whether a child that is to report has ended: another process may hold the other end of
 * its socket.
 */
static const int64_t LOOK = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;

/* Returns the report; or, when there is none, -EPIPE, -ETIMEDOUT, or another negative errno. */
static int receive(mproc_process *process, int report, mproc_deadline patience, bool *ret_is_report)
{
	int unused = -1, rc;
	pid_t pid;

	for (;;) {
		bool has_ended = mproci_child_wait(process->pidfd, MPROC_NOW) != -ETIMEDOUT;
		mproc_deadline until = has_ended ? MPROC_NOW : mproci_clock_now() + LOOK;

		rc = mproci_report_receive(report, until, &pid, &unused, ret_is_report);
		if (rc != -ETIMEDOUT || has_ended || mproci_deadline_passed(patience, mproci_clock_now()))
			break;
	}
	mproci_close(unused);
	return rc == -ETIMEDOUT && !mproci_deadline_passed(patience, mproci_clock_now()) ? -EPIPE : rc;
}

/* Why there was no report. */
static int fail_without_report(const mproc_process *process, int rc, mproci_ending ending)
{
	char how[48] = "somebody else took its status";

	if (rc == -ETIMEDOUT)
		return mproci_fail(
			-ENOEXEC, "process \"%s\": the program came to no mproc_init in 30 s", process->name);
	if (rc != -EPIPE)
		return mproci_fail(rc, "process \"%s\": its report cannot be received: %s", process->name,
			strerror(-rc));
	if (!ending.is_lost)
		snprintf(how, sizeof how, "%s %d", ending.signal != 0 ? "signal" : "exit code",
			ending.signal != 0 ? ending.signal : ending.exit_code);
	return mproci_fail(-ENOEXEC, "process \"%s\" ended before it was set up: %s", process->name, how);
}

int mproci_start_await(mproc_process *process, int report, mproc_deadline patience)
{
	mproci_ending ending;
	bool is_report;
	int rc;

	rc = receive(process, report, patience, &is_report);
	if (rc == 0)
		return 0;
	if (!is_report && rc != -EPIPE)
		mproci_child_kill(process->pidfd);
	mproci_child_wait(process->pidfd, MPROC_FOREVER);
	mproci_child_ending(process->pidfd, &ending);
	mproci_member_bury(process->member);
	mproci_child_reap(process->pidfd);
	return is_report ? rc : fail_without_report(process, rc, ending);
}

static mproci_start_method *choose(mproc_start start)
{
	if (start == MPROC_START_SERVER)
		return mproci_start_server;
	return start == MPROC_START_SPAWN ? mproci_start_spawn : mproci_start_fork;
}

/* This process has begun to end meanwhile, and no longer joins anybody. */
static void abandon(mproc_process *process)
{
	mproci_child_kill(process->pidfd);
	mproci_child_wait(process->pidfd, MPROC_FOREVER);
	mproci_member_bury(process->member);
	if (process->server == 0)
		mproci_child_reap(process->pidfd);
	mproci_handle_discard(process);
}

static int begin(const mproci_start_plan *plan, mproc_start start, mproc_process **ret_process)
{
	mproc_process *process = NULL;
	int rc;

	rc = mproci_family_join();
	if (rc == 0)
		rc = mproci_handle_create(plan->options->name, plan->is_internal, &process);
	if (rc != 0)
		return rc;
	rc = choose(start)(plan, process);
	if (rc < 0) {
		mproci_handle_discard(process);
		return rc;
	}
	process->argument = plan->copy;
	process->is_daemon = plan->options->daemon;
	rc = mproci_handle_enlist(process);
	if (rc < 0) {
		abandon(process);
		return rc;
	}
	mproc_log(MPROC_LOG_DEBUG, "started process \"%s\" (pid %d)", process->name, (int)process->pid);
	*ret_process = process;
	return 0;
}

static int fail_for_threads(const char *another_way)
{
	return mproci_fail(-EDEADLK,
		"this process has other threads, and a fork would copy the locks they hold: %sstart "
		"processes before threads, or insist with MPROC_START_FORK",
		another_way);
}

/*
 * Have the child find a copy of the @size bytes at @argument; without a size the pointer itself is the
 * argument.
 */
static int hand_over(mproci_start_plan *plan, const void *argument, size_t size)
{
	/* const is the caller's promise, not the child's. */
	plan->argument = (void *)(uintptr_t)argument;
	if (size == 0)
		return 0;
	plan->argument = plan->copy = mproc_alloc(size);
	if (plan->copy == NULL)
		return -ENOMEM;
	memcpy(plan->copy, argument, size);
	return 0;
}

int mproci_process_choose(mproc_start *start)
{
	if (*start != MPROC_START_DEFAULT)
		return 0;
	if (!mproci_process_has_threads())
		*start = MPROC_START_FORK;
	else if (mproci_kept(MPROCI_KEPT_SERVER) >= 0)
		*start = MPROC_START_SERVER;
	else
		return fail_for_threads("call mproc_init first in main, ");
	return 0;
}

int mproci_process_start(const mproci_process_plan *plan, mproc_process **ret_process)
{
	const mproc_process_options options = {
		.name = plan->name,
		.descriptors = plan->descriptors,
		.descriptor_count = plan->descriptor_count,
	};
	mproci_start_plan own = {
		.options = &options,
		.is_internal = true,
		.signals = plan->signals,
		.ends_with_thread = plan->ends_with_thread,
		.function = plan->function,
	};
	int rc;

	rc = hand_over(&own, plan->argument, plan->start == MPROC_START_FORK ? 0 : plan->size);
	if (rc == 0)
		rc = begin(&own, plan->start, ret_process);
	if (rc < 0)
		mproc_free(own.copy);
	return rc;
}

static int check(const mproc_process_options *options, mproc_process_function *function, const void *argument,
	size_t size, mproc_process *const *ret_process)
{
	if (function == NULL || ret_process == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", function == NULL ? "function" : "ret_process");
	if (argument == NULL && size != 0)
		return mproci_fail(-EINVAL, "argument is NULL, its size %zu", size);
	return mproci_options_check(options);
}

int mproc_process_start(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	static const mproc_process_options defaults;
	mproci_start_plan plan = {.options = options != NULL ? options : &defaults, .function = function};
	mproc_start start = plan.options->start;
	int rc;

	rc = check(plan.options, function, argument, size, ret_process);
	if (rc == 0)
		rc = mproci_process_choose(&start);
	if (rc == 0)
		rc = mproci_exit_prepare();
	if (rc == 0)
		rc = hand_over(&plan, argument, size);
	if (rc < 0)
		return rc;
	rc = begin(&plan, start, ret_process);
	if (rc < 0)
		mproc_free(plan.copy);
	return rc;
}
