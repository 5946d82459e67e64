/* SPDX-License-Identifier: MIT */
/*
 * Mistakes about what happens in which order, 13.
 */
#include "../command.h"
#include "mistakes.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PROCESSES = 8,
	ADDITIONS = 5000,
	WORDS = 4,
	ROUNDS = 25,
};

/* 13a, 13b: processes add to a value, and look at what they have made of it. */

typedef struct counter {
	mproc_event start;
	mproc_mutex lock; /* of .count */
	long count;
	/* How often a process read something else than what it had written. */
	atomic_long strange;
	bool is_read_inside;
} counter;

/* Print it, to nowhere: what is printed first takes a moment.  Returns what was printed. */
static long print_count(const volatile long *count)
{
	static FILE *nowhere;
	long printed;

	if (!nowhere)
		nowhere = fopen("/dev/null", "we");
	if (nowhere) {
		fputs("Counter: ", nowhere);
		fflush(nowhere);
	}
	printed = *count;
	if (nowhere)
		fprintf(nowhere, "%ld\n", printed);
	return printed;
}

/* Returns 0, or -1 after telling what failed. */
static int add_and_read(counter *self)
{
	long written, read = 0;

	if (mproc_mutex_lock(&self->lock, MPROC_FOREVER) < 0)
		return fail();
	written = ++self->count;
	if (self->is_read_inside)
		read = print_count(&self->count);
	if (mproc_mutex_unlock(&self->lock) < 0)
		return fail();
	if (!self->is_read_inside)
		read = print_count(&self->count);
	self->strange += read != written;
	return 0;
}

static int add_often(void *argument)
{
	counter *self = argument;
	int rc = mproc_event_wait(&self->start, MPROC_FOREVER) < 0 ? fail() : 0;

	for (int i = 0; i < ADDITIONS && rc == 0; ++i)
		rc = add_and_read(self);
	return rc;
}

/* Returns 0, or -1 after telling what failed. */
static int count_together(counter *self)
{
	mproc_process *processes[PROCESSES];
	int started = 0, failed = 0;

	while (started < PROCESSES && !failed) {
		if (mproc_process_start(NULL, add_often, self, 0, &processes[started]) < 0)
			failed = fail();
		else
			++started;
	}
	if (mproc_event_set(&self->start) < 0)
		failed = fail();
	while (started > 0)
		failed |= join_process(processes[--started]);
	if (!failed && self->count != (long)PROCESSES * ADDITIONS)
		failed = complain("counted %ld instead of %ld", self->count, (long)PROCESSES * ADDITIONS);
	return failed;
}

static int count_strange(bool is_read_inside, double *ret_strange)
{
	counter *self = mproc_calloc(1, sizeof *self);
	int rc;

	if (!self || mproc_event_init(&self->start) < 0 || mproc_mutex_init(&self->lock, NULL) < 0) {
		mproc_free(self);
		return fail();
	}
	self->is_read_inside = is_read_inside;
	rc = count_together(self);
	*ret_strange = (double)self->strange;
	mproc_mutex_destroy(&self->lock);
	mproc_event_destroy(&self->start);
	mproc_free(self);
	return rc;
}

static int read_outside_the_lock(double *ret_strange)
{
	return count_strange(false, ret_strange);
}

/* It checks the sum as well, which the document does not. */
static int read_inside_the_lock(double *ret_strange)
{
	return count_strange(true, ret_strange);
}

/* 13b: a parent that does not join.  Its child reports through a pipe, whose end is read when both have gone. */

/* What the child does, when its parent has had time to end. */
static void report_later(int report)
{
	sleep_for(0.02);
	if (write(report, "child", 5) < 0)
		complain("cannot write: %s", strerror(errno));
}

static int report_from_process(void *report)
{
	report_later(*(const int *)report);
	return 0;
}

/* As C does it: who ends does not wait for anybody. */
static void end_by_hand(int report)
{
	pid_t child = fork();

	if (child == 0)
		report_later(report);
	else if (write(report, "parent ", 7) < 0)
		complain("cannot write: %s", strerror(errno));
	_exit(child < 0);
}

/* As Python and mproc do it: at its end a process joins its children. */
static int end_by_return(void *argument)
{
	int report = *(const int *)argument;
	mproc_process *child;

	return mproc_process_start(NULL, report_from_process, &report, sizeof report, &child) < 0 ? fail()
												  : 0;
}

/* When the process has ended: has the child reported, after which its parent ended?  1 or 0; -1 on failure. */
static int has_child_reported(int reports)
{
	char text[16] = "";

	if (read(reports, text, sizeof text - 1) < 0)
		return complain("cannot read: %s", strerror(errno));
	return strstr(text, "child") != NULL;
}

