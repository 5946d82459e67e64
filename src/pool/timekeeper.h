/* SPDX-License-Identifier: MIT */
/*
 * pool/timekeeper.h - which workers must not go on, for the nursery, which kills them.
 */
#ifndef POOL_TIMEKEEPER_H
#define POOL_TIMEKEEPER_H

#include "pool/crew.h"

/*
 * Mark every worker that has been too long at what it is at, or that is at something that was cancelled (pool/seat.h), and have
 * it killed by @kill.  Returns when to look again; MPROC_FOREVER: not before there is something new.
 */
mproc_deadline mproci_timekeeper_look(
	mproci_crew *crew, int64_t now, void (*kill)(uint32_t seat, void *argument), void *argument);

#endif
