/* SPDX-License-Identifier: MIT */
#include "pool/future.h"

#include "base/deadline.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "family/member.h"
#include "sys/clock.h"
#include "sys/relax.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- handles ---- */

mproc_future *mproci_future_create(mproc_pool *pool, mproc_done_function *on_done, void *argument)
{
	mproc_future *future = calloc(1, sizeof *future);

	if (future == NULL) {
		mproci_fail(-ENOMEM, "no memory for a future");
		return NULL;
	}
	future->pool = pool;
	future->on_done = on_done;
	future->on_done_argument = argument;
	future->next = pool->futures;
	if (future->next != NULL)
		future->next->previous = future;
	pool->futures = future;
	++pool->references;
	return future;
}

/* Locked. */
static void unlink_future(mproc_future *future)
{
	if (future->previous != NULL)
		future->previous->next = future->next;
	else
		future->pool->futures = future->next;
	if (future->next != NULL)
		future->next->previous = future->previous;
}

static int check(const mproc_future *future)
{
	if (future == NULL)
		return mproci_fail(-EINVAL, "future is NULL");
	if (future->pool->owner != mproci_member_self())
		return mproci_fail(
			-ECHILD, "future %p: made by another process than this one", (const void *)future);
	return 0;
}

static int check_waiter(const mproc_future *future)
{
	int rc = check(future);

	return rc < 0 ? rc : mproci_pool_check_caller(future->pool);
}

/* ---- whether it has ended ---- */

/* A task whose deadline has passed while it was in line: nobody else looks at it there. */
static void end_late(mproc_pool *pool, mproci_task_id id)
{
	mproci_slot *slot = mproci_pool_slot(pool, id);
	bool is_awaited;

	if (slot->terms->deadline != MPROC_FOREVER
		&& mproci_deadline_passed(slot->terms->deadline, mproci_clock_now()))
		mproci_slot_end_queued(slot, id, MPROC_ENDING_TIMEOUT, &is_awaited);
}

static bool task_has_ended(mproc_pool *pool, mproci_task_id id)
{
	if (mproci_submit_has_ended(pool, id))
		return true;
	end_late(pool, id);
	return mproci_submit_has_ended(pool, id);
}

bool mproci_future_has_ended(mproc_future *future)
{
	if (future->id != 0)
		return task_has_ended(future->pool, future->id);
	return mproci_mapping_has_ended(future->mapping);
}

/* ---- telling ---- */

/* Locked. */
static void list_untold(mproc_future *future)
{
	mproc_pool *pool = future->pool;

	future->next_untold = NULL;
	future->previous_untold = pool->last_untold;
	if (pool->last_untold != NULL)
		pool->last_untold->next_untold = future;
	else
		pool->first_untold = future;
	pool->last_untold = future;
	++pool->listeners;
}

/* Locked. */
static void unlist_untold(mproc_future *future)
{
	mproc_pool *pool = future->pool;

	if (future->previous_untold != NULL)
		future->previous_untold->next_untold = future->next_untold;
	else
		pool->first_untold = future->next_untold;
	if (future->next_untold != NULL)
		future->next_untold->previous_untold = future->previous_untold;
	else
		pool->last_untold = future->previous_untold;
	--pool->listeners;
}

/* Locked.  A map is completed by who waits for it, without the lock. */
static bool may_be_told(mproc_future *future)
{
	mproc_pool *pool = future->pool;

	if (future->id != 0)
		return task_has_ended(pool, future->id);
	return future->mapping->map == NULL || mproci_mapping_is_done(future->mapping);
}

/* Locked: a future that has ended and is to be told of, of the first @left in the list; those that have not go to its end. */
static mproc_future *next_to_tell(mproc_pool *pool, uint32_t *left, mproc_done_function **ret_function)
{
	while (*left > 0 && pool->first_untold != NULL) {
		mproc_future *future = pool->first_untold;

		--*left;
		unlist_untold(future);
		if (may_be_told(future)) {
			*ret_function = future->on_done;
			future->on_done = NULL;
			return future;
		}
		list_untold(future);
	}
	return NULL;
}

static bool has_listeners(const mproc_pool *pool)
{
	return pool->listeners != 0;
}

/* A thread that calls .on_done, which may close the future; others who close it wait. */
typedef struct mproci_telling {
	pthread_t teller;
	bool is_closed;
} mproci_telling;

