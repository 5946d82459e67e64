/* SPDX-License-Identifier: MIT */
#include "sys/file_map.h"

#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <inttypes.h>
#include <unistd.h>

enum {
	PAGE = 4096
};

static const mproc_map_file_options read_only;
static mproci_file_map map;

static int open_map(uint64_t offset, size_t size, const mproc_map_file_options *options)
{
	return mproci_file_map_open(in_tree("/file"), offset, size, options, &map);
}

static void close_map(void)
{
	mproci_file_map_close(map.base, map.length);
}

START_TEST(map_covers_the_whole_pages_of_the_part)
{
	tree_write("/file", "0123456789");
	ck_assert_int_eq(truncate(in_tree("/file"), 10 * PAGE), 0);
	ck_assert_int_eq(open_map(PAGE + 100, PAGE, &read_only), 0);
	ck_assert_uint_eq(map.size, PAGE);
	ck_assert_uint_eq(map.length, PAGE + 100);
	ck_assert_ptr_eq(map.data, (char *)map.base + 100);
	ck_assert_uint_eq((uintptr_t)map.base % PAGE, 0);
	close_map();
	ck_assert_int_eq(open_map(4, 3, &read_only), 0);
	ck_assert_mem_eq(map.data, "456", 3);
	close_map();
}
END_TEST

START_TEST(empty_part_has_no_pages)
{
	tree_write("/file", "0123456789");
	ck_assert_int_eq(open_map(10, 0, &read_only), 0);
	ck_assert_ptr_null(map.base);
	ck_assert_ptr_null(map.data);
	ck_assert_uint_eq(map.size + map.length, 0);
}
END_TEST

/* Whether smaps has @flag for the map. */
static bool has_flag(const char *flag)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	bool is_there = false, has = false;
	char line[512];

	while (fgets(line, sizeof line, file)) {
		uintptr_t first;

		if (sscanf(line, "%" SCNxPTR "-", &first) == 1 && strchr(line, '-') != NULL)
			is_there = first == (uintptr_t)map.base;
		else if (is_there && strncmp(line, "VmFlags:", 8) == 0)
			has = strstr(line, flag) != NULL;
	}
	fclose(file);
	return has;
}

START_TEST(advice_reaches_the_kernel)
{
	const mproc_map_file_options sequential = {.advice = MPROC_MAP_SEQUENTIAL};
	const mproc_map_file_options random = {.advice = MPROC_MAP_RANDOM};
	const mproc_map_file_options soon = {.advice = MPROC_MAP_WILL_NEED};

	tree_write("/file", "0123456789");
	ck_assert_int_eq(open_map(0, 0, &sequential), 0);
	ck_assert(has_flag(" sr") && !has_flag(" rr"));
	close_map();
	ck_assert_int_eq(open_map(0, 0, &random), 0);
	ck_assert(has_flag(" rr") && !has_flag(" sr"));
	close_map();
	ck_assert_int_eq(open_map(0, 0, &soon), 0);
	ck_assert(!has_flag(" rr") && !has_flag(" sr"));
	ck_assert_mem_eq(map.data, "0123456789", 10);
	close_map();
}
END_TEST

START_TEST(file_system_that_cannot_be_mapped_is_told_of)
{
	/* A plain file of 4096 bytes, says the kernel. */
	ck_assert_int_eq(
		mproci_file_map_open("/sys/kernel/mm/transparent_hugepage/enabled", 0, 1, &read_only, &map),
		-ENODEV);
	support_check_text("cannot map 1 bytes: No such device");
}
END_TEST

START_TEST(sync_of_pages_that_are_not_mapped_fails)
{
	tree_write("/file", "0123456789");
	ck_assert_int_eq(open_map(0, 0, &read_only), 0);
	ck_assert_int_eq(mproci_file_map_sync(map.base, map.length), 0);
	close_map();
	ck_assert_int_eq(mproci_file_map_sync(map.base, map.length), -ENOMEM);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		map_covers_the_whole_pages_of_the_part,
		empty_part_has_no_pages,
		advice_reaches_the_kernel,
		file_system_that_cannot_be_mapped_is_told_of,
		sync_of_pages_that_are_not_mapped_fails,
		NULL,
	};
	const support_suite suite = {
		.name = "file_map",
		.tests = tests,
		.setup = tree_create,
		.teardown = tree_remove,
	};

	return support_run_suite(&suite);
}
