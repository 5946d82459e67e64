/* SPDX-License-Identifier: MIT */
/*
 * Disks that are full or cannot be written to: small file systems that only the test sees, where that is possible.
 */
#include "results.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/statfs.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	SIZE = 10000,
	MOST = 1000,
};

static bool mount_disk(const char *options)
{
	tree_create();
	if (mount_in_tree("tmpfs", options))
		return true;
	tree_remove();
	return false;
}

static void unmount_disk(void)
{
	ck_assert_int_eq(umount(in_tree("/small")), 0);
	tree_remove();
}

static uint64_t free_pages(void)
{
	struct statfs status;

	ck_assert_int_eq(statfs(in_tree("/small"), &status), 0);
	return status.f_bavail;
}

/* Returns how many names there are. */
static unsigned count_names(const char *directory)
{
	DIR *all = opendir(in_tree(directory));
	unsigned count = 0;

	while (all != NULL && readdir(all) != NULL)
		++count;
	if (all != NULL)
		closedir(all);
	return count < 2 ? 0 : count - 2;
}

/* Leave so many pages free. */
static void fill_disk(uint64_t pages)
{
	static const char zeros[PAGE];
	int file;

	tree_write("/small/filler", "");
	file = open(in_tree("/small/filler"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(file, 0);
	while (free_pages() > pages)
		ck_assert_int_eq(write(file, zeros, sizeof zeros), (ssize_t)sizeof zeros);
	close(file);
}

static void make_room(void)
{
	ck_assert_int_eq(unlink(in_tree("/small/filler")), 0);
}

/* Returns how many there was room for. */
static uint32_t put_until_full(void)
{
	uint32_t count = 0;

	while (count < MOST && put_result(count, SIZE) == 0)
		++count;
	ck_assert_uint_lt(count, MOST);
	ck_assert_int_eq(put_result(count, SIZE), -ENOSPC);
	support_check_text("No space left");
	return count;
}

static void check_full_cache(uint32_t count)
{
	uint64_t failed = usage_of().failed_puts;

	for (uint32_t i = 0; i < count; ++i)
		ck_assert_int_eq(get_result(i, SIZE), 0);
	ck_assert_int_eq(get_result(count, SIZE), -ENOENT);
	ck_assert_int_eq(call_for_result(count, SIZE), MPROC_CACHE_NOT_STORED);
	support_check_text("No space left");
	ck_assert_uint_eq(usage_of().failed_puts, failed + 1);
	ck_assert_uint_eq(usage_of().entries, count);
	ck_assert_uint_eq(count_names("/small/aside"), 0);
}

static void check_it_goes_on(uint32_t count)
{
	uint32_t first = 0;
	mproc_cache_key key = key_of(&first);

	ck_assert_int_eq(mproc_cache_remove(cache, &key), 0);
	ck_assert_int_eq(call_for_result(count, SIZE), MPROC_CACHE_COMPUTED);
	ck_assert_int_eq(get_result(count, SIZE), 0);
	ck_assert_int_eq(mproc_cache_clear(cache), 0);
	ck_assert_uint_eq(put_until_full(), count);
}

START_TEST(full_disk_keeps_what_is_there_and_takes_more_when_there_is_room)
{
	uint32_t count;

	if (!mount_disk("size=256k"))
		return;
	open_cache();
	count = put_until_full();
	ck_assert_uint_gt(count, 5);
	check_full_cache(count);
	check_it_goes_on(count);
	close_cache();
	unmount_disk();
}
END_TEST

START_TEST(disk_without_inodes_keeps_what_is_there)
{
	uint32_t count;

	if (!mount_disk("size=1m,nr_inodes=30"))
		return;
	open_cache();
	count = put_until_full();
	ck_assert_uint_gt(count, 5);
	check_full_cache(count);
	close_cache();
	unmount_disk();
}
END_TEST

START_TEST(result_larger_than_the_room_takes_none)
{
	uint64_t before;

	if (!mount_disk("size=512k"))
		return;
	open_cache();
	ck_assert_int_eq(put_result(1, SIZE), 0);
	ck_assert_int_eq(put_result(2, SIZE), 0);
	before = free_pages();
	ck_assert_int_eq(put_result(2, 1 << 20), -ENOSPC);
	ck_assert_int_eq(call_for_result(3, 1 << 20), MPROC_CACHE_NOT_STORED);
	ck_assert_uint_eq(free_pages(), before);
	ck_assert_int_eq(get_result(2, SIZE), 0);
	close_cache();
	unmount_disk();
}
END_TEST

/* Nobody dies of a page that there is no room for. */
static void open_with_little_room(uint64_t pages)
{
	int rc;

	fill_disk(pages);
	rc = mproc_cache_open(in_tree("/small/cache"), NULL, &cache);
	if (rc == 0) {
		ck_assert_int_eq(get_result(1, SIZE), -ENOENT);
		call_for_result(1, SIZE);
		usage_of();
		close_cache();
	} else {
		ck_assert_msg(rc == -ENOSPC, "%d: %s", rc, mproc_error_text());
		support_check_text("No space left");
	}
	make_room();
	ck_assert_int_eq(mproc_cache_open(in_tree("/small/cache"), NULL, &cache), 0);
	ck_assert_int_ne(call_for_result(1, SIZE), MPROC_CACHE_NOT_STORED);
	ck_assert_uint_eq(count_names("/small/cache/aside"), 0);
	close_cache();
	/* CACHEDIR.TAG, tally, results, aside, flights, and sweep. */
	ck_assert_uint_le(count_names("/small/cache"), 6);
}

START_TEST(cache_opens_or_says_why_however_little_room_there_is)
{
	bool has_disk = true;

	for (uint64_t pages = 0; pages < 12 && has_disk; ++pages) {
		has_disk = mount_disk("size=256k");
		if (!has_disk)
			return;
		open_with_little_room(pages);
		unmount_disk();
	}
}
END_TEST

static void remount(unsigned long flags)
{
	ck_assert_int_eq(mount(NULL, in_tree("/small"), NULL, MS_REMOUNT | flags, NULL), 0);
}

static void damage(uint32_t number)
{
	int file = open(in_tree(name_of(number)), O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(pwrite(file, "x", 1, 500), 1);
	close(file);
}

static void check_it_can_be_read(void)
{
	uint32_t number = 1;
	mproc_cache_key key = key_of(&number);

	ck_assert_int_eq(get_result(1, SIZE), 0);
	ck_assert_int_eq(get_result(2, SIZE), -EBADMSG);
	ck_assert_int_eq(get_result(2, SIZE), -EBADMSG);
	ck_assert_int_eq(call_for_result(1, SIZE), MPROC_CACHE_FOUND);
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 1);
	ck_assert_uint_ge(usage_of().hits, 2);
}

static void check_it_cannot_be_written(void)
{
	uint32_t number = 1;
	mproc_cache_key key = key_of(&number);

	ck_assert_int_eq(put_result(1, SIZE), -EROFS);
	support_check_text("cache");
	ck_assert_int_eq(call_for_result(2, SIZE), MPROC_CACHE_NOT_STORED);
	ck_assert_int_eq(call_for_result(3, SIZE), MPROC_CACHE_NOT_STORED);
	ck_assert_int_eq(mproc_cache_remove(cache, &key), -EROFS);
	ck_assert_int_eq(mproc_cache_clear(cache), -EROFS);
	ck_assert_int_eq(get_result(1, SIZE), 0);
}

START_TEST(file_system_that_is_read_only_can_be_read)
{
	if (!mount_disk("size=256k"))
		return;
	open_cache();
	ck_assert_int_eq(put_result(1, SIZE), 0);
	ck_assert_int_eq(put_result(2, SIZE), 0);
	damage(2);
	close_cache();
	remount(MS_RDONLY);
	open_cache();
	check_it_can_be_read();
	check_it_cannot_be_written();
	close_cache();
	remount(0);
	open_cache();
	ck_assert_int_eq(get_result(1, SIZE), 0);
	ck_assert_int_eq(call_for_result(2, SIZE), MPROC_CACHE_COMPUTED);
	close_cache();
	unmount_disk();
}
END_TEST

START_TEST(no_cache_is_made_on_a_file_system_that_is_read_only)
{
	if (!mount_disk("size=256k"))
		return;
	remount(MS_RDONLY);
	ck_assert_int_eq(mproc_cache_open(in_tree("/small"), NULL, &cache), -EROFS);
	support_check_text("Read-only file system");
	ck_assert_int_eq(mproc_cache_open(in_tree("/small/cache"), NULL, &cache), -EROFS);
	support_check_text("Read-only file system");
	ck_assert_ptr_null(cache);
	unmount_disk();
}
END_TEST

/* It would end the process, if the library did nothing about it. */
START_TEST(result_above_the_limit_of_file_sizes_is_no_signal)
{
	rlim_t before;

	tree_create();
	open_cache();
	before = limit(RLIMIT_FSIZE, 20000);
	ck_assert_int_eq(put_result(1, 19000), 0);
	ck_assert_int_eq(put_result(1, 20000), -EFBIG);
	support_check_text("RLIMIT_FSIZE, 20000");
	ck_assert_int_eq(call_for_result(2, 20000), MPROC_CACHE_NOT_STORED);
	ck_assert_int_eq(get_result(1, 19000), 0);
	ck_assert_uint_eq(count_names("/small/aside"), 0);
	limit(RLIMIT_FSIZE, before);
	ck_assert_int_eq(put_result(1, 20000), 0);
	close_cache();
	tree_remove();
}
END_TEST

/* Without any check, for Check writes to a file, too.  Returns what open returned. */
static int open_limited(rlim_t most)
{
	static const char bytes[100] = "";
	struct rlimit before, now;
	uint32_t number = 1;
	mproc_cache_key key = key_of(&number);
	int rc;

	getrlimit(RLIMIT_FSIZE, &before);
	now = before;
	now.rlim_cur = most;
	setrlimit(RLIMIT_FSIZE, &now);
	rc = mproc_cache_open(in_tree("/small"), NULL, &cache);
	if (rc == 0) {
		mproc_cache_put(cache, &key, bytes, sizeof bytes);
		mproc_cache_remove(cache, &key);
		close_cache();
	}
	setrlimit(RLIMIT_FSIZE, &before);
	return rc;
}

START_TEST(cache_opens_or_says_why_whatever_the_limit_of_file_sizes)
{
	static const rlim_t limits[] = {0, 1, 50, 100, 4095, 4096, 5000};
	int rc;

	for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
		tree_create();
		rc = open_limited(limits[i]);
		ck_assert_msg(rc == 0 || rc == -EFBIG, "%d: %s", rc, mproc_error_text());
		if (rc < 0)
			support_check_text("RLIMIT_FSIZE");
		open_cache();
		ck_assert_int_eq(call_for_result(1, 100), MPROC_CACHE_COMPUTED);
		close_cache();
		tree_remove();
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		full_disk_keeps_what_is_there_and_takes_more_when_there_is_room,
		disk_without_inodes_keeps_what_is_there,
		result_larger_than_the_room_takes_none,
		cache_opens_or_says_why_however_little_room_there_is,
		file_system_that_is_read_only_can_be_read,
		no_cache_is_made_on_a_file_system_that_is_read_only,
		result_above_the_limit_of_file_sizes_is_no_signal,
		cache_opens_or_says_why_whatever_the_limit_of_file_sizes,
		NULL,
	};

	return support_run_suite(&(support_suite){.name = "disks of a cache", .process_tests = tests});
}
