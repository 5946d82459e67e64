/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "store/cache_fixture.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>

static const char TAG[] = "Signature: 8a477f597d28d172789f06886806bc55\nmproc result cache, format 1\n";

/* Names as of what is being written. */
static const char LEFT_ASIDE[] = "/cache/aside/0123456789abcdef0123456789abcdef";
static const char LEFT_TAG[] = "/cache/CACHEDIR.TAG.0123456789abcdef0123456789abcdef";
static const char LEFT_OF_NEW[] = "/new/CACHEDIR.TAG.0123456789abcdef0123456789abcdef";

static void refuse(const char *path, const mproc_cache_options *options, int rc, const char *text)
{
	mproc_cache *opened = cache;

	ck_assert_int_eq(mproc_cache_open(path, options, &opened), rc);
	support_check_text(text);
	ck_assert_ptr_eq(opened, cache);
}

START_TEST(a_new_cache_says_what_it_is)
{
	char text[200];
	size_t size = read_file(in_tree("/cache/CACHEDIR.TAG"), text, sizeof text);

	ck_assert_uint_eq(size, strlen(TAG));
	ck_assert_mem_eq(text, TAG, size);
	ck_assert_int_eq(count_names("/cache"), 2);
	ck_assert(is_there(in_tree("/cache/tally")));
	store("a", "result");
	ck_assert_int_eq(count_names("/cache"), 4);
}
END_TEST

START_TEST(an_empty_directory_becomes_a_cache)
{
	ck_assert_int_eq(mkdir(in_tree("/empty"), 0700), 0);
	mproc_cache_close(cache);
	cache = open_cache(in_tree("/empty"), NULL);
	store("a", "result");
	expect("a", "result");
}
END_TEST

START_TEST(what_open_is_given_is_checked)
{
	mproc_cache *opened;

	ck_assert_int_eq(mproc_cache_open(NULL, NULL, &opened), -EINVAL);
	support_check_text("directory is NULL");
	ck_assert_int_eq(mproc_cache_open(in_tree("/x"), NULL, NULL), -EINVAL);
	support_check_text("ret_cache is NULL");
	refuse(in_tree("/x"), &(mproc_cache_options){.max_age = -1}, -EINVAL,
		"max_age -1: 0 (none) to 1e+09");
	refuse(in_tree("/x"), &(mproc_cache_options){.max_age = 1.1e9}, -EINVAL, "max_age 1.1e+09");
	refuse(in_tree("/x"), &(mproc_cache_options){.max_age = (double)NAN}, -EINVAL, "max_age nan");
	refuse(in_tree("/x"), &(mproc_cache_options){.reserved[5] = 1}, -EINVAL, "reserved");
	ck_assert(!is_there(in_tree("/x")));
	mproc_cache_close(open_cache(in_tree("/x"), &(mproc_cache_options){.max_age = 1e9}));
}
END_TEST

START_TEST(options_left_out_have_defaults)
{
	ck_assert_uint_eq(cache->max_bytes, UINT64_C(10) << 30);
	ck_assert_int_eq(cache->max_age, 0);
	reopen_cache(&(mproc_cache_options){.max_bytes = UINT64_MAX, .max_age = 0.5});
	ck_assert_uint_eq(cache->max_bytes, UINT64_MAX);
	ck_assert_int_eq(cache->max_age, 500000000);
}
END_TEST

START_TEST(a_path_that_leads_nowhere_is_refused)
{
	char path[2 * PATH_MAX];

	tree_write("/file", "text");
	refuse(in_tree("/file"), NULL, -ENOTDIR, "/file\": ");
	refuse(in_tree("/file/x"), NULL, -ENOTDIR, "/file/x\": ");
	refuse(in_tree("/none/x"), NULL, -ENOENT, "/none/x\": ");
	snprintf(path, sizeof path, "%s/%0300d", tree(), 1);
	refuse(path, NULL, -ENAMETOOLONG, "File name too long");
	refuse("", NULL, -ENOENT, "");
}
END_TEST

START_TEST(a_directory_of_somebody_is_no_cache)
{
	static const char *const names[] = {
		"/mine/letter", "/mine/results/letter", "/mine/aside/letter", "/mine/CACHEDIR.TAG.x"};

	for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
		tree_write(names[i], "text");
		refuse(in_tree("/mine"), NULL, -ENOTEMPTY, "/mine\" is no cache: it has \"");
		ck_assert(is_there(in_tree(names[i])));
		ck_assert_int_eq(count_names("/mine"), 1);
		remove_all("/mine");
	}
}
END_TEST

