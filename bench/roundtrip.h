/* SPDX-License-Identifier: MIT */
/*
 * roundtrip.h - what it takes two processes to wake each other, when each has really fallen asleep before it is answered.
 */
#ifndef BENCH_ROUNDTRIP_H
#define BENCH_ROUNDTRIP_H

#include "partner.h"

/* One to send a message of 8 bytes by, and to sleep until there is one.  What fails ends the program. */
typedef struct roundtrip_kind {
	void (*put)(void *way);
	void (*get)(void *way);
} roundtrip_kind;

/* A contestant.  Both ways lie where both processes see them. */
typedef struct roundtrip {
	const roundtrip_kind *kind;
	void *there, *back;
	bench_partner *partner;
	struct roundtrip_stage *stage;
} roundtrip;

/* A word to sleep on, in a place of 64 bytes. */
extern const roundtrip_kind roundtrip_futex;

/* Fork the other process, and stay where it is not. */
void roundtrip_open(roundtrip *self);

void roundtrip_close(roundtrip *self);

/* With a roundtrip: some of them.  Returns the median, in nanoseconds. */
double roundtrip_run(void *argument);

#endif
