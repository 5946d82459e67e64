/* SPDX-License-Identifier: MIT */
/*
 * remote/owner.h - names that nobody else has.
 */
#ifndef REMOTE_OWNER_H
#define REMOTE_OWNER_H

enum {
	/* 128 bits as hexadecimal digits, and a 0. */
	MPROCI_OWNER_SIZE = 33
};

/* Make a name that nobody else has or can guess.  Returns 0, or a negative errno with an error text. */
int mproci_owner_make(char ret_owner[MPROCI_OWNER_SIZE]);

#endif
