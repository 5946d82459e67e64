/* SPDX-License-Identifier: MIT */
#include "pool/seat.h"

#include "sys/futex.h"

_Noreturn void mproci_seat_await_death(void)
{
	static _Atomic uint32_t never;

	for (;;)
		mproci_futex_wait(&never, 0, MPROC_FOREVER);
}
