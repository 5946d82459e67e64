/* SPDX-License-Identifier: MIT */
/*
 * Storms: processes use two dicts and two lists as fast as they can, and are killed at random moments, and replaced; now and then one is stopped
 * for a moment.
 *
 * Each of them has a diary that all share, in which it writes what it is about to do, and that it has done it.  So its successor, and at the
 * end everybody, can tell what must be there: what was done, or else what was about to be done.
 *
 * MPROC_STORM_KILLS says how many each storm kills, MPROC_TEST_SEED whom and when.
 */
#include "people.h"
#include "support.h"

#include "family/member.h"

#include <errno.h>
#include <limits.h>
#include <mproc/arena.h>
#include <mproc/dict.h>
#include <mproc/list.h>
#include <mproc/snapshot.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	WORKERS = 5,
	USUAL_KILLS = 300,
	/* Of each worker. */
	KEYS = 64,
	ITEMS = 1 << 18,
	/* Of all. */
	COUNTERS = 8,
	SCRATCH_KEYS = 300,
	LARGEST = 20000,
	/* A list has about as many items. */
	USUAL_LENGTH = 500,
	LONGEST_KEY = 40,
};

/* What is about to be, and what is: numbers that rise. */
typedef struct step {
	_Atomic uint64_t intended, done;
} step;

typedef enum life {
	NEVER_WAS,
	/* It may be in the list or not. */
	COMES,
	IS_THERE,
} life;

typedef struct diary {
	/* Each key has the state of that number: see value_of_state. */
	step keys[KEYS];
	/* So often was the counter of this worker, and were those of all, added to. */
	step own_counter, counters[COUNTERS];
	_Atomic uint32_t next_item;
	_Atomic uint8_t items[ITEMS], popped[ITEMS];
	/* It may have an item that is written down nowhere. */
	_Atomic uint32_t has_item;
	_Atomic uint64_t operations;
} diary;

typedef struct ledger {
	_Atomic uint32_t is_over, wrong;
	char text[200];
	diary diaries[WORKERS];
} ledger;

typedef struct worker {
	uint32_t place;
	/* One of the two: the application's own, or of the library. */
	pid_t pid;
	mproc_process *process;
} worker;

static ledger *shared;
static mproc_dict *dict, *scratch_dict;
static mproc_list *list, *scratch_list;
static uint64_t random_state;
/* Of the process. */
static unsigned char value[LARGEST], other_value[LARGEST];

static uint32_t choose(uint32_t count)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(random_state >> 33) % count;
}

static void complain(const char *what, uint64_t number, int rc)
{
	if (atomic_fetch_add(&shared->wrong, 1) == 0)
		snprintf(shared->text, sizeof shared->text, "%s: %llu, %d, %s", what,
			(unsigned long long)number, rc, rc < 0 ? mproc_error_text() : "");
}

static void expect(const char *what, uint64_t number, int rc, int expected)
{
	if (rc != expected)
		complain(what, number, rc);
}

static void begin_step(step *of, uint64_t next)
{
	atomic_store(&of->intended, next);
}

static void end_step(step *of)
{
	atomic_store(&of->done, atomic_load(&of->intended));
}

/* Keys that have one writer. */

/* In every fifth state a key has no value. */
static bool is_absent(uint64_t state)
{
	return state % 5 == 0;
}

static size_t size_of_state(uint64_t state)
{
	if (state % 1009 == 1)
		return LARGEST;
	if (state % 97 == 1)
		return 4000 + state % 5000;
	return state % 3 == 0 ? 8 : state % 300;
}

/* Its bytes depend on who writes it as well. */
static size_t value_of_state(unsigned char *bytes, uint64_t state, uint32_t place)
{
	size_t size = size_of_state(state);
	uint64_t number = state * WORKERS + place;

	for (size_t i = 0; i < size; ++i)
		bytes[i] = (unsigned char)((number >> 8 * (i % 8)) + i / 8);
	return size;
}

static size_t key_of(unsigned char *bytes, uint32_t place, uint32_t number)
{
	memset(bytes, 0, LONGEST_KEY);
	bytes[0] = (unsigned char)number;
	bytes[1] = (unsigned char)('a' + place);
	return 2 + number % (LONGEST_KEY - 2);
}

