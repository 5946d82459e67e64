/* SPDX-License-Identifier: MIT */
#include "manager/shown.h"

#include <mproc/event.h>

int mproci_shown_update_event(mproci_shown *shown, mproci_shown_change *change, void *context)
{
	int rc = mproc_event_is_set(shown->what.object);
	bool is_set = rc > 0;

	if (rc < 0)
		return rc;
	rc = change(context, &is_set);
	if (rc <= 0)
		return rc;
	return is_set ? mproc_event_set(shown->what.object) : mproc_event_clear(shown->what.object);
}
