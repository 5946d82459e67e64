/* SPDX-License-Identifier: MIT */
#include "shared/value.h"

#include "base/error.h"
#include "base/options.h"
#include "family/family.h"
#include "sync/mutex.h"
#include "sys/null.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/mutex.h>
#include <mproc/value.h>
#include <stdbool.h>
#include <string.h>

static const uint64_t MARK = UINT64_C(0x76616c75652e6f6b);

enum {
	ALIGNMENT = 16
};

/* What lies in front of a value, which is aligned as its block is. */
typedef struct header {
	_Alignas(ALIGNMENT) mproc_mutex lock;
	size_t count;
	/* Tells a value from other memory, and from a copy of one. */
	uint64_t mark;
} header;

static header *header_of(void *value)
{
	return (header *)value - 1;
}

static uint64_t mark_of(const header *self)
{
	return MARK ^ (uintptr_t)self;
}

/* What is not in the family's memory is not even looked at. */
static bool is_value(const void *value)
{
	const header *self;

	if ((uintptr_t)value % ALIGNMENT != 0 || !mproci_family_holds(value))
		return false;
	self = (const header *)value - 1;
	return mproci_family_holds(self) && self->mark == mark_of(self);
}

static int check(const void *value)
{
	if (value == NULL)
		return mproci_fail(-EINVAL, "value is NULL");
	return is_value(value) ? 0 : mproci_fail(-EINVAL, "%p is no value, or was destroyed", value);
}

static size_t size_of_header_and(size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes)
			       || __builtin_add_overflow(bytes, sizeof(header), &bytes)
		       ? 0
		       : bytes;
}

static int init(header *self, size_t count, size_t size, const void *initial)
{
	int rc;

	rc = mproc_mutex_init(&self->lock, &(mproc_mutex_options){.recursive = true});
	if (rc < 0)
		return rc;
	self->count = count;
	if (initial != NULL)
		memcpy(self + 1, initial, count * size);
	self->mark = mark_of(self);
	return 0;
}

void *mproc_array_create(size_t count, size_t size, const mproc_value_options *options)
{
	static const mproc_value_options defaults;
	header *self;
	int rc;

	if (options == NULL)
		options = &defaults;
	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc == 0 && (count == 0 || size == 0))
		rc = mproci_fail(-EINVAL, "%zu items of %zu bytes: at least 1 byte", count, size);
	if (rc == 0 && size_of_header_and(count, size) == 0)
		rc = mproci_fail(-EOVERFLOW, "%zu items of %zu bytes: at most %zu bytes", count, size,
			SIZE_MAX - sizeof(header));
	if (rc < 0)
		return mproci_null(rc);
	self = mproc_calloc(1, size_of_header_and(count, size));
	if (self == NULL)
		return NULL;
	rc = init(self, count, size, options->initial);
	if (rc < 0) {
		mproc_free(self);
		return mproci_null(rc);
	}
	return self + 1;
}

void *mproc_value_create(size_t size, const mproc_value_options *options)
{
	return mproc_array_create(1, size, options);
}

size_t mproc_array_count(const void *array)
{
	return check(array) < 0 ? 0 : ((const header *)array - 1)->count;
}

int mproc_value_lock(void *value, mproc_deadline deadline)
{
	int rc;

	rc = check(value);
	return rc < 0 ? rc : mproc_mutex_lock(&header_of(value)->lock, deadline);
}

int mproc_value_unlock(void *value)
{
	int rc;

	rc = check(value);
	return rc < 0 ? rc : mproc_mutex_unlock(&header_of(value)->lock);
}

int mproci_value_unlock_as_dead(void *value)
{
	return mproci_mutex_unlock_as_dead(&header_of(value)->lock);
}

int mproc_value_destroy(void *value)
{
	int rc;

	if (value == NULL)
		return 0;
	rc = check(value);
	if (rc < 0)
		return rc;
	/* Who was killed further down has left a value whose mutex is no more. */
	if (mproc_mutex_destroy(&header_of(value)->lock) == -EBUSY)
		return mproci_fail(-EBUSY, "value %p: somebody holds its lock", value);
	/* Memory that is reused must not look like a value. */
	header_of(value)->mark = 0;
	return mproc_free(header_of(value));
}
