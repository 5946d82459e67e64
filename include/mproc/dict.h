/* SPDX-License-Identifier: MIT */
/*
 * mproc/dict.h - a dictionary in shared memory, for all processes of the family, without a server.
 *
 *     mproc_dict *words;
 *     int rc = mproc_dict_create(NULL, &words);
 *     ...
 *     mproc_dict_add(words, "hedgehog", 8, 1, NULL);                       in any process
 *     ...
 *     int64_t count;
 *     rc = mproc_dict_get(words, "hedgehog", 8, &count, sizeof count, NULL);
 *
 * Keys and values are bytes, of any size, also none; each key is there once, in no order.  A value may be a pointer
 * into the arena (mproc/arena.h): so a dict of dicts is one of pointers, and what is changed in an inner one is
 * changed for everybody.
 *
 * Each call happens at one moment between its beginning and its end, and others see all of it or nothing.  With one
 * exception: a thread that sets the value of a key and then gets that of another may be ahead of what the others see,
 * as with plain memory; everything but mproc_dict_set is seen by all when it returns.  Whoever gets a value sees what was
 * written before it was set.
 *
 * Getting takes no lock: it reads, and looks whether somebody has changed the place meanwhile; after some tries in vain
 * it does take the lock.  Changing takes the lock of one of 64 stripes.  A dict grows and shrinks by single entries, and
 * never stops anybody to do so.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched, but for a buffer
 *            where more than 64 bytes were being copied, and so is the dict.
 *   Threads  any thread of any member of the family.
 *   Fork     the pointer is valid in the child, and in members that were started before the dict was made.
 *   Crash    a member killed anywhere inside has changed all that it was to change, or nothing; nothing is lost or
 *            leaked, and nobody waits for it.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   buffers stay the caller's; keys and values are copied.
 *   Waiting  for who is inside the same stripe, which takes less than a microsecond, but for values of megabytes, for
 *            mproc_dict_clear and mproc_dict_snapshot.  Who is stopped there (SIGSTOP, a debugger) is waited for,
 *            at most for .patience.
 *   Errors   beside those named, -EINVAL for what is NULL or no dict, -EOVERFLOW for a key larger than any memory,
 *            -ETIMEDOUT when .patience is over, -EPIPE when the dict was destroyed during the call, -EBADMSG when
 *            somebody has overwritten the dict's memory; -EAGAIN, -EMFILE, -ENFILE, -ENOENT, -ENOMEM when this
 *            is the process's first call of mproc, and it cannot join the family.
 */
#ifndef MPROC_DICT_H
#define MPROC_DICT_H

#include <mproc/api.h>
#include <mproc/snapshot.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

typedef struct mproc_dict mproc_dict;

typedef struct mproc_dict_options {
	/*
	 * Locks that its keys are shared out to, a power of two from 1 to 64; 0: 64.  An empty dict takes 512 bytes for each, and 64; at least 1 KiB:
	 * many small ones do with 1.
	 */
	uint32_t stripes;
	/* Seconds to wait for somebody who is inside, and may be stopped there, up to 1e9; 0: without an end. */
	double patience;
	uint64_t reserved[4];
} mproc_dict_options;

/*
 * Make a dict.
 *
 * @options  NULL for the defaults.
 *
 * Returns  0, and the dict in @ret_dict.
 * Fails    -EINVAL  .stripes or .patience is out of range, or a reserved word of @options is not 0
 *          -ENOMEM  the arena is full
 * Crash    killed before it returns: no dict, and what it had allocated stays so, as with mproc_alloc.
 * Cost     as mproc_aligned_alloc of 512 bytes a stripe.
 */
MPROC_API int mproc_dict_create(const mproc_dict_options *options, mproc_dict **ret_dict);

/*
 * Destroy a dict with all that is in it.
 *
 * @dict  or NULL.  Who is in the middle of a call, begun before, gets -EPIPE.  Nobody may use the pointer after this.
 *
 * Returns  NULL.  It waits for who is inside, but not longer than a second for those who do not leave: then the
 *          dict's memory stays allocated.
 * Crash    killed before it returns: nobody can use the dict any more; called again it goes on.  Killed in its last
 *          steps, it is gone, and its own memory, 512 bytes a stripe, is not used again.
 * Cost     as mproc_dict_clear.
 */
MPROC_API mproc_dict *mproc_dict_destroy(mproc_dict *dict);

/*
 * Give a key a value, in place of the one that it may have.
 *
 * @key, @key_size      the key; NULL only when @key_size is 0.
 * @value, @value_size  the value; NULL only when @value_size is 0.
 *
 * Returns  0.
 * Fails    -ENOMEM     the arena has no memory for it; the old value stays
 *          -EOVERFLOW  @key_size and @value_size together are more than any memory
 * Cost     a lock; a new value of the size of the old one, up to 8 bytes, is written in its place; otherwise as
 *          mproc_alloc, mproc_free and copying key and value.
 */
MPROC_API int mproc_dict_set(
	mproc_dict *dict, const void *key, size_t key_size, const void *value, size_t value_size);

/*
 * Give a key a value if it has none.
 *
 * @key, @key_size, @value, @value_size  as for mproc_dict_set.
 *
 * Returns  0.
 * Fails    -EEXIST  the key has a value, which stays
 *          or as mproc_dict_set
 * Cost     as mproc_dict_set.
 */
