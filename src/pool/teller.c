/* SPDX-License-Identifier: MIT */
#include "pool/teller.h"

#include "base/deadline.h"
#include "sys/clock.h"

static const int64_t INTERVAL = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;

enum {
	STANDARD_ERROR = 2,
};

void mproci_teller_begin(mproci_teller *teller, bool shows_bar, mproc_progress_function *function,
	void *argument, size_t total)
{
	*teller = (mproci_teller){
		.shows_bar = shows_bar,
		.function = function,
		.argument = argument,
		.total = total,
	};
	if (!mproci_teller_is_on(teller))
		return;
	teller->began = mproci_clock_now();
	teller->next = teller->began + INTERVAL;
	if (shows_bar)
		mproci_progress_begin(&teller->bar, STANDARD_ERROR, total, teller->began);
}

mproc_deadline mproci_teller_due(const mproci_teller *teller)
{
	mproc_deadline due = teller->function != NULL ? teller->next : MPROC_FOREVER;

	return teller->shows_bar ? mproci_deadline_earlier(due, mproci_progress_due(&teller->bar)) : due;
}

static void call(const mproci_teller *teller, size_t done, size_t failed, int64_t now)
{
	const mproc_progress progress = {
		.done = done,
		.failed = failed,
		.total = teller->total,
		.elapsed = (double)(now - teller->began) / 1e9,
	};

	teller->function(&progress, teller->argument);
}

void mproci_teller_tell(mproci_teller *teller, size_t done, size_t failed)
{
	int64_t now;

	if (!mproci_teller_is_on(teller))
		return;
	now = mproci_clock_now();
	if (teller->shows_bar)
		mproci_progress_update(&teller->bar, done, failed, now);
	if (teller->function == NULL || !mproci_deadline_passed(teller->next, now))
		return;
	teller->next = now + INTERVAL;
	call(teller, done, failed, now);
}

void mproci_teller_end(mproci_teller *teller, size_t done, size_t failed)
{
	int64_t now;

	if (!mproci_teller_is_on(teller))
		return;
	now = mproci_clock_now();
	if (teller->shows_bar)
		mproci_progress_end(&teller->bar, done, failed, now);
	if (teller->function != NULL)
		call(teller, done, failed, now);
}
