/* SPDX-License-Identifier: MIT */
/*
 * The engine that asks hwloc.  What it loads is copied into the table and let go at once: hwloc maps
 * the libraries of all its plug-ins (OpenCL, X11, XML), and nothing lets a caller keep it from that.
 * All it is asked to look at is the cores: no caches, devices, distances, and it must not move this
 * thread from CPU to CPU to run cpuid there.
 *
 * Measured with hwloc 2.9.0 on 2 CPUs: hwloc_topology_init 0.9 ms at best, 1.7 ms the first time, 35 ms
 * with a cold disk, all for the plug-ins (without them 40 us); load 0.3 ms (1.0 ms unfiltered); destroy
 * 0.2 ms.  libstdc++, which a plug-in pulls in, stays mapped.  hwloc 2.9 opens the files it reads without
 * O_CLOEXEC: a program that another thread executes during these 2 ms may inherit some of them.
 */
#include "sys/kernel_text.h"
#include "sys/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <stdbool.h>

/* Without these files hwloc would complain on stderr. */
static bool is_readable(void)
{
	char text[2];
	const char *root = "/sys/devices/system/cpu";
	mproci_cpu_set online;
	unsigned cpu = 0;

	mproci_cpu_set_read_online("", &online);
	while (!CPU_ISSET_S(cpu, sizeof online.part, online.part))
		cpu++;
	return mproci_kernel_text_read(text, sizeof text, "%s/cpu%u/topology/core_cpus", root, cpu) == 0
	       || mproci_kernel_text_read(text, sizeof text, "%s/cpu%u/topology/thread_siblings", root, cpu)
			  == 0;
}

static int configure(hwloc_topology_t hwloc)
{
	static const char *const unwanted[] = {"x86", "pci", "opencl", "gl", "linux:io"};
	const unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED
				    | HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING
				    | HWLOC_TOPOLOGY_FLAG_NO_DISTANCES | HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS
				    | HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS;

	/* Fails for a component that this hwloc does not have: all the better. */
	for (unsigned i = 0; i < sizeof unwanted / sizeof unwanted[0]; i++)
		hwloc_topology_set_components(hwloc, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, unwanted[i]);
	if (hwloc_topology_set_flags(hwloc, flags) < 0)
		return -1;
	if (hwloc_topology_set_all_types_filter(hwloc, HWLOC_TYPE_FILTER_KEEP_NONE) < 0)
		return -1;
	return hwloc_topology_set_type_filter(hwloc, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL);
}

static void copy_core(hwloc_const_bitmap_t core, mproci_topology *topology)
{
	int leader = hwloc_bitmap_first(core);

	for (int cpu = leader; cpu >= 0; cpu = hwloc_bitmap_next(core, cpu))
		if ((unsigned)cpu < topology->cpu_count)
			topology->leader[cpu] = (uint32_t)leader;
}

int mproci_topology_fill(mproci_topology *topology)
{
	hwloc_topology_t hwloc;
	hwloc_obj_t core = NULL;
	int rc = -EIO;

	if (!is_readable())
		return -ENOENT;
	if (hwloc_topology_init(&hwloc) < 0)
		return -ENOMEM;
	if (configure(hwloc) < 0 || hwloc_topology_load(hwloc) < 0)
		goto destroy;
	/* The user's environment can make hwloc load the description of another machine. */
	if (!hwloc_topology_is_thissystem(hwloc))
		goto destroy;
	while ((core = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_CORE, core)) != NULL)
		copy_core(core->cpuset, topology);
	rc = 0;
destroy:
	hwloc_topology_destroy(hwloc);
	return rc;
}
