/* SPDX-License-Identifier: MIT */
/*
 * trace/timeline_fixture.h - a time line in the directory of sys/tree_fixture.h, and a look at what it says.
 */
#ifndef TRACE_TIMELINE_FIXTURE_H
#define TRACE_TIMELINE_FIXTURE_H

#include "sys/file_fixture.h"

#include <stdbool.h>

/* An empty file /name. */
static inline void make_empty(const char *name)
{
	tree_write(name, "");
}

/* The whole file /name; valid until the next call. */
static inline const char *contents_of(const char *name)
{
	static char *text;
	static size_t room;
	FILE *file = fopen(in_tree(name), "re");

	ck_assert_ptr_nonnull(file);
	if (getdelim(&text, &room, '\0', file) < 0)
		text[0] = '\0';
	fclose(file);
	return text;
}

/* The next @what at @at or later, before @end; NULL: there is none.  Not strstr, which sanitizers have look to the end each time. */
static inline const char *find_in(const char *at, const char *end, const char *what)
{
	return memmem(at, (size_t)(end - at), what, strlen(what));
}

/* How often @what occurs in @text. */
static inline unsigned count_in(const char *text, const char *what)
{
	const char *end = text + strlen(text);
	unsigned count = 0;

	for (const char *at = text; (at = find_in(at, end, what)) != NULL; ++at)
		++count;
	return count;
}

#endif
