/* SPDX-License-Identifier: MIT */
/*
 * Objects of the family seen by mproc's own client, through the public headers alone.
 */
#include "people.h"
#include "support.h"

#include <errno.h>
#include <mproc-net.h>
#include <mproc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static mproc_manager *manager;
static mproc_remote *remote;

static void check_ok(int rc)
{
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

static mproc_deadline soon(void)
{
	return mproc_after(30);
}

static void begin(void)
{
	check_ok(mproc_manager_start(NULL, &manager));
	check_ok(mproc_remote_connect(mproc_manager_url(manager), NULL, soon(), &remote));
}

static void end(void)
{
	remote = mproc_remote_close(remote);
	manager = mproc_manager_stop(manager);
}

START_TEST(remote_counter_and_value_are_the_familys)
{
	_Atomic int64_t *number = mproc_calloc(1, sizeof *number);
	char *value = mproc_value_create(5, &(mproc_value_options){.initial = "hello"}), seen[8];
	int64_t sum;
	size_t size;

	check_ok(mproc_manager_show_number(manager, "number", number));
	check_ok(mproc_manager_show_value(manager, "value", value, 5, MPROC_SHOWN_BYTES));
	check_ok(mproc_remote_counter_add(remote, "number", 42, soon(), &sum));
	ck_assert(sum == 42 && atomic_load(number) == 42);
	check_ok(mproc_remote_counter_set(remote, "number", 7, soon()));
	atomic_fetch_add(number, 1);
	check_ok(mproc_remote_counter_get(remote, "number", soon(), &sum));
	ck_assert_int_eq(sum, 8);
	check_ok(mproc_remote_value_get(remote, "value", seen, sizeof seen, soon(), &size));
	ck_assert(size == 5 && memcmp(seen, "hello", 5) == 0);
	ck_assert_int_eq(mproc_remote_value_set_if_absent(remote, "value", "howdy", 5, soon()), -EEXIST);
	check_ok(mproc_remote_value_compare_and_set(remote, "value", "hello", 5, "howdy", 5, soon()));
	ck_assert_int_eq(
		mproc_remote_value_compare_and_set(remote, "value", "hello", 5, "howdy", 5, soon()), -ESTALE);
	ck_assert(memcmp(value, "howdy", 5) == 0);
	check_ok(mproc_manager_hide(manager, "number"));
	check_ok(mproc_manager_hide(manager, "value"));
	mproc_value_destroy(value);
	mproc_free((void *)(uintptr_t)number);
}
END_TEST

START_TEST(remote_flag_is_the_familys)
{
	_Atomic bool *flag = mproc_calloc(1, sizeof *flag);

	check_ok(mproc_manager_show_flag(manager, "flag", flag));
	ck_assert_int_eq(mproc_remote_flag_get(remote, "flag", soon()), 0);
	check_ok(mproc_remote_flag_set(remote, "flag", soon()));
	ck_assert(atomic_load(flag));
	ck_assert_int_eq(mproc_remote_flag_get(remote, "flag", soon()), 1);
	check_ok(mproc_remote_flag_clear(remote, "flag", soon()));
	ck_assert(!atomic_load(flag));
	check_ok(mproc_manager_hide(manager, "flag"));
	mproc_free((void *)(uintptr_t)flag);
}
END_TEST

static int set_event(void *event)
{
	return mproc_event_set(event);
}

START_TEST(remote_event_is_set_by_the_family)
{
	mproc_event *event = mproc_calloc(1, sizeof *event);
	pid_t setter;

	check_ok(mproc_event_init(event));
	check_ok(mproc_manager_show_event(manager, "event", event));
	ck_assert_int_eq(mproc_remote_event_wait(remote, "event", mproc_after(0.01)), -ETIMEDOUT);
	setter = support_fork(set_event, event);
	check_ok(mproc_remote_event_wait(remote, "event", soon()));
	ck_assert_int_eq(support_reap(setter), 0);
	check_ok(mproc_remote_event_clear(remote, "event", soon()));
	ck_assert_int_eq(mproc_event_is_set(event), 0);
	check_ok(mproc_remote_event_set(remote, "event", soon()));
	check_ok(mproc_event_wait(event, soon()));
	check_ok(mproc_manager_hide(manager, "event"));
	mproc_event_destroy(event);
	mproc_free(event);
}
END_TEST

START_TEST(remote_dict_is_the_familys)
{
	mproc_snapshot *all;
	mproc_dict *dict;
	void *value;
	int64_t sum;
	size_t size;

	check_ok(mproc_dict_create(NULL, &dict));
	check_ok(mproc_dict_add(dict, "seen", 4, 41, NULL));
	check_ok(mproc_manager_show_dict(manager, "dict", dict, MPROC_SHOWN_INT64));
	check_ok(mproc_remote_dict_add(remote, "dict", "seen", 4, 1, soon(), &sum));
	ck_assert_int_eq(sum, 42);
	check_ok(mproc_remote_dict_compare_and_set(remote, "dict", "seen", 4, "42", 2, "43", 2, soon()));
	check_ok(mproc_dict_get(dict, "seen", 4, &sum, sizeof sum, NULL));
	ck_assert_int_eq(sum, 43);
	ck_assert_int_eq(mproc_remote_dict_count(remote, "dict", soon()), 1);
	check_ok(mproc_remote_dict_snapshot(remote, "dict", soon(), &all));
	ck_assert(all->count == 1 && all->entries[0].value_size == 2);
	mproc_snapshot_close(all);
	check_ok(mproc_remote_dict_pop(remote, "dict", "seen", 4, soon(), &value, &size));
	ck_assert(size == 2 && memcmp(value, "43", 2) == 0);
	free(value);
	ck_assert_int_eq(mproc_remote_dict_has(remote, "dict", "seen", 4, soon()), 0);
	ck_assert_int_lt(mproc_remote_dict_clear(remote, "dict", soon()), 0);
	check_ok(mproc_manager_hide(manager, "dict"));
	mproc_dict_destroy(dict);
}
END_TEST

static void check_fails(int rc, int code, const char *text)
{
	ck_assert_msg(rc == code, "%d: %s", rc, mproc_error_text());
	support_check_text(text);
}

START_TEST(what_is_not_for_clients_is_said_with_the_name)
{
	static const char *const draw[] = {"HRANDFIELD", "words"};
	mproc_list *list;
	mproc_dict *dict;

	check_ok(mproc_dict_create(NULL, &dict));
	check_ok(mproc_list_create(NULL, &list));
	check_ok(mproc_manager_show_dict(manager, "words", dict, MPROC_SHOWN_INT64));
	check_ok(mproc_manager_show_list(manager, "list", list, MPROC_SHOWN_BYTES));
	check_fails(mproc_remote_dict_clear(remote, "words", soon()), -EPERM,
		"\"words\": ERR this name belongs to");
	check_fails(mproc_remote_list_clear(remote, "list", soon()), -EPERM,
		"\"list\": ERR this name belongs to");
	check_fails(mproc_remote_delete(remote, "words", soon()), -EPERM, "belongs to the family");
	check_fails(mproc_remote_expire(remote, "words", 9, soon()), -EPERM, "belongs to the family");
	check_fails(mproc_remote_dict_set(remote, "words", "a", 1, "many", 4, soon()), -EINVAL,
		"'words' takes a whole number in decimal digits, such as 42");
	check_fails(mproc_remote_dict_set_fenced(remote, "words", "a", 1, "1", 1, 1, soon()), -EPERM,
		"not possible with what is shown");
	check_fails(mproc_remote_command(remote, 2, draw, NULL, soon(), NULL), -EPERM, "not possible");
	check_fails(mproc_remote_counter_add(remote, "words", 1, soon(), NULL), -EINVAL,
		"INCRBY of \"words\": WRONGTYPE");
	mproc_dict_destroy(dict);
	check_fails(mproc_remote_dict_set(remote, "words", "a", 1, "1", 1, soon()), -EPERM,
		"'words' was destroyed before mproc_manager_hide");
	check_ok(mproc_manager_hide(manager, "words"));
	check_ok(mproc_manager_hide(manager, "list"));
	mproc_list_destroy(list);
}
END_TEST

START_TEST(remote_list_is_the_familys)
{
	mproc_list *list;
	void *item;
	size_t size;

	check_ok(mproc_list_create(NULL, &list));
	check_ok(mproc_manager_show_list(manager, "list", list, MPROC_SHOWN_BYTES));
	check_ok(mproc_remote_list_append(remote, "list", "b", 1, soon()));
	check_ok(mproc_remote_list_prepend(remote, "list", "a", 1, soon()));
	check_ok(mproc_remote_list_insert(remote, "list", 1, "x", 1, soon()));
	ck_assert_int_eq(mproc_list_count(list), 3);
	check_ok(mproc_remote_list_pop(remote, "list", 1, soon(), &item, &size));
	ck_assert(size == 1 && memcmp(item, "x", 1) == 0);
	free(item);
	ck_assert_int_eq(mproc_remote_list_set(remote, "list", 5, "y", 1, soon()), -ERANGE);
	check_ok(mproc_remote_list_pop_first(remote, "list", soon(), &item, &size));
	ck_assert(size == 1 && memcmp(item, "a", 1) == 0);
	free(item);
	ck_assert_int_eq(mproc_remote_list_count(remote, "list", soon()), 1);
	check_ok(mproc_manager_hide(manager, "list"));
	mproc_list_destroy(list);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {NULL};
	const TTest *process_tests[] = {
		remote_counter_and_value_are_the_familys,
		remote_flag_is_the_familys,
		remote_event_is_set_by_the_family,
		remote_dict_is_the_familys,
		remote_list_is_the_familys,
		what_is_not_for_clients_is_said_with_the_name,
		NULL,
	};
	const support_suite suite = {
		.name = "shown objects and remote ones",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = begin,
		.teardown = end,
	};

	return support_run_suite(&suite);
}
