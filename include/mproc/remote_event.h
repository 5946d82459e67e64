/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_event.h - a flag in a manager or a Redis server that can be waited for.
 *
 *     rc = mproc_remote_event_wait(remote, "ready", mproc_after(60));
 *     ...
 *     mproc_remote_event_set(remote, "ready", mproc_after(5));             in another program, on another machine
 *
 * An event is the same thing as the flag of that name (mproc/remote_value.h): a string "1", or nothing when it is not set.  Who changes it by
 * these calls also publishes "1" or "0" on the channel mproc:flag:NAME, where those who wait are listening.  Who changes it by other
 * commands is noticed after a second at most.
 *
 * Who looks at a flag often, and must not wait, watches it: mproc/remote_watch.h.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.
 *   Threads  any thread; those that use one remote at a time take turns, but while one waits the others go on.
 *   Fork     as mproc/remote.h: a child's first call opens a connection of its own.
 *   Crash    killed before it returns: the event is changed, or not; who waits learns it after a second at most.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Errors   beside those named, -EINVAL for what is NULL, for a name that is empty or too long, and when there is something under
 *            the name that is no flag; and what mproc/remote.h says of servers and connections.
 *   Cost     a message to the server and its answer.
 */
#ifndef MPROC_REMOTE_EVENT_H
#define MPROC_REMOTE_EVENT_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>

MPROC_BEGIN_DECLS

/*
 * Set an event: all who wait go on, and nobody waits until it is cleared.
 *
 * @remote    the connection.
 * @name      of the event, at most 64 KiB.
 * @deadline  when to give up.
 *
 * Returns  0, also when it was set already.
 */
MPROC_API int mproc_remote_event_set(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Clear an event: who comes from now on waits for the next time it is set.
 *
 * Returns  0, also when it was not set.
 */
MPROC_API int mproc_remote_event_clear(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Tell whether an event is set.
 *
 * Returns  1, or 0.
 */
MPROC_API int mproc_remote_event_is_set(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Wait until an event is set.
 *
 * @deadline  when to give up.  Until then a connection that breaks is opened again.
 *
 * Returns  0.  When it is set and at once cleared again, who waits goes on too, unless its connection broke meanwhile.
 * Fails    -ETIMEDOUT  not set until the deadline
 *          -EMFILE, -ENFILE  no descriptor left
 * Cost     when it is set, a message; otherwise it opens a connection of its own for as long as it waits, and asks once a second.
 */
MPROC_API int mproc_remote_event_wait(mproc_remote *remote, const char *name, mproc_deadline deadline);

MPROC_END_DECLS

#endif
