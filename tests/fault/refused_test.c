/* SPDX-License-Identifier: MIT */
/*
 * What the kernel or malloc refuses a call, the call answers.  Each in a process of its own, for there is no way back.
 *
 * Most of these errors need a machine that is out of descriptors, buffers or memory: here the kernel is told to say so.
 */
#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"
#include "sys/kernel_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Only there with AddressSanitizer, which ends a process that gets no memory. */
extern void __asan_init(void) __attribute__((weak));

typedef struct refusal {
	const char *name;
	/* What is refused: a system call, or NOTHING that the kernel has. */
	long call;
	int code;
	/* Calls deny() when all is there that it needs, and then what is to fail. */
	int (*function)(const struct refusal *refusal);
} refusal;

enum {
	NOTHING = -1,
	DESCRIPTORS = -2,
	MEMORY = -3,
};

/* From here on malloc gives nothing. */
static void use_up_memory(void)
{
	limit(RLIMIT_AS, 1);
	for (size_t size = 1 << 20; size >= 16; size /= 2)
		while (malloc(size) != NULL)
			;
}

static void deny(const refusal *it)
{
	if (it->call == DESCRIPTORS)
		limit(RLIMIT_NOFILE, 0);
	else if (it->call == MEMORY)
		use_up_memory();
	else if (it->call != NOTHING)
		refuse_call((unsigned)it->call, (unsigned)it->code);
}

/* The first calls of a process, which make its family. */

static mproc_queue *queue;

static int allocate(const refusal *it)
{
	deny(it);
	return mproc_alloc(1) == NULL ? -errno : 0;
}

static int make_dict(const refusal *it)
{
	mproc_dict *dict;

	deny(it);
	return mproc_dict_create(NULL, &dict);
}

static int make_list(const refusal *it)
{
	mproc_list *list;

	deny(it);
	return mproc_list_create(NULL, &list);
}

static int make_queue(const refusal *it)
{
	deny(it);
	return mproc_queue_create(NULL, &queue);
}

/* A pair of connections; what is sent to near comes out of far. */

static mproc_connection *near, *far;

