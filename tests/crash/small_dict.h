/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/small_dict.h - a dict of a few keys, and a book of what must be in it.
 *
 * Its hashes are the same in each run, so a key can be chosen by the bucket that it is in.  After each death it holds what it held before
 * the operation, or what that was to make of it; all memory of the arena is in it, and can be used and given back.
 */
#ifndef CRASH_SMALL_DICT_H
#define CRASH_SMALL_DICT_H

#include "crash.h"

#include "collections/dict.h"

enum {
	/* Sizes of values: none; in a slot; in an entry; in an entry that is a big block. */
	SMALL_DICT_ABSENT = 0,
	SMALL_DICT_SHORT = 4,
	SMALL_DICT_NUMBER = 8,
	SMALL_DICT_LARGE = 40,
	SMALL_DICT_LARGER = 90,
	SMALL_DICT_BIG = 10000,
	/* A key is of the home that the lower three bits of its hash say: its bucket, when there are eight. */
	SMALL_DICT_HOMES = 8,
	SMALL_DICT_MOST = 16,
};

typedef struct small_dict_item {
	/* What its key is made of; from SMALL_DICT_LONG on, one that needs an entry. */
	uint64_t number;
	size_t size;
	/* What its value is made of. */
	uint8_t edition;
} small_dict_item;

static const uint64_t SMALL_DICT_LONG = 1 << 20;

typedef struct small_dict {
	mproc_dict *dict;
	_Atomic crash_stage stage;
	/* Who works beside the victim. */
	mproci_id other;
	/* What the operation leaves alone, unless it takes out everything. */
	small_dict_item others[SMALL_DICT_MOST];
	uint32_t count;
	bool is_cleared;
	/* Beside them there may be a crowd of small ones, which are left alone as well. */
	uint32_t crowd;
	/* What it changes. */
	small_dict_item before, after;
	/* How many keys there are of each home. */
	uint32_t used[SMALL_DICT_HOMES];
	/* Whether the change had happened when a reader looked. */
	bool was_after;
	_Atomic uint32_t has_watched;
} small_dict;

/* In set_up; the other one for a crowd. */
void small_dict_set_up(void *shared);
void small_dict_set_up_crowd(void *shared);

/* In any process but the harness, as all below: an empty one. */
void small_dict_make(small_dict *all, uint32_t stripes);

/* Put in another key of that home, with a value of @size bytes. */
void small_dict_put(small_dict *all, unsigned home, size_t size);
void small_dict_put_some(small_dict *all, unsigned home, size_t size, uint32_t count);

/* Let a crowd come, or go, until there are @buckets. */
void small_dict_gather(small_dict *all, uint32_t buckets);
void small_dict_disperse(small_dict *all, uint32_t buckets);

/* See that there are @buckets, by keys that come and go. */
void small_dict_widen(small_dict *all, uint32_t buckets);

/* Have the lock of the first keys so often that it is this thread's own. */
void small_dict_have_bias(small_dict *all);

/* What the operation will do: give a key of that home a value, or another, or take it out. */
void small_dict_plan(small_dict *all, unsigned home, size_t before, size_t after);
void small_dict_plan_long(small_dict *all, size_t before, size_t after);

/* Or nothing; or take out everything. */
void small_dict_plan_nothing(small_dict *all);
void small_dict_plan_clearing(small_dict *all);

/* The bytes of a key and of a value. */
typedef struct small_dict_key {
	size_t size;
	char bytes[20];
} small_dict_key;

small_dict_key small_dict_key_of(const small_dict_item *item);
const void *small_dict_value_of(const small_dict_item *item);

/* As operate. */
void small_dict_set(void *shared);
void small_dict_delete(void *shared);

/* As recover: the next to have the lock; the next who reads without. */
void small_dict_look(void *shared);
void small_dict_read(void *shared);

/* As recover: use again what memory there is, before the dead is buried.  And what to survive with after it. */
void small_dict_go_on(void *shared);
void small_dict_check_gone_on(void *shared);

/* As witness, a reader beside the victim; and what to survive with after it. */
void small_dict_watch(void *shared);
void small_dict_check_watched(void *shared);

/* As survive. */
void small_dict_check(void *shared);

#endif
