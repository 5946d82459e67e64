/* SPDX-License-Identifier: MIT */
/*
 * queue_python.h - messages between two processes of Python's multiprocessing, with a line for each work: kind and count.
 */
#ifndef BENCH_QUEUE_PYTHON_H
#define BENCH_QUEUE_PYTHON_H

/* The program, for bench_peer_open_python.  Its kinds are Queue, SimpleQueue and Manager, which is a Manager's Queue. */
extern const char queue_python[];

#endif
