/* SPDX-License-Identifier: MIT */
#include "sys/thread_budget.h"

#include "people.h"
#include "support.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	/* More than anybody's budget here. */
	MANY = 7
};

/* What is tested of OpenMP's interface; parallel is what gcc makes of a parallel region. */
struct openmp {
	int (*get)(void);
	void (*set)(int threads);
	void (*parallel)(void (*region)(void *), void *argument, unsigned threads, unsigned flags);
};

/* GNU's: LLVM's leaves something in /dev/shm when its process does not call exit(). */
static bool load(struct openmp *openmp)
{
	void *library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL);

	if (library == NULL) {
		puts("left out: libgomp.so.1 is not there");
		return false;
	}
	openmp->get = (int (*)(void))dlsym(library, "omp_get_max_threads");
	openmp->set = (void (*)(int))dlsym(library, "omp_set_num_threads");
	openmp->parallel =
		(void (*)(void (*)(void *), void *, unsigned, unsigned))dlsym(library, "GOMP_parallel");
	return openmp->get != NULL && openmp->set != NULL && openmp->parallel != NULL;
}

static void count_thread(void *count)
{
	atomic_fetch_add((_Atomic unsigned *)count, 1);
}

/* How many threads a parallel region has. */
static unsigned count_threads(const struct openmp *openmp)
{
	_Atomic unsigned count = 0;

	openmp->parallel(count_thread, &count, 0, 0);
	return count;
}

static void forget_environment(void)
{
	static const char *const variables[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS",
		"MKL_NUM_THREADS", "BLIS_NUM_THREADS"};

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		unsetenv(variables[i]);
}

/* Threads that OpenMP keeps for good must not be left to the test's process. */
static void in_process(support_deed *deed)
{
	struct openmp openmp;

	ck_assert_int_eq(support_reap(support_fork(deed, &openmp)), 0);
}

static int lower_and_count(void *library)
{
	struct openmp *openmp = library;

	if (!load(openmp))
		return 0;
	openmp->set(MANY);
	mproci_thread_budget_set(2);
	return openmp->get() != 2 || count_threads(openmp) != 2;
}

START_TEST(openmp_that_is_loaded_keeps_to_the_budget)
{
	in_process(lower_and_count);
}
END_TEST

static int keep_less(void *library)
{
	struct openmp *openmp = library;

	if (!load(openmp))
		return 0;
	openmp->set(1);
	mproci_thread_budget_set(2);
	return openmp->get() != 1;
}

START_TEST(what_uses_less_is_left_alone)
{
	in_process(keep_less);
}
END_TEST

static int keep_users_number(void *library)
{
	struct openmp *openmp = library;

	setenv("OMP_NUM_THREADS", "5", 1);
	if (!load(openmp))
		return 0;
	mproci_thread_budget_set(2);
	return openmp->get() != 5 || strcmp(getenv("OMP_NUM_THREADS"), "5") != 0;
}

START_TEST(number_that_the_user_has_set_stays)
{
	in_process(keep_users_number);
}
END_TEST

static int load_later(void *library)
{
	struct openmp *openmp = library;

	mproci_thread_budget_set(3);
	return load(openmp) && openmp->get() != 3;
}

START_TEST(openmp_that_is_loaded_later_keeps_to_the_budget)
{
	in_process(load_later);
}
END_TEST

static int divide_again(void *library)
{
	struct openmp *openmp = library;

	mproci_thread_budget_set(2);
	return (load(openmp) && openmp->get() != 2) || strcmp(getenv("OMP_NUM_THREADS"), "2") != 0;
}

static int divide(void *library)
{
	mproci_thread_budget_set(4);
	return support_reap(support_fork(divide_again, library));
}

START_TEST(worker_of_a_worker_has_a_budget_of_its_own)
{
	in_process(divide);
}
END_TEST

static int run_in_child(void *library)
{
	return count_threads(library) != MANY;
}

static int fork_between_regions(void *library)
{
	struct openmp *openmp = library;

	if (!load(openmp))
		return 0;
	openmp->set(MANY);
	if (count_threads(openmp) != MANY)
		return 1;
	mproci_thread_budget_dismiss();
	if (support_reap(support_fork(run_in_child, openmp)) != 0)
		return 2;
	return count_threads(openmp) != MANY || openmp->get() != MANY ? 3 : 0;
}

/* Without it the child would wait for ever in GNU's library. */
START_TEST(child_can_use_openmp_that_its_parent_has_used)
{
	in_process(fork_between_regions);
}
END_TEST

static void dismiss_inside(void *openmp)
{
	(void)openmp;
	mproci_thread_budget_dismiss();
}

static int dismiss_in_region(void *library)
{
	struct openmp *openmp = library;

	if (!load(openmp))
		return 0;
	openmp->set(2);
	openmp->parallel(dismiss_inside, openmp, 0, 0);
	return count_threads(openmp) != 2;
}

START_TEST(dismissal_inside_of_a_region_is_none)
{
	in_process(dismiss_in_region);
}
END_TEST

int main(void)
{
	return support_run_suite(&(support_suite){
		.name = "thread_budget",
		.setup = forget_environment,
		.tests = (const TTest *[]){NULL},
		.process_tests =
			(const TTest *[]){
				openmp_that_is_loaded_keeps_to_the_budget,
				what_uses_less_is_left_alone,
				number_that_the_user_has_set_stays,
				openmp_that_is_loaded_later_keeps_to_the_budget,
				worker_of_a_worker_has_a_budget_of_its_own,
				child_can_use_openmp_that_its_parent_has_used,
				dismissal_inside_of_a_region_is_none,
				NULL,
			},
	});
}
