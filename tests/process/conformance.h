/* SPDX-License-Identifier: MIT */
/*
 * conformance.h - what holds for a process however it was started.
 *
 * conformance_<method>_test.c runs all of it for one start method; the tests lie in
 * conformance_<subject>.c.  They use nothing but the public headers, so that they also run with the shared
 * library.
 *
 * Each test runs in a process that is plainly forked from the program, after its mproc_init.  A child
 * shares nothing with it for certain but the arena: what both use is on the board.  A child has no part in
 * the test library: it tells by its exit code which of its checks failed.
 *
 * What happens at the end of a program is seen from outside: play() runs the program anew, in which one
 * play is the whole of main.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include "support.h"

#include <errno.h>
#include <mproc.h>
#include <stdatomic.h>

/* The start method of this program. */
extern mproc_start method;

/* The process that mproc_init has made. */
extern pid_t server;

/* What a test shares with its children; in the arena, new for each test. */
typedef struct noticeboard {
	/* Children say here that they have come, and wait until they are let through. */
	mproc_semaphore ready, gate;
	_Atomic int count;
	int numbers[16];
	char text[4096];
} noticeboard;

extern noticeboard *board;

/* Run the suite, or what this program was begun anew for.  Returns what main returns. */
int run_conformance(int argc, char **argv, const char *name, mproc_start start);

/* The parts of the suite; each adds its tests and plays. */
void add_arguments(void);
void add_beginnings(void);
void add_endings(void);
void add_family(void);
void add_following(void);
void add_inheritance(void);
void add_options(void);
void add_output(void);
void add_parents_end(void);
void add_refusals(void);
void add_tests(const TTest *const *tests);

/* @be_main returns what main returns; @before is called before mproc_init, NULL for nothing. */
void add_play(const char *name, int (*be_main)(void), void (*before)(void));

/* How a play ended, and what it and its descendants wrote to standard output. */
typedef struct outcome {
	/* Its exit code, or -N for signal N. */
	int code;
	char text[4096];
} outcome;

/* Run a play until it and all its descendants, who hold its standard output, have ended. */
outcome play(const char *name);

/* Start by the method of this program, or with options; the start must succeed. */
mproc_process *start(mproc_process_function *function, const void *argument, size_t size);
mproc_process *start_with(
	mproc_process_options options, mproc_process_function *function, const void *argument, size_t size);

/* Start one that is there when this returns: @function begins with await_gate or tell_ready. */
mproc_process *start_and_await(mproc_process_function *function);

/* Join and close.  Returns the exit code, or -N. */
int finish(mproc_process *process);

/* Start and finish. */
int run(mproc_process_function *function, const void *argument, size_t size);
int run_with(
	mproc_process_options options, mproc_process_function *function, const void *argument, size_t size);

/* The same with the board for the argument; it must return 0. */
void check_child(mproc_process_function *function);
void check_child_with(mproc_process_options options, mproc_process_function *function);

void kill_and_finish(mproc_process *process);

/* That the start is refused with @code, a text that has @text in it, and leaves nothing. */
void check_refused(
	mproc_process_options options, mproc_process_function *function, int code, const char *text);

void check_text(const char *expected);

/* For children: say that it is there; wait at the gate as well.  They are process functions: 0, or 99. */
int tell_ready(void *shared);
int await_gate(void *shared);
int return_0(void *unused);
int return_argument(void *code);
/* Says that it is there, and stays. */
int stay(void *shared);

/* For children: tell whether @holds; if not, @what does not hold is said on the board. */
bool expect(noticeboard *here, bool holds, const char *what);

/* For tests. */
void await_ready(int count);
void let_through(int count);

/* A descriptor of an empty file without a name, close-on-exec. */
int open_scratch(void);

/* What lies in it, from its beginning. */
const char *read_scratch(int descriptor);

/* Whether this process may do what only root may. */
bool is_privileged(void);

#endif
