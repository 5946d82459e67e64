/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"
#include "sys/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/mapped_file.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PAGE = MPROCI_PAGE
};

static const mproc_map_file_options for_writing = {.access = MPROC_MAP_READ_WRITE};
static const mproc_map_file_options for_oneself = {.access = MPROC_MAP_PRIVATE};
static const mproc_map_file_options for_growing = {.access = MPROC_MAP_READ_WRITE, .grow = true};

/* What most tests map. */
static mproc_mapped_file file;

static int map(uint64_t offset, size_t size, const mproc_map_file_options *options)
{
	return mproc_map_file(in_tree("/file"), offset, size, options, &file);
}

static void check_failed(int rc, int expected, const char *text)
{
	ck_assert_msg(rc == expected, "%d (%s) instead of %d", rc, mproc_error_text(), expected);
	support_check_text(text);
	ck_assert_ptr_null(file.data);
	ck_assert_uint_eq(file.size + file.opaque[0] + file.opaque[1], 0);
}

static void close_file(void)
{
	ck_assert_int_eq(mproc_mapped_file_close(&file), 0);
}

static void make_digits(void)
{
	tree_create();
	tree_write("/file", "0123456789");
}

static struct stat status_of(const char *name)
{
	struct stat status;

	ck_assert_int_eq(stat(in_tree(name), &status), 0);
	return status;
}

static void check_file(const char *contents)
{
	char text[64] = "";
	FILE *stream = fopen(in_tree("/file"), "re");

	ck_assert_ptr_nonnull(stream);
	ck_assert_uint_eq(fread(text, 1, sizeof text - 1, stream), strlen(contents));
	ck_assert_str_eq(text, contents);
	fclose(stream);
}

START_TEST(whole_file_is_mapped_read_only_by_default)
{
	ck_assert_int_eq(map(0, 0, NULL), 0);
	ck_assert_uint_eq(file.size, 10);
	ck_assert_mem_eq(file.data, "0123456789", 10);
	close_file();
}
END_TEST

START_TEST(part_may_begin_and_end_anywhere)
{
	char bytes[3 * PAGE];
	FILE *stream = fopen(in_tree("/file"), "we");

	for (size_t i = 0; i < sizeof bytes; ++i)
		bytes[i] = (char)(i % 251);
	ck_assert_uint_eq(fwrite(bytes, 1, sizeof bytes, stream), sizeof bytes);
	fclose(stream);
	for (size_t offset = PAGE - 2; offset < PAGE + 3; ++offset) {
		for (size_t size = PAGE - 2; size < PAGE + 3; ++size) {
			ck_assert_int_eq(map(offset, size, NULL), 0);
			ck_assert_uint_eq(file.size, size);
			ck_assert_mem_eq(file.data, bytes + offset, size);
			close_file();
		}
	}
}
END_TEST

START_TEST(part_without_a_size_goes_to_the_end)
{
	ck_assert_int_eq(map(7, 0, NULL), 0);
	ck_assert_uint_eq(file.size, 3);
	ck_assert_mem_eq(file.data, "789", 3);
	close_file();
}
END_TEST

START_TEST(empty_part_has_no_data)
{
	ck_assert_int_eq(map(10, 0, NULL), 0);
	ck_assert_ptr_null(file.data);
	ck_assert_uint_eq(file.size, 0);
	ck_assert_int_eq(mproc_mapped_file_sync(&file), 0);
	close_file();
	tree_write("/file", "");
	ck_assert_int_eq(map(0, 0, &for_writing), 0);
	ck_assert_ptr_null(file.data);
	ck_assert_int_eq(mproc_mapped_file_sync(&file), 0);
	close_file();
}
END_TEST

START_TEST(what_is_written_is_in_the_file_at_once)
{
	mproc_mapped_file other;

	ck_assert_int_eq(map(3, 4, &for_writing), 0);
	ck_assert_int_eq(mproc_map_file(in_tree("/file"), 0, 0, NULL, &other), 0);
	memcpy(file.data, "abcd", 4);
	ck_assert_mem_eq(other.data, "012abcd789", 10);
	check_file("012abcd789");
	ck_assert_int_eq(mproc_mapped_file_sync(&file), 0);
	ck_assert_int_eq(mproc_mapped_file_sync(&other), 0);
	close_file();
	check_file("012abcd789");
	ck_assert_int_eq(mproc_mapped_file_close(&other), 0);
}
END_TEST

