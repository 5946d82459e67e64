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

#endif
