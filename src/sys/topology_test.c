/* SPDX-License-Identifier: MIT */
/*
 * The engine without hwloc is compiled into this program under another name, to read made-up machines with it
 * and to hold it against the engine that the library has.
 */
#include "sys/topology.h"

int plain_fill(mproci_topology *topology);
#define mproci_topology_fill plain_fill
#include "sys/topology_plain.c" // NOLINT(bugprone-suspicious-include)
#undef mproci_topology_fill

#include "support.h"
#include "sys/tree_fixture.h"

#include <mproc/cpu.h>
#include <mproc/result.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

static mproci_cpu_set set_of(const char *list)
{
	mproci_cpu_set set;

	ck_assert_int_eq(mproci_cpu_set_parse(list, &set), 0);
	return set;
}

static unsigned size_of(const mproci_cpu_set *set)
{
	return (unsigned)CPU_COUNT_S(sizeof set->part, set->part);
}

static mproci_topology *create_for(const mproci_cpu_set *online)
{
	mproci_topology *topology = mproci_topology_create(online);

	ck_assert_ptr_nonnull(topology);
	return topology;
}

/* The table of the made-up machine, free() ends it. */
static mproci_topology *read_tree(mproci_cpu_set *ret_online)
{
	mproci_cpu_set_read_online(tree(), ret_online);
	mproci_topology *topology = create_for(ret_online);
	ck_assert_int_eq(fill_below(tree(), topology), 0);
	return topology;
}

static void make_cpu(unsigned cpu, const char *file, const char *siblings)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/topology/%s", cpu, file);
	tree_write(path, siblings);
}

START_TEST(cpu_lists_are_read)
{
	mproci_cpu_set set = set_of("0-3,8,10-11\n");

	ck_assert_uint_eq(size_of(&set), 7);
	ck_assert(CPU_ISSET_S(11, sizeof set.part, set.part));
	ck_assert(!CPU_ISSET_S(9, sizeof set.part, set.part));
	set = set_of("16383");
	ck_assert_uint_eq(size_of(&set), 1);
}
END_TEST

START_TEST(garbage_is_no_cpu_list)
{
	static const char *const garbage[] = {"", "\n", ",", "1,", "1-", "-1", "3-1", "1 2", "0-16384",
		"16384", "1-2-3", "a", "0-3x", "99999999999999999999", "0-18446744073709551616"};
	mproci_cpu_set set;

	for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
		ck_assert_msg(mproci_cpu_set_parse(garbage[i], &set) == -EBADMSG, "took \"%s\"", garbage[i]);
}
END_TEST

START_TEST(hyper_threads_of_a_core_count_once)
{
	mproci_cpu_set online;
	mproci_cpu_set some = set_of("1,3,2");

	tree_write("/sys/devices/system/cpu/online", "0-3\n");
	make_cpu(0, "core_cpus_list", "0,2\n");
	make_cpu(1, "core_cpus_list", "1,3\n");
	make_cpu(2, "core_cpus_list", "0,2\n");
	make_cpu(3, "core_cpus_list", "1,3\n");
	mproci_topology *topology = read_tree(&online);
	ck_assert_uint_eq(mproci_topology_core_count(topology, &online), 2);
	ck_assert_uint_eq(mproci_topology_core_count(topology, &some), 2);
	some = set_of("1,3");
	ck_assert_uint_eq(mproci_topology_core_count(topology, &some), 1);
	free(topology);
}
END_TEST

START_TEST(old_kernels_name_of_the_siblings_is_understood)
{
	mproci_cpu_set online;

	tree_write("/sys/devices/system/cpu/online", "0-1\n");
	make_cpu(0, "thread_siblings_list", "0-1\n");
	make_cpu(1, "thread_siblings_list", "0-1\n");
	mproci_topology *topology = read_tree(&online);
	ck_assert_uint_eq(mproci_topology_core_count(topology, &online), 1);
	free(topology);
}
END_TEST

START_TEST(cpus_above_the_size_of_a_common_mask_are_counted)
{
	mproci_cpu_set online;

	tree_write("/sys/devices/system/cpu/online", "0,5000-5001\n");
	make_cpu(5000, "core_cpus_list", "5000-5001\n");
	make_cpu(5001, "core_cpus_list", "5000-5001\n");
	mproci_topology *topology = read_tree(&online);
	ck_assert_uint_eq(mproci_topology_core_count(topology, &online), 2);
	free(topology);
}
END_TEST

START_TEST(without_sibling_lists_every_cpu_is_a_core)
{
	mproci_cpu_set online;

	tree_write("/sys/devices/system/cpu/online", "0-2\n");
	make_cpu(1, "core_cpus_list", "garbage\n");
	mproci_topology *topology = read_tree(&online);
	ck_assert_uint_eq(mproci_topology_core_count(topology, &online), 3);
	ck_assert_uint_eq(mproci_topology_core_count(NULL, &online), 3);
	free(topology);
}
END_TEST

START_TEST(cpu_that_came_online_later_is_a_core)
{
	mproci_cpu_set online = set_of("0-1");
	mproci_cpu_set later = set_of("0-3");
	mproci_topology *topology = create_for(&online);

	ck_assert_uint_eq(mproci_topology_core_count(topology, &later), 4);
	free(topology);
}
END_TEST

START_TEST(without_a_list_of_online_cpus_there_is_at_least_one)
{
	mproci_cpu_set online;

	mproci_cpu_set_read_online(tree(), &online);
	ck_assert_uint_ge(size_of(&online), 1);
	tree_write("/sys/devices/system/cpu/online", "garbage\n");
	mproci_cpu_set_read_online(tree(), &online);
	ck_assert_uint_ge(size_of(&online), 1);
}
END_TEST

