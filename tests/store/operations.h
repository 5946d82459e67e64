/* SPDX-License-Identifier: MIT */
/*
 * tests/store/operations.h - what is done with a cache while somebody is killed or a call fails, and what the cache
 * must hold afterwards.
 *
 * All of it is for processes that are traced: what is wrong, they say by fault_complain.
 */
#ifndef STORE_OPERATIONS_H
#define STORE_OPERATIONS_H

#include <mproc/cache.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a key may lead to: a set of these. */
enum {
	STORE_NONE = 1,
	STORE_OLD = 2,
	STORE_NEW = 4,
	/* What was stored after all that. */
	STORE_LATER = 8,
};

enum {
	/* The key with which something is done; those that follow it up to the last are old ones. */
	STORE_FIRST_KEY = 1,
	STORE_LAST_KEY = 4,
	/* Of nobody before the end. */
	STORE_SPARE_KEY = 9,
};

typedef struct store_operation {
	/* Its kind: first, open, put, get, call or remove. */
	const char *kind, *name;
	/* Returns what the library returned. */
	int (*operate)(void);
	/* What the first key leads to beforehand, and when @operate has returned 0. */
	unsigned before, after;
	/* It is the first call of the process: all that the library keeps for good is loaded. */
	bool is_first;
	/* The directory is not there yet; or there is no handle, for @operate opens one. */
	bool is_new, is_closed;
	/* The old results are large enough to be mapped, the new one has several pages. */
	bool is_large;
	/* The first key's result is damaged; others have left what they were writing. */
	bool is_damaged, has_ruins;
	/* The other results may go, too. */
	bool takes_others;
	/* Who looks removes what is damaged: then it may be said to be so. */
	bool may_be_damaged;
	/* A thread of the victim's has a part in it. */
	bool has_thread;
	uint64_t max_bytes;
	/* It is wrong on purpose: what the complaint must contain. */
	const char *caught_as;
} store_operation;

/* A name of NULL ends them. */
extern const store_operation store_operations[];
/* Those that are wrong on purpose: a harness that misses them proves nothing. */
extern const store_operation store_mistakes[];

/* Of this process. */
extern mproc_cache *store_cache;

/* Make a parent for all directories; remove it.  In the harness. */
void store_make_parent(void);
void store_remove_parent(void);

/* Make a directory as an operation needs it, with the first handle. */
void store_prepare(const store_operation *what);
/* The same directory's handle for another process, or for later. */
mproc_cache *store_open(const char *when);
const char *store_directory(void);

/* An operation: close the first handle. */
int store_close(void);

/* Wait until this process has but one thread. */
void store_await_thread(void);

/* A key, and its results. */
mproc_cache_key store_key(const uint32_t *number);
size_t store_size(unsigned edition);
const void *store_bytes(uint32_t number, unsigned edition);
/* Which edition a value is; 0: none that was ever stored. */
unsigned store_edition(uint32_t number, const mproc_cache_value *value);

/* To be computed: the new edition of a key.  What is done meanwhile, or NULL. */
int store_compute(const void *arguments, size_t size, mproc_cache_result *result, void *unused);
extern void (*store_meanwhile)(void);

/* Whether somebody computes, and keeps others from it. */
bool store_has_flight(void);

/* Complain unless the keys lead to what they may lead to. */
void store_expect(mproc_cache *cache, const store_operation *what, unsigned first, const char *when);

/* Store, find, compute and remove something; it stays as long as the handle is of use. */
void store_expect_to_work(mproc_cache *cache, const char *when);

/* Complain of what is in the directory and belongs to no result. */
void store_expect_tidy(const char *when);

/* Complain of a tally that counts other than what there is, but for one result. */
void store_expect_counted(mproc_cache *cache, const char *when);

#endif
