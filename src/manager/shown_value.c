/* SPDX-License-Identifier: MIT */
#include "collections/collection.h"
#include "manager/shown.h"
#include "shared/value.h"

#include <errno.h>
#include <mproc/result.h>
#include <mproc/value.h>

int mproci_shown_update_value(mproci_shown *shown, mproci_shown_change *change, void *context)
{
	int rc, locked;

	locked = mproc_value_lock(shown->what.object, MPROCI_COLLECTION_HURRY);
	if (locked < 0)
		return locked;
	rc = change(context, shown->what.object);
	/* That its holder died is news for the family, which knows what to look at. */
	if (locked == MPROC_OWNER_DIED)
		mproci_value_unlock_as_dead(shown->what.object);
	else
		mproc_value_unlock(shown->what.object);
	return rc;
}
