/* SPDX-License-Identifier: MIT */
/*
 * What a library that was loaded for one other alone (RTLD_LOCAL, as Python loads its modules) defines is
 * not to be seen in the program; so each is asked by itself.  Only libraries whose names say what they may
 * be are asked: looking up a symbol in all of a hundred takes a while.
 */
#include "sys/thread_budget.h"

#include <assert.h>
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	VARIABLES = 3,
	CANDIDATES = 32,
	/* omp_pause_soft: what was set stays. */
	PAUSE_SOFT = 1
};

struct interface {
	const char *set;
	const char *get;
	/* They take and return an int64_t, and not an int. */
	bool is_wide;
	/* Any of these, if the user has set it, says how many. */
	const char *variables[VARIABLES];
};

static const struct interface interfaces[] = {
	{"omp_set_num_threads", "omp_get_max_threads", false, {"OMP_NUM_THREADS"}},
	{"openblas_set_num_threads", "openblas_get_num_threads", false,
		{"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"}},
	{"openblas_set_num_threads64_", "openblas_get_num_threads64_", false,
		{"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"}},
	{"scipy_openblas_set_num_threads", "scipy_openblas_get_num_threads", false,
		{"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"}},
	{"scipy_openblas_set_num_threads64_", "scipy_openblas_get_num_threads64_", false,
		{"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"}},
	{"MKL_Set_Num_Threads", "MKL_Get_Max_Threads", false, {"MKL_NUM_THREADS", "OMP_NUM_THREADS"}},
	{"bli_thread_set_num_threads", "bli_thread_get_num_threads", true,
		{"BLIS_NUM_THREADS", "OMP_NUM_THREADS"}},
};

static const char common_variable[] = "OMP_NUM_THREADS";

/* We have set it, in this process or one that it was forked from. */
static bool is_common_variable_ours;

/* To be asked: RTLD_DEFAULT, or what dlopen has returned. */
typedef void asker(void *library, unsigned threads);

struct candidates {
	size_t count;
	char *paths[CANDIDATES];
};

static bool is_candidate(const char *path)
{
	static const char *const parts[] = {"omp", "blas", "mkl_rt", "blis"};
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strstr(name, parts[i]) != NULL)
			return true;
	return false;
}

static int collect(struct dl_phdr_info *library, size_t size, void *argument)
{
	struct candidates *candidates = argument;

	(void)size;
	if (candidates->count < CANDIDATES && is_candidate(library->dlpi_name))
		candidates->paths[candidates->count++] = strdup(library->dlpi_name);
	return 0;
}

static void ask_one(const char *path, asker *ask, unsigned threads)
{
	void *library = path == NULL ? NULL : dlopen(path, RTLD_LAZY | RTLD_NOLOAD);

	if (library == NULL)
		return;
	ask(library, threads);
	dlclose(library);
}

/* The program comes first: what it is linked with is part of it. */
static void ask_all(asker *ask, unsigned threads)
{
	struct candidates candidates = {0};

	ask(RTLD_DEFAULT, threads);
	/* Which lets no other thread load or unload anything meanwhile, and so must not either. */
	dl_iterate_phdr(collect, &candidates);
	for (size_t i = 0; i < candidates.count; i++) {
		ask_one(candidates.paths[i], ask, threads);
		free(candidates.paths[i]);
	}
}

static bool has_user_set(const char *variable)
{
	const char *value = getenv(variable);

	if (value == NULL || *value == '\0')
		return false;
	return !is_common_variable_ours || strcmp(variable, common_variable) != 0;
}

static bool has_user_decided(const struct interface *interface)
{
	for (size_t i = 0; i < VARIABLES && interface->variables[i] != NULL; i++)
		if (has_user_set(interface->variables[i]))
			return true;
	return false;
}

static void lower_int(void *set, void *get, int threads)
{
	if (((int (*)(void))get)() > threads)
		((void (*)(int))set)(threads);
}

static void lower_wide(void *set, void *get, int64_t threads)
{
	if (((int64_t(*)(void))get)() > threads)
		((void (*)(int64_t))set)(threads);
}

static void lower_threads(void *library, unsigned threads)
{
	for (size_t i = 0; i < sizeof interfaces / sizeof *interfaces; i++) {
		const struct interface *interface = &interfaces[i];
		void *set = dlsym(library, interface->set);
		void *get = set == NULL ? NULL : dlsym(library, interface->get);

		if (get == NULL || has_user_decided(interface))
			continue;
		if (interface->is_wide)
			lower_wide(set, get, threads);
		else
			lower_int(set, get, (int)threads);
	}
}

static void tell_environment(unsigned threads)
{
	char text[16];

	if (has_user_set(common_variable))
		return;
	snprintf(text, sizeof text, "%u", threads);
	if (setenv(common_variable, text, 1) == 0)
		is_common_variable_ours = true;
}

void mproci_thread_budget_set(unsigned threads)
{
	assert(threads > 0 && threads <= INT_MAX);
	ask_all(lower_threads, threads);
	tell_environment(threads);
}

/* Of the host alone: what runs on other devices does not mind a fork. */
static void dismiss_threads(void *library, unsigned unused)
{
	void *host = dlsym(library, "omp_get_initial_device");
	void *pause = host == NULL ? NULL : dlsym(library, "omp_pause_resource");

	(void)unused;
	if (pause != NULL)
		((int (*)(int, int))pause)(PAUSE_SOFT, ((int (*)(void))host)());
}

void mproci_thread_budget_dismiss(void)
{
	ask_all(dismiss_threads, 0);
}
