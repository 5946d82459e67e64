/* SPDX-License-Identifier: MIT */
#include "sys/thread.h"

#include "base/error.h"
#include "sys/child.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct apart {
	void (*function)(void *);
	void *argument;
} apart;

static _Atomic unsigned apart_count;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

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

/* In a forked child, which has none. */
static void forget(void)
{
	atomic_store(&apart_count, 0);
}

static void register_handlers(void)
{
	handlers_rc = mproci_process_at_fork(NULL, NULL, forget);
}

/* It counts itself, so that it is there when it is counted. */
static void *run_apart(void *argument)
{
	const apart self = *(apart *)argument;

	free(argument);
	pthread_detach(pthread_self());
	atomic_fetch_add(&apart_count, 1);
	self.function(self.argument);
	atomic_fetch_sub(&apart_count, 1);
	return NULL;
}

int mproci_thread_start_apart(void (*function)(void *), void *argument)
{
	apart *self = malloc(sizeof *self);
	pthread_t thread;
	int rc;

	pthread_once(&handlers_once, register_handlers);
	if (self == NULL || handlers_rc < 0) {
		free(self);
		return mproci_fail(-ENOMEM, "no memory for a thread");
	}
	*self = (apart){function, argument};
	rc = mproci_thread_start(run_apart, self, &thread);
	if (rc < 0)
		free(self);
	return rc;
}

unsigned mproci_threads_apart(void)
{
	return atomic_load(&apart_count);
}
