/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_list.h - a list in a manager or a Redis server, for programs in any language, on any machine.
 *
 *     mproc_remote_list_append(remote, "found", &prime, sizeof prime, mproc_after(5));
 *     ...
 *     rc = mproc_remote_list_get(remote, "found", -1, &prime, sizeof prime, mproc_after(5), NULL);
 *     ...
 *     void *item;                                                          wait for one, and take it out
 *     size_t size;
 *     rc = mproc_remote_list_pop_first(remote, "jobs", mproc_after(60), &item, &size);
 *
 * A list is under a name: there is no handle, and nothing to create.  It is there as soon as it has an item, and gone when it has none.
 * Items are bytes, each of any size, also none.  Positions count from 0, or from the end: -1 is the last item.
 *
 * The calls are those of mproc/list.h, and each happens at one moment too; but each is a message to the server and back.  What is popped is
 * out of the list before the answer is on its way: who dies then has lost it.  Work that must not be lost belongs into a queue,
 * mproc/remote_queue.h.
 *
 * Contract for everything in this file, unless a function says otherwise: that of mproc/remote_dict.h, with a list for the dict.
 */
#ifndef MPROC_REMOTE_LIST_H
#define MPROC_REMOTE_LIST_H

#include <limits.h>
#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <mproc/snapshot.h>
#include <stddef.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

/*
 * Add an item behind the last.
 *
 * @remote       the connection.
 * @name         of the list, at most 64 KiB.
 * @item, @size  the item; NULL only when @size is 0.
 * @deadline     when to give up.
 *
 * Returns  0.
 * Fails    -ENOMEM      the server has no memory for it
 *          -ECONNRESET  the connection has broken before the answer came
 */
MPROC_API int mproc_remote_list_append(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline);

/*
 * Put an item in front of the first.
 *
 * @item, @size  the item.
 *
 * Returns  0.
 * Fails    as mproc_remote_list_append
 */
MPROC_API int mproc_remote_list_prepend(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline);

/*
 * Put an item in front of the one at a position.
 *
 * @position     from 0; the number of items: behind the last; -1: in front of the last.
 * @item, @size  the item.
 *
 * Returns  0.
 * Fails    -ERANGE  there is no such position
 *          or as mproc_remote_list_append
 * Cost     the server moves the items on the shorter side of it, or, if it is Redis, behind it.
 */
MPROC_API int mproc_remote_list_insert(mproc_remote *remote, const char *name, ssize_t position,
	const void *item, size_t size, mproc_deadline deadline);

/*
 * Put an item in the place of another one.
 *
 * @position     from 0; -1: the last.
 * @item, @size  the new item.
 *
 * Returns  0.
 * Fails    -ERANGE  there is no such position
 *          -ENOMEM  the server has no memory for it
 */
MPROC_API int mproc_remote_list_set(mproc_remote *remote, const char *name, ssize_t position,
	const void *item, size_t size, mproc_deadline deadline);

/*
 * Copy an item.
 *
 * @position       from 0; -1: the last.
 * @buffer, @size  where to, and how many bytes may be written there.
 *
 * Returns  0; the item's size in @ret_size, unless that is NULL.
 * Fails    -ERANGE    there is no such position
 *          -EMSGSIZE  the item is larger than @size, as the error text tells
 */
MPROC_API int mproc_remote_list_get(mproc_remote *remote, const char *name, ssize_t position, void *buffer,
	size_t size, mproc_deadline deadline, size_t *ret_size);

/*
 * Copy an item into memory of this process, however large it is.
 *
 * @position  from 0; -1: the last.
 *
 * Returns  0, and in @ret_item a copy to be freed with free, aligned as by malloc, with a byte of 0 behind it that does not
 *          count; its size in @ret_size, unless that is NULL.
 * Fails    -ERANGE  there is no such position
 *          -ENOMEM  this process has no memory for it
 */
MPROC_API int mproc_remote_list_get_copy(mproc_remote *remote, const char *name, ssize_t position,
	mproc_deadline deadline, void **ret_item, size_t *ret_size);

/*
 * Take an item out, and copy it into memory of this process.
 *
 * @position  from 0, the first; -1: the last.
 *
 * Returns  0, and in @ret_item a copy as of mproc_remote_list_get_copy; its size in @ret_size, unless that is NULL.
 * Fails    -ERANGE      there is no such position: the list may be empty
 *          -ECONNRESET  the connection has broken before the answer came: the item may be lost
 *          -ENOMEM      this process has no memory for it: it is lost
 * Crash    killed before it returns: the item is still there, or taken out and lost.
 */
MPROC_API int mproc_remote_list_pop(mproc_remote *remote, const char *name, ssize_t position,
	mproc_deadline deadline, void **ret_item, size_t *ret_size);

/*
 * Take the first item out, and copy it into memory of this process; wait while there is none.
 *
 * Returns  0, and in @ret_item a copy as of mproc_remote_list_get_copy; its size in @ret_size, unless that is NULL.
 * Fails    -ETIMEDOUT  there was none until the deadline
 *          or as mproc_remote_list_pop, but for -ERANGE
 * Crash    as mproc_remote_list_pop.
 * Cost     a message a second while it waits; of several that wait, the first to come gets the first item.  Other threads that use
 *          the remote wait for at most that second: better give each its own.
 */
MPROC_API int mproc_remote_list_pop_first(
	mproc_remote *remote, const char *name, mproc_deadline deadline, void **ret_item, size_t *ret_size);

/*
 * Take the last item out, and copy it into memory of this process; wait while there is none.
 *
 * Returns  as mproc_remote_list_pop_first.
 * Fails    as mproc_remote_list_pop_first
 * Crash    as mproc_remote_list_pop.
 * Cost     as mproc_remote_list_pop_first.
 */
MPROC_API int mproc_remote_list_pop_last(
	mproc_remote *remote, const char *name, mproc_deadline deadline, void **ret_item, size_t *ret_size);

/*
 * Take an item out.
 *
 * @position  from 0; -1: the last.
 *
 * Returns  0.
 * Fails    -ERANGE      there is no such position
 *          -ECONNRESET  the connection has broken before the answer came
 * Cost     also the way of the item from the server.
 */
MPROC_API int mproc_remote_list_delete(
	mproc_remote *remote, const char *name, ssize_t position, mproc_deadline deadline);

/*
 * Tell how many items there are.
 *
 * Returns  the number at one moment.
 */
MPROC_API ssize_t mproc_remote_list_count(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Take out everything, at one moment.
 *
 * Returns  0, also when there was nothing.
 * Fails    -EPERM  a manager shows it (mproc/manager.h): it is the family's to clear
 */
MPROC_API int mproc_remote_list_clear(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Copy the items from one position up to another one, as they are at one moment.
 *
 * @first, @end  from the item at @first to the one before @end; both may be more than the number of items, which then
 *               is what counts; negative ones count from the end.  0 and SSIZE_MAX: all.
 *
 * Returns  0, and the copy in @ret_snapshot, to be closed with mproc_snapshot_close: each is the value of an entry.  Where
 *          @end is not behind @first, there is nothing in it.
 * Fails    -EMSGSIZE  it is more than the remote's largest reply (mproc/remote.h)
 *          -ENOMEM    this process has no memory for it
 * Cost     the server does nothing else meanwhile: about 0.1 us for each item, and for each on the way to the first.
 */
MPROC_API int mproc_remote_list_slice(mproc_remote *remote, const char *name, ssize_t first, ssize_t end,
	mproc_deadline deadline, mproc_snapshot **ret_snapshot);

MPROC_END_DECLS

#endif
