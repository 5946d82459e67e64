/* SPDX-License-Identifier: MIT */
#include "sys/growing_memory.h"

#include "people.h"
#include "support.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum {
	SMALL = 8192,
	LARGE = 1 << 20,
};

START_TEST(memory_that_grows_keeps_what_is_in_it)
{
	char *memory = mproci_growing_memory_grow(NULL, 0, SMALL);

	ck_assert_ptr_nonnull(memory);
	memset(memory, 'x', SMALL);
	memory = mproci_growing_memory_grow(memory, SMALL, LARGE);
	ck_assert_ptr_nonnull(memory);
	ck_assert_int_eq(memory[0], 'x');
	ck_assert_int_eq(memory[SMALL - 1], 'x');
	ck_assert_int_eq(memory[SMALL], 0);
	memory[LARGE - 1] = 'y';
	mproci_growing_memory_free(memory, LARGE);
}
END_TEST

START_TEST(memory_that_cannot_grow_is_as_it_was)
{
	char *memory;

	ck_assert_ptr_null(mproci_growing_memory_grow(NULL, 0, SIZE_MAX / 4));
	memory = mproci_growing_memory_grow(NULL, 0, SMALL);
	*memory = 'x';
	ck_assert_ptr_null(mproci_growing_memory_grow(memory, SMALL, SIZE_MAX / 4));
	ck_assert_int_eq(*memory, 'x');
	mproci_growing_memory_free(memory, SMALL);
}
END_TEST

START_TEST(no_memory_can_be_given_back)
{
	mproci_growing_memory_free(NULL, 0);
}
END_TEST

/* Whether there is a page at @memory. */
static int find(void *memory)
{
	unsigned char is_there;

	return mincore(memory, 1, &is_there) == 0 ? 0 : errno;
}

START_TEST(a_forked_child_does_not_have_it)
{
	char *memory = mproci_growing_memory_grow(NULL, 0, SMALL);

	*memory = 'x';
	ck_assert_int_eq(find(memory), 0);
	ck_assert_int_eq(support_reap(support_fork(find, memory)), ENOMEM);
	memory = mproci_growing_memory_grow(memory, SMALL, LARGE);
	ck_assert_int_eq(support_reap(support_fork(find, memory)), ENOMEM);
	mproci_growing_memory_free(memory, LARGE);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		memory_that_grows_keeps_what_is_in_it,
		memory_that_cannot_grow_is_as_it_was,
		no_memory_can_be_given_back,
		NULL,
	};
	const TTest *process_tests[] = {
		a_forked_child_does_not_have_it,
		NULL,
	};

	return support_run_suite(
		&(support_suite){.name = "growing_memory", .tests = tests, .process_tests = process_tests});
}
