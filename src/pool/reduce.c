/* SPDX-License-Identifier: MIT */
/*
 * A reduction is a map over blocks of items.  Where one block ends and the next begins depends on the number of items alone; a
 * worker combines the results of a block from left to right, the caller those of the blocks.  So nothing depends on who did what.
 */
#include "base/error.h"
#include "family/family.h"
#include "pool/mapping.h"

#include <errno.h>
#include <mproc/arena.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Enough for any number of workers; few enough for the caller to combine. */
	BLOCKS = 4096,
	/* A result of that size needs no memory of its own. */
	SMALL = 256,
};

/* What all blocks share, in the family's memory. */
typedef struct reduction {
	/* Where this worker finds them. */
	mproci_function function, combine;
	const char *items;
	size_t item_size, count, block, result_size;
	mproci_terms terms;
	/* The first item, of those that have failed so far, or SIZE_MAX. */
	_Atomic size_t first_failed;
} reduction;

static void note_failure(reduction *of, size_t item)
{
	size_t first = atomic_load(&of->first_failed);

	while (item < first && !atomic_compare_exchange_weak(&of->first_failed, &first, item))
		;
}

static int reduce_items(reduction *of, size_t first, size_t end, char *total, char *part, mproc_task *task)
{
	mproc_task_function *function =
		(mproc_task_function *)mproci_functions_find(task->functions, task->found, of->function);
	mproc_combine_function *combine =
		(mproc_combine_function *)mproci_functions_find(task->functions, task->found, of->combine);
	mproc_task own = *task;
	int rc;

	if (function == NULL || combine == NULL)
		return -ENOENT;
	own.terms = &of->terms;
	for (size_t i = first; i < end; ++i) {
		char *to = i == first ? total : part;

		mproci_task_begin(&own, i, task->attempt);
		memset(to, 0, of->result_size);
		rc = function(of->item_size != 0 ? of->items + i * of->item_size : NULL, to, &own);
		if (rc != 0) {
			note_failure(of, i);
			return rc;
		}
		if (i != first)
			combine(total, part, of->terms.context);
	}
	return 0;
}

static int reduce_block(const void *item, void *result, mproc_task *task)
{
	/* const is for the program's functions: it is ours. */
	reduction *of = (reduction *)(uintptr_t)mproc_task_context(task);
	size_t first = mproc_task_index(task) * of->block;
	size_t end = of->count - first < of->block ? of->count : first + of->block;
	_Alignas(max_align_t) char small[SMALL];
	char *part = of->result_size <= SMALL ? small : malloc(of->result_size);
	int rc;

	(void)item;
	if (part == NULL)
		return -ENOMEM;
	rc = reduce_items(of, first, end, result, part, task);
	if (part != small)
		free(part);
	return rc;
}

/* ---- the owner's side ---- */

/* What reduces the options to those of a map over blocks. */
static int check(const mproc_map_options *options, mproc_combine_function *combine, const void *total,
	size_t result_size)
{
	if (combine == NULL || total == NULL || result_size == 0)
		return mproci_fail(-EINVAL, "%s",
			combine == NULL ? "combine is NULL"
			: total == NULL ? "total is NULL"
					: "result_size is 0");
	if (options->chunk != 0 || options->outcomes != NULL || options->returned != NULL || options->shuffle
		|| options->cache != NULL)
		return mproci_fail(
			-EINVAL, "chunk, outcomes, returned, shuffle and cache are for mproc_pool_map alone");
	return 0;
}

/* Copy what the workers could not see.  NULL: nothing to copy, or no memory. */
static void *share(const void *data, size_t size, bool *ret_failed)
{
	void *copy;

	if (size == 0 || mproci_family_holds(data))
		return NULL;
	copy = mproc_alloc(size);
	*ret_failed |= copy == NULL;
	return copy == NULL ? NULL : memcpy(copy, data, size);
}

/* Items and context where all workers see them; @ret_copies are to be freed. */
static int share_all(reduction *of, void *ret_copies[2])
{
	bool has_failed = false;

	ret_copies[0] = share(of->items, of->count * of->item_size, &has_failed);
	ret_copies[1] = share(of->terms.context, of->terms.context_size, &has_failed);
	if (ret_copies[0] != NULL)
		of->items = ret_copies[0];
	if (ret_copies[1] != NULL)
		of->terms.context = ret_copies[1];
	return has_failed ? -ENOMEM : 0;
}

