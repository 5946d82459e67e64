/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "store/cache_fixture.h"
#include "store/stored.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

enum {
	LARGE = 300000,
};

START_TEST(what_was_put_is_got)
{
	mproc_cache_value value;

	store("a", "result");
	ck_assert_int_eq(get("a", &value), 0);
	ck_assert_uint_eq(value.size, 6);
	ck_assert_mem_eq(value.bytes, "result", 6);
	ck_assert_int_eq(value.origin, MPROC_CACHE_FOUND);
	ck_assert_double_eq(value.cost, 0);
	ck_assert_double_le(value.stored, mproci_cache_seconds(mproci_cache_now()));
	ck_assert_double_gt(value.stored, 1e9);
	mproc_cache_value_free(&value);
	ck_assert_ptr_null(value.bytes);
	mproc_cache_value_free(&value);
	mproc_cache_value_free(NULL);
}
END_TEST

START_TEST(the_cost_of_a_result_is_stored_with_it)
{
	mproc_cache_key key = key_of("a");
	mproc_cache_value value;
	mproci_digest digest;

	ck_assert_int_eq(mproci_digest_of(&key, &digest), 0);
	ck_assert_int_eq(mproci_cache_store(cache, &key, &digest, "r", 1, 2500000000), 0);
	ck_assert_int_eq(get("a", &value), 0);
	ck_assert_double_eq(value.cost, 2.5);
	ck_assert_uint_eq(cache->tally->saved, 2500000000);
	mproc_cache_value_free(&value);
	ck_assert_int_eq(mproci_cache_look(cache, &digest, false, &value), 0);
	ck_assert_uint_eq(cache->tally->saved, 2500000000);
	mproc_cache_value_free(&value);
}
END_TEST

START_TEST(a_result_of_any_size_comes_back_aligned)
{
	static const size_t sizes[] = {0, 1, 63, 64, 65, 4095, 4096, 65343, 65344, 65345, 65536, LARGE};
	static char bytes[LARGE];
	mproc_cache_key key = key_of("a");
	mproc_cache_value value;

	for (size_t i = 0; i < sizeof bytes; ++i)
		bytes[i] = (char)(i * 31 >> 3);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		ck_assert_int_eq(mproc_cache_put(cache, &key, sizes[i] == 0 ? NULL : bytes, sizes[i]), 0);
		ck_assert_int_eq(get("a", &value), 0);
		ck_assert_uint_eq(value.size, sizes[i]);
		ck_assert_ptr_nonnull(value.bytes);
		ck_assert_uint_eq((uintptr_t)value.bytes % 64, 0);
		ck_assert(memcmp(value.bytes, bytes, sizes[i]) == 0);
		ck_assert_int_eq(value.length > 0, sizes[i] > 65536 - 192);
		mproc_cache_value_free(&value);
	}
}
END_TEST

START_TEST(a_result_is_replaced_and_who_has_the_old_one_keeps_it)
{
	static char old[LARGE], new[LARGE];
	mproc_cache_key key = key_of("a");
	mproc_cache_value before, after;

	memset(old, 'o', sizeof old);
	memset(new, 'n', sizeof new);
	ck_assert_int_eq(mproc_cache_put(cache, &key, old, sizeof old), 0);
	ck_assert_int_eq(get("a", &before), 0);
	ck_assert_int_eq(mproc_cache_put(cache, &key, new, sizeof new), 0);
	ck_assert_int_eq(get("a", &after), 0);
	ck_assert_int_eq(mproc_cache_remove(cache, &key), 0);
	ck_assert_mem_eq(before.bytes, old, sizeof old);
	ck_assert_mem_eq(after.bytes, new, sizeof new);
	reopen_cache(NULL);
	ck_assert_mem_eq(before.bytes, old, sizeof old);
	mproc_cache_value_free(&before);
	mproc_cache_value_free(&after);
}
END_TEST

START_TEST(what_is_not_stored_is_not_found)
{
	mproc_cache_key key = key_of("a");

	expect_nothing("a", -ENOENT);
	support_check_text("no such result is stored");
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 0);
	ck_assert_int_eq(mproc_cache_remove(cache, &key), -ENOENT);
	support_check_text("no such result is stored");
	store("b", "result");
	expect_nothing("a", -ENOENT);
}
END_TEST

START_TEST(what_is_removed_is_gone)
{
	mproc_cache_key key = key_of("a");

	store("a", "result");
	store("b", "another");
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 1);
	ck_assert_int_eq(mproc_cache_remove(cache, &key), 0);
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 0);
	expect_nothing("a", -ENOENT);
	expect("b", "another");
}
END_TEST

