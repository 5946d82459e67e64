/* SPDX-License-Identifier: MIT */
/*
 * manager_bench.h - what the parts of manager_bench share.
 */
#ifndef BENCH_MANAGER_BENCH_H
#define BENCH_MANAGER_BENCH_H

/* A search for factors whose workers look at a flag of the server at @url, against one whose flag is a byte of shared memory. */
void manager_bench_verify(const char *name, const char *url);

#endif
