/* SPDX-License-Identifier: MIT */
/*
 * Dicts whose memory somebody has overwritten: each word of one, with each of many bit patterns, once by who goes on and once by who
 * then dies with the lock.  Whatever is called then ends, by itself, with a code that the header names.
 */
#include "collections/dict.h"
#include "collections/dict_fixture.h"
#include "family/member.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	KEYS = 40,
	MOST_WORDS = 400,
	PATTERNS = 19,
	/* Whose buckets are overwritten, beside the first one. */
	SEGMENT = 2,
	/* Seconds, of a machine that has much else to do. */
	ENOUGH = 30,
};

/* What is overwritten, and what with. */
typedef struct damage {
	uint64_t *word;
	uint64_t pattern;
} damage;

static size_t size_of_value(uint64_t key)
{
	return key % 3 == 0 ? 8 : 5 * key;
}

/* One stripe, whose table has several segments, with keys in slots and in entries. */
static void make_dict(void)
{
	create_with((mproc_dict_options){.stripes = 1, .patience = 0.01});
	for (uint64_t key = 0; key < KEYS; ++key)
		set_filled(&key, sizeof key, size_of_value(key), (unsigned)key);
}

static mproci_spot spot_of(uint64_t number)
{
	mproci_key key;
	mproci_spot spot;

	ck_assert_int_eq(mproci_dict_key(dict, &number, sizeof number, &key), 0);
	ck_assert_int_eq(mproci_table_find(&dict->tables[0], &key, &spot), 0);
	ck_assert_ptr_nonnull(spot.value);
	return spot;
}

/* Where the address of an entry lies. */
static _Atomic uint64_t *link_of(uint64_t number)
{
	mproci_spot spot = spot_of(number);

	return &spot.bucket->slots[spot.slot].first;
}

static size_t list_words(uint64_t **ret_words, void *start, size_t size)
{
	for (size_t i = 0; i < size / sizeof(uint64_t); ++i)
		ret_words[i] = (uint64_t *)start + i;
	return size / sizeof(uint64_t);
}

/*
 * All but the lock: whoever overwrites that has the others wait for somebody who is not there, or lets two of them in, and
 * nothing that it protects could tell.
 */
static size_t list_all_words(uint64_t **ret_words)
{
	static const uint64_t victims[] = {4, 5, 7};
	const size_t behind_lock = offsetof(mproci_table, lock) + sizeof(mproci_biased_lock);
	mproci_table *table = &dict->tables[0];
	size_t count;

	count = list_words(ret_words, dict, offsetof(mproc_dict, tables));
	count += list_words(ret_words + count, table, offsetof(mproci_table, lock));
	count += list_words(ret_words + count, (char *)table + behind_lock, sizeof *table - behind_lock);
	count += list_words(
		ret_words + count, atomic_load(&table->segments[SEGMENT]), 2 * sizeof(mproci_bucket));
	for (size_t i = 0; i < sizeof victims / sizeof *victims; ++i)
		count += list_words(ret_words + count, spot_of(victims[i]).entry, sizeof(mproci_entry));
	ck_assert_uint_lt(count, MOST_WORDS);
	return count;
}

/* Numbers, and what may be taken for a pointer, or for what is in a slot. */
static uint64_t pattern_number(unsigned number, const uint64_t *word)
{
	/* In no memory of the family. */
	static const uint64_t private;
	const uint64_t patterns[PATTERNS] = {0, 1, 7, 8, 9, 255, 1 << 20, UINT32_MAX, (uint64_t)1 << 32,
		(uint64_t)1 << 47, INT64_MAX, (uint64_t)1 << 63, UINT64_MAX, *word + 1,
		*word ^ (uint64_t)1 << 40, (uintptr_t)spot_of(5).entry, (uintptr_t)spot_of(5).entry + 4,
		(uintptr_t)spot_of(3).bucket, (uintptr_t) & private};

	return patterns[number];
}

static bool is_possible(ssize_t rc)
{
	static const int codes[] = {
		EBADMSG, ENOENT, EEXIST, ESTALE, EMSGSIZE, ERANGE, ENOMEM, ETIMEDOUT, EPIPE, EINVAL};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; ++i) {
		if (rc == -codes[i])
			return true;
	}
	return rc >= 0;
}

