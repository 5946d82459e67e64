/* SPDX-License-Identifier: MIT */
/*
 * The limit is the lowest one found on the way from the cgroup of this process up.
 */
#include "sys/cpu_quota.h"

#include "sys/cgroup.h"
#include "sys/kernel_text.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

static unsigned lower(unsigned a, unsigned b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static unsigned whole_cpus(uint64_t quota, uint64_t period)
{
	if (quota == 0 || period == 0)
		return 0;
	uint64_t cpus = (quota - 1) / period + 1;
	return cpus < UINT_MAX ? (unsigned)cpus : UINT_MAX;
}

static bool at_end(const char *text)
{
	return *text == '\0' || *text == '\n';
}

/* "150000 100000" or "max 100000": microseconds of CPU time in each period of so many microseconds. */
static unsigned read_unified_level(const char *directory)
{
	char buffer[64];
	const char *text = buffer;
	uint64_t quota;
	uint64_t period;

	if (mproci_kernel_text_read(buffer, sizeof buffer, "%s/cpu.max", directory) < 0)
		return 0;
	if (!mproci_kernel_text_number(&text, &quota) || *text++ != ' ')
		return 0;
	if (!mproci_kernel_text_number(&text, &period) || !at_end(text))
		return 0;
	return whole_cpus(quota, period);
}

/* The quota is -1, no number to us, where there is no limit. */
static unsigned read_cpu_level(const char *directory)
{
	uint64_t quota;
	uint64_t period;

	if (!mproci_cgroup_number(directory, "cpu.cfs_quota_us", &quota)
		|| !mproci_cgroup_number(directory, "cpu.cfs_period_us", &period))
		return 0;
	return whole_cpus(quota, period);
}

static void lower_to_level(const char *directory, bool is_unified, void *limit)
{
	unsigned *lowest = limit;

	*lowest = lower(*lowest, is_unified ? read_unified_level(directory) : read_cpu_level(directory));
}

unsigned mproci_cpu_quota(const char *root)
{
	unsigned limit = 0;

	mproci_cgroup_visit(root, "cpu", lower_to_level, &limit);
	return limit;
}
