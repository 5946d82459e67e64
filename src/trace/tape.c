/* SPDX-License-Identifier: MIT */
#include "trace/tape.h"

#include "trace/json.h"

#include <string.h>

enum {
	/* The longest line: two strings, and room for the keys and six numbers. */
	LINE = (MPROCI_TAPE_NAME + MPROCI_TAPE_OUTCOME) * MPROCI_JSON_BYTE + 320,
	TEXT_MOST = MPROCI_TAPE_SIZE - (int)sizeof(mproci_tape),
	MOST_ITEMS = UINT16_MAX,
};

_Static_assert(MPROCI_TAPE_RUN <= UINT16_MAX, "a state has 16 bits for the nanoseconds of a run");

/* From the high bits to the low ones: 32 for the size, 16 for the items and 16 for the nanoseconds of the run. */
static uint64_t state_of(size_t size, uint64_t items, uint64_t duration)
{
	return (uint64_t)size << 32 | items << 16 | duration;
}

static size_t size_of(uint64_t state)
{
	return (size_t)(state >> 32);
}

static uint64_t items_of(uint64_t state)
{
	return state >> 16 & UINT16_MAX;
}

static int64_t duration_of(uint64_t state)
{
	return (int64_t)(state & UINT16_MAX);
}

static uint64_t look(const mproci_tape *tape)
{
	return atomic_load_explicit(&tape->state, memory_order_relaxed);
}

/* Release: with all that it makes part of the tape. */
static void become(mproci_tape *tape, uint64_t state)
{
	atomic_store_explicit(&tape->state, state, memory_order_release);
}

/* Room for a line, and for another one when the run ends. */
static bool has_room(const mproci_tape *tape)
{
	return size_of(look(tape)) + (size_t)2 * LINE <= TEXT_MOST;
}

static char *put_field(char *to, const char *key, uint64_t number)
{
	return mproci_json_number(mproci_json_text(to, key), number);
}

static char *put_arguments(char *to, const mproci_tape_event *event)
{
	to = mproci_json_text(to, ",\"args\":{");
	if (event->count > 0)
		to = put_field(to, "\"item\":", event->item);
	if (event->count > 1)
		to = put_field(to, ",\"items\":", event->count);
	if (event->count > 0 && event->outcome != NULL)
		*to++ = ',';
	if (event->outcome != NULL)
		to = mproci_json_string(
			mproci_json_text(to, "\"outcome\":"), event->outcome, MPROCI_TAPE_OUTCOME - 1);
	*to++ = '}';
	return to;
}

/* The line of an event on the track of a thread: how long it took, or, with no start, when it was. */
static char *put_event(char *to, int32_t pid, int32_t thread, const mproci_tape_event *event)
{
	bool is_moment = event->start == 0;

	to = mproci_json_text(to, "{\"name\":");
	to = mproci_json_string(to, event->name, MPROCI_TAPE_NAME - 1);
	to = mproci_json_text(to, is_moment ? ",\"ph\":\"i\",\"s\":\"t\",\"ts\":" : ",\"ph\":\"X\",\"ts\":");
	to = mproci_json_microseconds(to, is_moment ? event->end : event->start);
	if (!is_moment)
		to = mproci_json_microseconds(mproci_json_text(to, ",\"dur\":"), event->end - event->start);
	to = put_field(to, ",\"pid\":", (uint64_t)pid);
	to = put_field(to, ",\"tid\":", (uint64_t)thread);
	return mproci_json_text(put_arguments(to, event), "},\n");
}

static void add_line(mproci_tape *tape, int32_t pid, int32_t thread, const mproci_tape_event *event)
{
	char *end = put_event(tape->text + size_of(look(tape)), pid, thread, event);

	become(tape, state_of((size_t)(end - tape->text), 0, 0));
}

/* Text that says what a process or a thread is called. */
static void add_name(mproci_tape *tape, const char *what, const char *name)
{
	uint64_t state = look(tape);
	char *to = tape->text + size_of(state);

	to = mproci_json_text(
		mproci_json_text(mproci_json_text(to, "{\"name\":\""), what), "\",\"ph\":\"M\"");
	to = put_field(to, ",\"pid\":", (uint64_t)tape->pid);
	to = put_field(to, ",\"tid\":", (uint64_t)tape->thread);
	to = mproci_json_string(mproci_json_text(to, ",\"args\":{\"name\":"), name, MPROCI_TAPE_NAME - 1);
	to = mproci_json_text(to, "}},\n");
	become(tape, state_of((size_t)(to - tape->text), items_of(state), (uint64_t)duration_of(state)));
}

