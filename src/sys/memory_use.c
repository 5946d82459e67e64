/* SPDX-License-Identifier: MIT */
#include "sys/memory_use.h"

#include "sys/cgroup.h"
#include "sys/kernel_text.h"
#include "sys/keyed_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

/* "size resident shared ...", in pages; smaps_rollup is exact, but walks all pages for it. */
static bool parse_statm(const char *text, uint64_t *ret_pages)
{
	uint64_t number[3];

	for (unsigned i = 0; i < 3; i++, text++)
		if (!mproci_kernel_text_number(&text, &number[i]) || *text != ' ')
			return false;
	*ret_pages = number[1] > number[2] ? number[1] - number[2] : 0;
	return true;
}

int mproci_memory_resident(pid_t pid, size_t *ret_size)
{
	char text[256];
	uint64_t pages;

	if (mproci_kernel_text_read(text, sizeof text, "/proc/%d/statm", (int)pid) < 0
		|| !parse_statm(text, &pages))
		return -ESRCH;
	*ret_size = (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
	return 0;
}

int mproci_memory_private(size_t *ret_size)
{
	return mproci_memory_resident(getpid(), ret_size) == 0 ? 0 : -ENOENT;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The sum of what files hold in memory, which the kernel gives back when it must. */
static uint64_t read_caches(const char *directory, const char *active, const char *inactive)
{
	uint64_t sum = 0;
	uint64_t number;

	if (mproci_keyed_text_read(active, &number, "%s/memory.stat", directory) == 0)
		sum += number;
	if (mproci_keyed_text_read(inactive, &number, "%s/memory.stat", directory) == 0)
		sum += number;
	return sum;
}

static uint64_t room(uint64_t limit, uint64_t used, uint64_t caches)
{
	uint64_t bound = used - lower(caches, used);

	return limit > bound ? limit - bound : 0;
}

/* At "high" the kernel slows processes down until they hardly run: it is a limit.  "max" is no number. */
static uint64_t read_unified_level(const char *directory)
{
	uint64_t limit = UINT64_MAX;
	uint64_t number;

	if (mproci_cgroup_number(directory, "memory.max", &number))
		limit = number;
	if (mproci_cgroup_number(directory, "memory.high", &number))
		limit = lower(limit, number);
	if (limit == UINT64_MAX || !mproci_cgroup_number(directory, "memory.current", &number))
		return UINT64_MAX;
	return room(limit, number, read_caches(directory, "active_file", "inactive_file"));
}

/* Where there is no limit, the number is huge. */
static uint64_t read_memory_level(const char *directory)
{
	uint64_t limit;
	uint64_t used;

	if (!mproci_cgroup_number(directory, "memory.limit_in_bytes", &limit)
		|| !mproci_cgroup_number(directory, "memory.usage_in_bytes", &used))
		return UINT64_MAX;
	return room(limit, used, read_caches(directory, "total_active_file", "total_inactive_file"));
}

static void lower_to_level(const char *directory, bool is_unified, void *available)
{
	uint64_t *lowest = available;

	*lowest = lower(*lowest, is_unified ? read_unified_level(directory) : read_memory_level(directory));
}

static uint64_t read_machine(const char *root)
{
	uint64_t kib;

	if (mproci_keyed_text_read("MemAvailable:", &kib, "%s/proc/meminfo", root) < 0)
		return UINT64_MAX;
	return kib * 1024;
}

int mproci_memory_available(const char *root, size_t *ret_size)
{
	uint64_t available = read_machine(root);

	mproci_cgroup_visit(root, "memory", lower_to_level, &available);
	if (available == UINT64_MAX)
		return -ENOENT;
	*ret_size = (size_t)available;
	return 0;
}
