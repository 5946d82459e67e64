/* SPDX-License-Identifier: MIT */
#include "trace/timeline.h"

#include "arena/place.h"
#include "base/deadline.h"
#include "base/error.h"
#include "family/member.h"
#include "family/thread.h"
#include "sys/clock.h"
#include "sys/exec.h"
#include "sys/exit.h"
#include "sys/lock.h"
#include "sys/thread_id.h"
#include "trace/timeline_file.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/log.h>
#include <mproc/result.h>
#include <pthread.h>
#include <stdlib.h>

enum {
	SLOTS = 2048
};

static const int64_t LONGEST_REST = 1000 * MPROCI_NANOSECONDS_PER_MILLISECOND;
static const int64_t PATIENCE = 2000 * MPROCI_NANOSECONDS_PER_MILLISECOND;

/* A tape and the thread that it belongs to, 0 for none.  The tape stays for the next one. */
typedef struct slot {
	_Atomic mproci_id owner;
	/* Whether the tape is its owner's: before that there is anything on it. */
	_Atomic bool is_begun;
	void *_Atomic tape;
} slot;

struct mproci_timeline {
	/* Protects the file, and what dead threads have left. */
	mproci_lock lock;
	/* How often it was taken; and the turn that lasted longer than somebody's patience. */
	_Atomic uint64_t turns, stuck_turn;
	_Atomic bool has_warned;
	mproci_timeline_file file;
	slot slots[SLOTS];
};

_Atomic(mproci_timeline *) mproci_timeline_here;

static pthread_once_t open_once = PTHREAD_ONCE_INIT;

/* A fork copies this too: then it is not this thread's. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct {
	mproci_id thread;
	/* NULL: it got none. */
	mproci_tape *tape;
} own;

static void warn(mproci_timeline *timeline)
{
	if (!atomic_exchange(&timeline->has_warned, true))
		mproc_log(MPROC_LOG_WARNING, "time line: %s", mproc_error_text());
}

/*
 * Nobody writes while a writer is stopped.  That is supposed of one that keeps the lock for seconds, not of one among many who take
 * turns; and then whoever comes does not wait as well.
 */
static bool take_lock(mproci_timeline *timeline)
{
	uint64_t turn;
	int rc;

	do {
		bool is_stuck;

		turn = atomic_load(&timeline->turns);
		is_stuck = turn == atomic_load(&timeline->stuck_turn);
		rc = mproci_lock_take(&timeline->lock, is_stuck ? MPROC_NOW : mproci_clock_now() + PATIENCE);
	} while (rc < 0 && turn != atomic_load(&timeline->turns));
	if (rc < 0)
		atomic_store(&timeline->stuck_turn, turn);
	else
		atomic_fetch_add(&timeline->turns, 1);
	return rc >= 0;
}

static mproci_timeline *make(const char *path)
{
	mproci_timeline *timeline = mproc_calloc(1, sizeof *timeline);
	int rc;

	if (timeline == NULL)
		return NULL;
	atomic_store(&timeline->turns, 1);
	rc = mproci_lock_init(&timeline->lock, MPROCI_LOCK_OF_RUNS);
	if (rc == 0)
		rc = mproci_timeline_file_begin(&timeline->file, path);
	if (rc == 0)
		return timeline;
	mproc_free(timeline);
	return NULL;
}

/* Of this process's threads one may be in the middle of an event: what they have is lost. */
static void write_at_exit(int code)
{
	(void)code;
	mproci_timeline_flush();
	mproci_timeline_collect();
}

static void open_if_asked(void)
{
	const char *path = mproci_exec_is_privileged() ? NULL : getenv("MPROC_TRACE");
	mproci_timeline *timeline;

	if (path == NULL || path[0] == '\0')
		return;
	timeline = make(path);
	if (timeline == NULL)
		mproc_log(MPROC_LOG_WARNING, "MPROC_TRACE: %s", mproc_error_text());
	else if (mproci_exit_hook(write_at_exit) == 0)
		mproci_timeline_enter(timeline);
}

mproci_timeline *mproci_timeline_open(void)
{
	if (mproci_family_join() == 0 && !mproci_timeline_is_on())
		pthread_once(&open_once, open_if_asked);
	return atomic_load(&mproci_timeline_here);
}

void mproci_timeline_enter(mproci_timeline *timeline)
{
	atomic_store(&mproci_timeline_here, timeline);
}

static slot *take_slot(mproci_timeline *timeline, mproci_id thread)
{
	for (size_t i = 0; i < SLOTS; ++i) {
		mproci_id nobody = 0;

		if (atomic_compare_exchange_strong(&timeline->slots[i].owner, &nobody, thread))
			return &timeline->slots[i];
	}
	return NULL;
}

static const char *own_name(void)
{
	const char *name = mproci_member_slot(mproci_member_self())->name;

	return name[0] == '\0' ? "MainProcess" : name;
}

