/* SPDX-License-Identifier: MIT */
/*
 * States, invariant and the argument: README.md.
 *
 * A thread that has no id (owner 0) keeps the lock from taking a run until it is a block or free, since nobody can see
 * whether such a holder has died; everybody else holds it for a few stores only.
 */
#include "arena/big.h"

#include "base/error.h"
#include "family/member.h"
#include "sys/memory.h"

#include <errno.h>
#include <string.h>

static uint64_t owner_of(const mproci_heap *heap)
{
	return heap == NULL ? 0 : heap->owner;
}

/* Let go of the lock while this thread works on a run that it holds. */
static void step_out(uint64_t owner)
{
	if (owner != 0)
		mproci_run_unlock();
}

static int step_in(uint64_t owner)
{
	return owner != 0 ? mproci_run_lock() : 0;
}

static uint64_t word_at(uint32_t unit)
{
	return atomic_load_explicit(&mproci_arena_here->table[unit], memory_order_acquire);
}

/* Locked. */
static void put_word(uint32_t unit, uint64_t word)
{
	atomic_store_explicit(&mproci_arena_here->table[unit], word, memory_order_release);
}

static size_t pages_for(size_t size)
{
	return size == 0 ? 1 : size / MPROCI_PAGE + (size % MPROCI_PAGE != 0);
}

static size_t units_for(size_t pages)
{
	return pages / MPROCI_UNIT_PAGES + (pages % MPROCI_UNIT_PAGES != 0);
}

static char *page_at(uint32_t unit, size_t page)
{
	return mproci_run_memory(unit) + page * MPROCI_PAGE;
}

static int commit(uint32_t unit, uint32_t first, uint32_t end)
{
	size_t size = (size_t)(end - first) * MPROCI_PAGE;

	if (mproci_memory_commit(page_at(unit, first), size) == 0)
		return 0;
	return mproci_fail(-ENOMEM, "the system has no memory for %zu KiB", size / 1024);
}

/* What cannot be returned stays until the block is freed. */
static void decommit(uint32_t unit, uint32_t first, uint32_t end)
{
	if (first < end)
		mproci_memory_decommit(page_at(unit, first), (size_t)(end - first) * MPROCI_PAGE);
}

/*
 * What is wanted: units, to how many they are aligned, and how many pages of them have memory; 0: a sparse
 * block.
 */
typedef struct wish {
	uint32_t length, alignment, pages;
} wish;

/* Returns 0 with a run that this thread holds, under the lock if it has no id. */
static int hold(wish wanted, uint64_t owner, uint32_t *ret_unit, bool *ret_is_dirty)
{
	int rc;

	rc = mproci_run_lock();
	if (rc < 0)
		return rc;
	rc = mproci_run_take_aligned(wanted.length, wanted.alignment, owner, ret_unit, ret_is_dirty);
	if (rc < 0) {
		mproci_run_unlock();
		return rc;
	}
	step_out(owner);
	rc = wanted.pages > 0 ? commit(*ret_unit, 0, wanted.pages) : 0;
	if (rc < 0) {
		mproci_run_give(*ret_unit, wanted.length, owner);
		if (owner == 0)
			mproci_run_unlock();
	}
	return rc;
}

/* The same, if need be after everything was given back that nobody uses. */
static int hold_at_any_cost(wish wanted, mproci_heap *heap, uint32_t *ret_unit, bool *ret_is_dirty)
{
	int rc;

	mproci_heap_sweep(heap, false);
	rc = hold(wanted, owner_of(heap), ret_unit, ret_is_dirty);
	if (rc != -ENOMEM)
		return rc;
	mproci_member_sweep();
	mproci_heap_sweep(heap, true);
	if (heap != NULL)
		mproci_heap_trim(heap);
	return hold(wanted, owner_of(heap), ret_unit, ret_is_dirty);
}

