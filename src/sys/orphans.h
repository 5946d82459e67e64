/* SPDX-License-Identifier: MIT */
/*
 * sys/orphans.h - ending whole trees of processes.
 *
 * A process that adopts gets the descendants whose parents have ended, also those that forked twice or lead
 * a session of their own: whatever a worker leaves behind becomes a child of the next process above that
 * adopts.
 */
#ifndef SYS_ORPHANS_H
#define SYS_ORPHANS_H

#include <mproc/deadline.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * From now on become the parent of descendants whose parents end.  It holds for this process, not for what
 * it forks.  Those that have ended wait to be reaped, and a wait for any child finds them too.  Returns 0
 * or a negative errno.
 */
int mproci_orphans_adopt(void);

/* Whether this process has any child, alive or ended.  Cost: a system call. */
bool mproci_orphans_may_come(void);

/*
 * Kill and reap every child of this process that is not known, and what becomes its child thereby, until
 * there is none.  Nobody is killed whose parent is known and alive.
 *
 * @is_known  whether to leave a child alone, alive or ended; it is called with @argument.
 * @deadline  when to give up; MPROC_NOW: kill whoever is there, and do not wait for their ends.
 *
 * Returns  0: none is left, and none comes but from those that are known
 *          -ETIMEDOUT  some have not ended yet; the next call goes on from there
 *          -EPERM      those that are left have rights that this process has not
 *          another negative errno  /proc cannot be read: nothing is known
 *
 * For a process with one thread that does not ignore SIGCHLD.  Allocates nothing; takes two descriptors
 * meanwhile.
 * Cost: about a microsecond for each process of the machine, four times if there was somebody to kill; ten
 * more when those do not end at once.
 */
int mproci_orphans_kill(
	bool (*is_known)(pid_t child, void *argument), void *argument, mproc_deadline deadline);

#endif
