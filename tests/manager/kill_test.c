/* SPDX-License-Identifier: MIT */
/*
 * Managers, their clients and members of the family that are killed, or stand still, where it hurts.
 */
#include "channel/queue.h"
#include "collections/dict.h"
#include "manager/manager.h"
#include "manager/manager_fixture.h"
#include "manager/shown.h"

#include <mproc/remote.h>
#include <mproc/remote_lock.h>
#include <mproc/remote_queue.h>
#include <mproc/remote_semaphore.h>
#include <mproc/remote_value.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MESSAGES = 5,
	OWED = 3,
};

static char directory[32], path[48];
static mproc_remote *remote;

static mproc_deadline soon(void)
{
	return mproc_after(20);
}

/* Where the one before was. */
static void start_at_path(void)
{
	check_ok(mproc_manager_start(&(mproc_manager_options){.path = path}, &manager));
	client = connect_client();
}

static void set_up(void)
{
	strcpy(directory, "/tmp/mproc-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/socket", directory);
	start_at_path();
	check_ok(mproc_remote_connect(mproc_manager_url(manager), NULL, soon(), &remote));
}

static void tear_down(void)
{
	remote = mproc_remote_close(remote);
	stop_manager();
	ck_assert_int_eq(rmdir(directory), 0);
}

static void kill_manager(void)
{
	ck_assert_int_eq(kill(mproc_manager_pid(manager), SIGKILL), 0);
	/* Its end is known when its connections end. */
	ck_assert_ptr_null(redisCommand(client, "PING"));
}

static void start_the_next(void)
{
	stop_manager();
	start_at_path();
}

static int add_one(mproc_deadline deadline)
{
	return mproc_remote_counter_add(remote, "counter", 1, deadline, NULL);
}

static bool is_the_end(int rc)
{
	return rc == -ECONNRESET || rc == -ECONNREFUSED || rc == -ETIMEDOUT;
}

START_TEST(calls_to_a_killed_manager_end_by_their_deadlines_and_go_on_with_the_next)
{
	char value[8];
	int rc;

	check_ok(add_one(soon()));
	kill_manager();
	rc = add_one(mproc_after(0.1));
	ck_assert_msg(is_the_end(rc), "%d: %s", rc, mproc_error_text());
	rc = mproc_remote_value_get(remote, "value", value, sizeof value, mproc_after(0.1), NULL);
	ck_assert_msg(is_the_end(rc), "%d: %s", rc, mproc_error_text());
	rc = add_one(MPROC_NOW);
	ck_assert_msg(is_the_end(rc), "%d: %s", rc, mproc_error_text());
	start_the_next();
	check_ok(add_one(soon()));
	check("GET counter", "1");
}
END_TEST

static int add_patiently(void *unused)
{
	(void)unused;
	return add_one(soon());
}

START_TEST(call_waits_for_the_next_manager)
{
	pid_t patient;

	kill_manager();
	patient = support_fork(add_patiently, NULL);
	start_the_next();
	ck_assert_int_eq(support_reap(patient), 0);
	check("GET counter", "1");
}
END_TEST

static int acquire_lock(void *unused)
{
	static const mproc_remote_lock_options options = {.lease = 3600};
	mproc_remote_lock *lock;
	int rc;

	(void)unused;
	rc = mproc_remote_lock_open(remote, "lock", &options, &lock);
	return rc < 0 ? rc : mproc_remote_lock_acquire(lock, soon());
}

START_TEST(lock_of_a_killed_manager_is_free_at_the_next)
{
	pid_t holder = support_fork_and_keep(acquire_lock, NULL);
	pid_t next = support_fork(acquire_lock, NULL);

	kill_manager();
	start_the_next();
	ck_assert_int_eq(support_reap(next), 0);
	support_kill(holder);
}
END_TEST

START_TEST(lock_of_a_killed_client_is_given_to_who_waits)
{
	pid_t holder = support_fork_and_keep(acquire_lock, NULL);
	pid_t next = support_fork(acquire_lock, NULL);

	support_kill(holder);
	ck_assert_int_eq(support_reap(next), 0);
}
END_TEST

static int hold_permit(void *unused)
{
	static const mproc_remote_semaphore_options options = {.permits = 2, .lease = 3600};
	mproc_remote_semaphore *semaphore;
	int rc;

	(void)unused;
	rc = mproc_remote_semaphore_open(remote, "semaphore", &options, &semaphore);
	return rc < 0 ? rc : mproc_remote_semaphore_acquire(semaphore, soon());
}

