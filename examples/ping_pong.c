/* SPDX-License-Identifier: MIT */
/*
 * ping_pong - two processes answer each other, through a pipe or through two queues.  Who has had enough closes
 * its side, and the other one is told.
 */
#include "command.h"

#include <mproc.h>

/* How a player reaches the other one: an end of a pipe, or two queues. */
typedef struct player {
	mproc_connection *end, *other_end;
	mproc_queue *in, *out;
} player;

static const char USAGE[] = "usage: ping_pong [OPTION]...\n"
			    "Two processes answer each other.\n"
			    "\n"
			    "  --with NAME  pipe    through a pipe of two ways; the default\n"
			    "               queues  through two queues\n"
			    "  --count N    how often, 1 to 1000000; 3 by default\n"
			    "  --help       this text\n";

static int hit(const player *self, const char *text)
{
	if (self->end)
		return mproc_connection_send(self->end, text, strlen(text) + 1, MPROC_FOREVER);
	return mproc_queue_put(self->out, text, strlen(text) + 1, MPROC_FOREVER);
}

/* Wait for the ball.  Fails with -EPIPE when the other one has stopped playing. */
static int await(const player *self, char *text, size_t size)
{
	if (self->end)
		return mproc_connection_recv(self->end, text, size, MPROC_FOREVER, NULL);
	return mproc_queue_get(self->in, text, size, MPROC_FOREVER, NULL);
}

static void stop(player *self)
{
	self->end = mproc_connection_close(self->end);
	if (self->out)
		mproc_queue_close(self->out);
}

/* The child answers each ping with a pong. */
static int answer(void *argument)
{
	player *self = argument;
	char text[32];
	unsigned count;
	int rc;

	/* Its copy: the end of the pipe is not closed before all copies are. */
	self->other_end = mproc_connection_close(self->other_end);
	while ((rc = await(self, text, sizeof text)) == 0) {
		say("%s", text);
		if (sscanf(text, "ping %u", &count) != 1)
			return complain("%s is no ping", text);
		snprintf(text, sizeof text, "pong %u", count);
		if (hit(self, text) < 0)
			return fail();
	}
	return rc == -EPIPE ? 0 : fail();
}

static int play(const player *self, unsigned count)
{
	char text[32];

	for (unsigned i = 1; i <= count; ++i) {
		snprintf(text, sizeof text, "ping %u", i);
		if (hit(self, text) < 0 || await(self, text, sizeof text) < 0)
			return fail();
		say("%s", text);
	}
	return 0;
}

static int play_with(player *first, player *second, unsigned count)
{
	mproc_process *process;
	int failed;

	if (mproc_process_start(NULL, answer, second, sizeof *second, &process) < 0)
		return fail();
	second->end = mproc_connection_close(second->end);
	failed = play(first, count);
	stop(first);
	return join_process(process) | failed;
}

static int play_through_pipe(unsigned count)
{
	player first = {0}, second = {0};

	if (mproc_pipe(NULL, &first.end, &second.end) < 0)
		return fail();
	second.other_end = first.end;
	return play_with(&first, &second, count);
}

static int play_through_queues(unsigned count)
{
	player first = {0}, second = {0};
	int failed;

	if (mproc_queue_create(NULL, &first.in) < 0 || mproc_queue_create(NULL, &first.out) < 0)
		return fail();
	second.in = first.out;
	second.out = first.in;
	failed = play_with(&first, &second, count);
	mproc_queue_destroy(first.in);
	mproc_queue_destroy(first.out);
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"with", "pipe"}, {"count", "3"}};
	unsigned count;

	read_command_line(argc, argv, USAGE, settings, 2);
	count = (unsigned)whole_number(&settings[1], 1, 1000000);
	if (strcmp(settings[0].value, "pipe") == 0)
		return exit_status(play_through_pipe(count));
	if (strcmp(settings[0].value, "queues") == 0)
		return exit_status(play_through_queues(count));
	refuse(&settings[0], "must be pipe or queues");
}
