/* SPDX-License-Identifier: MIT */
/*
 * sys/directory.h - directories, and the names in them.
 *
 * What returns a negative errno has an error text, in which @what says what it is about, unless a function says otherwise.
 */
#ifndef SYS_DIRECTORY_H
#define SYS_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The @directory whose names are paths as a program gives them. */
extern const int MPROCI_WORKING_DIRECTORY;

/* A file in a directory: when it was used and changed, in nanoseconds since 1970. */
typedef struct mproci_file_status {
	uint64_t size, inode;
	int64_t used, changed;
	bool is_directory;
} mproci_file_status;

/*
 * Open the directory @name in @directory, to have names looked up in it; with @makes, make it if it is not there (not its
 * parents).  Returns a descriptor.
 */
int mproci_directory_open_at(int directory, const char *name, bool makes, const char *what);

/* Whether files can be made in it: it, and its file system, may be written to. */
bool mproci_directory_is_writable(int directory);

/* Called with each name but . and ..; what it returns but 0 ends the walk. */
typedef int mproci_directory_visitor(int directory, const char *name, void *argument);

/* Returns 0, or what @visitor returned last.  -ENOENT: there is no such directory.  Names that come or go meanwhile may be met or not. */
int mproci_directory_each(
	int directory, const char *name, mproci_directory_visitor *visitor, void *argument, const char *what);

/* Without an error text: 0, -ENOENT, another negative errno.  Does not follow links. */
int mproci_file_status_at(int directory, const char *name, mproci_file_status *ret_status);
int mproci_file_remove_at(int directory, const char *name);

#endif
