/* SPDX-License-Identifier: MIT */
#include "small_dict.h"

#include "collections/lines.h"
#include "family/member.h"
#include "ground.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <string.h>

enum {
	/* Units that dicts take here. */
	UNITS = 10,
	/* Those with a crowd. */
	UNITS_OF_CROWD = GROUND_UNITS,
	/* The first of the keys that come and go. */
	PASSING = 20,
	MOST_PASSING = 12,
	/* More often in a row than a thread must have a lock to be given the bias. */
	ENOUGH = 40,
	LITTER = 0x5a,
	LITTERED = 8,
	/* Editions of values. */
	FIRST = 1,
	SECOND,
	THIRD,
};

/* Of all hashes. */
static const uint64_t SEED = 7;

/* The number of the first key of a crowd. */
static const uint64_t CROWD = 1 << 19;

/* What no value is. */
static const char NO_VALUE[] = "?";

static char written[SMALL_DICT_BIG], found[SMALL_DICT_BIG];

static void must(int rc)
{
	crash_expect(rc == 0, "%d: %s", rc, mproc_error_text());
}

/* ---- keys and values ---- */

small_dict_key small_dict_key_of(const small_dict_item *item)
{
	small_dict_key key = {
		.size = item->number < SMALL_DICT_LONG ? sizeof item->number : sizeof key.bytes};

	memcpy(key.bytes, &item->number, sizeof item->number);
	return key;
}

/* It begins with a number, to which 1 is added for the next edition. */
const void *small_dict_value_of(const small_dict_item *item)
{
	uint64_t number = item->number << 8 | item->edition;

	memset(written, item->edition, item->size);
	memcpy(written, &number, item->size < sizeof number ? item->size : sizeof number);
	return written;
}

static unsigned home_of(const small_dict_item *item)
{
	small_dict_key key = small_dict_key_of(item);

	return mproci_hash(key.bytes, key.size, SEED) % SMALL_DICT_HOMES;
}

/* The one with that index of those of a home. */
static small_dict_item find_item(unsigned home, uint32_t index)
{
	small_dict_item item = {.number = 1, .edition = FIRST};

	for (;; ++item.number) {
		if (home_of(&item) == home && index-- == 0)
			return item;
	}
}

static small_dict_item next_item(small_dict *all, unsigned home, size_t size)
{
	small_dict_item item = find_item(home, all->used[home]++);

	item.size = size;
	return item;
}

static void put(small_dict *all, const small_dict_item *item)
{
	small_dict_key key = small_dict_key_of(item);

	must(mproc_dict_set(all->dict, key.bytes, key.size, small_dict_value_of(item), item->size));
}

static void delete_key(small_dict *all, const small_dict_item *item)
{
	small_dict_key key = small_dict_key_of(item);

	must(mproc_dict_delete(all->dict, key.bytes, key.size));
}

static small_dict_item item_of_crowd(uint32_t index)
{
	return (small_dict_item){CROWD + index, SMALL_DICT_NUMBER, FIRST};
}

/* ---- making dicts ---- */

static void set_up(size_t units)
{
	ground_make_unwatched();
	crash_watch(ground_units(), units * MPROCI_UNIT_SIZE);
}

void small_dict_set_up(void *shared)
{
	(void)shared;
	set_up(UNITS);
}

void small_dict_set_up_crowd(void *shared)
{
	(void)shared;
	set_up(UNITS_OF_CROWD);
}

/* Lines and segments are made of memory that holds anything. */
static void litter(size_t size)
{
	void *blocks[LITTERED];

	for (int i = 0; i < LITTERED; ++i) {
		blocks[i] = mproc_alloc(size);
		crash_expect(blocks[i] != NULL, "%s", mproc_error_text());
		memset(blocks[i], LITTER, size);
	}
	for (int i = 0; i < LITTERED; ++i)
		mproc_free(blocks[i]);
}

void small_dict_make(small_dict *all, uint32_t stripes)
{
	litter(sizeof(mproci_bucket));
	litter(2 * sizeof(mproci_bucket));
	litter(4 * sizeof(mproci_bucket));
	must(mproc_dict_create(&(mproc_dict_options){.stripes = stripes}, &all->dict));
	all->dict->seed = SEED;
	for (uint32_t i = 0; i < stripes; ++i)
		all->dict->tables[i].seed = SEED;
}

