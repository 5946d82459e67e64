/* SPDX-License-Identifier: MIT */
/*
 * Who has connected sits in a seat until both sides know each other.  All seats are served at once, by
 * whoever is in mproc_listener_accept; so a silent one costs a seat and no time.  The watch's descriptor is
 * readable when there is something to do for somebody: who has come, who sits, or that somebody's time is
 * up.  So nothing is lost when a call ends before all is done: the next one finds it readable still.
 *
 * A forked child has copies of the seated sockets and of the watch, with which it could disturb its parent.
 * So all listeners of this process are in a list, and a child closes those copies at once; it makes a watch
 * of its own when it needs one.
 */
#include "base/deadline.h"
#include "base/error.h"
#include "base/options.h"
#include "channel/address.h"
#include "channel/connection.h"
#include "channel/introduction.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/hmac.h"
#include "sys/listening.h"
#include "sys/watch.h"

#include <errno.h>
#include <mproc/listener.h>
#include <mproc/result.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SEATS = MPROC_LISTENER_HALF_OPEN_MAX,
	/* What the watch calls the listening socket, and the bell; a seat it calls by its number. */
	DOOR = SEATS,
	BELL,
	/* How many are let in at once, before those who sit are looked at again. */
	MOST_GUESTS = 16,
	/* How often one call looks whether there is more to do before it looks at its deadline. */
	MOST_LOOKS = 8,
	DEFAULT_BACKLOG = 128,
	ADDRESS_SIZE = sizeof "tcp://" + MPROCI_HOST_AND_PORT_SIZE,
};

typedef struct seat {
	/* -1: free. */
	int socket;
	/* When the patience with it ends, in nanoseconds of the clock. */
	int64_t limit;
	mproci_handshake handshake;
} seat;

struct mproc_listener {
	/* Protects all that changes; held for moments, never while waiting. */
	pthread_mutex_t turn;
	mproc_listener *next;
	int door;
	/* Rings in all who have a copy, when the listener is closed by who opened it. */
	int bell;
	/* By this process, and not by one that it descends from. */
	bool is_opened_here;
	bool is_path;
	mproci_file_id file;
	mproci_watch watch;
	/* Somebody's limit, or an earlier time; 0: none. */
	int64_t alarm;
	int64_t refused;
	char refused_why[MPROCI_ERROR_TEXT_SIZE];
	size_t max_message;
	size_t key_size;
	uint8_t *key;
	char address[ADDRESS_SIZE];
	seat seats[SEATS];
};

/* Protects the list, and keeps other threads from forking while it or a listener changes. */
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;
static mproc_listener *listeners;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

static void hold_all(void)
{
	pthread_mutex_lock(&listing);
	for (mproc_listener *each = listeners; each != NULL; each = each->next)
		pthread_mutex_lock(&each->turn);
}

static void let_all_go(void)
{
	for (mproc_listener *each = listeners; each != NULL; each = each->next)
		pthread_mutex_unlock(&each->turn);
	pthread_mutex_unlock(&listing);
}

/* In a forked child.  Without hanging up: that would cut the parent off. */
static void disown_all(void)
{
	for (mproc_listener *each = listeners; each != NULL; each = each->next) {
		for (int i = 0; i < SEATS; ++i) {
			mproci_close(each->seats[i].socket);
			each->seats[i].socket = -1;
		}
		mproci_watch_close(&each->watch);
		each->is_opened_here = false;
		each->refused = 0;
	}
	let_all_go();
}

/* The key's handlers come first, so that a fork takes our locks before that one. */
static void register_handlers(void)
{
	handlers_rc = mproci_hmac_guard_forks();
	if (handlers_rc == 0)
		handlers_rc = mproci_process_at_fork(hold_all, let_all_go, disown_all);
}

static int check(const mproc_listener_options *options, const mproci_address *address)
{
	int rc;

	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc == 0)
		rc = mproci_connection_check_max_message(options->max_message);
	if (rc == 0)
		rc = mproci_key_check(options->key, options->key_size);
	if (rc == 0 && !address->is_path && options->key == NULL && !options->without_key)
		return mproci_fail(-EINVAL, "a listener on TCP without a key serves whoever reaches its "
					    "port: give .key, or .without_key if that is meant");
	return rc;
}