START_TEST(permit_of_a_killed_client_is_given_to_who_waits)
{
	pid_t first = support_fork_and_keep(hold_permit, NULL);
	pid_t second = support_fork_and_keep(hold_permit, NULL);
	pid_t third = support_fork(hold_permit, NULL);

	support_kill(first);
	ck_assert_int_eq(support_reap(third), 0);
	support_kill(second);
}
END_TEST

static int owe_some(void *unused)
{
	static const mproc_remote_queue_options options = {.lease = 3600};
	mproc_remote_message messages[OWED];
	mproc_remote_queue *queue;
	size_t count = 0;
	int rc;

	(void)unused;
	rc = mproc_remote_queue_open(remote, "queue", &options, &queue);
	if (rc == 0)
		rc = mproc_remote_queue_get_many(queue, OWED, soon(), messages, &count);
	return rc < 0 ? rc : (int)(OWED - count);
}

START_TEST(messages_of_a_killed_client_come_back_in_their_order)
{
	mproc_remote_queue *queue;
	pid_t debtor;

	check_ok(mproc_remote_queue_open(remote, "queue", NULL, &queue));
	for (char i = 0; i < MESSAGES; ++i)
		check_ok(mproc_remote_queue_put(queue, NULL, &i, 1, soon(), NULL));
	debtor = support_fork_and_keep(owe_some, NULL);
	support_kill(debtor);
	for (char i = 0; i < MESSAGES; ++i) {
		mproc_remote_message message;

		check_ok(mproc_remote_queue_get(queue, soon(), &message));
		ck_assert_int_eq(*(const char *)message.data, i);
		ck_assert_uint_eq(message.deliveries, i < OWED ? 2 : 1);
		check_ok(mproc_remote_queue_ack(queue, &message, soon()));
		mproc_remote_message_free(&message);
	}
	queue = mproc_remote_queue_close(queue);
}
END_TEST

/* A holder that stands still has the lock until its lease ends, and is told when it goes on. */
static int hold_briefly_and_stop(void *unused)
{
	static const mproc_remote_lock_options options = {.lease = 0.05};
	mproc_remote_lock *lock;
	int rc;

	(void)unused;
	rc = mproc_remote_lock_open(remote, "lock", &options, &lock);
	if (rc == 0)
		rc = mproc_remote_lock_acquire(lock, soon());
	if (rc < 0)
		return rc;
	raise(SIGSTOP);
	return mproc_remote_lock_release(lock, soon()) == -ESTALE ? 0 : EPROTO;
}

static void await_stop(pid_t pid)
{
	siginfo_t info;

	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
}

START_TEST(lock_of_a_client_that_stands_still_is_free_after_its_lease)
{
	pid_t holder = support_fork(hold_briefly_and_stop, NULL);
	mproc_remote_lock *lock;

	await_stop(holder);
	check_ok(mproc_remote_lock_open(remote, "lock", NULL, &lock));
	check_ok(mproc_remote_lock_acquire(lock, soon()));
	ck_assert_int_eq(kill(holder, SIGCONT), 0);
	ck_assert_int_eq(support_reap(holder), 0);
	check_ok(mproc_remote_lock_release(lock, soon()));
	lock = mproc_remote_lock_close(lock);
}
END_TEST

START_TEST(manager_that_stands_still_is_not_waited_for_beyond_the_deadline)
{
	char value[8];
	size_t size;
	int rc;

	check("SET first one", "OK");
	check("SET second two", "OK");
	support_stop(mproc_manager_pid(manager));
	for (int i = 0; i < 3; ++i) {
		rc = mproc_remote_value_get(remote, "first", value, sizeof value, mproc_after(0.05), NULL);
		ck_assert_msg(rc == -ETIMEDOUT, "%d: %s", rc, mproc_error_text());
	}
	support_go_on(mproc_manager_pid(manager));
	/* What was asked for before is answered now, and is no answer to this. */
	check_ok(mproc_remote_value_get(remote, "second", value, sizeof value, soon(), &size));
	ck_assert_uint_eq(size, 3);
	ck_assert(memcmp(value, "two", 3) == 0);
}
END_TEST

static int lock_dict(void *dict)
{
	return mproci_dict_lock_all(dict);
}

START_TEST(somebody_inside_of_the_registry_stops_no_client)
{
	_Atomic int64_t *number = mproc_calloc(1, sizeof *number);
	pid_t holder = support_fork_and_keep(lock_dict, manager->registry.names);

	/* As one does who shows something. */
	atomic_fetch_add(&manager->registry.asked, 1);
	mproci_event_count_notify(&manager->registry.asking);
	check("SET name 1", "OK");
	for (int i = 0; i < 200; ++i)
		check("GET name", "1");
	support_kill(holder);
	check_ok(mproc_manager_show_number(manager, "number", number));
	check("INCR number", "1");
	check_ok(mproc_manager_hide(manager, "number"));
	mproc_free((void *)(uintptr_t)number);
}
END_TEST

