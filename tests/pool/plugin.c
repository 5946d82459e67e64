/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - a task function in a library that a program loads when its pool is open already.
 */
#include <mproc.h>

MPROC_API int plugin_task(const void *item, void *result, mproc_task *task);

int plugin_task(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	(void)task;
	return 0;
}
