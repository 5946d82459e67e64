/* SPDX-License-Identifier: MIT */
#include "sys/oom.h"

#include "people.h"
#include "support.h"
#include "sys/kernel_fixture.h"
#include "sys/memory_cgroup_fixture.h"
#include "sys/tree_fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	MIB = 1024 * 1024
};

#define UNIFIED_MOUNT "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MEMORY_MOUNT  "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"

static void check_count(int source, uint64_t expected)
{
	uint64_t count = 0;

	ck_assert_int_eq(mproci_oom_kills(tree(), &count), source);
	ck_assert_uint_eq(count, expected);
}

static void be_in(const char *cgroup, const char *mount)
{
	tree_write("/proc/vmstat", "nr_free_pages 1\noom_kill 99\n");
	tree_write("/proc/self/cgroup", cgroup);
	tree_write("/proc/self/mountinfo", mount);
}

START_TEST(innermost_cgroup_of_version_2_counts)
{
	be_in("0::/outer/inner\n", UNIFIED_MOUNT);
	tree_write("/sys/fs/cgroup/outer/memory.events", "low 0\noom 3\noom_kill 4\n");
	check_count(MPROCI_OOM_CGROUP, 4);
	tree_write(
		"/sys/fs/cgroup/outer/inner/memory.events", "low 0\noom 1\noom_kill 2\noom_group_kill 0\n");
	check_count(MPROCI_OOM_CGROUP, 2);
}
END_TEST

START_TEST(cgroup_of_version_1_counts)
{
	be_in("4:memory:/job\n0::/\n", MEMORY_MOUNT);
	tree_write(
		"/sys/fs/cgroup/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
	tree_write("/sys/fs/cgroup/memory/job/memory.oom_control",
		"oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");
	check_count(MPROCI_OOM_CGROUP, 5);
}
END_TEST

START_TEST(where_no_cgroup_counts_the_machine_does)
{
	be_in("4:memory:/job\n0::/\n", MEMORY_MOUNT);
	tree_write("/sys/fs/cgroup/memory/job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
	check_count(MPROCI_OOM_MACHINE, 99);
}
END_TEST

START_TEST(where_nobody_counts_nothing_is_known)
{
	uint64_t count = 7;

	ck_assert_int_eq(mproci_oom_kills(tree(), &count), -ENOENT);
	tree_write("/proc/vmstat", "nr_free_pages 1\n");
	ck_assert_int_eq(mproci_oom_kills(tree(), &count), -ENOENT);
	ck_assert_uint_eq(count, 7);
}
END_TEST

/* Where limits are not kept, that must not be the machine's end. */
static int take_memory(void)
{
	for (int i = 0; i < 256; ++i) {
		char *memory = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return 1;
		memset(memory, 1, MIB);
	}
	return 2;
}

/* One is killed by somebody, another by the kernel, which prefers it. */
static int look_for_kills(void *unused)
{
	uint64_t before = 0, between = 0, after = 0;

	(void)unused;
	if (!cgroup_enter() || mproci_oom_kills("", &before) != MPROCI_OOM_CGROUP)
		return 1;
	pid_t victim = fork();
	if (victim == 0)
		_exit(mproci_oom_prefer_me() == 0 ? take_memory() : 3);
	int ending = support_reap(victim);
	if (ending != -SIGKILL || mproci_oom_kills("", &between) != MPROCI_OOM_CGROUP
		|| between != before + 1)
		return 2;
	pid_t other = fork();
	if (other == 0)
		pause();
	support_kill(other);
	return mproci_oom_kills("", &after) != MPROCI_OOM_CGROUP || after != between ? 3 : 0;
}

START_TEST(kill_for_lack_of_memory_is_told_from_another)
{
	if (!cgroup_create(32 * MIB))
		return;
	ck_assert_int_eq(support_reap(support_fork(look_for_kills, NULL)), 0);
	cgroup_remove();
}
END_TEST

static int preference(void)
{
	int number = -1;
	FILE *file = fopen("/proc/self/oom_score_adj", "re");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%d", &number), 1);
	fclose(file);
	return number;
}

static int become_preferred(void *unused)
{
	int before = preference();

	(void)unused;
	ck_assert_int_eq(mproci_oom_prefer_me(), 0);
	ck_assert_int_eq(preference(), before + 500 > 1000 ? 1000 : before + 500);
	ck_assert_int_eq(mproci_oom_prefer_me(), 0);
	ck_assert_int_eq(mproci_oom_prefer_me(), 0);
	ck_assert_int_eq(preference(), 1000);
	return 0;
}

START_TEST(worker_is_preferred_and_its_worker_more)
{
	int before = preference();

	ck_assert_int_eq(support_reap(support_fork(become_preferred, NULL)), 0);
	ck_assert_int_eq(preference(), before);
}
END_TEST

static int have_no_descriptor(void *unused)
{
	(void)unused;
	limit(RLIMIT_NOFILE, 0);
	return mproci_oom_prefer_me() != -ENOENT;
}

START_TEST(without_proc_nobody_is_preferred)
{
	ck_assert_int_eq(support_reap(support_fork(have_no_descriptor, NULL)), 0);
}
END_TEST

int main(void)
{
	return support_run_suite(&(support_suite){
		.name = "oom",
		.setup = tree_create,
		.teardown = tree_remove,
		.tests =
			(const TTest *[]){
				innermost_cgroup_of_version_2_counts,
				cgroup_of_version_1_counts,
				where_no_cgroup_counts_the_machine_does,
				where_nobody_counts_nothing_is_known,
				NULL,
			},
		.process_tests =
			(const TTest *[]){
				kill_for_lack_of_memory_is_told_from_another,
				worker_is_preferred_and_its_worker_more,
				without_proc_nobody_is_preferred,
				NULL,
			},
	});
}
