/* SPDX-License-Identifier: MIT */
/*
 * Stands for remote_flag.c where there is no libmproc-net.
 */
#include "../command.h"
#include "flag.h"

remote_flag_settings remote_flags;
const bool has_remote_flags = false;

static void *create(void)
{
	complain("this program was built without libmproc-net");
	return NULL;
}

static void destroy(void *flag)
{
	(void)flag;
}

static int use(void *flag)
{
	(void)flag;
	return -ENOSYS;
}

const flag_kind MANAGER_FLAG = {create, destroy, use, use, use};
const flag_kind REDIS_FLAG = {create, destroy, use, use, use};
