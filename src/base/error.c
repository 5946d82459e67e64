/* SPDX-License-Identifier: MIT */
/*
 * One text per thread, in thread-local memory: a failure in one thread never hides that of another.
 */
#include "base/error.h"

#include <mproc/result.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char error_text[MPROCI_ERROR_TEXT_SIZE];

int mproci_fail(int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error_text, sizeof error_text, format, arguments);
	va_end(arguments);
	return code;
}

int mproci_answer(int code, const char *text)
{
	memccpy(error_text, text, 0, sizeof error_text - 1);
	return code;
}

const char *mproc_error_text(void)
{
	return error_text;
}
