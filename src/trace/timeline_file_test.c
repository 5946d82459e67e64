/* SPDX-License-Identifier: MIT */
#include "trace/timeline_file.h"

#include "people.h"
#include "support.h"
#include "trace/timeline_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where a forked process sees it too, with two tapes. */
static struct shared {
	mproci_timeline_file file;
	_Alignas(64) char tapes[2][MPROCI_TAPE_SIZE];
} * shared;

static mproci_tape *tape_of(int number)
{
	return (mproci_tape *)(void *)shared->tapes[number];
}

static void begin_tapes(void)
{
	tree_create();
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	mproci_tape_begin(tape_of(0), 1, 1, "first");
	mproci_tape_begin(tape_of(1), 2, 2, "second");
}

static void end_tapes(void)
{
	munmap(shared, sizeof *shared);
	tree_remove();
}

static int begin(const char *name)
{
	return mproci_timeline_file_begin(&shared->file, in_tree(name));
}

static int begin_file(void *unused)
{
	(void)unused;
	return begin("/t.json");
}

static const char *front_of(pid_t pid)
{
	static char front[64];

	snprintf(front, sizeof front, "[\n{\"name\":\"process_labels\",\"ph\":\"M\",\"pid\":%d,", (int)pid);
	return front;
}

static bool begins_with(const char *text, const char *front)
{
	return strncmp(text, front, strlen(front)) == 0;
}

START_TEST(file_says_first_who_began_it)
{
	ck_assert_int_eq(begin("/t.json"), 0);
	ck_assert(begins_with(contents_of("/t.json"), front_of(getpid())));
}
END_TEST

START_TEST(tape_is_written_and_cleared)
{
	ck_assert_int_eq(begin("/t.json"), 0);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(0)), 0);
	ck_assert_uint_eq(mproci_tape_size(tape_of(0)), 0);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(0)), 0);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(1)), 0);
	ck_assert_uint_eq(count_in(contents_of("/t.json"), "\"first\""), 2);
	ck_assert_uint_eq(count_in(contents_of("/t.json"), "\"second\""), 2);
	ck_assert_uint_eq(strlen(contents_of("/t.json")), atomic_load(&shared->file.end));
}
END_TEST

START_TEST(time_line_of_the_dead_is_replaced)
{
	ck_assert_int_eq(support_reap(support_fork(begin_file, NULL)), 0);
	ck_assert_int_eq(begin("/t.json"), 0);
	ck_assert(begins_with(contents_of("/t.json"), front_of(getpid())));
	ck_assert_uint_eq(count_in(contents_of("/t.json"), "process_labels"), 1);
}
END_TEST

START_TEST(empty_file_is_taken)
{
	make_empty("/t.json");
	ck_assert_int_eq(begin("/t.json"), 0);
}
END_TEST

START_TEST(own_file_of_before_an_exec_is_replaced)
{
	ck_assert_int_eq(begin("/t.json"), 0);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(0)), 0);
	ck_assert_int_eq(begin("/t.json"), 0);
	ck_assert_uint_eq(count_in(contents_of("/t.json"), "\"first\""), 0);
}
END_TEST

/* This process begins that file, and gets the one of which the name is @front, its id, and @back. */
static void begin_beside(const char *name, const char *front, const char *back)
{
	char expected[64];

	snprintf(expected, sizeof expected, "%s-%d%s", front, (int)getpid(), back);
	ck_assert_int_eq(begin(name), 0);
	ck_assert_str_eq(shared->file.path, in_tree(expected));
	ck_assert(begins_with(contents_of(expected), front_of(getpid())));
}

static int begin_both_beside(void *unused)
{
	(void)unused;
	begin_beside("/t.json", "/t", ".json");
	begin_beside("/trace", "/trace", "");
	return 0;
}

START_TEST(time_line_of_the_living_stays_and_the_other_has_an_id_in_its_name)
{
	ck_assert_int_eq(begin("/t.json"), 0);
	ck_assert_int_eq(begin("/trace"), 0);
	ck_assert_int_eq(support_reap(support_fork(begin_both_beside, NULL)), 0);
	ck_assert(begins_with(contents_of("/t.json"), front_of(getpid())));
	ck_assert(begins_with(contents_of("/trace"), front_of(getpid())));
}
END_TEST

