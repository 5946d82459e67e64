/* SPDX-License-Identifier: MIT */
/*
 * sys/file_map.h - a part of a file as memory.
 */
#ifndef SYS_FILE_MAP_H
#define SYS_FILE_MAP_H

#include <mproc/mapped_file.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mproci_file_map {
	/* The pages that are mapped; NULL when the part is empty. */
	void *base;
	size_t length;
	/* The part, which may begin within a page. */
	char *data;
	size_t size;
} mproci_file_map;

/*
 * Map a part of a file, as mproc_map_file does with @options that were checked.  Returns 0, or a negative errno with an
 * error text.
 */
int mproci_file_map_open(const char *path, uint64_t offset, size_t size,
	const mproc_map_file_options *options, mproci_file_map *ret_map);

/* Wait until what was written to these pages is on the disk.  Returns 0, or a negative errno. */
int mproci_file_map_sync(void *base, size_t length);

/* Take the pages out of this process. */
void mproci_file_map_close(void *base, size_t length);

#endif
