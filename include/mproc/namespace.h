/* SPDX-License-Identifier: MIT */
/*
 * mproc/namespace.h - a few named values in shared memory, as attributes of an object.
 *
 *     mproc_namespace *state;
 *     int rc = mproc_namespace_create(NULL, &state);
 *     ...
 *     double rate = 0.25;
 *     mproc_namespace_set(state, "rate", &rate, sizeof rate);              in any process
 *     ...
 *     rc = mproc_namespace_get(state, "rate", &rate, sizeof rate);
 *
 * It is a dict whose keys are strings and whose values have the size that their reader expects, with one lock. What
 * mproc/dict.h says about moments, deaths, waiting and errors holds for all of this.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched, but for a buffer
 *            where more than 64 bytes were being copied.
 *   Threads  any thread of any member of the family.
 *   Fork     the pointer is valid in the child, and in members that were started before it was made.
 *   Crash    as with mproc/dict.h: all of a call, or nothing.
 *   Signals  not async-signal-safe.
 *   Errors   as with mproc/dict.h.
 */
#ifndef MPROC_NAMESPACE_H
#define MPROC_NAMESPACE_H

#include <mproc/api.h>
#include <mproc/dict.h>
#include <mproc/snapshot.h>
#include <stddef.h>

MPROC_BEGIN_DECLS

typedef struct mproc_namespace mproc_namespace;

/*
 * Make a namespace.
 *
 * @options  as for mproc_dict_create, but that .stripes 0 means 1.
 *
 * Returns  0, and the namespace in @ret_namespace.
 * Fails    as mproc_dict_create
 * Crash    as mproc_dict_create.
 * Cost     as mproc_alloc of 1 KiB.
 */
MPROC_API int mproc_namespace_create(const mproc_dict_options *options, mproc_namespace **ret_namespace);

/*
 * Destroy a namespace.
 *
 * @space  or NULL.  Nobody may use the pointer after this.
 *
 * Returns  NULL.
 * Crash    as mproc_dict_destroy.
 * Cost     as mproc_dict_destroy.
 */
MPROC_API mproc_namespace *mproc_namespace_destroy(mproc_namespace *space);

/*
 * Give a name a value, in place of the one that it may have.
 *
 * @name         a string; not its address but its characters count.
 * @value, @size  the value.
 *
 * Returns  0.
 * Fails    as mproc_dict_set
 * Cost     as mproc_dict_set.
 */
MPROC_API int mproc_namespace_set(mproc_namespace *space, const char *name, const void *value, size_t size);

/*
 * Copy the value of a name.
 *
 * @name          a string.
 * @value, @size  where to, and the size that the value must have.
 *
 * Returns  0.
 * Fails    -ENOENT    the name has no value
 *          -EMSGSIZE  its value has another size, as the error text tells
 * Cost     as mproc_dict_get.
 */
MPROC_API int mproc_namespace_get(mproc_namespace *space, const char *name, void *value, size_t size);

/*
 * Copy the value of a name into memory of this process, however large it is: a string, say.
 *
 * @name  a string.
 *
 * Returns  0, and in @ret_value a copy to be freed with free, with a byte of 0 behind it that does not count; its size in
 *          @ret_size, unless that is NULL.
 * Fails    as mproc_dict_get_copy
 * Cost     as mproc_dict_get_copy.
 */
MPROC_API int mproc_namespace_get_copy(
	mproc_namespace *space, const char *name, void **ret_value, size_t *ret_size);

/*
 * Tell whether a name has a value.
 *
 * @name  a string.
 *
 * Returns  1 or 0.
 * Cost     as mproc_dict_get.
 */
MPROC_API int mproc_namespace_has(mproc_namespace *space, const char *name);

/*
 * Take a name with its value out.
 *
 * @name  a string.
 *
 * Returns  0.
 * Fails    -ENOENT  the name has no value
 * Cost     as mproc_dict_delete.
 */
MPROC_API int mproc_namespace_delete(mproc_namespace *space, const char *name);

/*
 * Copy all names and values at one moment.
 *
 * Returns  0, and the copy in @ret_snapshot: each key is a string.
 * Fails    -ENOMEM  this process has no memory for it
 * Cost     as mproc_dict_snapshot.
 */
MPROC_API int mproc_namespace_snapshot(mproc_namespace *space, mproc_snapshot **ret_snapshot);

MPROC_END_DECLS

#endif
