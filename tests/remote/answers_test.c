/* SPDX-License-Identifier: MIT */
/*
 * What each call answers when the server breaks off, has no memory, is starting, cannot write, or talks nonsense: a server that
 * gives the same answer to whatever it is asked.
 */
#include "people.h"
#include "support.h"
#include "sys/kernel_fixture.h"

#include <errno.h>
#include <mproc-net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Instead of an answer. */
static const char BREAK[] = "break", SILENCE[] = "silence";
static const char FULL[] = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
static const char STARTING[] = "-LOADING Redis is loading the dataset in memory\r\n";
static const char NO_DISK[] = "-MISCONF Redis is configured to save RDB snapshots, but cannot\r\n";
static const char NONSENSE[] = "*1\r\n*1\r\n$1\r\nx\r\n";
/* A text of 100000 bytes. */
static char LARGE[100012];
static const char SUBSCRIBED[] = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";

static char folder[] = "/tmp/mproc-answers-XXXXXX";
static char path[64], url[80];
static int listening = -1;
static support_thread server;

/* Of all connections, and what follows the subscription to a channel. */
static const char *_Atomic answer = "", *_Atomic message = "";

static mproc_remote *remote;
static mproc_remote_queue *queue;
static mproc_remote_subscription *subscription;

static mproc_deadline soon(void)
{
	return mproc_after(0.1);
}

static void say(int socket, const char *text)
{
	for (size_t sent = 0, size = strlen(text); sent < size;) {
		ssize_t count = send(socket, text + sent, size - sent, MSG_NOSIGNAL);

		if (count <= 0)
			return;
		sent += (size_t)count;
	}
}

/* Returns whether the connection is to go on. */
static bool answer_one(int socket, const char *asked)
{
	if (strstr(asked, "PING") != NULL) {
		say(socket, "+PONG\r\n");
	} else if (strstr(asked, "SUBSCRIBE") != NULL && answer != FULL) {
		say(socket, SUBSCRIBED);
		if (message == BREAK)
			return false;
		say(socket, message);
	} else if (answer == BREAK) {
		return false;
	} else if (answer != SILENCE) {
		/* Each command that came begins a line with a star. */
		for (const char *line = asked; line != NULL; line = strstr(line + 1, "\r\n*"))
			say(socket, answer);
	}
	return true;
}

static void *serve_one(void *argument)
{
	static _Thread_local char asked[65536];
	int socket = *(int *)argument;
	ssize_t size;

	free(argument);
	while ((size = recv(socket, asked, sizeof asked - 1, 0)) > 0) {
		asked[size] = '\0';
		if (!answer_one(socket, asked))
			break;
	}
	close(socket);
	return NULL;
}

static int serve(void *unused)
{
	int socket;

	(void)unused;
	while ((socket = accept(listening, NULL, NULL)) >= 0) {
		int *copy = malloc(sizeof *copy);
		pthread_t thread;

		*copy = socket;
		if (pthread_create(&thread, NULL, serve_one, copy) != 0)
			return 1;
		pthread_detach(thread);
	}
	return 0;
}

static void start_server(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/socket", folder);
	snprintf(url, sizeof url, "unix:%s", path);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listening, 8), 0);
	support_begin(&server, serve, NULL);
}

static void stop_server(void)
{
	shutdown(listening, SHUT_RDWR);
	ck_assert_int_eq(support_end(&server), 0);
	close(listening);
	unlink(path);
	rmdir(folder);
}

/* The calls. */

static void *bytes;
static size_t size;
static int64_t number;
static double score;
static mproc_snapshot *snapshot;
static mproc_remote_message messages[2];

static int dict_set(void)
{
	return mproc_remote_dict_set(remote, "d", "k", 1, "v", 1, soon());
}

static int dict_set_if_absent(void)
{
	return mproc_remote_dict_set_if_absent(remote, "d", "k", 1, "v", 1, soon());
}

