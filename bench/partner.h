/* SPDX-License-Identifier: MIT */
/*
 * partner.h - a second process that takes part in a piece of work.
 *
 * It is forked once, so that it is warm, and does its part whenever it is told; in between it sleeps.  It serves us and our
 * rivals alike, so there is nothing of mproc in it.
 */
#ifndef BENCH_PARTNER_H
#define BENCH_PARTNER_H

#include <stddef.h>
#include <sys/types.h>

typedef struct bench_partner bench_partner;

typedef void bench_part(void *argument);

/*
 * Stay on one of the processors that this program may use, the first being 0; there may be fewer than @place.  Two processes that
 * the system may move meet on one processor or not, as it happens, and that decides what it costs to meet.
 */
void bench_stay_at(unsigned place);

/* Memory that partners share, filled with zeros. */
void *bench_shared_memory(size_t size);

/* Fork; the child is killed when the thread that called this ends.  Returns 0 in the child, the pid in the parent. */
pid_t bench_fork(void);

/* Start a partner, which stays at @place and does @part with @argument whenever it is told. */
bench_partner *bench_partner_open(bench_part *part, void *argument, unsigned place);

/* Tell it to do its part. */
void bench_partner_start(bench_partner *partner);

/* Wait until it has. */
void bench_partner_wait(bench_partner *partner);

/* Wait until a process sleeps in the kernel. */
void bench_await_sleep(pid_t pid);

/* The same for a partner, in the midst of its part. */
void bench_partner_await_sleep(const bench_partner *partner);

/*
 * How long this process and its partner have waited for processors that others had, in nanoseconds, all in all; 0 where the kernel
 * does not say.
 */
double bench_partner_delay(const bench_partner *partner);

/* End it.  Returns NULL. */
bench_partner *bench_partner_close(bench_partner *partner);

#endif
