/* SPDX-License-Identifier: MIT */
/*
 * pool/teller.h - telling how far a call has come: to a person, to a function, or to nobody.
 */
#ifndef POOL_TELLER_H
#define POOL_TELLER_H

#include "trace/progress.h"

#include <mproc/map.h>

typedef struct mproci_teller {
	bool shows_bar;
	mproc_progress_function *function;
	void *argument;
	size_t total;
	int64_t began;
	/* When the function is to be called again. */
	mproc_deadline next;
	mproci_progress bar;
} mproci_teller;

/* @total 0: nobody knows. */
void mproci_teller_begin(mproci_teller *teller, bool shows_bar, mproc_progress_function *function,
	void *argument, size_t total);

/* When there may be something to tell; MPROC_FOREVER: never. */
mproc_deadline mproci_teller_due(const mproci_teller *teller);

/* Whether anybody is to be told. */
static inline bool mproci_teller_is_on(const mproci_teller *teller)
{
	return teller->shows_bar || teller->function != NULL;
}

/* Tell it if it is time to; at the end, in any case. */
void mproci_teller_tell(mproci_teller *teller, size_t done, size_t failed);
void mproci_teller_end(mproci_teller *teller, size_t done, size_t failed);

#endif
