/* SPDX-License-Identifier: MIT */
/*
 * sync/mutex.h - letting go of a mutex in other ways than mproc/mutex.h: for a while, as a condition does; and passing on that a holder died.
 */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include <mproc/mutex.h>

/* Unlock, however often this thread has locked.  Returns 0 and how often beyond the first time; -EPERM, -EINVAL. */
int mproci_mutex_let_go(mproc_mutex *public, uint32_t *ret_depth);

/* Lock as it was before.  Returns what mproc_mutex_lock does. */
int mproci_mutex_take_back(mproc_mutex *public, uint32_t depth);

/* Unlock, as if the holder had died: the next one is told.  Returns 0, or -EPERM: not held by this thread, which has locked it once. */
int mproci_mutex_unlock_as_dead(mproc_mutex *public);

#endif
