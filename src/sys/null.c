/* SPDX-License-Identifier: MIT */
#include "sys/null.h"

#include <errno.h>
#include <stddef.h>

void *mproci_null(int rc)
{
	errno = -rc;
	return NULL;
}
