/* SPDX-License-Identifier: MIT */
#include "sys/named_memory.h"

#include "people.h"
#include "support.h"
#include "sys/kernel_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
	PAGE = 4096
};

static char name[64];

static void make_name(void)
{
	snprintf(name, sizeof name, "mproc-test-%d", (int)getpid());
}

static void create(size_t size)
{
	void *base;

	ck_assert_int_eq(mproci_named_memory_create(name, size, &base), 0);
	mproci_named_memory_close(base, size);
}

static void make_file(size_t size)
{
	int file = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(ftruncate(file, (off_t)size), 0);
	close(file);
}

static int open_fails(void)
{
	void *base = &base;
	size_t size = 77;
	int rc = mproci_named_memory_open(name, &base, &size);

	ck_assert_ptr_eq(base, &base);
	ck_assert_uint_eq(size, 77);
	return rc;
}

START_TEST(created_memory_is_zeros_and_opens_by_its_name)
{
	char *one, *other;
	size_t size;

	ck_assert_int_eq(mproci_named_memory_create(name, 3 * PAGE + 1, (void **)&one), 0);
	ck_assert_int_eq(one[0] + one[3 * PAGE], 0);
	one[3 * PAGE] = 'a';
	ck_assert_int_eq(mproci_named_memory_open(name, (void **)&other, &size), 0);
	ck_assert_uint_eq(size, 3 * PAGE + 1);
	ck_assert_int_eq(other[3 * PAGE], 'a');
	mproci_named_memory_close(one, size);
	mproci_named_memory_close(other, size);
	ck_assert_int_eq(mproci_named_memory_unlink(name), 0);
	ck_assert_int_eq(open_fails(), -ENOENT);
}
END_TEST

START_TEST(all_room_is_taken_when_memory_is_created)
{
	struct stat status;
	int file;

	create(100 * PAGE);
	file = shm_open(name, O_RDONLY, 0);
	ck_assert_int_eq(fstat(file, &status), 0);
	close(file);
	ck_assert_int_eq(status.st_size, 100 * PAGE);
	ck_assert_int_ge(status.st_blocks * 512, 100 * PAGE);
	mproci_named_memory_unlink(name);
}
END_TEST

START_TEST(memory_larger_than_the_machine_is_refused)
{
	struct sysinfo info;
	void *base = &base;

	sysinfo(&info);
	ck_assert_int_eq(
		mproci_named_memory_create(name, (info.totalram + info.totalswap) * info.mem_unit * 2, &base),
		-ENOMEM);
	support_check_text("this machine has less memory");
	ck_assert_int_eq(mproci_named_memory_create(name, SIZE_MAX, &base), -EINVAL);
	support_check_text("at most 9223372036854775807 fit into a file");
	ck_assert_ptr_eq(base, &base);
	ck_assert_int_eq(open_fails(), -ENOENT);
}
END_TEST

START_TEST(name_that_is_taken_is_not_created)
{
	void *base = &base;

	create(PAGE);
	ck_assert_int_eq(mproci_named_memory_create(name, PAGE, &base), -EEXIST);
	ck_assert_ptr_eq(base, &base);
	ck_assert_int_eq(mproci_named_memory_unlink(name), 0);
}
END_TEST

START_TEST(memory_without_a_size_is_not_opened)
{
	make_file(0);
	ck_assert_int_eq(open_fails(), -EBADMSG);
	support_check_text("its size is 0");
	ck_assert_int_eq(mproci_named_memory_unlink(name), 0);
}
END_TEST

START_TEST(memory_that_no_addresses_are_left_for_is_not_opened)
{
	make_file((size_t)1 << 60);
	ck_assert_int_eq(open_fails(), -ENOMEM);
	support_check_text("no room for 1152921504606846976 bytes of addresses");
	ck_assert_int_eq(mproci_named_memory_unlink(name), 0);
}
END_TEST

START_TEST(what_is_no_plain_file_is_not_opened)
{
	char path[128];

	snprintf(path, sizeof path, "/dev/shm/%s", name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(open_fails(), -EBADMSG);
	support_check_text("no plain file");
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(open_fails(), -EBADMSG);
	support_check_text("no plain file");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ck_assert_int_eq(open_fails(), -EBADMSG);
	support_check_text("no plain file");
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(name_that_is_not_there_is_not_unlinked)
{
	ck_assert_int_eq(mproci_named_memory_unlink(name), -ENOENT);
	support_check_text("cannot be unlinked: No such file or directory");
}
END_TEST

START_TEST(drawn_numbers_differ)
{
	uint32_t first = mproci_named_memory_draw(), other = mproci_named_memory_draw();

	/* One time in 2^64 they are all the same. */
	ck_assert(first != other || first != mproci_named_memory_draw());
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
		created_memory_is_zeros_and_opens_by_its_name,
		all_room_is_taken_when_memory_is_created,
		memory_larger_than_the_machine_is_refused,
		name_that_is_taken_is_not_created,
		memory_without_a_size_is_not_opened,
		memory_that_no_addresses_are_left_for_is_not_opened,
		what_is_no_plain_file_is_not_opened,
		name_that_is_not_there_is_not_unlinked,
		drawn_numbers_differ,
		NULL,
	};
	const support_suite suite = {
		.name = "named_memory",
		.tests = tests,
		.warm_up = mount_own,
		.setup = make_name,
	};

	return support_run_suite(&suite);
}
