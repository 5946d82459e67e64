/* SPDX-License-Identifier: MIT */
#include "sys/binding.h"

#include "people.h"
#include "support.h"
#include "sys/kernel_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A made-up machine whose CPU i is in the same core as CPU i - @cores. */
static mproci_topology *machine;

static mproci_cpu_set set_of(const char *list)
{
	mproci_cpu_set set;

	ck_assert_int_eq(mproci_cpu_set_parse(list, &set), 0);
	return set;
}

static void make_machine(unsigned cores, const char *online)
{
	mproci_cpu_set set = set_of(online);

	machine = mproci_topology_create(&set);
	ck_assert_ptr_nonnull(machine);
	for (unsigned cpu = 0; cpu < machine->cpu_count; cpu++)
		machine->leader[cpu] = cpu % cores;
}

static void make_four_cores(void)
{
	make_machine(4, "0-7");
}

static void free_machine(void)
{
	free(machine);
}

static void check_choice(const char *usable, unsigned worker, unsigned workers, const char *expected)
{
	mproci_cpu_set among = set_of(usable), right = set_of(expected), chosen;

	mproci_binding_choose(machine, &among, worker, workers, &chosen);
	ck_assert_msg(memcmp(&chosen, &right, sizeof right) == 0, "worker %u of %u: not %s", worker, workers,
		expected);
}

START_TEST(as_many_workers_as_cores_get_one_each)
{
	check_choice("0-7", 0, 4, "0,4");
	check_choice("0-7", 3, 4, "3,7");
}
END_TEST

START_TEST(fewer_workers_share_all_cores)
{
	check_choice("0-7", 0, 1, "0-7");
	check_choice("0-7", 1, 2, "2,3,6,7");
	check_choice("0-7", 0, 3, "0,4");
	check_choice("0-7", 1, 3, "1,5");
	check_choice("0-7", 2, 3, "2,3,6,7");
}
END_TEST

START_TEST(more_workers_than_cores_get_first_cpus_before_second_ones)
{
	check_choice("0-7", 0, 8, "0");
	check_choice("0-7", 3, 5, "3");
	check_choice("0-7", 4, 5, "4");
	check_choice("0-7", 7, 8, "7");
}
END_TEST

START_TEST(more_workers_than_cpus_begin_again)
{
	check_choice("0-7", 8, 20, "0");
	check_choice("0-7", 19, 20, "3");
	check_choice("5", 19, 20, "5");
}
END_TEST

START_TEST(only_usable_cpus_are_chosen)
{
	check_choice("4-6", 0, 3, "4");
	check_choice("4-6", 2, 3, "6");
	check_choice("3,4,7", 0, 2, "4");
	check_choice("3,4,7", 1, 2, "3,7");
	check_choice("3,4,7", 2, 3, "7");
}
END_TEST

START_TEST(cpus_that_the_table_does_not_know_are_cores)
{
	check_choice("0,4,16383", 1, 2, "16383");
	free(machine);
	machine = NULL;
	check_choice("0,4", 0, 2, "0");
	check_choice("0,4", 1, 2, "4");
}
END_TEST

static mproci_cpu_set usable_cpus(void)
{
	mproci_cpu_set set = {0};

	ck_assert_int_ge(sched_getaffinity(0, sizeof set.part, set.part), 0);
	return set;
}

static int bind_to_choice(void *workers)
{
	unsigned last = *(const unsigned *)workers - 1;
	mproci_cpu_set before = usable_cpus(), expected;

	mproci_binding_choose(mproci_topology_of_machine(), &before, last, last + 1, &expected);
	ck_assert_int_eq(mproci_binding_apply(last, last + 1), 0);
	mproci_cpu_set after = usable_cpus();
	return memcmp(&after, &expected, sizeof after);
}

START_TEST(process_runs_on_what_was_chosen)
{
	for (unsigned workers = 1; workers < 6; workers++)
		ck_assert_int_eq(support_reap(support_fork(bind_to_choice, &workers)), 0);
}
END_TEST

static int be_refused(void *unused)
{
	(void)unused;
	refuse_call(SYS_sched_setaffinity, EPERM);
	ck_assert_int_eq(mproci_binding_apply(1, 3), -EPERM);
	ck_assert_str_eq(mproc_error_text(),
		"worker 1 of 3 cannot be bound to CPUs of its own: Operation not permitted");
	return 0;
}

START_TEST(refusal_names_the_worker)
{
	ck_assert_int_eq(support_reap(support_fork(be_refused, NULL)), 0);
}
END_TEST

int main(void)
{
	return support_run_suite(&(support_suite){
		.name = "binding",
		.setup = make_four_cores,
		.teardown = free_machine,
		.tests =
			(const TTest *[]){
				as_many_workers_as_cores_get_one_each,
				fewer_workers_share_all_cores,
				more_workers_than_cores_get_first_cpus_before_second_ones,
				more_workers_than_cpus_begin_again,
				only_usable_cpus_are_chosen,
				cpus_that_the_table_does_not_know_are_cores,
				NULL,
			},
		.process_tests =
			(const TTest *[]){
				process_runs_on_what_was_chosen,
				refusal_names_the_worker,
				NULL,
			},
	});
}
