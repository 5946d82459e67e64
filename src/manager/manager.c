/* SPDX-License-Identifier: MIT */
#include "manager/manager.h"

#include "base/deadline.h"
#include "base/object.h"
#include "base/options.h"
#include "channel/address.h"
#include "family/member.h"
#include "manager/server.h"
#include "process/handle.h"
#include "process/process.h"
#include "sys/clock.h"
#include "sys/thread_budget.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PASSWORD_SIZE = 1024
};

/* How long a manager may take to end, and how often its starter looks whether it lives. */
static const double END_PATIENCE = 5;
static const int64_t LOOK = 50 * MPROCI_NANOSECONDS_PER_MILLISECOND;

static const char PREFIX_OF_DIRECTORY[] = "mproc-manager-", NAME_OF_SOCKET[] = "socket";

/* Where the end of a process finds its manager; NULL: it was stopped.  It stays: what is called at exit cannot be taken back. */
typedef struct mproci_farewell {
	_Atomic(mproc_manager *) manager;
} farewell;

int mproci_manager_check(const mproc_manager *manager)
{
	return mproci_check_object(manager, MPROCI_MANAGER_MARK, "manager");
}

static bool is_owner(const mproc_manager *self)
{
	return self->owner == mproc_process_pid(mproc_process_current());
}

/* What is said of TLS has to be whole. */
static int check_tls(const mproc_manager_options *options)
{
	if ((options->certificate == NULL) != (options->key == NULL))
		return mproci_fail(-EINVAL,
			"a certificate needs a key, and a key a certificate: %s is missing",
			options->key == NULL ? ".key" : ".certificate");
	if (options->authorities != NULL && options->certificate == NULL)
		return mproci_fail(-EINVAL, ".authorities without .certificate and .key");
	if (options->certificate != NULL && options->address == NULL)
		return mproci_fail(-EINVAL, "TLS needs .address: the Unix socket has none");
	return 0;
}

static int check(const mproc_manager_options *options)
{
	int rc;

	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc == 0)
		rc = check_tls(options);
	if (rc < 0)
		return rc;
	if (options->password != NULL && options->password_file != NULL)
		return mproci_fail(-EINVAL, "both .password and .password_file");
	if (options->password != NULL && strlen(options->password) - 1 >= PASSWORD_SIZE - 1)
		return mproci_fail(-EINVAL, "password of %zu bytes: 1 to %d are possible",
			strlen(options->password), PASSWORD_SIZE - 1);
	if ((unsigned)options->start > MPROC_START_SPAWN)
		return mproci_fail(-EINVAL, "start %d: 0 to %d are possible", (int)options->start,
			(int)MPROC_START_SPAWN);
	return 0;
}

/* The host and port of "tcp://host:port"; nothing where there is no address. */
static int read_address(const char *text, mproci_address *ret_address)
{
	int rc;

	ret_address->host[0] = 0;
	ret_address->port = 0;
	if (text == NULL)
		return 0;
	rc = mproci_address_read(text, ret_address);
	if (rc == 0 && ret_address->is_path)
		return mproci_fail(-EINVAL, "address \"%s\": tcp://host:port is possible", text);
	return rc;
}

/* Texts for a plan, one behind the other. */
typedef struct texts {
	char *next;
	size_t size;
} texts;

static void measure(texts *self, const char *text)
{
	self->size += text == NULL ? 0 : strlen(text) + 1;
}

static const char *add(texts *self, const char *text)
{
	char *place = self->next;
	size_t size;

	if (text == NULL)
		return NULL;
	size = strlen(text) + 1;
	memcpy(place, text, size);
	self->next += size;
	return place;
}

/* A copy of what the process needs, in the arena. */
static mproci_manager_plan *make_plan(const mproci_manager_plan *wanted)
{
	mproci_manager_plan *plan;
	texts all = {0};

	measure(&all, wanted->path);
	measure(&all, wanted->host);
	measure(&all, wanted->password);
	measure(&all, wanted->certificate);
	measure(&all, wanted->key);
	measure(&all, wanted->authorities);
	plan = mproc_calloc(1, sizeof *plan + all.size);
	if (plan == NULL)
		return NULL;
	all.next = (char *)(plan + 1);
	*plan = (mproci_manager_plan){
		.path = add(&all, wanted->path),
		.host = add(&all, wanted->host),
		.password = add(&all, wanted->password),
		.certificate = add(&all, wanted->certificate),
		.key = add(&all, wanted->key),
		.authorities = add(&all, wanted->authorities),
		.max_memory = wanted->max_memory,
		.max_clients = wanted->max_clients,
		.port = wanted->port,
	};
	return plan;
}

