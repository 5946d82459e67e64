/* SPDX-License-Identifier: MIT */
/*
 * trace/timeline.h - which thread of the family worked on what, and when, for chrome://tracing or Perfetto.
 *
 * It is on when the environment variable MPROC_TRACE names a file (docs/guide/tracing.md).  Each thread that records something has
 * a tape in the family's memory (trace/tape.h), and writes it to the file when it is full or has not been written for a second.
 * What a killed thread has left is written by who collects: nothing of it is lost.
 *
 * Nothing here fails: what cannot be recorded is not, and the first time that happens the log says why.  But the error text may change.
 * A writer that is stopped is waited for once, for two seconds.
 * What cannot be written stays on the tape until that is full.
 */
#ifndef TRACE_TIMELINE_H
#define TRACE_TIMELINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mproci_timeline mproci_timeline;

/* NULL: off. */
extern _Atomic(mproci_timeline *) mproci_timeline_here;

static inline bool mproci_timeline_is_on(void)
{
	return atomic_load_explicit(&mproci_timeline_here, memory_order_relaxed) != NULL;
}

/*
 * Turn it on if that was asked for; the first call in a process decides, for it and those that it forks later.  What this process's
 * threads have recorded is written when it ends by exit.  Returns what other members hand to mproci_timeline_enter, or NULL: off.
 */
mproci_timeline *mproci_timeline_open(void);

/* In a member that was not forked from one where it was on: take part in what mproci_timeline_open returned there, which may be NULL. */
void mproci_timeline_enter(mproci_timeline *timeline);

/* Name this thread's track, if it is to be called otherwise than its process. */
void mproci_timeline_name_thread(const char *name);

/*
 * Record that this thread worked on @count items from @item on (0: on none), from @start to @end, nanoseconds of the clock.  @name is shown to
 * 47 bytes, @outcome (or NULL) to 23; both are copied.
 *
 * Cost: some 15 ns while such events follow each other so quickly that they are merged (trace/tape.h), 150 ns for one that is not.
 */
void mproci_timeline_event(
	const char *name, int64_t start, int64_t end, uint64_t item, uint64_t count, const char *outcome);

/*
 * Record on the track of process @pid, for who buries it, that it was killed while it worked on @item, since @start; 0: nobody knows
 * since when.
 */
void mproci_timeline_death(int32_t pid, const char *name, int64_t start, uint64_t item, const char *outcome);

/* Write what this thread has recorded. */
void mproci_timeline_flush(void);

/* Write what threads have recorded that have ended: for who has buried one, or joined it. */
void mproci_timeline_collect(void);

#endif
