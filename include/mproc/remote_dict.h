/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_dict.h - a dictionary in a manager or a Redis server, for programs in any language, on any machine.
 *
 *     mproc_remote *remote;
 *     int rc = mproc_remote_connect("redis://localhost", NULL, mproc_after(5), &remote);
 *     ...
 *     mproc_remote_dict_add(remote, "words", "hedgehog", 8, 1, mproc_after(5), NULL);
 *     ...
 *     char buffer[64];
 *     size_t size;
 *     rc = mproc_remote_dict_get(remote, "words", "hedgehog", 8, buffer, sizeof buffer, mproc_after(5), &size);
 *
 * A remote dict is what Redis calls a hash, under a name: there is no handle, and nothing to create.  It is there as soon as a key has
 * a value, and gone when the last one is deleted.  Keys and values are bytes, of any size, also none; each key is there once, in no order.
 *
 * The calls are those of mproc/dict.h, and each happens at one moment too; but each is a message to the server and back.  A number is
 * its decimal digits, as Redis has it, where mproc/dict.h has 8 bytes.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any thread; those that use one remote at a time take turns.
 *   Fork     as mproc/remote.h: a child's first call opens a connection of its own.
 *   Crash    killed before it returns: the server has carried out all of the call, or nothing.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   buffers stay the caller's.
 *   Waiting  until @deadline, at the latest, for the server and for other threads that use the remote.
 *   Errors   beside those named, -EINVAL for what is NULL, for a name that is empty or too long, and when there is something under the name
 *            that is no dict, -EMSGSIZE for an argument of more than 512 MiB; and what mproc/remote.h says of servers and connections.  -ECONNRESET says that nobody
 *            knows whether the server has carried it out: only calls that may be carried out twice are repeated.
 *   Cost     a message to the server and its answer: about 20 us over a Unix socket; over a network, its time there and back.
 */
#ifndef MPROC_REMOTE_DICT_H
#define MPROC_REMOTE_DICT_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <mproc/snapshot.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

/*
 * Give a key a value, in place of the one that it may have.
 *
 * @remote              the connection.
 * @name                of the dict, at most 64 KiB.
 * @key, @key_size      the key; NULL only when @key_size is 0.
 * @value, @value_size  the value; NULL only when @value_size is 0.
 * @deadline            when to give up.
 *
 * Returns  0.
 * Fails    -ENOMEM  the server has no memory for it
 */
MPROC_API int mproc_remote_dict_set(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	const void *value, size_t value_size, mproc_deadline deadline);

/*
 * Give a key a value if it has none.
 *
 * @key, @key_size, @value, @value_size  as for mproc_remote_dict_set.
 *
 * Returns  0.
 * Fails    -EEXIST      the key has a value, which stays
 *          -ECONNRESET  the connection has broken before the answer came
 *          or as mproc_remote_dict_set
 */
MPROC_API int mproc_remote_dict_set_if_absent(mproc_remote *remote, const char *name, const void *key,
	size_t key_size, const void *value, size_t value_size, mproc_deadline deadline);

/*
 * Give a key another value if it still has the one that is expected.
 *
 * @key, @key_size            the key.
 * @expected, @expected_size  the bytes that its value must have; NULL only when @expected_size is 0.
 * @value, @value_size        its new value.
 *
 * Returns  0.
 * Fails    -ENOENT      the key has no value
 *          -ESTALE      it has another one than @expected, which stays
 *          -ECONNRESET  the connection has broken before the answer came
 *          or as mproc_remote_dict_set
 */
MPROC_API int mproc_remote_dict_compare_and_set(mproc_remote *remote, const char *name, const void *key,
	size_t key_size, const void *expected, size_t expected_size, const void *value, size_t value_size,
	mproc_deadline deadline);

/*
 * Give a key a value unless somebody has written to this dict with a newer token: so a holder of a lock (mproc/remote_lock.h) whose
 * lease is over without its knowing overwrites nothing.  It says so to the others only if they all write like this.  One dict
 * goes with one lock: a token is of the whole dict, not of a key.  Tokens of different locks, or of the messages of a queue, say
 * nothing about each other: the larger one of some other message would shut out all that were got before.
 *
 * @key, @key_size, @value, @value_size  as for mproc_remote_dict_set.
 * @token                                of the lock that is held: more than 0.
 *
 * Returns  0; from now on older tokens are refused, for all keys of this dict, also after it was cleared.
 * Fails    -ESTALE  a newer token was here before, as the error text tells; nothing is changed
 *          -EINVAL  @token is 0 or less
 *          or as mproc_remote_dict_set
 */
