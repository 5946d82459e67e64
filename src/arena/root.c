/* SPDX-License-Identifier: MIT */
#include "arena/root.h"

#include "base/error.h"
#include "family/family.h"
#include "sys/membarrier.h"
#include "sys/memory.h"

#include <errno.h>
#include <string.h>

mproci_arena *mproci_arena_here;

_Static_assert(MPROCI_THREADS == 1 << 14, "a unit's word has 14 bits for a thread's slot");
_Static_assert(MPROCI_MEMBERS <= 1 << 12, "a unit's word has 12 bits for a member's slot");
_Static_assert(
	(uint64_t)MPROCI_UNIT_LENGTHS *MPROCI_UNIT_PAGES <= 1 << 26, "and 26 for the pages of a block");

static char *align(char *address, size_t alignment)
{
	return (char *)(((uintptr_t)address + alignment - 1) & ~(uintptr_t)(alignment - 1));
}

/* Nobody uses it before it is ready: a maker that died left nothing that cannot be made again. */
static int make(mproci_arena *arena, char *end)
{
	char *table = align((char *)(arena + 1), MPROCI_PAGE);
	/* One less, for the alignment of the first. */
	size_t fit = (size_t)(end - table) / (MPROCI_UNIT_SIZE + sizeof *arena->table) - 1;
	int rc;

	memset(arena, 0, sizeof *arena);
	rc = mproci_lock_init(&arena->lock, MPROCI_LOCK_OF_RUNS);
	if (rc < 0)
		return mproci_fail(rc, "the arena's lock cannot be made");
	arena->unit_limit = fit < MPROCI_UNIT_LENGTHS ? (uint32_t)fit : MPROCI_UNIT_LENGTHS - 1;
	arena->table = (_Atomic uint64_t *)(void *)table;
	arena->units = align(table + arena->unit_limit * sizeof *arena->table, MPROCI_UNIT_SIZE);
	atomic_store_explicit(&arena->ready, 1, memory_order_release);
	return 0;
}

static mproci_arena *place_of_arena(char **ret_end)
{
	char *start;

	mproci_family_rest(&start, ret_end);
	return (mproci_arena *)(void *)align(start, MPROCI_PAGE);
}

static bool is_known(void)
{
	return __atomic_load_n(&mproci_arena_here, __ATOMIC_ACQUIRE) != NULL;
}

/* Once: other threads, which know it, read it without a lock. */
static void know(mproci_arena *arena)
{
	mproci_arena *none = NULL;

	/* Before this process is inside of anything there: who destroys it has all fenced, and looks who is inside. */
	mproci_membarrier_register();
	__atomic_compare_exchange_n(
		&mproci_arena_here, &none, arena, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static int find_or_make(void)
{
	char *end;
	mproci_arena *arena = place_of_arena(&end);
	int rc = 0;

	if (mproci_memory_commit(arena, sizeof *arena) < 0)
		return mproci_fail(-ENOMEM, "no memory for the arena's root, %zu bytes", sizeof *arena);
	if (!atomic_load_explicit(&arena->ready, memory_order_acquire))
		rc = make(arena, end);
	if (rc == 0)
		know(arena);
	return rc;
}

int mproci_arena_open(void)
{
	int rc;

	rc = mproci_lock_take(&mproci_family_here->making, MPROC_FOREVER);
	if (rc < 0)
		return mproci_fail(rc, "the family's lock cannot be taken");
	rc = is_known() ? 0 : find_or_make();
	mproci_lock_release(&mproci_family_here->making);
	return rc;
}

bool mproci_arena_find(void)
{
	char *end;
	mproci_arena *arena = place_of_arena(&end);

	if (!is_known() && atomic_load_explicit(&arena->ready, memory_order_acquire))
		know(arena);
	return is_known();
}
