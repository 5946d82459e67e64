/* SPDX-License-Identifier: MIT */
/*
 * A result is looked for; if it is not there, whoever gets the flight looks again, for somebody else may have stored it
 * meanwhile, computes and stores it, in this order before the flight ends: who waited finds it.
 *
 * Trouble with the cache costs time, never a result: without a flight, or where what is stored cannot be read, the function
 * is called all the same.
 */
#include "base/error.h"
#include "store/cache.h"
#include "store/flight.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/null.h"

#include <errno.h>
#include <mproc/result.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	ALIGNMENT = 64,
};

struct mproc_cache_result {
	void *memory;
	size_t size;
	/* Why the function could not give what it wanted to, though it may have ignored that; 0: it could. */
	int rc;
};

/* A call whose result was not there. */
typedef struct computation {
	mproc_cache *cache;
	const mproc_cache_key *key;
	mproci_digest digest;
	mproc_cache_function *function;
	void *context;
	mproc_cache_result result;
	/* Nanoseconds. */
	int64_t cost;
	bool has_flight;
	mproci_flight flight;
} computation;

/* Give @size bytes, copied from @bytes if that is not NULL; which may be what was given before. */
static int give(mproc_cache_result *result, const void *bytes, size_t size)
{
	void *memory = NULL;

	if (size <= SIZE_MAX - ALIGNMENT)
		memory = aligned_alloc(ALIGNMENT, (size / ALIGNMENT + 1) * ALIGNMENT);
	if (memory == NULL)
		return mproci_fail(-ENOMEM, "no memory for a result of %zu bytes", size);
	if (bytes != NULL && size > 0)
		memcpy(memory, bytes, size);
	free(result->memory);
	result->memory = memory;
	result->size = size;
	return 0;
}

int mproc_cache_return(mproc_cache_result *result, const void *bytes, size_t size)
{
	if (result == NULL)
		return mproci_fail(-EINVAL, "result is NULL");
	if (bytes == NULL && size > 0)
		result->rc = mproci_fail(-EINVAL, "bytes are NULL, with a size of %zu", size);
	else
		result->rc = give(result, bytes, size);
	return result->rc;
}

void *mproc_cache_result_room(mproc_cache_result *result, size_t size)
{
	if (result == NULL)
		return mproci_null(mproci_fail(-EINVAL, "result is NULL"));
	result->rc = give(result, NULL, size);
	return result->rc < 0 ? mproci_null(result->rc) : result->memory;
}

static void end_flight(computation *it)
{
	if (it->has_flight)
		mproci_flight_end(&it->flight);
}

/* The function has ended its thread. */
static void abandon(void *argument)
{
	computation *it = argument;

	free(it->result.memory);
	end_flight(it);
}

static int call_function(computation *it)
{
	int64_t begin = mproci_clock_now();
	int rc;

	pthread_cleanup_push(abandon, it);
	rc = it->function(it->key->arguments, it->key->size, &it->result, it->context);
	pthread_cleanup_pop(0);
	it->cost = mproci_clock_now() - begin;
	return rc;
}

/* A function that fails may have left an error text, or what it called; if not, this is one. */
static int call_and_explain(computation *it)
{
	char before[MPROCI_ERROR_TEXT_SIZE];
	int rc;

	memcpy(before, mproc_error_text(), strlen(mproc_error_text()) + 1);
	mproci_answer(0, "");
	rc = call_function(it);
	if (mproc_error_text()[0] != '\0')
		return rc;
	if (rc < 0)
		return mproci_fail(rc, "the function \"%.150s\" returned %d", it->key->function, rc);
	return mproci_answer(rc, before);
}

/* Returns 0; what the function returned, if that is negative; or why it has no result. */
static int compute(computation *it)
{
	int rc = call_and_explain(it);

	if (rc < 0)
		return rc;
	if (it->result.memory == NULL && it->result.rc == 0)
		return mproc_cache_return(&it->result, NULL, 0);
	return it->result.rc;
}

