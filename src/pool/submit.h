/* SPDX-License-Identifier: MIT */
/*
 * pool/submit.h - giving single tasks to the workers, for futures and streams.
 */
#ifndef POOL_SUBMIT_H
#define POOL_SUBMIT_H

#include "pool/pool.h"
#include "pool/slots.h"

typedef struct mproci_submission {
	mproci_function function;
	size_t index;
	/* @item_size bytes; copied, unless they are where the workers see them and @item_stays. */
	const void *item;
	size_t item_size;
	bool item_stays;
	size_t result_size;
	/* Copied with their context; or, with @terms_stay, used where they are. */
	const mproci_terms *terms;
	bool terms_stay;
} mproci_submission;

/* Returns 0, or -ENOMEM with an error text when no memory could hold what a task is to have. */
int mproci_submit_check(size_t item_size, size_t result_size, const mproci_terms *terms);

/* Locked: whether there is no room in line. */
bool mproci_submit_must_wait(mproc_pool *pool);

/* Not locked: whether there is; what mproci_pool_await waits for. */
bool mproci_submit_has_room(mproc_pool *pool, void *unused);

/* Locked: put a task in line; the workers see it when it is published.  Returns 0, or -ENOMEM with an error text. */
int mproci_submit(mproc_pool *pool, const mproci_submission *submission, mproci_task_id *ret_id);

/* Not locked: let the workers see what was put in line. */
void mproci_submit_publish(mproc_pool *pool);

/* Locked: nobody needs the task any more.  It goes on when it has not ended. */
void mproci_submit_forget(mproc_pool *pool, mproci_task_id id);

/* Locked: free the tasks that were forgotten and have ended since. */
void mproci_submit_sweep(mproc_pool *pool);

static inline mproci_slot *mproci_pool_slot(mproc_pool *pool, mproci_task_id id)
{
	return mproci_slots_at(&pool->crew->slots, mproci_task_index_of(id));
}

static inline bool mproci_submit_has_ended(mproc_pool *pool, mproci_task_id id)
{
	return mproci_slot_has_ended(atomic_load(&mproci_pool_slot(pool, id)->word), id);
}

/* How a task ended; MPROC_ENDING_NONE when it has not. */
mproc_outcome mproci_submit_outcome(mproc_pool *pool, mproci_task_id id);

/* Cancel a task: from @kill_at on its worker is killed. */
void mproci_submit_cancel(mproc_pool *pool, mproci_task_id id, mproc_deadline kill_at);

void mproci_submit_cancel_all(mproc_pool *pool, mproc_deadline kill_at);

/* Whether all tasks have ended; have the owner woken for each that ends. */
bool mproci_submit_are_all_ended(mproc_pool *pool);
void mproci_submit_await_all(mproc_pool *pool);

/* End what nobody has begun. */
void mproci_submit_end_all(mproc_pool *pool);

#endif
