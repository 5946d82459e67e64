/* SPDX-License-Identifier: MIT */
/*
 * mproc/interrupt.h - ending a wait from a signal handler.
 *
 *     static void stop(int number)
 *     {
 *             mproc_interrupt();
 *     }
 *     ...
 *     signal(SIGINT, stop);
 *     rc = mproc_pool_map(pool, work, items, sizeof *items, count, NULL, 0, NULL);
 *     if (rc == -EINTR)
 *             puts("interrupted; the pool is ready for more");
 */
#ifndef MPROC_INTERRUPT_H
#define MPROC_INTERRUPT_H

#include <mproc/api.h>

MPROC_BEGIN_DECLS

/*
 * Have the calls of this process that wait for a pool return -EINTR: those that are under way; if there are
 * none, the next one.
 *
 * A map, a reduction or an apply that is interrupted is cancelled: it returns when nobody works on it any more, workers having
 * been killed.  The wait for a future or for a stream's next item just ends, and may be called again.
 *
 * mproc_pool_close goes on as mproc_pool_terminate then.  Who waits notices within 50 ms.
 *
 * Returns  nothing.
 * Threads  any, and signal handlers: async-signal-safe.
 * Fork     a child has interruptions of its own, but for one that nobody has noticed yet.
 * Crash    nothing shared is touched.
 * Cost     none: a number is counted up.
 */
MPROC_API void mproc_interrupt(void);

MPROC_END_DECLS

#endif
