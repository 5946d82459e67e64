/* SPDX-License-Identifier: MIT */
#include "manager/registry.h"

#include "base/deadline.h"
#include "base/error.h"
#include "family/member.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/manager.h>

typedef enum state {
	ASKED,
	SHOWN,
	REFUSED,
	HIDING,
} state;

/* The value of a name.  It has no gaps, for it is compared. */
typedef struct entry {
	uint32_t state;
	/* Why it was refused. */
	int32_t code;
	mproci_showing what;
} entry;

_Static_assert(sizeof(entry) == 2 * sizeof(uint32_t) + sizeof(mproci_showing), "an entry has no gaps");

/* How long the manager may take, and how often it is looked whether it lives. */
static const int64_t PATIENCE = 5000 * MPROCI_NANOSECONDS_PER_MILLISECOND;
static const int64_t LOOK = 50 * MPROCI_NANOSECONDS_PER_MILLISECOND;

int mproci_registry_init(mproci_registry *registry)
{
	/* Few change it, and it is often copied. */
	return mproc_dict_create(&(mproc_dict_options){.stripes = 1}, &registry->names);
}

void mproci_registry_end(mproci_registry *registry)
{
	registry->names = mproc_dict_destroy(registry->names);
}

static int fail_gone(const char *name)
{
	return mproci_fail(-EPIPE, "'%s': the manager is gone", name);
}

/* Have the manager follow.  Returns what it will have answered then. */
static uint64_t call(mproci_registry *registry)
{
	uint64_t ticket = atomic_fetch_add(&registry->asked, 1) + 1;

	mproci_event_count_notify(&registry->asking);
	return ticket;
}

/* Have the manager follow, and wait until it has. */
static int ask(mproci_registry *registry, const char *name)
{
	uint64_t ticket = call(registry);
	mproc_deadline end = mproci_clock_now() + PATIENCE;

	while (atomic_load_explicit(&registry->answered, memory_order_acquire) < ticket) {
		uint32_t key;

		if (!mproci_member_lives(registry->manager))
			return fail_gone(name);
		if (mproci_deadline_passed(end, mproci_clock_now()))
			return mproci_fail(-ETIMEDOUT, "'%s': the manager does not answer for %lld s", name,
				(long long)(PATIENCE / INT64_C(1000000000)));
		key = mproci_event_count_prepare(&registry->answering);
		if (atomic_load_explicit(&registry->answered, memory_order_acquire) >= ticket)
			mproci_event_count_cancel(&registry->answering);
		else
			mproci_event_count_wait_unburied(
				&registry->answering, key, mproci_clock_now() + LOOK);
	}
	return 0;
}

static int check_name(const char *name)
{
	size_t size;

	if (name == NULL)
		return mproci_fail(-EINVAL, "name is NULL");
	size = strlen(name);
	if (size == 0 || size > MPROC_MANAGER_NAME_MAX)
		return mproci_fail(
			-EINVAL, "name of %zu bytes: 1 to %d are possible", size, MPROC_MANAGER_NAME_MAX);
	return 0;
}

static int find(mproci_registry *registry, const char *name, entry *ret_entry)
{
	return mproc_dict_get(registry->names, name, strlen(name), ret_entry, sizeof *ret_entry, NULL);
}

static int exchange(mproci_registry *registry, const char *name, const entry *before, const entry *after)
{
	return mproc_dict_compare_and_set(
		registry->names, name, strlen(name), before, sizeof *before, after, sizeof *after);
}

/* What has become of what was asked for. */
static int settle(mproci_registry *registry, const char *name)
{
	entry now;
	int rc;

	rc = find(registry, name, &now);
	/* Somebody has hidden it again since. */
	if (rc == -ENOENT)
		return 0;
	if (rc < 0 || now.state != REFUSED)
		return rc;
	mproc_dict_delete(registry->names, name, strlen(name));
	if (now.code == -EEXIST)
		return mproci_fail(-EEXIST, "'%s': a client has made a key of that name", name);
	return mproci_fail(now.code, "'%s': the manager cannot show it: %s", name, strerror(-now.code));
}

static bool is_hiding(mproci_registry *registry, const char *name)
{
	entry now;

	return find(registry, name, &now) == 0 && now.state == HIDING;
}

static int add(mproci_registry *registry, const char *name, const entry *asked)
{
	return mproc_dict_set_if_absent(registry->names, name, strlen(name), asked, sizeof *asked);
}

