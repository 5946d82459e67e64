/* SPDX-License-Identifier: MIT */
#include "pool/cached.h"

#include "arena/place.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "store/cache.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/arena.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* A key of that size needs no memory of its own. */
	SMALL = 512,
};

/* Between two looks whether who waits for another one is to leave. */
static const int64_t SLICE = 50 * MPROCI_NANOSECONDS_PER_MILLISECOND;

int mproci_cached_check(const mproc_map_options *options)
{
	size_t size = options->cache_function == NULL ? 0 : strlen(options->cache_function);
	int rc;

	if (options->cache == NULL)
		return 0;
	rc = mproci_cache_check(options->cache);
	if (rc < 0)
		return rc;
	if (options->cache_function == NULL)
		return mproci_fail(-EINVAL, "cache_function is NULL: what is cached needs a name");
	if (size == 0 || size > MPROCI_FUNCTION_NAME_MOST)
		return mproci_fail(-EINVAL, "cache_function has %zu bytes: 1 to %d are possible", size,
			MPROCI_FUNCTION_NAME_MOST);
	return 0;
}

struct mproci_cached *mproci_cached_create(const mproci_map_spec *spec, bool is_shared)
{
	mproc_cache *cache = spec->cache;
	size_t path_size = strlen(cache->path) + 1, name_size = strlen(spec->cache_function) + 1;
	struct mproci_cached *cached = mproc_alloc(sizeof *cached + path_size + name_size);
	mproci_file_status status = {0};

	if (cached == NULL)
		return NULL;
	mproci_file_status_at(cache->directory, ".", &status);
	*cached = (struct mproci_cached){
		.handle = is_shared ? NULL : cache,
		.max_bytes = cache->max_bytes,
		.max_age = cache->max_age,
		.inode = status.inode,
		.version = spec->cache_version,
		.function = cached->path + path_size,
	};
	memcpy(cached->path, cache->path, path_size);
	memcpy(cached->path + path_size, spec->cache_function, name_size);
	return cached;
}

/* As long as both have their directories open, no two of them have one number. */
static bool is_the_same(const struct mproci_cached *cached, const mproci_cached_own *own)
{
	return own->cache != NULL && own->inode == cached->inode && own->max_bytes == cached->max_bytes
	       && own->max_age == cached->max_age && strcmp(own->cache->path, cached->path) == 0;
}

mproc_cache *mproci_cached_open(const struct mproci_cached *cached, mproci_cached_own *own)
{
	const mproc_cache_options options = {
		.max_bytes = cached->max_bytes, .max_age = (double)cached->max_age / 1e9};

	if (cached->handle != NULL || is_the_same(cached, own))
		return cached->handle != NULL ? cached->handle : own->cache;
	mproci_cached_close(own);
	if (mproc_cache_open(cached->path, &options, &own->cache) < 0)
		return NULL;
	own->max_bytes = cached->max_bytes;
	own->max_age = cached->max_age;
	own->inode = cached->inode;
	return own->cache;
}

void mproci_cached_close(mproci_cached_own *own)
{
	own->cache = mproc_cache_close(own->cache);
}

/* ---- an item ---- */

typedef struct call {
	mproci_map_visit *visit;
	size_t item;
	mproci_attempt *attempt;
	/* The attempt was made, and returned this. */
	bool has_run;
	int rc;
} call;

static char *result_of(const call *self)
{
	return self->visit->map->spec.results + self->item * self->visit->map->spec.result_size;
}

/* What the item left is the value to be stored. */
static int give(const call *self, mproc_cache_result *result)
{
	size_t result_size = self->visit->map->spec.result_size, more = 0;
	const mproci_returned *returned = self->visit->task.returned;
	const void *block = NULL;
	char *room;

	if (returned != NULL)
		block = atomic_load_explicit(
			&((mproci_returned *)(uintptr_t)returned)->block, memory_order_relaxed);
	if (block != NULL)
		more = returned->size;
	if (result_size + more == 0)
		return 0;
	room = mproc_cache_result_room(result, result_size + more);
	if (room == NULL)
		return -ENOMEM;
	if (result_size != 0)
		memcpy(room, result_of(self), result_size);
	if (more != 0)
		memcpy(room + result_size, block, more);
	return 0;
}

static int run(call *self)
{
	self->rc = self->attempt(self->visit, self->item);
	self->has_run = true;
	return self->rc;
}

static int compute(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	call *self = context;

	(void)arguments;
	(void)size;
	if (run(self) != 0)
		return self->rc < 0 ? self->rc : -ERANGE;
	return give(self, result);
}

