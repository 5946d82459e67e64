/* SPDX-License-Identifier: MIT */
/*
 * sync_rivals.h - the work of sync_bench.c on what glibc and the kernel offer, without mproc.
 */
#ifndef BENCH_SYNC_RIVALS_H
#define BENCH_SYNC_RIVALS_H

#include "sync_work.h"

/* A robust, process-shared mutex: alone, two by two processes, one by two, and one whose holder is killed. */
extern const sync_scene sync_pthread_mutex, sync_pthread_apart, sync_pthread_fight, sync_pthread_death;

/* A word to sleep on. */
extern const sync_scene sync_futex_wake;

/* sem_t, pthread_once, and a process-shared condition and barrier. */
extern const sync_scene sync_posix_semaphore, sync_pthread_once, sync_pthread_condition, sync_pthread_barrier;

#endif
