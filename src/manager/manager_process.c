/* SPDX-License-Identifier: MIT */
/*
 * The process of a manager: the server, and beside it what it has to do for the family.
 */
#include "collections/collection.h"
#include "family/bell.h"
#include "manager/manager.h"
#include "manager/server.h"
#include "manager/shown_flags.h"
#include "manager/shown_owing.h"
#include "sys/child.h"
#include "sys/setup.h"
#include "trace/log.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdio.h>
#include <stdlib.h>

/* Milliseconds: when the registry, or a queue, is tried again, in which somebody stands still; and how often flags are looked at while somebody listens. */
static const uint64_t AGAIN = 5, FLAGS = 5;

typedef struct serving {
	mproc_manager *manager;
	mproci_server *server;
	mproci_manager_plan plan;
	/* Rung when somebody asks. */
	mproci_bell bell;
	uint32_t watcher;
	uv_poll_t asking;
	uv_timer_t again, flags;
	uv_prepare_t turn;
	/* Not libuv's own: what that keeps for signals was closed if the program had libuv before it was forked. */
	int termination;
	uv_poll_t terminated;
} serving;

/* What was forked has its parent's files, sockets and pipes, whose ends somebody may wait for. */
static void close_inherited(const mproc_manager *manager)
{
	int keep[] = {manager->keeper, -1};
	mproc_log_level unused;

	mproci_log_setting(&keep[1], &unused);
	mproci_setup_descriptors(keep, sizeof keep / sizeof *keep);
}

static void tell(mproc_manager *manager, mproci_manager_state state)
{
	atomic_store(&manager->state, (uint32_t)state);
	mproci_event_count_notify(&manager->settled);
}

static int fail(mproc_manager *manager, int code)
{
	manager->code = code;
	snprintf(manager->text, sizeof manager->text, "%s", mproc_error_text());
	tell(manager, MPROCI_MANAGER_FAILED);
	return EXIT_FAILURE;
}

static void follow_again(uv_timer_t *timer);

static void follow(serving *self)
{
	mproci_registry *registry = &self->manager->registry;

	if (mproci_registry_follow(registry, mproci_server_keyspace(self->server)) < 0)
		uv_timer_start(&self->again, follow_again, AGAIN, 0);
	mproci_server_set_showing(self->server, mproc_dict_count(registry->names) != 0);
}

/* Before each look at what clients send: who was told that something is shown may tell others, who ask for it before the bell was heard. */
static void look(void *context)
{
	serving *self = context;

	if (mproci_registry_is_ahead(&self->manager->registry))
		follow(self);
}

static void follow_again(uv_timer_t *timer)
{
	mproci_owing_give_back_late();
	follow(timer->data);
}

static void hear(uv_poll_t *poll, int status, int events)
{
	serving *self = poll->data;

	(void)status;
	(void)events;
	mproci_bell_silence(&self->bell);
	mproci_watcher_rearm(self->watcher);
	mproci_event_count_arm(&self->manager->registry.asking);
	follow(self);
}

static mproci_channels *channels_of(const serving *self)
{
	return mproci_server_channels(self->server);
}

static bool is_anybody_listening(const serving *self)
{
	return mproci_shown_flags_are_there()
	       && (mproci_channels_count(channels_of(self), MPROCI_CHANNEL) > 0
		       || mproci_channels_count(channels_of(self), MPROCI_PATTERN) > 0);
}

static void look_at_flags(uv_timer_t *timer)
{
	serving *self = timer->data;

	mproci_shown_flags_tell(channels_of(self));
	if (!is_anybody_listening(self))
		uv_timer_stop(timer);
}

/* Before the loop waits. */
static void begin_looking(uv_prepare_t *turn)
{
	serving *self = turn->data;

	if (mproci_owing_is_late() && !uv_is_active((uv_handle_t *)&self->again))
		uv_timer_start(&self->again, follow_again, AGAIN, 0);
	if (!uv_is_active((uv_handle_t *)&self->flags) && is_anybody_listening(self))
		uv_timer_start(&self->flags, look_at_flags, FLAGS, FLAGS);
}

static void end(uv_poll_t *poll, int status, int events)
{
	serving *self = poll->data;

	(void)status;
	(void)events;
	uv_poll_stop(poll);
	mproci_server_stop(self->server);
}

