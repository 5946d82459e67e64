/* SPDX-License-Identifier: MIT */
/*
 * pool/task.h - what a task function gets to know about its item.
 */
#ifndef POOL_TASK_H
#define POOL_TASK_H

#include <mproc/pool.h>

struct mproc_task {
	size_t index;
};

#endif
