/* SPDX-License-Identifier: MIT */
/*
 * sys/rights.h - descriptors that go with what a local socket sends.
 */
#ifndef SYS_RIGHTS_H
#define SYS_RIGHTS_H

#include <stddef.h>
#include <sys/socket.h>

enum {
	/* The most that one message carries: the kernel's limit. */
	MPROCI_RIGHTS = 253,
};

/*
 * Room for what goes with a message; also for who has sent it, which a program may have asked the kernel to
 * say.
 */
typedef union mproci_rights {
	struct cmsghdr header;
	char space[CMSG_SPACE(MPROCI_RIGHTS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
} mproci_rights;

/* Have a message that is to be sent carry @count descriptors, at least 1. */
void mproci_rights_attach(struct msghdr *message, mproci_rights *room, const int *descriptors, size_t count);

/* sendmsg. */
ssize_t mproci_rights_send(int socket, const struct msghdr *message, int flags);

/*
 * Take the descriptors out of a message that was received with room for MPROCI_RIGHTS and with
 * MSG_CMSG_CLOEXEC.  They are moved above 2.
 *
 * Returns 0, and how many there are in @ret_count; -EMFILE: not all could be had, and none
 * is kept.
 */
int mproci_rights_take(struct msghdr *message, int ret_descriptors[MPROCI_RIGHTS], size_t *ret_count);

#endif
