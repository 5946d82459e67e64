/* SPDX-License-Identifier: MIT */
/*
 * Connecting, and what the server tells about itself.
 */
#include "remote/remote_fixture.h"
#include "remote/script_fixture.h"

static int try_to_connect(const char *url, const mproc_remote_options *options)
{
	return mproc_remote_connect(url, options, soon(), &remote);
}

START_TEST(remote_reaches_a_server_over_a_socket_file)
{
	open_both(NULL);
	set("name", "value");
	check_value("name", "value");
	close_both();
}
END_TEST

START_TEST(remote_reaches_a_server_over_a_port)
{
	server_start(&server, &(server_options){.has_port = true});
	connect_to(server.url_of_port, NULL);
	set("name", "value");
	check_value("name", "value");
	close_both();
}
END_TEST

START_TEST(remote_uses_the_database_of_its_url)
{
	char url[200];

	open_both(NULL);
	set("name", "in 0");
	remote = mproc_remote_close(remote);
	snprintf(url, sizeof url, "%s?db=5", server.url);
	connect_to(url, NULL);
	ck_assert_int_eq(mproc_remote_exists(remote, "name", soon()), 0);
	close_both();
}
END_TEST

START_TEST(remote_logs_in)
{
	server_start(&server, &(server_options){.has_port = true, .password = "secret"});
	check_failed(try_to_connect(server.url, NULL), -EACCES, "NOAUTH");
	check_failed(try_to_connect(server.url, &(mproc_remote_options){.password = "wrong-secret"}), -EACCES,
		"WRONGPASS");
	ck_assert_ptr_null(strstr(mproc_error_text(), "secret"));
	connect_to(server.url, &(mproc_remote_options){.password = "secret"});
	remote = mproc_remote_close(remote);
	connect_to(server.url, &(mproc_remote_options){.user = "default", .password = "secret"});
	close_both();
}
END_TEST

START_TEST(remote_logs_in_by_its_url)
{
	char url[200];

	server_start(&server, &(server_options){.has_port = true, .password = "se:cr@et"});
	snprintf(url, sizeof url, "redis://default:se%%3Acr%%40et@127.0.0.1:%d", server.port);
	connect_to(url, NULL);
	set("name", "value");
	close_both();
}
END_TEST

START_TEST(remote_has_a_name_for_the_server)
{
	mproc_remote_reply *reply;

	server_start(&server, NULL);
	connect_to(server.url, &(mproc_remote_options){.client_name = "somebody"});
	check_ok(say("CLIENT GETNAME", &reply));
	ck_assert_str_eq(reply->text, "somebody");
	mproc_remote_reply_free(reply);
	close_both();
}
END_TEST

START_TEST(remote_is_not_connected_where_there_is_nobody)
{
	const mproc_deadline deadline = mproc_after(0.05);
	char url[64];

	check_failed(mproc_remote_connect("unix:/tmp/mproc-no-such-socket", NULL, deadline, &remote), -ENOENT,
		"unix:/tmp/mproc-no-such-socket: cannot connect");
	snprintf(url, sizeof url, "redis://me:secret@127.0.0.1:%d", server_choose_port());
	check_failed(
		mproc_remote_connect(url, NULL, MPROC_NOW, &remote), -ECONNREFUSED, "redis://127.0.0.1:");
	ck_assert_ptr_null(strstr(mproc_error_text(), "secret"));
}
END_TEST

START_TEST(remote_is_not_connected_to_a_host_without_address)
{
	check_failed(mproc_remote_connect("redis://no-such-host.invalid", NULL, mproc_after(0.01), &remote),
		-EHOSTUNREACH, "no-such-host.invalid");
}
END_TEST

static int connect_there(void *url)
{
	return try_to_connect(url, NULL);
}

START_TEST(remote_waits_until_a_server_is_there)
{
	support_thread client;

	server_start(&server, NULL);
	server_end(&server, SIGKILL);
	support_begin(&client, connect_there, server.url);
	server_run(&server);
	ck_assert_int_eq(support_end(&client), 0);
	close_both();
}
END_TEST

START_TEST(remote_refuses_options_that_cannot_be)
{
	mproc_remote_options reserved = {.reserved = {0, 1}};
	char long_text[1100];

	snprintf(long_text, sizeof long_text, "%01024d", 0);
	check_failed(try_to_connect("unix:/a", &reserved), -EINVAL, "reserved");
	check_failed(
		try_to_connect("unix:/a", &(mproc_remote_options){.durability = 3}), -EINVAL, "durability 3");
	check_failed(try_to_connect("unix:/a", &(mproc_remote_options){.largest_reply = (1u << 30) + 1}),
		-EINVAL, "largest_reply");
	check_failed(try_to_connect("unix:/a", &(mproc_remote_options){.password = long_text}), -EINVAL,
		"password: 1024 bytes");
	check_failed(try_to_connect("here", NULL), -EINVAL, "unix:");
	check_failed(mproc_remote_connect("unix:/a", NULL, soon(), NULL), -EINVAL, "ret_remote");
}
END_TEST

