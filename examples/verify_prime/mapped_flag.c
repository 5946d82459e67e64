/* SPDX-License-Identifier: MIT */
/*
 * A byte of a mapped file as a flag.  Workers inherit the map, and programs that are no family could map the same file;
 * here nobody else shall, so the file loses its name at once, and is gone with the last process that has it mapped.
 */
#include "../command.h"
#include "flag.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

static void *map_byte(const char *path)
{
	const mproc_map_file_options options = {.access = MPROC_MAP_READ_WRITE, .grow = true};
	mproc_mapped_file *file = malloc(sizeof *file);

	if (file && mproc_map_file(path, 0, sizeof(atomic_bool), &options, file) == 0)
		return file;
	fail();
	free(file);
	return NULL;
}

static void *create(void)
{
	const char *directory = getenv("TMPDIR");
	char path[4096];
	void *file;
	int fd;

	snprintf(path, sizeof path, "%s/verify_prime-XXXXXX", directory ? directory : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0) {
		complain("%s: %s", path, strerror(errno));
		return NULL;
	}
	close(fd);
	file = map_byte(path);
	unlink(path);
	return file;
}

static void destroy(void *file)
{
	mproc_mapped_file_close(file);
	free(file);
}

static atomic_bool *byte_of(void *file)
{
	return (atomic_bool *)((mproc_mapped_file *)file)->data;
}

static int clear(void *file)
{
	atomic_store_explicit(byte_of(file), false, memory_order_relaxed);
	return 0;
}

static int set(void *file)
{
	atomic_store_explicit(byte_of(file), true, memory_order_relaxed);
	return 0;
}

static int is_set(void *file)
{
	return atomic_load_explicit(byte_of(file), memory_order_relaxed);
}

const flag_kind MAPPED_FLAG = {create, destroy, clear, set, is_set};
