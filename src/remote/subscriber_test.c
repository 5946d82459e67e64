/* SPDX-License-Identifier: MIT */
#include "remote/subscriber.h"

#include "remote/object_fixture.h"

static const int64_t longer_than_silence = INT64_C(11000000000);

static mproci_subscriber subscriber;

static void begin_subscribed(void)
{
	begin();
	check_done(mproci_subscriber_init(&subscriber, remote, "mproc:", "news"));
	check_done(mproci_subscriber_open(&subscriber, soon()));
}

static void finish_subscribed(void)
{
	mproci_subscriber_end(&subscriber);
	finish();
}

static int receive_now(void)
{
	redisReply *message = NULL;
	int rc = mproci_subscriber_receive(&subscriber, MPROC_NOW, &message);

	freeReplyObject(message);
	return rc;
}

static int receive_until(mproc_deadline deadline)
{
	redisReply *message = NULL;
	int rc = mproci_subscriber_receive(&subscriber, deadline, &message);

	freeReplyObject(message);
	return rc;
}

static int receive(void)
{
	return receive_until(soon());
}

START_TEST(a_server_that_says_nothing_is_asked_for_a_sign_of_life)
{
	begin_subscribed();
	ck_assert_int_eq(receive_now(), -ETIMEDOUT);
	ck_assert(!subscriber.is_asked);
	subscriber.heard -= longer_than_silence;
	ck_assert_int_eq(receive_now(), -ETIMEDOUT);
	while (subscriber.is_asked)
		ck_assert_int_eq(receive_now(), -ETIMEDOUT);
	tell("PUBLISH", "mproc:news", "one");
	ck_assert_int_eq(receive(), MPROCI_SUBSCRIBER_MESSAGE);
	finish_subscribed();
}
END_TEST

START_TEST(a_server_that_gives_no_sign_of_life_is_given_up)
{
	begin_subscribed();
	kill(server.pid, SIGSTOP);
	subscriber.heard -= longer_than_silence;
	ck_assert_int_eq(receive_now(), -ETIMEDOUT);
	ck_assert(subscriber.is_asked);
	subscriber.heard -= longer_than_silence;
	check_failed(receive_now(), -ECONNRESET, "the server gives no sign of life");
	ck_assert_ptr_null(subscriber.line);
	kill(server.pid, SIGCONT);
	finish_subscribed();
}
END_TEST

START_TEST(a_server_that_does_not_confirm_is_given_up)
{
	begin();
	check_done(mproci_subscriber_init(&subscriber, remote, "", "news"));
	kill(server.pid, SIGSTOP);
	check_done(mproci_subscriber_begin(&subscriber));
	ck_assert_int_eq(receive_now(), -ETIMEDOUT);
	subscriber.heard -= longer_than_silence;
	check_failed(receive_now(), -ECONNRESET, "no sign of life");
	kill(server.pid, SIGCONT);
	finish_subscribed();
}
END_TEST

START_TEST(a_server_that_was_away_for_long_is_looked_up)
{
	const server_options options = {.has_port = true};
	char url[64];

	server_start(&server, &options);
	snprintf(url, sizeof url, "redis://localhost:%d", server.port);
	check_done(mproc_remote_connect(url, NULL, soon(), &remote));
	check_done(mproci_subscriber_init(&subscriber, remote, "", "news"));
	check_done(mproci_subscriber_open(&subscriber, soon()));
	ck_assert(subscriber.has_address);
	subscriber.line = mproci_line_close(subscriber.line);
	subscriber.attempts = 100;
	/* At which of its addresses the server is, nobody knows. */
	for (int rc = -ECONNRESET; rc != MPROCI_SUBSCRIBER_CONFIRMED;) {
		if (subscriber.line == NULL)
			mproci_subscriber_begin(&subscriber);
		rc = subscriber.line == NULL ? -ECONNRESET : receive();
	}
	ck_assert_uint_eq(subscriber.attempts, 0);
	finish_subscribed();
}
END_TEST

/* Answer what comes over one connection.  Returns whether it is still there. */
static bool answer(int one, const char *words, size_t size)
{
	char command[512];
	ssize_t got = recv(one, command, sizeof command - 1, 0);

	if (got <= 0)
		return false;
	command[got] = 0;
	if (strstr(command, "PING") != NULL)
		send(one, "+PONG\r\n", 7, MSG_NOSIGNAL);
	if (strstr(command, "SUBSCRIBE") != NULL)
		send(one, words, size, MSG_NOSIGNAL);
	return true;
}

