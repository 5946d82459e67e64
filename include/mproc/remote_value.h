/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_value.h - values, counters and flags in a server, which any program on any machine reads and changes.
 *
 *     mproc_remote_value_set(remote, "settings", &settings, sizeof settings, deadline);
 *     ...
 *     rc = mproc_remote_counter_add(remote, "jobs:done", 1, deadline, &done);
 *     ...
 *     mproc_remote_flag_set(remote, "stop", deadline);                                  anywhere
 *     while (mproc_remote_flag_get(remote, "stop", deadline) == 0)
 *             work();
 *
 * A value is bytes under a name; a counter is a value that is a decimal number; a flag is a value that is "1", or
 * none.  All of them are strings in the words of Redis, and what one program changes at a time the others see whole.
 *
 * A change of a flag is also told on the channel "mproc:flag:" and its name: mproc_remote_watch and
 * mproc_remote_event_wait (mproc/remote_watch.h, mproc/remote_event.h) learn of it from there, so that a program that
 * checks a flag often need not ask each time.
 *
 * The contract is that of mproc/remote.h.
 */
#ifndef MPROC_REMOTE_VALUE_H
#define MPROC_REMOTE_VALUE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

/*
 * Give a name a value, in place of the one that it may have, whatever its kind; it does not expire.
 *
 * @value, @size  the value, @size bytes; NULL only when @size is 0.
 *
 * Returns  0.
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_value_set(
	mproc_remote *remote, const char *name, const void *value, size_t size, mproc_deadline deadline);

/*
 * Copy a value.
 *
 * @buffer, @size  where to, and how many bytes may be written there.
 *
 * Returns  0; the value's size in @ret_size, unless that is NULL.
 * Fails    -ENOENT    there is none
 *          -EMSGSIZE  it is larger than @size; the error text says how large
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_value_get(mproc_remote *remote, const char *name, void *buffer, size_t size,
	mproc_deadline deadline, size_t *ret_size);

/*
 * Copy a value into new memory, however large it is.
 *
 * Returns  0; the value in @ret_value, to be freed with free, and its size in @ret_size, unless that is NULL.
 * Fails    -ENOENT  there is none
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_value_get_copy(
	mproc_remote *remote, const char *name, mproc_deadline deadline, void **ret_value, size_t *ret_size);

/*
 * Give a name a value if it has none.
 *
 * @value, @size  as for mproc_remote_value_set.
 *
 * Returns  0.
 * Fails    -EEXIST      it has a value, which stays
 *          -ECONNRESET  the connection broke: it may or may not have got this one
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_value_set_if_absent(
	mproc_remote *remote, const char *name, const void *value, size_t size, mproc_deadline deadline);

/*
 * Give a name another value if it still has the one that is expected.
 *
 * @expected, @expected_size  the bytes that it must have.
 * @value, @size              its new value.
 *
 * Returns  0.
 * Fails    -ENOENT      it has none
 *          -ESTALE      it has another one than @expected, which stays
 *          -ECONNRESET  the connection broke: it may or may not have been changed
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_value_compare_and_set(mproc_remote *remote, const char *name, const void *expected,
	size_t expected_size, const void *value, size_t size, mproc_deadline deadline);

/*
 * Delete a value if it still is the one that is expected.
 *
 * @expected, @size  the bytes that it must have.
 *
 * Returns  0.
 * Fails    as mproc_remote_value_compare_and_set
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_value_compare_and_delete(
	mproc_remote *remote, const char *name, const void *expected, size_t size, mproc_deadline deadline);

/*
 * Give a name a value, and copy the one that it had.
 *
 * @value, @size  as for mproc_remote_value_set.
 *
 * Returns  0; what it had in new memory in @ret_old, to be freed with free, NULL: it had none; and the size in
 *          @ret_old_size, unless that is NULL.
 * Fails    -ECONNRESET  the connection broke: it may or may not have been changed
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_value_exchange(mproc_remote *remote, const char *name, const void *value,
	size_t size, mproc_deadline deadline, void **ret_old, size_t *ret_old_size);

/*
 * Give a name a value, unless it was given one under a newer token: for holders of a lock (mproc/remote_lock.h), of
 * whom one may have been stopped for longer than its lease, and go on without knowing that another one has the lock
 * now; or for consumers of one message (mproc/remote_queue.h), whose result has a name of its own.  The name must not
 * be that of the lock.  The newest token is the string {NAME}:fence, which stays, also when the value is deleted.
 *
 * @value, @size  as for mproc_remote_value_set.
 * @token         of the lock, 1 or more: each holder's is larger than those before.
 *
 * Returns  0.
 * Fails    -ESTALE  it was given a value under a newer token, which the error text names; that stays
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_value_set_fenced(mproc_remote *remote, const char *name, const void *value,
	size_t size, int64_t token, mproc_deadline deadline);

/*
 * Add to a counter; one that is not there is 0.
 *
 * @number  what is added; it may be negative.
 *
 * Returns  0, and the sum in @ret_sum, unless that is NULL.
 * Fails    -ERANGE      the sum would not fit
 *          -EINVAL      the value is no number
 *          -ECONNRESET  the connection broke: it may or may not have been added
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_counter_add(
	mproc_remote *remote, const char *name, int64_t number, mproc_deadline deadline, int64_t *ret_sum);

/*
 * Tell what a counter is.
 *
 * Returns  0, and the number in @ret_number: 0 where there is none.
 * Fails    -EINVAL  the value is no number
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_counter_get(
	mproc_remote *remote, const char *name, mproc_deadline deadline, int64_t *ret_number);

/*
 * Give a counter a number.
 *
 * Returns  0.
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_counter_set(
	mproc_remote *remote, const char *name, int64_t number, mproc_deadline deadline);

/*
 * Set a flag, and tell those who watch it.
 *
 * Returns  0, also when it was set.
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_flag_set(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Clear a flag, and tell those who watch it.
 *
 * Returns  0, also when it was not set.
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_flag_clear(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Tell whether a flag is set.
 *
 * Returns  1, or 0.
 * Cost     one round trip; mproc_remote_watch_is_set (mproc/remote_watch.h) costs none.
 */
MPROC_API int mproc_remote_flag_get(mproc_remote *remote, const char *name, mproc_deadline deadline);

MPROC_END_DECLS

#endif
