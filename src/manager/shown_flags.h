/* SPDX-License-Identifier: MIT */
/*
 * manager/shown_flags.h - telling clients of the family's flags and events: whoever has subscribed to "mproc:flag:" and the name of one hears of it when it changes.
 *
 * The family changes them without a word, so they are looked at while somebody listens: what changes back in between is not heard.
 */
#ifndef MANAGER_SHOWN_FLAGS_H
#define MANAGER_SHOWN_FLAGS_H

#include "manager/channels.h"
#include "manager/shown.h"

/* From when it is shown until it is hidden.  Returns 0 or -ENOMEM. */
int mproci_shown_flags_add(mproci_shown *shown, mproci_view name);
void mproci_shown_flags_remove(mproci_shown *shown);

bool mproci_shown_flags_are_there(void);

/* Look at all, and tell what has changed since the last time. */
void mproci_shown_flags_tell(mproci_channels *channels);

#endif