void mproci_tape_begin(mproci_tape *tape, int32_t pid, int32_t thread, const char *process)
{
	become(tape, 0);
	tape->pid = pid;
	tape->thread = thread;
	tape->written_at = 0;
	add_name(tape, "process_name", process);
	add_name(tape, "thread_name", process);
}

bool mproci_tape_name_thread(mproci_tape *tape, const char *name)
{
	if (!has_room(tape))
		return false;
	add_name(tape, "thread_name", name);
	return true;
}

static const char *text_of(const char *text)
{
	return text == NULL ? "" : text;
}

/* Whether what was kept of a text, @size bytes of it at most, is what would be kept of this one. */
static bool is_same(const char *kept, const char *text, size_t size)
{
	return strncmp(kept, text_of(text), size - 1) == 0;
}

static bool continues_run(const mproci_tape *tape, uint64_t state, const mproci_tape_event *event)
{
	uint64_t items = items_of(state);

	return items != 0 && event->item == tape->run_item + items && items + event->count <= MOST_ITEMS
	       && event->start >= tape->run_start && event->end >= event->start
	       && event->end - tape->run_start < MPROCI_TAPE_RUN
	       && is_same(tape->run_name, event->name, sizeof tape->run_name)
	       && is_same(tape->run_outcome, event->outcome, sizeof tape->run_outcome);
}

static bool may_begin_run(const mproci_tape_event *event)
{
	return event->count - 1 < MOST_ITEMS && event->end - event->start < MPROCI_TAPE_RUN
	       && event->start > 0 && event->end >= event->start;
}

static void keep(char *kept, const char *text, size_t size)
{
	size_t length = strnlen(text_of(text), size - 1);

	memcpy(kept, text_of(text), length);
	kept[length] = '\0';
}

/* There is no other: the state is stored last. */
static void begin_run(mproci_tape *tape, const mproci_tape_event *event)
{
	tape->run_start = event->start;
	tape->run_item = event->item;
	keep(tape->run_name, event->name, sizeof tape->run_name);
	keep(tape->run_outcome, event->outcome, sizeof tape->run_outcome);
	become(tape, state_of(size_of(look(tape)), event->count, (uint64_t)(event->end - event->start)));
}

bool mproci_tape_add(mproci_tape *tape, const mproci_tape_event *event)
{
	uint64_t state = look(tape);

	if (continues_run(tape, state, event)) {
		become(tape, state_of(size_of(state), items_of(state) + event->count,
				     (uint64_t)(event->end - tape->run_start)));
		return true;
	}
	if (!has_room(tape))
		return false;
	mproci_tape_settle(tape);
	if (may_begin_run(event))
		begin_run(tape, event);
	else
		add_line(tape, tape->pid, tape->thread, event);
	return true;
}

bool mproci_tape_add_death(mproci_tape *tape, int32_t pid, const mproci_tape_event *event)
{
	if (!has_room(tape))
		return false;
	mproci_tape_settle(tape);
	add_line(tape, pid, pid, event);
	return true;
}

void mproci_tape_settle(mproci_tape *tape)
{
	uint64_t state = look(tape);
	const mproci_tape_event run = {
		.name = tape->run_name,
		.start = tape->run_start,
		.end = tape->run_start + duration_of(state),
		.item = tape->run_item,
		.count = items_of(state),
		.outcome = tape->run_outcome[0] == '\0' ? NULL : tape->run_outcome,
	};

	if (run.count != 0)
		add_line(tape, tape->pid, tape->thread, &run);
}

size_t mproci_tape_size(const mproci_tape *tape)
{
	return size_of(atomic_load_explicit(&tape->state, memory_order_acquire));
}

void mproci_tape_clear(mproci_tape *tape)
{
	become(tape, look(tape) & UINT32_MAX);
}
