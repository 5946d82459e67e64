/* SPDX-License-Identifier: MIT */
/*
 * family/bell.h - the table of watchers: who in the family is to be told of what by ringing a bell
 * (sys/bell.h).
 *
 * Who watches:                                      Who makes it true:
 *     rc = mproci_watcher_add(&bell, about, &w);        make_it_true();
 *     for (;;) {                                        mproci_watchers_tell(about);
 *             mproci_bell_silence(&bell);
 *             mproci_watcher_rearm(w);
 *             if (it_is_true())
 *                     break;
 *             mproci_poll_one(the bell, deadline);
 *     }
 *     mproci_watcher_remove(w);
 *
 * README.md beside this file has the argument that nobody is left untold.
 */
#ifndef FAMILY_BELL_H
#define FAMILY_BELL_H

#include "base/private.h"
#include "family/family.h"
#include "sys/bell.h"

/*
 * Have @bell rung when somebody tells of @about, an address.  For a member.  Returns 0 and the watcher;
 * -EAGAIN (full) or -ENOMEM with an error text.
 */
MPROCI_PRIVATE int mproci_watcher_add(const mproci_bell *bell, const void *about, uint32_t *ret_watcher);

MPROCI_PRIVATE void mproci_watcher_remove(uint32_t watcher);

/* With the bell silenced: be told again.  Look after this at what is waited for. */
MPROCI_PRIVATE void mproci_watcher_rearm(uint32_t watcher);

/* Whether the bell was rung for this watcher since that. */
bool mproci_watcher_is_told(uint32_t watcher);

/* Whether it still watches @about: not once that was forgotten. */
bool mproci_watcher_is_about(uint32_t watcher, const void *about);

/* Ring its bell, as who tells does. */
void mproci_watcher_ring(uint32_t watcher);

/*
 * Ring each bell of those who watch @about and are not told yet.  Returns 0, also when one of them cannot be
 * reached any more; -EMFILE, -ENFILE, -ENOMEM with an error text: this process has no descriptor to do it
 * with.
 *
 * Cost: a full fence, a look at the table, of which 8 watchers share a cache line, and some system calls for
 * each bell that is rung.
 */
int mproci_watchers_tell(const void *about);

/* @about ends: nobody watches it any more, and their bells stay as they are. */
void mproci_watchers_forget(const void *about);

/* Whether anybody watches anything.  Cost: two loads. */
static inline bool mproci_watchers_are_there(void)
{
	return mproci_family_here != NULL
	       && (uint32_t)atomic_load_explicit(&mproci_family_here->watcher_limit, memory_order_relaxed)
			  != 0;
}

/*
 * With the lock of burials held, after a death: tell everybody, for nobody knows whom the dead was about to
 * tell.
 */
void mproci_watchers_tell_all(void);

/* With the lock of burials held, after @member has ended: its slots are free. */
void mproci_watchers_bury(mproci_id member);

#endif
