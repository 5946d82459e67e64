/* SPDX-License-Identifier: MIT */
/*
 * sys/oom.h - when memory runs out and the kernel kills somebody: whether it did, and whom it should take.
 *
 * The kernel tells nobody but its log whom it killed; it only counts.  So: count before, and after a
 * process was found killed by SIGKILL that one did not kill oneself.  If the number has grown by as many as
 * such processes were found, it was them, unless the kernel killed others in the cgroup and somebody else
 * killed ours.
 */
#ifndef SYS_OOM_H
#define SYS_OOM_H

#include <stdint.h>

/* What is counted. */
enum {
	/* Kills in this process's cgroup, and for version 2 those inside of it. */
	MPROCI_OOM_CGROUP = 0,
	/* Kills on the whole machine: that it was ours is a guess. */
	MPROCI_OOM_MACHINE = 1,
};

/*
 * How many processes the kernel has killed for lack of memory since some moment in the past.
 *
 * @root  stands before every path that is opened: "" for the machine, a made-up tree in a test.
 *
 * Returns MPROCI_OOM_CGROUP or MPROCI_OOM_MACHINE; -ENOENT when the kernel (before 4.13) does not
 * count.  The kernel counts before it kills: after a death, the count is there.  Cost: about 0.1 ms.
 */
int mproci_oom_kills(const char *root, uint64_t *ret_count);

/*
 * Have the kernel rather kill this process, and what it forks later, than others: as if it had half of the
 * memory more than it has.
 * Returns 0, or -ENOENT when /proc cannot be written.
 */
int mproci_oom_prefer_me(void);

#endif
