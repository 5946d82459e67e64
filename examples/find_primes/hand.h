/* SPDX-License-Identifier: MIT */
/*
 * find_primes/hand.h - somebody who runs a function: a process, or a thread.
 */
#ifndef FIND_PRIMES_HAND_H
#define FIND_PRIMES_HAND_H

#include <mproc.h>
#include <pthread.h>
#include <stdbool.h>

typedef struct hand {
	mproc_process_function *function;
	void *argument;
	/* NULL: it is a thread. */
	mproc_process *process;
	pthread_t thread;
	int exit_code;
} hand;

/*
 * Start a hand that calls @function with @argument, which must lie in the arena.
 *
 * @name  of the process, NULL for a thread.
 *
 * Returns 0, or -1 after telling why not.
 */
int start_hand(hand *self, const char *name, mproc_process_function *function, void *argument);

/* Whether it has not ended.  Of a thread this is not known, but nobody can kill it. */
bool hand_works(const hand *self);

/* Wait for its end.  Returns how it came. */
mproc_outcome join_hand(hand *self);

#endif