START_TEST(the_tag_of_something_else_makes_no_cache)
{
	static const char *const texts[] = {
		"Signature: 8a477f597d28d172789f06886806bc55\n# by another program\n",
		"Signature: 8a477f597d28d172789f06886806bc55\nmproc result cache, format 0\n",
		"Signature: 8a477f597d28d172789f06886806bc55\nmproc result cache, format x\n",
		"signature: 8a477f597d28d172789f06886806bc55\nmproc result cache, format 1\n", "x"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
		tree_write("/mine/CACHEDIR.TAG", texts[i]);
		refuse(in_tree("/mine"), NULL, -ENOTEMPTY, "/mine\" is no cache: its CACHEDIR.TAG");
		ck_assert_int_eq(count_names("/mine"), 1);
	}
	remove_all("/mine/CACHEDIR.TAG");
	ck_assert_int_eq(mkdir(in_tree("/mine/CACHEDIR.TAG"), 0700), 0);
	refuse(in_tree("/mine"), NULL, -ENOTEMPTY, "is no cache");
}
END_TEST

START_TEST(every_changed_byte_of_a_tag_is_noticed)
{
	char text[sizeof TAG];

	mproc_cache_close(cache);
	cache = NULL;
	for (size_t i = 0; i < strlen(TAG); ++i) {
		bool is_end = i == strlen(TAG) - 1;
		mproc_cache *opened;
		int rc;

		memcpy(text, TAG, sizeof text);
		text[i] ^= 1;
		write_file(in_tree("/cache/CACHEDIR.TAG"), text, strlen(TAG));
		rc = mproc_cache_open(in_tree("/cache"), NULL, &opened);
		/* Behind the number anything may stand. */
		ck_assert_int_eq(rc, is_end ? 0 : -ENOTEMPTY);
		if (is_end)
			mproc_cache_close(opened);
	}
}
END_TEST

START_TEST(a_newer_format_is_refused)
{
	tree_write("/cache/CACHEDIR.TAG",
		"Signature: 8a477f597d28d172789f06886806bc55\nmproc result cache, format 12\nand more\n");
	store("a", "result");
	refuse(in_tree("/cache"), NULL, -EPROTONOSUPPORT, "/cache\" has format 12");
	support_check_text("this one knows format 1");
	tree_write("/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\nmproc result cache, "
					  "format 99999999999999999999999999\n");
	refuse(in_tree("/cache"), NULL, -EPROTONOSUPPORT, "this one knows format 1");
	tree_write("/cache/CACHEDIR.TAG", TAG);
	reopen_cache(NULL);
	expect("a", "result");
}
END_TEST

START_TEST(more_may_be_said_behind_the_format)
{
	tree_write("/cache/CACHEDIR.TAG",
		"Signature: 8a477f597d28d172789f06886806bc55\nmproc result cache, format 1, and more\n#\n");
	reopen_cache(NULL);
}
END_TEST

static void check_tag(void)
{
	char text[200];

	ck_assert_uint_eq(read_file(in_tree("/cache/CACHEDIR.TAG"), text, sizeof text), strlen(TAG));
	ck_assert_mem_eq(text, TAG, strlen(TAG));
}

/* A power cut may leave a file with fewer bytes, or with zeros instead of them. */
START_TEST(a_torn_tag_is_written_again)
{
	char text[sizeof TAG];

	store("a", "result");
	for (size_t size = 0; size < strlen(TAG); ++size) {
		bool is_whole = strncmp(TAG + size, "\n", 2) == 0;

		write_file(in_tree("/cache/CACHEDIR.TAG"), TAG, size);
		reopen_cache(NULL);
		if (!is_whole)
			check_tag();
		memset(text, 0, sizeof text);
		memcpy(text, TAG, size);
		write_file(in_tree("/cache/CACHEDIR.TAG"), text, strlen(TAG));
		reopen_cache(NULL);
		if (!is_whole)
			check_tag();
	}
	expect("a", "result");
}
END_TEST

START_TEST(a_torn_tag_beside_what_is_somebodys_is_left_alone)
{
	tree_write("/mine/CACHEDIR.TAG", "");
	tree_write("/mine/letter", "text");
	refuse(in_tree("/mine"), NULL, -ENOTEMPTY, "it has \"letter\" in it");
	ck_assert_int_eq(count_names("/mine"), 2);
}
END_TEST

