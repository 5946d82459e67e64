/* SPDX-License-Identifier: MIT */
/*
 * All that decides is in one word: which round this is, how many have come, whether it is broken.  Each step is one exchange of
 * it, so a kill leaves a barrier of which a party is dead, and nothing half done.  That the party is dead shows in the table
 * of those who take part, into which a process writes itself before it comes: whoever comes or waits looks there, and
 * breaks the barrier.
 *
 *	from               to                       by
 *	OPEN, n come       OPEN, n + 1 come         a party that is not the last
 *	OPEN, all but one  the next round, OPEN     the last party; with an action: ACTING, all have come
 *	ACTING             the next round, OPEN     the last party, when its action is done; when that failed: broken
 *	OPEN, ACTING       broken, and why          who finds a dead party, or meets its deadline, or aborts
 *	any                the next epoch, OPEN     a reset
 *
 * Who waits does so for its round and epoch to pass.  The next round says that all had come, the next epoch that somebody reset.
 */
#include "base/error.h"
#include "base/object.h"
#include "base/options.h"
#include "family/member.h"
#include "sync/event_count.h"

#include <errno.h>
#include <mproc/barrier.h>
#include <stdbool.h>
#include <stddef.h>

static const uint64_t MARK = UINT64_C(0x626172722e2e6f6b);

typedef struct barrier {
	uint64_t mark;
	_Atomic uint64_t word;
	uint32_t parties;
	/* Those who wait for the word to change. */
	mproci_event_count changes;
	mproc_barrier_action *action;
	void *argument;
	/* Stamps of the members that take part, or 0. */
	_Atomic uint32_t members[MPROC_BARRIER_PROCESSES_MAX];
} barrier;

_Static_assert(sizeof(barrier) <= sizeof(mproc_barrier), "a barrier fits into its public room");
_Static_assert(_Alignof(barrier) <= _Alignof(mproc_barrier), "and is aligned as that is");

typedef enum state {
	OPEN,
	ACTING,
	/* From here on: broken, because … */
	PARTY_DIED,
	PARTY_GAVE_UP,
	ACTION_FAILED,
	ABORTED,
} state;

/* A word: 24 bits round, 16 bits epoch, 16 bits how many have come, 8 bits state. */
typedef struct moment {
	uint32_t round, epoch, come;
	state state;
} moment;

static uint64_t word_of(moment now)
{
	return (uint64_t)(now.round & 0xffffff) << 40 | (uint64_t)(now.epoch & 0xffff) << 24 | now.come << 8
	       | now.state;
}

static moment moment_of(uint64_t word)
{
	return (moment){
		.round = (uint32_t)(word >> 40),
		.epoch = (uint32_t)(word >> 24) & 0xffff,
		.come = (uint32_t)(word >> 8) & 0xffff,
		.state = (state)(word & 0xff),
	};
}

static barrier *inside(mproc_barrier *public)
{
	return (barrier *)public;
}

static int check(const mproc_barrier *public)
{
	return mproci_check_object(public, MARK, "barrier");
}

int mproc_barrier_init(mproc_barrier *public, uint32_t parties, const mproc_barrier_options *options)
{
	static const mproc_barrier_options defaults;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (public == NULL)
		return mproci_fail(-EINVAL, "barrier is NULL");
	if (parties < 1 || parties > MPROC_BARRIER_PARTIES_MAX)
		return mproci_fail(
			-EINVAL, "parties %u: 1 to %d are possible", parties, MPROC_BARRIER_PARTIES_MAX);
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc < 0)
		return rc;
	*inside(public) = (barrier){
		.parties = parties,
		.action = options->action,
		.argument = options->argument,
	};
	inside(public)->mark = MARK;
	return 0;
}

static moment look(barrier *self)
{
	return moment_of(atomic_load(&self->word));
}

/* Change the word, if it still is @now, and tell everybody who waits. */
static bool move(barrier *self, moment now, moment next)
{
	uint64_t word = word_of(now);

	if (!atomic_compare_exchange_strong(&self->word, &word, word_of(next)))
		return false;
	mproci_event_count_notify(&self->changes);
	return true;
}

static bool is_broken(moment now)
{
	return now.state >= PARTY_DIED;
}

