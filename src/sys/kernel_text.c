/* SPDX-License-Identifier: MIT */
/*
 * The kernel makes these files up at the first read and hands out up to a page at once, so one read
 * is enough, and no buffer is allocated.
 */
#include "sys/kernel_text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int mproci_kernel_text_read(char *ret_text, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(path, sizeof path, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof path)
		return -ENOENT;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	ssize_t count = read(fd, ret_text, size - 1);
	close(fd);
	if (count < 0)
		return -ENOENT;
	ret_text[count] = '\0';
	return 0;
}

bool mproci_kernel_text_number(const char **text, uint64_t *ret_number)
{
	const char *digit = *text;
	uint64_t number = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++) {
		unsigned value = (unsigned)(*digit - '0');
		if (number > ((uint64_t)INT64_MAX - value) / 10)
			return false;
		number = number * 10 + value;
	}
	if (digit == *text)
		return false;
	*text = digit;
	*ret_number = number;
	return true;
}
