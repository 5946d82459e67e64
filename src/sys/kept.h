/* SPDX-License-Identifier: MIT */
/*
 * sys/kept.h - descriptors that the library keeps open for good, and that children of any kind are given.
 *
 * The application may have closed them, and have others under their numbers: so each is recognised by what
 * it is open to.
 */
#ifndef SYS_KEPT_H
#define SYS_KEPT_H

typedef enum mproci_kept_name {
	/* The family's memory. */
	MPROCI_KEPT_MEMORY,
	/* Where the server takes requests. */
	MPROCI_KEPT_SERVER,
	MPROCI_KEPT_COUNT,
} mproci_kept_name;

/* Keep @descriptor, -1 for none, instead of what was kept under that name, which is closed. */
void mproci_keep(mproci_kept_name name, int descriptor);

/* The descriptor; -1 when there is none, or it was closed. */
int mproci_kept(mproci_kept_name name);

/*
 * It is to get out of the way, for another descriptor is to take its number.  Returns 0 or a negative
 * errno.
 */
int mproci_kept_move(mproci_kept_name name);

#endif
