/* SPDX-License-Identifier: MIT */
/*
 * remote/gather.h - snapshots of what a server has.
 */
#ifndef REMOTE_GATHER_H
#define REMOTE_GATHER_H

#include "remote/remote.h"

#include <mproc/snapshot.h>

/* What the elements of a reply are to be. */
typedef enum mproci_gather_kind {
	/* By turns the key and the value of an entry. */
	MPROCI_GATHER_PAIRS,
	/* By turns the key of an entry, and its value as the text of a number, which becomes a double. */
	MPROCI_GATHER_SCORES,
	/* Each the key of an entry with an empty value. */
	MPROCI_GATHER_KEYS,
	/* Each the value of an entry without a key. */
	MPROCI_GATHER_VALUES,
} mproci_gather_kind;

/* Ask, and make a snapshot of what comes.  Returns 0, or a negative errno with an error text. */
int mproci_remote_gather(mproc_remote *remote, const mproci_request *request, mproci_gather_kind kind,
	mproc_deadline deadline, mproc_snapshot **ret_snapshot);

#endif