/* Break the barrier as it is @now.  Returns false when it has changed. */
static bool try_break(barrier *self, moment now, state reason)
{
	moment broken = now;

	broken.state = reason;
	return move(self, now, broken);
}

static void break_for(barrier *self, state reason)
{
	moment now;

	do
		now = look(self);
	while (!is_broken(now) && !try_break(self, now, reason));
}

static int fail_broken(barrier *self, state reason)
{
	static const char *const texts[] = {
		[PARTY_DIED] = "a process that takes part has ended",
		[PARTY_GAVE_UP] = "one of the parties met its deadline",
		[ACTION_FAILED] = "its action failed",
		[ABORTED] = "it was aborted",
	};

	return mproci_fail(-ECANCELED, "barrier %p is broken: %s", (void *)self, texts[reason]);
}

static bool takes_part(barrier *self, uint32_t own)
{
	for (uint32_t i = 0; i < MPROC_BARRIER_PROCESSES_MAX; ++i) {
		if (atomic_load_explicit(&self->members[i], memory_order_relaxed) == own)
			return true;
	}
	return false;
}

static int take_part(barrier *self, uint32_t own)
{
	if (takes_part(self, own))
		return 0;
	for (uint32_t i = 0; i < MPROC_BARRIER_PROCESSES_MAX; ++i) {
		uint32_t nobody = 0;

		/* Or another thread of this process has just done so. */
		if (atomic_compare_exchange_strong(&self->members[i], &nobody, own) || nobody == own)
			return 0;
	}
	return mproci_fail(-EBUSY, "barrier %p: %d processes take part already", (void *)self,
		MPROC_BARRIER_PROCESSES_MAX);
}

static void let_leave(barrier *self, uint32_t whom)
{
	for (uint32_t i = 0; i < MPROC_BARRIER_PROCESSES_MAX; ++i) {
		uint32_t member = whom;

		atomic_compare_exchange_strong(&self->members[i], &member, 0);
	}
}

/* The kernel is asked: whoever resets may know of a death of which nobody has told the family yet. */
static void let_the_dead_leave(barrier *self)
{
	for (uint32_t i = 0; i < MPROC_BARRIER_PROCESSES_MAX; ++i) {
		uint32_t member = atomic_load(&self->members[i]);

		if (member != 0 && !mproci_member_lives(member))
			atomic_compare_exchange_strong(&self->members[i], &member, 0);
	}
}

static bool misses_a_party(barrier *self)
{
	for (uint32_t i = 0; i < MPROC_BARRIER_PROCESSES_MAX; ++i) {
		uint32_t member = atomic_load(&self->members[i]);

		/* Looked at again, for it may have left before it ended. */
		if (member != 0 && !mproci_member_is_there(member)
			&& atomic_load(&self->members[i]) == member)
			return true;
	}
	return false;
}

/* What is broken is the barrier as it was before the look: a reset in the meantime has let the dead leave. */
static void notice_deaths(barrier *self)
{
	moment now;

	do
		now = look(self);
	while (!is_broken(now) && misses_a_party(self) && !try_break(self, now, PARTY_DIED));
}

static bool has_passed(moment now, moment then)
{
	return now.round != then.round || now.epoch != then.epoch || is_broken(now);
}

/* Break the barrier, unless what was waited for has come at the last moment. */
static int give_up(barrier *self, moment then)
{
	moment now;

	do {
		now = look(self);
		if (has_passed(now, then))
			return 0;
	} while (!try_break(self, now, PARTY_GAVE_UP));
	return mproci_fail(-ETIMEDOUT, "barrier %p: %u of %u had come at the deadline", (void *)self,
		now.come, self->parties);
}

/* Wait until the round and epoch of @then have passed.  Returns 0; -ETIMEDOUT, having broken the barrier. */
static int await_next(barrier *self, moment then, mproc_deadline deadline)
{
	int rc = 0;

	while (!has_passed(look(self), then)) {
		uint32_t key;

		if (rc < 0)
			return give_up(self, then);
		mproci_member_watch();
		key = mproci_event_count_prepare(&self->changes);
		notice_deaths(self);
		if (has_passed(look(self), then))
			mproci_event_count_cancel(&self->changes);
		else
			rc = mproci_event_count_wait_unburied(&self->changes, key, deadline);
	}
	return 0;
}

