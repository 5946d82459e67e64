/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "store/stored.h"
#include "store/walk.h"
#include "sys/file_front.h"

#include <errno.h>
#include <string.h>

enum {
	/* Room for what is in front of a result of a function with the longest name. */
	MOST_FRONT = 512,
};

typedef struct showing {
	const mproc_cache *cache;
	mproc_cache_visitor *visitor;
	void *argument;
} showing;

/* A link, a pipe, a socket. */
static bool is_no_file(int rc)
{
	return rc == -ELOOP || rc == -ESPIPE || rc == -ENXIO;
}

/* Returns 1 and the header and name of a result; 0: it is none, or gone; or a negative errno with an error text. */
static int read_front(const showing *self, const mproci_met *met, mproci_stored *ret_header,
	char ret_name[static MOST_FRONT])
{
	unsigned char front[MOST_FRONT] = {0};
	int got = mproci_file_front_read(met->directory, met->name, front, sizeof front);

	if (got == -ENOENT || is_no_file(got))
		return 0;
	if (got < 0) {
		mproci_fail(got, "%s: %s", met->name, strerror(-got));
		mproci_cache_fail(self->cache, got);
		return got;
	}
	if (!mproci_stored_front_is_possible(front, (size_t)got, met->status.size))
		return 0;
	mproci_stored_read(front, ret_header);
	memcpy(ret_name, front + sizeof *ret_header, ret_header->name_size);
	ret_name[ret_header->name_size] = '\0';
	return memcmp(ret_header->digest, met->digest.bytes, MPROCI_DIGEST_NAMED) == 0;
}

static int show(const mproci_met *met, void *argument)
{
	const showing *self = argument;
	char name[MOST_FRONT];
	mproci_stored header;
	mproc_cache_entry entry;
	int rc;

	rc = read_front(self, met, &header, name);
	if (rc <= 0)
		return rc;
	entry = (mproc_cache_entry){
		.function = name,
		.version = header.version,
		.arguments_size = header.arguments_size,
		.size = header.size,
		.cost = mproci_cache_seconds((int64_t)header.cost),
		.stored = mproci_cache_seconds(header.stored),
		.used = mproci_cache_seconds(header.stored),
	};
	if (self->cache->max_bytes != UINT64_MAX)
		entry.used = mproci_cache_seconds(met->status.used);
	return self->visitor(&entry, self->argument);
}

int mproc_cache_each(mproc_cache *cache, mproc_cache_visitor *visitor, void *argument)
{
	showing self = {.cache = cache, .visitor = visitor, .argument = argument};
	int rc = mproci_cache_check(cache);

	if (rc < 0)
		return rc;
	if (visitor == NULL)
		return mproci_fail(-EINVAL, "visitor is NULL");
	return mproci_walk(cache, show, &self);
}
