/* SPDX-License-Identifier: MIT */
/*
 * manager/shown.h - objects of the family in the manager's keyspace: one file for each kind of them carries out the commands that it knows.
 *
 * The manager never sleeps on a lock of theirs, whose holder may be stopped: a command tries for some microseconds, and is parked and tried again each millisecond.
 */
#ifndef MANAGER_SHOWN_H
#define MANAGER_SHOWN_H

#include "manager/command.h"
#include "manager/item.h"

typedef enum mproci_shown_kind {
	MPROCI_SHOWN_VALUE,
	MPROCI_SHOWN_NUMBER,
	MPROCI_SHOWN_FLAG,
	MPROCI_SHOWN_EVENT,
	MPROCI_SHOWN_ARRAY,
	MPROCI_SHOWN_DICT,
	MPROCI_SHOWN_LIST,
	MPROCI_SHOWN_QUEUE,
	MPROCI_SHOWN_KINDS,
} mproci_shown_kind;

/* What the family says of an object. */
typedef struct mproci_showing {
	uint32_t kind, as;
	void *object;
	/* Bytes of a value or of an item of an array; and how many items. */
	size_t size, count;
} mproci_showing;

typedef struct mproci_shown_flag mproci_shown_flag;
typedef struct mproci_outlook mproci_outlook;

/* An object in the keyspace. */
typedef struct mproci_shown {
	mproci_showing what;
	/* Somebody has been inside for long: it is not tried again before that, by the keyspace's clock. */
	int64_t busy_until;
	/* Of a flag or an event: who listens is told. */
	mproci_shown_flag *flag;
	/* Of a queue: what clients owe, and who waits for messages. */
	struct mproci_hash_table *owed;
	mproci_outlook *outlook;
} mproci_shown;

/* Bind a name.  Returns 0; without an error text -EEXIST: it is bound; -EINVAL: that is no object; -ENOMEM. */
int mproci_shown_bind(mproci_keyspace *keyspace, mproci_view name, const mproci_showing *what);

/* Take it out again. */
void mproci_shown_unbind(mproci_keyspace *keyspace, mproci_view name);

/* What follows is for the kinds. */

typedef mproci_outcome mproci_shown_function(mproci_call *call, mproci_shown *shown);

typedef struct mproci_shown_command {
	/* In capitals; NULL behind the last. */
	const char *name;
	mproci_shown_function *function;
	/* How many arguments it takes, with the name. */
	size_t least, most;
	/* It waits for as long as its client wants, also for who is inside (mproci_shown_is_busy); or for nobody. */
	bool is_patient;
} mproci_shown_command;

/* Those that values, numbers, flags and events share; and those of the others. */
extern const mproci_shown_command mproci_shown_string_commands[], mproci_shown_array_commands[],
	mproci_shown_dict_commands[], mproci_shown_list_commands[], mproci_shown_queue_commands[];

/* The key of a command. */
mproci_view mproci_shown_name(const mproci_call *call);

/* A client has changed it. */
void mproci_shown_touch(mproci_call *call);

/*
 * The answer to what an object has returned, a negative errno: when somebody is inside the command is parked, or when it has been for too long, or some of what it asks for
 * is @done already, the client is told to try again.
 */
mproci_outcome mproci_shown_answer(mproci_call *call, mproci_shown *shown, int rc, size_t done);

/* Whether somebody has been inside for long, so that it is not worth to try; and that he is. */
bool mproci_shown_is_busy(const mproci_call *call, const mproci_shown *shown);
void mproci_shown_note_busy(const mproci_call *call, mproci_shown *shown);

/* Have a command called again each millisecond.  Returns 0, or a negative errno: it has been for too long, or must not wait. */
int mproci_shown_park(mproci_call *call);

/*
 * Have a command that waits for more than a lock be called again, as mproci_session_park says.  At @until, or where it must not wait, the answer is nothing, as that of
 * BLPOP.
 */
mproci_outcome mproci_shown_wait_until(
	mproci_call *call, const mproci_view *names, size_t count, int64_t until);

/* Between the two, locks are waited for a millisecond altogether: for a command that has done its first part. */
void mproci_shown_begin_rest(void);
void mproci_shown_end_rest(void);

/* That many bytes that nobody else uses until the next call; NULL: no memory. */
void *mproci_shown_scratch(size_t size);

/* The answer to bytes that are no such numbers. */
mproci_outcome mproci_shown_refuse_item(mproci_call *call, const mproci_shown *shown);

/*
 * Change the bytes of a value, a number, a flag or an event, at one moment.  @change returns a negative errno, 0: it has only looked, or 1: it has changed them; it may be
 * called again, with other bytes, until nobody interferes.  Returns the same, or a negative errno of the object's.
 */
typedef int mproci_shown_change(void *context, void *bytes);
int mproci_shown_update_value(mproci_shown *shown, mproci_shown_change *change, void *context);
int mproci_shown_update_number(mproci_shown *shown, mproci_shown_change *change, void *context);
int mproci_shown_update_event(mproci_shown *shown, mproci_shown_change *change, void *context);

/* A queue that is hidden: what is owed is given back, nobody waits any more. */
void mproci_shown_end_queue(mproci_shown *shown);

#endif
