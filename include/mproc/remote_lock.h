/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_lock.h - a lock that a server keeps, between any programs that know its name: a lease.
 *
 *     mproc_remote_lock *lock;
 *     int rc = mproc_remote_lock_open(remote, "report", NULL, &lock);
 *     rc = mproc_remote_lock_acquire(lock, mproc_after(10));
 *     if (rc == 0) {
 *             text = make_report();
 *             rc = mproc_remote_value_set_fenced(remote, "report.text", text, strlen(text), mproc_remote_lock_token(lock), soon);
 *             rc = mproc_remote_lock_release(lock, soon);
 *     }
 *     lock = mproc_remote_lock_close(lock);
 *
 * What a lease can promise: the server gives the lock to one holder at a time, for as long as the lease lasts by the
 * server's clock, and gives it on when the lease ends.  So the lock of a holder that died, or cannot be reached, is
 * free again after its lease.  Who needs longer extends it in time, such as after each third of the lease.
 *
 * What no lease can promise: that only one acts at a time.  A holder that was stopped for longer than its lease, by
 * the kernel, a debugger or a slow network, goes on believing that it holds the lock, while another one has it.
 * mproc_remote_lock_remaining narrows that down to the time between looking and acting, and does not close it.  Only
 * who checks the token is safe: each acquisition has one that is larger than all before, and what the lock protects
 * refuses a token that is smaller than one it has seen, as mproc_remote_value_set_fenced and
 * mproc_remote_dict_set_fenced do.  A Redis server that loses its data, or a replica of it that takes over too early,
 * forgets who holds a lock.  So use the lock alone where two at once only cost time, and with the token where they
 * would do harm.
 *
 * A manager (mproc/manager.h) knows its clients: there the lock also goes, at once, when the connection of the holder
 * breaks or its process ends.
 *
 * In Redis the lock is the string NAME, with an expiry; {NAME}:fence counts the tokens and stays, {NAME}:wake wakes who waits.
 * So the lock's name is its own: not that of what it protects.  What another program holds by SET NAME … NX PX … is held here
 * too; a string without an expiry is no lock, and to acquire that fails with -EINVAL.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.
 *   Threads  one at a time for each handle; threads that are to exclude each other open one each.  A wait keeps the
 *            remote from its other threads for up to a second at a time: give threads that wait a remote of their own.
 *   Fork     a handle belongs to the process that opened it; in a child every call but close answers -ECHILD, and the
 *            child holds nothing.
 *   Crash    the lock of a process that is killed is free after its lease; in a manager at once.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Deadline as in mproc/remote.h: the call ends by it, whatever the server does.
 *   Errors   beside those named, what mproc/remote.h says of the connection and of the server's answers; -EINVAL also
 *            when @lock is NULL, or when the name is that of something that is no lock.
 */
#ifndef MPROC_REMOTE_LOCK_H
#define MPROC_REMOTE_LOCK_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_remote_lock mproc_remote_lock;

typedef struct mproc_remote_lock_options {
	/* Seconds for which the server keeps the lock for who acquired or extended it, 0.001 to 31536000; 0: 15. */
	double lease;
	uint64_t reserved[4];
} mproc_remote_lock_options;

/*
 * Open a lock; nobody is locked out yet.
 *
 * @remote   must stay open as long as the handle.
 * @name     the lock's, 1 to 65536 bytes.
 * @options  NULL for the defaults.
 *
 * Returns  0, and the handle in @ret_lock.
 * Fails    -EINVAL  an argument is NULL; @name is empty or too long; .lease is out of its range; a reserved word is not 0
 *          -ENOMEM  no memory
 * Cost     no request.
 */
MPROC_API int mproc_remote_lock_open(mproc_remote *remote, const char *name,
	const mproc_remote_lock_options *options, mproc_remote_lock **ret_lock);

/*
 * Acquire the lock; wait while somebody else holds it.
 *
 * @deadline  when to give up.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  held by somebody else at the deadline, or no answer from the server until then
 *          -EDEADLK    this handle holds it
 *          -ECHILD     the handle is another process's
 * Crash    killed before it returns: held by nobody after the lease.
 * Cost     a round trip.  Who waits is woken by a release, and looks when the holder's lease ends, and each second.
 *          Waiters have no order among them.
 */
MPROC_API int mproc_remote_lock_acquire(mproc_remote_lock *lock, mproc_deadline deadline);

/*
 * Release the lock.
 *
 * Returns  0.
 * Fails    -ESTALE  it was not this holder's any more: the lease had ended, in a manager the connection had broken, or
 *                   somebody has deleted it.  Also when an answer was lost, and the release, sent again, was not needed.
 *          -EPERM   this handle has not acquired it
 *          -ECHILD  the handle is another process's
 *          others   it may be released or not; released again it says which.  The lease ends it in any case.
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_lock_release(mproc_remote_lock *lock, mproc_deadline deadline);

/*
 * Begin the lease anew.
 *
 * Returns  0.
 * Fails    -ESTALE  it is not this holder's any more; the handle does not hold it from now on
 *          -EPERM   this handle has not acquired it
 *          -ECHILD  the handle is another process's
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_lock_extend(mproc_remote_lock *lock, mproc_deadline deadline);

/*
 * Tell the token of this acquisition: larger than those of all before.
 *
 * Returns  the token, more than 0, until the lock is released or known to be lost.
 * Fails    -EPERM   this handle has not acquired it
 *          -ECHILD  the handle is another process's
 * Cost     no request.
 */
MPROC_API int64_t mproc_remote_lock_token(const mproc_remote_lock *lock);

/*
 * Tell how long the lease lasts at least.  It is reckoned by this machine's monotonic clock from before the request was
 * sent, so the server does not end it earlier, as long as its clock runs at the same speed.
 *
 * Returns  seconds; 0 when it may have ended, or the lock is not held by this handle in this process.
 * Cost     no request: one reading of the clock.
 */
MPROC_API double mproc_remote_lock_remaining(const mproc_remote_lock *lock);

/*
 * Close the handle.
 *
 * @lock  or NULL.  If it holds the lock, that is released, waiting at most a second for the server; should that fail,
 *        the lease ends it.
 *
 * Returns  NULL.
 * Cost     a round trip if it holds the lock, otherwise no request.
 */
MPROC_API mproc_remote_lock *mproc_remote_lock_close(mproc_remote_lock *lock);

MPROC_END_DECLS

#endif