/* Be a server that answers as one until somebody subscribes, and then says @words. */
static void be_server(int listening, const char *words, size_t size)
{
	struct pollfd all[32] = {{.fd = listening, .events = POLLIN}};
	nfds_t count = 1;

	for (;;) {
		poll(all, count, -1);
		for (nfds_t i = 1; i < count; ++i) {
			if (all[i].revents != 0 && !answer(all[i].fd, words, size)) {
				close(all[i].fd);
				all[i].fd = -1;
			}
		}
		if (all[0].revents != 0 && count < 32)
			all[count++] = (struct pollfd){.fd = accept(listening, NULL, NULL), .events = POLLIN};
	}
}

static void start_liar(const char *words, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	server = (redis_server){.directory = "/tmp/mproc-redis-XXXXXX"};
	ck_assert_ptr_nonnull(mkdtemp(server.directory));
	snprintf(server.socket, sizeof server.socket, "%s/redis.sock", server.directory);
	snprintf(server.url, sizeof server.url, "unix:%s", server.socket);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", server.socket);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listening, 8), 0);
	server.pid = fork();
	ck_assert_int_ge(server.pid, 0);
	if (server.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be_server(listening, words, size);
	}
	close(listening);
}

/* Subscribe at such a server.  Returns what that returned, or what the next message is. */
static int subscribe_to_liar(const char *words)
{
	int rc;

	start_liar(words, strlen(words));
	remote = connect_to_server();
	check_done(mproci_subscriber_init(&subscriber, remote, "", "news"));
	rc = mproci_subscriber_open(&subscriber, mproc_after(0.5));
	if (rc == 0)
		rc = receive();
	finish_subscribed();
	return rc;
}

#define CONFIRMED "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"

START_TEST(a_server_that_lies_is_given_up)
{
	const char *const lies[] = {
		"+OK\r\n",
		"*0\r\n",
		"*-1\r\n",
		"$-1\r\n",
		":1\r\n",
		"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\n1\r\n",
		CONFIRMED CONFIRMED,
		CONFIRMED "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n:1\r\n",
		CONFIRMED "*3\r\n:1\r\n:2\r\n:3\r\n",
		CONFIRMED "*3\r\n*1\r\n:1\r\n*0\r\n*-1\r\n",
		CONFIRMED "*2\r\n$7\r\nmessage\r\n$4\r\nnews\r\n",
		CONFIRMED "*1\r\n$-1\r\n",
	};

	for (size_t i = 0; i < sizeof lies / sizeof *lies; ++i)
		ck_assert_msg(subscribe_to_liar(lies[i]) == -EBADMSG, "%zu: %s", i, mproc_error_text());
}
END_TEST

START_TEST(what_is_no_protocol_is_given_up)
{
	const char *const words[] = {
		CONFIRMED "hello\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", CONFIRMED "$-7\r\n"};

	for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
		ck_assert_int_lt(subscribe_to_liar(words[i]), 0);
}
END_TEST

START_TEST(a_claim_without_an_end_is_waited_for_until_the_deadline)
{
	static const char claim[] = CONFIRMED "*2147483647\r\n$99\r\n\r\n";

	start_liar(claim, sizeof claim - 1);
	remote = connect_to_server();
	check_done(mproci_subscriber_init(&subscriber, remote, "", "news"));
	check_done(mproci_subscriber_open(&subscriber, soon()));
	ck_assert_int_lt(receive_until(mproc_after(0.1)), 0);
	finish_subscribed();
}
END_TEST

START_TEST(a_refusal_is_passed_on)
{
	ck_assert_int_eq(subscribe_to_liar("-NOPERM this user has no permissions\r\n"), -EACCES);
	ck_assert_msg(strstr(mproc_error_text(), "NOPERM") != NULL, "%s", mproc_error_text());
}
END_TEST

START_TEST(a_refusal_of_a_sign_of_life_is_one)
{
	ck_assert_int_eq(subscribe_to_liar(CONFIRMED "-NOPERM this user has no permissions\r\n"
						     "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\n1\r\n"),
		MPROCI_SUBSCRIBER_MESSAGE);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_server_that_says_nothing_is_asked_for_a_sign_of_life,
		a_server_that_gives_no_sign_of_life_is_given_up,
		a_server_that_does_not_confirm_is_given_up,
		a_server_that_was_away_for_long_is_looked_up,
		a_server_that_lies_is_given_up,
		what_is_no_protocol_is_given_up,
		a_claim_without_an_end_is_waited_for_until_the_deadline,
		a_refusal_is_passed_on,
		a_refusal_of_a_sign_of_life_is_one,
		NULL,
	};

	return support_run("remote/subscriber", tests);
}