/* Whether a stored value fits, and is where the item would have left it. */
static bool take(const call *self, const mproc_cache_value *value)
{
	size_t result_size = self->visit->map->spec.result_size;
	mproci_returned *returned = self->visit->task.returned;
	size_t more;

	if (value->size < result_size)
		return false;
	more = value->size - result_size;
	if (more != 0 && (returned == NULL || mproci_place_fill(&returned->block, more) < 0))
		return false;
	if (result_size != 0)
		memcpy(result_of(self), value->bytes, result_size);
	if (more != 0) {
		memcpy(atomic_load_explicit(&returned->block, memory_order_relaxed),
			(const char *)value->bytes + result_size, more);
		returned->size = more;
	}
	return true;
}

/* Nobody needs the item any more, or who waits for the map is to hear of something else. */
static bool is_to_leave(const mproci_map_visit *visit)
{
	mproc_deadline deadline = visit->map->spec.terms.deadline;

	return atomic_load_explicit(&visit->map->is_stopping, memory_order_relaxed)
	       || (deadline != MPROC_FOREVER && mproci_deadline_passed(deadline, mproci_clock_now()))
	       || (visit->heeds_interrupts && mproci_interrupt_is_asked(visit->begun));
}

/* Returns 0; -EAGAIN: somebody else was still computing it; another negative errno: there is no result, and no attempt was made. */
static int call_until(call *self, const mproc_cache_key *key, mproc_deadline deadline)
{
	mproc_cache *cache = self->visit->cache;
	mproc_cache_value value;
	bool fits = false;
	int rc = 0;

	while (rc == 0 && !fits) {
		rc = mproc_cache_call(cache, key, compute, self, deadline, &value);
		if (rc < 0)
			return rc == -ETIMEDOUT ? -EAGAIN : rc;
		fits = self->has_run || take(self, &value);
		mproc_cache_value_free(&value);
		/* Of a map with results of another size. */
		if (!fits)
			rc = mproc_cache_remove(cache, key);
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc;
}

/* Nobody waits as long as there is something else to do. */
static bool puts_off(const mproci_map_visit *visit)
{
	return visit->map->spec.puts_off;
}

static mproci_delay delay_of(const mproci_map_visit *visit)
{
	if (!puts_off(visit) || is_to_leave(visit))
		return MPROCI_DELAY_LEAVING;
	atomic_fetch_add(&visit->map->put_off, 1);
	return MPROCI_DELAY_PUT_OFF;
}

static int call_with(call *self, const void *arguments, size_t size)
{
	const struct mproci_cached *cached = self->visit->map->cached;
	const mproc_cache_key key = {cached->function, cached->version, arguments, size};
	int rc;

	rc = call_until(self, &key, MPROC_NOW);
	while (rc == -EAGAIN && !self->has_run && !puts_off(self->visit) && !is_to_leave(self->visit))
		rc = call_until(self, &key, mproci_clock_now() + SLICE);
	if (self->has_run)
		return self->rc;
	if (rc == -EAGAIN)
		self->visit->delay = delay_of(self->visit);
	return rc == 0 || rc == -EAGAIN ? 0 : run(self);
}

/* The function may end its thread: @memory is freed then too. */
static int call_with_memory(call *self, const char *arguments, size_t size, void *memory)
{
	int rc;

	pthread_cleanup_push(free, memory);
	rc = call_with(self, arguments, size);
	pthread_cleanup_pop(1);
	return rc;
}

/* The arguments of an item's key: its bytes, then those of the context. */
static int call_with_context(call *self, const void *from, size_t size)
{
	const mproci_terms *terms = &self->visit->map->spec.terms;
	size_t whole = size + terms->context_size;
	char small[SMALL];
	char *large = whole <= SMALL ? NULL : malloc(whole);
	char *arguments = whole <= SMALL ? small : large;

	if (arguments == NULL)
		return run(self);
	memcpy(arguments, from, size);
	memcpy(arguments + size, terms->context, terms->context_size);
	return call_with_memory(self, arguments, whole, large);
}

int mproci_cached_attempt(mproci_map_visit *visit, size_t item, mproci_attempt *attempt, unsigned *attempts)
{
	const mproci_map_spec *spec = &visit->map->spec;
	uint64_t index = spec->base + item;
	const void *from = spec->item_size != 0 ? spec->items + item * spec->item_size : (const char *)&index;
	size_t size = spec->item_size != 0 ? spec->item_size : sizeof index;
	call self = {.visit = visit, .item = item, .attempt = attempt};
	int rc;

	visit->delay = MPROCI_DELAY_NONE;
	rc = spec->terms.context_size == 0 ? call_with(&self, from, size)
					   : call_with_context(&self, from, size);
	if (!self.has_run)
		--*attempts;
	return rc;
}
