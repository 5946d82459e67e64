/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "store/cache.h"
#include "store/flight.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <mproc/result.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static mproc_cache *cache;
static mproc_cache_value value;

/* How often functions were called, by all processes, and what they wait for. */
static struct {
	_Atomic uint32_t calls, may_go_on;
	_Atomic int pid;
} * shared;

static mproc_cache *open_cache(const char *name)
{
	mproc_cache *opened = NULL;
	int rc = mproc_cache_open(in_tree(name), NULL, &opened);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	return opened;
}

static void make_cache(void)
{
	tree_create();
	cache = open_cache("/cache");
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void remove_cache(void)
{
	mproc_cache_value_free(&value);
	ck_assert_ptr_null(mproc_cache_close(cache));
	tree_remove();
	munmap(shared, sizeof *shared);
}

static mproc_cache_usage usage(void)
{
	mproc_cache_usage now;

	ck_assert_int_eq(mproc_cache_stats(cache, &now), 0);
	return now;
}

static uint32_t calls(void)
{
	return atomic_load(&shared->calls);
}

/* The arguments are a number; the result is one more. */
static int add_one(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	int number;

	(void)unused;
	ck_assert_uint_eq(size, sizeof number);
	memcpy(&number, arguments, sizeof number);
	++number;
	atomic_fetch_add(&shared->calls, 1);
	return mproc_cache_return(result, &number, sizeof number);
}

static const int four = 4, five = 5;
static const mproc_cache_key of_four = {.function = "add_one", .arguments = &four, .size = sizeof four};
static const mproc_cache_key of_five = {.function = "add_one", .arguments = &five, .size = sizeof five};

static int call_until(mproc_cache_function *function, void *context, mproc_deadline deadline)
{
	mproc_cache_value_free(&value);
	return mproc_cache_call(cache, &of_four, function, context, deadline, &value);
}

static int call(mproc_cache_function *function, void *context)
{
	return call_until(function, context, MPROC_FOREVER);
}

static void check_called(int rc, mproc_cache_origin origin)
{
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	ck_assert_int_eq(value.origin, origin);
}

static void check_failed(int rc, int expected, const char *text)
{
	ck_assert_msg(rc == expected, "%d (%s) instead of %d", rc, mproc_error_text(), expected);
	support_check_text(text);
}

static void check_number(int expected)
{
	int number;

	ck_assert_uint_eq(value.size, sizeof number);
	memcpy(&number, value.bytes, sizeof number);
	ck_assert_int_eq(number, expected);
}

/* What others do: each value is freed. */
static int add_one_to_four(void *unused)
{
	mproc_cache_value mine;
	int rc = mproc_cache_call(cache, &of_four, add_one, NULL, MPROC_FOREVER, &mine);

	(void)unused;
	if (rc == 0)
		mproc_cache_value_free(&mine);
	return rc;
}

static int add_one_to_four_now(void *unused)
{
	mproc_cache_value mine;
	int rc = mproc_cache_call(cache, &of_four, add_one, NULL, MPROC_NOW, &mine);

	(void)unused;
	if (rc == 0)
		mproc_cache_value_free(&mine);
	return rc;
}

START_TEST(first_call_computes_and_the_next_ones_find)
{
	mproc_cache_usage now;

	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	check_number(5);
	for (int i = 0; i < 3; ++i) {
		check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
		check_number(5);
	}
	ck_assert_uint_eq(calls(), 1);
	now = usage();
	ck_assert_uint_eq(now.misses, 1);
	ck_assert_uint_eq(now.hits, 3);
	ck_assert_uint_eq(now.puts, 1);
	ck_assert_uint_eq(now.entries, 1);
	ck_assert(now.saved > 0);
}
END_TEST

START_TEST(other_handle_finds_it_too)
{
	mproc_cache *other;

	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	mproc_cache_close(cache);
	cache = open_cache("/cache");
	other = open_cache("/cache");
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
	mproc_cache_value_free(&value);
	check_called(mproc_cache_call(other, &of_four, add_one, NULL, MPROC_NOW, &value), MPROC_CACHE_FOUND);
	ck_assert_uint_eq(calls(), 1);
	mproc_cache_close(other);
}
END_TEST

START_TEST(value_tells_its_cost_and_when_it_was_stored)
{
	double before = mproci_cache_seconds(mproci_cache_now()), cost, after;

	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	cost = value.cost;
	after = mproci_cache_seconds(mproci_cache_now());
	ck_assert(cost > 0 && cost < after - before + 1);
	ck_assert(value.stored >= before && value.stored <= after);
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
	ck_assert_double_eq_tol(value.cost, cost, 1e-9);
	ck_assert(value.stored >= before && value.stored <= after);
}
END_TEST

typedef struct sized {
	size_t size;
	bool by_room;
	void *room;
} sized;

static unsigned char byte_of(size_t at)
{
	return (unsigned char)(at * 31 + at / 251);
}

static void fill(unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; ++i)
		bytes[i] = byte_of(i);
}

