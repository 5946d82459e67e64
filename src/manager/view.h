/* SPDX-License-Identifier: MIT */
/*
 * manager/view.h - bytes that lie somewhere else.
 */
#ifndef MANAGER_VIEW_H
#define MANAGER_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct mproci_view {
	const char *bytes;
	size_t size;
} mproci_view;

static inline mproci_view mproci_view_of(const char *text)
{
	return (mproci_view){text, strlen(text)};
}

static inline bool mproci_view_equal(mproci_view a, mproci_view b)
{
	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

#endif