/* Store what was computed, and hand it over. */
static void finish(computation *it, mproc_cache_value *ret_value)
{
	int rc;

	rc = mproci_cache_store(
		it->cache, it->key, &it->digest, it->result.memory, it->result.size, (uint64_t)it->cost);
	*ret_value = (mproc_cache_value){
		.bytes = it->result.memory,
		.size = it->result.size,
		.origin = rc == 0 ? MPROC_CACHE_COMPUTED : MPROC_CACHE_NOT_STORED,
		.cost = mproci_cache_seconds(it->cost),
		.stored = mproci_cache_seconds(mproci_cache_now()),
		.memory = it->result.memory,
	};
}

static int compute_and_store(computation *it, mproc_cache_value *ret_value)
{
	int rc;

	rc = compute(it);
	if (rc == 0)
		finish(it, ret_value);
	else
		free(it->result.memory);
	return rc;
}

/*
 * Look again, also when the flight was not had in time: somebody may have stored the result just now.  Returns 1 when it cannot be
 * had from there.  Where there is no memory for it, computing it is no way out.
 */
static int look_again(computation *it, mproc_cache_value *ret_value)
{
	int rc;

	rc = mproci_cache_look(it->cache, &it->digest, true, ret_value);
	/* The first look has counted a miss already. */
	mproci_count(&it->cache->tally->misses, UINT64_MAX);
	return rc == 0 || rc == -ENOMEM ? rc : 1;
}

static int fail_flight(const computation *it, int rc)
{
	const char *name = it->key->function;

	if (rc == -EDEADLK)
		mproci_fail(rc, "\"%.60s\" asks for the result that it is computing", name);
	else if (rc != -ETIMEDOUT)
		mproci_fail_descriptor(
			rc, "a function that calls functions holds a descriptor at each level");
	else
		mproci_fail(rc, "\"%.60s\" was being computed by somebody else at the deadline", name);
	return mproci_cache_fail(it->cache, rc);
}

/* One that calls itself, and relies on what is stored, would never end if it were computed without the cache from some level on. */
static bool is_too_deep(int rc)
{
	return (rc == -EMFILE || rc == -ENFILE) && mproci_flight_is_nested();
}

/* Also without a lock, which cannot be had where @rc is another failure than that of time. */
static int begin_alone(computation *it, int rc)
{
	if (rc == 0 || rc == -ETIMEDOUT)
		return rc;
	return mproci_flight_begin_alone(it->cache, &it->digest, &it->flight);
}

/* The result was not there. */
static int compute_once(computation *it, mproc_deadline deadline, mproc_cache_value *ret_value)
{
	int rc, found;

	rc = mproci_flight_begin(it->cache, &it->digest, deadline, &it->flight);
	if (rc == -EDEADLK || is_too_deep(rc))
		return fail_flight(it, rc);
	rc = begin_alone(it, rc);
	it->has_flight = rc == 0;
	found = look_again(it, ret_value);
	if (found > 0)
		found = rc == -ETIMEDOUT ? fail_flight(it, rc) : compute_and_store(it, ret_value);
	end_flight(it);
	return found;
}

/* Where nothing can be stored nobody waits for anybody. */
static int compute_alone(computation *it, mproc_cache_value *ret_value)
{
	int rc;

	rc = mproci_flight_begin_alone(it->cache, &it->digest, &it->flight);
	if (rc < 0)
		return fail_flight(it, rc);
	it->has_flight = true;
	rc = compute_and_store(it, ret_value);
	end_flight(it);
	return rc;
}

static int call(computation *it, mproc_deadline deadline, mproc_cache_value *ret_value)
{
	return it->cache->is_writable ? compute_once(it, deadline, ret_value) : compute_alone(it, ret_value);
}

int mproc_cache_call(mproc_cache *cache, const mproc_cache_key *key, mproc_cache_function *function,
	void *context, mproc_deadline deadline, mproc_cache_value *ret_value)
{
	mproci_digest digest;
	int rc;

	if (function == NULL || ret_value == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", function == NULL ? "function" : "ret_value");
	rc = mproci_cache_check(cache);
	if (rc == 0)
		rc = mproci_digest_of(key, &digest);
	if (rc < 0)
		return rc;
	rc = mproci_cache_look(cache, &digest, true, ret_value);
	if (rc == 0 || rc == -ENOMEM)
		return rc;
	return call(&(computation){.cache = cache,
			    .key = key,
			    .digest = digest,
			    .function = function,
			    .context = context},
		deadline, ret_value);
}
