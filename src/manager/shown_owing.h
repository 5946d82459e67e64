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

/* All of it is given back. */
void mproci_owing_end(mproci_shown *shown);

#endif
