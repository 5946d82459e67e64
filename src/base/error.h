/* SPDX-License-Identifier: MIT */
/*
 * base/error.h - the text behind mproc_error_text().
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/private.h"

enum {
	MPROCI_ERROR_TEXT_SIZE = 256
};

/* Set this thread's error text and return @code, so that a failure is one statement. */
MPROCI_PRIVATE int mproci_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with a text that is as it is: for answers that are no mistakes, which come often. */
MPROCI_PRIVATE int mproci_answer(int code, const char *text);

#endif
