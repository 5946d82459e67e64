/* SPDX-License-Identifier: MIT */
/*
 * The mutex: a change that belongs together, those who wait in line, and recursion.
 */
#include "crash.h"

#include <errno.h>
#include <mproc/mutex.h>
#include <string.h>

/* ---- mutex: two words that belong together ---- */

typedef struct words {
	mproc_mutex lock;
	/* What the victim is at, as far as it has told. */
	_Atomic int stage;
	_Atomic crash_stage end;
	_Atomic uint64_t first, second;
	/* Set when the holder, and who barged in, may let the lock go. */
	_Atomic uint32_t holder_may_go, barger_may_go;
} words;

enum {
	BEFORE,
	LOCKING,
	INSIDE,
	UNLOCKING,
	AFTER
};

static void make_words(void *shared)
{
	words *all = shared;

	mproc_mutex_init(&all->lock, NULL);
}

static void update_words(void *shared)
{
	words *all = shared;

	all->stage = LOCKING;
	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	all->stage = INSIDE;
	++all->first;
	++all->second;
	all->stage = UNLOCKING;
	mproc_mutex_unlock(&all->lock);
	all->stage = AFTER;
}

static void check_news(const words *all, int rc)
{
	crash_expect(rc == 0 || rc == MPROC_OWNER_DIED, "lock returned %d: %s", rc, mproc_error_text());
	if (all->stage == INSIDE)
		crash_expect(rc == MPROC_OWNER_DIED, "the holder's death went unnoticed");
	if (all->stage == BEFORE || all->stage == AFTER)
		crash_expect(rc == 0, "owner died, but nobody held it");
}

static void lock_words_again(words *all)
{
	for (int i = 0; i < 2; ++i) {
		crash_expect(
			mproc_mutex_lock(&all->lock, MPROC_NOW) == 0, "the mutex cannot be locked again");
		crash_expect(mproc_mutex_unlock(&all->lock) == 0, "the mutex cannot be unlocked");
	}
	crash_expect(mproc_mutex_destroy(&all->lock) == 0, "the mutex cannot be destroyed");
}

static void check_words(void *shared)
{
	words *all = shared;
	int rc = mproc_mutex_lock(&all->lock, MPROC_FOREVER);

	check_news(all, rc);
	if (rc == MPROC_OWNER_DIED)
		all->second = all->first;
	crash_expect(
		all->first == all->second, "half an update: %d and %d", (int)all->first, (int)all->second);
	mproc_mutex_unlock(&all->lock);
	lock_words_again(all);
}

static void check_words_without_repair(void *shared)
{
	words *all = shared;

	check_news(all, mproc_mutex_lock(&all->lock, MPROC_FOREVER));
	crash_expect(
		all->first == all->second, "half an update: %d and %d", (int)all->first, (int)all->second);
	mproc_mutex_unlock(&all->lock);
}

/* ---- mutex: others wait for it ---- */

static void wait_in_line(void *shared)
{
	words *all = shared;
	int rc = mproc_mutex_lock(&all->lock, MPROC_FOREVER);

	crash_expect(rc >= 0, "lock returned %d", rc);
	mproc_mutex_unlock(&all->lock);
}

static void hold(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	crash_await(&all->holder_may_go, 1);
	mproc_mutex_unlock(&all->lock);
}

/* Take the mutex in the moment in which it is free, and keep it until the victim is dead. */
static void barge_in(void *shared)
{
	words *all = shared;
	int rc = mproc_mutex_lock(&all->lock, MPROC_NOW);

	crash_expect(rc >= 0 || rc == -EAGAIN, "lock returned %d", rc);
	if (rc < 0)
		return;
	crash_await(&all->barger_may_go, 1);
	mproc_mutex_unlock(&all->lock);
}

static void lock_words(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
}

static void form_a_line(void *shared)
{
	(void)shared;
	crash_start("the first in line", wait_in_line);
	crash_start("the second in line", wait_in_line);
}

static void unlock_words(void *shared)
{
	words *all = shared;

	mproc_mutex_unlock(&all->lock);
}

/* Not by locking: that would help those in line. */
static void let_the_line_go_on(void *shared)
{
	words *all = shared;

	crash_add(&all->holder_may_go);
	crash_add(&all->barger_may_go);
}

static void lock_now(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_NOW);
}

/* The millisecond that this waits is a real one. */
static void go_by_the_clock(void *shared)
{
	(void)shared;
	crash_put_clock_right();
}

static void make_held_words(void *shared)
{
	make_words(shared);
	crash_start("the holder", hold);
}

static void queue_up(void *shared)
{
	words *all = shared;

	crash_start("the next in line", wait_in_line);
	crash_add(&all->holder_may_go);
}

static void lock_and_unlock(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	mproc_mutex_unlock(&all->lock);
}

static void lock_until_deadline(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, crash_soon(10));
}

static void check_held_words(void *shared)
{
	words *all = shared;

	crash_expect(
		mproc_mutex_lock(&all->lock, MPROC_NOW) == -EAGAIN, "a mutex that is held was given away");
	crash_add(&all->holder_may_go);
	crash_expect(mproc_mutex_lock(&all->lock, MPROC_FOREVER) == 0,
		"what the holder unlocked cannot be locked");
	mproc_mutex_unlock(&all->lock);
	lock_words_again(all);
}

/* ---- mutex: recursive ---- */

static void make_recursive_words(void *shared)
{
	words *all = shared;

	mproc_mutex_init(&all->lock, &(mproc_mutex_options){.recursive = true});
}

