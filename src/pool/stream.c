/* SPDX-License-Identifier: MIT */
/*
 * A stream has a window of cells.  Each has an item that is on its way: it is in line, at work, or has ended and waits to be
 * taken.  A ring in the order of the items; when results may come in any order, whichever has ended is taken, and its cell is
 * filled with the next item.
 */
#include "base/deadline.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "family/family.h"
#include "family/member.h"
#include "pool/submit.h"
#include "pool/teller.h"
#include "sys/clock.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/stream.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LARGEST_WINDOW = 65536,
	/* Enough that no worker waits for the caller as long as that is not slower. */
	CELLS_PER_WORKER = 32,
	LEAST_CELLS = 64,
	/* How often the window is filled while it goes round once. */
	REFILLS = 4,
};

/* How long workers may go on when a stream is closed early. */
static const double GRACE = 0.05;

typedef struct cell {
	/* 0: nothing is in it. */
	mproci_task_id id;
	size_t index;
} cell;

struct mproc_stream {
	mproc_pool *pool;
	mproci_function function;
	/* The caller's array, or its copy in the arena as far as one is needed. */
	const char *items;
	size_t item_size, count, result_size;
	mproc_source_function *source;
	void *source_argument;
	/* Where the source writes. */
	char *item;
	/* In the arena: what all tasks share. */
	mproci_terms *terms;
	void *context;
	bool is_unordered, stops_on_failure;
	/* An item was cancelled since the pool had failed. */
	bool is_cut_short;
	mproci_teller teller;
	/* Items that were given to the workers; no more come; what the source said, or why not, and that in words. */
	size_t given, taken, failed;
	bool is_at_end;
	int rc;
	char why[200];
	/* What was told of: all but the last are given up when the window is filled again. */
	mproci_task_id *told;
	size_t told_count;
	size_t window, filled;
	/* Where to look first for one that has ended; for an empty cell. */
	size_t hand, spare;
	cell cells[];
};

/* ---- giving ---- */

/* The next item.  Returns 1, 0 when there are no more, or a negative errno. */
static int next_item(mproc_stream *self, const void **ret_item)
{
	int rc;

	if (self->source == NULL) {
		*ret_item = self->item_size != 0 ? self->items + self->given * self->item_size : NULL;
		return self->given < self->count;
	}
	rc = self->source(self->item, self->source_argument);
	*ret_item = self->item;
	return rc > 0 ? 1 : rc;
}

static int give(mproc_stream *self, cell *to, const void *item)
{
	mproci_submission submission = {
		.function = self->function,
		.index = self->given,
		.item = item,
		.item_size = self->item_size,
		.item_stays = self->item_size == 0
			      || (self->source == NULL
				      && (!self->pool->engine->is_isolated || mproci_family_holds(item))),
		.result_size = self->result_size,
		.terms = self->terms,
		.terms_stay = true,
	};
	int rc;

	rc = mproci_submit(self->pool, &submission, &to->id);
	if (rc < 0)
		return rc;
	to->index = self->given++;
	++self->filled;
	return 0;
}

/* Keep a place in line.  Returns whether there is one. */
static bool reserve(mproc_stream *self)
{
	bool has_room;

	pthread_mutex_lock(&self->pool->lock);
	has_room = !mproci_submit_must_wait(self->pool);
	self->pool->reserved += has_room;
	pthread_mutex_unlock(&self->pool->lock);
	return has_room;
}

/* Fill one empty cell, for which there is a place in line.  Returns whether that went well; if not, no more items are given. */
static bool fill_cell(mproc_stream *self, cell *to)
{
	const void *item;
	int rc;

	/* The source is the program's: not while anything is locked. */
	rc = next_item(self, &item);
	pthread_mutex_lock(&self->pool->lock);
	--self->pool->reserved;
	self->is_at_end = rc <= 0;
	if (rc > 0) {
		rc = mproci_pool_refuses(self->pool);
		rc = rc < 0 ? rc : give(self, to, item);
		self->is_at_end = rc < 0;
		if (rc < 0)
			snprintf(self->why, sizeof self->why, "%s", mproc_error_text());
	}
	pthread_mutex_unlock(&self->pool->lock);
	if (self->is_at_end)
		self->rc = rc;
	return !self->is_at_end;
}

