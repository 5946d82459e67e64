/* SPDX-License-Identifier: MIT */
/*
 * manager/glob.h - patterns of names: *, ?, [a-z], [^a-z], and \ before what means itself.
 */
#ifndef MANAGER_GLOB_H
#define MANAGER_GLOB_H

#include "manager/view.h"

/*
 * Whether a name is as the pattern says, by the rules of Redis.  The work is bounded by a multiple of both sizes
 * together: of patterns that would need more, which nobody writes to find anything, the answer is no.
 */
bool mproci_glob_matches(mproci_view pattern, mproci_view name);

#endif