/* Each way to use one key. */
static bool use_key(uint64_t key)
{
	char value[8 * KEYS];
	void *copy = NULL;
	bool is_right = is_possible(mproc_dict_get(dict, &key, sizeof key, value, sizeof value, NULL))
			&& is_possible(mproc_dict_has(dict, &key, sizeof key))
			&& is_possible(mproc_dict_get_copy(dict, &key, sizeof key, &copy, NULL))
			&& is_possible(mproc_dict_add(dict, &key, sizeof key, 1, NULL))
			&& is_possible(mproc_dict_set(dict, &key, sizeof key, value, sizeof value))
			&& is_possible(mproc_dict_compare_and_set(
				dict, &key, sizeof key, value, sizeof value, value, 8));

	free(copy);
	return is_right;
}

static bool use_all(void)
{
	mproc_snapshot *all = NULL;
	bool is_right = is_possible(mproc_dict_count(dict)) && is_possible(mproc_dict_snapshot(dict, &all));

	mproc_snapshot_close(all);
	for (uint64_t key = 0; key < KEYS && is_right; ++key)
		is_right = use_key(key);
	for (uint64_t key = KEYS; key < 2 * KEYS && is_right; ++key)
		is_right = is_possible(set_number(key, key));
	for (uint64_t key = 0; key < 2 * KEYS && is_right; ++key)
		is_right = is_possible(delete_number(key));
	is_right = is_right && is_possible(mproc_dict_count(dict)) && is_possible(mproc_dict_clear(dict))
		   && is_possible(set_number(1, 1));
	mproc_dict_destroy(dict);
	return is_right;
}

static int overwrite(void *argument)
{
	damage *done = argument;

	alarm(ENOUGH);
	*done->word = done->pattern;
	return use_all() ? 0 : 1;
}

static int overwrite_and_die(void *argument)
{
	damage *done = argument;
	_Atomic uintptr_t *inside;
	int rc = mproci_dict_enter(dict, &inside);

	if (rc == 0)
		rc = mproci_dict_lock(dict, &dict->tables[0]);
	*done->word = done->pattern;
	return rc;
}

static int use_what_is_left(void *unused)
{
	(void)unused;
	alarm(ENOUGH);
	return use_all() ? 0 : 1;
}

/* One word with one pattern, and by whom. */
typedef struct attempt {
	size_t number;
	unsigned pattern;
	bool by_who_dies;
} attempt;

/* Ends with 0 if all is as it should be. */
static int overwrite_one(void *argument)
{
	const attempt *now = argument;
	uint64_t *words[MOST_WORDS];
	damage done;

	make_dict();
	list_all_words(words);
	done = (damage){words[now->number], pattern_number(now->pattern, words[now->number])};
	if (now->by_who_dies) {
		ck_assert_int_eq(support_reap(support_fork(overwrite_and_die, &done)), 0);
		/* Otherwise who destroys waits for him. */
		mproci_member_sweep();
	}
	return support_reap(support_fork(now->by_who_dies ? use_what_is_left : overwrite, &done));
}

static int count_all_words(void *ret_count)
{
	uint64_t *words[MOST_WORDS];

	make_dict();
	*(size_t *)ret_count = list_all_words(words);
	return 0;
}

static void *get_shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

/*
 * Each time in a family of its own, made by a process that is in none: what leads from one block into another has the dict write to
 * memory that is not its own, and no later one is to suffer for that.
 */
static void overwrite_each_word(bool by_who_dies)
{
	size_t *count = get_shared_memory(sizeof *count);
	char first[100] = "";
	unsigned wrong = 0;

	ck_assert_int_eq(support_reap(support_fork(count_all_words, count)), 0);
	for (size_t i = 0; i < *count; ++i) {
		for (unsigned pattern = 0; pattern < PATTERNS; ++pattern) {
			int ending = support_reap(
				support_fork(overwrite_one, &(attempt){i, pattern, by_who_dies}));

			if (ending != 0 && wrong++ == 0)
				snprintf(first, sizeof first, "word %zu, pattern %u: %d", i, pattern, ending);
		}
	}
	ck_assert_msg(wrong == 0, "%u of %zu ended badly, the first: %s", wrong, *count * PATTERNS, first);
	munmap(count, sizeof *count);
}

START_TEST(overwritten_memory_is_an_error_or_another_value)
{
	overwrite_each_word(false);
}
END_TEST

START_TEST(overwritten_memory_is_no_more_than_that_to_who_repairs)
{
	overwrite_each_word(true);
}
END_TEST

static void check_damaged(ssize_t rc)
{
	check_failed(rc, -EBADMSG, "its memory was overwritten");
}

