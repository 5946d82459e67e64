/* SPDX-License-Identifier: MIT */
/*
 * What a process runs, and on what: the function wherever it lies, the argument as a copy or as a pointer
 * into the arena.
 */
#include "conformance.h"
#include "library.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Functions. */

static int static_function(void *unused)
{
	(void)unused;
	return 11;
}

/* Seen by the linker, and by a dynamic loader where the program exports its symbols. */
int conformance_public_function(void *unused);
int conformance_public_function(void *unused)
{
	(void)unused;
	return 12;
}

START_TEST(a_function_of_the_program_is_found)
{
	ck_assert_int_eq(run(static_function, NULL, 0), 11);
	ck_assert_int_eq(run(conformance_public_function, NULL, 0), 12);
}
END_TEST

START_TEST(a_function_of_a_linked_library_is_found)
{
	ck_assert_int_eq(run(library_function, NULL, 0), LIBRARY_CODE);
	ck_assert_int_eq(run(library_static_function(), NULL, 0), LIBRARY_STATIC_CODE);
}
END_TEST

static int registered_function(void *unused)
{
	(void)unused;
	return 13;
}

START_TEST(a_registered_function_is_found_by_its_name)
{
	ck_assert_int_eq(run(registered_function, NULL, 0), 13);
}
END_TEST

static int registered_late(void *unused)
{
	(void)unused;
	return 14;
}

START_TEST(a_function_registered_after_the_beginning_is_unknown_to_all_but_forked_children)
{
	ck_assert_int_eq(mproc_process_register("registered late", registered_late), 0);
	if (method == MPROC_START_FORK) {
		ck_assert_int_eq(run(registered_late, NULL, 0), 14);
		return;
	}
	check_refused((mproc_process_options){0}, registered_late, -ENOENT, "registered late");
}
END_TEST

START_TEST(a_name_can_be_registered_again_for_the_same_function_only)
{
	const char *longest = "a name of 63 bytes that a function is found by in a new process";
	const char *too_long = "a name of 64 bytes that a function is found by in a new process.";

	ck_assert_uint_eq(strlen(longest), 63);
	ck_assert_int_eq(mproc_process_register("conformance", registered_function), 0);
	ck_assert_int_eq(mproc_process_register("conformance", static_function), -EEXIST);
	check_text("conformance");
	ck_assert_int_eq(mproc_process_register(longest, static_function), 0);
	ck_assert_int_eq(mproc_process_register(too_long, static_function), -EINVAL);
	check_text("64");
	check_text("63");
	ck_assert_int_eq(mproc_process_register("", static_function), -EINVAL);
	ck_assert_int_eq(mproc_process_register(NULL, static_function), -EINVAL);
	check_text("NULL");
	ck_assert_int_eq(mproc_process_register("nothing", NULL), -EINVAL);
	check_text("NULL");
}
END_TEST

/* Programs that are linked statically have none. */
#ifdef CONFORMANCE_PLUGIN

static void *load_plugin(void)
{
	char path[4200];
	ssize_t length = readlink("/proc/self/exe", path, 4096);
	void *plugin;

	ck_assert_int_gt(length, 0);
	path[length] = '\0';
	strcpy(strrchr(path, '/') + 1, CONFORMANCE_PLUGIN);
	plugin = dlopen(path, RTLD_NOW);
	ck_assert_msg(plugin != NULL, "%s", dlerror());
	return plugin;
}

START_TEST(a_function_that_came_by_dlopen_is_refused_unless_the_child_is_a_copy)
{
	void *plugin = load_plugin();
	mproc_process_function *function = (mproc_process_function *)dlsym(plugin, "library_function");

	ck_assert_ptr_nonnull(function);
	if (method == MPROC_START_FORK)
		ck_assert_int_eq(run(function, NULL, 0), LIBRARY_CODE);
	else
		check_refused((mproc_process_options){0}, function, -ENOENT, CONFORMANCE_PLUGIN);
	dlclose(plugin);
}
END_TEST

#endif

/* Copies. */

typedef struct gift {
	long number;
	char text[40];
	noticeboard *board;
} gift;

static int look_at_gift(void *argument)
{
	gift *mine = argument;

	if (await_gate(mine->board) != 0)
		return 1;
	if (mine->number != 1234567890123 || strcmp(mine->text, "as it was at the start") != 0)
		return 2;
	mine->number = 0;
	return 0;
}

START_TEST(the_argument_is_copied_at_the_start)
{
	gift mine = {.number = 1234567890123, .text = "as it was at the start", .board = board};
	mproc_process *process = start(look_at_gift, &mine, sizeof mine);

	await_ready(1);
	mine.number = 5;
	memset(mine.text, 'x', sizeof mine.text);
	let_through(1);
	ck_assert_int_eq(finish(process), 0);
	ck_assert_int_eq(mine.number, 5);
}
END_TEST

/* The first four bytes say how many there are; the rest count. */
static int look_at_bytes(void *argument)
{
	const unsigned char *bytes = argument;
	uint32_t size;

	memcpy(&size, bytes, sizeof size);
	for (uint32_t i = sizeof size; i < size; ++i) {
		if (bytes[i] != i % 251)
			return 1;
	}
	return (uintptr_t)argument % 16 == 0 ? 0 : 2;
}