void small_dict_put(small_dict *all, unsigned home, size_t size)
{
	small_dict_item item = next_item(all, home, size);

	crash_expect(all->count < SMALL_DICT_MOST, "too many keys for the book");
	put(all, &item);
	all->others[all->count++] = item;
}

void small_dict_put_some(small_dict *all, unsigned home, size_t size, uint32_t count)
{
	while (count-- > 0)
		small_dict_put(all, home, size);
}

void small_dict_gather(small_dict *all, uint32_t buckets)
{
	while (all->dict->tables[0].buckets < buckets) {
		small_dict_item item = item_of_crowd(all->crowd++);

		put(all, &item);
	}
}

void small_dict_disperse(small_dict *all, uint32_t buckets)
{
	while (all->dict->tables[0].buckets > buckets) {
		small_dict_item item = item_of_crowd(--all->crowd);

		delete_key(all, &item);
	}
}

void small_dict_widen(small_dict *all, uint32_t buckets)
{
	const mproci_table *table = &all->dict->tables[0];
	uint32_t count = 0;

	for (; table->buckets < buckets; ++count) {
		small_dict_item item = find_item(1, PASSING + count);

		item.size = SMALL_DICT_NUMBER;
		put(all, &item);
	}
	while (count-- > 0) {
		small_dict_item item = find_item(1, PASSING + count);

		delete_key(all, &item);
	}
	crash_expect(table->buckets == buckets, "there are %u buckets, not %u", table->buckets, buckets);
}

void small_dict_have_bias(small_dict *all)
{
	for (int i = 0; i < ENOUGH; ++i)
		put(all, &all->others[0]);
}

static void plan(small_dict *all, small_dict_item item, size_t before, size_t after)
{
	item.size = before;
	all->before = item;
	if (before != SMALL_DICT_ABSENT)
		put(all, &item);
	item.size = after;
	item.edition = SECOND;
	all->after = item;
}

void small_dict_plan(small_dict *all, unsigned home, size_t before, size_t after)
{
	plan(all, next_item(all, home, before), before, after);
}

void small_dict_plan_long(small_dict *all, size_t before, size_t after)
{
	plan(all, (small_dict_item){.number = SMALL_DICT_LONG, .edition = FIRST}, before, after);
}

void small_dict_plan_nothing(small_dict *all)
{
	small_dict_plan(all, 0, SMALL_DICT_NUMBER, SMALL_DICT_NUMBER);
	all->after = all->before;
}

void small_dict_plan_clearing(small_dict *all)
{
	small_dict_plan(all, 0, SMALL_DICT_NUMBER, SMALL_DICT_ABSENT);
	all->is_cleared = true;
}

/* ---- what the victim does ---- */

void small_dict_set(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->after);
	const void *value = small_dict_value_of(&all->after);

	all->stage = CRASH_INSIDE;
	mproc_dict_set(all->dict, key.bytes, key.size, value, all->after.size);
	all->stage = CRASH_AFTER;
}

void small_dict_delete(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->before);

	all->stage = CRASH_INSIDE;
	mproc_dict_delete(all->dict, key.bytes, key.size);
	all->stage = CRASH_AFTER;
}

/* ---- what is in it ---- */

/* Whether its key has its value, or if it has no size none. */
static bool is_there(const small_dict *all, const small_dict_item *item)
{
	small_dict_key key = small_dict_key_of(item);
	size_t size = SMALL_DICT_ABSENT;
	int rc, has;

	rc = mproc_dict_get(all->dict, key.bytes, key.size, found, sizeof found, &size);
	crash_expect(rc == 0 || rc == -ENOENT, "%d: %s", rc, mproc_error_text());
	has = mproc_dict_has(all->dict, key.bytes, key.size);
	crash_expect(has == (rc == 0), "key %d is there for one and not for another", (int)item->number);
	return size == item->size && memcmp(found, small_dict_value_of(item), size) == 0;
}

static bool has_happened(const small_dict *all)
{
	return is_there(all, &all->after);
}

