/* SPDX-License-Identifier: MIT */
/*
 * mproc/set.h - a set in shared memory: what was seen, whoever saw it.
 *
 *     mproc_set *visited;
 *     int rc = mproc_set_create(NULL, &visited);
 *     ...
 *     if (mproc_set_add(visited, url, strlen(url)) == 0)                   in any process
 *             visit(url);                                                  nobody else does
 *
 * Members are bytes, of any size, also none.  It is a dict whose values are empty: what mproc/dict.h says about
 * moments, locks, deaths, waiting and errors holds for all of this.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure.
 *   Threads  any thread of any member of the family.
 *   Fork     the pointer is valid in the child, and in members that were started before the set was made.
 *   Crash    as with mproc/dict.h: all of a call, or nothing.
 *   Signals  not async-signal-safe.
 *   Errors   as with mproc/dict.h.
 */
#ifndef MPROC_SET_H
#define MPROC_SET_H

#include <mproc/api.h>
#include <mproc/dict.h>
#include <mproc/snapshot.h>
#include <stddef.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

typedef struct mproc_set mproc_set;

/*
 * Make a set.
 *
 * @options  as for mproc_dict_create.
 *
 * Returns  0, and the set in @ret_set.
 * Fails    as mproc_dict_create
 * Crash    as mproc_dict_create.
 * Cost     as mproc_dict_create.
 */
MPROC_API int mproc_set_create(const mproc_dict_options *options, mproc_set **ret_set);

/*
 * Destroy a set.
 *
 * @set  or NULL.  Nobody may use the pointer after this.
 *
 * Returns  NULL.
 * Crash    as mproc_dict_destroy.
 * Cost     as mproc_dict_destroy.
 */
MPROC_API mproc_set *mproc_set_destroy(mproc_set *set);

/*
 * Put something into a set.
 *
 * @item, @size  the bytes; NULL only when @size is 0.
 *
 * Returns  0: it was not in the set; of several who add the same, one is told so.
 * Fails    -EEXIST  it is in the set already
 *          or as mproc_dict_set
 * Cost     as mproc_dict_set.
 */
MPROC_API int mproc_set_add(mproc_set *set, const void *item, size_t size);

/*
 * Tell whether something is in a set.
 *
 * @item, @size  the bytes.
 *
 * Returns  1 or 0.
 * Cost     as mproc_dict_get.
 */
MPROC_API int mproc_set_has(mproc_set *set, const void *item, size_t size);

/*
 * Take something out of a set.
 *
 * @item, @size  the bytes.
 *
 * Returns  0: it was in the set; of several who remove the same, one is told so.
 * Fails    -ENOENT  it is not in the set
 * Cost     as mproc_dict_delete.
 */
MPROC_API int mproc_set_remove(mproc_set *set, const void *item, size_t size);

/*
 * Tell how many are in a set.
 *
 * Returns  the number at one moment.
 * Cost     as mproc_dict_count.
 */
MPROC_API ssize_t mproc_set_count(mproc_set *set);

/*
 * Take everything out of a set, at one moment.
 *
 * Returns  0.
 * Crash    as mproc_dict_clear.
 * Cost     as mproc_dict_clear.
 */
MPROC_API int mproc_set_clear(mproc_set *set);

/*
 * Copy everything that is in a set at one moment.
 *
 * Returns  0, and the copy in @ret_snapshot: each is the key of an entry.
 * Fails    -ENOMEM  this process has no memory for it
 * Cost     as mproc_dict_snapshot.
 */
MPROC_API int mproc_set_snapshot(mproc_set *set, mproc_snapshot **ret_snapshot);

MPROC_END_DECLS

#endif
