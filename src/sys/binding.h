/* SPDX-License-Identifier: MIT */
/*
 * sys/binding.h - giving each of several workers CPUs of its own.
 */
#ifndef SYS_BINDING_H
#define SYS_BINDING_H

#include "sys/topology.h"

/*
 * Choose the CPUs for worker @worker, from 0, of @workers.
 *
 * With no more workers than cores, its equal part of the cores, neighbours by number, with all their CPUs
 * in @usable.  With more, one CPU: the first of each core before the second of any; when all are taken,
 * from the start.
 *
 * @topology  NULL: every CPU is a core.
 * @usable    at least one CPU.
 */
void mproci_binding_choose(const mproci_topology *topology, const mproci_cpu_set *usable, unsigned worker,
	unsigned workers, mproci_cpu_set *ret_set);

/*
 * Let this thread, and what it starts, run only on the CPUs chosen for it among those it may run on now: so
 * call it once, in a process of one thread.  Returns 0, or a negative errno with an error text.
 */
int mproci_binding_apply(unsigned worker, unsigned workers);

#endif
