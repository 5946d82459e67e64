/* SPDX-License-Identifier: MIT */
/*
 * Several producers and consumers, which are killed anywhere, as is the server: what goes in comes out, and what comes out
 * again says so.
 */
#include "remote/lease_fixture.h"

#include <mproc/random.h>
#include <mproc/remote_queue.h>
#include <sys/mman.h>

enum {
	PRODUCERS = 2,
	CONSUMERS = 3,
	EACH = 300,
	ALL = PRODUCERS * EACH,
	KILLS = 40,
	RESTARTS = 5,
};

/* What everybody writes down. */
typedef struct book {
	/* Deliveries in all, those that said they were the first, and acknowledgements that were accepted. */
	_Atomic uint32_t deliveries[ALL], firsts[ALL], acks[ALL];
	_Atomic uint32_t steps;
	/* Producers that have put everything. */
	_Atomic uint32_t done[PRODUCERS];
} book;

static book *kept;
static mproc_remote_queue *queue;

static void set_up(void)
{
	start_server();
	check_done(mproc_remote_queue_open(
		remote, "queue", &(mproc_remote_queue_options){.lease = 0.2, .max_messages = 50}, &queue));
	kept = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(kept, MAP_FAILED);
}

static void tear_down(void)
{
	munmap(kept, sizeof *kept);
	queue = mproc_remote_queue_close(queue);
	stop_server();
}

/* Put all of a producer's, from the first: who replaces a killed one does not know how far that came. */
static int produce(void *argument)
{
	int producer = *(int *)argument;

	for (int i = producer * EACH; i < (producer + 1) * EACH; ++i) {
		char id[16];
		int rc;

		snprintf(id, sizeof id, "%d", i);
		rc = mproc_remote_queue_put(queue, id, &i, sizeof i, soon(), NULL);
		if (rc < 0)
			return rc;
		atomic_fetch_add(&kept->steps, 1);
	}
	atomic_store(&kept->done[producer], 1);
	return 0;
}

static int consume(void *argument)
{
	mproc_remote_message message;
	int rc;

	(void)argument;
	for (;;) {
		rc = mproc_remote_queue_get(queue, soon(), &message);
		if (rc < 0)
			return rc;
		int i = *(const int *)message.data;

		atomic_fetch_add(&kept->deliveries[i], 1);
		if (message.deliveries == 1)
			atomic_fetch_add(&kept->firsts[i], 1);
		rc = mproc_remote_queue_ack(queue, &message, soon());
		if (rc == 0)
			atomic_fetch_add(&kept->acks[i], 1);
		else if (rc != -ESTALE)
			return rc;
		mproc_remote_message_free(&message);
		atomic_fetch_add(&kept->steps, 1);
	}
}

static bool is_all_done(void)
{
	mproc_remote_queue_counts counts;

	for (int i = 0; i < PRODUCERS; ++i) {
		if (atomic_load(&kept->done[i]) == 0)
			return false;
	}
	check_done(mproc_remote_queue_count(queue, soon(), &counts));
	return counts.ready == 0 && counts.owed == 0;
}

static void check_book(void)
{
	for (int i = 0; i < ALL; ++i) {
		ck_assert_msg(kept->deliveries[i] > 0, "message %d is lost", i);
		ck_assert_msg(kept->firsts[i] <= 1, "message %d came twice, and did not say so", i);
		ck_assert_msg(kept->acks[i] <= 1, "message %d was acknowledged %u times", i, kept->acks[i]);
	}
}

/* Wait until somebody has come a little further: so that the kills are spread over the whole of it. */
static void let_work(mproc_random *random, int most)
{
	uint32_t aim = atomic_load(&kept->steps) + 1 + (uint32_t)mproc_random_integer(random, 0, most);

	while (atomic_load(&kept->steps) < aim && !is_all_done())
		poll(NULL, 0, 1);
}

/* Kill a producer, which may have put everything. */
static void kill_producer(pid_t pid)
{
	int code;

	kill(pid, SIGKILL);
	code = support_reap(pid);
	ck_assert_msg(code == 0 || code == -SIGKILL, "a producer ended with %d", code);
}

static void begin(pid_t producers[PRODUCERS], pid_t consumers[CONSUMERS])
{
	static int numbers[PRODUCERS];

	for (int i = 0; i < PRODUCERS; ++i) {
		numbers[i] = i;
		producers[i] = support_fork(produce, &numbers[i]);
	}
	for (int i = 0; i < CONSUMERS; ++i)
		consumers[i] = support_fork(consume, NULL);
}

static void finish(const pid_t producers[PRODUCERS], const pid_t consumers[CONSUMERS])
{
	for (int i = 0; i < PRODUCERS; ++i)
		ck_assert_int_eq(support_reap(producers[i]), 0);
	while (!is_all_done())
		poll(NULL, 0, 5);
	for (int i = 0; i < CONSUMERS; ++i)
		support_kill(consumers[i]);
	check_book();
}

START_TEST(nothing_is_lost_or_doubled_when_people_are_killed)
{
	mproc_random random;
	pid_t producers[PRODUCERS], consumers[CONSUMERS];

	mproc_random_init(&random, 7, 0);
	begin(producers, consumers);
	for (int kill = 0; kill < KILLS; ++kill) {
		int one = (int)mproc_random_integer(&random, 0, PRODUCERS + CONSUMERS - 1);

		let_work(&random, 2 * ALL / KILLS);
		if (one < PRODUCERS) {
			kill_producer(producers[one]);
			producers[one] = support_fork(produce, &one);
		} else {
			support_kill(consumers[one - PRODUCERS]);
			consumers[one - PRODUCERS] = support_fork(consume, NULL);
		}
	}
	finish(producers, consumers);
}
END_TEST

START_TEST(nothing_is_lost_or_doubled_when_the_server_is_killed)
{
	mproc_random random;
	pid_t producers[PRODUCERS], consumers[CONSUMERS];

	mproc_random_init(&random, 8, 0);
	begin(producers, consumers);
	for (int kill = 0; kill < RESTARTS; ++kill) {
		let_work(&random, 2 * ALL / RESTARTS);
		server_end(&server, SIGKILL);
		server_run(&server);
	}
	finish(producers, consumers);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		nothing_is_lost_or_doubled_when_people_are_killed,
		NULL,
	};
	/* What a manager keeps is in memory. */
	const TTest *redis[] = {
		nothing_is_lost_or_doubled_when_the_server_is_killed,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "queue_crowd",
		.process_tests = server_choose(tests, redis, NULL),
		.setup = set_up,
		.teardown = tear_down,
	});
}
