/* SPDX-License-Identifier: MIT */
/*
 * sys/lifeline.h - the pipe that ends children with their parent; see sys/child.h.
 */
#ifndef SYS_LIFELINE_H
#define SYS_LIFELINE_H

/* Make this process's lifeline, once.  Returns 0, or a negative errno with an error text. */
int mproci_lifeline_make(void);

/* In a child, right after the fork: tie it to its parent.  Ends the child when that cannot be done. */
void mproci_lifeline_arm(void);

#endif
