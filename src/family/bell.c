/* SPDX-License-Identifier: MIT */
/*
 * Slots are taken, used and given back without a lock, so that nobody who waits until a deadline depends on
 * somebody who is stopped.  The slots of the dead are given back by who buries them.
 */
#include "family/bell.h"

#include "base/error.h"
#include "family/member.h"
#include "sys/memory.h"

#include <errno.h>

/* The search for a free slot begins here: advice, for each process its own. */
static _Atomic uint32_t hint;

static mproci_watcher *slot_of(uint32_t watcher)
{
	return &mproci_family_here->watchers[watcher];
}

static _Atomic uintptr_t *watched_by(uint32_t watcher)
{
	return &mproci_family_here->watched[watcher];
}

static uint32_t limit_now(void)
{
	return (uint32_t)atomic_load(&mproci_family_here->watcher_limit);
}

/* Another word than before, also when the limit is the same. */
static bool change_limit(uint64_t *word, uint32_t limit)
{
	return atomic_compare_exchange_weak(
		&mproci_family_here->watcher_limit, word, ((*word >> 32) + 1) << 32 | limit);
}

/* With the slot taken.  Also where it need not be raised: who is just lowering it must notice. */
static void raise_limit(uint32_t index)
{
	uint64_t word = atomic_load(&mproci_family_here->watcher_limit);

	while (!change_limit(&word, (uint32_t)word > index ? (uint32_t)word : index + 1))
		;
}

/* After a slot was given back. */
static void lower_limit(void)
{
	uint64_t word = atomic_load(&mproci_family_here->watcher_limit);

	while ((uint32_t)word > 0 && atomic_load(&slot_of((uint32_t)word - 1)->owner) == 0) {
		if (change_limit(&word, (uint32_t)word - 1))
			word = atomic_load(&mproci_family_here->watcher_limit);
	}
}

static int provide(uint32_t index)
{
	_Atomic uint32_t *room = &mproci_family_here->watcher_room;
	uint32_t now = atomic_load(room);

	if (index < now)
		return 0;
	if (mproci_memory_commit(slot_of(index), sizeof(mproci_watcher)) < 0
		|| mproci_memory_commit(watched_by(index), sizeof(uintptr_t)) < 0)
		return mproci_fail(-ENOMEM, "no memory for the table of who waits for a descriptor");
	while (now <= index && !atomic_compare_exchange_weak(room, &now, index + 1))
		;
	return 0;
}

static bool take(uint32_t index)
{
	_Atomic mproci_id *owner = &slot_of(index)->owner;
	mproci_id nobody = 0;

	if (atomic_load_explicit(owner, memory_order_relaxed) != 0
		|| !atomic_compare_exchange_strong(owner, &nobody, mproci_member_self()))
		return false;
	atomic_store_explicit(&hint, index + 1, memory_order_relaxed);
	return true;
}

/* Returns the index; MPROCI_WATCHERS: all are taken. */
static uint32_t take_used(uint32_t limit)
{
	uint32_t start = atomic_load_explicit(&hint, memory_order_relaxed);

	for (uint32_t index = start; index < limit; ++index) {
		if (take(index))
			return index;
	}
	for (uint32_t index = 0; index < start && index < limit; ++index) {
		if (take(index))
			return index;
	}
	return MPROCI_WATCHERS;
}

/* Returns as mproci_watcher_add, but -EAGAIN without an error text. */
static int take_first(uint32_t *ret_index)
{
	uint32_t limit = limit_now(), index = take_used(limit);

	for (uint32_t next = limit; index == MPROCI_WATCHERS && next < MPROCI_WATCHERS; ++next) {
		int rc = provide(next);

		if (rc < 0)
			return rc;
		if (take(next))
			index = next;
	}
	*ret_index = index;
	return index == MPROCI_WATCHERS ? -EAGAIN : 0;
}

static int take_slot(uint32_t *ret_index)
{
	for (int attempt = 0; attempt < 2; ++attempt) {
		int rc = take_first(ret_index);

		if (rc != -EAGAIN)
			return rc;
		/* Of those that have ended, and whom nobody waited for. */
		mproci_member_sweep();
	}
	return mproci_fail(-EAGAIN,
		"%d queues and events are waited for through descriptors: there is no room for more in one "
		"family",
		MPROCI_WATCHERS);
}

/* The number goes up, so that who was about to say that the bell was rung no longer can. */
static void step_told(mproci_watcher *slot)
{
	uint64_t told = atomic_load(&slot->told);

	while (!atomic_compare_exchange_weak(&slot->told, &told, (told | 1) + 1))
		;
}