/* How many items may be on their way: a serial pool does one at a time, when it is asked for. */
static size_t width(const mproc_stream *self)
{
	return self->pool->engine->is_serial ? 1 : self->window;
}

/* In order, the cell of an item is its number modulo the window's size. */
static cell *find_empty(mproc_stream *self)
{
	cell *to = &self->cells[self->given % self->window];

	/* Where anything may be taken first, cells become free in any order. */
	while (to->id != 0)
		to = &self->cells[self->spare++ % self->window];
	return to;
}

/* The deadline of the stream has passed: what is in line never begins. */
static void end_late(mproc_stream *self)
{
	self->is_at_end = true;
	if (self->rc == 0)
		self->rc = -ETIMEDOUT;
	for (size_t i = 0; i < self->window; ++i) {
		bool is_awaited;

		if (self->cells[i].id != 0)
			mproci_slot_end_queued(mproci_pool_slot(self->pool, self->cells[i].id),
				self->cells[i].id, MPROC_ENDING_TIMEOUT, &is_awaited);
	}
}

/* Whether anything more is to be given. */
static void end_in_time(mproc_stream *self)
{
	if (self->is_at_end)
		return;
	if (self->pool->private == NULL) {
		self->is_at_end = true;
		self->rc = -ECANCELED;
	} else if (self->terms->deadline != MPROC_FOREVER
		   && mproci_deadline_passed(self->terms->deadline, mproci_clock_now())) {
		end_late(self);
	}
}

/* Give up what was told of, and fill the window; not for each item that was taken, for that would cost both sides a cache line. */
static void fill(mproc_stream *self)
{
	size_t most = width(self);

	end_in_time(self);
	if (self->filled > most - most / REFILLS)
		return;
	pthread_mutex_lock(&self->pool->lock);
	while (self->told_count > 0)
		mproci_submit_forget(self->pool, self->told[--self->told_count]);
	pthread_mutex_unlock(&self->pool->lock);
	while (!self->is_at_end && self->filled < most) {
		if (!reserve(self) || !fill_cell(self, find_empty(self)))
			break;
	}
	mproci_submit_publish(self->pool);
}

/* ---- taking ---- */

static bool has_ended(const mproc_stream *self, const cell *at)
{
	return at->id != 0 && mproci_submit_has_ended(self->pool, at->id);
}

/* Find a cell that may be taken: the hand is at it. */
static bool find(mproc_pool *pool, void *what)
{
	mproc_stream *self = what;

	(void)pool;
	if (!self->is_unordered)
		return has_ended(self, &self->cells[self->hand]);
	for (size_t i = 0; i < self->window; ++i) {
		size_t at = (self->hand + i) % self->window;

		if (has_ended(self, &self->cells[at])) {
			self->hand = at;
			return true;
		}
	}
	return false;
}

/* Have this thread woken when it need wait no longer. */
static void ask_to_be_told(mproc_stream *self)
{
	for (size_t i = 0; i < self->window; ++i) {
		cell *at = &self->cells[self->is_unordered ? i : self->hand];

		if (at->id != 0)
			mproci_slot_await(mproci_pool_slot(self->pool, at->id), at->id);
		if (!self->is_unordered)
			return;
	}
}

/* Until @deadline, telling progress meanwhile. */
static int await_until(mproc_stream *self, mproc_deadline deadline, uint64_t begun)
{
	int rc;

	do {
		mproc_deadline due = mproci_teller_due(&self->teller);

		rc = mproci_pool_await(self->pool, find, self, mproci_deadline_earlier(deadline, due), begun);
		mproci_teller_tell(&self->teller, self->taken, self->failed);
	} while (rc == -ETIMEDOUT && !mproci_deadline_passed(deadline, mproci_clock_now()));
	return rc;
}

static int await(mproc_stream *self, mproc_deadline deadline)
{
	mproc_deadline own = self->terms->deadline;
	uint64_t begun = mproci_interrupt_begin();
	int rc;

	if (find(self->pool, self))
		return 0;
	ask_to_be_told(self);
	rc = await_until(self, mproci_deadline_earlier(deadline, own), begun);
	if (rc == -ETIMEDOUT && own != MPROC_FOREVER && mproci_deadline_passed(own, mproci_clock_now())) {
		end_late(self);
		rc = await_until(self, deadline, begun);
	}
	return rc == 0 && !find(self->pool, self) ? mproci_pool_check(self->pool) : rc;
}

