/* SPDX-License-Identifier: MIT */
#include "remote/owner.h"

#include "sys/hmac.h"

#include <stdint.h>
#include <stdio.h>

int mproci_owner_make(char ret_owner[MPROCI_OWNER_SIZE])
{
	uint64_t bits[2];
	int rc;

	rc = mproci_random(bits, sizeof bits);
	if (rc < 0)
		return rc;
	snprintf(ret_owner, MPROCI_OWNER_SIZE, "%016llx%016llx", (unsigned long long)bits[0],
		(unsigned long long)bits[1]);
	return 0;
}