START_TEST(who_is_killed_while_he_makes_the_directory_leaves_one_that_can_be_made)
{
	for (size_t size = 0; size <= strlen(TAG); ++size) {
		char text[sizeof TAG] = "";

		memcpy(text, TAG, size);
		tree_write(LEFT_OF_NEW, text);
		mproc_cache_close(open_cache(in_tree("/new"), NULL));
		ck_assert(!is_there(in_tree(LEFT_OF_NEW)));
		ck_assert(is_there(in_tree("/new/CACHEDIR.TAG")));
		remove_all("/new");
	}
}
END_TEST

static int fail_to_compute(const void *arguments, size_t size, mproc_cache_result *result, void *other)
{
	mproc_cache *opened = NULL;

	(void)arguments;
	(void)size;
	(void)result;
	(void)other;
	/* Somebody else comes in the meantime. */
	ck_assert_int_eq(mproc_cache_open(in_tree("/cache"), NULL, &opened), 0);
	mproc_cache_close(opened);
	return -EPERM;
}

/* Its program makes the files of its locks again, before it stores anything; and may never do so. */
START_TEST(a_directory_that_was_emptied_can_be_opened)
{
	static const char *const names[] = {"/flights", "/sweep", "/tally", "/CACHEDIR.TAG"};
	mproc_cache_key key = key_of("a");
	mproc_cache_value value;
	char path[64];

	for (int i = 0; i < 2; ++i) {
		for (size_t j = 0; j < sizeof names / sizeof *names; ++j) {
			snprintf(path, sizeof path, "/cache%s", names[j]);
			ck_assert(unlink(in_tree(path)) == 0 || errno == ENOENT);
		}
		if (i == 0)
			ck_assert_int_eq(mproc_cache_clear(cache), 0);
		ck_assert_int_eq(
			mproc_cache_call(cache, &key, fail_to_compute, NULL, MPROC_NOW, &value), -EPERM);
		reopen_cache(NULL);
	}
	store("a", "result");
	expect("a", "result");
}
END_TEST

START_TEST(a_directory_with_empty_ones_of_our_names_becomes_a_cache)
{
	tree_write("/new/flights", "");
	tree_write("/new/sweep", "");
	ck_assert_int_eq(mkdir(in_tree("/new/results"), 0700), 0);
	mproc_cache_close(open_cache(in_tree("/new"), NULL));
	ck_assert(is_there(in_tree("/new/CACHEDIR.TAG")));
}
END_TEST

START_TEST(a_directory_with_something_behind_our_names_is_somebodys)
{
	tree_write("/mine/flights", "from here to there");
	refuse(in_tree("/mine"), NULL, -ENOTEMPTY, "it has \"flights\" in it");
	tree_write("/theirs/results/letter", "");
	refuse(in_tree("/theirs"), NULL, -ENOTEMPTY, "it has \"results\" in it");
	ck_assert_int_eq(count_names("/mine"), 1);
	ck_assert_int_eq(count_names("/theirs"), 1);
}
END_TEST

START_TEST(a_tag_that_was_removed_is_missed)
{
	store("a", "result");
	remove_all("/cache/CACHEDIR.TAG");
	refuse(in_tree("/cache"), NULL, -ENOTEMPTY, "and no CACHEDIR.TAG of a cache");
	expect("a", "result");
	tree_write("/cache/CACHEDIR.TAG", TAG);
	reopen_cache(NULL);
	expect("a", "result");
}
END_TEST

START_TEST(what_was_left_aside_is_removed_by_the_next_open)
{
	tree_write(LEFT_ASIDE, "half of");
	tree_write(LEFT_TAG, "half of");
	store("a", "result");
	reopen_cache(NULL);
	ck_assert(!is_there(in_tree(LEFT_ASIDE)));
	ck_assert(!is_there(in_tree(LEFT_TAG)));
	expect("a", "result");
}
END_TEST

