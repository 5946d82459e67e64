/* SPDX-License-Identifier: MIT */
/*
 * Two numbers: how often somebody asked, and up to where somebody answered.  A call is interrupted when more was asked than
 * had been answered when it began; so are all that had begun by then, and the next one if there was none.
 */
#include "base/interrupt.h"

#include <stdatomic.h>

static _Atomic uint64_t asked, answered;

void mproc_interrupt(void)
{
	atomic_fetch_add(&asked, 1);
}

uint64_t mproci_interrupt_begin(void)
{
	return atomic_load(&answered);
}

bool mproci_interrupt_is_asked(uint64_t begun)
{
	return atomic_load_explicit(&asked, memory_order_relaxed) != begun;
}

bool mproci_interrupt_is_due(uint64_t begun)
{
	uint64_t now = atomic_load_explicit(&asked, memory_order_relaxed);
	uint64_t before = atomic_load_explicit(&answered, memory_order_relaxed);

	if (now == begun)
		return false;
	while (before < now && !atomic_compare_exchange_weak(&answered, &before, now))
		;
	return true;
}
