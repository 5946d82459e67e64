/* SPDX-License-Identifier: MIT */
/*
 * manager/decimal.h - numbers with a fraction as INCRBYFLOAT and HINCRBYFLOAT read and write them.
 */
#ifndef MANAGER_DECIMAL_H
#define MANAGER_DECIMAL_H

#include "manager/view.h"

enum {
	/* Every long double fits, with 17 digits behind the point. */
	MPROCI_DECIMAL_SIZE = 5 * 1024,
};

/* Returns whether it is a number, which may be infinite. */
bool mproci_decimal_read(mproci_view text, long double *ret_number);

/* Without zeroes at the end.  Returns what was written into the buffer. */
mproci_view mproci_decimal_write(long double number, char buffer[MPROCI_DECIMAL_SIZE]);

#endif
