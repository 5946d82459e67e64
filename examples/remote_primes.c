/* SPDX-License-Identifier: MIT */
/*
 * remote_primes - a search for primes that programs on any machine share, through a manager or a Redis server:
 *
 *	remote_primes work redis://server/ &          here and elsewhere, any number of times
 *	remote_primes serve redis://server/
 *
 * The one who serves puts parts of the range into a queue, and takes their counts from another one.  A part is acknowledged when its count is there: so if
 * a worker dies, or its machine does, another one gets its part, and as the count of a part goes under the part's id, it is counted once.
 * Messages are text, which means the same on every machine.  A server has room for one search at a time: who serves throws away what another search has left.
 */
#include "command.h"
#include "prime.h"

#include <mproc-net.h>

static const char USAGE[] = "usage: remote_primes serve URL [--from N] [--to N] [--part N]\n"
			    "       remote_primes work URL [--idle SECONDS]\n"
			    "Programs on any machine count the primes of a range together.\n"
			    "\n"
			    "serve   cuts the range into parts, and waits until all are counted\n"
			    "work    counts parts until there is none for some seconds\n"
			    "\n"
			    "  URL             unix:PATH or redis://[USER:PASSWORD@]HOST[:PORT][/DB]\n"
			    "  --from N        the first number, 100000000 by default\n"
			    "  --to N          the number after the last, 100100000 by default\n"
			    "  --part N        numbers in a part, 1000 by default\n"
			    "  --idle SECONDS  for which a worker waits for work, 3 by default\n"
			    "  --help          this text\n";

static const char PARTS[] = "mproc:remote_primes:parts", COUNTS[] = "mproc:remote_primes:counts";

/* Seconds for an answer of the server, and for it to be there. */
static const double PATIENCE = 30, CONNECTING = 2;

enum {
	TEXT = 96,
};

typedef struct desk {
	mproc_remote *remote;
	mproc_remote_queue *parts, *counts;
} desk;

/* Returns 0, or -1 after telling what failed. */
static int open_desk(const char *url, desk *ret_desk)
{
	/* A part takes less than a second. */
	const mproc_remote_queue_options options = {.lease = 10};

	memset(ret_desk, 0, sizeof *ret_desk);
	if (mproc_remote_connect(url, NULL, mproc_after(CONNECTING), &ret_desk->remote) < 0
		|| mproc_remote_queue_open(ret_desk->remote, PARTS, &options, &ret_desk->parts) < 0
		|| mproc_remote_queue_open(ret_desk->remote, COUNTS, &options, &ret_desk->counts) < 0)
		return fail();
	return 0;
}

static void close_desk(desk *self)
{
	mproc_remote_queue_close(self->parts);
	mproc_remote_queue_close(self->counts);
	mproc_remote_close(self->remote);
}

/* Whoever works. */

static uint64_t count_primes(uint64_t from, uint64_t to)
{
	uint64_t count = 0;

	for (uint64_t number = from; number < to; ++number)
		count += is_prime(number);
	return count;
}

/* Count one part, and tell its count under its id. */
static int count_part(const desk *self, const mproc_remote_message *part)
{
	uint64_t from, to;
	char text[TEXT];
	int rc;

	if (sscanf(part->data, "%" SCNu64 " %" SCNu64, &from, &to) != 2)
		return complain("%s: no part of a range: %s", part->id, (const char *)part->data);
	snprintf(text, sizeof text, "%" PRIu64, count_primes(from, to));
	rc = mproc_remote_queue_put(self->counts, part->id, text, strlen(text), mproc_after(PATIENCE), NULL);
	if (rc == 0)
		rc = mproc_remote_queue_ack(self->parts, part, mproc_after(PATIENCE));
	/* Somebody else has got it meanwhile, and will tell the same. */
	return rc == -ESTALE || rc == 0 ? 0 : fail();
}

