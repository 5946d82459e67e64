/* SPDX-License-Identifier: MIT */
/*
 * Something that is done once: when all is over it was done to its end, and not again by anybody who could know.
 */
#include "crash.h"

#include <errno.h>
#include <mproc/mutex.h>
#include <mproc/once.h>
#include <mproc/result.h>
#include <string.h>

typedef struct task {
	mproc_once once;
	_Atomic crash_stage stage;
	/* How often it was begun and finished; twice only when who died had not noted its end. */
	_Atomic uint32_t begun, finished;
	/* Two words that are to be the same. */
	uint32_t first, second;
	/* Set when who is at it may finish. */
	_Atomic uint32_t may_finish;
	/* For the mistake. */
	mproc_mutex lock;
	_Atomic bool is_done;
} task;

static void make_task(void *shared)
{
	task *all = shared;

	mproc_once_init(&all->once);
}

static int work(void *argument)
{
	task *all = argument;

	++all->begun;
	all->first = all->begun;
	all->second = all->first;
	++all->finished;
	return 0;
}

static int work_when_told(void *argument)
{
	task *all = argument;

	crash_await(&all->may_finish, 1);
	return work(argument);
}

static void run(void *shared)
{
	task *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_once_run(&all->once, work, all, MPROC_FOREVER);
	all->stage = CRASH_AFTER;
}

static void run_when_told(void *shared)
{
	task *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_once_run(&all->once, work_when_told, all, MPROC_FOREVER);
	all->stage = CRASH_AFTER;
}

static void check_work(task *all)
{
	crash_expect(mproc_once_run(&all->once, work, all, MPROC_FOREVER) == 0, "%s", mproc_error_text());
	crash_expect(all->finished > 0 && all->first == all->second, "it is half done");
}

static void need_it(void *shared)
{
	check_work(shared);
}

static void do_it_when_told(void *shared)
{
	task *all = shared;

	crash_expect(mproc_once_run(&all->once, work_when_told, all, MPROC_FOREVER) == 0, "%s",
		mproc_error_text());
}

static void run_until_deadline(void *shared)
{
	task *all = shared;

	mproc_once_run(&all->once, work, all, crash_soon(10));
}

static void make_task_that_is_done(void *shared)
{
	make_task(shared);
	crash_start("who does it", do_it_when_told);
}

static void let_finish(void *shared)
{
	task *all = shared;

	crash_start("another who needs it", need_it);
	crash_add(&all->may_finish);
}

static void check_task(void *shared)
{
	task *all = shared;
	uint32_t begun;

	crash_add(&all->may_finish);
	begun = all->begun;
	crash_expect_outcome(all->stage == CRASH_AFTER ? CRASH_INSIDE : all->stage, begun > 0);
	check_work(all);
	crash_expect(all->stage != CRASH_AFTER || all->begun == 1, "it was done again");
	crash_expect(all->begun <= 2, "it was done %u times", all->begun);
	begun = all->begun;
	check_work(all);
	crash_expect(all->begun == begun, "it was done again");
}

/* Others do it: the victim only waits. */
static void check_task_of_others(void *shared)
{
	task *all = shared;

	crash_add(&all->may_finish);
	check_work(all);
	crash_expect(all->begun == 1, "it was done %u times", all->begun);
}

/* ---- its end ---- */

static void destroy(void *shared)
{
	task *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_once_destroy(&all->once);
	all->stage = CRASH_AFTER;
}

/* It can be done, or is to be destroyed once more, or is gone. */
static void check_destroyed_task(void *shared)
{
	task *all = shared;
	int rc = mproc_once_run(&all->once, work, all, MPROC_NOW), again;

	crash_expect(rc == 0 || (rc == -EINVAL && strstr(mproc_error_text(), "destroyed") != NULL),
		"run returned %d: %s", rc, mproc_error_text());
	crash_expect_outcome(all->stage, rc < 0);
	crash_expect(all->begun == (rc == 0), "it was done %u times", all->begun);
	again = mproc_once_destroy(&all->once);
	crash_expect(again == (all->stage == CRASH_AFTER ? -EINVAL : 0)
			     || (again == -EINVAL && all->stage == CRASH_INSIDE && rc == -EINVAL),
		"destroy returned %d: %s", again, mproc_error_text());
}

/* ---- a mistake: noted before it is done ---- */

static void make_wrong(void *shared)
{
	mproc_mutex_init(&((task *)shared)->lock, NULL);
}

static void run_noted_first(void *shared)
{
	task *all = shared;

	mproc_mutex_lock(&all->lock, MPROC_FOREVER);
	if (!all->is_done) {
		all->is_done = true;
		work(all);
	}
	mproc_mutex_unlock(&all->lock);
}

static void check_wrong(void *shared)
{
	task *all = shared;

	run_noted_first(shared);
	crash_expect(all->finished > 0, "it is not done");
}

const crash_operation crash_once_operations[] = {
	{
		.name = "once: run",
		.size = sizeof(task),
		.set_up = make_task,
		.operate = run,
		.survive = check_task,
	},
	{
		.name = "once: run, another waits",
		.size = sizeof(task),
		.set_up = make_task,
		.operate = run_when_told,
		.unblock = let_finish,
		.survive = check_task,
	},
	{
		.name = "once: wait for who runs it, another behind",
		.size = sizeof(task),
		.set_up = make_task_that_is_done,
		.operate = run,
		.unblock = let_finish,
		.survive = check_task_of_others,
	},
	{
		.name = "once: wait until a deadline",
		.size = sizeof(task),
		.set_up = make_task_that_is_done,
		.operate = run_until_deadline,
		.survive = check_task_of_others,
		.is_slow = true,
	},
	{
		.name = "once: destroy",
		.size = sizeof(task),
		.set_up = make_task,
		.operate = destroy,
		.survive = check_destroyed_task,
	},
	{
		.name = "mistake: done once is noted before it is done",
		.size = sizeof(task),
		.set_up = make_wrong,
		.operate = run_noted_first,
		.survive = check_wrong,
		.is_mistake = true,
	},
	{0},
};
