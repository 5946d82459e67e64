/* SPDX-License-Identifier: MIT */
/*
 * process/order.h - what a process is to be that is not forked from the one that starts it: a role, and
 * all that it points to, in one block of the arena.
 *
 * The starter owns it, and frees it when it has the report; until then the child may read it.
 */
#ifndef PROCESS_ORDER_H
#define PROCESS_ORDER_H

#include "process/function.h"
#include "process/handle.h"
#include "process/role.h"
#include "process/start.h"

#include <mproc/log.h>

typedef struct mproci_order {
	/* Itself: what was freed, or never was one, says something else. */
	const struct mproci_order *self;
	/* Without report and function, which only the child knows. */
	mproci_role role;
	mproc_process_options options;
	mproci_function_name function;
	sigset_t mask;
	/* The server that this family has: process/server.h. */
	uint32_t server;
	int log_descriptor;
	mproc_log_level log_level;
} mproci_order;

/* Returns 0, or a negative errno with an error text. */
int mproci_order_create(
	const mproci_start_plan *plan, const mproc_process *process, mproci_order **ret_order);

void mproci_order_destroy(mproci_order *order);

/* Whether there is an order at @order, which may be any address, whose member is still expected. */
bool mproci_order_is_there(const mproci_order *order);

/* In the child, when its descriptors have their numbers: log as its parent does. */
void mproci_order_log(const mproci_order *order);

/* In the child: get the role, but for the report.  Returns 0, or a negative errno with an error text. */
int mproci_order_read(const mproci_order *order, mproci_role *ret_role);

#endif
