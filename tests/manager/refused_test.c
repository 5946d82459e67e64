/* SPDX-License-Identifier: MIT */
/*
 * Why a manager cannot be started, and what it cannot show.
 */
#include "family/member.h"
#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"
#include "sys/kernel_fixture.h"

#include <errno.h>
#include <mproc-net.h>
#include <mproc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static mproc_manager *manager;

static int start(mproc_manager_options options)
{
	return mproc_manager_start(&options, &manager);
}

static int start_usual(void *unused)
{
	(void)unused;
	return start((mproc_manager_options){0});
}

static int start_where_it_cannot_listen(void *unused)
{
	char long_line[2000];

	(void)unused;
	memset(long_line, 'x', sizeof long_line - 1);
	long_line[sizeof long_line - 1] = '\0';
	tree_write("/file", long_line);
	ck_assert_int_eq(chmod(in_tree("/file"), 0600), 0);
	ck_assert_int_eq(start((mproc_manager_options){.path = in_tree("/file")}), -EADDRINUSE);
	ck_assert_int_eq(start((mproc_manager_options){.path = in_tree("/file/socket")}), -ENOTDIR);
	ck_assert_int_eq(start((mproc_manager_options){.address = "tcp://192.0.2.1:0", .password = "p"}),
		-EADDRNOTAVAIL);
	ck_assert_int_eq(start((mproc_manager_options){
				 .address = "tcp://127.0.0.1:0", .password_file = in_tree("/file")}),
		-EMSGSIZE);
	return 0;
}

START_TEST(manager_is_not_started_where_it_cannot_listen)
{
	ck_assert_int_eq(support_reap(support_fork(start_where_it_cannot_listen, NULL)), 0);
}
END_TEST

static int start_without_descriptors(void *unused)
{
	ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
	limit(RLIMIT_NOFILE, 0);
	return start_usual(unused);
}

static int start_with_a_full_file_table(void *unused)
{
	refuse_call(SYS_socket, ENFILE);
	return start_usual(unused);
}

static void fill_arena(void)
{
	for (size_t size = 1 << 20; size > 0; size /= 2)
		while (mproc_alloc(size) != NULL)
			;
}

static int start_in_a_full_arena(void *unused)
{
	ck_assert_int_eq(mproc_arena_reserve((size_t)16 << 20), 0);
	fill_arena();
	return start_usual(unused);
}

static int start_in_a_full_family(void *unused)
{
	mproci_id id;

	ck_assert_int_eq(mproc_free(mproc_alloc(1)), 0);
	while (mproci_member_expect("", &id) == 0)
		;
	return start_usual(unused);
}

START_TEST(manager_is_not_started_where_there_is_no_room)
{
	ck_assert_int_eq(support_reap(support_fork(start_without_descriptors, NULL)), EMFILE);
	ck_assert_int_eq(support_reap(support_fork(start_with_a_full_file_table, NULL)), ENFILE);
	ck_assert_int_eq(support_reap(support_fork(start_in_a_full_family, NULL)), EAGAIN);
	ck_assert_int_eq(support_reap(support_fork(start_in_a_full_arena, NULL)), ENOMEM);
}
END_TEST

/* What can be shown. */
static void *value, *array;
static _Atomic int64_t *number;
static _Atomic bool *flag;
static mproc_event *event;
static mproc_dict *dict;
static mproc_list *list;
static mproc_queue *queue;

static void make_all(void)
{
	value = mproc_value_create(8, NULL);
	array = mproc_array_create(7, 8, NULL);
	number = mproc_calloc(1, sizeof *number);
	flag = mproc_calloc(1, sizeof *flag);
	event = mproc_calloc(1, sizeof *event);
	ck_assert_int_eq(mproc_event_init(event), 0);
	ck_assert_int_eq(mproc_dict_create(NULL, &dict), 0);
	ck_assert_int_eq(mproc_list_create(NULL, &list), 0);
	ck_assert_int_eq(mproc_queue_create(NULL, &queue), 0);
}

static void expect_all(int code, const char *name)
{
	ck_assert_int_eq(mproc_manager_show_value(manager, name, value, 8, MPROC_SHOWN_BYTES), code);
	ck_assert_int_eq(mproc_manager_show_array(manager, name, array, 8, MPROC_SHOWN_BYTES), code);
	ck_assert_int_eq(mproc_manager_show_number(manager, name, (void *)(uintptr_t)number), code);
	ck_assert_int_eq(mproc_manager_show_flag(manager, name, (void *)(uintptr_t)flag), code);
	ck_assert_int_eq(mproc_manager_show_event(manager, name, event), code);
	ck_assert_int_eq(mproc_manager_show_dict(manager, name, dict, MPROC_SHOWN_BYTES), code);
	ck_assert_int_eq(mproc_manager_show_list(manager, name, list, MPROC_SHOWN_BYTES), code);
	ck_assert_int_eq(mproc_manager_show_queue(manager, name, queue, MPROC_SHOWN_BYTES), code);
}

START_TEST(one_name_shows_one_thing)
{
	make_all();
	ck_assert_int_eq(start((mproc_manager_options){0}), 0);
	ck_assert_int_eq(mproc_manager_show_value(manager, "name", value, 8, MPROC_SHOWN_BYTES), 0);
	expect_all(-EEXIST, "name");
	ck_assert_int_eq(mproc_manager_show_array(manager, "array", array, 8, (mproc_shown_as)99), -EINVAL);
	ck_assert_int_eq(mproc_manager_fd(NULL), -EINVAL);
	manager = mproc_manager_stop(manager);
}
END_TEST

static int show_in_a_full_arena(void *unused)
{
	(void)unused;
	ck_assert_int_eq(mproc_arena_reserve((size_t)16 << 20), 0);
	make_all();
	ck_assert_int_eq(start((mproc_manager_options){0}), 0);
	fill_arena();
	expect_all(-ENOMEM, "name");
	mproc_manager_stop(manager);
	return 0;
}

START_TEST(nothing_is_shown_when_the_arena_is_full)
{
	ck_assert_int_eq(support_reap(support_fork(show_in_a_full_arena, NULL)), 0);
}
END_TEST

/* No warm-up: a child of one of these is the first of a family of its own. */
int main(void)
{
	const TTest *process_tests[] = {
		manager_is_not_started_where_it_cannot_listen,
		manager_is_not_started_where_there_is_no_room,
		nothing_is_shown_when_the_arena_is_full,
		NULL,
	};
	const TTest *shown_tests[] = {
		one_name_shows_one_thing,
		NULL,
	};
	const support_suite refused = {.name = "manager refused",
		.process_tests = process_tests,
		.setup = tree_create,
		.teardown = tree_remove};
	const support_suite shown = {
		.name = "manager shows", .process_tests = shown_tests, .warm_up = support_warm_up};
	int failed = support_run_suite(&refused);

	return support_run_suite(&shown) != 0 || failed != 0;
}