START_TEST(what_somebody_is_writing_stays)
{
	int descriptor;

	tree_write(LEFT_ASIDE, "half of");
	descriptor = open(in_tree(LEFT_ASIDE), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(descriptor, 0);
	ck_assert_int_eq(flock(descriptor, LOCK_EX), 0);
	reopen_cache(NULL);
	ck_assert(is_there(in_tree(LEFT_ASIDE)));
	close(descriptor);
	reopen_cache(NULL);
	ck_assert(!is_there(in_tree(LEFT_ASIDE)));
}
END_TEST

START_TEST(a_relative_path_is_the_same_directory_wherever_this_process_goes)
{
	mproc_cache_close(cache);
	ck_assert_int_eq(chdir(tree()), 0);
	cache = open_cache("cache", NULL);
	ck_assert_int_eq(chdir("/"), 0);
	store("a", "result");
	ck_assert_str_eq(cache->path, in_tree("/cache"));
	expect("a", "result");
}
END_TEST

START_TEST(two_handles_are_one_cache)
{
	mproc_cache *first = cache;

	store("a", "result");
	cache = open_cache(in_tree("/cache"), NULL);
	expect("a", "result");
	store("b", "another");
	ck_assert_int_eq(first->tally->entries, 2);
	mproc_cache_close(cache);
	cache = first;
	expect("b", "another");
}
END_TEST

START_TEST(close_takes_null)
{
	ck_assert_ptr_null(mproc_cache_close(NULL));
}
END_TEST

START_TEST(open_fails_without_descriptors)
{
	/* One that is free, for the directory alone, and none. */
	int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(lowest);
	for (int spare = 0; spare < 2; ++spare) {
		rlim_t before = limit(RLIMIT_NOFILE, (rlim_t)(lowest + spare));

		refuse(in_tree("/cache"), NULL, -EMFILE, "/cache\": ");
		limit(RLIMIT_NOFILE, before);
	}
}
END_TEST

static int open_without_memory(void *unused)
{
	(void)unused;
	refuse_call(SYS_mmap, ENOMEM);
	refuse(in_tree("/cache"), NULL, -ENOMEM, "no memory for a cache");
	return 0;
}

START_TEST(open_fails_without_memory)
{
	ck_assert_int_eq(support_reap(support_fork(open_without_memory, NULL)), 0);
}
END_TEST

/* What the deeds of other processes are told. */
static _Atomic int *begun;

static int open_and_use(void *unused)
{
	mproc_cache_value value;
	int rc;

	(void)unused;
	atomic_fetch_add(begun, 1);
	while (atomic_load(begun) < 8)
		sched_yield();
	rc = mproc_cache_open(in_tree("/many"), NULL, &cache);
	if (rc == 0)
		rc = put_text("a", "result");
	if (rc == 0)
		rc = get("a", &value);
	if (rc == 0)
		mproc_cache_value_free(&value);
	mproc_cache_close(cache);
	return rc;
}

START_TEST(many_open_a_new_one_together)
{
	mproc_cache *before = cache;
	pid_t people[8];

	begun = mmap(NULL, sizeof *begun, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int round = 0; round < 20; ++round) {
		atomic_store(begun, 0);
		for (int i = 0; i < 8; ++i)
			people[i] = support_fork(open_and_use, NULL);
		for (int i = 0; i < 8; ++i)
			ck_assert_int_eq(support_reap(people[i]), 0);
		cache = open_cache(in_tree("/many"), NULL);
		expect("a", "result");
		ck_assert_uint_eq(cache->tally->puts, 8);
		ck_assert_int_eq(count_names("/many"), 4);
		mproc_cache_close(cache);
		remove_all("/many");
	}
	cache = before;
	munmap(begun, sizeof *begun);
}
END_TEST

/* As somebody who may read the directory and not write to it. */
static int use_read_only(void *unused)
{
	mproc_cache_key key = key_of("a"), none = key_of("none");
	mproc_cache *opened;

	(void)unused;
	ck_assert(geteuid() != 0 || seteuid(65534) == 0);
	mproc_cache_close(cache);
	cache = open_cache(in_tree("/cache"), NULL);
	ck_assert(!cache->is_writable);
	expect("a", "result");
	expect_nothing("none", -ENOENT);
	ck_assert_uint_eq(cache->tally->hits, 1);
	ck_assert_uint_eq(cache->tally->misses, 1);
	ck_assert_int_eq(mproc_cache_contains(cache, &key), 1);
	ck_assert_int_eq(mproc_cache_contains(cache, &none), 0);
	ck_assert_int_eq(put_text("b", "another"), -EROFS);
	support_check_text("/cache\": it could not be written to");
	ck_assert_int_eq(mproc_cache_remove(cache, &key), -EACCES);
	support_check_text("cannot be removed: Permission denied");
	expect_nothing("damaged", -EBADMSG);
	expect_nothing("damaged", -EBADMSG);
	ck_assert_uint_eq(cache->tally->damaged, 2);
	mproc_cache_close(cache);
	ck_assert_int_eq(mproc_cache_open(in_tree("/bare"), NULL, &opened), -EACCES);
	support_check_text("/bare\": ");
	ck_assert_int_eq(mproc_cache_open(in_tree("/none"), NULL, &opened), -EACCES);
	support_check_text("/none\": ");
	ck_assert_int_eq(mproc_cache_open(in_tree("/closed"), NULL, &opened), -EACCES);
	support_check_text("/closed\": ");
	return 0;
}

static int take_writing_away(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)type;
	(void)where;
	return chmod(path, S_ISDIR(status->st_mode) ? 0555 : 0444);
}

