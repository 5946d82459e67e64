/* SPDX-License-Identifier: MIT */
/*
 * A request is understood piece by piece: the head of the array, then the head of an argument, then the argument.  Whoever says that much will come gets no
 * memory for that: room for arguments grows as arguments come.
 */
#include "manager/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* The arguments for which memory is kept between requests. */
	KEPT = 1024,
	/* More than any number that is allowed has. */
	MOST_DIGITS = 16,
};

static const int64_t NO_BULK = -1;

typedef enum progress {
	PARTIAL,
	/* A piece was understood. */
	PIECE,
	WHOLE,
	REFUSED,
	NO_MEMORY,
} progress;

static void begin(mproci_parser *parser, char *bytes)
{
	parser->base = bytes;
	parser->position = 0;
	parser->missing = 0;
	parser->bulk = NO_BULK;
	parser->is_array = false;
	parser->is_whole = false;
	parser->count = 0;
}

void mproci_parser_init(mproci_parser *parser)
{
	parser->arguments = parser->few;
	parser->capacity = MPROCI_PARSER_FEW;
	begin(parser, NULL);
}

void mproci_parser_free(mproci_parser *parser)
{
	if (parser->arguments != parser->few)
		free(parser->arguments);
	mproci_parser_init(parser);
}

static progress refuse(mproci_parser *parser, const char *why)
{
	snprintf(parser->error, sizeof parser->error, "ERR Protocol error: %s", why);
	return REFUSED;
}

static bool make_room(mproci_parser *parser)
{
	size_t capacity = parser->capacity + parser->capacity / 2 + MPROCI_PARSER_FEW;
	mproci_view *arguments;

	arguments = realloc(
		parser->arguments == parser->few ? NULL : parser->arguments, capacity * sizeof *arguments);
	if (arguments == NULL)
		return false;
	if (parser->arguments == parser->few)
		memcpy(arguments, parser->few, sizeof parser->few);
	parser->arguments = arguments;
	parser->capacity = capacity;
	return true;
}

static inline bool add_argument(mproci_parser *parser, char *bytes, size_t size)
{
	if (parser->count == parser->capacity && !make_room(parser))
		return false;
	parser->arguments[parser->count++] = (mproci_view){bytes, size};
	return true;
}

/*
 * Read the number of a head, whose sign is looked at already, and step behind its line.  Returns PIECE; PARTIAL; REFUSED, without a text: it is no number.
 */
static inline progress read_head(mproci_parser *parser, size_t size, int64_t *ret_number)
{
	const char *at = parser->base + parser->position + 1, *end = parser->base + size, *first;
	bool is_negative = at < end && *at == '-';
	int64_t number = 0;

	at += is_negative;
	first = at;
	while (at < end && *at >= '0' && *at <= '9' && at - first < MOST_DIGITS)
		number = number * 10 + (*at++ - '0');
	if (at < end && (*at != '\r' || at == first))
		return REFUSED;
	if (at - first > 1 && *first == '0')
		return REFUSED;
	if (end - at < 2)
		return PARTIAL;
	if (at[1] != '\n')
		return REFUSED;
	parser->position = (size_t)(at + 2 - parser->base);
	*ret_number = is_negative ? -number : number;
	return PIECE;
}

static progress read_array(mproci_parser *parser, const mproci_parser_limits *limits, size_t size)
{
	int64_t count;
	progress rc = read_head(parser, size, &count);

	if (rc == PARTIAL)
		return rc;
	if (rc == REFUSED)
		return refuse(parser, "invalid multibulk length");
	if (count > (int64_t)limits->arguments)
		return refuse(parser, limits->is_before_auth ? "unauthenticated multibulk length"
							     : "invalid multibulk length");
	if (count <= 0)
		return WHOLE;
	parser->is_array = true;
	parser->missing = (size_t)count;
	return PIECE;
}

static progress read_bulk_head(mproci_parser *parser, const mproci_parser_limits *limits, size_t size)
{
	const char *at = parser->base + parser->position;
	int64_t bulk;
	progress rc;

	if (parser->position == size)
		return PARTIAL;
	if (*at != '$') {
		char why[32];

		snprintf(why, sizeof why, "expected '$', got '%c'", *at == '\0' ? ' ' : *at);
		return refuse(parser, why);
	}
	rc = read_head(parser, size, &bulk);
	if (rc == PARTIAL)
		return rc;
	if (rc == PIECE && limits->is_before_auth && bulk > (int64_t)limits->bulk)
		return refuse(parser, "unauthenticated bulk length");
	if (rc == REFUSED || bulk < 0 || bulk > (int64_t)limits->bulk)
		return refuse(parser, "invalid bulk length");
	parser->bulk = bulk;
	return PIECE;
}