START_TEST(remote_refuses_what_is_no_handle_and_no_name)
{
	static char long_name[65538];
	uint64_t nothing[1000] = {0};

	memset(long_name, 'x', sizeof long_name - 1);
	check_failed(mproc_remote_exists(NULL, "name", soon()), -EINVAL, "remote");
	check_failed(mproc_remote_exists((mproc_remote *)(void *)nothing, "name", soon()), -EINVAL, "remote");
	open_both(NULL);
	check_failed(mproc_remote_exists(remote, NULL, soon()), -EINVAL, "name");
	check_failed(mproc_remote_exists(remote, "", soon()), -EINVAL, "name: 0 bytes");
	check_failed(mproc_remote_exists(remote, long_name, soon()), -EINVAL, "name: more than 65536");
	long_name[65536] = '\0';
	ck_assert_int_eq(mproc_remote_exists(remote, long_name, soon()), 0);
	close_both();
}
END_TEST

START_TEST(remote_refuses_to_be_encrypted_where_it_cannot)
{
	int rc = mproc_remote_connect("rediss://127.0.0.1:1", NULL, MPROC_NOW, &remote);

	/* Where it can, nobody is there. */
	ck_assert(rc == -EPROTONOSUPPORT || rc == -ECONNREFUSED);
	support_check_text(rc == -EPROTONOSUPPORT ? "hiredis_ssl" : "cannot connect");
}
END_TEST

static void check_promise(const server_options *options, mproc_remote_durability level)
{
	mproc_remote_info info;

	server_start(&server, options);
	for (int demanded = MPROC_REMOTE_MEMORY; demanded <= MPROC_REMOTE_SYNC; ++demanded) {
		int rc = try_to_connect(server.url, &(mproc_remote_options){.durability = demanded});

		ck_assert_int_eq(rc, demanded <= (int)level ? 0 : -EOPNOTSUPP);
		if (rc < 0)
			continue;
		check_ok(mproc_remote_get_info(remote, soon(), &info));
		ck_assert_int_eq(info.durability, level);
		remote = mproc_remote_close(remote);
	}
	server_stop(&server);
}

START_TEST(remote_refuses_a_server_that_promises_nothing)
{
	check_promise(NULL, MPROC_REMOTE_MEMORY);
	support_check_text("appendonly is no");
}
END_TEST

START_TEST(remote_refuses_a_server_that_promises_too_little)
{
	check_promise(&(server_options){.journal = "no"}, MPROC_REMOTE_MEMORY);
	support_check_text("appendfsync is no");
	check_promise(&(server_options){.journal = "everysec"}, MPROC_REMOTE_SECONDS);
	support_check_text("appendfsync is everysec");
	check_promise(&(server_options){.journal = "always"}, MPROC_REMOTE_SYNC);
	check_promise(&(server_options){.journal = "always", .more = {"--maxmemory-policy", "allkeys-lru"}},
		MPROC_REMOTE_MEMORY);
	support_check_text("maxmemory-policy is allkeys-lru");
}
END_TEST

START_TEST(remote_refuses_a_server_that_does_not_tell_what_it_promises)
{
	check_promise(&(server_options){.journal = "always", .more = {"--rename-command", "CONFIG", ""}},
		MPROC_REMOTE_MEMORY);
	support_check_text("appendfsync is not known");
}
END_TEST

START_TEST(remote_tells_what_the_server_is)
{
	mproc_remote_info info;

	open_both(NULL);
	check_ok(mproc_remote_get_info(remote, soon(), &info));
	ck_assert_int_eq(info.kind, server_is_manager() ? MPROC_REMOTE_MANAGER : MPROC_REMOTE_REDIS);
	ck_assert_int_eq(info.role, MPROC_REMOTE_PRIMARY);
	if (!server_is_manager())
		ck_assert_int_ge(strtol(info.version, NULL, 10), 6);
	ck_assert_uint_eq(info.replicas, 0);
	check_failed(mproc_remote_get_info(remote, soon(), NULL), -EINVAL, "ret_info");
	close_both();
}
END_TEST