static void update_words_twice_locked(void *shared)
{
	words *all = shared;

	all->stage = LOCKING;
	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	all->stage = INSIDE;
	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	++all->first;
	mproc_mutex_unlock(&all->lock);
	++all->second;
	all->stage = UNLOCKING;
	mproc_mutex_unlock(&all->lock);
	all->stage = AFTER;
}

/* Locked as often as the dead had, it would not be free after one unlock. */
static void check_recursive_words(void *shared)
{
	words *all = shared;
	int rc = mproc_mutex_lock(&all->lock, MPROC_FOREVER);

	check_news(all, rc);
	if (rc == MPROC_OWNER_DIED)
		all->second = all->first;
	crash_expect(
		all->first == all->second, "half an update: %d and %d", (int)all->first, (int)all->second);
	crash_expect(mproc_mutex_unlock(&all->lock) == 0, "the mutex cannot be unlocked");
	crash_expect(mproc_mutex_unlock(&all->lock) == -EPERM, "the mutex stays locked");
	lock_words_again(all);
}

/* End with the mutex, locked twice. */
static void die_holding(void *shared)
{
	words *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	++all->first;
}

static void add_dead_holder(void *shared)
{
	make_recursive_words(shared);
	crash_start("the dead", die_holding);
}

/* Somebody looks whether it is the holder, and is not: the next to lock must be told of the death all the same. */
static void check_dead_holder(void *shared)
{
	words *all = shared;

	crash_expect(mproc_mutex_lock(&all->lock, MPROC_FOREVER) == MPROC_OWNER_DIED,
		"the holder's death went unnoticed");
	crash_expect(mproc_mutex_unlock(&all->lock) == 0, "the mutex cannot be unlocked");
	crash_expect(mproc_mutex_unlock(&all->lock) == -EPERM, "the mutex stays locked");
	lock_words_again(all);
}

/* ---- mutex: its end ---- */

static void destroy_words(void *shared)
{
	words *all = shared;

	all->end = CRASH_INSIDE;
	mproc_mutex_destroy(&all->lock);
	all->end = CRASH_AFTER;
}

/* It works, or is to be destroyed once more, or is gone. */
static void check_destroyed_words(void *shared)
{
	words *all = shared;
	int rc = mproc_mutex_lock(&all->lock, MPROC_NOW), again;

	crash_expect(rc >= 0 || (rc == -EINVAL && strstr(mproc_error_text(), "destroyed") != NULL),
		"lock returned %d: %s", rc, mproc_error_text());
	crash_expect(rc != MPROC_OWNER_DIED || all->end == CRASH_INSIDE, "owner died, but nobody held it");
	crash_expect_outcome(all->end, rc == -EINVAL);
	if (rc >= 0)
		crash_expect(mproc_mutex_unlock(&all->lock) == 0, "the mutex cannot be unlocked");
	again = mproc_mutex_destroy(&all->lock);
	crash_expect(again == (all->end == CRASH_AFTER ? -EINVAL : 0)
			     || (again == -EINVAL && all->end == CRASH_INSIDE && rc == -EINVAL),
		"destroy returned %d: %s", again, mproc_error_text());
	make_words(shared);
	lock_words_again(all);
}

const crash_operation crash_mutex_operations[] = {
	{
		.name = "mutex: update two words",
		.size = sizeof(words),
		.set_up = make_words,
		.operate = update_words,
		.survive = check_words,
	},
	{
		.name = "mutex: wait until a deadline",
		.size = sizeof(words),
		.set_up = make_held_words,
		.operate = lock_until_deadline,
		.survive = check_held_words,
		.is_slow = true,
	},
	{
		.name = "mutex: lock now what is held",
		.size = sizeof(words),
		.set_up = make_held_words,
		.prepare = go_by_the_clock,
		.operate = lock_now,
		.survive = check_held_words,
		.is_slow = true,
	},
	{
		.name = "mutex: lock and unlock twice",
		.size = sizeof(words),
		.set_up = make_recursive_words,
		.operate = update_words_twice_locked,
		.survive = check_recursive_words,
	},
	{
		.name = "mutex: unlock what a dead one holds",
		.size = sizeof(words),
		.set_up = add_dead_holder,
		.operate = unlock_words,
		.survive = check_dead_holder,
	},
	{
		.name = "mutex: destroy",
		.size = sizeof(words),
		.set_up = make_words,
		.operate = destroy_words,
		.survive = check_destroyed_words,
	},
	{
		.name = "mutex: unlock, two in line",
		.size = sizeof(words),
		.set_up = make_words,
		.prepare = lock_words,
		.surround = form_a_line,
		.operate = unlock_words,
		.survive = let_the_line_go_on,
	},
	{
		.name = "mutex: unlock, two in line, another barges in",
		.size = sizeof(words),
		.set_up = make_words,
		.prepare = lock_words,
		.surround = form_a_line,
		.operate = unlock_words,
		.witness = barge_in,
		.survive = let_the_line_go_on,
		.is_rechecked = true,
	},
	{
		.name = "mutex: wait, another behind",
		.size = sizeof(words),
		.set_up = make_held_words,
		.operate = lock_and_unlock,
		.unblock = queue_up,
		.survive = let_the_line_go_on,
	},
	{
		.name = "mutex: wait, another behind, another barges in",
		.size = sizeof(words),
		.set_up = make_held_words,
		.operate = lock_and_unlock,
		.unblock = queue_up,
		.witness = barge_in,
		.survive = let_the_line_go_on,
		.is_rechecked = true,
	},
	{
		.name = "mistake: half an update is not repaired",
		.size = sizeof(words),
		.set_up = make_words,
		.operate = update_words,
		.survive = check_words_without_repair,
		.is_mistake = true,
	},
	{0},
};
