/* SPDX-License-Identifier: MIT */
#include "remote/request.h"

#include "sys/number.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void mproci_request_begin(mproci_request *request, const char *command, bool is_repeatable)
{
	request->count = 0;
	request->is_repeatable = is_repeatable;
	request->is_function = false;
	mproci_request_add_text(request, command);
}

void mproci_request_begin_function(
	mproci_request *request, const char *function, size_t keys, bool is_repeatable)
{
	mproci_request_begin(request, "FCALL", is_repeatable);
	request->is_function = true;
	mproci_request_add_text(request, function);
	mproci_request_add_integer(request, (int64_t)keys);
}

void mproci_request_add(mproci_request *request, const void *bytes, size_t size)
{
	assert(request->count < MPROCI_REQUEST_MOST);
	request->arguments[request->count] = bytes == NULL ? "" : bytes;
	request->sizes[request->count] = size;
	++request->count;
}

void mproci_request_add_text(mproci_request *request, const char *text)
{
	mproci_request_add(request, text, strlen(text));
}

void mproci_request_add_integer(mproci_request *request, int64_t number)
{
	char *text = request->numbers[request->count];

	snprintf(text, sizeof request->numbers[0], "%" PRId64, number);
	mproci_request_add_text(request, text);
}

void mproci_request_add_double(mproci_request *request, double number)
{
	char *text = request->numbers[request->count];

	mproci_number_print(number, text);
	mproci_request_add_text(request, text);
}