static void write_place(mproci_watcher *slot, const mproci_bell_place *place)
{
	atomic_store_explicit(&slot->pid, place->pid, memory_order_relaxed);
	atomic_store_explicit(&slot->descriptor, place->descriptor, memory_order_relaxed);
	atomic_store_explicit(&slot->device, place->id.device, memory_order_relaxed);
	atomic_store_explicit(&slot->inode, place->id.inode, memory_order_relaxed);
}

static mproci_bell_place read_place(const mproci_watcher *slot)
{
	return (mproci_bell_place){
		.pid = atomic_load_explicit(&slot->pid, memory_order_relaxed),
		.descriptor = atomic_load_explicit(&slot->descriptor, memory_order_relaxed),
		.id = {.device = atomic_load_explicit(&slot->device, memory_order_relaxed),
			.inode = atomic_load_explicit(&slot->inode, memory_order_relaxed)},
	};
}

int mproci_watcher_add(const mproci_bell *bell, const void *about, uint32_t *ret_watcher)
{
	uint32_t index = 0;
	int rc;

	rc = take_slot(&index);
	if (rc < 0)
		return rc;
	raise_limit(index);
	step_told(slot_of(index));
	write_place(slot_of(index), &bell->place);
	/* Last: from here on it is found. */
	atomic_store(watched_by(index), (uintptr_t)about);
	*ret_watcher = index;
	return 0;
}

static void give_back(uint32_t index)
{
	atomic_store(watched_by(index), 0);
	atomic_store(&slot_of(index)->owner, 0);
}

void mproci_watcher_remove(uint32_t watcher)
{
	give_back(watcher);
	if (watcher < atomic_load_explicit(&hint, memory_order_relaxed))
		atomic_store_explicit(&hint, watcher, memory_order_relaxed);
	lower_limit();
}

void mproci_watcher_rearm(uint32_t watcher)
{
	step_told(slot_of(watcher));
	/*
	 * Pairs with that in mproci_watchers_tell: either who tells sees the step, or the caller's look what
	 * that one made true.
	 */
	atomic_thread_fence(memory_order_seq_cst);
}

bool mproci_watcher_is_told(uint32_t watcher)
{
	return (atomic_load(&slot_of(watcher)->told) & 1) != 0;
}

bool mproci_watcher_is_about(uint32_t watcher, const void *about)
{
	return atomic_load(watched_by(watcher)) == (uintptr_t)about;
}

/* In this order: README.md. */
static int tell_one(uint32_t watcher, uintptr_t about)
{
	mproci_watcher *slot = slot_of(watcher);
	uint64_t told = atomic_load(&slot->told);
	mproci_bell_place place;
	int rc;

	if ((told & 1) != 0 || atomic_load(watched_by(watcher)) != about)
		return 0;
	place = read_place(slot);
	rc = mproci_bell_ring(&place);
	if (rc == 0)
		atomic_compare_exchange_strong(&slot->told, &told, told | 1);
	return rc;
}

void mproci_watcher_ring(uint32_t watcher)
{
	tell_one(watcher, atomic_load(watched_by(watcher)));
}

static bool is_out_of_descriptors(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM;
}

int mproci_watchers_tell(const void *about)
{
	uint32_t limit;
	int result = 0;

	/* Pairs with that in mproci_watcher_rearm. */
	atomic_thread_fence(memory_order_seq_cst);
	limit = limit_now();
	for (uint32_t watcher = 0; watcher < limit; ++watcher) {
		int rc = 0;

		if (atomic_load_explicit(watched_by(watcher), memory_order_relaxed) == (uintptr_t)about)
			rc = tell_one(watcher, (uintptr_t)about);
		if (is_out_of_descriptors(rc))
			result = rc;
	}
	if (result < 0)
		return mproci_fail_descriptor(result, "cannot tell a process that waits for a descriptor");
	return 0;
}

void mproci_watchers_forget(const void *about)
{
	uint32_t limit = limit_now();

	for (uint32_t watcher = 0; watcher < limit; ++watcher) {
		uintptr_t expected = (uintptr_t)about;

		atomic_compare_exchange_strong(watched_by(watcher), &expected, 0);
	}
}

void mproci_watchers_tell_all(void)
{
	uint32_t limit = limit_now();

	for (uint32_t watcher = 0; watcher < limit; ++watcher) {
		uintptr_t about = atomic_load(watched_by(watcher));

		if (about != 0)
			tell_one(watcher, about);
	}
}

void mproci_watchers_bury(mproci_id member)
{
	/* Not the limit: it may have been killed before it raised that. */
	uint32_t room = atomic_load(&mproci_family_here->watcher_room);

	for (uint32_t watcher = 0; watcher < room; ++watcher) {
		if (atomic_load_explicit(&slot_of(watcher)->owner, memory_order_relaxed) == member)
			give_back(watcher);
	}
	lower_limit();
}
