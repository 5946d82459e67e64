/* SPDX-License-Identifier: MIT */
/*
 * process/current.h - who this process is.
 */
#ifndef PROCESS_CURRENT_H
#define PROCESS_CURRENT_H

#include "process/handle.h"
#include "process/role.h"

/* This process's name: "MainProcess" unless the library has started it. */
const char *mproci_current_name(void);

/* Who is to be the child that @process is the handle of, and who is its parent: this process. */
void mproci_current_describe(const mproc_process *process, mproci_role *ret_role);

#endif
