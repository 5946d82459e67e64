/* SPDX-License-Identifier: MIT */
#include "manager/commands_of_hashes.h"
#include "manager/arguments.h"
#include "manager/decimal.h"
#include "manager/hashes.h"
#include "manager/lookup.h"
#include "manager/scanning.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
	/* Every number of 64 bits fits. */
	NUMBER_SIZE = 24,
};

/* Returns false when there is no memory: that has been answered then. */
static bool set_field(mproci_call *call, mproci_view field, mproci_view value, int *ret_is_new)
{
	int rc = mproci_hash_set(call->keyspace, call->arguments[1], field, value);

	if (rc < 0) {
		mproci_reply_no_memory(call->reply);
		return false;
	}
	*ret_is_new = rc;
	return true;
}

/* Set the fields that are among the arguments.  Returns how many are new, or -1: something else has been answered. */
static int64_t set_fields(mproci_call *call, const char *command)
{
	mproci_binding *found;
	int64_t count = 0;
	int is_new;

	if (call->count % 2 != 0) {
		mproci_reply_error(call->reply, "ERR wrong number of arguments for '%s' command", command);
		return -1;
	}
	if (!mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return -1;
	for (size_t i = 2; i < call->count; i += 2) {
		if (!set_field(call, call->arguments[i], call->arguments[i + 1], &is_new))
			return -1;
		count += is_new;
	}
	return count;
}

static mproci_outcome hset(mproci_call *call)
{
	int64_t count = set_fields(call, "hset");

	if (count >= 0)
		mproci_reply_integer(call->reply, count);
	return MPROCI_DONE;
}

static mproci_outcome hmset(mproci_call *call)
{
	if (set_fields(call, "hmset") >= 0)
		mproci_reply_ok(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome hsetnx(mproci_call *call)
{
	mproci_binding *found;
	mproci_view old;
	int is_new = 0;

	if (!mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	if (found != NULL && mproci_hash_get(found, call->arguments[2], &old))
		mproci_reply_integer(call->reply, 0);
	else if (set_field(call, call->arguments[2], call->arguments[3], &is_new))
		mproci_reply_integer(call->reply, 1);
	return MPROCI_DONE;
}

static void reply_value(mproci_call *call, const mproci_binding *found, mproci_view field)
{
	mproci_view value;

	if (found != NULL && mproci_hash_get(found, field, &value))
		mproci_reply_bulk(call->reply, value);
	else
		mproci_reply_null(call->reply);
}

static mproci_outcome hget(mproci_call *call)
{
	mproci_binding *found;

	if (mproci_find_typed(call, 1, &mproci_type_hash, &found))
		reply_value(call, found, call->arguments[2]);
	return MPROCI_DONE;
}

static mproci_outcome hmget(mproci_call *call)
{
	mproci_binding *found;

	if (!mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	mproci_reply_array(call->reply, call->count - 2);
	for (size_t i = 2; i < call->count; i++)
		reply_value(call, found, call->arguments[i]);
	return MPROCI_DONE;
}

static mproci_outcome hdel(mproci_call *call)
{
	int64_t count = 0;
	mproci_binding *found;

	if (!mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	for (size_t i = 2; i < call->count && found != NULL; i++) {
		bool is_last = mproci_hash_fields(found)->count == 1;

		if (!mproci_hash_remove(call->keyspace, call->arguments[1], found, call->arguments[i]))
			continue;
		count++;
		if (is_last)
			found = NULL;
	}
	mproci_reply_integer(call->reply, count);
	return MPROCI_DONE;
}

static mproci_outcome hlen(mproci_call *call)
{
	mproci_binding *found;

	if (mproci_find_typed(call, 1, &mproci_type_hash, &found))
		mproci_reply_integer(
			call->reply, found == NULL ? 0 : (int64_t)mproci_hash_fields(found)->count);
	return MPROCI_DONE;
}

static mproci_outcome hexists(mproci_call *call)
{
	mproci_binding *found;
	mproci_view value;

	if (mproci_find_typed(call, 1, &mproci_type_hash, &found))
		mproci_reply_integer(
			call->reply, found != NULL && mproci_hash_get(found, call->arguments[2], &value));
	return MPROCI_DONE;
}

static mproci_outcome hstrlen(mproci_call *call)
{
	mproci_view value = {NULL, 0};
	mproci_binding *found;

	if (!mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	if (found != NULL)
		mproci_hash_get(found, call->arguments[2], &value);
	mproci_reply_integer(call->reply, (int64_t)value.size);
	return MPROCI_DONE;
}

static void reply_fields(mproci_call *call, const mproci_binding *found, bool with_names, bool with_values)
{
	const mproci_hash_table *fields = mproci_hash_fields(found);

	for (const mproci_hash_entry *field = mproci_hash_table_next(fields, NULL); field != NULL;
		field = mproci_hash_table_next(fields, field)) {
		if (with_names)
			mproci_reply_bulk(call->reply, mproci_hash_entry_name(fields, field));
		if (with_values)
			mproci_reply_bulk(call->reply, mproci_hash_value(field));
	}
}

static mproci_outcome hgetall(mproci_call *call)
{
	mproci_binding *found;

	if (!mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	mproci_reply_map(call->reply, found == NULL ? 0 : mproci_hash_fields(found)->count);
	if (found != NULL)
		reply_fields(call, found, true, true);
	return MPROCI_DONE;
}

static mproci_outcome reply_half(mproci_call *call, bool with_names)
{
	mproci_binding *found;

	if (!mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	mproci_reply_array(call->reply, found == NULL ? 0 : mproci_hash_fields(found)->count);
	if (found != NULL)
		reply_fields(call, found, with_names, !with_names);
	return MPROCI_DONE;
}

static mproci_outcome hkeys(mproci_call *call)
{
	return reply_half(call, true);
}

static mproci_outcome hvals(mproci_call *call)
{
	return reply_half(call, false);
}

static mproci_outcome hincrby(mproci_call *call)
{
	mproci_binding *found;
	char text[NUMBER_SIZE];
	mproci_view old;
	int64_t number = 0, by;
	int is_new, size;

	if (!mproci_argument_integer(call, 3, &by) || !mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	if (found != NULL && mproci_hash_get(found, call->arguments[2], &old)
		&& !mproci_read_integer(old, &number)) {
		mproci_reply_error(call->reply, "ERR hash value is not an integer");
		return MPROCI_DONE;
	}
	if (__builtin_add_overflow(number, by, &number)) {
		mproci_reply_error(call->reply, "ERR increment or decrement would overflow");
		return MPROCI_DONE;
	}
	size = snprintf(text, sizeof text, "%" PRId64, number);
	if (set_field(call, call->arguments[2], (mproci_view){text, (size_t)size}, &is_new))
		mproci_reply_integer(call->reply, number);
	return MPROCI_DONE;
}

static bool refuse(mproci_call *call, const char *complaint)
{
	mproci_reply_error(call->reply, "ERR %s", complaint);
	return false;
}

/* Add to the number in a field.  Returns false when something else has been answered. */
static bool add_decimal(mproci_call *call, long double *ret_sum)
{
	long double number = 0, by;
	mproci_binding *found;
	mproci_view old;

	if (!mproci_decimal_read(call->arguments[3], &by))
		return refuse(call, "value is not a valid float");
	if (!isfinite(by))
		return refuse(call, "value is NaN or Infinity");
	if (!mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return false;
	if (found != NULL && mproci_hash_get(found, call->arguments[2], &old)
		&& !mproci_decimal_read(old, &number))
		return refuse(call, "hash value is not a float");
	*ret_sum = number + by;
	return isfinite(*ret_sum) || refuse(call, "increment would produce NaN or Infinity");
}

static mproci_outcome hincrbyfloat(mproci_call *call)
{
	char buffer[MPROCI_DECIMAL_SIZE];
	mproci_view text;
	long double sum;
	int is_new;

	if (!add_decimal(call, &sum))
		return MPROCI_DONE;
	text = mproci_decimal_write(sum, buffer);
	if (set_field(call, call->arguments[2], text, &is_new))
		mproci_reply_bulk(call->reply, text);
	return MPROCI_DONE;
}

static void write_field(mproci_reply *reply, const mproci_hash_table *fields, const mproci_hash_entry *field)
{
	mproci_reply_bulk(reply, mproci_hash_entry_name(fields, field));
	mproci_reply_bulk(reply, mproci_hash_value(field));
}

/* As Redis has it, the options of a scan of nothing are not looked at. */
static mproci_outcome hscan(mproci_call *call)
{
	mproci_scan_request request;
	mproci_binding *found;
	mproci_call head = *call;

	head.count = 3;
	if (!mproci_argument_scan(&head, 2, &request)
		|| !mproci_find_typed(call, 1, &mproci_type_hash, &found))
		return MPROCI_DONE;
	if (found == NULL)
		mproci_scan_answer(call->reply, &request, NULL, write_field, 2);
	else if (mproci_argument_scan(call, 2, &request))
		mproci_scan_answer(call->reply, &request, mproci_hash_fields(found), write_field, 2);
	return MPROCI_DONE;
}

enum {
	READS = 0,
	WRITES = MPROCI_COMMAND_WRITES,
};

const mproci_command mproci_commands_of_hashes[] = {
	{"HGET", hget, 3, READS, 1, 1, 1},
	{"HSET", hset, -4, WRITES, 1, 1, 1},
	{"HMSET", hmset, -4, WRITES, 1, 1, 1},
	{"HSETNX", hsetnx, 4, WRITES, 1, 1, 1},
	{"HMGET", hmget, -3, READS, 1, 1, 1},
	{"HDEL", hdel, -3, WRITES, 1, 1, 1},
	{"HLEN", hlen, 2, READS, 1, 1, 1},
	{"HEXISTS", hexists, 3, READS, 1, 1, 1},
	{"HGETALL", hgetall, 2, READS, 1, 1, 1},
	{"HKEYS", hkeys, 2, READS, 1, 1, 1},
	{"HVALS", hvals, 2, READS, 1, 1, 1},
	{"HINCRBY", hincrby, 4, WRITES, 1, 1, 1},
	{"HINCRBYFLOAT", hincrbyfloat, 4, WRITES, 1, 1, 1},
	{"HSTRLEN", hstrlen, 3, READS, 1, 1, 1},
	{"HSCAN", hscan, -3, READS, 1, 1, 1},
	{"HRANDFIELD", mproci_command_hrandfield, -2, READS, 1, 1, 1},
	{0},
};