/* Returns whether it was told. */
static bool tell(mproc_future *future, mproci_telling *telling, mproc_done_function *function)
{
	mproc_pool *pool = future->pool;
	bool has_ended = mproci_future_has_ended(future);

	if (has_ended)
		function(future, future->on_done_argument);
	pthread_mutex_lock(&pool->lock);
	if (!telling->is_closed)
		future->telling = NULL;
	/* Another thread is about to complete it. */
	if (!has_ended) {
		future->on_done = function;
		list_untold(future);
	}
	pthread_mutex_unlock(&pool->lock);
	return has_ended;
}

int mproci_futures_tell(mproc_pool *pool)
{
	/* A look at each; what they add by themselves is for the next call. */
	uint32_t left = atomic_load(&pool->listeners);
	int told = 0;

	while (has_listeners(pool)) {
		mproci_telling telling = {.teller = pthread_self()};
		mproc_done_function *function = NULL;
		mproc_future *future;
		bool is_told;

		pthread_mutex_lock(&pool->lock);
		future = next_to_tell(pool, &left, &function);
		if (future != NULL) {
			future->telling = &telling;
			/* The pool stays until this thread is done with it, whoever closes what. */
			++pool->references;
		}
		pthread_mutex_unlock(&pool->lock);
		if (future == NULL)
			break;
		is_told = tell(future, &telling, function);
		mproci_pool_release(pool);
		if (!is_told)
			break;
		++told;
	}
	return told;
}

/* Locked: wait until no other thread tells of it. */
static void await_telling(mproc_future *future)
{
	pthread_mutex_t *lock = &future->pool->lock;

	while (future->telling != NULL && !pthread_equal(future->telling->teller, pthread_self())) {
		pthread_mutex_unlock(lock);
		mproci_relax();
		pthread_mutex_lock(lock);
	}
	if (future->telling != NULL)
		future->telling->is_closed = true;
}

/* ---- submitting ---- */

static int check_options(const mproc_task_options *options)
{
	return mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
}

static int describe(mproc_pool *pool, mproc_task_function *function, const void *argument, size_t size,
	size_t result_size, const mproc_task_options *options, mproci_terms *terms,
	mproci_submission *submission)
{
	const mproci_wishes wishes = {
		.deadline = options->deadline,
		.soft_timeout = options->soft_timeout,
		.timeout = options->timeout,
		.retries = options->retries,
		.context = options->context,
		.context_size = options->context_size,
		.seed = options->seed,
	};
	int rc;

	rc = mproci_pool_check_caller(pool);
	if (rc == 0 && function == NULL)
		rc = mproci_fail(-EINVAL, "function is NULL");
	if (rc == 0 && argument == NULL && size != 0)
		rc = mproci_fail(-EINVAL, "argument is NULL, its size %zu", size);
	if (rc == 0)
		rc = check_options(options);
	if (rc == 0)
		rc = mproci_terms_check(&wishes, pool->engine->is_isolated, terms);
	if (rc == 0)
		rc = mproci_submit_check(size, result_size, terms);
	*submission = (mproci_submission){
		.item = argument,
		.item_size = size,
		.item_stays = size == 0,
		.result_size = result_size,
		.terms = terms,
	};
	return rc;
}

/* With room in line when nobody else puts anything there meanwhile. */
static int await_room(mproc_pool *pool, mproc_deadline deadline, uint64_t begun)
{
	int rc;

	/* Whether the nursery lives is asked by who waits: it takes a system call. */
	rc = mproci_crew_failure(pool->crew);
	if (rc < 0)
		rc = mproci_pool_check(pool);
	if (rc == 0 && !mproci_submit_has_room(pool, NULL)) {
		rc = mproci_pool_await(pool, mproci_submit_has_room, NULL, deadline, begun);
		if (rc == -ETIMEDOUT)
			mproci_fail(rc, "the deadline has passed while %d tasks were in line",
				MPROCI_LINE_LENGTH);
		if (rc == -EINTR)
			mproci_fail(-EINTR, "interrupted while %d tasks were in line", MPROCI_LINE_LENGTH);
	}
	return rc;
}

