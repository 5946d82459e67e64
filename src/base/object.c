/* SPDX-License-Identifier: MIT */
#include "base/object.h"

#include "base/error.h"

#include <errno.h>
#include <stddef.h>

int mproci_check_object(const void *object, uint64_t mark, const char *noun)
{
	if (object == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", noun);
	if (*(const uint64_t *)object != mark)
		return mproci_fail(-EINVAL, "%s %p: not initialised, or destroyed", noun, object);
	return 0;
}
