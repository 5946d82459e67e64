/* SPDX-License-Identifier: MIT */
/*
 * base/object.h - telling an object that a program embeds by value from memory that holds something else.
 */
#ifndef BASE_OBJECT_H
#define BASE_OBJECT_H

#include <stdint.h>

/*
 * An object begins with the eight bytes @mark from its init to its destroy.  Returns 0, or -EINVAL with an error text that
 * calls it @noun.
 */
int mproci_check_object(const void *object, uint64_t mark, const char *noun);

#endif