static void check_keys(const small_dict *all, bool is_after)
{
	uint32_t count = is_after && all->is_cleared ? 0 : all->count;
	small_dict_item touched = is_after ? all->after : all->before;
	ssize_t counted;

	crash_expect(is_there(all, &touched), "what was changed is neither as before nor as after that");
	for (uint32_t i = 0; i < all->count; ++i) {
		small_dict_item other = all->others[i];

		if (count == 0)
			other.size = SMALL_DICT_ABSENT;
		crash_expect(is_there(all, &other), "key %d is not as it was left", (int)other.number);
	}
	for (uint32_t i = 0; i < all->crowd; ++i) {
		small_dict_item item = item_of_crowd(i);

		crash_expect(is_there(all, &item), "key %d is not as it was left", (int)item.number);
	}
	counted = mproc_dict_count(all->dict);
	count += all->crowd;
	count += touched.size != SMALL_DICT_ABSENT;
	crash_expect(counted == (ssize_t)count, "%d keys are counted, not %u", (int)counted, count);
}

static bool is_in_snapshot(const mproc_snapshot *snapshot, const small_dict_item *item)
{
	small_dict_key key = small_dict_key_of(item);
	unsigned times = 0;

	for (size_t i = 0; i < snapshot->count; ++i) {
		const mproc_snapshot_entry *entry = &snapshot->entries[i];

		if (entry->key_size == key.size && memcmp(entry->key, key.bytes, key.size) == 0)
			times += entry->value_size == item->size
				 && memcmp(entry->value, small_dict_value_of(item), item->size) == 0;
	}
	return times == 1;
}

/* All keys that there are were found already: as many are in the snapshot, each once. */
static void check_snapshot(const small_dict *all, bool is_after)
{
	small_dict_item touched = is_after ? all->after : all->before;
	mproc_snapshot *snapshot;

	must(mproc_dict_snapshot(all->dict, &snapshot));
	crash_expect(mproc_dict_count(all->dict) == (ssize_t)snapshot->count, "%zu keys are in the snapshot",
		snapshot->count);
	for (uint32_t i = 0; i < all->count && snapshot->count > 0; ++i)
		crash_expect(is_in_snapshot(snapshot, &all->others[i]), "key %d is not once in the snapshot",
			(int)all->others[i].number);
	crash_expect(touched.size == SMALL_DICT_ABSENT || is_in_snapshot(snapshot, &touched),
		"what was changed is not once in the snapshot");
	mproc_snapshot_close(snapshot);
}

/* ---- what memory it has ---- */

static uint32_t count_entries(const mproci_bucket *line)
{
	uint32_t count = 0;

	for (unsigned slot = 0; slot < MPROCI_BUCKET_SLOTS; ++slot)
		count += mproci_lane_has_entry(mproci_lane_of(mproci_bucket_lanes(line), slot));
	return count;
}

/* Lines, and entries in them. */
static uint32_t count_in_bucket(const mproci_bucket *bucket)
{
	uint32_t count = count_entries(bucket);

	for (; bucket->more != NULL; bucket = bucket->more) {
		++count;
		if (mproci_bucket_next(bucket) == NULL)
			break;
		count += count_entries(bucket->more);
	}
	return count;
}

static uint32_t count_in_table(mproci_table *table)
{
	uint32_t count = 0;

	for (uint32_t segment = 1; segment < MPROCI_TABLE_SEGMENTS; ++segment)
		count += table->segments[segment] != NULL;
	for (uint32_t index = 0; index < table->fresh; ++index)
		count += count_in_bucket(mproci_table_bucket(table, index));
	return count;
}

static void check_rest(const mproci_table *table)
{
	crash_expect(table->version % 2 == 0, "somebody seems to be changing the table");
	crash_expect(table->work == MPROCI_TABLE_RESTS, "buckets are still to be moved");
	crash_expect(table->undo.bucket == NULL, "something is still to be undone");
	crash_expect(table->coming == NULL && table->going == NULL, "an entry is coming or going");
}