static int work(const desk *self, double idle)
{
	mproc_remote_message part;
	unsigned long done = 0;
	int rc;

	while ((rc = mproc_remote_queue_get(self->parts, mproc_after(idle), &part)) == 0) {
		rc = count_part(self, &part);
		mproc_remote_message_free(&part);
		if (rc < 0)
			return rc;
		++done;
	}
	if (rc != -ETIMEDOUT)
		return fail();
	printf("counted %lu parts\n", done);
	return 0;
}

/* Whoever serves. */

typedef struct range {
	uint64_t from, to, part;
} range;

static uint64_t parts_of(const range *self)
{
	return (self->to - self->from + self->part - 1) / self->part;
}

/* @run tells this search from others, which may have left something. */
static int put_parts(const desk *self, const range *whole, const char *run)
{
	char id[TEXT], text[TEXT];

	for (uint64_t i = 0; i < parts_of(whole); ++i) {
		uint64_t from = whole->from + i * whole->part;
		uint64_t to = whole->to - from < whole->part ? whole->to : from + whole->part;

		snprintf(id, sizeof id, "%s:%" PRIu64, run, i);
		snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, from, to);
		if (mproc_remote_queue_put(self->parts, id, text, strlen(text), mproc_after(PATIENCE), NULL)
			< 0)
			return fail();
	}
	return 0;
}

/* Take one count, which is this search's, or one that another search has left. */
static int take_count(const desk *self, const char *run, uint64_t *sum, uint64_t *left)
{
	mproc_remote_message count;

	if (mproc_remote_queue_get(self->counts, MPROC_FOREVER, &count) < 0)
		return fail();
	if (strncmp(count.id, run, strlen(run)) == 0) {
		*sum += strtoull(count.data, NULL, 10);
		--*left;
	}
	if (mproc_remote_queue_ack(self->counts, &count, mproc_after(PATIENCE)) < 0)
		fail();
	mproc_remote_message_free(&count);
	return 0;
}

static int serve(const desk *self, const range *whole)
{
	uint64_t sum = 0, left = parts_of(whole);
	char run[48];

	snprintf(run, sizeof run, "%d-%" PRId64, (int)getpid(), (int64_t)time(NULL));
	if (put_parts(self, whole, run) < 0)
		return -1;
	printf("%" PRIu64 " parts\n", left);
	fflush(stdout);
	while (left > 0) {
		if (take_count(self, run, &sum, &left) < 0)
			return -1;
	}
	printf("%" PRIu64 " primes from %" PRIu64 " up to, but not including, %" PRIu64 "\n", sum,
		whole->from, whole->to);
	return 0;
}

/* The command line. */

enum {
	FROM,
	TO,
	PART,
	IDLE,
	SETTINGS
};

static range range_of(const setting *settings)
{
	range whole = {.from = whole_number(&settings[FROM], 0, UINT64_MAX),
		.part = whole_number(&settings[PART], 1, UINT32_MAX)};

	whole.to = whole_number(&settings[TO], whole.from, UINT64_MAX);
	if (parts_of(&whole) > 1000000)
		refuse(&settings[PART], "makes more than 1000000 parts");
	return whole;
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {[FROM] = {"from", "100000000"},
		[TO] = {"to", "100100000"},
		[PART] = {"part", "1000"},
		[IDLE] = {"idle", "3"}};
	int next = read_settings(argc, argv, USAGE, settings, SETTINGS), failed;
	const char *what = next < argc ? argv[next] : "";
	bool is_server = strcmp(what, "serve") == 0;
	range whole = range_of(settings);
	double idle = seconds_of(&settings[IDLE]);
	desk self;

	if ((!is_server && strcmp(what, "work") != 0) || argc - next != 2)
		refuse_word(what, "must be serve or work, and a URL");
	failed = open_desk(argv[next + 1], &self);
	if (!failed)
		failed = is_server ? serve(&self, &whole) : work(&self, idle);
	close_desk(&self);
	return exit_status(failed);
}
