/* SPDX-License-Identifier: MIT */
/*
 * trace/tape.h - what one thread has recorded for the time line, and not written to the file yet: whole lines of JSON.
 *
 * It lies in the family's memory.  Its thread alone writes to it; once that is dead, who buries it.  One store makes a line, or an
 * addition to the run, part of it: a kill leaves all of an event or nothing.
 *
 * Events that are shorter than it costs to write them would make the file huge and the tasks slow.  So those that follow each other are
 * held as one, the run, while it is shorter than 10 microseconds: same name, same outcome, items in a row.
 */
#ifndef TRACE_TAPE_H
#define TRACE_TAPE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MPROCI_TAPE_SIZE = 1 << 16,
	/* What is shown of names and outcomes. */
	MPROCI_TAPE_NAME = 48,
	MPROCI_TAPE_OUTCOME = 24,
	/* Nanoseconds. */
	MPROCI_TAPE_RUN = 10000,
};

typedef struct mproci_tape_event {
	const char *name;
	/* Nanoseconds of the clock. */
	int64_t start, end;
	/* The first item, and how many; 0: it is about none. */
	uint64_t item, count;
	/* May be NULL. */
	const char *outcome;
} mproci_tape_event;

typedef struct mproci_tape {
	/* Bytes of text, and the run's items and nanoseconds (0: there is none): tape.c. */
	_Atomic uint64_t state;
	/* The rest of the run. */
	int64_t run_start;
	uint64_t run_item;
	char run_name[MPROCI_TAPE_NAME];
	char run_outcome[MPROCI_TAPE_OUTCOME];
	int32_t pid, thread;
	/* When it was written to the file last: for its thread. */
	int64_t written_at;
	char text[];
} mproci_tape;

/* Begin a tape of @MPROCI_TAPE_SIZE bytes, for the thread @thread of process @pid, whose name it says. */
void mproci_tape_begin(mproci_tape *tape, int32_t pid, int32_t thread, const char *process);

/* Each adds something; false, and nothing is done, when there is no room. */
bool mproci_tape_add(mproci_tape *tape, const mproci_tape_event *event);
bool mproci_tape_name_thread(mproci_tape *tape, const char *name);

/* What the only thread of process @pid was at when it was killed at the end of @event; nobody knows since when if the start is 0. */
bool mproci_tape_add_death(mproci_tape *tape, int32_t pid, const mproci_tape_event *event);

/* End the run: it becomes a line.  There is room for that. */
void mproci_tape_settle(mproci_tape *tape);

/* The bytes of text. */
size_t mproci_tape_size(const mproci_tape *tape);

/* The text has been written; the run goes on. */
void mproci_tape_clear(mproci_tape *tape);

#endif
