/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"
#include "sys/listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mproc/listener.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const mproc_listener_options with_key = {.key = "secret", .key_size = 6};
static const mproc_listener_options without_key = {.without_key = true};
static const mproc_listener_options no_options;

/* The address of a socket file in this test's directory, and the path alone. */
static char place[PATH_MAX + NAME_MAX + sizeof "unix:"];
static const char *place_path;

static void make_place(void)
{
	tree_create();
	snprintf(place, sizeof place, "unix:%s", in_tree("/s"));
	place_path = place + strlen("unix:");
}

static mproc_listener *open_listener(const char *address, const mproc_listener_options *options)
{
	mproc_listener *listener = NULL;
	int rc = mproc_listener_open(address, options, &listener);

	ck_assert_msg(rc == 0, "%s: %d: %s", address, rc, mproc_error_text());
	return listener;
}

/* Somebody who connects. */
typedef struct caller {
	const char *address;
	mproc_connect_options options;
	mproc_deadline deadline;
	mproc_connection *connection;
} caller;

static int call(void *argument)
{
	caller *one = argument;

	return mproc_connect(one->address, &one->options, one->deadline, &one->connection);
}

/* A caller who has the key of @options. */
static caller caller_of(const mproc_listener *listener, const mproc_listener_options *options)
{
	return (caller){
		.address = mproc_listener_address(listener),
		.options = {.key = options->key, .key_size = options->key_size},
		.deadline = mproc_after(60),
	};
}

static mproc_connection *accept_one(mproc_listener *listener)
{
	mproc_connection *connection = NULL;
	int rc = mproc_listener_accept(listener, mproc_after(60), &connection);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	return connection;
}

static void check_message(mproc_connection *from, mproc_connection *to)
{
	char text[8] = "";
	size_t size = 0;

	ck_assert_int_eq(mproc_connection_send(from, "hello", 6, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_connection_recv(to, text, sizeof text, mproc_after(60), &size), 0);
	ck_assert_uint_eq(size, 6);
	ck_assert_str_eq(text, "hello");
}

/* Somebody connects, is accepted, and both exchange messages. */
static void check_meeting(mproc_listener *listener, const mproc_listener_options *options)
{
	caller one = caller_of(listener, options);
	support_thread thread;
	mproc_connection *server;

	support_begin(&thread, call, &one);
	server = accept_one(listener);
	ck_assert_msg(support_end(&thread) == 0, "%d: %s", thread.result, thread.text);
	check_message(one.connection, server);
	check_message(server, one.connection);
	mproc_connection_close(one.connection);
	mproc_connection_close(server);
}

static void check_failed(int rc, int code, const char *text)
{
	ck_assert_msg(rc == code, "%d (%s) instead of %d", rc, mproc_error_text(), code);
	support_check_text(text);
}

static void check_thread_failed(const support_thread *thread, int code, const char *text)
{
	ck_assert_msg(thread->result == code, "%d (%s) instead of %d", thread->result, thread->text, code);
	ck_assert_msg(strstr(thread->text, text) != NULL, "\"%s\" lacks \"%s\"", thread->text, text);
}

/* A socket that is connected to a listener and says nothing of itself. */
static int connect_mute(const char *address)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	struct sockaddr_in host = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned port = 0;
	int one;

	if (sscanf(address, "tcp://127.0.0.1:%u", &port) == 1) {
		host.sin_port = htons((uint16_t)port);
		one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(connect(one, (const struct sockaddr *)&host, sizeof host), 0);
		return one;
	}
	memcpy(path.sun_path, address + strlen("unix:"),
		strnlen(address + strlen("unix:"), sizeof path.sun_path - 1));
	one = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(one, (const struct sockaddr *)&path, sizeof path), 0);
	return one;
}

/* Have a listener do what there is to do; nobody is accepted. */
static void serve(mproc_listener *listener)
{
	mproc_connection *none = NULL;

	ck_assert_int_eq(mproc_listener_accept(listener, MPROC_NOW, &none), -ETIMEDOUT);
	ck_assert_ptr_null(none);
}

/* Have it do so until it has sent at least @count away. */
static void serve_until_refused(mproc_listener *listener, int64_t count)
{
	while (mproc_listener_refused(listener) < count) {
		struct pollfd one = {.fd = mproc_listener_fd(listener), .events = POLLIN};

		ck_assert_int_eq(poll(&one, 1, 60000), 1);
		serve(listener);
	}
}

START_TEST(meeting_at_a_socket_file)
{
	mproc_listener *listener = open_listener(place, NULL);

	ck_assert_str_eq(mproc_listener_address(listener), place);
	check_meeting(listener, &no_options);
	check_meeting(listener, &no_options);
	ck_assert_ptr_null(mproc_listener_close(listener));
}
END_TEST

