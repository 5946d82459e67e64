/* SPDX-License-Identifier: MIT */
#include "manager/shown.h"

#include "base/deadline.h"
#include "collections/collection.h"
#include "family/family.h"
#include "manager/session.h"
#include "manager/shown_flags.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/dict.h>
#include <mproc/event.h>
#include <mproc/list.h>
#include <mproc/queue.h>
#include <mproc/result.h>
#include <mproc/value.h>
#include <stdlib.h>

enum {
	/* How much of a command's name an error text has. */
	MOST_NAME = 40,
};

/* Bytes of the scratch memory that are kept. */
static const size_t KEPT = 1 << 20;

/* Milliseconds: how long a command waits for somebody who is inside, and how long nobody tries after one was in vain. */
static const int64_t PATIENCE = 5000, PAUSE = 5;

static mproci_command_function carry_out;

static void end(void *value)
{
	mproci_shown *self = value;

	if (self->what.kind == MPROCI_SHOWN_QUEUE)
		mproci_shown_end_queue(self);
	mproci_shown_flags_remove(self);
	free(self);
}

/* Clients see strings, lists and hashes. */
static const mproci_type types[MPROCI_SHOWN_KINDS] = {
	[MPROCI_SHOWN_VALUE] = {.name = "string", .free = end, .is_shown = true, .carry_out = carry_out},
	[MPROCI_SHOWN_NUMBER] = {.name = "string", .free = end, .is_shown = true, .carry_out = carry_out},
	[MPROCI_SHOWN_FLAG] = {.name = "string", .free = end, .is_shown = true, .carry_out = carry_out},
	[MPROCI_SHOWN_EVENT] = {.name = "string", .free = end, .is_shown = true, .carry_out = carry_out},
	[MPROCI_SHOWN_ARRAY] = {.name = "list", .free = end, .is_shown = true, .carry_out = carry_out},
	[MPROCI_SHOWN_DICT] = {.name = "hash", .free = end, .is_shown = true, .carry_out = carry_out},
	[MPROCI_SHOWN_LIST] = {.name = "list", .free = end, .is_shown = true, .carry_out = carry_out},
	[MPROCI_SHOWN_QUEUE] = {.name = "list", .free = end, .is_shown = true, .carry_out = carry_out},
};

/* What Redis can do with a string, a list or a hash; and how functions for these are called. */
static const struct kin {
	const mproci_command *commands;
	const char *functions;
} kins[MPROCI_SHOWN_KINDS] = {
	[MPROCI_SHOWN_VALUE] = {mproci_commands_of_strings, "mproc_set_"},
	[MPROCI_SHOWN_NUMBER] = {mproci_commands_of_strings, "mproc_set_"},
	[MPROCI_SHOWN_FLAG] = {mproci_commands_of_strings, "mproc_set_"},
	[MPROCI_SHOWN_EVENT] = {mproci_commands_of_strings, "mproc_set_"},
	[MPROCI_SHOWN_ARRAY] = {mproci_commands_of_lists, "mproc_list_"},
	[MPROCI_SHOWN_DICT] = {mproci_commands_of_hashes, "mproc_dict_"},
	[MPROCI_SHOWN_LIST] = {mproci_commands_of_lists, "mproc_list_"},
	[MPROCI_SHOWN_QUEUE] = {mproci_commands_of_lists, "mproc_list_"},
};

static const mproci_shown_command *const commands[MPROCI_SHOWN_KINDS] = {
	[MPROCI_SHOWN_VALUE] = mproci_shown_string_commands,
	[MPROCI_SHOWN_NUMBER] = mproci_shown_string_commands,
	[MPROCI_SHOWN_FLAG] = mproci_shown_string_commands,
	[MPROCI_SHOWN_EVENT] = mproci_shown_string_commands,
	[MPROCI_SHOWN_ARRAY] = mproci_shown_array_commands,
	[MPROCI_SHOWN_DICT] = mproci_shown_dict_commands,
	[MPROCI_SHOWN_LIST] = mproci_shown_list_commands,
	[MPROCI_SHOWN_QUEUE] = mproci_shown_queue_commands,
};

/* What the family says may have been overwritten since. */
static bool is_possible(const mproci_showing *what)
{
	return what->kind < MPROCI_SHOWN_KINDS && mproci_item_is_known((mproc_shown_as)what->as)
	       && mproci_family_holds(what->object);
}

static bool is_flag(const mproci_showing *what)
{
	return what->kind == MPROCI_SHOWN_FLAG || what->kind == MPROCI_SHOWN_EVENT;
}

