/* SPDX-License-Identifier: MIT */
#include "sys/binding.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool contains(const mproci_cpu_set *set, unsigned cpu)
{
	return CPU_ISSET_S(cpu, sizeof set->part, set->part);
}

static void add(mproci_cpu_set *set, unsigned cpu)
{
	CPU_SET_S(cpu, sizeof set->part, set->part);
}

/* It need not be usable itself. */
static unsigned leader_of(const mproci_topology *topology, unsigned cpu)
{
	return topology != NULL && cpu < topology->cpu_count ? topology->leader[cpu] : cpu;
}

/* The leaders of the cores from number @first up to @last, which is not among them. */
static void find_leaders(const mproci_topology *topology, const mproci_cpu_set *usable, uint64_t first,
	uint64_t last, mproci_cpu_set *ret_leaders)
{
	mproci_cpu_set all = {0};
	uint64_t number = 0;

	for (unsigned cpu = 0; cpu < MPROCI_CPU_LIMIT; cpu++)
		if (contains(usable, cpu))
			add(&all, leader_of(topology, cpu));
	for (unsigned cpu = 0; cpu < MPROCI_CPU_LIMIT && number < last; cpu++)
		if (contains(&all, cpu) && number++ >= first)
			add(ret_leaders, cpu);
}

static void choose_cores(const mproci_topology *topology, const mproci_cpu_set *usable, uint64_t first,
	uint64_t last, mproci_cpu_set *set)
{
	mproci_cpu_set leaders = {0};

	find_leaders(topology, usable, first, last, &leaders);
	for (unsigned cpu = 0; cpu < MPROCI_CPU_LIMIT; cpu++)
		if (contains(usable, cpu) && contains(&leaders, leader_of(topology, cpu)))
			add(set, cpu);
}

/* In each round one CPU of each core that has any left. */
static unsigned find_cpu(const mproci_topology *topology, const mproci_cpu_set *usable, unsigned number)
{
	mproci_cpu_set left = *usable;

	for (;;) {
		mproci_cpu_set seen = {0};

		for (unsigned cpu = 0; cpu < MPROCI_CPU_LIMIT; cpu++) {
			unsigned leader = leader_of(topology, cpu);

			if (!contains(&left, cpu) || contains(&seen, leader))
				continue;
			if (number-- == 0)
				return cpu;
			add(&seen, leader);
			CPU_CLR_S(cpu, sizeof left.part, left.part);
		}
	}
}

void mproci_binding_choose(const mproci_topology *topology, const mproci_cpu_set *usable, unsigned worker,
	unsigned workers, mproci_cpu_set *ret_set)
{
	unsigned cpus = (unsigned)CPU_COUNT_S(sizeof usable->part, usable->part);
	uint64_t cores = mproci_topology_core_count(topology, usable);

	assert(cpus > 0 && worker < workers);
	memset(ret_set, 0, sizeof *ret_set);
	if (workers > cores)
		add(ret_set, find_cpu(topology, usable, worker % cpus));
	else
		choose_cores(
			topology, usable, worker * cores / workers, (worker + 1) * cores / workers, ret_set);
}

int mproci_binding_apply(unsigned worker, unsigned workers)
{
	mproci_cpu_set usable = {0};
	mproci_cpu_set chosen;

	if (sched_getaffinity(0, sizeof usable.part, usable.part) >= 0) {
		mproci_binding_choose(mproci_topology_of_machine(), &usable, worker, workers, &chosen);
		if (sched_setaffinity(0, sizeof chosen.part, chosen.part) == 0)
			return 0;
	}
	int rc = -errno;
	return mproci_fail(
		rc, "worker %u of %u cannot be bound to CPUs of its own: %s", worker, workers, strerror(-rc));
}
