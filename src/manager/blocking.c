/* SPDX-License-Identifier: MIT */
#include "manager/blocking.h"

#include "manager/arguments.h"
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
