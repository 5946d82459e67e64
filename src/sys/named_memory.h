/* SPDX-License-Identifier: MIT */
/*
 * sys/named_memory.h - memory with a name, in /dev/shm.  Names are without a slash, and of at most
 * MPROCI_SHARED_NAME_LIMIT bytes.
 */
#ifndef SYS_NAMED_MEMORY_H
#define SYS_NAMED_MEMORY_H

#include <stddef.h>
#include <stdint.h>

enum {
	MPROCI_SHARED_NAME_LIMIT = 250
};

/*
 * Make @size bytes (at least 1) of that name, and map them.  The name has a size of 0 until everything is there.
 *
 * Returns 0, or a negative errno with an error text: what mproc_shared_memory_create documents.
 */
int mproci_named_memory_create(const char *name, size_t size, void **ret_base);

/* Map what has that name.  Returns as mproc_shared_memory_open. */
int mproci_named_memory_open(const char *name, void **ret_base, size_t *ret_size);

/* Undo either, for this process. */
void mproci_named_memory_close(void *base, size_t size);

/* Remove the name.  Returns as mproc_shared_memory_unlink. */
int mproci_named_memory_unlink(const char *name);

/* A number for a name that nobody else should have come upon. */
uint32_t mproci_named_memory_draw(void);

#endif