/* Have at least one item on its way, if there are any; others may have filled the line. */
static int fill_some(mproc_stream *self, mproc_deadline deadline)
{
	uint64_t begun = mproci_interrupt_begin();
	int rc = 0;

	fill(self);
	while (rc == 0 && self->filled == 0 && !self->is_at_end) {
		rc = mproci_pool_await(self->pool, mproci_submit_has_room, NULL,
			mproci_deadline_earlier(deadline, self->terms->deadline), begun);
		if (rc == -ETIMEDOUT)
			return mproci_fail(rc, "%d other tasks are in line", MPROCI_LINE_LENGTH);
		if (rc == 0)
			rc = mproci_pool_check(self->pool);
		if (rc == -EINTR)
			mproci_fail(rc, "interrupted while %d tasks were in line", MPROCI_LINE_LENGTH);
		fill(self);
	}
	return rc;
}

/* What has not begun never will, what runs can see that it need not go on. */
static void stop(mproc_stream *self)
{
	self->is_at_end = true;
	for (size_t i = 0; i < self->window; ++i) {
		cell *at = &self->cells[i];

		if (at->id != 0 && !has_ended(self, at))
			mproci_submit_cancel(self->pool, at->id, MPROC_FOREVER);
	}
}

static int tell(mproc_stream *self, mproc_entry *ret_entry)
{
	cell *at = &self->cells[self->hand];
	mproci_slot *slot = mproci_pool_slot(self->pool, at->id);
	const void *returned = atomic_load(&slot->returned.block);
	char why[200];

	*ret_entry = (mproc_entry){
		.index = at->index,
		.item = slot->item,
		.result = returned != NULL ? returned : slot->result,
		.size = returned != NULL ? slot->returned.size : slot->result_size,
		.outcome = mproci_submit_outcome(self->pool, at->id),
	};
	self->told[self->told_count++] = at->id;
	at->id = 0;
	--self->filled;
	++self->taken;
	self->hand = (self->hand + 1) % self->window;
	if (ret_entry->outcome.ending == MPROC_ENDING_VALUE)
		return 0;
	++self->failed;
	self->is_cut_short |= ret_entry->outcome.ending == MPROC_ENDING_CANCELLED && self->pool->has_failed;
	if (self->stops_on_failure)
		stop(self);
	mproci_outcome_tell(ret_entry->outcome, self->pool->name, why, sizeof why);
	return mproci_fail(MPROC_ITEMS_FAILED, "item %zu has no value: %s", ret_entry->index, why);
}

static int check(const mproc_stream *self)
{
	if (self == NULL)
		return mproci_fail(-EINVAL, "stream is NULL");
	if (self->pool->owner != mproci_member_self())
		return mproci_fail(
			-ECHILD, "stream %p: made by another process than this one", (const void *)self);
	return mproci_pool_check_caller(self->pool);
}

static int fail_end(const mproc_stream *self)
{
	if (self->is_cut_short)
		return mproci_pool_check(self->pool);
	if (self->rc == -ECANCELED && self->pool->private == NULL)
		return mproci_fail(-ECANCELED, "the pool was closed before the stream's end, after %zu items",
			self->taken);
	if (self->rc == 0)
		return mproci_fail(-ENODATA, "the stream has given all its %zu items", self->taken);
	if (self->rc == -ETIMEDOUT)
		return mproci_fail(-ETIMEDOUT, "the stream's deadline has passed, %zu items after it began",
			self->taken);
	if (self->why[0] != '\0')
		return mproci_fail(self->rc, "the stream ended after %zu items: %s", self->taken, self->why);
	return mproci_fail(
		self->rc, "the stream ended after %zu items: its source returned %d", self->taken, self->rc);
}

