/* SPDX-License-Identifier: MIT */
/*
 * sys/message.h - messages between two processes that also carry descriptors, over a pair of sockets.
 *
 * A message is sent and received whole or not at all.  When every copy of one end is closed, the other end
 * learns it.
 */
#ifndef SYS_MESSAGE_H
#define SYS_MESSAGE_H

#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	/* The most descriptors one message carries: the kernel's limit. */
	MPROCI_MESSAGE_DESCRIPTORS = 253,
};

/* Make two ends, close-on-exec.  Returns 0 or a negative errno with an error text. */
int mproci_message_pair(int ret_ends[2]);

/* Whether a descriptor may be such an end at all. */
bool mproci_message_is_end(int descriptor);

/*
 * Send.  Returns 0; -EPIPE: nobody is at the other end; another negative errno.  No signal
 * is raised.
 */
int mproci_message_send(int end, const void *data, size_t size, const int *descriptors, size_t count);

/* Who has sent a message: the kernel says so. */
typedef struct mproci_sender {
	uid_t user;
	gid_t group;
} mproci_sender;

/* Have the kernel say of each message received at @end who has sent it.  Returns 0 or a negative errno. */
int mproci_message_identify(int end);

/*
 * Receive one message of exactly @size bytes, with at most *@count descriptors, close-on-exec and above 2;
 * *@count becomes how many there are.  Who has sent it in @ret_sender, which may be NULL unless the end
 * identifies senders.  Returns 0; -EPIPE: nobody is at the other end; -EBADMSG: a message of another size;
 * -ETIMEDOUT; another negative errno, -EMFILE if a descriptor could not be taken.  On failure no descriptor is
 * kept.
 */
int mproci_message_receive(int end, mproc_deadline deadline, void *ret_data, size_t size,
	int *ret_descriptors, size_t *count, mproci_sender *ret_sender);

#endif
