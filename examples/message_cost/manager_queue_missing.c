/* SPDX-License-Identifier: MIT */
/*
 * In place of manager_queue.c where this was built without libmproc-net.
 */
#include "way.h"

const way MANAGER_QUEUE = {.name = NULL};
