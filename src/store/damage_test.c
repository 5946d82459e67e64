/* SPDX-License-Identifier: MIT */
/*
 * What is stored is changed in every way: who gets it gets what was stored, or is told; and then it can be stored again.
 */
#include "people.h"
#include "store/cache_fixture.h"
#include "store/stored.h"

#include <fcntl.h>
#include <mproc/log.h>
#include <sys/stat.h>

enum {
	/* Larger than what is copied. */
	LARGE = 200000,
	MOST = 300000,
};

/* The file as it was stored. */
static char whole[MOST], changed[MOST];
static size_t whole_size;

static void remember(const char *arguments)
{
	whole_size = read_file(file_of(arguments), whole, sizeof whole);
	memcpy(changed, whole, whole_size);
}

static void make_small(void)
{
	make_cache();
	store("a", "result");
	remember("a");
}

static void store_large(void)
{
	static char bytes[LARGE];
	mproc_cache_key key = key_of("a");

	for (size_t i = 0; i < sizeof bytes; ++i)
		bytes[i] = (char)(i * 31 >> 3);
	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, sizeof bytes), 0);
	remember("a");
}

/* The file holds @size bytes of `changed`: that is noticed, counted, and the file is gone. */
static void expect_damage(size_t size)
{
	uint64_t damaged = cache->tally->damaged;
	int64_t entries = cache->tally->entries;
	mproc_cache_value value;

	write_file(file_of("a"), changed, size);
	ck_assert_int_eq(get("a", &value), -EBADMSG);
	support_check_text("/cache\": results/");
	support_check_text(" is damaged: it");
	ck_assert(!is_there(file_of("a")));
	ck_assert_uint_eq(cache->tally->damaged, damaged + 1);
	ck_assert_int_eq(cache->tally->entries, entries - 1);
	ck_assert_int_eq(get("a", &value), -ENOENT);
	ck_assert_uint_eq(cache->tally->damaged, damaged + 1);
}

START_TEST(every_changed_byte_is_noticed)
{
	static const unsigned char masks[] = {0x01, 0x80, 0x20, 0xff};

	for (size_t i = 0; i < whole_size; ++i) {
		for (size_t mask = 0; mask < sizeof masks; ++mask) {
			changed[i] = (char)(whole[i] ^ masks[mask]);
			expect_damage(whole_size);
		}
		changed[i] = (char)(whole[i] + 1);
		expect_damage(whole_size);
		changed[i] = 0;
		if (whole[i] != 0)
			expect_damage(whole_size);
		changed[i] = whole[i];
	}
	write_file(file_of("a"), whole, whole_size);
	expect("a", "result");
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
	for (size_t size = 0; size < whole_size; ++size)
		expect_damage(size);
}
END_TEST

/* As a file system leaves what was not written yet. */
START_TEST(zeros_behind_every_byte_are_noticed)
{
	for (size_t size = whole_size; size-- > 0;) {
		changed[size] = 0;
		if (whole[size] != 0)
			expect_damage(whole_size);
	}
}
END_TEST

START_TEST(bytes_behind_the_result_are_noticed)
{
	for (size_t more = 1; more <= 130; ++more)
		expect_damage(whole_size + more);
	memcpy(changed + whole_size, whole, whole_size);
	expect_damage(2 * whole_size);
}
END_TEST

START_TEST(two_bytes_that_changed_places_are_noticed)
{
	for (size_t i = 0; i + 1 < whole_size; ++i) {
		if (whole[i] == whole[i + 1])
			continue;
		changed[i] = whole[i + 1];
		changed[i + 1] = whole[i];
		expect_damage(whole_size);
		memcpy(changed, whole, whole_size);
	}
}
END_TEST

START_TEST(the_result_of_another_key_is_noticed)
{
	char other[PATH_MAX];

	store("b", "another");
	strcpy(other, file_of("b"));
	ck_assert_int_eq(rename(other, file_of("a")), 0);
	expect_nothing("a", -EBADMSG);
	support_check_text("it is the result of another key");
	expect_nothing("b", -ENOENT);
	store("a", "result");
	store("b", "another");
	expect("a", "result");
	expect("b", "another");
}
END_TEST

START_TEST(what_is_damaged_can_be_stored_again)
{
	changed[whole_size - 1] ^= 1;
	expect_damage(whole_size);
	store("a", "result");
	expect("a", "result");
	write_file(file_of("a"), changed, whole_size);
	store("a", "newer");
	expect("a", "newer");
	ck_assert_uint_eq(cache->tally->damaged, 1);
	ck_assert_int_eq(cache->tally->entries, 1);
	ck_assert_int_eq(cache->tally->bytes, 4096);
}
END_TEST

