/* SPDX-License-Identifier: MIT */
/*
 * message_cost - what a message from one process to another costs, by its size:
 *
 *	queue          a queue in shared memory
 *	queue-batch    the same, 64 messages at a time
 *	pipe           a connection of two sockets
 *	manager-queue  a queue in a manager: message_cost/manager_queue.c
 *
 * A small message costs the way, a large one its bytes.
 */
#include "command.h"
#include "experiment.h"
#include "message_cost/way.h"

enum {
	MOST_SIZE = 1 << 26,
};

static const uint64_t MOST_BYTES = UINT64_C(1) << 36;

static const char USAGE[] =
	"usage: message_cost [OPTION]...\n"
	"Sends messages from one process to another, and tells what each takes.\n"
	"\n"
	"  --sizes N,…    bytes of a message, each 1 to 67108864; by default\n"
	"                 8,64,512,4096,32768,262144,1048576\n"
	"  --messages N   how many, 1 to 1000000000; 100000 by default, but\n"
	"  --bytes N      no more than so many bytes altogether, 1 to 68719476736; 67108864 by default\n"
	"  --with NAME    queue          a queue in shared memory\n"
	"                 queue-batch    the same, 64 messages at a time\n"
	"                 pipe           a connection of two sockets\n"
	"                 manager-queue  a queue in a manager; one message of a hundred\n"
	"                                but at least four\n"
	"                 all            one after the other; the default\n" ROWS_USAGE
	"  --help         this text\n"
	"\n"
	"The seconds are wall time from the go to the last message, divided by the messages; both processes\n"
	"run at the same time.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* A queue in shared memory. */

static void *open_queue(const load *planned)
{
	/* A few large messages on their way, or many small ones. */
	const mproc_queue_options options = {.max_bytes = 4 * planned->size + (1 << 20)};
	mproc_queue *queue;

	if (mproc_queue_create(&options, &queue) == 0)
		return queue;
	fail();
	return NULL;
}

static void close_queue(void *queue)
{
	mproc_queue_destroy(queue);
}

static int put_all(void *queue, const load *planned, void *buffer)
{
	int rc = 0;

	for (size_t i = 0; i < planned->count && rc == 0; ++i)
		rc = mproc_queue_put(queue, buffer, planned->size, MPROC_FOREVER);
	return rc;
}

static int get_all(void *queue, const load *planned, void *buffer)
{
	size_t size = planned->size;
	int rc = 0;

	for (size_t i = 0; i < planned->count && rc == 0; ++i) {
		rc = mproc_queue_get(queue, buffer, planned->size, MPROC_FOREVER, &size);
		if (rc == 0 && size != planned->size)
			rc = -EBADMSG;
	}
	return rc;
}

static int put_all_in_batches(void *queue, const load *planned, void *buffer)
{
	size_t done = 0, put = 0;
	int rc = 0;

	while (done < planned->count && rc == 0) {
		size_t left = planned->count - done;

		rc = mproc_queue_put_many(
			queue, buffer, planned->size, left < BATCH ? left : BATCH, MPROC_FOREVER, &put);
		done += put;
	}
	return rc;
}

static int get_all_in_batches(void *queue, const load *planned, void *buffer)
{
	size_t done = 0, got = 0;
	int rc = 0;

	while (done < planned->count && rc == 0) {
		rc = mproc_queue_get_many(queue, buffer, planned->size, BATCH, MPROC_FOREVER, NULL, &got);
		done += got;
	}
	return rc;
}

/* A connection: the sender has one end, the receiver the other. */

typedef struct ends {
	mproc_connection *receiver;
	mproc_connection *sender;
} ends;

static void *open_pipe(const load *planned)
{
	const mproc_pipe_options options = {.max_message = planned->size};
	ends *self = calloc(1, sizeof *self);

	if (self && mproc_pipe(&options, &self->receiver, &self->sender) == 0)
		return self;
	fail();
	free(self);
	return NULL;
}

static void close_pipe(void *pipe)
{
	ends *self = pipe;

	if (!self)
		return;
	mproc_connection_close(self->receiver);
	mproc_connection_close(self->sender);
	free(self);
}

static int send_all(void *pipe, const load *planned, void *buffer)
{
	const ends *self = pipe;
	int rc = 0;

	for (size_t i = 0; i < planned->count && rc == 0; ++i)
		rc = mproc_connection_send(self->sender, buffer, planned->size, MPROC_FOREVER);
	return rc;
}

static int receive_all(void *pipe, const load *planned, void *buffer)
{
	ends *self = pipe;
	size_t size = planned->size;
	int rc = 0;

	/* When the sender dies, this was the last end, and nobody waits in vain. */
	self->sender = mproc_connection_close(self->sender);
	for (size_t i = 0; i < planned->count && rc == 0; ++i) {
		rc = mproc_connection_recv(self->receiver, buffer, planned->size, MPROC_FOREVER, &size);
		if (rc == 0 && size != planned->size)
			rc = -EBADMSG;
	}
	return rc;
}

