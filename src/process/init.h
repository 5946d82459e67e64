/* SPDX-License-Identifier: MIT */
/*
 * process/init.h - what mproc_init has noted.
 */
#ifndef PROCESS_INIT_H
#define PROCESS_INIT_H

/* The arguments of main; NULL when mproc_init was not called. */
char *const *mproci_init_arguments(void);

#endif
