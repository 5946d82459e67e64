/* SPDX-License-Identifier: MIT */
#include "manager/blocking.h"

#include "manager/arguments.h"
#include "manager/lookup.h"
#include "manager/session.h"

mproci_outcome mproci_blocking_wait(mproci_call *call, const mproci_view *names, size_t count, int64_t until)
{
	if (call->is_hasty || mproci_session_is_late(call->session)) {
		mproci_reply_null_array(call->reply);
		return MPROCI_DONE;
	}
	if (mproci_session_park(call->session, names, count, until) == 0)
		return MPROCI_PARKED;
	mproci_reply_no_memory(call->reply);
	return MPROCI_DONE;
}

mproci_outcome mproci_blocking_pop(
	mproci_call *call, const mproci_type *type, size_t parts, mproci_blocking_take *take, bool is_last)
{
	size_t last = call->count - 1;
	int64_t until;

	if (!mproci_argument_until(call, last, &until))
		return MPROCI_DONE;
	for (size_t i = 1; i < last; ++i) {
		mproci_binding *binding;

		if (!mproci_find_typed(call, i, type, &binding))
			return MPROCI_DONE;
		if (binding == NULL)
			continue;
		mproci_reply_array(call->reply, parts);
		mproci_reply_bulk(call->reply, call->arguments[i]);
		take(call, i, binding, is_last);
		return MPROCI_DONE;
	}
	return mproci_blocking_wait(call, call->arguments + 1, last - 1, until);
}
