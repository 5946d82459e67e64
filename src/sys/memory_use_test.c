/* SPDX-License-Identifier: MIT */
#include "sys/memory_use.h"

#include "people.h"
#include "support.h"
#include "sys/kernel_fixture.h"
#include "sys/memory_cgroup_fixture.h"
#include "sys/tree_fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	MIB = 1024 * 1024,
	/* What the kernel's count may be off by, and what happens to be allocated meanwhile. */
	SLACK = 4 * MIB
};

#define UNIFIED_MOUNT "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MEMORY_MOUNT  "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"

static size_t own_memory(void)
{
	size_t size = 0;

	ck_assert_int_eq(mproci_memory_private(&size), 0);
	return size;
}

static void *map(size_t size, int kind)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

static void check_growth(size_t before, size_t least, size_t most)
{
	size_t now = own_memory();

	ck_assert_uint_ge(now + SLACK, before + least);
	ck_assert_uint_le(now, before + most + SLACK);
}

START_TEST(touched_private_memory_is_own)
{
	size_t before = own_memory();
	char *memory = map(64 * MIB, MAP_PRIVATE);

	check_growth(before, 0, 0);
	memset(memory, 1, 32 * MIB);
	check_growth(before, 32 * MIB, 32 * MIB);
	munmap(memory, 64 * MIB);
	check_growth(before, 0, 0);
}
END_TEST

START_TEST(shared_memory_is_not_own)
{
	size_t before = own_memory();
	char *memory = map(32 * MIB, MAP_SHARED);

	memset(memory, 1, 32 * MIB);
	check_growth(before, 0, 0);
	munmap(memory, 32 * MIB);
}
END_TEST

static int touch(void *memory)
{
	memset(memory, 1, 32 * MIB);
	return 0;
}

START_TEST(memory_of_another_process_is_told)
{
	char *memory = map(32 * MIB, MAP_PRIVATE);
	pid_t pid = support_fork_and_keep(touch, memory);
	size_t size = 0;

	ck_assert_int_eq(mproci_memory_resident(pid, &size), 0);
	ck_assert_uint_ge(size, 32 * MIB - SLACK);
	ck_assert_uint_le(own_memory(), size);
	support_kill_and_leave(pid);
	ck_assert_int_eq(mproci_memory_resident(pid, &size), 0);
	ck_assert_uint_eq(size, 0);
	support_reap(pid);
	ck_assert_int_eq(mproci_memory_resident(pid, &size), -ESRCH);
	munmap(memory, 32 * MIB);
}
END_TEST

static int have_no_descriptor(void *unused)
{
	size_t size = 7;

	(void)unused;
	limit(RLIMIT_NOFILE, 0);
	return mproci_memory_private(&size) != -ENOENT || mproci_memory_available("", &size) != -ENOENT
	       || size != 7;
}

START_TEST(without_proc_nothing_is_known)
{
	ck_assert_int_eq(support_reap(support_fork(have_no_descriptor, NULL)), 0);
}
END_TEST

static size_t available(void)
{
	size_t size = 0;

	ck_assert_int_eq(mproci_memory_available(tree(), &size), 0);
	return size;
}

static void have_machine(const char *kib)
{
	char text[128];

	snprintf(text, sizeof text, "MemTotal: 9000000 kB\nMemAvailable: %s kB\n", kib);
	tree_write("/proc/meminfo", text);
}

static void be_in_unified_cgroup(void)
{
	tree_write("/proc/self/cgroup", "0::/job\n");
	tree_write("/proc/self/mountinfo", UNIFIED_MOUNT);
}

START_TEST(without_cgroups_it_is_what_the_machine_has)
{
	have_machine("1000");
	ck_assert_uint_eq(available(), 1000 * 1024);
}
END_TEST

START_TEST(limit_of_the_cgroup_counts_less_its_use)
{
	have_machine("1000");
	be_in_unified_cgroup();
	tree_write("/sys/fs/cgroup/job/memory.max", "500000\n");
	tree_write("/sys/fs/cgroup/job/memory.current", "300000\n");
	ck_assert_uint_eq(available(), 200000);

	tree_write("/sys/fs/cgroup/job/memory.stat", "anon 1\nactive_file 20000\ninactive_file 10000\n");
	ck_assert_uint_eq(available(), 230000);

	tree_write("/sys/fs/cgroup/job/memory.high", "400000\n");
	ck_assert_uint_eq(available(), 130000);

	tree_write("/sys/fs/cgroup/job/memory.high", "100000\n");
	ck_assert_uint_eq(available(), 0);
}
END_TEST