int mproci_shown_bind(mproci_keyspace *keyspace, mproci_view name, const mproci_showing *what)
{
	mproci_shown *self;

	if (!is_possible(what))
		return -EINVAL;
	if (mproci_keyspace_find(keyspace, name) != NULL)
		return -EEXIST;
	self = calloc(1, sizeof *self);
	if (self == NULL)
		return -ENOMEM;
	self->what = *what;
	if ((is_flag(what) && mproci_shown_flags_add(self, name) < 0)
		|| mproci_keyspace_bind(keyspace, name, &types[what->kind], self) == NULL) {
		end(self);
		return -ENOMEM;
	}
	mproci_keyspace_touch(keyspace, name, mproci_keyspace_find(keyspace, name));
	return 0;
}

void mproci_shown_unbind(mproci_keyspace *keyspace, mproci_view name)
{
	mproci_binding *binding = mproci_keyspace_find(keyspace, name);

	if (binding != NULL && binding->type->is_shown)
		mproci_keyspace_remove(keyspace, name);
}

mproci_view mproci_shown_name(const mproci_call *call)
{
	/* FCALL function numkeys key … */
	size_t key = mproci_is_word(call->arguments[0], "FCALL") ? 3 : 1;

	return key < call->count ? call->arguments[key] : (mproci_view){"", 0};
}

void mproci_shown_touch(mproci_call *call)
{
	mproci_view name = mproci_shown_name(call);
	mproci_binding *binding = mproci_keyspace_find(call->keyspace, name);

	if (binding != NULL)
		mproci_keyspace_touch(call->keyspace, name, binding);
}

static bool is_late(const mproci_call *call)
{
	return call->is_hasty || mproci_session_is_late(call->session);
}

bool mproci_shown_is_busy(const mproci_call *call, const mproci_shown *shown)
{
	return mproci_keyspace_now(call->keyspace) < shown->busy_until;
}

void mproci_shown_note_busy(const mproci_call *call, mproci_shown *shown)
{
	shown->busy_until = mproci_keyspace_now(call->keyspace) + PAUSE;
}

int mproci_shown_park(mproci_call *call)
{
	if (is_late(call))
		return -ETIMEDOUT;
	return mproci_session_park(call->session, NULL, 0, mproci_keyspace_now(call->keyspace) + PATIENCE);
}

static mproci_outcome wait_for_others(mproci_call *call)
{
	mproci_view name = mproci_shown_name(call);

	if (mproci_shown_park(call) == 0)
		return MPROCI_PARKED;
	mproci_reply_error(call->reply, "TRYAGAIN somebody in the family is busy with '%.*s'", (int)name.size,
		name.bytes);
	return MPROCI_DONE;
}

mproci_outcome mproci_shown_wait_until(
	mproci_call *call, const mproci_view *names, size_t count, int64_t until)
{
	if (!is_late(call) && mproci_session_park(call->session, names, count, until) == 0)
		return MPROCI_PARKED;
	mproci_reply_null_array(call->reply);
	return MPROCI_DONE;
}

static const mproci_shown_command *find(const mproci_call *call, const mproci_shown *shown)
{
	/* Functions of the client's are commands by themselves. */
	mproci_view name = call->arguments[mproci_is_word(call->arguments[0], "FCALL") ? 1 : 0];

	for (const mproci_shown_command *each = commands[shown->what.kind]; each->name != NULL; ++each) {
		if (mproci_is_word(name, each->name))
			return each;
	}
	return NULL;
}

/* Whether it would be possible if it were no object of the family. */
static bool is_of_its_kin(const mproci_call *call, const mproci_shown *shown)
{
	const struct kin *kin = &kins[shown->what.kind];
	const size_t size = strlen(kin->functions);
	bool is_function = mproci_is_word(call->arguments[0], "FCALL");

	if (is_function)
		return call->arguments[1].size > size
		       && memcmp(call->arguments[1].bytes, kin->functions, size) == 0;
	for (const mproci_command *each = kin->commands; each->name != NULL; ++each) {
		if (mproci_is_word(call->arguments[0], each->name))
			return true;
	}
	return false;
}

static void refuse_command(mproci_call *call, const mproci_shown *shown)
{
	const mproci_view name = call->arguments[mproci_is_word(call->arguments[0], "FCALL") ? 1 : 0];

	if (is_of_its_kin(call, shown))
		mproci_reply_error(call->reply, "ERR not possible with what is shown: %.*s",
			(int)(name.size < MOST_NAME ? name.size : MOST_NAME), name.bytes);
	else
		mproci_reply_wrong_type(call->reply);
}

