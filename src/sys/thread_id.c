/* SPDX-License-Identifier: MIT */
#include "sys/thread_id.h"

#include <sys/syscall.h>
#include <unistd.h>

pid_t mproci_thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}