/* Whether the key is as in @state. */
static bool is_in_state(uint32_t place, uint32_t number, uint64_t state)
{
	unsigned char key[LONGEST_KEY];
	size_t key_size = key_of(key, place, number), size = 0;
	int rc = mproc_dict_get(dict, key, key_size, value, sizeof value, &size);

	if (rc == -ENOENT)
		return is_absent(state);
	if (rc < 0)
		complain("get", number, rc);
	return !is_absent(state) && size == value_of_state(other_value, state, place)
	       && memcmp(value, other_value, size) == 0;
}

/* In one of several ways. */
static int change_state(const unsigned char *key, size_t key_size, uint32_t place, uint64_t from, uint64_t to)
{
	size_t size = value_of_state(value, to, place), old_size = value_of_state(other_value, from, place);
	bool is_there = !is_absent(from);

	if (is_absent(to) && !is_there)
		return mproc_dict_has(dict, key, key_size);
	if (is_absent(to) && choose(2) == 0)
		return mproc_dict_delete(dict, key, key_size);
	if (is_absent(to))
		return mproc_dict_pop(dict, key, key_size, value, sizeof value, NULL);
	if (choose(2) == 0)
		return mproc_dict_set(dict, key, key_size, value, size);
	if (is_there)
		return mproc_dict_compare_and_set(dict, key, key_size, other_value, old_size, value, size);
	return mproc_dict_set_if_absent(dict, key, key_size, value, size);
}

static void change_key(uint32_t place)
{
	uint32_t number = choose(KEYS);
	step *of = &shared->diaries[place].keys[number];
	uint64_t state = atomic_load(&of->done), next = state + 1 + choose(3);
	unsigned char key[LONGEST_KEY];
	size_t key_size = key_of(key, place, number);

	begin_step(of, next);
	expect("change", number, change_state(key, key_size, place, state, next), 0);
	end_step(of);
}

static void look_at_key(uint32_t place)
{
	uint32_t number = choose(KEYS);

	if (!is_in_state(place, number, atomic_load(&shared->diaries[place].keys[number].done)))
		complain("a key is not in the state that its writer left", number, 0);
}

/* One who was killed has left what was done, or what was about to be done. */
static void settle_keys(uint32_t place)
{
	for (uint32_t number = 0; number < KEYS; ++number) {
		step *of = &shared->diaries[place].keys[number];

		if (is_in_state(place, number, atomic_load(&of->intended)))
			end_step(of);
		else if (is_in_state(place, number, atomic_load(&of->done)))
			begin_step(of, atomic_load(&of->done));
		else
			complain("a key is neither as it was nor as it was to be", number, 0);
	}
}

/* Counters. */

static void add_to_counter(uint32_t place)
{
	uint32_t number = choose(COUNTERS);
	step *of = &shared->diaries[place].counters[number];

	begin_step(of, atomic_load(&of->intended) + 1);
	expect("add", number, mproc_dict_add(dict, &number, sizeof number, 1, NULL), 0);
	atomic_fetch_add(&of->done, 1);
}

static void add_to_own_counter(uint32_t place)
{
	step *of = &shared->diaries[place].own_counter;
	int64_t key[2] = {place, 77}, sum = 0;

	begin_step(of, atomic_load(&of->done) + 1);
	expect("add", place, mproc_dict_add(dict, key, sizeof key, 1, &sum), 0);
	if (sum != (int64_t)of->intended)
		complain("a counter is not as its writer left it", (uint64_t)sum, 0);
	end_step(of);
}

static void settle_own_counter(uint32_t place)
{
	step *of = &shared->diaries[place].own_counter;
	int64_t key[2] = {place, 77}, sum = 0;
	int rc = mproc_dict_get(dict, key, sizeof key, &sum, sizeof sum, NULL);

	if ((rc < 0 && rc != -ENOENT) || (sum != (int64_t)of->done && sum != (int64_t)of->intended))
		complain("a counter is neither as it was nor as it was to be", (uint64_t)sum, rc);
	atomic_store(&of->done, sum);
}

/* Items of the list. */

typedef struct item {
	uint32_t place, serial;
	unsigned char filling[200];
} item;

static size_t write_item(item *self, uint32_t place, uint32_t serial)
{
	size_t filling = serial % sizeof self->filling;

	*self = (item){.place = place, .serial = serial};
	memset(self->filling, (unsigned char)(serial + place), filling);
	return offsetof(item, filling) + filling;
}

