/* SPDX-License-Identifier: MIT */
#include "sys/limits.h"

#include "base/error.h"
#include "sys/kernel_text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The hard limit too: otherwise a task could lift it. */
static int lower_data(uint64_t most)
{
	struct rlimit limit;
	int rc;

	if (getrlimit(RLIMIT_DATA, &limit) == 0) {
		if (limit.rlim_max > most)
			limit.rlim_max = most;
		if (limit.rlim_cur > most)
			limit.rlim_cur = most;
		if (setrlimit(RLIMIT_DATA, &limit) == 0)
			return 0;
	}
	rc = -errno;
	return mproci_fail(rc, "a limit of %llu bytes: %s", (unsigned long long)most, strerror(-rc));
}

/* "size resident shared text 0 data 0", in pages.  With the stack, which is not limited. */
static bool read_data(uint64_t *ret_size)
{
	enum {
		DATA = 5
	};
	char buffer[256];
	const char *text = buffer;
	uint64_t number = 0;

	if (mproci_kernel_text_read(buffer, sizeof buffer, "/proc/self/statm") < 0)
		return false;
	for (unsigned i = 0; i <= DATA; i++, text++)
		if (!mproci_kernel_text_number(&text, &number))
			return false;
	*ret_size = number * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

int mproci_limit_data(uint64_t more)
{
	uint64_t now;

	if (!read_data(&now))
		return mproci_fail(-ENOENT, "a limit of %llu bytes more: /proc/self/statm cannot be read",
			(unsigned long long)more);
	return lower_data(more < RLIM_INFINITY - now ? now + more : RLIM_INFINITY);
}

size_t mproci_limit_raise_descriptors(size_t count)
{
	struct rlimit limit, now;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return count;
	now = limit;
	if (limit.rlim_cur < count) {
		limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			now = limit;
	}
	return now.rlim_cur > SIZE_MAX ? SIZE_MAX : (size_t)now.rlim_cur;
}
