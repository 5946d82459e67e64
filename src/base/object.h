/* SPDX-License-Identifier: MIT */
/*
 * base/object.h - telling an object that a program embeds by value from memory that holds something else.
 */
#ifndef BASE_OBJECT_H
#define BASE_OBJECT_H

#include "base/private.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* What mproci_check_object returns of something that is none. */
MPROCI_PRIVATE int mproci_refuse_object(const void *object, const char *noun);

/*
 * An object begins with the eight bytes @mark from its init to its destroy, which may come at the same time where somebody sees to those who are
 * inside.  Returns 0, or -EINVAL with an error text that calls it @noun.
 */
static inline int mproci_check_object(const void *object, uint64_t mark, const char *noun)
{
	if (object != NULL
		&& atomic_load_explicit((const _Atomic uint64_t *)object, memory_order_relaxed) == mark)
		return 0;
	return mproci_refuse_object(object, noun);
}

#endif