static int give_sized(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	sized *wanted = context;
	unsigned char *bytes;
	int rc;

	(void)arguments;
	(void)size;
	atomic_fetch_add(&shared->calls, 1);
	if (wanted->by_room) {
		wanted->room = mproc_cache_result_room(result, wanted->size);
		fill(wanted->room, wanted->size);
		return 0;
	}
	bytes = malloc(wanted->size + 1);
	fill(bytes, wanted->size);
	rc = mproc_cache_return(result, wanted->size == 0 ? NULL : bytes, wanted->size);
	memset(bytes, 0, wanted->size);
	free(bytes);
	return rc;
}

static void check_bytes(size_t size)
{
	unsigned char *expected = malloc(size + 1);

	fill(expected, size);
	ck_assert_ptr_nonnull(value.bytes);
	ck_assert_uint_eq((uintptr_t)value.bytes % 64, 0);
	ck_assert_uint_eq(value.size, size);
	ck_assert(memcmp(value.bytes, expected, size) == 0);
	free(expected);
}

static void check_size(size_t size, bool by_room)
{
	sized wanted = {.size = size, .by_room = by_room};
	uint32_t before = calls();

	check_called(call(give_sized, &wanted), MPROC_CACHE_COMPUTED);
	check_bytes(size);
	if (by_room)
		ck_assert_ptr_eq(value.bytes, wanted.room);
	check_called(call(give_sized, &wanted), MPROC_CACHE_FOUND);
	check_bytes(size);
	ck_assert_uint_eq(calls(), before + 1);
	ck_assert_int_eq(mproc_cache_remove(cache, &of_four), 0);
}

START_TEST(results_of_all_sizes_are_returned_and_stored)
{
	static const size_t sizes[] = {0, 1, 63, 64, 100, 4096, 65536, 100000, 10 << 20};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		check_size(sizes[i], false);
		check_size(sizes[i], true);
	}
}
END_TEST

static int do_nothing(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	(void)arguments;
	(void)size;
	(void)result;
	(void)context;
	return 0;
}

START_TEST(function_that_returns_nothing_has_a_result_of_no_bytes)
{
	check_called(call(do_nothing, NULL), MPROC_CACHE_COMPUTED);
	check_bytes(0);
	check_called(call(do_nothing, NULL), MPROC_CACHE_FOUND);
	check_bytes(0);
}
END_TEST

/* More than it wants, then a part of that. */
static int give_often(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	unsigned char *room;

	(void)arguments;
	(void)size;
	(void)context;
	ck_assert_int_eq(mproc_cache_return(result, "something", 9), 0);
	room = mproc_cache_result_room(result, 1000);
	ck_assert_ptr_nonnull(room);
	fill(room + 10, 100);
	return mproc_cache_return(result, room + 10, 100);
}

START_TEST(last_result_counts)
{
	check_called(call(give_often, NULL), MPROC_CACHE_COMPUTED);
	check_bytes(100);
	check_called(call(give_often, NULL), MPROC_CACHE_FOUND);
	check_bytes(100);
}
END_TEST

static int look_at_arguments(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	ck_assert_ptr_eq(arguments, &four);
	ck_assert_uint_eq(size, sizeof four);
	ck_assert_ptr_eq(context, shared);
	return mproc_cache_return(result, "ok", 2);
}

static int need_no_arguments(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	ck_assert_ptr_null(arguments);
	ck_assert_uint_eq(size, 0);
	ck_assert_ptr_null(context);
	return mproc_cache_return(result, "ok", 2);
}

