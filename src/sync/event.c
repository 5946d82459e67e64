/* SPDX-License-Identifier: MIT */
#include "sync/event.h"

#include "base/error.h"
#include "base/object.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static const uint64_t MARK = UINT64_C(0x6576656e742e6f6b);

typedef struct event {
	uint64_t mark;
	_Atomic uint32_t is_set;
	/* Those who wait for it. */
	mproci_event_count settings;
} event;

_Static_assert(sizeof(event) <= sizeof(mproc_event), "an event fits into its public room");
_Static_assert(_Alignof(event) <= _Alignof(mproc_event), "and is aligned as that is");

static event *inside(mproc_event *public)
{
	return (event *)public;
}

static int check(const mproc_event *public)
{
	return mproci_check_object(public, MARK, "event");
}

int mproc_event_init(mproc_event *public)
{
	if (public == NULL)
		return mproci_fail(-EINVAL, "event is NULL");
	*inside(public) = (event){.mark = MARK};
	return 0;
}

int mproc_event_set(mproc_event *public)
{
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	atomic_store_explicit(&inside(public)->is_set, true, memory_order_release);
	mproci_event_count_notify(&inside(public)->settings);
	return 0;
}

int mproc_event_clear(mproc_event *public)
{
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	atomic_store_explicit(&inside(public)->is_set, false, memory_order_relaxed);
	/* Who looks for work between this and a wait sees it, or is told: the store must not come after that of mproc_event_set. */
	atomic_thread_fence(memory_order_seq_cst);
	return 0;
}

int mproc_event_is_set(mproc_event *public)
{
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	return (int)atomic_load_explicit(&inside(public)->is_set, memory_order_acquire);
}

static bool is_set(event *self)
{
	return atomic_load_explicit(&self->is_set, memory_order_acquire) != 0;
}

static int await(event *self, mproc_deadline deadline)
{
	int rc = 0;

	while (!is_set(self)) {
		uint32_t key;

		if (rc < 0)
			return mproci_fail(rc, "event %p: not set until the deadline", (void *)self);
		key = mproci_event_count_prepare(&self->settings);
		if (is_set(self))
			mproci_event_count_cancel(&self->settings);
		else
			rc = mproci_event_count_wait_unburied(&self->settings, key, deadline);
	}
	return 0;
}

mproci_event_count *mproci_event_settings(mproc_event *public)
{
	return &inside(public)->settings;
}

int mproc_event_wait(mproc_event *public, mproc_deadline deadline)
{
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	return await(inside(public), deadline);
}

int mproc_event_destroy(mproc_event *public)
{
	int rc;

	if (public == NULL)
		return 0;
	rc = check(public);
	if (rc == 0)
		inside(public)->mark = 0;
	return rc;
}
