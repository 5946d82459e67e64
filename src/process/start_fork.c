/* SPDX-License-Identifier: MIT */
/*
 * Start by fork: the child has all that it needs in its copy of this process's memory.
 */
#include "base/error.h"
#include "family/member.h"
#include "process/current.h"
#include "process/options.h"
#include "process/role.h"
#include "process/start.h"
#include "sys/descriptor.h"
#include "sys/lifeline.h"
#include "sys/message.h"

static mproci_role role_of(const mproci_start_plan *plan, const mproc_process *process)
{
	mproci_role role = {.report = -1, .function = plan->function, .argument = plan->argument};

	mproci_current_describe(process, &role);
	if (!plan->is_internal && mproci_options_change_something(plan->options)) {
		role.options = plan->options;
		role.closes_descriptors = plan->options->descriptors != NULL;
		mproci_options_streams(plan->options, role.streams);
	}
	return role;
}

/* What the child has from this process beside a copy of its memory; -1: it does not. */
typedef struct cords {
	int lifeline;
	/* The child reports over the second. */
	int ends[2];
} cords;

static pid_t start(
	const mproci_start_plan *plan, mproc_process *process, mproci_role *role, const cords *with)
{
	mproci_child_plan child = {
		.signals = plan->signals,
		.ends_with_thread = plan->ends_with_thread,
		.lifeline = with->lifeline,
		.gate = &mproci_member_slot(process->member)->gate,
	};
	int pidfd;
	pid_t pid = mproci_child_fork(&child, &pidfd);

	if (pid == 0) {
		mproci_close(with->ends[0]);
		role->report = with->ends[1];
		mproci_role_act(role);
	}
	if (pid < 0)
		return pid;
	mproci_handle_follow(process, pid, pidfd);
	mproci_member_started(process->member, pid);
	mproci_child_let_pass(child.gate);
	return pid;
}

static int begin(const mproci_role *role, cords *ret_cords)
{
	int rc;

	ret_cords->lifeline = mproci_lifeline_open();
	if (ret_cords->lifeline < 0)
		return ret_cords->lifeline;
	rc = role->options != NULL ? mproci_message_pair(ret_cords->ends) : 0;
	if (rc < 0)
		mproci_close(ret_cords->lifeline);
	return rc;
}

int mproci_start_fork(const mproci_start_plan *plan, mproc_process *process)
{
	mproci_role role = role_of(plan, process);
	cords with = {.ends = {-1, -1}};
	int rc;

	rc = begin(&role, &with);
	if (rc < 0)
		return rc;
	rc = (int)start(plan, process, &role, &with);
	mproci_close(with.lifeline);
	mproci_close(with.ends[1]);
	if (rc > 0)
		rc = role.options != NULL ? mproci_start_await(process, with.ends[0], MPROC_FOREVER) : 0;
	mproci_close(with.ends[0]);
	return rc;
}
