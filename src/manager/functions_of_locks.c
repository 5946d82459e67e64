/* SPDX-License-Identifier: MIT */
/*
 * Locks and semaphores.  The name of one that nobody holds means nothing.
 */
#include "manager/arguments.h"
#include "manager/leases.h"
#include "manager/natives.h"
#include "manager/spot.h"
#include "manager/strings.h"

enum {
	/* Of a semaphore. */
	MOST_PERMITS = 1000000,
	/* What is answered when it is not known when to try again: milliseconds, below zero. */
	TRY_LATER = -1000,
};

/* A lock that another client holds by SET NX PX is held as well; what never expires is no lock. */
static void refuse_foreign(mproci_call *call, const mproci_binding *binding)
{
	int64_t rest = binding->expires_at - mproci_keyspace_now(call->keyspace);

	if (binding->type != &mproci_type_string || binding->expires_at == 0)
		mproci_reply_wrong_type(call->reply);
	else
		mproci_reply_integer(call->reply, -rest);
}

/* With how long it is until the lease that ends first does.  @leases may be NULL: it was of no permits. */
static void refuse_held(mproci_call *call, const mproci_leases *leases)
{
	const mproci_holder *first = leases == NULL ? NULL : mproci_leases_first(leases);
	int64_t rest = first == NULL ? -TRY_LATER : first->lease.at - mproci_keyspace_now(call->keyspace);

	mproci_reply_integer(call->reply, rest < 1 ? -1 : -rest);
}

/*
 * The name's leases, without those that have ended.  Returns NULL when it means nothing, or something else.
 */
static mproci_leases *find(mproci_call *call, mproci_view name, const mproci_type *type)
{
	mproci_binding *binding = mproci_keyspace_find(call->keyspace, name);

	if (binding == NULL || binding->type != type)
		return NULL;
	mproci_leases_trim(binding->value);
	return binding->value;
}

/* Returns whether nothing else has the name; if not, it has said so. */
static bool is_free_for(mproci_call *call, mproci_view name, const mproci_type *type)
{
	const mproci_binding *binding = mproci_keyspace_find(call->keyspace, name);

	if (binding == NULL || binding->type == type)
		return true;
	refuse_foreign(call, binding);
	return false;
}

static mproci_holder *find_holder(
	mproci_call *call, mproci_view name, const mproci_type *type, mproci_view owner)
{
	const mproci_leases *leases = find(call, name, type);

	return leases == NULL ? NULL : mproci_leases_find(leases, owner);
}

/* The lease that the client asks for: that its holder has already, or a new one. */
struct wish {
	const mproci_type *type;
	mproci_view name, fence, wake, owner;
	int64_t lease;
};

/* Returns the holder, or NULL, having said why. */
static mproci_holder *give_lease(mproci_call *call, const struct wish *wish, mproci_leases *leases)
{
	mproci_holder *holder;
	int64_t token;

	if (!mproci_fence_take(call, wish->fence, &token))
		return NULL;
	holder = mproci_leases_grant(leases, call->session, wish->owner, wish->lease);
	if (holder == NULL)
		mproci_reply_no_memory(call->reply);
	else
		holder->token = token;
	return holder;
}

/* Returns whether it could; if not, it has said why. */
static bool grant(mproci_call *call, const struct wish *wish)
{
	mproci_leases *leases = find(call, wish->name, wish->type);
	const mproci_holder *holder;

	if (leases == NULL)
		leases = mproci_leases_create(call->keyspace, wish->name, wish->type, wish->wake);
	if (leases == NULL) {
		mproci_reply_no_memory(call->reply);
		return false;
	}
	holder = give_lease(call, wish, leases);
	if (holder != NULL)
		mproci_reply_integer(call->reply, holder->token);
	mproci_leases_settle(leases);
	return holder != NULL;
}

/* Returns whether it could; if not, it has said why. */
static bool renew(mproci_call *call, mproci_holder *holder, int64_t lease)
{
	if (!mproci_leases_renew(holder, call->session, lease)) {
		mproci_reply_no_memory(call->reply);
		return false;
	}
	mproci_leases_settle(holder->leases);
	return true;
}

