/* SPDX-License-Identifier: MIT */
/*
 * process/spawned.h - how a program that is begun anew learns what it is for.
 *
 * The starter puts a variable into its environment, which names descriptors that it has left open, and the
 * order; mproc_init finds it.
 */
#ifndef PROCESS_SPAWNED_H
#define PROCESS_SPAWNED_H

#include "process/order.h"

#include <stddef.h>

typedef struct mproci_spawned {
	/* Whose child it is that is meant: others may have inherited the variable. */
	pid_t parent;
	/*
	 * Descriptors: of the family's memory, the end of the parent's lifeline, for the report, of the
	 * server or -1.
	 */
	int memory, lifeline, report, server;
	void *base;
	size_t size;
	const mproci_order *order;
} mproci_spawned;

enum {
	MPROCI_SPAWNED_SIZE = 160,
};

/* Write that as "NAME=value". */
void mproci_spawned_write(const mproci_spawned *spawned, char ret_variable[MPROCI_SPAWNED_SIZE]);

/* In a process that was spawned do what it was started for, and end; in any other return. */
void mproci_spawned_act(void);

#endif
