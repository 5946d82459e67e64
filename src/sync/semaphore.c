/* SPDX-License-Identifier: MIT */
/*
 * Two kinds of permits.  Plain ones are a count.  Owned ones are a place each, which says who has it: taking one is one
 * exchange, giving it back is one, and there is no sum beside them that a kill could leave wrong.  A permit whose owner is
 * no member any more is as good as a free one.
 */
#include "base/error.h"
#include "base/object.h"
#include "base/options.h"
#include "family/member.h"
#include "sync/event_count.h"

#include <errno.h>
#include <mproc/semaphore.h>
#include <stddef.h>

static const uint64_t MARK = UINT64_C(0x73656d612e2e6f6b);

typedef struct semaphore {
	uint64_t mark;
	uint32_t bound;
	bool is_owned;
	mproci_event_count releases;
	/* Permits that can be acquired; unused when they are owned. */
	_Atomic uint32_t value;
	/* Stamps of members, or 0. */
	_Atomic uint32_t owners[MPROC_SEMAPHORE_OWNED_MAX];
} semaphore;

_Static_assert(sizeof(semaphore) <= sizeof(mproc_semaphore), "a semaphore fits into its public room");
_Static_assert(_Alignof(semaphore) <= _Alignof(mproc_semaphore), "and is aligned as that is");

static semaphore *inside(mproc_semaphore *public)
{
	return (semaphore *)public;
}

static int check(const mproc_semaphore *public)
{
	return mproci_check_object(public, MARK, "semaphore");
}

static int check_options(uint32_t permits, const mproc_semaphore_options *options)
{
	uint32_t most = options->owned ? MPROC_SEMAPHORE_OWNED_MAX : MPROC_SEMAPHORE_MAX;
	uint32_t bound = options->bound == 0 ? most : options->bound;

	if (bound > most)
		return mproci_fail(-EINVAL, "bound %u: 1 to %u are possible", bound, most);
	if (permits > bound || (options->owned && permits == 0))
		return mproci_fail(
			-EINVAL, "permits %u: %d to %u are possible", permits, options->owned, bound);
	if (options->owned && options->bound != 0 && options->bound != permits)
		return mproci_fail(-EINVAL, "bound %u: owned permits are all there at first, %u",
			options->bound, permits);
	return mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
}

int mproc_semaphore_init(mproc_semaphore *public, uint32_t permits, const mproc_semaphore_options *options)
{
	static const mproc_semaphore_options defaults;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (public == NULL)
		return mproci_fail(-EINVAL, "semaphore is NULL");
	rc = check_options(permits, options);
	if (rc == 0 && options->owned)
		rc = mproci_family_join();
	if (rc < 0)
		return rc;
	*inside(public) = (semaphore){
		.bound = options->bound != 0 ? options->bound
			 : options->owned    ? permits
					     : MPROC_SEMAPHORE_MAX,
		.is_owned = options->owned,
		.value = permits,
	};
	inside(public)->mark = MARK;
	return 0;
}

typedef bool owner_test(uint32_t owner, uint32_t own);

static bool is_free(uint32_t owner, uint32_t own)
{
	(void)own;
	return owner == 0;
}

static bool is_left(uint32_t owner, uint32_t own)
{
	return !is_free(owner, own) && !mproci_member_is_there(owner);
}

static bool is_own(uint32_t owner, uint32_t own)
{
	return owner == own;
}

static uint32_t count(semaphore *self, owner_test *is_wanted, uint32_t own)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < self->bound; ++i)
		count += is_wanted(atomic_load_explicit(&self->owners[i], memory_order_acquire), own);
	return count;
}

/* Give one permit another owner.  Each process begins its search elsewhere. */
static bool pass_on(semaphore *self, owner_test *is_wanted, uint32_t own, uint32_t next)
{
	for (uint32_t i = 0; i < self->bound; ++i) {
		_Atomic uint32_t *place = &self->owners[(own + i) % self->bound];
		uint32_t owner = atomic_load_explicit(place, memory_order_acquire);

		if (is_wanted(owner, own) && atomic_compare_exchange_strong(place, &owner, next))
			return true;
	}
	return false;
}

static bool take_from_count(semaphore *self)
{
	uint32_t value = atomic_load_explicit(&self->value, memory_order_relaxed);

	while (value > 0) {
		if (atomic_compare_exchange_weak(&self->value, &value, value - 1))
			return true;
	}
	return false;
}