/* Having been one of those of @then: how it ended. */
static int tell_end(barrier *self, moment then)
{
	moment now = look(self);

	if (now.epoch != then.epoch)
		return mproci_fail(-ECANCELED, "barrier %p was reset", (void *)self);
	return now.round != then.round ? 0 : fail_broken(self, now.state);
}

/* The last has come, and keeps the others until the action is done. */
static int act(barrier *self, moment acting, moment next)
{
	int rc;

	rc = self->action(self->argument);
	if (rc != 0) {
		next = acting;
		next.state = ACTION_FAILED;
	}
	if (!move(self, acting, next))
		return tell_end(self, acting);
	if (rc != 0)
		return mproci_fail(
			-ECANCELED, "barrier %p is broken: its action returned %d", (void *)self, rc);
	return 0;
}

/* Come, as one of those of @now.  Returns whether that is how it went, and then the end of the round in @ret_rc. */
static bool come(barrier *self, moment now, mproc_deadline deadline, int *ret_rc)
{
	moment arrived = now, next = {.round = now.round + 1, .epoch = now.epoch};

	++arrived.come;
	if (arrived.come < self->parties) {
		uint64_t word = word_of(now);

		if (!atomic_compare_exchange_strong(&self->word, &word, word_of(arrived)))
			return false;
		*ret_rc = await_next(self, now, deadline);
		if (*ret_rc == 0)
			*ret_rc = tell_end(self, now);
		return true;
	}
	if (self->action == NULL) {
		*ret_rc = 0;
		return move(self, now, next);
	}
	arrived.state = ACTING;
	if (!move(self, now, arrived))
		return false;
	*ret_rc = act(self, arrived, next);
	return true;
}

static int wait_for_all(barrier *self, mproc_deadline deadline, uint32_t *ret_index)
{
	for (;;) {
		moment now;
		int rc;

		notice_deaths(self);
		now = look(self);
		if (is_broken(now))
			return fail_broken(self, now.state);
		if (now.state == ACTING) {
			rc = await_next(self, now, deadline);
			if (rc < 0)
				return rc;
		} else if (come(self, now, deadline, &rc)) {
			if (rc == 0 && ret_index != NULL)
				*ret_index = now.come;
			return rc;
		}
	}
}

int mproc_barrier_wait(mproc_barrier *public, mproc_deadline deadline, uint32_t *ret_index)
{
	int rc;

	rc = check(public);
	if (rc == 0)
		rc = mproci_family_join();
	if (rc == 0)
		rc = take_part(inside(public), mproci_member_stamp(mproci_member_self()));
	if (rc < 0)
		return rc;
	return wait_for_all(inside(public), deadline, ret_index);
}

int mproc_barrier_leave(mproc_barrier *public)
{
	int rc;

	rc = check(public);
	if (rc == 0 && mproci_member_self() != 0)
		let_leave(inside(public), mproci_member_stamp(mproci_member_self()));
	return rc;
}

int mproc_barrier_abort(mproc_barrier *public)
{
	int rc;

	rc = check(public);
	if (rc == 0)
		break_for(inside(public), ABORTED);
	return rc;
}

int mproc_barrier_reset(mproc_barrier *public)
{
	moment now, next = {0};
	int rc;

	rc = check(public);
	if (rc < 0)
		return rc;
	if (mproci_family_here != NULL)
		let_the_dead_leave(inside(public));
	do {
		now = look(inside(public));
		next.round = now.round + 1;
		next.epoch = now.epoch + 1;
	} while (!move(inside(public), now, next));
	return 0;
}

int mproc_barrier_is_broken(mproc_barrier *public)
{
	int rc;

	rc = check(public);
	return rc < 0 ? rc : is_broken(look(inside(public)));
}

int mproc_barrier_waiting(mproc_barrier *public)
{
	int rc;

	rc = check(public);
	return rc < 0 ? rc : (int)look(inside(public)).come;
}

int mproc_barrier_destroy(mproc_barrier *public)
{
	int rc;

	if (public == NULL)
		return 0;
	rc = check(public);
	if (rc == 0)
		inside(public)->mark = 0;
	return rc;
}
