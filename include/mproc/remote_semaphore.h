/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_semaphore.h - a number of permits that a server keeps, between any programs that know its name.
 *
 *     mproc_remote_semaphore *licences;
 *     int rc = mproc_remote_semaphore_open(
 *             remote, "licences", &(mproc_remote_semaphore_options){.permits = 4, .lease = 60}, &licences);
 *     rc = mproc_remote_semaphore_acquire(licences, mproc_after(10));
 *     if (rc == 0) {
 *             compute();
 *             rc = mproc_remote_semaphore_release(licences, mproc_after(10));
 *     }
 *     licences = mproc_remote_semaphore_close(licences);
 *
 * Each permit is a lease, with all that mproc/remote_lock.h says of leases: the permit of a holder that died, or cannot
 * be reached, is free again after its lease, in a manager at once when its connection breaks; and a holder that was
 * stopped for longer than its lease goes on believing that it has one.
 *
 * In Redis the permits that are taken are the sorted set NAME, holders by the ends of their leases.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.
 *   Threads  one at a time for each handle, which holds one permit at most; who wants more opens more.  A wait keeps the
 *            remote from its other threads for up to a second at a time: give threads that wait a remote of their own.
 *   Fork     a handle belongs to the process that opened it; in a child every call but close answers -ECHILD, and the
 *            child holds nothing.
 *   Crash    the permit of a process that is killed is free after its lease; in a manager at once.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Deadline as in mproc/remote.h: the call ends by it, whatever the server does.
 *   Errors   beside those named, what mproc/remote.h says of the connection and of the server's answers; -EINVAL also
 *            when @semaphore is NULL, or when the name is that of something that is no semaphore.
 */
#ifndef MPROC_REMOTE_SEMAPHORE_H
#define MPROC_REMOTE_SEMAPHORE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_remote_semaphore mproc_remote_semaphore;

typedef struct mproc_remote_semaphore_options {
	/* How many permits there are; 0: 1.  All who open the semaphore should say the same: each is told whether there is
	 * one left of as many as it says. */
	uint32_t permits;
	/* Seconds for which the server keeps a permit for who acquired or extended it, 0.001 to 31536000; 0: 15. */
	double lease;
	uint64_t reserved[4];
} mproc_remote_semaphore_options;

/*
 * Open a semaphore; no permit is taken yet.
 *
 * @remote   must stay open as long as the handle.
 * @name     the semaphore's, 1 to 65536 bytes.
 * @options  NULL for the defaults.
 *
 * Returns  0, and the handle in @ret_semaphore.
 * Fails    -EINVAL  an argument is NULL; @name is empty or too long; .lease is out of its range; a reserved word is not 0
 *          -ENOMEM  no memory
 * Cost     no request.
 */
MPROC_API int mproc_remote_semaphore_open(mproc_remote *remote, const char *name,
	const mproc_remote_semaphore_options *options, mproc_remote_semaphore **ret_semaphore);

/*
 * Take a permit; wait while there is none.
 *
 * @deadline  when to give up.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  none at the deadline, or no answer from the server until then
 *          -EDEADLK    this handle holds one
 *          -ECHILD     the handle is another process's
 * Crash    killed before it returns: the permit is free after the lease.
 * Cost     a round trip.  Who waits is woken by a release, and looks when the next lease ends, and each second.  Waiters
 *          have no order among them.
 */
MPROC_API int mproc_remote_semaphore_acquire(mproc_remote_semaphore *semaphore, mproc_deadline deadline);

/*
 * Give the permit back.
 *
 * Returns  0.
 * Fails    -ESTALE  it was not this holder's any more: the lease had ended, in a manager the connection had broken, or
 *                   somebody has deleted it.  Also when an answer was lost, and the release, sent again, was not needed.
 *          -EPERM   this handle has none
 *          -ECHILD  the handle is another process's
 *          others   it may be given back or not; released again it says which.  The lease ends it in any case.
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_semaphore_release(mproc_remote_semaphore *semaphore, mproc_deadline deadline);

/*
 * Begin the lease of the permit anew.
 *
 * Returns  0.
 * Fails    -ESTALE  it is not this holder's any more; the handle has none from now on
 *          -EPERM   this handle has none
 *          -ECHILD  the handle is another process's
 * Cost     a round trip.
 */
MPROC_API int mproc_remote_semaphore_extend(mproc_remote_semaphore *semaphore, mproc_deadline deadline);

/*
 * Tell how long the lease of the permit lasts at least: as mproc_remote_lock_remaining.
 *
 * Returns  seconds; 0 when it may have ended, or no permit is held by this handle in this process.
 * Cost     no request: one reading of the clock.
 */
MPROC_API double mproc_remote_semaphore_remaining(const mproc_remote_semaphore *semaphore);

/*
 * Close the handle.
 *
 * @semaphore  or NULL.  If it holds a permit, that is given back, waiting at most a second for the server; should that
 *             fail, the lease ends it.
 *
 * Returns  NULL.
 * Cost     a round trip if it holds a permit, otherwise no request.
 */
MPROC_API mproc_remote_semaphore *mproc_remote_semaphore_close(mproc_remote_semaphore *semaphore);

MPROC_END_DECLS

#endif
