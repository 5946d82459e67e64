/* SPDX-License-Identifier: MIT */
#include "sys/memory.h"

#include "support.h"

#include <errno.h>
#include <inttypes.h>
#include <mproc/result.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static const size_t WISHED = (size_t)64 << 30;

/* What most tests reserve. */
static char *base;
static size_t size;
/* Of the memory that was reserved last. */
static int memory_file = -1;

static void reserve(void)
{
	ck_assert_int_eq(mproci_memory_reserve(WISHED, MIB, (void **)&base, &size, &memory_file), 0);
}

static void unreserve(void)
{
	mproci_memory_unreserve(base, size);
	close(memory_file);
	memory_file = -1;
}

/* What smaps says about the mapping that begins at @start, in the line that begins with @key. */
static void read_smaps(const void *start, const char *key, char *ret_value, size_t value_size)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	char line[512];
	bool is_found = false;

	*ret_value = '\0';
	ck_assert_ptr_nonnull(file);
	while (*ret_value == '\0' && fgets(line, sizeof line, file)) {
		uintptr_t first;

		if (sscanf(line, "%" SCNxPTR "-", &first) == 1 && strchr(line, '-') != NULL)
			is_found = first == (uintptr_t)start;
		else if (is_found && strncmp(line, key, strlen(key)) == 0)
			snprintf(ret_value, value_size, "%s", line + strlen(key));
	}
	fclose(file);
}

static long resident_kib_of(const void *start)
{
	char value[256];

	read_smaps(start, "Rss:", value, sizeof value);
	return strtol(value, NULL, 10);
}

static long resident_kib(void)
{
	return resident_kib_of(base);
}

static size_t mapped_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	size_t pages = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%zu", &pages), 1);
	fclose(file);
	return pages * MPROCI_PAGE;
}

static void limit(int resource, size_t most)
{
	struct rlimit now;

	getrlimit(resource, &now);
	now.rlim_cur = most;
	ck_assert_int_eq(setrlimit(resource, &now), 0);
}

START_TEST(reserved_memory_is_zeroed_and_writable_to_its_end)
{
	ck_assert_int_eq(base[0], 0);
	ck_assert_int_eq(base[size - 1], 0);
	base[0] = base[size - 1] = 1;
	ck_assert_int_eq(base[0] + base[size - 1], 2);
}
END_TEST

START_TEST(reserved_memory_takes_no_memory_until_it_is_used)
{
	ck_assert_int_eq(resident_kib(), 0);
	base[size / 2] = 1;
	ck_assert_int_eq(resident_kib(), MPROCI_PAGE / 1024);
}
END_TEST

START_TEST(reserved_memory_is_not_in_core_dumps)
{
	char flags[256];

	read_smaps(base, "VmFlags:", flags, sizeof flags);
	ck_assert_ptr_nonnull(strstr(flags, " dd"));
}
END_TEST

START_TEST(reserved_memory_has_no_name_and_no_descriptor)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char line[512], at[32];
	bool is_deleted = false;

	snprintf(at, sizeof at, "%" PRIxPTR "-", (uintptr_t)base);
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, at, strlen(at)) == 0)
			is_deleted = strstr(line, "/memfd:mproc (deleted)") != NULL;
	}
	fclose(file);
	ck_assert(is_deleted);
}
END_TEST

START_TEST(place_that_is_taken_is_not_overwritten)
{
	char *other;
	size_t other_size;

	base[0] = 'a';
	ck_assert_int_eq(mproci_memory_reserve(WISHED, MIB, (void **)&other, &other_size, &memory_file), 0);
	ck_assert_ptr_ne(other, base);
	ck_assert_int_eq(other[0], 0);
	ck_assert_int_eq(base[0], 'a');
	mproci_memory_unreserve(other, other_size);
}
END_TEST