/* The password is nobody's business any more. */
static void free_plan(mproc_manager *self)
{
	if (self->plan == NULL)
		return;
	if (self->plan->password != NULL)
		explicit_bzero((void *)(uintptr_t)self->plan->password, strlen(self->plan->password));
	mproc_free(self->plan);
	self->plan = NULL;
}

/* Where the socket is: where it is wanted, or in a directory of its own. */
static int choose_path(mproc_manager *self, const char *wanted)
{
	size_t room = sizeof self->directory - sizeof NAME_OF_SOCKET;

	if (wanted != NULL && strlen(wanted) > MPROCI_SOCKET_PATH_LIMIT)
		return mproci_fail(-ENAMETOOLONG,
			"the path of a socket has %zu bytes: at most %d are possible", strlen(wanted),
			MPROCI_SOCKET_PATH_LIMIT);
	if (wanted != NULL && wanted[0] == 0)
		return mproci_fail(-EINVAL, "path is empty");
	if (wanted != NULL) {
		snprintf(self->url, sizeof self->url, "unix:%s", wanted);
		return 0;
	}
	self->keeper =
		mproci_private_directory_create(PREFIX_OF_DIRECTORY, NAME_OF_SOCKET, self->directory, room);
	if (self->keeper < 0)
		return self->keeper;
	snprintf(self->url, sizeof self->url, "unix:%.*s/%s", (int)room, self->directory, NAME_OF_SOCKET);
	return 0;
}

static const char *path_of(const mproc_manager *self)
{
	return self->url + strlen("unix:");
}

static void remove_files(mproc_manager *self)
{
	mproci_socket_file_remove(path_of(self), self->socket_file);
	if (self->directory[0] != 0)
		mproci_private_directory_remove(self->directory);
	mproci_close(self->keeper);
}

/* Everything but its process, which has ended or never was. */
static void destroy(mproc_manager *self)
{
	if (self == NULL)
		return;
	free_plan(self);
	remove_files(self);
	if (self->registry.names != NULL)
		mproci_registry_end(&self->registry);
	if (self->farewell != NULL)
		atomic_store(&self->farewell->manager, NULL);
	self->mark = 0;
	mproc_free(self);
}

/* Ask it to end, and see that it does. */
static void end_process(mproc_manager *self)
{
	if (self->process == NULL)
		return;
	mproc_process_terminate(self->process);
	if (mproc_process_join(self->process, mproc_after(END_PATIENCE)) == -ETIMEDOUT) {
		mproc_process_kill(self->process);
		mproc_process_join(self->process, MPROC_FOREVER);
	}
	self->process = mproc_process_close(self->process);
}

/* Its block stays: children, which are joined after this, may still use it, and are told that the manager is gone. */
static void stop_at_exit(void *place)
{
	farewell *last = place;
	mproc_manager *self = atomic_load(&last->manager);

	/* A forked child may come here as well. */
	if (self != NULL && is_owner(self)) {
		end_process(self);
		remove_files(self);
		/* What is called at exit after this may still stop it. */
		self->keeper = -1;
		self->farewell = NULL;
	}
	free(last);
}

static int stop_with_process(mproc_manager *self)
{
	farewell *last = malloc(sizeof *last);
	int rc;

	if (last == NULL)
		return mproci_fail(-ENOMEM, "no memory for an exit handler");
	atomic_init(&last->manager, self);
	rc = mproc_at_exit(stop_at_exit, last);
	if (rc < 0)
		free(last);
	else
		self->farewell = last;
	return rc;
}

static int prepare(mproc_manager *self, const mproc_manager_options *options, const char *password)
{
	mproci_manager_plan wanted = {
		.password = password,
		.certificate = options->certificate,
		.key = options->key,
		.authorities = options->authorities,
		.max_memory = options->max_memory,
		.max_clients = options->max_clients,
	};
	mproci_address address;
	int rc;

	rc = read_address(options->address, &address);
	if (rc == 0)
		rc = choose_path(self, options->path);
	if (rc == 0)
		rc = mproci_registry_init(&self->registry);
	if (rc < 0)
		return rc;
	wanted.path = path_of(self);
	wanted.host = address.host[0] != 0 ? address.host : NULL;
	wanted.port = address.port;
	self->plan = make_plan(&wanted);
	return self->plan == NULL ? -ENOMEM : stop_with_process(self);
}