int mproc_stream_next(mproc_stream *stream, mproc_deadline deadline, mproc_entry *ret_entry)
{
	int rc;

	rc = check(stream);
	if (rc == 0 && ret_entry == NULL)
		rc = mproci_fail(-EINVAL, "ret_entry is NULL");
	if (rc < 0)
		return rc;
	rc = fill_some(stream, deadline);
	if (rc < 0)
		return rc;
	if (stream->filled == 0)
		return fail_end(stream);
	mproci_teller_tell(&stream->teller, stream->taken, stream->failed);
	stream->pool->engine->serve(stream->pool);
	rc = await(stream, deadline);
	if (rc == -ETIMEDOUT)
		return mproci_fail(rc, "no item of the stream has ended");
	if (rc == -EINTR)
		return mproci_fail(rc, "interrupted while waiting for the stream's next item");
	return rc < 0 ? rc : tell(stream, ret_entry);
}

/* ---- beginning and ending ---- */

static int check_options(const mproc_imap_options *options, const void *items, size_t item_size, size_t count)
{
	size_t bytes;

	if (options->window > LARGEST_WINDOW)
		return mproci_fail(
			-EINVAL, "window %zu: 1 to %d are possible", options->window, LARGEST_WINDOW);
	if (options->on_failure > MPROC_ON_FAILURE_STOP)
		return mproci_fail(-EINVAL, "on_failure %d: %d (go on) and %d (stop) are possible",
			(int)options->on_failure, (int)MPROC_ON_FAILURE_GO_ON, (int)MPROC_ON_FAILURE_STOP);
	if (options->source != NULL && (items != NULL || count != 0))
		return mproci_fail(-EINVAL, "items come from an array or from a source, not from both");
	if (options->source != NULL && item_size == 0)
		return mproci_fail(-EINVAL, "items from a source have 1 byte or more");
	if (options->source == NULL && (items == NULL) != (item_size == 0))
		return mproci_fail(-EINVAL, "items %s, their size is %zu",
			items == NULL ? "are NULL" : "are given", item_size);
	if (__builtin_mul_overflow(item_size, count, &bytes))
		return mproci_fail(
			-EOVERFLOW, "items: %zu of %zu bytes do not fit into a size_t", count, item_size);
	return mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
}

static size_t choose_window(const mproc_pool *pool, size_t wanted)
{
	size_t cells = (size_t)atomic_load(&pool->crew->target) * CELLS_PER_WORKER;

	if (wanted != 0)
		return wanted;
	return cells < LEAST_CELLS ? LEAST_CELLS : cells;
}

static void destroy(mproc_stream *self)
{
	mproc_free(self->terms);
	mproc_free(self->context);
	free(self->item);
	free(self->told);
	free(self);
}

/* Terms and context where all workers see them. */
static int share_terms(mproc_stream *self, const mproci_terms *terms)
{
	self->terms = mproc_alloc(sizeof *self->terms);
	if (self->terms == NULL)
		return -ENOMEM;
	*self->terms = *terms;
	if (terms->context_size == 0 || mproci_family_holds(terms->context))
		return 0;
	self->context = mproc_alloc(terms->context_size);
	if (self->context == NULL)
		return -ENOMEM;
	self->terms->context = memcpy(self->context, terms->context, terms->context_size);
	return 0;
}

static int create(mproc_pool *pool, const mproc_imap_options *options, const mproci_terms *terms,
	size_t item_size, mproc_stream **ret_stream)
{
	size_t window = choose_window(pool, options->window);
	mproc_stream *self = calloc(1, sizeof *self + window * sizeof(cell));
	int rc;

	if (self == NULL)
		return mproci_fail(-ENOMEM, "no memory for a stream of %zu items", window);
	self->pool = pool;
	self->window = window;
	self->source = options->source;
	self->source_argument = options->source_argument;
	self->is_unordered = options->unordered;
	self->stops_on_failure = options->on_failure == MPROC_ON_FAILURE_STOP;
	self->item_size = item_size;
	if (options->source != NULL)
		self->item = malloc(item_size);
	self->told = malloc(window * sizeof *self->told);
	rc = (options->source != NULL && self->item == NULL) || self->told == NULL ? mproci_fail(
		     -ENOMEM, "no memory for a window of %zu items of %zu bytes", window, item_size)
										   : share_terms(self, terms);
	if (rc < 0) {
		destroy(self);
		return rc;
	}
	*ret_stream = self;
	return 0;
}

