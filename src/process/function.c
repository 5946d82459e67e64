/* SPDX-License-Identifier: MIT */
/*
 * The names of functions are in a list that only grows, at its front, by one store: who reads it needs no
 * lock, and a fork finds it good at any moment.
 */
#include "process/function.h"

#include "base/error.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
	const char *name;
	mproc_process_function *function;
	struct entry *next;
} entry;

static entry *_Atomic entries;

static const entry *find_name(const entry *first, const char *name)
{
	while (first != NULL && strcmp(first->name, name) != 0)
		first = first->next;
	return first;
}

static const entry *find_function(const entry *first, mproc_process_function *function)
{
	while (first != NULL && first->function != function)
		first = first->next;
	return first;
}

static int check(const char *name, mproc_process_function *function)
{
	if (name == NULL || function == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", name == NULL ? "name" : "function");
	if (name[0] == '\0' || strlen(name) >= MPROCI_FUNCTION_NAME_SIZE)
		return mproci_fail(-EINVAL, "name of a function of %zu bytes: 1 to %d are possible",
			strlen(name), MPROCI_FUNCTION_NAME_SIZE - 1);
	return 0;
}

int mproc_process_register(const char *name, mproc_process_function *function)
{
	const entry *there;
	entry *added;
	int rc;

	rc = check(name, function);
	if (rc < 0)
		return rc;
	added = malloc(sizeof *added);
	if (added == NULL)
		return mproci_fail(-ENOMEM, "function \"%s\": no memory for its name", name);
	*added = (entry){.name = name, .function = function, .next = atomic_load(&entries)};
	do
		there = find_name(added->next, name);
	while (there == NULL && !atomic_compare_exchange_weak(&entries, &added->next, added));
	if (there == NULL)
		return 0;
	free(added);
	if (there->function != function)
		return mproci_fail(-EEXIST, "function \"%s\": the name means another function", name);
	return 0;
}

int mproci_function_describe(mproc_process_function *function, mproci_function_name *ret_name)
{
	const entry *registered = find_function(atomic_load(&entries), function);
	mproci_function_name name = {.registered = ""};
	int rc;

	if (registered != NULL) {
		snprintf(name.registered, sizeof name.registered, "%s", registered->name);
	} else {
		rc = mproci_module_place((uintptr_t)function, &name.place);
		if (rc < 0)
			return rc;
	}
	*ret_name = name;
	return 0;
}

static int find_registered(const char *name, mproc_process_function **ret_function)
{
	const entry *registered = find_name(atomic_load(&entries), name);

	if (registered == NULL)
		return mproci_fail(
			-ENOENT, "function \"%s\": main registers it nowhere before mproc_init", name);
	*ret_function = registered->function;
	return 0;
}

int mproci_function_find(const mproci_function_name *name, mproc_process_function **ret_function)
{
	uintptr_t function;
	int rc;

	if (memchr(name->registered, '\0', sizeof name->registered) == NULL)
		return mproci_fail(
			-ENOEXEC, "name of a function: longer than %d bytes", MPROCI_FUNCTION_NAME_SIZE - 1);
	if (name->registered[0] != '\0')
		return find_registered(name->registered, ret_function);
	rc = mproci_module_find(&name->place, &function);
	if (rc == 0)
		*ret_function = (mproc_process_function *)function;
	return rc;
}
