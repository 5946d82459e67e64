/* SPDX-License-Identifier: MIT */
#include "sys/membarrier.h"

#include <linux/membarrier.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static long membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

bool mproci_membarrier_register(void)
{
	return membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0;
}

bool mproci_membarrier_all(void)
{
	bool is_done = membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0;

	atomic_thread_fence(memory_order_seq_cst);
	return is_done;
}