START_TEST(another_version_is_another_result)
{
	mproc_cache_value value;

	store("a", "result");
	ck_assert_int_eq(mproc_cache_get(cache, &(mproc_cache_key){"function", 2, "a", 1}, &value), -ENOENT);
}
END_TEST

START_TEST(results_outlive_the_handle)
{
	store("a", "result");
	reopen_cache(NULL);
	expect("a", "result");
}
END_TEST

START_TEST(what_is_stored_and_used_is_counted)
{
	const mproci_tally *tally = cache->tally;
	mproc_cache_key key = key_of("a");
	static const char bytes[5000];

	store("a", "result");
	store("b", "result");
	ck_assert_int_eq(tally->entries, 2);
	ck_assert_int_eq(tally->bytes, 2 * 4096);
	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, sizeof bytes), 0);
	ck_assert_int_eq(tally->entries, 2);
	ck_assert_int_eq(tally->bytes, 3 * 4096);
	expect("b", "result");
	expect_nothing("c", -ENOENT);
	expect_nothing("c", -ENOENT);
	mproc_cache_contains(cache, &key);
	ck_assert_uint_eq(tally->hits, 1);
	ck_assert_uint_eq(tally->misses, 2);
	ck_assert_uint_eq(tally->puts, 3);
	ck_assert_uint_eq(tally->failed_puts, 0);
	ck_assert_int_eq(mproc_cache_remove(cache, &key), 0);
	ck_assert_int_eq(tally->entries, 1);
	ck_assert_int_eq(tally->bytes, 4096);
	reopen_cache(NULL);
	ck_assert_int_eq(cache->tally->entries, 1);
	ck_assert_uint_eq(cache->tally->puts, 3);
	ck_assert_uint_eq(cache->tally->is_uncounted, 0);
}
END_TEST

START_TEST(a_key_that_is_none_is_refused)
{
	mproc_cache_key key = {"", 1, NULL, 0}, good = key_of("a");
	mproc_cache_value value;

	ck_assert_int_eq(mproc_cache_get(cache, &key, &value), -EINVAL);
	support_check_text("function is empty");
	ck_assert_int_eq(mproc_cache_put(cache, &key, "r", 1), -EINVAL);
	support_check_text("function is empty");
	ck_assert_int_eq(mproc_cache_remove(cache, &key), -EINVAL);
	support_check_text("function is empty");
	ck_assert_int_eq(mproc_cache_contains(cache, NULL), -EINVAL);
	support_check_text("key is NULL");
	ck_assert_int_eq(mproc_cache_get(cache, &good, NULL), -EINVAL);
	support_check_text("ret_value is NULL");
	ck_assert_int_eq(mproc_cache_put(cache, &good, NULL, 3), -EINVAL);
	support_check_text("bytes are NULL, with a size of 3");
	ck_assert_uint_eq(cache->tally->misses + cache->tally->failed_puts, 0);
}
END_TEST

START_TEST(a_handle_that_is_none_is_refused)
{
	mproc_cache other = {0};
	mproc_cache_key key = key_of("a");
	mproc_cache_value value;

	ck_assert_int_eq(mproc_cache_get(NULL, &key, &value), -EINVAL);
	support_check_text("cache is NULL");
	ck_assert_int_eq(mproc_cache_put(&other, &key, "r", 1), -EINVAL);
	support_check_text("not initialised, or destroyed");
	ck_assert_int_eq(mproc_cache_remove(NULL, &key), -EINVAL);
	ck_assert_int_eq(mproc_cache_contains(&other, &key), -EINVAL);
}
END_TEST

START_TEST(a_result_above_max_bytes_is_refused)
{
	static const char bytes[9000];
	mproc_cache_key key = key_of("a");

	reopen_cache(&(mproc_cache_options){.max_bytes = 8192});
	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, 8192 - 192 + 1), -EFBIG);
	support_check_text("8001 bytes takes more than max_bytes, 8192");
	support_check_text("/cache\"");
	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, SIZE_MAX), -EFBIG);
	ck_assert_uint_eq(cache->tally->failed_puts, 2);
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 0);
	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, 8192 - 192), 0);
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 1);
}
END_TEST

START_TEST(a_result_above_the_limit_of_files_is_refused_without_a_signal)
{
	static const char bytes[9000];
	mproc_cache_key key = key_of("a");
	rlim_t before;

	store("a", "result");
	before = limit(RLIMIT_FSIZE, 8192);
	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, sizeof bytes), -EFBIG);
	support_check_text("RLIMIT_FSIZE");
	limit(RLIMIT_FSIZE, before);
	expect("a", "result");
	ck_assert_int_eq(count_names("/cache/aside"), 0);
	ck_assert_uint_eq(cache->tally->failed_puts, 1);
}
END_TEST

