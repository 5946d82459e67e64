/* SPDX-License-Identifier: MIT */
/*
 * Where the server listens, and who is let in.
 */
#include "manager/serving.h"

#include "base/error.h"
#include "sys/socket.h"

#include <errno.h>

enum {
	BACKLOG = 511,
	/* How many are let in before the clients that are there already have their turn. */
	AT_ONCE = 100,
};

/* Milliseconds until clients are let in again when there were no descriptors. */
static const uint64_t PAUSE = 100;

static void watch(mproci_server *server);

static void on_accept_again(uv_timer_t *timer)
{
	watch(timer->data);
}

/* A level-triggered loop would ask without pause. */
static void pause_accepting(mproci_server *server)
{
	mproci_listening *both[] = {&server->local, &server->remote};

	for (size_t i = 0; i < 2; ++i) {
		if (both[i]->descriptor >= 0)
			uv_poll_stop(&both[i]->poll);
	}
	uv_timer_start(&server->accepting, on_accept_again, PAUSE, 0);
}

static void refuse(int descriptor, const char *why)
{
	mproci_socket_write(descriptor, why, strlen(why));
	mproci_socket_hang_up(descriptor);
}

static void let_in(mproci_listening *listening, int descriptor)
{
	mproci_server *server = listening->server;
	mproci_socket_kind kind = {.is_local = listening->is_local};

	if (listening->is_local && mproci_socket_check_peer(descriptor) < 0) {
		++server->counters.rejected;
		mproci_socket_hang_up(descriptor);
		return;
	}
	if (server->session_count >= server->options.max_clients) {
		++server->counters.rejected;
		refuse(descriptor, "-ERR max number of clients reached\r\n");
		return;
	}
	mproci_socket_prepare(descriptor, &kind);
	if (!listening->is_local)
		mproci_socket_keep_alive(descriptor);
	if (mproci_session_open(server, descriptor, listening->is_local) == NULL)
		mproci_socket_hang_up(descriptor);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	mproci_listening *listening = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < AT_ONCE; ++i) {
		int descriptor = mproci_listening_accept(listening->descriptor);

		if (descriptor == -EAGAIN)
			return;
		if (descriptor < 0) {
			pause_accepting(listening->server);
			return;
		}
		let_in(listening, descriptor);
	}
}

static void watch(mproci_server *server)
{
	mproci_listening *both[] = {&server->local, &server->remote};

	for (size_t i = 0; i < 2; ++i) {
		if (both[i]->descriptor >= 0)
			uv_poll_start(&both[i]->poll, UV_READABLE, on_connection);
	}
}

/* Takes the descriptor, or what opening it has failed with. */
static int add(mproci_server *server, mproci_listening *listening, int descriptor)
{
	if (descriptor < 0)
		return descriptor;
	listening->server = server;
	listening->descriptor = descriptor;
	listening->poll.data = listening;
	if (uv_poll_init(&server->loop, &listening->poll, descriptor) == 0)
		return 0;
	mproci_close(descriptor);
	listening->descriptor = -1;
	return mproci_fail(-ENOMEM, "manager: its loop does not take a socket");
}

static int open_local(mproci_server *server)
{
	const char *path = server->options.path;
	int rc;

	if (strlen(path) > MPROCI_SOCKET_PATH_LIMIT)
		return mproci_fail(-ENAMETOOLONG, "manager: a path of %zu bytes, of at most %d", strlen(path),
			MPROCI_SOCKET_PATH_LIMIT);
	rc = mproci_socket_check_folder(path);
	if (rc < 0)
		return rc;
	server->local.is_local = true;
	rc = mproci_listen_at_path_for_streams(path, BACKLOG, &server->socket_file);
	return add(server, &server->local, rc);
}

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0;
}

static int open_remote(mproci_server *server)
{
	const mproci_server_options *options = &server->options;
	int rc;

	rc = add(server, &server->remote, mproci_listen_at_host(options->host, options->port, BACKLOG));
	if (rc == 0)
		rc = mproci_listening_name(server->remote.descriptor, server->address);
	/* Until here it listens, but lets nobody in. */
	if (rc == 0 && options->password == NULL && !is_loopback(server->address))
		return mproci_fail(-EINVAL,
			"manager at %s: other machines can reach it, so it takes a password",
			server->address);
	return rc;
}

int mproci_listeners_open(mproci_server *server)
{
	int rc = 0;

	if (server->options.path == NULL && server->options.host == NULL)
		return mproci_fail(-EINVAL, "manager: neither a path nor a host to listen at");
	uv_timer_init(&server->loop, &server->accepting);
	server->accepting.data = server;
	if (server->options.path != NULL)
		rc = open_local(server);
	if (rc == 0 && server->options.host != NULL)
		rc = open_remote(server);
	if (rc == 0)
		watch(server);
	return rc;
}

void mproci_listeners_close(mproci_server *server)
{
	mproci_listening *both[] = {&server->local, &server->remote};

	if (server->local.descriptor >= 0)
		mproci_socket_file_remove(server->options.path, server->socket_file);
	for (size_t i = 0; i < 2; ++i) {
		if (both[i]->descriptor < 0)
			continue;
		uv_close((uv_handle_t *)&both[i]->poll, NULL);
		mproci_listening_end(both[i]->descriptor);
		mproci_close(both[i]->descriptor);
		both[i]->descriptor = -1;
	}
}
