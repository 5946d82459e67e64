/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_set.h - a set in a manager or a Redis server: what was seen, whoever saw it, on whatever machine.
 *
 *     if (mproc_remote_set_add(remote, "visited", url, strlen(url), mproc_after(5)) == 0)
 *             visit(url);                                                  nobody else does
 *
 * A set is under a name: there is no handle, and nothing to create.  It is there as soon as something is in it, and gone when nothing
 * is.  Members are bytes, of any size, also none.  The calls are those of mproc/set.h.
 *
 * Contract for everything in this file, unless a function says otherwise: that of mproc/remote_dict.h, with a set for the dict.
 */
#ifndef MPROC_REMOTE_SET_H
#define MPROC_REMOTE_SET_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <mproc/snapshot.h>
#include <stddef.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

/*
 * Put something into a set.
 *
 * @remote       the connection.
 * @name         of the set, at most 64 KiB.
 * @item, @size  the bytes; NULL only when @size is 0.
 * @deadline     when to give up.
 *
 * Returns  0: it was not in the set; of several who add the same, one is told so.
 * Fails    -EEXIST      it is in the set already
 *          -ENOMEM      the server has no memory for it
 *          -ECONNRESET  the connection has broken before the answer came: it may be in the set, and nobody was told so
 */
MPROC_API int mproc_remote_set_add(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline);

/*
 * Tell whether something is in a set.
 *
 * @item, @size  the bytes.
 *
 * Returns  1 or 0.
 */
MPROC_API int mproc_remote_set_has(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline);

/*
 * Take something out of a set.
 *
 * @item, @size  the bytes.
 *
 * Returns  0: it was in the set; of several who remove the same, one is told so.
 * Fails    -ENOENT      it is not in the set
 *          -ECONNRESET  the connection has broken before the answer came
 */
MPROC_API int mproc_remote_set_remove(
	mproc_remote *remote, const char *name, const void *item, size_t size, mproc_deadline deadline);

/*
 * Tell how many are in a set.
 *
 * Returns  the number at one moment.
 */
MPROC_API ssize_t mproc_remote_set_count(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Take everything out of a set, at one moment.
 *
 * Returns  0, also when there was nothing.
 */
MPROC_API int mproc_remote_set_clear(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Copy everything that is in a set at one moment.
 *
 * Returns  0, and the copy in @ret_snapshot, to be closed with mproc_snapshot_close: each is the key of an entry.
 * Fails    as mproc_remote_dict_snapshot
 * Cost     as mproc_remote_dict_snapshot.
 */
MPROC_API int mproc_remote_set_snapshot(
	mproc_remote *remote, const char *name, mproc_deadline deadline, mproc_snapshot **ret_snapshot);

MPROC_END_DECLS

#endif