START_TEST(commit_provides_the_pages)
{
	ck_assert_int_eq(mproci_memory_commit(base, 10 * MPROCI_PAGE), 0);
	ck_assert_int_eq(resident_kib(), 10 * MPROCI_PAGE / 1024);
}
END_TEST

START_TEST(commit_widens_to_whole_pages)
{
	ck_assert_int_eq(mproci_memory_commit(base + MPROCI_PAGE - 1, 2), 0);
	ck_assert_int_eq(resident_kib(), 2 * MPROCI_PAGE / 1024);
}
END_TEST

START_TEST(commit_leaves_what_is_there)
{
	base[5] = 'a';
	ck_assert_int_eq(mproci_memory_commit(base, MPROCI_PAGE), 0);
	ck_assert_int_eq(base[5], 'a');
}
END_TEST

START_TEST(commit_of_more_than_the_machine_has_fails)
{
	struct sysinfo info;

	sysinfo(&info);
	ck_assert_int_eq(
		mproci_memory_commit(base, (info.totalram + info.totalswap) * info.mem_unit * 2), -ENOMEM);
	ck_assert_int_eq(mproci_memory_commit(base, SIZE_MAX - MPROCI_PAGE), -ENOMEM);
	ck_assert_int_eq(resident_kib(), 0);
}
END_TEST

