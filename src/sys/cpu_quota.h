/* SPDX-License-Identifier: MIT */
/*
 * sys/cpu_quota.h - how much CPU time the cgroups of this process let it use.
 */
#ifndef SYS_CPU_QUOTA_H
#define SYS_CPU_QUOTA_H

/*
 * Tell how many CPUs this process may keep busy, rounded up.
 *
 * @root  stands before every path that is opened: "" for the machine, a made-up tree in a test.
 *
 * Returns  the lowest limit of any level from its cgroup up, 1 or more; 0 if there is none or it
 *          cannot be read.
 */
unsigned mproci_cpu_quota(const char *root);

#endif
