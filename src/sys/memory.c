/* SPDX-License-Identifier: MIT */
#include "sys/memory.h"

#include "base/error.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/* Is there in a program that runs under ThreadSanitizer, whether the library was built for it or not. */
extern void __tsan_init(void) __attribute__((weak));

typedef struct region {
	void *hint;
	size_t largest;
} region;

static region choose_region(void)
{
	/* TSan lets a program have memory in some places only, and shadows what is reserved. */
	if (__tsan_init != NULL)
		return (region){(void *)0x4000000000, (size_t)4 << 30};
	return (region){(void *)0x200000000000, SIZE_MAX};
}

/* With 256 GiB, below where a program lies that has 39 bits of addresses. */
static void *const LOW_HINT = (void *)0x1000000000;

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* What the kernel hands out: some for arm64 have pages of 16 or 64 KiB. */
static uintptr_t kernel_page(void)
{
	uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);

	return size > MPROCI_PAGE ? size : MPROCI_PAGE;
}

static size_t fit_to_limit(size_t size, int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= size)
		return size;
	return limit.rlim_cur / MPROCI_PAGE * MPROCI_PAGE;
}

/*
 * Whether the program has the kernel lock whatever is mapped from now on (MCL_FUTURE), and so fill it.
 * The kernel does not tell, but it refuses to drop what is locked.
 */
