/* SPDX-License-Identifier: MIT */
/*
 * sys/descriptor.h - waiting on descriptors until a deadline, and the doorbell that others ring.
 */
#ifndef SYS_DESCRIPTOR_H
#define SYS_DESCRIPTOR_H

#include "base/private.h"

#include <mproc/deadline.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Wait until one of @count descriptors is ready.  Returns how many are (0: deadline), or a negative errno. */
MPROCI_PRIVATE int mproci_poll(struct pollfd *descriptors, size_t count, mproc_deadline deadline);

/* Wait until one descriptor is readable.  Returns 0, -ETIMEDOUT, or another negative errno. */
int mproci_poll_one(int descriptor, mproc_deadline deadline);

/* A descriptor that becomes readable when it is rung, until it is silenced.  Returns it, or a negative errno. */
int mproci_doorbell_open(void);
void mproci_doorbell_ring(int doorbell);
void mproci_doorbell_silence(int doorbell);

/*
 * Move a new descriptor away from 0, 1 and 2, which a program that has closed them still writes to.  Takes
 * what a system call has returned; returns the descriptor, or the negative errno.
 */
int mproci_descriptor_lift(int descriptor);

/*
 * Say that no descriptor could be had for @what, with the limit if that is why; returns the negative errno
 * @rc.
 */
MPROCI_PRIVATE int mproci_fail_descriptor(int rc, const char *what);

/* What a descriptor is open to: the application may have closed ours, and have others under their numbers. */
typedef struct mproci_file_id {
	uint64_t device, inode;
} mproci_file_id;

mproci_file_id mproci_descriptor_id(int descriptor);

/* Whether it is open to that; false for -1. */
bool mproci_descriptor_is(int descriptor, mproci_file_id id);

/* Open the working directory, for mproci_setup_directory_at.  Returns the descriptor, or a negative errno. */
int mproci_directory_open(void);

bool mproci_descriptor_is_open(int descriptor);

/* Have a descriptor closed by exec; -1 is none. */
void mproci_descriptor_close_on_exec(int descriptor);

/* Close a descriptor; -1 is none. */
MPROCI_PRIVATE void mproci_close(int descriptor);

#endif
