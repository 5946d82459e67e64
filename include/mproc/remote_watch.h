/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_watch.h - a copy of a flag in a manager or a Redis server, which costs nothing to look at.
 *
 *     mproc_remote_watch *stop;
 *     int rc = mproc_remote_watch_open(remote, "stop", mproc_after(5), &stop);
 *     ...
 *     while (left > 0 && mproc_remote_watch_is_set(stop) != 1)
 *             left -= work_a_little();
 *     stop = mproc_remote_watch_close(stop);
 *
 * A watch is subscribed to the changes of a flag (mproc/remote_value.h) or event (mproc/remote_event.h): so it is told, and need not ask.  The
 * copy is up to date but for the way of the message, and a millisecond, in which no look is worth a system call.  Changes by
 * other commands than those of flags and events are not published, and not seen until the connection is opened anew.
 *
 * Looking waits for nothing and nobody.  When the connection breaks it says so, and later looks open another one, step by step: at most one attempt in
 * 100 ms, and ever more seldom while they fail, down to one in 5 s.  Then the value is read anew, so that no change is missed.  A server that stays away
 * for six attempts may have moved: from then on a host that the URL names by a name is looked up each time, and for the name server such a
 * look does wait.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  one at a time for each watch; beside those that use the remote.
 *   Fork     a watch belongs to the process that opened it; in a child every call but close answers -ECHILD.
 *   Crash    the server forgets the watch of who is killed.
 *   Signals  not async-signal-safe.
 *   Errors   beside those named, -EINVAL for what is NULL and for a name that is empty or too long; and what mproc/remote.h says of servers
 *            and connections.
 */
#ifndef MPROC_REMOTE_WATCH_H
#define MPROC_REMOTE_WATCH_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>

MPROC_BEGIN_DECLS

typedef struct mproc_remote_watch mproc_remote_watch;

/*
 * Watch a flag, over a connection of its own.
 *
 * @remote    the connection; to be closed later than the watch.
 * @name      of the flag, at most 64 KiB.
 * @deadline  when to give up.
 *
 * Returns  0, and the handle in @ret_watch: the flag's value is known.
 * Fails    -EMFILE, -ENFILE  no descriptor left
 *          -ENOMEM           no memory
 * Cost     opening a connection, and reading the flag.
 */
MPROC_API int mproc_remote_watch_open(
	mproc_remote *remote, const char *name, mproc_deadline deadline, mproc_remote_watch **ret_watch);

/*
 * Tell whether the flag is set, as far as is known here.
 *
 * Returns  1, or 0.
 * Fails    -ECONNRESET  the connection has broken, and no other one is there yet; the error text tells why
 * Cost     reading the clock, about 25 ns; once in a millisecond also a system call.
 */
MPROC_API int mproc_remote_watch_is_set(mproc_remote_watch *watch);

/*
 * End a watch.
 *
 * @watch  or NULL.
 *
 * Returns  NULL.
 * Cost     closing a connection.
 */
MPROC_API mproc_remote_watch *mproc_remote_watch_close(mproc_remote_watch *watch);

MPROC_END_DECLS

#endif
