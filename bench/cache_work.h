/* SPDX-License-Identifier: MIT */
/*
 * cache_work.h - what is stored, by ours and by LMDB, and where.
 */
#ifndef BENCH_CACHE_WORK_H
#define BENCH_CACHE_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Bytes of a small result. */
	CACHE_SMALL = 100,
};

/* The small result that belongs to a number. */
void cache_work_fill(uint64_t number, void *result);
bool cache_work_is_right(uint64_t number, const void *result, size_t size);

/* Numbers at random, less than @range: those of the next turn, drawn before the clock is started. */
void cache_work_draw(uint64_t *numbers, size_t count, uint64_t range);

/* The name of the variable in the environment that tells peers the directory in which everybody stores, and its value. */
#define CACHE_WORK_VARIABLE "MPROC_BENCH_CACHE"
const char *cache_work_folder(void);

#endif