MPROC_API int mproc_dict_set_if_absent(
	mproc_dict *dict, const void *key, size_t key_size, const void *value, size_t value_size);

/*
 * Give a key another value if it still has the one that is expected.
 *
 * @key, @key_size            the key.
 * @expected, @expected_size  the bytes that its value must have; NULL only when @expected_size is 0.
 * @value, @value_size        its new value.
 *
 * Returns  0.
 * Fails    -ENOENT  the key has no value
 *          -ESTALE  it has another one than @expected, which stays
 *          or as mproc_dict_set
 * Cost     as mproc_dict_set, and comparing.
 */
MPROC_API int mproc_dict_compare_and_set(mproc_dict *dict, const void *key, size_t key_size,
	const void *expected, size_t expected_size, const void *value, size_t value_size);

/*
 * Add to the number that a key has: a value of 8 bytes, an int64_t.
 *
 * @key, @key_size  the key; when it has no value it gets @number.
 * @number          may be negative.
 *
 * Returns  0, and the sum in @ret_sum, unless that is NULL.
 * Fails    -EMSGSIZE  the value of the key has not 8 bytes
 *          -ERANGE    the sum does not fit into an int64_t
 *          or as mproc_dict_set
 * Cost     as mproc_dict_set.
 */
MPROC_API int mproc_dict_add(
	mproc_dict *dict, const void *key, size_t key_size, int64_t number, int64_t *ret_sum);

/*
 * Copy the value of a key.
 *
 * @key, @key_size  the key.
 * @buffer, @size   where to, and how many bytes may be written there; not over the key.
 *
 * Returns  0; the value's size in @ret_size, unless that is NULL.
 * Fails    -ENOENT    the key has no value
 *          -EMSGSIZE  the value is larger than @size, as the error text tells
 * Cost     no lock and no store that others see: a few loads, two of which are seldom in the cache.
 */
MPROC_API int mproc_dict_get(
	mproc_dict *dict, const void *key, size_t key_size, void *buffer, size_t size, size_t *ret_size);

/*
 * Copy the value of a key into memory of this process, however large it is.
 *
 * @key, @key_size  the key.
 *
 * Returns  0, and in @ret_value a copy to be freed with free, aligned as by malloc, with a byte of 0 behind it that does
 *          not count; its size in @ret_size, unless that is NULL.
 * Fails    -ENOENT  the key has no value
 *          -ENOMEM  this process has no memory for it
 * Cost     as mproc_dict_get and malloc.
 */
MPROC_API int mproc_dict_get_copy(
	mproc_dict *dict, const void *key, size_t key_size, void **ret_value, size_t *ret_size);

/*
 * Tell whether a key has a value.
 *
 * @key, @key_size  the key.
 *
 * Returns  1 or 0.
 * Cost     as mproc_dict_get.
 */
MPROC_API int mproc_dict_has(mproc_dict *dict, const void *key, size_t key_size);

/*
 * Take a key with its value out, and copy the value.
 *
 * @key, @key_size  the key.
 * @buffer, @size   where to, and how many bytes may be written there.
 *
 * Returns  0; the value's size in @ret_size, unless that is NULL.
 * Fails    -ENOENT    the key has no value
 *          -EMSGSIZE  the value is larger than @size, as the error text tells; it stays
 * Crash    killed before it returns: the value is still there, or taken out and lost with this member.
 * Cost     as mproc_dict_delete and copying.
 */
MPROC_API int mproc_dict_pop(
	mproc_dict *dict, const void *key, size_t key_size, void *buffer, size_t size, size_t *ret_size);

/*
 * Take a key with its value out.
 *
 * @key, @key_size  the key.
 *
 * Returns  0.
 * Fails    -ENOENT  the key has no value
 * Cost     a lock and as mproc_free.
 */
MPROC_API int mproc_dict_delete(mproc_dict *dict, const void *key, size_t key_size);

/*
 * Tell how many keys there are.
 *
 * Returns  the number at one moment.
 * Cost     a look at each stripe, without a lock; while others never stop changing the dict, all locks.
 */
MPROC_API ssize_t mproc_dict_count(mproc_dict *dict);

/*
 * Take out everything, at one moment.
 *
 * Returns  0; all memory of what was in it is given back, but for that of a stripe in which somebody is stopped longer than
 *          .patience: that is given back by who uses it next.
 * Crash    killed before it returns: nothing is taken out, or everything; what it has not given back is given back
 *          by who uses the dict next.
 * Cost     a store; then as mproc_dict_delete for each key, with one stripe after the other locked.
 */
MPROC_API int mproc_dict_clear(mproc_dict *dict);

/*
 * Copy everything that is in the dict at one moment.
 *
 * Returns  0, and the copy in @ret_snapshot, to be closed with mproc_snapshot_close.
 * Fails    -ENOMEM  this process has no memory for it
 * Cost     all locks for as long as the copying takes, about 0.1 us for each key; getting goes on meanwhile.
 */
MPROC_API int mproc_dict_snapshot(mproc_dict *dict, mproc_snapshot **ret_snapshot);

MPROC_END_DECLS

#endif