START_TEST(function_is_called_with_the_keys_arguments_and_the_context)
{
	check_called(call(look_at_arguments, shared), MPROC_CACHE_COMPUTED);
	mproc_cache_value_free(&value);
	check_called(mproc_cache_call(cache, &(mproc_cache_key){.function = "none"}, need_no_arguments, NULL,
			     MPROC_FOREVER, &value),
		MPROC_CACHE_COMPUTED);
}
END_TEST

static int fail_silently(const void *arguments, size_t size, mproc_cache_result *result, void *rc)
{
	(void)arguments;
	(void)size;
	mproc_cache_return(result, "not this", 8);
	atomic_fetch_add(&shared->calls, 1);
	return *(int *)rc;
}

START_TEST(nothing_is_stored_when_the_function_fails)
{
	int codes[] = {-1, -EIO, -ETIMEDOUT, -123456};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; ++i) {
		char text[64];

		snprintf(text, sizeof text, "the function \"add_one\" returned %d", codes[i]);
		check_failed(call(fail_silently, &codes[i]), codes[i], text);
		ck_assert_ptr_null(value.bytes);
		ck_assert_int_eq(mproc_cache_contains(cache, &of_four), 0);
	}
	ck_assert_uint_eq(calls(), 4);
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	ck_assert_uint_eq(usage().misses, 5);
	ck_assert_uint_eq(usage().puts, 1);
}
END_TEST

static int fail_with_text(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	mproc_cache *none;

	(void)arguments;
	(void)size;
	(void)result;
	(void)unused;
	return mproc_cache_open(in_tree("/nowhere/at/all"), NULL, &none);
}

START_TEST(error_text_of_the_function_stays)
{
	check_failed(call(fail_with_text, NULL), -ENOENT, "/nowhere/at/all");
}
END_TEST

/* Which of the mistakes, and whether it is made good afterwards. */
typedef struct mistake {
	int number;
	bool is_corrected;
} mistake;

static int make_mistake(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	const mistake *made = context;

	(void)arguments;
	(void)size;
	ck_assert_int_eq(mproc_cache_return(result, "before", 6), 0);
	if (made->number == 0) {
		ck_assert_int_eq(mproc_cache_return(result, "x", SIZE_MAX), -ENOMEM);
	} else if (made->number == 1) {
		ck_assert_int_eq(mproc_cache_return(result, NULL, 1), -EINVAL);
	} else {
		errno = 0;
		ck_assert_ptr_null(mproc_cache_result_room(result, SIZE_MAX - 10));
		ck_assert_int_eq(errno, ENOMEM);
	}
	return made->is_corrected ? mproc_cache_return(result, "after", 5) : 0;
}

START_TEST(result_that_could_not_be_given_is_none)
{
	check_failed(call(make_mistake, &(mistake){0, false}), -ENOMEM,
		"no memory for a result of 18446744073709551615 bytes");
	check_failed(call(make_mistake, &(mistake){1, false}), -EINVAL, "bytes are NULL, with a size of 1");
	check_failed(call(make_mistake, &(mistake){2, false}), -ENOMEM,
		"no memory for a result of 18446744073709551605 bytes");
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(mproc_cache_contains(cache, &of_four), 0);
		check_called(call(make_mistake, &(mistake){i, true}), MPROC_CACHE_COMPUTED);
		ck_assert_uint_eq(value.size, 5);
		ck_assert_mem_eq(value.bytes, "after", 5);
		ck_assert_int_eq(mproc_cache_remove(cache, &of_four), 0);
	}
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	mproc_cache_key key = of_four;

	check_failed(mproc_cache_call(NULL, &key, add_one, NULL, 0, &value), -EINVAL, "cache");
	check_failed(mproc_cache_call(cache, NULL, add_one, NULL, 0, &value), -EINVAL, "key is NULL");
	check_failed(mproc_cache_call(cache, &key, NULL, NULL, 0, &value), -EINVAL, "function is NULL");
	check_failed(mproc_cache_call(cache, &key, add_one, NULL, 0, NULL), -EINVAL, "ret_value is NULL");
	key.arguments = NULL;
	check_failed(mproc_cache_call(cache, &key, add_one, NULL, 0, &value), -EINVAL,
		"arguments are NULL, with a size of 4");
	key.function = "";
	check_failed(mproc_cache_call(cache, &key, add_one, NULL, 0, &value), -EINVAL, "function is empty");
	ck_assert_ptr_null(value.bytes);
	check_failed(mproc_cache_return(NULL, "x", 1), -EINVAL, "result is NULL");
	errno = 0;
	ck_assert_ptr_null(mproc_cache_result_room(NULL, 1));
	ck_assert_int_eq(errno, EINVAL);
	support_check_text("result is NULL");
	ck_assert_uint_eq(calls(), 0);
}
END_TEST