static int lock_producers(void *queue)
{
	return mproci_queue_lock_producers(queue, MPROC_FOREVER);
}

static int lock_consumers(void *queue)
{
	return mproci_queue_lock_consumers(queue, MPROC_FOREVER);
}

static mproc_queue *queue;

static void show_queue(void)
{
	check_ok(mproc_queue_create(&(mproc_queue_options){.acknowledged = true}, &queue));
	check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_BYTES));
}

static void hide_queue(void)
{
	check_ok(mproc_manager_hide(manager, "queue"));
	mproc_queue_destroy(queue);
}

/* While somebody stands still in a queue, who wants to go past him waits, and nobody else; one who owes may hang up. */
static void check_queue_served(support_deed *lock, const char *asked, const char *answer)
{
	redisContext *debtor = connect_client(), *other = connect_client();
	pid_t holder;

	show_queue();
	check("RPUSH queue a b", "2");
	check_asked(debtor, "LPOP queue", "a");
	holder = support_fork_and_keep(lock, queue);
	ask(client, asked);
	redisFree(debtor);
	for (int i = 0; i < 200; ++i)
		check_asked(other, "SET other 1", "OK");
	support_kill(holder);
	check_answer(client, answer);
	redisFree(other);
	hide_queue();
}

START_TEST(somebody_who_puts_into_a_queue_stops_nobody)
{
	check_queue_served(lock_producers, "RPUSH queue c", "3");
}
END_TEST

START_TEST(somebody_who_gets_from_a_queue_stops_nobody)
{
	check_queue_served(lock_consumers, "LPOP queue", "a");
}
END_TEST

/* The same of one that is empty, and waited for. */
static void check_waiting_served(support_deed *lock)
{
	redisContext *other = connect_client();
	pid_t holder;

	show_queue();
	holder = support_fork_and_keep(lock, queue);
	ask(client, "BLPOP queue 0");
	for (int i = 0; i < 200; ++i)
		check_asked(other, "LLEN queue", "0");
	support_kill(holder);
	check_ok(mproc_queue_put(queue, "a", 1, soon()));
	check_answer(client, "[queue a]");
	redisFree(other);
	hide_queue();
}

START_TEST(somebody_who_puts_into_an_empty_queue_stops_nobody)
{
	check_waiting_served(lock_producers);
}
END_TEST

START_TEST(somebody_who_gets_from_an_empty_queue_stops_nobody)
{
	check_waiting_served(lock_consumers);
}
END_TEST

/* Ask for a command, or a function, with as few arguments as it takes. */
static redisContext *ask_for(const mproci_shown_command *command)
{
	const char *of_command[8] = {command->name, "shown", "1", "1", "1", "1", "1", "1"};
	const char *of_function[8] = {"FCALL", command->name, "1", "shown", "1", "1", "1", "1"};
	bool is_function = strncmp(command->name, "MPROC_", 6) == 0;
	redisContext *asker = connect_client();

	ck_assert_uint_le(command->least, 8);
	redisAppendCommandArgv(asker, (int)command->least, is_function ? of_function : of_command, NULL);
	ask(asker, "PING");
	return asker;
}

/* Every command of its kind, each by a client of its own, while somebody stands still inside. */
static void check_all_served(support_deed *lock, void *object, const mproci_shown_command *commands)
{
	redisContext *askers[64];
	pid_t holder = support_fork_and_keep(lock, object);
	size_t count = 0;

	for (; commands[count].name != NULL; ++count) {
		ck_assert_uint_lt(count, sizeof askers / sizeof *askers);
		askers[count] = ask_for(&commands[count]);
		for (int i = 0; i < 20; ++i)
			check("SET other 1", "OK");
	}
	support_kill(holder);
	check("PING", "PONG");
	while (count-- > 0)
		redisFree(askers[count]);
	check_ok(mproc_manager_hide(manager, "shown"));
}

static int lock_value(void *value)
{
	return mproc_value_lock(value, MPROC_FOREVER);
}

START_TEST(no_command_of_a_value_waits_for_who_is_inside)
{
	int64_t *value = mproc_value_create(sizeof *value, NULL);

	check_ok(mproc_manager_show_value(manager, "shown", value, sizeof *value, MPROC_SHOWN_INT64));
	check_all_served(lock_value, value, mproci_shown_string_commands);
	mproc_value_destroy(value);
}
END_TEST