static void open_pair(void)
{
	int sockets[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	ck_assert_int_eq(mproc_connection_open(sockets[0], NULL, &near), 0);
	ck_assert_int_eq(mproc_connection_open(sockets[1], NULL, &far), 0);
}

static void send_descriptor(void)
{
	int fd = STDERR_FILENO;

	ck_assert_int_eq(mproc_connection_send_descriptors(near, "x", 1, &fd, 1, MPROC_FOREVER), 0);
}

static int open_connection(const refusal *it)
{
	int sockets[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	deny(it);
	return mproc_connection_open(sockets[0], NULL, &near);
}

static int make_pipe(const refusal *it)
{
	deny(it);
	return mproc_pipe(NULL, &near, &far);
}

static int send_descriptors(const refusal *it)
{
	int fd = STDERR_FILENO;

	open_pair();
	deny(it);
	return mproc_connection_send_descriptors(near, "x", 1, &fd, 1, MPROC_FOREVER);
}

static int send_descriptors_to_nobody(const refusal *it)
{
	int fd = STDERR_FILENO;

	open_pair();
	deny(it);
	far = mproc_connection_close(far);
	return mproc_connection_send_descriptors(near, "x", 1, &fd, 1, MPROC_FOREVER);
}

static int send_descriptors_with_too_much(const refusal *it)
{
	static char large[5000];
	mproc_pipe_options options = {.max_message = sizeof large - 1};
	int fd = STDERR_FILENO;

	deny(it);
	ck_assert_int_eq(mproc_pipe(&options, &near, &far), 0);
	return mproc_connection_send_descriptors(near, large, sizeof large, &fd, 1, MPROC_FOREVER);
}

static int receive_descriptors(const refusal *it)
{
	char byte;
	int fds[2];
	size_t size, count;

	open_pair();
	send_descriptor();
	deny(it);
	return mproc_connection_recv_descriptors(far, &byte, 1, fds, 2, MPROC_FOREVER, &size, &count);
}

static int receive_descriptors_of_nobody(const refusal *it)
{
	char byte;
	int fds[2];
	size_t size, count;

	open_pair();
	deny(it);
	near = mproc_connection_close(near);
	return mproc_connection_recv_descriptors(far, &byte, 1, fds, 2, MPROC_FOREVER, &size, &count);
}

static int receive_descriptors_from_a_closed_one(const refusal *it)
{
	char byte;
	int fds[2];
	size_t size, count;

	open_pair();
	deny(it);
	close(mproc_connection_fd(far));
	return mproc_connection_recv_descriptors(far, &byte, 1, fds, 2, MPROC_FOREVER, &size, &count);
}

static int receive_descriptors_of_a_stranger(const refusal *it)
{
	static const char rubbish[] = "GET / HTTP/1.1\r\nHost: nobody\r\n\r\n";
	char byte;
	int fds[2];
	size_t size, count;

	open_pair();
	deny(it);
	ck_assert_int_gt(send(mproc_connection_fd(near), rubbish, sizeof rubbish, 0), 0);
	return mproc_connection_recv_descriptors(far, &byte, 1, fds, 2, MPROC_FOREVER, &size, &count);
}

static int receive_block(const refusal *it)
{
	void *data;
	size_t size;

	open_pair();
	send_descriptor();
	deny(it);
	return mproc_connection_recv_alloc(far, MPROC_FOREVER, &data, &size);
}

static int look_at_size(const refusal *it)
{
	size_t size;

	open_pair();
	send_descriptor();
	deny(it);
	return mproc_connection_next_size(far, MPROC_FOREVER, &size);
}

/* Listeners, and who connects to them. */

static mproc_listener *listener;

/* Another one for each process. */
static void name_place(char *address, size_t size)
{
	snprintf(address, size, "unix:%s%d", in_tree("/s"), getpid());
}

static int listen_there(const refusal *it)
{
	char address[2 * PATH_MAX];

	name_place(address, sizeof address);
	deny(it);
	return mproc_listener_open(address, NULL, &listener);
}

static int listen_in_no_folder(const refusal *it)
{
	char address[2 * PATH_MAX];

	snprintf(address, sizeof address, "unix:%s", in_tree("/none/s"));
	deny(it);
	return mproc_listener_open(address, NULL, &listener);
}

static int listen_below_a_file(const refusal *it)
{
	char address[2 * PATH_MAX];

	tree_write("/file", "data");
	snprintf(address, sizeof address, "unix:%s", in_tree("/file/s"));
	deny(it);
	return mproc_listener_open(address, NULL, &listener);
}

/* Somebody is at the door. */
static int accept_one(const refusal *it)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	char address[2 * PATH_MAX] = "";
	mproc_connection *connection;
	int guest = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	name_place(address, sizeof address);
	ck_assert_int_eq(mproc_listener_open(address, NULL, &listener), 0);
	memcpy(place.sun_path, address + strlen("unix:"), sizeof place.sun_path - 1);
	ck_assert_int_eq(connect(guest, (struct sockaddr *)&place, sizeof place), 0);
	deny(it);
	return mproc_listener_accept(listener, MPROC_FOREVER, &connection);
}

/* A forked child makes a watch of its own. */
static int watch_door(void *argument)
{
	deny(argument);
	return mproc_listener_fd(listener);
}

static int tell_descriptor_of_listener(const refusal *it)
{
	char address[2 * PATH_MAX];
	refusal copy = *it;

	name_place(address, sizeof address);
	ck_assert_int_eq(mproc_listener_open(address, NULL, &listener), 0);
	return -support_reap(support_fork(watch_door, &copy));
}

static int connect_there(const refusal *it)
{
	char address[2 * PATH_MAX];
	mproc_connection *connection;

	name_place(address, sizeof address);
	ck_assert_int_eq(mproc_listener_open(address, NULL, &listener), 0);
	deny(it);
	return mproc_connect(address, NULL, mproc_after(10), &connection);
}

static int connect_by_tcp(const refusal *it)
{
	mproc_connection *connection;

	deny(it);
	return mproc_connect("tcp://127.0.0.1:1", NULL, mproc_after(10), &connection);
}

/* Files. */

static int open_file_lock(const refusal *it)
{
	mproc_file_lock *lock;

	deny(it);
	return mproc_file_lock_open(in_tree("/lock"), NULL, &lock);
}

/* It was removed, and has to be made anew. */
static int acquire_file_lock(const refusal *it)
{
	mproc_file_lock *lock;

	ck_assert_int_eq(mproc_file_lock_open(in_tree("/lock"), NULL, &lock), 0);
	ck_assert_int_eq(unlink(in_tree("/lock")), 0);
	deny(it);
	return mproc_file_lock_acquire(lock, MPROC_FOREVER);
}

static int map_file(const refusal *it)
{
	mproc_mapped_file file;

	tree_write("/file", "data");
	deny(it);
	return mproc_map_file(in_tree("/file"), 0, 0, NULL, &file);
}

static int log_to_nobody(const refusal *it)
{
	int fd = dup(STDERR_FILENO);

	deny(it);
	ck_assert_int_eq(mproc_log_to(fd, MPROC_LOG_INFO), 0);
	close(fd);
	return mproc_log(MPROC_LOG_INFO, "nobody reads this");
}

/* Queues that somebody polls, who is told by a descriptor of this process. */

static void *block;

static int use_queue(void *argument)
{
	const refusal *it = argument;
	size_t count;

	if (mproc_queue_reserve(queue, 10, &block) != 0)
		return 100;
	deny(it);
	if (strcmp(it->name, "put") == 0)
		return mproc_queue_put(queue, "x", 1, MPROC_FOREVER);
	if (strcmp(it->name, "put_many") == 0)
		return mproc_queue_put_many(queue, "xy", 1, 2, MPROC_FOREVER, &count);
	if (strcmp(it->name, "commit") == 0)
		return mproc_queue_commit(queue, block, 10, MPROC_FOREVER);
	return mproc_queue_close(queue);
}

/* Until it waits to be told. */
static void poll_in_vain(void)
{
	struct pollfd one = {.fd = mproc_queue_fd(queue), .events = POLLIN};
	char byte;

	ck_assert_int_ge(one.fd, 0);
	while (poll(&one, 1, 0) == 1)
		ck_assert_int_lt(mproc_queue_get(queue, &byte, 1, MPROC_NOW, NULL), 0);
}

static int tell_who_polls(const refusal *it)
{
	refusal copy = *it;

	ck_assert_int_eq(mproc_queue_create(NULL, &queue), 0);
	poll_in_vain();
	return -support_reap(support_fork(use_queue, &copy));
}

typedef struct meeting {
	mproc_event is_got, is_polled;
} meeting;

static meeting *shared;

static int get_and_give_back(void *argument)
{
	char byte;

	if (mproc_queue_get(queue, &byte, 1, MPROC_FOREVER, NULL) != 0)
		return 100;
	mproc_event_set(&shared->is_got);
	mproc_event_wait(&shared->is_polled, MPROC_FOREVER);
	deny(argument);
	return mproc_queue_give_back(queue, NULL);
}

static int give_back_to_who_polls(const refusal *it)
{
	mproc_queue_options options = {.acknowledged = true};
	refusal copy = *it;
	pid_t child;

	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	mproc_event_init(&shared->is_got);
	mproc_event_init(&shared->is_polled);
	ck_assert_int_eq(mproc_queue_create(&options, &queue), 0);
	ck_assert_int_eq(mproc_queue_put(queue, "x", 1, MPROC_FOREVER), 0);
	child = support_fork(get_and_give_back, &copy);
	ck_assert_int_eq(mproc_event_wait(&shared->is_got, MPROC_FOREVER), 0);
	poll_in_vain();
	mproc_event_set(&shared->is_polled);
	return -support_reap(child);
}

static int tell_descriptor_of_queue(const refusal *it)
{
	ck_assert_int_eq(mproc_queue_create(NULL, &queue), 0);
	deny(it);
	return mproc_queue_fd(queue);
}

static int wait_for_queue(const refusal *it)
{
	mproc_wait_item item = {.kind = MPROC_WAIT_QUEUE};
	size_t first;

	ck_assert_int_eq(mproc_queue_create(NULL, &queue), 0);
	item.queue = queue;
	deny(it);
	return mproc_wait(&item, 1, MPROC_FOREVER, &first);
}

static const refusal refusals[] = {
	{"alloc", DESCRIPTORS, EMFILE, allocate},
	{"dict_create", DESCRIPTORS, EMFILE, make_dict},
	{"list_create", DESCRIPTORS, EMFILE, make_list},
	{"queue_create", DESCRIPTORS, EMFILE, make_queue},
	{"connection_open", MEMORY, ENOMEM, open_connection},
	{"pipe", MEMORY, ENOMEM, make_pipe},
	{"pipe", SYS_socketpair, ENOBUFS, make_pipe},
	{"send_descriptors", SYS_sendmsg, ENOBUFS, send_descriptors},
	{"send_descriptors", SYS_sendmsg, ENOMEM, send_descriptors},
	{"send_descriptors", NOTHING, EPIPE, send_descriptors_to_nobody},
	{"send_descriptors", NOTHING, EMSGSIZE, send_descriptors_with_too_much},
	{"recv_descriptors", SYS_recvmsg, ENOMEM, receive_descriptors},
	{"recv_descriptors", NOTHING, EPIPE, receive_descriptors_of_nobody},
	{"recv_descriptors", NOTHING, EBADF, receive_descriptors_from_a_closed_one},
	{"recv_descriptors", NOTHING, EBADMSG, receive_descriptors_of_a_stranger},
	{"recv_alloc", DESCRIPTORS, EMFILE, receive_block},
	{"next_size", DESCRIPTORS, EMFILE, look_at_size},
	{"next_size", SYS_recvmsg, ENOMEM, look_at_size},
	{"listener_open", SYS_openat, EACCES, listen_there},
	{"listener_open", SYS_socket, ENFILE, listen_there},
	{"listener_open", MEMORY, ENOMEM, listen_there},
	{"listener_open", NOTHING, ENOENT, listen_in_no_folder},
	{"listener_open", NOTHING, ENOTDIR, listen_below_a_file},
	{"listener_accept", SYS_accept4, ENFILE, accept_one},
	{"listener_accept", SYS_accept4, ENOBUFS, accept_one},
	{"listener_accept", SYS_accept4, ENOMEM, accept_one},
	{"listener_fd", DESCRIPTORS, EMFILE, tell_descriptor_of_listener},
	{"listener_fd", SYS_epoll_create1, ENFILE, tell_descriptor_of_listener},
	{"listener_fd", SYS_epoll_create1, ENOMEM, tell_descriptor_of_listener},
	{"connect", DESCRIPTORS, EMFILE, connect_there},
	{"connect", SYS_socket, ENFILE, connect_there},
	{"connect", SYS_socket, ENOMEM, connect_there},
	{"connect", SYS_socket, ENOBUFS, connect_there},
	{"connect", SYS_connect, ENETUNREACH, connect_by_tcp},
	{"connect", SYS_connect, EADDRNOTAVAIL, connect_by_tcp},
	{"file_lock_open", MEMORY, ENOMEM, open_file_lock},
	{"file_lock_acquire", SYS_openat, EACCES, acquire_file_lock},
	{"file_lock_acquire", DESCRIPTORS, EMFILE, acquire_file_lock},
	{"map_file", SYS_mmap, ENODEV, map_file},
	{"map_file", SYS_mmap, EAGAIN, map_file},
	{"log", NOTHING, EBADF, log_to_nobody},
	{"put", SYS_openat, ENFILE, tell_who_polls},
	{"put_many", SYS_openat, ENFILE, tell_who_polls},
	{"put_many", DESCRIPTORS, EMFILE, tell_who_polls},
	{"commit", SYS_openat, ENFILE, tell_who_polls},
	{"commit", DESCRIPTORS, EMFILE, tell_who_polls},
	{"commit", SYS_openat, ENOMEM, tell_who_polls},
	{"close", SYS_openat, ENFILE, tell_who_polls},
	{"give_back", SYS_openat, ENFILE, give_back_to_who_polls},
	{"give_back", DESCRIPTORS, EMFILE, give_back_to_who_polls},
	{"queue_fd", SYS_pipe2, ENFILE, tell_descriptor_of_queue},
	{"queue_fd", SYS_madvise, ENOMEM, tell_descriptor_of_queue},
	{"wait", SYS_pipe2, ENFILE, wait_for_queue},
};

static int be_refused(void *argument)
{
	const refusal *it = argument;
	int rc = it->function(it);

	if (rc != -it->code)
		fprintf(stderr, "%s: %d instead of %d: %s\n", it->name, rc, -it->code, mproc_error_text());
	return rc == -it->code ? 0 : 1;
}

START_TEST(each_call_answers_what_it_was_refused_with)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; ++i) {
		refusal it = refusals[i];

		if (it.call != MEMORY || __asan_init == NULL)
			failed += support_reap(support_fork(be_refused, &it)) != 0;
	}
	ck_assert_int_eq(failed, 0);
}
END_TEST

/* No warm-up: each process is the first of a family of its own, and no death in another's rings a bell in it. */
int main(void)
{
	const TTest *process_tests[] = {
		each_call_answers_what_it_was_refused_with,
		NULL,
	};
	const support_suite suite = {
		.name = "refused",
		.process_tests = process_tests,
		.setup = tree_create,
		.teardown = tree_remove,
	};

	return support_run_suite(&suite);
}
