/* SPDX-License-Identifier: MIT */
#include "base/deadline.h"

static const double LARGEST_SECONDS = 146.0 * 365 * 86400;

mproc_deadline mproci_deadline_add(int64_t now, double seconds)
{
	if (!(seconds > 0))
		return MPROC_NOW;
	if (seconds > LARGEST_SECONDS)
		return MPROC_FOREVER;
	return now + (int64_t)(seconds * 1e9);
}

mproc_deadline mproci_deadline_earlier(mproc_deadline a, mproc_deadline b)
{
	if (a == MPROC_FOREVER)
		return b;
	if (b == MPROC_FOREVER)
		return a;
	return a < b ? a : b;
}

bool mproci_deadline_passed(mproc_deadline deadline, int64_t now)
{
	return deadline != MPROC_FOREVER && deadline <= now;
}