static mproc_listener *make_handle(const mproc_listener_options *options)
{
	mproc_listener *listener;

	listener = calloc(1, sizeof *listener);
	if (listener == NULL)
		return NULL;
	listener->key = malloc(options->key_size + 1);
	if (listener->key == NULL || pthread_mutex_init(&listener->turn, NULL) != 0) {
		free(listener->key);
		free(listener);
		return NULL;
	}
	if (options->key_size > 0)
		memcpy(listener->key, options->key, options->key_size);
	listener->key_size = options->key_size;
	listener->max_message = options->max_message;
	listener->is_opened_here = true;
	listener->door = -1;
	listener->bell = -1;
	listener->watch = mproci_watch_closed;
	for (int i = 0; i < SEATS; ++i)
		listener->seats[i].socket = -1;
	return listener;
}

static void free_handle(mproc_listener *listener)
{
	mproci_wipe(listener->key, listener->key_size);
	free(listener->key);
	pthread_mutex_destroy(&listener->turn);
	free(listener);
}

static int tell_address(mproc_listener *listener, const mproci_address *address)
{
	char name[MPROCI_HOST_AND_PORT_SIZE];
	int rc = 0;

	if (!address->is_path)
		rc = mproci_listening_name(listener->door, name);
	if (rc == 0)
		snprintf(listener->address, sizeof listener->address, "%s%s",
			address->is_path ? "unix:" : "tcp://", address->is_path ? address->path : name);
	return rc;
}

static int open_door(mproc_listener *listener, const mproci_address *address, uint32_t backlog)
{
	int most = backlog == 0 ? DEFAULT_BACKLOG : backlog > INT32_MAX ? INT32_MAX : (int)backlog;

	listener->bell = mproci_doorbell_open();
	if (listener->bell < 0)
		return listener->bell;
	listener->is_path = address->is_path;
	if (address->is_path)
		listener->door = mproci_listen_at_path(address->path, most, &listener->file);
	else
		listener->door = mproci_listen_at_host(address->host, address->port, most);
	return listener->door < 0 ? listener->door : tell_address(listener, address);
}

static int open_watch(mproc_listener *listener)
{
	int rc;

	if (listener->watch.descriptor >= 0)
		return 0;
	rc = mproci_watch_open(&listener->watch);
	if (rc < 0)
		return rc;
	listener->alarm = 0;
	rc = mproci_watch_add(&listener->watch, listener->door, DOOR);
	if (rc == 0)
		rc = mproci_watch_add(&listener->watch, listener->bell, BELL);
	if (rc == 0)
		return 0;
	mproci_watch_close(&listener->watch);
	return mproci_fail_descriptor(rc, "cannot watch a listening socket");
}

static void close_door(mproc_listener *listener)
{
	if (listener->door >= 0 && listener->is_opened_here) {
		/* While it is listened to: then nobody replaces the file. */
		if (listener->is_path)
			mproci_socket_file_remove(listener->address + strlen("unix:"), listener->file);
		mproci_doorbell_ring(listener->bell);
		mproci_listening_end(listener->door);
	}
	mproci_close(listener->door);
	mproci_close(listener->bell);
}

static void enlist(mproc_listener *listener)
{
	pthread_mutex_lock(&listing);
	listener->next = listeners;
	listeners = listener;
	pthread_mutex_unlock(&listing);
}

static void delist(mproc_listener *listener)
{
	mproc_listener **link = &listeners;

	pthread_mutex_lock(&listing);
	while (*link != listener)
		link = &(*link)->next;
	*link = listener->next;
	pthread_mutex_unlock(&listing);
}

int mproc_listener_open(
	const char *address, const mproc_listener_options *options, mproc_listener **ret_listener)
{
	static const mproc_listener_options defaults;
	mproc_listener *listener;
	mproci_address where;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_listener == NULL)
		return mproci_fail(-EINVAL, "ret_listener is NULL");
	rc = mproci_address_read(address, &where);
	if (rc == 0)
		rc = check(options, &where);
	if (rc < 0)
		return rc;
	pthread_once(&handlers_once, register_handlers);
	listener = handlers_rc < 0 ? NULL : make_handle(options);
	if (listener == NULL)
		return mproci_fail(-ENOMEM, "no memory for a listener");
	rc = open_door(listener, &where, options->backlog);
	if (rc == 0)
		rc = open_watch(listener);
	if (rc < 0) {
		close_door(listener);
		free_handle(listener);
		return rc;
	}
	enlist(listener);
	*ret_listener = listener;
	return 0;
}