START_TEST(what_lies_in_the_place_of_a_result_is_noticed)
{
	ck_assert_int_eq(unlink(file_of("a")), 0);
	ck_assert_int_eq(mkfifo(file_of("a"), 0600), 0);
	expect_nothing("a", -EBADMSG);
	support_check_text("is damaged: it is empty, or no file");
	ck_assert(!is_there(file_of("a")));
	ck_assert_int_eq(symlink("/dev/zero", file_of("a")), 0);
	expect_nothing("a", -EBADMSG);
	ck_assert(!is_there(file_of("a")));
	ck_assert_int_eq(mknod(file_of("a"), S_IFSOCK | 0600, 0), 0);
	expect_nothing("a", -EBADMSG);
	ck_assert(!is_there(file_of("a")));
	store("a", "result");
	expect("a", "result");
}
END_TEST

START_TEST(a_put_replaces_what_lies_in_its_place)
{
	ck_assert_int_eq(unlink(file_of("a")), 0);
	ck_assert_int_eq(mkfifo(file_of("a"), 0600), 0);
	store("a", "newer");
	expect("a", "newer");
	ck_assert_int_eq(unlink(file_of("a")), 0);
	ck_assert_int_eq(symlink("nowhere", file_of("a")), 0);
	store("a", "newest");
	expect("a", "newest");
}
END_TEST

START_TEST(a_directory_in_the_place_of_a_result_stays)
{
	mproc_cache_key key = key_of("a");

	ck_assert_int_eq(unlink(file_of("a")), 0);
	ck_assert_int_eq(mkdir(file_of("a"), 0700), 0);
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 0);
	expect_nothing("a", -EBADMSG);
	support_check_text("is damaged: it is empty, or no file");
	ck_assert_int_eq(put_text("a", "result"), -EISDIR);
	support_check_text("Is a directory");
	ck_assert_int_eq(mproc_cache_remove(cache, &key), -EISDIR);
	support_check_text("Is a directory");
	ck_assert_int_eq(count_names("/cache/aside"), 0);
	ck_assert(is_there(file_of("a")));
	ck_assert_int_eq(cache->tally->entries, 1);
}
END_TEST

START_TEST(damage_is_logged_once)
{
	char line[1024];
	int ends[2];
	ssize_t got;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(mproc_log_to(ends[1], MPROC_LOG_WARNING), 0);
	changed[whole_size - 1] ^= 1;
	expect_damage(whole_size);
	got = read(ends[0], line, sizeof line - 1);
	ck_assert_int_gt(got, 0);
	line[got] = '\0';
	ck_assert_ptr_nonnull(strstr(line, "WARNING"));
	ck_assert_ptr_nonnull(strstr(line, "is damaged: its checksum is wrong\n"));
	ck_assert_ptr_eq(strchr(line, '\n'), line + got - 1);
	/* Where the log is lost the error is still told. */
	close(ends[0]);
	close(ends[1]);
	changed[whole_size - 2] ^= 1;
	expect_damage(whole_size);
	mproc_log_to(STDERR_FILENO, MPROC_LOG_OFF);
}
END_TEST

START_TEST(a_large_result_is_checked_as_well)
{
	store_large();
	for (size_t i = 0; i < whole_size; i += i < 300 ? 1 : 4999) {
		changed[i] ^= 0x10;
		expect_damage(whole_size);
		changed[i] = whole[i];
	}
	changed[whole_size - 1] ^= 1;
	expect_damage(whole_size);
}
END_TEST

/* To read it would take minutes, and all memory. */
START_TEST(a_result_with_a_huge_hole_is_noticed_at_once)
{
	store("a", "result");
	if (truncate(file_of("a"), (off_t)1 << 38) != 0)
		return;
	expect_nothing("a", -EBADMSG);
	support_check_text("its size is not what it says");
	expect_nothing("a", -ENOENT);
}
END_TEST

START_TEST(a_large_result_that_was_cut_is_noticed)
{
	store_large();
	for (size_t size = 0; size < whole_size; size += size < 300 ? 1 : 4093)
		expect_damage(size);
	expect_damage(whole_size - 1);
	expect_damage(whole_size + 1);
	write_file(file_of("a"), whole, whole_size);
	store("a", "result");
	expect("a", "result");
}
END_TEST

START_TEST(random_bytes_in_the_place_of_a_result_are_noticed)
{
	uint64_t state = 1;

	for (int round = 0; round < 500; ++round) {
		size_t size = (state >> 40) % 1000 + 1;

		for (size_t i = 0; i < size; ++i) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
			changed[i] = (char)(state >> 56);
		}
		/* In every other one the front is right. */
		if (round % 2 == 0)
			memcpy(changed, whole, size < 96 ? size : 96);
		expect_damage(size);
	}
}
END_TEST

static int read_damaged(void *unused)
{
	(void)unused;
	for (int i = 0; i < 300; ++i) {
		mproc_cache_value value;
		int rc = get("a", &value);

		if (rc == 0)
			mproc_cache_value_free(&value);
		else if (rc != -EBADMSG && rc != -ENOENT)
			return rc;
	}
	return 0;
}

static int damage_and_store(void *unused)
{
	(void)unused;
	for (int i = 0; i < 150; ++i) {
		int descriptor = open(file_of("a"), O_WRONLY | O_CLOEXEC);

		if (descriptor >= 0) {
			(void)!pwrite(descriptor, "X", 1, i % (off_t)whole_size);
			close(descriptor);
		}
		if (put_text("a", "result") < 0)
			return -1;
	}
	return 0;
}

