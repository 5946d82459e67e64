/* SPDX-License-Identifier: MIT */
/*
 * Strings that are numbers.
 */
#include "manager/arguments.h"
#include "manager/commands_of_strings.h"
#include "manager/decimal.h"
#include "manager/lookup.h"
#include "manager/strings.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
	/* Every number of 64 bits fits. */
	NUMBER_SIZE = 24,
};

/* Returns false when there is no memory: that has been answered then. */
static bool store(mproci_call *call, mproci_binding *found, mproci_view value)
{
	mproci_binding *binding = mproci_string_put(call->keyspace, call->arguments[1], found, value);

	if (binding == NULL) {
		mproci_reply_no_memory(call->reply);
		return false;
	}
	mproci_keyspace_touch(call->keyspace, call->arguments[1], binding);
	return true;
}

static mproci_outcome change(mproci_call *call, int64_t by)
{
	char text[NUMBER_SIZE];
	mproci_binding *found;
	int64_t number = 0;
	int size;

	if (!mproci_find_typed(call, 1, &mproci_type_string, &found))
		return MPROCI_DONE;
	if (found != NULL && !mproci_read_integer(mproci_string_view(found), &number)) {
		mproci_reply_error(call->reply, "ERR value is not an integer or out of range");
		return MPROCI_DONE;
	}
	if (__builtin_add_overflow(number, by, &number)) {
		mproci_reply_error(call->reply, "ERR increment or decrement would overflow");
		return MPROCI_DONE;
	}
	size = snprintf(text, sizeof text, "%" PRId64, number);
	if (store(call, found, (mproci_view){text, (size_t)size}))
		mproci_reply_integer(call->reply, number);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_incr(mproci_call *call)
{
	return change(call, 1);
}

mproci_outcome mproci_command_decr(mproci_call *call)
{
	return change(call, -1);
}

mproci_outcome mproci_command_incrby(mproci_call *call)
{
	int64_t by;

	return mproci_argument_integer(call, 2, &by) ? change(call, by) : MPROCI_DONE;
}

mproci_outcome mproci_command_decrby(mproci_call *call)
{
	int64_t by;

	if (!mproci_argument_integer(call, 2, &by))
		return MPROCI_DONE;
	if (by == INT64_MIN) {
		mproci_reply_error(call->reply, "ERR decrement would overflow");
		return MPROCI_DONE;
	}
	return change(call, -by);
}

mproci_outcome mproci_command_incrbyfloat(mproci_call *call)
{
	char buffer[MPROCI_DECIMAL_SIZE];
	long double number = 0, by;
	mproci_binding *found;
	mproci_view text;

	if (!mproci_find_typed(call, 1, &mproci_type_string, &found))
		return MPROCI_DONE;
	if ((found != NULL && !mproci_decimal_read(mproci_string_view(found), &number))
		|| !mproci_decimal_read(call->arguments[2], &by)) {
		mproci_reply_error(call->reply, "ERR value is not a valid float");
		return MPROCI_DONE;
	}
	number += by;
	if (!isfinite(number)) {
		mproci_reply_error(call->reply, "ERR increment would produce NaN or Infinity");
		return MPROCI_DONE;
	}
	text = mproci_decimal_write(number, buffer);
	if (store(call, found, text))
		mproci_reply_bulk(call->reply, text);
	return MPROCI_DONE;
}
