/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "store/cache.h"

#include <errno.h>

/* What is negative is not known; soon it will be. */
static uint64_t read_count(const _Atomic int64_t *counter)
{
	int64_t count = atomic_load(counter);

	return count < 0 ? 0 : (uint64_t)count;
}

int mproc_cache_stats(mproc_cache *cache, mproc_cache_usage *ret_usage)
{
	const mproci_tally *tally;
	int rc = mproci_cache_check(cache);

	if (rc < 0)
		return rc;
	if (ret_usage == NULL)
		return mproci_fail(-EINVAL, "ret_usage is NULL");
	tally = cache->tally;
	*ret_usage = (mproc_cache_usage){
		.entries = read_count(&tally->entries),
		.bytes = read_count(&tally->bytes),
		.max_bytes = cache->max_bytes,
		.max_age = mproci_cache_seconds(cache->max_age),
		.hits = atomic_load(&tally->hits),
		.misses = atomic_load(&tally->misses),
		.puts = atomic_load(&tally->puts),
		.failed_puts = atomic_load(&tally->failed_puts),
		.evicted = atomic_load(&tally->evicted),
		.damaged = atomic_load(&tally->damaged),
		.saved = mproci_cache_seconds((int64_t)atomic_load(&tally->saved)),
	};
	return 0;
}