static int open_bell(serving *self)
{
	const void *word = &self->manager->registry.asking.word;
	int rc;

	rc = mproci_bell_open(&self->bell);
	if (rc == 0)
		rc = mproci_watcher_add(&self->bell, word, &self->watcher);
	if (rc < 0)
		mproci_bell_close(&self->bell);
	else
		mproci_event_count_arm(&self->manager->registry.asking);
	return rc;
}

static int open_descriptors(serving *self)
{
	self->termination = mproci_child_termination_open();
	if (self->termination < 0)
		return mproci_fail_descriptor(self->termination, "manager");
	return open_bell(self);
}

/* The handles that are there from the beginning to the end. */
static void open_handles(serving *self)
{
	uv_loop_t *loop = mproci_server_loop(self->server);

	uv_poll_init(loop, &self->asking, self->bell.place.descriptor);
	uv_timer_init(loop, &self->again);
	uv_timer_init(loop, &self->flags);
	uv_prepare_init(loop, &self->turn);
	uv_poll_init(loop, &self->terminated, self->termination);
	self->asking.data = self->again.data = self->terminated.data = self;
	self->flags.data = self->turn.data = self;
	uv_prepare_start(&self->turn, begin_looking);
	uv_poll_start(&self->asking, UV_READABLE, hear);
	uv_poll_start(&self->terminated, UV_READABLE, end);
	mproci_server_set_hook(self->server, look, self);
	mproci_server_set_showing(self->server, false);
}

static void close_handles(serving *self)
{
	uv_close((uv_handle_t *)&self->asking, NULL);
	uv_close((uv_handle_t *)&self->again, NULL);
	uv_close((uv_handle_t *)&self->flags, NULL);
	uv_close((uv_handle_t *)&self->turn, NULL);
	uv_close((uv_handle_t *)&self->terminated, NULL);
	mproci_watcher_remove(self->watcher);
	mproci_bell_close(&self->bell);
	mproci_close(self->termination);
}

static void note_addresses(serving *self)
{
	mproc_manager *manager = self->manager;
	const char *address = mproci_server_address(self->server);

	if (address[0] != 0)
		snprintf(manager->tcp_url, sizeof manager->tcp_url, "%s://%s",
			self->plan.certificate != NULL ? "rediss" : "redis", address);
}

static int serve(serving *self)
{
	int rc;

	open_handles(self);
	note_addresses(self);
	tell(self->manager, MPROCI_MANAGER_LISTENING);
	rc = mproci_server_run(self->server);
	mproci_server_set_hook(self->server, NULL, NULL);
	mproci_registry_leave(&self->manager->registry, mproci_server_keyspace(self->server));
	close_handles(self);
	return rc;
}

static int create(serving *self)
{
	const mproci_server_options options = {
		.path = self->plan.path,
		.host = self->plan.host,
		.port = self->plan.port,
		.password = self->plan.password,
		.certificate = self->plan.certificate,
		.key = self->plan.key,
		.authority = self->plan.authorities,
		.max_clients = self->plan.max_clients,
		.max_memory = self->plan.max_memory,
	};

	return mproci_server_create(&options, &self->server);
}

/* The starter takes the plan away when this listens.  A password that could not be copied must not look like none. */
static int copy_plan(mproci_manager_plan *plan)
{
	const char **texts[] = {&plan->path, &plan->host, &plan->password, &plan->certificate, &plan->key,
		&plan->authorities};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
		if (*texts[i] == NULL)
			continue;
		*texts[i] = strdup(*texts[i]);
		if (*texts[i] == NULL)
			return mproci_fail(-ENOMEM, "manager: no memory for its options");
	}
	return 0;
}

int mproci_manager_serve(void *argument)
{
	/* For the life of the process, as the texts of the plan are. */
	static serving self;
	int rc;

	self.manager = argument;
	self.plan = *self.manager->plan;
	close_inherited(self.manager);
	mproci_collection_set_default_deadline(MPROCI_COLLECTION_HURRY);
	rc = copy_plan(&self.plan);
	if (rc == 0)
		rc = create(&self);
	if (rc == 0) {
		rc = open_descriptors(&self);
		if (rc < 0)
			self.server = mproci_server_destroy(self.server);
	}
	if (rc < 0)
		return fail(self.manager, rc);
	rc = serve(&self);
	self.server = mproci_server_destroy(self.server);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