static int do_not_wait(double *ret_has_waited)
{
	int ends[2], has_waited;
	pid_t parent;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return complain("no pipe: %s", strerror(errno));
	parent = fork();
	if (parent == 0)
		end_by_hand(ends[1]);
	if (parent > 0)
		waitpid(parent, NULL, 0);
	has_waited = parent > 0 ? has_child_reported(ends[0]) : complain("cannot fork: %s", strerror(errno));
	close(ends[0]);
	close(ends[1]);
	*ret_has_waited = has_waited;
	return has_waited < 0 ? -1 : 0;
}

static int wait_at_the_end(double *ret_has_waited)
{
	int ends[2], has_waited, failed;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return complain("no pipe: %s", strerror(errno));
	failed = start_and_join(NULL, end_by_return, &ends[1], sizeof ends[1], 1);
	has_waited = failed ? -1 : has_child_reported(ends[0]);
	close(ends[0]);
	close(ends[1]);
	*ret_has_waited = has_waited;
	return has_waited < 0 ? -1 : 0;
}

/* 13c: four words in a queue, four processes that get one each. */

typedef struct reader {
	mproc_queue *words;
	mproc_event *start;
	int *got; /* the word of this process; in shared memory */
} reader;

static int get_word(void *argument)
{
	const reader *self = argument;

	if (mproc_event_wait(self->start, MPROC_FOREVER) < 0
		|| mproc_queue_get(self->words, self->got, sizeof *self->got, MPROC_FOREVER, NULL) < 0)
		return fail();
	return 0;
}

/* What four processes shared a round long. */
typedef struct round {
	mproc_queue *words;
	mproc_event start;
	int got[WORDS];
} round;

static int run_readers(round *self)
{
	mproc_process *processes[WORDS];
	int started = 0, failed = 0;

	for (int word = 0; word < WORDS && !failed; ++word) {
		const reader one = {self->words, &self->start, &self->got[word]};

		self->got[word] = -1;
		if (mproc_queue_put(self->words, &word, sizeof word, MPROC_FOREVER) < 0
			|| mproc_process_start(NULL, get_word, &one, sizeof one, &processes[word]) < 0)
			failed = fail();
		else
			++started;
	}
	if (mproc_event_set(&self->start) < 0)
		failed = fail();
	while (started > 0)
		failed |= join_process(processes[--started]);
	return failed;
}

static bool is_in_order(const round *self)
{
	for (int word = 0; word < WORDS; ++word) {
		if (self->got[word] != word)
			return false;
	}
	return true;
}

static bool is_complete(const round *self)
{
	unsigned words = 0;

	for (int i = 0; i < WORDS; ++i)
		words |= self->got[i] >= 0 ? 1U << self->got[i] : 0;
	return words == (1U << WORDS) - 1;
}

static int count_rounds(bool (*is_as_expected)(const round *self), double *ret_rounds)
{
	round *self = mproc_calloc(1, sizeof *self);
	int failed = 0;

	if (!self)
		return fail();
	*ret_rounds = 0;
	if (mproc_queue_create(NULL, &self->words) < 0 || mproc_event_init(&self->start) < 0)
		failed = fail();
	for (int i = 0; i < ROUNDS && !failed; ++i) {
		failed = mproc_event_clear(&self->start) < 0 ? fail() : run_readers(self);
		*ret_rounds += !failed && is_as_expected(self);
	}
	mproc_event_destroy(&self->start);
	mproc_queue_destroy(self->words);
	mproc_free(self);
	return failed;
}

static int expect_an_order(double *ret_rounds)
{
	return count_rounds(is_in_order, ret_rounds);
}

static int expect_all_words(double *ret_rounds)
{
	return count_rounds(is_complete, ret_rounds);
}

const mistake PROCESS_MISTAKES[] = {
	{"13a", "Of 40000 additions: after how many is a count printed that is not one's own?",
		read_outside_the_lock, read_inside_the_lock,
		"read after unlocking, when others have counted on; nobody checks the sum", "-"},
	{"13b", "Does a process that joins nobody wait for its child (1: yes)?", do_not_wait, wait_at_the_end,
		"the document says no: so it is with fork by hand, neither in Python nor here", "-"},
	{"13c", "In how many of 25 rounds is it so: word 1 for process 1, and so on; all words come",
		expect_an_order, expect_all_words, "who gets which is a matter of luck", "-"},
	{0},
};
