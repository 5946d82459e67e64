/* SPDX-License-Identifier: MIT */
/*
 * stream_rivals.h - what the kernel offers to send messages with, without mproc.
 */
#ifndef BENCH_STREAM_RIVALS_H
#define BENCH_STREAM_RIVALS_H

#include "stream.h"

/*
 * Bytes without borders, which one process writes and one reads, so many as a message has: a pipe with room for as much as the
 * system allows up to 1 MiB, and a pair of connected sockets.
 */
extern const stream_kind stream_pipe, stream_socketpair;

/* Messages: a pair of sockets that keep borders, and a message queue. */
extern const stream_kind stream_seqpacket, stream_posix_mq;

#endif
