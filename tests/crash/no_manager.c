/* SPDX-License-Identifier: MIT */
/* In the place of crash_manager.c where libmproc-net is not built. */
#include "crash.h"

const crash_operation crash_manager_operations[] = {{0}};
