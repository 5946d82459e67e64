/* SPDX-License-Identifier: MIT */
/*
 * Start by spawn: this program is begun anew in a child, and mproc_init in it does the rest
 * (process/spawned.h).
 */
#include "base/error.h"
#include "family/member.h"
#include "process/init.h"
#include "process/spawned.h"
#include "process/start.h"
#include "sys/descriptor.h"
#include "sys/exec.h"
#include "sys/kept.h"
#include "sys/lifeline.h"
#include "sys/message.h"

#include <errno.h>
#include <stdlib.h>

/* How long the program may take to come to mproc_init. */
static const double PATIENCE = 30.0;

static int check(void)
{
	if (mproci_init_arguments() == NULL)
		return mproci_fail(-ENOSYS, "start by spawn begins the program anew: call mproc_init first "
					    "in main, so that it comes to what it was started for");
	if (mproci_exec_is_privileged())
		return mproci_fail(
			-EPERM, "start by spawn is not for a program with the privileges of its file");
	if (mproci_kept(MPROCI_KEPT_MEMORY) < 0)
		return mproci_fail(-EBADF,
			"start by spawn: this process has closed the descriptor of the family's memory");
	return 0;
}

/* Returns a list to be freed of what the child needs open, NULL when there is no memory. */
static int *list_descriptors(const mproci_order *order, const mproci_spawned *spawned, size_t *ret_count)
{
	const mproc_process_options *options = &order->options;
	const int own[] = {
		spawned->memory,
		spawned->lifeline,
		spawned->report,
		spawned->server,
		order->role.streams[0],
		order->role.streams[1],
		order->role.streams[2],
		order->log_descriptor,
	};
	size_t own_count = sizeof own / sizeof *own, count = 0;
	int *list = calloc(own_count + options->descriptor_count, sizeof *list);

	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < own_count; ++i)
		list[count++] = own[i];
	for (size_t i = 0; i < options->descriptor_count; ++i)
		list[count++] = options->descriptors[i];
	*ret_count = count;
	return list;
}

static int execute(const mproci_start_plan *start, const mproci_order *order, const mproci_spawned *spawned)
{
	char variable[MPROCI_SPAWNED_SIZE];
	mproci_exec_plan plan = {
		.arguments = mproci_init_arguments(),
		.environment = order->options.environment,
		.variable = variable,
		.is_blocked = start->signals == MPROCI_SIGNALS_BLOCKED,
	};
	pid_t pid;
	int *list;

	mproci_spawned_write(spawned, variable);
	list = list_descriptors(order, spawned, &plan.count);
	if (list == NULL)
		return mproci_fail(-ENOMEM, "no memory for a list of descriptors");
	plan.descriptors = list;
	pid = mproci_exec(&plan);
	free(list);
	return (int)pid;
}

/* The child reports over @report.  Returns 0 when it is under way, with a descriptor. */
static int start(const mproci_start_plan *plan, mproc_process *process, const mproci_order *order,
	int lifeline, int report)
{
	mproci_spawned spawned = {
		.parent = mproci_process_id(),
		.memory = mproci_kept(MPROCI_KEPT_MEMORY),
		.lifeline = lifeline,
		.report = report,
		.server = mproci_kept(MPROCI_KEPT_SERVER),
		.base = mproci_family_here,
		.size = mproci_family_here->size,
		.order = order,
	};
	int rc;

	rc = execute(plan, order, &spawned);
	if (rc < 0)
		return rc;
	process->pid = rc;
	mproci_lifeline_tie(lifeline, process->pid);
	mproci_member_started(process->member, process->pid);
	rc = mproci_child_follow(process->pid);
	if (rc < 0)
		return rc;
	mproci_handle_follow(process, process->pid, rc);
	mproci_child_let_pass(&mproci_member_slot(process->member)->gate);
	return 0;
}

static int start_tied(
	const mproci_start_plan *plan, mproc_process *process, const mproci_order *order, int report)
{
	int lifeline = mproci_lifeline_open();
	int rc;

	if (lifeline < 0)
		return lifeline;
	rc = start(plan, process, order, lifeline, report);
	mproci_close(lifeline);
	return rc;
}

static int start_and_await(const mproci_start_plan *plan, mproc_process *process, const mproci_order *order)
{
	int ends[2], rc;

	rc = mproci_message_pair(ends);
	if (rc < 0)
		return rc;
	rc = start_tied(plan, process, order, ends[1]);
	mproci_close(ends[1]);
	if (rc == 0)
		rc = mproci_start_await(process, ends[0], mproc_after(PATIENCE));
	mproci_close(ends[0]);
	return rc;
}

int mproci_start_spawn(const mproci_start_plan *plan, mproc_process *process)
{
	mproci_order *order = NULL;
	int rc;

	rc = check();
	if (rc == 0)
		rc = mproci_order_create(plan, process, &order);
	if (rc == 0)
		rc = start_and_await(plan, process, order);
	mproci_order_destroy(order);
	return rc;
}
