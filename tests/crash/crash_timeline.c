/* SPDX-License-Identifier: MIT */
/*
 * The time line: an event is on the tape whole or not at all, and what is on a tape comes into the file once, whoever is killed while he
 * records it or writes it.
 */
#include "crash.h"

#include "trace/timeline_file.h"

#include <mproc/result.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FRONT = 3,
	RUN = 3,
	ROOM = 8192,
};

/* Of this run of the harness, which takes it away when it ends. */
static char path[48];

typedef struct line {
	mproci_lock lock;
	mproci_timeline_file file;
	_Alignas(64) char victims[MPROCI_TAPE_SIZE];
	char others[MPROCI_TAPE_SIZE];
	_Atomic crash_stage stage;
	/* Of the run. */
	_Atomic uint64_t recorded;
} line;

static mproci_tape *tape_at(char *memory)
{
	return (mproci_tape *)(void *)memory;
}

static void take_file_away(void)
{
	unlink(path);
}

static void choose_path(void)
{
	int descriptor;

	if (path[0] != '\0')
		return;
	snprintf(path, sizeof path, "/tmp/mproc_crash_XXXXXX");
	descriptor = mkstemp(path);
	if (descriptor < 0)
		abort();
	close(descriptor);
	atexit(take_file_away);
}

static void add(mproci_tape *tape, uint64_t item)
{
	const mproci_tape_event event = {"check", 100000, 100000 + MPROCI_TAPE_RUN, item, 1, "value"};

	mproci_tape_add(tape, &event);
}

/* Short enough to be one of a run. */
static void add_to_run(mproci_tape *tape, uint64_t item)
{
	const mproci_tape_event event = {"check", 100000, 100000 + 10 * (int64_t)item, item, 1, "value"};

	mproci_tape_add(tape, &event);
}

static void make_line(void *shared)
{
	line *all = shared;

	choose_path();
	if (mproci_lock_init(&all->lock, MPROCI_LOCK_OF_RUNS) < 0
		|| mproci_timeline_file_begin(&all->file, path) < 0)
		abort();
	mproci_tape_begin(tape_at(all->victims), 1, 1, "victim");
	mproci_tape_begin(tape_at(all->others), 2, 2, "other");
	for (uint64_t i = 1; i <= FRONT; ++i)
		add(tape_at(all->victims), i);
	add(tape_at(all->others), 1000);
}

static void record(void *shared)
{
	line *all = shared;

	all->stage = CRASH_INSIDE;
	add(tape_at(all->victims), FRONT + 1);
	all->stage = CRASH_AFTER;
}

static void record_run(void *shared)
{
	line *all = shared;

	for (uint64_t i = 1; i <= RUN; ++i) {
		add_to_run(tape_at(all->victims), FRONT + i);
		all->recorded = i;
	}
	mproci_tape_settle(tape_at(all->victims));
}

static void write_tape(line *all, char *tape)
{
	int rc = mproci_lock_take(&all->lock, MPROC_FOREVER);

	crash_expect(rc >= 0, "the lock cannot be taken: %d", rc);
	mproci_tape_settle(tape_at(tape));
	crash_expect(mproci_timeline_file_write(&all->file, tape_at(tape)) == 0, "%s", mproc_error_text());
	mproci_lock_release(&all->lock);
}

static void write_victims(void *shared)
{
	line *all = shared;

	write_tape(all, all->victims);
}

static void write_wrongly(void *shared)
{
	line *all = shared;

	all->file.next_end = atomic_load(&all->file.end);
	mproci_timeline_file_write(&all->file, tape_at(all->victims));
	all->file.end += 1;
}

/* Who buries the victim, and somebody else. */
static void write_both(line *all, char *text)
{
	FILE *file;

	write_tape(all, all->others);
	write_tape(all, all->victims);
	file = fopen(path, "re");
	crash_expect(file != NULL, "the file is gone");
	text[fread(text, 1, ROOM - 1, file)] = '\0';
	fclose(file);
}

/* How many items the file tells of; each line is whole, and each item there once, in order. */
static uint64_t check_text(const char *text)
{
	uint64_t last = 0;

	crash_expect(strncmp(text, "[\n", 2) == 0, "there is no bracket");
	for (const char *at = text + 2, *end; *at != '\0'; at = end + 1) {
		const char *item = strstr(at, "\"item\":"), *items = strstr(at, "\"items\":");

		end = strchr(at, '\n');
		crash_expect(
			end != NULL && strncmp(at, "{\"name\":", 8) == 0 && strncmp(end - 3, "}},", 3) == 0,
			"a line is not whole");
		if (item == NULL || item > end || strtoull(item + 7, NULL, 10) == 1000)
			continue;
		crash_expect(strtoull(item + 7, NULL, 10) == last + 1, "item %d comes after %d",
			(int)strtoull(item + 7, NULL, 10), (int)last);
		last += items != NULL && items < end ? strtoull(items + 8, NULL, 10) : 1;
	}
	return last;
}

static uint64_t count_items(line *all)
{
	char text[ROOM];

	write_both(all, text);
	crash_expect(strstr(text, "\"item\":1000,") != NULL, "what another one wrote is not there");
	return check_text(text);
}

static void check_record(void *shared)
{
	line *all = shared;
	crash_stage stage = all->stage;

	crash_expect_outcome(stage, count_items(all) == FRONT + 1);
}

static void check_run(void *shared)
{
	line *all = shared;
	uint64_t recorded = FRONT + all->recorded, count = count_items(all);

	crash_expect(count == recorded || (count == recorded + 1 && recorded < FRONT + RUN),
		"%d items instead of %d", (int)count, (int)recorded);
}

static void check_write(void *shared)
{
	uint64_t count = count_items(shared);

	crash_expect(count == FRONT, "%d items instead of %d", (int)count, FRONT);
}

const crash_operation crash_timeline_operations[] = {
	{
		.name = "timeline: record an event",
		.size = sizeof(line),
		.set_up = make_line,
		.operate = record,
		.survive = check_record,
	},
	{
		.name = "timeline: record a run",
		.size = sizeof(line),
		.set_up = make_line,
		.operate = record_run,
		.survive = check_run,
	},
	{
		.name = "timeline: write a tape",
		.size = sizeof(line),
		.set_up = make_line,
		.operate = write_victims,
		.survive = check_write,
	},
	{
		.name = "mistake: the end of a time line is not what was written",
		.size = sizeof(line),
		.set_up = make_line,
		.operate = write_wrongly,
		.survive = check_write,
		.is_mistake = true,
	},
	{0},
};
