/* SPDX-License-Identifier: MIT */
/*
 * What the server lends, it lends to an owner, a random name; asked for again under that name, it is the same acquisition.  A
 * name is used for one acquisition and never again: a request that was given up may still be on its way and arrive late, and
 * must not touch a later acquisition.  So when a request ends without an answer the handle is unsure, and the next to acquire
 * releases first whatever the server may hold under the old name.
 *
 * The lease is reckoned from before the request was sent, and the server reckons it from when that arrived: so it never lasts
 * longer here than there.
 */
#include "remote/lease.h"

#include "base/deadline.h"
#include "base/error.h"
#include "remote/part.h"
#include "remote/waking.h"
#include "sys/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_MILLISECONDS = 15000,
};

static const double seconds_to_close = 1;

static int make_names(mproci_remote_lease *lease, const char *name)
{
	lease->name = strdup(name);
	lease->fence = mproci_part_name(name, "fence");
	lease->wake = mproci_part_name(name, "wake");
	if (lease->name == NULL || lease->fence == NULL || lease->wake == NULL)
		return mproci_fail(-ENOMEM, "no memory for a remote %s", lease->kind->noun);
	return 0;
}

static void free_names(mproci_remote_lease *lease)
{
	free(lease->name);
	free(lease->fence);
	free(lease->wake);
}

int mproci_remote_lease_open(mproci_remote_lease *lease, const mproci_remote_lease_kind *kind,
	mproc_remote *remote, const char *name, double seconds)
{
	int rc;

	*lease = (mproci_remote_lease){.kind = kind, .remote = remote, .process = mproci_line_generation()};
	rc = mproci_remote_check(remote, name);
	if (rc < 0)
		return rc;
	rc = mproci_part_milliseconds("lease", seconds, DEFAULT_MILLISECONDS, &lease->milliseconds);
	if (rc < 0)
		return rc;
	rc = make_names(lease, name);
	if (rc < 0)
		free_names(lease);
	return rc;
}

static int check(const mproci_remote_lease *lease)
{
	if (lease == NULL)
		return mproci_fail(-EINVAL, "the handle of a lock or semaphore is NULL");
	if (lease->process != mproci_line_generation())
		return mproci_fail(-ECHILD, "remote %s \"%.150s\": opened by another process than this one",
			lease->kind->noun, lease->name);
	return 0;
}

static int fail(const mproci_remote_lease *lease, int rc, const char *happened)
{
	return mproci_fail(rc, "remote %s \"%.150s\": %s", lease->kind->noun, lease->name, happened);
}

/* When a lease ends here that was asked for at @before.  Servers reckon in whole milliseconds, of which one may have begun. */
static int64_t end_of(const mproci_remote_lease *lease, int64_t before)
{
	return before + (lease->milliseconds - 1) * MPROCI_NANOSECONDS_PER_MILLISECOND;
}

/* Ask for it once.  Returns 1: held; 0: not to be had before @ret_look, by the local clock; a negative errno with an error text. */
static int ask(mproci_remote_lease *lease, mproc_deadline deadline, mproc_deadline *ret_look)
{
	int64_t before = mproci_clock_now(), answer;
	mproci_request request;
	int rc;

	mproci_request_begin_function(&request, lease->kind->acquire, 3, true);
	mproci_request_add_text(&request, lease->name);
	mproci_request_add_text(&request, lease->fence);
	mproci_request_add_text(&request, lease->wake);
	mproci_request_add_text(&request, lease->owner);
	if (lease->permits > 0)
		mproci_request_add_integer(&request, lease->permits);
	mproci_request_add_integer(&request, lease->milliseconds);
	rc = mproci_remote_ask_integer(lease->remote, &request, deadline, &answer);
	if (rc < 0)
		return rc;
	if (answer > 0) {
		lease->token = answer;
		lease->ends_at = end_of(lease, before);
		return 1;
	}
	/* The server's word for it may be anything. */
	if (answer < -1000)
		answer = -1000;
	*ret_look = mproci_clock_now() + (1 - answer) * MPROCI_NANOSECONDS_PER_MILLISECOND;
	return 0;
}

