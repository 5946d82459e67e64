/* SPDX-License-Identifier: MIT */
/*
 * remote/request.h - a command for the server, argument by argument.
 */
#ifndef REMOTE_REQUEST_H
#define REMOTE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* What no command of ours exceeds. */
	MPROCI_REQUEST_MOST = 24,
};

typedef struct mproci_request {
	size_t count;
	/* They stay the caller's. */
	const char *arguments[MPROCI_REQUEST_MOST];
	size_t sizes[MPROCI_REQUEST_MOST];
	/* For arguments that are numbers. */
	char numbers[MPROCI_REQUEST_MOST][32];
	/* Carried out twice it does the same as once: so it is sent again when the connection breaks. */
	bool is_repeatable;
	/* It calls a function of functions.lua, which the server may have to be given first. */
	bool is_function;
} mproci_request;

/* Begin with a command's name. */
void mproci_request_begin(mproci_request *request, const char *command, bool is_repeatable);

/* Begin with FCALL, a function of functions.lua, and how many of the arguments that follow are keys. */
void mproci_request_begin_function(
	mproci_request *request, const char *function, size_t keys, bool is_repeatable);

void mproci_request_add(mproci_request *request, const void *bytes, size_t size);
void mproci_request_add_text(mproci_request *request, const char *text);
void mproci_request_add_integer(mproci_request *request, int64_t number);
void mproci_request_add_double(mproci_request *request, double number);

#endif
