/* SPDX-License-Identifier: MIT */
#include "base/object.h"

#include "base/error.h"

#include <errno.h>

int mproci_refuse_object(const void *object, const char *noun)
{
	if (object == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", noun);
	return mproci_fail(-EINVAL, "%s %p: not initialised, or destroyed", noun, object);
}
