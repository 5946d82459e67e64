/* SPDX-License-Identifier: MIT */
#include "pool/functions.h"

#include "base/error.h"

#include <errno.h>
#include <stddef.h>

int mproci_functions_add(mproci_functions *functions, mproci_any_function *function)
{
	uint32_t count = atomic_load_explicit(&functions->count, memory_order_relaxed);

	for (uint32_t i = 0; i < count; ++i) {
		if (functions->of[i].address == function)
			return (int)i;
	}
	if (count == MPROCI_FUNCTIONS)
		return mproci_fail(
			-ENOSPC, "%u functions were given to this pool already: no more are possible", count);
	functions->of[count].address = function;
	functions->of[count].is_nameless =
		mproci_function_describe((mproc_process_function *)function, &functions->of[count].name) < 0;
	atomic_store_explicit(&functions->count, count + 1, memory_order_release);
	return (int)count;
}

mproci_any_function *mproci_functions_find(
	const mproci_functions *functions, mproci_found *found, mproci_function function)
{
	mproc_process_function *here;

	if (found->address[function] != NULL)
		return found->address[function];
	if (functions->of[function].is_nameless && !functions->is_copied)
		return NULL;
	if (functions->of[function].is_nameless)
		here = (mproc_process_function *)functions->of[function].address;
	else if (mproci_function_find(&functions->of[function].name, &here) < 0)
		return NULL;
	found->address[function] = (mproci_any_function *)here;
	return found->address[function];
}
