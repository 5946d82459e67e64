/* SPDX-License-Identifier: MIT */
/*
 * remote/waking.h - waiting until somebody leaves an item in a list, which says that something has changed.
 *
 * An item wakes one, who may die or find that nothing is left for it; so nobody relies on one, and everybody looks again at least
 * each second.
 */
#ifndef REMOTE_WAKING_H
#define REMOTE_WAKING_H

#include "remote/remote.h"

/*
 * Wait for an item in @list, for a second, or until @until if that is earlier.  Returns 0: look again; -ETIMEDOUT without an error
 * text: @deadline has come; another negative errno with one.
 */
int mproci_waking_wait(mproc_remote *remote, const char *list, mproc_deadline until, mproc_deadline deadline);

#endif
