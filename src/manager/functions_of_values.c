/* SPDX-License-Identifier: MIT */
/*
 * What is changed only as long as nobody else has changed it; and flags, which tell those who listen.
 */
#include "manager/arguments.h"
#include "manager/channels.h"
#include "manager/natives.h"
#include "manager/strings.h"

#include <errno.h>
#include <stdlib.h>

/* What is answered of a value that was compared. */
enum {
	ABSENT = -1,
	DIFFERENT = 0,
	SAME = 1,
};

/* Returns whether there is a string, or nothing (NULL); if not, it has said so. */
static bool find_string(mproci_call *call, mproci_view name, const mproci_binding **ret_binding)
{
	*ret_binding = mproci_keyspace_find(call->keyspace, name);
	if (*ret_binding == NULL || (*ret_binding)->type == &mproci_type_string)
		return true;
	mproci_reply_wrong_type(call->reply);
	return false;
}

/* Returns whether it could; if not, it has said why. */
static bool compare(mproci_call *call, mproci_view name, mproci_view expected, int *ret_verdict)
{
	const mproci_binding *binding;

	if (!find_string(call, name, &binding))
		return false;
	if (binding == NULL)
		*ret_verdict = ABSENT;
	else
		*ret_verdict = mproci_view_equal(mproci_string_view(binding), expected) ? SAME : DIFFERENT;
	return true;
}

/* Returns whether it could; if not, it has said why. */
static bool set(mproci_call *call, mproci_view name, mproci_view value)
{
	int rc = mproci_string_set(call->keyspace, name, value);

	if (rc == 0)
		return true;
	if (rc == -ENOMEM)
		mproci_reply_no_memory(call->reply);
	else
		mproci_reply_shown(call->reply);
	return false;
}

static void compare_and_set(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	int verdict;

	if (!compare(call, keys[0], arguments[0], &verdict))
		return;
	if (verdict == SAME && !set(call, keys[0], arguments[1]))
		return;
	mproci_reply_integer(call->reply, verdict);
}

static void compare_and_delete(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	int verdict;

	if (!compare(call, keys[0], arguments[0], &verdict))
		return;
	if (verdict == SAME)
		mproci_keyspace_remove(call->keyspace, keys[0]);
	mproci_reply_integer(call->reply, verdict);
}

static void set_fenced(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	if (mproci_fence_pass(call, keys[1], arguments[0]) && set(call, keys[0], arguments[1]))
		mproci_reply_integer(call->reply, 0);
}

/*
 * To all that have subscribed to the flag.  Without memory nobody is told: who listens also looks now and
 * then.
 */
static void tell_listeners(mproci_call *call, mproci_view name, mproci_view value)
{
	const mproci_view prefix = mproci_view_of("mproc:flag:");
	size_t size = prefix.size + name.size;
	char *channel = malloc(size);

	if (channel == NULL)
		return;
	memcpy(channel, prefix.bytes, prefix.size);
	memcpy(channel + prefix.size, name.bytes, name.size);
	mproci_channels_publish(mproci_server_channels(call->server), (mproci_view){channel, size}, value);
	free(channel);
}

/* What is no flag is not to be lost.  Returns whether it could; if not, it has said why. */
static bool set_flag(mproci_call *call, mproci_view name, mproci_view value)
{
	const mproci_binding *binding;

	if (!find_string(call, name, &binding))
		return false;
	if (mproci_view_equal(value, mproci_view_of("1")))
		return set(call, name, value);
	mproci_keyspace_remove(call->keyspace, name);
	return true;
}

static void flag_set(mproci_call *call, const mproci_view *keys, const mproci_view *arguments)
{
	if (!set_flag(call, keys[0], arguments[0]))
		return;
	tell_listeners(call, keys[0], arguments[0]);
	mproci_reply_integer(call->reply, 0);
}

const mproci_native mproci_natives_of_values[] = {
	{"mproc_compare_and_set", compare_and_set, 1, 2, MPROCI_NATIVE_WRITES},
	{"mproc_compare_and_delete", compare_and_delete, 1, 1, MPROCI_NATIVE_FREES},
	{"mproc_set_fenced", set_fenced, 2, 2, MPROCI_NATIVE_WRITES},
	{"mproc_flag_set", flag_set, 1, 1, MPROCI_NATIVE_FREES},
	{.name = NULL},
};
