/* SPDX-License-Identifier: MIT */
#include "manager/certificates_fixture.h"
#include "manager/running_fixture.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

START_TEST(clients_say_who_they_are_where_there_is_a_password)
{
	int client;

	running_start((mproci_server_options){.password = "secret"});
	client = client_open();
	ask_and_expect(client, "ping\r\n", "-NOAUTH Authentication required.\r\n");
	ask_and_expect(client, "auth wrong\r\n",
		"-WRONGPASS invalid username-password pair or user is disabled.\r\n");
	ask_and_expect(client, "auth bob secret\r\n",
		"-WRONGPASS invalid username-password pair or user is disabled.\r\n");
	ask_and_expect(client, "auth secret\r\nping\r\n", "+OK\r\n+PONG\r\n");
	ask_and_expect(client, "reset\r\nping\r\n", "+RESET\r\n-NOAUTH Authentication required.\r\n");
	ask_and_expect(client, "auth default secret\r\n", "+OK\r\n");
	close(client);
	client = client_open();
	ask_and_expect(client, "*11\r\n", "-ERR Protocol error: unauthenticated multibulk length\r\n");
	expect_end(client);
	running_stop();
}
END_TEST

START_TEST(who_does_not_say_who_it_is_is_sent_away_after_a_while)
{
	int silent, client;

	running_start((mproci_server_options){.password = "secret"});
	silent = client_open();
	client = client_open();
	ask_and_expect(client, "auth secret\r\n", "+OK\r\n");
	expect_end(silent);
	ask_and_expect(client, "ping\r\n", "+PONG\r\n");
	close(client);
	running_stop();
}
END_TEST

START_TEST(password_is_asked_for_in_vain_where_there_is_none)
{
	int client;

	running_start((mproci_server_options){0});
	client = client_open();
	ask_and_expect(client, "auth x\r\n",
		"-ERR AUTH <password> called without any password configured for the default user. Are you "
		"sure your configuration is correct?\r\n");
	ask_and_expect(client, "auth default x\r\n", "+OK\r\n");
	close(client);
	running_stop();
}
END_TEST

START_TEST(no_more_clients_are_let_in_than_allowed)
{
	int first, second, third;

	running_start((mproci_server_options){.max_clients = 2});
	first = client_open();
	second = client_open();
	ask_and_expect(first, "ping\r\n", "+PONG\r\n");
	ask_and_expect(second, "ping\r\n", "+PONG\r\n");
	third = client_open();
	expect(third, "-ERR max number of clients reached\r\n");
	expect_end(third);
	close(second);
	close(first);
	running_stop();
}
END_TEST

START_TEST(it_listens_for_tcp_on_loopback)
{
	int client;

	running_start((mproci_server_options){.host = "127.0.0.1"});
	client = client_open_tcp();
	ask_and_expect(client, "ping\r\n", "+PONG\r\n");
	close(client);
	running_stop();
}
END_TEST

START_TEST(what_needs_memory_is_refused_when_there_is_too_little)
{
	static const char refusal[] = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
	char answer[sizeof refusal] = "+";
	int client;

	running_start((mproci_server_options){.max_memory = 1});
	client = client_open();
	/* It is looked at now and then. */
	while (answer[0] == '+') {
		say(client, "set k 1\r\n");
		ck_assert_int_eq(recv(client, answer, 5, MSG_WAITALL), 5);
	}
	ck_assert_int_eq(recv(client, answer + 5, sizeof refusal - 6, MSG_WAITALL), sizeof refusal - 6);
	ck_assert_str_eq(answer, refusal);
	ask_and_expect(client, "rpush l 1\r\n", refusal);
	say(client, "get none\r\ndel k\r\nflushall\r\n");
	expect(client, "$-1\r\n");
	ck_assert_int_eq(recv(client, answer, 4, MSG_WAITALL), 4);
	expect(client, "+OK\r\n");
	close(client);
	running_stop();
}
END_TEST

static atomic_int hook_calls;

static void count_call(void *context)
{
	atomic_fetch_add((atomic_int *)context, 1);
}

