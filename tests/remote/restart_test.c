/* SPDX-License-Identifier: MIT */
/*
 * A Redis server that is killed, and started again with what it has on its disk: a snapshot, or its journal.  Its clients go on
 * by themselves.
 */
#include "remote/lease_fixture.h"

#include <mproc/remote_dict.h>
#include <mproc/remote_list.h>
#include <mproc/remote_lock.h>
#include <mproc/remote_queue.h>
#include <mproc/remote_value.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum {
	WRITERS = 3,
	KILLS = 4,
	/* Of all writers together, from one kill to the next. */
	STEPS = 60,
};

/* What the writers write down. */
typedef struct book {
	_Atomic bool is_over;
	_Atomic uint64_t steps;
	/* The last value that was acknowledged. */
	_Atomic uint64_t acknowledged[WRITERS];
	/* Additions to the counter: those tried, and those acknowledged. */
	_Atomic int64_t tried, added;
	_Atomic int64_t tokens[WRITERS];
} book;

static book *kept;

static void begin(const char *journal)
{
	server_start(&server, &(server_options){.journal = journal});
	check_done(mproc_remote_connect(server.url, NULL, soon(), &remote));
}

static void restart(void)
{
	server_end(&server, SIGKILL);
	server_run(&server);
}

static void save(void)
{
	check_done(mproc_remote_command(remote, 1, (const char *const[]){"SAVE"}, NULL, soon(), NULL));
}

static void check_value(const char *name, const char *expected)
{
	char value[100] = "";

	check_done(mproc_remote_value_get(remote, name, value, sizeof value - 1, soon(), NULL));
	ck_assert_str_eq(value, expected);
}

START_TEST(snapshot_brings_back_what_was_saved)
{
	char *item;
	size_t size;

	begin(NULL);
	check_done(mproc_remote_value_set(remote, "value", "saved", 5, soon()));
	check_done(mproc_remote_dict_set(remote, "dict", "key", 3, "in the dict", 11, soon()));
	check_done(mproc_remote_list_append(remote, "list", "in the list", 11, soon()));
	check_done(mproc_remote_counter_add(remote, "count", 42, soon(), NULL));
	save();
	check_done(mproc_remote_value_set(remote, "value", "later", 5, soon()));
	restart();
	check_value("value", "saved");
	check_value("count", "42");
	check_done(mproc_remote_dict_get_copy(remote, "dict", "key", 3, soon(), (void **)&item, &size));
	ck_assert_str_eq(item, "in the dict");
	free(item);
	check_done(mproc_remote_list_pop_first(remote, "list", soon(), (void **)&item, &size));
	ck_assert_str_eq(item, "in the list");
	free(item);
	stop_server();
}
END_TEST

START_TEST(snapshot_brings_back_a_queue_and_who_owes)
{
	mproc_remote_queue *queue;
	mproc_remote_queue_counts counts;
	mproc_remote_message message;

	begin(NULL);
	check_done(mproc_remote_queue_open(remote, "queue", NULL, &queue));
	check_done(mproc_remote_queue_put(queue, "a", "one", 3, soon(), NULL));
	check_done(mproc_remote_queue_put(queue, "b", "two", 3, soon(), NULL));
	check_done(mproc_remote_queue_get(queue, soon(), &message));
	save();
	restart();
	check_done(mproc_remote_queue_count(queue, soon(), &counts));
	ck_assert_uint_eq(counts.ready, 1);
	ck_assert_uint_eq(counts.owed, 1);
	check_done(mproc_remote_queue_ack(queue, &message, soon()));
	mproc_remote_message_free(&message);
	check_done(mproc_remote_queue_get(queue, soon(), &message));
	ck_assert_str_eq(message.id, "b");
	mproc_remote_message_free(&message);
	queue = mproc_remote_queue_close(queue);
	stop_server();
}
END_TEST

static int64_t take_turn(mproc_remote_lock *lock)
{
	int64_t token;

	check_done(mproc_remote_lock_acquire(lock, soon()));
	token = mproc_remote_lock_token(lock);
	check_done(mproc_remote_lock_release(lock, soon()));
	return token;
}

/* Otherwise who was given the lock after the snapshot would have the token of somebody else. */
START_TEST(tokens_grow_although_the_snapshot_is_older)
{
	mproc_remote_lock *lock;
	int64_t token;

	begin(NULL);
	check_done(mproc_remote_lock_open(remote, "lock", NULL, &lock));
	take_turn(lock);
	save();
	for (int i = 0; i < 10; ++i)
		token = take_turn(lock);
	restart();
	ck_assert_int_gt(take_turn(lock), token);
	lock = mproc_remote_lock_close(lock);
	stop_server();
}
END_TEST

