/* SPDX-License-Identifier: MIT */
/*
 * sys/bell.h - a descriptor that other processes make readable, also those that are older than it.
 *
 * It is a pipe, of which this process has one descriptor, for both ends.  Others find it through
 * /proc/<pid>/fd, or by pidfd_getfd.  A forked child has none of its parent's bells.
 */
#ifndef SYS_BELL_H
#define SYS_BELL_H

#include "base/private.h"
#include "sys/descriptor.h"

#include <sys/types.h>

/* Where others find a bell. */
typedef struct mproci_bell_place {
	pid_t pid;
	int descriptor;
	mproci_file_id id;
} mproci_bell_place;

typedef struct mproci_bell {
	mproci_bell_place place;
	/* All that this process has. */
	struct mproci_bell *next, *previous;
} mproci_bell;

/*
 * Register the fork handler, which mproci_bell_open does as well: before who has a fork handler of his own,
 * and opens bells while he holds his lock, registers that.  Returns 0 or a negative errno.
 */
int mproci_bell_register(void);

/*
 * Make a bell; @bell stays where it is until it is closed.  Returns 0; with an error text: -EACCES, -ENOENT:
 * others could not find it; -EMFILE, -ENFILE, -ENOMEM.
 */
MPROCI_PRIVATE int mproci_bell_open(mproci_bell *bell);

/* Close a bell; nothing happens to one that is zero: never opened, closed, or the parent's. */
MPROCI_PRIVATE void mproci_bell_close(mproci_bell *bell);

/* The descriptor; -1 when the application has closed it. */
int mproci_bell_descriptor(const mproci_bell *bell);

/* Have it readable no longer.  Returns whether it was. */
MPROCI_PRIVATE bool mproci_bell_silence(const mproci_bell *bell);

/*
 * Have the bell at @place, anybody's, readable.  Returns 0; -ESRCH: there is no such bell; -EMFILE, -ENFILE,
 * -ENOMEM: this process has no descriptor to do it with; another negative errno: it may not.  Cost: four
 * system calls; two for a bell of this process.
 */
int mproci_bell_ring(const mproci_bell_place *place);

#endif
