/* SPDX-License-Identifier: MIT */
#include "family/family.h"

#include "base/error.h"
#include "family/member.h"
#include "sys/child.h"
#include "sys/memory.h"

#include <errno.h>
#include <pthread.h>

static const size_t WISHED = (size_t)256 << 30;
static const size_t LEAST = (size_t)16 << 20;

mproci_family *mproci_family_here;

/* Protects the making of the family against threads of the root that need it at the same time. */
static pthread_mutex_t founding = PTHREAD_MUTEX_INITIALIZER;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;

/* Nobody forks while another thread is at it: the child would find half a family and a lock without a holder. */
static void lock(void)
{
	pthread_mutex_lock(&founding);
}

static void unlock(void)
{
	pthread_mutex_unlock(&founding);
}

static void register_handlers(void)
{
	mproci_process_at_fork(lock, unlock, unlock);
}

static int found(void)
{
	mproci_family *family;
	void *base;
	size_t size;
	int rc;

	rc = mproci_memory_reserve(WISHED, LEAST, &base, &size);
	if (rc < 0)
		return rc;
	family = base;
	rc = mproci_memory_commit(family, offsetof(mproci_family, members));
	if (rc == 0)
		rc = mproci_lock_init(&family->making);
	if (rc == 0)
		rc = mproci_lock_init(&family->burying);
	if (rc < 0) {
		mproci_memory_unreserve(base, size);
		return mproci_fail(rc, "shared memory: no memory for a family");
	}
	family->size = size;
	mproci_family_here = family;
	return 0;
}

int mproci_family_join(void)
{
	int rc = 0;

	if (mproci_member_self() != 0)
		return 0;
	pthread_once(&handlers_once, register_handlers);
	lock();
	if (mproci_family_here == NULL)
		rc = found();
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