/* Until the replica follows. */
static void await_replica(void)
{
	check_ok(mproc_remote_wait_replicas(remote, 1, soon(), NULL));
}

START_TEST(remote_waits_for_replicas_and_cannot_write_to_one)
{
	redis_server replica;
	mproc_remote *to_primary;
	mproc_remote_info info;
	unsigned count = 0;

	server_start(&server, &(server_options){.has_port = true});
	server_start(&replica, &(server_options){.primary = &server});
	connect_to(server.url, NULL);
	await_replica();
	set("name", "value");
	check_ok(mproc_remote_wait_replicas(remote, 1, soon(), &count));
	ck_assert_uint_eq(count, 1);
	check_failed(mproc_remote_wait_replicas(remote, 2, mproc_after(1), &count), -ETIMEDOUT, "1 of 2");
	check_ok(mproc_remote_get_info(remote, soon(), &info));
	ck_assert_uint_eq(info.replicas, 1);

	to_primary = remote;
	connect_to(replica.url, NULL);
	check_value("name", "value");
	check_failed(mproc_remote_value_set(remote, "name", "x", 1, soon()), -EROFS, "READONLY");
	check_failed(mproc_remote_flag_set(remote, "name", soon()), -EROFS, "replica");
	check_failed(mproc_remote_wait_replicas(remote, 1, soon(), NULL), -EROFS, "replica");
	check_ok(mproc_remote_get_info(remote, soon(), &info));
	ck_assert_int_eq(info.role, MPROC_REMOTE_REPLICA);
	mproc_remote_close(to_primary);
	remote = mproc_remote_close(remote);
	server_stop(&replica);
	server_stop(&server);
}
END_TEST

START_TEST(remote_says_once_that_replicas_may_lack_what_went_over_a_broken_connection)
{
	open_both(NULL);
	set("name", "value");
	server_end(&server, SIGKILL);
	server_run(&server);
	check_failed(mproc_remote_wait_replicas(remote, 0, soon(), NULL), -ECONNRESET, "may be lost");
	check_ok(mproc_remote_wait_replicas(remote, 0, soon(), NULL));
	close_both();
}
END_TEST

START_TEST(remote_says_once_that_a_connection_broke_while_it_waited_for_replicas)
{
	static const char *const breaks[] = {"+PONG\r\n", "", NULL}, *const waits[] = {
									     "+PONG\r\n", ":0\r\n", NULL};

	script_begin((const char *const *const[]){breaks, waits, NULL});
	connect_to(script_url, NULL);
	check_failed(mproc_remote_wait_replicas(remote, 0, soon(), NULL), -ECONNRESET, "WAIT");
	check_ok(mproc_remote_wait_replicas(remote, 0, soon(), NULL));
	remote = mproc_remote_close(remote);
	script_end();
}
END_TEST

START_TEST(remote_does_not_ask_without_a_pause_for_replicas_that_are_not_there)
{
	/* Asked twice it hangs up. */
	static const char *const answers[] = {"+PONG\r\n", ":0\r\n", NULL};

	script_begin((const char *const *const[]){answers, NULL});
	connect_to(script_url, NULL);
	check_failed(mproc_remote_wait_replicas(remote, 1, mproc_after(0.5), NULL), -ETIMEDOUT, "0 of 1");
	remote = mproc_remote_close(remote);
	script_end();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		remote_reaches_a_server_over_a_socket_file,
		remote_reaches_a_server_over_a_port,
		remote_logs_in,
		remote_logs_in_by_its_url,
		remote_has_a_name_for_the_server,
		remote_is_not_connected_where_there_is_nobody,
		remote_is_not_connected_to_a_host_without_address,
		remote_waits_until_a_server_is_there,
		remote_refuses_options_that_cannot_be,
		remote_refuses_what_is_no_handle_and_no_name,
		remote_refuses_to_be_encrypted_where_it_cannot,
		remote_refuses_a_server_that_promises_nothing,
		remote_tells_what_the_server_is,
		remote_says_once_that_replicas_may_lack_what_went_over_a_broken_connection,
		remote_says_once_that_a_connection_broke_while_it_waited_for_replicas,
		remote_does_not_ask_without_a_pause_for_replicas_that_are_not_there,
		NULL,
	};
	const TTest *redis[] = {
		remote_uses_the_database_of_its_url,
		remote_refuses_a_server_that_promises_too_little,
		remote_refuses_a_server_that_does_not_tell_what_it_promises,
		remote_waits_for_replicas_and_cannot_write_to_one,
		NULL,
	};

	return support_run("remote", server_choose(tests, redis, NULL));
}