static bool is_whole(const item *self, size_t size)
{
	item expected;

	if (size < offsetof(item, filling) || self->place >= WORKERS || self->serial >= ITEMS)
		return false;
	return size == write_item(&expected, self->place, self->serial) && memcmp(self, &expected, size) == 0;
}

static void put_item(uint32_t place)
{
	diary *own = &shared->diaries[place];
	uint32_t serial = atomic_load(&own->next_item);
	size_t size;
	item new;
	int rc;

	if (serial == ITEMS)
		return;
	atomic_store(&own->next_item, serial + 1);
	size = write_item(&new, place, serial);
	atomic_store(&own->items[serial], COMES);
	/* Where it may be that others have taken so many. */
	rc = choose(2) == 0 ? mproc_list_append(list, &new, size)
			    : mproc_list_insert(list, (ssize_t)choose(USUAL_LENGTH), &new, size);
	if (rc == -ERANGE) {
		atomic_store(&own->items[serial], NEVER_WAS);
		return;
	}
	expect("append", serial, rc, 0);
	atomic_store(&own->items[serial], IS_THERE);
}

static void write_down(const item *popped, size_t size)
{
	if (!is_whole(popped, size))
		complain("an item is torn", size, 0);
	else if (atomic_load(&shared->diaries[popped->place].items[popped->serial]) == NEVER_WAS)
		complain("an item was never put in", popped->serial, 0);
	else if (atomic_fetch_add(&shared->diaries[popped->place].popped[popped->serial], 1) != 0)
		complain("an item was popped twice", popped->serial, 0);
}

static void pop_item(uint32_t place)
{
	diary *own = &shared->diaries[place];
	ssize_t positions[] = {0, -1, (ssize_t)choose(USUAL_LENGTH)};
	size_t size = 0;
	item popped;
	int rc;

	atomic_store(&own->has_item, 1);
	rc = mproc_list_pop(list, positions[choose(3)], &popped, sizeof popped, &size);
	if (rc == 0)
		write_down(&popped, size);
	else if (rc != -ERANGE)
		complain("pop", place, rc);
	atomic_store(&own->has_item, 0);
}

static void put_or_pop_item(uint32_t place)
{
	ssize_t count = mproc_list_count(list);

	if (count < 0)
		complain("count", place, (int)count);
	if (count < USUAL_LENGTH / 2 || (count < USUAL_LENGTH * 2 && choose(2) == 0))
		put_item(place);
	else
		pop_item(place);
}

static void look_at_items(uint32_t place)
{
	ssize_t position = choose(2) == 0 ? -1 : (ssize_t)choose(USUAL_LENGTH);
	size_t size = 0;
	item got;
	int rc = mproc_list_get(list, position, &got, sizeof got, &size);

	if (rc == -ERANGE)
		return;
	if (rc < 0 || !is_whole(&got, size))
		complain("get of an item", place, rc);
}

/* What everybody does anything to: all that is seen is whole. */

static size_t fill_scratch(uint32_t number)
{
	size_t size = choose(50) == 0 ? 4000 + choose(6000) : choose(100);

	memset(value, (int)number, size);
	return size;
}

static bool is_scratch(const unsigned char *bytes, size_t size, uint32_t number)
{
	for (size_t i = 0; i < size; ++i) {
		if (bytes[i] != (unsigned char)number)
			return false;
	}
	return true;
}

static void look_at_scratch(uint32_t number)
{
	size_t size = 0;
	int rc = mproc_dict_get(scratch_dict, &number, sizeof number, value, sizeof value, &size);

	if (rc < 0 && rc != -ENOENT)
		complain("get of scratch", number, rc);
	else if (rc == 0 && !is_scratch(value, size, number))
		complain("a value is torn", number, 0);
}

static void copy_scratch(void)
{
	mproc_snapshot *all = NULL;
	int rc = mproc_dict_snapshot(scratch_dict, &all);

	if (rc < 0) {
		complain("snapshot", 0, rc);
		return;
	}
	for (size_t i = 0; i < all->count; ++i) {
		uint32_t number = *(const uint32_t *)all->entries[i].key;

		if (!is_scratch(all->entries[i].value, all->entries[i].value_size, number))
			complain("a value in a snapshot is torn", number, 0);
	}
	mproc_snapshot_close(all);
}

