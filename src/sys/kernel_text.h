/* SPDX-License-Identifier: MIT */
/*
 * sys/kernel_text.h - the small text files of /proc and /sys.
 */
#ifndef SYS_KERNEL_TEXT_H
#define SYS_KERNEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Read the first @size - 1 bytes of the file whose path is made from @format, as a string.
 *
 * Returns  0, or -ENOENT if the file cannot be read, for whatever reason; @ret_text is then unspecified.
 */
int mproci_kernel_text_read(char *ret_text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Take a decimal number from the front of *@text and move *@text behind it.
 *
 * Returns  false, and changes nothing, if no digit is there or the number is above INT64_MAX.
 */
bool mproci_kernel_text_number(const char **text, uint64_t *ret_number);

#endif