START_TEST(who_reads_while_others_damage_and_store_gets_no_wrong_result)
{
	support_thread threads[3];

	support_begin(&threads[0], read_damaged, NULL);
	support_begin(&threads[1], read_damaged, NULL);
	support_begin(&threads[2], damage_and_store, NULL);
	for (int i = 0; i < 3; ++i)
		ck_assert_msg(support_end(&threads[i]) == 0, "%s", threads[i].text);
	store("a", "result");
	expect("a", "result");
}
END_TEST

static void use_with_tally(void)
{
	cache = open_cache(in_tree("/cache"), NULL);
	expect("a", "result");
	store("b", "another");
	expect("b", "another");
}

START_TEST(a_tally_of_any_size_is_made_anew)
{
	mproc_cache_close(cache);
	memset(changed, 0xa5, sizeof changed);
	for (size_t size = 0; size < 9000; size += size < 200 ? 1 : 997) {
		write_file(in_tree("/cache/tally"), changed, size);
		use_with_tally();
		ck_assert_uint_eq(cache->tally->puts, 1);
		ck_assert_uint_eq(cache->tally->hits, 2);
		mproc_cache_close(cache);
	}
	use_with_tally();
}
END_TEST

START_TEST(a_tally_whose_numbers_cannot_be_is_counted_anew)
{
	static const int64_t numbers[][2] = {{-1, 4096}, {1, -4096}, {1, 0}, {3, 8192}, {0, INT64_MAX},
		{INT64_MIN, INT64_MIN}, {INT64_MAX, INT64_MAX}};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
		cache->tally->entries = numbers[i][0];
		cache->tally->bytes = numbers[i][1];
		cache->tally->is_uncounted = 0;
		reopen_cache(NULL);
		ck_assert_uint_ne(cache->tally->is_uncounted, 0);
	}
	cache->tally->entries = 1;
	cache->tally->bytes = 4096;
	cache->tally->is_uncounted = 0;
	reopen_cache(NULL);
	ck_assert_uint_eq(cache->tally->is_uncounted, 0);
}
END_TEST

START_TEST(a_new_tally_beside_results_is_not_believed)
{
	ck_assert_int_eq(unlink(in_tree("/cache/tally")), 0);
	reopen_cache(NULL);
	ck_assert_uint_ne(cache->tally->is_uncounted, 0);
}
END_TEST

START_TEST(without_a_tally_each_handle_counts_alone)
{
	mproc_cache_close(cache);
	ck_assert_int_eq(unlink(in_tree("/cache/tally")), 0);
	ck_assert_int_eq(mkdir(in_tree("/cache/tally"), 0700), 0);
	use_with_tally();
	mproc_cache_close(cache);
	ck_assert_int_eq(rmdir(in_tree("/cache/tally")), 0);
	ck_assert_int_eq(mkfifo(in_tree("/cache/tally"), 0600), 0);
	use_with_tally();
	mproc_cache_close(cache);
	ck_assert_int_eq(unlink(in_tree("/cache/tally")), 0);
	ck_assert_int_eq(symlink("../tally", in_tree("/cache/tally")), 0);
	use_with_tally();
	ck_assert(!is_there(in_tree("/tally")));
}
END_TEST

START_TEST(files_in_the_place_of_directories_are_reported)
{
	remove_all("/cache/aside");
	tree_write("/cache/aside", "text");
	reopen_cache(NULL);
	expect("a", "result");
	ck_assert_int_eq(put_text("b", "another"), -ENOTDIR);
	support_check_text("/cache\": ");
	ck_assert(is_there(in_tree("/cache/aside")));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		every_changed_byte_is_noticed,
		every_truncation_is_noticed,
		zeros_behind_every_byte_are_noticed,
		bytes_behind_the_result_are_noticed,
		two_bytes_that_changed_places_are_noticed,
		the_result_of_another_key_is_noticed,
		what_is_damaged_can_be_stored_again,
		what_lies_in_the_place_of_a_result_is_noticed,
		a_put_replaces_what_lies_in_its_place,
		a_directory_in_the_place_of_a_result_stays,
		damage_is_logged_once,
		a_large_result_is_checked_as_well,
		a_result_with_a_huge_hole_is_noticed_at_once,
		a_large_result_that_was_cut_is_noticed,
		random_bytes_in_the_place_of_a_result_are_noticed,
		who_reads_while_others_damage_and_store_gets_no_wrong_result,
		a_tally_of_any_size_is_made_anew,
		a_tally_whose_numbers_cannot_be_is_counted_anew,
		a_new_tally_beside_results_is_not_believed,
		without_a_tally_each_handle_counts_alone,
		files_in_the_place_of_directories_are_reported,
		NULL,
	};
	const support_suite suite = {
		.name = "damage", .tests = tests, .setup = make_small, .teardown = remove_cache};

	return support_run_suite(&suite);
}
