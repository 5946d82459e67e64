/* SPDX-License-Identifier: MIT */
#include "sys/cpu_quota.h"

#include "support.h"
#include "sys/tree_fixture.h"

#define UNIFIED_MOUNT "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define CPU_MOUNT     "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"

/* A process in the cgroup @path of version 2, mounted where everybody mounts it. */
static void be_in_unified_cgroup(const char *path)
{
	char line[PATH_MAX];

	snprintf(line, sizeof line, "0::%s\n", path);
	tree_write("/proc/self/cgroup", line);
	tree_write("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" UNIFIED_MOUNT);
}

/* The same for version 1. */
static void be_in_cpu_cgroup(const char *path)
{
	char lines[PATH_MAX];

	snprintf(lines, sizeof lines, "5:memory:/elsewhere\n4:cpu,cpuacct:%s\n1:name=systemd:/cpu\n", path);
	tree_write("/proc/self/cgroup", lines);
	tree_write("/proc/self/mountinfo",
		"33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n" CPU_MOUNT);
}

static unsigned quota_of_cpu_max(const char *text)
{
	be_in_unified_cgroup("/job");
	tree_write("/sys/fs/cgroup/job/cpu.max", text);
	return mproci_cpu_quota(tree());
}

static unsigned quota_of_cfs(const char *quota, const char *period)
{
	be_in_cpu_cgroup("/job");
	tree_write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", quota);
	tree_write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", period);
	return mproci_cpu_quota(tree());
}

START_TEST(quota_is_rounded_up_to_whole_cpus)
{
	ck_assert_uint_eq(quota_of_cpu_max("150000 100000\n"), 2);
	ck_assert_uint_eq(quota_of_cpu_max("50000 100000\n"), 1);
	ck_assert_uint_eq(quota_of_cpu_max("200000 100000\n"), 2);
	ck_assert_uint_eq(quota_of_cpu_max("200001 100000\n"), 3);
	ck_assert_uint_eq(quota_of_cpu_max("1000 1000000\n"), 1);
}
END_TEST

START_TEST(quota_max_is_no_limit)
{
	ck_assert_uint_eq(quota_of_cpu_max("max 100000\n"), 0);
}
END_TEST

START_TEST(garbage_in_cpu_max_is_no_limit)
{
	static const char *const garbage[] = {"", "\n", "150000", "150000\n", "150000 0\n", "0 100000\n",
		"-150000 100000\n", "150000 100000x\n", "150000  100000\n", "1.5 1\n", "max",
		"maximum 100000\n", "99999999999999999999 100000\n", "150000 18446744073709551616\n",
		"\xff\xfe\n"};

	for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
		ck_assert_msg(quota_of_cpu_max(garbage[i]) == 0, "limit from \"%s\"", garbage[i]);
}
END_TEST

START_TEST(huge_quota_does_not_overflow)
{
	ck_assert_uint_eq(quota_of_cpu_max("9223372036854775807 1\n"), UINT_MAX);
}
END_TEST

