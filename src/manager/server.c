/* SPDX-License-Identifier: MIT */
/*
 * The loop: what has happened is taken note of, session by session, and before it waits again, what there is to send is sent.
 */
#include "manager/serving.h"

#include "base/error.h"
#include "sys/limits.h"
#include "sys/memory_use.h"

#include <errno.h>
#include <locale.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum {
	/* Of the limits while a client has not said who it is. */
	ARGUMENTS_BEFORE_AUTH = 10,
	BULK_BEFORE_AUTH = 16 << 10,
	/* Descriptors that are no clients'. */
	OTHER_DESCRIPTORS = 64,
};

/* Milliseconds. */
static const uint64_t RETRY_EACH = 1, CHECK_EACH = 100;
/* For so long a client need not take anything that waits for it. */
static const uint64_t STUCK_MOST = 60000;

void mproci_server_update_time(mproci_server *server)
{
	uint64_t now = uv_now(&server->loop);
	uv_timeval64_t wall;

	if (now == server->time)
		return;
	server->time = now;
	uv_gettimeofday(&wall);
	mproci_keyspace_set_time(
		server->keyspace, (int64_t)now, (int64_t)wall.tv_sec * 1000 + wall.tv_usec / 1000);
}

static void on_retry(uv_timer_t *timer)
{
	mproci_server *server = timer->data;
	mproci_session *next;

	mproci_server_update_time(server);
	for (mproci_session *session = server->retriers; session != NULL; session = next) {
		next = session->retrying.next;
		mproci_turn_retry(session);
	}
	if (server->retriers == NULL)
		uv_timer_stop(timer);
}

void mproci_server_retry_later(mproci_server *server)
{
	if (!uv_is_active((uv_handle_t *)&server->retrying))
		uv_timer_start(&server->retrying, on_retry, RETRY_EACH, RETRY_EACH);
}

static bool close_stuck(mproci_server *server)
{
	uint64_t now = uv_now(&server->loop);
	mproci_session *next;
	bool is_any = false;

	for (mproci_session *session = server->sessions; session != NULL; session = next) {
		next = session->all.next;
		if (session->is_stuck && now - session->sent_at > STUCK_MOST)
			mproci_session_close(session);
		else
			is_any |= session->is_stuck;
	}
	return is_any;
}

static void check_memory(mproci_server *server)
{
	size_t own = 0;

	/* What it shares with the family, where what is shown lies, does not count. */
	if (mproci_memory_private(&own) == 0)
		server->is_full = own > server->options.max_memory;
}

static void on_check(uv_timer_t *timer)
{
	mproci_server *server = timer->data;
	bool is_any = close_stuck(server);

	if (server->options.max_memory != 0)
		check_memory(server);
	else if (!is_any)
		uv_timer_stop(timer);
}

void mproci_server_check_later(mproci_server *server)
{
	if (!uv_is_active((uv_handle_t *)&server->checking))
		uv_timer_start(&server->checking, on_check, CHECK_EACH, CHECK_EACH);
}

static void on_sweep(uv_timer_t *timer)
{
	mproci_server *server = timer->data;

	mproci_server_update_time(server);
}

/* What a command has given a time to expire may be the next that does: so it is looked at each time. */
static void sweep(mproci_server *server)
{
	int64_t now = mproci_keyspace_now(server->keyspace), at = mproci_keyspace_sweep(server->keyspace);

	if (at == server->sweep_at && at > now)
		return;
	server->sweep_at = at;
	if (at == 0)
		uv_timer_stop(&server->sweeping);
	else
		uv_timer_start(&server->sweeping, on_sweep, at > now ? (uint64_t)(at - now) : 0, 0);
}

static void continue_turns(mproci_server *server)
{
	for (size_t left = server->ready_count; left > 0 && server->ready != NULL; --left) {
		mproci_session *session = server->ready;

		mproci_turn_unmark_ready(session);
		mproci_turn_continue(session);
		mproci_turn_wake(server);
	}
}

static void on_busy(uv_idle_t *idle)
{
	(void)idle;
}

static void on_prepare(uv_prepare_t *prepare)
{
	mproci_server *server = prepare->data;

	mproci_server_update_time(server);
	continue_turns(server);
	sweep(server);
	mproci_turn_wake(server);
	while (server->dirty != NULL)
		mproci_wire_flush(server->dirty);
	/* Somebody who was hung up on has given back what somebody waits for. */
	mproci_turn_wake(server);
	if (server->ready != NULL || server->dirty != NULL)
		uv_idle_start(&server->busy, on_busy);
	else
		uv_idle_stop(&server->busy);
}

static void init_handles(mproci_server *server)
{
	uv_loop_t *loop = &server->loop;

	uv_prepare_init(loop, &server->prepare);
	uv_idle_init(loop, &server->busy);
	uv_timer_init(loop, &server->sweeping);
	uv_timer_init(loop, &server->retrying);
	uv_timer_init(loop, &server->checking);
	server->prepare.data = server->sweeping.data = server->retrying.data = server->checking.data = server;
	uv_prepare_start(&server->prepare, on_prepare);
	if (server->options.max_memory != 0)
		mproci_server_check_later(server);
}