static int start_process(mproc_manager *self, mproc_start start)
{
	mproci_process_plan plan = {
		.name = "mproc-manager",
		.signals = MPROCI_SIGNALS_DEFAULT,
		.function = mproci_manager_serve,
		.argument = self,
		.descriptors = &self->keeper,
		.descriptor_count = self->keeper >= 0,
	};
	int rc;

	/* Before a look whether there are threads. */
	mproci_thread_budget_dismiss();
	rc = mproci_process_choose(&start);
	if (rc < 0)
		return rc;
	plan.start = start;
	rc = mproci_process_start(&plan, &self->process);
	if (rc < 0)
		return rc;
	self->registry.manager = mproci_member_stamp(self->process->member);
	self->pid = mproc_process_pid(self->process);
	return 0;
}

static int fail_silent(const mproc_manager *self)
{
	int code = 0;

	mproc_process_exit_code(self->process, &code);
	return mproci_fail(-EPIPE, "the manager ended before it listened: %s %d",
		code < 0 ? "signal" : "exit code", code < 0 ? -code : code);
}

static int await_listening(mproc_manager *self)
{
	while (atomic_load(&self->state) == MPROCI_MANAGER_STARTING) {
		uint32_t key = mproci_event_count_prepare(&self->settled);

		if (atomic_load(&self->state) != MPROCI_MANAGER_STARTING)
			mproci_event_count_cancel(&self->settled);
		else
			mproci_event_count_wait_unburied(&self->settled, key, mproci_clock_now() + LOOK);
		if (mproc_process_is_alive(self->process) != 1
			&& atomic_load(&self->state) == MPROCI_MANAGER_STARTING)
			return fail_silent(self);
	}
	if (atomic_load(&self->state) == MPROCI_MANAGER_FAILED)
		return mproci_fail(self->code, "%.*s", MPROCI_ERROR_TEXT_SIZE - 1, self->text);
	self->socket_file = mproci_file_id_at(path_of(self));
	return 0;
}

static int start(const mproc_manager_options *options, const char *password, mproc_manager **ret_manager)
{
	mproc_manager *self = mproc_calloc(1, sizeof *self);
	char text[MPROCI_ERROR_TEXT_SIZE];
	int rc;

	if (self == NULL)
		return -ENOMEM;
	self->mark = MPROCI_MANAGER_MARK;
	self->keeper = -1;
	self->owner = mproc_process_pid(mproc_process_current());
	rc = prepare(self, options, password);
	if (rc == 0)
		rc = start_process(self, options->start);
	if (rc == 0)
		rc = await_listening(self);
	if (rc == 0) {
		free_plan(self);
		*ret_manager = self;
		return 0;
	}
	snprintf(text, sizeof text, "%s", mproc_error_text());
	end_process(self);
	destroy(self);
	return mproci_fail(rc, "%s", text);
}

int mproc_manager_start(const mproc_manager_options *options, mproc_manager **ret_manager)
{
	static const mproc_manager_options defaults;
	char password[PASSWORD_SIZE];
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_manager == NULL)
		return mproci_fail(-EINVAL, "ret_manager is NULL");
	rc = check(options);
	if (rc == 0 && options->password_file != NULL)
		rc = mproci_private_file_read_line(options->password_file, password, sizeof password);
	if (rc < 0)
		return rc;
	rc = start(options, options->password_file != NULL ? password : options->password, ret_manager);
	if (options->password_file != NULL)
		explicit_bzero(password, sizeof password);
	return rc;
}

mproc_manager *mproc_manager_stop(mproc_manager *manager)
{
	if (manager == NULL || mproci_manager_check(manager) < 0 || !is_owner(manager))
		return NULL;
	end_process(manager);
	destroy(manager);
	return NULL;
}

const char *mproc_manager_url(const mproc_manager *manager)
{
	return mproci_manager_check(manager) < 0 ? NULL : manager->url;
}

const char *mproc_manager_tcp_url(const mproc_manager *manager)
{
	return mproci_manager_check(manager) < 0 || manager->tcp_url[0] == 0 ? NULL : manager->tcp_url;
}

pid_t mproc_manager_pid(const mproc_manager *manager)
{
	int rc = mproci_manager_check(manager);

	return rc < 0 ? rc : manager->pid;
}

int mproc_manager_is_alive(mproc_manager *manager)
{
	int rc = mproci_manager_check(manager);

	return rc < 0 ? rc : mproci_member_lives(manager->registry.manager);
}

int mproc_manager_fd(mproc_manager *manager)
{
	int rc;

	rc = mproci_manager_check(manager);
	if (rc < 0)
		return rc;
	if (!is_owner(manager))
		return mproci_fail(-ECHILD, "manager %p: another process has started it", (void *)manager);
	return mproc_process_fd(manager->process);
}
