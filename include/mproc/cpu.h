/* SPDX-License-Identifier: MIT */
/*
 * mproc/cpu.h - how many processors there are to work on.
 *
 *     unsigned workers = mproc_cpu_count(MPROC_CPU_USABLE);
 *
 * Contract for everything in this file:
 *   Result   a count, 1 or more; 0 only for an argument that makes no sense.
 *   Threads  any thread; no lock is held between calls.
 *   Fork     the child counts for itself.  A child of a plain fork() made while another thread was
 *            inside the first call may find a lock of hwloc held for ever: count once before that.
 *   Crash    nothing shared is touched.
 *   Signals  not async-signal-safe.
 *   Memory   4 bytes for each hardware thread are kept until the process ends.
 */
#ifndef MPROC_CPU_H
#define MPROC_CPU_H

#include <mproc/api.h>

MPROC_BEGIN_DECLS

typedef enum mproc_cpu_kind {
	/* Cores that this thread may run on, and no more than its CPU quota pays for: the default
	 * number of workers. */
	MPROC_CPU_USABLE = 0,
	/* Cores in the machine, whoever may use them. */
	MPROC_CPU_PHYSICAL = 1,
	/* Hardware threads online in the machine, whoever may use them. */
	MPROC_CPU_LOGICAL = 2,
} mproc_cpu_kind;

/*
 * Count the processors of one kind.
 *
 * @kind  which processors, see above.
 *
 * MPROC_CPU_USABLE counts the cores of which at least one hardware thread is in the affinity mask
 * of the calling thread (sched_setaffinity, taskset, cpuset): the mask that a process started from
 * this thread inherits.  The quota is the lowest that a cgroup of this process or one of their
 * parents sets, of version 1 or 2, rounded up to whole processors.  Mask and quota are read at each
 * call; which hardware threads share a core is read once.  What cannot be read limits nothing: then
 * each hardware thread counts as a core, and there is no quota.
 *
 * Returns  the count, 1 or more.
 * Fails    0  @kind is none of the above; the error text names it, errno is EINVAL
 * Cost     measured on 2 hardware threads: LOGICAL 2 us, PHYSICAL 12 us, USABLE 35 us, more where
 *          much is mounted.  The first call for cores also loads the topology: 3 ms with hwloc
 *          (40 ms if its plug-ins come from the disk), 0.1 ms without.
 */
MPROC_API unsigned mproc_cpu_count(mproc_cpu_kind kind);

MPROC_END_DECLS

#endif
