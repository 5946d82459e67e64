/* SPDX-License-Identifier: MIT */
/*
 * A sweep walks through all that is stored.  What is too old is removed on the way; the other results are counted and noted with
 * the time of their last use, and if they take more than the bound, those that were used longest ago are removed, as long as the tally, to which
 * others go on adding, says that there is too much.
 *
 * Before a file is removed its time of use is looked at again: one that was used, or replaced, since it was noted has to wait for its turn.
 * Nothing depends on there being one sweep at a time but the count: two at once do some work twice, and may count what the other one
 * removes, until the next sweep.  So one that seems to be stopped is not waited for.
 *
 * Whoever is killed leaves a tally that is as right as it was, but for one result, and a lock that is free.
 */
#include "store/sweep.h"

#include "base/deadline.h"
#include "base/error.h"
#include "shared/file_lock.h"
#include "store/oldest.h"
#include "store/walk.h"
#include "sys/clock.h"
#include "sys/futex.h"
#include "sys/memory.h"
#include "sys/thread.h"

#include <errno.h>
#include <mproc/file_lock.h>
#include <string.h>

static const int64_t SECOND = INT64_C(1000000000);
/* Nanoseconds between looks for what is too old; where there is a bound, so often, at least, all is counted. */
static const int64_t SHORTEST_PERIOD = INT64_C(1000000000);
static const int64_t LONGEST_PERIOD = 86400 * INT64_C(1000000000);
/* Seconds that somebody else's sweep is waited for; and between looks at whether that is still needed. */
static const double LONGEST_WAIT = 1, TURN = 0.02;

enum {
	RUNNING = 1,
	/* It is to look again when it has finished: it may have looked already. */
	ASKED = 2,
};

enum {
	/* So often, on average, a result may have been used when it is looked at again. */
	MOST_LOOKS = 8,
};

/* On a page that a forked child finds zeroed: it has no such thread. */
typedef struct mproci_sweeper_state {
	/* 0: there is no thread; otherwise it wakes who waits here when it has nothing more to do with the handle. */
	_Atomic uint32_t is_running;
	_Atomic bool is_to_end;
	/* Until this time of mproci_clock_now it is of no use to sweep. */
	_Atomic int64_t rests_until;
} mproci_sweeper_state;

typedef struct sweep {
	mproc_cache *cache;
	mproci_census census;
	mproci_oldest oldest;
	/* What was stored before is too old: nanoseconds since 1970. */
	int64_t age_bound;
	uint64_t removed;
	/* There was too much, and nothing could be removed. */
	bool is_stuck;
	/* The last failure to remove. */
	int rc;
} sweep;

typedef bool condition(const mproc_cache *cache);

static bool has_bound(const mproc_cache *cache)
{
	return cache->max_bytes != UINT64_MAX || cache->max_age != 0;
}

static int64_t period_of(const mproc_cache *cache)
{
	int64_t period = cache->max_age / 8;

	if (period > LONGEST_PERIOD || cache->max_age == 0)
		return LONGEST_PERIOD;
	return period < SHORTEST_PERIOD ? SHORTEST_PERIOD : period;
}

/* Bytes beyond the bound; 0: none. */
static uint64_t excess_of(const mproc_cache *cache)
{
	int64_t bytes = atomic_load(&cache->tally->bytes);

	return bytes < 0 || (uint64_t)bytes <= cache->max_bytes ? 0 : (uint64_t)bytes - cache->max_bytes;
}

static bool is_due(const mproc_cache *cache)
{
	const mproci_tally *tally = cache->tally;
	int64_t aged = atomic_load(&tally->aged), now;

	if (atomic_load(&tally->is_uncounted) != 0 || atomic_load(&tally->entries) < 0
		|| atomic_load(&tally->bytes) < 0 || excess_of(cache) > 0)
		return true;
	if (!has_bound(cache))
		return false;
	now = mproci_cache_now();
	return aged < now - period_of(cache) || aged > now;
}

/* So much is stored that who puts has to wait. */
static bool is_pressing(const mproc_cache *cache)
{
	return excess_of(cache) > cache->max_bytes / 8;
}

