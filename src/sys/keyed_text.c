/* SPDX-License-Identifier: MIT */
#include "sys/keyed_text.h"

#include "sys/kernel_text.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse(const char *line, const char *key, uint64_t *ret_number)
{
	size_t length = strlen(key);
	uint64_t number;

	if (strncmp(line, key, length) != 0 || strchr(" \t", line[length]) == NULL)
		return false;
	line += length;
	line += strspn(line, " \t");
	if (!mproci_kernel_text_number(&line, &number) || strchr(" \n", *line) == NULL)
		return false;
	*ret_number = number;
	return true;
}

int mproci_keyed_text_read(const char *key, uint64_t *ret_number, const char *format, ...)
{
	char path[PATH_MAX];
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(path, sizeof path, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof path)
		return -ENOENT;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return -ENOENT;
	while (!found && getline(&line, &size, file) >= 0)
		found = parse(line, key, ret_number);
	fclose(file);
	free(line);
	return found ? 0 : -ENOENT;
}
