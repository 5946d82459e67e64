/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "support.h"
#include "sys/clock.h"
#include "sys/file_fixture.h"
#include "sys/listening.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Where most tests listen, and the file that is made there. */
static char place[PATH_MAX + NAME_MAX];
static mproci_file_id file;

static void make_place(void)
{
	tree_create();
	snprintf(place, sizeof place, "%s", in_tree("/s"));
}

static void check_failed(int rc, int code, const char *text)
{
	ck_assert_msg(rc == code, "%d (%s) instead of %d", rc, mproc_error_text(), code);
	support_check_text(text);
}

static int listen_at_path(void *path)
{
	mproci_file_id unused;

	return mproci_listen_at_path(path, 8, &unused);
}

static int open_listener(const char *path)
{
	int listening = mproci_listen_at_path(path, 8, &file);

	ck_assert_msg(listening >= 0, "%d: %s", listening, mproc_error_text());
	return listening;
}

static int connect_to_path(void *path)
{
	return mproci_connect_to_path(path, mproc_after(30));
}

static bool exists(const char *name)
{
	struct stat status;

	return lstat(in_tree(name), &status) == 0;
}

/* What a listener leaves that is killed. */
static void leave_dead_socket(const char *name)
{
	int listening = open_listener(in_tree(name));

	close(listening);
	ck_assert(exists(name));
}

START_TEST(socket_file_is_its_owners_alone)
{
	mode_t before = umask(0);
	struct stat status;
	int listening = open_listener(place);

	umask(before);
	ck_assert_int_eq(lstat(place, &status), 0);
	ck_assert(S_ISSOCK(status.st_mode));
	ck_assert_int_eq(status.st_mode & 07777, 0600);
	ck_assert_uint_eq(status.st_ino, file.inode);
	ck_assert(!exists("/s.lock"));
	close(listening);
}
END_TEST

/* Refused its listen, the call ends when the file is there and nobody is asked in yet. */
static int stop_before_listening(void *path)
{
	umask(0);
	refuse_call(SYS_listen, EPERM);
	return listen_at_path(path);
}

START_TEST(socket_file_is_its_owners_alone_before_anybody_listens)
{
	struct stat status;
	mode_t before = umask(0);

	ck_assert_int_eq(support_in_thread(stop_before_listening, place).result, -EPERM);
	umask(before);
	ck_assert_int_eq(lstat(place, &status), 0);
	ck_assert_int_eq(status.st_mode & 07777, 0600);
}
END_TEST

