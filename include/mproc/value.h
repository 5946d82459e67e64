/* SPDX-License-Identifier: MIT */
/*
 * mproc/value.h - a value, or an array, in shared memory with a lock beside it.
 *
 *     int *counter = mproc_value_create(sizeof *counter, NULL);
 *     ...
 *     mproc_value_lock(counter, MPROC_FOREVER);
 *     ++*counter;
 *     mproc_value_unlock(counter);
 *     ...
 *     mproc_value_destroy(counter);
 *
 * What is returned is a pointer to the value itself, valid in every member of the family; the lock lies in
 * front of it.  A raw value, without a lock, is mproc_alloc's memory (mproc/arena.h).
 *
 * Reading or adding to a value takes the lock, or an atomic:
 *
 *     _Atomic bool *is_found = mproc_calloc(1, sizeof *is_found);
 *     ...
 *     atomic_store_explicit(is_found, true, memory_order_relaxed);
 *     while (!atomic_load_explicit(is_found, memory_order_relaxed))
 *             search_on();
 *
 * A flag that is only ever set, and counters, need no lock: C11 atomics work in shared memory as between
 * threads, and a relaxed one costs what a plain access costs.  A plain `bool` would be a data race: the
 * compiler may read it once and loop for ever.  Use memory_order_release and memory_order_acquire, or the
 * defaults, where other data must be seen with the flag; use the lock where several accesses belong
 * together, as in `if (*n > 0) --*n`.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.  Functions returning a pointer return
 *            NULL and set errno, as malloc does.
 *   Threads  any thread of any member of the family.
 *   Fork     the pointer is valid in the child; the child holds no lock.
 *   Crash    a member killed while it holds the lock, or anywhere inside, stops nobody: the next to lock
 *            gets MPROC_OWNER_DIED.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 */
#ifndef MPROC_VALUE_H
#define MPROC_VALUE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_value_options {
	/* What the value is at first: as many bytes as it has; NULL for zeros. */
	const void *initial;
	uint64_t reserved[3];
} mproc_value_options;

/*
 * Make a value with a lock.
 *
 * @size     bytes, at least 1.
 * @options  NULL for the defaults.
 *
 * Returns  the value, aligned to 16 bytes.
 * Fails    EINVAL  @size is 0, or a reserved word of @options is not 0
 *          EOVERFLOW  @size and the lock do not fit into a size_t
 *          or as mproc_alloc
 * Cost     as mproc_alloc.
 */
MPROC_API void *mproc_value_create(size_t size, const mproc_value_options *options);

/*
 * Make an array with one lock; lock, unlock and destroy it as a value.
 *
 * @count, @size  items, and bytes of each, at least 1.
 *
 * Returns  the first item, aligned to 16 bytes.
 * Fails    EOVERFLOW  @count * @size does not fit into a size_t
 *          or as mproc_value_create
 * Cost     as mproc_alloc.
 */
MPROC_API void *mproc_array_create(size_t count, size_t size, const mproc_value_options *options);

/*
 * Tell how many items an array has; a value is an array of one.
 *
 * Returns  the number; 0 when @array is no value, with an error text.
 * Cost     a load.
 */
MPROC_API size_t mproc_array_count(const void *array);

/*
 * Lock a value or an array; wait while somebody else holds the lock.  Who holds it may lock again, and
 * unlocks as often as it locked.
 *
 * @deadline  when to give up.  MPROC_NOW waits at most 1 ms.
 *
 * Returns  0, or MPROC_OWNER_DIED: the lock is held now, but its last holder died holding it.
 * Fails    -ETIMEDOUT, -EAGAIN  as mproc_mutex_lock
 *          -EINVAL              @value is no value
 * Cost     as mproc_mutex_lock.
 */
MPROC_API int mproc_value_lock(void *value, mproc_deadline deadline);

/*
 * Unlock a value or an array.
 *
 * Returns  0.
 * Fails    -EPERM   this thread does not hold its lock; nothing was done
 *          -EINVAL  @value is no value
 * Cost     as mproc_mutex_unlock.
 */
MPROC_API int mproc_value_unlock(void *value);

/*
 * Free a value or an array.
 *
 * @value  held by nobody, or NULL.
 *
 * Returns  0.
 * Fails    -EBUSY   somebody who lives holds its lock; it stays as it is
 *          -EINVAL  @value is no value, or was destroyed already
 * Crash    killed inside: it is there, or there and to be destroyed again, or gone; killed in its last
 *          steps, gone and its memory not used again.
 * Cost     as mproc_free.
 */
MPROC_API int mproc_value_destroy(void *value);

MPROC_END_DECLS

#endif
