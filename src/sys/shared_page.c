/* SPDX-License-Identifier: MIT */
#include "sys/shared_page.h"

#include "sys/descriptor.h"
#include "sys/file_room.h"
#include "sys/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *map(int descriptor, int kind)
{
	void *page = mmap(NULL, MPROCI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | kind, descriptor, 0);

	return page == MAP_FAILED ? NULL : page;
}

/* A page without room behind it, on a full disk, would kill who touches it. */
static int see_to_room(int descriptor)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size >= MPROCI_PAGE && status.st_blocks * 512 >= MPROCI_PAGE)
		return 0;
	return mproci_file_room_reserve(descriptor, 0, MPROCI_PAGE, false, "page");
}

static int open_file(int directory, const char *name, int added)
{
	/* A pipe, which nobody writes to, would have us wait. */
	int flags = O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;

	return mproci_descriptor_lift(openat(directory, name, flags | added, 0666));
}

void *mproci_shared_page_open(int directory, const char *name)
{
	int descriptor = open_file(directory, name, O_RDWR);
	void *page = NULL;

	/* Only now: with O_CREAT the kernel refuses, in a directory like /tmp, files of others that may be written to. */
	if (descriptor == -ENOENT)
		descriptor = open_file(directory, name, O_RDWR | O_CREAT);
	if (descriptor < 0)
		return NULL;
	if (see_to_room(descriptor) == 0)
		page = map(descriptor, 0);
	close(descriptor);
	return page;
}

void *mproci_shared_page_copy(int directory, const char *name)
{
	void *page = map(-1, MAP_ANONYMOUS);
	int descriptor;

	if (page == NULL)
		return NULL;
	descriptor = open_file(directory, name, O_RDONLY);
	if (descriptor < 0)
		return page;
	if (pread(descriptor, page, MPROCI_PAGE, 0) < 0)
		memset(page, 0, MPROCI_PAGE);
	close(descriptor);
	return page;
}

void mproci_shared_page_close(void *page)
{
	if (page != NULL)
		munmap(page, MPROCI_PAGE);
}