static inline progress read_bulk(mproci_parser *parser, size_t size)
{
	char *at = parser->base + parser->position;
	size_t bulk = (size_t)parser->bulk;

	if (size - parser->position < bulk + 2)
		return PARTIAL;
	if (at[bulk] != '\r' || at[bulk + 1] != '\n')
		return refuse(parser, "expected a line end behind a bulk");
	if (!add_argument(parser, at, bulk))
		return NO_MEMORY;
	parser->position += bulk + 2;
	parser->bulk = NO_BULK;
	return --parser->missing == 0 ? WHOLE : PIECE;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A line as it is read: what an escape stands for is written where it was, or before that. */
typedef struct typed {
	char *from, *end, *to;
} typed;

static char plain_escape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case 'a':
		return '\a';
	default:
		return c;
	}
}

static void read_escape(typed *line)
{
	int high, low;

	++line->from;
	if (line->end - line->from >= 3 && line->from[0] == 'x') {
		high = hex_digit(line->from[1]);
		low = hex_digit(line->from[2]);
		if (high >= 0 && low >= 0) {
			*line->to++ = (char)(high * 16 + low);
			line->from += 3;
			return;
		}
	}
	*line->to++ = plain_escape(*line->from++);
}

/* Returns whether the quote ends, and a space or the line's end is behind it. */
static bool read_quoted(typed *line)
{
	char quote = *line->from++;

	while (line->from < line->end && *line->from != quote) {
		bool is_escape = *line->from == '\\' && line->end - line->from >= 2;

		if (is_escape && quote == '"') {
			read_escape(line);
		} else {
			line->from += is_escape && line->from[1] == '\'';
			*line->to++ = *line->from++;
		}
	}
	if (line->from == line->end)
		return false;
	++line->from;
	return line->from == line->end || is_space(*line->from);
}

static bool read_word(typed *line)
{
	while (line->from < line->end && !is_space(*line->from)) {
		if (*line->from == '"' || *line->from == '\'')
			return read_quoted(line);
		*line->to++ = *line->from++;
	}
	return true;
}

static progress split_line(
	mproci_parser *parser, const mproci_parser_limits *limits, char *bytes, size_t size)
{
	typed line = {.from = bytes, .end = bytes + size};

	for (;;) {
		while (line.from < line.end && is_space(*line.from))
			++line.from;
		if (line.from == line.end)
			return WHOLE;
		if (parser->count == limits->arguments)
			return refuse(parser, "too many arguments in a line");
		line.to = line.from;
		bytes = line.from;
		if (!read_word(&line))
			return refuse(parser, "unbalanced quotes in request");
		if (!add_argument(parser, bytes, (size_t)(line.to - bytes)))
			return NO_MEMORY;
	}
}

static progress read_line(mproci_parser *parser, const mproci_parser_limits *limits, size_t size)
{
	size_t most = limits->is_before_auth ? limits->bulk : MPROCI_REQUEST_LINE, length;
	const char *end = memchr(parser->base + parser->position, '\n', size - parser->position);

	length = end == NULL ? size : (size_t)(end - parser->base);
	if (length > most)
		return refuse(parser, "too big inline request");
	/* What has been looked at is not looked at again. */
	parser->position = end == NULL ? size : length + 1;
	return end == NULL ? PARTIAL : split_line(parser, limits, parser->base, length);
}

static progress read_piece(mproci_parser *parser, const mproci_parser_limits *limits, size_t size)
{
	if (parser->bulk != NO_BULK)
		return read_bulk(parser, size);
	if (parser->is_array)
		return read_bulk_head(parser, limits, size);
	return parser->base[0] == '*' ? read_array(parser, limits, size) : read_line(parser, limits, size);
}

/* A new request begins; large room that an earlier one has needed goes. */
static void renew(mproci_parser *parser, char *bytes)
{
	if (parser->capacity > KEPT)
		mproci_parser_free(parser);
	begin(parser, bytes);
}

void mproci_parser_move(mproci_parser *parser, char *bytes)
{
	for (size_t i = 0; i < parser->count; ++i)
		parser->arguments[i].bytes =
			bytes + ((uintptr_t)parser->arguments[i].bytes - (uintptr_t)parser->base);
	parser->base = bytes;
}

size_t mproci_parser_needs(const mproci_parser *parser)
{
	return parser->position + (parser->bulk == NO_BULK ? 1 : (size_t)parser->bulk + 2);
}

ssize_t mproci_parser_read(
	mproci_parser *parser, const mproci_parser_limits *limits, char *bytes, size_t size)
{
	progress rc = PIECE;

	if (parser->is_whole || parser->position == 0)
		renew(parser, bytes);
	else if (bytes != parser->base)
		mproci_parser_move(parser, bytes);
	while (rc == PIECE && size > 0)
		rc = read_piece(parser, limits, size);
	parser->is_whole = rc == WHOLE;
	if (rc == WHOLE)
		return (ssize_t)parser->position;
	if (rc == REFUSED)
		return -EBADMSG;
	return rc == NO_MEMORY ? -ENOMEM : 0;
}