START_TEST(what_is_written_to_a_private_map_is_not_in_the_file)
{
	ck_assert_int_eq(map(3, 4, &for_oneself), 0);
	memcpy(file.data, "abcd", 4);
	ck_assert_mem_eq(file.data, "abcd", 4);
	ck_assert_int_eq(mproc_mapped_file_sync(&file), 0);
	close_file();
	check_file("0123456789");
}
END_TEST

START_TEST(file_that_may_not_be_written_can_be_mapped_privately)
{
	ck_assert_int_eq(chmod(in_tree("/file"), 0444), 0);
	ck_assert_int_eq(map(0, 0, &for_oneself), 0);
	file.data[0] = 'a';
	close_file();
}
END_TEST

START_TEST(all_kinds_of_advice_give_the_same_bytes)
{
	for (int advice = MPROC_MAP_NORMAL; advice <= MPROC_MAP_WILL_NEED; ++advice) {
		mproc_map_file_options options = {.advice = (mproc_map_advice)advice};

		ck_assert_int_eq(map(0, 0, &options), 0);
		ck_assert_mem_eq(file.data, "0123456789", 10);
		close_file();
	}
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	check_failed(mproc_map_file(NULL, 0, 0, NULL, &file), -EINVAL, "path is NULL");
	check_failed(mproc_map_file("", 0, 0, NULL, NULL), -EINVAL, "ret_file is NULL");
	ck_assert_int_eq(mproc_mapped_file_sync(NULL), -EINVAL);
	support_check_text("file is NULL");
}
END_TEST

START_TEST(options_that_are_none_are_refused)
{
	mproc_map_file_options options = {.access = (mproc_map_access)3};

	check_failed(map(0, 0, &options), -EINVAL,
		"access 3: 0 (read only), 1 (read and write) and 2 (private) are possible");
	options = (mproc_map_file_options){.advice = (mproc_map_advice)4};
	check_failed(map(0, 0, &options), -EINVAL, "advice 4: 0 (normal), 1 (sequential), 2 (random) and");
	for (int i = 0; i < 4; ++i) {
		char text[64];

		options = (mproc_map_file_options){0};
		options.reserved[i] = 5;
		snprintf(text, sizeof text, "reserved[%d] is 5, not 0", i);
		check_failed(map(0, 0, &options), -EINVAL, text);
	}
}
END_TEST

START_TEST(growing_needs_a_size_and_a_map_that_is_written_back)
{
	mproc_map_file_options options = {.grow = true};

	check_failed(map(0, 1, &options), -EINVAL, "grow needs access 1 (read and write), not 0");
	options.access = MPROC_MAP_PRIVATE;
	check_failed(map(0, 1, &options), -EINVAL, "grow needs access 1 (read and write), not 2");
	check_failed(map(0, 0, &for_growing), -EINVAL, "grow needs a size, not 0");
}
END_TEST

START_TEST(part_behind_the_end_is_refused_with_all_numbers)
{
	check_failed(map(5, 6, NULL), -EINVAL, "/file\": 6 bytes at 5 end behind the end of the file, at 10");
	check_failed(map(5, 6, &for_writing), -EINVAL, "6 bytes at 5 end behind the end of the file, at 10");
	check_failed(map(5, 6, &for_oneself), -EINVAL, "6 bytes at 5 end behind the end of the file, at 10");
	check_failed(map(11, 0, NULL), -EINVAL, "/file\": 11 is behind the end of the file, at 10");
	ck_assert_int_eq(status_of("/file").st_size, 10);
}
END_TEST

START_TEST(part_that_no_file_can_have_is_refused)
{
	check_failed(
		map(UINT64_MAX, 1, NULL), -EOVERFLOW, "1 bytes at 18446744073709551615: no file is that");
	check_failed(map(INT64_MAX, 1, &for_growing), -EOVERFLOW, "1 bytes at 9223372036854775807: no file");
	check_failed(map(1, SIZE_MAX, NULL), -EOVERFLOW, "18446744073709551615 bytes at 1: no file is that");
}
END_TEST

START_TEST(path_that_cannot_be_opened_is_told_of)
{
	ck_assert_int_eq(symlink("loop", in_tree("/loop")), 0);
	check_failed(mproc_map_file(in_tree("/none"), 0, 0, NULL, &file), -ENOENT,
		"/none\": cannot be opened: No such file or directory");
	check_failed(mproc_map_file(in_tree("/none"), 0, 0, &for_writing, &file), -ENOENT, "/none\"");
	check_failed(mproc_map_file(in_tree("/loop"), 0, 0, NULL, &file), -ELOOP, "symbolic links");
	check_failed(mproc_map_file(in_tree("/file/a"), 0, 0, NULL, &file), -ENOTDIR, "Not a directory");
	check_failed(mproc_map_file(in_tree("/none/a"), 0, 1, &for_growing, &file), -ENOENT, "/none/a\"");
}
END_TEST

