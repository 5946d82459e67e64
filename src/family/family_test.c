/* SPDX-License-Identifier: MIT */
#include "family/family.h"

#include "family/member.h"
#include "support.h"

#include <errno.h>
#include <mproc/result.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(there_is_no_family_until_somebody_joins)
{
	int here;

	ck_assert_ptr_null(mproci_family_here);
	ck_assert_uint_eq(mproci_member_self(), 0);
	ck_assert(!mproci_family_holds(&here));
}
END_TEST

START_TEST(first_join_makes_the_family_and_this_process_a_member)
{
	ck_assert_int_eq(mproci_family_join(), 0);
	ck_assert_ptr_nonnull(mproci_family_here);
	ck_assert_uint_ne(mproci_member_self(), 0);
}
END_TEST

START_TEST(joining_again_changes_nothing)
{
	mproci_family *family;
	mproci_id self;

	mproci_family_join();
	family = mproci_family_here;
	self = mproci_member_self();
	ck_assert_int_eq(mproci_family_join(), 0);
	ck_assert_ptr_eq(mproci_family_here, family);
	ck_assert_uint_eq(mproci_member_self(), self);
	ck_assert_uint_eq(family->member_limit, 1);
}
END_TEST

START_TEST(family_holds_its_own_addresses_and_no_others)
{
	char here, *base;

	mproci_family_join();
	base = (char *)mproci_family_here;
	ck_assert(mproci_family_holds(base));
	ck_assert(mproci_family_holds(base + mproci_family_here->size - 1));
	ck_assert(!mproci_family_holds(base + mproci_family_here->size));
	ck_assert(!mproci_family_holds(base - 1));
	ck_assert(!mproci_family_holds(&here));
	ck_assert(!mproci_family_holds(NULL));
}
END_TEST

START_TEST(rest_lies_behind_the_tables_and_reaches_to_the_end)
{
	char *start, *end;

	mproci_family_join();
	mproci_family_rest(&start, &end);
	ck_assert(start >= (char *)(mproci_family_here->threads + MPROCI_THREADS));
	ck_assert_ptr_eq(end, (char *)mproci_family_here + mproci_family_here->size);
	ck_assert_uint_ge((size_t)(end - start), (size_t)8 << 20);
	start[0] = end[-1] = 1;
}
END_TEST

enum {
	JOINERS = 8
};

static pthread_barrier_t together;

static void *join_together(void *ret_id)
{
	pthread_barrier_wait(&together);
	if (mproci_family_join() == 0)
		*(mproci_id *)ret_id = mproci_member_self();
	return NULL;
}

START_TEST(threads_that_join_at_once_make_one_family_and_one_member)
{
	mproci_id ids[JOINERS] = {0};
	pthread_t threads[JOINERS];

	pthread_barrier_init(&together, NULL, JOINERS);
	for (int i = 0; i < JOINERS; ++i)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, join_together, &ids[i]), 0);
	for (int i = 0; i < JOINERS; ++i)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < JOINERS; ++i)
		ck_assert_uint_eq(ids[i], mproci_member_self());
	ck_assert_uint_eq(mproci_family_here->member_limit, 1);
	pthread_barrier_destroy(&together);
}
END_TEST

static void limit(int resource, rlim_t most)
{
	struct rlimit now;

	getrlimit(resource, &now);
	now.rlim_cur = most;
	ck_assert_int_eq(setrlimit(resource, &now), 0);
}

START_TEST(join_without_room_fails_and_works_when_there_is_room)
{
	struct rlimit before;
	int rc;

	getrlimit(RLIMIT_FSIZE, &before);
	limit(RLIMIT_FSIZE, (rlim_t)1 << 20);
	rc = mproci_family_join();
	limit(RLIMIT_FSIZE, before.rlim_cur);
	ck_assert_int_eq(rc, -ENOMEM);
	ck_assert_str_eq(mproc_error_text(),
		"shared memory: RLIMIT_AS or RLIMIT_FSIZE allows 1 MiB, needed are 16 MiB");
	ck_assert_ptr_null(mproci_family_here);
	ck_assert_int_eq(mproci_family_join(), 0);
}
END_TEST