/* Locked: make a future and put its task in line. */
static int submit_locked(mproc_pool *pool, mproc_task_function *function, mproci_submission *submission,
	const mproc_task_options *options, mproc_future **ret_future)
{
	mproc_future *future;
	int place, rc;

	rc = mproci_pool_refuses(pool);
	if (rc < 0)
		return rc;
	place = mproci_pool_function(pool, (mproci_any_function *)function);
	if (place < 0)
		return place;
	submission->function = (mproci_function)place;
	future = mproci_future_create(pool, options->on_done, options->on_done_argument);
	if (future == NULL)
		return -ENOMEM;
	mproci_submit_sweep(pool);
	rc = mproci_submit(pool, submission, &future->id);
	if (rc < 0) {
		unlink_future(future);
		--pool->references;
		free(future);
		return rc;
	}
	if (future->on_done != NULL) {
		list_untold(future);
		mproci_slot_await(mproci_pool_slot(pool, future->id), future->id);
	}
	*ret_future = future;
	return 0;
}

static int submit(mproc_pool *pool, mproc_task_function *function, mproci_submission *submission,
	const mproc_task_options *options, mproc_future **ret_future)
{
	uint64_t begun = mproci_interrupt_begin();
	bool has_waited = true;
	int rc = 0;

	while (rc == 0 && has_waited) {
		rc = await_room(pool, submission->terms->deadline, begun);
		if (rc < 0)
			return rc;
		pthread_mutex_lock(&pool->lock);
		has_waited = mproci_submit_must_wait(pool);
		if (!has_waited)
			rc = submit_locked(pool, function, submission, options, ret_future);
		pthread_mutex_unlock(&pool->lock);
	}
	if (rc < 0)
		return rc;
	mproci_submit_publish(pool);
	pool->engine->serve(pool);
	return 0;
}

int mproc_pool_submit(mproc_pool *pool, mproc_task_function *function, const void *argument, size_t size,
	size_t result_size, const mproc_task_options *options, mproc_future **ret_future)
{
	static const mproc_task_options defaults;
	mproci_submission submission;
	mproci_terms terms = {0};
	int rc;

	if (options == NULL)
		options = &defaults;
	rc = describe(pool, function, argument, size, result_size, options, &terms, &submission);
	if (rc == 0 && (ret_future == NULL || options->outcome != NULL))
		rc = mproci_fail(-EINVAL,
			ret_future == NULL ? "ret_future is NULL" : "outcome is for mproc_pool_apply alone");
	return rc < 0 ? rc : submit(pool, function, &submission, options, ret_future);
}

/* ---- waiting ---- */

static bool is_over(mproc_pool *pool, void *what)
{
	(void)pool;
	return mproci_future_has_ended(what);
}

/* Until when to wait before the future's own deadline has to be looked at. */
static mproc_deadline own_deadline(const mproc_future *future)
{
	if (future->id != 0)
		return mproci_pool_slot(future->pool, future->id)->terms->deadline;
	return future->mapping->spec.terms.deadline;
}

static void ask_to_be_told(mproc_future *future)
{
	if (future->id != 0)
		mproci_slot_await(mproci_pool_slot(future->pool, future->id), future->id);
}

/* A map that nobody else stops: workers that cannot be killed. */
static void stop_late(mproc_future *future)
{
	if (future->mapping != NULL && future->mapping->map != NULL
		&& mproci_deadline_passed(future->mapping->spec.terms.deadline, mproci_clock_now()))
		mproci_mapping_cancel(future->mapping, MPROC_FOREVER, -ETIMEDOUT);
}

static int await(mproc_future *future, mproc_deadline deadline)
{
	uint64_t begun = mproci_interrupt_begin();
	mproc_deadline own = mproci_future_has_ended(future) ? MPROC_FOREVER : own_deadline(future);
	int rc;

	ask_to_be_told(future);
	do {
		mproc_deadline until = mproci_deadline_earlier(deadline, own);

		if (future->mapping != NULL)
			until = mproci_deadline_earlier(until, mproci_teller_due(&future->mapping->teller));
		rc = mproci_pool_await(future->pool, is_over, future, until, begun);
		if (rc == -ETIMEDOUT && mproci_deadline_passed(own, mproci_clock_now())) {
			stop_late(future);
			/* Its worker is killed, or it looks itself whether it may go on. */
			own = MPROC_FOREVER;
		}
		if (future->mapping != NULL)
			mproci_mapping_tell(future->mapping);
	} while (rc == -ETIMEDOUT && !mproci_deadline_passed(deadline, mproci_clock_now()));
	/* When the pool has failed everything has ended; another thread may just be completing this. */
	while (rc == 0 && !mproci_future_has_ended(future))
		mproci_relax();
	if (rc == -ETIMEDOUT)
		mproci_fail(rc, "future %p has not ended", (void *)future);
	else if (rc == -EINTR)
		mproci_fail(rc, "interrupted while waiting for future %p", (void *)future);
	return rc;
}

