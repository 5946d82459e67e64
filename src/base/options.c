/* SPDX-License-Identifier: MIT */
#include "base/options.h"

#include "base/error.h"

#include <errno.h>

int mproci_check_reserved(const uint64_t *reserved, size_t count)
{
	for (size_t i = 0; i < count; ++i) {
		if (reserved[i] != 0)
			return mproci_fail(
				-EINVAL, "reserved[%zu] is %llu, not 0", i, (unsigned long long)reserved[i]);
	}
	return 0;
}