START_TEST(no_command_of_an_array_waits_for_who_is_inside)
{
	int64_t *array = mproc_array_create(4, sizeof *array, NULL);

	check_ok(mproc_manager_show_array(manager, "shown", array, sizeof *array, MPROC_SHOWN_INT64));
	check_all_served(lock_value, array, mproci_shown_array_commands);
	mproc_value_destroy(array);
}
END_TEST

START_TEST(no_command_of_a_dict_waits_for_who_is_inside)
{
	mproc_dict *dict;

	check_ok(mproc_dict_create(NULL, &dict));
	check_ok(mproc_dict_set(dict, "1", 1, "1", 1));
	check_ok(mproc_manager_show_dict(manager, "shown", dict, MPROC_SHOWN_BYTES));
	check_all_served(lock_dict, dict, mproci_shown_dict_commands);
	mproc_dict_destroy(dict);
}
END_TEST

START_TEST(no_command_of_a_queue_waits_for_who_is_inside)
{
	check_ok(mproc_queue_create(&(mproc_queue_options){.acknowledged = true}, &queue));
	check_ok(mproc_manager_show_queue(manager, "shown", queue, MPROC_SHOWN_BYTES));
	check_all_served(lock_producers, queue, mproci_shown_queue_commands);
	check_ok(mproc_manager_show_queue(manager, "shown", queue, MPROC_SHOWN_BYTES));
	check_all_served(lock_consumers, queue, mproci_shown_queue_commands);
	mproc_queue_destroy(queue);
}
END_TEST

START_TEST(next_manager_shows_what_the_killed_one_did)
{
	mproc_dict *dict;

	check_ok(mproc_dict_create(NULL, &dict));
	check_ok(mproc_manager_show_dict(manager, "dict", dict, MPROC_SHOWN_INT64));
	check("HINCRBY dict key 5", "5");
	kill_manager();
	start_the_next();
	check_ok(mproc_manager_show_dict(manager, "dict", dict, MPROC_SHOWN_INT64));
	check("HINCRBY dict key 5", "10");
	check_ok(mproc_manager_hide(manager, "dict"));
	mproc_dict_destroy(dict);
}
END_TEST

/* Where somebody who will be killed notes where his manager is. */
static char *noted;

static int start_another(void *unused)
{
	mproc_manager *own;
	int rc = mproc_manager_start(NULL, &own);

	(void)unused;
	if (rc == 0)
		snprintf(noted, 128, "%s", mproc_manager_url(own));
	return rc;
}

START_TEST(manager_goes_with_a_starter_that_is_killed)
{
	mproc_process *starter;
	mproc_manager *next;
	mproc_remote *to_it;
	int rc;

	noted = mproc_calloc(1, 128);
	starter = support_start_and_keep(start_another, NULL);
	check_ok(mproc_remote_connect(noted, NULL, soon(), &to_it));
	support_kill_and_join(starter);
	do
		rc = mproc_remote_exists(to_it, "name", mproc_after(0.01));
	while (rc == 0);
	ck_assert_msg(is_the_end(rc), "%d: %s", rc, mproc_error_text());
	to_it = mproc_remote_close(to_it);
	/* What it has left goes with the next one, at the latest. */
	check_ok(mproc_manager_start(NULL, &next));
	next = mproc_manager_stop(next);
	ck_assert_int_eq(access(noted + strlen("unix:"), F_OK), -1);
	mproc_free(noted);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {NULL};
	const TTest *process_tests[] = {
		calls_to_a_killed_manager_end_by_their_deadlines_and_go_on_with_the_next,
		call_waits_for_the_next_manager,
		lock_of_a_killed_manager_is_free_at_the_next,
		lock_of_a_killed_client_is_given_to_who_waits,
		permit_of_a_killed_client_is_given_to_who_waits,
		messages_of_a_killed_client_come_back_in_their_order,
		lock_of_a_client_that_stands_still_is_free_after_its_lease,
		manager_that_stands_still_is_not_waited_for_beyond_the_deadline,
		somebody_inside_of_the_registry_stops_no_client,
		somebody_who_puts_into_a_queue_stops_nobody,
		somebody_who_gets_from_a_queue_stops_nobody,
		somebody_who_puts_into_an_empty_queue_stops_nobody,
		somebody_who_gets_from_an_empty_queue_stops_nobody,
		no_command_of_a_value_waits_for_who_is_inside,
		no_command_of_an_array_waits_for_who_is_inside,
		no_command_of_a_dict_waits_for_who_is_inside,
		no_command_of_a_queue_waits_for_who_is_inside,
		next_manager_shows_what_the_killed_one_did,
		manager_goes_with_a_starter_that_is_killed,
		NULL,
	};
	const support_suite suite = {
		.name = "kill",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = set_up,
		.teardown = tear_down,
	};

	return support_run_suite(&suite);
}
