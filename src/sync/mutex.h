/* SPDX-License-Identifier: MIT */
/*
 * sync/mutex.h - letting go of a mutex for a while: what a condition needs beside mproc/mutex.h.
 */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include <mproc/mutex.h>

/* Unlock, however often this thread has locked.  Returns 0 and how often beyond the first time; -EPERM, -EINVAL. */
int mproci_mutex_let_go(mproc_mutex *public, uint32_t *ret_depth);

/* Lock as it was before.  Returns what mproc_mutex_lock does. */
int mproci_mutex_take_back(mproc_mutex *public, uint32_t depth);

#endif
