/* SPDX-License-Identifier: MIT */
/*
 * A process in a hurry, as a manager is: it never sleeps on the lock of a collection.
 */
#include "collections/dict.h"
#include "collections/list.h"
#include "people.h"
#include "support.h"

#include <errno.h>

static mproc_dict *dict;
static mproc_list *list;

static void begin(void)
{
	ck_assert_int_eq(mproc_dict_create(NULL, &dict), 0);
	ck_assert_int_eq(mproc_list_create(NULL, &list), 0);
}

static void end(void)
{
	mproci_collection_set_default_deadline(MPROC_FOREVER);
	dict = mproc_dict_destroy(dict);
	list = mproc_list_destroy(list);
}

static int lock_both(void *unused)
{
	int rc = mproci_dict_lock_all(dict);

	(void)unused;
	if (rc == 0)
		mproci_dict_unlock_all(dict);
	return rc < 0 ? rc : mproci_list_lock(list);
}

static int lock_dict(void *unused)
{
	(void)unused;
	return mproci_dict_lock_all(dict);
}

START_TEST(dict_with_somebody_inside_is_not_waited_for)
{
	pid_t holder = support_fork_and_keep(lock_dict, NULL);
	mproc_snapshot *unused;

	mproci_collection_set_default_deadline(MPROCI_COLLECTION_HURRY);
	ck_assert_int_eq(mproc_dict_set(dict, "a", 1, "b", 1), -ETIMEDOUT);
	support_check_text("did not leave within 0 s");
	ck_assert_int_eq(mproc_dict_snapshot(dict, &unused), -ETIMEDOUT);
	support_kill(holder);
	ck_assert_int_eq(mproc_dict_set(dict, "a", 1, "b", 1), 0);
}
END_TEST

START_TEST(list_with_somebody_inside_is_not_waited_for)
{
	pid_t holder = support_fork_and_keep(lock_both, NULL);

	mproci_collection_set_default_deadline(MPROCI_COLLECTION_HURRY);
	ck_assert_int_eq(mproc_list_append(list, "a", 1), -ETIMEDOUT);
	ck_assert_int_eq(mproc_dict_set(dict, "a", 1, "b", 1), 0);
	support_kill(holder);
	ck_assert_int_eq(mproc_list_append(list, "a", 1), 0);
}
END_TEST

START_TEST(patience_of_a_collection_does_not_count_in_a_hurry)
{
	mproc_list *patient;
	pid_t holder;

	mproc_list_destroy(list);
	ck_assert_int_eq(mproc_list_create(&(mproc_list_options){.patience = 1e6}, &patient), 0);
	list = patient;
	holder = support_fork_and_keep(lock_both, NULL);
	mproci_collection_set_default_deadline(MPROCI_COLLECTION_HURRY);
	ck_assert_int_eq(mproc_list_append(list, "a", 1), -ETIMEDOUT);
	support_kill(holder);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {NULL};
	const TTest *process_tests[] = {
		dict_with_somebody_inside_is_not_waited_for,
		list_with_somebody_inside_is_not_waited_for,
		patience_of_a_collection_does_not_count_in_a_hurry,
		NULL,
	};
	const support_suite suite = {
		.name = "hurry",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = begin,
		.teardown = end,
	};

	return support_run_suite(&suite);
}
