/* SPDX-License-Identifier: MIT */
/*
 * A bare byte of shared memory as a flag.  It is only ever set during a search, and nothing else has to be seen with it:
 * so it needs no lock and no order.  But it must be atomic: a plain bool the compiler may read once, and loop for ever.
 */
#include "../command.h"
#include "flag.h"

#include <stdatomic.h>

static void *create(void)
{
	atomic_bool *byte = mproc_calloc(1, sizeof *byte);

	if (!byte)
		fail();
	return byte;
}

static void destroy(void *byte)
{
	mproc_free(byte);
}

static int clear(void *byte)
{
	atomic_store_explicit((atomic_bool *)byte, false, memory_order_relaxed);
	return 0;
}

static int set(void *byte)
{
	atomic_store_explicit((atomic_bool *)byte, true, memory_order_relaxed);
	return 0;
}

static int is_set(void *byte)
{
	return atomic_load_explicit((atomic_bool *)byte, memory_order_relaxed);
}

const flag_kind RAW_FLAG = {create, destroy, clear, set, is_set};
