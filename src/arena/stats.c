/* SPDX-License-Identifier: MIT */
#include "arena/heap.h"
#include "base/error.h"
#include "family/member.h"

#include <errno.h>
#include <mproc/arena.h>

typedef struct walk {
	mproc_arena_usage usage;
	/* Whose; 0: everybody's. */
	mproci_id member;
} walk;

static bool is_owner(mproci_id member, uint64_t word)
{
	return member == 0 || mproci_thread_belongs_to(mproci_run_owner(mproci_unit_owner_of(word)), member);
}

static void add_big(mproc_arena_usage *usage, uint64_t word)
{
	size_t size = (size_t)mproci_unit_pages(word) * MPROCI_PAGE;

	usage->committed += size;
	usage->used += size;
	++usage->blocks;
}

/* Its owner may be giving it back or making another class of it, which it does when no block in it is in use. */
static uint32_t count_used(uint32_t unit, uint64_t word)
{
	uint32_t count = mproci_span_count_used(mproci_span_at(unit), mproci_unit_class(word));
	uint64_t word_now = atomic_load(&mproci_arena_here->table[unit]);

	return ((word ^ word_now) & ~MPROCI_UNIT_PENDING) == 0 ? count : 0;
}

static void add_span(mproc_arena_usage *usage, uint32_t unit, uint64_t word)
{
	uint32_t count = count_used(unit, word);

	usage->committed += MPROCI_UNIT_SIZE;
	usage->used += (size_t)count * mproci_size_classes[mproci_unit_class(word)].size;
	usage->blocks += count;
}

static int add_run(uint32_t unit, uint64_t word, void *context)
{
	walk *state = context;
	mproci_id member = state->member;

	switch (mproci_unit_kind_of(word)) {
	case MPROCI_UNIT_BIG:
		if (member == 0 || mproci_unit_member_slot(word) == (uint32_t)member)
			add_big(&state->usage, word);
		return 0;
	case MPROCI_UNIT_SPAN:
		if (is_owner(member, word))
			add_span(&state->usage, unit, word);
		return 0;
	case MPROCI_UNIT_HELD:
		if (is_owner(member, word))
			state->usage.committed += (size_t)mproci_unit_length(word) * MPROCI_UNIT_SIZE;
		return 0;
	default:
		return 0;
	}
}

int mproc_arena_stats(pid_t pid, mproc_arena_usage *ret_usage)
{
	walk state = {0};
	mproci_heap *heap;
	int rc;

	if (ret_usage == NULL)
		return mproci_fail(-EINVAL, "ret_usage is NULL");
	rc = mproci_heap_need(&heap);
	if (rc < 0)
		return rc;
	state.member = pid == 0 ? 0 : mproci_member_find(pid);
	if (pid != 0 && state.member == 0)
		return mproci_fail(-ESRCH, "no process %ld in the family", (long)pid);
	rc = mproci_run_walk(add_run, &state);
	if (rc < 0)
		return rc;
	if (pid == 0)
		state.usage.reserved = (size_t)mproci_arena_here->unit_limit * MPROCI_UNIT_SIZE;
	*ret_usage = state.usage;
	return 0;
}