START_TEST(without_descriptors_nothing_is_put_or_got)
{
	mproc_cache_value value;
	rlim_t before;

	store("a", "result");
	before = limit(RLIMIT_NOFILE, 3);
	ck_assert_int_eq(put_text("b", "result"), -EMFILE);
	support_check_text("/cache\"");
	ck_assert_int_eq(get("a", &value), -EMFILE);
	support_check_text("/cache\"");
	limit(RLIMIT_NOFILE, before);
	expect("a", "result");
	expect_nothing("b", -ENOENT);
}
END_TEST

/* Store a result as if it had been at another time. */
static void store_at(const char *arguments, int64_t stored)
{
	struct timespec times[2] = {{0, UTIME_OMIT}, {stored / 1000000000, stored % 1000000000}};
	mproc_cache_key key = key_of(arguments);
	char file[192 + 6];
	mproci_digest digest;

	store(arguments, "result");
	ck_assert_int_eq(mproci_digest_of(&key, &digest), 0);
	mproci_stored_write(file, &key, &digest, "result", 6, stored, 0);
	memcpy(file + sizeof file - 6, "result", 6);
	write_file(file_of(arguments), file, sizeof file);
	ck_assert_int_eq(utimensat(AT_FDCWD, file_of(arguments), times, 0), 0);
}

START_TEST(what_is_older_than_max_age_counts_no_more)
{
	int64_t now = mproci_cache_now(), second = 1000000000;
	mproc_cache_key young = key_of("young"), old = key_of("old");

	store_at("young", now - 3000 * second);
	store_at("old", now - 3700 * second);
	expect("old", "result");
	reopen_cache(&(mproc_cache_options){.max_age = 3600});
	expect("young", "result");
	expect_nothing("old", -ENOENT);
	support_check_text("older than max_age");
	ck_assert_int_eq(mproc_cache_contains(cache, &young), 1);
	ck_assert_int_eq(mproc_cache_contains(cache, &old), 0);
	store("old", "newer");
	expect("old", "newer");
}
END_TEST

START_TEST(what_is_stored_in_the_future_is_new)
{
	mproc_cache_key key = key_of("a");

	store_at("a", mproci_cache_now() + INT64_C(1000000000) * 100000);
	reopen_cache(&(mproc_cache_options){.max_age = 1e-12});
	expect("a", "result");
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 1);
}
END_TEST

START_TEST(the_shortest_age_is_an_age)
{
	store("a", "result");
	reopen_cache(&(mproc_cache_options){.max_age = 1e-12});
	expect_nothing("a", -ENOENT);
}
END_TEST

static int64_t used(const char *path)
{
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	return status.st_atim.tv_sec * INT64_C(1000000000) + status.st_atim.tv_nsec;
}

/* Later than it was changed in any way: so no file system notes the reading by itself (relatime). */
static int64_t use_in_an_hour(const char *path)
{
	int64_t then = mproci_cache_now() / 1000000000 + 3600;
	struct timespec times[2] = {{then, 0}, {0, UTIME_OMIT}};

	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
	return then * 1000000000;
}

START_TEST(a_use_is_noted_where_there_is_a_bound_on_bytes)
{
	mproc_cache_key key = key_of("a");
	int64_t then;

	store("a", "result");
	then = use_in_an_hour(file_of("a"));
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 1);
	ck_assert_int_eq(used(file_of("a")), then);
	expect("a", "result");
	ck_assert_int_lt(used(file_of("a")), then);
	then = use_in_an_hour(file_of("a"));
	reopen_cache(&(mproc_cache_options){.max_bytes = UINT64_MAX});
	expect("a", "result");
	ck_assert_int_eq(used(file_of("a")), then);
}
END_TEST

START_TEST(directories_that_others_remove_are_made_again)
{
	store("a", "result");
	remove_all("/cache/aside");
	store("b", "result");
	remove_all("/cache/results");
	store("b", "another");
	expect_nothing("a", -ENOENT);
	expect("b", "another");
}
END_TEST

START_TEST(a_directory_that_others_empty_is_a_cache_again)
{
	store("a", "result");
	remove_all("/cache");
	ck_assert_int_eq(mkdir(in_tree("/cache"), 0700), 0);
	mproc_cache_close(cache);
	cache = open_cache(in_tree("/cache"), NULL);
	store("a", "result");
	remove_all("/cache/results");
	remove_all("/cache/aside");
	remove_all("/cache/tally");
	remove_all("/cache/CACHEDIR.TAG");
	store("a", "another");
	reopen_cache(NULL);
	expect("a", "another");
}
END_TEST

