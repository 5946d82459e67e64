/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/tracee.h - the processes of a test, and going through one of them step by step.
 */
#ifndef CRASH_TRACEE_H
#define CRASH_TRACEE_H

#include "family/family.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct crash_process {
	const char *name;
	mproci_id member;
	pid_t pid;
	int pidfd;
	/* Of one that is traced: its next instruction is a system call, has been asleep in it. */
	uintptr_t at;
	bool is_in_call, is_asleep;
	/* How often it had given the processor up when it fell asleep. */
	unsigned long switches;
	/* Where it stops when it runs, or 0. */
	uintptr_t breakpoint;
	/* Another's child, which that one waits for; once this has ended it is known how. */
	bool is_adopted, has_ended;
	int status;
	/* It has made a child by vfork: it goes no further before that has become another program. */
	bool is_held_up;
} crash_process;

typedef enum crash_progress {
	CRASH_STEPPED,
	/* The step is a system call that sleeps. */
	CRASH_ASLEEP,
	/* The next instruction is the marker; or another's child has ended. */
	CRASH_AT_END,
	/* It ended, or got a signal of its own. */
	CRASH_BROKEN,
} crash_progress;

/* Whether this machine can be stepped. */
bool crash_can_step(void);

/* Fork a member of the family, which ends with the harness.  Returns true in the child. */
bool crash_fork(crash_process *process, const char *name);

/* In the child: be an hour ahead of the others. */
void crash_put_clock_ahead(void);

/* In the child: let the parent trace this process, and stop here. */
void crash_be_traced(void);
/* In the child: where the steps end. */
void crash_mark_end(void);

/* Wait until the child has called crash_be_traced; false: it ended before. */
bool crash_await_traced(crash_process *process);

/*
 * Let a tracee run until it makes a child, by whatever system call.  The child is a tracee too, before its first instruction; its
 * parent stands still until crash_let_go.
 */
void crash_adopt(crash_process *parent, crash_process *ret_child);

/* Trace it no longer.  Returns when it sleeps. */
void crash_let_go(crash_process *parent);

/* One that becomes another program goes on to mproc_init of that in one step. */
crash_progress crash_step(crash_process *process);

/* Have it stop before the instruction at @place whenever it runs; 0: no longer. */
void crash_set_breakpoint(crash_process *process, uintptr_t place);

/* Let it run until it stops at a breakpoint or the marker, or sleeps: much faster than steps. */
crash_progress crash_run_on(crash_process *process);

/*
 * Wait at most @milliseconds until a tracee that was asleep has finished its step, or has run on to where it sleeps again.
 * CRASH_BROKEN: neither.
 */
crash_progress crash_await_wake(crash_process *process, int milliseconds);

/* What the kernel will do for the tracee's robust locks depends on these. */
typedef struct crash_robust_head {
	uintptr_t first, offset, pending;
} crash_robust_head;

void crash_read_robust_head(const crash_process *process, crash_robust_head *ret_head);

/* Wait until the process sleeps or has ended. */
void crash_await_sleep(const crash_process *process);

/* Wait at most @milliseconds for its end. */
bool crash_await_end(const crash_process *process, int milliseconds);

void crash_kill(const crash_process *process);

/* An ended process: its status as from waitpid; its pid stays taken. */
int crash_status(crash_process *process);

void crash_reap(crash_process *process);

#endif
