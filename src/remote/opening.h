/* SPDX-License-Identifier: MIT */
/*
 * remote/opening.h - opening a connection: to the server, in its database, as its user; and refusing a server that
 * promises too little.
 */
#ifndef REMOTE_OPENING_H
#define REMOTE_OPENING_H

#include "remote/handle.h"

/*
 * Try once.  Returns 0, or with an error text: what mproc_remote_connect documents; which of those go away by
 * themselves says mproci_opening_is_worth_another.
 */
int mproci_opening_try(const mproc_remote *remote, mproc_deadline deadline, mproci_line **ret_line);

/* Whether a later attempt may succeed where this one said @rc. */
bool mproci_opening_is_worth_another(int rc);

/*
 * Sleep before another attempt, longer each time.  @pause: 0 before the first.  Returns whether there is any time
 * left then.
 */
bool mproci_opening_pause(int64_t *pause, mproc_deadline deadline);

#endif
