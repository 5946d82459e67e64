/* SPDX-License-Identifier: MIT */
/*
 * collections/gathering.h - a snapshot that is being made.
 */
#ifndef COLLECTIONS_GATHERING_H
#define COLLECTIONS_GATHERING_H

#include "base/private.h"
#include "collections/words.h"

#include <mproc/snapshot.h>
#include <stddef.h>

/* All in this process's own memory; zeros at first. */
typedef struct mproci_gathering {
	/* What there is so far, with offsets into the bytes where there are to be addresses. */
	mproc_snapshot_entry *entries;
	size_t count, room;
	char *bytes;
	size_t used, size;
} mproci_gathering;

/*
 * Copy one more; @key may be NULL, for one without.  Returns 0, or -ENOMEM with an error text: then the gathering is to be dropped.
 */
int mproci_gathering_add(mproci_gathering *gathering, const _Atomic uint64_t *key, size_t key_size,
	const _Atomic uint64_t *value, size_t value_size);

/* The same with bytes of this process's own. */
MPROCI_PRIVATE int mproci_gathering_add_copy(
	mproci_gathering *gathering, const void *key, size_t key_size, const void *value, size_t value_size);

/* Make it a snapshot.  Returns 0; or -ENOMEM with an error text, and the gathering is dropped. */
MPROCI_PRIVATE int mproci_gathering_end(mproci_gathering *gathering, mproc_snapshot **ret_snapshot);

MPROCI_PRIVATE void mproci_gathering_drop(mproci_gathering *gathering);

#endif
