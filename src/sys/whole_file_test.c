/* SPDX-License-Identifier: MIT */
#include "sys/whole_file.h"

#include "base/error.h"
#include "people.h"
#include "support.h"
#include "sys/clock.h"
#include "sys/file_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <unistd.h>

enum {
	MOST_COPIED = 100,
	SECOND = 1000000000
};

static int root = -1;

static void create(void)
{
	tree_create();
	root = open(tree(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void clean(void)
{
	close(root);
	tree_remove();
}

static void check_refused(int rc, int code, const char *text)
{
	ck_assert_int_eq(rc, code);
	support_check_text(text);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return mproci_clock_nanoseconds(time);
}

static mproci_file_status status_of(const char *name)
{
	mproci_file_status status;

	ck_assert_int_eq(mproci_file_status_at(root, name, &status), 0);
	return status;
}

static bool is_there(const char *name)
{
	mproci_file_status status;

	return mproci_file_status_at(root, name, &status) == 0;
}

/* A file of @size bytes, which nobody could confuse. */
static void make(const char *name, size_t size)
{
	int file = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(file, 0);
	for (size_t i = 0; i < size; ++i)
		ck_assert_int_eq(write(file, &(char){(char)(i * 7 + 1)}, 1), 1);
	close(file);
}

static int read_noting(const char *name, mproci_whole_file *file)
{
	return mproci_whole_file_read(root, name, MOST_COPIED, true, "test", file);
}

static mproci_whole_file read_it(const char *name)
{
	mproci_whole_file file;

	ck_assert_int_eq(mproci_whole_file_read(root, name, MOST_COPIED, false, "test", &file), 0);
	ck_assert_uint_eq((uintptr_t)file.memory % 64, 0);
	return file;
}

static void check_read(const char *name, size_t size)
{
	mproci_whole_file file = read_it(name);

	ck_assert_uint_eq(file.size, size);
	for (size_t i = 0; i < size; ++i)
		ck_assert_int_eq(((const char *)file.memory)[i], (char)(i * 7 + 1));
	ck_assert_int_eq(file.length != 0, size > MOST_COPIED);
	mproci_whole_file_free(file.memory, file.length);
}

static void check_text_in(const char *name, const char *expected)
{
	mproci_whole_file file = read_it(name);

	ck_assert_uint_eq(file.size, strlen(expected));
	ck_assert_mem_eq(file.memory, expected, file.size);
	mproci_whole_file_free(file.memory, file.length);
}

START_TEST(small_file_is_copied_and_a_larger_one_mapped)
{
	const size_t sizes[] = {1, 63, 64, 65, MOST_COPIED, MOST_COPIED + 1, 4096, 4097};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		make("file", sizes[i]);
		check_read("file", sizes[i]);
	}
}
END_TEST

START_TEST(what_was_read_stays_when_the_file_is_replaced_and_removed)
{
	mproci_whole_file file;

	make("file", 5000);
	file = read_it("file");
	tree_write("/other", "other");
	ck_assert_int_eq(renameat(root, "other", root, "file"), 0);
	ck_assert_int_eq(unlinkat(root, "file", 0), 0);
	for (size_t i = 0; i < file.size; ++i)
		ck_assert_int_eq(((const char *)file.memory)[i], (char)(i * 7 + 1));
	mproci_whole_file_free(file.memory, file.length);
	mproci_whole_file_free(NULL, 0);
}
END_TEST

START_TEST(file_that_is_not_there_sets_no_error_text)
{
	mproci_whole_file file;

	mproci_fail(-EPERM, "as it was");
	ck_assert_int_eq(read_noting("no", &file), -ENOENT);
	ck_assert_int_eq(read_noting("no/file", &file), -ENOENT);
	support_check_text("as it was");
}
END_TEST

START_TEST(what_is_no_plain_file_or_empty_is_refused)
{
	const char text[] = "test: no plain file, or empty";
	mproci_whole_file file;

	tree_write("/empty", "");
	tree_write("/file", "something");
	ck_assert_int_eq(symlinkat("file", root, "link"), 0);
	ck_assert_int_eq(mkfifoat(root, "pipe", 0600), 0);
	ck_assert_int_eq(mknodat(root, "socket", S_IFSOCK | 0600, 0), 0);
	check_refused(read_noting("empty", &file), -EINVAL, text);
	check_refused(read_noting(".", &file), -EINVAL, text);
	check_refused(read_noting("link", &file), -EINVAL, text);
	check_refused(read_noting("pipe", &file), -EINVAL, text);
	check_refused(read_noting("socket", &file), -EINVAL, text);
	check_refused(read_noting("/dev/null", &file), -EINVAL, text);
	check_refused(read_noting("file/file", &file), -ENOTDIR, "test: Not a directory");
}
END_TEST

START_TEST(too_many_open_descriptors_are_told_of_with_their_limit)
{
	rlim_t before = limit(RLIMIT_NOFILE, 3);
	mproci_whole_file file;

	check_refused(read_noting(".", &file), -EMFILE, "test: Too many open files, RLIMIT_NOFILE is 3");
	limit(RLIMIT_NOFILE, before);
}
END_TEST

START_TEST(file_that_cannot_be_read_is_told_of)
{
	mproci_whole_file file = {.size = 5};

	tree_write("/file", "something");
	refuse_call(SYS_pread64, EIO);
	check_refused(read_noting("file", &file), -EIO, "test: Input/output error");
	ck_assert_uint_eq(file.size, 5);
}
END_TEST

/* As it looks when somebody has cut the file since its size was read. */
START_TEST(file_that_ends_at_once_is_empty)
{
	mproci_whole_file file;

	tree_write("/file", "something");
	refuse_call(SYS_pread64, 0);
	check_refused(read_noting("file", &file), -EINVAL, "test: no plain file, or empty");
}
END_TEST

/* The kernel says of such a file that it has a page. */
START_TEST(file_that_ends_early_is_as_long_as_what_was_read)
{
	const char path[] = "/sys/devices/system/cpu/possible";
	mproci_whole_file file;
	struct stat status;

	if (stat(path, &status) != 0 || status.st_size == 0)
		return;
	ck_assert_int_eq(mproci_whole_file_read(root, path, 1 << 20, false, "test", &file), 0);
	ck_assert_uint_gt(file.size, 0);
	ck_assert_uint_lt(file.size, (uint64_t)status.st_size);
	ck_assert_int_eq(((const char *)file.memory)[file.size - 1], '\n');
	mproci_whole_file_free(file.memory, file.length);
}
END_TEST

START_TEST(map_that_does_not_fit_is_told_of)
{
	mproci_whole_file file;
	rlim_t before;
	int rc;

	make("file", MOST_COPIED + 1);
	before = limit(RLIMIT_AS, 1);
	rc = read_noting("file", &file);
	limit(RLIMIT_AS, before);
	check_refused(rc, -ENOMEM, "test: Cannot allocate memory");
}
END_TEST

static void write_large(void)
{
	static const char bytes[2 * MOST_COPIED];
	const mproci_part part = {bytes, sizeof bytes};

	ck_assert_int_eq(mproci_whole_file_write(root, "aside", "file", &part, 1, "test"), 0);
}

/* Who touched such a page would be killed. */
START_TEST(map_that_the_disk_cannot_give_is_told_of)
{
	mproci_whole_file file;

	write_large();
	ck_assert_int_eq(read_noting("file", &file), 0);
	refuse_call(SYS_madvise, EFAULT);
	check_refused(mproci_whole_file_bring(&file, "test"), -EIO, "test: Input/output error");
	mproci_whole_file_free(file.memory, file.length);
	check_refused(read_noting("file", &file), -EIO, "test: Input/output error");
}
END_TEST

START_TEST(map_is_read_where_the_kernel_cannot_bring_it_before)
{
	mproci_whole_file file;

	write_large();
	refuse_call(SYS_madvise, EINVAL);
	ck_assert_int_eq(read_noting("file", &file), 0);
	ck_assert_uint_eq(file.length, 2 * MOST_COPIED);
	ck_assert_int_eq(mproci_whole_file_bring(&file, "test"), 0);
	mproci_whole_file_free(file.memory, file.length);
}
END_TEST

/* The sanitizers end a program that gets no memory. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
START_TEST(copy_that_does_not_fit_is_told_of)
{
	mproci_whole_file file;
	rlim_t before;
	int rc;

	make("file", 1);
	ck_assert_int_eq(truncate(in_tree("/file"), 1 << 30), 0);
	before = limit(RLIMIT_AS, 1);
	rc = mproci_whole_file_read(root, "file", SIZE_MAX, true, "test", &file);
	limit(RLIMIT_AS, before);
	check_refused(rc, -ENOMEM, "test: Cannot allocate memory");
}
END_TEST
#endif

/* Last used in an hour, so that the kernel sets no time by itself; changed long ago. */
static int64_t set_times(const char *name)
{
	int64_t used = now() + (int64_t)3600 * SECOND;
	const struct timespec times[] = {
		{.tv_sec = used / SECOND, .tv_nsec = used % SECOND},
		{.tv_sec = 5},
	};

	ck_assert_int_eq(utimensat(root, name, times, 0), 0);
	return used;
}

START_TEST(use_is_noted_to_the_nanosecond_when_asked)
{
	mproci_file_status status;
	mproci_whole_file file;
	int64_t at, before;

	tree_write("/file", "something");
	at = set_times("file");
	file = read_it("file");
	ck_assert_int_eq(file.used, at);
	ck_assert_int_eq(status_of("file").used, at);
	mproci_whole_file_free(file.memory, file.length);
	before = now();
	ck_assert_int_eq(read_noting("file", &file), 0);
	ck_assert_int_eq(file.used, at);
	mproci_whole_file_free(file.memory, file.length);
	status = status_of("file");
	ck_assert_int_ge(status.used, before);
	ck_assert_int_le(status.used, now());
	ck_assert_int_eq(status.changed, file.changed);
	ck_assert_int_eq(status.changed, INT64_C(5) * SECOND);
}
END_TEST

/* Only root can be somebody else, who may read here. */
static bool be_somebody_else(void)
{
	ck_assert_int_eq(fchmod(root, 0755), 0);
	return geteuid() == 0 && seteuid(65534) == 0;
}

START_TEST(use_that_may_not_be_noted_is_none)
{
	mproci_whole_file file;
	int64_t at;

	make("file", 9);
	at = set_times("file");
	if (!be_somebody_else())
		return;
	ck_assert_int_eq(read_noting("file", &file), 0);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_uint_eq(file.size, 9);
	ck_assert_int_eq(status_of("file").used, at);
	mproci_whole_file_free(file.memory, file.length);
}
END_TEST

START_TEST(file_that_may_not_be_read_is_told_of)
{
	mproci_whole_file file;

	make("file", 9);
	ck_assert_int_eq(fchmodat(root, "file", 0600, 0), 0);
	if (!be_somebody_else())
		return;
	check_refused(read_noting("file", &file), -EACCES, "test: Permission denied");
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

static int write_parts(const char *name, const char *one, const char *other)
{
	const mproci_part parts[] = {{one, strlen(one)}, {NULL, 0}, {other, strlen(other)}};

	return mproci_whole_file_write(root, "aside", name, parts, 3, "test");
}

/* It fails, and leaves nothing. */
static void check_write_refused(int rc, int code, const char *text)
{
	check_refused(rc, code, text);
	ck_assert(!is_there("aside"));
}

START_TEST(parts_are_written_one_behind_the_other)
{
	mode_t before = umask(026);
	struct stat status;

	ck_assert_int_eq(write_parts("file", "abc", "defg"), 0);
	umask(before);
	check_text_in("file", "abcdefg");
	ck_assert_int_eq(fstatat(root, "file", &status, 0), 0);
	ck_assert_int_eq(status.st_mode, S_IFREG | 0640);
	ck_assert(!is_there("aside"));
}
END_TEST

START_TEST(nothing_is_written_too)
{
	ck_assert_int_eq(mproci_whole_file_write(root, "aside", "file", NULL, 0, "test"), 0);
	ck_assert_uint_eq(status_of("file").size, 0);
}
END_TEST

START_TEST(file_takes_the_place_of_another)
{
	mproci_whole_file old;

	make("file", 5000);
	old = read_it("file");
	ck_assert_int_eq(write_parts("file", "n", "ew"), 0);
	check_text_in("file", "new");
	ck_assert(!is_there("aside"));
	ck_assert_int_eq(((const char *)old.memory)[4999], (char)(4999 * 7 + 1));
	mproci_whole_file_free(old.memory, old.length);
}
END_TEST

START_TEST(file_takes_the_place_of_another_where_they_cannot_be_exchanged)
{
	make("file", 5);
	refuse_call(SYS_renameat2, EINVAL);
	ck_assert_int_eq(write_parts("file", "n", "ew"), 0);
	check_text_in("file", "new");
	ck_assert(!is_there("aside"));
}
END_TEST

START_TEST(file_that_cannot_be_removed_stays)
{
	make("file", 5);
	refuse_call_in_directory(SYS_unlinkat, EIO);
	check_refused(write_parts("file", "n", "ew"), -EIO, "test: Input/output error");
	check_read("file", 5);
}
END_TEST

START_TEST(file_was_used_and_changed_when_it_was_written)
{
	int64_t before = now();
	mproci_file_status status;

	ck_assert_int_eq(write_parts("file", "abc", ""), 0);
	status = status_of("file");
	ck_assert_int_ge(status.used, before);
	ck_assert_int_eq(status.changed, status.used);
	ck_assert_int_le(status.used, now());
}
END_TEST

START_TEST(limit_of_file_sizes_is_an_error_and_no_signal)
{
	static char much[1 << 20];
	const mproci_part parts[] = {{"abc", 3}, {much, sizeof much - 3}, {"d", 1}};
	rlim_t before = limit(RLIMIT_FSIZE, sizeof much);

	ck_assert_int_eq(mproci_whole_file_write(root, "aside", "file", parts, 2, "test"), 0);
	check_write_refused(mproci_whole_file_write(root, "aside", "file", parts, 3, "test"), -EFBIG,
		"test: 1048577 bytes are above RLIMIT_FSIZE, 1048576");
	limit(RLIMIT_FSIZE, before);
	ck_assert_uint_eq(status_of("file").size, sizeof much);
}
END_TEST

START_TEST(full_disk_is_told_of_and_what_was_there_stays)
{
	static char much[1 << 20];
	const mproci_part parts[] = {{"abc", 3}, {much, sizeof much}};
	int small;

	if (!mount_in_tree("tmpfs", "size=64k"))
		return;
	/* What was opened before belongs to those who do not see it. */
	small = open(in_tree("/small"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_write("/small/file", "old");
	check_refused(mproci_whole_file_write(small, "aside", "file", parts, 2, "test"), -ENOSPC,
		"test: No space left on device");
	ck_assert_int_eq(faccessat(small, "aside", F_OK, 0), -1);
	ck_assert_int_eq(mproci_whole_file_write(small, "aside", "new", parts, 1, "test"), 0);
	close(root);
	root = small;
	check_text_in("file", "old");
	check_text_in("new", "abc");
	ck_assert_int_eq(mount(NULL, in_tree("/small"), NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	check_write_refused(write_parts("file", "a", "b"), -EROFS, "test: Read-only file system");
	ck_assert_int_eq(umount2(in_tree("/small"), MNT_DETACH), 0);
}
END_TEST

START_TEST(directory_that_is_not_there_is_told_of)
{
	const mproci_part part = {"abc", 3};

	check_write_refused(write_parts("no/file", "a", "b"), -ENOENT, "test: No such file or directory");
	check_refused(mproci_whole_file_write(root, "no/aside", "file", &part, 1, "test"), -ENOENT,
		"test: No such file or directory");
	ck_assert(!is_there("file"));
}
END_TEST

START_TEST(file_aside_of_somebody_else_is_left_alone)
{
	tree_write("/aside", "somebody's");
	check_refused(write_parts("file", "a", "b"), -EEXIST, "test: File exists");
	check_text_in("aside", "somebody's");
	ck_assert(!is_there("file"));
}
END_TEST

START_TEST(name_of_a_directory_is_refused)
{
	ck_assert_int_eq(mkdirat(root, "all", 0700), 0);
	check_write_refused(write_parts("all", "a", "b"), -EISDIR, "test: Is a directory");
	ck_assert(status_of("all").is_directory);
}
END_TEST

START_TEST(directory_that_may_not_be_written_to_is_told_of)
{
	if (!be_somebody_else())
		return;
	check_write_refused(write_parts("file", "a", "b"), -EACCES, "test: Permission denied");
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(writing_with_too_many_open_descriptors_is_told_of)
{
	rlim_t before = limit(RLIMIT_NOFILE, 3);

	check_write_refused(
		write_parts("file", "a", "b"), -EMFILE, "test: Too many open files, RLIMIT_NOFILE is 3");
	limit(RLIMIT_NOFILE, before);
}
END_TEST

/* Descriptor 0 is free, and nothing above 2: it is made, but cannot stay. */
START_TEST(file_whose_descriptor_cannot_be_moved_is_not_left)
{
	int input = dup(STDIN_FILENO), rc;
	rlim_t before;

	ck_assert_int_ge(input, 0);
	close(STDIN_FILENO);
	before = limit(RLIMIT_NOFILE, 3);
	rc = write_parts("file", "a", "b");
	limit(RLIMIT_NOFILE, before);
	dup2(input, STDIN_FILENO);
	close(input);
	ck_assert_int_lt(rc, 0);
	ck_assert(!is_there("aside"));
}
END_TEST

START_TEST(file_system_without_locks_is_written_to)
{
	refuse_call(SYS_flock, ENOLCK);
	ck_assert_int_eq(write_parts("file", "abc", "defg"), 0);
	check_text_in("file", "abcdefg");
	ck_assert_int_eq(mproci_whole_file_remove_left(root, "file"), -ENOLCK);
	ck_assert(is_there("file"));
}
END_TEST

START_TEST(file_that_is_taken_away_again_and_again_is_told_of)
{
	refuse_call(SYS_flock, EWOULDBLOCK);
	check_write_refused(
		write_parts("file", "abc", "defg"), -EBUSY, "test: somebody takes the file away again");
	ck_assert(!is_there("file"));
}
END_TEST

START_TEST(failing_rename_is_told_of)
{
	refuse_call(SYS_renameat, EIO);
	check_write_refused(write_parts("file", "abc", "defg"), -EIO, "test: Input/output error");
	ck_assert(!is_there("file"));
}
END_TEST

typedef struct removing {
	const char *name;
	_Atomic bool is_to_end;
	_Atomic unsigned busy;
} removing;

static int remove_again_and_again(void *argument)
{
	removing *it = argument;

	while (!it->is_to_end) {
		int rc = mproci_whole_file_remove_left(root, it->name);

		if (rc == -EBUSY)
			it->busy++;
		else if (rc != 0 && rc != -ENOENT && rc != -ESTALE)
			return rc;
	}
	return 0;
}

/* Who removes comes before the lock, or finds it. */
START_TEST(file_is_written_while_others_remove_what_is_left)
{
	removing it = {.name = "aside"};
	support_thread remover;

	support_begin(&remover, remove_again_and_again, &it);
	for (int i = 0; i < 2000 || it.busy == 0; ++i) {
		ck_assert_int_eq(write_parts("file", "abc", "defg"), 0);
		check_text_in("file", "abcdefg");
	}
	it.is_to_end = true;
	ck_assert_int_eq(support_end(&remover), 0);
	ck_assert(!is_there("aside"));
}
END_TEST

START_TEST(what_is_left_is_removed_and_what_is_locked_is_not)
{
	int file;

	make("aside", 5);
	file = openat(root, "aside", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(file, LOCK_EX), 0);
	ck_assert_int_eq(mproci_whole_file_remove_left(root, "aside"), -EBUSY);
	ck_assert(is_there("aside"));
	close(file);
	ck_assert_int_eq(mproci_whole_file_remove_left(root, "aside"), 0);
	ck_assert(!is_there("aside"));
	ck_assert_int_eq(mproci_whole_file_remove_left(root, "aside"), -ENOENT);
}
END_TEST

START_TEST(only_plain_files_are_removed_as_left)
{
	ck_assert_int_eq(mkdirat(root, "all", 0700), 0);
	make("file", 5);
	ck_assert_int_eq(symlinkat("file", root, "link"), 0);
	ck_assert_int_eq(mproci_whole_file_remove_left(root, "all"), -EISDIR);
	ck_assert_int_eq(mproci_whole_file_remove_left(root, "link"), -ELOOP);
	ck_assert(is_there("file") && is_there("link") && is_there("all"));
}
END_TEST

START_TEST(what_others_have_left_is_removed_if_it_may_be_read)
{
	make("aside", 5);
	make("secret", 5);
	ck_assert_int_eq(fchmodat(root, "secret", 0600, 0), 0);
	if (!be_somebody_else())
		return;
	ck_assert_int_eq(mproci_whole_file_remove_left(root, "aside"), -EACCES);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(fchmod(root, 0777), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(mproci_whole_file_remove_left(root, "aside"), 0);
	ck_assert_int_eq(mproci_whole_file_remove_left(root, "secret"), -EACCES);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert(!is_there("aside") && is_there("secret"));
}
END_TEST

/* Whether @name leads to the file that is open. */
static bool is_named(int file, const char *name)
{
	struct stat open, named;

	return fstat(file, &open) == 0 && fstatat(root, name, &named, 0) == 0 && open.st_ino == named.st_ino;
}

/* Have a name for a moment, again and again.  Returns -ESTALE if somebody takes it away. */
static int hold_name(void *unused)
{
	int rc = 0;

	(void)unused;
	for (int i = 0; rc == 0 && i < 10000; ++i) {
		int file = openat(root, "name", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		if (flock(file, LOCK_EX | LOCK_NB) == 0 && is_named(file, "name")) {
			for (int j = 0; j < 20; ++j)
				rc = is_named(file, "name") ? rc : -ESTALE;
			unlinkat(root, "name", 0);
		}
		close(file);
	}
	return rc;
}

START_TEST(name_that_somebody_has_taken_anew_is_left_to_him)
{
	support_thread holders[2], removers[2];
	removing it = {.name = "name"};

	for (int i = 0; i < 2; ++i) {
		support_begin(&holders[i], hold_name, NULL);
		support_begin(&removers[i], remove_again_and_again, &it);
	}
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_end(&holders[i]), 0);
	it.is_to_end = true;
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_end(&removers[i]), 0);
	mproci_file_remove_at(root, "name");
}
END_TEST

START_TEST(file_is_removed_if_it_is_the_one_that_was_read)
{
	mproci_whole_file file;

	make("file", 5);
	file = read_it("file");
	mproci_whole_file_free(file.memory, file.length);
	ck_assert_int_eq(mproci_whole_file_remove_if_same(root, "file", &file), 0);
	ck_assert(!is_there("file"));
	ck_assert_int_eq(mproci_whole_file_remove_if_same(root, "file", &file), -ENOENT);
}
END_TEST

static void set_changed(const char *name, int64_t to)
{
	const struct timespec times[] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = to / SECOND, .tv_nsec = to % SECOND},
	};

	ck_assert_int_eq(utimensat(root, name, times, 0), 0);
}

START_TEST(file_that_has_taken_the_name_is_not_removed)
{
	mproci_whole_file file;

	make("file", 5);
	file = read_it("file");
	mproci_whole_file_free(file.memory, file.length);
	ck_assert_int_eq(write_parts("file", "n", "ew"), 0);
	set_changed("file", file.changed);
	ck_assert_int_eq(mproci_whole_file_remove_if_same(root, "file", &file), -ESTALE);
	check_text_in("file", "new");
}
END_TEST

/* A number may be given to another file as soon as nobody has the first one. */
START_TEST(file_that_has_the_number_of_the_one_that_was_read_is_not_removed)
{
	mproci_whole_file file;

	make("file", 5);
	file = read_it("file");
	mproci_whole_file_free(file.memory, file.length);
	set_times("file");
	ck_assert_int_eq(mproci_whole_file_remove_if_same(root, "file", &file), -ESTALE);
	ck_assert(is_there("file"));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		small_file_is_copied_and_a_larger_one_mapped,
		what_was_read_stays_when_the_file_is_replaced_and_removed,
		file_that_is_not_there_sets_no_error_text,
		what_is_no_plain_file_or_empty_is_refused,
		too_many_open_descriptors_are_told_of_with_their_limit,
		file_that_cannot_be_read_is_told_of,
		file_that_ends_at_once_is_empty,
		file_that_ends_early_is_as_long_as_what_was_read,
		map_that_does_not_fit_is_told_of,
		map_that_the_disk_cannot_give_is_told_of,
		map_is_read_where_the_kernel_cannot_bring_it_before,
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		copy_that_does_not_fit_is_told_of,
#endif
		use_is_noted_to_the_nanosecond_when_asked,
		use_that_may_not_be_noted_is_none,
		file_that_may_not_be_read_is_told_of,
		parts_are_written_one_behind_the_other,
		nothing_is_written_too,
		file_takes_the_place_of_another,
		file_takes_the_place_of_another_where_they_cannot_be_exchanged,
		file_that_cannot_be_removed_stays,
		file_was_used_and_changed_when_it_was_written,
		limit_of_file_sizes_is_an_error_and_no_signal,
		full_disk_is_told_of_and_what_was_there_stays,
		directory_that_is_not_there_is_told_of,
		file_aside_of_somebody_else_is_left_alone,
		name_of_a_directory_is_refused,
		directory_that_may_not_be_written_to_is_told_of,
		writing_with_too_many_open_descriptors_is_told_of,
		file_whose_descriptor_cannot_be_moved_is_not_left,
		file_system_without_locks_is_written_to,
		file_that_is_taken_away_again_and_again_is_told_of,
		failing_rename_is_told_of,
		file_is_written_while_others_remove_what_is_left,
		what_is_left_is_removed_and_what_is_locked_is_not,
		only_plain_files_are_removed_as_left,
		what_others_have_left_is_removed_if_it_may_be_read,
		name_that_somebody_has_taken_anew_is_left_to_him,
		file_is_removed_if_it_is_the_one_that_was_read,
		file_that_has_taken_the_name_is_not_removed,
		file_that_has_the_number_of_the_one_that_was_read_is_not_removed,
		NULL,
	};
	const support_suite suite = {
		.name = "whole_file",
		.tests = tests,
		.setup = create,
		.teardown = clean,
	};

	return support_run_suite(&suite);
}