static int dict_compare_and_set(void)
{
	return mproc_remote_dict_compare_and_set(remote, "d", "k", 1, "v", 1, "w", 1, soon());
}

static int dict_set_fenced(void)
{
	return mproc_remote_dict_set_fenced(remote, "d", "k", 1, "v", 1, 7, soon());
}

static int dict_add(void)
{
	return mproc_remote_dict_add(remote, "d", "k", 1, 7, soon(), &number);
}

static int dict_get_copy(void)
{
	return mproc_remote_dict_get_copy(remote, "d", "k", 1, soon(), &bytes, &size);
}

static int dict_pop(void)
{
	return mproc_remote_dict_pop(remote, "d", "k", 1, soon(), &bytes, &size);
}

static int dict_delete(void)
{
	return mproc_remote_dict_delete(remote, "d", "k", 1, soon());
}

static int dict_snapshot(void)
{
	return mproc_remote_dict_snapshot(remote, "d", soon(), &snapshot);
}

static int list_append(void)
{
	return mproc_remote_list_append(remote, "l", "i", 1, soon());
}

static int list_prepend(void)
{
	return mproc_remote_list_prepend(remote, "l", "i", 1, soon());
}

static int list_insert(void)
{
	return mproc_remote_list_insert(remote, "l", 1, "i", 1, soon());
}

static int list_set(void)
{
	return mproc_remote_list_set(remote, "l", 1, "i", 1, soon());
}

static int list_get_copy(void)
{
	return mproc_remote_list_get_copy(remote, "l", 1, soon(), &bytes, &size);
}

static int list_pop(void)
{
	return mproc_remote_list_pop(remote, "l", 1, soon(), &bytes, &size);
}

static int list_pop_first(void)
{
	return mproc_remote_list_pop_first(remote, "l", soon(), &bytes, &size);
}

static int list_pop_last(void)
{
	return mproc_remote_list_pop_last(remote, "l", soon(), &bytes, &size);
}

static int list_delete(void)
{
	return mproc_remote_list_delete(remote, "l", 1, soon());
}

static int list_slice(void)
{
	return mproc_remote_list_slice(remote, "l", 0, 7, soon(), &snapshot);
}

static int queue_get(void)
{
	return mproc_remote_queue_get(queue, soon(), &messages[0]);
}

static int queue_get_many(void)
{
	return mproc_remote_queue_get_many(queue, 2, soon(), messages, &size);
}

static int queue_dead(void)
{
	return mproc_remote_queue_dead(queue, 2, soon(), messages, &size);
}

static int queue_put_too_much(void)
{
	const mproc_remote_message large = {.data = LARGE, .size = (size_t)1 << 40};

	return mproc_remote_queue_put_many(queue, &large, 1, soon(), &size);
}

static int queue_give_back_nothing(void)
{
	return mproc_remote_queue_give_back(queue, NULL, soon());
}

static int queue_extend_nothing(void)
{
	return mproc_remote_queue_extend(queue, NULL, soon());
}

static int set_add(void)
{
	return mproc_remote_set_add(remote, "s", "i", 1, soon());
}

static int set_remove(void)
{
	return mproc_remote_set_remove(remote, "s", "i", 1, soon());
}

static int set_snapshot(void)
{
	return mproc_remote_set_snapshot(remote, "s", soon(), &snapshot);
}

static int sorted_set_add(void)
{
	return mproc_remote_sorted_set_add(remote, "z", "m", 1, 7, soon());
}

static int sorted_set_increment(void)
{
	return mproc_remote_sorted_set_increment(remote, "z", "m", 1, 7, soon(), &score);
}

static int sorted_set_remove(void)
{
	return mproc_remote_sorted_set_remove(remote, "z", "m", 1, soon());
}

static int sorted_set_by_rank(void)
{
	return mproc_remote_sorted_set_range_by_rank(remote, "z", 0, 7, soon(), &snapshot);
}

