/* SPDX-License-Identifier: MIT */
/*
 * What stdio has buffered is written once, in the right order.
 */
#include "conformance.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int print_child(void *unused)
{
	(void)unused;
	fputs("child\n", stdout);
	return 0;
}

static int print_child_and_exit(void *unused)
{
	print_child(unused);
	exit(0);
}

static int print_child_and_end_thread(void *unused)
{
	print_child(unused);
	pthread_exit(NULL);
}

static void print_last(void *unused)
{
	(void)unused;
	fputs("last\n", stdout);
}

static int print_at_exit(void *unused)
{
	return mproc_at_exit(print_last, NULL) == 0 ? print_child(unused) : 1;
}

/* Standard output is a pipe: nothing is written before the buffer is full. */
static int print_around(mproc_process_function *function)
{
	fputs("parent\n", stdout);
	if (run(function, NULL, 0) != 0)
		return 1;
	fputs("end\n", stdout);
	return 0;
}

static int print_and_return(void)
{
	return print_around(print_child);
}

static int print_and_exit(void)
{
	return print_around(print_child_and_exit);
}

static int print_and_end_thread(void)
{
	return print_around(print_child_and_end_thread);
}

static int print_and_print_at_exit(void)
{
	return print_around(print_at_exit);
}

static int print_nothing(void)
{
	return print_around(return_0);
}

static void check_play(const char *name, const char *expected)
{
	outcome seen = play(name);

	ck_assert_str_eq(seen.text, expected);
	ck_assert_int_eq(seen.code, 0);
}

START_TEST(output_appears_once_and_in_order_when_the_function_returns)
{
	check_play("print and return", "parent\nchild\nend\n");
}
END_TEST

START_TEST(output_appears_once_and_in_order_when_the_child_exits)
{
	check_play("print and exit", "parent\nchild\nend\n");
}
END_TEST

START_TEST(output_appears_once_and_in_order_when_the_thread_of_the_child_ends)
{
	check_play("print and end thread", "parent\nchild\nend\n");
}
END_TEST

START_TEST(output_of_the_childs_handlers_appears_once)
{
	check_play("print at exit", "parent\nchild\nlast\nend\n");
}
END_TEST

START_TEST(output_of_the_parent_appears_once_when_the_child_prints_nothing)
{
	check_play("print nothing", "parent\nend\n");
}
END_TEST

/* Child and grandchild print between what their parents print. */
static int print_generations(void *argument)
{
	int generation = *(int *)argument;

	printf("(%d", generation++);
	if (generation < 4 && run(print_generations, &generation, sizeof generation) != 0)
		return 1;
	printf("%d)", --generation);
	return 0;
}

static int print_nested(void)
{
	return print_generations(&(int){0});
}

START_TEST(output_of_generations_is_nested)
{
	check_play("print nested", "(0(1(2(33)2)1)0)");
}
END_TEST

static void *wait_for_start(void *unused)
{
	mproc_semaphore_acquire(&board->gate, MPROC_FOREVER);
	return unused;
}

static int print_beside_thread(void)
{
	pthread_t thread;
	int code;

	if (pthread_create(&thread, NULL, wait_for_start, NULL) != 0)
		return 1;
	code = print_around(print_child);
	mproc_semaphore_release(&board->gate, 1);
	pthread_join(thread, NULL);
	return code;
}

START_TEST(output_appears_once_and_in_order_beside_other_threads)
{
	check_play("print beside thread", "parent\nchild\nend\n");
}
END_TEST

/* More than a buffer, in the child of a parent with a full buffer. */
static int print_much(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1500; ++i)
		putchar('c');
	return 0;
}

static int print_much_around(void)
{
	for (int i = 0; i < 1500; ++i)
		putchar('p');
	return run(print_much, NULL, 0);
}

START_TEST(much_output_appears_once)
{
	outcome seen = play("print much");

	ck_assert_int_eq(seen.code, 0);
	ck_assert_uint_eq(strlen(seen.text), 3000);
	ck_assert_uint_eq(strspn(seen.text, "p"), 1500);
	ck_assert_uint_eq(strspn(seen.text + 1500, "c"), 1500);
}
END_TEST

void add_output(void)
{
	const TTest *const here[] = {
		output_appears_once_and_in_order_when_the_function_returns,
		output_appears_once_and_in_order_when_the_child_exits,
		output_appears_once_and_in_order_when_the_thread_of_the_child_ends,
		output_of_the_childs_handlers_appears_once,
		output_of_the_parent_appears_once_when_the_child_prints_nothing,
		output_of_generations_is_nested,
		output_appears_once_and_in_order_beside_other_threads,
		much_output_appears_once,
		NULL,
	};

	add_tests(here);
	add_play("print and return", print_and_return, NULL);
	add_play("print and exit", print_and_exit, NULL);
	add_play("print and end thread", print_and_end_thread, NULL);
	add_play("print at exit", print_and_print_at_exit, NULL);
	add_play("print nothing", print_nothing, NULL);
	add_play("print nested", print_nested, NULL);
	add_play("print beside thread", print_beside_thread, NULL);
	add_play("print much", print_much_around, NULL);
}
