/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/tracer.h - running a process, those it starts and those they start, and having a system call of
 * one of them fail, or one of them killed at it.
 */
#ifndef FAULT_TRACER_H
#define FAULT_TRACER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	FAULT_MOST_PROCESSES = 64,
};

/* Whose calls are counted, and the n-th made to fail. */
typedef enum fault_victim {
	FAULT_NOBODY,
	/* The process that is run. */
	FAULT_STARTER,
	/* Those that it had started before FAULT_BEGIN. */
	FAULT_SERVER,
	/* Those that were started between FAULT_BEGIN and FAULT_END, up to the end of each. */
	FAULT_CHILD,
	/* No call: the memory that malloc gives to whichever process, but not to one that was spawned. */
	FAULT_MALLOC,
	/* The same for a process that was spawned. */
	FAULT_SPAWNED_MALLOC,
	/* No call: so many descriptors less one are left to the starter, or to the server. */
	FAULT_DESCRIPTORS,
	FAULT_SERVER_DESCRIPTORS,
} fault_victim;

/* What a traced process tells the tracer.  Calls are counted between the first two, but not in a function. */
typedef enum fault_mark_kind {
	FAULT_BEGIN,
	FAULT_END,
	FAULT_FUNCTION_BEGIN,
	FAULT_FUNCTION_END,
	/* Of the start afterwards. */
	FAULT_SECOND_FUNCTION,
	/* A spawned process was refused memory. */
	FAULT_REFUSED,
} fault_mark_kind;

/* What the tracer and the process that is run tell each other. */
typedef struct fault_board {
	/* From here on it is traced. */
	_Atomic bool is_traced;
	/* How often functions began, and the second one did. */
	_Atomic uint32_t begun, begun_second;
	/* All that were started, ended or not. */
	_Atomic uint32_t process_count;
	_Atomic pid_t processes[FAULT_MOST_PROCESSES];
	/* Those of the plan. */
	fault_victim victim;
	unsigned number;
	/* How many requests for memory it takes to the one that is refused, with it; 0: none is. */
	_Atomic uint32_t memory_left;
	/* What a call failed with; 0: none has.  And its name. */
	_Atomic int code;
	const char *_Atomic call;
	/* Of a victim that is no call: it was there. */
	_Atomic bool was_refused;
	/* What was wrong; "" for nothing. */
	char complaint[512];
} fault_board;

extern fault_board *fault_here;

/* What becomes of the n-th call. */
typedef enum fault_deed {
	FAULT_FAILS,
	/* The process is killed, before or after the kernel has done what was asked of it. */
	FAULT_KILLED_BEFORE,
	FAULT_KILLED_AFTER,
} fault_deed;

typedef struct fault_plan {
	fault_victim victim;
	fault_deed deed;
	/* Which of its calls, from 1. */
	unsigned number;
	/* Which of the codes of that call, from 0; beyond the last one, the first again. */
	int variant;
	/* And every later one of the same kind, up to FAULT_END. */
	bool is_lasting;
	/* Whoever needs longer hangs. */
	int seconds;
} fault_plan;

typedef struct fault_result {
	/* There was such a call, and it failed, or was the last. */
	bool was_injected;
	/* How many codes it has, and which one it got; whether that may last. */
	int code_count, code;
	bool may_last;
	const char *call;
	/* What was wrong, or "". */
	char complaint[768];
} fault_result;

/* Whether this machine can be traced so. */
bool fault_can_trace(void);

/* Before the first run, and after the last. */
void fault_prepare(void);
void fault_finish(void);

/*
 * Run @function in a new process.  It complains, or returns, or is killed as planned; whom it has started before may complain too.
 * Afterwards neither it nor anybody it started may be there.
 */
fault_result fault_run(const fault_plan *plan, void (*function)(void *argument), void *argument);

/* In a traced process. */
void fault_mark(fault_mark_kind kind);

/* In the process that is run: tell what is wrong, and end.  The first complaint counts. */
_Noreturn void fault_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* R, S, Z and so on, as ps shows it; ? when there is no such process. */
char fault_state_of(pid_t pid);

/* What the processes of the last run have printed, to be shown when it went wrong. */
const char *fault_output(void);

#endif
