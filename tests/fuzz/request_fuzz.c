/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "manager/request.h"

#include <errno.h>
#include <string.h>

enum {
	MOST = 8192,
};

/* What was read in one go, to compare with. */
typedef struct summary {
	size_t requests, arguments, bytes;
	uint64_t sum;
	int end;
} summary;

static void take_in(summary *all, const mproci_parser *parser, const char *begin, size_t size)
{
	++all->requests;
	for (size_t i = 0; i < parser->count; ++i) {
		mproci_view one = parser->arguments[i];

		require(one.bytes >= begin && one.bytes + one.size <= begin + size);
		for (size_t j = 0; j < one.size; ++j)
			all->sum = all->sum * 31 + (unsigned char)one.bytes[j];
		++all->arguments;
		all->bytes += one.size;
	}
}

/* Read all requests of the bytes, of which @step more are given each time, at a place that changes each time. */
static summary read_all(const mproci_parser_limits *limits, const uint8_t *data, size_t size, size_t step)
{
	static char places[2][MOST];
	mproci_parser parser;
	summary all = {0};
	size_t used = 0, given = 0, place = 0;
	char *bytes;

	mproci_parser_init(&parser);
	memcpy(places[0], data, size);
	while (given < size && all.end == 0) {
		ssize_t rc;

		given = size - given < step ? size : given + step;
		/* What lines with escapes have become stays as it is. */
		bytes = places[++place % 2];
		memcpy(bytes, places[(place + 1) % 2], size);
		do {
			rc = mproci_parser_read(&parser, limits, bytes + used, given - used);
			require(rc <= (ssize_t)(given - used) && (rc >= 0 || rc == -EBADMSG));
			require(parser.count <= limits->arguments && parser.capacity <= 2 * MOST);
			if (rc > 0)
				take_in(&all, &parser, bytes + used, (size_t)rc);
			used += rc > 0 ? (size_t)rc : 0;
			all.end = rc < 0 ? (int)rc : 0;
		} while (rc > 0 && used < given);
	}
	mproci_parser_free(&parser);
	return all;
}

/* The first byte says how much comes at once, and whose limits hold; then come requests. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const mproci_parser_limits before_auth = {10, 16, true}, after = {1024, 4096, false};
	input from = {.data = data, .size = size};
	uint8_t how = take_byte(&from);
	const mproci_parser_limits *limits = (how & 1) != 0 ? &before_auth : &after;
	summary whole, parts;

	if (from.size > MOST)
		return 0;
	whole = read_all(limits, from.data, from.size, MOST);
	parts = read_all(limits, from.data, from.size, 1 + how / 2);
	require(whole.requests == parts.requests && whole.arguments == parts.arguments);
	require(whole.bytes == parts.bytes && whole.sum == parts.sum && whole.end == parts.end);
	return 0;
}
