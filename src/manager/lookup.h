/* SPDX-License-Identifier: MIT */
/*
 * manager/lookup.h - what a name among the arguments means, for commands that know one type.
 */
#ifndef MANAGER_LOOKUP_H
#define MANAGER_LOOKUP_H

#include "manager/command.h"

/*
 * Find what an argument names; *@ret_binding is NULL when it means nothing.  Returns false when it is of another
 * type: that has been answered then.
 */
static inline bool mproci_find_typed(
	mproci_call *call, size_t index, const mproci_type *type, mproci_binding **ret_binding)
{
	mproci_binding *binding = mproci_keyspace_find(call->keyspace, call->arguments[index]);

	if (binding != NULL && binding->type != type) {
		mproci_reply_wrong_type(call->reply);
		return false;
	}
	*ret_binding = binding;
	return true;
}

#endif
