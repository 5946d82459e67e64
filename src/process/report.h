/* SPDX-License-Identifier: MIT */
/*
 * process/report.h - how a new process tells the one that started it that it is set up, or why it cannot
 * be.
 */
#ifndef PROCESS_REPORT_H
#define PROCESS_REPORT_H

#include <mproc/deadline.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Report @rc and, when that is negative, this thread's error text, over the socket @end.  With @pidfd,
 * a descriptor of the process that reports, unless that is -1.  Returns 0; a negative errno: who waits
 * will learn, one way or another, that there is no process.
 */
int mproci_report_send(int end, int rc, int pidfd);

/*
 * Receive the report.  Returns what was reported, with its error text, and true in @ret_is_report;
 * otherwise false, and -EPIPE: nobody will report any more; -ETIMEDOUT; or another negative errno.  In
 * @ret_pid and @ret_pidfd (-1: none) who reports, if that succeeded.
 */
int mproci_report_receive(
	int end, mproc_deadline deadline, pid_t *ret_pid, int *ret_pidfd, bool *ret_is_report);

#endif