/* Needs the result of four for that of five, and asks for its own besides. */
static int add_two(const void *arguments, size_t size, mproc_cache_result *result, void *expected)
{
	mproc_cache_value inner;
	int rc;

	(void)arguments;
	(void)size;
	rc = mproc_cache_call(cache, &of_four, add_one, NULL, MPROC_FOREVER, &inner);
	if (rc < 0)
		return rc;
	ck_assert_int_eq(inner.origin, *(mproc_cache_origin *)expected);
	rc = mproc_cache_return(result, inner.bytes, inner.size);
	mproc_cache_value_free(&inner);
	return rc;
}

static int change_name(const void *arguments, size_t size, mproc_cache_result *result, void *name)
{
	memset(name, 'a', 4000);
	return add_one(arguments, size, result, NULL);
}

START_TEST(function_that_makes_its_name_too_long_is_not_stored)
{
	static char name[4001] = "add_one";
	const mproc_cache_key key = {.function = name, .arguments = &four, .size = sizeof four};

	check_called(mproc_cache_call(cache, &key, change_name, name, MPROC_FOREVER, &value),
		MPROC_CACHE_NOT_STORED);
	support_check_text("the name of the function was changed while it computed");
	check_number(5);
}
END_TEST

START_TEST(function_may_ask_for_what_other_functions_compute)
{
	mproc_cache_origin expected = MPROC_CACHE_COMPUTED;

	check_called(mproc_cache_call(cache, &of_five, add_two, &expected, MPROC_FOREVER, &value),
		MPROC_CACHE_COMPUTED);
	check_number(5);
	ck_assert_int_eq(mproc_cache_remove(cache, &of_five), 0);
	mproc_cache_value_free(&value);
	expected = MPROC_CACHE_FOUND;
	check_called(mproc_cache_call(cache, &of_five, add_two, &expected, MPROC_FOREVER, &value),
		MPROC_CACHE_COMPUTED);
	ck_assert_uint_eq(calls(), 1);
}
END_TEST

static int ask_for_itself(const void *arguments, size_t size, mproc_cache_result *result, void *other)
{
	mproc_cache_value inner;
	int rc = mproc_cache_call(other, &of_four, add_one, NULL, MPROC_FOREVER, &inner);

	(void)arguments;
	(void)size;
	(void)result;
	if (rc == 0)
		mproc_cache_value_free(&inner);
	return rc;
}

START_TEST(function_that_asks_for_its_own_result_is_told)
{
	mproc_cache *other = open_cache("/cache");

	check_failed(call(ask_for_itself, cache), -EDEADLK,
		"/cache\": \"add_one\" asks for the result that it is computing");
	check_failed(call(ask_for_itself, other), -EDEADLK, "asks for the result that it is computing");
	mproc_cache_close(other);
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	ck_assert_uint_eq(calls(), 1);
}
END_TEST

START_TEST(function_that_asks_for_its_own_result_is_told_where_there_is_no_lock_too)
{
	tree_write("/cache/flights/there", "something");
	check_failed(call(ask_for_itself, cache), -EDEADLK, "asks for the result that it is computing");
	cache->is_writable = false;
	check_failed(call(ask_for_itself, cache), -EDEADLK, "asks for the result that it is computing");
	check_called(call(add_one, NULL), MPROC_CACHE_NOT_STORED);
	ck_assert_uint_eq(calls(), 1);
}
END_TEST

/* Somebody who computes until he may go on. */
static int stand_and_add_one(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	int rc = add_one(arguments, size, result, unused);

	support_await(&shared->may_go_on, 1);
	return rc;
}

static int stand(void *unused)
{
	mproc_cache_value mine;
	int rc = mproc_cache_call(cache, &of_four, stand_and_add_one, NULL, MPROC_FOREVER, &mine);

	(void)unused;
	if (rc == 0)
		mproc_cache_value_free(&mine);
	return rc;
}