static void use_scratch_dict(uint32_t place)
{
	uint32_t number = choose(SCRATCH_KEYS), kind = choose(1000);
	ssize_t count;

	(void)place;
	if (kind < 5)
		expect("clear", number, mproc_dict_clear(scratch_dict), 0);
	else if (kind < 15)
		copy_scratch();
	else if (kind < 300)
		look_at_scratch(number);
	else if (kind < 500)
		mproc_dict_delete(scratch_dict, &number, sizeof number);
	else if (kind < 900)
		expect("set", number,
			mproc_dict_set(scratch_dict, &number, sizeof number, value, fill_scratch(number)), 0);
	else if ((count = mproc_dict_count(scratch_dict)) < 0 || count > SCRATCH_KEYS)
		complain("count", (uint64_t)count, 0);
}

/* An item of the scratch list has its size in each of its bytes. */
static bool is_scratch_item(const unsigned char *bytes, size_t size)
{
	return is_scratch(bytes, size, (uint32_t)size);
}

static size_t fill_scratch_item(void)
{
	size_t size = choose(50) == 0 ? 4000 + choose(6000) : choose(100);

	memset(value, (int)size, size);
	return size;
}

static void look_at_scratch_item(ssize_t position, bool is_popped)
{
	size_t size = 0;
	int rc = is_popped ? mproc_list_pop(scratch_list, position, value, sizeof value, &size)
			   : mproc_list_get(scratch_list, position, value, sizeof value, &size);

	if (rc < 0 && rc != -ERANGE)
		complain("get or pop of scratch", size, rc);
	else if (rc == 0 && !is_scratch_item(value, size))
		complain("an item of scratch is torn", size, 0);
}

static void copy_scratch_items(void)
{
	ssize_t first = (ssize_t)choose(USUAL_LENGTH);
	mproc_snapshot *part = NULL;
	int rc = mproc_list_slice(scratch_list, first, first + 100, &part);

	if (rc < 0) {
		complain("slice", 0, rc);
		return;
	}
	for (size_t i = 0; i < part->count; ++i) {
		if (!is_scratch_item(part->entries[i].value, part->entries[i].value_size))
			complain("an item in a slice is torn", i, 0);
	}
	mproc_snapshot_close(part);
}

static int change_scratch_list(uint32_t kind, ssize_t position)
{
	if (kind < 500)
		return mproc_list_append(scratch_list, value, fill_scratch_item());
	if (kind < 700)
		return mproc_list_insert(scratch_list, position, value, fill_scratch_item());
	if (kind < 850)
		return mproc_list_set(scratch_list, position, value, fill_scratch_item());
	return mproc_list_delete(scratch_list, position);
}

static void use_scratch_list(uint32_t place)
{
	ssize_t position = choose(4) == 0 ? -1 : (ssize_t)choose(USUAL_LENGTH);
	uint32_t kind = choose(1000);
	int rc;

	if (kind < 2)
		expect("clear", place, mproc_list_clear(scratch_list), 0);
	else if (kind < 10)
		copy_scratch_items();
	else if (kind < 300 || mproc_list_count(scratch_list) > 2 * USUAL_LENGTH) {
		look_at_scratch_item(position, kind % 2 == 0);
	} else {
		rc = change_scratch_list(kind, position);
		if (rc < 0 && rc != -ERANGE)
			complain("change of scratch", kind, rc);
	}
}

/* Workers. */

typedef void operation(uint32_t place);

static operation *const operations[] = {change_key, change_key, look_at_key, add_to_counter,
	add_to_own_counter, put_or_pop_item, put_or_pop_item, look_at_items, use_scratch_dict,
	use_scratch_list};

static int work(void *argument)
{
	uint32_t place = ((worker *)argument)->place;

	random_state = (uint64_t)getpid() << 20 ^ (uint64_t)clock();
	settle_keys(place);
	settle_own_counter(place);
	while (!atomic_load(&shared->is_over) && atomic_load(&shared->wrong) == 0) {
		operations[choose(sizeof operations / sizeof *operations)](place);
		atomic_fetch_add(&shared->diaries[place].operations, 1);
	}
	return 0;
}

static void begin(worker *self)
{
	self->pid = 0;
	if (choose(2) == 0)
		self->pid = support_fork(work, self);
	else
		self->process = support_start(work, self);
}