START_TEST(arguments_of_all_sizes_are_copied_whole_and_aligned)
{
	const uint32_t sizes[] = {4, 5, 17, 1000, 8192, 8193, 100000, 10000000};
	unsigned char *bytes = malloc(10000001);

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
		/* Beside its own alignment. */
		unsigned char *odd = bytes + 1;

		for (uint32_t i = 0; i < sizes[s]; ++i)
			odd[i] = (unsigned char)(i % 251);
		memcpy(odd, &sizes[s], sizeof sizes[s]);
		ck_assert_int_eq(run(look_at_bytes, odd, sizes[s]), 0);
	}
	free(bytes);
}
END_TEST

static int fill_with_x(void *argument)
{
	memset(argument, 'x', 100);
	return 0;
}

START_TEST(what_the_child_does_to_its_copy_is_not_seen)
{
	char bytes[100] = "nothing";

	ck_assert_int_eq(run(fill_with_x, bytes, sizeof bytes), 0);
	ck_assert_str_eq(bytes, "nothing");
}
END_TEST

START_TEST(the_copy_is_freed_when_the_child_is_joined)
{
	char bytes[1000] = "";
	mproc_arena_usage before, during, after;
	mproc_process *process;

	ck_assert_int_eq(mproc_arena_stats(0, &before), 0);
	process = start(return_0, bytes, sizeof bytes);
	ck_assert_int_eq(mproc_arena_stats(0, &during), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_arena_stats(0, &after), 0);
	ck_assert_uint_gt(during.blocks, before.blocks);
	ck_assert_uint_eq(after.blocks, before.blocks);
	ck_assert_int_eq(finish(process), 0);
}
END_TEST

/* Pointers. */

static int write_into_arena(void *shared)
{
	noticeboard *here = shared;

	here->numbers[3] = 42;
	return 0;
}

START_TEST(a_pointer_into_the_arena_is_handed_over_as_it_is)
{
	ck_assert_int_eq(run(write_into_arena, board, 0), 0);
	ck_assert_int_eq(board->numbers[3], 42);
}
END_TEST

static int is_null(void *pointer)
{
	return pointer == NULL ? 0 : 1;
}

START_TEST(no_argument_is_a_null_pointer)
{
	ck_assert_int_eq(run(is_null, NULL, 0), 0);
}
END_TEST

static int allocate(void *place)
{
	int **ret_number = place;

	*ret_number = mproc_alloc(sizeof **ret_number);
	if (*ret_number == NULL)
		return 1;
	**ret_number = 7;
	return 0;
}

START_TEST(what_the_child_allocated_outlives_it)
{
	int **place = mproc_calloc(1, sizeof *place);

	ck_assert_int_eq(run(allocate, place, 0), 0);
	ck_assert_int_eq(**place, 7);
	ck_assert_int_eq(mproc_free(*place), 0);
	ck_assert_int_eq(mproc_free(place), 0);
}
END_TEST

static int use_lock(void *shared)
{
	/* A pointer that lies in the arena, to something else in the arena. */
	mproc_mutex *lock = *(mproc_mutex **)shared;

	if (mproc_mutex_lock(lock, MPROC_FOREVER) != 0)
		return 1;
	return mproc_mutex_unlock(lock) == 0 ? 0 : 2;
}

START_TEST(pointers_within_the_arena_mean_the_same_to_the_child)
{
	mproc_mutex **place = mproc_calloc(1, sizeof *place);

	*place = mproc_calloc(1, sizeof **place);
	ck_assert_int_eq(mproc_mutex_init(*place, NULL), 0);
	ck_assert_int_eq(run(use_lock, place, 0), 0);
	ck_assert_int_eq(mproc_mutex_lock(*place, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_mutex_unlock(*place), 0);
	mproc_mutex_destroy(*place);
	ck_assert_int_eq(mproc_free(*place), 0);
	ck_assert_int_eq(mproc_free(place), 0);
}
END_TEST

static int private_number;

static int change_private_number(void *unused)
{
	(void)unused;
	private_number += 40;
	return private_number;
}

START_TEST(private_memory_is_as_now_in_a_copy_and_new_elsewhere)
{
	private_number = 2;
	ck_assert_int_eq(run(change_private_number, NULL, 0), method == MPROC_START_FORK ? 42 : 40);
	ck_assert_int_eq(private_number, 2);
}
END_TEST

void add_arguments(void)
{
	const TTest *const here[] = {
		a_function_of_the_program_is_found,
		a_function_of_a_linked_library_is_found,
		a_registered_function_is_found_by_its_name,
		a_function_registered_after_the_beginning_is_unknown_to_all_but_forked_children,
		a_name_can_be_registered_again_for_the_same_function_only,
#ifdef CONFORMANCE_PLUGIN
		a_function_that_came_by_dlopen_is_refused_unless_the_child_is_a_copy,
#endif
		the_argument_is_copied_at_the_start,
		arguments_of_all_sizes_are_copied_whole_and_aligned,
		what_the_child_does_to_its_copy_is_not_seen,
		the_copy_is_freed_when_the_child_is_joined,
		a_pointer_into_the_arena_is_handed_over_as_it_is,
		no_argument_is_a_null_pointer,
		what_the_child_allocated_outlives_it,
		pointers_within_the_arena_mean_the_same_to_the_child,
		private_memory_is_as_now_in_a_copy_and_new_elsewhere,
		NULL,
	};

	add_tests(here);
	/* Before mproc_init, in each process of this program. */
	mproc_process_register("conformance", registered_function);
}