static void leave_seat(mproc_listener *listener, seat *one)
{
	mproci_watch_remove(&listener->watch, one->socket);
	one->socket = -1;
}

/* Send away who sits there; the error text says why. */
static void refuse(mproc_listener *listener, seat *one)
{
	int socket = one->socket;

	++listener->refused;
	snprintf(listener->refused_why, sizeof listener->refused_why, "%s", mproc_error_text());
	leave_seat(listener, one);
	mproci_socket_hang_up(socket);
}

static void set_alarm(mproc_listener *listener, int64_t time)
{
	listener->alarm = time;
	mproci_watch_set_alarm(&listener->watch, time);
}

/* The time of some may be up. */
static void expire(mproc_listener *listener)
{
	int64_t now = mproci_clock_now(), next = 0;

	for (seat *one = listener->seats; one < listener->seats + SEATS; ++one) {
		if (one->socket < 0)
			continue;
		if (one->limit <= now) {
			mproci_fail(-ETIMEDOUT, "it has not introduced itself within 5 s");
			refuse(listener, one);
		} else if (next == 0 || one->limit < next) {
			next = one->limit;
		}
	}
	set_alarm(listener, next);
}

/* A free one; if there is none, that of who has sat for the longest time. */
static seat *find_seat(mproc_listener *listener)
{
	seat *oldest = listener->seats;

	for (seat *one = listener->seats; one < listener->seats + SEATS; ++one) {
		if (one->socket < 0)
			return one;
		if (one->limit < oldest->limit)
			oldest = one;
	}
	mproci_fail(-EBUSY, "%d others came while it was introducing itself", SEATS);
	refuse(listener, oldest);
	return oldest;
}

static int begin(mproc_listener *listener, seat *one)
{
	int rc = 0;

	if (listener->is_path)
		rc = mproci_socket_check_peer(one->socket);
	else
		mproci_socket_keep_alive(one->socket);
	if (rc < 0)
		return rc;
	rc = mproci_introduction_begin(
		&one->handshake, MPROCI_SIDE_LISTENER, listener->key, listener->key_size);
	if (rc < 0)
		return rc;
	rc = mproci_watch_add(&listener->watch, one->socket, (uint32_t)(one - listener->seats));
	return rc < 0 ? mproci_fail_descriptor(rc, "it cannot be watched") : 0;
}

static void seat_guest(mproc_listener *listener, int socket)
{
	seat *one = find_seat(listener);

	one->socket = socket;
	one->limit = mproci_clock_now() + MPROCI_INTRODUCTION_LIMIT;
	if (begin(listener, one) < 0)
		refuse(listener, one);
	else if (listener->alarm == 0)
		set_alarm(listener, one->limit);
}

static int fail_closed(void)
{
	return mproci_fail(-EPIPE, "the process that opened the listener has closed it");
}

static int let_in(mproc_listener *listener)
{
	for (int i = 0; i < MOST_GUESTS; ++i) {
		int socket = mproci_listening_accept(listener->door);

		if (socket == -EAGAIN)
			return 0;
		if (socket == -EPIPE)
			return fail_closed();
		if (socket < 0)
			return socket;
		seat_guest(listener, socket);
	}
	return 0;
}

/* Go on with who sits there.  Returns the socket when both sides know each other, otherwise 0. */
static int attend(mproc_listener *listener, seat *one)
{
	int socket = one->socket, rc;

	rc = mproci_introduction_go_on(&one->handshake, socket);
	if (rc < 0 && rc != -EAGAIN)
		refuse(listener, one);
	if (rc <= 0)
		return 0;
	leave_seat(listener, one);
	return socket;
}

static bool contains(const uint32_t *names, int count, uint32_t name)
{
	for (int i = 0; i < count; ++i) {
		if (names[i] == name)
			return true;
	}
	return false;
}

/*
 * Do what there is to do, until somebody is ready.  Returns that one's socket; 0; -EAGAIN: there is nothing
 * to do; another negative errno with an error text.
 */
