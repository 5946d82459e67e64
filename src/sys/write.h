/* SPDX-License-Identifier: MIT */
/*
 * sys/write.h - writing to a descriptor of the program.
 */
#ifndef SYS_WRITE_H
#define SYS_WRITE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether @descriptor is open, and for writing. */
bool mproci_is_writable(int descriptor);

/*
 * Write all @size bytes, by one system call unless the kernel takes fewer at a time.  A caught signal does
 * not end it.  Returns 0, or what write says, a negative errno with an error text; some bytes may be
 * written then.
 */
int mproci_write(int descriptor, const void *data, size_t size);

#endif
