/* SPDX-License-Identifier: MIT */
/*
 * The public face of sys/file_map.h.  The opaque words keep the pages that are mapped: the first one where they begin,
 * and in its low bits, which an address of a page leaves free, what the map is; the second one how many bytes they are.
 */
#include "base/error.h"
#include "base/options.h"
#include "sys/file_map.h"

#include <errno.h>
#include <mproc/mapped_file.h>
#include <string.h>

enum {
	/* Also an empty part is, until it is closed. */
	IS_OPEN = 1,
	/* What is written gets to the disk. */
	IS_WRITTEN_BACK = 2,
	BITS = IS_OPEN | IS_WRITTEN_BACK,
};

static void *base_of(const mproc_mapped_file *file)
{
	return (void *)(uintptr_t)(file->opaque[0] & ~(uint64_t)BITS);
}

static int check_access(mproc_map_access access)
{
	switch (access) {
	case MPROC_MAP_READ_ONLY:
	case MPROC_MAP_READ_WRITE:
	case MPROC_MAP_PRIVATE:
		return 0;
	}
	return mproci_fail(-EINVAL,
		"access %d: 0 (read only), 1 (read and write) and 2 (private) are possible", (int)access);
}

static int check_advice(mproc_map_advice advice)
{
	switch (advice) {
	case MPROC_MAP_NORMAL:
	case MPROC_MAP_SEQUENTIAL:
	case MPROC_MAP_RANDOM:
	case MPROC_MAP_WILL_NEED:
		return 0;
	}
	return mproci_fail(-EINVAL,
		"advice %d: 0 (normal), 1 (sequential), 2 (random) and 3 (will need) are possible",
		(int)advice);
}

static int check_grow(const mproc_map_file_options *options, size_t size)
{
	if (options->grow && options->access != MPROC_MAP_READ_WRITE)
		return mproci_fail(-EINVAL, "grow needs access %d (read and write), not %d",
			(int)MPROC_MAP_READ_WRITE, (int)options->access);
	if (options->grow && size == 0)
		return mproci_fail(-EINVAL, "grow needs a size, not 0");
	return 0;
}

static int check_options(const mproc_map_file_options *options, size_t size)
{
	int rc;

	rc = check_access(options->access);
	if (rc == 0)
		rc = check_advice(options->advice);
	if (rc == 0)
		rc = check_grow(options, size);
	if (rc == 0)
		rc = mproci_check_reserved(
			options->reserved, sizeof options->reserved / sizeof *options->reserved);
	return rc;
}

int mproc_map_file(const char *path, uint64_t offset, size_t size, const mproc_map_file_options *options,
	mproc_mapped_file *ret_file)
{
	static const mproc_map_file_options defaults;
	mproci_file_map map;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (path == NULL || ret_file == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", path == NULL ? "path" : "ret_file");
	rc = check_options(options, size);
	if (rc < 0)
		return rc;
	rc = mproci_file_map_open(path, offset, size, options, &map);
	if (rc < 0)
		return rc;
	ret_file->data = map.data;
	ret_file->size = map.size;
	ret_file->opaque[0] = (uintptr_t)map.base | IS_OPEN;
	if (options->access == MPROC_MAP_READ_WRITE)
		ret_file->opaque[0] |= IS_WRITTEN_BACK;
	ret_file->opaque[1] = map.length;
	return 0;
}

int mproc_mapped_file_sync(mproc_mapped_file *file)
{
	int rc = 0;

	if (file == NULL)
		return mproci_fail(-EINVAL, "file is NULL");
	if ((file->opaque[0] & IS_OPEN) == 0)
		return mproci_fail(-EINVAL, "file is closed");
	if ((file->opaque[0] & IS_WRITTEN_BACK) != 0 && file->size > 0)
		rc = mproci_file_map_sync(base_of(file), file->opaque[1]);
	if (rc < 0)
		return mproci_fail(rc, "mapped file of %zu bytes: not written to the disk: %s", file->size,
			strerror(-rc));
	return 0;
}

int mproc_mapped_file_close(mproc_mapped_file *file)
{
	if (file == NULL)
		return 0;
	if (file->opaque[1] > 0)
		mproci_file_map_close(base_of(file), file->opaque[1]);
	*file = (mproc_mapped_file){0};
	return 0;
}