START_TEST(tokens_of_deliveries_grow_although_the_snapshot_is_older)
{
	mproc_remote_queue *queue;
	mproc_remote_message first, second;

	begin(NULL);
	check_done(mproc_remote_queue_open(remote, "queue", NULL, &queue));
	check_done(mproc_remote_queue_put(queue, "a", "one", 3, soon(), NULL));
	check_done(mproc_remote_queue_put(queue, "b", "two", 3, soon(), NULL));
	check_done(mproc_remote_queue_get(queue, soon(), &first));
	check_done(mproc_remote_queue_ack(queue, &first, soon()));
	mproc_remote_message_free(&first);
	save();
	check_done(mproc_remote_queue_get(queue, soon(), &first));
	restart();
	/* Of this delivery the server knows nothing any more. */
	check_done(mproc_remote_queue_get(queue, soon(), &second));
	ck_assert_str_eq(second.id, first.id);
	ck_assert_int_gt(second.token, first.token);
	check_failed(mproc_remote_queue_ack(queue, &first, soon()), -ESTALE, "not owed");
	check_done(mproc_remote_queue_ack(queue, &second, soon()));
	mproc_remote_message_free(&first);
	mproc_remote_message_free(&second);
	queue = mproc_remote_queue_close(queue);
	stop_server();
}
END_TEST

/* Have the next value of a writer's own on the disk.  Returns 0, or what went wrong. */
static int write_next(int writer)
{
	uint64_t next = atomic_load(&kept->acknowledged[writer]) + 1;
	char name[16], text[32];
	int rc;

	snprintf(name, sizeof name, "value%d", writer);
	snprintf(text, sizeof text, "%llu", (unsigned long long)next);
	rc = mproc_remote_value_set(remote, name, text, strlen(text), soon());
	if (rc == 0)
		atomic_store(&kept->acknowledged[writer], next);
	return rc;
}

static int add_one(void)
{
	int rc;

	atomic_fetch_add(&kept->tried, 1);
	rc = mproc_remote_counter_add(remote, "count", 1, soon(), NULL);
	if (rc == 0)
		atomic_fetch_add(&kept->added, 1);
	return rc == -ECONNRESET ? 0 : rc;
}

static int hold(mproc_remote_lock *lock, int writer)
{
	int rc = mproc_remote_lock_acquire(lock, soon());
	int64_t token = mproc_remote_lock_token(lock);

	if (rc < 0)
		return rc;
	if (token <= atomic_load(&kept->tokens[writer]))
		return -EBADMSG;
	atomic_store(&kept->tokens[writer], token);
	rc = mproc_remote_lock_release(lock, soon());
	/* The lease may have ended while there was no server. */
	return rc == -ESTALE || rc == -ECONNRESET ? 0 : rc;
}

static int write_all(void *argument)
{
	int writer = *(int *)argument, rc = 0;
	mproc_remote_lock *lock;

	check_done(mproc_remote_lock_open(remote, "lock", &(mproc_remote_lock_options){.lease = 1}, &lock));
	while (rc == 0 && !atomic_load(&kept->is_over)) {
		rc = write_next(writer);
		rc = rc == 0 ? add_one() : rc;
		rc = rc == 0 ? hold(lock, writer) : rc;
		atomic_fetch_add(&kept->steps, 1);
	}
	mproc_remote_lock_close(lock);
	return rc;
}

static void await_steps(uint64_t count)
{
	uint64_t end = atomic_load(&kept->steps) + count;

	while (atomic_load(&kept->steps) < end)
		poll(NULL, 0, 1);
}

static void check_book(void)
{
	int64_t count;

	for (int i = 0; i < WRITERS; ++i) {
		char name[16], expected[32];

		snprintf(name, sizeof name, "value%d", i);
		snprintf(expected, sizeof expected, "%llu",
			(unsigned long long)atomic_load(&kept->acknowledged[i]));
		check_value(name, expected);
	}
	check_done(mproc_remote_counter_get(remote, "count", soon(), &count));
	ck_assert_int_ge(count, atomic_load(&kept->added));
	ck_assert_int_le(count, atomic_load(&kept->tried));
}

START_TEST(journal_brings_back_all_that_was_acknowledged)
{
	pid_t writers[WRITERS];
	int numbers[WRITERS];

	begin("always");
	kept = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(kept, MAP_FAILED);
	for (int i = 0; i < WRITERS; ++i) {
		numbers[i] = i;
		writers[i] = support_fork(write_all, &numbers[i]);
	}
	for (int i = 0; i < KILLS; ++i) {
		await_steps(STEPS);
		restart();
	}
	await_steps(STEPS);
	atomic_store(&kept->is_over, true);
	for (int i = 0; i < WRITERS; ++i)
		ck_assert_int_eq(support_reap(writers[i]), 0);
	check_book();
	restart();
	check_book();
	munmap(kept, sizeof *kept);
	stop_server();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		snapshot_brings_back_what_was_saved,
		snapshot_brings_back_a_queue_and_who_owes,
		tokens_grow_although_the_snapshot_is_older,
		tokens_of_deliveries_grow_although_the_snapshot_is_older,
		journal_brings_back_all_that_was_acknowledged,
		NULL,
	};

	return support_run_suite(&(support_suite){.name = "restart", .process_tests = tests});
}
