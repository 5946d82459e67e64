/* SPDX-License-Identifier: MIT */
/*
 * manager/arguments.h - numbers and options among a command's arguments.
 *
 * What is not what it should be is answered here, in Redis' words; then false is returned.
 */
#ifndef MANAGER_ARGUMENTS_H
#define MANAGER_ARGUMENTS_H

#include "manager/command.h"

/* A run of positions. */
typedef struct mproci_span {
	size_t first, count;
} mproci_span;

/* What *SCAN commands are asked for. */
typedef struct mproci_scan_request {
	uint64_t cursor;
	size_t count;
	bool has_pattern;
	mproci_view pattern;
} mproci_scan_request;

bool mproci_argument_integer(mproci_call *call, size_t index, int64_t *ret_number);
/* Any number but the lowest, whose opposite there is not. */
bool mproci_argument_signed(mproci_call *call, size_t index, int64_t *ret_number);
/* 0 or more; @complaint is what is answered otherwise. */
bool mproci_argument_count(mproci_call *call, size_t index, const char *complaint, size_t *ret_count);
bool mproci_argument_double(mproci_call *call, size_t index, const char *complaint, double *ret_number);

/* The seconds after which a command no longer waits: as a time of the keyspace's clock, 0 for ever. */
bool mproci_argument_until(mproci_call *call, size_t index, int64_t *ret_until);

/* The arguments from @index on: the cursor, MATCH and COUNT. */
bool mproci_argument_scan(mproci_call *call, size_t index, mproci_scan_request *ret_request);

/* From @start to @stop, both included, of @count; negative ones are counted from the end. */
mproci_span mproci_span_of(int64_t start, int64_t stop, size_t count);

/* Say that the name belongs to the family, and that there is no memory. */
void mproci_reply_shown(mproci_reply *reply);
void mproci_reply_no_memory(mproci_reply *reply);

#endif
