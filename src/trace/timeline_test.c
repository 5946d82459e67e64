/* SPDX-License-Identifier: MIT */
#include "trace/timeline.h"

#include "family/member.h"
#include "people.h"
#include "support.h"
#include "sys/clock.h"
#include "trace/timeline_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/arena.h>
#include <mproc/log.h>
#include <mproc/process.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	THREADS = 4,
	EVENTS = 5000,
	VICTIMS = 30,
};

static void begin(void)
{
	tree_create();
	setenv("MPROC_TRACE", in_tree("/t.json"), 1);
}

static void end(void)
{
	tree_remove();
}

static void open_timeline(void)
{
	ck_assert_ptr_nonnull(mproci_timeline_open());
	ck_assert(mproci_timeline_is_on());
}

static void record(const char *name, uint64_t item)
{
	int64_t now = mproci_clock_now();

	/* Long enough for a line of its own. */
	mproci_timeline_event(name, now - 20000, now, item, 1, "value");
}

static unsigned count(const char *what)
{
	return count_in(contents_of("/t.json"), what);
}

START_TEST(timeline_is_off_unless_asked_for)
{
	unsetenv("MPROC_TRACE");
	ck_assert_ptr_null(mproci_timeline_open());
	ck_assert(!mproci_timeline_is_on());
	record("check", 1);
	mproci_timeline_name_thread("thread");
	mproci_timeline_death(1, "check", 0, 1, "signal 9");
	mproci_timeline_flush();
	mproci_timeline_collect();
	ck_assert_int_eq(access(in_tree("/t.json"), F_OK), -1);
}
END_TEST

START_TEST(timeline_is_off_when_it_has_no_name)
{
	setenv("MPROC_TRACE", "", 1);
	ck_assert_ptr_null(mproci_timeline_open());
}
END_TEST

START_TEST(first_call_decides)
{
	unsetenv("MPROC_TRACE");
	ck_assert_ptr_null(mproci_timeline_open());
	setenv("MPROC_TRACE", in_tree("/t.json"), 1);
	ck_assert_ptr_null(mproci_timeline_open());
}
END_TEST

START_TEST(event_is_in_the_file_when_it_was_flushed)
{
	open_timeline();
	record("check", 7);
	ck_assert_uint_eq(count("\"check\""), 0);
	mproci_timeline_flush();
	ck_assert_uint_eq(count("{\"name\":\"check\",\"ph\":\"X\","), 1);
	ck_assert_uint_eq(count("\"name\":\"MainProcess\""), 2);
	mproci_timeline_flush();
	ck_assert_uint_eq(count("\"check\""), 1);
}
END_TEST

START_TEST(run_is_in_the_file_when_it_was_flushed)
{
	int64_t now = mproci_clock_now();

	open_timeline();
	mproci_timeline_event("check", now, now + 1, 7, 1, "value");
	mproci_timeline_flush();
	ck_assert_uint_eq(count("\"check\""), 1);
}
END_TEST

START_TEST(full_tape_is_written)
{
	open_timeline();
	for (uint64_t i = 0; i < EVENTS; ++i)
		record("check", i);
	ck_assert_uint_gt(count("\"check\""), EVENTS / 2);
	mproci_timeline_flush();
	ck_assert_uint_eq(count("\"check\""), EVENTS);
}
END_TEST

START_TEST(tape_that_was_not_written_for_a_second_is_written)
{
	int64_t now = mproci_clock_now();

	open_timeline();
	mproci_timeline_event("check", now, now + 900000000, 7, 1, "value");
	ck_assert_uint_eq(count("\"check\""), 0);
	mproci_timeline_event("check", now, now + 2000000000, 8, 1, "value");
	ck_assert_uint_eq(count("\"check\""), 2);
}
END_TEST

START_TEST(thread_has_the_name_it_was_given)
{
	open_timeline();
	mproci_timeline_name_thread("pool-1");
	mproci_timeline_flush();
	ck_assert_uint_eq(count("{\"name\":\"thread_name\",\"ph\":\"M\","), 2);
	ck_assert_uint_eq(count("\"args\":{\"name\":\"pool-1\"}},\n"), 1);
}
END_TEST

