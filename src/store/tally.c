/* SPDX-License-Identifier: MIT */
/*
 * A page of zeros is a tally as well, which nobody has marked yet: so those who open a new one together need no lock.  What else has no mark is garbage, and is made
 * zeros, however many do so at a time; then what is stored has to be counted.
 */
#include "store/tally.h"

#include "base/error.h"
#include "sys/directory.h"
#include "sys/shared_page.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	/* What each result takes at least. */
	LEAST_BYTES = 4096,
};

/* More than any disk has. */
static const int64_t MOST_BYTES = INT64_MAX / 2;

static bool is_zero(const mproci_tally *tally)
{
	return atomic_load(&tally->entries) == 0 && atomic_load(&tally->bytes) == 0
	       && atomic_load(&tally->hits) == 0 && atomic_load(&tally->misses) == 0
	       && atomic_load(&tally->puts) == 0 && atomic_load(&tally->failed_puts) == 0
	       && atomic_load(&tally->evicted) == 0 && atomic_load(&tally->damaged) == 0
	       && atomic_load(&tally->saved) == 0 && atomic_load(&tally->aged) == 0;
}

static void clear(mproci_tally *tally)
{
	atomic_store(&tally->entries, 0);
	atomic_store(&tally->bytes, 0);
	atomic_store(&tally->hits, 0);
	atomic_store(&tally->misses, 0);
	atomic_store(&tally->puts, 0);
	atomic_store(&tally->failed_puts, 0);
	atomic_store(&tally->evicted, 0);
	atomic_store(&tally->damaged, 0);
	atomic_store(&tally->saved, 0);
	atomic_store(&tally->aged, 0);
}

static bool is_likely(const mproci_tally *tally)
{
	int64_t entries = atomic_load(&tally->entries), bytes = atomic_load(&tally->bytes);

	return entries >= 0 && bytes >= 0 && bytes <= MOST_BYTES && entries <= bytes / LEAST_BYTES;
}

/* The mark comes last: who is killed before it leaves this to the next one. */
static void begin(mproci_tally *tally, bool has_results)
{
	uint64_t mark = atomic_load(&tally->mark);

	if (mark == MPROCI_TALLY_MARK && is_likely(tally))
		return;
	if (mark == 0 && is_zero(tally)) {
		if (has_results)
			atomic_store(&tally->is_uncounted, 1);
		/* Fails where somebody else was first. */
		atomic_compare_exchange_strong(&tally->mark, &mark, MPROCI_TALLY_MARK);
		return;
	}
	if (mark != MPROCI_TALLY_MARK)
		clear(tally);
	atomic_store(&tally->is_uncounted, 1);
	atomic_store(&tally->mark, MPROCI_TALLY_MARK);
}

mproci_tally *mproci_tally_open(int directory, bool is_writable)
{
	mproci_file_status status;
	mproci_tally *tally = NULL;

	/* Before the page is there: what is stored from now on may be counted in it. */
	bool has_results = mproci_file_status_at(directory, "results", &status) != -ENOENT;
	if (is_writable)
		tally = mproci_shared_page_open(directory, "tally");
	if (tally == NULL)
		tally = mproci_shared_page_copy(directory, "tally");
	if (tally == NULL)
		mproci_fail(-ENOMEM, "no memory for the tally of a cache");
	else
		begin(tally, has_results);
	return tally;
}

void mproci_tally_close(mproci_tally *tally)
{
	mproci_shared_page_close(tally);
}
