/* SPDX-License-Identifier: MIT */
/*
 * library.h - a library that the programs of the suite are linked with, and that one test loads
 * a second time, under another name, by dlopen.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <mproc/process.h>

enum {
	LIBRARY_CODE = 21,
	LIBRARY_STATIC_CODE = 22,
};

int library_function(void *unused);

/* One that the library does not export. */
mproc_process_function *library_static_function(void);

#endif
