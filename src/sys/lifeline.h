/* SPDX-License-Identifier: MIT */
/*
 * sys/lifeline.h - the pipe that ends children with their parent; see sys/child.h.
 */
#ifndef SYS_LIFELINE_H
#define SYS_LIFELINE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Make this process's lifeline, once, and open it for one child that is to be made.  Returns a descriptor,
 * close-on-exec, for the child, of which this process closes its copy afterwards; or a negative errno with
 * an error text.
 */
int mproci_lifeline_open(void);

/*
 * In the child: have it end with whose @end this is.  That is the lifeline's from here on.  Ends the child
 * when it cannot be done.
 */
void mproci_lifeline_arm(int end);

/* Whether a descriptor may be such an @end at all. */
bool mproci_lifeline_is_end(int descriptor);

/*
 * In the parent: have @child, which this process has not forked, end with it, also before it arms that
 * @end itself.
 */
void mproci_lifeline_tie(int end, pid_t child);

/*
 * Around a fork of this thread that follows mproci_lifeline_open soon: nobody is expected to have closed
 * the library's descriptors meanwhile, and the child need not look.
 */
void mproci_lifeline_trust(bool is_trusted);

/* What ties this process to its parent, which it must not close; -1 for none. */
int mproci_lifeline_armed(void);

/*
 * In a child that has others to end before it ends itself: do not be killed with the parent, but told, by a descriptor that is at its end
 * (POLLHUP) when the parent has ended.  Returns it, which stays the lifeline's; or -1, and the child is killed as before.
 */
int mproci_lifeline_watch(void);

/*
 * That is to get out of the way, for another descriptor is to take its number.  Returns 0 or a negative
 * errno.
 */
int mproci_lifeline_move(void);

#endif
