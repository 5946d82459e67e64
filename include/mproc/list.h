/* SPDX-License-Identifier: MIT */
/*
 * mproc/list.h - a list in shared memory, for all processes of the family, without a server.
 *
 *     mproc_list *found;
 *     int rc = mproc_list_create(NULL, &found);
 *     ...
 *     mproc_list_append(found, &prime, sizeof prime);                      in any process
 *     ...
 *     rc = mproc_list_get(found, -1, &prime, sizeof prime, NULL);          the last one
 *
 * Items are bytes, each of any size, also none, and may be pointers into the arena (mproc/arena.h).  Positions count
 * from 0, or from the end: -1 is the last item.
 *
 * Each call happens at one moment between its beginning and its end, and others see all of it or nothing.  Getting
 * takes no lock: it reads, and looks whether somebody has changed the list meanwhile; after some tries in vain it
 * does take the lock.  Changing takes the list's lock.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched, but for a buffer
 *            where more than 64 bytes were being copied, and so is the list.
 *   Threads  any thread of any member of the family.
 *   Fork     the pointer is valid in the child, and in members that were started before the list was made.
 *   Crash    a member killed anywhere inside has changed all that it was to change, or nothing; nothing is lost or
 *            leaked, and nobody waits for it.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   buffers stay the caller's; items are copied.
 *   Waiting  for who is inside, which takes less than a microsecond, but for items of megabytes, for insertions and
 *            removals amid a long list, mproc_list_clear and mproc_list_slice.  Who is stopped there (SIGSTOP, a
 *            debugger) is waited for, at most for .patience.
 *   Errors   beside those named, -EINVAL for what is NULL or no list, -ETIMEDOUT when .patience is over, -EPIPE when the
 *            list was destroyed during the call, -EBADMSG when somebody has overwritten the list's memory;
 *            -EAGAIN, -EMFILE, -ENFILE, -ENOENT, -ENOMEM when this is the process's first call of mproc, and it cannot
 *            join the family.
 */
#ifndef MPROC_LIST_H
#define MPROC_LIST_H

#include <limits.h>
#include <mproc/api.h>
#include <mproc/snapshot.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

typedef struct mproc_list mproc_list;

typedef struct mproc_list_options {
	/* Seconds to wait for somebody who is inside, and may be stopped there, up to 1e9; 0: without an end. */
	double patience;
	uint64_t reserved[4];
} mproc_list_options;

/*
 * Make a list.
 *
 * @options  NULL for the defaults.
 *
 * Returns  0, and the list in @ret_list.
 * Fails    -EINVAL  .patience is out of range, or a reserved word of @options is not 0
 *          -ENOMEM  the arena is full
 * Crash    killed before it returns: no list, and what it had allocated stays so, as with mproc_alloc.
 * Cost     as mproc_alloc.
 */
MPROC_API int mproc_list_create(const mproc_list_options *options, mproc_list **ret_list);

/*
 * Destroy a list with all that is in it.
 *
 * @list  or NULL.  Who is in the middle of a call, begun before, gets -EPIPE.  Nobody may use the pointer after this.
 *
 * Returns  NULL.  It waits for who is inside, but not longer than a second for those who do not leave: then the
 *          list's memory stays allocated.
 * Crash    killed before it returns: nobody can use the list any more; called again it goes on.  Killed in its last
 *          steps, it is gone, and its own memory, a few hundred bytes, is not used again.
 * Cost     as mproc_list_clear.
 */
MPROC_API mproc_list *mproc_list_destroy(mproc_list *list);

/*
 * Add an item behind the last.
 *
 * @item, @size  the item; NULL only when @size is 0.
 *
 * Returns  0.
 * Fails    -ENOMEM     the arena has no memory for it
 *          -EOVERFLOW  @size is more than any memory
 * Cost     a lock, as mproc_alloc, and copying.
 */
MPROC_API int mproc_list_append(mproc_list *list, const void *item, size_t size);

/*
 * Put an item in front of the one at a position.
 *
 * @position     from 0; the number of items: behind the last; -1: in front of the last.
 * @item, @size  the item.
 *
 * Returns  0.
 * Fails    -ERANGE  there is no such position
 *          or as mproc_list_append
 * Cost     as mproc_list_append, and moving 8 bytes for each item on the shorter side of it.
 */
