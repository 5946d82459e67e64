/* SPDX-License-Identifier: MIT */
/*
 * mproc/condition.h - wait, with a mutex, until others have changed something.
 *
 *     mproc_mutex_lock(&shared->lock, MPROC_FOREVER);
 *     while (shared->count == 0 && rc >= 0)
 *             rc = mproc_condition_wait(&shared->changed, &shared->lock, deadline);
 *     ...
 *     mproc_mutex_unlock(&shared->lock);
 *
 * and whoever changes it:
 *
 *     ++shared->count;
 *     mproc_condition_notify(&shared->changed);
 *
 * A condition is embedded by value beside its mutex (mproc/mutex.h), in memory of the arena, or in ordinary
 * memory when only threads of one process use it.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.
 *   Threads  any thread of any member of the family.
 *   Fork     a condition in the arena is the same one in the child.
 *   Crash    a member killed anywhere inside stops nobody.  When it is killed between its change and its
 *            notification, those who wait look again at once or within 100 ms.
 *   Signals  a caught signal ends a wait as a notification does: it returns 0, so look again.  Not async-signal-safe.
 *   Memory   the caller's; it must not be freed while somebody may be inside.
 */
#ifndef MPROC_CONDITION_H
#define MPROC_CONDITION_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/mutex.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef union mproc_condition {
	uint64_t opaque[2];
} mproc_condition;

/*
 * Make a condition.
 *
 * @condition  where it will live; not a condition in use.
 *
 * Returns  0.
 * Fails    -EINVAL  @condition is NULL
 * Cost     no system call.
 */
MPROC_API int mproc_condition_init(mproc_condition *condition);

/*
 * Unlock @mutex, wait for a notification, lock @mutex again.  A recursive mutex is unlocked however often
 * this thread has locked it, and locked as often again.
 *
 * @mutex     held by this thread, also when this returns, whatever it returns but -EINVAL and -EPERM.
 * @deadline  when to give up.  Locking @mutex again may take longer.
 *
 * Returns  0: look whether what you wait for is true; it need not be, and need not have changed.
 *          MPROC_OWNER_DIED: the same, and the last holder of @mutex died holding it.
 * Fails    -ETIMEDOUT  no notification until the deadline
 *          -EPERM      this thread does not hold @mutex; nothing was done
 *          -EINVAL     @condition or @mutex is NULL or none; nothing was done
 * Cost     a system call each for sleeping and being woken; one more every 100 ms, when it returns 0.
 */
MPROC_API int mproc_condition_wait(mproc_condition *condition, mproc_mutex *mutex, mproc_deadline deadline);

/*
 * Wake one of those who wait: for when one is enough, and any will do.  Best called with the mutex held.
 *
 * Returns  0, also when nobody waits.
 * Fails    -EINVAL  @condition is NULL or no condition
 * Cost     no system call unless somebody waits.
 */
MPROC_API int mproc_condition_notify(mproc_condition *condition);

/*
 * Wake all who wait.
 *
 * Returns, Fails, Cost  as mproc_condition_notify.
 */
MPROC_API int mproc_condition_notify_all(mproc_condition *condition);

/*
 * End a condition that nobody uses; its memory may then be used for something else.
 *
 * @condition  or NULL.
 *
 * Returns  0.
 * Fails    -EINVAL  it is no condition, or destroyed already
 * Cost     no system call.
 */
MPROC_API int mproc_condition_destroy(mproc_condition *condition);

MPROC_END_DECLS

#endif