static int sorted_set_by_score(void)
{
	return mproc_remote_sorted_set_range_by_score(remote, "z", 0, 7, 7, soon(), &snapshot);
}

static int sorted_set_pop_lowest(void)
{
	return mproc_remote_sorted_set_pop_lowest(remote, "z", soon(), &bytes, &size, &score);
}

static int value_set_if_absent(void)
{
	return mproc_remote_value_set_if_absent(remote, "v", "x", 1, soon());
}

static int value_compare_and_set(void)
{
	return mproc_remote_value_compare_and_set(remote, "v", "x", 1, "y", 1, soon());
}

static int value_compare_and_delete(void)
{
	return mproc_remote_value_compare_and_delete(remote, "v", "x", 1, soon());
}

static int value_exchange(void)
{
	return mproc_remote_value_exchange(remote, "v", "x", 1, soon(), &bytes, &size);
}

static int subscribe(void)
{
	return mproc_remote_subscribe(remote, "c", soon(), &subscription);
}

static int open_watch(void)
{
	mproc_remote_watch *watch;

	return mproc_remote_watch_open(remote, "f", soon(), &watch);
}

static int exists(void)
{
	return mproc_remote_exists(remote, "v", soon());
}

static int run_commands(void)
{
	const char *const arguments[] = {"GET", "v"};
	mproc_remote_command_line line = {.count = 2, .arguments = arguments};
	mproc_remote_reply *reply;

	return mproc_remote_commands(remote, &line, 1, soon(), &reply);
}

typedef struct conversation {
	const char *answer;
	int code;
	const char *name;
	int (*call)(void);
} conversation;

#define CALL(call) #call, call

static const conversation conversations[] = {
	{BREAK, -ECONNRESET, CALL(dict_set_if_absent)},
	{BREAK, -ECONNRESET, CALL(dict_compare_and_set)},
	{BREAK, -ECONNRESET, CALL(dict_add)},
	{BREAK, -ECONNRESET, CALL(dict_pop)},
	{BREAK, -ECONNRESET, CALL(dict_delete)},
	{BREAK, -ECONNRESET, CALL(list_append)},
	{BREAK, -ECONNRESET, CALL(list_prepend)},
	{BREAK, -ECONNRESET, CALL(list_insert)},
	{BREAK, -ECONNRESET, CALL(list_pop)},
	{BREAK, -ECONNRESET, CALL(list_pop_first)},
	{BREAK, -ECONNRESET, CALL(list_pop_last)},
	{BREAK, -ECONNRESET, CALL(list_delete)},
	{BREAK, -ECONNRESET, CALL(set_add)},
	{BREAK, -ECONNRESET, CALL(set_remove)},
	{BREAK, -ECONNRESET, CALL(sorted_set_increment)},
	{BREAK, -ECONNRESET, CALL(sorted_set_remove)},
	{BREAK, -ECONNRESET, CALL(sorted_set_pop_lowest)},
	{BREAK, -ECONNRESET, CALL(value_set_if_absent)},
	{BREAK, -ECONNRESET, CALL(value_compare_and_set)},
	{BREAK, -ECONNRESET, CALL(value_compare_and_delete)},
	{BREAK, -ECONNRESET, CALL(value_exchange)},
	{FULL, -ENOMEM, CALL(dict_set)},
	{FULL, -ENOMEM, CALL(dict_set_if_absent)},
	{FULL, -ENOMEM, CALL(dict_compare_and_set)},
	{FULL, -ENOMEM, CALL(dict_set_fenced)},
	{FULL, -ENOMEM, CALL(dict_add)},
	{FULL, -ENOMEM, CALL(dict_get_copy)},
	{FULL, -ENOMEM, CALL(dict_pop)},
	{FULL, -ENOMEM, CALL(dict_snapshot)},
	{FULL, -ENOMEM, CALL(list_append)},
	{FULL, -ENOMEM, CALL(list_prepend)},
	{FULL, -ENOMEM, CALL(list_insert)},
	{FULL, -ENOMEM, CALL(list_set)},
	{FULL, -ENOMEM, CALL(list_get_copy)},
	{FULL, -ENOMEM, CALL(list_pop)},
	{FULL, -ENOMEM, CALL(list_pop_first)},
	{FULL, -ENOMEM, CALL(list_pop_last)},
	{FULL, -ENOMEM, CALL(list_slice)},
	{FULL, -ENOMEM, CALL(queue_get)},
	{FULL, -ENOMEM, CALL(queue_get_many)},
	{FULL, -ENOMEM, CALL(queue_dead)},
	{FULL, -ENOMEM, CALL(set_add)},
	{FULL, -ENOMEM, CALL(set_snapshot)},
	{FULL, -ENOMEM, CALL(sorted_set_add)},
	{FULL, -ENOMEM, CALL(sorted_set_increment)},
	{FULL, -ENOMEM, CALL(sorted_set_by_rank)},
	{FULL, -ENOMEM, CALL(sorted_set_by_score)},
	{FULL, -ENOMEM, CALL(sorted_set_pop_lowest)},
	{FULL, -ENOMEM, CALL(exists)},
	{FULL, -ENOMEM, CALL(subscribe)},
	{FULL, -ENOMEM, CALL(open_watch)},
	{LARGE, -EMSGSIZE, CALL(list_slice)},
	{LARGE, -EMSGSIZE, CALL(set_snapshot)},
	{LARGE, -EMSGSIZE, CALL(sorted_set_by_rank)},
	{LARGE, -EMSGSIZE, CALL(sorted_set_by_score)},
	{LARGE, -EMSGSIZE, CALL(queue_get_many)},
	{SILENCE, -EMSGSIZE, CALL(queue_put_too_much)},
	{STARTING, -EAGAIN, CALL(exists)},
	{NO_DISK, -EIO, CALL(exists)},
	{NONSENSE, -EBADMSG, CALL(exists)},
	{SILENCE, -ETIMEDOUT, CALL(run_commands)},
	{SILENCE, -ETIMEDOUT, CALL(queue_get_many)},
	{SILENCE, -EINVAL, CALL(queue_give_back_nothing)},
	{SILENCE, -EINVAL, CALL(queue_extend_nothing)},
};

