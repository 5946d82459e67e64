/* SPDX-License-Identifier: MIT */
/*
 * An event as a flag: looking at it is one load, and who has nothing else to do could also wait for it.
 */
#include "../command.h"
#include "flag.h"

static void *create(void)
{
	mproc_event *event = mproc_alloc(sizeof *event);

	if (event)
		mproc_event_init(event);
	else
		fail();
	return event;
}

static void destroy(void *event)
{
	if (event)
		mproc_event_destroy(event);
	mproc_free(event);
}

static int clear(void *event)
{
	return mproc_event_clear(event);
}

static int set(void *event)
{
	return mproc_event_set(event);
}

static int is_set(void *event)
{
	return mproc_event_is_set(event);
}

const flag_kind EVENT_FLAG = {create, destroy, clear, set, is_set};
