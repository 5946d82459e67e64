/* SPDX-License-Identifier: MIT */
#include "sys/exit.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void call(int code, void *hook)
{
	((void (*)(int))(uintptr_t)hook)(code);
}

int mproci_exit_hook(void (*hook)(int code))
{
	/* Of libc's three ways this is the one that tells the exit code. */
	return on_exit(call, (void *)(uintptr_t)hook) == 0 ? 0 : -ENOMEM;
}

_Noreturn void mproci_exit(int code)
{
	exit(code);
}

void mproci_exit_flush(void)
{
	fflush(NULL);
}

_Noreturn void mproci_exit_at_once(int code)
{
	_exit(code);
}

_Noreturn void mproci_exit_now(int code)
{
	mproci_exit_flush();
	mproci_exit_at_once(code);
}