static void end(worker *self)
{
	int code = 0;

	if (self->pid != 0) {
		ck_assert_int_eq(support_reap(self->pid), 0);
		return;
	}
	ck_assert_int_eq(mproc_process_join(self->process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(self->process, &code), 0);
	ck_assert_int_eq(code, 0);
	self->process = mproc_process_close(self->process);
}

/* Returns how many items it may have taken with it. */
static uint32_t replace(worker *self)
{
	uint32_t lost;

	if (self->pid != 0)
		support_kill(self->pid);
	else
		support_kill_and_join(self->process);
	lost = atomic_exchange(&shared->diaries[self->place].has_item, 0);
	begin(self);
	return lost;
}

static void rest(uint32_t most_microseconds)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000L * choose(most_microseconds)}, NULL);
}

/* Whoever it is, and wherever: the others go on, or wait until it does. */
static void stop_for_a_moment(const worker *self)
{
	pid_t pid = self->pid != 0 ? self->pid : mproc_process_pid(self->process);

	support_stop(pid);
	rest(3000);
	support_go_on(pid);
}

/* Returns how many items may be lost. */
static uint32_t rage(worker *workers, uint32_t kills)
{
	uint32_t lost = 0;

	for (uint32_t i = 0; i < kills && atomic_load(&shared->wrong) == 0; ++i) {
		rest(choose(8) == 0 ? 50000 : 10000);
		if (choose(8) == 0)
			stop_for_a_moment(&workers[choose(WORKERS)]);
		lost += replace(&workers[choose(WORKERS)]);
	}
	return lost;
}

/* What must be true. */

static void check_keys(void)
{
	size_t expected = 0;
	mproc_snapshot *all = NULL;

	for (uint32_t place = 0; place < WORKERS; ++place) {
		settle_keys(place);
		settle_own_counter(place);
		for (uint32_t number = 0; number < KEYS; ++number)
			expected += !is_absent(shared->diaries[place].keys[number].done);
		expected += shared->diaries[place].own_counter.done != 0;
	}
	for (uint32_t number = 0; number < COUNTERS; ++number)
		expected += mproc_dict_has(dict, &number, sizeof number) == 1;
	ck_assert_int_eq(mproc_dict_count(dict), expected);
	ck_assert_int_eq(mproc_dict_snapshot(dict, &all), 0);
	ck_assert_uint_eq(all->count, expected);
	for (size_t i = 0; i < all->count; ++i) {
		size_t size = 0;

		ck_assert_int_eq(mproc_dict_get(dict, all->entries[i].key, all->entries[i].key_size, value,
					 sizeof value, &size),
			0);
		ck_assert_uint_eq(size, all->entries[i].value_size);
		ck_assert_int_eq(memcmp(value, all->entries[i].value, size), 0);
	}
	mproc_snapshot_close(all);
}

static void check_counters(void)
{
	for (uint32_t number = 0; number < COUNTERS; ++number) {
		uint64_t sum = 0, done = 0, intended = 0;

		for (uint32_t place = 0; place < WORKERS; ++place) {
			done += shared->diaries[place].counters[number].done;
			intended += shared->diaries[place].counters[number].intended;
		}
		ck_assert_int_eq(mproc_dict_get(dict, &number, sizeof number, &sum, sizeof sum, NULL), 0);
		ck_assert_uint_ge(sum, done);
		ck_assert_uint_le(sum, intended);
	}
}

/* What is in the list counts as popped; then each is there once that was put in, but for those that may be lost. */
static void check_items(uint32_t may_be_lost)
{
	uint32_t put = 0, lost = 0;
	mproc_snapshot *all = NULL;

	ck_assert_int_eq(mproc_list_slice(list, 0, SSIZE_MAX, &all), 0);
	ck_assert_int_eq(mproc_list_count(list), all->count);
	for (size_t i = 0; i < all->count; ++i)
		write_down(all->entries[i].value, all->entries[i].value_size);
	mproc_snapshot_close(all);
	for (uint32_t place = 0; place < WORKERS; ++place) {
		const diary *of = &shared->diaries[place];

		for (uint32_t serial = 0; serial < of->next_item; ++serial) {
			put += of->items[serial] == IS_THERE;
			lost += of->items[serial] == IS_THERE && of->popped[serial] == 0;
		}
	}
	ck_assert_uint_gt(put, 0);
	ck_assert_msg(
		lost <= may_be_lost, "of %u items %u are lost, at most %u may be", put, lost, may_be_lost);
}

