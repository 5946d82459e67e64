/* SPDX-License-Identifier: MIT */
/*
 * The engine that needs no library: the kernel lists for each CPU those of the same core.
 */
#include "sys/kernel_text.h"
#include "sys/topology.h"

#include <errno.h>

/* The older name of the list comes second: kernels before 5.3 know only that one. */
static int read_core(const char *root, unsigned cpu, mproci_cpu_set *ret_set)
{
	static const char *const names[] = {"core_cpus_list", "thread_siblings_list"};
	char text[4096];

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (mproci_kernel_text_read(text, sizeof text, "%s/sys/devices/system/cpu/cpu%u/topology/%s",
			    root, cpu, names[i])
			== 0)
			return mproci_cpu_set_parse(text, ret_set);
	return -ENOENT;
}

/* A CPU that is offline has no list and goes on leading itself. */
static int fill_below(const char *root, mproci_topology *topology)
{
	mproci_cpu_set core;

	for (unsigned cpu = 0; cpu < topology->cpu_count; cpu++) {
		if (read_core(root, cpu, &core) < 0)
			continue;
		for (unsigned leader = 0; leader < cpu; leader++) {
			if (CPU_ISSET_S(leader, sizeof core.part, core.part)) {
				topology->leader[cpu] = leader;
				break;
			}
		}
	}
	return 0;
}

int mproci_topology_fill(mproci_topology *topology)
{
	return fill_below("", topology);
}
