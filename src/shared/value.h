/* SPDX-License-Identifier: MIT */
/*
 * shared/value.h - what the manager needs beside mproc/value.h.
 */
#ifndef SHARED_VALUE_H
#define SHARED_VALUE_H

#include "base/private.h"

#include <mproc/value.h>

/*
 * Unlock a value, which this thread has locked once and which is one, so that the next to lock it gets MPROC_OWNER_DIED: for who got that himself, and cannot
 * see to it.  Returns 0, or -EPERM.
 */
MPROCI_PRIVATE int mproci_value_unlock_as_dead(void *value);

#endif