START_TEST(a_directory_that_is_gone_is_reported)
{
	remove_all("/cache");
	ck_assert_int_eq(put_text("a", "result"), -ENOENT);
	support_check_text("/cache\"");
	expect_nothing("a", -ENOENT);
	ck_assert_uint_eq(cache->tally->failed_puts, 1);
}
END_TEST

START_TEST(what_is_in_the_way_of_a_result_is_reported)
{
	mproc_cache_value value;
	mproc_cache_key key = key_of("a");
	char folder[PATH_MAX];

	store("a", "result");
	strcpy(folder, file_of("a"));
	*strrchr(folder, '/') = '\0';
	ck_assert_int_eq(unlink(file_of("a")), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	tree_write(folder + strlen(tree()), "text");
	ck_assert_int_eq(put_text("a", "result"), -ENOTDIR);
	support_check_text("results/");
	ck_assert_int_eq(get("a", &value), -ENOTDIR);
	support_check_text("results/");
	ck_assert_int_eq(mproc_cache_contains(cache, &key), -ENOTDIR);
	support_check_text("results/");
	ck_assert_int_eq(mproc_cache_remove(cache, &key), -ENOTDIR);
	support_check_text("results/");
}
END_TEST

static int put_many(void *letter)
{
	char text[2] = {*(char *)letter, '\0'};
	int rc = 0;

	for (int i = 0; i < 200 && rc == 0; ++i)
		rc = put_text("a", text);
	return rc;
}

static int get_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < 400; ++i) {
		mproc_cache_value value;
		int rc = get("a", &value);

		if (rc < 0)
			return rc;
		if (value.size != 1 || strchr("abc", *(const char *)value.bytes) == NULL)
			return -EBADMSG;
		mproc_cache_value_free(&value);
	}
	return 0;
}

START_TEST(threads_that_put_and_get_the_same_key_see_whole_results)
{
	support_thread threads[4];
	char letters[] = "bc";

	store("a", "a");
	support_begin(&threads[0], put_many, letters);
	support_begin(&threads[1], put_many, letters + 1);
	support_begin(&threads[2], get_many, NULL);
	support_begin(&threads[3], get_many, NULL);
	for (int i = 0; i < 4; ++i)
		ck_assert_msg(support_end(&threads[i]) == 0, "%s", threads[i].text);
	ck_assert_int_eq(count_names("/cache/aside"), 0);
	ck_assert_uint_eq(cache->tally->damaged, 0);
	ck_assert_uint_eq(cache->tally->puts, 401);
}
END_TEST

START_TEST(processes_that_put_and_get_the_same_key_see_whole_results)
{
	char letters[] = "bc";
	pid_t people[4];

	store("a", "a");
	people[0] = support_fork(put_many, letters);
	people[1] = support_fork(put_many, letters + 1);
	people[2] = support_fork(get_many, NULL);
	people[3] = support_fork(get_many, NULL);
	for (int i = 0; i < 4; ++i)
		ck_assert_int_eq(support_reap(people[i]), 0);
	ck_assert_int_eq(count_names("/cache/aside"), 0);
	ck_assert_uint_eq(cache->tally->puts, 401);
	ck_assert_int_eq(cache->tally->entries, 1);
}
END_TEST

static int use_and_close(void *unused)
{
	mproc_cache_value value;
	int rc;

	(void)unused;
	rc = put_text("b", "of the child");
	if (rc == 0)
		rc = get("a", &value);
	if (rc == 0)
		mproc_cache_value_free(&value);
	mproc_cache_close(cache);
	return rc;
}

START_TEST(a_forked_child_uses_the_handle_of_its_parent)
{
	store("a", "result");
	ck_assert_int_eq(support_reap(support_fork(use_and_close, NULL)), 0);
	expect("b", "of the child");
	ck_assert_int_eq(cache->tally->entries, 2);
	ck_assert_uint_eq(cache->tally->hits, 2);
}
END_TEST

/* A system call and the errno that the kernel is to refuse it with. */
typedef struct refusal {
	unsigned call, code;
	/* What of it is to be told. */
	const char *text;
} refusal;

/* Without Check, which writes too. */
static int put_refused(void *argument)
{
	const refusal *one = argument;

	refuse_call(one->call, one->code);
	return put_text("b", "another") == -(int)one->code
			       && strstr(mproc_error_text(), "/cache\": results/") != NULL
			       && strstr(mproc_error_text(), one->text) != NULL
		       ? 0
		       : -EPROTO;
}