START_TEST(who_waits_gives_up_at_the_deadline_or_finds_it)
{
	support_thread standing, waiting;

	support_begin(&standing, stand, NULL);
	support_await(&shared->calls, 1);
	check_failed(call_until(add_one, NULL, MPROC_NOW), -ETIMEDOUT,
		"/cache\": \"add_one\" was being computed by somebody else at the deadline");
	check_failed(call_until(add_one, NULL, mproc_after(0.02)), -ETIMEDOUT, "at the deadline");
	ck_assert_ptr_null(value.bytes);
	support_begin(&waiting, add_one_to_four, NULL);
	atomic_store(&shared->may_go_on, 1);
	ck_assert_int_eq(support_end(&standing), 0);
	ck_assert_int_eq(support_end(&waiting), 0);
	check_called(call_until(add_one, NULL, MPROC_NOW), MPROC_CACHE_FOUND);
	ck_assert_uint_eq(calls(), 1);
}
END_TEST

START_TEST(each_call_is_a_hit_or_a_miss)
{
	support_thread standing, waiting;

	support_begin(&standing, stand, NULL);
	support_await(&shared->calls, 1);
	support_begin(&waiting, add_one_to_four, NULL);
	/* It has looked once. */
	while (usage().misses < 2)
		sched_yield();
	atomic_store(&shared->may_go_on, 1);
	ck_assert_int_eq(support_end(&standing), 0);
	ck_assert_int_eq(support_end(&waiting), 0);
	ck_assert_uint_eq(usage().misses, 1);
	ck_assert_uint_eq(usage().hits, 1);
}
END_TEST

/* Have the flight until somebody else has looked in vain, and store the result without ending it before he gives up. */
static int store_and_keep_the_flight(void *unused)
{
	mproci_flight flight;
	mproci_digest digest;
	int rc;

	(void)unused;
	ck_assert_int_eq(mproci_digest_of(&of_four, &digest), 0);
	rc = mproci_flight_begin(cache, &digest, MPROC_FOREVER, &flight);
	if (rc < 0)
		return rc;
	atomic_store(&shared->calls, 1);
	while (usage().misses == 0)
		sched_yield();
	rc = mproc_cache_put(cache, &of_four, "stored", 6);
	support_await(&shared->may_go_on, 1);
	mproci_flight_end(&flight);
	return rc;
}

START_TEST(who_gives_up_waiting_looks_once_more)
{
	support_thread other;

	support_begin(&other, store_and_keep_the_flight, NULL);
	support_await(&shared->calls, 1);
	check_called(call_until(add_one, NULL, mproc_after(0.3)), MPROC_CACHE_FOUND);
	ck_assert_mem_eq(value.bytes, "stored", 6);
	atomic_store(&shared->may_go_on, 1);
	ck_assert_int_eq(support_end(&other), 0);
	ck_assert_uint_eq(calls(), 1);
}
END_TEST

/* The name of the file that the result of four is in. */
static const char *file_of_four(void)
{
	char name[MPROCI_RESULT_NAME_SIZE + 16] = "/cache/";
	mproci_digest digest;

	ck_assert_int_eq(mproci_digest_of(&of_four, &digest), 0);
	mproci_digest_path(&digest, name + strlen(name));
	return in_tree(name);
}

START_TEST(damaged_result_is_computed_again)
{
	int file;

	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	file = open(file_of_four(), O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(file, "x", 1, 40), 1);
	close(file);
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	check_number(5);
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
	ck_assert_uint_eq(calls(), 2);
	ck_assert_uint_eq(usage().damaged, 1);
}
END_TEST

START_TEST(what_can_be_neither_read_nor_replaced_is_computed_each_time)
{
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	ck_assert_int_eq(unlink(file_of_four()), 0);
	ck_assert_int_eq(mkdir(file_of_four(), 0700), 0);
	for (int i = 0; i < 3; ++i) {
		check_called(call(add_one, NULL), MPROC_CACHE_NOT_STORED);
		check_number(5);
		support_check_text("directory");
	}
	ck_assert_uint_eq(calls(), 4);
}
END_TEST