static void assert_engines_agree(void)
{
	mproci_cpu_set online;

	mproci_cpu_set_read_online("", &online);
	mproci_topology *ours = create_for(&online);
	mproci_topology *plain = create_for(&online);
	ck_assert_int_eq(mproci_topology_fill(ours), 0);
	ck_assert_int_eq(plain_fill(plain), 0);
	ck_assert_uint_eq(ours->cpu_count, plain->cpu_count);
	for (unsigned cpu = 0; cpu < ours->cpu_count; cpu++)
		if (CPU_ISSET_S(cpu, sizeof online.part, online.part))
			ck_assert_uint_eq(ours->leader[cpu], plain->leader[cpu]);
	free(ours);
	free(plain);
}

START_TEST(engines_agree_on_this_machine)
{
	if (access("/sys/devices/system/cpu/cpu0/topology", R_OK) == 0)
		assert_engines_agree();
}
END_TEST

START_TEST(description_of_another_machine_is_not_believed)
{
	mproci_cpu_set online;

	mproci_cpu_set_read_online("", &online);
	ck_assert_int_eq(setenv("HWLOC_SYNTHETIC", "core:1 pu:64", 1), 0);
	mproci_topology *ours = create_for(&online);
	if (mproci_topology_fill(ours) == 0)
		assert_engines_agree();
	else
		ck_assert_uint_eq(mproci_topology_core_count(ours, &online), size_of(&online));
	free(ours);
	unsetenv("HWLOC_SYNTHETIC");
}
END_TEST

START_TEST(counting_prints_nothing)
{
	int saved = dup(STDERR_FILENO);
	int paper = memfd_create("stderr", MFD_CLOEXEC);

	ck_assert_int_ge(saved, 0);
	ck_assert_int_ge(paper, 0);
	ck_assert_int_ge(dup2(paper, STDERR_FILENO), 0);
	mproc_cpu_count(MPROC_CPU_USABLE);
	mproc_cpu_count((mproc_cpu_kind)99);
	dup2(saved, STDERR_FILENO);
	close(saved);
	ck_assert_int_eq(lseek(paper, 0, SEEK_END), 0);
	close(paper);
}
END_TEST

START_TEST(counts_are_in_order)
{
	unsigned usable = mproc_cpu_count(MPROC_CPU_USABLE);
	unsigned physical = mproc_cpu_count(MPROC_CPU_PHYSICAL);
	unsigned logical = mproc_cpu_count(MPROC_CPU_LOGICAL);

	ck_assert_uint_ge(usable, 1);
	ck_assert_uint_le(usable, physical);
	ck_assert_uint_le(physical, logical);
}
END_TEST

START_TEST(usable_follows_the_affinity_mask)
{
	mproci_cpu_set before = {0};
	mproci_cpu_set one = {0};
	unsigned all = mproc_cpu_count(MPROC_CPU_USABLE);
	unsigned physical = mproc_cpu_count(MPROC_CPU_PHYSICAL);
	unsigned cpu = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof before.part, before.part), 0);
	while (!CPU_ISSET_S(cpu, sizeof before.part, before.part))
		cpu++;
	CPU_SET_S(cpu, sizeof one.part, one.part);
	ck_assert_int_eq(sched_setaffinity(0, sizeof one.part, one.part), 0);
	ck_assert_uint_eq(mproc_cpu_count(MPROC_CPU_USABLE), 1);
	ck_assert_uint_eq(mproc_cpu_count(MPROC_CPU_PHYSICAL), physical);

	ck_assert_int_eq(sched_setaffinity(0, sizeof before.part, before.part), 0);
	ck_assert_uint_eq(mproc_cpu_count(MPROC_CPU_USABLE), all);
}
END_TEST

static void *count_in_thread(void *ret_count)
{
	*(unsigned *)ret_count = mproc_cpu_count(MPROC_CPU_PHYSICAL);
	return NULL;
}

START_TEST(threads_can_count_for_the_first_time_together)
{
	enum {
		THREADS = 8
	};
	pthread_t threads[THREADS];
	unsigned counts[THREADS] = {0};

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count_in_thread, &counts[i]), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_uint_eq(counts[i], mproc_cpu_count(MPROC_CPU_PHYSICAL));
}
END_TEST

START_TEST(unknown_kind_is_named_in_the_error_text)
{
	errno = 0;
	ck_assert_uint_eq(mproc_cpu_count((mproc_cpu_kind)17), 0);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(mproc_error_text(), "CPU kind 17: from 0 to 2 are known");
}
END_TEST

int main(void)
{
	return support_run_suite(&(support_suite){
		.name = "topology",
		.setup = tree_create,
		.teardown = tree_remove,
		.tests =
			(const TTest *[]){
				cpu_lists_are_read,
				garbage_is_no_cpu_list,
				hyper_threads_of_a_core_count_once,
				old_kernels_name_of_the_siblings_is_understood,
				cpus_above_the_size_of_a_common_mask_are_counted,
				without_sibling_lists_every_cpu_is_a_core,
				cpu_that_came_online_later_is_a_core,
				without_a_list_of_online_cpus_there_is_at_least_one,
				engines_agree_on_this_machine,
				description_of_another_machine_is_not_believed,
				counting_prints_nothing,
				counts_are_in_order,
				usable_follows_the_affinity_mask,
				threads_can_count_for_the_first_time_together,
				unknown_kind_is_named_in_the_error_text,
				NULL,
			},
	});
}
