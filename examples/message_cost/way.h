/* SPDX-License-Identifier: MIT */
/*
 * message_cost/way.h - a way for messages from one process to another.
 */
#ifndef MESSAGE_COST_WAY_H
#define MESSAGE_COST_WAY_H

#include <mproc.h>
#include <stddef.h>

enum {
	/* Messages that queue-batch puts and gets at a time. */
	BATCH = 64,
};

/* How many messages of which size. */
typedef struct load {
	size_t size;
	size_t count;
} load;

typedef struct way {
	const char *name;
	/* Of this way only one message in so many is sent: it takes that much longer. */
	size_t divisor;
	/* Make the way, before the sender is started.  Returns NULL after telling what failed. */
	void *(*open)(const load *planned);
	/* Send all messages, in the sender.  Returns 0 or a negative errno. */
	int (*send)(void *self, const load *planned, void *buffer);
	/* Receive them all, each of the planned size.  Returns 0 or a negative errno. */
	int (*receive)(void *self, const load *planned, void *buffer);
	/* Accepts NULL. */
	void (*close)(void *self);
} way;

extern const way MANAGER_QUEUE;

#endif