static bool is_to_end(const mproc_cache *cache)
{
	return atomic_load(&cache->sweeper.state->is_to_end);
}

static void remove_result(sweep *self, const mproci_digest *digest, const mproci_file_status *status)
{
	int rc = mproci_walk_remove(self->cache, digest, status);

	if (rc == 0) {
		mproci_count(&self->cache->tally->evicted, 1);
		++self->removed;
	} else if (rc != -ENOENT) {
		self->rc = rc;
	}
}

static int meet(const mproci_met *met, void *argument)
{
	sweep *self = argument;

	if (is_to_end(self->cache))
		return -ECANCELED;
	mproci_census_meet(&self->census, &met->status);
	if (met->status.changed < self->age_bound)
		remove_result(self, &met->digest, &met->status);
	else if (self->cache->max_bytes != UINT64_MAX)
		mproci_oldest_add(&self->oldest, met->status.used, &met->digest);
	return 0;
}

/* Whether it is worth removing something of that size, which is within the bound, so that the next put need not sweep again. */
static bool is_slack(const mproc_cache *cache, const mproci_file_status *status)
{
	return mproci_cache_bytes(status->size) <= cache->max_bytes / 8;
}

/* One that was used, or replaced, meanwhile has to wait for its turn.  Returns whether to go on with the next one. */
static bool remove_unless_used(sweep *self, const mproci_use *use)
{
	mproc_cache *cache = self->cache;
	char path[MPROCI_RESULT_NAME_SIZE];
	mproci_file_status status;
	mproci_digest digest = {{0}};

	memcpy(digest.bytes, use->named, sizeof use->named);
	mproci_digest_path(&digest, path);
	if (mproci_file_status_at(cache->directory, path, &status) == 0) {
		if (status.used != use->used) {
			mproci_oldest_delay(&self->oldest, status.used);
			return true;
		}
		if (excess_of(cache) == 0 && !is_slack(cache, &status))
			return false;
		remove_result(self, &digest, &status);
	}
	mproci_oldest_drop(&self->oldest);
	return true;
}

/* Down to the bound, and, where that does not take a large result, to seven eighths of it. */
static void remove_oldest(sweep *self)
{
	const mproc_cache *cache = self->cache;
	uint64_t goal = cache->max_bytes - cache->max_bytes / 8;
	/* Others may use what is here faster than it is looked at. */
	size_t patience = MOST_LOOKS * self->oldest.count;
	const mproci_use *use;

	if (excess_of(cache) == 0)
		return;
	mproci_oldest_order(&self->oldest);
	while (atomic_load(&cache->tally->bytes) > (int64_t)goal && !is_to_end(cache) && patience-- > 0) {
		use = mproci_oldest_first(&self->oldest);
		if (use == NULL)
			self->is_stuck = self->removed == 0;
		if (use == NULL || !remove_unless_used(self, use))
			return;
	}
}

/* A walk has come to its end; @rc: it could not see everything, so what it has seen does not count. */
static void count(sweep *self, int rc)
{
	mproci_tally *tally = self->cache->tally;

	if (rc == 0)
		mproci_census_end(&self->census);
	atomic_store(&tally->aged, self->census.begin);
	atomic_store(&tally->is_uncounted, rc < 0);
}

static int sweep_now(mproc_cache *cache)
{
	sweep self = {.cache = cache, .age_bound = INT64_MIN};
	int rc;

	mproci_census_begin(&self.census, cache->tally);
	if (cache->max_age != 0)
		self.age_bound = self.census.begin - cache->max_age;
	rc = mproci_walk(cache, meet, &self);
	if (rc != -ECANCELED) {
		count(&self, rc);
		remove_oldest(&self);
	}
	mproci_oldest_free(&self.oldest);
	if (rc == 0)
		rc = self.rc;
	if (rc < 0 || self.is_stuck)
		atomic_store(&cache->sweeper.state->rests_until, mproci_clock_now() + SECOND);
	return rc == -ECANCELED ? 0 : rc;
}