/* A bucket whose next line is at @address, and what is not there is looked for in it. */
static void check_line(mproci_bucket *bucket, void *address)
{
	mproc_snapshot *all = NULL;
	unsigned damaged = 0;

	atomic_store(&bucket->more, address);
	atomic_fetch_or(&bucket->lanes, MPROCI_BUCKET_MORE);
	for (uint64_t key = KEYS; key < KEYS + 1000; ++key) {
		int rc = mproc_dict_has(dict, &key, sizeof key);

		if (rc == 0)
			continue;
		check_damaged(rc);
		check_damaged(set_number(key, key));
		check_damaged(delete_number(key));
		++damaged;
	}
	ck_assert_uint_gt(damaged, 0);
	check_damaged(mproc_dict_snapshot(dict, &all));
	check_damaged(mproc_dict_clear(dict));
	ck_assert_ptr_null(all);
}

START_TEST(bucket_without_an_end_is_told_of)
{
	mproci_bucket *bucket;

	make_dict();
	bucket = spot_of(5).bucket;
	check_line(bucket, bucket);
}
END_TEST

/* Keys that come and go have it split, and merged. */
START_TEST(bucket_without_an_end_takes_no_memory_without_an_end)
{
	mproci_bucket *bucket;
	size_t before;

	make_dict();
	before = used_bytes();
	bucket = spot_of(5).bucket;
	atomic_store(&bucket->more, bucket);
	atomic_fetch_or(&bucket->lanes, MPROCI_BUCKET_MORE);
	for (uint64_t key = KEYS; key < KEYS + 1000; ++key)
		ck_assert(is_possible(set_number(key, key)));
	ck_assert_uint_lt(used_bytes(), before + (1 << 20));
	for (uint64_t key = 0; key < KEYS + 1000; ++key)
		ck_assert(is_possible(delete_number(key)));
	ck_assert_uint_lt(used_bytes(), before + (1 << 20));
}
END_TEST

START_TEST(line_that_is_nowhere_is_told_of)
{
	static const uintptr_t nowhere[] = {1, 0xffff, 1 << 30, (uintptr_t)1 << 47, UINTPTR_MAX};

	for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; ++i) {
		make_dict();
		check_line(spot_of(5).bucket, (void *)nowhere[i]);
	}
}
END_TEST

START_TEST(entry_that_is_nowhere_is_told_of)
{
	static const uintptr_t nowhere[] = {1, 0xffff, 1 << 30, (uintptr_t)1 << 47, UINTPTR_MAX};
	mproc_snapshot *all = NULL;

	for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; ++i) {
		make_dict();
		atomic_store(link_of(5), nowhere[i]);
		check_damaged(mproc_dict_snapshot(dict, &all));
		ck_assert_ptr_null(all);
	}
}
END_TEST

START_TEST(sizes_that_cannot_be_are_told_of)
{
	mproc_snapshot *all = NULL;

	make_dict();
	atomic_store(&spot_of(4).entry->value_size, UINT64_MAX);
	check_damaged(mproc_dict_snapshot(dict, &all));
	make_dict();
	atomic_store(&spot_of(4).entry->key_size, (uint64_t)1 << 60);
	check_damaged(mproc_dict_snapshot(dict, &all));
	ck_assert_ptr_null(all);
}
END_TEST

START_TEST(count_that_cannot_be_is_told_of)
{
	make_dict();
	atomic_store(&dict->tables[0].count, UINT64_MAX - 5);
	check_damaged(mproc_dict_count(dict));
}
END_TEST

START_TEST(buckets_that_cannot_be_are_told_of)
{
	static const uint32_t impossible[] = {0, 1, MPROCI_TABLE_MOST_BUCKETS + 1, UINT32_MAX};

	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; ++i) {
		make_dict();
		atomic_store(&dict->tables[0].buckets, impossible[i]);
		check_damaged(set_number(5, 5));
		check_damaged(mproc_dict_has(dict, "k", 1));
		check_damaged(delete_number(5));
	}
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		overwritten_memory_is_an_error_or_another_value,
		overwritten_memory_is_no_more_than_that_to_who_repairs,
		bucket_without_an_end_is_told_of,
		bucket_without_an_end_takes_no_memory_without_an_end,
		line_that_is_nowhere_is_told_of,
		entry_that_is_nowhere_is_told_of,
		sizes_that_cannot_be_are_told_of,
		count_that_cannot_be_is_told_of,
		buckets_that_cannot_be_are_told_of,
		NULL,
	};
	const support_suite suite = {
		.name = "dict and damage",
		.process_tests = process_tests,
		.timeout = 240,
	};

	return support_run_suite(&suite);
}