START_TEST(names_do_not_fail_on_a_full_tape)
{
	open_timeline();
	for (uint64_t i = 0; i < EVENTS; ++i) {
		mproci_timeline_name_thread("pool-1");
		mproci_timeline_death(getpid(), "check", 0, i, "signal 9");
	}
	mproci_timeline_flush();
	ck_assert_uint_eq(count("\"pool-1\""), EVENTS);
	ck_assert_uint_eq(count("\"ph\":\"i\""), EVENTS);
}
END_TEST

static int record_many(void *unused)
{
	(void)unused;
	for (uint64_t i = 0; i < EVENTS; ++i)
		record("check", i);
	return 0;
}

START_TEST(what_ended_threads_have_recorded_is_collected)
{
	support_thread threads[THREADS];

	open_timeline();
	for (int i = 0; i < THREADS; ++i)
		support_begin(&threads[i], record_many, NULL);
	for (int i = 0; i < THREADS; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	mproci_timeline_collect();
	ck_assert_uint_eq(count("\"check\""), THREADS * EVENTS);
	ck_assert_uint_eq(count("\"thread_name\""), THREADS);
}
END_TEST

static int record_one(void *unused)
{
	(void)unused;
	record("check", 1);
	return 0;
}

START_TEST(more_threads_than_can_record_at_once_may_come_one_after_the_other)
{
	open_timeline();
	for (int i = 0; i < 2100; ++i)
		ck_assert_int_eq(support_in_thread(record_one, NULL).result, 0);
	mproci_timeline_collect();
	ck_assert_uint_eq(count("\"check\""), 2100);
}
END_TEST

static const char *logged(int descriptor)
{
	static char text[4096];
	ssize_t size = read(descriptor, text, sizeof text - 1);

	text[size < 0 ? 0 : size] = '\0';
	return text;
}

START_TEST(file_that_cannot_be_made_is_told_of_in_the_log)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(mproc_log_to(ends[1], MPROC_LOG_WARNING), 0);
	setenv("MPROC_TRACE", in_tree("/no/t.json"), 1);
	ck_assert_ptr_null(mproci_timeline_open());
	ck_assert_ptr_nonnull(strstr(logged(ends[0]), "MPROC_TRACE: file \""));
	ck_assert_ptr_null(mproci_timeline_open());
	ck_assert_str_eq(logged(ends[0]), "");
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(file_that_cannot_be_written_is_told_of_once)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(mproc_log_to(ends[1], MPROC_LOG_WARNING), 0);
	open_timeline();
	ck_assert_int_eq(unlink(in_tree("/t.json")), 0);
	record("check", 1);
	mproci_timeline_flush();
	ck_assert_ptr_nonnull(strstr(logged(ends[0]), "time line: file \""));
	record("check", 1);
	mproci_timeline_flush();
	ck_assert_str_eq(logged(ends[0]), "");
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(what_could_not_be_written_is_written_later)
{
	char *path = strdupa(in_tree("/t.json"));

	open_timeline();
	ck_assert_int_eq(rename(path, in_tree("/moved")), 0);
	record("check", 1);
	mproci_timeline_flush();
	ck_assert_int_eq(rename(strdupa(in_tree("/moved")), path), 0);
	mproci_timeline_flush();
	ck_assert_uint_eq(count("\"check\""), 1);
}
END_TEST

START_TEST(full_tape_that_cannot_be_written_is_lost)
{
	char *path = strdupa(in_tree("/t.json"));

	open_timeline();
	ck_assert_int_eq(rename(path, in_tree("/moved")), 0);
	for (uint64_t i = 0; i < EVENTS; ++i)
		record("check", i);
	ck_assert_int_eq(rename(strdupa(in_tree("/moved")), path), 0);
	mproci_timeline_flush();
	ck_assert_uint_gt(count("\"check\""), 0);
	ck_assert_uint_lt(count("\"check\""), EVENTS);
}
END_TEST

START_TEST(no_memory_for_a_tape_is_told_of)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(mproc_log_to(ends[1], MPROC_LOG_WARNING), 0);
	open_timeline();
	refuse_call(SYS_madvise, ENOMEM);
	record("check", 1);
	record("check", 2);
	ck_assert_ptr_nonnull(strstr(logged(ends[0]), "time line: "));
	mproci_timeline_flush();
	ck_assert_uint_eq(count("\"check\""), 0);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static int record_and_exit(void *unused)
{
	(void)unused;
	mproci_timeline_open();
	record("check", 1);
	exit(0);
}

START_TEST(what_was_recorded_is_written_at_exit)
{
	ck_assert_int_eq(support_reap(support_fork(record_and_exit, NULL)), 0);
	ck_assert_uint_eq(count("\"check\""), 1);
}
END_TEST

static int record_as_child(void *unused)
{
	record("check", 1);
	return record_many(unused);
}

static int run(support_deed *deed, void *argument)
{
	const mproc_process_options options = {.name = "reader", .start = MPROC_START_FORK};
	mproc_process *process = NULL;
	int rc = mproc_process_start(&options, deed, argument, 0, &process);

	if (rc == 0)
		rc = mproc_process_join(process, MPROC_FOREVER);
	mproc_process_close(process);
	return rc;
}

START_TEST(child_records_on_a_track_of_its_own)
{
	open_timeline();
	record("check", 0);
	ck_assert_int_eq(run(record_as_child, NULL), 0);
	mproci_timeline_collect();
	mproci_timeline_flush();
	ck_assert_uint_eq(count("\"check\""), EVENTS + 2);
	ck_assert_uint_eq(count("\"process_name\""), 2);
	ck_assert_uint_eq(count("\"args\":{\"name\":\"reader\"}"), 2);
}
END_TEST

static int enter_and_record(void *timeline)
{
	mproci_timeline_enter(timeline);
	return record_one(NULL);
}

START_TEST(member_that_was_there_before_enters)
{
	mproci_timeline *timeline;

	open_timeline();
	timeline = atomic_load(&mproci_timeline_here);
	mproci_timeline_enter(NULL);
	ck_assert_int_eq(run(enter_and_record, timeline), 0);
	mproci_timeline_enter(timeline);
	mproci_timeline_collect();
	ck_assert_uint_eq(count("\"check\""), 1);
}
END_TEST

struct counter {
	_Atomic uint64_t count;
};

/* Until it is killed; says how many events are recorded. */
static int record_until_killed(void *counter)
{
	struct counter *recorded = counter;

	for (uint64_t item = 0; item < EVENTS; ++item) {
		record("check", item);
		atomic_store(&recorded->count, item + 1);
	}
	pause();
	return 0;
}

/* What is said of the items of one process: each once, in a row, and (but for the last) all that were recorded. */
static void check_items(const char *text, const char *end, pid_t pid, uint64_t recorded)
{
	char mark[64];
	uint64_t next = 0;

	snprintf(mark, sizeof mark, ",\"pid\":%d,\"tid\":%d,\"args\":{\"item\":", (int)pid, (int)pid);
	for (const char *at = text; (at = find_in(at, end, mark)) != NULL; ++next) {
		uint64_t item = 0;

		for (at += strlen(mark); *at >= '0' && *at <= '9'; ++at)
			item = item * 10 + (uint64_t)(*at - '0');
		ck_assert_uint_eq(item, next);
	}
	ck_assert_msg(
		next == recorded || next == recorded + 1, "%lu in the file, %lu recorded", next, recorded);
}

/* Behind the bracket each line is an object and a comma. */
static void check_lines(const char *text, const char *end)
{
	const char *line = find_in(text, end, "\n") + 1, *next;

	ck_assert_int_eq(end[-1], '\n');
	for (; line < end; line = next) {
		next = find_in(line, end, "\n") + 1;
		ck_assert_int_eq(memcmp(line, "{\"name\":\"", 9), 0);
		ck_assert_int_eq(memcmp(next - 4, "}},\n", 4), 0);
	}
}

/* What Python thinks of the file, with the bracket that it lacks. */
static bool is_json(void)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof command,
		"python3 -c 'import json, sys; json.loads(open(sys.argv[1]).read() + \"{}]\")' %s",
		in_tree("/t.json"));
	return WEXITSTATUS(system(command)) == 0;
}