START_TEST(what_the_kernel_refuses_a_put_is_told)
{
	static const refusal all[] = {{SYS_write, EIO, "Input/output error"}, {SYS_write, ENOSPC, "No space"},
		{SYS_write, EDQUOT, "Disk quota exceeded"}, {SYS_write, EINVAL, "Invalid argument"}};

	store("a", "result");
	for (size_t i = 0; i < sizeof all / sizeof *all; ++i) {
		ck_assert_int_eq(support_reap(support_fork(put_refused, (void *)(uintptr_t)&all[i])), 0);
		ck_assert_int_eq(count_names("/cache/aside"), 0);
		expect_nothing("b", -ENOENT);
		expect("a", "result");
	}
	ck_assert_uint_eq(cache->tally->failed_puts, 4);
}
END_TEST

static int get_refused(void *argument)
{
	const refusal *one = argument;
	mproc_cache_value value;
	mproc_cache_key key = key_of("a");

	refuse_call(one->call, one->code);
	ck_assert_int_eq(get("a", &value), -(int)one->code);
	support_check_text("/cache\": results/");
	support_check_text(one->text);
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 1);
	return 0;
}

START_TEST(what_the_kernel_refuses_a_get_is_told)
{
	static const refusal all[] = {{SYS_pread64, EIO, "Input/output error"},
		{SYS_openat, ENFILE, "Too many open files in system"},
		{SYS_openat, EACCES, "Permission denied"}};

	store("a", "result");
	for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
		ck_assert_int_eq(support_reap(support_fork(get_refused, (void *)(uintptr_t)&all[i])), 0);
	ck_assert_uint_eq(cache->tally->damaged, 0);
	expect("a", "result");
}
END_TEST

START_TEST(a_large_result_without_memory_is_told_of)
{
	static const char bytes[LARGE];
	refusal no_memory = {SYS_mmap, ENOMEM, "Cannot allocate memory"};
	mproc_cache_key key = key_of("a");

	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, sizeof bytes), 0);
	ck_assert_int_eq(support_reap(support_fork(get_refused, &no_memory)), 0);
}
END_TEST

/* A file system of its own, with room for what is in it and no more; or the test is done. */
START_TEST(a_full_disk_keeps_what_is_there)
{
	static char bytes[40000];
	mproc_cache_key key = key_of("large");
	mproc_cache *before = cache;

	if (!mount_in_tree("tmpfs", "size=64k"))
		return;
	memset(bytes, 'x', sizeof bytes);
	cache = open_cache(in_tree("/small"), NULL);
	store("a", "result");
	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, sizeof bytes), 0);
	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, sizeof bytes), -ENOSPC);
	support_check_text("/small\"");
	support_check_text("No space left");
	ck_assert_int_eq(count_names("/small/aside"), 0);
	ck_assert_uint_eq(cache->tally->failed_puts, 1);
	expect("a", "result");
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 1);
	mproc_cache_close(cache);
	cache = before;
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		what_was_put_is_got,
		the_cost_of_a_result_is_stored_with_it,
		a_result_of_any_size_comes_back_aligned,
		a_result_is_replaced_and_who_has_the_old_one_keeps_it,
		what_is_not_stored_is_not_found,
		what_is_removed_is_gone,
		another_version_is_another_result,
		results_outlive_the_handle,
		what_is_stored_and_used_is_counted,
		a_key_that_is_none_is_refused,
		a_handle_that_is_none_is_refused,
		a_result_above_max_bytes_is_refused,
		a_result_above_the_limit_of_files_is_refused_without_a_signal,
		without_descriptors_nothing_is_put_or_got,
		what_is_older_than_max_age_counts_no_more,
		what_is_stored_in_the_future_is_new,
		the_shortest_age_is_an_age,
		a_use_is_noted_where_there_is_a_bound_on_bytes,
		directories_that_others_remove_are_made_again,
		a_directory_that_others_empty_is_a_cache_again,
		a_directory_that_is_gone_is_reported,
		what_is_in_the_way_of_a_result_is_reported,
		threads_that_put_and_get_the_same_key_see_whole_results,
		NULL,
	};
	const TTest *process_tests[] = {
		processes_that_put_and_get_the_same_key_see_whole_results,
		a_forked_child_uses_the_handle_of_its_parent,
		what_the_kernel_refuses_a_put_is_told,
		what_the_kernel_refuses_a_get_is_told,
		a_large_result_without_memory_is_told_of,
		a_full_disk_keeps_what_is_there,
		NULL,
	};
	const support_suite suite = {.name = "get_put",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_cache,
		.teardown = remove_cache};

	return support_run_suite(&suite);
}