START_TEST(family_fits_into_little_room)
{
	limit(RLIMIT_FSIZE, (rlim_t)20 << 20);
	ck_assert_int_eq(mproci_family_join(), 0);
	ck_assert_uint_eq(mproci_family_here->size, (size_t)20 << 20);
}
END_TEST

START_TEST(join_without_descriptors_fails_and_works_when_there_are_some)
{
	struct rlimit before;
	int rc;

	getrlimit(RLIMIT_NOFILE, &before);
	limit(RLIMIT_NOFILE, 0);
	rc = mproci_family_join();
	limit(RLIMIT_NOFILE, before.rlim_cur);
	ck_assert_int_eq(rc, -EMFILE);
	ck_assert_ptr_null(mproci_family_here);
	ck_assert_int_eq(mproci_family_join(), 0);
}
END_TEST

/* Run @function in a plainly forked child: its result. */
static int in_child(int (*function)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(function());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static mproci_family *parents_family;
static mproci_id parents_id;

static int join_as_child(void)
{
	if (mproci_member_self() != 0)
		return 1;
	if (mproci_family_join() != 0)
		return 2;
	if (mproci_member_self() == 0 || mproci_member_self() == parents_id)
		return 3;
	return mproci_family_here == parents_family ? 0 : 4;
}

START_TEST(plainly_forked_child_becomes_a_member_of_its_own_when_it_joins)
{
	mproci_family_join();
	parents_family = mproci_family_here;
	parents_id = mproci_member_self();
	ck_assert_int_eq(in_child(join_as_child), 0);
	ck_assert_uint_eq(mproci_member_self(), parents_id);
}
END_TEST

static int grandchild_joins(void)
{
	return in_child(join_as_child);
}

START_TEST(grandchild_joins_also_when_its_parent_did_not)
{
	mproci_family_join();
	parents_family = mproci_family_here;
	parents_id = mproci_member_self();
	ck_assert_int_eq(in_child(grandchild_joins), 0);
}
END_TEST

static int found_own_family(void)
{
	return mproci_family_here != NULL || mproci_family_join() != 0;
}

START_TEST(child_forked_before_there_was_a_family_founds_one)
{
	ck_assert_int_eq(in_child(found_own_family), 0);
	ck_assert_ptr_null(mproci_family_here);
}
END_TEST

static void *join_once(void *unused)
{
	pthread_barrier_wait(&together);
	mproci_family_join();
	return unused;
}

/* Fork while another thread is founding the family: the child's alarm ends it when it hangs. */
static int fork_while_founding(int delay)
{
	pthread_t thread;
	pid_t pid;
	int status;

	pthread_barrier_init(&together, NULL, 2);
	pthread_create(&thread, NULL, join_once, NULL);
	pthread_barrier_wait(&together);
	for (volatile int i = 0; i < delay; ++i)
		;
	pid = fork();
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(2);
		_exit(mproci_family_join() != 0);
	}
	waitpid(pid, &status, 0);
	pthread_join(thread, NULL);
	return status;
}

START_TEST(child_forked_while_another_thread_founds_the_family_does_not_hang)
{
	for (int i = 0; i < 300; ++i) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(fork_while_founding(i % 100 * 500) != 0);
		waitpid(pid, &status, 0);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		there_is_no_family_until_somebody_joins,
		first_join_makes_the_family_and_this_process_a_member,
		joining_again_changes_nothing,
		family_holds_its_own_addresses_and_no_others,
		rest_lies_behind_the_tables_and_reaches_to_the_end,
		threads_that_join_at_once_make_one_family_and_one_member,
		join_without_room_fails_and_works_when_there_is_room,
		family_fits_into_little_room,
		join_without_descriptors_fails_and_works_when_there_are_some,
		NULL,
	};
	const TTest *process_tests[] = {
		plainly_forked_child_becomes_a_member_of_its_own_when_it_joins,
		grandchild_joins_also_when_its_parent_did_not,
		child_forked_before_there_was_a_family_founds_one,
		child_forked_while_another_thread_founds_the_family_does_not_hang,
		NULL,
	};
	const support_suite suite = {.name = "family", .tests = tests, .process_tests = process_tests};

	return support_run_suite(&suite);
}
