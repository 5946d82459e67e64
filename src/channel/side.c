/* SPDX-License-Identifier: MIT */
#include "channel/side.h"

int mproci_side_init(mproci_side *side, mproci_lock_rank rank)
{
	*side = (mproci_side){.position = 0};
	return mproci_biased_lock_init(&side->lock, rank);
}

mproci_totals mproci_side_read(const mproci_side *side)
{
	mproci_totals totals;
	uint64_t position = atomic_load_explicit(&side->position, memory_order_acquire);

	do {
		uint64_t first = atomic_load_explicit(&side->totals[0].position, memory_order_acquire);
		int i = first == position ? 0 : 1;

		totals.position = position;
		totals.messages = atomic_load_explicit(&side->totals[i].messages, memory_order_acquire);
		totals.bytes = atomic_load_explicit(&side->totals[i].bytes, memory_order_acquire);
		/* The place is written anew only after the position has moved on, which is seen here then. */
		position = atomic_load_explicit(&side->position, memory_order_acquire);
	} while (position != totals.position);
	return totals;
}

void mproci_side_wake(mproci_side *side, uint64_t messages)
{
	if (atomic_exchange(&side->wakes_all, 0) != 0 || messages > UINT32_MAX)
		messages = UINT32_MAX;
	mproci_event_count_notify_some(&side->passing, (uint32_t)messages);
}