int mproci_sweep_lock(const mproc_cache *cache, mproc_deadline deadline, mproc_file_lock **ret_lock)
{
	mproc_file_lock *lock = NULL;
	int rc;

	if (mproci_file_lock_open_in(cache->directory, "sweep", &lock) < 0)
		lock = NULL;
	rc = lock == NULL ? 0 : mproc_file_lock_acquire(lock, deadline);
	if (rc == -ETIMEDOUT)
		mproc_file_lock_close(lock);
	else
		*ret_lock = lock;
	return rc == -ETIMEDOUT ? mproci_cache_fail(cache, rc) : 0;
}

/* @is_needed: whether it is still to be done when its turn has come; NULL: it is. */
static int sweep_in_turn(mproc_cache *cache, condition *is_needed, mproc_deadline deadline)
{
	mproc_file_lock *lock = NULL;
	int rc;

	rc = mproci_sweep_lock(cache, deadline, &lock);
	if (rc < 0)
		return rc;
	if (is_needed == NULL || is_needed(cache))
		rc = sweep_now(cache);
	mproc_file_lock_close(lock);
	return rc;
}

int mproci_sweep(mproc_cache *cache, mproc_deadline deadline)
{
	return sweep_in_turn(cache, NULL, deadline);
}

/* Sweep unless somebody else does, who is waited for, and has then done what is needed. */
static int sweep_soon(mproc_cache *cache, condition *is_needed)
{
	const mproc_deadline end = mproc_after(LONGEST_WAIT);
	int rc;

	do
		rc = sweep_in_turn(cache, is_needed, mproc_after(TURN));
	while (rc == -ETIMEDOUT && is_needed(cache) && !is_to_end(cache)
		&& !mproci_deadline_passed(end, mproci_clock_now()));
	return rc;
}

static void run(void *argument)
{
	mproc_cache *cache = argument;
	mproci_sweeper_state *state = cache->sweeper.state;
	uint32_t running;

	do {
		atomic_store(&state->is_running, RUNNING);
		sweep_soon(cache, is_due);
		running = RUNNING;
		/* When nobody has asked meanwhile, the handle may be closed from here on. */
	} while (!atomic_compare_exchange_strong(&state->is_running, &running, 0));
	mproci_futex_wake(&state->is_running, MPROCI_WAKE_ALL);
}

/* Returns whether the thread is there. */
static bool start(mproc_cache *cache)
{
	mproci_sweeper_state *state = cache->sweeper.state;

	if (atomic_exchange(&state->is_running, ASKED) != 0)
		return true;
	if (mproci_thread_start_apart(run, cache) < 0) {
		atomic_store(&state->is_running, 0);
		return false;
	}
	return true;
}

void mproci_sweep_if_needed(mproc_cache *cache)
{
	bool presses = is_pressing(cache);
	int64_t never = 0;

	/* A new tally: nothing is old yet. */
	if (atomic_load(&cache->tally->aged) == 0)
		atomic_compare_exchange_strong(&cache->tally->aged, &never, mproci_cache_now());
	if (!is_due(cache) || mproci_clock_now() < atomic_load(&cache->sweeper.state->rests_until))
		return;
	if (!presses && start(cache))
		return;
	/* Who has the lock for so long may be stopped. */
	if (sweep_soon(cache, presses ? is_pressing : is_due) == -ETIMEDOUT && is_pressing(cache))
		sweep_now(cache);
}

int mproci_sweeper_init(mproci_sweeper *sweeper)
{
	sweeper->state = mproci_memory_wiped_on_fork();
	return sweeper->state == NULL ? mproci_fail(-ENOMEM, "no memory for a cache") : 0;
}

void mproci_sweeper_end(mproci_sweeper *sweeper)
{
	mproci_sweeper_state *state = sweeper->state;
	uint32_t running;

	if (state == NULL)
		return;
	atomic_store(&state->is_to_end, true);
	while ((running = atomic_load(&state->is_running)) != 0)
		mproci_futex_wait(&state->is_running, running, MPROC_FOREVER);
	mproci_memory_unreserve(state, MPROCI_PAGE);
	sweeper->state = NULL;
}
