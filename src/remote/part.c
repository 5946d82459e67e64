/* SPDX-License-Identifier: MIT */
#include "remote/part.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *mproci_part_name(const char *name, const char *part)
{
	size_t size = strlen(name) + strlen(part) + sizeof "{}:";
	char *text = malloc(size);

	if (text != NULL)
		snprintf(text, size, "{%s}:%s", name, part);
	return text;
}

int mproci_part_milliseconds(const char *option, double seconds, int64_t otherwise, int64_t *ret_milliseconds)
{
	if (seconds == 0) {
		*ret_milliseconds = otherwise;
		return 0;
	}
	/* Also of what is no number. */
	if (!(seconds >= 0.001 && seconds <= 31536000))
		return mproci_fail(-EINVAL, "%s is %g seconds, not 0.001 to 31536000", option, seconds);
	*ret_milliseconds = (int64_t)(seconds * 1000);
	return 0;
}