/* After somebody had the locks: each block is in its place. */
static void check_memory(const small_dict *all)
{
	uint32_t expected = 1;
	mproci_arena_census census;

	mproci_member_sweep();
	census = ground_look_at_rest();
	for (uint32_t i = 0; i < all->dict->stripes; ++i) {
		check_rest(&all->dict->tables[i]);
		expected += count_in_table(&all->dict->tables[i]);
	}
	crash_expect(ground_count_used(&census) == expected, "%u blocks are in use, and %u are needed",
		ground_count_used(&census), expected);
	crash_expect(census.units <= (all->crowd > 0 ? UNITS_OF_CROWD : UNITS),
		"%u units are in use, and not all are watched", census.units);
}

static void check_all(const small_dict *all, bool is_after)
{
	check_keys(all, is_after);
	check_snapshot(all, is_after);
	check_memory(all);
}

/* ---- who goes on ---- */

/* Some more buckets, lines and entries come and go. */
static void use(small_dict *all)
{
	small_dict_item items[MOST_PASSING];

	for (unsigned i = 0; i < MOST_PASSING; ++i) {
		items[i] = find_item(i < 2 ? i : 4, PASSING + i);
		items[i].size = i % 2 == 0 ? SMALL_DICT_NUMBER : SMALL_DICT_LARGE;
		put(all, &items[i]);
		items[i].size = i % 4 == 0 ? SMALL_DICT_LARGER : items[i].size;
		items[i].edition = SECOND;
		put(all, &items[i]);
	}
	for (unsigned i = 0; i < MOST_PASSING; ++i) {
		crash_expect(is_there(all, &items[i]), "a new key is not there");
		delete_key(all, &items[i]);
	}
}

/* All of the next piece of buckets that has not been in use. */
static void use_next_piece(small_dict *all)
{
	uint32_t pieces = all->dict->tables[0].fresh / MPROCI_TABLE_PIECE;

	small_dict_gather(all, (pieces + 1) * MPROCI_TABLE_PIECE);
}

static void take_down(small_dict *all)
{
	must(mproc_dict_clear(all->dict));
	crash_expect(mproc_dict_count(all->dict) == 0, "something is in a dict that was cleared");
	check_memory(all);
	mproc_dict_destroy(all->dict);
	mproci_member_sweep();
	ground_check_empty();
}

static void check(small_dict *all, bool is_after)
{
	check_all(all, is_after);
	if (all->crowd == 0)
		use(all);
	else
		use_next_piece(all);
	check_all(all, is_after);
	take_down(all);
}

void small_dict_check(void *shared)
{
	small_dict *all = shared;
	bool is_after = has_happened(all);

	if (all->before.edition != all->after.edition)
		crash_expect_outcome(all->stage, is_after);
	check(all, is_after);
}

void small_dict_watch(void *shared)
{
	small_dict *all = shared;

	all->was_after = has_happened(all);
	check_keys(all, all->was_after);
	crash_add(&all->has_watched);
}

void small_dict_check_watched(void *shared)
{
	small_dict *all = shared;

	crash_await(&all->has_watched, 1);
	crash_expect(all->was_after == has_happened(all), "what somebody saw before is not so any more");
	small_dict_check(shared);
}

/* It changes nothing, but cannot know that before it has the lock. */
void small_dict_look(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->after);
	int rc = mproc_dict_compare_and_set(
		all->dict, key.bytes, key.size, NO_VALUE, sizeof NO_VALUE, NULL, 0);

	crash_expect(rc == -ESTALE || rc == -ENOENT, "%d: %s", rc, mproc_error_text());
}

void small_dict_read(void *shared)
{
	small_dict *all = shared;

	check_keys(all, has_happened(all));
}

void small_dict_go_on(void *shared)
{
	small_dict *all = shared;
	small_dict_key key = small_dict_key_of(&all->after);
	small_dict_item last = all->after;
	int rc = mproc_dict_delete(all->dict, key.bytes, key.size);

	crash_expect(rc == 0 || rc == -ENOENT, "%d: %s", rc, mproc_error_text());
	last.edition = THIRD;
	last.size = SMALL_DICT_LARGE;
	put(all, &last);
}

void small_dict_check_gone_on(void *shared)
{
	small_dict *all = shared;

	all->after.edition = THIRD;
	all->after.size = SMALL_DICT_LARGE;
	check(all, true);
}