static void check_scratch(void)
{
	mproc_snapshot *all = NULL;

	copy_scratch();
	ck_assert_int_eq(mproc_dict_snapshot(scratch_dict, &all), 0);
	ck_assert_int_eq(mproc_dict_count(scratch_dict), all->count);
	mproc_snapshot_close(all);
	ck_assert_int_eq(mproc_list_slice(scratch_list, 0, SSIZE_MAX, &all), 0);
	ck_assert_int_eq(mproc_list_count(scratch_list), all->count);
	for (size_t i = 0; i < all->count; ++i)
		ck_assert(is_scratch_item(all->entries[i].value, all->entries[i].value_size));
	mproc_snapshot_close(all);
}

static void check_no_complaint(void)
{
	ck_assert_msg(shared->wrong == 0, "%u wrong, the first: %s", (unsigned)shared->wrong, shared->text);
}

static uint64_t count_operations(void)
{
	uint64_t count = 0;

	for (uint32_t place = 0; place < WORKERS; ++place)
		count += shared->diaries[place].operations;
	return count;
}

/* The storm. */

static mproc_arena_usage usage(void)
{
	mproc_arena_usage in_use;

	/* Whoever died in the middle of an allocation has left it to who buries it. */
	mproci_member_sweep();
	ck_assert_int_eq(mproc_arena_stats(0, &in_use), 0);
	return in_use;
}

static void create_all(uint32_t stripes)
{
	const mproc_dict_options options = {.stripes = stripes};

	ck_assert_int_eq(mproc_dict_create(&options, &dict), 0);
	ck_assert_int_eq(mproc_dict_create(&options, &scratch_dict), 0);
	ck_assert_int_eq(mproc_list_create(NULL, &list), 0);
	ck_assert_int_eq(mproc_list_create(NULL, &scratch_list), 0);
}

static void destroy_all(void)
{
	ck_assert_int_eq(mproc_dict_clear(dict), 0);
	ck_assert_int_eq(mproc_list_clear(list), 0);
	ck_assert_int_eq(mproc_dict_count(dict), 0);
	ck_assert_int_eq(mproc_list_count(list), 0);
	dict = mproc_dict_destroy(dict);
	scratch_dict = mproc_dict_destroy(scratch_dict);
	list = mproc_list_destroy(list);
	scratch_list = mproc_list_destroy(scratch_list);
}

static void go_through(uint32_t stripes)
{
	const char *kills = getenv("MPROC_STORM_KILLS"), *seed = getenv("MPROC_TEST_SEED");
	worker workers[WORKERS];
	mproc_arena_usage before;
	uint32_t may_be_lost;

	random_state = seed == NULL ? (uint64_t)getpid() : strtoull(seed, NULL, 10);
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	before = usage();
	create_all(stripes);
	for (uint32_t i = 0; i < WORKERS; ++i) {
		workers[i] = (worker){.place = i};
		begin(&workers[i]);
	}
	may_be_lost = rage(workers, kills == NULL ? USUAL_KILLS : (uint32_t)strtoul(kills, NULL, 10));
	atomic_store(&shared->is_over, 1);
	for (uint32_t i = 0; i < WORKERS; ++i)
		end(&workers[i]);
	check_no_complaint();
	check_keys();
	check_counters();
	check_items(may_be_lost);
	check_scratch();
	check_no_complaint();
	printf("%llu operations; lost 0, wrong 0, twice 0\n", (unsigned long long)count_operations());
	destroy_all();
	ck_assert_uint_eq(usage().blocks, before.blocks);
	ck_assert_uint_eq(usage().used, before.used);
	mproc_free(shared);
}

START_TEST(collections_with_many_stripes_come_through_a_storm)
{
	go_through(64);
}
END_TEST

START_TEST(collections_with_one_stripe_come_through_a_storm)
{
	go_through(1);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		collections_with_many_stripes_come_through_a_storm,
		collections_with_one_stripe_come_through_a_storm,
		NULL,
	};
	const support_suite suite = {
		.name = "storms over collections",
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.timeout = 300,
	};

	return support_run_suite(&suite);
}
