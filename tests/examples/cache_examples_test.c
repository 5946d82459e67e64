/* SPDX-License-Identifier: MIT */
/*
 * cached_primes computes each range once, whatever happens in between; cache_stats tells what there is.
 */
#include "folder.h"
#include "refusal.h"

#include <ftw.h>
#include <mproc.h>
#include <sched.h>
#include <sys/prctl.h>

/* What a run of cached_primes printed. */
typedef struct counted {
	unsigned long primes, computed, found;
} counted;

static unsigned long number_in_line(const char *text, const char *word)
{
	return strtoul(find_line(text, word) + strlen(word), NULL, 10);
}

static counted count_primes(const char *options)
{
	char command[256];
	struct program run;
	counted all;

	snprintf(command, sizeof command, "examples/cached_primes %s %s", options, path_of("cache", ""));
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	all.primes = number_in_line(run.output, "primes");
	all.computed = number_in_line(run.output, "computed");
	all.found = number_in_line(run.output, "found");
	find_line(run.output, "seconds");
	forget_program(&run);
	return all;
}

static void expect_counted(const char *options, counted expected)
{
	counted all = count_primes(options);

	ck_assert_uint_eq(all.primes, expected.primes);
	ck_assert_uint_eq(all.computed, expected.computed);
	ck_assert_uint_eq(all.found, expected.found);
}

/* Returns what cache_stats printed. */
static struct program look(const char *options)
{
	char command[256];
	struct program run;

	snprintf(command, sizeof command, "examples/cache_stats %s %s", options, path_of("cache", ""));
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	return run;
}

