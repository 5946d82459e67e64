/* SPDX-License-Identifier: MIT */
/*
 * manager/strings.h - the manager's own strings: bytes that are changed in place where there is room.
 */
#ifndef MANAGER_STRINGS_H
#define MANAGER_STRINGS_H

#include "manager/keyspace.h"

enum {
	MPROCI_STRING_MOST_SIZE = 512 << 20,
};

extern const mproci_type mproci_type_string;

/* What a binding of mproci_type_string holds; valid until it is changed. */
mproci_view mproci_string_view(const mproci_binding *binding);

/*
 * Give a name a string, in place of whatever it has, its expiry too, and touch it.  @value may lie in the string that
 * is replaced.  Returns 0, -ENOMEM, or -EPERM: the name belongs to the family.
 */
int mproci_string_set(mproci_keyspace *keyspace, mproci_view name, mproci_view value);

/*
 * The same for a name whose binding is @found (NULL: it means nothing), without a touch; the expiry of a string
 * stays.  Returns what it is bound with; NULL: there is no memory.
 */
mproci_binding *mproci_string_put(
	mproci_keyspace *keyspace, mproci_view name, mproci_binding *found, mproci_view value);

/*
 * Make a string @size bytes long, with zeroes where it was shorter, and room for as much again where it grows;
 * returns its bytes, or NULL: there is no memory, and it is as it was.
 */
char *mproci_string_resize(mproci_binding *binding, size_t size);

#endif
