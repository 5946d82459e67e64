/* SPDX-License-Identifier: MIT */
/*
 * Counting: cores from the table of the engine, CPUs from the affinity mask and the list of online
 * CPUs, and the quota of the cgroups on top.
 *
 * The table is made at the first use and never freed.  It is published with one compare-and-swap:
 * threads that come at the same time each make one and all but the first throw theirs away.
 * pthread_once() would save that work, but it cannot try again after running out of memory.
 */
#include "sys/topology.h"

#include "base/error.h"
#include "sys/cpu_quota.h"
#include "sys/kernel_text.h"

#include <errno.h>
#include <mproc/cpu.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic(mproci_topology *) machine;

static bool contains(const mproci_cpu_set *set, unsigned cpu)
{
	return CPU_ISSET_S(cpu, sizeof set->part, set->part);
}

static void add(mproci_cpu_set *set, unsigned cpu)
{
	CPU_SET_S(cpu, sizeof set->part, set->part);
}

static unsigned size_of(const mproci_cpu_set *set)
{
	return (unsigned)CPU_COUNT_S(sizeof set->part, set->part);
}

int mproci_cpu_set_parse(const char *text, mproci_cpu_set *ret_set)
{
	uint64_t first;
	uint64_t last;

	memset(ret_set, 0, sizeof *ret_set);
	for (;; text++) {
		if (!mproci_kernel_text_number(&text, &first))
			return -EBADMSG;
		last = first;
		if (*text == '-') {
			text++;
			if (!mproci_kernel_text_number(&text, &last))
				return -EBADMSG;
		}
		if (first > last || last >= MPROCI_CPU_LIMIT)
			return -EBADMSG;
		for (unsigned cpu = (unsigned)first; cpu <= last; cpu++)
			add(ret_set, cpu);
		if (*text != ',')
			return *text == '\0' || *text == '\n' ? 0 : -EBADMSG;
	}
}

void mproci_cpu_set_read_online(const char *root, mproci_cpu_set *ret_set)
{
	char text[4096];

	if (mproci_kernel_text_read(text, sizeof text, "%s/sys/devices/system/cpu/online", root) == 0
		&& mproci_cpu_set_parse(text, ret_set) == 0)
		return;

	long count = sysconf(_SC_NPROCESSORS_ONLN);
	memset(ret_set, 0, sizeof *ret_set);
	add(ret_set, 0);
	for (unsigned cpu = 1; cpu < MPROCI_CPU_LIMIT && cpu < count; cpu++)
		add(ret_set, cpu);
}

mproci_topology *mproci_topology_create(const mproci_cpu_set *online)
{
	unsigned cpu_count = MPROCI_CPU_LIMIT;

	while (cpu_count > 0 && !contains(online, cpu_count - 1))
		cpu_count--;
	mproci_topology *topology = malloc(sizeof *topology + cpu_count * sizeof topology->leader[0]);
	if (topology == NULL)
		return NULL;
	topology->cpu_count = cpu_count;
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		topology->leader[cpu] = cpu;
	return topology;
}

unsigned mproci_topology_core_count(const mproci_topology *topology, const mproci_cpu_set *set)
{
	mproci_cpu_set leaders = {0};

	for (unsigned cpu = 0; cpu < MPROCI_CPU_LIMIT; cpu++) {
		if (!contains(set, cpu))
			continue;
		add(&leaders, topology != NULL && cpu < topology->cpu_count ? topology->leader[cpu] : cpu);
	}
	return size_of(&leaders);
}

const mproci_topology *mproci_topology_of_machine(void)
{
	mproci_topology *topology = atomic_load_explicit(&machine, memory_order_acquire);
	mproci_topology *first = NULL;
	mproci_cpu_set online;

	if (topology != NULL)
		return topology;
	mproci_cpu_set_read_online("", &online);
	topology = mproci_topology_create(&online);
	if (topology == NULL)
		return NULL;
	/* An engine that fails leaves every CPU a core of its own: the best guess there is. */
	(void)mproci_topology_fill(topology);
	if (!atomic_compare_exchange_strong_explicit(
		    &machine, &first, topology, memory_order_release, memory_order_acquire)) {
		free(topology);
		topology = first;
	}
	return topology;
}

static unsigned count_logical(void)
{
	mproci_cpu_set online;

	mproci_cpu_set_read_online("", &online);
	return size_of(&online);
}

static unsigned count_physical(void)
{
	mproci_cpu_set online;

	mproci_cpu_set_read_online("", &online);
	return mproci_topology_core_count(mproci_topology_of_machine(), &online);
}

static unsigned count_usable(void)
{
	mproci_cpu_set allowed = {0};

	if (sched_getaffinity(0, sizeof allowed.part, allowed.part) < 0 || size_of(&allowed) == 0)
		mproci_cpu_set_read_online("", &allowed);
	unsigned cores = mproci_topology_core_count(mproci_topology_of_machine(), &allowed);
	unsigned quota = mproci_cpu_quota("");
	return quota == 0 || quota > cores ? cores : quota;
}

unsigned mproc_cpu_count(mproc_cpu_kind kind)
{
	switch (kind) {
	case MPROC_CPU_USABLE:
		return count_usable();
	case MPROC_CPU_PHYSICAL:
		return count_physical();
	case MPROC_CPU_LOGICAL:
		return count_logical();
	}
	errno = EINVAL;
	return (unsigned)mproci_fail(
		0, "CPU kind %d: from %d to %d are known", (int)kind, MPROC_CPU_USABLE, MPROC_CPU_LOGICAL);
}
