/* SPDX-License-Identifier: MIT */
/*
 * sys/null.h - for the few public functions that return a pointer, and so set errno as malloc does.
 */
#ifndef SYS_NULL_H
#define SYS_NULL_H

/* Set errno to what the negative @rc stands for; always returns NULL. */
void *mproci_null(int rc);

#endif