/* By a connection of its own. */
static int hold(const conversation *it)
{
	const mproc_remote_options options = {.largest_reply = 65536};
	int rc;

	ck_assert_int_eq(mproc_remote_connect(url, &options, mproc_after(10), &remote), 0);
	ck_assert_int_eq(mproc_remote_queue_open(remote, "queue", NULL, &queue), 0);
	answer = it->answer;
	rc = it->call();
	queue = mproc_remote_queue_close(queue);
	remote = mproc_remote_close(remote);
	if (rc != it->code)
		fprintf(stderr, "%s: %d instead of %d: %s\n", it->name, rc, it->code, mproc_error_text());
	return rc == it->code ? 0 : 1;
}

START_TEST(each_call_tells_what_the_server_answered)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof conversations / sizeof *conversations; ++i)
		failed += hold(&conversations[i]);
	ck_assert_int_eq(failed, 0);
}
END_TEST

static void open_subscription(const char *pushed)
{
	message = pushed;
	ck_assert_int_eq(mproc_remote_connect(url, NULL, mproc_after(10), &remote), 0);
	ck_assert_int_eq(mproc_remote_subscribe(remote, "c", mproc_after(10), &subscription), 0);
}

static void close_subscription(void)
{
	subscription = mproc_remote_subscription_close(subscription);
	remote = mproc_remote_close(remote);
}

/* What this process lacks: in one of its own, for there is no way back. */

/* Only there with AddressSanitizer, which ends a process that gets no memory. */
extern void __asan_init(void) __attribute__((weak));

static void use_up_memory(void)
{
	limit(RLIMIT_AS, 1);
	for (size_t each = 1 << 20; each >= 16; each /= 2)
		while (malloc(each) != NULL)
			;
}