START_TEST(meeting_at_a_socket_file_with_a_key)
{
	mproc_listener *listener = open_listener(place, &with_key);

	check_meeting(listener, &with_key);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(meeting_at_a_port_with_a_key)
{
	mproc_listener *listener = open_listener("tcp://127.0.0.1:0", &with_key);

	ck_assert_int_eq(strncmp(mproc_listener_address(listener), "tcp://127.0.0.1:", 16), 0);
	ck_assert_str_ne(mproc_listener_address(listener), "tcp://127.0.0.1:0");
	check_meeting(listener, &with_key);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(meeting_at_a_port_without_a_key)
{
	mproc_listener *listener = open_listener("tcp://localhost:0", &without_key);

	check_meeting(listener, &no_options);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(meeting_with_the_longest_key)
{
	static char key[MPROC_KEY_MAX];
	const mproc_listener_options options = {.key = key, .key_size = sizeof key};
	mproc_listener *listener = open_listener(place, &options);

	check_meeting(listener, &options);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(port_without_a_key_must_be_meant)
{
	mproc_listener *none = NULL;

	check_failed(mproc_listener_open("tcp://127.0.0.1:0", NULL, &none), -EINVAL,
		"a listener on TCP without a key serves whoever reaches its port: give .key, or "
		".without_key");
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(key_of_the_listener_is_a_copy)
{
	char key[] = "secret";
	mproc_listener *listener = open_listener(place, &(mproc_listener_options){.key = key, .key_size = 6});

	memset(key, 0, sizeof key);
	check_meeting(listener, &with_key);
	mproc_listener_close(listener);
}
END_TEST

/* A caller with these options is sent away; each side says why. */
static void check_sent_away(
	const mproc_listener_options *options, caller *one, const char *here, const char *there)
{
	mproc_listener *listener = open_listener(place, options);
	mproc_connection *none = NULL;
	support_thread thread;

	one->address = place;
	support_begin(&thread, call, one);
	serve_until_refused(listener, 1);
	support_end(&thread);
	check_thread_failed(&thread, -EACCES, there);
	ck_assert_ptr_null(one->connection);
	check_failed(mproc_listener_accept(listener, MPROC_NOW, &none), -ETIMEDOUT, here);
	mproc_listener_close(listener);
}

START_TEST(who_has_another_key_is_sent_away)
{
	caller one = {.options = {.key = "public", .key_size = 6}};

	check_sent_away(&with_key, &one,
		"nobody has connected until the deadline; 1 were sent away, the last one: who connects has "
		"another key",
		"/s\": the listener has another key");
}
END_TEST

START_TEST(who_has_no_key_is_sent_away)
{
	caller one = {0};

	check_sent_away(&with_key, &one, "who connects has no key, this side has one",
		"the listener has a key, this side has none");
}
END_TEST

START_TEST(who_has_a_key_is_sent_away_where_there_is_none)
{
	caller one = {.options = {.key = "secret", .key_size = 6}};

	check_sent_away(NULL, &one, "who connects has a key, this side has none",
		"the listener has no key, this side has one");
}
END_TEST

START_TEST(nobody_comes_until_the_deadline)
{
	mproc_listener *listener = open_listener(place, NULL);
	mproc_connection *none = NULL;

	check_failed(mproc_listener_accept(listener, MPROC_NOW, &none), -ETIMEDOUT,
		"nobody has connected until the deadline");
	ck_assert_int_eq(mproc_listener_accept(listener, mproc_after(0.01), &none), -ETIMEDOUT);
	ck_assert_ptr_null(none);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(nonsense_ends_no_wait)
{
	static const char web[] = "GET / HTTP/1.1\r\nHost: localhost:4000\r\nUser-Agent: scanner/1.0\r\n\r\n";
	static const unsigned char huge[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	mproc_listener *listener = open_listener("tcp://127.0.0.1:0", &with_key);
	int callers[3];

	for (int i = 0; i < 3; ++i)
		callers[i] = connect_mute(mproc_listener_address(listener));
	ck_assert_int_eq(send(callers[0], web, sizeof web, MSG_NOSIGNAL), sizeof web);
	for (int i = 0; i < 8; ++i)
		ck_assert_int_eq(send(callers[1], huge, sizeof huge, MSG_NOSIGNAL), sizeof huge);
	/* A port scanner. */
	shutdown(callers[2], SHUT_RDWR);
	check_meeting(listener, &with_key);
	serve_until_refused(listener, 3);
	for (int i = 0; i < 3; ++i)
		close(callers[i]);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(who_stops_in_the_middle_is_forgotten)
{
	mproc_listener *listener = open_listener("tcp://127.0.0.1:0", &with_key);
	int one = connect_mute(mproc_listener_address(listener));

	ck_assert_int_eq(send(one, "mproc/1\0\1", 9, MSG_NOSIGNAL), 9);
	check_meeting(listener, &with_key);
	close(one);
	serve_until_refused(listener, 1);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(packet_that_is_too_large_is_refused)
{
	static const char packet[1000];
	mproc_listener *listener = open_listener(place, NULL);
	mproc_connection *none;
	int one = connect_mute(place);

	ck_assert_int_eq(send(one, packet, sizeof packet, MSG_NOSIGNAL), sizeof packet);
	serve_until_refused(listener, 1);
	check_failed(mproc_listener_accept(listener, MPROC_NOW, &none), -ETIMEDOUT,
		"the last one: the other side says more than it should");
	close(one);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(descriptors_that_come_with_a_greeting_are_not_taken)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} room = {0};
	struct iovec part = {.iov_base = place, .iov_len = 48};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
	mproc_listener *listener = open_listener(place, NULL);
	int one = connect_mute(place);

	room.header = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof one)};
	memcpy(CMSG_DATA(&room.header), &one, sizeof one);
	ck_assert_int_eq(sendmsg(one, &message, MSG_NOSIGNAL), 48);
	serve_until_refused(listener, 1);
	close(one);
	mproc_listener_close(listener);
}
END_TEST

/* Threads that connect and say nothing, each of some. */
typedef struct crowd {
	const char *address;
	int count;
	int sockets[1000];
} crowd;

static int connect_crowd(void *argument)
{
	crowd *all = argument;

	for (int i = 0; i < all->count; ++i)
		all->sockets[i] = connect_mute(all->address);
	return 0;
}

static void disperse(crowd *all)
{
	for (int i = 0; i < all->count; ++i)
		close(all->sockets[i]);
}

START_TEST(many_who_keep_silent_delay_nobody)
{
	static crowd all;
	mproc_listener *listener = open_listener(place, &with_key);
	support_thread thread;
	rlim_t before = limit(RLIMIT_NOFILE, 1500);

	all.address = place;
	all.count = 1000;
	support_begin(&thread, connect_crowd, &all);
	/* At most so many are half open; the others are sent away meanwhile. */
	serve_until_refused(listener, all.count - MPROC_LISTENER_HALF_OPEN_MAX);
	ck_assert_int_eq(support_end(&thread), 0);
	check_meeting(listener, &with_key);
	disperse(&all);
	serve_until_refused(listener, all.count);
	ck_assert_int_eq(mproc_listener_refused(listener), all.count);
	mproc_listener_close(listener);
	limit(RLIMIT_NOFILE, before);
}
END_TEST

static int accept_in_thread(void *listener)
{
	mproc_connection *connection;
	int rc = mproc_listener_accept(listener, mproc_after(60), &connection);

	if (rc == 0)
		mproc_connection_close(connection);
	return rc;
}

START_TEST(who_keeps_silent_is_sent_away_after_five_seconds)
{
	mproc_listener *listener = open_listener(place, &with_key);
	int mute = connect_mute(place);
	caller one = caller_of(listener, &with_key);
	support_thread thread;
	char byte;

	support_begin(&thread, accept_in_thread, listener);
	/* The end, and not before. */
	ck_assert_int_eq(recv(mute, &byte, 1, 0), 0);
	ck_assert_int_eq(mproc_listener_refused(listener), 1);
	ck_assert_int_eq(call(&one), 0);
	ck_assert_int_eq(support_end(&thread), 0);
	mproc_connection_close(one.connection);
	close(mute);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(descriptor_is_readable_when_there_is_something_to_do)
{
	mproc_listener *listener = open_listener(place, &with_key);
	struct pollfd descriptor = {.fd = mproc_listener_fd(listener), .events = POLLIN};
	caller one = caller_of(listener, &with_key);
	mproc_connection *server = NULL;
	support_thread thread;

	ck_assert_int_eq(mproc_listener_fd(listener), descriptor.fd);
	ck_assert_int_eq(poll(&descriptor, 1, 0), 0);
	support_begin(&thread, call, &one);
	while (server == NULL) {
		ck_assert_int_eq(poll(&descriptor, 1, 60000), 1);
		mproc_listener_accept(listener, MPROC_NOW, &server);
	}
	ck_assert_int_eq(support_end(&thread), 0);
	ck_assert_int_eq(poll(&descriptor, 1, 0), 0);
	check_message(one.connection, server);
	mproc_connection_close(one.connection);
	mproc_connection_close(server);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(threads_accept_at_once)
{
	enum {
		SIDES = 4,
	};
	mproc_listener *listener = open_listener("tcp://127.0.0.1:0", &with_key);
	support_thread accepting[SIDES], calling[SIDES];
	caller callers[SIDES];

	for (int i = 0; i < SIDES; ++i) {
		callers[i] = caller_of(listener, &with_key);
		support_begin(&accepting[i], accept_in_thread, listener);
	}
	for (int i = 0; i < SIDES; ++i)
		support_begin(&calling[i], call, &callers[i]);
	for (int i = 0; i < SIDES; ++i) {
		ck_assert_int_eq(support_end(&accepting[i]), 0);
		ck_assert_int_eq(support_end(&calling[i]), 0);
		mproc_connection_close(callers[i].connection);
	}
	mproc_listener_close(listener);
}
END_TEST

START_TEST(limit_of_messages_is_that_of_the_options)
{
	const mproc_listener_options options = {.max_message = 100};
	mproc_listener *listener = open_listener(place, &options);
	caller one = {.address = place, .options = {.max_message = 200}, .deadline = mproc_after(60)};
	char message[201] = "";
	mproc_connection *server;
	support_thread thread;

	support_begin(&thread, call, &one);
	server = accept_one(listener);
	ck_assert_int_eq(support_end(&thread), 0);
	ck_assert_int_eq(mproc_connection_send(server, message, 101, MPROC_NOW), -EMSGSIZE);
	ck_assert_int_eq(mproc_connection_send(one.connection, message, 201, MPROC_NOW), -EMSGSIZE);
	ck_assert_int_eq(mproc_connection_send(one.connection, message, 200, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_connection_recv(server, message, 200, MPROC_NOW, NULL), -EBADMSG);
	mproc_connection_close(one.connection);
	mproc_connection_close(server);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(address_in_use_is_refused)
{
	mproc_listener *listener = open_listener(place, NULL), *none = NULL;

	check_failed(mproc_listener_open(place, NULL, &none), -EADDRINUSE, "somebody listens there already");
	check_meeting(listener, &no_options);
	mproc_listener_close(listener);
	listener = open_listener("tcp://127.0.0.1:0", &with_key);
	check_failed(mproc_listener_open(mproc_listener_address(listener), &with_key, &none), -EADDRINUSE,
		"Address already in use");
	mproc_listener_close(listener);
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(closing_removes_the_socket_file_if_it_is_the_same)
{
	mproc_listener *listener = open_listener(place, NULL);

	ck_assert_int_eq(access(place_path, F_OK), 0);
	mproc_listener_close(listener);
	ck_assert_int_ne(access(place_path, F_OK), 0);
	listener = open_listener(place, NULL);
	ck_assert_int_eq(unlink(place_path), 0);
	tree_write("/s", "another file");
	mproc_listener_close(listener);
	ck_assert_int_eq(access(place_path, F_OK), 0);
	ck_assert_ptr_null(mproc_listener_close(NULL));
}
END_TEST

START_TEST(closing_hangs_up_on_who_is_half_open)
{
	mproc_listener *listener = open_listener(place, &with_key);
	caller one = caller_of(listener, &with_key);
	int mute = connect_mute(place);
	support_thread thread;
	char byte;

	serve(listener);
	one.address = place;
	support_begin(&thread, call, &one);
	mproc_listener_close(listener);
	ck_assert_int_eq(recv(mute, &byte, 1, 0), 0);
	/* Before, while, or after it connected. */
	support_end(&thread);
	ck_assert(thread.result == -ECONNRESET || thread.result == -ENOENT || thread.result == -ECONNREFUSED);
	close(mute);
}
END_TEST

/* What is at a socket file instead of a listener: says something to who comes, and perhaps hangs up. */
typedef struct impostor {
	int listening;
	const void *data;
	size_t size;
	bool hangs_up;
	int server;
} impostor;

static int answer(void *argument)
{
	impostor *one = argument;

	one->server = accept(one->listening, NULL, NULL);
	if (one->server < 0 || send(one->server, one->data, one->size, MSG_NOSIGNAL) < 0)
		return -errno;
	if (one->hangs_up)
		shutdown(one->server, SHUT_RDWR);
	return 0;
}

static void check_impostor(impostor *one, int code, const char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mproc_connection *none = NULL;
	support_thread thread;

	memcpy(address.sun_path, place_path, strnlen(place_path, sizeof address.sun_path - 1));
	unlink(place_path);
	one->listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(one->listening, (const struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(one->listening, 1), 0);
	support_begin(&thread, answer, one);
	check_failed(mproc_connect(place, &(mproc_connect_options){.key = "secret", .key_size = 6},
			     MPROC_FOREVER, &none),
		code, text);
	ck_assert_int_eq(support_end(&thread), 0);
	ck_assert_ptr_null(none);
	close(one->server);
	close(one->listening);
}

START_TEST(what_is_no_listener_is_not_believed)
{
	impostor web = {.data = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n\r\n\r\n", .size = 48};
	impostor verbose = {.data = place, .size = 60};
	impostor rude = {.data = "", .size = 1, .hangs_up = true};

	check_impostor(&web, -EBADMSG, "/s\": the other side does not speak mproc/1");
	check_impostor(&verbose, -EBADMSG, "the other side says more than it should");
	check_impostor(&rude, -ECONNRESET, "the other side has hung up before both knew each other");
}
END_TEST

START_TEST(listener_for_streams_is_told_from_one_of_ours)
{
	mproci_file_id file;
	int listening = mproci_listen_at_path_for_streams(place_path, 1, &file);
	mproc_connection *none = NULL;

	ck_assert_int_ge(listening, 0);
	check_failed(mproc_connect(place, NULL, MPROC_FOREVER, &none), -EBADMSG,
		"/s\": what listens there is no listener of mproc");
	ck_assert_ptr_null(none);
	close(listening);
	unlink(place_path);
}
END_TEST

START_TEST(listener_that_keeps_silent_is_given_up_after_five_seconds)
{
	impostor mute = {.data = "mproc/1", .size = 8};

	check_impostor(&mute, -ETIMEDOUT, "the listener has begun to answer, and keeps silent");
}
END_TEST

START_TEST(connecting_ends_at_its_deadline)
{
	mproc_listener *listener = open_listener(place, NULL);
	mproc_connection *none = NULL;

	check_failed(mproc_connect(place, NULL, mproc_after(0.02), &none), -ETIMEDOUT,
		"/s\": the listener has not accepted until the deadline");
	check_failed(mproc_connect(place, NULL, MPROC_NOW, &none), -ETIMEDOUT,
		"/s\": the listener has not accepted until the deadline");
	ck_assert_ptr_null(none);
	mproc_listener_close(listener);
}
END_TEST

START_TEST(connecting_where_nobody_listens_fails)
{
	mproc_listener *listener = open_listener("tcp://127.0.0.1:0", &with_key);
	mproc_connection *none = NULL;
	char address[64], name[90];

	snprintf(address, sizeof address, "%s", mproc_listener_address(listener));
	mproc_listener_close(listener);
	check_failed(
		mproc_connect(address, NULL, MPROC_FOREVER, &none), -ECONNREFUSED, ": nobody listens there");
	check_failed(mproc_connect(place, NULL, MPROC_FOREVER, &none), -ENOENT,
		"/s\": cannot connect: No such file or directory");
	/* No resolver asks anybody for that. */
	snprintf(name, sizeof name, "tcp://%070d.invalid:1", 0);
	check_failed(mproc_connect(name, NULL, MPROC_FOREVER, &none), -EHOSTUNREACH, ": host \"000");
	check_failed(mproc_listener_open(name, &with_key, &listener), -EHOSTUNREACH, "host \"000");
	check_failed(mproc_listener_open("tcp://192.0.2.1:0", &with_key, &listener), -EADDRNOTAVAIL,
		"Cannot assign requested address");
}
END_TEST

START_TEST(arguments_that_cannot_be_are_refused)
{
	mproc_listener_options options = {.key = "k"};
	mproc_connect_options connect_options = {.key = "k"};
	mproc_listener *listener = NULL;
	mproc_connection *none = NULL;
	char text[200];

	check_failed(mproc_listener_open(place, NULL, NULL), -EINVAL, "ret_listener is NULL");
	check_failed(mproc_listener_open(NULL, NULL, &listener), -EINVAL, "address is NULL");
	check_failed(
		mproc_listener_open("host:1", NULL, &listener), -EINVAL, "it must be unix:/path or tcp://");
	check_failed(mproc_connect(place, NULL, MPROC_NOW, NULL), -EINVAL, "ret_connection is NULL");
	check_failed(mproc_connect(NULL, NULL, MPROC_NOW, &none), -EINVAL, "address is NULL");
	check_failed(
		mproc_connect("tcp://host:0", NULL, MPROC_NOW, &none), -EINVAL, "port 0 is for listeners");
	check_failed(mproc_listener_accept(NULL, MPROC_NOW, &none), -EINVAL, "listener is NULL");
	check_failed(mproc_listener_fd(NULL), -EINVAL, "listener is NULL");
	check_failed((int)mproc_listener_refused(NULL), -EINVAL, "listener is NULL");
	ck_assert_ptr_null(mproc_listener_address(NULL));

	check_failed(mproc_listener_open(place, &options, &listener), -EINVAL,
		"key of 0 bytes: 1 to 4096 are possible");
	check_failed(mproc_connect(place, &connect_options, MPROC_NOW, &none), -EINVAL, "key of 0 bytes");
	options.key_size = connect_options.key_size = 4097;
	check_failed(mproc_listener_open(place, &options, &listener), -EINVAL, "key of 4097 bytes");
	check_failed(mproc_connect(place, &connect_options, MPROC_NOW, &none), -EINVAL, "key of 4097 bytes");
	options.key = connect_options.key = NULL;
	check_failed(mproc_listener_open(place, &options, &listener), -EINVAL,
		"key is NULL, but key_size is 4097");
	check_failed(mproc_connect(place, &connect_options, MPROC_NOW, &none), -EINVAL, "key is NULL");
	options.key_size = connect_options.key_size = 0;
	options.max_message = connect_options.max_message = SIZE_MAX;
	ck_assert_int_eq(mproc_listener_open(place, &options, &listener), -EINVAL);
	ck_assert_int_eq(mproc_connect(place, &connect_options, MPROC_NOW, &none), -EINVAL);
	options.max_message = connect_options.max_message = 0;
	for (int i = 0; i < 3; ++i) {
		options.reserved[i] = connect_options.reserved[i] = 7;
		snprintf(text, sizeof text, "reserved[%d] is 7, not 0", i);
		check_failed(mproc_listener_open(place, &options, &listener), -EINVAL, text);
		check_failed(mproc_connect(place, &connect_options, MPROC_NOW, &none), -EINVAL, text);
		options.reserved[i] = connect_options.reserved[i] = 0;
	}
	snprintf(text, sizeof text, "unix:/%0107d", 0);
	check_failed(mproc_listener_open(text, NULL, &listener), -ENAMETOOLONG, "at most 107 are possible");
	check_failed(mproc_connect(text, NULL, MPROC_NOW, &none), -ENAMETOOLONG, "at most 107 are possible");
	listener = open_listener(place, NULL);
	check_failed(mproc_listener_accept(listener, MPROC_NOW, NULL), -EINVAL, "ret_connection is NULL");
	mproc_listener_close(listener);
	ck_assert_ptr_null(none);
}
END_TEST

static int open_without_files(void *address)
{
	mproc_listener *none;

	refuse_call(SYS_openat, ENOENT);
	return mproc_listener_open(address, &with_key, &none);
}

static int connect_without_files(void *address)
{
	mproc_connection *none;

	refuse_call(SYS_openat, ENOENT);
	return mproc_connect(address, &(mproc_connect_options){.key = "k", .key_size = 1}, MPROC_NOW, &none);
}

START_TEST(key_without_libcrypto_is_refused)
{
	support_thread thread = support_in_thread(open_without_files, place);

	check_thread_failed(&thread, -ENOSYS,
		"a key takes libcrypto.so.3, which is Debian's package libssl3: libcrypto.so.3");
	thread = support_in_thread(connect_without_files, place);
	check_thread_failed(&thread, -ENOSYS,
		"a key takes libcrypto.so.3, which is Debian's package libssl3: libcrypto.so.3");
	ck_assert_int_ne(access(place_path, F_OK), 0);
}
END_TEST

static int accept_without_descriptors(void *listener)
{
	mproc_connection *none;

	refuse_call(SYS_accept4, EMFILE);
	return mproc_listener_accept(listener, mproc_after(60), &none);
}

START_TEST(accepting_without_descriptors_left_loses_nobody)
{
	mproc_listener *listener = open_listener(place, NULL);
	caller one = caller_of(listener, &no_options);
	support_thread thread, calling;

	support_begin(&calling, call, &one);
	thread = support_in_thread(accept_without_descriptors, listener);
	check_thread_failed(
		&thread, -EMFILE, "cannot accept a connection: Too many open files, RLIMIT_NOFILE is");
	mproc_connection_close(accept_one(listener));
	ck_assert_int_eq(support_end(&calling), 0);
	mproc_connection_close(one.connection);
	mproc_listener_close(listener);
}
END_TEST

static _Atomic bool is_over;

static int accept_from_who_has_left(void *listener)
{
	mproc_connection *none;
	int rc = -ETIMEDOUT;

	refuse_call(SYS_getpeername, ENOTCONN);
	while (rc == -ETIMEDOUT && !atomic_load(&is_over))
		rc = mproc_listener_accept(listener, MPROC_NOW, &none);
	return rc;
}

static int connect_to_who_has_left(void *argument)
{
	refuse_call(SYS_getpeername, ENOTCONN);
	return call(argument);
}

START_TEST(who_leaves_at_once_ends_no_wait)
{
	mproc_listener *listener = open_listener(place, NULL);
	caller one = caller_of(listener, &no_options);
	support_thread accepting, calling;

	support_begin(&accepting, accept_from_who_has_left, listener);
	calling = support_in_thread(connect_to_who_has_left, &one);
	check_thread_failed(&calling, -ECONNRESET, "/s\": descriptor");
	atomic_store(&is_over, true);
	support_end(&accepting);
	check_thread_failed(&accepting, -ETIMEDOUT, "nobody has connected until the deadline");
	mproc_listener_close(listener);
}
END_TEST

START_TEST(without_descriptors_left_nothing_is_left_behind)
{
	int next = dup(STDERR_FILENO);
	mproc_listener *none;

	close(next);
	/* Room for none, the socket, its lock, the watch; then it would succeed. */
	for (int room = 0; room < 3; ++room) {
		rlim_t before = limit(RLIMIT_NOFILE, (rlim_t)(next + room));
		int rc = mproc_listener_open(place, &without_key, &none);

		limit(RLIMIT_NOFILE, before);
		check_failed(rc, -EMFILE, "Too many open files");
		ck_assert_int_ne(access(place_path, F_OK), 0);
	}
}
END_TEST

static int call_and_close(void *argument)
{
	caller *one = argument;
	int rc = call(one);

	if (rc == 0)
		mproc_connection_close(one->connection);
	return rc;
}

START_TEST(caught_signals_do_not_end_an_accept)
{
	mproc_listener *listener = open_listener(place, &with_key);
	caller one = caller_of(listener, &with_key);

	support_disturb(call_and_close, &one);
	mproc_connection_close(accept_one(listener));
	support_calm();
	mproc_listener_close(listener);
}
END_TEST

START_TEST(caught_signals_do_not_end_a_connect)
{
	mproc_listener *listener = open_listener(place, &with_key);
	caller one = caller_of(listener, &with_key);

	support_disturb(accept_in_thread, listener);
	ck_assert_int_eq(call(&one), 0);
	support_calm();
	mproc_connection_close(one.connection);
	mproc_listener_close(listener);
}
END_TEST

static int accept_and_greet(void *listener)
{
	mproc_connection *connection = NULL;
	int rc = mproc_listener_accept(listener, mproc_after(60), &connection);

	if (rc == 0)
		rc = mproc_connection_send(connection, "hello", 6, MPROC_NOW);
	mproc_connection_close(connection);
	return rc;
}

START_TEST(forked_children_accept_on_their_copies)
{
	enum {
		CHILDREN = 3,
	};
	mproc_listener *listener = open_listener(place, &with_key);
	caller one = caller_of(listener, &with_key);
	pid_t children[CHILDREN];
	char text[8];

	for (int i = 0; i < CHILDREN; ++i)
		children[i] = support_fork(accept_and_greet, listener);
	for (int i = 0; i < CHILDREN; ++i) {
		ck_assert_int_eq(call(&one), 0);
		ck_assert_int_eq(
			mproc_connection_recv(one.connection, text, sizeof text, mproc_after(60), NULL), 0);
		ck_assert_str_eq(text, "hello");
		mproc_connection_close(one.connection);
	}
	for (int i = 0; i < CHILDREN; ++i)
		ck_assert_int_eq(support_reap(children[i]), 0);
	mproc_listener_close(listener);
}
END_TEST

/* Of its socket in the parent. */
static int descriptor_of_who_is_half_open;

static int use_and_close(void *listener)
{
	mproc_connection *none;
	bool is_open = fcntl(descriptor_of_who_is_half_open, F_GETFD) >= 0;
	int rc = mproc_listener_accept(listener, MPROC_NOW, &none);

	if (is_open || rc != -ETIMEDOUT || mproc_listener_refused(listener) != 0
		|| mproc_listener_fd(listener) < 0)
		return 200;
	mproc_listener_close(listener);
	return 0;
}

START_TEST(child_leaves_who_is_half_open_and_the_file_to_its_parent)
{
	mproc_listener *listener = open_listener(place, NULL);
	int one = connect_mute(place);
	char greeting[48] = "mproc/1";
	mproc_connection *connection;

	descriptor_of_who_is_half_open = dup(one);
	close(descriptor_of_who_is_half_open);
	serve(listener);
	ck_assert_int_ge(fcntl(descriptor_of_who_is_half_open, F_GETFD), 0);
	ck_assert_int_eq(support_reap(support_fork(use_and_close, listener)), 0);
	ck_assert_int_eq(access(place_path, F_OK), 0);
	ck_assert_int_eq(send(one, greeting, sizeof greeting, MSG_NOSIGNAL), sizeof greeting);
	connection = accept_one(listener);
	ck_assert_int_eq(recv(one, greeting, sizeof greeting, 0), sizeof greeting);
	mproc_connection_close(connection);
	close(one);
	check_meeting(listener, &no_options);
	mproc_listener_close(listener);
}
END_TEST

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

static int accept_until_it_is_closed(void *listener)
{
	static const char text[] = "the process that opened the listener has closed it";
	mproc_connection *none;

	for (int i = 0; i < 2; ++i) {
		if (mproc_listener_accept(listener, MPROC_FOREVER, &none) != -EPIPE
			|| strcmp(mproc_error_text(), text) != 0)
			return 200;
	}
	return 0;
}

START_TEST(closing_ends_the_accepting_of_children)
{
	for (int i = 0; i < 2; ++i) {
		mproc_listener *listener =
			i == 0 ? open_listener(place, NULL) : open_listener("tcp://127.0.0.1:0", &with_key);
		pid_t child = support_fork(accept_until_it_is_closed, listener);

		mproc_listener_close(listener);
		ck_assert_int_eq(support_reap(child), 0);
	}
}
END_TEST

static int open_and_leave_to_a_child(void *address)
{
	mproc_listener *listener;
	int rc = mproc_listener_open(address, &with_key, &listener);

	if (rc == 0 && fork() == 0)
		_exit(-accept_and_greet(listener));
	return rc;
}

START_TEST(children_of_a_dead_opener_go_on)
{
	caller one = {.address = place, .options = {.key = "secret", .key_size = 6}};
	char text[8];

	ck_assert_int_eq(support_reap(support_fork(open_and_leave_to_a_child, place)), 0);
	ck_assert_int_eq(call(&one), 0);
	ck_assert_int_eq(mproc_connection_recv(one.connection, text, sizeof text, mproc_after(60), NULL), 0);
	ck_assert_str_eq(text, "hello");
	ck_assert_int_eq(
		mproc_connection_recv(one.connection, text, sizeof text, mproc_after(60), NULL), -EPIPE);
	mproc_connection_close(one.connection);
}
END_TEST

static int look_and_close(void *listener)
{
	if (mproc_listener_refused(listener) != 0 || mproc_listener_fd(listener) < 0)
		return 200;
	mproc_listener_close(listener);
	return 0;
}

START_TEST(closing_ends_the_waiting_of_who_was_not_accepted)
{
	mproc_listener *listener = open_listener(place, NULL);
	pid_t child = support_fork_and_keep(do_nothing, NULL);
	int one = connect_mute(place);
	char byte;

	/* The child, a copy of this process, still has the listening socket. */
	mproc_listener_close(listener);
	ck_assert_int_eq(recv(one, &byte, 1, 0), 0);
	support_kill(child);
	close(one);
}
END_TEST

START_TEST(forks_while_others_accept_disturb_nobody)
{
	mproc_listener *listener = open_listener(place, &with_key);
	caller one = caller_of(listener, &with_key);

	for (int i = 0; i < 30; ++i) {
		support_thread accepting, calling;
		pid_t child;

		support_begin(&accepting, accept_in_thread, listener);
		support_begin(&calling, call, &one);
		child = support_fork(look_and_close, listener);
		ck_assert_int_eq(support_end(&accepting), 0);
		ck_assert_int_eq(support_end(&calling), 0);
		mproc_connection_close(one.connection);
		ck_assert_int_eq(support_reap(child), 0);
	}
	mproc_listener_close(listener);
}
END_TEST

static int open_and_keep(void *address)
{
	mproc_listener *listener;

	return mproc_listener_open(address, NULL, &listener);
}

START_TEST(killed_listener_is_replaced)
{
	mproc_connection *none;
	mproc_listener *listener;

	support_kill(support_fork_and_keep(open_and_keep, place));
	ck_assert_int_eq(access(place_path, F_OK), 0);
	check_failed(mproc_connect(place, NULL, MPROC_FOREVER, &none), -ECONNREFUSED, "nobody listens there");
	listener = open_listener(place, NULL);
	check_meeting(listener, &no_options);
	mproc_listener_close(listener);
}
END_TEST

/* How often somebody below has done what it does. */
static _Atomic uint32_t *opened;

static int open_again_and_again(void *address)
{
	mproc_listener *listener;

	for (;;) {
		if (mproc_listener_open(address, NULL, &listener) != 0)
			return 200;
		atomic_fetch_add(opened, 1);
		mproc_listener_close(listener);
	}
}

START_TEST(listener_killed_anywhere_is_replaced)
{
	opened = mmap(NULL, sizeof *opened, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(opened, MAP_FAILED);
	for (uint32_t i = 0; i < 50; ++i) {
		pid_t child;

		atomic_store(opened, 0);
		child = support_fork(open_again_and_again, place);
		support_await(opened, 1 + i % 4);
		support_kill(child);
		mproc_listener_close(open_listener(place, NULL));
		ck_assert_int_ne(access(place_path, F_OK), 0);
		ck_assert_int_ne(access(in_tree("/s.lock"), F_OK), 0);
	}
	munmap((void *)(uintptr_t)opened, sizeof *opened);
}
END_TEST

static int accept_for_ever(void *listener)
{
	for (;;) {
		mproc_connection *connection;
		int rc = mproc_listener_accept(listener, MPROC_FOREVER, &connection);

		if (rc != 0)
			return rc;
		mproc_connection_close(connection);
	}
}

static int serve_for_ever(void *address)
{
	mproc_listener *listener;
	int rc = mproc_listener_open(address, &with_key, &listener);

	return rc < 0 ? rc : accept_for_ever(listener);
}

static int call_until_it_fails(void *argument)
{
	caller *one = argument;
	int rc = 0;

	for (uint32_t count = 0; rc == 0; ++count) {
		rc = call_and_close(one);
		atomic_store(opened, count);
	}
	return rc;
}

START_TEST(death_of_the_listener_is_told_to_who_connects)
{
	static _Atomic uint32_t connected;

	opened = &connected;
	for (int i = 0; i < 20; ++i) {
		caller one = {.address = place, .options = {.key = "secret", .key_size = 6}};
		pid_t listener = support_fork(serve_for_ever, place);
		support_thread thread;

		/* Until it is there. */
		while (call_and_close(&one) != 0)
			sched_yield();
		atomic_store(opened, 0);
		support_begin(&thread, call_until_it_fails, &one);
		support_await(opened, 1);
		support_kill(listener);
		support_end(&thread);
		ck_assert_msg(thread.result == -ECONNRESET || thread.result == -ECONNREFUSED, "%d: %s",
			thread.result, thread.text);
	}
}
END_TEST

static int call_as_nobody(void *argument)
{
	caller *one = argument;

	return setresuid(65534, 65534, 65534) == 0 ? call(one) : 200;
}

static int open_as_nobody(void *address)
{
	return setresuid(65534, 65534, 65534) == 0 ? open_and_keep(address) : 200;
}

START_TEST(stranger_is_sent_away)
{
	mproc_listener *listener;
	mproc_connection *none;
	caller one = {.address = place, .deadline = MPROC_FOREVER};
	pid_t child;

	/* It takes another user to connect. */
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(in_tree(""), 0755), 0);
	listener = open_listener(place, NULL);
	ck_assert_int_eq(support_reap(support_fork(call_as_nobody, &one)), EACCES);
	ck_assert_int_eq(chmod(place_path, 0666), 0);
	child = support_fork(call_as_nobody, &one);
	serve_until_refused(listener, 1);
	ck_assert_int_eq(support_reap(child), ECONNRESET);
	check_failed(mproc_listener_accept(listener, MPROC_NOW, &none), -ETIMEDOUT,
		"the last one: the other side belongs to user 65534");
	mproc_listener_close(listener);
}
END_TEST

START_TEST(listener_of_a_stranger_is_not_believed)
{
	mproc_connection *none;
	pid_t stranger;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(in_tree(""), 0777), 0);
	stranger = support_fork_and_keep(open_as_nobody, place);
	check_failed(mproc_connect(place, NULL, MPROC_FOREVER, &none), -EACCES,
		"/s\": the other side belongs to user 65534, who is neither this process's user 0 nor root");
	support_kill(stranger);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		meeting_at_a_socket_file,
		meeting_at_a_socket_file_with_a_key,
		meeting_at_a_port_with_a_key,
		meeting_at_a_port_without_a_key,
		meeting_with_the_longest_key,
		port_without_a_key_must_be_meant,
		key_of_the_listener_is_a_copy,
		who_has_another_key_is_sent_away,
		who_has_no_key_is_sent_away,
		who_has_a_key_is_sent_away_where_there_is_none,
		nobody_comes_until_the_deadline,
		nonsense_ends_no_wait,
		who_stops_in_the_middle_is_forgotten,
		packet_that_is_too_large_is_refused,
		descriptors_that_come_with_a_greeting_are_not_taken,
		many_who_keep_silent_delay_nobody,
		who_keeps_silent_is_sent_away_after_five_seconds,
		descriptor_is_readable_when_there_is_something_to_do,
		threads_accept_at_once,
		limit_of_messages_is_that_of_the_options,
		address_in_use_is_refused,
		closing_removes_the_socket_file_if_it_is_the_same,
		closing_hangs_up_on_who_is_half_open,
		what_is_no_listener_is_not_believed,
		listener_for_streams_is_told_from_one_of_ours,
		listener_that_keeps_silent_is_given_up_after_five_seconds,
		connecting_ends_at_its_deadline,
		connecting_where_nobody_listens_fails,
		arguments_that_cannot_be_are_refused,
		key_without_libcrypto_is_refused,
		accepting_without_descriptors_left_loses_nobody,
		who_leaves_at_once_ends_no_wait,
		without_descriptors_left_nothing_is_left_behind,
		NULL,
	};
	const TTest *process_tests[] = {
		caught_signals_do_not_end_an_accept,
		caught_signals_do_not_end_a_connect,
		forked_children_accept_on_their_copies,
		child_leaves_who_is_half_open_and_the_file_to_its_parent,
		closing_ends_the_accepting_of_children,
		closing_ends_the_waiting_of_who_was_not_accepted,
		children_of_a_dead_opener_go_on,
		forks_while_others_accept_disturb_nobody,
		killed_listener_is_replaced,
		listener_killed_anywhere_is_replaced,
		death_of_the_listener_is_told_to_who_connects,
		stranger_is_sent_away,
		listener_of_a_stranger_is_not_believed,
		NULL,
	};
	const support_suite suite = {
		.name = "listener",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_place,
		.teardown = tree_remove,
	};

	return support_run_suite(&suite);
}