START_TEST(hook_is_called_before_requests_are_looked_at)
{
	int client;

	running_create((mproci_server_options){0});
	mproci_server_set_hook(running.server, count_call, &hook_calls);
	running_begin();
	client = client_open();
	ask_and_expect(client, "ping\r\n", "+PONG\r\n");
	ck_assert_int_eq(atomic_load(&hook_calls), 1);
	close(client);
	running_stop();
}
END_TEST

static void check_refused(const mproci_server_options *options, int code, const char *text)
{
	mproci_server *server;

	ck_assert_int_eq(mproci_server_create(options, &server), code);
	ck_assert_msg(strstr(mproc_error_text(), text) != NULL, "%s", mproc_error_text());
}

START_TEST(what_is_not_safe_is_refused)
{
	running_make_folder();
	check_refused(&(mproci_server_options){0}, -EINVAL, "neither a path nor a host");
	check_refused(
		&(mproci_server_options){.path = "/tmp/"
						 "12345678901234567890123456789012345678901234567890123456789"
						 "0123456789012345678901234567890123456789012345"},
		-ENAMETOOLONG, "of at most 107");
	check_refused(&(mproci_server_options){.host = "0.0.0.0"}, -EINVAL, "takes a password");
	chmod(running.folder, 0770);
	check_refused(
		&(mproci_server_options){.path = running.path}, -EACCES, "others can write to its folder");
	chmod(running.folder, 0700);
	check_refused(&(mproci_server_options){.path = running.path, .key = "/none"}, -EINVAL,
		"a certificate and its key");
	check_refused(&(mproci_server_options){.path = running.path, .certificate = "/none", .key = "/none"},
		-EINVAL, "no certificate can be had of \"/none\"");
	rmdir(running.folder);
}
END_TEST

/* Over a blocking socket: OpenSSL reads and writes it itself. */
static SSL *open_tls(SSL_CTX *context, int client)
{
	SSL *tls = SSL_new(context);

	ck_assert_int_eq(SSL_set_fd(tls, client), 1);
	ck_assert_int_eq(SSL_connect(tls), 1);
	return tls;
}

START_TEST(tls_is_spoken_over_tcp)
{
	static const char request[] = "set k 1\r\nget k\r\n", answer[] = "+OK\r\n$1\r\n1\r\n";
	char got[sizeof answer] = "";
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *tls;
	int client, size = 0;

	certificates_create();
	running_start((mproci_server_options){
		.host = "127.0.0.1", .certificate = certificate_path, .key = key_path});
	client = client_open_tcp();
	tls = open_tls(context, client);
	ck_assert_int_eq(SSL_write(tls, request, sizeof request - 1), sizeof request - 1);
	while (size < (int)sizeof answer - 1) {
		int more = SSL_read(tls, got + size, (int)sizeof answer - 1 - size);

		ck_assert_int_gt(more, 0);
		size += more;
	}
	ck_assert_str_eq(got, answer);
	SSL_free(tls);
	SSL_CTX_free(context);
	close(client);
	running_stop();
	certificates_remove();
}
END_TEST

START_TEST(who_does_not_speak_tls_is_sent_away)
{
	int client;

	certificates_create();
	running_start((mproci_server_options){
		.host = "127.0.0.1", .certificate = certificate_path, .key = key_path});
	client = client_open_tcp();
	say(client, "ping\r\n");
	for (char byte; recv(client, &byte, 1, 0) == 1;)
		ck_assert_int_ne(byte, '+');
	close(client);
	running_stop();
	certificates_remove();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		clients_say_who_they_are_where_there_is_a_password,
		who_does_not_say_who_it_is_is_sent_away_after_a_while,
		password_is_asked_for_in_vain_where_there_is_none,
		no_more_clients_are_let_in_than_allowed,
		it_listens_for_tcp_on_loopback,
		what_needs_memory_is_refused_when_there_is_too_little,
		hook_is_called_before_requests_are_looked_at,
		what_is_not_safe_is_refused,
		tls_is_spoken_over_tcp,
		who_does_not_speak_tls_is_sent_away,
		NULL,
	};
	const support_suite suite = {.name = "listeners", .tests = tests, .warm_up = running_warm_up};

	return support_run_suite(&suite);
}
