/* SPDX-License-Identifier: MIT */
/*
 * The lock of a key is that on one byte of the file flights, the one whose number the digest begins with.  Nothing is ever written
 * there: the file has no bytes, and a lock needs none.
 *
 * Who has the flight: who has locked the byte and has found after that that the name leads to the file.  One at a time, for a
 * byte has one lock, which belongs to the open file: each flight opens it for itself, so threads exclude each other too.
 * While nobody removes the file, those who come find the same one.  If somebody does (rm -r), who waited finds that out when he
 * has the lock, and makes the next file (src/shared/file_lock.c); only who has a flight already goes on beside those, and the same
 * is computed twice.  Two keys whose digests begin with the same 63 bits would wait for each other; nobody knows two.
 *
 * Whoever ends, killed for instance, leaves nothing: the kernel gives the lock to one of those who wait.  A forked child closes
 * its copy at once.
 *
 * A file for each key, removed at its end, took longer than the rest of a put: ext4 looks through all that were removed in the last
 * minutes whenever one is made.
 */
#include "store/flight.h"

#include "shared/file_lock.h"
#include "sys/child.h"
#include "sys/descriptor.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* What this thread is computing. */
static _Thread_local mproci_flight *innermost;

static bool is_same_directory(const mproc_cache *one, const mproc_cache *other)
{
	return one == other || mproci_descriptor_is(one->directory, mproci_descriptor_id(other->directory));
}

/* A child, forked by a function, is not who computes: its parent is, and may be done before the child. */
static bool is_computing(const mproc_cache *cache, const mproci_digest *digest)
{
	for (const mproci_flight *each = innermost; each != NULL; each = each->outer) {
		if (memcmp(&each->digest, digest, sizeof *digest) == 0 && each->process == mproci_process_id()
			&& is_same_directory(each->cache, cache))
			return true;
	}
	return false;
}

bool mproci_flight_is_nested(void)
{
	for (const mproci_flight *each = innermost; each != NULL; each = each->outer) {
		if (each->lock != NULL)
			return true;
	}
	return false;
}

/* Little-endian, for machines may share a directory. */
static int64_t byte_of(const mproci_digest *digest)
{
	uint64_t front;

	memcpy(&front, digest->bytes, sizeof front);
	return (int64_t)(le64toh(front) & INT64_MAX);
}

static void enter(
	mproc_cache *cache, const mproci_digest *digest, mproc_file_lock *lock, mproci_flight *ret_flight)
{
	*ret_flight = (mproci_flight){
		.cache = cache,
		.lock = lock,
		.digest = *digest,
		.process = mproci_process_id(),
		.outer = innermost,
	};
	innermost = ret_flight;
}

int mproci_flight_begin(
	mproc_cache *cache, const mproci_digest *digest, mproc_deadline deadline, mproci_flight *ret_flight)
{
	mproc_file_lock *lock = NULL;
	int rc;

	if (is_computing(cache, digest))
		return -EDEADLK;
	rc = mproci_file_lock_open_byte(cache->directory, "flights", byte_of(digest), &lock);
	if (rc < 0)
		return rc;
	rc = mproc_file_lock_acquire(lock, deadline);
	if (rc < 0)
		mproc_file_lock_close(lock);
	else
		enter(cache, digest, lock, ret_flight);
	return rc;
}

int mproci_flight_begin_alone(mproc_cache *cache, const mproci_digest *digest, mproci_flight *ret_flight)
{
	if (is_computing(cache, digest))
		return -EDEADLK;
	enter(cache, digest, NULL, ret_flight);
	return 0;
}

void mproci_flight_end(mproci_flight *flight)
{
	mproc_file_lock_close(flight->lock);
	innermost = flight->outer;
}