/* Returns 0, or a negative errno with an error text. */
static int take_slot_with_tape(mproci_timeline *timeline, mproci_id thread, slot **ret_slot)
{
	slot *taken = take_slot(timeline, thread);
	int rc = 0;

	if (taken == NULL) {
		mproci_timeline_collect();
		taken = take_slot(timeline, thread);
	}
	if (taken == NULL)
		return mproci_fail(-EAGAIN, "%d threads are recording: more are not possible", SLOTS);
	if (atomic_load(&taken->tape) == NULL)
		rc = mproci_place_fill(&taken->tape, MPROCI_TAPE_SIZE);
	if (rc < 0)
		atomic_store(&taken->owner, 0);
	*ret_slot = taken;
	return rc;
}

static mproci_tape *begin_tape(slot *taken)
{
	mproci_tape *tape = atomic_load(&taken->tape);

	mproci_tape_begin(tape, mproci_process_id(), mproci_thread_id(), own_name());
	tape->written_at = mproci_clock_now();
	atomic_store(&taken->is_begun, true);
	return tape;
}

/* The first event of a thread: get it a tape, or note that it has none. */
static mproci_tape *take_tape(mproci_timeline *timeline)
{
	slot *taken = NULL;

	own.tape = NULL;
	own.thread = mproci_thread_self();
	if (own.thread == 0)
		return NULL;
	if (take_slot_with_tape(timeline, own.thread, &taken) == 0)
		own.tape = begin_tape(taken);
	else
		warn(timeline);
	return own.tape;
}

/* NULL: there is none to record on. */
static mproci_tape *own_tape(mproci_timeline *timeline)
{
	if (own.thread != 0 && mproci_thread_is_own(own.thread))
		return own.tape;
	return take_tape(timeline);
}

static void write_tape(mproci_timeline *timeline, mproci_tape *tape)
{
	if (mproci_timeline_file_write(&timeline->file, tape) < 0)
		warn(timeline);
}

/* By its owner. */
static void write_own(mproci_timeline *timeline, mproci_tape *tape)
{
	if (take_lock(timeline)) {
		write_tape(timeline, tape);
		mproci_lock_release(&timeline->lock);
	}
	tape->written_at = mproci_clock_now();
}

static void make_room(mproci_timeline *timeline, mproci_tape *tape)
{
	write_own(timeline, tape);
	if (mproci_tape_size(tape) > 0)
		mproci_tape_clear(tape);
}

void mproci_timeline_name_thread(const char *name)
{
	mproci_timeline *timeline = atomic_load(&mproci_timeline_here);
	mproci_tape *tape = timeline == NULL ? NULL : own_tape(timeline);

	if (tape != NULL && !mproci_tape_name_thread(tape, name)) {
		make_room(timeline, tape);
		mproci_tape_name_thread(tape, name);
	}
}

void mproci_timeline_event(
	const char *name, int64_t start, int64_t end, uint64_t item, uint64_t count, const char *outcome)
{
	const mproci_tape_event event = {name, start, end, item, count, outcome};
	mproci_timeline *timeline = atomic_load_explicit(&mproci_timeline_here, memory_order_acquire);
	mproci_tape *tape = timeline == NULL ? NULL : own_tape(timeline);

	if (tape == NULL)
		return;
	if (!mproci_tape_add(tape, &event)) {
		make_room(timeline, tape);
		mproci_tape_add(tape, &event);
	}
	if (end - tape->written_at > LONGEST_REST)
		write_own(timeline, tape);
}

void mproci_timeline_death(int32_t pid, const char *name, int64_t start, uint64_t item, const char *outcome)
{
	const mproci_tape_event event = {name, start, mproci_clock_now(), item, 1, outcome};
	mproci_timeline *timeline = atomic_load(&mproci_timeline_here);
	mproci_tape *tape = timeline == NULL ? NULL : own_tape(timeline);

	if (tape != NULL && !mproci_tape_add_death(tape, pid, &event)) {
		make_room(timeline, tape);
		mproci_tape_add_death(tape, pid, &event);
	}
}

void mproci_timeline_flush(void)
{
	mproci_timeline *timeline = atomic_load(&mproci_timeline_here);

	if (timeline == NULL || own.tape == NULL || !mproci_thread_is_own(own.thread))
		return;
	mproci_tape_settle(own.tape);
	write_own(timeline, own.tape);
}

/* Locked.  Killed in the middle, it is as if it had not begun, or was done. */
static void collect(mproci_timeline *timeline, slot *left)
{
	mproci_id owner = atomic_load(&left->owner);

	if (owner == 0 || mproci_thread_is_alive(owner))
		return;
	if (atomic_load(&left->is_begun)) {
		mproci_tape *tape = atomic_load(&left->tape);

		mproci_tape_settle(tape);
		write_tape(timeline, tape);
		atomic_store(&left->is_begun, false);
	}
	atomic_store(&left->owner, 0);
}

void mproci_timeline_collect(void)
{
	mproci_timeline *timeline = atomic_load(&mproci_timeline_here);

	if (timeline == NULL || !take_lock(timeline))
		return;
	for (size_t i = 0; i < SLOTS; ++i)
		collect(timeline, &timeline->slots[i]);
	mproci_lock_release(&timeline->lock);
}
