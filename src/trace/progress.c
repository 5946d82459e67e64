/* SPDX-License-Identifier: MIT */
#include "trace/progress.h"

#include "base/deadline.h"
#include "sys/terminal.h"
#include "sys/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	/* A bar has one of few lengths, so that it does not tremble with every digit that the rest has more or less. */
	LEAST_BAR = 5,
	STEP_OF_BAR = 10,
	MOST_BAR = 40,
	PIECE = 64,
	FRAME = 2 * MPROCI_PROGRESS_LINE + 4,
};

static const int64_t SECOND = 1000 * MPROCI_NANOSECONDS_PER_MILLISECOND;
static const int64_t BETWEEN_FRAMES = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;
static const int64_t BETWEEN_LINES = 10000 * MPROCI_NANOSECONDS_PER_MILLISECOND;
/* Nobody believes an estimate of more: a thousand days. */
static const double MOST_SECONDS = 86400e3;

/* What a line is made of. */
typedef struct pieces {
	char percent[PIECE], count[PIECE], rate[PIECE], elapsed[PIECE], left[PIECE], failed[PIECE];
} pieces;

/* 0 to 1; 0 if nobody knows. */
static double share_done(const mproci_progress_view *view)
{
	if (view->total == 0)
		return 0;
	return view->done < view->total ? (double)view->done / (double)view->total : 1;
}

/* 100 is said only when all is done. */
static unsigned percent_done(const mproci_progress_view *view)
{
	unsigned percent = (unsigned)(share_done(view) * 100);

	return percent == 100 && view->done < view->total ? 99 : percent;
}

static void put_count(char to[PIECE], const mproci_progress_view *view)
{
	if (view->total != 0)
		snprintf(to, PIECE, "%" PRIu64 "/%" PRIu64, view->done, view->total);
	else
		snprintf(to, PIECE, "%" PRIu64 " done", view->done);
}

/* Three digits, and at most 999.5 of what they are. */
static void put_number(char to[PIECE], double number, const char *unit)
{
	snprintf(to, PIECE, "%.*f%s", number < 9.995 ? 2 : number < 99.95 ? 1 : 0, number, unit);
}

static void put_rate_per_second(char to[PIECE], double rate)
{
	static const char *const units[] = {"/s", "k/s", "M/s", "G/s", "T/s", "P/s", "E/s"};
	size_t unit = 0;

	while (rate >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
		rate /= 1000;
		++unit;
	}
	/* More than any counter counts in a nanosecond is none. */
	if (rate < 999.5)
		put_number(to, rate, units[unit]);
}

static void put_rate(char to[PIECE], const mproci_progress_view *view)
{
	double rate = (double)view->done / ((double)view->elapsed / 1e9);

	if (view->elapsed <= 0 || view->done == 0)
		return;
	if (rate >= 1)
		put_rate_per_second(to, rate);
	else if (rate * 60 >= 1)
		put_number(to, rate * 60, "/min");
	else if (rate * 3600 >= 0.01)
		put_number(to, rate * 3600, "/h");
}

static void put_time(char to[PIECE], uint64_t seconds, const char *what)
{
	unsigned days = (unsigned)(seconds / 86400), hours = (unsigned)(seconds / 3600 % 24);
	unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);

	if (days > 0)
		snprintf(to, PIECE, "%ud %u:%02u:%02u %s", days, hours, minutes, rest, what);
	else if (hours > 0)
		snprintf(to, PIECE, "%u:%02u:%02u %s", hours, minutes, rest, what);
	else
		snprintf(to, PIECE, "%u:%02u %s", minutes, rest, what);
}

/* As if the rest took as long, item by item, as what is done. */
static void put_left(char to[PIECE], const mproci_progress_view *view)
{
	double share = share_done(view);
	double left = (double)view->elapsed / 1e9 * (1 - share) / share;

	if (view->elapsed <= 0 || view->done == 0 || view->done >= view->total)
		return;
	if (left < MOST_SECONDS)
		put_time(to, (uint64_t)left, "left");
}

static void fill_pieces(pieces *all, const mproci_progress_view *view)
{
	memset(all, 0, sizeof *all);
	if (view->total != 0)
		snprintf(all->percent, PIECE, "%3u%%", percent_done(view));
	put_count(all->count, view);
	put_rate(all->rate, view);
	put_time(all->elapsed, view->elapsed > 0 ? (uint64_t)(view->elapsed / SECOND) : 0, "elapsed");
	put_left(all->left, view);
	if (view->failed != 0)
		snprintf(all->failed, PIECE, "%" PRIu64 " failed", view->failed);
}

/* The first is followed by a blank, where the bar may stand, the others follow a comma. */
static size_t join(char line[MPROCI_PROGRESS_LINE], const char *const parts[], size_t count)
{
	size_t length = 0;
	const char *between = "";

	for (size_t i = 0; i < count; ++i) {
		if (parts[i][0] == '\0')
			continue;
		length += (size_t)snprintf(
			line + length, MPROCI_PROGRESS_LINE - length, "%s%s", between, parts[i]);
		between = i == 0 ? " " : ", ";
	}
	return length;
}