static bool is_locking(void)
{
	void *page = mmap(NULL, MPROCI_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool is_locked;

	if (page == MAP_FAILED)
		return false;
	is_locked = madvise(page, MPROCI_PAGE, MADV_DONTNEED) != 0;
	munmap(page, MPROCI_PAGE);
	return is_locked;
}

/*
 * Unlocked, a page grows into as many without being filled, and without regard to the limit of locked
 * memory.
 */
static void *map_unlocked(void *hint, int how, int fd, size_t size)
{
	void *page, *base = MAP_FAILED;

	page = mmap(hint, MPROCI_PAGE, PROT_READ | PROT_WRITE, how, fd, 0);
	if (page == MAP_FAILED)
		return page;
	if (munlock(page, MPROCI_PAGE) == 0)
		base = mremap(page, MPROCI_PAGE, size, MREMAP_MAYMOVE);
	if (base == MAP_FAILED)
		munmap(page, MPROCI_PAGE);
	return base;
}

static void *map_at(void *hint, int placing, int fd, size_t size)
{
	int how = MAP_SHARED | MAP_NORESERVE | placing;

	if (is_locking())
		return map_unlocked(hint, how, fd, size);
	return mmap(hint, size, PROT_READ | PROT_WRITE, how, fd, 0);
}

static void *map(int fd, size_t size)
{
	void *base;

	base = map_at(choose_region().hint, MAP_FIXED_NOREPLACE, fd, size);
	/* Kernels for arm64 may have no more than 39 bits of addresses. */
	if (base == MAP_FAILED && errno == ENOMEM)
		base = map_at(LOW_HINT, MAP_FIXED_NOREPLACE, fd, size);
	/* Something else lies there: children inherit any other place just as well. */
	if (base == MAP_FAILED && errno == EEXIST)
		base = map_at(NULL, 0, fd, size);
	return base;
}

/* A limit may also be eaten into by what is mapped already: halve until it fits. */
static void *map_largest(int fd, size_t size, size_t least, size_t *ret_size)
{
	void *base = MAP_FAILED;

	for (; size >= least && base == MAP_FAILED; size = size / 2 / MPROCI_PAGE * MPROCI_PAGE) {
		*ret_size = size;
		base = map(fd, size);
	}
	return base;
}

static int reserve(int fd, size_t size, size_t least, void **ret_base, size_t *ret_size)
{
	void *base;

	base = map_largest(fd, size, least, &size);
	if (base == MAP_FAILED)
		return mproci_fail(-ENOMEM, "shared memory: no room for %zu MiB of addresses", least >> 20);
	if (ftruncate(fd, (off_t)size) != 0) {
		int rc = -errno;

		munmap(base, size);
		return mproci_fail(rc, "shared memory: cannot make it %zu MiB large", size >> 20);
	}
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	madvise(base, size, MADV_DONTDUMP);
	*ret_base = base;
	*ret_size = size;
	return 0;
}

bool mproci_memory_is_file(int fd, size_t size)
{
	struct stat info;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && fstat(fd, &info) == 0 && info.st_size > 0
	       && (size_t)info.st_size == size;
}

int mproci_memory_map(int fd, void *base, size_t size)
{
	void *place = mmap(
		base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);

	if (place == base) {
		madvise(base, size, MADV_DONTDUMP);
		return 0;
	}
	/* A kernel before 4.17 takes the place for a hint. */
	if (place != MAP_FAILED)
		munmap(place, size);
	return place == MAP_FAILED ? -errno : -EEXIST;
}

int mproci_memory_reserve(size_t size, size_t least, void **ret_base, size_t *ret_size, int *ret_file)
{
	size_t largest = choose_region().largest;
	int fd, rc;

	size = fit_to_limit(fit_to_limit(size < largest ? size : largest, RLIMIT_AS), RLIMIT_FSIZE);
	if (size < least)
		return mproci_fail(-ENOMEM,
			"shared memory: RLIMIT_AS or RLIMIT_FSIZE allows %zu MiB, needed are %zu MiB",
			size >> 20, least >> 20);
	fd = memfd_create("mproc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return mproci_fail_descriptor(-errno, "shared memory: cannot make a memory file");
	rc = fd = mproci_descriptor_lift(fd);
	if (fd >= 0)
		rc = reserve(fd, size, least, ret_base, ret_size);
	if (rc < 0)
		mproci_close(fd);
	else
		*ret_file = fd;
	return rc;
}

void mproci_memory_unreserve(void *base, size_t size)
{
	munmap(base, size);
}

/* The kernel would rather kill somebody than refuse a page: refuse here what cannot be there. */
bool mproci_memory_is_beyond_machine(size_t size)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 && size / info.mem_unit > info.totalram + info.totalswap;
}

int mproci_memory_commit(void *start, size_t size)
{
	uintptr_t page = kernel_page(), first = (uintptr_t)start & ~(page - 1);
	uintptr_t end = ((uintptr_t)start + size + page - 1) & ~(page - 1);

	if (mproci_memory_is_beyond_machine(size))
		return -ENOMEM;
	while (madvise((void *)first, end - first, MADV_POPULATE_WRITE) != 0) {
		/* A kernel before 5.14 cannot; then pages come when they are touched. */
		if (errno == EINVAL)
			return 0;
		if (errno != EINTR && errno != EAGAIN)
			return -ENOMEM;
	}
	return 0;
}

int mproci_memory_decommit(void *start, size_t size)
{
	uintptr_t page = kernel_page(), whole = ((uintptr_t)start + page - 1) & ~(page - 1);
	uintptr_t end = (uintptr_t)start + size, whole_end = end & ~(page - 1);

	if (page == MPROCI_PAGE || (whole == (uintptr_t)start && whole_end == end))
		return madvise(start, size, MADV_REMOVE) == 0 ? 0 : -errno;
	/* What shares a page of the kernel with others stays. */
	if (whole >= whole_end) {
		memset(start, 0, size);
		return 0;
	}
	memset(start, 0, whole - (uintptr_t)start);
	memset((void *)whole_end, 0, end - whole_end);
	return madvise((void *)whole, whole_end - whole, MADV_REMOVE) == 0 ? 0 : -errno;
}

void *mproci_memory_wiped_on_fork(void)
{
	void *page;

	page = mmap(NULL, MPROCI_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, MPROCI_PAGE, MADV_WIPEONFORK) == 0)
		return page;
	munmap(page, MPROCI_PAGE);
	return NULL;
}
