/* SPDX-License-Identifier: MIT */
/*
 * What a task function may ask.
 */
#include "pool/task.h"

#include "arena/place.h"
#include "base/deadline.h"
#include "base/error.h"
#include "sys/clock.h"

#include <errno.h>
#include <string.h>

size_t mproc_task_index(const mproc_task *task)
{
	return task->index;
}

const void *mproc_task_context(const mproc_task *task)
{
	return task->terms->context;
}

unsigned mproc_task_attempt(const mproc_task *task)
{
	return task->attempt;
}

unsigned mproc_task_worker(const mproc_task *task)
{
	return task->worker + 1;
}

bool mproc_task_cancelled(const mproc_task *task)
{
	if (atomic_load_explicit(task->is_cancelled, memory_order_relaxed))
		return true;
	return task->soft_at != MPROC_FOREVER && mproci_deadline_passed(task->soft_at, mproci_clock_now());
}

int mproc_task_reserve(mproc_task *task, size_t size, void **ret_room)
{
	int rc;

	if (task == NULL || ret_room == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", task == NULL ? "task" : "ret_room");
	if (size == 0)
		return mproci_fail(-EINVAL, "size 0: a result has 1 byte or more");
	if (task->returned == NULL)
		return mproci_fail(
			-ENOTSUP, "result of %zu bytes: the map was called without .returned", size);
	mproci_place_empty(&task->returned->block);
	rc = mproci_place_fill(&task->returned->block, size);
	if (rc < 0)
		return rc;
	task->returned->size = size;
	*ret_room = atomic_load_explicit(&task->returned->block, memory_order_relaxed);
	return 0;
}

int mproc_task_return(mproc_task *task, const void *data, size_t size)
{
	void *room = NULL;
	int rc;

	if (data == NULL)
		return mproci_fail(-EINVAL, "data is NULL");
	rc = mproc_task_reserve(task, size, &room);
	if (rc < 0 || room == NULL)
		return rc;
	memcpy(room, data, size);
	return 0;
}

mproc_random *mproc_task_random(mproc_task *task)
{
	if (!task->has_random)
		mproc_random_init(&task->random, task->terms->seed, task->index);
	task->has_random = true;
	return &task->random;
}
