/* SPDX-License-Identifier: MIT */
#include "process/report.h"

#include "base/error.h"
#include "sys/child.h"
#include "sys/descriptor.h"
#include "sys/message.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdio.h>
#include <string.h>

typedef struct report {
	int rc;
	pid_t pid;
	char text[MPROCI_ERROR_TEXT_SIZE];
} report;

int mproci_report_send(int end, int rc, int pidfd)
{
	report mine = {.rc = rc, .pid = mproci_process_id()};

	if (rc < 0)
		snprintf(mine.text, sizeof mine.text, "%s", mproc_error_text());
	rc = mproci_message_send(end, &mine, sizeof mine, &pidfd, pidfd >= 0 ? 1 : 0);
	/* Without the descriptor it may get through. */
	if (rc < 0 && mine.rc == 0)
		mproci_report_send(end, mproci_fail(rc, "the child cannot report: %s", strerror(-rc)), -1);
	return rc;
}

int mproci_report_receive(
	int end, mproc_deadline deadline, pid_t *ret_pid, int *ret_pidfd, bool *ret_is_report)
{
	report theirs;
	size_t count = 1;
	int rc, pidfd = -1;

	rc = mproci_message_receive(end, deadline, &theirs, sizeof theirs, &pidfd, &count, NULL);
	*ret_is_report = rc == 0;
	if (rc < 0)
		return rc;
	if (theirs.rc < 0) {
		mproci_close(count == 1 ? pidfd : -1);
		theirs.text[sizeof theirs.text - 1] = '\0';
		return mproci_fail(theirs.rc, "%s", theirs.text);
	}
	*ret_pid = theirs.pid;
	*ret_pidfd = count == 1 ? pidfd : -1;
	return 0;
}
