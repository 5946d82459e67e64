/* SPDX-License-Identifier: MIT */
/*
 * The server's side: one loop around its socket and its children.
 */
#include "process/server.h"

#include "base/error.h"
#include "family/member.h"
#include "process/order.h"
#include "process/report.h"
#include "sys/descriptor.h"
#include "sys/exit.h"
#include "sys/kept.h"
#include "sys/message.h"
#include "sys/setup.h"

#include <errno.h>
#include <mproc/arena.h>
#include <stdlib.h>
#include <string.h>

typedef struct served {
	pid_t pid;
	mproci_id member;
} served;

typedef struct server {
	/* Where requests come in, and what tells that a child has ended. */
	int socket, bell;
	/* Who was forked and not reaped. */
	served children[MPROCI_MEMBERS];
	size_t count;
	/* Of the request that is being served. */
	int descriptors[MPROCI_MESSAGE_DESCRIPTORS];
	size_t descriptor_count;
	mproci_sender sender;
} server;

static server *this_server;

static void close_descriptors(server *self)
{
	for (size_t i = 0; i < self->descriptor_count; ++i)
		mproci_close(self->descriptors[i]);
	self->descriptor_count = 0;
}

/*
 * The streams that came with the request, in their order; then what the child is to keep, under its
 * numbers.
 */
static int place_descriptors(server *self, const mproci_order *order, mproci_role *role)
{
	size_t next = MPROCI_REQUEST_STREAMS;

	for (int i = 0; i < 3; ++i) {
		if (role->streams[i] >= 0)
			role->streams[i] = self->descriptors[next++];
	}
	return mproci_setup_numbers(&self->descriptors[next], order->options.descriptors,
		order->options.descriptor_count, &role->report, role->streams);
}

static _Noreturn void be_served(server *self, const mproci_order *order, mproci_role *role)
{
	int rc;

	role->report = self->descriptors[MPROCI_REQUEST_REPORT];
	rc = mproci_setup_directory_at(self->descriptors[MPROCI_REQUEST_DIRECTORY]);
	/* Who has given up privileges since mproc_init does not get them back this way. */
	if (rc == 0)
		rc = mproci_setup_user(self->sender.user, self->sender.group);
	if (rc == 0)
		rc = place_descriptors(self, order, role);
	if (rc == 0) {
		mproci_order_log(order);
		mproci_role_act(role);
	}
	mproci_report_send(role->report, rc, -1);
	mproci_exit_now(EXIT_FAILURE);
}

/* Whether as many descriptors came as the order speaks of. */
static bool is_complete(const server *self, const mproci_order *order)
{
	size_t needed = MPROCI_REQUEST_STREAMS + order->options.descriptor_count;

	for (int i = 0; i < 3; ++i)
		needed += order->role.streams[i] >= 0;
	return self->descriptor_count == needed;
}

/* Returns 0, or a negative errno with an error text. */
static int serve(server *self, const mproci_order *order)
{
	mproci_role role;
	pid_t pid;
	int rc;

	if (!mproci_order_is_there(order) || !is_complete(self, order))
		return mproci_fail(-EBADMSG, "the server got a request that is none");
	if (self->count == MPROCI_MEMBERS)
		return mproci_fail(-EAGAIN, "no more processes of one server than %d", MPROCI_MEMBERS);
	/*
	 * Read here, and not in the child, it is read in memory that has been touched before; and once the
	 * child has reported, it is gone.
	 */
	rc = mproci_order_read(order, &role);
	if (rc < 0)
		return rc;
	pid = mproci_child_fork(
		&(mproci_child_plan){
			.mask = &order->mask,
			.lifeline = self->descriptors[MPROCI_REQUEST_LIFELINE],
		},
		NULL);
	if (pid == 0)
		be_served(self, order, &role);
	if (pid < 0)
		return (int)pid;
	self->children[self->count++] = (served){pid, role.member};
	return 0;
}

static void take_request(server *self)
{
	mproci_request request;
	int rc;

	self->descriptor_count = MPROCI_MESSAGE_DESCRIPTORS;
	rc = mproci_message_receive(self->socket, MPROC_NOW, &request, sizeof request, self->descriptors,
		&self->descriptor_count, &self->sender);
	/* Then nobody can be told: who asked notices that the message is gone. */
	if (rc < 0 || self->descriptor_count < MPROCI_REQUEST_STREAMS) {
		self->descriptor_count = rc < 0 ? 0 : self->descriptor_count;
		close_descriptors(self);
		return;
	}
	rc = serve(self, request.order);
	if (rc < 0)
		mproci_report_send(self->descriptors[MPROCI_REQUEST_REPORT], rc, -1);
	close_descriptors(self);
}

/* Noted before it is reaped, or it would be lost with this server; told after that, when its pid is free. */
static void end_child(server *self, size_t index, mproci_ending ending)
{
	served child = self->children[index];

	mproci_member_ends(child.member, ending, true);
	mproci_child_reap_pid(child.pid);
	mproci_member_tell(child.member);
	self->children[index] = self->children[--self->count];
}

static void end_pid(server *self, pid_t pid, mproci_ending ending)
{
	for (size_t i = 0; i < self->count; ++i) {
		if (self->children[i].pid == pid) {
			end_child(self, i, ending);
			return;
		}
	}
	mproci_child_reap_pid(pid);
}

static void reap(server *self)
{
	mproci_ending ending;
	pid_t pid;

	mproci_child_bell_silence(self->bell);
	while ((pid = mproci_child_any(&ending)) != 0)
		end_pid(self, pid, ending);
}

/* It holds nothing of the application's: what is to be seen closed elsewhere must not be open here. */
static int let_go(server *self)
{
	const int nothing[3] = {MPROCI_STREAM_NULL, MPROCI_STREAM_NULL, MPROCI_STREAM_NULL};
	const int keep[] = {self->socket, self->bell};
	int rc;

	rc = mproci_setup_streams(nothing);
	if (rc == 0)
		mproci_setup_descriptors(keep, 2);
	return rc;
}

static int set_up(int socket)
{
	int rc;

	this_server = calloc(1, sizeof *this_server);
	if (this_server == NULL)
		return mproci_fail(-ENOMEM, "no memory for a server");
	this_server->socket = socket;
	/* Also when it was spawned. */
	mproci_child_block_signals();
	rc = mproci_message_identify(socket);
	if (rc < 0)
		return mproci_fail(rc, "the server cannot tell who asks: %s", strerror(-rc));
	this_server->bell = mproci_child_bell_open();
	if (this_server->bell < 0)
		return mproci_fail_descriptor(this_server->bell, "no descriptor for a server");
	mproci_server_know(mproci_member_stamp(mproci_member_self()));
	return let_go(this_server);
}

int mproci_server_serve(void *socket)
{
	struct pollfd descriptors[2];
	int rc;

	rc = set_up(*(int *)socket);
	if (mproci_report_send(*(int *)socket, rc, -1) < 0 || rc < 0)
		return EXIT_FAILURE;
	descriptors[0] = (struct pollfd){.fd = this_server->socket, .events = POLLIN};
	descriptors[1] = (struct pollfd){.fd = this_server->bell, .events = POLLIN};
	while (mproci_poll(descriptors, 2, MPROC_FOREVER) > 0) {
		/* The dead first: they make room. */
		if (descriptors[1].revents != 0)
			reap(this_server);
		if (descriptors[0].revents != 0)
			take_request(this_server);
	}
	return EXIT_FAILURE;
}
