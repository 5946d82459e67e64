/* SPDX-License-Identifier: MIT */
#include "sys/thread.h"

#include "base/error.h"

#include <errno.h>
#include <signal.h>

int mproci_thread_start(void *(*function)(void *), void *argument, pthread_t *ret_thread)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(ret_thread, NULL, function, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return mproci_fail(-EAGAIN,
			"no more threads may be started: RLIMIT_NPROC or the cgroup's limit is "
			"reached, or memory is short");
	return 0;
}