/* A lock has the token that it has; a permit, which is one of many, gets a newer one. */
static void acquire_again(mproci_call *call, const struct wish *wish, mproci_holder *holder)
{
	if (wish->type == &mproci_type_semaphore && !mproci_fence_take(call, wish->fence, &holder->token))
		return;
	if (renew(call, holder, wish->lease))
		mproci_reply_integer(call->reply, holder->token);
}

/* Of something that as many hold as there are @permits.  Returns whether one more holds it now. */
static bool acquire(mproci_call *call, const struct wish *wish, size_t permits)
{
	const mproci_leases *leases;
	mproci_holder *holder;

	if (!is_free_for(call, wish->name, wish->type))
		return false;
	holder = find_holder(call, wish->name, wish->type, wish->owner);
	if (holder != NULL) {
		acquire_again(call, wish, holder);
		return false;
	}
	leases = find(call, wish->name, wish->type);
	if (permits == 0 || (leases != NULL && mproci_leases_count(leases) >= permits)) {
		refuse_held(call, leases);
		return false;
	}
	return grant(call, wish);
}

static void release(mproci_call *call, const mproci_view *keys, const mproci_type *type, mproci_view owner)
{
	mproci_holder *holder = find_holder(call, keys[0], type, owner);
	mproci_leases *leases;

	mproci_reply_integer(call->reply, holder != NULL);
	if (holder == NULL)
		return;
	leases = holder->leases;
	mproci_leases_release(holder);
	mproci_leases_settle(leases);
	mproci_wake(call->keyspace, keys[1]);
}

static void extend(mproci_call *call, mproci_view name, const mproci_type *type, const mproci_view *arguments)
{
	mproci_holder *holder = find_holder(call, name, type, arguments[0]);
	int64_t lease;

	if (!mproci_native_lease(call, arguments[1], &lease))
		return;
	if (holder == NULL)
		mproci_reply_integer(call->reply, 0);
	else if (renew(call, holder, lease))
		mproci_reply_integer(call->reply, 1);
}

static void lock_acquire(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	struct wish wish = {&mproci_type_lock, keys[0], keys[1], keys[2], arguments[0], 0};

	/* Nobody needs to be woken while it is held. */
	if (mproci_native_lease(call, arguments[1], &wish.lease) && acquire(call, &wish, 1))
		mproci_wake_cancel(call->keyspace, wish.wake);
}

static void lock_release(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	release(call, keys, &mproci_type_lock, arguments[0]);
}

static void lock_extend(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	extend(call, keys[0], &mproci_type_lock, arguments);
}

static void semaphore_acquire(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	struct wish wish = {&mproci_type_semaphore, keys[0], keys[1], keys[2], arguments[0], 0};
	int64_t permits;

	if (!mproci_native_number(call, arguments[1], "permits", 0, MOST_PERMITS, &permits)
		|| !mproci_native_lease(call, arguments[2], &wish.lease)
		|| !acquire(call, &wish, (size_t)permits))
		return;
	/* Who took the item that woke him leaves one for the next, as long as there are permits. */
	if (mproci_leases_count(find(call, wish.name, wish.type)) < (size_t)permits)
		mproci_wake(call->keyspace, wish.wake);
}

static void semaphore_release(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	release(call, keys, &mproci_type_semaphore, arguments[0]);
}

static void semaphore_extend(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	extend(call, keys[0], &mproci_type_semaphore, arguments);
}

const mproci_native mproci_natives_of_locks[] = {
	{"mproc_lock_acquire", lock_acquire, 3, 2, MPROCI_NATIVE_FREES},
	{"mproc_lock_release", lock_release, 2, 1, MPROCI_NATIVE_FREES},
	{"mproc_lock_extend", lock_extend, 1, 2, MPROCI_NATIVE_FREES},
	{"mproc_semaphore_acquire", semaphore_acquire, 3, 3, MPROCI_NATIVE_FREES},
	{"mproc_semaphore_release", semaphore_release, 2, 1, MPROCI_NATIVE_FREES},
	{"mproc_semaphore_extend", semaphore_extend, 1, 2, MPROCI_NATIVE_FREES},
	{.name = NULL},
};
