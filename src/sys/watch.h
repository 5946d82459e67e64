/* SPDX-License-Identifier: MIT */
/*
 * sys/watch.h - one descriptor that is readable when any of several is, or when a time has come.
 *
 * It belongs to the process that opened it: a forked child would change its parent's.
 */
#ifndef SYS_WATCH_H
#define SYS_WATCH_H

#include <stdint.h>

typedef struct mproci_watch {
	/* -1 while closed. */
	int descriptor;
	int timer;
} mproci_watch;

enum {
	/* What mproci_watch_look says when the time has come. */
	MPROCI_WATCH_ALARM = 0xffff,
};

extern const mproci_watch mproci_watch_closed;

/* Returns 0, or a negative errno with an error text. */
int mproci_watch_open(mproci_watch *ret_watch);
void mproci_watch_close(mproci_watch *watch);

/*
 * Watch a descriptor for being readable; @name is another number than MPROCI_WATCH_ALARM.  Returns 0 or a
 * negative errno.
 */
int mproci_watch_add(const mproci_watch *watch, int descriptor, uint32_t name);
void mproci_watch_remove(const mproci_watch *watch, int descriptor);

/* Set the time, in nanoseconds of the clock; 0: none. */
void mproci_watch_set_alarm(const mproci_watch *watch, int64_t time);

/* Tell the names of at most @count that are ready now.  Returns how many. */
int mproci_watch_look(const mproci_watch *watch, uint32_t *ret_names, int count);

#endif
