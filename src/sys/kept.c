/* SPDX-License-Identifier: MIT */
#include "sys/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct kept {
	bool is_there;
	int descriptor;
	dev_t device;
	ino_t inode;
} kept;

static kept all[MPROCI_KEPT_COUNT];

int mproci_kept(mproci_kept_name name)
{
	const kept *one = &all[name];
	struct stat info;

	if (!one->is_there || fstat(one->descriptor, &info) != 0 || info.st_dev != one->device
		|| info.st_ino != one->inode)
		return -1;
	return one->descriptor;
}

void mproci_keep(mproci_kept_name name, int descriptor)
{
	struct stat info;
	int before = mproci_kept(name);

	if (before >= 0)
		close(before);
	all[name] = (kept){.is_there = descriptor >= 0 && fstat(descriptor, &info) == 0};
	if (all[name].is_there)
		all[name] = (kept){true, descriptor, info.st_dev, info.st_ino};
}

int mproci_kept_move(mproci_kept_name name)
{
	int moved = fcntl(all[name].descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (moved < 0)
		return -errno;
	all[name].descriptor = moved;
	return 0;
}
