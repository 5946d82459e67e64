/* SPDX-License-Identifier: MIT */
#include "family/member.h"

#include "base/deadline.h"
#include "base/error.h"
#include "family/bell.h"
#include "family/thread.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/futex.h"
#include "sys/memory.h"

#include <errno.h>
#include <limits.h>
#include <mproc/result.h>
#include <string.h>

mproci_own_page *_Atomic mproci_own_here;

/* A slot's word: 32 bits generation, 24 bits 1 + the parent's slot (0: none), 8 bits state. */
static uint64_t word_of(uint32_t generation, uint32_t parent, mproci_member_state state)
{
	return (uint64_t)generation << 32 | parent << 8 | state;
}

static uint32_t generation_of(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static uint32_t parent_of(uint64_t word)
{
	return (uint32_t)word >> 8;
}

static mproci_member_state state_of(uint64_t word)
{
	return (mproci_member_state)(word & 0xff);
}

static mproci_id id_of(uint64_t word, uint32_t index)
{
	return (uint64_t)generation_of(word) << 32 | index;
}

/*
 * The gate of a slot while it is closed: no two members that had the slot one after the other have the
 * same.
 */
static uint32_t gate_of(mproci_id id)
{
	return (uint32_t)(id >> 32) << 1;
}

_Atomic uint32_t *mproci_member_threads(void)
{
	return &atomic_load_explicit(&mproci_own_here, memory_order_relaxed)->threads;
}

mproci_member *mproci_member_slot(mproci_id id)
{
	return &mproci_family_here->members[(uint32_t)id];
}

mproci_id mproci_member_find(pid_t pid)
{
	uint32_t limit = atomic_load(&mproci_family_here->member_limit);

	for (uint32_t index = 0; index < limit; ++index) {
		mproci_member *member = &mproci_family_here->members[index];
		uint64_t word = atomic_load(&member->word);

		if (state_of(word) == MPROCI_MEMBER_RUNNING && atomic_load(&member->pid) == pid)
			return id_of(word, index);
	}
	return 0;
}

/* Let the scans of the table see slot @index. */
static int raise_limit(uint32_t index)
{
	uint32_t limit = atomic_load(&mproci_family_here->member_limit);

	if (index < limit)
		return 0;
	if (mproci_memory_commit(&mproci_family_here->members[index], sizeof(mproci_member)) < 0)
		return mproci_fail(-ENOMEM, "no memory for the table of processes");
	while (limit <= index
		&& !atomic_compare_exchange_weak(&mproci_family_here->member_limit, &limit, index + 1))
		;
	return 0;
}

/* Whether a slot that is to be kept is. */
typedef enum burial {
	BY_PARENT,
	BY_OTHERS,
} burial;

static void bury(mproci_id id, burial whose);

static bool lock_until(mproc_deadline deadline)
{
	mproci_family *family = mproci_family_here;
	int rc;

	rc = mproci_lock_take(&family->burying, deadline);
	/* Nothing was forked yet for a slot that was just being taken, and nobody else knows of it. */
	if (rc == MPROC_OWNER_DIED) {
		/* It may have left a slot dead. */
		atomic_store(&family->member_hint, 0);
		bury(atomic_load(&family->claim), BY_PARENT);
	}
	if (rc >= 0)
		atomic_store(&family->claim, 0);
	return rc >= 0;
}

void mproci_member_lock(void)
{
	lock_until(MPROC_FOREVER);
}

void mproci_member_unlock(void)
{
	atomic_store(&mproci_family_here->claim, 0);
	mproci_lock_release(&mproci_family_here->burying);
}

/* Locked: try to take one slot.  A dead one was left by somebody killed while burying it. */
static bool take(uint32_t index, uint32_t parent, mproci_id *ret_id)
{
	mproci_member *member = &mproci_family_here->members[index];
	uint64_t word = atomic_load(&member->word), mine;

	if (state_of(word) == MPROCI_MEMBER_DEAD) {
		bury(id_of(word, index), BY_OTHERS);
		/* Which may have lowered the limit. */
		raise_limit(index);
		word = atomic_load(&member->word);
	}
	mine = word_of(generation_of(word) + 1, parent, MPROCI_MEMBER_STARTING);
	/* A slot that was used four thousand million times is used no more. */
	if (state_of(word) != MPROCI_MEMBER_FREE || generation_of(mine) == 0)
		return false;
	atomic_store(&mproci_family_here->claim, id_of(mine, index));
	atomic_store(&member->word, mine);
	*ret_id = id_of(mine, index);
	return true;
}

static bool has_ended(const mproci_member *member)
{
	bool has_ended;
	int fd;

	fd = mproci_child_open(atomic_load(&member->pid), atomic_load(&member->start_time));
	/* It may have ended without having been reaped. */
	has_ended = fd == -ESRCH || (fd >= 0 && mproci_child_wait(fd, MPROC_NOW) == 0);
	mproci_close(fd);
	return has_ended;
}

/* Locked: bury those whose end nobody waited for, such as children that the program forked itself. */
static void sweep(void)
{
	uint32_t limit = atomic_load(&mproci_family_here->member_limit);

	for (uint32_t index = 0; index < limit; ++index) {
		mproci_member *member = &mproci_family_here->members[index];
		uint64_t word = atomic_load(&member->word);

		if (state_of(word) == MPROCI_MEMBER_DEAD
			|| (state_of(word) == MPROCI_MEMBER_RUNNING && has_ended(member)))
			bury(id_of(word, index), BY_OTHERS);
	}
}

/* Locked.  Returns 0, -EAGAIN without an error text, or -ENOMEM with one. */
static int take_first(uint32_t parent, mproci_id *ret_id)
{
	_Atomic uint32_t *hint = &mproci_family_here->member_hint;
	uint32_t index;

	while ((index = atomic_load(hint)) < MPROCI_MEMBERS) {
		int rc = raise_limit(index);

		if (rc < 0)
			return rc;
		/*
		 * In this order: taking one buries whom it finds dead there, which may free an earlier
		 * one.
		 */
		atomic_store(hint, index + 1);
		if (take(index, parent, ret_id))
			return 0;
	}
	return -EAGAIN;
}

/* Locked. */
static int find_slot(mproci_id *ret_id)
{
	mproci_id self_id = mproci_member_self();
	uint32_t parent = self_id == 0 ? 0 : 1 + (uint32_t)self_id;
	int rc;

	/* Before there is a child to be found at this process's burial. */
	if (self_id != 0)
		atomic_store(&mproci_member_slot(self_id)->has_expected, true);
	for (int attempt = 0; attempt < 2; ++attempt) {
		rc = take_first(parent, ret_id);
		if (rc != -EAGAIN)
			return rc;
		sweep();
	}
	return mproci_fail(-EAGAIN, "no more processes in one family than %d", MPROCI_MEMBERS);
}

/* Locked: take a slot, and write who it is for. */
static int expect(const char *name, mproci_id *ret_id)
{
	mproci_member *member;
	int rc;

	rc = find_slot(ret_id);
	if (rc != 0)
		return rc;
	member = mproci_member_slot(*ret_id);
	atomic_store(&member->pid, 0);
	atomic_store(&member->start_time, 0);
	atomic_store(&member->gate, gate_of(*ret_id));
	atomic_store(&member->running, 0);
	atomic_store(&member->has_expected, false);
	atomic_store(&member->is_kept, false);
	atomic_store(&member->ending, *ret_id >> 32 << 32);
	memset(member->name, 0, sizeof member->name);
	strncpy(member->name, name, sizeof member->name - 1);
	return 0;
}

int mproci_member_expect(const char *name, mproci_id *ret_id)
{
	int rc;

	mproci_member_lock();
	rc = expect(name, ret_id);
	mproci_member_unlock();
	return rc;
}

void mproci_member_keep(mproci_id id)
{
	atomic_store(&mproci_member_slot(id)->is_kept, true);
}

bool mproci_member_is_expected(mproci_id id)
{
	uint64_t word;

	if ((uint32_t)id >= MPROCI_MEMBERS)
		return false;
	word = atomic_load(&mproci_member_slot(id)->word);
	return id_of(word, (uint32_t)id) == id && state_of(word) == MPROCI_MEMBER_STARTING;
}

void mproci_member_started(mproci_id id, pid_t pid)
{
	mproci_member *member = mproci_member_slot(id);

	atomic_store(&member->start_time, mproci_process_ticks_now());
	atomic_store(&member->pid, pid);
}

int mproci_member_become(mproci_id id)
{
	mproci_member *member = mproci_member_slot(id);
	uint64_t word = atomic_load(&member->word);

	if (id_of(word, (uint32_t)id) != id || state_of(word) != MPROCI_MEMBER_STARTING)
		return -ECHILD;
	if (atomic_load(&member->start_time) == 0)
		mproci_member_started(id, mproci_process_id());
	/* Fails when the parent has died and was buried. */
	if (!atomic_compare_exchange_strong(&member->word, &word,
		    word_of(generation_of(word), parent_of(word), MPROCI_MEMBER_RUNNING)))
		return -ECHILD;
	atomic_store(&mproci_own_here->id, id);
	return 0;
}

/* The word of an ending: generation, then 8 bits of exit code, 7 of signal, and these. */
enum {
	ENDING_CORE = 1 << 15,
	ENDING_SAID = 1 << 16,
	ENDING_PROVEN = 1 << 17,
	/* Beside all of these: mproci_member_completes. */
	ENDING_COMPLETE = 1 << 18,
};

static bool is_complete(mproci_id id)
{
	uint64_t word = atomic_load(&mproci_member_slot(id)->ending);

	return word >> 32 == id >> 32 && (word & ENDING_COMPLETE) != 0;
}

void mproci_member_completes(void)
{
	mproci_id id = mproci_member_self();
	_Atomic uint64_t *place;
	uint64_t word;

	if (id == 0 || atomic_load(&mproci_own_here->is_stamped) || !mproci_process_is_alone())
		return;
	mproci_thread_leave();
	/* Or a thread that ended took a slot again on the way. */
	if (atomic_load(&mproci_own_here->threads) != 0)
		return;
	place = &mproci_member_slot(id)->ending;
	word = atomic_load(place);
	while (word >> 32 == id >> 32 && !atomic_compare_exchange_weak(place, &word, word | ENDING_COMPLETE))
		;
}

void mproci_member_ends(mproci_id id, mproci_ending ending, bool is_proven)
{
	_Atomic uint64_t *place = &mproci_member_slot(id)->ending;
	uint64_t before = atomic_load(place);
	uint64_t after = id >> 32 << 32 | (uint64_t)(ending.exit_code & 0xff)
			 | (uint64_t)(ending.signal & 0x7f) << 8 | (ending.has_core ? ENDING_CORE : 0)
			 | (is_proven ? ENDING_PROVEN : ENDING_SAID);

	do {
		if (before >> 32 != id >> 32 || (before & ENDING_PROVEN) != 0)
			return;
	} while (!atomic_compare_exchange_weak(place, &before, after | (before & ENDING_COMPLETE)));
}

bool mproci_member_ending(mproci_id id, mproci_ending *ret_ending, bool *ret_is_proven)
{
	uint64_t word = atomic_load(&mproci_member_slot(id)->ending);

	if (word >> 32 != id >> 32 || (word & (ENDING_SAID | ENDING_PROVEN)) == 0)
		return false;
	*ret_ending = (mproci_ending){
		.exit_code = (int)(word & 0xff),
		.signal = (int)(word >> 8 & 0x7f),
		.has_core = (word & ENDING_CORE) != 0,
	};
	*ret_is_proven = (word & ENDING_PROVEN) != 0;
	return true;
}

void mproci_member_tell(mproci_id id)
{
	_Atomic uint32_t *gate = &mproci_member_slot(id)->gate;

	uint32_t closed = gate_of(id);

	/* Unless the slot is another's by now. */
	if (atomic_compare_exchange_strong(gate, &closed, closed | 1))
		mproci_futex_wake(gate, INT_MAX);
}

void mproci_member_runs(uintptr_t function)
{
	atomic_store_explicit(
		&mproci_member_slot(mproci_member_self())->running, function, memory_order_relaxed);
}

int mproci_member_prepare(void)
{
	if (mproci_own_here == NULL)
		mproci_own_here = mproci_memory_wiped_on_fork();
	return mproci_own_here == NULL ? mproci_fail(-ENOMEM, "no memory for a page of this process") : 0;
}

/* Whether others will be able to tell this process from another that gets its pid. */
static int check_proc(void)
{
	uint64_t unused;
	int rc;

	rc = mproci_process_start_time(mproci_process_id(), &unused);
	/* This process lives: it is /proc that is not there. */
	rc = rc == -ESRCH ? -ENOENT : rc;
	if (rc < 0)
		return mproci_fail(rc, "cannot read this process's start time from /proc: %s", strerror(-rc));
	return 0;
}

int mproci_member_enrol(void)
{
	mproci_id id = 0;
	int rc;

	rc = mproci_member_prepare();
	if (rc == 0)
		rc = check_proc();
	if (rc < 0)
		return rc;
	/*
	 * Under the lock until it is known whose slot it is: otherwise it would be lost with a child
	 * killed on the way.
	 */
	mproci_member_lock();
	rc = expect("", &id);
	if (rc == 0) {
		rc = mproci_member_become(id);
		if (rc < 0)
			bury(id, BY_PARENT);
	}
	mproci_member_unlock();
	return rc;
}

/*
 * Kill a member and wait for its end.  Returns false when it may still live: no descriptor was left to
 * follow it.
 */
static bool kill_member(mproci_member *member)
{
	int fd, rc;

	fd = mproci_child_open(atomic_load(&member->pid), atomic_load(&member->start_time));
	if (fd < 0)
		return fd == -ESRCH;
	rc = mproci_child_kill(fd);
	/* What may not be killed dies with its parent; but who cannot be seen dying is not buried. */
	rc = mproci_child_wait(fd, rc == 0 ? MPROC_FOREVER : MPROC_NOW);
	mproci_close(fd);
	return rc == 0;
}

static bool has_slot(mproci_id id, uint64_t word)
{
	return id_of(word, (uint32_t)id) == id && state_of(word) != MPROCI_MEMBER_FREE;
}

static void end(mproci_id id)
{
	mproci_member *member = mproci_member_slot(id);
	uint64_t word = atomic_load(&member->word);
	uint64_t dead = word_of(generation_of(word), parent_of(word), MPROCI_MEMBER_DEAD);

	if (!has_slot(id, word))
		return;
	/* A child that is still starting finds its slot dead and ends; unless it has just become a member. */
	if (state_of(word) == MPROCI_MEMBER_STARTING
		&& !atomic_compare_exchange_strong(&member->word, &word, dead) && !has_slot(id, word))
		return;
	if (state_of(word) == MPROCI_MEMBER_RUNNING && !kill_member(member))
		return;
	bury(id, BY_PARENT);
}

/* Children die with their parent, and nobody else waits for their end. */
static void end_children(uint32_t parent_index)
{
	uint32_t limit = atomic_load(&mproci_family_here->member_limit);

	for (uint32_t index = 0; index < limit; ++index) {
		uint64_t word = atomic_load(&mproci_family_here->members[index].word);

		if (parent_of(word) == 1 + parent_index && state_of(word) != MPROCI_MEMBER_FREE)
			end(id_of(word, index));
	}
}

/* With so few slots the limit stays: to raise it again costs more than to look at them. */
static const uint32_t LEAST_LIMIT = 64;

/* Locked: a family that was large once must not look at its empty slots for ever. */
static void lower_limit(void)
{
	mproci_family *family = mproci_family_here;
	uint32_t limit = atomic_load(&family->member_limit);

	while (limit > LEAST_LIMIT
		&& state_of(atomic_load(&family->members[limit - 1].word)) == MPROCI_MEMBER_FREE)
		atomic_store(&family->member_limit, --limit);
}

/* Locked. */
static void give_back(uint32_t index, uint64_t word)
{
	if (index < atomic_load(&mproci_family_here->member_hint))
		atomic_store(&mproci_family_here->member_hint, index);
	atomic_store(&mproci_family_here->members[index].word, word);
	lower_limit();
}

/* Locked, when all is done that a death has others do. */
static void end_burial(mproci_id id, uint64_t word, burial whose)
{
	mproci_member *member = mproci_member_slot(id);

	if (whose == BY_OTHERS && atomic_load(&member->is_kept))
		atomic_store(
			&member->word, word_of(generation_of(word), parent_of(word), MPROCI_MEMBER_KEPT));
	else
		give_back((uint32_t)id, word_of(generation_of(word), 0, MPROCI_MEMBER_FREE));
}

/* May be begun again from the start when its caller dies on the way: the slot is DEAD until all is done. */
static void bury(mproci_id id, burial whose)
{
	mproci_member *member = mproci_member_slot(id);
	uint64_t word = atomic_load(&member->word), dead;

	do {
		if (!has_slot(id, word))
			return;
		if (state_of(word) == MPROCI_MEMBER_KEPT) {
			end_burial(id, word, whose);
			return;
		}
		dead = word_of(generation_of(word), parent_of(word), MPROCI_MEMBER_DEAD);
	} while (!atomic_compare_exchange_weak(&member->word, &word, dead));
	if (atomic_load(&member->has_expected))
		end_children((uint32_t)id);
	mproci_watchers_bury(id);
	if (!is_complete(id)) {
		mproci_thread_bury_all(id);
		/* After the words are stepped: who watches one must arm it again. */
		mproci_watchers_tell_all();
	}
	end_burial(id, dead, whose);
}

void mproci_member_bury(mproci_id id)
{
	mproci_member_lock();
	bury(id, BY_PARENT);
	mproci_member_unlock();
}

void mproci_member_end(mproci_id id)
{
	mproci_member_lock();
	end(id);
	mproci_member_unlock();
}

void mproci_member_sweep(void)
{
	mproci_member_lock();
	sweep();
	mproci_member_unlock();
}

/*
 * Whether a sweep would find anybody, or just might.  Without the lock: who watches does so all the time,
 * and must not be holding it when he is stopped.
 */
static bool somebody_has_ended(void)
{
	uint32_t limit = atomic_load(&mproci_family_here->member_limit);

	for (uint32_t index = 0; index < limit; ++index) {
		mproci_member *member = &mproci_family_here->members[index];
		mproci_member_state state = state_of(atomic_load(&member->word));

		if (state == MPROCI_MEMBER_DEAD || (state == MPROCI_MEMBER_RUNNING && has_ended(member)))
			return true;
	}
	return false;
}

void mproci_member_look(void)
{
	/* Not behind somebody who was stopped in a burial: who waits has a deadline. */
	if (somebody_has_ended() && lock_until(MPROC_NOW)) {
		sweep();
		mproci_member_unlock();
	}
}

void mproci_member_watch(void)
{
	static const int64_t INTERVAL = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;
	_Atomic int64_t *next_watch = &mproci_family_here->next_watch;
	int64_t now = mproci_clock_now(), next = atomic_load(next_watch), start, cost;

	if (now < next || !atomic_compare_exchange_strong(next_watch, &next, now + INTERVAL))
		return;
	/*
	 * The thread's own time: who is stopped here for an hour must not put off the next look by a
	 * hundred.
	 */
	start = mproci_clock_of_thread();
	mproci_member_look();
	cost = mproci_clock_of_thread() - start;
	if (cost > INTERVAL / 100)
		atomic_store(next_watch, now + cost * 100);
}

enum {
	STAMP_BITS = 13,
};

_Static_assert(MPROCI_MEMBERS < 1 << STAMP_BITS, "a slot, and one that is none, fit into a stamp");

uint32_t mproci_member_stamp(mproci_id id)
{
	/* Written once: it lies beside the id, which all threads read all the time. */
	if (id != 0 && id == mproci_member_self()
		&& !atomic_load_explicit(&mproci_own_here->is_stamped, memory_order_relaxed))
		atomic_store_explicit(&mproci_own_here->is_stamped, true, memory_order_relaxed);
	return (uint32_t)(id >> 32) << STAMP_BITS | (1 + (uint32_t)id);
}

bool mproci_member_is_there(uint32_t stamp)
{
	uint32_t index = stamp % (1 << STAMP_BITS) - 1;
	uint64_t word;

	if (index >= MPROCI_MEMBERS)
		return false;
	word = atomic_load(&mproci_family_here->members[index].word);
	return generation_of(word) << STAMP_BITS == (stamp & ~((1U << STAMP_BITS) - 1))
	       && (state_of(word) == MPROCI_MEMBER_STARTING || state_of(word) == MPROCI_MEMBER_RUNNING);
}

bool mproci_member_lives(uint32_t stamp)
{
	/* The second look: the slot was not given to another in the meantime. */
	return mproci_member_is_there(stamp)
	       && !has_ended(&mproci_family_here->members[stamp % (1 << STAMP_BITS) - 1])
	       && mproci_member_is_there(stamp);
}