static void expect_told(const struct program *run, const char *words)
{
	ck_assert_msg(strstr(run->output, words) != NULL, "no \"%s\" in: %s", words, run->output);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static void remove_cache(void)
{
	ck_assert_int_eq(nftw(path_of("cache", ""), remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

START_TEST(a_second_run_computes_nothing)
{
	expect_counted("--below 1000000", (counted){78498, 10, 0});
	expect_counted("--below 1000000", (counted){78498, 0, 10});
	remove_cache();
}
END_TEST

START_TEST(a_run_for_more_computes_what_is_new)
{
	expect_counted("--below 1000000", (counted){78498, 10, 0});
	expect_counted("--below 1500000 --workers 3", (counted){114155, 5, 10});
	/* The range from 100000 to 150001 is none of the others. */
	expect_counted("--below 150001", (counted){13848, 1, 1});
	remove_cache();
}
END_TEST

START_TEST(calls_and_maps_find_what_the_others_have_stored)
{
	expect_counted("--with call --below 500000", (counted){41538, 5, 0});
	expect_counted("--with pool --below 1000000", (counted){78498, 5, 5});
	expect_counted("--with call --below 1100000", (counted){85714, 1, 10});
	remove_cache();
}
END_TEST

START_TEST(two_runs_at_the_same_time_come_to_the_same)
{
	char command[256];
	struct program runs[2];
	unsigned long computed = 0, found = 0;

	snprintf(command, sizeof command, "examples/cached_primes --below 3000000 %s", path_of("cache", ""));
	for (int i = 0; i < 2; ++i)
		runs[i] = start_program(command);
	for (int i = 0; i < 2; ++i) {
		finish_program(&runs[i]);
		ck_assert_msg(runs[i].status == 0, "exit code %d: %.999s", runs[i].status, runs[i].error);
		ck_assert_uint_eq(number_in_line(runs[i].output, "primes"), 216816);
		computed += number_in_line(runs[i].output, "computed");
		found += number_in_line(runs[i].output, "found");
		forget_program(&runs[i]);
	}
	ck_assert_uint_eq(computed, 30);
	ck_assert_uint_eq(found, 30);
	remove_cache();
}
END_TEST

static void wait_until_stored(uint64_t results)
{
	mproc_cache_usage usage = {0};
	mproc_cache *cache;

	ck_assert_int_eq(mproc_cache_open(path_of("cache", ""), NULL, &cache), 0);
	while (usage.puts < results) {
		ck_assert_int_eq(mproc_cache_stats(cache, &usage), 0);
		sched_yield();
	}
	mproc_cache_close(cache);
}

/* Its workers end soon after it; they are this process's children then. */
static void kill_run(struct program *run)
{
	ck_assert_int_eq(kill(run->pid, SIGKILL), 0);
	finish_program(run);
	ck_assert_int_eq(run->status, -SIGKILL);
	forget_program(run);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	ck_assert_int_eq(errno, ECHILD);
}

START_TEST(a_run_that_was_killed_is_continued)
{
	char command[256];
	struct program run;
	counted rest;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	snprintf(command, sizeof command, "examples/cached_primes --below 1000000000 --workers 1 %s",
		path_of("cache", ""));
	run = start_program(command);
	wait_until_stored(5);
	kill_run(&run);
	rest = count_primes("--below 1000000");
	ck_assert_uint_eq(rest.primes, 78498);
	ck_assert_uint_ge(rest.found, 5);
	ck_assert_uint_eq(rest.computed + rest.found, 10);
	remove_cache();
}
END_TEST

START_TEST(what_is_in_a_cache_is_told)
{
	struct program run;

	expect_counted("--below 1000000", (counted){78498, 10, 0});
	expect_counted("--below 1000000", (counted){78498, 0, 10});
	run = look("");
	expect_told(&run, "results  10, 40960 bytes on the disk\n");
	expect_told(&run, "found    10 of 20 times, 50.0 %\n");
	expect_told(&run, "stored   10, failed 0\n");
	expect_told(&run, "removed  0 for a bound, 0 damaged\n");
	ck_assert(strtod(find_line(run.output, "saved") + 5, NULL) > 0);
	/* Ten numbers of eight bytes. */
	expect_told(&run, "\n       10            80 ");
	expect_told(&run, "        1  count_primes\n");
	forget_program(&run);
	remove_cache();
}
END_TEST

static void put(mproc_cache *cache, const char *function, uint64_t version, uint64_t argument, size_t size)
{
	const mproc_cache_key key = {function, version, &argument, sizeof argument};
	static const char bytes[10000];

	ck_assert_int_eq(mproc_cache_put(cache, &key, bytes, size), 0);
}

START_TEST(each_version_of_a_function_has_a_line)
{
	mproc_cache *cache;
	struct program run;
	const char *lines;

	ck_assert_int_eq(mproc_cache_open(path_of("cache", ""), NULL, &cache), 0);
	put(cache, "square", 2, 1, 10000);
	put(cache, "square", 10, 1, 1);
	put(cache, "square", 2, 2, 5000);
	put(cache, "cube", 3, 1, 7);
	put(cache, "\033[2J", 1, 1, 0);
	mproc_cache_close(cache);
	run = look("");
	expect_told(&run, "results  5, 32768 bytes on the disk\n");
	expect_told(&run, "found    0 of 0 times, 0.0 %\n");
	lines = strstr(run.output, "\n\n");
	ck_assert_ptr_nonnull(lines);
	ck_assert_ptr_nonnull(strstr(lines, "        1  ?[2J\n        1             7 "));
	ck_assert_ptr_nonnull(strstr(lines, "        3  cube\n        2         15000 "));
	ck_assert_ptr_nonnull(strstr(lines, "        2  square\n        1             1 "));
	ck_assert_ptr_nonnull(strstr(lines, "       10  square\n"));
	forget_program(&run);
	remove_cache();
}
END_TEST

START_TEST(a_cache_is_cleared)
{
	struct program run;

	expect_counted("--below 300000", (counted){25997, 3, 0});
	run = look("--clear");
	ck_assert_str_eq(run.output, "");
	forget_program(&run);
	run = look("");
	expect_told(&run, "results  0, 0 bytes on the disk\n");
	ck_assert_ptr_null(strstr(run.output, "count_primes"));
	forget_program(&run);
	expect_counted("--below 300000", (counted){25997, 3, 0});
	remove_cache();
}
END_TEST

START_TEST(to_look_makes_no_cache)
{
	char command[256];

	snprintf(command, sizeof command, "examples/cache_stats %s", path_of("cache", ""));
	expect_complaint(command, 1, "/cache/CACHEDIR.TAG: No such file or directory: this is no cache\n");
	make_folder("cache");
	expect_complaint(command, 1, "/cache/CACHEDIR.TAG: No such file or directory: this is no cache\n");
	ck_assert_int_eq(remove_folder("cache"), 0);
}
END_TEST

START_TEST(a_directory_with_other_things_is_no_cache)
{
	char command[256];

	make_folder("cache");
	put_text("cache", "letter", "dear reader");
	snprintf(command, sizeof command, "examples/cached_primes %s", path_of("cache", ""));
	expect_complaint(command, 1, path_of("cache", ""));
	ck_assert_int_eq(remove_folder("cache"), 1);
}
END_TEST

START_TEST(mistakes_on_the_command_line_are_refused)
{
	expect_refusal("examples/cached_primes --below 0",
		"--below 0: must be a whole number from 1 to 1000000000\n");
	expect_refusal("examples/cached_primes --workers 1025",
		"--workers 1025: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/cached_primes --with luck", "--with luck: must be pool or call\n");
	expect_refusal("examples/cached_primes a b", "b: one directory is enough\n");
	expect_help("examples/cached_primes --help",
		(const char *[]){"usage: cached_primes [OPTION]... [DIRECTORY]\n", "--below", "--with",
			"--workers", NULL});
	expect_refusal("examples/cache_stats", "which directory?");
	expect_refusal("examples/cache_stats a b", "b: one directory at a time\n");
	expect_help("examples/cache_stats --help",
		(const char *[]){"usage: cache_stats [OPTION]... DIRECTORY\n", "--clear", NULL});
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		a_second_run_computes_nothing,
		a_run_for_more_computes_what_is_new,
		calls_and_maps_find_what_the_others_have_stored,
		two_runs_at_the_same_time_come_to_the_same,
		a_run_that_was_killed_is_continued,
		what_is_in_a_cache_is_told,
		each_version_of_a_function_has_a_line,
		a_cache_is_cleared,
		to_look_makes_no_cache,
		a_directory_with_other_things_is_no_cache,
		mistakes_on_the_command_line_are_refused,
		NULL,
	};
	const TTest *tests[] = {NULL};
	const support_suite suite = {
		.name = "cache_examples",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_scratch,
		.teardown = remove_scratch,
	};

	return support_run_suite(&suite);
}