START_TEST(commit_of_what_is_not_mapped_fails)
{
	char *hole = mmap(NULL, MPROCI_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(hole, MPROCI_PAGE);
	ck_assert_int_eq(mproci_memory_commit(hole, MPROCI_PAGE), -ENOMEM);
}
END_TEST

START_TEST(decommitted_pages_read_as_zero_and_take_no_memory)
{
	memset(base, 'a', 4 * MPROCI_PAGE);
	ck_assert_int_eq(mproci_memory_decommit(base + MPROCI_PAGE, 2 * MPROCI_PAGE), 0);
	ck_assert_int_eq(resident_kib(), 2 * MPROCI_PAGE / 1024);
	ck_assert_int_eq(base[MPROCI_PAGE - 1], 'a');
	ck_assert_int_eq(base[MPROCI_PAGE], 0);
	ck_assert_int_eq(base[3 * MPROCI_PAGE - 1], 0);
	ck_assert_int_eq(base[3 * MPROCI_PAGE], 'a');
}
END_TEST

START_TEST(decommit_of_less_than_a_page_is_refused)
{
	ck_assert_int_eq(mproci_memory_decommit(base + 1, MPROCI_PAGE), -EINVAL);
}
END_TEST

/* Another kernel than the one that runs: with larger pages, or fewer addresses; 0: that one. */
static size_t pretended_page;
static uintptr_t pretended_end;

long __real_sysconf(int name);
long __wrap_sysconf(int name);
int __real_madvise(void *start, size_t length, int advice);
int __wrap_madvise(void *start, size_t length, int advice);
void *__real_mmap(void *start, size_t length, int access, int flags, int file, off_t offset);
void *__wrap_mmap(void *start, size_t length, int access, int flags, int file, off_t offset);

long __wrap_sysconf(int name)
{
	return name == _SC_PAGESIZE && pretended_page != 0 ? (long)pretended_page : __real_sysconf(name);
}

/* As Linux does: the start must be that of a page, and the length is rounded up. */
int __wrap_madvise(void *start, size_t length, int advice)
{
	if (pretended_page != 0 && (uintptr_t)start % pretended_page != 0) {
		errno = EINVAL;
		return -1;
	}
	if (pretended_page != 0)
		length = (length + pretended_page - 1) & ~(pretended_page - 1);
	return __real_madvise(start, length, advice);
}

void *__wrap_mmap(void *start, size_t length, int access, int flags, int file, off_t offset)
{
	if (pretended_end != 0 && (uintptr_t)start + length > pretended_end) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return __real_mmap(start, length, access, flags, file, offset);
}

enum {
	LARGE_PAGE = 65536
};

START_TEST(commit_widens_to_the_larger_pages_of_another_kernel)
{
	pretended_page = LARGE_PAGE;
	ck_assert_int_eq(mproci_memory_commit(base + 3 * LARGE_PAGE - MPROCI_PAGE, 2 * MPROCI_PAGE), 0);
	ck_assert_int_eq(resident_kib(), 2 * LARGE_PAGE / 1024);
}
END_TEST

/* Decommit from @first to @end: only that is zeroed, and @pages of the kernel are given back. */
static void decommit(size_t first, size_t end, long pages)
{
	enum {
		TOUCHED = 5 * LARGE_PAGE
	};

	memset(base, 1, TOUCHED);
	ck_assert_int_eq(mproci_memory_decommit(base + first, end - first), 0);
	ck_assert_int_eq(resident_kib(), (TOUCHED - pages * LARGE_PAGE) / 1024);
	for (size_t i = 0; i < TOUCHED; ++i)
		ck_assert_msg(base[i] == (i < first || i >= end), "byte %zu of %zu to %zu", i, first, end);
}

START_TEST(decommit_spares_what_shares_a_larger_page)
{
	pretended_page = LARGE_PAGE;
	decommit(MPROCI_PAGE, 2 * MPROCI_PAGE, 0);
	decommit(LARGE_PAGE, LARGE_PAGE + MPROCI_PAGE, 0);
	decommit(2 * LARGE_PAGE - MPROCI_PAGE, 2 * LARGE_PAGE, 0);
	decommit(LARGE_PAGE - MPROCI_PAGE, 4 * LARGE_PAGE + MPROCI_PAGE, 3);
	decommit(LARGE_PAGE, 3 * LARGE_PAGE, 2);
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* whose own memory lies there */
START_TEST(reservation_has_a_place_among_addresses_of_39_bits)
{
	unreserve();
	pretended_end = UINT64_C(1) << 39;
	reserve();
	ck_assert_uint_eq(size, WISHED);
	ck_assert_uint_le((uintptr_t)base + size, pretended_end);
}
END_TEST
#endif

START_TEST(nothing_stays_mapped_after_unreserve)
{
	size_t before = mapped_bytes(), other_size;
	void *other;

	ck_assert_int_eq(mproci_memory_reserve(WISHED, MIB, &other, &other_size, &memory_file), 0);
	ck_assert_uint_ge(mapped_bytes(), before + other_size);
	mproci_memory_unreserve(other, other_size);
	ck_assert_uint_lt(mapped_bytes(), before + MIB);
}
END_TEST

START_TEST(reservation_shrinks_to_the_limit_of_addresses)
{
	void *other;
	size_t other_size;

	limit(RLIMIT_AS, mapped_bytes() + 64 * MIB);
	ck_assert_int_eq(mproci_memory_reserve(WISHED, MIB, &other, &other_size, &memory_file), 0);
	ck_assert_uint_le(other_size, 64 * MIB);
	ck_assert_uint_ge(other_size, 8 * MIB);
	mproci_memory_unreserve(other, other_size);
}
END_TEST

START_TEST(reservation_fails_below_its_least_under_the_limit_of_addresses)
{
	void *other = &other;
	size_t other_size = 1;

	limit(RLIMIT_AS, mapped_bytes() + 64 * MIB);
	ck_assert_int_eq(
		mproci_memory_reserve(WISHED, 128 * MIB, &other, &other_size, &memory_file), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), "128 MiB"));
	ck_assert_ptr_eq(other, &other);
	ck_assert_uint_eq(other_size, 1);
}
END_TEST

START_TEST(reservation_shrinks_to_the_limit_of_file_sizes)
{
	char *other;
	size_t other_size;

	limit(RLIMIT_FSIZE, 10 * MIB + 1);
	ck_assert_int_eq(mproci_memory_reserve(WISHED, MIB, (void **)&other, &other_size, &memory_file), 0);
	ck_assert_uint_eq(other_size, 10 * MIB);
	other[other_size - 1] = 1;
	mproci_memory_unreserve(other, other_size);
}
END_TEST