/* Returns 0, or a negative errno with an error text. */
static int claim(mproci_registry *registry, const char *name, const entry *asked)
{
	int rc;

	rc = add(registry, name, asked);
	/* Left so by somebody who was killed, or has given up: it is free when the manager has let go of it. */
	if (rc == -EEXIST && is_hiding(registry, name)) {
		rc = ask(registry, name);
		if (rc == 0)
			rc = add(registry, name, asked);
	}
	return rc == -EEXIST ? mproci_fail(-EEXIST, "'%s': something is shown under that name", name) : rc;
}

/* The manager does not answer: when it does, it must let go of the name if it has bound it.  Returns @rc, or what has become of the name meanwhile. */
static int give_up(mproci_registry *registry, const char *name, const entry *asked, int rc)
{
	entry after = *asked;

	after.state = HIDING;
	if (exchange(registry, name, asked, &after) == -ESTALE)
		return settle(registry, name);
	call(registry);
	return rc;
}

int mproci_registry_show(mproci_registry *registry, const char *name, const mproci_showing *what)
{
	const entry asked = {.state = ASKED, .what = *what};
	int rc;

	rc = check_name(name);
	if (rc == 0)
		rc = claim(registry, name, &asked);
	if (rc < 0)
		return rc;
	rc = ask(registry, name);
	if (rc == 0)
		return settle(registry, name);
	if (rc == -ETIMEDOUT)
		return give_up(registry, name, &asked, rc);
	mproc_dict_delete(registry->names, name, strlen(name));
	return rc;
}

/* Returns 0: it is being hidden, by this process or another one; otherwise a negative errno with an error text. */
static int begin_hiding(mproci_registry *registry, const char *name)
{
	entry before, after;
	int rc;

	do {
		rc = find(registry, name, &before);
		if (rc == -ENOENT)
			return mproci_fail(-ENOENT, "'%s': nothing is shown under that name", name);
		after = before;
		after.state = HIDING;
		if (rc == 0)
			rc = exchange(registry, name, &before, &after);
	} while (rc == -ESTALE);
	return rc;
}

int mproci_registry_hide(mproci_registry *registry, const char *name)
{
	int rc;

	rc = check_name(name);
	if (rc == 0)
		rc = begin_hiding(registry, name);
	return rc < 0 ? rc : ask(registry, name);
}

/* A name that is in the registry, for the manager. */
static int follow_one(
	mproci_registry *registry, mproci_keyspace *keyspace, const mproc_snapshot_entry *each, entry now)
{
	mproci_view name = {each->key, each->key_size};
	entry after = now;
	int rc;

	if (now.state == HIDING) {
		mproci_shown_unbind(keyspace, name);
		rc = mproc_dict_delete(registry->names, name.bytes, name.size);
		return rc == -ENOENT ? 0 : rc;
	}
	if (now.state != ASKED)
		return 0;
	after.code = mproci_shown_bind(keyspace, name, &now.what);
	after.state = after.code == 0 ? SHOWN : REFUSED;
	rc = mproc_dict_compare_and_set(
		registry->names, name.bytes, name.size, each->value, each->value_size, &after, sizeof after);
	if (rc < 0 && after.state == SHOWN)
		mproci_shown_unbind(keyspace, name);
	/* Hidden again meanwhile, or given up: that was asked for as well. */
	return rc == -ESTALE || rc == -ENOENT ? 0 : rc;
}

static int follow_all(mproci_registry *registry, mproci_keyspace *keyspace)
{
	mproc_snapshot *all;
	entry now;
	int rc;

	rc = mproc_dict_snapshot(registry->names, &all);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < all->count; ++i) {
		/* Whatever else has come there is none of ours. */
		if (all->entries[i].value_size != sizeof now)
			continue;
		memcpy(&now, all->entries[i].value, sizeof now);
		rc = follow_one(registry, keyspace, &all->entries[i], now);
	}
	mproc_snapshot_close(all);
	return rc;
}

int mproci_registry_follow(mproci_registry *registry, mproci_keyspace *keyspace)
{
	uint64_t asked = atomic_load(&registry->asked);
	int rc;

	if (asked == atomic_load_explicit(&registry->answered, memory_order_relaxed))
		return 0;
	rc = follow_all(registry, keyspace);
	if (rc < 0)
		return rc;
	atomic_store_explicit(&registry->answered, asked, memory_order_release);
	mproci_event_count_notify(&registry->answering);
	return 0;
}

void mproci_registry_leave(mproci_registry *registry, mproci_keyspace *keyspace)
{
	mproc_snapshot *all;

	if (mproc_dict_snapshot(registry->names, &all) < 0)
		return;
	for (size_t i = 0; i < all->count; ++i)
		mproci_shown_unbind(keyspace, (mproci_view){all->entries[i].key, all->entries[i].key_size});
	mproc_snapshot_close(all);
}