START_TEST(killed_processes_lose_nothing)
{
	struct counter *recorded = mproc_calloc(VICTIMS, sizeof *recorded);
	mproc_process *victims[2];
	pid_t pids[VICTIMS];
	const char *text, *end_of_text;

	open_timeline();
	for (int i = 0; i < VICTIMS; i += 2) {
		for (int k = 0; k < 2; ++k) {
			victims[k] = support_start(record_until_killed, &recorded[i + k]);
			pids[i + k] = mproc_process_pid(victims[k]);
		}
		record("main", 0);
		while (atomic_load(&recorded[i].count) < (uint64_t)(1 + i * 97))
			sched_yield();
		for (int k = 0; k < 2; ++k)
			support_kill_and_join(victims[k]);
		mproci_timeline_collect();
	}
	mproci_timeline_flush();
	text = contents_of("/t.json");
	end_of_text = text + strlen(text);
	check_lines(text, end_of_text);
	for (int i = 0; i < VICTIMS; ++i)
		check_items(text, end_of_text, pids[i], recorded[i].count);
	ck_assert(is_json());
}
END_TEST

static void stop(int signal)
{
	(void)signal;
	raise(SIGSTOP);
}

/* From here on this process stops where it would write to a file. */
static void stop_at_write(void)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};

	signal(SIGSYS, stop);
	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0), 0);
}