/* What a block of @size bytes takes, all of which have memory.  Returns 0 or -ENOMEM. */
static int find_wish(size_t size, size_t alignment, wish *ret_wish)
{
	size_t pages = pages_for(size);
	size_t units = alignment <= MPROCI_UNIT_SIZE ? 1 : alignment / MPROCI_UNIT_SIZE;

	if (units_for(pages) + units - 1 > mproci_arena_here->unit_limit)
		return mproci_fail(-ENOMEM, "no room for %zu bytes of shared memory in an arena of %zu", size,
			(size_t)mproci_arena_here->unit_limit * MPROCI_UNIT_SIZE);
	*ret_wish = (wish){
		.length = (uint32_t)units_for(pages),
		.alignment = (uint32_t)units,
		.pages = (uint32_t)pages,
	};
	return 0;
}

/* The run that was held is a block from here on. */
static void *make_block(wish wanted, uint32_t unit)
{
	uint32_t member_slot = (uint32_t)mproci_member_self();

	put_word(unit, wanted.pages == 0 ? mproci_unit_sparse(wanted.length, member_slot)
					 : mproci_unit_big(wanted.pages, member_slot));
	return mproci_run_memory(unit);
}

void *mproci_big_alloc(mproci_heap *heap, size_t size, size_t alignment, bool is_zeroed)
{
	bool is_dirty = false;
	uint32_t unit;
	void *block;
	wish wanted;

	if (find_wish(size, alignment, &wanted) < 0 || hold_at_any_cost(wanted, heap, &unit, &is_dirty) < 0)
		return NULL;
	if (is_zeroed && is_dirty)
		memset(mproci_run_memory(unit), 0, size);
	block = make_block(wanted, unit);
	if (heap == NULL)
		mproci_run_unlock();
	return block;
}

/* A thread without an id cannot note anything. */
static void note(const mproci_heap *heap, const void *block, void *_Atomic *place)
{
	if (heap != NULL)
		mproci_thread_moves(block, place);
}

int mproci_big_fill(void *_Atomic *place, mproci_heap *heap, size_t size, bool is_sparse)
{
	bool is_dirty;
	uint32_t unit;
	wish wanted;
	int rc;

	rc = find_wish(size, 1, &wanted);
	if (rc < 0)
		return rc;
	if (is_sparse)
		wanted.pages = 0;
	rc = hold_at_any_cost(wanted, heap, &unit, &is_dirty);
	if (rc < 0)
		return rc;
	note(heap, mproci_run_memory(unit), place);
	atomic_store(place, make_block(wanted, unit));
	note(heap, NULL, NULL);
	if (heap == NULL)
		mproci_run_unlock();
	return 0;
}

/* Returns 0 with the lock held, or a negative errno without it. */
static int lock_and_find(uint32_t unit, uint64_t *ret_word)
{
	int rc;

	rc = mproci_run_lock();
	if (rc < 0)
		return rc;
	*ret_word = word_at(unit);
	if (mproci_unit_kind_of(*ret_word) == MPROCI_UNIT_BIG)
		return 0;
	mproci_run_unlock();
	return -EALREADY;
}

/*
 * Give back what was a block.  While a thread has a note of it, it is nobody's: README.md, "Freed locks" and
 * "Places".
 */
static void give(uint32_t unit, uint32_t length, uint64_t owner)
{
	if (mproci_thread_notes_in(page_at(unit, 0), (size_t)length * MPROCI_UNIT_SIZE))
		mproci_run_leave(unit, length, owner);
	else
		mproci_run_give(unit, length, owner);
}

/*
 * Locked; the lock is released.  The word first: killed behind that, pages that are no longer counted still have memory,
 * which does no harm.
 */
static void shrink(uint32_t unit, uint64_t word, uint32_t pages, uint64_t owner)
{
	uint64_t new_word = mproci_unit_big(pages, mproci_unit_member_slot(word));
	uint32_t length = mproci_unit_length(new_word);
	uint32_t rest = mproci_unit_length(word) - length;

	if (rest > 0)
		mproci_run_split(unit, new_word, unit + length, mproci_unit_held(rest, owner));
	else
		put_word(unit, new_word);
	step_out(owner);
	decommit(unit, pages, rest > 0 ? length * MPROCI_UNIT_PAGES : mproci_unit_pages(word));
	if (rest > 0)
		give(unit + length, rest, owner);
	if (owner == 0)
		mproci_run_unlock();
}