START_TEST(result_above_the_bound_is_returned_and_not_stored)
{
	const mproc_cache_options small = {.max_bytes = 8192};
	sized wanted = {.size = 10000};
	int rc;

	mproc_cache_close(cache);
	rc = mproc_cache_open(in_tree("/cache"), &small, &cache);
	ck_assert_int_eq(rc, 0);
	for (int i = 0; i < 2; ++i) {
		check_called(call(give_sized, &wanted), MPROC_CACHE_NOT_STORED);
		check_bytes(10000);
		support_check_text("takes more than max_bytes, 8192");
	}
	ck_assert_uint_eq(calls(), 2);
	ck_assert_uint_eq(usage().failed_puts, 2);
}
END_TEST

START_TEST(without_descriptors_results_are_computed)
{
	rlim_t before;
	int rc;

	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	mproc_cache_value_free(&value);
	before = limit(RLIMIT_NOFILE, 0);
	rc = mproc_cache_call(cache, &of_five, add_one, NULL, MPROC_FOREVER, &value);
	limit(RLIMIT_NOFILE, before);
	check_called(rc, MPROC_CACHE_NOT_STORED);
	check_number(6);
	support_check_text("Too many open files");
}
END_TEST

/* Asks for the next number, and that one for the next, and so on. */
static int go_deeper(const void *arguments, size_t size, mproc_cache_result *result, void *context)
{
	int number = *(const int *)arguments + 1;
	const mproc_cache_key next = {.function = "deep", .arguments = &number, .size = sizeof number};
	mproc_cache_value inner;
	int rc;

	(void)size;
	(void)result;
	atomic_fetch_add(&shared->calls, 1);
	rc = mproc_cache_call(cache, &next, go_deeper, context, MPROC_FOREVER, &inner);
	if (rc == 0)
		mproc_cache_value_free(&inner);
	return rc;
}

START_TEST(function_that_calls_itself_ends_when_there_are_no_descriptors)
{
	rlim_t before = limit(RLIMIT_NOFILE, 40);
	int rc = call(go_deeper, NULL);

	limit(RLIMIT_NOFILE, before);
	check_failed(
		rc, -EMFILE, "holds a descriptor at each level: Too many open files, RLIMIT_NOFILE is 40");
	ck_assert_uint_gt(calls(), 5);
	ck_assert_uint_lt(calls(), 40);
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
}
END_TEST

START_TEST(where_no_lock_can_be_had_results_are_stored_all_the_same)
{
	tree_write("/cache/flights/there", "something");
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
	ck_assert_uint_eq(calls(), 1);
}
END_TEST

START_TEST(results_of_a_cache_that_was_removed_are_computed)
{
	char path[PATH_MAX + NAME_MAX];

	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	snprintf(path, sizeof path, "%s", in_tree("/cache"));
	ck_assert_int_eq(nftw(path, tree_remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
	check_called(call(add_one, NULL), MPROC_CACHE_NOT_STORED);
	support_check_text("No such file or directory");
	check_number(5);
}
END_TEST

/* The directory's own locks: nothing is to appear in what has its path now. */
START_TEST(what_has_the_path_of_a_cache_that_was_moved_is_left_alone)
{
	char path[PATH_MAX + NAME_MAX], moved[PATH_MAX + NAME_MAX];

	snprintf(path, sizeof path, "%s", in_tree("/cache"));
	snprintf(moved, sizeof moved, "%s", in_tree("/moved"));
	ck_assert_int_eq(rename(path, moved), 0);
	ck_assert_int_eq(mkdir(path, 0777), 0);
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
	mproc_cache_value_free(&value);
	ck_assert_int_eq(mproc_cache_clear(cache), 0);
	ck_assert_int_eq(access(in_tree("/moved/flights"), F_OK), 0);
	ck_assert_int_eq(access(in_tree("/moved/sweep"), F_OK), 0);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

static int exit_thread(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	(void)arguments;
	(void)size;
	(void)unused;
	mproc_cache_return(result, "not this", 8);
	pthread_exit(NULL);
}

static void *call_and_exit(void *unused)
{
	mproc_cache_value mine;

	(void)unused;
	mproc_cache_call(cache, &of_four, exit_thread, NULL, MPROC_FOREVER, &mine);
	atomic_store(&shared->calls, 1000);
	return NULL;
}

START_TEST(thread_that_ends_in_the_function_leaves_it_to_the_next_one)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, call_and_exit, NULL), 0);
	pthread_join(thread, NULL);
	check_called(call_until(add_one, NULL, MPROC_NOW), MPROC_CACHE_COMPUTED);
	check_number(5);
	ck_assert_uint_eq(calls(), 1);
}
END_TEST