static void choose_limits(mproci_server *server)
{
	const char *password = server->options.password;
	size_t most;

	if (server->options.max_clients == 0)
		server->options.max_clients = MPROCI_SERVER_CLIENTS;
	if (server->options.max_bulk == 0)
		server->options.max_bulk = MPROCI_SERVER_BULK;
	most = mproci_limit_raise_descriptors(server->options.max_clients + OTHER_DESCRIPTORS);
	if (most < server->options.max_clients + OTHER_DESCRIPTORS)
		server->options.max_clients =
			most > (size_t)2 * OTHER_DESCRIPTORS ? most - OTHER_DESCRIPTORS : OTHER_DESCRIPTORS;
	server->limits = (mproci_parser_limits){MPROCI_REQUEST_ARGUMENTS, server->options.max_bulk, false};
	server->limits_before_auth = (mproci_parser_limits){ARGUMENTS_BEFORE_AUTH, BULK_BEFORE_AUTH, true};
	if (password != NULL)
		SHA256((const unsigned char *)password, strlen(password), server->password_digest);
}

/* Returns 0 or -ENOMEM. */
static int make_parts(mproci_server *server)
{
	server->buffer = malloc(MPROCI_READ_AGAIN + MPROCI_READ_SIZE);
	server->keyspace = mproci_keyspace_create();
	server->channels = mproci_channels_create();
	if (server->buffer == NULL || server->keyspace == NULL || server->channels == NULL)
		return mproci_fail(-ENOMEM, "manager: no memory");
	if (uv_loop_init(&server->loop) != 0)
		return mproci_fail(-ENOMEM, "manager: its loop cannot be made");
	server->is_loop_open = true;
	init_handles(server);
	return 0;
}

static int open_tls(mproci_server *server)
{
	const mproci_server_options *options = &server->options;

	if (options->certificate == NULL && options->key == NULL && options->authority == NULL)
		return 0;
	if (options->certificate == NULL || options->key == NULL)
		return mproci_fail(-EINVAL, "manager: TLS takes a certificate and its key");
	return mproci_tls_context_create(
		options->certificate, options->key, options->authority, &server->tls);
}

int mproci_server_create(const mproci_server_options *options, mproci_server **ret_server)
{
	mproci_server *server = calloc(1, sizeof *server);
	int rc;

	if (server == NULL)
		return mproci_fail(-ENOMEM, "manager: no memory");
	setlocale(LC_ALL, "C");
	server->options = *options;
	server->is_showing = true;
	server->local.descriptor = server->remote.descriptor = -1;
	mproci_dispatch_prepare();
	choose_limits(server);
	rc = make_parts(server);
	if (rc == 0)
		rc = open_tls(server);
	if (rc == 0)
		rc = mproci_listeners_open(server);
	if (rc < 0) {
		mproci_server_destroy(server);
		return rc;
	}
	server->started_at = uv_now(&server->loop);
	mproci_server_update_time(server);
	*ret_server = server;
	return 0;
}

int mproci_server_run(mproci_server *server)
{
	if (!server->has_stopped)
		uv_run(&server->loop, UV_RUN_DEFAULT);
	return 0;
}

void mproci_server_stop(mproci_server *server)
{
	server->has_stopped = true;
	uv_stop(&server->loop);
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void close_loop(mproci_server *server)
{
	mproci_session *next;

	for (mproci_session *session = server->sessions; session != NULL; session = next) {
		next = session->all.next;
		mproci_session_close(session);
	}
	mproci_listeners_close(server);
	uv_walk(&server->loop, close_handle, NULL);
	/* Once more when it had been told to stop. */
	while (uv_run(&server->loop, UV_RUN_DEFAULT) != 0)
		continue;
	uv_loop_close(&server->loop);
}

mproci_server *mproci_server_destroy(mproci_server *server)
{
	if (server == NULL)
		return NULL;
	if (server->is_loop_open)
		close_loop(server);
	if (server->channels != NULL)
		mproci_channels_destroy(server->channels);
	if (server->keyspace != NULL)
		mproci_keyspace_destroy(server->keyspace);
	mproci_tls_context_destroy(server->tls);
	free(server->buffer);
	free(server);
	return NULL;
}

uv_loop_t *mproci_server_loop(mproci_server *server)
{
	return &server->loop;
}

mproci_keyspace *mproci_server_keyspace(const mproci_server *server)
{
	return server->keyspace;
}

mproci_channels *mproci_server_channels(const mproci_server *server)
{
	return server->channels;
}

const char *mproci_server_address(const mproci_server *server)
{
	return server->address;
}

void mproci_server_set_hook(mproci_server *server, void (*hook)(void *context), void *context)
{
	server->hook = hook;
	server->hook_context = context;
}

void mproci_server_set_showing(mproci_server *server, bool is_showing)
{
	server->is_showing = is_showing;
}
