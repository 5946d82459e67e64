/* SPDX-License-Identifier: MIT */
#include "manager/arguments.h"

#include <math.h>

static bool complain(mproci_call *call, const char *complaint)
{
	mproci_reply_error(call->reply, "ERR %s", complaint);
	return false;
}

bool mproci_argument_integer(mproci_call *call, size_t index, int64_t *ret_number)
{
	return mproci_read_integer(call->arguments[index], ret_number)
	       || complain(call, "value is not an integer or out of range");
}

bool mproci_argument_signed(mproci_call *call, size_t index, int64_t *ret_number)
{
	int64_t number;

	if (!mproci_argument_integer(call, index, &number))
		return false;
	if (number == INT64_MIN)
		return complain(call, "value is out of range, value must between -9223372036854775807 and "
				      "9223372036854775807");
	*ret_number = number;
	return true;
}

bool mproci_argument_count(mproci_call *call, size_t index, const char *complaint, size_t *ret_count)
{
	int64_t number;

	if (!mproci_read_integer(call->arguments[index], &number) || number < 0)
		return complain(call, complaint);
	*ret_count = (size_t)number;
	return true;
}

bool mproci_argument_double(mproci_call *call, size_t index, const char *complaint, double *ret_number)
{
	return mproci_read_double(call->arguments[index], ret_number) || complain(call, complaint);
}

bool mproci_argument_until(mproci_call *call, size_t index, int64_t *ret_until)
{
	int64_t now = mproci_keyspace_now(call->keyspace);
	double milliseconds;

	if (!mproci_argument_double(call, index, "timeout is not a float or out of range", &milliseconds))
		return false;
	milliseconds = ceil(milliseconds * 1000);
	if (milliseconds < 0)
		return complain(call, "timeout is negative");
	/* As a double, 2 to the power of 63 is the first number that is none of 64 bits. */
	if (milliseconds >= 0x1p63 || (int64_t)milliseconds > INT64_MAX - now)
		return complain(call, "timeout is out of range");
	*ret_until = milliseconds > 0 ? now + (int64_t)milliseconds : 0;
	return true;
}

/* What Redis takes for a cursor: an unsigned number. */
static bool read_cursor(mproci_view text, uint64_t *ret_cursor)
{
	uint64_t cursor = 0;

	if (text.size == 0 || text.size > 20)
		return false;
	for (size_t i = 0; i < text.size; ++i) {
		unsigned digit = (unsigned char)text.bytes[i] - (unsigned)'0';

		if (digit > 9 || cursor > (UINT64_MAX - digit) / 10)
			return false;
		cursor = cursor * 10 + digit;
	}
	*ret_cursor = cursor;
	return true;
}

static bool read_scan_count(mproci_call *call, size_t index, size_t *ret_count)
{
	int64_t number;

	if (!mproci_argument_integer(call, index, &number))
		return false;
	if (number < 1) {
		mproci_reply_syntax_error(call->reply);
		return false;
	}
	*ret_count = (size_t)number;
	return true;
}

bool mproci_argument_scan(mproci_call *call, size_t index, mproci_scan_request *ret_request)
{
	mproci_scan_request request = {.count = 10};

	if (!read_cursor(call->arguments[index], &request.cursor))
		return complain(call, "invalid cursor");
	for (++index; index < call->count; index += 2) {
		bool has_value = index + 1 < call->count;

		if (has_value && mproci_is_word(call->arguments[index], "COUNT")) {
			if (!read_scan_count(call, index + 1, &request.count))
				return false;
		} else if (has_value && mproci_is_word(call->arguments[index], "MATCH")) {
			request.has_pattern = true;
			request.pattern = call->arguments[index + 1];
		} else {
			mproci_reply_syntax_error(call->reply);
			return false;
		}
	}
	*ret_request = request;
	return true;
}

mproci_span mproci_span_of(int64_t start, int64_t stop, size_t count)
{
	int64_t all = (int64_t)count;

	if (start < 0)
		start = start + all < 0 ? 0 : start + all;
	if (stop < 0)
		stop += all;
	if (stop >= all)
		stop = all - 1;
	if (start > stop)
		return (mproci_span){0, 0};
	return (mproci_span){(size_t)start, (size_t)(stop - start + 1)};
}

void mproci_reply_shown(mproci_reply *reply)
{
	mproci_reply_error(reply, "ERR this name belongs to the family");
}

void mproci_reply_no_memory(mproci_reply *reply)
{
	mproci_reply_error(reply, "OOM there is no memory for this");
}
