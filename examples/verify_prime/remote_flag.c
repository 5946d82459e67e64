/* SPDX-License-Identifier: MIT */
/*
 * A flag that a server keeps: a manager that this program starts, or a Redis server.  Each worker has a copy of it, fed by a subscription, at
 * which it looks without asking anybody; or, to see what that costs, it asks the server each time.
 *
 * Each search of each program has a flag of its own, so that nobody takes the news of another one for that of this one.
 */
#include "../command.h"
#include "flag.h"

#include <mproc-net.h>
#include <stdatomic.h>
#include <time.h>

enum {
	NAME = 96,
};

/* Seconds that the server has for an answer. */
static const double PATIENCE = 10;

/* In shared memory. */
typedef struct remote_flag {
	mproc_manager *manager;
	mproc_remote *remote;
	/* What tells this program from others that use the same server. */
	int pid;
	int64_t started;
	_Atomic unsigned search;
} remote_flag;

remote_flag_settings remote_flags;
const bool has_remote_flags = true;

/* A worker's own copy, and of which search. */
static mproc_remote_watch *watch;
static unsigned watched;

static void write_name(const remote_flag *self, unsigned search, char ret_name[NAME])
{
	snprintf(ret_name, NAME, "mproc:verify_prime:%d-%" PRId64 ":%u", self->pid, self->started, search);
}

static void destroy(void *flag)
{
	remote_flag *self = flag;
	char name[NAME];

	if (!self)
		return;
	write_name(self, self->search, name);
	if (self->remote)
		mproc_remote_flag_clear(self->remote, name, mproc_after(PATIENCE));
	mproc_remote_close(self->remote);
	mproc_manager_stop(self->manager);
	mproc_free(self);
}

/* Returns NULL after telling what failed. */
static void *create(bool is_manager)
{
	remote_flag *self = mproc_calloc(1, sizeof *self);
	int rc = self ? 0 : -ENOMEM;

	if (rc == 0) {
		self->pid = getpid();
		self->started = time(NULL);
	}
	if (rc == 0 && is_manager)
		rc = mproc_manager_start(NULL, &self->manager);
	if (rc == 0)
		rc = mproc_remote_connect(is_manager ? mproc_manager_url(self->manager) : remote_flags.redis,
			NULL, mproc_after(PATIENCE), &self->remote);
	if (rc == 0)
		return self;
	fail();
	destroy(self);
	return NULL;
}

static void *create_in_manager(void)
{
	return create(true);
}

static void *create_in_redis(void)
{
	return create(false);
}

/* Begin another search. */
static int clear(void *flag)
{
	remote_flag *self = flag;
	char name[NAME];
	int rc;

	write_name(self, self->search, name);
	rc = mproc_remote_flag_clear(self->remote, name, mproc_after(PATIENCE));
	if (rc < 0)
		return rc;
	write_name(self, ++self->search, name);
	return mproc_remote_flag_clear(self->remote, name, mproc_after(PATIENCE));
}

static int set(void *flag)
{
	remote_flag *self = flag;
	char name[NAME];

	write_name(self, self->search, name);
	return mproc_remote_flag_set(self->remote, name, mproc_after(PATIENCE));
}

static int ask(const remote_flag *self)
{
	char name[NAME];

	write_name(self, self->search, name);
	return mproc_remote_flag_get(self->remote, name, mproc_after(PATIENCE));
}

static int look(const remote_flag *self)
{
	char name[NAME];
	int rc;

	if (watch && watched != self->search)
		watch = mproc_remote_watch_close(watch);
	if (!watch) {
		watched = self->search;
		write_name(self, watched, name);
		rc = mproc_remote_watch_open(self->remote, name, mproc_after(PATIENCE), &watch);
		if (rc < 0)
			return rc;
	}
	return mproc_remote_watch_is_set(watch);
}

static int is_set(void *flag)
{
	return remote_flags.is_polled ? ask(flag) : look(flag);
}

const flag_kind MANAGER_FLAG = {create_in_manager, destroy, clear, set, is_set};
const flag_kind REDIS_FLAG = {create_in_redis, destroy, clear, set, is_set};
