/* SPDX-License-Identifier: MIT */
/*
 * boost_queue.h - Boost.Interprocess's message_queue, for C.
 */
#ifndef BENCH_BOOST_QUEUE_H
#define BENCH_BOOST_QUEUE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Make a queue without a name, which this process and those that it forks later have; NULL, said on stderr, when it fails. */
void *boost_queue_open(size_t room, size_t size);

/* Accepts NULL. */
void boost_queue_close(void *queue);

/* Returns 0, or -1, said on stderr. */
int boost_queue_put(void *queue, const void *message, size_t size);

/* Returns the message's size, or -1, said on stderr. */
long boost_queue_get(void *queue, void *message, size_t size);

#ifdef __cplusplus
}
#endif

#endif
