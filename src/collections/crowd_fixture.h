/* SPDX-License-Identifier: MIT */
/*
 * collections/crowd_fixture.h - several at one collection: threads, or processes.
 */
#ifndef COLLECTIONS_CROWD_FIXTURE_H
#define COLLECTIONS_CROWD_FIXTURE_H

#include "people.h"
#include "support.h"

#include <mproc/process.h>

enum {
	SIDES = 4
};

static inline void run_in_threads(support_deed *deed)
{
	support_thread threads[SIDES];

	for (int i = 0; i < SIDES; ++i)
		support_begin(&threads[i], deed, NULL);
	for (int i = 0; i < SIDES; ++i)
		ck_assert_msg(support_end(&threads[i]) == 0, "side %d: %d: %s", i, threads[i].result,
			threads[i].text);
}

/* One forked without the library's knowledge, the others by it. */
static inline void run_in_processes(support_deed *deed)
{
	mproc_process *processes[SIDES];
	pid_t pid = support_fork(deed, NULL);

	for (int i = 1; i < SIDES; ++i)
		processes[i] = support_start(deed, NULL);
	ck_assert_int_eq(support_reap(pid), 0);
	for (int i = 1; i < SIDES; ++i) {
		int code = -1;

		ck_assert_int_eq(mproc_process_join(processes[i], MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_process_exit_code(processes[i], &code), 0);
		ck_assert_int_eq(code, 0);
		mproc_process_close(processes[i]);
	}
}

typedef void runner(support_deed *deed);

#endif
