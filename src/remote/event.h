/* SPDX-License-Identifier: MIT */
/*
 * remote/event.h - what events and watches have in common.
 */
#ifndef REMOTE_EVENT_H
#define REMOTE_EVENT_H

#include <hiredis/hiredis.h>

/* With the name of the flag behind it: the channel on which its changes are published. */
#define MPROCI_EVENT_CHANNEL "mproc:flag:"

/* Returns whether a value, or what was published, means that it is set: 1 or 0; -EBADMSG with an error text. */
int mproci_event_judge(const redisReply *reply);

#endif
