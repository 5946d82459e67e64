/* SPDX-License-Identifier: MIT */
#include "manager/shown_flags.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

static const char PREFIX[] = "mproc:flag:";

struct mproci_shown_flag {
	mproci_shown_flag *next, *prev;
	mproci_shown *shown;
	bool was_set;
	/* The channel's name. */
	size_t size;
	char channel[];
};

/* A process has one manager. */
static mproci_shown_flag *flags;

static bool is_set(const mproci_shown *shown)
{
	if (shown->what.kind == MPROCI_SHOWN_EVENT)
		return mproc_event_is_set(shown->what.object) > 0;
	return atomic_load((const _Atomic bool *)shown->what.object);
}

int mproci_shown_flags_add(mproci_shown *shown, mproci_view name)
{
	size_t size = strlen(PREFIX) + name.size;
	mproci_shown_flag *self = calloc(1, sizeof *self + size + 1);

	if (self == NULL)
		return -ENOMEM;
	self->shown = shown;
	self->was_set = is_set(shown);
	self->size = size;
	snprintf(self->channel, size + 1, "%s%.*s", PREFIX, (int)name.size, name.bytes);
	DL_APPEND(flags, self);
	shown->flag = self;
	return 0;
}

void mproci_shown_flags_remove(mproci_shown *shown)
{
	if (shown->flag == NULL)
		return;
	DL_DELETE(flags, shown->flag);
	free(shown->flag);
	shown->flag = NULL;
}

bool mproci_shown_flags_are_there(void)
{
	return flags != NULL;
}

void mproci_shown_flags_tell(mproci_channels *channels)
{
	mproci_shown_flag *each;

	DL_FOREACH(flags, each)
	{
		bool is_now = is_set(each->shown);

		if (is_now == each->was_set)
			continue;
		each->was_set = is_now;
		mproci_channels_publish(channels, (mproci_view){each->channel, each->size},
			mproci_view_of(is_now ? "1" : "0"));
	}
}