START_TEST(directory_is_refused)
{
	check_failed(mproc_map_file(in_tree("/"), 0, 0, NULL, &file), -EISDIR, "/\": a directory");
	check_failed(mproc_map_file(in_tree("/"), 0, 0, &for_writing, &file), -EISDIR, "a directory");
}
END_TEST

START_TEST(pipe_is_refused_at_once_and_nobody_notices)
{
	int reader;

	ck_assert_int_eq(mkfifo(in_tree("/pipe"), 0600), 0);
	check_failed(mproc_map_file(in_tree("/pipe"), 0, 0, NULL, &file), -EINVAL, "/pipe\": no plain file");
	check_failed(mproc_map_file(in_tree("/pipe"), 0, 0, &for_writing, &file), -EINVAL, "no plain file");
	reader = open(in_tree("/pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	check_failed(mproc_map_file(in_tree("/pipe"), 0, 0, &for_writing, &file), -EINVAL, "no plain file");
	ck_assert_int_ge(reader, 0);
	close(reader);
}
END_TEST

START_TEST(device_is_refused)
{
	check_failed(mproc_map_file("/dev/null", 0, 1, NULL, &file), -EINVAL, "\"/dev/null\": no plain file");
	check_failed(mproc_map_file("/dev/zero", 0, 1, &for_growing, &file), -EINVAL, "no plain file");
}
END_TEST

START_TEST(file_that_is_not_there_is_made)
{
	mode_t before = umask(027);

	ck_assert_int_eq(mproc_map_file(in_tree("/new"), PAGE + 1, 3, &for_growing, &file), 0);
	umask(before);
	ck_assert_uint_eq(file.size, 3);
	ck_assert_mem_eq(file.data, "\0\0\0", 3);
	ck_assert_int_eq(status_of("/new").st_mode & 07777, 0640);
	ck_assert_int_eq(status_of("/new").st_size, PAGE + 4);
	close_file();
}
END_TEST

START_TEST(shorter_file_grows_and_longer_one_does_not)
{
	ck_assert_int_eq(map(8, 4, &for_growing), 0);
	ck_assert_mem_eq(file.data, "89\0\0", 4);
	memcpy(file.data, "abcd", 4);
	close_file();
	check_file("01234567abcd");
	ck_assert_int_eq(map(2, 3, &for_growing), 0);
	memcpy(file.data, "xyz", 3);
	close_file();
	check_file("01xyz567abcd");
}
END_TEST

START_TEST(room_for_the_whole_part_is_taken)
{
	ck_assert_int_eq(truncate(in_tree("/file"), 100 * PAGE), 0);
	ck_assert_int_eq(map(50 * PAGE, 100 * PAGE, &for_growing), 0);
	ck_assert_int_eq(status_of("/file").st_size, 150 * PAGE);
	ck_assert_int_ge(status_of("/file").st_blocks * 512, 100 * PAGE);
	close_file();
}
END_TEST

START_TEST(growing_beyond_the_limit_of_file_sizes_fails_without_a_signal)
{
	rlim_t before = limit(RLIMIT_FSIZE, 10 * PAGE);

	check_failed(map(PAGE, 10 * PAGE, &for_growing), -EFBIG, "45056 bytes are above RLIMIT_FSIZE, 40960");
	ck_assert_int_eq(status_of("/file").st_size, 10);
	limit(RLIMIT_FSIZE, before);
}
END_TEST

START_TEST(growing_on_a_full_disk_fails)
{
	if (!mount_in_tree("tmpfs", "size=64k"))
		return;
	check_failed(mproc_map_file(in_tree("/small/file"), 0, 32 * PAGE, &for_growing, &file), -ENOSPC,
		"no room for 131072 bytes: No space left on device");
	ck_assert_int_eq(mproc_map_file(in_tree("/small/file"), 0, 8 * PAGE, &for_growing, &file), 0);
	memset(file.data, 'a', file.size);
	ck_assert_int_eq(mproc_mapped_file_close(&file), 0);
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

START_TEST(growing_works_where_room_cannot_be_reserved)
{
	if (!mount_in_tree("ramfs", NULL))
		return;
	ck_assert_int_eq(mproc_map_file(in_tree("/small/file"), 1, 8 * PAGE, &for_growing, &file), 0);
	memset(file.data, 'a', file.size);
	ck_assert_int_eq(status_of("/small/file").st_size, 8 * PAGE + 1);
	ck_assert_int_eq(mproc_mapped_file_close(&file), 0);
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

START_TEST(map_fails_when_no_descriptors_are_left)
{
	rlim_t before = limit(RLIMIT_NOFILE, 0);

	check_failed(map(0, 0, NULL), -EMFILE, "Too many open files, RLIMIT_NOFILE is 0");
	limit(RLIMIT_NOFILE, before);
}
END_TEST

START_TEST(map_that_no_addresses_are_left_for_fails)
{
	/* Larger than what can be addressed, and than any file system allows but one in memory. */
	int memory = memfd_create("test", MFD_CLOEXEC);
	char path[64];

	ck_assert_int_eq(ftruncate(memory, (off_t)1 << 60), 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
	check_failed(mproc_map_file(path, 0, 0, NULL, &file), -ENOMEM,
		"cannot map 1152921504606846976 bytes: Cannot allocate memory");
	close(memory);
}
END_TEST

START_TEST(file_is_closed_once_and_may_be_closed_again)
{
	ck_assert_int_eq(map(0, 0, NULL), 0);
	close_file();
	ck_assert_ptr_null(file.data);
	ck_assert_uint_eq(file.size, 0);
	ck_assert_int_eq(mproc_mapped_file_close(&file), 0);
	ck_assert_int_eq(mproc_mapped_file_close(NULL), 0);
	check_failed(mproc_mapped_file_sync(&file), -EINVAL, "file is closed");
}
END_TEST

START_TEST(map_outlives_the_name_of_its_file)
{
	ck_assert_int_eq(map(0, 0, &for_writing), 0);
	ck_assert_int_eq(unlink(in_tree("/file")), 0);
	file.data[0] = 'a';
	ck_assert_mem_eq(file.data, "a123456789", 10);
	close_file();
}
END_TEST

/* From here on: other processes, a kernel that refuses, or more addresses than ThreadSanitizer has. */

START_TEST(file_larger_than_memory_is_mapped)
{
	static const uint64_t SIZE = (uint64_t)1 << 40;
	int descriptor = open(in_tree("/file"), O_RDWR | O_CLOEXEC);

	ck_assert_int_eq(ftruncate(descriptor, (off_t)SIZE), 0);
	ck_assert_int_eq(pwrite(descriptor, "end", 3, (off_t)SIZE - 3), 3);
	close(descriptor);
	ck_assert_int_eq(map(0, 0, NULL), 0);
	ck_assert_uint_eq(file.size, SIZE);
	ck_assert_mem_eq(file.data, "0123456789", 11);
	ck_assert_mem_eq(file.data + SIZE - 4, "\0end", 4);
	close_file();
	ck_assert_int_eq(map(0, 0, &for_oneself), 0);
	file.data[SIZE - 1] = 'D';
	ck_assert_mem_eq(file.data + SIZE - 4, "\0enD", 4);
	close_file();
}
END_TEST

static int write_first(void *unused)
{
	(void)unused;
	file.data[0] = 'a';
	return 0;
}

START_TEST(child_writes_into_the_same_file)
{
	ck_assert_int_eq(map(0, 0, &for_writing), 0);
	ck_assert_int_eq(support_reap(support_fork(write_first, NULL)), 0);
	ck_assert_mem_eq(file.data, "a123456789", 10);
	close_file();
	check_file("a123456789");
}
END_TEST

START_TEST(child_writes_into_a_private_map_of_its_own)
{
	ck_assert_int_eq(map(0, 0, &for_oneself), 0);
	file.data[1] = 'b';
	ck_assert_int_eq(support_reap(support_fork(write_first, NULL)), 0);
	ck_assert_mem_eq(file.data, "0b23456789", 10);
	close_file();
}
END_TEST

static int close_it(void *unused)
{
	(void)unused;
	return mproc_mapped_file_close(&file);
}

START_TEST(closing_in_the_child_does_not_close_in_the_parent)
{
	ck_assert_int_eq(map(0, 0, &for_writing), 0);
	ck_assert_int_eq(support_reap(support_fork(close_it, NULL)), 0);
	ck_assert_mem_eq(file.data, "0123456789", 10);
	close_file();
}
END_TEST

START_TEST(what_a_killed_process_wrote_is_in_the_file)
{
	ck_assert_int_eq(map(0, 0, &for_writing), 0);
	support_kill(support_fork_and_keep(write_first, NULL));
	close_file();
	check_file("a123456789");
}
END_TEST

static int write_read_only(void *unused)
{
	(void)unused;
	signal(SIGSEGV, SIG_DFL);
	return map(0, 0, NULL) == 0 ? write_first(NULL) : 1;
}

START_TEST(read_only_map_cannot_be_written)
{
	ck_assert_int_eq(support_reap(support_fork(write_read_only, NULL)), -SIGSEGV);
	check_file("0123456789");
}
END_TEST

static int map_without_privileges(void *unused)
{
	(void)unused;
	if (geteuid() == 0 && seteuid(65534) != 0)
		return 1;
	check_failed(map(0, 0, NULL), -EACCES, "/file\": cannot be opened: Permission denied");
	return 0;
}

START_TEST(file_that_may_not_be_read_is_refused)
{
	ck_assert_int_eq(chmod(in_tree(""), 0711), 0);
	ck_assert_int_eq(chmod(in_tree("/file"), 0), 0);
	ck_assert_int_eq(support_reap(support_fork(map_without_privileges, NULL)), 0);
}
END_TEST

static int grow_beyond_quota(void *unused)
{
	(void)unused;
	refuse_call(SYS_fallocate, EDQUOT);
	check_failed(map(0, 100, &for_growing), -EDQUOT, "no room for 100 bytes: Disk quota exceeded");
	return 0;
}

START_TEST(growing_beyond_the_quota_fails)
{
	ck_assert_int_eq(support_reap(support_fork(grow_beyond_quota, NULL)), 0);
}
END_TEST

static int map_with_a_full_file_table(void *unused)
{
	(void)unused;
	refuse_call(SYS_openat, ENFILE);
	check_failed(map(0, 0, NULL), -ENFILE, "cannot be opened: Too many open files in system");
	return 0;
}

START_TEST(map_fails_when_the_file_table_is_full)
{
	ck_assert_int_eq(support_reap(support_fork(map_with_a_full_file_table, NULL)), 0);
}
END_TEST

static int sync_with_a_broken_disk(void *unused)
{
	(void)unused;
	refuse_call(SYS_msync, EIO);
	ck_assert_int_eq(mproc_mapped_file_sync(&file), -EIO);
	support_check_text("mapped file of 10 bytes: not written to the disk: Input/output error");
	return 0;
}

START_TEST(sync_tells_that_the_disk_failed)
{
	ck_assert_int_eq(map(0, 0, &for_writing), 0);
	ck_assert_int_eq(support_reap(support_fork(sync_with_a_broken_disk, NULL)), 0);
	close_file();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		whole_file_is_mapped_read_only_by_default,
		part_may_begin_and_end_anywhere,
		part_without_a_size_goes_to_the_end,
		empty_part_has_no_data,
		what_is_written_is_in_the_file_at_once,
		what_is_written_to_a_private_map_is_not_in_the_file,
		file_that_may_not_be_written_can_be_mapped_privately,
		all_kinds_of_advice_give_the_same_bytes,
		what_is_missing_is_named,
		options_that_are_none_are_refused,
		growing_needs_a_size_and_a_map_that_is_written_back,
		part_behind_the_end_is_refused_with_all_numbers,
		part_that_no_file_can_have_is_refused,
		path_that_cannot_be_opened_is_told_of,
		directory_is_refused,
		pipe_is_refused_at_once_and_nobody_notices,
		device_is_refused,
		file_that_is_not_there_is_made,
		shorter_file_grows_and_longer_one_does_not,
		room_for_the_whole_part_is_taken,
		growing_beyond_the_limit_of_file_sizes_fails_without_a_signal,
		growing_on_a_full_disk_fails,
		growing_works_where_room_cannot_be_reserved,
		map_fails_when_no_descriptors_are_left,
		map_that_no_addresses_are_left_for_fails,
		file_is_closed_once_and_may_be_closed_again,
		map_outlives_the_name_of_its_file,
		NULL,
	};
	const TTest *process_tests[] = {
		file_larger_than_memory_is_mapped,
		child_writes_into_the_same_file,
		child_writes_into_a_private_map_of_its_own,
		closing_in_the_child_does_not_close_in_the_parent,
		what_a_killed_process_wrote_is_in_the_file,
		read_only_map_cannot_be_written,
		file_that_may_not_be_read_is_refused,
		growing_beyond_the_quota_fails,
		map_fails_when_the_file_table_is_full,
		sync_tells_that_the_disk_failed,
		NULL,
	};
	const support_suite suite = {
		.name = "mapped_file",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_digits,
		.teardown = tree_remove,
	};

	return support_run_suite(&suite);
}
