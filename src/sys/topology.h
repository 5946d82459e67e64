/* SPDX-License-Identifier: MIT */
/*
 * sys/topology.h - which hardware threads ("CPUs", by the kernel's number) share a core.
 *
 * topology.c counts and keeps the table; an engine, topology_hwloc.c or topology_plain.c, fills it.
 * The build links exactly one engine.
 */
#ifndef SYS_TOPOLOGY_H
#define SYS_TOPOLOGY_H

#include <sched.h>
#include <stdint.h>

/* Twice what the largest Linux kernel can be built for, so no mask ever has to grow. */
enum {
	MPROCI_CPU_LIMIT = 16384
};

/* Use it with CPU_SET_S and its family: sizeof set.part, set.part. */
typedef struct mproci_cpu_set {
	cpu_set_t part[MPROCI_CPU_LIMIT / CPU_SETSIZE];
} mproci_cpu_set;

typedef struct mproci_topology {
	/* Entries of leader: the highest number of an online CPU, and one. */
	unsigned cpu_count;
	/* For each CPU the lowest CPU of its core. */
	uint32_t leader[];
} mproci_topology;

/*
 * The contract of an engine: write the leader of every CPU that shares its core with a lower one.
 *
 * On entry every CPU leads itself.  The engine prints nothing and leaves no descriptor and no thread.
 *
 * Returns  0, or a negative errno with the table as it was.
 */
int mproci_topology_fill(mproci_topology *topology);

/* Make a table in which every CPU of @online leads itself; NULL without memory.  free() ends it. */
mproci_topology *mproci_topology_create(const mproci_cpu_set *online);

/* The table of this machine, made at the first use and never freed; NULL without memory. */
const mproci_topology *mproci_topology_of_machine(void);

/*
 * Count the cores that have at least one CPU in @set.
 *
 * A CPU that the table does not know (it came online later) counts as a core of its own; so does
 * every CPU when @topology is NULL.
 */
unsigned mproci_topology_core_count(const mproci_topology *topology, const mproci_cpu_set *set);

/*
 * Read which CPUs are online, with @root before the path of the file; if that is of no use, take
 * as many as sysconf() knows of, numbered from 0.
 */
void mproci_cpu_set_read_online(const char *root, mproci_cpu_set *ret_set);

/*
 * Read a list of CPUs such as "0-3,8".
 *
 * Returns  0; -EBADMSG if @text is no list, or an empty one, or names a CPU of MPROCI_CPU_LIMIT or
 *          more: @ret_set is then unspecified.
 */
int mproci_cpu_set_parse(const char *text, mproci_cpu_set *ret_set);

#endif
