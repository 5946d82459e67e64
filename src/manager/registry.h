/* SPDX-License-Identifier: MIT */
/*
 * manager/registry.h - what the family wants to have shown, in its memory: names and objects, which the manager follows.
 *
 * Who changes it asks the manager to follow, by counting up, and waits until that has answered: then nothing is as it was before.  A name is ASKED for until the manager has
 * bound it; then SHOWN, or REFUSED; it is HIDING until the manager has let go of it, and taken it out.  Somebody killed on the way leaves a name that is as it is until the next
 * one asks.
 */
#ifndef MANAGER_REGISTRY_H
#define MANAGER_REGISTRY_H

#include "manager/shown.h"
#include "sync/event_count.h"

typedef struct mproci_registry {
	mproc_dict *names;
	/* How often somebody has asked, and which time was answered last. */
	_Atomic uint64_t asked, answered;
	mproci_event_count asking, answering;
	/* The manager, as a stamp of its member. */
	uint32_t manager;
} mproci_registry;

/* In zeroed memory.  Returns 0, or a negative errno with an error text; and takes what was made away. */
int mproci_registry_init(mproci_registry *registry);
void mproci_registry_end(mproci_registry *registry);

/* As mproc_manager_show_value, and mproc_manager_hide. */
int mproci_registry_show(mproci_registry *registry, const char *name, const mproci_showing *what);
int mproci_registry_hide(mproci_registry *registry, const char *name);

/* For the manager: whether somebody has asked. */
static inline bool mproci_registry_is_ahead(mproci_registry *registry)
{
	return atomic_load_explicit(&registry->asked, memory_order_acquire)
	       != atomic_load_explicit(&registry->answered, memory_order_relaxed);
}

/* For the manager: bind what is asked for, let go of what is hidden, and answer.  Returns 0, or a negative errno: to be called again. */
int mproci_registry_follow(mproci_registry *registry, mproci_keyspace *keyspace);

/* For the manager, at its end: let go of everything. */
void mproci_registry_leave(mproci_registry *registry, mproci_keyspace *keyspace);

#endif
