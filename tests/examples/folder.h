/* SPDX-License-Identifier: MIT */
/*
 * folder.h - folders of files in the scratch folder, for programs that work on one.
 */
#ifndef EXAMPLES_FOLDER_H
#define EXAMPLES_FOLDER_H

#include "scratch.h"

#include <dirent.h>
#include <sys/stat.h>

/* The path of something in the scratch folder; valid until the fourth call from now. */
static inline const char *path_of(const char *folder, const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof *paths, "%s/%s%s%s", scratch, folder, *name ? "/" : "", name);
	return path;
}

static inline void make_folder(const char *folder)
{
	ck_assert_int_eq(mkdir(path_of(folder, ""), 0700), 0);
}

static inline void put_file(const char *folder, const char *name, const void *data, size_t size)
{
	int fd = open(path_of(folder, name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
	close(fd);
}

static inline void put_text(const char *folder, const char *name, const char *text)
{
	put_file(folder, name, text, strlen(text));
}

/* Returns how many files it had. */
static inline int remove_folder(const char *folder)
{
	DIR *entries = opendir(path_of(folder, ""));
	int count = 0;

	ck_assert_ptr_nonnull(entries);
	for (struct dirent *entry; (entry = readdir(entries));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		ck_assert_int_eq(remove(path_of(folder, entry->d_name)), 0);
		++count;
	}
	closedir(entries);
	ck_assert_int_eq(rmdir(path_of(folder, "")), 0);
	return count;
}

#endif
