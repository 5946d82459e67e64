/* SPDX-License-Identifier: MIT */
/*
 * sys/membarrier.h - a full fence in every thread at once, paid for by who calls for it.
 *
 * For two who must see each other's store, or one of them must: the one that is in a hurry stores and looks without a fence, the
 * other stores, has all fenced, and looks.
 */
#ifndef SYS_MEMBARRIER_H
#define SYS_MEMBARRIER_H

#include <stdbool.h>

/* Have this process's threads fenced when somebody calls for it.  Returns whether the kernel can do that. */
bool mproci_membarrier_register(void);

/*
 * Fence all threads of all processes that have registered.  Returns false where this process may not, having been forbidden
 * what others were not.  Cost: a microsecond.
 */
bool mproci_membarrier_all(void);

#endif
