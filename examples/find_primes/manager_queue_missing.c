/* SPDX-License-Identifier: MIT */
/*
 * Stands for manager_queue.c where there is no libmproc-net.
 */
#include "../command.h"
#include "search.h"

int search_by_manager(search *self)
{
	(void)self;
	complain("this program was built without libmproc-net");
	return -ENOSYS;
}