START_TEST(reservation_fails_below_its_least_under_the_limit_of_file_sizes)
{
	void *other = &other;
	size_t other_size = 1;

	limit(RLIMIT_FSIZE, 10 * MIB);
	ck_assert_int_eq(mproci_memory_reserve(WISHED, 16 * MIB, &other, &other_size, &memory_file), -ENOMEM);
	ck_assert_str_eq(mproc_error_text(),
		"shared memory: RLIMIT_AS or RLIMIT_FSIZE allows 10 MiB, needed are 16 MiB");
	ck_assert_ptr_eq(other, &other);
	ck_assert_uint_eq(other_size, 1);
}
END_TEST

START_TEST(reservation_fails_when_no_descriptors_are_left)
{
	struct rlimit before;
	void *other = &other;
	size_t other_size;
	int rc;

	getrlimit(RLIMIT_NOFILE, &before);
	limit(RLIMIT_NOFILE, 0);
	rc = mproci_memory_reserve(WISHED, MIB, &other, &other_size, &memory_file);
	limit(RLIMIT_NOFILE, before.rlim_cur);
	ck_assert_int_eq(rc, -EMFILE);
	ck_assert_ptr_eq(other, &other);
	ck_assert_ptr_nonnull(strstr(mproc_error_text(), strerror(EMFILE)));
}
END_TEST

/* What /proc/self/status says in the line that begins with @key, in KiB. */
static long status_kib(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long value = -1;

	ck_assert_ptr_nonnull(file);
	while (value < 0 && fgets(line, sizeof line, file)) {
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtol(line + strlen(key), NULL, 10);
	}
	fclose(file);
	ck_assert_int_ge(value, 0);
	return value;
}

/* Reserve, use and give back a little: nothing else may be locked or filled. */
static void check_reserves_unlocked(size_t wished)
{
	long locked = status_kib("VmLck:");
	char *other;
	size_t other_size;

	ck_assert_msg(mproci_memory_reserve(wished, MIB, (void **)&other, &other_size, &memory_file) == 0,
		"%s", mproc_error_text());
	ck_assert_uint_eq(other_size, wished);
	other[other_size - 1] = 1;
	ck_assert_int_eq(mproci_memory_commit(other, MIB), 0);
	ck_assert_int_eq(status_kib("VmLck:"), locked);
	/* Not RssShmem, which kernels before 6.2 count in steps of 64 pages. */
	ck_assert_int_eq(resident_kib_of(other), 1024 + MPROCI_PAGE / 1024);
	ck_assert_int_eq(mproci_memory_decommit(other, MIB), 0);
	ck_assert_int_eq(resident_kib_of(other), MPROCI_PAGE / 1024);
	mproci_memory_unreserve(other, other_size);
}

/* Where the system allows it.  Sanitizers make nothing of it. */
START_TEST(reserved_memory_is_not_filled_where_whatever_is_mapped_is_locked)
{
	char *page;

	if (mlockall(MCL_FUTURE) != 0)
		return;
	/* The usual place is taken, and then it is not. */
	check_reserves_unlocked(256 * MIB);
	unreserve();
	check_reserves_unlocked(256 * MIB);
	page = mproci_memory_wiped_on_fork();
	ck_assert_ptr_nonnull(page);
	munmap(page, MPROCI_PAGE);
	munlockall();
	reserve();
}
END_TEST

START_TEST(wiped_page_is_zeroed_and_writable)
{
	char *page = mproci_memory_wiped_on_fork();

	ck_assert_ptr_nonnull(page);
	ck_assert_int_eq(page[MPROCI_PAGE - 1], 0);
	page[0] = 'a';
	ck_assert_int_eq(page[0], 'a');
	munmap(page, MPROCI_PAGE);
}
END_TEST

/* Run @check in a forked child: its result. */
static int in_child(int (*check)(void *), void *argument)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(check(argument));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int first_byte(void *address)
{
	return *(char *)address;
}

