/* SPDX-License-Identifier: MIT */
/*
 * sys/keyed_text.h - the files of /proc and /sys in which each line is a key and a number.
 */
#ifndef SYS_KEYED_TEXT_H
#define SYS_KEYED_TEXT_H

#include <stdint.h>

/*
 * Find the number that follows @key in the file whose path is made from @format.
 *
 * @key  the first word of the line, with all that belongs to it: "MemAvailable:".
 *
 * Returns  0, or -ENOENT if the file cannot be read, has no such line, or no decimal number in it.
 */
int mproci_keyed_text_read(const char *key, uint64_t *ret_number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