/* All pages have memory: count them. */
static int count_more(uint32_t unit, uint64_t word, uint32_t pages, uint64_t owner)
{
	uint64_t new_word = mproci_unit_big(pages, mproci_unit_member_slot(word));
	bool is_there;
	int rc;

	rc = step_in(owner);
	if (rc < 0)
		return rc;
	is_there = word_at(unit) == word;
	if (is_there && mproci_unit_length(new_word) > mproci_unit_length(word))
		mproci_run_join(unit, new_word, unit + mproci_unit_length(word));
	else if (is_there)
		put_word(unit, new_word);
	step_out(owner);
	return is_there ? 0 : -EALREADY;
}

/* Locked; the lock is released.  Units that it lacks are held by this thread until they have memory. */
static int grow(uint32_t unit, uint64_t word, uint32_t pages, uint64_t owner)
{
	uint32_t length = mproci_unit_length(word);
	uint32_t more = (uint32_t)units_for(pages) - length;
	int rc;

	rc = more > 0 ? mproci_run_take_at(unit + length, more, owner) : 0;
	if (owner != 0 || rc < 0)
		mproci_run_unlock();
	if (rc < 0)
		return rc;
	rc = commit(unit, mproci_unit_pages(word), pages);
	if (rc == 0)
		rc = count_more(unit, word, pages, owner);
	else
		decommit(unit, mproci_unit_pages(word), length * MPROCI_UNIT_PAGES);
	if (rc < 0 && more > 0)
		mproci_run_give(unit + length, more, owner);
	if (owner == 0)
		mproci_run_unlock();
	return rc;
}

int mproci_big_resize(mproci_heap *heap, uint32_t unit, size_t size)
{
	size_t pages = pages_for(size);
	uint64_t word = word_at(unit);
	int rc;

	/* Nothing in a sparse block is kept, wherever it moves. */
	if (units_for(pages) > mproci_arena_here->unit_limit || mproci_unit_is_sparse(word))
		return -ENOMEM;
	if (word == mproci_unit_big((uint32_t)pages, mproci_unit_member_slot(word)))
		return 0;
	rc = lock_and_find(unit, &word);
	if (rc < 0)
		return rc;
	if (pages > mproci_unit_pages(word))
		return grow(unit, word, (uint32_t)pages, owner_of(heap));
	shrink(unit, word, (uint32_t)pages, owner_of(heap));
	return 0;
}

/* The block is free, or rather held, from the store on: whatever happens to us, it becomes a free run. */
int mproci_big_free(mproci_heap *heap, uint32_t unit)
{
	uint64_t owner = owner_of(heap), word;
	int rc;

	rc = lock_and_find(unit, &word);
	if (rc < 0)
		return rc;
	put_word(unit, mproci_unit_held(mproci_unit_length(word), owner));
	/* If it was in a place: the note is ours, and must be gone before the run is free. */
	note(heap, NULL, NULL);
	step_out(owner);
	give(unit, mproci_unit_length(word), owner);
	if (owner == 0)
		mproci_run_unlock();
	return 0;
}

void mproci_big_empty(void *_Atomic *place, mproci_heap *heap, uint32_t unit)
{
	note(heap, mproci_run_memory(unit), place);
	atomic_store(place, NULL);
	mproci_big_free(heap, unit);
	note(heap, NULL, NULL);
}

/* It becomes nobody's: the burial, after which the note is gone, makes a sweep due. */
void mproci_big_settle(void *_Atomic *place, uint32_t unit)
{
	uint64_t word;

	if (lock_and_find(unit, &word) < 0)
		return;
	if (atomic_load(place) != mproci_run_memory(unit))
		put_word(unit, mproci_unit_held(mproci_unit_length(word), 0));
	mproci_run_unlock();
}
