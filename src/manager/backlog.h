/* SPDX-License-Identifier: MIT */
/*
 * manager/backlog.h - a queue of the client's (mproc/remote_queue.h) in a manager: letters that are ready,
 * owed by who got them, or dead.
 *
 * Letters are delivered in the order in which they were put.  One is owed until it is acknowledged; what its
 * lease or its client's end gives back is delivered before all others.  Ids are remembered for a while, so
 * that what is put twice is there once.
 */
#ifndef MANAGER_BACKLOG_H
#define MANAGER_BACKLOG_H

#include "manager/expiry.h"
#include "manager/session.h"

typedef struct mproci_backlog mproci_backlog;
typedef struct mproci_letter mproci_letter;

/* Letters in a row.  Every letter is in one such. */
typedef struct mproci_letters {
	mproci_letter *first, *last;
	size_t count;
} mproci_letters;

struct mproci_letter {
	mproci_letters *line;
	mproci_letter *next, *previous;
	/* In the heap as long as the letter is owed. */
	mproci_expiring lease;
	/* Of its last delivery; 0: it is not owed. */
	int64_t token;
	int64_t deliveries;
	mproci_view body;
};

/* Its value is a mproci_backlog. */
extern const mproci_type mproci_type_backlog;

/* Bind a name that means nothing.  Returns NULL when there is no memory. */
mproci_backlog *mproci_backlog_create(mproci_keyspace *keyspace, mproci_view name, mproci_view wake);

/*
 * Put a letter behind all others, if no more than @most are ready (0: any number), and remember its id for so
 * many milliseconds.  Returns 1; 0: the id was put before; -ENOBUFS: it is full, or -ENOMEM.
 */
int mproci_backlog_put(
	mproci_backlog *backlog, mproci_view id, mproci_view body, size_t most, int64_t window);

/* Whether somebody has been told a moment ago that it is full. */
bool mproci_backlog_wants_room(const mproci_backlog *backlog);

/* Take back what is owed beyond its lease, or some of it. */
void mproci_backlog_recover(mproci_backlog *backlog);

/*
 * Deliver the first letter that is ready; the one delivered next to the same session is the one behind it in
 * its line.  Those that have been delivered @attempts times (0: any number of times) die instead.  Returns 1;
 * 0: there is none, or so many have died that the rest has to wait; -ENOMEM.
 */
int mproci_backlog_deliver(mproci_backlog *backlog, mproci_session *session, int64_t lease, int64_t attempts,
	mproci_letter **ret_letter);

/* The letter that was delivered with that token, and is still owed; NULL: it is not. */
mproci_letter *mproci_backlog_find_owed(const mproci_backlog *backlog, mproci_view id, int64_t token);

/* Have it be owed by @session for so many milliseconds from now.  Returns 0 or -ENOMEM. */
int mproci_backlog_extend(
	mproci_backlog *backlog, mproci_letter *letter, mproci_session *session, int64_t lease);
void mproci_backlog_give_back(mproci_backlog *backlog, mproci_letter *letter);
/* For good: it was acknowledged, or is not wanted. */
void mproci_backlog_remove(mproci_backlog *backlog, mproci_letter *letter);

/* NULL: no dead letter has that id. */
mproci_letter *mproci_backlog_find_dead(const mproci_backlog *backlog, mproci_view id);
/* As if it had just been put. */
void mproci_backlog_revive(mproci_backlog *backlog, mproci_letter *letter);

mproci_view mproci_backlog_id(const mproci_backlog *backlog, const mproci_letter *letter);
const mproci_letters *mproci_backlog_ready(const mproci_backlog *backlog);
const mproci_letters *mproci_backlog_dead(const mproci_backlog *backlog);
size_t mproci_backlog_count_owed(const mproci_backlog *backlog);

/* It has changed: touch it, and have it expire if there is nothing in it. */
void mproci_backlog_settle(mproci_backlog *backlog);

#endif
