/* SPDX-License-Identifier: MIT */
#include "sys/growing_memory.h"

#include <sys/mman.h>

static void *map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* Where that fails, a child has it for nothing. */
	madvise(memory, size, MADV_DONTFORK);
	return memory;
}

void *mproci_growing_memory_grow(void *memory, size_t size, size_t larger)
{
	void *grown;

	if (memory == NULL)
		return map(larger);
	grown = mremap(memory, size, larger, MREMAP_MAYMOVE);
	return grown == MAP_FAILED ? NULL : grown;
}

void mproci_growing_memory_free(void *memory, size_t size)
{
	if (memory != NULL)
		munmap(memory, size);
}