static int put_byte(void *address)
{
	*(char *)address = 'b';
	return 0;
}

START_TEST(child_sees_what_was_written_and_parent_what_the_child_writes)
{
	base[0] = 'a';
	ck_assert_int_eq(in_child(first_byte, base), 'a');
	ck_assert_int_eq(in_child(put_byte, base + size - 1), 0);
	ck_assert_int_eq(base[size - 1], 'b');
}
END_TEST

static int decommit_first_page(void *unused)
{
	(void)unused;
	return -mproci_memory_decommit(base, MPROCI_PAGE);
}

START_TEST(page_that_a_child_decommits_reads_as_zero_here)
{
	base[0] = 'a';
	ck_assert_int_eq(in_child(decommit_first_page, NULL), 0);
	ck_assert_int_eq(base[0], 0);
}
END_TEST

/* A program without privileges may lock little, and reserves much. */
static int reserve_beyond_the_limit_of_locks(void *unused)
{
	static const struct rlimit little = {.rlim_cur = 8 * MIB, .rlim_max = 8 * MIB};

	(void)unused;
	if (setrlimit(RLIMIT_MEMLOCK, &little) != 0
		|| (geteuid() == 0 && setresuid(54321, 54321, 54321) != 0))
		return 1;
	if (mlockall(MCL_FUTURE) == 0)
		check_reserves_unlocked(256 * MIB);
	return 0;
}

START_TEST(reservation_is_not_held_to_the_limit_of_locked_memory)
{
	ck_assert_int_eq(in_child(reserve_beyond_the_limit_of_locks, NULL), 0);
}
END_TEST

START_TEST(child_finds_its_page_wiped)
{
	char *page = mproci_memory_wiped_on_fork();

	page[0] = 'a';
	ck_assert_int_eq(in_child(first_byte, page), 0);
	ck_assert_int_eq(in_child(put_byte, page), 0);
	ck_assert_int_eq(page[0], 'a');
	munmap(page, MPROCI_PAGE);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		reserved_memory_is_zeroed_and_writable_to_its_end,
		reserved_memory_takes_no_memory_until_it_is_used,
		reserved_memory_is_not_in_core_dumps,
		reserved_memory_has_no_name_and_no_descriptor,
		place_that_is_taken_is_not_overwritten,
		commit_provides_the_pages,
		commit_widens_to_whole_pages,
		commit_leaves_what_is_there,
		commit_of_more_than_the_machine_has_fails,
		commit_of_what_is_not_mapped_fails,
		decommitted_pages_read_as_zero_and_take_no_memory,
		decommit_of_less_than_a_page_is_refused,
		commit_widens_to_the_larger_pages_of_another_kernel,
		decommit_spares_what_shares_a_larger_page,
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		reservation_has_a_place_among_addresses_of_39_bits,
#endif
		nothing_stays_mapped_after_unreserve,
		reservation_shrinks_to_the_limit_of_addresses,
		reservation_fails_below_its_least_under_the_limit_of_addresses,
		reservation_shrinks_to_the_limit_of_file_sizes,
		reservation_fails_below_its_least_under_the_limit_of_file_sizes,
		reservation_fails_when_no_descriptors_are_left,
		reserved_memory_is_not_filled_where_whatever_is_mapped_is_locked,
		wiped_page_is_zeroed_and_writable,
		NULL,
	};
	const TTest *process_tests[] = {
		child_sees_what_was_written_and_parent_what_the_child_writes,
		page_that_a_child_decommits_reads_as_zero_here,
		reservation_is_not_held_to_the_limit_of_locked_memory,
		child_finds_its_page_wiped,
		NULL,
	};
	const support_suite suite = {
		.name = "memory",
		.tests = tests,
		.process_tests = process_tests,
		.setup = reserve,
		.teardown = unreserve,
	};

	return support_run_suite(&suite);
}