static size_t join_pieces(const pieces *all, char line[MPROCI_PROGRESS_LINE])
{
	const char *const parts[] = {
		all->percent, all->count, all->rate, all->elapsed, all->left, all->failed};

	return join(line, parts, sizeof parts / sizeof *parts);
}

/* Leave out one after the other until it fits. */
static size_t join_most(pieces *all, char line[MPROCI_PROGRESS_LINE], size_t room)
{
	char *const dispensable[] = {all->elapsed, all->rate, all->left, all->count, all->failed};
	size_t length = join_pieces(all, line);

	for (size_t i = 0; length > room && i < sizeof dispensable / sizeof *dispensable; ++i) {
		dispensable[i][0] = '\0';
		length = join_pieces(all, line);
	}
	if (length > room)
		length = room;
	line[length] = '\0';
	return length;
}

static size_t size_of_bar(size_t room)
{
	if (room >= MOST_BAR)
		return MOST_BAR;
	if (room >= STEP_OF_BAR)
		return room / STEP_OF_BAR * STEP_OF_BAR;
	return room >= LEAST_BAR ? LEAST_BAR : 0;
}

/* "[###   ] ", behind the percentage, where there is room for it. */
static size_t insert_bar(char line[MPROCI_PROGRESS_LINE], size_t length, size_t room, double share)
{
	const size_t front = strlen("100% "), frame = strlen("[] ");
	size_t size = length > front && room > length + frame ? size_of_bar(room - length - frame) : 0;
	size_t full = (size_t)(share * (double)size);

	if (size == 0)
		return length;
	memmove(line + front + size + frame, line + front, length - front + 1);
	line[front] = '[';
	memset(line + front + 1, '#', full);
	memset(line + front + 1 + full, ' ', size - full);
	line[front + 1 + size] = ']';
	line[front + 2 + size] = ' ';
	return length + size + frame;
}

size_t mproci_progress_format(const mproci_progress_view *view, char line[MPROCI_PROGRESS_LINE])
{
	size_t room =
		view->is_terminal && view->width < MPROCI_PROGRESS_LINE ? view->width : MPROCI_PROGRESS_LINE;
	size_t length;
	pieces all;

	fill_pieces(&all, view);
	room -= room > 0;
	length = join_most(&all, line, room);
	if (!view->is_terminal || view->total == 0)
		return length;
	return insert_bar(line, length, room, share_done(view));
}

void mproci_progress_begin(mproci_progress *progress, int descriptor, uint64_t total, int64_t now)
{
	*progress = (mproci_progress){
		.descriptor = descriptor,
		.is_terminal = mproci_is_terminal(descriptor),
		.total = total,
		.began = now,
		.shown = now,
	};
}

static int64_t interval(const mproci_progress *progress)
{
	return progress->is_terminal ? BETWEEN_FRAMES : BETWEEN_LINES;
}

mproc_deadline mproci_progress_due(const mproci_progress *progress)
{
	return progress->descriptor < 0 ? MPROC_FOREVER : progress->shown + interval(progress);
}

/* What was there and is longer is painted over. */
static size_t make_frame(
	mproci_progress *progress, const char *line, size_t length, bool is_last, char to[FRAME])
{
	int padding = progress->length > length ? (int)(progress->length - length) : 0;
	int size;

	if (progress->is_terminal)
		size = snprintf(to, FRAME, "\r%s%*s%s", line, padding, "", is_last ? "\n" : "");
	else
		size = snprintf(to, FRAME, "%s\n", line);
	progress->length = length;
	return (size_t)size;
}

static void show(mproci_progress *progress, const mproci_progress_view *view, bool is_last, int64_t now)
{
	char line[MPROCI_PROGRESS_LINE], frame[FRAME];
	size_t length = mproci_progress_format(view, line);
	size_t size = make_frame(progress, line, length, is_last, frame);

	progress->shown = now;
	progress->tenths = percent_done(view) / 10;
	if (mproci_write(progress->descriptor, frame, size) < 0)
		progress->descriptor = -1;
}

static mproci_progress_view view_of(
	const mproci_progress *progress, uint64_t done, uint64_t failed, int64_t now)
{
	return (mproci_progress_view){
		.done = done,
		.failed = failed,
		.total = progress->total,
		.elapsed = now - progress->began,
		.is_terminal = progress->is_terminal,
		.width = progress->is_terminal ? mproci_terminal_width(progress->descriptor) : 0,
	};
}

void mproci_progress_update(mproci_progress *progress, uint64_t done, uint64_t failed, int64_t now)
{
	mproci_progress_view view;

	if (progress->descriptor < 0 || (progress->is_terminal && now < mproci_progress_due(progress)))
		return;
	view = view_of(progress, done, failed, now);
	/* The whole is told by mproci_progress_end. */
	if (!progress->is_terminal && percent_done(&view) == 100)
		return;
	if (now >= mproci_progress_due(progress) || percent_done(&view) / 10 > progress->tenths)
		show(progress, &view, false, now);
}

void mproci_progress_end(mproci_progress *progress, uint64_t done, uint64_t failed, int64_t now)
{
	mproci_progress_view view = view_of(progress, done, failed, now);

	if (progress->descriptor >= 0)
		show(progress, &view, true, now);
	progress->descriptor = -1;
}