/*
 * How often this process has acquired an owned permit, of any semaphore.  One that another thread acquires and
 * gives back while this one looks through the places may be taken where it has looked already, and leave a
 * place where it has not: so it may have missed what it owns.  Without an acquisition in the meantime it has
 * not, for the others give back no more than they had when it began.
 */
static _Atomic uint32_t acquisitions;

/* @own: this process, or 0 when permits are not owned. */
static bool take(semaphore *self, uint32_t own)
{
	if (own == 0)
		return take_from_count(self);
	if (!pass_on(self, is_free, own, own) && !pass_on(self, is_left, own, own))
		return false;
	atomic_fetch_add(&acquisitions, 1);
	return true;
}

static int await(semaphore *self, uint32_t own, mproc_deadline deadline)
{
	int rc = 0;

	while (!take(self, own)) {
		uint32_t key;

		if (rc < 0)
			return mproci_fail(rc, "semaphore %p: no permit until the deadline", (void *)self);
		if (own != 0)
			mproci_member_watch();
		key = mproci_event_count_prepare(&self->releases);
		if (take(self, own)) {
			mproci_event_count_cancel(&self->releases);
			return 0;
		}
		rc = mproci_event_count_wait_unburied(&self->releases, key, deadline);
	}
	return 0;
}

/* This process's stamp, where permits are owned. */
static int identify(const semaphore *self, uint32_t *ret_own)
{
	int rc;

	if (!self->is_owned)
		return 0;
	rc = mproci_family_join();
	if (rc == 0)
		*ret_own = mproci_member_stamp(mproci_member_self());
	return rc;
}

int mproc_semaphore_acquire(mproc_semaphore *public, mproc_deadline deadline)
{
	uint32_t own = 0;
	int rc;

	rc = check(public);
	if (rc == 0)
		rc = identify(inside(public), &own);
	if (rc < 0)
		return rc;
	return await(inside(public), own, deadline);
}

static int add_to_count(semaphore *self, uint32_t permits)
{
	uint32_t value = atomic_load_explicit(&self->value, memory_order_relaxed);

	do {
		if (permits > self->bound - value)
			return mproci_fail(-EOVERFLOW,
				"semaphore %p: %u permits are there, and %u more are above %u", (void *)self,
				value, permits, self->bound);
	} while (!atomic_compare_exchange_weak(&self->value, &value, value + permits));
	return 0;
}

static uint32_t count_own(semaphore *self, uint32_t own, uint32_t wanted)
{
	uint32_t before, owned;

	do {
		before = atomic_load(&acquisitions);
		owned = count(self, is_own, own);
	} while (owned < wanted && atomic_load(&acquisitions) != before);
	return owned;
}

static bool give_back_one(semaphore *self, uint32_t own)
{
	uint32_t before;

	do {
		before = atomic_load(&acquisitions);
		if (pass_on(self, is_own, own, 0))
			return true;
	} while (atomic_load(&acquisitions) != before);
	return false;
}

static int give_back(semaphore *self, uint32_t own, uint32_t permits)
{
	uint32_t owned = count_own(self, own, permits);

	if (owned < permits || !give_back_one(self, own))
		return mproci_fail(-EPERM, "semaphore %p: this process owns %u permits, not %u", (void *)self,
			owned < permits ? owned : permits - 1, permits);
	for (uint32_t i = 1; i < permits; ++i)
		give_back_one(self, own);
	return 0;
}

int mproc_semaphore_release(mproc_semaphore *public, uint32_t permits)
{
	uint32_t own = 0;
	int rc;

	rc = check(public);
	if (rc == 0 && permits == 0)
		rc = mproci_fail(-EINVAL, "semaphore %p: release of 0 permits", (void *)public);
	if (rc < 0)
		return rc;
	/* Who is no member has a stamp that nobody has, and owns nothing. */
	if (inside(public)->is_owned)
		own = mproci_member_stamp(mproci_member_self());
	rc = own == 0 ? add_to_count(inside(public), permits) : give_back(inside(public), own, permits);
	if (rc == 0)
		mproci_event_count_notify_some(&inside(public)->releases, permits);
	return rc;
}

int mproc_semaphore_value(mproc_semaphore *public)
{
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	if (inside(public)->is_owned)
		return (int)(count(inside(public), is_free, 0) + count(inside(public), is_left, 0));
	return (int)atomic_load_explicit(&inside(public)->value, memory_order_relaxed);
}

int mproc_semaphore_destroy(mproc_semaphore *public)
{
	int rc;

	if (public == NULL)
		return 0;
	rc = check(public);
	if (rc == 0)
		inside(public)->mark = 0;
	return rc;
}