MPROC_API int mproc_remote_dict_set_fenced(mproc_remote *remote, const char *name, const void *key,
	size_t key_size, const void *value, size_t value_size, int64_t token, mproc_deadline deadline);

/*
 * Add to the number that a key has: decimal digits.
 *
 * @key, @key_size  the key; when it has no value it gets @number.
 * @number          may be negative.
 *
 * Returns  0, and the sum in @ret_sum, unless that is NULL.
 * Fails    -EINVAL      the value of the key is no number
 *          -ERANGE      the sum does not fit into an int64_t
 *          -ECONNRESET  the connection has broken before the answer came
 *          or as mproc_remote_dict_set
 */
MPROC_API int mproc_remote_dict_add(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	int64_t number, mproc_deadline deadline, int64_t *ret_sum);

/*
 * Copy the value of a key.
 *
 * @key, @key_size  the key.
 * @buffer, @size   where to, and how many bytes may be written there.
 *
 * Returns  0; the value's size in @ret_size, unless that is NULL.
 * Fails    -ENOENT    the key has no value
 *          -EMSGSIZE  the value is larger than @size, as the error text tells
 */
MPROC_API int mproc_remote_dict_get(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	void *buffer, size_t size, mproc_deadline deadline, size_t *ret_size);

/*
 * Copy the value of a key into memory of this process, however large it is.
 *
 * @key, @key_size  the key.
 *
 * Returns  0, and in @ret_value a copy to be freed with free, aligned as by malloc, with a byte of 0 behind it that does
 *          not count; its size in @ret_size, unless that is NULL.
 * Fails    -ENOENT  the key has no value
 *          -ENOMEM  this process has no memory for it
 */
MPROC_API int mproc_remote_dict_get_copy(mproc_remote *remote, const char *name, const void *key,
	size_t key_size, mproc_deadline deadline, void **ret_value, size_t *ret_size);

/*
 * Tell whether a key has a value.
 *
 * @key, @key_size  the key.
 *
 * Returns  1 or 0.
 */
MPROC_API int mproc_remote_dict_has(
	mproc_remote *remote, const char *name, const void *key, size_t key_size, mproc_deadline deadline);

/*
 * Take a key with its value out, and copy the value into memory of this process.
 *
 * @key, @key_size  the key.
 *
 * Returns  0, and in @ret_value a copy as of mproc_remote_dict_get_copy; its size in @ret_size, unless that is NULL.
 * Fails    -ENOENT      the key has no value
 *          -ECONNRESET  the connection has broken before the answer came: the value may be lost
 *          -ENOMEM      this process has no memory for it: it is lost
 * Crash    killed before it returns: the value is still there, or taken out and lost.
 */
MPROC_API int mproc_remote_dict_pop(mproc_remote *remote, const char *name, const void *key, size_t key_size,
	mproc_deadline deadline, void **ret_value, size_t *ret_size);

/*
 * Take a key with its value out.
 *
 * @key, @key_size  the key.
 *
 * Returns  0.
 * Fails    -ENOENT      the key has no value
 *          -ECONNRESET  the connection has broken before the answer came
 */
MPROC_API int mproc_remote_dict_delete(
	mproc_remote *remote, const char *name, const void *key, size_t key_size, mproc_deadline deadline);

/*
 * Tell how many keys there are.
 *
 * Returns  the number at one moment.
 */
MPROC_API ssize_t mproc_remote_dict_count(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Take out everything, at one moment.
 *
 * Returns  0, also when there was nothing.
 * Fails    -EPERM  a manager shows it (mproc/manager.h): it is the family's to clear
 */
MPROC_API int mproc_remote_dict_clear(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Copy everything that is in the dict at one moment.  Numbers in it are text: qsort sorts by them with
 * mproc_compare_by_decimal, not with mproc_compare_by_number.
 *
 * Returns  0, and the copy in @ret_snapshot, to be closed with mproc_snapshot_close.
 * Fails    -EMSGSIZE  it is more than the remote's largest reply (mproc/remote.h)
 *          -ENOMEM    this process has no memory for it
 * Cost     the server does nothing else meanwhile: about 0.2 us for each key.
 */
MPROC_API int mproc_remote_dict_snapshot(
	mproc_remote *remote, const char *name, mproc_deadline deadline, mproc_snapshot **ret_snapshot);

MPROC_END_DECLS

#endif