MPROC_API int mproc_list_insert(mproc_list *list, ssize_t position, const void *item, size_t size);

/*
 * Put an item in the place of another one.
 *
 * @position     from 0; -1: the last.
 * @item, @size  the new item.
 *
 * Returns  0.
 * Fails    -ERANGE  there is no such position
 *          or as mproc_list_append
 * Cost     a lock; an item of the size of the old one, up to 8 bytes, is written in its place; otherwise as mproc_alloc, mproc_free
 *          and copying.
 */
MPROC_API int mproc_list_set(mproc_list *list, ssize_t position, const void *item, size_t size);

/*
 * Copy an item.
 *
 * @position       from 0; -1: the last.
 * @buffer, @size  where to, and how many bytes may be written there.
 *
 * Returns  0; the item's size in @ret_size, unless that is NULL.
 * Fails    -ERANGE    there is no such position
 *          -EMSGSIZE  the item is larger than @size, as the error text tells
 * Cost     no lock and no store that others see: a few loads.
 */
MPROC_API int mproc_list_get(mproc_list *list, ssize_t position, void *buffer, size_t size, size_t *ret_size);

/*
 * Copy an item into memory of this process, however large it is.
 *
 * @position  from 0; -1: the last.
 *
 * Returns  0, and in @ret_item a copy to be freed with free, aligned as by malloc, with a byte of 0 behind it that does not
 *          count; its size in @ret_size, unless that is NULL.
 * Fails    -ERANGE  there is no such position
 *          -ENOMEM  this process has no memory for it
 * Cost     as mproc_list_get and malloc.
 */
MPROC_API int mproc_list_get_copy(mproc_list *list, ssize_t position, void **ret_item, size_t *ret_size);

/*
 * Take an item out, and copy it.
 *
 * @position       from 0, the first; -1: the last.
 * @buffer, @size  where to, and how many bytes may be written there.
 *
 * Returns  0; the item's size in @ret_size, unless that is NULL.
 * Fails    -ERANGE    there is no such position: the list may be empty
 *          -EMSGSIZE  the item is larger than @size, as the error text tells; it stays
 * Crash    killed before it returns: the item is still there, or taken out and lost with this member.
 * Cost     as mproc_list_delete and copying.
 */
MPROC_API int mproc_list_pop(mproc_list *list, ssize_t position, void *buffer, size_t size, size_t *ret_size);

/*
 * Take an item out.
 *
 * @position  from 0; -1: the last.
 *
 * Returns  0.
 * Fails    -ERANGE  there is no such position
 * Cost     a lock, as mproc_free, and moving 8 bytes for each item on the shorter side of it: none for the first and the last.
 */
MPROC_API int mproc_list_delete(mproc_list *list, ssize_t position);

/*
 * Tell how many items there are.
 *
 * Returns  the number at one moment.
 * Cost     a load.
 */
MPROC_API ssize_t mproc_list_count(mproc_list *list);

/*
 * Take out everything, at one moment.
 *
 * Returns  0; all memory of what was in it is given back.
 * Crash    killed before it returns: nothing is taken out, or everything; what it has not given back is given back
 *          by who uses the list next.
 * Cost     as mproc_free for each item.
 */
MPROC_API int mproc_list_clear(mproc_list *list);

/*
 * Copy the items from one position up to another one, as they are at one moment.
 *
 * @first, @end  from the item at @first to the one before @end; both may be more than the number of items, which then
 *               is what counts; negative ones count from the end.  0 and SSIZE_MAX: all.
 *
 * Returns  0, and the copy in @ret_snapshot, to be closed with mproc_snapshot_close: each is the value of an entry.  Where
 *          @end is not behind @first, there is nothing in it.
 * Fails    -ENOMEM  this process has no memory for it
 * Cost     the lock for as long as the copying takes; getting goes on meanwhile.
 */
MPROC_API int mproc_list_slice(mproc_list *list, ssize_t first, ssize_t end, mproc_snapshot **ret_snapshot);

MPROC_END_DECLS

#endif
