/* SPDX-License-Identifier: MIT */
#include "sys/rights.h"

#include "sys/descriptor.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void mproci_rights_attach(struct msghdr *message, mproci_rights *room, const int *descriptors, size_t count)
{
	struct cmsghdr *header;

	message->msg_control = room;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

ssize_t mproci_rights_send(int socket, const struct msghdr *message, int flags)
{
#ifdef __GLIBC__
	return sendmsg(socket, message, flags);
#else
	/* musl copies what goes along, and has no room for all that the kernel allows. */
	return syscall(SYS_sendmsg, socket, message, flags);
#endif
}

/* Returns whether all of them could be moved; one that could not is closed. */
static bool take(const struct cmsghdr *header, int *ret_descriptors, size_t *count)
{
	size_t came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fds[MPROCI_RIGHTS];
	bool is_whole = true;

	memcpy(fds, CMSG_DATA(header), came * sizeof(int));
	for (size_t i = 0; i < came; ++i) {
		int fd = mproci_descriptor_lift(fds[i]);

		if (fd < 0)
			is_whole = false;
		else
			ret_descriptors[(*count)++] = fd;
	}
	return is_whole;
}

int mproci_rights_take(struct msghdr *message, int ret_descriptors[MPROCI_RIGHTS], size_t *ret_count)
{
	bool is_whole = (message->msg_flags & MSG_CTRUNC) == 0;
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t count = 0;

	for (; header != NULL; header = CMSG_NXTHDR(message, header)) {
		/* The kernel puts all of a message into one of these. */
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
			is_whole = take(header, ret_descriptors, &count) && is_whole;
	}
	if (is_whole) {
		*ret_count = count;
		return 0;
	}
	for (size_t i = 0; i < count; ++i)
		mproci_close(ret_descriptors[i]);
	return -EMFILE;
}
