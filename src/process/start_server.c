/* SPDX-License-Identifier: MIT */
/*
 * Start by server: send it the order, and wait for the child's report.
 */
#include "base/deadline.h"
#include "base/error.h"
#include "family/member.h"
#include "process/init.h"
#include "process/order.h"
#include "process/report.h"
#include "process/server.h"
#include "process/start.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/futex.h"
#include "sys/kept.h"
#include "sys/lifeline.h"
#include "sys/message.h"

#include <errno.h>

/*
 * How long a child may take: only when another process holds its socket, and it has been killed, it takes
 * so long.
 */
static const double PATIENCE = 30.0;
/* Between two looks whether the server is alive. */
static const int64_t LOOK = 100 * MPROCI_NANOSECONDS_PER_MILLISECOND;
/* How long, at least, to wait for the server's word about a child that has ended: it is about to say it. */
static const int64_t GRACE = 1000 * MPROCI_NANOSECONDS_PER_MILLISECOND;

/* Where the request's descriptors are put together. */
typedef struct parcel {
	int descriptors[MPROCI_MESSAGE_DESCRIPTORS];
	size_t count;
} parcel;

static mproc_process *made;
static uint32_t known;
/* Protects the making. */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t disown_once = PTHREAD_ONCE_INIT;

/* In a forked child: its parent looks after the server; and may have forked it while it was making one. */
static void disown(void)
{
	making = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	made = mproc_process_close(made);
}

static void register_disown(void)
{
	mproci_handle_prepare();
	mproci_process_at_fork(NULL, NULL, disown);
}

uint32_t mproci_server_stamp(void)
{
	return known;
}

void mproci_server_know(uint32_t stamp)
{
	known = stamp;
}

/* The one that this process has made before, if any, is dead or of no use. */
static void drop(void)
{
	if (made == NULL)
		return;
	mproc_process_kill(made);
	mproc_process_join(made, MPROC_FOREVER);
	made = mproc_process_close(made);
}

/* Until the server just made is set up. */
static int await_server(int end)
{
	bool is_report;
	int unused = -1, rc;
	pid_t pid;

	rc = mproci_report_receive(end, mproc_after(PATIENCE), &pid, &unused, &is_report);
	if (rc == 0)
		return 0;
	drop();
	return is_report ? rc : mproci_fail(-ENOEXEC, "the server ended, or stopped, before it was set up");
}

/* Locked. */
static int make(mproc_start start)
{
	const char *name = "mproc-server";
	int ends[2], rc;

	rc = mproci_message_pair(ends);
	if (rc < 0)
		return rc;
	drop();
	mproci_keep(MPROCI_KEPT_SERVER, ends[0]);
	rc = mproci_process_start(
		&(mproci_process_plan){
			.name = name,
			.start = start,
			.signals = MPROCI_SIGNALS_BLOCKED,
			.function = mproci_server_serve,
			.argument = &ends[1],
			.size = sizeof ends[1],
			.descriptors = &ends[1],
			.descriptor_count = 1,
		},
		&made);
	mproci_close(ends[1]);
	if (rc == 0)
		rc = await_server(ends[0]);
	if (rc < 0)
		mproci_keep(MPROCI_KEPT_SERVER, -1);
	else
		known = mproci_member_stamp(made->member);
	return rc;
}

int mproci_server_make(mproc_start start)
{
	int rc;

	pthread_once(&disown_once, register_disown);
	pthread_mutex_lock(&making);
	rc = make(start);
	pthread_mutex_unlock(&making);
	return rc;
}

/*
 * Locked.  Whether the server is there, and can take a request: it answers what is none.  Looking whether the process
 * has ended would not do: one that is being killed has closed its socket for some time before the kernel says so.
 */
