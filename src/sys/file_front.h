/* SPDX-License-Identifier: MIT */
/*
 * sys/file_front.h - the first bytes of a file.
 */
#ifndef SYS_FILE_FRONT_H
#define SYS_FILE_FRONT_H

#include <stddef.h>

/*
 * Read the first bytes of the file @name in @directory, at most @size; that does not count as a use, where this user may say so.  Does
 * not follow links.
 *
 * Returns how many there are, or a negative errno without an error text.
 */
int mproci_file_front_read(int directory, const char *name, void *ret_front, size_t size);

#endif