static int open_lock(void)
{
	mproc_remote_lock *lock;

	return mproc_remote_lock_open(remote, "lock", NULL, &lock);
}

static int open_semaphore(void)
{
	mproc_remote_semaphore *semaphore;

	return mproc_remote_semaphore_open(remote, "semaphore", NULL, &semaphore);
}

static int open_queue(void)
{
	return mproc_remote_queue_open(remote, "another", NULL, &queue);
}

static int wait_for_event(void)
{
	return mproc_remote_event_wait(remote, "f", soon());
}

static const conversation poverty[] = {
	{NULL, -ENOMEM, CALL(open_lock)},
	{NULL, -ENOMEM, CALL(open_semaphore)},
	{NULL, -ENOMEM, CALL(open_queue)},
	{NULL, -EMFILE, CALL(subscribe)},
	{NULL, -ENFILE, CALL(subscribe)},
	{NULL, -EMFILE, CALL(open_watch)},
	{NULL, -ENFILE, CALL(open_watch)},
	{NULL, -EMFILE, CALL(wait_for_event)},
	{NULL, -ENFILE, CALL(wait_for_event)},
};

static int be_poor(void *argument)
{
	const conversation *it = argument;
	int rc;

	if (mproc_remote_connect(url, NULL, mproc_after(10), &remote) != 0)
		return 100;
	if (it->code == -ENOMEM)
		use_up_memory();
	else if (it->code == -EMFILE)
		limit(RLIMIT_NOFILE, 0);
	else
		refuse_call(SYS_socket, ENFILE);
	rc = it->call();
	if (rc != it->code)
		fprintf(stderr, "%s: %d instead of %d: %s\n", it->name, rc, it->code, mproc_error_text());
	return rc == it->code ? 0 : 1;
}

START_TEST(each_call_tells_what_this_process_lacks)
{
	int failed = 0;

	answer = "$-1\r\n";
	for (size_t i = 0; i < sizeof poverty / sizeof *poverty; ++i) {
		conversation it = poverty[i];

		if (it.code != -ENOMEM || __asan_init == NULL)
			failed += support_reap(support_fork(be_poor, &it)) != 0;
	}
	ck_assert_int_eq(failed, 0);
}
END_TEST

static int get_message(const char *pushed)
{
	int rc;

	open_subscription(pushed);
	rc = mproc_remote_subscription_get(subscription, mproc_after(10), &bytes, &size);
	close_subscription();
	return rc;
}

START_TEST(subscriber_tells_what_is_no_message)
{
	ck_assert_int_eq(get_message("HTTP/1.1 400 Bad Request\r\n"), -EPROTO);
	ck_assert_int_eq(get_message("*2\r\n$7\r\nmessage\r\n$1\r\nc\r\n"), -EBADMSG);
}
END_TEST

START_TEST(subscriber_tells_that_nobody_is_there_any_more)
{
	open_subscription(BREAK);
	shutdown(listening, SHUT_RDWR);
	ck_assert_int_eq(
		mproc_remote_subscription_get(subscription, mproc_after(10), &bytes, &size), -ECONNRESET);
	ck_assert_int_eq(mproc_remote_subscription_get(subscription, soon(), &bytes, &size), -ECONNREFUSED);
	close_subscription();
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		each_call_tells_what_this_process_lacks,
		NULL,
	};
	const TTest *tests[] = {
		each_call_tells_what_the_server_answered,
		subscriber_tells_what_is_no_message,
		subscriber_tells_that_nobody_is_there_any_more,
		NULL,
	};
	const support_suite suite = {
		.name = "answers",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = start_server,
		.teardown = stop_server,
	};

	memset(LARGE, 'x', sizeof LARGE - 1);
	memcpy(LARGE, "$100000\r\n", 9);
	memcpy(LARGE + 100009, "\r\n", 3);
	return support_run_suite(&suite);
}