static const way QUEUE = {"queue", 1, open_queue, put_all, get_all, close_queue};
static const way QUEUE_BATCH = {
	"queue-batch", 1, open_queue, put_all_in_batches, get_all_in_batches, close_queue};
static const way PIPE = {"pipe", 1, open_pipe, send_all, receive_all, close_pipe};
enum {
	WAY_COUNT = 4
};
static const way *const WAYS[WAY_COUNT] = {&QUEUE, &QUEUE_BATCH, &PIPE, &MANAGER_QUEUE};

/* The experiment. */

typedef struct experiment {
	const way *how;
	void *self;
	load planned;
	void *buffer; /* room for a batch */
	mproc_event *go;
} experiment;

static int run_sender(void *argument)
{
	const experiment *all = argument;
	int rc = mproc_event_wait(all->go, MPROC_FOREVER);

	if (rc == 0)
		rc = all->how->send(all->self, &all->planned, all->buffer);
	return rc < 0 ? fail() : 0;
}

/* Returns 0 and the seconds, or -1 after telling what failed. */
static int send_and_receive(const experiment *all, double *ret_seconds)
{
	mproc_process *sender;
	double start;
	int rc;

	if (mproc_process_start(NULL, run_sender, all, sizeof *all, &sender) < 0)
		return fail();
	start = seconds_now();
	rc = mproc_event_set(all->go);
	if (rc == 0)
		rc = all->how->receive(all->self, &all->planned, all->buffer);
	*ret_seconds = seconds_now() - start;
	if (rc < 0) {
		fail();
		mproc_process_kill(sender);
	}
	return join_process(sender) | rc;
}

/* Returns 0, or -1 after telling what failed. */
static int measure(experiment *all)
{
	double seconds = 0, by_message;
	int failed;

	show_progress("%s, %zu bytes …", all->how->name, all->planned.size);
	all->buffer = calloc(BATCH, all->planned.size);
	all->self = all->buffer ? all->how->open(&all->planned) : NULL;
	failed = all->buffer ? !all->self : complain("no memory for %zu bytes", all->planned.size);
	if (!failed)
		failed = mproc_event_clear(all->go) < 0 ? fail() : send_and_receive(all, &seconds);
	all->how->close(all->self);
	free(all->buffer);
	if (failed)
		return -1;
	by_message = seconds / (double)all->planned.count;
	tell("%-13s %9zu %9zu  %s %9.0f\n", all->how->name, all->planned.size, all->planned.count,
		readable_seconds(by_message).text, (double)all->planned.size / by_message / (1 << 20));
	print_measurement("message_cost", all->how->name, by_message, "s/message", "%zu", all->planned.size);
	return 0;
}

static size_t count_for(const way *how, size_t size, uint64_t messages, uint64_t bytes)
{
	uint64_t count = bytes / size < messages ? bytes / size : messages;

	count /= how->divisor;
	return count > 4 ? (size_t)count : 4;
}

static int run(const setting *with, const number_list *sizes, uint64_t messages, uint64_t bytes)
{
	experiment all = {.go = mproc_calloc(1, sizeof *all.go)};
	int failed = 0;

	if (!all.go || mproc_event_init(all.go) < 0)
		failed = fail();
	tell("method            size  messages  by message     MiB/s\n");
	for (int i = 0; i < WAY_COUNT && !failed; ++i) {
		all.how = WAYS[i];
		for (int k = 0; k < sizes->count && all.how->name && is_asked_for(with, all.how->name); ++k) {
			all.planned.size = (size_t)sizes->numbers[k];
			all.planned.count = count_for(all.how, all.planned.size, messages, bytes);
			failed |= measure(&all);
		}
	}
	if (all.go)
		mproc_event_destroy(all.go);
	mproc_free(all.go);
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"sizes", "8,64,512,4096,32768,262144,1048576"}, {"messages", "100000"},
		{"bytes", "67108864"}, {"with", "all"}, ROWS};
	number_list sizes;
	uint64_t messages, bytes;

	read_command_line(argc, argv, USAGE, settings, 5);
	sizes = numbers_given(&settings[0], 1, MOST_SIZE);
	messages = whole_number(&settings[1], 1, 1000000000);
	bytes = whole_number(&settings[2], 1, MOST_BYTES);
	check_name(&settings[3], MANAGER_QUEUE.name ? " queue queue-batch pipe manager-queue all "
						    : " queue queue-batch pipe all ");
	rows_only = is_on(&settings[4]);
	return exit_status(run(&settings[3], &sizes, messages, bytes));
}
