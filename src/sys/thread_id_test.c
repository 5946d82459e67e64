/* SPDX-License-Identifier: MIT */
#include "sys/thread_id.h"

#include "people.h"
#include "support.h"

#include <unistd.h>

static pid_t theirs;

static int tell(void *unused)
{
	(void)unused;
	theirs = mproci_thread_id();
	return 0;
}

START_TEST(first_thread_has_the_id_of_the_process)
{
	ck_assert_int_eq(mproci_thread_id(), getpid());
}
END_TEST

START_TEST(other_threads_have_ids_of_their_own)
{
	ck_assert_int_eq(support_in_thread(tell, NULL).result, 0);
	ck_assert_int_gt(theirs, 0);
	ck_assert_int_ne(theirs, getpid());
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		first_thread_has_the_id_of_the_process,
		other_threads_have_ids_of_their_own,
		NULL,
	};

	return support_run("thread id", tests);
}