static int look(mproc_listener *listener)
{
	uint32_t names[SEATS + 3];
	int count, socket = 0;

	count = mproci_watch_look(&listener->watch, names, sizeof names / sizeof *names);
	if (count == 0)
		return -EAGAIN;
	if (contains(names, count, BELL))
		return fail_closed();
	/* First, for the rest may end early each time. */
	if (contains(names, count, MPROCI_WATCH_ALARM))
		expire(listener);
	for (int i = 0; i < count && socket == 0; ++i) {
		if (names[i] < SEATS && listener->seats[names[i]].socket >= 0)
			socket = attend(listener, &listener->seats[names[i]]);
	}
	if (socket == 0 && contains(names, count, DOOR))
		return let_in(listener);
	return socket;
}

/* Returns a socket; 0: nobody is ready now; or a negative errno with an error text. */
static int serve(mproc_listener *listener)
{
	int rc;

	pthread_mutex_lock(&listener->turn);
	rc = open_watch(listener);
	for (int i = 0; i < MOST_LOOKS && rc == 0; ++i)
		rc = look(listener);
	pthread_mutex_unlock(&listener->turn);
	return rc == -EAGAIN ? 0 : rc;
}

static int fail_late(mproc_listener *listener)
{
	char why[MPROCI_ERROR_TEXT_SIZE];
	int64_t refused;

	pthread_mutex_lock(&listener->turn);
	refused = listener->refused;
	snprintf(why, sizeof why, "%s", listener->refused_why);
	pthread_mutex_unlock(&listener->turn);
	if (refused == 0)
		return mproci_fail(-ETIMEDOUT, "nobody has connected until the deadline");
	return mproci_fail(-ETIMEDOUT,
		"nobody has connected until the deadline; %lld were sent away, the last one: %s",
		(long long)refused, why);
}

/* Returns a socket, or a negative errno with an error text. */
static int wait_for_guest(mproc_listener *listener, mproc_deadline deadline)
{
	for (;;) {
		int socket = serve(listener), rc;

		if (socket != 0)
			return socket;
		if (mproci_deadline_passed(deadline, mproci_clock_now()))
			return fail_late(listener);
		rc = mproci_poll_one(listener->watch.descriptor, deadline);
		if (rc < 0 && rc != -ETIMEDOUT)
			return mproci_fail(rc, "cannot wait for connections: %s", strerror(-rc));
	}
}

int mproc_listener_accept(
	mproc_listener *listener, mproc_deadline deadline, mproc_connection **ret_connection)
{
	int socket, rc;

	if (listener == NULL || ret_connection == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", listener == NULL ? "listener" : "ret_connection");
	do {
		socket = wait_for_guest(listener, deadline);
		if (socket < 0)
			return socket;
		rc = mproci_connection_create(
			socket, listener->max_message, MPROCI_BOTH_WAYS, ret_connection);
		if (rc < 0)
			mproci_socket_hang_up(socket);
		/* It has left already. */
	} while (rc == -ENOTCONN);
	return rc;
}

const char *mproc_listener_address(const mproc_listener *listener)
{
	return listener == NULL ? NULL : listener->address;
}

int mproc_listener_fd(mproc_listener *listener)
{
	int rc;

	if (listener == NULL)
		return mproci_fail(-EINVAL, "listener is NULL");
	pthread_mutex_lock(&listener->turn);
	rc = open_watch(listener);
	if (rc == 0)
		rc = listener->watch.descriptor;
	pthread_mutex_unlock(&listener->turn);
	return rc;
}

int64_t mproc_listener_refused(mproc_listener *listener)
{
	int64_t refused;

	if (listener == NULL)
		return mproci_fail(-EINVAL, "listener is NULL");
	pthread_mutex_lock(&listener->turn);
	refused = listener->refused;
	pthread_mutex_unlock(&listener->turn);
	return refused;
}

mproc_listener *mproc_listener_close(mproc_listener *listener)
{
	if (listener == NULL)
		return NULL;
	delist(listener);
	for (seat *one = listener->seats; one < listener->seats + SEATS; ++one) {
		if (one->socket >= 0)
			mproci_socket_hang_up(one->socket);
	}
	close_door(listener);
	mproci_watch_close(&listener->watch);
	free_handle(listener);
	return NULL;
}
