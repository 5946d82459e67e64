/* SPDX-License-Identifier: MIT */
/*
 * manager/request.h - the parser of what clients send: arrays of bulk strings, and lines as people type them.
 *
 * It owns no bytes.  The caller keeps those of one request together and gives all of them each time, also such as were given before, and wherever they
 * have moved to since; the parser goes on where it was.  The arguments lie in these bytes.
 */
#ifndef MANAGER_REQUEST_H
#define MANAGER_REQUEST_H

#include "manager/view.h"

#include <stdint.h>
#include <sys/types.h>

enum {
	/* How many arguments need no memory. */
	MPROCI_PARSER_FEW = 16,
	MPROCI_REQUEST_ARGUMENTS = 1024 * 1024,
	/* The longest line. */
	MPROCI_REQUEST_LINE = 64 << 10,
};

typedef struct mproci_parser_limits {
	size_t arguments, bulk;
	/* The limits of who has not said who it is: the texts of the errors say so. */
	bool is_before_auth;
} mproci_parser_limits;

typedef struct mproci_parser {
	/* Where the request was when it was looked at last, and how much of it was understood. */
	char *base;
	size_t position;
	/* How many arguments are still to come, and how long the next one is: -1: its head is still to come. */
	size_t missing;
	int64_t bulk;
	bool is_array;
	/* What was read last was whole: what comes next begins a request. */
	bool is_whole;
	mproci_view *arguments;
	size_t count, capacity;
	mproci_view few[MPROCI_PARSER_FEW];
	/* Why the request was refused: "ERR Protocol error: ..." */
	char error[64];
} mproci_parser;

void mproci_parser_init(mproci_parser *parser);
void mproci_parser_free(mproci_parser *parser);

/*
 * Read one request from its first byte on; what comes behind it may be there too.
 *
 * Returns the size of the request when it is whole: its arguments are in @parser - or none, when there was an empty line - until the parser is used
 * again; and the next call begins a new request.  0: there has to be more.  -EBADMSG: it is none, as parser->error says; -ENOMEM.
 */
ssize_t mproci_parser_read(
	mproci_parser *parser, const mproci_parser_limits *limits, char *bytes, size_t size);

/* How many bytes a request that is not whole has at least, as far as it is known. */
size_t mproci_parser_needs(const mproci_parser *parser);

/* The bytes of the request, whole or not, are now here. */
void mproci_parser_move(mproci_parser *parser, char *bytes);

#endif
