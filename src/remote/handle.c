/* SPDX-License-Identifier: MIT */
#include "remote/handle.h"

#include "base/deadline.h"
#include "base/error.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdio.h>

static const int64_t SECOND = 1000 * MPROCI_NANOSECONDS_PER_MILLISECOND;

mproc_deadline mproci_remote_until(mproc_deadline deadline)
{
	return deadline < 0 ? mproci_clock_now() + SECOND : deadline;
}

/*
 * In a forked child, at the first use, by one of its threads.  When another thread of the parent had its turn, nobody
 * knows in what state it left the connection: it is left as it is, for good, and so is the lock, under a new one.
 */
void mproci_remote_renew(mproc_remote *remote)
{
	if (remote->generation == mproci_line_generation())
		return;
	mproci_lines_hold();
	if (remote->generation != mproci_line_generation()) {
		if (mproci_lock_try(&remote->turn) == 0) {
			mproci_line_close(remote->line);
			mproci_lock_release(&remote->turn);
		} else {
			mproci_lock_init(&remote->turn, MPROCI_LOCK_OF_PROGRAM);
		}
		mproci_lock_init(&remote->next_turn, MPROCI_LOCK_OF_PROGRAM);
		remote->line = NULL;
		remote->late = 0;
		remote->has_broken = false;
		remote->generation = mproci_line_generation();
	}
	mproci_lines_let_go();
}

/*
 * Who waits for the turn keeps others from waiting: otherwise a thread that asks again and again, as for a message,
 * would always be first.
 */
static int take_turn(mproc_remote *remote, mproc_deadline deadline)
{
	int rc;

	rc = mproci_lock_take(&remote->next_turn, deadline);
	if (rc < 0)
		return rc;
	rc = mproci_lock_take(&remote->turn, deadline);
	mproci_lock_release(&remote->next_turn);
	return rc;
}

int mproci_remote_enter(mproc_remote *remote, mproc_deadline deadline)
{
	int rc;

	mproci_remote_renew(remote);
	rc = take_turn(remote, deadline);
	if (rc == -EDEADLK)
		return mproci_fail(rc, "%s: this thread is in a call already", remote->url.shown);
	if (rc < 0)
		return mproci_fail(
			-ETIMEDOUT, "%s: another thread had its turn until the deadline", remote->url.shown);
	/* A thread that ended in its turn has left something half said. */
	if (rc == MPROC_OWNER_DIED)
		mproci_remote_hang_up(remote);
	return 0;
}

void mproci_remote_leave(mproc_remote *remote)
{
	mproci_lock_release(&remote->turn);
}

void mproci_remote_hang_up(mproc_remote *remote)
{
	if (remote->line == NULL)
		return;
	remote->line = mproci_line_close(remote->line);
	remote->late = 0;
	remote->has_broken = true;
}

int mproci_remote_fail_there(const mproc_remote *remote, int rc)
{
	char text[MPROCI_ERROR_TEXT_SIZE];

	snprintf(text, sizeof text, "%s", mproc_error_text());
	return mproci_fail(rc, "%s: %s", remote->url.shown, text);
}