static int describe(
	mproc_pool *pool, mproc_task_function *function, mproc_combine_function *combine, reduction *of)
{
	int places[2];

	pthread_mutex_lock(&pool->lock);
	places[0] = mproci_pool_function(pool, (mproci_any_function *)function);
	places[1] = mproci_pool_function(pool, (mproci_any_function *)combine);
	pthread_mutex_unlock(&pool->lock);
	if (places[0] < 0 || places[1] < 0)
		return places[0] < 0 ? places[0] : places[1];
	of->function = (mproci_function)places[0];
	of->combine = (mproci_function)places[1];
	return 0;
}

/* Why there is no total: by the first item that failed, or, when its worker died, the first of its block. */
static int tell_failure(const mproc_pool *pool, reduction *of, const mproc_outcome *outcomes, size_t blocks)
{
	size_t block = 0, item;
	char why[200];

	while (block + 1 < blocks
		&& (outcomes[block].ending == MPROC_ENDING_VALUE
			|| outcomes[block].ending == MPROC_ENDING_CANCELLED))
		++block;
	mproci_outcome_tell(outcomes[block], pool->name, why, sizeof why);
	item = block * of->block;
	if (outcomes[block].ending == MPROC_ENDING_ERROR)
		return mproci_fail(MPROC_ITEMS_FAILED, "there is no total; item %zu: %s",
			atomic_load(&of->first_failed), why);
	return mproci_fail(MPROC_ITEMS_FAILED, "there is no total; item %zu, or one of %zu behind it: %s",
		item, of->block - 1, why);
}

/* Have the blocks reduced, and combine what comes of them. */
static int run(mproc_pool *pool, reduction *of, mproc_combine_function *combine, char *total,
	const void *context, const mproc_map_options *options)
{
	size_t blocks = (of->count + of->block - 1) / of->block;
	mproc_outcome *outcomes = calloc(blocks, sizeof *outcomes);
	char *parts = mproc_calloc(blocks, of->result_size);
	mproc_map_options own = *options;
	int rc;

	if (outcomes == NULL || parts == NULL) {
		free(outcomes);
		mproc_free(parts);
		mproci_fail(-ENOMEM, "no memory for the results of %zu blocks", blocks);
		return -ENOMEM;
	}
	own.context = of;
	own.context_size = 0;
	own.chunk = 1;
	own.on_failure = MPROC_ON_FAILURE_STOP;
	own.outcomes = outcomes;
	rc = mproc_pool_map(pool, reduce_block, NULL, 0, blocks, parts, of->result_size, &own);
	for (size_t i = 0; i < blocks && rc == 0; ++i)
		combine(total, parts + i * of->result_size, context);
	if (rc == MPROC_ITEMS_FAILED)
		tell_failure(pool, of, outcomes, blocks);
	mproc_free(parts);
	free(outcomes);
	return rc;
}

/* With all that a map checks. */
static int begin(mproc_pool *pool, mproc_task_function *function, mproc_combine_function *combine,
	const mproci_mapping *checked, reduction **ret_of)
{
	reduction *of = mproc_alloc(sizeof *of);
	int rc;

	if (of == NULL)
		return -ENOMEM;
	*of = (reduction){
		.items = checked->spec.items,
		.item_size = checked->spec.item_size,
		.count = checked->spec.count,
		.block = (checked->spec.count + BLOCKS - 1) / BLOCKS,
		.result_size = checked->spec.result_size,
		.terms = checked->spec.terms,
		.first_failed = SIZE_MAX,
	};
	rc = describe(pool, function, combine, of);
	if (rc < 0) {
		mproc_free(of);
		return rc;
	}
	*ret_of = of;
	return 0;
}

int mproc_pool_reduce(mproc_pool *pool, mproc_task_function *function, mproc_combine_function *combine,
	const void *items, size_t item_size, size_t count, void *total, size_t result_size,
	const mproc_map_options *options)
{
	static const mproc_map_options defaults;
	void *copies[2] = {NULL, NULL};
	mproci_mapping checked;
	reduction *of;
	int rc;

	if (options == NULL)
		options = &defaults;
	rc = check(options, combine, total, result_size);
	/* The results that it would write are not there. */
	if (rc == 0)
		rc = mproci_mapping_init(
			&checked, pool, function, items, item_size, count, total, result_size, options);
	if (rc < 0 || count == 0)
		return rc;
	rc = begin(pool, function, combine, &checked, &of);
	if (rc < 0)
		return rc;
	rc = share_all(of, copies);
	if (rc == 0)
		rc = run(pool, of, combine, total, options->context, options);
	mproc_free(copies[0]);
	mproc_free(copies[1]);
	mproc_free(of);
	return rc;
}
