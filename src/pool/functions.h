/* SPDX-License-Identifier: MIT */
/*
 * pool/functions.h - the functions that a pool was given, said so that its workers find them: a list that only grows.
 */
#ifndef POOL_FUNCTIONS_H
#define POOL_FUNCTIONS_H

#include "process/function.h"

#include <mproc/pool.h>
#include <stdatomic.h>

enum {
	MPROCI_FUNCTIONS = 256,
};

/* Any of the program's; cast to what it is before it is called. */
typedef void mproci_any_function(void);

/* A place in the list. */
typedef uint32_t mproci_function;

/* In shared memory. */
typedef struct mproci_functions {
	/* The workers are this process, or were forked from it. */
	bool is_copied;
	_Atomic uint32_t count;
	struct {
		mproci_any_function *address;
		/* It lies in no loaded file, so that only a fork finds it: at its address. */
		bool is_nameless;
		mproci_function_name name;
	} of[MPROCI_FUNCTIONS];
} mproci_functions;

/* What a worker has found, in its own memory. */
typedef struct mproci_found {
	mproci_any_function *address[MPROCI_FUNCTIONS];
} mproci_found;

/*
 * Add a function, unless it is there.  For who has a lock on the list.  Returns its place, or -ENOSPC with an error text.
 */
int mproci_functions_add(mproci_functions *functions, mproci_any_function *function);

/*
 * Find a function in this process.  Returns it; NULL, with an error text, when it is not there: it was loaded after the
 * pool was opened.
 */
mproci_any_function *mproci_functions_find(
	const mproci_functions *functions, mproci_found *found, mproci_function function);

#endif
