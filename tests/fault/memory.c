/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include "tracer.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *memory);

enum {
	MOST_BLOCKS = 4096
};

/* What was got here; what the C library got for us, as strdup does, is freed here as well. */
static uintptr_t blocks[MOST_BLOCKS];
static unsigned block_count;

unsigned fault_count_memory(void)
{
	return block_count;
}

static void *note(void *memory)
{
	if (memory != NULL && block_count < MOST_BLOCKS)
		blocks[block_count++] = (uintptr_t)memory;
	return memory;
}

static void forget(uintptr_t memory)
{
	for (unsigned i = 0; i < block_count; ++i) {
		if (blocks[i] == memory) {
			blocks[i] = blocks[--block_count];
			return;
		}
	}
}

static bool is_refused_to_forked(void)
{
	if (fault_here->memory_left == 0 || --fault_here->memory_left > 0)
		return false;
	fault_here->was_refused = true;
	return true;
}

static bool is_refused_to_spawned(void)
{
	static long left = -1;

	if (left < 0)
		left = getenv(FAULT_MEMORY_VARIABLE) == NULL ? 0 : atol(getenv(FAULT_MEMORY_VARIABLE));
	if (left == 0 || --left > 0)
		return false;
	fault_mark(FAULT_REFUSED);
	return true;
}

static bool is_refused(void)
{
	bool is_refused = fault_here != NULL ? is_refused_to_forked() : is_refused_to_spawned();

	if (is_refused)
		errno = ENOMEM;
	return is_refused;
}

void *__wrap_malloc(size_t size)
{
	return is_refused() ? NULL : note(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : note(__real_calloc(count, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return is_refused() ? NULL : note(__real_aligned_alloc(alignment, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
	uintptr_t before = (uintptr_t)memory;
	void *now;

	if (is_refused())
		return NULL;
	now = __real_realloc(memory, size);
	if (now == NULL)
		return NULL;
	forget(before);
	return note(now);
}

void __wrap_free(void *memory)
{
	forget((uintptr_t)memory);
	__real_free(memory);
}
