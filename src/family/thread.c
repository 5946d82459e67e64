/* SPDX-License-Identifier: MIT */
#include "family/thread.h"

#include "family/member.h"
#include "sys/futex.h"
#include "sys/memory.h"

#include <pthread.h>

/*
 * A thread's slot is its own as long as its process is the one that took it: a fork copies these too.
 * This small, they may be in the static part of thread-local memory: found without a call.
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

/*
 * How a slot names its process: never 0, and another one for the next process in the same slot of the
 * table.
 */
static uint32_t tag_of(mproci_id member)
{
	return (1 + (uint32_t)member) << 16 | (uint32_t)(member >> 32 & 0xffff);
}

/*
 * A search may begin at this slot.  Several who say so at once may hide one: the next search finds
 * another, or looks at all.
 */
static void advise(uint32_t index)
{
	if (index < atomic_load_explicit(&mproci_family_here->thread_hint, memory_order_relaxed))
		atomic_store_explicit(&mproci_family_here->thread_hint, index, memory_order_relaxed);
}

/* End the thread in a slot, unless somebody else did. */
static void vacate(mproci_thread *slot, uint64_t word)
{
	atomic_store(&slot->sleeps_on, 0);
	atomic_store(&slot->releases, 0);
	atomic_store(&slot->block, 0);
	if (atomic_compare_exchange_strong(&slot->word, &word, word & UINT64_C(0xffffffff00000000)))
		atomic_fetch_add(&mproci_family_here->departures, 1);
}

void mproci_thread_leave(void)
{
	if (own.id != 0 && own.member == mproci_member_self()) {
		mproci_thread *slot = slot_of(own.id);

		vacate(slot, atomic_load(&slot->word));
		advise((uint32_t)own.id);
		atomic_fetch_sub(mproci_member_threads(), 1);
	}
	own.id = 0;
	mproci_thread_noted = (mproci_thread_note){0};
}

