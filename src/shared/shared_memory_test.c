/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "support.h"
#include "sys/kernel_fixture.h"
#include "sys/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mproc/shared_memory.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
	PAGE = MPROCI_PAGE,
	LONGEST = 250,
};

/* What most tests create. */
static char name[64];
static mproc_shared_memory *block;

static void make_name(void)
{
	snprintf(name, sizeof name, "mproc-test-%d", (int)getpid());
}

static void create(size_t size)
{
	int rc = mproc_shared_memory_create(name, size, &block);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

static void close_and_unlink(void)
{
	block = mproc_shared_memory_close(block);
	ck_assert_ptr_null(block);
	ck_assert_int_eq(mproc_shared_memory_unlink(name), 0);
}

static char *bytes(void)
{
	return mproc_shared_memory_address(block);
}

static void check_failed(int rc, int expected, const char *text)
{
	ck_assert_msg(rc == expected, "%d (%s) instead of %d", rc, mproc_error_text(), expected);
	support_check_text(text);
	ck_assert_ptr_null(block);
}

static void create_fails(size_t size, int expected, const char *text)
{
	check_failed(mproc_shared_memory_create(name, size, &block), expected, text);
}

static void open_fails(int expected, const char *text)
{
	check_failed(mproc_shared_memory_open(name, &block), expected, text);
}

static struct stat status_of_block(void)
{
	int file = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
	struct stat status;

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(fstat(file, &status), 0);
	close(file);
	return status;
}

START_TEST(new_block_is_zeros_of_the_size_that_was_asked_for)
{
	create(2 * PAGE + 3);
	ck_assert_uint_eq(mproc_shared_memory_size(block), 2 * PAGE + 3);
	ck_assert_str_eq(mproc_shared_memory_name(block), name);
	for (size_t i = 0; i < 2 * PAGE + 3; ++i)
		ck_assert_int_eq(bytes()[i], 0);
	ck_assert_int_eq(status_of_block().st_size, 2 * PAGE + 3);
	close_and_unlink();
}
END_TEST

START_TEST(new_block_is_only_for_this_user_whatever_the_umask)
{
	mode_t before = umask(0777);

	create(1);
	umask(before);
	ck_assert_int_eq(status_of_block().st_mode & 07777, 0600);
	close_and_unlink();
	before = umask(0);
	create(1);
	umask(before);
	ck_assert_int_eq(status_of_block().st_mode & 07777, 0600);
	close_and_unlink();
}
END_TEST

START_TEST(opened_block_is_the_same_memory)
{
	mproc_shared_memory *other;

	create(10);
	ck_assert_int_eq(mproc_shared_memory_open(name, &other), 0);
	ck_assert_uint_eq(mproc_shared_memory_size(other), 10);
	ck_assert_str_eq(mproc_shared_memory_name(other), name);
	bytes()[9] = 'a';
	ck_assert_int_eq(((char *)mproc_shared_memory_address(other))[9], 'a');
	ck_assert_ptr_null(mproc_shared_memory_close(other));
	bytes()[9] = 'b';
	close_and_unlink();
}
END_TEST

START_TEST(block_stays_until_it_is_unlinked_and_its_memory_until_it_is_closed)
{
	create(10);
	bytes()[0] = 'a';
	block = mproc_shared_memory_close(block);
	ck_assert_int_eq(mproc_shared_memory_open(name, &block), 0);
	ck_assert_int_eq(bytes()[0], 'a');
	ck_assert_int_eq(mproc_shared_memory_unlink(name), 0);
	bytes()[9] = 'b';
	ck_assert_int_eq(bytes()[0], 'a');
	block = mproc_shared_memory_close(block);
	open_fails(-ENOENT, "cannot be opened: No such file or directory");
}
END_TEST

START_TEST(slash_before_a_name_changes_nothing)
{
	char with_slash[65];

	snprintf(with_slash, sizeof with_slash, "/%s", name);
	ck_assert_int_eq(mproc_shared_memory_create(with_slash, 1, &block), 0);
	ck_assert_str_eq(mproc_shared_memory_name(block), name);
	block = mproc_shared_memory_close(block);
	ck_assert_int_eq(mproc_shared_memory_open(name, &block), 0);
	block = mproc_shared_memory_close(block);
	ck_assert_int_eq(mproc_shared_memory_open(with_slash, &block), 0);
	ck_assert_str_eq(mproc_shared_memory_name(block), name);
	block = mproc_shared_memory_close(block);
	ck_assert_int_eq(mproc_shared_memory_unlink(with_slash), 0);
}
END_TEST

START_TEST(name_is_found_when_none_is_given)
{
	mproc_shared_memory *one, *other;
	unsigned number;
	char rest = 0;

	ck_assert_int_eq(mproc_shared_memory_create(NULL, 10, &one), 0);
	ck_assert_int_eq(mproc_shared_memory_create(NULL, 10, &other), 0);
	ck_assert_str_ne(mproc_shared_memory_name(one), mproc_shared_memory_name(other));
	ck_assert_int_eq(sscanf(mproc_shared_memory_name(one), "mproc_%8x%c", &number, &rest), 1);
	ck_assert_uint_eq(strlen(mproc_shared_memory_name(one)), 14);
	ck_assert_int_eq(mproc_shared_memory_open(mproc_shared_memory_name(one), &block), 0);
	bytes()[0] = 'a';
	ck_assert_int_eq(*(char *)mproc_shared_memory_address(one), 'a');
	block = mproc_shared_memory_close(block);
	ck_assert_int_eq(mproc_shared_memory_unlink(mproc_shared_memory_name(one)), 0);
	ck_assert_int_eq(mproc_shared_memory_unlink(mproc_shared_memory_name(other)), 0);
	mproc_shared_memory_close(one);
	mproc_shared_memory_close(other);
}
END_TEST

START_TEST(block_that_is_none_has_nothing)
{
	ck_assert_ptr_null(mproc_shared_memory_address(NULL));
	ck_assert_uint_eq(mproc_shared_memory_size(NULL), 0);
	ck_assert_ptr_null(mproc_shared_memory_name(NULL));
	ck_assert_ptr_null(mproc_shared_memory_close(NULL));
}
END_TEST

static void refuse_name(const char *wrong, const char *text)
{
	check_failed(mproc_shared_memory_create(wrong, 1, &block), -EINVAL, text);
	check_failed(mproc_shared_memory_open(wrong, &block), -EINVAL, text);
	check_failed(mproc_shared_memory_unlink(wrong), -EINVAL, text);
}

START_TEST(name_that_is_none_is_refused)
{
	char longest[LONGEST + 2];

	refuse_name("", "name of 0 bytes: 1 to 250 are possible");
	refuse_name("/", "name of 0 bytes: 1 to 250 are possible");
	refuse_name("a/b", "name \"a/b\": a slash is possible only at its beginning");
	refuse_name("//a", "name \"/a\": a slash is possible only at its beginning");
	refuse_name("..", "name \"..\": means a directory");
	refuse_name("/.", "name \".\": means a directory");
	memset(longest, 'a', sizeof longest);
	longest[LONGEST + 1] = '\0';
	refuse_name(longest, "name of 251 bytes: 1 to 250 are possible");
	check_failed(mproc_shared_memory_open(NULL, &block), -EINVAL, "name is NULL");
	check_failed(mproc_shared_memory_unlink(NULL), -EINVAL, "name is NULL");
}
END_TEST

START_TEST(longest_name_is_accepted)
{
	char longest[LONGEST + 2] = "/";

	memset(longest + 1, 'm', LONGEST);
	longest[LONGEST + 1] = '\0';
	ck_assert_int_eq(mproc_shared_memory_create(longest, 1, &block), 0);
	ck_assert_str_eq(mproc_shared_memory_name(block), longest + 1);
	block = mproc_shared_memory_close(block);
	check_failed(mproc_shared_memory_create(longest, 1, &block), -EEXIST, "File exists");
	ck_assert_int_eq(mproc_shared_memory_unlink(longest), 0);
}
END_TEST

START_TEST(outputs_and_sizes_that_are_none_are_refused)
{
	check_failed(mproc_shared_memory_create(name, 1, NULL), -EINVAL, "ret_block is NULL");
	check_failed(mproc_shared_memory_open(name, NULL), -EINVAL, "ret_block is NULL");
	create_fails(0, -EINVAL, "size is 0: at least 1 is needed");
	create_fails(SIZE_MAX, -EINVAL, "shared memory of 18446744073709551615 bytes: at most");
	open_fails(-ENOENT, "No such file or directory");
}
END_TEST

START_TEST(name_that_is_taken_is_refused_and_left_alone)
{
	mproc_shared_memory *other = NULL;

	create(10);
	bytes()[0] = 'a';
	ck_assert_int_eq(mproc_shared_memory_create(name, 20, &other), -EEXIST);
	support_check_text("cannot be made in /dev/shm: File exists");
	ck_assert_ptr_null(other);
	ck_assert_int_eq(mproc_shared_memory_open(name, &other), 0);
	ck_assert_uint_eq(mproc_shared_memory_size(other), 10);
	ck_assert_int_eq(*(char *)mproc_shared_memory_address(other), 'a');
	mproc_shared_memory_close(other);
	close_and_unlink();
}
END_TEST

START_TEST(block_larger_than_the_machine_is_refused)
{
	struct sysinfo info;

	sysinfo(&info);
	create_fails((info.totalram + info.totalswap) * info.mem_unit + PAGE, -ENOMEM,
		"this machine has less memory");
	open_fails(-ENOENT, "No such file or directory");
}
END_TEST

START_TEST(block_above_the_limit_of_file_sizes_is_refused_without_a_signal)
{
	rlim_t before = limit(RLIMIT_FSIZE, PAGE);

	create_fails(PAGE + 1, -EFBIG, "4097 bytes are above RLIMIT_FSIZE, 4096");
	open_fails(-ENOENT, "No such file or directory");
	create(PAGE);
	limit(RLIMIT_FSIZE, before);
	close_and_unlink();
}
END_TEST

START_TEST(block_is_refused_when_no_descriptors_are_left)
{
	rlim_t before = limit(RLIMIT_NOFILE, 0);

	create_fails(1, -EMFILE, "cannot be made in /dev/shm: Too many open files, RLIMIT_NOFILE is 0");
	open_fails(-EMFILE, "cannot be opened: Too many open files, RLIMIT_NOFILE is 0");
	limit(RLIMIT_NOFILE, before);
}
END_TEST

START_TEST(full_file_system_is_told_of_and_no_name_is_left)
{
	if (!mount_alone("tmpfs", "/dev/shm", "size=64k"))
		return;
	create_fails(17 * PAGE, -ENOSPC, "no room for 69632 bytes: No space left on device");
	open_fails(-ENOENT, "No such file or directory");
	create(16 * PAGE);
	memset(bytes(), 'a', 16 * PAGE);
	close_and_unlink();
	ck_assert_int_eq(umount("/dev/shm"), 0);
}
END_TEST

START_TEST(file_system_that_cannot_reserve_holds_blocks_too)
{
	if (!mount_alone("ramfs", "/dev/shm", NULL))
		return;
	create(3 * PAGE + 1);
	ck_assert_int_eq(status_of_block().st_size, 3 * PAGE + 1);
	bytes()[3 * PAGE] = 'a';
	close_and_unlink();
	ck_assert_int_eq(umount("/dev/shm"), 0);
}
END_TEST

START_TEST(missing_file_system_is_told_of)
{
	if (!mount_alone("tmpfs", "/dev", NULL))
		return;
	create_fails(1, -ENOENT, "cannot be made in /dev/shm: No such file or directory");
	open_fails(-ENOENT, "cannot be opened: No such file or directory");
	ck_assert_int_eq(umount("/dev"), 0);
}
END_TEST

START_TEST(block_that_was_left_half_made_is_refused_and_can_be_unlinked)
{
	int file = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	close(file);
	open_fails(-EBADMSG, "its size is 0: it is being made, or was left over");
	create_fails(1, -EEXIST, "File exists");
	ck_assert_int_eq(mproc_shared_memory_unlink(name), 0);
	check_failed(
		mproc_shared_memory_unlink(name), -ENOENT, "cannot be unlinked: No such file or directory");
}
END_TEST

START_TEST(what_is_no_plain_file_is_refused)
{
	char path[128];

	snprintf(path, sizeof path, "/dev/shm/%s", name);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	open_fails(-EBADMSG, "no plain file");
	ck_assert_int_eq(mproc_shared_memory_unlink(name), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	open_fails(-EBADMSG, "no plain file");
	check_failed(mproc_shared_memory_unlink(name), -EBADMSG, "a directory, and no block");
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(block_that_no_addresses_are_left_for_is_refused)
{
	int file = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_eq(ftruncate(file, (off_t)1 << 60), 0);
	close(file);
	open_fails(-ENOMEM, "no room for 1152921504606846976 bytes of addresses: Cannot allocate memory");
	ck_assert_int_eq(mproc_shared_memory_unlink(name), 0);
}
END_TEST

/* From here on: other processes, and a kernel that refuses. */

static int write_and_close(void *unused)
{
	(void)unused;
	bytes()[0] = 'a';
	return mproc_shared_memory_close(block) != NULL;
}

START_TEST(child_has_the_memory_and_a_handle_of_its_own)
{
	create(10);
	ck_assert_int_eq(support_reap(support_fork(write_and_close, NULL)), 0);
	ck_assert_int_eq(bytes()[0], 'a');
	close_and_unlink();
}
END_TEST

static int open_and_write(void *unused)
{
	(void)unused;
	if (mproc_shared_memory_open(name, &block) != 0)
		return 1;
	bytes()[9] = 'a';
	return 0;
}

START_TEST(what_a_killed_process_wrote_is_there)
{
	mproc_shared_memory *mine;

	create(10);
	mine = block;
	support_kill(support_fork_and_keep(open_and_write, NULL));
	ck_assert_ptr_eq(block, mine);
	ck_assert_int_eq(bytes()[9], 'a');
	close_and_unlink();
}
END_TEST

enum {
	KILLS = 30,
	MANY = 16 << 20,
};

static int create_many(void *unused)
{
	(void)unused;
	return mproc_shared_memory_create(name, MANY, &block);
}

static void await_name(void)
{
	char path[128];

	snprintf(path, sizeof path, "/dev/shm/%s", name);
	while (access(path, F_OK) != 0)
		sched_yield();
}

START_TEST(block_of_a_killed_creator_is_complete_or_refused)
{
	for (int i = 0; i < KILLS; ++i) {
		pid_t creator = support_fork(create_many, NULL);
		int rc;

		await_name();
		for (int turn = 0; turn < i; ++turn)
			sched_yield();
		kill(creator, SIGKILL);
		support_reap(creator);
		rc = mproc_shared_memory_open(name, &block);
		ck_assert_msg(rc == 0 || rc == -EBADMSG, "%d: %s", rc, mproc_error_text());
		if (rc == 0) {
			ck_assert_uint_eq(mproc_shared_memory_size(block), MANY);
			ck_assert_int_ge(status_of_block().st_blocks * 512, MANY);
			block = mproc_shared_memory_close(block);
		}
		ck_assert_int_eq(mproc_shared_memory_unlink(name), 0);
	}
}
END_TEST

static int try_as_somebody_else(void *unused)
{
	(void)unused;
	block = NULL;
	ck_assert_int_eq(seteuid(65534), 0);
	open_fails(-EACCES, "cannot be opened: Permission denied");
	check_failed(mproc_shared_memory_unlink(name), -EACCES, "cannot be unlinked: Permission denied");
	return 0;
}

START_TEST(block_of_somebody_else_is_neither_opened_nor_unlinked)
{
	/* Only root can be somebody else. */
	if (geteuid() != 0)
		return;
	create(10);
	ck_assert_int_eq(support_reap(support_fork(try_as_somebody_else, NULL)), 0);
	close_and_unlink();
}
END_TEST

static int create_without_privileges(void *unused)
{
	(void)unused;
	if (!mount_alone("tmpfs", "/dev/shm", "mode=0755"))
		return 0;
	ck_assert_int_eq(seteuid(65534), 0);
	create_fails(1, -EACCES, "cannot be made in /dev/shm: Permission denied");
	return 0;
}

START_TEST(file_system_that_may_not_be_written_is_told_of)
{
	ck_assert_int_eq(support_reap(support_fork(create_without_privileges, NULL)), 0);
}
END_TEST

START_TEST(file_system_that_is_read_only_is_told_of)
{
	if (!mount_alone("tmpfs", "/dev/shm", NULL))
		return;
	create(1);
	block = mproc_shared_memory_close(block);
	ck_assert_int_eq(mount(NULL, "/dev/shm", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	open_fails(-EROFS, "cannot be opened: Read-only file system");
	check_failed(mproc_shared_memory_unlink(name), -EROFS, "cannot be unlinked: Read-only file system");
	/* Of the name that is there it would be told that. */
	strcat(name, "-2");
	create_fails(1, -EROFS, "cannot be made in /dev/shm: Read-only file system");
	ck_assert_int_eq(umount("/dev/shm"), 0);
}
END_TEST

static int use_too_much_locked_memory(void *unused)
{
	(void)unused;
	create(1);
	block = mproc_shared_memory_close(block);
	refuse_call(SYS_mmap, EAGAIN);
	open_fails(-EAGAIN, "no room for 1 bytes of addresses: Resource temporarily unavailable");
	ck_assert_int_eq(mproc_shared_memory_unlink(name), 0);
	create_fails(1, -EAGAIN, "no room for 1 bytes of addresses: Resource temporarily unavailable");
	return 0;
}

START_TEST(limit_of_locked_memory_is_told_of)
{
	ck_assert_int_eq(support_reap(support_fork(use_too_much_locked_memory, NULL)), 0);
}
END_TEST

static int use_a_full_file_table(void *unused)
{
	(void)unused;
	refuse_call(SYS_openat, ENFILE);
	create_fails(1, -ENFILE, "cannot be made in /dev/shm: Too many open files in system");
	open_fails(-ENFILE, "cannot be opened: Too many open files in system");
	return 0;
}

START_TEST(full_file_table_is_told_of)
{
	ck_assert_int_eq(support_reap(support_fork(use_a_full_file_table, NULL)), 0);
}
END_TEST

static size_t mapped_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	size_t pages = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%zu", &pages), 1);
	fclose(file);
	return pages * PAGE;
}

static int create_without_addresses(void *unused)
{
	static const size_t MIB = (size_t)1 << 20;

	(void)unused;
	limit(RLIMIT_AS, mapped_bytes() + 8 * MIB);
	create_fails(16 * MIB, -ENOMEM, "no room for 16777216 bytes of addresses: Cannot allocate memory");
	return 0;
}

START_TEST(block_that_cannot_be_mapped_leaves_no_name)
{
	ck_assert_int_eq(support_reap(support_fork(create_without_addresses, NULL)), 0);
	open_fails(-ENOENT, "No such file or directory");
}
END_TEST

/* A Python program, which says something and waits for a line, in turns. */
struct python {
	pid_t pid;
	FILE *to, *from;
};

static _Noreturn void be_python(const char *program, int in, int out)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execlp("python3", "python3", "-c", program, name, (char *)NULL);
	_exit(127);
}

static struct python start_python(const char *program)
{
	int in[2], out[2];
	struct python self;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	self.pid = fork();
	ck_assert_int_ge(self.pid, 0);
	if (self.pid == 0)
		be_python(program, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	self.to = fdopen(in[1], "w");
	self.from = fdopen(out[0], "r");
	return self;
}

static void expect(struct python *self, const char *expected)
{
	char line[128] = "nothing; is there a python3?";

	(void)!fgets(line, sizeof line, self->from);
	line[strcspn(line, "\n")] = '\0';
	ck_assert_str_eq(line, expected);
}

static void go_on(struct python *self)
{
	fputs("\n", self->to);
	fflush(self->to);
}

static void end_python(struct python *self)
{
	expect(self, "end");
	fclose(self->to);
	fclose(self->from);
	ck_assert_int_eq(support_reap(self->pid), 0);
}

START_TEST(python_opens_what_we_create)
{
	/* Before Python 3.13 only this keeps a program that ends from unlinking. */
	static const char PROGRAM[] = "import sys\n"
				      "from multiprocessing import resource_tracker, shared_memory\n"
				      "block = shared_memory.SharedMemory(name=sys.argv[1])\n"
				      "resource_tracker.unregister(block._name, 'shared_memory')\n"
				      "print(block.size, bytes(block.buf[:5]), flush=True)\n"
				      "sys.stdin.readline()\n"
				      "block.buf[4995:5000] = b'world'\n"
				      "block.close()\n"
				      "print('end', flush=True)\n";
	struct python python;

	create(5000);
	memcpy(bytes(), "hello", 5);
	python = start_python(PROGRAM);
	expect(&python, "5000 b'hello'");
	go_on(&python);
	end_python(&python);
	ck_assert_mem_eq(bytes() + 4994, "\0world", 6);
	close_and_unlink();
}
END_TEST

START_TEST(we_open_what_python_creates)
{
	static const char PROGRAM[] = "import sys\n"
				      "from multiprocessing import shared_memory\n"
				      "block = shared_memory.SharedMemory(sys.argv[1], True, 5000)\n"
				      "block.buf[:5] = b'hello'\n"
				      "print('created', flush=True)\n"
				      "sys.stdin.readline()\n"
				      "print(bytes(block.buf[4994:5000]), flush=True)\n"
				      "sys.stdin.readline()\n"
				      "block.close()\n"
				      "block.unlink()\n"
				      "print('end', flush=True)\n";
	struct python python = start_python(PROGRAM);

	expect(&python, "created");
	ck_assert_int_eq(mproc_shared_memory_open(name, &block), 0);
	ck_assert_uint_eq(mproc_shared_memory_size(block), 5000);
	ck_assert_mem_eq(bytes(), "hello", 5);
	memcpy(bytes() + 4995, "world", 5);
	go_on(&python);
	expect(&python, "b'\\x00world'");
	go_on(&python);
	end_python(&python);
	ck_assert_mem_eq(bytes(), "hello", 5);
	block = mproc_shared_memory_close(block);
	open_fails(-ENOENT, "No such file or directory");
}
END_TEST

START_TEST(python_finds_no_name_that_we_unlinked)
{
	static const char PROGRAM[] = "import sys\n"
				      "from multiprocessing import shared_memory\n"
				      "try:\n"
				      "    shared_memory.SharedMemory(sys.argv[1])\n"
				      "except FileNotFoundError:\n"
				      "    print('none', flush=True)\n"
				      "print('end', flush=True)\n";
	struct python python;

	create(10);
	close_and_unlink();
	python = start_python(PROGRAM);
	expect(&python, "none");
	end_python(&python);
}
END_TEST

/* Other tests do not see these names, nor these tests theirs; but for root only. */
static void mount_own(void)
{
	(void)mount_alone("tmpfs", "/dev/shm", NULL);
}

int main(void)
{
	const TTest *tests[] = {
		new_block_is_zeros_of_the_size_that_was_asked_for,
		new_block_is_only_for_this_user_whatever_the_umask,
		opened_block_is_the_same_memory,
		block_stays_until_it_is_unlinked_and_its_memory_until_it_is_closed,
		slash_before_a_name_changes_nothing,
		name_is_found_when_none_is_given,
		block_that_is_none_has_nothing,
		name_that_is_none_is_refused,
		longest_name_is_accepted,
		outputs_and_sizes_that_are_none_are_refused,
		name_that_is_taken_is_refused_and_left_alone,
		block_larger_than_the_machine_is_refused,
		block_above_the_limit_of_file_sizes_is_refused_without_a_signal,
		block_is_refused_when_no_descriptors_are_left,
		full_file_system_is_told_of_and_no_name_is_left,
		file_system_that_cannot_reserve_holds_blocks_too,
		missing_file_system_is_told_of,
		block_that_was_left_half_made_is_refused_and_can_be_unlinked,
		what_is_no_plain_file_is_refused,
		block_that_no_addresses_are_left_for_is_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		child_has_the_memory_and_a_handle_of_its_own,
		what_a_killed_process_wrote_is_there,
		block_of_a_killed_creator_is_complete_or_refused,
		block_of_somebody_else_is_neither_opened_nor_unlinked,
		file_system_that_may_not_be_written_is_told_of,
		file_system_that_is_read_only_is_told_of,
		limit_of_locked_memory_is_told_of,
		full_file_table_is_told_of,
		block_that_cannot_be_mapped_leaves_no_name,
		python_opens_what_we_create,
		we_open_what_python_creates,
		python_finds_no_name_that_we_unlinked,
		NULL,
	};
	const support_suite suite = {
		.name = "shared_memory",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = mount_own,
		.setup = make_name,
	};

	return support_run_suite(&suite);
}