static mproci_outcome carry_out(mproci_call *call)
{
	mproci_binding *binding = mproci_keyspace_find(call->keyspace, mproci_shown_name(call));
	mproci_shown *shown = binding->value;
	const mproci_shown_command *command = find(call, shown);

	if (command == NULL) {
		refuse_command(call, shown);
		return MPROCI_DONE;
	}
	if (call->count < command->least || call->count > command->most) {
		mproci_reply_error(call->reply,
			"ERR %s of what belongs to the family takes %zu arguments at least, %zu at most",
			command->name, command->least - 1, command->most - 1);
		return MPROCI_DONE;
	}
	if (!command->is_patient && mproci_shown_is_busy(call, shown))
		return wait_for_others(call);
	return command->function(call, shown);
}

/* A number and a flag are nothing but their bytes, which tell nothing. */
static bool was_destroyed(const mproci_showing *what)
{
	switch ((mproci_shown_kind)what->kind) {
	case MPROCI_SHOWN_VALUE:
	case MPROCI_SHOWN_ARRAY:
		return mproc_array_count(what->object) == 0;
	case MPROCI_SHOWN_EVENT:
		return mproc_event_is_set(what->object) == -EINVAL;
	case MPROCI_SHOWN_DICT:
		return mproc_dict_count(what->object) == -EINVAL;
	case MPROCI_SHOWN_LIST:
		return mproc_list_count(what->object) == -EINVAL;
	case MPROCI_SHOWN_QUEUE:
		return mproc_queue_count(what->object) == -EINVAL;
	default:
		return false;
	}
}

mproci_outcome mproci_shown_answer(mproci_call *call, mproci_shown *shown, int rc, size_t done)
{
	mproci_view name = mproci_shown_name(call);

	if (rc == -ETIMEDOUT || rc == -EAGAIN) {
		mproci_shown_note_busy(call, shown);
		if (done == 0)
			return wait_for_others(call);
		mproci_reply_error(call->reply,
			"TRYAGAIN somebody in the family is busy with '%.*s': %zu done", (int)name.size,
			name.bytes, done);
	} else if (rc == -ENOMEM) {
		mproci_reply_error(call->reply, "OOM no memory: %s", mproc_error_text());
	} else if (rc == -EINVAL && was_destroyed(&shown->what)) {
		mproci_reply_error(call->reply, "ERR '%.*s' was destroyed before mproc_manager_hide",
			(int)name.size, name.bytes);
	} else {
		mproci_reply_error(call->reply, "ERR %s", mproc_error_text());
	}
	return MPROCI_DONE;
}

void mproci_shown_begin_rest(void)
{
	mproci_collection_set_default_deadline(mproci_clock_now() + MPROCI_NANOSECONDS_PER_MILLISECOND);
}

void mproci_shown_end_rest(void)
{
	mproci_collection_set_default_deadline(MPROCI_COLLECTION_HURRY);
}

void *mproci_shown_scratch(size_t size)
{
	static void *scratch;
	static size_t capacity;
	void *larger;

	/* What was needed once for something large is not kept. */
	if (size <= capacity && (capacity <= KEPT || size > KEPT))
		return scratch;
	larger = realloc(scratch, size);
	if (larger == NULL)
		return NULL;
	scratch = larger;
	capacity = size;
	return scratch;
}

mproci_outcome mproci_shown_refuse_item(mproci_call *call, const mproci_shown *shown)
{
	static const char *const words[] = {
		[MPROC_SHOWN_BYTES] = "bytes",
		[MPROC_SHOWN_INT32] = "a whole number in decimal digits, such as 42, that fits into 32 bits",
		[MPROC_SHOWN_UINT32] = "a whole number in decimal digits, such as 42, that fits into 32 bits "
				       "without a sign",
		[MPROC_SHOWN_INT64] = "a whole number in decimal digits, such as 42, that fits into 64 bits",
		[MPROC_SHOWN_UINT64] = "a whole number in decimal digits, such as 42, that fits into 64 bits "
				       "without a sign",
		[MPROC_SHOWN_FLOAT] = "a number in decimal digits, such as 4.2",
		[MPROC_SHOWN_DOUBLE] = "a number in decimal digits, such as 4.2",
		[MPROC_SHOWN_BOOL] = "1 or 0",
	};
	mproci_view name = mproci_shown_name(call);

	mproci_reply_error(
		call->reply, "ERR '%.*s' takes %s", (int)name.size, name.bytes, words[shown->what.as]);
	return MPROCI_DONE;
}