static int begin(mproc_stream *self, mproc_task_function *function)
{
	int rc;

	pthread_mutex_lock(&self->pool->lock);
	rc = mproci_pool_function(self->pool, (mproci_any_function *)function);
	pthread_mutex_unlock(&self->pool->lock);
	if (rc < 0)
		return rc;
	self->function = (mproci_function)rc;
	rc = mproci_pool_check(self->pool);
	if (rc < 0)
		return rc;
	mproci_pool_hold(self->pool);
	/* A serial pool begins with nothing before it is asked. */
	if (!self->pool->engine->is_serial)
		fill(self);
	return 0;
}

int mproc_pool_imap(mproc_pool *pool, mproc_task_function *function, const void *items, size_t item_size,
	size_t count, size_t result_size, const mproc_imap_options *options, mproc_stream **ret_stream)
{
	static const mproc_imap_options defaults;
	mproc_stream *stream = NULL;
	mproci_wishes wishes;
	mproci_terms terms = {0};
	int rc;

	if (options == NULL)
		options = &defaults;
	wishes = (mproci_wishes){
		.deadline = options->deadline,
		.soft_timeout = options->soft_timeout,
		.timeout = options->timeout,
		.retries = options->retries,
		.context = options->context,
		.context_size = options->context_size,
		.seed = options->seed,
	};
	if (ret_stream == NULL)
		return mproci_fail(-EINVAL, "ret_stream is NULL");
	rc = mproci_pool_check_caller(pool);
	if (rc == 0 && function == NULL)
		rc = mproci_fail(-EINVAL, "function is NULL");
	if (rc == 0)
		rc = check_options(options, items, item_size, count);
	if (rc == 0)
		rc = mproci_terms_check(&wishes, pool->engine->is_isolated, &terms);
	if (rc == 0)
		rc = mproci_submit_check(item_size, result_size, &terms);
	if (rc == 0)
		rc = create(pool, options, &terms, item_size, &stream);
	if (rc < 0 || stream == NULL)
		return rc;
	stream->items = items;
	stream->count = count;
	stream->result_size = result_size;
	mproci_teller_begin(&stream->teller, options->progress, options->on_progress,
		options->on_progress_argument, count);
	rc = begin(stream, function);
	if (rc < 0) {
		destroy(stream);
		return rc;
	}
	*ret_stream = stream;
	return 0;
}

static bool are_all_ended(mproc_pool *pool, void *what)
{
	const mproc_stream *self = what;

	(void)pool;
	for (size_t i = 0; i < self->window; ++i) {
		if (self->cells[i].id != 0 && !has_ended(self, &self->cells[i]))
			return false;
	}
	return true;
}

static void cancel(mproc_stream *self)
{
	mproc_deadline kill_at = self->pool->engine->is_isolated ? mproc_after(GRACE) : MPROC_FOREVER;

	for (size_t i = 0; i < self->window; ++i) {
		cell *at = &self->cells[i];

		if (at->id == 0 || has_ended(self, at))
			continue;
		mproci_submit_cancel(self->pool, at->id, kill_at);
		mproci_slot_await(mproci_pool_slot(self->pool, at->id), at->id);
	}
	/* Workers see its terms and items until they have left. */
	mproci_pool_await_quietly(self->pool, are_all_ended, self);
}

mproc_stream *mproc_stream_close(mproc_stream *stream)
{
	mproc_pool *pool;

	if (stream == NULL)
		return NULL;
	pool = stream->pool;
	if (pool->owner != mproci_member_self()) {
		free(stream->item);
		free(stream->told);
		free(stream);
		mproci_pool_release(pool);
		return NULL;
	}
	mproci_teller_end(&stream->teller, stream->taken, stream->failed);
	cancel(stream);
	pthread_mutex_lock(&pool->lock);
	while (stream->told_count > 0)
		mproci_submit_forget(pool, stream->told[--stream->told_count]);
	for (size_t i = 0; i < stream->window; ++i) {
		if (stream->cells[i].id != 0)
			mproci_submit_forget(pool, stream->cells[i].id);
	}
	pthread_mutex_unlock(&pool->lock);
	mproci_pool_release(pool);
	destroy(stream);
	return NULL;
}