/* Until an answer says so, nobody knows what the server holds for this owner. */
static int ask_until_held(mproci_remote_lease *lease, mproc_deadline deadline)
{
	mproc_deadline look;
	int rc;

	for (;;) {
		lease->state = MPROCI_LEASE_UNSURE;
		rc = ask(lease, deadline, &look);
		if (rc < 0)
			return rc;
		lease->state = rc > 0 ? MPROCI_LEASE_HELD : MPROCI_LEASE_FREE;
		if (rc > 0)
			return 0;
		rc = mproci_waking_wait(lease->remote, lease->wake, look, deadline);
		if (rc == -ETIMEDOUT)
			return fail(lease, rc, lease->kind->refusal);
		if (rc < 0)
			return rc;
	}
}

/* Returns the answer, 1 or 0: it was, or was not, this owner's; or a negative errno with an error text. */
static int tell_released(mproci_remote_lease *lease, mproc_deadline deadline)
{
	mproci_request request;
	int64_t answer;
	int rc;

	mproci_request_begin_function(&request, lease->kind->release, 2, true);
	mproci_request_add_text(&request, lease->name);
	mproci_request_add_text(&request, lease->wake);
	mproci_request_add_text(&request, lease->owner);
	lease->state = MPROCI_LEASE_UNSURE;
	rc = mproci_remote_ask_integer(lease->remote, &request, deadline, &answer);
	if (rc < 0)
		return rc;
	lease->state = MPROCI_LEASE_FREE;
	return answer == 1;
}

int mproci_remote_lease_acquire(mproci_remote_lease *lease, mproc_deadline deadline)
{
	int rc;

	rc = check(lease);
	if (rc < 0)
		return rc;
	if (mproci_remote_lease_remaining(lease) > 0)
		return fail(lease, -EDEADLK, "held by this handle already");
	if (lease->state != MPROCI_LEASE_FREE)
		rc = tell_released(lease, deadline);
	if (rc >= 0)
		rc = mproci_owner_make(lease->owner);
	if (rc < 0)
		return rc;
	return ask_until_held(lease, deadline);
}

int mproci_remote_lease_release(mproci_remote_lease *lease, mproc_deadline deadline)
{
	int rc;

	rc = check(lease);
	if (rc < 0)
		return rc;
	if (lease->state == MPROCI_LEASE_FREE)
		return fail(lease, -EPERM, "not held by this handle");
	rc = tell_released(lease, deadline);
	if (rc == 0)
		return fail(lease, -ESTALE, "not held any more when it was released");
	return rc < 0 ? rc : 0;
}

int mproci_remote_lease_extend(mproci_remote_lease *lease, mproc_deadline deadline)
{
	int64_t before = mproci_clock_now(), answer;
	mproci_request request;
	int rc;

	rc = check(lease);
	if (rc < 0)
		return rc;
	if (lease->state != MPROCI_LEASE_HELD)
		return fail(lease, -EPERM, "not held by this handle");
	mproci_request_begin_function(&request, lease->kind->extend, 1, true);
	mproci_request_add_text(&request, lease->name);
	mproci_request_add_text(&request, lease->owner);
	mproci_request_add_integer(&request, lease->milliseconds);
	rc = mproci_remote_ask_integer(lease->remote, &request, deadline, &answer);
	if (rc < 0)
		return rc;
	if (answer != 1) {
		lease->state = MPROCI_LEASE_FREE;
		return fail(lease, -ESTALE, "not held any more when it was extended");
	}
	lease->ends_at = end_of(lease, before);
	return 0;
}

int64_t mproci_remote_lease_token(const mproci_remote_lease *lease)
{
	int rc;

	rc = check(lease);
	if (rc < 0)
		return rc;
	if (lease->state != MPROCI_LEASE_HELD)
		return fail(lease, -EPERM, "not held by this handle");
	return lease->token;
}

double mproci_remote_lease_remaining(const mproci_remote_lease *lease)
{
	int64_t now;

	if (lease == NULL || lease->process != mproci_line_generation() || lease->state != MPROCI_LEASE_HELD)
		return 0;
	now = mproci_clock_now();
	return now < lease->ends_at ? (double)(lease->ends_at - now) / 1e9 : 0;
}

void mproci_remote_lease_close(mproci_remote_lease *lease)
{
	if (lease->process == mproci_line_generation() && lease->state != MPROCI_LEASE_FREE)
		tell_released(lease, mproc_after(seconds_to_close));
	free_names(lease);
}