static int record_and_stop(void *unused)
{
	record_one(unused);
	stop_at_write();
	mproci_timeline_flush();
	return 0;
}

START_TEST(stopped_writer_stops_nobody_and_loses_nothing_when_killed)
{
	mproc_process *writer;
	int status;

	open_timeline();
	writer = support_start(record_and_stop, NULL);
	ck_assert_int_eq(waitpid(mproc_process_pid(writer), &status, WUNTRACED), mproc_process_pid(writer));
	ck_assert(WIFSTOPPED(status));
	record("own", 1);
	for (int i = 0; i < 100; ++i)
		mproci_timeline_flush();
	mproci_timeline_collect();
	ck_assert_uint_eq(count("\"own\"") + count("\"check\""), 0);
	support_kill_and_join(writer);
	mproci_timeline_flush();
	mproci_timeline_collect();
	ck_assert_uint_eq(count("\"own\""), 1);
	ck_assert_uint_eq(count("\"check\""), 1);
}
END_TEST

START_TEST(plain_child_records_when_it_is_a_member)
{
	open_timeline();
	ck_assert_int_eq(support_reap(support_fork(record_and_exit, NULL)), 0);
	ck_assert_uint_eq(count("\"check\""), 1);
}
END_TEST

START_TEST(whole_file_is_json)
{
	open_timeline();
	mproci_timeline_name_thread("a \"thread\" \\ \x01 \xff é");
	record("check\n", 1);
	mproci_timeline_death(1, "check", 0, 1, "signal 9");
	mproci_timeline_flush();
	ck_assert(is_json());
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		timeline_is_off_unless_asked_for,
		timeline_is_off_when_it_has_no_name,
		first_call_decides,
		event_is_in_the_file_when_it_was_flushed,
		run_is_in_the_file_when_it_was_flushed,
		full_tape_is_written,
		tape_that_was_not_written_for_a_second_is_written,
		thread_has_the_name_it_was_given,
		names_do_not_fail_on_a_full_tape,
		what_ended_threads_have_recorded_is_collected,
		more_threads_than_can_record_at_once_may_come_one_after_the_other,
		file_that_cannot_be_made_is_told_of_in_the_log,
		file_that_cannot_be_written_is_told_of_once,
		what_could_not_be_written_is_written_later,
		full_tape_that_cannot_be_written_is_lost,
		no_memory_for_a_tape_is_told_of,
		NULL,
	};
	const TTest *process_tests[] = {
		what_was_recorded_is_written_at_exit,
		child_records_on_a_track_of_its_own,
		member_that_was_there_before_enters,
		killed_processes_lose_nothing,
		stopped_writer_stops_nobody_and_loses_nothing_when_killed,
		plain_child_records_when_it_is_a_member,
		whole_file_is_json,
		NULL,
	};
	const support_suite suite = {
		.name = "time line",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = begin,
		.teardown = end,
	};

	return support_run_suite(&suite);
}
