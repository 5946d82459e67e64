/* SPDX-License-Identifier: MIT */
/*
 * A value with its lock as a flag: each look locks and unlocks, which a flag that is only ever set does not need.
 */
#include "../command.h"
#include "flag.h"

static void *create(void)
{
	bool *value = mproc_value_create(sizeof *value, NULL);

	if (!value)
		fail();
	return value;
}

static void destroy(void *value)
{
	mproc_value_destroy(value);
}

static int store(bool *value, bool state)
{
	int rc = mproc_value_lock(value, MPROC_FOREVER);

	if (rc < 0)
		return rc;
	*value = state; /* right also when the last one died holding the lock: a bool is never half written */
	return mproc_value_unlock(value);
}

static int clear(void *value)
{
	return store(value, false);
}

static int set(void *value)
{
	return store(value, true);
}

static int is_set(void *value)
{
	bool is_set;
	int rc = mproc_value_lock(value, MPROC_FOREVER);

	if (rc < 0)
		return rc;
	is_set = *(bool *)value;
	rc = mproc_value_unlock(value);
	return rc < 0 ? rc : is_set;
}

const flag_kind VALUE_FLAG = {create, destroy, clear, set, is_set};