START_TEST(caches_larger_than_use_are_not_believed)
{
	have_machine("1000");
	be_in_unified_cgroup();
	tree_write("/sys/fs/cgroup/job/memory.max", "500000\n");
	tree_write("/sys/fs/cgroup/job/memory.current", "300000\n");
	tree_write("/sys/fs/cgroup/job/memory.stat", "active_file 300000\ninactive_file 300000\n");
	ck_assert_uint_eq(available(), 500000);
}
END_TEST

START_TEST(cgroup_without_limit_says_nothing)
{
	have_machine("1000");
	be_in_unified_cgroup();
	tree_write("/sys/fs/cgroup/job/memory.max", "max\n");
	tree_write("/sys/fs/cgroup/job/memory.current", "300000\n");
	ck_assert_uint_eq(available(), 1000 * 1024);

	tree_write("/sys/fs/cgroup/job/memory.max", "500000\n");
	tree_write("/sys/fs/cgroup/job/memory.current", "garbage\n");
	ck_assert_uint_eq(available(), 1000 * 1024);
}
END_TEST

START_TEST(fullest_of_nested_cgroups_counts)
{
	have_machine("1000");
	tree_write("/proc/self/cgroup", "0::/outer/inner\n");
	tree_write("/proc/self/mountinfo", UNIFIED_MOUNT);
	tree_write("/sys/fs/cgroup/outer/inner/memory.max", "500000\n");
	tree_write("/sys/fs/cgroup/outer/inner/memory.current", "100000\n");
	tree_write("/sys/fs/cgroup/outer/memory.max", "600000\n");
	tree_write("/sys/fs/cgroup/outer/memory.current", "450000\n");
	ck_assert_uint_eq(available(), 150000);
}
END_TEST

START_TEST(cgroups_of_version_1_count)
{
	have_machine("1000");
	tree_write("/proc/self/cgroup", "5:cpu:/\n4:memory:/job\n0::/\n");
	tree_write("/proc/self/mountinfo", MEMORY_MOUNT);
	tree_write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	tree_write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "400000\n");
	tree_write("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "500000\n");
	tree_write("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "300000\n");
	tree_write("/sys/fs/cgroup/memory/job/memory.stat",
		"inactive_file 1\ntotal_inactive_file 20000\ntotal_active_file 10000\n");
	ck_assert_uint_eq(available(), 230000);
}
END_TEST

START_TEST(without_any_file_nothing_is_known)
{
	size_t size = 7;

	have_machine("many");
	ck_assert_int_eq(mproci_memory_available(tree(), &size), -ENOENT);
	ck_assert_uint_eq(size, 7);
}
END_TEST

START_TEST(this_machine_has_some)
{
	size_t size = 0;

	ck_assert_int_eq(mproci_memory_available("", &size), 0);
	ck_assert_uint_gt(size, 0);
}
END_TEST

static int compare_with_limit(void *unused)
{
	size_t size = 0;

	(void)unused;
	return !cgroup_enter() || mproci_memory_available("", &size) != 0 || size > 64 * MIB || size < MIB;
}

START_TEST(limit_of_a_real_cgroup_counts)
{
	if (!cgroup_create(64 * MIB))
		return;
	ck_assert_int_eq(support_reap(support_fork(compare_with_limit, NULL)), 0);
	cgroup_remove();
}
END_TEST

int main(void)
{
	return support_run_suite(&(support_suite){
		.name = "memory_use",
		.setup = tree_create,
		.teardown = tree_remove,
		.tests =
			(const TTest *[]){
				without_cgroups_it_is_what_the_machine_has,
				limit_of_the_cgroup_counts_less_its_use,
				caches_larger_than_use_are_not_believed,
				cgroup_without_limit_says_nothing,
				fullest_of_nested_cgroups_counts,
				cgroups_of_version_1_count,
				without_any_file_nothing_is_known,
				this_machine_has_some,
				NULL,
			},
		.process_tests =
			(const TTest *[]){
				touched_private_memory_is_own,
				shared_memory_is_not_own,
				memory_of_another_process_is_told,
				without_proc_nothing_is_known,
				limit_of_a_real_cgroup_counts,
				NULL,
			},
	});
}