START_TEST(lowest_level_of_nested_cgroups_counts)
{
	be_in_unified_cgroup("/a/b/c");
	tree_write("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
	tree_write("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
	tree_write("/sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
	tree_write("/sys/fs/cgroup/a/b/other/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 3);

	tree_write("/sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 2);
}
END_TEST

START_TEST(mount_point_itself_is_a_level)
{
	be_in_unified_cgroup("/");
	tree_write("/sys/fs/cgroup/cpu.max", "400000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 4);
}
END_TEST

START_TEST(level_that_was_removed_is_passed_over)
{
	be_in_unified_cgroup("/a/gone (deleted)");
	tree_write("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 3);
}
END_TEST

START_TEST(quota_of_version_1_is_rounded_up)
{
	ck_assert_uint_eq(quota_of_cfs("150000\n", "100000\n"), 2);
	ck_assert_uint_eq(quota_of_cfs("50000\n", "100000\n"), 1);
}
END_TEST

START_TEST(quota_of_version_1_can_be_unlimited_or_garbage)
{
	ck_assert_uint_eq(quota_of_cfs("-1\n", "100000\n"), 0);
	ck_assert_uint_eq(quota_of_cfs("150000\n", "0\n"), 0);
	ck_assert_uint_eq(quota_of_cfs("many\n", "100000\n"), 0);
	ck_assert_uint_eq(quota_of_cfs("150000 100000\n", "100000\n"), 0);
	ck_assert_uint_eq(quota_of_cfs("", ""), 0);
}
END_TEST

START_TEST(lower_of_both_cgroup_versions_counts)
{
	tree_write("/proc/self/cgroup", "4:cpu,cpuacct:/old\n0::/new\n");
	tree_write("/proc/self/mountinfo",
		CPU_MOUNT "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
	tree_write("/sys/fs/cgroup/cpu,cpuacct/old/cpu.cfs_quota_us", "300000\n");
	tree_write("/sys/fs/cgroup/cpu,cpuacct/old/cpu.cfs_period_us", "100000\n");
	tree_write("/sys/fs/cgroup/unified/new/cpu.max", "500000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 3);

	tree_write("/sys/fs/cgroup/unified/new/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 2);
}
END_TEST

START_TEST(mount_can_begin_inside_the_hierarchy)
{
	tree_write("/proc/self/cgroup", "0::/docker/1234/job\n");
	tree_write("/proc/self/mountinfo", "30 22 0:26 /docker/1234 /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
	tree_write("/sys/fs/cgroup/job/cpu.max", "300000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 3);

	tree_write("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 2);
}
END_TEST

START_TEST(mount_of_another_cgroup_is_passed_over)
{
	tree_write("/proc/self/cgroup", "0::/docker/1234\n");
	tree_write("/proc/self/mountinfo", "30 22 0:26 /docker/12 /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
	tree_write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 0);
}
END_TEST

START_TEST(mount_from_above_the_cgroup_namespace_limits_with_its_top)
{
	tree_write("/proc/self/cgroup", "0::/\n");
	tree_write("/proc/self/mountinfo", "30 22 0:26 /../.. /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
	tree_write("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 2);
}
END_TEST

START_TEST(cgroup_outside_the_namespace_is_not_searched_outside_the_mount)
{
	be_in_unified_cgroup("/../../host");
	tree_write("/sys/host/cpu.max", "100000 100000\n");
	tree_write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 0);
}
END_TEST

START_TEST(mount_point_with_a_space_is_found)
{
	tree_write("/proc/self/cgroup", "0::/job\n");
	tree_write("/proc/self/mountinfo", "30 22 0:26 / /my\\040cgroups rw - cgroup2 none rw\n");
	tree_write("/my cgroups/job/cpu.max", "700000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 7);
}
END_TEST

START_TEST(missing_files_are_no_limit)
{
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 0);
	tree_write("/proc/self/mountinfo", UNIFIED_MOUNT);
	tree_write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 0);
}
END_TEST

START_TEST(garbage_in_proc_is_no_limit)
{
	static const char *const garbage[] = {"", "\n\n", "::::", "0::", "0:", " - ", "a b c d e f - g h i\n",
		"x - \n", "1 2 3 4 5 6 -\n", "0::relative\n", "30 22 0:26 / - cgroup2\n",
		"30 22 0:26 / /m\\04 rw - cgroup2 c rw", "\\\\\\ - cgroup2 \\ \\\n"};

	tree_write("/cpu.max", "100000 100000\n");
	for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
		for (size_t j = 0; j < sizeof garbage / sizeof garbage[0]; j++) {
			tree_write("/proc/self/cgroup", garbage[i]);
			tree_write("/proc/self/mountinfo", garbage[j]);
			ck_assert_uint_eq(mproci_cpu_quota(tree()), 0);
		}
	}
}
END_TEST

START_TEST(path_longer_than_the_system_allows_is_no_limit)
{
	enum {
		LENGTH = 2 * PATH_MAX
	};
	char line[LENGTH + 1];

	snprintf(line, sizeof line, "0::/%0*d", LENGTH - 4, 0);
	tree_write("/proc/self/cgroup", line);
	tree_write("/proc/self/mountinfo", UNIFIED_MOUNT);
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 0);
	line[PATH_MAX] = '\0';
	tree_write("/proc/self/cgroup", line);
	ck_assert_uint_eq(mproci_cpu_quota(tree()), 0);
}
END_TEST

int main(void)
{
	return support_run_suite(&(support_suite){
		.name = "cpu quota",
		.setup = tree_create,
		.teardown = tree_remove,
		.tests =
			(const TTest *[]){
				quota_is_rounded_up_to_whole_cpus,
				quota_max_is_no_limit,
				garbage_in_cpu_max_is_no_limit,
				huge_quota_does_not_overflow,
				lowest_level_of_nested_cgroups_counts,
				mount_point_itself_is_a_level,
				level_that_was_removed_is_passed_over,
				quota_of_version_1_is_rounded_up,
				quota_of_version_1_can_be_unlimited_or_garbage,
				lower_of_both_cgroup_versions_counts,
				mount_can_begin_inside_the_hierarchy,
				mount_of_another_cgroup_is_passed_over,
				mount_from_above_the_cgroup_namespace_limits_with_its_top,
				cgroup_outside_the_namespace_is_not_searched_outside_the_mount,
				mount_point_with_a_space_is_found,
				missing_files_are_no_limit,
				garbage_in_proc_is_no_limit,
				path_longer_than_the_system_allows_is_no_limit,
				NULL,
			},
	});
}
