/* SPDX-License-Identifier: MIT */
#include "arena/sparse.h"

#include "arena/big.h"
#include "base/error.h"
#include "sys/memory.h"

#include <assert.h>
#include <errno.h>

int mproci_sparse_fill(void *_Atomic *place, size_t size)
{
	mproci_heap *heap;
	int rc;

	assert(size > 0 && size % MPROCI_UNIT_SIZE == 0 && atomic_load(place) == NULL);
	rc = mproci_heap_need(&heap);
	return rc < 0 ? rc : mproci_big_fill(place, heap, size, true);
}

int mproci_sparse_provide(void *start, size_t size)
{
	if (mproci_memory_commit(start, size) < 0)
		return mproci_fail(-ENOMEM, "the system has no memory for %zu KiB", size / 1024);
	return 0;
}

void mproci_sparse_return(void *start, size_t size)
{
	mproci_memory_decommit(start, size);
}