static void leave(void *unused)
{
	(void)unused;
	mproci_thread_leave();
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

/* Returns its id, or 0: somebody has the slot. */
static mproci_id take(uint32_t index, mproci_id member)
{
	mproci_thread *slot = &mproci_family_here->threads[index];
	uint64_t word = atomic_load(&slot->word);
	uint32_t generation = generation_of(word) + 1;
	uint64_t mine = (uint64_t)generation << 32 | tag_of(member);

	if ((uint32_t)word != 0 || generation == 0
		|| !atomic_compare_exchange_strong(&slot->word, &word, mine))
		return 0;
	atomic_store_explicit(&mproci_family_here->thread_hint, index + 1, memory_order_relaxed);
	return (uint64_t)generation << 32 | index;
}

/* From the hint on; where there is none, before it; and only then in a slot that was never taken. */
static mproci_id take_slot(mproci_id member)
{
	uint32_t hint = atomic_load_explicit(&mproci_family_here->thread_hint, memory_order_relaxed);
	uint32_t limit = atomic_load(&mproci_family_here->thread_limit);
	mproci_id id = 0;

	for (uint32_t index = hint; id == 0 && index < limit; ++index)
		id = take(index, member);
	for (uint32_t index = 0; id == 0 && index < hint && index < limit; ++index)
		id = take(index, member);
	for (uint32_t index = limit; id == 0 && index < MPROCI_THREADS && raise_limit(index); ++index)
		id = take(index, member);
	return id;
}

/* Apart, so that the common case saves no registers. */
static __attribute__((noinline)) mproci_id enter(mproci_id member)
{
	if (member == 0)
		return 0;
	pthread_once(&at_exit_once, make_key);
	/* Counted before it is taken: the count is never too low. */
	atomic_fetch_add(mproci_member_threads(), 1);
	own.id = take_slot(member);
	own.member = member;
	if (own.id == 0)
		atomic_fetch_sub(mproci_member_threads(), 1);
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

/*
 * Whoever has pinned the word holds the lock of burials, or died holding it: having the lock means that
 * nobody steps.
 */
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

void mproci_thread_moves(const void *block, void *_Atomic *place)
{
	mproci_id id = mproci_thread_self();
	mproci_thread *slot = slot_of(id);

	if (id == 0)
		return;
	/* Each is a release, so that a kill leaves the place of this block beside it. */
	if (block != NULL)
		atomic_store_explicit(&slot->place, (uintptr_t)place, memory_order_release);
	atomic_store_explicit(&slot->block, (uintptr_t)block, memory_order_release);
}

bool mproci_thread_notes_in(const void *start, size_t size)
{
	uint32_t limit = atomic_load(&mproci_family_here->thread_limit);

	for (uint32_t index = 0; index < limit; ++index) {
		mproci_thread *slot = &mproci_family_here->threads[index];
		uintptr_t lock = atomic_load(&slot->releases), block = atomic_load(&slot->block);

		if (lock - (uintptr_t)start < size || block - (uintptr_t)start < size)
			return true;
		if (block != 0 && atomic_load(&slot->place) - (uintptr_t)start < size)
			return true;
	}
	return false;
}

_Thread_local __attribute__((tls_model("initial-exec"))) mproci_thread_note mproci_thread_noted;

_Atomic uintptr_t *mproci_thread_enters_first(const void *object)
{
	/* For who has no slot: nobody looks there. */
	static _Thread_local _Atomic uintptr_t unseen;
	mproci_id id = mproci_thread_self();

	mproci_thread_noted = (mproci_thread_note){0};
	if (id == 0)
		return &unseen;
	mproci_thread_noted =
		(mproci_thread_note){own.member, id, &slot_of(id)->releases, &slot_of(id)->holds};
	/* Here and not when the last one left the slot, whose lock somebody may be asking about. */
	atomic_store_explicit(mproci_thread_noted.holds, 0, memory_order_release);
	atomic_store_explicit(mproci_thread_noted.releases, (uintptr_t)object, memory_order_relaxed);
	return mproci_thread_noted.releases;
}

uintptr_t mproci_thread_holds(mproci_id id)
{
	return atomic_load_explicit(&slot_of(id)->holds, memory_order_acquire);
}

bool mproci_thread_others_inside(const void *object)
{
	uint32_t limit = atomic_load(&mproci_family_here->thread_limit);
	mproci_id id = mproci_thread_self();

	for (uint32_t index = 0; index < limit; ++index) {
		mproci_thread *slot = &mproci_family_here->threads[index];

		if (atomic_load(&slot->releases) == (uintptr_t)object && (id == 0 || slot != slot_of(id)))
			return true;
	}
	return false;
}

/*
 * The words that a burial has stepped.  One step for each is enough: who announced it before that finds a
 * stale key, and who announced it later looks after the death.  So a thousand sleepers of one word are not
 * woken a thousand times each.
 *
 * They are the burier's own: somebody who goes on for one that was killed steps all of them again.
 */
enum {
	STEPPED_MOST = 256,
	/* Where a word may be: in so many places from where it belongs. */
	STEPPED_LOOKS = 8,
};

typedef struct stepped {
	uintptr_t words[STEPPED_MOST];
} stepped;

/*
 * Where @word is, or is to be.  When all its places are taken, that of another, which is forgotten: should
 * it come again it is stepped again, which only costs time.
 */
static uintptr_t *find(stepped *known, uintptr_t word)
{
	size_t home = (uint32_t)((word >> 2) * UINT32_C(2654435769)) / (UINT32_MAX / STEPPED_MOST + 1);

	for (size_t i = 0; i < STEPPED_LOOKS; ++i) {
		uintptr_t *place = &known->words[(home + i) % STEPPED_MOST];

		if (*place == word || *place == 0)
			return place;
	}
	return &known->words[home];
}

/*
 * Wake who sleeps on a word, or is about to: stepping it makes its key stale.  The word stays what it is,
 * an event count that somebody waits for, as long as it is pinned.
 */
static void disturb(mproci_thread *slot, stepped *known)
{
	uintptr_t announced = atomic_load(&slot->sleeps_on), word = announced & ~PINNED;
	uintptr_t pinned = word | PINNED, *place;

	if (word == 0)
		return;
	place = find(known, word);
	/* One that was left pinned is unpinned below. */
	if (*place == announced)
		return;
	announced = word;
	if (!atomic_compare_exchange_strong(&slot->sleeps_on, &announced, pinned) && announced != pinned)
		return;
	if ((atomic_load((_Atomic uint32_t *)word) & 1) != 0)
		mproci_futex_step((_Atomic uint32_t *)word);
	*place = word;
	atomic_compare_exchange_strong(&slot->sleeps_on, &pinned, word);
}

/*
 * Before its slot is vacated: from then on its blocks may be taken over, and what it was moving be used
 * again.
 */
static void settle(mproci_thread *slot)
{
	uintptr_t block = atomic_load(&slot->block), place = atomic_load(&slot->place);

	if (block != 0)
		mproci_place_settle((const void *)block, (void *_Atomic *)place);
}

void mproci_thread_bury_all(mproci_id member)
{
	uint32_t limit = atomic_load(&mproci_family_here->thread_limit);
	stepped known = {0};

	/* Before anybody is woken who looks at this. */
	atomic_fetch_add(&mproci_family_here->departures, 1);

	for (uint32_t index = 0; index < limit; ++index) {
		mproci_thread *slot = &mproci_family_here->threads[index];
		uint64_t word = atomic_load(&slot->word);

		if ((uint32_t)word == tag_of(member)) {
			settle(slot);
			vacate(slot, word);
			advise(index);
		} else {
			disturb(slot, &known);
		}
	}
	/*
	 * Also when it had no thread here any more: one of them may have been killed before it was
	 * counted.
	 */
	atomic_fetch_add(&mproci_family_here->departures, 1);
}
