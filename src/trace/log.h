/* SPDX-License-Identifier: MIT */
/*
 * trace/log.h - the setting of the log, for who hands it to a process that is not forked.
 */
#ifndef TRACE_LOG_H
#define TRACE_LOG_H

#include "base/private.h"

#include <mproc/log.h>

/* What mproc_log_to has said; the descriptor is -1 when nothing is written. */
MPROCI_PRIVATE void mproci_log_setting(int *ret_descriptor, mproc_log_level *ret_level);

/* As mproc_log_to, without its checks. */
void mproci_log_set(int descriptor, mproc_log_level level);

#endif
