/* SPDX-License-Identifier: MIT */
/*
 * Many names at once.  How many they are is said before they are: so the keyspace is gone through twice, first to
 * count.
 */
#include "manager/arguments.h"
#include "manager/commands_of_keys.h"
#include "manager/glob.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* Every number of 64 bits fits. */
	NUMBER_SIZE = 24,
	/* What an argument of SCAN has before its options, with the name and the cursor. */
	BEFORE_OPTIONS = 2,
};

/* Which names are wanted, and what becomes of them. */
typedef struct choice {
	mproci_scan_request request;
	/* Of this type alone; without bytes: of any. */
	mproci_view type;
	/* NULL: only count. */
	mproci_reply *reply;
	size_t count;
} choice;

static void choose(void *context, mproci_view name, mproci_binding *binding)
{
	choice *it = context;

	if (it->type.bytes != NULL && !mproci_is_word(it->type, binding->type->name))
		return;
	if (it->request.has_pattern && !mproci_glob_matches(it->request.pattern, name))
		return;
	it->count++;
	if (it->reply != NULL)
		mproci_reply_bulk(it->reply, name);
}

mproci_outcome mproci_command_keys(mproci_call *call)
{
	choice it = {.request = {.has_pattern = true, .pattern = call->arguments[1]}};

	mproci_keyspace_scan(call->keyspace, 0, SIZE_MAX, choose, &it);
	mproci_reply_array(call->reply, it.count);
	it.reply = call->reply;
	mproci_keyspace_scan(call->keyspace, 0, SIZE_MAX, choose, &it);
	return MPROCI_DONE;
}

/*
 * Take TYPE, which other scans do not have, out of the options, and read the rest.  Returns false when something else
 * has been answered.
 */
static bool read_choice(mproci_call *call, choice *ret_choice)
{
	mproci_call rest = *call;
	mproci_view *arguments = malloc(call->count * sizeof *arguments);
	bool is_read;

	if (arguments == NULL) {
		mproci_reply_no_memory(call->reply);
		return false;
	}
	rest.arguments = arguments;
	rest.count = 0;
	for (size_t i = 0; i < call->count; i++) {
		if (i >= BEFORE_OPTIONS && i % 2 == 0 && i + 1 < call->count
			&& mproci_is_word(call->arguments[i], "TYPE"))
			ret_choice->type = call->arguments[++i];
		else
			arguments[rest.count++] = call->arguments[i];
	}
	is_read = mproci_argument_scan(&rest, 1, &ret_choice->request);
	free(arguments);
	return is_read;
}

mproci_outcome mproci_command_scan(mproci_call *call)
{
	char cursor[NUMBER_SIZE];
	choice it = {0};
	uint64_t next;

	if (!read_choice(call, &it))
		return MPROCI_DONE;
	next = mproci_keyspace_scan(call->keyspace, it.request.cursor, it.request.count, choose, &it);
	snprintf(cursor, sizeof cursor, "%" PRIu64, next);
	mproci_reply_array(call->reply, 2);
	mproci_reply_text(call->reply, cursor);
	mproci_reply_array(call->reply, it.count);
	it.reply = call->reply;
	mproci_keyspace_scan(call->keyspace, it.request.cursor, it.request.count, choose, &it);
	return MPROCI_DONE;
}