static bool answers(void)
{
	/* As many descriptors as a request has at least. */
	enum {
		COUNT = MPROCI_REQUEST_STREAMS + 3
	};
	const mproci_request nothing = {.order = NULL};
	int ends[2], all[COUNT], unused = -1, rc;
	bool is_report = false;
	pid_t pid;

	if (mproci_kept(MPROCI_KEPT_SERVER) < 0 || mproci_message_pair(ends) < 0)
		return false;
	for (int i = 0; i < COUNT; ++i)
		all[i] = ends[1];
	rc = mproci_message_send(mproci_kept(MPROCI_KEPT_SERVER), &nothing, sizeof nothing, all, COUNT);
	mproci_close(ends[1]);
	if (rc == 0)
		rc = mproci_report_receive(ends[0], mproc_after(PATIENCE), &pid, &unused, &is_report);
	mproci_close(ends[0]);
	return is_report || rc == -ETIMEDOUT;
}

/* In the place of the server @stamp, which does not answer.  Returns -EAGAIN when that lives. */
static int make_again(uint32_t stamp)
{
	int rc = 0;

	pthread_once(&disown_once, register_disown);
	pthread_mutex_lock(&making);
	if (known == stamp && answers())
		rc = -EAGAIN;
	else if (known == stamp)
		rc = make(MPROC_START_SPAWN);
	pthread_mutex_unlock(&making);
	return rc;
}

static int check(void)
{
	if (known == 0 || mproci_init_arguments() == NULL)
		return mproci_fail(-ENOSYS,
			"start by server takes the server that mproc_init makes: call it first in main");
	return 0;
}

/* The first descriptors of a request: process/server.h.  Two of them are opened here. */
static int open_first(parcel *to, int report)
{
	int lifeline = mproci_lifeline_open(), directory;

	if (lifeline < 0)
		return lifeline;
	directory = mproci_directory_open();
	if (directory < 0) {
		mproci_close(lifeline);
		return mproci_fail_descriptor(directory, "cannot open the working directory");
	}
	to->descriptors[MPROCI_REQUEST_REPORT] = report;
	to->descriptors[MPROCI_REQUEST_LIFELINE] = lifeline;
	to->descriptors[MPROCI_REQUEST_DIRECTORY] = directory;
	to->count = MPROCI_REQUEST_STREAMS;
	return 0;
}

static void close_first(const parcel *sent)
{
	mproci_close(sent->descriptors[MPROCI_REQUEST_LIFELINE]);
	mproci_close(sent->descriptors[MPROCI_REQUEST_DIRECTORY]);
}

static void add_rest(parcel *to, const mproci_order *order)
{
	const mproc_process_options *options = &order->options;

	for (int i = 0; i < 3; ++i) {
		if (order->role.streams[i] >= 0)
			to->descriptors[to->count++] = order->role.streams[i];
	}
	for (size_t i = 0; i < options->descriptor_count; ++i)
		to->descriptors[to->count++] = options->descriptors[i];
}

/*
 * Under the lock, since who makes another server closes the socket of the last one; it tells to whom it
 * was sent.
 */
static int send(const parcel *sent, mproci_order *order)
{
	const mproci_request request = {.order = order};
	int socket, rc;

	pthread_mutex_lock(&making);
	order->server = known;
	socket = mproci_kept(MPROCI_KEPT_SERVER);
	/* It was closed here: to this process the server is as good as dead. */
	rc = socket < 0
		     ? -EPIPE
		     : mproci_message_send(socket, &request, sizeof request, sent->descriptors, sent->count);
	pthread_mutex_unlock(&making);
	return rc;
}

/* Returns 0; -EPIPE: the server is dead; another negative errno with an error text. */
static int send_request(mproci_order *order, int report)
{
	parcel sent = {.count = 0};
	int rc;

	rc = open_first(&sent, report);
	if (rc != 0)
		return rc;
	add_rest(&sent, order);
	rc = send(&sent, order);
	close_first(&sent);
	return rc < 0 && rc != -EPIPE ? mproci_fail_descriptor(rc, "cannot ask the server for a process")
				      : rc;
}

