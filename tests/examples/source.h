/* SPDX-License-Identifier: MIT */
/*
 * source.h - what stands in this repository.
 */
#ifndef EXAMPLES_SOURCE_H
#define EXAMPLES_SOURCE_H

#include "program.h"

#include <limits.h>

/* This file is tests/examples/source.h; CMake names what includes it by its full path. */
static inline char *read_source(const char *path_in_repository)
{
	char path[PATH_MAX] = __FILE__;
	char *text;
	int fd;

	for (int levels = 0; levels < 3; ++levels)
		*strrchr(path, '/') = '\0';
	snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", path_in_repository);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	text = read_whole(fd);
	close(fd);
	return text;
}

#endif
