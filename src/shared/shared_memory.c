/* SPDX-License-Identifier: MIT */
/*
 * A handle is ordinary memory of its process, so a forked child has its own; that both have the same pages at the same
 * address is the kernel's doing.
 */
#include "base/error.h"
#include "sys/named_memory.h"

#include <errno.h>
#include <mproc/shared_memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mproc_shared_memory {
	void *address;
	size_t size;
	char name[MPROCI_SHARED_NAME_LIMIT + 1];
};

/* The part of @name that counts, in @ret_bare. */
static int check_name(const char *name, const char **ret_bare)
{
	size_t length;

	if (name == NULL)
		return mproci_fail(-EINVAL, "name is NULL");
	if (name[0] == '/')
		++name;
	length = strlen(name);
	if (length < 1 || length > MPROCI_SHARED_NAME_LIMIT)
		return mproci_fail(
			-EINVAL, "name of %zu bytes: 1 to %d are possible", length, MPROCI_SHARED_NAME_LIMIT);
	if (strchr(name, '/') != NULL)
		return mproci_fail(
			-EINVAL, "name \"%.100s\": a slash is possible only at its beginning", name);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return mproci_fail(-EINVAL, "name \"%s\": means a directory", name);
	*ret_bare = name;
	return 0;
}

static mproc_shared_memory *make_handle(void)
{
	mproc_shared_memory *block;

	block = calloc(1, sizeof *block);
	if (block == NULL)
		mproci_fail(-ENOMEM, "no memory for a handle of shared memory");
	return block;
}

static int create_named(mproc_shared_memory *block, const char *name)
{
	snprintf(block->name, sizeof block->name, "%s", name);
	return mproci_named_memory_create(name, block->size, &block->address);
}

static int create_unnamed(mproc_shared_memory *block)
{
	int rc;

	do {
		snprintf(block->name, sizeof block->name, "mproc_%08x", mproci_named_memory_draw());
		rc = mproci_named_memory_create(block->name, block->size, &block->address);
	} while (rc == -EEXIST);
	return rc;
}

int mproc_shared_memory_create(const char *name, size_t size, mproc_shared_memory **ret_block)
{
	mproc_shared_memory *block;
	const char *bare = NULL;
	int rc = 0;

	if (ret_block == NULL)
		return mproci_fail(-EINVAL, "ret_block is NULL");
	if (size == 0)
		return mproci_fail(-EINVAL, "size is 0: at least 1 is needed");
	if (name != NULL)
		rc = check_name(name, &bare);
	if (rc < 0)
		return rc;
	block = make_handle();
	if (block == NULL)
		return -ENOMEM;
	block->size = size;
	rc = bare == NULL ? create_unnamed(block) : create_named(block, bare);
	if (rc < 0)
		free(block);
	else
		*ret_block = block;
	return rc;
}

int mproc_shared_memory_open(const char *name, mproc_shared_memory **ret_block)
{
	mproc_shared_memory *block;
	int rc;

	if (ret_block == NULL)
		return mproci_fail(-EINVAL, "ret_block is NULL");
	rc = check_name(name, &name);
	if (rc < 0)
		return rc;
	block = make_handle();
	if (block == NULL)
		return -ENOMEM;
	snprintf(block->name, sizeof block->name, "%s", name);
	rc = mproci_named_memory_open(name, &block->address, &block->size);
	if (rc < 0)
		free(block);
	else
		*ret_block = block;
	return rc;
}

void *mproc_shared_memory_address(const mproc_shared_memory *block)
{
	return block == NULL ? NULL : block->address;
}

size_t mproc_shared_memory_size(const mproc_shared_memory *block)
{
	return block == NULL ? 0 : block->size;
}

const char *mproc_shared_memory_name(const mproc_shared_memory *block)
{
	return block == NULL ? NULL : block->name;
}

mproc_shared_memory *mproc_shared_memory_close(mproc_shared_memory *block)
{
	if (block != NULL)
		mproci_named_memory_close(block->address, block->size);
	free(block);
	return NULL;
}

int mproc_shared_memory_unlink(const char *name)
{
	int rc;

	rc = check_name(name, &name);
	return rc < 0 ? rc : mproci_named_memory_unlink(name);
}
