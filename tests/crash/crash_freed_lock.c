/* SPDX-License-Identifier: MIT */
/*
 * A lock whose memory is freed and used again while its last holder but one is still inside the release.  The kernel then has
 * the address of what was a lock, and looks there for the number of the dead: the new owners write just that.
 */
#include "crash.h"

#include "arena/heap.h"
#include "family/member.h"
#include "sys/memory.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/mutex.h>
#include <unistd.h>

enum {
	/* More than there are in a span. */
	BLOCKS = 900,
};

typedef struct account {
	mproc_mutex mutex;
	mproci_lock lock;
} account;

typedef struct bank {
	account *account;
	uint32_t victim;
	uint32_t *_Atomic used_again[BLOCKS];
} bank;

static void make_account(void *shared)
{
	bank *all = shared;

	all->account = mproc_calloc(1, sizeof *all->account);
	crash_expect(all->account != NULL, "no memory");
	crash_expect(mproc_mutex_init(&all->account->mutex, NULL) == 0, "no mutex");
	crash_expect(mproci_lock_init(&all->account->lock, MPROCI_LOCK_OF_PROGRAM) == 0, "no lock");
}

static void open_account(void *shared)
{
	bank *all = shared;

	crash_renew_arena();
	crash_start("the maker", make_account);
	/* Its span is there for others to take over. */
	mproci_member_sweep();
	crash_watch((char *)((uintptr_t)all->account & ~(uintptr_t)(MPROCI_PAGE - 1)), MPROCI_PAGE);
}

static void use_again(bank *all)
{
	crash_expect(mproc_free(all->account) == 0, "the account cannot be freed");
	for (int i = 0; i < BLOCKS; ++i) {
		uint32_t *block = mproc_alloc(sizeof(account));

		crash_expect(block != NULL, "no memory");
		for (size_t word = 0; word < sizeof(account) / sizeof *block; ++word)
			block[word] = all->victim;
		all->used_again[i] = block;
	}
}

static void check_blocks(void *shared)
{
	bank *all = shared;

	for (int i = 0; i < BLOCKS && all->used_again[i] != NULL; ++i) {
		for (size_t word = 0; word < sizeof(account) / sizeof(uint32_t); ++word)
			crash_expect(all->used_again[i][word] == all->victim,
				"word %zu of block %d was %#x and is %#x", word, i, all->victim,
				all->used_again[i][word]);
	}
}

/* ---- a mutex ---- */

static void lock_mutex(void *shared)
{
	bank *all = shared;

	all->victim = (uint32_t)gettid();
	mproc_mutex_lock(&all->account->mutex, MPROC_FOREVER);
}

static void unlock_mutex(void *shared)
{
	bank *all = shared;

	mproc_mutex_unlock(&all->account->mutex);
}

static void close_account(void *shared)
{
	bank *all = shared;

	if (mproc_mutex_lock(&all->account->mutex, MPROC_NOW) != 0)
		return;
	mproc_mutex_unlock(&all->account->mutex);
	mproc_mutex_destroy(&all->account->mutex);
	use_again(all);
}

/* ---- a lock that is released without a note ---- */

static void take_lock(void *shared)
{
	bank *all = shared;

	all->victim = (uint32_t)gettid();
	mproci_lock_take(&all->account->lock, MPROC_FOREVER);
}

static void release_lock(void *shared)
{
	bank *all = shared;

	mproci_lock_release(&all->account->lock);
}

static void close_account_with_lock(void *shared)
{
	bank *all = shared;

	if (mproci_lock_take(&all->account->lock, MPROC_NOW) != 0)
		return;
	mproci_lock_release(&all->account->lock);
	use_again(all);
}

const crash_operation crash_freed_lock_operations[] = {
	{
		.name = "mutex: unlock, its memory freed and used again",
		.size = sizeof(bank),
		.set_up = open_account,
		.prepare = lock_mutex,
		.operate = unlock_mutex,
		.witness = close_account,
		.survive = check_blocks,
	},
	{
		.name = "mistake: a lock in memory that is used again is released without a note",
		.size = sizeof(bank),
		.set_up = open_account,
		.prepare = take_lock,
		.operate = release_lock,
		.witness = close_account_with_lock,
		.survive = check_blocks,
		.is_mistake = true,
	},
	{0},
};