/* From here on: with other processes, or in a file system of their own. */

START_TEST(nothing_is_stored_in_a_cache_that_cannot_be_written_to)
{
	if (!mount_in_tree("tmpfs", "size=1m"))
		return;
	mproc_cache_close(cache);
	cache = open_cache("/small/cache");
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	mproc_cache_close(cache);
	ck_assert_int_eq(mount(NULL, in_tree("/small"), NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	cache = open_cache("/small/cache");
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
	mproc_cache_value_free(&value);
	for (int i = 0; i < 2; ++i) {
		check_called(mproc_cache_call(cache, &of_five, add_one, NULL, MPROC_FOREVER, &value),
			MPROC_CACHE_NOT_STORED);
		support_check_text("could not be written to when it was opened");
		check_number(6);
		mproc_cache_value_free(&value);
	}
	ck_assert_uint_eq(calls(), 3);
	cache = mproc_cache_close(cache);
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

static void fill_disk(void)
{
	static const char zeros[4096];
	int file = open(in_tree("/small/large"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	while (write(file, zeros, sizeof zeros) > 0)
		continue;
	close(file);
}

START_TEST(results_are_computed_when_the_disk_is_full)
{
	if (!mount_in_tree("tmpfs", "size=1m"))
		return;
	mproc_cache_close(cache);
	cache = open_cache("/small/cache");
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	mproc_cache_value_free(&value);
	fill_disk();
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
	mproc_cache_value_free(&value);
	check_called(mproc_cache_call(cache, &of_five, add_one, NULL, MPROC_FOREVER, &value),
		MPROC_CACHE_NOT_STORED);
	support_check_text("No space left on device");
	check_number(6);
	mproc_cache_value_free(&value);
	ck_assert_int_eq(unlink(in_tree("/small/large")), 0);
	check_called(mproc_cache_call(cache, &of_five, add_one, NULL, MPROC_FOREVER, &value),
		MPROC_CACHE_COMPUTED);
	cache = mproc_cache_close(cache);
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

static int refuse_memory(void *unused)
{
	sized wanted = {.size = 10 << 20};
	int rc;

	(void)unused;
	refuse_call(__NR_mmap, ENOMEM);
	rc = mproc_cache_call(cache, &of_four, give_sized, &wanted, MPROC_FOREVER, &value);
	return rc == -ENOMEM && calls() == 1 && strstr(mproc_error_text(), "annot allocate memory") != NULL
		       ? 0
		       : 1;
}

START_TEST(result_that_there_is_no_memory_for_is_not_computed)
{
	sized wanted = {.size = 10 << 20};

	check_called(call(give_sized, &wanted), MPROC_CACHE_COMPUTED);
	mproc_cache_value_free(&value);
	ck_assert_int_eq(support_reap(support_fork(refuse_memory, NULL)), 0);
}
END_TEST

START_TEST(who_is_killed_in_the_function_leaves_it_to_the_next_one)
{
	pid_t standing = support_fork(stand, NULL), waiting;

	support_await(&shared->calls, 1);
	waiting = support_fork(add_one_to_four, NULL);
	ck_assert_int_eq(support_reap(support_fork(add_one_to_four_now, NULL)), ETIMEDOUT);
	support_kill(standing);
	ck_assert_int_eq(support_reap(waiting), 0);
	ck_assert_uint_eq(calls(), 2);
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
}
END_TEST

START_TEST(who_is_stopped_in_the_function_keeps_others_until_their_deadline)
{
	pid_t standing = support_fork(stand, NULL);

	support_await(&shared->calls, 1);
	support_stop(standing);
	check_failed(call_until(add_one, NULL, MPROC_NOW), -ETIMEDOUT, "at the deadline");
	check_failed(call_until(add_one, NULL, mproc_after(0.05)), -ETIMEDOUT, "at the deadline");
	support_go_on(standing);
	atomic_store(&shared->may_go_on, 1);
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
	ck_assert_int_eq(support_reap(standing), 0);
	ck_assert_uint_eq(calls(), 1);
}
END_TEST

/* Both processes return from the function, the child first. */
static int fork_and_return(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	pid_t child;

	child = fork();
	ck_assert_int_ge(child, 0);
	if (child > 0) {
		atomic_store(&shared->pid, child);
		support_await(&shared->may_go_on, 1);
		/* Nobody else has the flight, though the child has ended its copy. */
		ck_assert_int_eq(support_in_thread(add_one_to_four_now, NULL).result, 0);
	}
	return add_one(arguments, size, result, unused);
}

START_TEST(child_may_return_from_the_function_too)
{
	pid_t self = getpid();
	int rc = call(fork_and_return, NULL);

	if (getpid() != self) {
		bool is_right = rc == 0 && value.size == sizeof(int) && *(const int *)value.bytes == 5;

		atomic_store(&shared->may_go_on, 1);
		_exit(is_right ? 0 : 1);
	}
	check_called(rc, MPROC_CACHE_COMPUTED);
	check_number(5);
	ck_assert_int_eq(support_reap(atomic_load(&shared->pid)), 0);
	check_called(call(add_one, NULL), MPROC_CACHE_FOUND);
	ck_assert_uint_eq(calls(), 2);
}
END_TEST

static int stay(void *unused)
{
	(void)unused;
	return 0;
}

static int fork_and_stand(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	atomic_store(&shared->pid, support_fork_and_keep(stay, NULL));
	return stand_and_add_one(arguments, size, result, unused);
}

static int stand_with_a_child(void *unused)
{
	(void)unused;
	return mproc_cache_call(cache, &of_four, fork_and_stand, NULL, MPROC_FOREVER, &value);
}

START_TEST(child_of_the_function_does_not_keep_others_from_computing)
{
	pid_t standing;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	standing = support_fork(stand_with_a_child, NULL);
	support_await(&shared->calls, 1);
	support_kill(standing);
	check_called(call(add_one, NULL), MPROC_CACHE_COMPUTED);
	support_kill(atomic_load(&shared->pid));
}
END_TEST

static int ask_in_child(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	ck_assert_int_eq(support_reap(support_fork(add_one_to_four_now, NULL)), ETIMEDOUT);
	return add_one(arguments, size, result, unused);
}

START_TEST(child_of_the_function_that_asks_for_its_result_waits)
{
	check_called(call(ask_in_child, NULL), MPROC_CACHE_COMPUTED);
	ck_assert_uint_eq(calls(), 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		first_call_computes_and_the_next_ones_find,
		other_handle_finds_it_too,
		value_tells_its_cost_and_when_it_was_stored,
		results_of_all_sizes_are_returned_and_stored,
		function_that_returns_nothing_has_a_result_of_no_bytes,
		last_result_counts,
		function_is_called_with_the_keys_arguments_and_the_context,
		nothing_is_stored_when_the_function_fails,
		error_text_of_the_function_stays,
		result_that_could_not_be_given_is_none,
		what_is_missing_is_named,
		function_that_makes_its_name_too_long_is_not_stored,
		function_may_ask_for_what_other_functions_compute,
		function_that_asks_for_its_own_result_is_told,
		function_that_asks_for_its_own_result_is_told_where_there_is_no_lock_too,
		who_waits_gives_up_at_the_deadline_or_finds_it,
		each_call_is_a_hit_or_a_miss,
		who_gives_up_waiting_looks_once_more,
		damaged_result_is_computed_again,
		what_can_be_neither_read_nor_replaced_is_computed_each_time,
		result_above_the_bound_is_returned_and_not_stored,
		without_descriptors_results_are_computed,
		function_that_calls_itself_ends_when_there_are_no_descriptors,
		where_no_lock_can_be_had_results_are_stored_all_the_same,
		results_of_a_cache_that_was_removed_are_computed,
		what_has_the_path_of_a_cache_that_was_moved_is_left_alone,
		thread_that_ends_in_the_function_leaves_it_to_the_next_one,
		NULL,
	};
	const TTest *const process_tests[] = {
		nothing_is_stored_in_a_cache_that_cannot_be_written_to,
		results_are_computed_when_the_disk_is_full,
		result_that_there_is_no_memory_for_is_not_computed,
		who_is_killed_in_the_function_leaves_it_to_the_next_one,
		who_is_stopped_in_the_function_keeps_others_until_their_deadline,
		child_may_return_from_the_function_too,
		child_of_the_function_does_not_keep_others_from_computing,
		child_of_the_function_that_asks_for_its_result_waits,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "call",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_cache,
		.teardown = remove_cache,
	});
}