START_TEST(who_connects_is_accepted)
{
	int listening = open_listener(place), client, server;

	ck_assert_int_eq(mproci_listening_accept(listening), -EAGAIN);
	client = connect_to_path(place);
	ck_assert_int_gt(client, 2);
	server = mproci_listening_accept(listening);
	ck_assert_int_gt(server, 2);
	ck_assert_int_eq(fcntl(client, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(server, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(server, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(mproci_socket_check_peer(server), 0);
	ck_assert_int_eq(mproci_socket_check_peer(client), 0);
	mproci_socket_hang_up(client);
	mproci_socket_hang_up(server);
	close(listening);
}
END_TEST

START_TEST(what_a_dead_listener_left_is_replaced)
{
	int listening;

	leave_dead_socket("/s");
	listening = open_listener(place);
	close(connect_to_path(place));
	close(listening);
}
END_TEST

START_TEST(live_listener_is_not_replaced)
{
	int listening = open_listener(place);
	mproci_file_id before = file;

	check_failed(listen_at_path(place), -EADDRINUSE, "somebody listens there already");
	ck_assert_uint_eq(file.inode, before.inode);
	ck_assert(exists("/s"));
	ck_assert(!exists("/s.lock"));
	close(listening);
}
END_TEST

START_TEST(live_socket_of_another_kind_is_not_replaced)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int other = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, place, strnlen(place, sizeof address.sun_path - 1));
	ck_assert_int_eq(bind(other, (struct sockaddr *)&address, sizeof address), 0);
	check_failed(listen_at_path(place), -EADDRINUSE, "somebody listens there already");
	close(other);
}
END_TEST

START_TEST(live_listener_whose_queue_is_full_is_not_replaced)
{
	int listening = mproci_listen_at_path(place, 0, &file), waiting;

	ck_assert_int_ge(listening, 0);
	waiting = connect_to_path(place);
	ck_assert_int_ge(waiting, 0);
	check_failed(listen_at_path(place), -EADDRINUSE, "somebody listens there already");
	close(waiting);
	close(listening);
}
END_TEST

START_TEST(file_that_is_no_socket_is_left_alone)
{
	tree_write("/s", "data");
	check_failed(listen_at_path(place), -EADDRINUSE, "there is a file that is no socket");
	ck_assert_int_eq(symlink("/nowhere", in_tree("/link")), 0);
	check_failed(mproci_listen_at_path(in_tree("/link"), 8, &file), -EADDRINUSE,
		"there is a file that is no socket");
	ck_assert(exists("/s"));
	ck_assert(exists("/link"));
}
END_TEST

START_TEST(lock_file_that_was_left_stops_nobody)
{
	int listening;

	tree_write("/s.lock", "");
	listening = open_listener(place);
	ck_assert(!exists("/s.lock"));
	close(listening);
}
END_TEST

/* As a program does. */
static int open_as_listener(void *path)
{
	char address[PATH_MAX + NAME_MAX + 8];
	mproc_listener *listener;

	snprintf(address, sizeof address, "unix:%s", (const char *)path);
	return mproc_listener_open(address, NULL, &listener);
}

START_TEST(lock_file_that_somebody_holds_is_waited_for)
{
	support_thread thread, other;
	int lock = open(in_tree("/s.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(flock(lock, LOCK_EX), 0);
	support_begin(&other, open_as_listener, place);
	check_failed(listen_at_path(place), -ETIMEDOUT, "somebody else has been opening it for 5 s");
	ck_assert_int_eq(support_end(&other), -ETIMEDOUT);
	ck_assert(!exists("/s"));
	support_begin(&thread, listen_at_path, place);
	close(lock);
	ck_assert_int_ge(support_end(&thread), 0);
	close(thread.result);
}
END_TEST

START_TEST(only_the_same_socket_file_is_removed)
{
	int listening = open_listener(place), other;
	mproci_file_id first = file;

	ck_assert_int_eq(unlink(place), 0);
	mproci_socket_file_remove(place, first);
	other = open_listener(place);
	mproci_socket_file_remove(place, first);
	ck_assert(exists("/s"));
	mproci_socket_file_remove(place, file);
	ck_assert(!exists("/s"));
	close(other);
	close(listening);
}
END_TEST

START_TEST(path_that_cannot_be_is_told_of)
{
	check_failed(mproci_listen_at_path(in_tree("/none/s"), 8, &file), -ENOENT,
		"/none/s\": its lock cannot be made: No such file or directory");
	tree_write("/file", "");
	check_failed(mproci_listen_at_path(in_tree("/file/s"), 8, &file), -ENOTDIR, "/file/s\"");
	check_failed(mproci_connect_to_path(in_tree("/none"), MPROC_FOREVER), -ENOENT,
		"cannot connect: No such file or directory");
	leave_dead_socket("/s");
	check_failed(connect_to_path(place), -ECONNREFUSED, "nobody listens there");
}
END_TEST

static int listen_without_bind(void *path)
{
	refuse_call(SYS_bind, EACCES);
	return listen_at_path(path);
}

static int listen_without_descriptors(void *path)
{
	refuse_call(SYS_socket, ENFILE);
	return listen_at_path(path);
}

START_TEST(refusals_of_the_kernel_are_told)
{
	support_thread thread = support_in_thread(listen_without_bind, place);

	ck_assert_int_eq(thread.result, -EACCES);
	ck_assert_ptr_nonnull(strstr(thread.text, "/s\": Permission denied"));
	ck_assert(!exists("/s.lock"));
	thread = support_in_thread(listen_without_descriptors, place);
	ck_assert_int_eq(thread.result, -ENFILE);
	ck_assert_ptr_nonnull(strstr(thread.text, "/s\": Too many open files in system"));
}
END_TEST

START_TEST(connecting_waits_for_room_in_the_queue)
{
	int listening = mproci_listen_at_path(place, 0, &file), first, server;
	support_thread thread;

	first = connect_to_path(place);
	ck_assert_int_ge(first, 0);
	check_failed(mproci_connect_to_path(place, mproc_after(0.02)), -ETIMEDOUT,
		"nobody has answered until the deadline");
	check_failed(mproci_connect_to_path(place, MPROC_NOW), -ETIMEDOUT,
		"nobody has answered until the deadline");
	support_begin(&thread, connect_to_path, place);
	server = mproci_listening_accept(listening);
	ck_assert_int_ge(server, 0);
	ck_assert_int_ge(support_end(&thread), 0);
	close(thread.result);
	close(server);
	close(first);
	close(listening);
}
END_TEST

/* Its port, as listening_name tells it. */
static uint16_t port_of(int listening, const char *beginning)
{
	char name[MPROCI_HOST_AND_PORT_SIZE];
	unsigned port = 0;

	ck_assert_int_eq(mproci_listening_name(listening, name), 0);
	ck_assert_int_eq(strncmp(name, beginning, strlen(beginning)), 0);
	ck_assert_int_eq(sscanf(name + strlen(beginning), "%u", &port), 1);
	return (uint16_t)port;
}

START_TEST(port_that_was_chosen_is_told)
{
	int listening = mproci_listen_at_host("127.0.0.1", 0, 8), client;
	uint16_t port = port_of(listening, "127.0.0.1:");

	client = mproci_connect_to_host("localhost", port, mproc_after(30));
	ck_assert_int_gt(client, 2);
	close(client);
	close(listening);
	check_failed(mproci_connect_to_host("127.0.0.1", port, mproc_after(30)), -ECONNREFUSED,
		"nobody listens there");
}
END_TEST

START_TEST(address_of_ipv6_is_in_brackets)
{
	int listening = mproci_listen_at_host("::1", 0, 8), client;

	/* A machine may have no IPv6. */
	if (listening == -EADDRNOTAVAIL || listening == -EAFNOSUPPORT)
		return;
	client = mproci_connect_to_host("::1", port_of(listening, "[::1]:"), mproc_after(30));
	ck_assert_int_gt(client, 2);
	close(client);
	close(listening);
}
END_TEST

START_TEST(port_in_use_is_refused)
{
	int listening = mproci_listen_at_host("127.0.0.1", 0, 8);
	uint16_t port = port_of(listening, "127.0.0.1:");

	check_failed(
		mproci_listen_at_host("127.0.0.1", port, 8), -EADDRINUSE, "listener at \"127.0.0.1\", port");
	close(listening);
}
END_TEST

START_TEST(port_of_connections_that_linger_is_free)
{
	int listening = mproci_listen_at_host("127.0.0.1", 0, 8), client, server;
	uint16_t port = port_of(listening, "127.0.0.1:");

	client = mproci_connect_to_host("127.0.0.1", port, mproc_after(30));
	ck_assert_int_ge(client, 0);
	ck_assert_int_eq(mproci_poll_one(listening, mproc_after(30)), 0);
	server = mproci_listening_accept(listening);
	ck_assert_int_ge(server, 0);
	close(server);
	close(listening);
	listening = mproci_listen_at_host("127.0.0.1", port, 8);
	ck_assert_int_ge(listening, 0);
	close(client);
	close(listening);
}
END_TEST

START_TEST(host_that_cannot_be_is_told_of)
{
	/* No resolver asks anybody for that. */
	char host[80];

	snprintf(host, sizeof host, "%070d.invalid", 0);
	check_failed(mproci_listen_at_host(host, 1, 8), -EHOSTUNREACH, "host \"00000");
	check_failed(mproci_connect_to_host(host, 1, MPROC_FOREVER), -EHOSTUNREACH, "host \"00000");
	/* Nobody's address: it is for examples. */
	check_failed(mproci_listen_at_host("192.0.2.1", 0, 8), -EADDRNOTAVAIL,
		"listener at \"192.0.2.1\", port 0: Cannot assign requested address");
}
END_TEST

static int connect_without_network(void *unused)
{
	(void)unused;
	refuse_call(SYS_connect, ENETUNREACH);
	return mproci_connect_to_host("127.0.0.1", 1, MPROC_FOREVER);
}

START_TEST(unreachable_network_is_told_of)
{
	support_thread thread = support_in_thread(connect_without_network, NULL);

	ck_assert_int_eq(thread.result, -ENETUNREACH);
	ck_assert_str_eq(thread.text, "cannot connect: Network is unreachable");
}
END_TEST

START_TEST(ended_listener_is_ended_for_all_who_have_it)
{
	int listening = mproci_listen_at_host("127.0.0.1", 0, 8), copy = dup(listening);
	uint16_t port = port_of(listening, "127.0.0.1:");

	mproci_listening_end(listening);
	close(listening);
	ck_assert_int_eq(mproci_listening_accept(copy), -EPIPE);
	ck_assert_int_eq(mproci_connect_to_host("127.0.0.1", port, mproc_after(30)), -ECONNREFUSED);
	listening = mproci_listen_at_host("127.0.0.1", port, 8);
	ck_assert_int_ge(listening, 0);
	close(copy);
	close(listening);
}
END_TEST

static int connect_as_nobody(void *path)
{
	int socket, rc;

	if (setresuid(65534, 65534, 65534) != 0)
		return 100;
	socket = connect_to_path(path);
	if (socket < 0)
		return socket;
	rc = mproci_socket_check_peer(socket);
	close(socket);
	return rc;
}

START_TEST(stranger_is_told_from_who_belongs_here)
{
	int listening, server;

	/* It takes another user to connect. */
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(in_tree(""), 0755), 0);
	listening = open_listener(place);
	ck_assert_int_eq(support_reap(support_fork(connect_as_nobody, place)), EACCES);
	ck_assert_int_eq(mproci_listening_accept(listening), -EAGAIN);
	ck_assert_int_eq(chmod(place, 0666), 0);
	/* Whom root serves may trust it. */
	ck_assert_int_eq(support_reap(support_fork(connect_as_nobody, place)), 0);
	server = mproci_listening_accept(listening);
	ck_assert_int_ge(server, 0);
	check_failed(mproci_socket_check_peer(server), -EACCES,
		"the other side belongs to user 65534, who is neither this process's user 0 nor root");
	close(server);
	close(listening);
}
END_TEST

START_TEST(of_many_who_replace_a_dead_listener_one_gets_its_place)
{
	enum {
		COMPETITORS = 6,
	};

	for (int round = 0; round < 10; ++round) {
		support_thread threads[COMPETITORS];
		int winner = -1;

		leave_dead_socket("/s");
		for (int i = 0; i < COMPETITORS; ++i)
			support_begin(&threads[i], listen_at_path, place);
		for (int i = 0; i < COMPETITORS; ++i) {
			int rc = support_end(&threads[i]);

			ck_assert_msg(rc >= 0 || rc == -EADDRINUSE, "%d: %s", rc, threads[i].text);
			ck_assert_msg(rc < 0 || winner < 0, "two listen at one place");
			winner = rc >= 0 ? rc : winner;
		}
		ck_assert_int_ge(winner, 0);
		close(connect_to_path(place));
		close(mproci_listening_accept(winner));
		close(winner);
	}
}
END_TEST

START_TEST(stream_is_listened_for_where_it_is_asked_for)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listening = mproci_listen_at_path_for_streams(place, 8, &file), client, server;

	ck_assert_int_ge(listening, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%.*s", (int)sizeof address.sun_path - 1, place);
	client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
	server = mproci_listening_accept(listening);
	ck_assert_int_gt(server, 2);
	ck_assert_int_eq(mproci_listen_at_path_for_streams(place, 8, &file), -EADDRINUSE);
	close(client);
	close(server);
	close(listening);
	listening = mproci_listen_at_path_for_streams(place, 8, &file);
	ck_assert_int_ge(listening, 0);
	close(listening);
}
END_TEST

START_TEST(name_of_who_has_connected_is_told)
{
	char own[MPROCI_HOST_AND_PORT_SIZE], peer[MPROCI_HOST_AND_PORT_SIZE];
	int listening = mproci_listen_at_host("127.0.0.1", 0, 8), client, server;
	uint16_t port;

	ck_assert_int_eq(mproci_listening_name(listening, own), 0);
	port = (uint16_t)strtoul(strrchr(own, ':') + 1, NULL, 10);
	client = mproci_connect_to_host("127.0.0.1", port, mproc_after(30));
	server = mproci_listening_accept(listening);
	ck_assert_int_eq(mproci_listening_name(client, own), 0);
	ck_assert_int_eq(mproci_socket_peer_name(server, peer), 0);
	ck_assert_str_eq(peer, own);
	mproci_socket_hang_up(client);
	mproci_socket_hang_up(server);
	ck_assert_int_lt(mproci_socket_peer_name(listening, peer), 0);
	close(listening);
}
END_TEST

START_TEST(folder_that_others_can_write_to_is_refused)
{
	ck_assert_int_eq(mproci_socket_check_folder(place), 0);
	ck_assert_int_eq(mproci_socket_check_folder("/s"), 0);
	ck_assert_int_eq(chmod(tree(), 0720), 0);
	check_failed(mproci_socket_check_folder(place), -EACCES, "others can write to its folder");
	ck_assert_int_eq(chmod(tree(), 0702), 0);
	check_failed(mproci_socket_check_folder(place), -EACCES, "and mode 702");
	ck_assert_int_eq(chmod(tree(), 0700), 0);
	check_failed(mproci_socket_check_folder(in_tree("/none/s")), -ENOENT, "its folder");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		socket_file_is_its_owners_alone,
		socket_file_is_its_owners_alone_before_anybody_listens,
		who_connects_is_accepted,
		what_a_dead_listener_left_is_replaced,
		live_listener_is_not_replaced,
		live_socket_of_another_kind_is_not_replaced,
		live_listener_whose_queue_is_full_is_not_replaced,
		file_that_is_no_socket_is_left_alone,
		lock_file_that_was_left_stops_nobody,
		lock_file_that_somebody_holds_is_waited_for,
		only_the_same_socket_file_is_removed,
		path_that_cannot_be_is_told_of,
		refusals_of_the_kernel_are_told,
		connecting_waits_for_room_in_the_queue,
		port_that_was_chosen_is_told,
		address_of_ipv6_is_in_brackets,
		port_in_use_is_refused,
		port_of_connections_that_linger_is_free,
		host_that_cannot_be_is_told_of,
		unreachable_network_is_told_of,
		ended_listener_is_ended_for_all_who_have_it,
		of_many_who_replace_a_dead_listener_one_gets_its_place,
		stream_is_listened_for_where_it_is_asked_for,
		name_of_who_has_connected_is_told,
		folder_that_others_can_write_to_is_refused,
		NULL,
	};
	const TTest *process_tests[] = {stranger_is_told_from_who_belongs_here, NULL};
	const support_suite suite = {
		.name = "listening",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_place,
		.teardown = tree_remove,
	};

	return support_run_suite(&suite);
}
