/* SPDX-License-Identifier: MIT */
/*
 * libc calls its exit handlers last one first.  So a handler that is registered when a process begins to
 * be a child comes after all that the child itself registers and before all that came from its parent; and
 * as it ends the process, the parent's never run.
 *
 * A child that has done all it began says so at last (family/README.md).  It has when its function
 * returned and all handlers did; not when somebody called exit(), perhaps a signal handler, which may have
 * come in the middle of anything: the function, or one of the exit handlers, the rest of which libc then
 * calls from in there.  So a handler that is registered when the function has returned, and is called
 * first, notes where on the stack libc calls handlers from.
 */
#include "process/exit.h"

#include "base/error.h"
#include "family/member.h"
#include "process/handle.h"
#include "sys/child.h"
#include "sys/exit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

typedef struct exit_call {
	struct exit_call *next;
	void (*function)(void *argument);
	void *argument;
} exit_call;

/* The last one first. */
static exit_call *calls;
/* The frame that the first handler was called from, when the function has returned. */
static const void *first_frame;
/* Protects them against other threads; and the registering. */
static pthread_mutex_t calling = PTHREAD_MUTEX_INITIALIZER;
static bool is_prepared;
static pthread_once_t forget_once = PTHREAD_ONCE_INIT;
static bool is_registered;

/* In a forked child: these are the parent's. */
static void forget(void)
{
	calling = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	calls = NULL;
}

static void register_forget(void)
{
	mproci_process_at_fork(NULL, NULL, forget);
	is_registered = true;
}

static exit_call *take_last(void)
{
	exit_call *last;

	pthread_mutex_lock(&calling);
	last = calls;
	if (last != NULL)
		calls = last->next;
	pthread_mutex_unlock(&calling);
	return last;
}

/*
 * libc calls this once for each of them: so they and those of atexit come in the order that they were
 * registered in.
 */
static void run_last(int code)
{
	exit_call *call = take_last();

	(void)code;
	if (call == NULL)
		return;
	call->function(call->argument);
	free(call);
}

static void end_process(int code)
{
	(void)code;
	mproci_handle_end_children();
}

static void note_frame(int code)
{
	(void)code;
	first_frame = mproci_exit_frame();
}

void mproci_exit_returned(void)
{
	/* When it fails, this process ends as one that was killed. */
	(void)mproci_exit_hook(note_frame);
}

static void end_child(int code)
{
	bool is_undisturbed = first_frame == mproci_exit_frame();

	mproci_handle_end_children();
	/* What is written now may be written by functions of the application, and may end the process. */
	mproci_exit_flush();
	/* Then libc must end this process, with the code that it knows; the parent's handlers run before. */
	if (code == MPROCI_EXIT_UNKNOWN)
		return;
	mproci_member_ends(mproci_member_self(), (mproci_ending){.exit_code = code & 0xff}, false);
	if (is_undisturbed)
		mproci_member_completes();
	mproci_exit_at_once(code);
}

/* Locked. */
static int prepare(void)
{
	int rc = is_prepared ? 0 : mproci_exit_hook(end_process);

	is_prepared |= rc == 0;
	return rc < 0 ? mproci_fail(rc, "no memory for an exit handler") : 0;
}

int mproci_exit_prepare(void)
{
	int rc;

	pthread_once(&forget_once, register_forget);
	pthread_mutex_lock(&calling);
	rc = prepare();
	pthread_mutex_unlock(&calling);
	return rc;
}

int mproci_exit_prepare_child(void)
{
	/* Nearly always it is: then a new process need not call libc for it. */
	if (!is_registered)
		pthread_once(&forget_once, register_forget);
	is_prepared = true;
	return mproci_exit_hook(end_child) < 0 ? mproci_fail(-ENOMEM, "no memory for an exit handler") : 0;
}

int mproc_at_exit(void (*function)(void *argument), void *argument)
{
	exit_call *call;
	int rc;

	if (function == NULL)
		return mproci_fail(-EINVAL, "function is NULL");
	rc = mproci_exit_prepare();
	if (rc < 0)
		return rc;
	call = malloc(sizeof *call);
	if (call == NULL)
		return mproci_fail(-ENOMEM, "no memory for an exit handler");
	pthread_mutex_lock(&calling);
	rc = mproci_exit_hook(run_last);
	if (rc == 0) {
		*call = (exit_call){.next = calls, .function = function, .argument = argument};
		calls = call;
	}
	pthread_mutex_unlock(&calling);
	if (rc == 0)
		return 0;
	free(call);
	return mproci_fail(rc, "no memory for an exit handler");
}