START_TEST(locked_file_is_another_ones)
{
	int other = open(strdupa(in_tree("/t.json")), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(flock(other, LOCK_EX), 0);
	begin_beside("/t.json", "/t", ".json");
	close(other);
}
END_TEST

START_TEST(file_that_is_no_time_line_is_left_alone)
{
	tree_write("/t.json", "[1, 2, 3]");
	ck_assert_int_eq(begin("/t.json"), -EEXIST);
	support_check_text("/t.json\" exists and is no time line of mproc");
	ck_assert_str_eq(contents_of("/t.json"), "[1, 2, 3]");
}
END_TEST

START_TEST(path_that_cannot_be_used_is_told_of)
{
	static char path[PATH_MAX + 10];

	ck_assert_int_eq(begin("/no/t.json"), -ENOENT);
	support_check_text("No such file or directory");
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	ck_assert_int_eq(mproci_timeline_file_begin(&shared->file, path), -ENAMETOOLONG);
	support_check_text("path of 4105 bytes");
}
END_TEST

START_TEST(relative_path_is_meant_from_the_directory_of_then)
{
	char before[PATH_MAX];

	ck_assert_ptr_nonnull(getcwd(before, sizeof before));
	ck_assert_int_eq(chdir(tree()), 0);
	ck_assert_int_eq(mproci_timeline_file_begin(&shared->file, "t.json"), 0);
	ck_assert_int_eq(chdir(before), 0);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(0)), 0);
	ck_assert_uint_eq(count_in(contents_of("/t.json"), "\"first\""), 2);
}
END_TEST

START_TEST(what_cannot_be_written_stays)
{
	ck_assert_int_eq(begin("/t.json"), 0);
	ck_assert_int_eq(unlink(in_tree("/t.json")), 0);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(0)), -ENOENT);
	ck_assert_uint_gt(mproci_tape_size(tape_of(0)), 0);
}
END_TEST

START_TEST(file_has_at_most_a_gibibyte)
{
	ck_assert_int_eq(begin("/t.json"), 0);
	atomic_store(&shared->file.end, 1 << 30);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(0)), -EFBIG);
	support_check_text("it has 1073741824 bytes: 1073741824 are possible");
}
END_TEST

/* Somebody was killed when the file was as it is now. */
static void be_killed_with(uint64_t next_end)
{
	shared->file.next_end = next_end;
	atomic_store(&shared->file.writing, tape_of(0));
}

START_TEST(what_a_killed_writer_did_not_finish_is_cut_off_and_written_again)
{
	uint64_t end;
	FILE *torn;

	ck_assert_int_eq(begin("/t.json"), 0);
	end = atomic_load(&shared->file.end);
	torn = fopen(in_tree("/t.json"), "ae");
	ck_assert_int_gt(fprintf(torn, "%1000d", 1), 0);
	fclose(torn);
	be_killed_with(end + mproci_tape_size(tape_of(0)));
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(1)), 0);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(0)), 0);
	ck_assert_uint_eq(count_in(contents_of("/t.json"), "\"first\""), 2);
	ck_assert_uint_eq(count_in(contents_of("/t.json"), "\"second\""), 2);
	ck_assert_uint_eq(count_in(contents_of("/t.json"), "  "), 0);
}
END_TEST

START_TEST(what_a_killed_writer_finished_is_not_written_again)
{
	size_t size = mproci_tape_size(tape_of(0));

	ck_assert_int_eq(begin("/t.json"), 0);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(0)), 0);
	mproci_tape_begin(tape_of(0), 1, 1, "first");
	ck_assert_uint_eq(mproci_tape_size(tape_of(0)), size);
	be_killed_with(atomic_load(&shared->file.end));
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(1)), 0);
	ck_assert_int_eq(mproci_timeline_file_write(&shared->file, tape_of(0)), 0);
	ck_assert_uint_eq(count_in(contents_of("/t.json"), "\"first\""), 2);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		file_says_first_who_began_it,
		tape_is_written_and_cleared,
		empty_file_is_taken,
		own_file_of_before_an_exec_is_replaced,
		locked_file_is_another_ones,
		file_that_is_no_time_line_is_left_alone,
		path_that_cannot_be_used_is_told_of,
		relative_path_is_meant_from_the_directory_of_then,
		what_cannot_be_written_stays,
		file_has_at_most_a_gibibyte,
		what_a_killed_writer_did_not_finish_is_cut_off_and_written_again,
		what_a_killed_writer_finished_is_not_written_again,
		NULL,
	};
	const TTest *process_tests[] = {
		time_line_of_the_dead_is_replaced,
		time_line_of_the_living_stays_and_the_other_has_an_id_in_its_name,
		NULL,
	};
	const support_suite suite = {
		.name = "time line's file",
		.tests = tests,
		.process_tests = process_tests,
		.setup = begin_tapes,
		.teardown = end_tapes,
	};

	return support_run_suite(&suite);
}
