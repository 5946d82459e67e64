/* SPDX-License-Identifier: MIT */
#include "library.h"

int library_function(void *unused)
{
	(void)unused;
	return LIBRARY_CODE;
}

static int hidden_function(void *unused)
{
	(void)unused;
	return LIBRARY_STATIC_CODE;
}

mproc_process_function *library_static_function(void)
{
	return hidden_function;
}
