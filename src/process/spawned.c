/* SPDX-License-Identifier: MIT */
#include "process/spawned.h"

#include "base/error.h"
#include "family/member.h"
#include "process/report.h"
#include "sys/descriptor.h"
#include "sys/exec.h"
#include "sys/exit.h"
#include "sys/kept.h"
#include "sys/lifeline.h"
#include "sys/memory.h"
#include "sys/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char format[] = "%d,%d,%d,%d,%d,%p,%zu,%p";

void mproci_spawned_write(const mproci_spawned *spawned, char ret_variable[MPROCI_SPAWNED_SIZE])
{
	int used = snprintf(ret_variable, MPROCI_SPAWNED_SIZE, "%s=", MPROCI_FAMILY_VARIABLE);

	snprintf(ret_variable + used, MPROCI_SPAWNED_SIZE - (size_t)used, format, (int)spawned->parent,
		spawned->memory, spawned->lifeline, spawned->report, spawned->server, spawned->base,
		spawned->size, (const void *)spawned->order);
}

static bool read_variable(const char *value, mproci_spawned *ret_spawned)
{
	mproci_spawned *to = ret_spawned;
	void *order;

	if (sscanf(value, format, &to->parent, &to->memory, &to->lifeline, &to->report, &to->server,
		    &to->base, &to->size, &order)
		!= 8)
		return false;
	to->order = order;
	return true;
}

/* Anybody may have set the variable.  What it names is looked at before anything is done to it. */
static bool is_plausible(const mproci_spawned *spawned)
{
	return mproci_lifeline_is_end(spawned->lifeline) && mproci_message_is_end(spawned->report)
	       && mproci_memory_is_file(spawned->memory, spawned->size);
}

static bool is_alive(pid_t pid)
{
	int fd = mproci_child_open(pid, UINT64_MAX);
	bool is_alive = fd >= 0 && mproci_child_wait(fd, MPROC_NOW) == -ETIMEDOUT;

	mproci_close(fd);
	return is_alive;
}

/*
 * A program that a spawned one runs before it comes to mproc_init is not meant: its parent is another than the one that
 * is meant, which lives.  When that has died it cannot be told who is who, and nobody is needed any more.
 */
static bool is_meant(const mproci_spawned *spawned)
{
	if (mproci_process_parent_id() == spawned->parent)
		return true;
	if (!is_alive(spawned->parent))
		mproci_exit_now(EXIT_FAILURE);
	return false;
}

/* Become part of the family.  Returns 0, and the role; or a negative errno with an error text. */
static int join(const mproci_spawned *spawned, mproci_role *ret_role)
{
	int rc;

	mproci_descriptor_close_on_exec(spawned->memory);
	mproci_descriptor_close_on_exec(spawned->report);
	mproci_descriptor_close_on_exec(spawned->server);
	rc = mproci_family_enter(spawned->memory, spawned->base, spawned->size);
	if (rc < 0)
		return rc;
	if (!mproci_order_is_there(spawned->order))
		return mproci_fail(
			-EBADMSG, "there is no order for this process: who has started it has ended");
	mproci_keep(MPROCI_KEPT_SERVER, spawned->server);
	mproci_order_log(spawned->order);
	mproci_child_pass(&mproci_member_slot(spawned->order->role.member)->gate);
	return mproci_order_read(spawned->order, ret_role);
}

void mproci_spawned_act(void)
{
	const char *value = mproci_exec_variable(MPROCI_FAMILY_VARIABLE);
	mproci_spawned spawned;
	mproci_role role;
	int rc;

	if (value == NULL || !read_variable(value, &spawned) || !is_plausible(&spawned)
		|| !is_meant(&spawned))
		return;
	mproci_descriptor_close_on_exec(spawned.lifeline);
	mproci_lifeline_arm(spawned.lifeline);
	rc = join(&spawned, &role);
	if (rc < 0) {
		mproci_report_send(spawned.report, rc, -1);
		mproci_exit_now(EXIT_FAILURE);
	}
	role.report = spawned.report;
	mproci_role_act(&role);
}
