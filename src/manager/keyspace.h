/* SPDX-License-Identifier: MIT */
/*
 * manager/keyspace.h - names and what they mean: the manager's own values, of any type, in its own memory; and what
 * it shows.
 *
 * Who shows or makes a new type of thing brings a mproci_type; the keyspace knows nothing of what is inside.
 */
#ifndef MANAGER_KEYSPACE_H
#define MANAGER_KEYSPACE_H

#include "manager/outcome.h"
#include "manager/view.h"

#include <stdint.h>

typedef struct mproci_keyspace mproci_keyspace;

typedef struct mproci_type {
	/* As the command TYPE says it. */
	const char *name;
	void (*free)(void *value);
	/*
	 * Frees a part of a value that nobody has any more, and says whether that was the last of it; NULL: free does
	 * it at once, because it is never large.
	 */
	bool (*free_part)(void *value);
	/* It belongs to the family: not to be deleted, renamed, replaced or to expire by a client's will. */
	bool is_shown;
	/*
	 * Carries out any command whose first key this is, but for those of names; NULL: the commands of the subjects
	 * know it.
	 */
	mproci_command_function *carry_out;
} mproci_type;

typedef struct mproci_binding {
	const mproci_type *type;
	void *value;
	/* Milliseconds of the keyspace's clock; 0: never. */
	int64_t expires_at;
	/* Counted up whenever the value has changed: for WATCH. */
	uint64_t version;
} mproci_binding;

/*
 * Who wants to know when a key changes, comes to be, or goes: those of one key are told in the order in which they
 * came.
 */
typedef struct mproci_key_watcher {
	struct mproci_key_watcher *next, *previous;
	/* May unwatch itself and others; may not watch, nor change the keyspace. */
	void (*tell)(struct mproci_key_watcher *watcher);
	void *of_keyspace;
} mproci_key_watcher;

/* Returns NULL when there is no memory. */
mproci_keyspace *mproci_keyspace_create(void);
void mproci_keyspace_destroy(mproci_keyspace *keyspace);

/* The time by which keys expire, and that of CLOCK_REALTIME; both in milliseconds. */
void mproci_keyspace_set_time(mproci_keyspace *keyspace, int64_t now, int64_t wall);
int64_t mproci_keyspace_now(const mproci_keyspace *keyspace);
int64_t mproci_keyspace_wall(const mproci_keyspace *keyspace);
/*
 * A time of CLOCK_REALTIME as one of the keyspace's clock, and the other way round.  What is long past is the first
 * time that there is.
 */
int64_t mproci_keyspace_from_wall(const mproci_keyspace *keyspace, int64_t wall);
int64_t mproci_keyspace_to_wall(const mproci_keyspace *keyspace, int64_t at);

/* What a name means; NULL: nothing, or it has just expired. */
mproci_binding *mproci_keyspace_find(mproci_keyspace *keyspace, mproci_view name);

/*
 * Give a name a value, in place of the one that it may have, which is freed, and its expiry with it.  Returns what it
 * is bound with; NULL: there is no memory, nothing has happened, and @value is still the caller's.  What was found
 * before stays where it is.
 */
mproci_binding *mproci_keyspace_bind(
	mproci_keyspace *keyspace, mproci_view name, const mproci_type *type, void *value);

/* Take a name out, free its value, and tell those who watch it. */
void mproci_keyspace_remove(mproci_keyspace *keyspace, mproci_view name);

/*
 * A value has changed: count its version up, and tell those who watch the name.  To be called after bind, and after
 * every change inside.
 */
void mproci_keyspace_touch(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding);

/* 0: never. */
void mproci_keyspace_expire(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding, int64_t at);

/*
 * Remove some of what has expired, and free some of what has been removed.  Returns when, by the keyspace's clock, to call it again at the latest; 0: no
 * need.
 */
int64_t mproci_keyspace_sweep(mproci_keyspace *keyspace);

size_t mproci_keyspace_count(const mproci_keyspace *keyspace);

/*
 * Call @visit for some names from @cursor on, about @count.  Returns the next cursor; 0: it is through.  A name that
 * is there all the time is visited at least once, however much changes in between.
 */
uint64_t mproci_keyspace_scan(mproci_keyspace *keyspace, uint64_t cursor, size_t count,
	void (*visit)(void *context, mproci_view name, mproci_binding *binding), void *context);

/* Remove all that is not shown. */
void mproci_keyspace_clear(mproci_keyspace *keyspace);

/* The name of what was found. */
mproci_view mproci_keyspace_name(const mproci_keyspace *keyspace, const mproci_binding *binding);

/*
 * Give what is bound to @name to @to instead, with its expiry, in place of what that has.  Returns 0 or -ENOMEM:
 * nothing has happened.
 */
int mproci_keyspace_rename(mproci_keyspace *keyspace, mproci_view name, mproci_view to);

/* Any name that means something; NULL: there is none. */
mproci_binding *mproci_keyspace_random(mproci_keyspace *keyspace);

/* Watch a name, also one that means nothing yet.  Returns 0 or -ENOMEM. */
int mproci_keyspace_watch(mproci_keyspace *keyspace, mproci_view name, mproci_key_watcher *watcher);
void mproci_keyspace_unwatch(mproci_key_watcher *watcher);

/* The version of a name, 0 when it means nothing: no two values of a name ever have the same. */
uint64_t mproci_keyspace_version(mproci_keyspace *keyspace, mproci_view name);

#endif
