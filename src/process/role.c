/* SPDX-License-Identifier: MIT */
#include "process/role.h"

#include "base/error.h"
#include "family/member.h"
#include "process/exit.h"
#include "process/handle.h"
#include "process/report.h"
#include "sys/child.h"
#include "sys/descriptor.h"
#include "sys/exit.h"
#include "sys/setup.h"
#include "trace/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static mproci_role own;
static bool is_started;

const mproci_role *mproci_role_own(void)
{
	return is_started ? &own : NULL;
}

enum {
	/* The report, the descriptor of this process; the log's, which an order also names. */
	OWN_DESCRIPTORS = 4,
};

static void close_others(const mproci_role *role, int pidfd)
{
	int keep[MPROC_DESCRIPTORS + OWN_DESCRIPTORS];
	mproc_log_level unused;
	size_t count = 0;

	if (!role->closes_descriptors)
		return;
	for (; count < role->options->descriptor_count; ++count)
		keep[count] = role->options->descriptors[count];
	keep[count++] = role->report;
	keep[count++] = pidfd;
	mproci_log_setting(&keep[count++], &unused);
	mproci_setup_descriptors(keep, count);
}

static int set_limits(const mproc_process_options *options)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < options->limit_count; ++i)
		rc = mproci_setup_limit(
			options->limits[i].resource, options->limits[i].soft, options->limits[i].hard);
	return rc;
}

/* The limits come last: they may forbid what is done before. */
static int set_up(const mproci_role *role, int pidfd)
{
	const mproc_process_options *options = role->options;
	int rc;

	if (options == NULL)
		return 0;
	rc = mproci_setup_streams(role->streams);
	if (rc == 0)
		close_others(role, pidfd);
	if (rc == 0 && options->directory != NULL)
		rc = mproci_setup_directory(options->directory);
	if (rc == 0 && options->own_group)
		rc = mproci_setup_group();
	if (rc == 0 && options->niceness != 0)
		rc = mproci_setup_niceness(options->niceness);
	if (rc == 0 && options->cpu_count > 0)
		rc = mproci_setup_cpus(options->cpus, options->cpu_count);
	if (rc == 0 && options->environment != NULL)
		rc = mproci_setup_environment(options->environment);
	return rc == 0 ? set_limits(options) : rc;
}

static int begin(const mproci_role *role, int pidfd)
{
	int rc;

	rc = mproci_member_become(role->member);
	if (rc < 0)
		return mproci_fail(rc, "the parent ended meanwhile");
	mproci_process_set_name(role->name);
	mproci_handle_number(role->path);
	rc = mproci_exit_prepare_child();
	return rc == 0 ? set_up(role, pidfd) : rc;
}

/* Opened before the limits forbid it. */
static int begin_and_report(const mproci_role *role)
{
	int pidfd = mproci_child_open_self(), sent, rc;

	rc = pidfd < 0 ? mproci_fail_descriptor(pidfd, "cannot open a descriptor for the child")
		       : begin(role, pidfd);
	sent = mproci_report_send(role->report, rc, pidfd);
	mproci_close(pidfd);
	mproci_close(role->report);
	return rc == 0 ? sent : rc;
}

static void end_with_thread(void *unused)
{
	(void)unused;
	mproci_exit(0);
}

static _Noreturn void run(void)
{
	int code = own.function(own.argument);

	mproci_exit_returned();
	mproci_exit(code);
}

_Noreturn void mproci_role_act(const mproci_role *role)
{
	int rc;

	own = *role;
	is_started = true;
	rc = role->report >= 0 ? begin_and_report(role) : begin(role, -1);
	if (rc < 0)
		mproci_exit_now(EXIT_FAILURE);
	/* What these were is no concern of the function's. */
	own.options = NULL;
	own.report = -1;
	mproci_member_runs((uintptr_t)own.function);
	/* Otherwise a pthread_exit would leave other threads running. */
	pthread_cleanup_push(end_with_thread, NULL);
	run();
	pthread_cleanup_pop(0);
	mproci_exit_now(EXIT_FAILURE);
}
