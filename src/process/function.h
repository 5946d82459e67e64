/* SPDX-License-Identifier: MIT */
/*
 * process/function.h - functions, said so that another process of the program finds them.
 */
#ifndef PROCESS_FUNCTION_H
#define PROCESS_FUNCTION_H

#include "sys/module.h"

#include <mproc/process.h>

enum {
	MPROCI_FUNCTION_NAME_SIZE = 64,
};

/* What a child is to run. */
typedef struct mproci_function_name {
	/*
	 * What it is registered as (mproc_process_register); "" when it is not, then @place is what
	 * counts.
	 */
	char registered[MPROCI_FUNCTION_NAME_SIZE];
	mproci_place place;
} mproci_function_name;

/* Say how another process finds @function.  Returns 0, or fails as mproci_module_place. */
int mproci_function_describe(mproc_process_function *function, mproci_function_name *ret_name);

/*
 * Find it here.  @name comes from a peer and may be anything.  Returns 0; with an error text -ENOENT: it
 * is registered under a name that means nothing here; -ENOEXEC: the name has no end; or fails as
 * mproci_module_find.
 */
int mproci_function_find(const mproci_function_name *name, mproc_process_function **ret_function);

#endif
