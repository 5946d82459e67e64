/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/calls.h - what each system call can fail with.
 */
#ifndef FAULT_CALLS_H
#define FAULT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	FAULT_MOST_CODES = 8,
};

typedef struct fault_call {
	const char *name;
	long number;
	/* Only with this argument, counted from 1, of which the bits of @mask are @value; 0: any. */
	int argument;
	uint64_t mask, value;
	/* What it is made to fail with, one after the other; 0 after the last. */
	int codes[FAULT_MOST_CODES];
	/* It does its work and fails nevertheless. */
	bool is_done;
	/* It makes a process: EAGAIN means that there may be no more. */
	bool is_fork;
	/* Why it is never made to fail, or NULL. */
	const char *why_not;
} fault_call;

/* The entry of a call; one for all those that have none. */
const fault_call *fault_find_call(long number, const uint64_t arguments[6]);

/* How many codes it has; 0: it is never made to fail. */
int fault_count_codes(const fault_call *call);

/* Whether it may go on so: nobody is interrupted for ever, but who has no descriptors left may stay so. */
bool fault_is_lasting(const fault_call *call, int code);

/* Whether a sanitizer was built in: where it gets no memory it ends the process, so that never fails. */
bool fault_is_sanitized(void);

#endif
