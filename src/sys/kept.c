/* SPDX-License-Identifier: MIT */
#include "sys/kept.h"

#include "sys/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

typedef struct kept {
	bool is_there;
	int descriptor;
	mproci_file_id id;
} kept;

static kept all[MPROCI_KEPT_COUNT];

int mproci_kept(mproci_kept_name name)
{
	const kept *one = &all[name];

	return one->is_there && mproci_descriptor_is(one->descriptor, one->id) ? one->descriptor : -1;
}

void mproci_keep(mproci_kept_name name, int descriptor)
{
	mproci_close(mproci_kept(name));
	all[name] = (kept){
		.is_there = descriptor >= 0,
		.descriptor = descriptor,
		.id = mproci_descriptor_id(descriptor),
	};
}

int mproci_kept_move(mproci_kept_name name)
{
	int moved = fcntl(all[name].descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (moved < 0)
		return -errno;
	all[name].descriptor = moved;
	return 0;
}
