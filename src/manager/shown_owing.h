/* SPDX-License-Identifier: MIT */
/*
 * manager/shown_owing.h - what clients owe of the acknowledged queues that are shown: messages that they got, and are not done with.
 */
#ifndef MANAGER_SHOWN_OWING_H
#define MANAGER_SHOWN_OWING_H

#include "manager/session.h"
#include "manager/shown.h"

/* A message that this process owes the queue is that client's, until it is gone.  Returns 0 or -ENOMEM. */
int mproci_owing_add(mproci_shown *shown, mproci_session *session, void *block, size_t size);

/* All that a client owes is done. */
void mproci_owing_acknowledge(mproci_shown *shown, mproci_session *session);

/* Of the messages like this up to @most are done, 0: all.  Returns how many were. */
size_t mproci_owing_acknowledge_some(
	mproci_shown *shown, mproci_session *session, mproci_view message, size_t most);

/*
 * All of it is given back.  When somebody stands still inside of the queue, it stays owed by this process, and is delivered again when that ends.
 */
void mproci_owing_end(mproci_shown *shown);

/*
 * What those who are gone owed, and could not be given back, for somebody stands still inside of the queue: whether there is some; and to try again.
 */
bool mproci_owing_is_late(void);
void mproci_owing_give_back_late(void);

#endif
