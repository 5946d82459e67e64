/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include "tracer.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
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

/* A process that was not forked has no board. */
static bool is_refused(void)
{
	if (fault_here == NULL || fault_here->memory_left == 0 || --fault_here->memory_left > 0)
		return false;
	fault_here->memory_was_refused = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return is_refused() ? NULL : note(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : note(__real_calloc(count, size));
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