/* Returns 0; -EPIPE: there will be no report; another negative errno with an error text. */
static int receive_report(mproc_process *process, int end)
{
	bool is_report;
	int rc, pidfd = -1;
	pid_t pid;

	rc = mproci_report_receive(end, mproc_after(PATIENCE), &pid, &pidfd, &is_report);
	if (rc == 0)
		mproci_handle_follow(process, pid, pidfd);
	/* A report of that code would be taken for none. */
	if (is_report)
		return rc == -EPIPE ? -EIO : rc;
	if (rc == -EPIPE)
		return rc;
	if (rc == -ETIMEDOUT)
		return mproci_fail(
			-ENOEXEC, "process \"%s\": the server did not answer in 30 s", process->name);
	return mproci_fail_descriptor(rc, "cannot receive the report of a process");
}

/* Returns 0; -EPIPE: nobody answers; another negative errno with an error text. */
static int request(mproc_process *process, mproci_order *order)
{
	int ends[2], rc;

	rc = mproci_message_pair(ends);
	if (rc < 0)
		return rc;
	rc = send_request(order, ends[1]);
	mproci_close(ends[1]);
	if (rc == 0)
		rc = receive_report(process, ends[0]);
	mproci_close(ends[0]);
	process->server = order->server;
	return rc;
}

/*
 * The first attempt has come to nothing: its child, if there was one, must not come to be the second
 * one's.
 */
static int expect_again(mproc_process *process, mproci_order *order)
{
	int rc;

	mproci_member_end(process->member);
	rc = mproci_member_expect(process->name, &process->member);
	if (rc == 0)
		mproci_member_keep(process->member);
	order->role.member = process->member;
	return rc;
}

static int start(mproc_process *process, mproci_order *order)
{
	int rc;

	rc = request(process, order);
	if (rc != -EPIPE)
		return rc;
	rc = make_again(order->server);
	/* Then it was the child that died. */
	if (rc == -EAGAIN)
		return mproci_fail(-ENOEXEC, "process \"%s\" ended before it was set up", process->name);
	if (rc == 0)
		rc = expect_again(process, order);
	if (rc == 0)
		rc = request(process, order);
	if (rc == -EPIPE)
		return mproci_fail(-ENOEXEC, "process \"%s\": the server has died twice", process->name);
	return rc;
}

int mproci_start_server(const mproci_start_plan *plan, mproc_process *process)
{
	mproci_order *order = NULL;
	int rc;

	rc = check();
	if (rc == 0)
		rc = mproci_order_create(plan, process, &order);
	if (rc != 0)
		return rc;
	/* Only what is noted there tells how it ended: it is no child of this process. */
	mproci_member_keep(process->member);
	mproci_child_flush();
	rc = start(process, order);
	/* It may be under way. */
	if (rc < 0)
		mproci_member_end(process->member);
	mproci_order_destroy(order);
	return rc;
}

/* What the process said last of all is as good as the server's word. */
static bool is_known(const mproc_process *process)
{
	mproci_ending ending;
	bool is_proven;

	return mproci_member_ending(process->member, &ending, &is_proven);
}

static mproc_deadline with_grace(mproc_deadline deadline)
{
	int64_t least = mproci_clock_now() + GRACE;

	return deadline != MPROC_FOREVER && deadline < least ? least : deadline;
}

int mproci_server_await(const mproc_process *process, mproc_deadline deadline)
{
	_Atomic uint32_t *gate = &mproci_member_slot(process->member)->gate;

	deadline = with_grace(deadline);
	for (;;) {
		uint32_t seen = atomic_load(gate);
		int64_t now = mproci_clock_now();
		int rc;

		if (process->is_settled || is_known(process))
			return 0;
		if (mproci_deadline_passed(deadline, now))
			return -ETIMEDOUT;
		rc = mproci_futex_wait(gate, seen, mproci_deadline_earlier(deadline, now + LOOK));
		if (rc == -ETIMEDOUT && !mproci_member_lives(process->server))
			return 0;
	}
}

mproci_ending mproci_server_ending(const mproc_process *process)
{
	mproci_ending ending = {.is_lost = true};
	bool is_proven;

	mproci_member_ending(process->member, &ending, &is_proven);
	return ending;
}
