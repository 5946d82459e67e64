/* SPDX-License-Identifier: MIT */
/*
 * sys/shared_page.h - a page of memory that is a file, for all who map it.
 */
#ifndef SYS_SHARED_PAGE_H
#define SYS_SHARED_PAGE_H

#include <stddef.h>

/*
 * Map the first page of the file @name in @directory, which is made, or made longer, with zeros, where it is not there; room for it is
 * reserved, so that the page can be touched.  Returns NULL, without an error text, where that cannot be.
 */
void *mproci_shared_page_open(int directory, const char *name);

/* A page that is no file, for this process and its children, with a copy of what that file has in it now; zeros, where it cannot be read.  Returns NULL:
 * no memory. */
void *mproci_shared_page_copy(int directory, const char *name);

void mproci_shared_page_close(void *page);

#endif