static int give_writing_back(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)type;
	(void)where;
	return chmod(path, S_ISDIR(status->st_mode) ? 0755 : 0644);
}

START_TEST(a_directory_that_cannot_be_written_to_is_read)
{
	char damaged[100];

	store("a", "result");
	store("damaged", "result");
	write_file(file_of("damaged"), "x", 1);
	snprintf(damaged, sizeof damaged, "%s", file_of("damaged") + strlen(tree()));
	ck_assert_int_eq(mkdir(in_tree("/bare"), 0755), 0);
	ck_assert_int_eq(mkdir(in_tree("/closed"), 0), 0);
	ck_assert_int_eq(nftw(tree(), take_writing_away, 8, FTW_PHYS), 0);
	ck_assert_int_eq(chmod(in_tree("/closed"), 0), 0);
	ck_assert_int_eq(support_reap(support_fork(use_read_only, NULL)), 0);
	ck_assert_int_eq(nftw(tree(), give_writing_back, 8, FTW_PHYS), 0);
	ck_assert(is_there(in_tree(damaged)));
	ck_assert_uint_eq(cache->tally->hits, 0);
}
END_TEST

/* A file system that cannot be written to, or the test is done. */
START_TEST(a_file_system_that_cannot_be_written_to_is_read)
{
	mproc_cache *before = cache, *opened;

	if (!mount_in_tree("tmpfs", ""))
		return;
	cache = open_cache(in_tree("/small"), NULL);
	store("a", "result");
	mproc_cache_close(cache);
	ck_assert_int_eq(mount("none", in_tree("/small"), NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	cache = open_cache(in_tree("/small"), NULL);
	expect("a", "result");
	ck_assert_int_eq(put_text("b", "another"), -EROFS);
	mproc_cache_close(cache);
	ck_assert_int_eq(mproc_cache_open(in_tree("/small/x"), NULL, &opened), -EROFS);
	support_check_text("Read-only file system");
	cache = before;
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

START_TEST(a_full_file_system_has_no_room_for_a_new_cache)
{
	mproc_cache *opened;

	if (!mount_in_tree("tmpfs", "nr_inodes=2"))
		return;
	ck_assert_int_eq(mkdir(in_tree("/small/x"), 0700), 0);
	ck_assert_int_eq(mproc_cache_open(in_tree("/small/x"), NULL, &opened), -ENOSPC);
	support_check_text("/small/x\": CACHEDIR.TAG");
	ck_assert_int_eq(mproc_cache_open(in_tree("/small/y"), NULL, &opened), -ENOSPC);
	support_check_text("/small/y\": ");
	ck_assert_int_eq(umount(in_tree("/small")), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_new_cache_says_what_it_is,
		an_empty_directory_becomes_a_cache,
		what_open_is_given_is_checked,
		options_left_out_have_defaults,
		a_path_that_leads_nowhere_is_refused,
		a_directory_of_somebody_is_no_cache,
		the_tag_of_something_else_makes_no_cache,
		every_changed_byte_of_a_tag_is_noticed,
		a_newer_format_is_refused,
		more_may_be_said_behind_the_format,
		a_torn_tag_is_written_again,
		a_torn_tag_beside_what_is_somebodys_is_left_alone,
		who_is_killed_while_he_makes_the_directory_leaves_one_that_can_be_made,
		a_directory_that_was_emptied_can_be_opened,
		a_directory_with_empty_ones_of_our_names_becomes_a_cache,
		a_directory_with_something_behind_our_names_is_somebodys,
		a_tag_that_was_removed_is_missed,
		what_was_left_aside_is_removed_by_the_next_open,
		what_somebody_is_writing_stays,
		a_relative_path_is_the_same_directory_wherever_this_process_goes,
		two_handles_are_one_cache,
		close_takes_null,
		open_fails_without_descriptors,
		NULL,
	};
	const TTest *process_tests[] = {
		open_fails_without_memory,
		many_open_a_new_one_together,
		a_directory_that_cannot_be_written_to_is_read,
		a_file_system_that_cannot_be_written_to_is_read,
		a_full_file_system_has_no_room_for_a_new_cache,
		NULL,
	};
	const support_suite suite = {.name = "cache",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_cache,
		.teardown = remove_cache};

	return support_run_suite(&suite);
}
