/* SPDX-License-Identifier: MIT */
/*
 * mproc/event.h - a flag that can be waited for.
 *
 *     mproc_event_init(&shared->ready);
 *     ...
 *     rc = mproc_event_wait(&shared->ready, mproc_after(1.5));
 *     ...
 *     mproc_event_set(&shared->ready);
 *
 * An event is embedded by value in memory of the arena (mproc/arena.h), or in ordinary memory when only
 * threads of one process use it.  What a thread wrote before it set the event can be read after
 * mproc_event_wait, or after mproc_event_is_set said so.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.
 *   Threads  any thread of any member of the family.
 *   Fork     an event in the arena is the same one in the child.
 *   Crash    a member killed anywhere inside stops nobody; an event that was set is seen by all who wait,
 *            at once or, when whoever set it was killed inside, within 100 ms.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   the caller's; it must not be freed while somebody may be inside.
 */
#ifndef MPROC_EVENT_H
#define MPROC_EVENT_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef union mproc_event {
	uint64_t opaque[2];
} mproc_event;

/*
 * Make an event that is not set.
 *
 * @event  where it will live; not an event in use.
 *
 * Returns  0.
 * Fails    -EINVAL  @event is NULL
 * Cost     no system call.
 */
MPROC_API int mproc_event_init(mproc_event *event);

/*
 * Set the event: all who wait go on, and nobody waits until it is cleared.
 *
 * Returns  0, also when it was set already.
 * Fails    -EINVAL  @event is NULL or no event
 * Cost     no system call unless somebody waits.
 */
MPROC_API int mproc_event_set(mproc_event *event);

/*
 * Clear the event: who comes from now on waits for the next time it is set.  What whoever has set it before wrote can be read
 * after this: so clear, look for work, and only then wait.
 *
 * Returns  0, also when it was not set.
 * Fails    -EINVAL  @event is NULL or no event
 * Cost     one store and a fence.  Who waits when the event is set and at once cleared again may miss it, and waits on.
 */
MPROC_API int mproc_event_clear(mproc_event *event);

/*
 * Tell whether the event is set.
 *
 * Returns  1, or 0.
 * Fails    -EINVAL  @event is NULL or no event
 * Cost     one load.
 */
MPROC_API int mproc_event_is_set(mproc_event *event);

/*
 * Wait until the event is set.
 *
 * @deadline  when to give up.
 *
 * Returns  0.
 * Fails    -ETIMEDOUT  not set until the deadline
 *          -EINVAL     @event is NULL or no event
 * Cost     one load when it is set.
 */
MPROC_API int mproc_event_wait(mproc_event *event, mproc_deadline deadline);

/*
 * End an event that nobody uses; its memory may then be used for something else.
 *
 * @event  or NULL.
 *
 * Returns  0.
 * Fails    -EINVAL  it is no event, or destroyed already
 * Cost     no system call.
 */
MPROC_API int mproc_event_destroy(mproc_event *event);

MPROC_END_DECLS

#endif