int mproc_future_wait(mproc_future *future, mproc_deadline deadline)
{
	int rc;

	rc = check_waiter(future);
	if (rc == 0)
		rc = await(future, deadline);
	if (rc == 0)
		mproci_futures_tell(future->pool);
	return rc;
}

static int fail_task(const mproc_future *future, mproc_outcome outcome)
{
	char why[200];

	mproci_outcome_tell(outcome, future->pool->name, why, sizeof why);
	return mproci_fail(MPROC_ITEMS_FAILED, "the task has no value: %s", why);
}

/* Of one that has ended. */
static int get(mproc_future *future, const void **ret_result, size_t *ret_size)
{
	const void *result;
	size_t size;

	if (future->id != 0) {
		mproci_slot *slot = mproci_pool_slot(future->pool, future->id);
		mproc_outcome outcome = mproci_submit_outcome(future->pool, future->id);

		if (outcome.ending != MPROC_ENDING_VALUE)
			return fail_task(future, outcome);
		result = atomic_load(&slot->returned.block);
		size = result != NULL ? slot->returned.size : slot->result_size;
		if (result == NULL)
			result = slot->result;
	} else {
		int rc = mproci_mapping_result(future->mapping);

		if (rc != 0)
			return rc;
		result = future->mapping->spec.results;
		size = future->mapping->spec.count * future->mapping->spec.result_size;
	}
	if (ret_result != NULL)
		*ret_result = result;
	if (ret_size != NULL)
		*ret_size = size;
	return 0;
}

int mproc_future_get(mproc_future *future, mproc_deadline deadline, const void **ret_result, size_t *ret_size)
{
	int rc;

	rc = check_waiter(future);
	if (rc == 0)
		rc = await(future, deadline);
	if (rc < 0)
		return rc;
	mproci_futures_tell(future->pool);
	return get(future, ret_result, ret_size);
}

int mproc_future_done(mproc_future *future)
{
	int rc = check(future);

	if (rc < 0 || mproci_future_has_ended(future))
		return rc < 0 ? rc : 1;
	mproci_pool_look(future->pool);
	return mproci_future_has_ended(future);
}

int mproc_future_running(mproc_future *future)
{
	int rc = check(future);

	if (rc < 0)
		return rc;
	if (future->id != 0)
		return mproci_slot_is(atomic_load(&mproci_pool_slot(future->pool, future->id)->word),
			future->id, MPROCI_SLOT_RUNNING);
	return !mproci_future_has_ended(future)
	       && mproci_crew_is_inside(future->pool->crew, future->mapping->map);
}

mproc_outcome mproc_future_outcome(mproc_future *future)
{
	if (check(future) < 0 || !mproci_future_has_ended(future))
		return (mproc_outcome){0};
	if (future->id != 0)
		return mproci_submit_outcome(future->pool, future->id);
	return mproci_mapping_outcome(future->mapping);
}

/* ---- ending ---- */

int mproc_future_cancel(mproc_future *future, double grace)
{
	mproc_deadline kill_at;
	int rc = check(future);

	if (rc < 0)
		return rc;
	if (!(grace >= 0))
		return mproci_fail(-EINVAL, "grace %g: 0 and more seconds are possible", grace);
	if (mproci_future_has_ended(future))
		return mproci_fail(-EALREADY, "future %p has ended", (void *)future);
	kill_at = isinf(grace) || !future->pool->engine->is_isolated ? MPROC_FOREVER : mproc_after(grace);
	if (future->id != 0)
		mproci_submit_cancel(future->pool, future->id, kill_at);
	else
		mproci_mapping_cancel(future->mapping, kill_at, -ECANCELED);
	return 0;
}

