/* SPDX-License-Identifier: MIT */
#include "family/thread.h"

#include "family/member.h"
#include "sys/futex.h"
#include "sys/memory.h"

#include <pthread.h>

/*
 * A thread's slot is its own as long as its process is the one that took it: a fork copies these too.  This small, they may
 * be in the static part of thread-local memory: found without a call.
 */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct {
	mproci_id member;
	mproci_id id;
	/* It sleeps, or is about to, on a word of the family that could not be noted. */
	bool is_missed;
} own;

static pthread_key_t at_exit;
static pthread_once_t at_exit_once = PTHREAD_ONCE_INIT;

static mproci_thread *slot_of(mproci_id id)
{
	return &mproci_family_here->threads[(uint32_t)id];
}

static uint32_t generation_of(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

/* How a slot names its process: never 0, and another one for the next process in the same slot of the table. */
static uint32_t tag_of(mproci_id member)
{
	return (1 + (uint32_t)member) << 16 | (uint32_t)(member >> 32 & 0xffff);
}

/* End the thread in a slot, unless somebody else did. */
static void vacate(mproci_thread *slot, uint64_t word)
{
	atomic_store(&slot->sleeps_on, 0);
	atomic_store(&slot->releases, 0);
	if (atomic_compare_exchange_strong(&slot->word, &word, word & UINT64_C(0xffffffff00000000)))
		atomic_fetch_add(&mproci_family_here->departures, 1);
}

static void leave(void *unused)
{
	(void)unused;
	if (own.id != 0 && own.member == mproci_member_self()) {
		mproci_thread *slot = slot_of(own.id);

		vacate(slot, atomic_load(&slot->word));
	}
	own.id = 0;
}

static void make_key(void)
{
	pthread_key_create(&at_exit, leave);
}

static bool raise_limit(uint32_t index)
{
	uint32_t limit = atomic_load(&mproci_family_here->thread_limit);

	if (index < limit)
		return true;
	if (mproci_memory_commit(&mproci_family_here->threads[index], sizeof(mproci_thread)) < 0)
		return false;
	while (limit <= index
		&& !atomic_compare_exchange_weak(&mproci_family_here->thread_limit, &limit, index + 1))
		;
	return true;
}

static mproci_id take_slot(mproci_id member)
{
	for (uint32_t index = 0; index < MPROCI_THREADS && raise_limit(index); ++index) {
		mproci_thread *slot = &mproci_family_here->threads[index];
		uint64_t word = atomic_load(&slot->word);
		uint32_t generation = generation_of(word) + 1;
		uint64_t mine = (uint64_t)generation << 32 | tag_of(member);

		if ((uint32_t)word == 0 && generation != 0
			&& atomic_compare_exchange_strong(&slot->word, &word, mine))
			return (uint64_t)generation << 32 | index;
	}
	return 0;
}

/* Apart, so that the common case saves no registers. */
static __attribute__((noinline)) mproci_id enter(mproci_id member)
{
	if (member == 0)
		return 0;
	pthread_once(&at_exit_once, make_key);
	own.id = take_slot(member);
	own.member = member;
	pthread_setspecific(at_exit, &own);
	return own.id;
}

mproci_id mproci_thread_self(void)
{
	mproci_id member = mproci_member_self();

	return own.member == member && own.id != 0 ? own.id : enter(member);
}

bool mproci_thread_is_own(mproci_id id)
{
	return own.id == id && own.member == mproci_member_self();
}

bool mproci_thread_is_alive(mproci_id id)
{
	uint64_t word;

	if (id == 0)
		return false;
	word = atomic_load(&slot_of(id)->word);
	return generation_of(word) == (uint32_t)(id >> 32) && (uint32_t)word != 0;
}

bool mproci_thread_belongs_to(mproci_id id, mproci_id member)
{
	uint64_t word;

	if (id == 0)
		return false;
	word = atomic_load(&slot_of(id)->word);
	return generation_of(word) == (uint32_t)(id >> 32) && (uint32_t)word == tag_of(member);
}

/* The low bit of an announced address: somebody who buries is about to step that word. */
static const uintptr_t PINNED = 1;

static void announce(mproci_thread *slot, uintptr_t word)
{
	atomic_store(&slot->sleeps_on, word);
}

/* Whoever has pinned the word holds the lock of burials, or died holding it: having the lock means that nobody steps. */
static void take_back(mproci_thread *slot)
{
	uintptr_t word = atomic_load(&slot->sleeps_on);

	if ((word & PINNED) == 0 && atomic_compare_exchange_strong(&slot->sleeps_on, &word, 0))
		return;
	mproci_member_lock();
	announce(slot, 0);
	mproci_member_unlock();
}

void mproci_thread_sleeps_on(_Atomic uint32_t *word)
{
	mproci_id id = mproci_thread_self();

	own.is_missed = id == 0 && mproci_family_holds(word);
	if (id == 0)
		return;
	if (word == NULL)
		take_back(slot_of(id));
	else if (mproci_family_holds(word))
		announce(slot_of(id), (uintptr_t)word);
}

bool mproci_thread_is_missed(void)
{
	return own.is_missed;
}

int mproci_thread_release(mproci_lock *lock)
{
	mproci_id id = mproci_family_holds(lock) ? mproci_thread_self() : 0;
	_Atomic uintptr_t *releases;
	int rc;

	if (id == 0)
		return mproci_lock_release(lock);
	releases = &slot_of(id)->releases;
	/* Whoever frees the memory has held the lock since, or was told by one who has: it sees this. */
	atomic_store_explicit(releases, (uintptr_t)lock, memory_order_relaxed);
	rc = mproci_lock_release(lock);
	atomic_store_explicit(releases, 0, memory_order_release);
	return rc;
}

bool mproci_thread_releases_in(const void *start, size_t size)
{
	uint32_t limit = atomic_load(&mproci_family_here->thread_limit);

	for (uint32_t index = 0; index < limit; ++index) {
		uintptr_t lock = atomic_load(&mproci_family_here->threads[index].releases);

		if (lock - (uintptr_t)start < size)
			return true;
	}
	return false;
}

/*
 * Wake who sleeps on a word, or is about to: stepping it makes its key stale.  The word stays what it is, an event
 * count that somebody waits for, as long as it is pinned.
 */
static void disturb(mproci_thread *slot)
{
	uintptr_t word = atomic_load(&slot->sleeps_on) & ~PINNED;
	uintptr_t pinned = word | PINNED, announced = word;

	if (word == 0
		|| (!atomic_compare_exchange_strong(&slot->sleeps_on, &announced, pinned)
			&& announced != pinned))
		return;
	if ((atomic_load((_Atomic uint32_t *)word) & 1) != 0)
		mproci_futex_step((_Atomic uint32_t *)word);
	atomic_compare_exchange_strong(&slot->sleeps_on, &pinned, word);
}

void mproci_thread_bury_all(mproci_id member)
{
	uint32_t limit = atomic_load(&mproci_family_here->thread_limit);

	for (uint32_t index = 0; index < limit; ++index) {
		mproci_thread *slot = &mproci_family_here->threads[index];
		uint64_t word = atomic_load(&slot->word);

		if ((uint32_t)word == tag_of(member))
			vacate(slot, word);
		else
			disturb(slot);
	}
	/* Also when it had no thread here any more: one of them may have been killed before it was counted. */
	atomic_fetch_add(&mproci_family_here->departures, 1);
}
