/* SPDX-License-Identifier: MIT */
/*
 * manager/blocking.h - what commands do that wait for something to come.
 */
#ifndef MANAGER_BLOCKING_H
#define MANAGER_BLOCKING_H

#include "manager/command.h"

/*
 * Nothing is there: park until one of @names is touched, or answer nothing if the command is late or may not park.
 * Returns what the command returns.
 */
mproci_outcome mproci_blocking_wait(mproci_call *call, const mproci_view *names, size_t count, int64_t until);

/* Take from an end of what argument @index names, and write what it was. */
typedef void mproci_blocking_take(mproci_call *call, size_t index, mproci_binding *binding, bool is_last);

/*
 * BLPOP and its like: take from the first of the names in the arguments that means something, which has to be of @type, or wait until one does; how long, the last
 * argument says.  The answer has @parts elements, the first of which is the name.
 */
mproci_outcome mproci_blocking_pop(
	mproci_call *call, const mproci_type *type, size_t parts, mproci_blocking_take *take, bool is_last);

#endif