static void end_mapping(mproc_future *future)
{
	if (future->mapping == NULL)
		return;
	mproci_mapping_cancel(
		future->mapping, future->pool->engine->is_isolated ? MPROC_NOW : MPROC_FOREVER, -ECANCELED);
	mproci_pool_await_quietly(future->pool, is_over, future);
	free(future->mapping);
}

mproc_future *mproc_future_close(mproc_future *future)
{
	mproc_pool *pool;

	if (future == NULL)
		return NULL;
	pool = future->pool;
	if (pool->owner == mproci_member_self()) {
		pthread_mutex_lock(&pool->lock);
		await_telling(future);
		if (future->on_done != NULL)
			unlist_untold(future);
		future->on_done = NULL;
		pthread_mutex_unlock(&pool->lock);
		end_mapping(future);
		pthread_mutex_lock(&pool->lock);
		unlink_future(future);
		if (future->id != 0)
			mproci_submit_forget(pool, future->id);
		pthread_mutex_unlock(&pool->lock);
	} else {
		free(future->mapping);
	}
	free(future);
	mproci_pool_release(pool);
	return NULL;
}

/* ---- maps ---- */

int mproc_pool_map_async(mproc_pool *pool, mproc_task_function *function, const void *items, size_t item_size,
	size_t count, void *results, size_t result_size, const mproc_map_options *options,
	mproc_done_function *on_done, void *on_done_argument, mproc_future **ret_future)
{
	mproci_mapping *mapping;
	mproc_future *future;
	int rc;

	if (ret_future == NULL)
		return mproci_fail(-EINVAL, "ret_future is NULL");
	mapping = malloc(sizeof *mapping);
	if (mapping == NULL)
		return mproci_fail(-ENOMEM, "no memory for a map");
	rc = mproci_mapping_init(
		mapping, pool, function, items, item_size, count, results, result_size, options);
	if (rc == 0 && count != 0)
		rc = mproci_mapping_start(mapping);
	if (rc < 0) {
		free(mapping);
		return rc;
	}
	pthread_mutex_lock(&pool->lock);
	future = mproci_future_create(pool, on_done, on_done_argument);
	if (future != NULL)
		future->mapping = mapping;
	if (future != NULL && on_done != NULL)
		list_untold(future);
	pthread_mutex_unlock(&pool->lock);
	if (future == NULL) {
		mproci_mapping_cancel(mapping, MPROC_NOW, -ECANCELED);
		while (!mproci_mapping_has_ended(mapping))
			mproci_pool_check(pool);
		free(mapping);
		return -ENOMEM;
	}
	*ret_future = future;
	return 0;
}

/* ---- apply ---- */

int mproc_pool_apply(mproc_pool *pool, mproc_task_function *function, const void *argument, size_t size,
	void *result, size_t result_size, const mproc_task_options *options)
{
	static const mproc_task_options defaults;
	mproc_task_options own = options != NULL ? *options : defaults;
	mproc_outcome *outcome = own.outcome;
	mproc_future *future = NULL;
	const void *value;
	int rc;

	if ((result == NULL) != (result_size == 0))
		return mproci_fail(-EINVAL, "result is %s, its size is %zu",
			result == NULL ? "NULL" : "given", result_size);
	if (own.on_done != NULL)
		return mproci_fail(-EINVAL, "on_done is for mproc_pool_submit alone");
	own.outcome = NULL;
	rc = mproc_pool_submit(pool, function, argument, size, result_size, &own, &future);
	if (rc < 0 || future == NULL)
		return rc;
	rc = mproc_future_get(future, MPROC_FOREVER, &value, NULL);
	/* Nobody is at it any more when this returns. */
	if (rc == -EINTR && mproc_future_cancel(future, 0) == 0) {
		ask_to_be_told(future);
		mproci_pool_await_quietly(pool, is_over, future);
	}
	if (outcome != NULL)
		*outcome = mproc_future_outcome(future);
	if (rc == MPROC_ITEMS_FAILED && mproci_pool_check(pool) < 0)
		rc = mproci_pool_check(pool);
	if (rc == 0 && result_size != 0)
		memcpy(result, mproci_pool_slot(pool, future->id)->result, result_size);
	mproc_future_close(future);
	return rc;
}
