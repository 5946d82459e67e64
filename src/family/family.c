/* SPDX-License-Identifier: MIT */
#include "family/family.h"

#include "base/error.h"
#include "base/parse_size.h"
#include "family/member.h"
#include "sys/child.h"
#include "sys/descriptor.h"
#include "sys/exec.h"
#include "sys/kept.h"
#include "sys/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const size_t LEAST = (size_t)16 << 20;
/* And the usual size: addresses cost nothing, and the arena cannot count further. */
static const size_t MOST = (size_t)256 << 30;

mproci_family *mproci_family_here;

/* Protects the making of the family against threads of the root that need it at the same time. */
static pthread_mutex_t founding = PTHREAD_MUTEX_INITIALIZER;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;

/*
 * Nobody forks while another thread is at it: the child would find half a family and a lock without a
 * holder.
 */
static void lock(void)
{
	pthread_mutex_lock(&founding);
}

static void unlock(void)
{
	pthread_mutex_unlock(&founding);
}

/* In the child.  As good as to unlock it, without running more of libc than a new process has to. */
static void renew(void)
{
	founding = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

static void register_handlers(void)
{
	mproci_process_at_fork(lock, unlock, renew);
}

static bool is_possible(size_t wished)
{
	return wished >= LEAST && wished <= MOST;
}

/* What the user of the program wishes for. */
static int read_environment(size_t *ret_wished)
{
	static const char name[] = "MPROC_ARENA_SIZE";
	const char *text = getenv(name);
	size_t wished = 0;
	int rc;

	rc = text == NULL ? 0 : mproci_parse_size(text, &wished);
	if (rc == -EINVAL)
		return mproci_fail(-EINVAL,
			"%s is \"%s\": not a number of bytes, such as 67108864, 64M or 2G", name, text);
	if (wished == 0 && rc == 0)
		wished = MOST;
	if (rc < 0 || !is_possible(wished))
		return mproci_fail(-EINVAL, "%s is \"%s\": an arena has 16M to 256G", name, text);
	*ret_wished = wished;
	return 0;
}

static size_t whole_pages(size_t size)
{
	return (size + MPROCI_PAGE - 1) / MPROCI_PAGE * MPROCI_PAGE;
}

static int found(size_t wished)
{
	mproci_family *family;
	void *base;
	size_t size;
	int rc, file;

	if (mproci_exec_is_spawned(MPROCI_FAMILY_VARIABLE))
		return mproci_fail(-ENOEXEC, "this process was started by spawn: main must call mproc_init "
					     "before anything else of mproc");
	rc = mproci_memory_reserve(whole_pages(wished), LEAST, &base, &size, &file);
	if (rc < 0)
		return rc;
	family = base;
	rc = mproci_memory_commit(family, offsetof(mproci_family, members));
	if (rc == 0)
		rc = mproci_lock_init(&family->making, MPROCI_LOCK_OF_MAKING);
	if (rc == 0)
		rc = mproci_lock_init(&family->burying, MPROCI_LOCK_OF_BURYING);
	if (rc < 0) {
		mproci_memory_unreserve(base, size);
		mproci_close(file);
		return mproci_fail(rc, "shared memory: no memory for a family");
	}
	mproci_keep(MPROCI_KEPT_MEMORY, file);
	family->size = size;
	family->wished = wished;
	mproci_family_here = family;
	return 0;
}

int mproci_family_enter(int file, void *base, size_t size)
{
	int rc;

	rc = mproci_memory_map(file, base, size);
	if (rc < 0)
		return mproci_fail(rc, "the family's memory cannot be at %p in this process too: %s", base,
			strerror(-rc));
	if (((mproci_family *)base)->size != size) {
		mproci_memory_unreserve(base, size);
		return mproci_fail(-EBADMSG, "the memory file of %zu bytes is no family's", size);
	}
	mproci_keep(MPROCI_KEPT_MEMORY, file);
	mproci_family_here = base;
	return mproci_member_prepare();
}

static int found_as_usual(void)
{
	size_t wished = 0;
	int rc;

	rc = read_environment(&wished);
	return rc < 0 ? rc : found(wished);
}

int mproci_family_join(void)
{
	int rc = 0;

	if (mproci_member_self() != 0)
		return 0;
	pthread_once(&handlers_once, register_handlers);
	lock();
	if (mproci_family_here == NULL)
		rc = found_as_usual();
	if (rc == 0 && mproci_member_self() == 0)
		rc = mproci_member_enrol();
	unlock();
	return rc;
}

static int found_with(size_t wished)
{
	if (mproci_family_here == NULL)
		return found(wished);
	if (mproci_family_here->wished != wished)
		return mproci_fail(-EALREADY, "there is an arena of %zu bytes already: not of %zu",
			mproci_family_here->wished, wished);
	return 0;
}

int mproci_family_reserve(size_t size)
{
	size_t wished = size == 0 ? MOST : size;
	int rc;

	if (!is_possible(wished))
		return mproci_fail(-EINVAL, "an arena of %zu bytes: it has %zu to %zu", wished, LEAST, MOST);
	pthread_once(&handlers_once, register_handlers);
	lock();
	rc = found_with(wished);
	if (rc == 0 && mproci_member_self() == 0)
		rc = mproci_member_enrol();
	unlock();
	return rc;
}

void mproci_family_rest(char **ret_start, char **ret_end)
{
	char *base = (char *)mproci_family_here;

	*ret_start = base + sizeof *mproci_family_here;
	*ret_end = base + mproci_family_here->size;
}

bool mproci_family_holds(const void *address)
{
	const char *base = (const char *)mproci_family_here;

	return base != NULL && (const char *)address >= base
	       && (const char *)address < base + mproci_family_here->size;
}
